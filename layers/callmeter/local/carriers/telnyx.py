"""Telnyx' detail records: bearer key, filter[record_type] required, pages of up to 50, date_range or created_at.

developers.telnyx.com/api-reference/detail-records/search-detail-records.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from callmeter.local.carriers.service import Answer, Request, Row, Standin, answer

_TYPES = {"sip-trunking", "call-control", "webrtc", "conference", "messaging"}
_KNOWN = {
    "filter[record_type]", "filter[date_range]", "filter[created_at][gte]", "filter[created_at][lt]", "page[number]",
    "page[size]", "sort",
}  # fmt: skip
_MOST = 50


class TelnyxStandin(Standin):
    """One account. clock: what today is."""

    def __init__(self, key: str, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._key = key
        self._clock = clock

    def work(self, request: Request) -> Answer:
        if request.bearer != self._key:
            return _refused(401, "10009", "Authentication failed")
        if (request.method, request.path) != ("GET", "/v2/detail_records"):
            return _refused(404, "10005", "Resource not found")
        query = request.query
        if query.get("filter[record_type]") not in _TYPES:
            return _refused(400, "10011", "Invalid filter: record_type is required")
        if set(query) - _KNOWN:
            return _refused(400, "10015", f"Unknown parameters {sorted(set(query) - _KNOWN)}")
        size, number = query.get("page[size]", "20"), query.get("page[number]", "1")
        if not (size.isdigit() and number.isdigit() and 1 <= int(size) <= _MOST and int(number) >= 1):
            return _refused(422, "10015", f"page[size] must be between 1 and {_MOST}")
        days = self._days(query)
        if days is None:
            return _refused(400, "10015", "Invalid date filter")
        found = [call for call in self.calls if _matches(call, query["filter[record_type]"], days)]
        return _page(found, int(size), int(number))

    def _days(self, query: Mapping[str, str]) -> tuple[str, str] | None:
        """First day asked for, and the first one no more."""
        today = self._clock().date()
        ranges = {"today": (today, today + timedelta(1)), "yesterday": (today - timedelta(1), today)}
        if "filter[date_range]" in query:
            found = ranges.get(query["filter[date_range]"])
            return (str(found[0]), str(found[1])) if found else None
        since, until = query.get("filter[created_at][gte]", ""), query.get("filter[created_at][lt]", "")
        return (since, until) if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", each) for each in (since, until)) else None


def _matches(call: Row, record_type: str, days: tuple[str, str]) -> bool:
    return call["record_type"] == record_type and days[0] <= str(call["started_at"])[:10] < days[1]


def _page(found: list[Row], size: int, number: int) -> Answer:
    """A page, newest first."""
    found = sorted(found, key=lambda call: str(call["started_at"]), reverse=True)
    meta = {
        "page_number": number,
        "page_size": size,
        "total_pages": -(-len(found) // size),
        "total_results": len(found),
    }
    return answer({"data": found[(number - 1) * size : number * size], "meta": meta})


def _refused(status: int, code: str, title: str) -> Answer:
    return answer({"errors": [{"code": code, "title": title}]}, status)
