"""VoIP.ms' getCDR -> one record a line, each with the direction it was asked by.

POST form to rest.php: api_username, api_password, method, content_type=json, date_from and date_to (YYYY-MM-DD),
timezone=0 (hours from UTC, no daylight saving), answered, noanswer, busy, failed, calltype, callbilling, account.
`no_cdr` is the usual empty answer. Large answers are cut off in the middle: a day that is comes in parts, by
disposition. Outgoing and incoming calls are asked for apart, as no field says which a call is; then all, for what is
neither. Source: voip.ms/m/apidocs.php; that it takes a POST was seen in use, and keeps the password out of addresses.

The secret: the API password; user: the account's e-mail address. The caller's IP has to be allowed at VoIP.ms.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from callmeter.errors import CallmeterError
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import Cut, document, objects, record
from callmeter.pulls.settings import Source, Url, WebPull
from callmeter.pulls.web import Web

_PATH = "/api/v1/rest.php"
_DISPOSITIONS = ("answered", "noanswer", "busy", "failed")
_DIRECTIONS = {"outgoing": "outbound", "incoming": "inbound", "all": ""}
_HINTS = {
    "ip_not_enabled": "Allow this machine's address in VoIP.ms (Main Menu, SOAP and REST/JSON API).",
    "api_not_enabled": "Enable the API in VoIP.ms (Main Menu, SOAP and REST/JSON API).",
    "invalid_credentials": "Check user (the e-mail address) and the API password, which is not the portal's.",
}


class VoipMsPull(WebPull):
    kind: Literal["voipms"]
    source: Source = "voipms"
    url: Url = "https://voip.ms"


class GetCdr:
    """The CDRs of one account."""

    suffix = ".jsonl"
    header = b""

    def __init__(self, pull: VoipMsPull, login: Credentials, patience: Patience) -> None:
        self._login = {"api_username": login.user, "api_password": login.password}
        self._web = Web(pull, patience, spacing_seconds=1, timeout_seconds=120)

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        seen: set[str] = set()
        for call_type, direction in _DIRECTIONS.items():
            for call in self._calls(window, call_type):
                identity = str(call.get("uniqueid") or sorted(call.items()))
                if identity not in seen:
                    seen.add(identity)
                    known = {"callmeter": {"direction": direction}} if direction else {}
                    yield record({**call, **known}, call.get("date"))

    def _calls(self, window: Window, call_type: str) -> list[dict[str, Any]]:
        """The calls of a day; in parts where the whole is cut off."""
        try:
            return self._asked(window, call_type, _DISPOSITIONS)
        except Cut:
            parts = (self._asked(window, call_type, (one,)) for one in _DISPOSITIONS)
            return [call for part in parts for call in part]

    def _asked(self, window: Window, call_type: str, dispositions: tuple[str, ...]) -> list[dict[str, Any]]:
        form = {
            **self._login,
            "method": "getCDR",
            "content_type": "json",
            "date_from": window.label,
            "date_to": window.label,
            "timezone": "0",
            "calltype": call_type,
            "callbilling": "all",
            "account": "all",
            **dict.fromkeys(dispositions, "1"),
        }
        answer = document(self._web.post(_PATH, form), "voip.ms")
        status = str(answer.get("status"))
        if status == "no_cdr":
            return []
        if status != "success":
            raise CallmeterError(f"voip.ms answered {status[:60]} to getCDR. {_HINTS.get(status, '')}".rstrip())
        return objects(answer.get("cdr"), "voip.ms")
