"""What tests of pulls share: an inbox and cursors in memory, settings from TOML, calls as each carrier writes them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from callmeter.local.carriers.service import Row
from callmeter.pulls.kinds import fetcher
from callmeter.pulls.port import Fetcher, Patience, Record, Window
from callmeter.pulls.run import Cursor
from callmeter.pulls.settings import Pull, read_pulls

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
DAY = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
SAMPLES = Path(__file__).parent / "data" / "pulls"
ACCOUNT = "AC" + "0" * 32


@dataclass
class Inbox:
    """Objects by key. fails_at: the put that breaks, counted from 1."""

    files: dict[str, bytes] = field(default_factory=dict)
    puts: int = 0
    fails_at: int = 0

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.files if key.startswith(prefix))

    def put_if_absent(self, key: str, body: bytes) -> bool:
        self.puts += 1
        if self.puts == self.fails_at:
            raise SystemExit("killed")
        new = key not in self.files
        self.files.setdefault(key, body)
        return new

    @property
    def lines(self) -> list[bytes]:
        return [line for key in sorted(self.files) for line in self.files[key].splitlines()]


@dataclass
class Cursors:
    """Cursors in memory, as forward as the table's."""

    kept: dict[str, Cursor] = field(default_factory=dict)

    def read(self, name: str) -> Cursor:
        return self.kept.get(name, Cursor())

    def write(self, name: str, cursor: Cursor) -> None:
        never = datetime.min.replace(tzinfo=UTC)
        if (self.read(name).done_until or never) <= (cursor.done_until or never):
            self.kept[name] = cursor


@dataclass
class Leases:
    taken: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, owner: str, now: datetime, seconds: int) -> bool:  # noqa: ARG002 -- never over
        return self.taken.setdefault(name, owner) == owner

    def give_back(self, name: str, owner: str) -> None:
        if self.taken.get(name) == owner:
            del self.taken[name]


@dataclass
class Slept:
    """Pauses that were to be made, and were not."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def patience(sleep: Callable[[float], None] | None = None, **other: Any) -> Patience:
    return Patience(sleep=sleep or Slept(), **other)


def settings(kind: str, url: str = "", **keys: Any) -> Pull:
    """The pull `test` of that kind, by way of TOML."""
    given = {"kind": kind, **({"url": url, "tls": "off"} if url else {}), **keys}
    text = "[pulls.test]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
    return read_pulls(text.encode())["test"]


def asking(kind: str, url: str, secret: str = "secret", sleep: Slept | None = None, **keys: Any) -> Fetcher:  # noqa: S107
    return fetcher(settings(kind, url, **keys), secret, patience(sleep))


def told(asks: Fetcher, window: Window = DAY) -> list[Any]:
    """The records of a window, as JSON says."""
    return [json.loads(one.line) for one in asks.fetch(window)]


def sample(name: str) -> Row:
    row: Row = json.loads((SAMPLES / name).read_text())
    return row


def twilio_call(number: int, at: datetime, **other: Any) -> Row:
    start = f"{at:%a, %d %b %Y %H:%M:%S} +0000"
    return sample("twilio_call.json") | {"sid": f"CA{number:032x}", "start_time": start} | other


def telnyx_record(number: int, at: datetime, **other: Any) -> Row:
    return (
        sample("telnyx_sip_trunking.json")
        | {"id": f"record-{number}", "started_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        | {"finished_at": f"{at + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"}
        | other
    )


def voipms_call(number: int, at: datetime, **other: Any) -> Row:
    return (
        sample("voipms_cdr.json")
        | {"uniqueid": str(number), "date": f"{at:%Y-%m-%d %H:%M:%S}", "type": "outgoing"}
        | other
    )


def vitelity_call(at: datetime, seconds: int = 62) -> Row:
    line = f'{at:%Y-%m-%d %H:%M:%S},2025550123,2125550142,{seconds},"""Front, Desk"" <2025550123>",ANSWERED,0.0124'
    return {"line": line, "day": f"{at:%Y-%m-%d}"}


def sipgate_entry(number: int, at: datetime, **other: Any) -> Row:
    return (
        sample("sipgate_entry.json")
        | {"id": str(number), "callId": f"call-{number}", "created": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        | other
    )


def freepbx_row(number: int, at: datetime, **other: Any) -> Row:
    return (
        sample("freepbx_row.json")
        | {"uniqueid": f"{at:%s}.{number}", "linkedid": f"{at:%s}.{number}", "sequence": str(number)}
        | {"calldate": f"{at:%Y-%m-%d %H:%M:%S}", "timestamp": int(at.timestamp())}
        | other
    )


def hours(records: list[Record]) -> list[str]:
    return sorted({one.hour for one in records})
