"""Vitelity's getcdr -> CSV under the header that Freeside made known.

POST form to api.php: login, pass, cmd, startdate and enddate as MM-DD-YYYY. The answer is text, `x[[` records `[[x`,
one a line: Date, Source, Destination, Seconds, CallerID, Disposition, Cost; or one word. Freeside takes
enddate for the first day that does not count, others for the last that does: so a day is asked for with the one after,
whose hours, where they come, are the files that they will be anyway. Vitelity has no ids, so equal records are told
apart by their number within a file: an hour is always there whole. Source:
freeside/Freeside:FS/bin/freeside-vitelity-cdrimport, Bloby/laravel-vitelity:src/Core.php.

The secret: the API password; user: the login. timezone: that of Vitelity's days and times.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from callmeter.errors import CallmeterError, Unreachable
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import hour_of
from callmeter.pulls.settings import Source, Url, WebPull, Zone
from callmeter.pulls.web import Web

_PATH = "/api.php"
_FIELDS = ("Date", "Source", "Destination", "Seconds", "CallerID", "Disposition", "Cost")
_WRAPPED = re.compile(r"\[\[(.*?)\[\[", re.DOTALL)
_EMPTY = ("", "none", "success", "ok")
_WORD = re.compile(r"[a-z_ ]{1,40}")


class VitelityPull(WebPull):
    kind: Literal["vitelity"]
    source: Source = "vitelity"
    url: Url = "https://api.vitelity.net"
    timezone: Zone


class GetCdr:
    """The CDRs of one account."""

    suffix = ".csv"
    header = (",".join(_FIELDS) + "\n").encode()

    def __init__(self, pull: VitelityPull, login: Credentials, patience: Patience) -> None:
        self._login = {"login": login.user, "pass": login.password}
        self._timezone = pull.timezone
        self._web = Web(pull, patience, spacing_seconds=1, timeout_seconds=120)

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, self._timezone)

    def fetch(self, window: Window) -> Iterator[Record]:
        days_asked = {"startdate": f"{window.starts_at:%m-%d-%Y}", "enddate": f"{window.ends_at:%m-%d-%Y}"}
        form = {**self._login, "cmd": "getcdr", **days_asked}
        text = self._web.post(_PATH, form).decode("utf-8", "replace")
        wrapped = _WRAPPED.search(text)
        if not wrapped:
            raise Unreachable(f"vitelity's answer is not whole ({len(text)} characters): asked again next time.")
        lines = [line.strip() for line in wrapped[1].splitlines() if line.strip()]
        if len(lines) <= 1 and _WORD.fullmatch(wrapped[1].strip().lower() or "none"):
            _understand(wrapped[1].strip().lower())
            return
        yield from map(_record, lines)


def _understand(word: str) -> None:
    """Nothing where the word says that there are no calls. Raises CallmeterError for the others."""
    if word not in _EMPTY:
        hint = " Check user (the login) and the secret, its API password." if word == "invalidauth" else ""
        raise CallmeterError(f"vitelity answered {word} to getcdr.{hint}")


def _record(line: str) -> Record:
    try:
        cells = next(csv.reader([line]))
    except csv.Error:
        cells = []
    if len(cells) != len(_FIELDS) or not hour_of(cells[0]):
        raise CallmeterError(f"vitelity sent a record that is not {', '.join(_FIELDS)}: it has {len(cells)} fields.")
    return Record(hour_of(cells[0]), line.encode())
