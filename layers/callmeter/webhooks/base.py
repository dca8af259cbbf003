"""What a carrier's webhooks are: how they are known to be genuine, and what they tell of a leg.

A module per carrier gives a `Carrier`. `verify` looks at the raw body, the headers and the public URL before anything
of the body is believed; `events` is asked only afterwards. Both are pure: no clock, no network.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from callmeter.errors import CallmeterError

Reason = Literal["unsigned", "wrong-signature", "wrong-time"]
_MOST_FIELDS = 1000  # of a form


class Refused(CallmeterError):
    """The request is not shown to be the carrier's."""

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(f"the webhook is refused: {reason}")


class Unparseable(CallmeterError):
    """The request is the carrier's, and its body is not what the carrier's documentation says."""


@dataclass(frozen=True)
class Request:
    """A POST as it came. url: as the carrier was given it, with its query; headers: names in lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        return self.content_type.endswith("json") or self.body.lstrip()[:1] == b"{"

    @property
    def arrived(self) -> str:
        return instant(self.received_at)

    @property
    def url_parts(self) -> SplitResult:
        """Raises Refused: what is no address was never signed."""
        try:
            return urlsplit(self.url)
        except ValueError:
            raise Refused("wrong-signature") from None

    def header(self, *names: str) -> str:
        """The first of these headers that is there. Raises Refused: without it nothing is signed."""
        found = next((self.headers[name] for name in names if self.headers.get(name)), "")
        if not found:
            raise Refused("unsigned")
        return found

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, in order. Raises Unparseable."""
        try:
            text = self.body.decode()
            return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise Unparseable("the body is not a form in UTF-8") from None

    @cached_property
    def record(self) -> dict[str, Any]:
        """The body as an object: JSON, or a form's names and (last) values. Raises Unparseable."""
        return json_object(self.body) if self.is_json else dict(self.form)


@dataclass(frozen=True)
class Event:
    """What one webhook tells of one leg.

    record: the carrier's own, where the leg has ended with it; of other events nothing but `facts` is kept.
    facts: what legs.py pairs: times, direction and ends, by the names it has for them.
    """

    leg: str
    record: dict[str, Any] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


Secrets = Sequence[str]  # any of them may have signed: while one is replaced by another there are two


@dataclass(frozen=True)
class Carrier:
    """One way in: /v1/webhooks/NAME. inbox: the folder (source) that its calls go to.

    verify: raises Refused. events: those that matter; none of a webhook that is of no interest. Raises Unparseable.
    paired: a call is only known from several events of its leg (legs.py).
    answer: the status of a webhook that is taken.
    """

    name: str
    inbox: str
    verify: Callable[[Request, Secrets, datetime], None]
    events: Callable[[Request], list[Event]]
    paired: bool = False
    answer: int = 200
    largest_body: int = 2**20  # bytes


def json_object(body: bytes | str) -> dict[str, Any]:
    """A JSON object; numbers with a point or an exponent as their text, digit by digit. Raises Unparseable."""
    try:
        found = json.loads(body, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unparseable("the body is not JSON") from None
    if not isinstance(found, dict):
        raise Unparseable("the body is not a JSON object")
    return found


def json_line(record: Mapping[str, Any]) -> str:
    """A record as one line, in the order of its members."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def text_of(record: Mapping[str, Any], *path: str) -> str:
    """The text or whole number at a path of members, "" where there is none."""
    found: Any = record
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def leg_of(record: Mapping[str, Any], *path: str) -> str:
    """The id of a leg. Raises Unparseable where it is missing, or too long to be one."""
    leg = text_of(record, *path)
    if not 0 < len(leg) <= 200:
        raise Unparseable(f"{'.'.join(path)} is missing")
    return leg


def instant(at: datetime) -> str:
    """2026-11-24T01:02:03.123Z"""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
