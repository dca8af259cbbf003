"""FreePBX' API: a token by OAuth2 client credentials, and of its GraphQL the one query fetchAllCdrs.

As Api/Gql/Cdr.php of FreePBX/cdr has it: both dates or none, strictly YYYY-MM-DD; 5 rows where `first` is not given; no
order at all; totalCount of the whole table; a field that is not there is an error.
"""

import json
import random
import re
from typing import Any

from callmeter.local.carriers.service import Answer, Request, Standin, answer

_API = "/admin/api/api"
_QUERY = re.compile(r"\{\s*fetchAllCdrs\s*\((?P<arguments>[^)]*)\)\s*\{(?P<fields>[^{}]*)\{(?P<row>[^{}]*)\}\s*\}\s*\}")
_ARGUMENT = re.compile(r'(\w+)\s*:\s*(?:"([^"]*)"|(\w+))')
_ROW = {
    "id", "uniqueid", "calldate", "timestamp", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp",
    "lastdata", "duration", "billsec", "disposition", "accountcode", "userfield", "did", "recordingfile", "cnum",
    "outbound_cnum", "outbound_cnam", "dst_cnam", "linkedid", "peeraccount", "sequence", "amaflags",
}  # fmt: skip
_ARGUMENTS = {"first", "after", "orderby", "startDate", "endDate"}


class FreepbxStandin(Standin):
    """One PBX. A call is a row of its table."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        super().__init__()
        self._known = (client_id, client_secret)
        self._tokens: set[str] = set()
        self._order = random.Random(5)  # noqa: S311 -- an order, no secret

    def work(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", f"{_API}/token"):
            return self._token(request.form)
        if (request.method, request.path) != ("POST", f"{_API}/gql"):
            return answer({"message": "Not found"}, 404)
        if request.bearer not in self._tokens:
            return answer({"message": "The resource owner or authorization server denied the request."}, 401)
        if request.headers.get("Content-Type") != "application/json":
            return answer({"errors": [{"message": "Syntax Error: Unexpected <EOF>"}]})
        return self._queried(str(json.loads(request.body).get("query", "")))

    def _token(self, form: dict[str, str]) -> Answer:
        if form.get("grant_type") != "client_credentials":
            return answer({"error": "unsupported_grant_type"}, 400)
        if (form.get("client_id"), form.get("client_secret")) != self._known:
            return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        token = f"token{len(self._tokens)}"
        self._tokens.add(token)
        return answer({"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _queried(self, query: str) -> Answer:
        found = _QUERY.fullmatch(query.strip())
        if not found:
            return answer({"errors": [{"message": "Syntax Error"}]})
        asked = {name: text or word for name, text, word in _ARGUMENT.findall(found["arguments"])}
        unknown = (set(asked) - _ARGUMENTS) or (set(found["row"].split()) - _ROW)
        if unknown:
            return answer({"errors": [{"message": f'Unknown argument or field "{sorted(unknown)[0]}"'}]})
        return answer({"data": {"fetchAllCdrs": self._cdrs(asked, found["row"].split())}})

    def _cdrs(self, asked: dict[str, str], fields: list[str]) -> dict[str, Any]:
        refusal = _refusal(asked)
        if refusal:
            return {"status": False, "message": refusal, "cdrs": None}
        since, until = asked.get("startDate", ""), asked.get("endDate", "9999")
        rows = [row for row in self.calls if since <= str(row["calldate"])[:10] <= until]
        self._order.shuffle(rows)
        shown = [{name: row.get(name) for name in fields} for row in rows[: int(asked.get("first") or 5)]]
        message = "CDR data found successfully" if shown else "No Data Found"
        return {"status": True, "message": message, "cdrs": shown, "totalCount": len(self.calls)}


def _refusal(asked: dict[str, str]) -> str:
    days = {name: asked[name] for name in ("startDate", "endDate") if name in asked}
    for name, day in days.items():
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            return f"Invalid {'Start' if name == 'startDate' else 'End'} Date Format(YYYY-MM-DD)"
    if len(days) == 1:
        return "Start Date is required..!!" if "endDate" in days else "End Date is required..!!"
    return "End Date should be greater than Start Date..!!" if days and days["endDate"] < days["startDate"] else ""
