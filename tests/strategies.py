"""Random catalogues and calls for property tests: valid ones, full of edges. One seed, one case.

    case = write_case(folder, seed=7, calls=80)    # a rates folder, accounts.csv and calls.csv
    @given(SEEDS, CALLS)                           # for hypothesis; fewer calls are a prefix of more

Decks have nested prefixes, dated rows, per-call, late and refused rows, connect fees, all increments and
both directions; plans every billing, rounding and number of decimals, with allowances that overlap;
accounts lie in many zones, and one number moves from an account to another. Calls crowd around period
boundaries, price changes and changes of the clock; some come twice, some are unanswered, some broken.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies

SEEDS = strategies.integers(min_value=0, max_value=2**32)
CALLS = strategies.integers(min_value=1, max_value=120)

ZONES = (
    *("Europe/London", "America/New_York", "Australia/Sydney", "Europe/Berlin", "Asia/Kathmandu"),
    *("America/St_Johns", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "UTC", ""),
)
PREFIXES = (
    *("1", "1415", "14155", "33", "336", "44", "442", "4420", "44207", "447", "4477", "44770090", "44871"),
    *("449", "44909", "49", "4915", "49151", "61", "614", "7", "77", "882", "88213", "35", "353", "3538"),
)
GROUPS = ("landline", "mobile", "premium", "far")
DAYS = [date(2026, 9, 28) + timedelta(days=n) for n in range(42)]
MOVING_DAY = date(2026, 10, 17)


@dataclass(frozen=True)
class Case:
    """Where a case was written. `timezone` is that of times without offset."""

    seed: int
    rates: Path
    accounts: Path
    calls: Path
    timezone: str


@dataclass(frozen=True)
class Number:
    """A number of an account, and how its periods run."""

    digits: str
    zone: ZoneInfo
    anchor_day: int


def write_case(folder: Path, seed: int, calls: int = 60) -> Case:
    """Write case `seed` below `folder`, with `calls` lines of calls."""
    random = Random(seed)  # noqa: S311 - test data
    case = Case(seed, folder / "rates", folder / "accounts.csv", folder / "calls.csv", "Europe/London")
    (case.rates / "decks").mkdir(parents=True)
    operator_zone = random.choice(("Europe/London", "America/New_York", "Africa/Cairo"))
    operator = f'country = "GB"\ntimezone = "{operator_zone}"\ncurrency = "GBP"\n'
    (case.rates / "operator.toml").write_text(operator, encoding="utf-8")
    named = [(prefix, f"Place {prefix}", random.choice(GROUPS)) for prefix in PREFIXES if random.random() < 0.8]
    _write(case.rates / "destinations.csv", ("prefix", "destination", "group"), named)
    for deck, header in DECKS.items():
        _write(case.rates / "decks" / f"{deck}.csv", header, _deck(random, header))
    (case.rates / "plans.toml").write_text("\n".join(_plans(random)), encoding="utf-8")
    numbers = _accounts(random, case.accounts, operator_zone)
    _write_calls(Random(f"{seed} calls"), case.calls, numbers, calls)  # noqa: S311 - test data
    return case


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


# ---- decks

KINDS = ("priced", "per_call", "late", "refused", "unknown")
DECKS = {
    "plain": (
        *(
            "prefix",
            "rate",
            "destination",
            "group",
            "connect_fee",
            "first_increment",
            "increment",
            "per_call",
        ),
        *("allowed", "late", "direction", "effective_from", "effective_to"),
    ),
    "asked": ("TargetName", "TargetPrefix", "Price", "billingblock", "billpercall", "allowed", "latebill"),
    "lcr": (
        *("digits", "rate", "connect_increment", "talk_increment", "lcr_direction"),
        *("date_start", "date_end", "currency"),
    ),
}


def _deck(random: Random, header: Sequence[str]) -> Iterator[list[str]]:
    """Rows for most prefixes, outbound and some inbound; where the header has dates, some change price."""
    directions = [("outbound", 0.85)] + [("inbound", 0.4)] * any("direction" in column for column in header)
    kinds = (70, 10, 8, 8, 4) if "billingblock" in header or "late" in header else (1, 0, 0, 0, 0)
    dated = any(column in ("effective_from", "date_start") for column in header)
    for direction, share in directions:
        for prefix in PREFIXES:
            if random.random() < share:
                for span in _spans(random) if dated else [("", "")]:
                    kind = random.choices(KINDS, kinds)[0]
                    cells = _deck_cells(random, kind, prefix, direction, span)
                    yield [cells[column] for column in header]


def _deck_cells(random: Random, kind: str, prefix: str, direction: str, span: tuple[str, str]) -> dict[str, str]:
    """One row under every header that a deck may have."""
    rate = "" if kind in ("late", "unknown") else _price(random)
    first, then = random.choice(
        (
            ("", ""),
            ("60", "60"),
            ("60", "1"),
            ("1", "1"),
            ("30", "6"),
            ("6", "6"),
            ("0", "60"),
            ("0", "7"),
            ("5", ""),
        )
    )
    flags = (_flag(random, kind == "per_call", "no"), _flag(random, kind == "late", "no"))
    allowed = _flag(random, kind not in ("refused", "unknown"), "yes")
    return {
        "prefix": prefix, "TargetPrefix": prefix, "digits": prefix,
        "rate": rate, "Price": rate,
        "destination": random.choice(("", f"Own {prefix}")), "TargetName": f"Own {prefix}",
        "group": random.choice(("", "", *GROUPS)),
        "connect_fee": random.choice(("", "", "0", _price(random))),
        "first_increment": first, "connect_increment": first,
        "increment": then, "talk_increment": then,
        "billingblock": f"{first}/{then}" if then and first != then else first,
        "per_call": flags[0], "billpercall": flags[0],
        "late": flags[1], "latebill": flags[1],
        "allowed": allowed,
        "direction": "" if direction == "outbound" and random.random() < 0.5 else direction,
        "lcr_direction": direction,
        "effective_from": span[0], "date_start": span[0],
        "effective_to": span[1], "date_end": span[1],
        "currency": "GBP",
    }  # fmt: skip


def _flag(random: Random, on: bool, blank_means: str) -> str:
    """A truth value in one of its spellings; sometimes blank where blank means the same."""
    word = "yes" if on else "no"
    spellings = {"yes": ("yes", "true", "1", "YES"), "no": ("no", "false", "0", "No")}[word]
    return "" if word == blank_means and random.random() < 0.5 else random.choice(spellings)


def _price(random: Random) -> str:
    decimals = random.choice((0, 2, 3, 4, 6, 8, 9))
    top = 10 ** max(decimals, 1) * random.choice((1, 1, 1, 20))
    return f"{random.randrange(top) / 10**decimals:.{decimals}f}"


def _spans(random: Random) -> list[tuple[str, str]]:
    """Dates of one prefix's rows: none overlap, but for a later row that ends an open one."""
    first, second = sorted(random.sample(DAYS, 2))
    return random.choice(
        (
            [("", "")],
            [("", "")],
            [("", str(first)), (str(first), "")],
            [("", ""), (str(first), "")],
            [("2026-01-01", ""), (str(first), str(second))],
            [(str(first), str(second))],
            [(str(first), ""), (str(second), "")],
            [("", str(first)), (str(second), "")],
            [(str(second), "")],
        )
    )


# ---- plans and accounts


def _plans(random: Random) -> Iterator[str]:
    for deck in DECKS:
        yield f'[plans.on-{deck}]\nname = "On {deck}"\ndeck = "{deck}"\ncurrency = "GBP"'
        yield f'billing = "{random.choice(("deck", "deck", "per-minute", "per-second"))}"'
        yield f"charge_decimals = {random.randrange(7)}"
        yield f'rounding = "{random.choice(("half-up", "up", "down"))}"\n'
        for number in range(random.choice((0, 1, 2, 3))):
            groups = json.dumps(random.sample(GROUPS, random.choice((1, 2, 3))))
            yield f'[[plans.on-{deck}.allowances]]\nname = "Allowance {number}"\ngroups = {groups}'
            yield f"minutes = {random.choice((0, 1, 2, 5, 20))}\n"


def _accounts(random: Random, path: Path, operator_zone: str) -> list[Number]:
    """Six accounts, one of which gives its second number to another on MOVING_DAY."""
    numbers: list[Number] = []
    rows = []
    for n in range(6):
        own = [f"4420794600{n}0", f"120255501{n}0", f"4477009000{n}0"][: random.choice((1, 2, 3))]
        zone, anchor = random.choice(ZONES), random.choice((1, 1, 15, 17, 28, 29, 30, 31))
        numbers += [Number(digits, ZoneInfo(zone or operator_zone), anchor) for digits in own]
        plan = f"on-{random.choice(tuple(DECKS))}"
        rows.append([f"A{n}", f"Account {n}", plan, " ".join(own), "GBP", zone, anchor, "", ""])
    moving = "442079460999"
    day = str(MOVING_DAY)
    rows.append(["M1", "Before", "on-plain", moving, "GBP", "Europe/London", 1, "", day])
    rows.append(["M2", "After", "on-asked", moving, "GBP", "Europe/London", 1, day, ""])
    numbers.append(Number(moving, ZoneInfo(operator_zone), MOVING_DAY.day))
    header = (
        "account_id",
        "name",
        "plan",
        "numbers",
        "currency",
        "timezone",
        "anchor_day",
        "valid_from",
        "valid_to",
    )
    _write(path, header, rows)
    return numbers


# ---- calls


def _write_calls(random: Random, path: Path, numbers: list[Number], count: int) -> None:
    """`count` lines after the header, of which some are broken, copies, or without an id or a direction."""
    directed = random.random() < 0.5
    style = random.choice(("utc", "offset", "local", "epoch"))
    header = "call_id,from,to,start,duration" + ",direction" * directed
    lines: list[str] = []
    for n in range(count):
        chance = random.random()
        if lines and chance < 0.08:
            lines.append(random.choice(lines))
        else:
            cells = _call(random, numbers, n, style)
            cells = _broken(random, cells) if chance > 0.93 else cells
            lines.append(",".join(cells if directed else cells[:5]))
            if chance > 0.99:
                lines[-1] = random.choice((lines[-1] + ",surplus,x", lines[-1].rsplit(",", 2)[0], f'"{lines[-1]}'))
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8", newline="")


def _call(random: Random, numbers: list[Number], n: int, style: str) -> list[str]:
    """A call's cells. Some ids come again with other facts; a call without one has a second of its own."""
    own = random.choice(numbers)
    nameless = random.random() < 0.1
    call_id = "" if nameless else f"id{random.randrange(n * 3 + 3):03d}"
    start = _start(random, own)
    if nameless:
        start = start.replace(second=n % 60, minute=n // 60 % 60, hour=13)
    direction = random.choices(("outbound", "inbound", "internal"), (70, 24, 6))[0]
    other = random.choice(numbers).digits if direction == "internal" else _other(random, direction)
    ends = [_written(random, own.digits), _written(random, other)]
    if direction == "inbound":
        ends.reverse()
    word = random.choice(
        {"outbound": ("out", "outbound", ""), "inbound": ("in", "inbound", "")}.get(direction, ("internal",))
    )
    return [call_id, *ends, _stamp(start, style), _duration(random, nameless), word]


def _start(random: Random, own: Number) -> datetime:
    """An instant: any, or beside a midnight that matters, or beside a change of the clock."""
    day = random.choice(DAYS)
    kind = random.choice(("any", "any", "crowd", "midnight", "anchor", "clock"))
    if kind == "any":
        return datetime.combine(day, time(0), UTC) + timedelta(seconds=random.randrange(86400))
    if kind == "crowd":
        return datetime(2026, 10, 5, 10, 0, random.randrange(4), tzinfo=UTC)
    if kind == "clock":
        change = random.choice(("2026-10-25T01:00", "2026-10-03T16:00", "2026-11-01T06:00", "2026-10-29T21:00"))
        return datetime.fromisoformat(f"{change}+00:00") + timedelta(seconds=random.randrange(-7200, 7200, 300))
    if kind == "anchor":
        last = (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = day.replace(day=min(own.anchor_day, last.day))
    zone = own.zone if kind == "anchor" else ZoneInfo(random.choice(ZONES[:-1]))
    midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
    return midnight + timedelta(seconds=random.choice((-1, 0, 0, 1)))


def _other(random: Random, direction: str) -> str:
    """The far end: below a known prefix, or nowhere."""
    if direction == "inbound" and random.random() < 0.1:
        return "anonymous"
    prefix = random.choice((*PREFIXES, *PREFIXES, "999", "21"))
    return (prefix + f"{random.randrange(10**11):011d}")[: random.choice((11, 12, 13))]


def _written(random: Random, number: str) -> str:
    """A number in one of the ways people write it."""
    if not number.isdigit():
        return number
    spaced = f"+{number[:2]} {number[2:5]}-{number[5:]}"
    ways = [f"+{number}", f"00{number}", spaced, number]
    if number.startswith("44"):
        ways += [f"0{number[2:]}", f"+44 (0){number[2:]}"]
    return random.choice(ways)


def _stamp(start: datetime, style: str) -> str:
    if style == "epoch":
        return str(int(start.timestamp()))
    if style == "utc":
        return f"{start:%Y-%m-%dT%H:%M:%SZ}"
    local = start.astimezone(ZoneInfo("Europe/London"))
    return local.isoformat() if style == "offset" else f"{local:%Y-%m-%d %H:%M:%S}"


def _duration(random: Random, nameless: bool) -> str:
    """Seconds around the increments, sometimes with a fraction or as H:MM:SS; 0 is unanswered."""
    if nameless:
        return str(random.choice((0, 1, 60, 61, random.randrange(400))))
    seconds = random.choice((0, 1, 5, 6, 7, 29, 30, 31, 59, 60, 61, 119, 120, 121, random.randrange(4000)))
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return random.choice((str(seconds), str(seconds), f"{seconds}.0", f"{seconds}.4", clock, f"0{clock}"))


def _broken(random: Random, cells: list[str]) -> list[str]:
    """The same call with one cell that makes it a reject."""
    column, values = random.choice(
        (
            (1, ("+441632960111", "nobody")),
            (2, ("VOICEMAIL", "+999000111222", "", "123456789012345678")),
            (3, ("yesterday", "2026-13-01T00:00:00Z", "1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "")),
            (4, ("-1", "soon", "", "2678401", "1000000000000", "1:75")),
        )
    )
    return [*cells[:column], random.choice(values), *cells[column + 1 :]]
