"""VoIP.ms' rest.php: getCDR with every parameter it requires; an answer too large is cut in its middle, as theirs are.

voip.ms/m/apidocs.php; stancarney/govoipms:v1/cdr.go.
"""

import re
from datetime import date, datetime, timedelta

from callmeter.local.carriers.service import Answer, Request, Row, Standin, answer

_DISPOSITIONS = {"answered": "ANSWERED", "noanswer": "NO ANSWER", "busy": "BUSY", "failed": "FAILED"}
_TYPES = ("all", "outgoing", "incoming")
_REQUIRED = ("api_username", "api_password", "method", "date_from", "date_to", "timezone")


class VoipMsStandin(Standin):
    """One account. A call is a record and a member "type" (outgoing, incoming, other), which is not told.

    allowed: whether this machine's address is. most: records that an answer has room for.
    """

    def __init__(self, user: str, password: str, *, allowed: bool = True, most: int = 10_000) -> None:
        super().__init__()
        self._known = (user, password)
        self._allowed = allowed
        self._most = most

    def work(self, request: Request) -> Answer:
        asked = request.form if request.method == "POST" else dict(request.query)
        status = self._refusal(request.path, asked)
        if status:
            return answer({"status": status})
        wanted = {text for name, text in _DISPOSITIONS.items() if asked.get(name) == "1"}
        found = [call for call in self.calls if _matches(call, asked, wanted)]
        if not found:
            return answer({"status": "no_cdr"})
        shown = [{name: value for name, value in call.items() if name != "type"} for call in found]
        whole = answer({"status": "success", "cdr": shown})
        return Answer(200, whole.body[:-40]) if len(found) > self._most else whole

    def _refusal(self, path: str, asked: dict[str, str]) -> str:
        """Why not; "" where it is right."""
        if path != "/api/v1/rest.php" or asked.get("content_type") != "json":
            return "invalid_content_type"
        if not self._allowed:
            return "ip_not_enabled"
        missing = next((name for name in _REQUIRED if name not in asked), "")
        if missing:
            return f"missing_{missing}"
        if (asked["api_username"], asked["api_password"]) != self._known:
            return "invalid_credentials"
        if asked["method"] != "getCDR":
            return "invalid_method"
        if not re.fullmatch(r"-?\d{1,2}(\.\d+)?", asked["timezone"]):
            return "invalid_timezone"
        if not any(asked.get(name) == "1" for name in _DISPOSITIONS):
            return "missing_call_status"
        return _bad_days(asked["date_from"], asked["date_to"]) or (
            "invalid_calltype" if asked.get("calltype") not in _TYPES else ""
        )


def _bad_days(since: str, until: str) -> str:
    try:
        first, last = (datetime.strptime(each, "%Y-%m-%d").date() for each in (since, until))  # noqa: DTZ007 -- a day
    except ValueError:
        return "invalid_date"
    return "invalid_daterange" if first > last or last - first > timedelta(days=92) else ""


def _matches(call: Row, asked: dict[str, str], dispositions: set[str]) -> bool:
    day = date.fromisoformat(str(call["date"])[:10])
    within = date.fromisoformat(asked["date_from"]) <= day <= date.fromisoformat(asked["date_to"])
    of_type = asked.get("calltype") in ("all", call["type"])
    return within and of_type and call["disposition"] in dispositions
