"""sipgate's history -> one entry a line: what its events, which have no times, cannot tell.

GET /v2/history with basic auth (a personal access token's id and the token), types=CALL, from and to, limit, offset;
totalCount tells how many there are. Source: sipgate-io/sipgateio-node:lib/history/history.types.ts.

The secret: the token; user: the token's id.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

from callmeter.errors import Unreachable
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import count, document, objects, record
from callmeter.pulls.settings import Source, Url, WebPull
from callmeter.pulls.web import Web

_PAGE = 100


class SipgatePull(WebPull):
    kind: Literal["sipgate"]
    source: Source = "sipgate"
    url: Url = "https://api.sipgate.com/v2"


class History:
    """The history of one account."""

    suffix = ".jsonl"
    header = b""

    def __init__(self, pull: SipgatePull, login: Credentials, patience: Patience) -> None:
        self._web = Web(pull, patience, login=login, spacing_seconds=0.5)

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        asked = {"types": "CALL", "from": _instant(window.starts_at), "to": _instant(window.ends_at)}
        seen: set[str] = set()
        offset, total, promised = 0, 1, None
        while offset < total:
            page = document(
                self._web.get("/history", {**asked, "limit": str(_PAGE), "offset": str(offset)}), "sipgate"
            )  # fmt: skip
            items = objects(page.get("items"), "sipgate")
            total = count(page.get("totalCount"), "sipgate") if items else 0
            promised = total if promised is None else promised
            for item in items:
                if str(item.get("id")) not in seen:
                    seen.add(str(item.get("id")))
                    yield record(item, item.get("created"))
            offset += len(items)
        if len(seen) < (promised or 0):
            raise Unreachable(f"sipgate told of {promised} calls and sent {len(seen)}: asked again next time.")


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
