"""Twilio's Calls.json, and SignalWire's like it -> one call a line. The truth after the webhooks: starts and prices.

GET /2010-04-01/Accounts/SID/Calls.json with basic auth, StartTime=YYYY-MM-DD (UTC), PageSize up to 1000, then
next_page_uri until there is none. Calls under way are left out: their duration is not known yet. Format:
twilio.com/docs/voice/api/call-resource; SignalWire's below /api/laml, developer.signalwire.com.

The secret: the auth token; or user and password: an API key's SID and its secret.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from callmeter.errors import CallmeterError
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import document, objects, record
from callmeter.pulls.settings import Source, Span, Url, WebPull
from callmeter.pulls.web import Web

_FINAL = ("completed", "busy", "failed", "no-answer", "canceled")
_PAGE = 1000  # the most that a page may hold


class TwilioPull(WebPull):
    """account: the account's SID. Prices come days later, so a week is looked back on."""

    kind: Literal["twilio"]
    source: Source = "twilio"
    url: Url = "https://api.twilio.com"
    account: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
    look_back: Span = timedelta(days=7)


class SignalWirePull(WebPull):
    """account: the project's id. url: of the space, such as https://example.signalwire.com."""

    kind: Literal["signalwire"]
    source: Source = "signalwire"
    account: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$")]
    look_back: Span = timedelta(days=7)


class Calls:
    """The Calls resource of one account."""

    suffix = ".jsonl"
    header = b""

    def __init__(self, pull: TwilioPull | SignalWirePull, login: Credentials, patience: Patience) -> None:
        self._who = pull.kind
        self._list = f"{'/api/laml' if pull.kind == 'signalwire' else ''}/2010-04-01/Accounts/{pull.account}/Calls"
        known = Credentials(login.user or pull.account, login.password)
        self._web = Web(pull, patience, login=known, spacing_seconds=0.1)

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        asked = {"StartTime": window.label, "PageSize": str(_PAGE)}
        body = self._web.get(f"{self._list}.json", asked)
        seen: set[str] = set()
        while True:
            page = document(body, self._who)
            for call in objects(page.get("calls"), self._who):
                if call.get("status") in _FINAL:
                    yield record(call, call.get("start_time"))
            following = page.get("next_page_uri")
            if not following:
                return
            if not str(following).startswith(self._list) or following in seen:
                raise CallmeterError(f"{self._who} names a next page that is none of its calls, or was read already.")
            seen.add(following)
            body = self._web.get(following)
