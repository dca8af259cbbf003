"""Twilio's Calls.json, and SignalWire's: basic auth, StartTime as a day, PageSize up to 1000, next_page_uri.

twilio.com/docs/voice/api/call-resource; twilio/twilio-python:twilio/rest/api/v2010/account/call.
"""

import re
from email.utils import parsedate_to_datetime

from callmeter.local.carriers.service import Answer, Request, Standin, answer

_FILTERS = {"StartTime", "PageSize", "Page", "PageToken", "Status"}


class TwilioStandin(Standin):
    """One account. most: the largest page it gives, at most 1000; small ones test paging. prefix: SignalWire's path."""

    def __init__(self, account: str, token: str, *, most: int = 1000, prefix: str = "") -> None:
        super().__init__()
        self._known = (account, token)
        self._most = most
        self._list = f"{prefix}/2010-04-01/Accounts/{account}/Calls"

    def work(self, request: Request) -> Answer:
        if request.login != self._known:
            return _refused(401, 20003, "Authenticate")
        if (request.method, request.path) != ("GET", f"{self._list}.json"):
            return _refused(404, 20404, "The requested resource was not found")
        unknown = set(request.query) - _FILTERS
        day, size = request.query.get("StartTime", ""), request.query.get("PageSize", "50")
        if unknown or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) or not size.isdigit():
            return _refused(400, 20001, f"Invalid parameters {sorted(unknown)} StartTime {day!r} PageSize {size!r}")
        if not 1 <= int(size) <= 1000:
            return _refused(400, 20006, "Page size must be between 1 and 1000")
        return self._page(day, min(int(size), self._most), int(request.query.get("Page", "0")))

    def _page(self, day: str, size: int, number: int) -> Answer:
        """A page of that day's calls, the latest first, as Twilio has them."""
        found = [call for call in self.calls if f"{parsedate_to_datetime(call['start_time']):%Y-%m-%d}" == day]
        found.sort(key=lambda call: parsedate_to_datetime(call["start_time"]), reverse=True)
        shown = found[number * size : (number + 1) * size]
        more = f"{self._list}.json?StartTime={day}&PageSize={size}&Page={number + 1}&PageToken=PA{number}"
        return answer(
            {
                "calls": shown,
                "page": number,
                "page_size": size,
                "next_page_uri": more if (number + 1) * size < len(found) else None,
            }
        )


def _refused(status: int, code: int, message: str) -> Answer:
    return answer({"code": code, "message": message, "status": status}, status)
