"""The sample month: a generic CSV of calls as eight customers might have made them.

Besides ordinary days it has, always: a hacked account's weekend, the same call twice, unanswered and
missed calls, calls to voting, late-billed and refused numbers, calls at period boundaries and over
changes of daylight saving, and a few lines of every kind that must be rejected. Lines stand in the order
in which calls ended, as a PBX writes them. One seed, one file, byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from math import log
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from callmeter.local.sample.customers import CUSTOMERS, DEAR, HACKED, HACKED_CALLS, RANGES, WORLD, Customer
from callmeter.local.sample.places import metadata

HEADER = "call_id,from,to,start,duration,direction"
HOME = ZoneInfo("Europe/London")
FEWEST = 300


@dataclass(frozen=True)
class Call:
    """One line to be. `start` is UTC, numbers E.164 digits (or "anonymous"), `duration` whole seconds."""

    start: datetime
    customer: Customer
    direction: str
    own: str
    other: str
    duration: int
    call_id: str = ""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.duration)

    def line(self) -> str:
        own, other = _written(self.own, self.customer), _written(self.other, self.customer)
        ends = (own, other) if self.direction == "out" else (other, own)
        start = self.start.astimezone(HOME).isoformat()
        return ",".join((self.call_id, *ends, start, str(self.duration), self.direction))


def write_sample(path: Path, *, seed: int = 1, calls: int = 5000, month: str = "2026-10") -> None:
    """Write the sample month: a header and `calls` lines. Raises ValueError for fewer than 300 calls."""
    if calls < FEWEST:
        raise ValueError(f"a sample month has at least {FEWEST} calls, not {calls}")
    path.write_text("\n".join((HEADER, *lines(seed, calls, month))) + "\n", encoding="utf-8", newline="")


def lines(seed: int, calls: int, month: str) -> list[str]:
    """The month's lines, in the order in which the calls ended; copies and broken lines stand among them."""
    random = Random(f"{seed} {calls} {month}")  # noqa: S311 - sample data
    first = date.fromisoformat(f"{month}-01")
    broken = _broken(first)
    copies = calls // 125
    special = [*_boundaries(random, first), *_clock_changes(random, first)]
    special += _hacked_weekend(random, first, count=calls * 3 // 40)
    special += _rare(random, first)
    ordinary = calls - len(broken) - copies - len(special)
    made = [*special, *_ordinary(random, first, ordinary)]
    made.sort(key=lambda call: (call.start, call.own, call.other, call.direction))
    numbered = [replace(call, call_id=f"c{first:%y%m}-{n:05d}") for n, call in enumerate(made, start=1)]
    written = [call.line() for call in sorted(numbered, key=lambda call: (call.end, call.call_id))]
    for line in random.sample(written, copies):
        written.insert(random.randint(written.index(line) + 1, len(written)), line)
    for line in broken:
        written.insert(random.randint(0, len(written)), line)
    return written


def _written(number: str, customer: Customer) -> str:
    """A number as this customer's PBX writes it: +44 20…, 020 7946 0101, 0044…, by its habit."""
    if not number.isdigit():
        return number
    if customer.writes == "national" and number.startswith("44"):
        return _national(number[2:])
    return ("00" if customer.writes == "00" else "+") + number


def _national(digits: str) -> str:
    """UK digits as people write them: 020 7946 0101, 0141 496 0703, 07700 900123."""
    if digits[0] == "2":
        return f"0{digits[:2]} {digits[2:6]} {digits[6:]}"
    if digits[0] in "389" or (digits[0] == "1" and "1" in digits[1:3]):
        return f"0{digits[:3]} {digits[3:6]} {digits[6:]}"
    return f"0{digits[:4]} {digits[4:]}"


# ordinary days


def _ordinary(random: Random, first: date, count: int) -> Iterator[Call]:
    shares = list(accumulate(customer.share for customer in CUSTOMERS))
    for customer in random.choices(CUSTOMERS, cum_weights=shares, k=count):
        start = _moment(random, customer, first)
        if random.random() < customer.inbound:
            yield _inbound(random, customer, start)
        else:
            seconds = _length(random, customer) if random.random() < 0.86 else 0
            other = _contact(random, customer)
            yield Call(start, customer, "out", _line(random, customer), other, seconds)


def _inbound(random: Random, customer: Customer, start: datetime) -> Call:
    """A call to the customer: a quarter of them missed, a few from withheld numbers."""
    other = "anonymous" if random.random() < 0.04 else _contact(random, customer, inbound=True)
    missed = random.random() < 0.26
    own = random.choice(customer.numbers)
    return Call(start, customer, "in", own, other, 0 if missed else _length(random, customer))


def _moment(random: Random, customer: Customer, first: date) -> datetime:
    """A start within the customer's own month, by its habits of weekday and hour."""
    zone = _zone(customer)
    days = [first + timedelta(days=day) for day in range(_last(first).day)]
    weights = [customer.weekend if day.weekday() >= 5 else 1.0 for day in days]
    day = random.choices(days, weights)[0]
    hour = random.choices(range(24), [int(weight) for weight in customer.hours.split()])[0]
    at = time(hour, random.randrange(60), random.randrange(60))
    return datetime.combine(day, at, zone).astimezone(UTC)


def _length(random: Random, customer: Customer) -> int:
    """Seconds of an answered call: mostly short, a few very long."""
    return min(1 + int(random.lognormvariate(log(customer.median_seconds), 0.95)), 3 * 3600)


def _line(random: Random, customer: Customer) -> str:
    """The number it calls from; freephone numbers only receive."""
    return random.choice([number for number in customer.numbers if not number.startswith("44808")])


def _contact(random: Random, customer: Customer, *, inbound: bool = False) -> str:
    """Somebody this customer talks to: old acquaintances more often than new ones."""
    kinds = {
        kind: weight
        for kind, weight in customer.calls.items()
        if not inbound or kind not in ("voting", "service", "premium", "freephone")
    }
    kind = random.choices(list(kinds), list(kinds.values()))[0]
    known = _acquaintances(customer.account_id, kind)
    return random.choice(known[: random.choice((2, 5, len(known)))])


@cache
def _acquaintances(account_id: str, kind: str) -> tuple[str, ...]:
    random = Random(f"{account_id} {kind}")  # noqa: S311 - sample data
    return tuple(number_of(random, kind) for _ in range(14))


def number_of(random: Random, kind: str) -> str:
    """An E.164 number of a kind of RANGES, or of somewhere in the "world" or among the "dear" places."""
    if kind not in RANGES:
        return _abroad(random, random.choice(WORLD if kind == "world" else DEAR))
    start, digits = random.choice(RANGES[kind])
    return start + f"{random.randrange(10**digits):0{digits}d}"


def _abroad(random: Random, region: str) -> str:
    """A country's example number with two other digits at its end."""
    known = metadata(region)
    examples = [desc.example_number for desc in (known.mobile, known.fixed_line) if desc]
    example = random.choice([example for example in examples if example])
    return f"{known.country_code}{example[:-2]}{random.randrange(100):02d}"


def _last(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _zone(customer: Customer) -> ZoneInfo:
    return ZoneInfo(customer.timezone) if customer.timezone else HOME


# days that are not ordinary


def _hacked_weekend(random: Random, first: date, count: int) -> Iterator[Call]:
    """Nights of the third Saturday and Sunday: stolen logins dial dear numbers, several at once."""
    saturday = first + timedelta(days=(5 - first.weekday()) % 7 + 14)
    kinds = random.choices(list(HACKED_CALLS), list(HACKED_CALLS.values()), k=count)
    for kind in kinds:
        night = datetime.combine(saturday + timedelta(days=random.randrange(2)), time(0, 40), HOME)
        start = night.astimezone(UTC) + timedelta(seconds=random.randrange(5 * 3600))
        duration = random.randrange(40, 1500) if random.random() < 0.8 else 0
        yield Call(start, HACKED, "out", _line(random, HACKED), number_of(random, kind), duration)


def _rare(random: Random, first: date) -> Iterator[Call]:
    """What chance might leave out of a small month: a call of each rare kind, ten days in."""
    radio = next(customer for customer in CUSTOMERS if "premium" in customer.calls)
    start = datetime.combine(first + timedelta(days=9), time(20, 15), HOME).astimezone(UTC)
    rare = [number_of(random, kind) for kind in ("voting", "voting", "premium", "freephone", "satellite")]
    for number, other in enumerate([*rare, "448714960123", "448434960123", "448454960123"]):
        at = start + timedelta(minutes=3 * number)
        yield Call(at, radio, "out", _line(random, radio), other, 45 + number)
    business = next(customer for customer in CUSTOMERS if customer.plan == "business")
    freephone = next(number for number in business.numbers if number.startswith("44808"))
    for seconds in (75, 0):
        at = start + timedelta(seconds=seconds)
        yield Call(at, business, "in", freephone, number_of(random, "uk-mobile"), seconds)


def _boundaries(random: Random, first: date) -> Iterator[Call]:
    """Calls in the first and last second of each customer's periods, and one over midnight."""
    last = _last(first)
    for customer in CUSTOMERS:
        zone = _zone(customer)
        anchor = datetime.combine(first.replace(day=min(customer.anchor_day, last.day)), time(0), zone)
        seconds = [anchor, datetime.combine(last, time(23, 59, 59), zone)]
        if anchor.day > 1:
            seconds += [anchor - timedelta(seconds=1), anchor - timedelta(minutes=4)]
        for start in seconds:
            duration = 60 + random.randrange(900)
            other = _acquaintances(customer.account_id, next(iter(customer.calls)))[0]
            yield Call(start.astimezone(UTC), customer, "out", _line(random, customer), other, duration)


def _clock_changes(random: Random, first: date) -> Iterator[Call]:
    """Calls before, over and after each change of a customer's clock, in each local hour of it."""
    for customer in CUSTOMERS:
        change = _clock_change(first, _zone(customer))
        if change is None:
            continue
        for minutes in (-100, -61, -20, 0, 25, 65):
            start = change + timedelta(minutes=minutes)
            other = _acquaintances(customer.account_id, next(iter(customer.calls)))[1]
            duration = 1800 + random.randrange(60)
            yield Call(start, customer, "out", _line(random, customer), other, duration)


def _clock_change(first: date, zone: ZoneInfo) -> datetime | None:
    """The instant in this month at which the zone's offset changes."""
    hour = datetime.combine(first, time(0), UTC)
    while hour.month == first.month:
        following = hour + timedelta(hours=1)
        if following.astimezone(zone).utcoffset() != hour.astimezone(zone).utcoffset():
            return following
        hour = following
    return None


# lines that must be rejected


def _broken(first: date) -> list[str]:
    """One to three lines of every reject reason. The ids tell which was meant."""
    month = f"{first:%Y-%m}"
    return [
        f"x-short,+442079460101,+442079460999,{month}-06T10:00:00+01:00",
        f"x-long,+442079460101,+442079460999,{month}-06T10:05:00+01:00,60,out,surplus",
        f'x-quote,"+442079460101,+442079460999,{month}-06T10:10:00+01:00,60,out',
        f"x-month,+442079460101,+442079460999,{month[:4]}-13-06T10:15:00+01:00,60,out",
        "x-1970,+442079460101,+442079460999,1970-01-01T00:00:00+00:00,60,out",
        "x-2099,+442079460101,+442079460999,2099-01-01T00:00:00+00:00,60,out",
        f"x-minus,+442079460101,+442079460999,{month}-06T10:20:00+01:00,-1,out",
        f"x-huge,+442079460101,+442079460999,{month}-06T10:25:00+01:00,1000000000000,out",
        f"x-words,+442079460101,+442079460999,{month}-06T10:30:00+01:00,a while,out",
        f"x-letters,+442079460101,REDCAR CABS,{month}-06T10:35:00+01:00,60,out",
        f"x-endless,+442079460101,+4420794609991234567890,{month}-06T10:40:00+01:00,60,out",
        f"x-stranger,+441632960999,+442079460999,{month}-06T10:45:00+01:00,60,out",
        f"x-guest,+447700900555,+441632960998,{month}-06T10:50:00+01:00,60,in",
        f"x-nowhere,+442079460101,+99912345678,{month}-06T10:55:00+01:00,60,out",
        f"x-unused,+442079460101,+2101234567,{month}-06T11:00:00+01:00,60,out",
    ]
