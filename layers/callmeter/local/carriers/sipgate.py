"""sipgate's history: basic auth of a token, types, from, to, limit and offset; totalCount.

sipgate-io/sipgateio-node:lib/history/history.types.ts.
"""

import re

from callmeter.local.carriers.service import Answer, Request, Standin, answer

_KNOWN = {"types", "from", "to", "limit", "offset", "directions", "archived"}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_MOST = 1000


class SipgateStandin(Standin):
    """One account."""

    def __init__(self, token_id: str, token: str) -> None:
        super().__init__()
        self._known = (token_id, token)

    def work(self, request: Request) -> Answer:
        query = request.query
        if request.login != self._known:
            return answer({"message": "Unauthorized"}, 401)
        if (request.method, request.path) != ("GET", "/v2/history"):
            return answer({"message": "Not found"}, 404)
        limit, offset = query.get("limit", "10"), query.get("offset", "0")
        numbers = limit.isdigit() and offset.isdigit() and 1 <= int(limit) <= _MOST
        instants = all(_INSTANT.fullmatch(query[name]) for name in ("from", "to") if name in query)
        if set(query) - _KNOWN or not numbers or not instants:
            return answer({"message": "Bad request"}, 400)
        since, until = query.get("from", ""), query.get("to", "9999")
        kinds = query.get("types", "").split(",")
        found = [one for one in self.calls if since <= one["created"] < until and one["type"] in kinds]
        found.sort(key=lambda one: str(one["created"]), reverse=True)
        return answer({"items": found[int(offset) : int(offset) + int(limit)], "totalCount": len(found)})
