"""Random catalogues and calls for property tests: valid ones, full of edges. One seed, one case.

    case = write_case(folder, seed=7, calls=80)    # a rates folder, accounts.csv and calls.csv
    @given(SEEDS, CALLS)                           # for hypothesis; fewer calls are a prefix of more

Decks have nested prefixes, dated rows, rows of a time band or for some callers beside plain ones, per-call, late
and refused rows, connect fees, caps, codes, all increments and both directions; plans every billing, rounding and
number of decimals, with allowances that overlap; carriers a deck each, in the accounts' currency or another, with
exchange rates both ways round, or missing. Accounts lie in many zones, and one number moves from an account to
another. Calls crowd around period boundaries, price changes, changes of the clock and borders of bands; some come
twice, some are unanswered, some broken.
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
FROM_PREFIXES = ("44", "442", "44207946000", "447", "1", "1202", "33", "+4420")
CODES = {
    "999": ("Emergency", "emergency"),
    "112": ("Emergency", "emergency"),
    "118118": ("Directory", "short"),
    "44": ("Short 44", "short"),
    "*97": ("Voicemail", "feature"),
}
GROUPS = ("landline", "mobile", "premium", "far")
DAYS = [date(2026, 9, 28) + timedelta(days=n) for n in range(42)]
MOVING_DAY = date(2026, 10, 17)
KINDS_OF_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
# country -> calling code, prefix of international calls, prefix of national ones
COUNTRIES = {"GB": ("44", "00", "0"), "US": ("1", "011", ""), "DE": ("49", "00", "0")}
CARRIERS = {"voxwave": ("voxwave-out", "VW backup"), "nordic": ("nt/7",)}


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
    """A number of an account, its SIP login ("" without one), and how its periods run."""

    digits: str
    login: str
    zone: ZoneInfo
    anchor_day: int


@dataclass(frozen=True)
class World:
    """What calls are made of. borders: minutes of the operator's day at which prices change; holidays lie in DAYS."""

    country: str
    zone: ZoneInfo
    numbers: list[Number]
    bands: dict[str, dict[str, list[str]]]
    holidays: list[date]
    carriers: list[str]

    @property
    def borders(self) -> list[int]:
        written = [text for band in self.bands.values() for hours in band.get("hours", []) for text in hours.split("-")]
        return [_minutes(text) for text in written] or [8 * 60]


def write_case(folder: Path, seed: int, calls: int = 60) -> Case:
    """Write case `seed` below `folder`, with `calls` lines of calls."""
    random = Random(seed)  # noqa: S311 - test data
    case = Case(seed, folder / "rates", folder / "accounts.csv", folder / "calls.csv", "Europe/London")
    (case.rates / "decks").mkdir(parents=True)
    country = random.choices(tuple(COUNTRIES), (70, 20, 10))[0]
    zone = random.choice(("Europe/London", "America/New_York", "Africa/Cairo"))
    bands, holidays = _bands(random), random.sample(DAYS, random.choice((0, 1, 3)))
    _write_operator(random, case.rates / "operator.toml", country, zone, bands, holidays)
    placed = _write_destinations(random, case.rates / "destinations.csv")
    carriers = random.sample(tuple(CARRIERS), random.choice((0, 1, 2)))
    for deck, header in {**DECKS, **{f"buy-{carrier}": BUY_DECK for carrier in carriers}}.items():
        _write(case.rates / "decks" / f"{deck}.csv", header, _deck(random, header, tuple(bands), placed))
    currencies = {f"on-{deck}": random.choice(("GBP", "GBP", "EUR")) if deck != "lcr" else "GBP" for deck in DECKS}
    (case.rates / "plans.toml").write_text("\n".join(_plans(random, currencies)), encoding="utf-8")
    _write_carriers(random, case.rates, carriers)
    numbers = _accounts(random, case.accounts, zone, currencies)
    world = World(country, ZoneInfo(zone), numbers, bands, holidays, carriers)
    _write_calls(Random(f"{seed} calls"), case.calls, world, calls)  # noqa: S311 - test data
    return case


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_destinations(random: Random, path: Path) -> set[str]:
    """Most prefixes and codes have a name; the codes that have."""
    named = [(prefix, f"Place {prefix}", random.choice(GROUPS)) for prefix in PREFIXES if random.random() < 0.8]
    codes = [(code, *CODES[code]) for code in CODES if random.random() < 0.6 and code not in PREFIXES]
    _write(path, ("prefix", "destination", "group"), [*named, *codes])
    return {code for code, *_ in codes}


# ---- the operator, time bands


def _write_operator(
    random: Random,
    path: Path,
    country: str,
    zone: str,
    bands: dict[str, dict[str, list[str]]],
    holidays: list[date],
) -> None:
    lines = [f'country = "{country}"', f'timezone = "{zone}"', 'currency = "GBP"']
    if holidays or random.random() < 0.3:
        every = [random.choice((f"{day:%m-%d}", f"{day}")) for day in holidays]
        lines.append(f"holidays = {json.dumps([*every, '12-25', '2025-10-06'])}")
    for name, band in bands.items():
        lines.append(f"[bands.{name}]")
        lines += [f"{key} = {json.dumps(values)}" for key, values in band.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _bands(random: Random) -> dict[str, dict[str, list[str]]]:
    """Up to three bands that share no minute: on days of their own, or in hours of their own."""
    names = ("peak", "off-peak", "weekend")[: random.randrange(4)]
    if not names:
        return {}
    if random.random() < 0.5:
        return _bands_by_days(random, names)
    return _bands_by_hours(random, names)


def _bands_by_days(random: Random, names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Each has some kinds of day, and on these the whole day, a part, or two."""
    kinds = random.sample(KINDS_OF_DAY, len(KINDS_OF_DAY))
    hours: tuple[list[str], ...] = ([], ["08:00-19:00"], ["19:00-08:00"], ["00:00-07:30", "22:15-24:00"])
    bands: dict[str, dict[str, list[str]]] = {}
    for place, name in enumerate(names):
        days = sorted(kinds[place :: len(names)], key=KINDS_OF_DAY.index)
        chosen = random.choice(hours)
        bands[name] = {"days": _ranges(random, days), **({"hours": chosen} if chosen else {})}
    return bands


def _bands_by_hours(random: Random, names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """All have the same days, or every day; the hours follow each other, and the last may run over midnight."""
    days = random.choice(([], ["mon-fri"], ["mon-fri"], ["sat-sun", "holiday"], ["holiday"], ["mon-thu", "sun"]))
    cuts = random.sample(("00:00", "06:45", "08:00", "12:00", "13:01", "19:00", "22:30"), len(names))
    ends = sorted(cuts)
    bands: dict[str, dict[str, list[str]]] = {}
    for place, name in enumerate(names):
        end = ends[place + 1] if place + 1 < len(ends) else random.choice(("24:00", "23:59", ends[0]))
        span = f"{ends[place]}-{'24:00' if end in ('00:00', ends[place]) else end}"
        bands[name] = {**({"days": days} if days else {}), "hours": [span]}
    return bands


def _ranges(random: Random, days: list[str]) -> list[str]:
    """Days that follow each other as a range, sometimes."""
    week = [day for day in days if day != "holiday"]
    first, last = (KINDS_OF_DAY.index(day) for day in (week[0], week[-1])) if week else (0, 0)
    if len(week) > 1 and last - first == len(week) - 1 and random.random() < 0.7:
        return [f"{week[0]}-{week[-1]}", *days[len(week) :]]
    return days


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


# ---- decks

KINDS = ("priced", "per_call", "late", "refused", "unknown")
DECKS = {
    "plain": (
        *("prefix", "rate", "destination", "group", "connect_fee", "first_increment", "increment", "per_call"),
        *("allowed", "late", "direction", "effective_from", "effective_to", "band", "max_charge", "from_prefix"),
    ),
    "asked": (
        *("TargetName", "TargetPrefix", "Price", "billingblock", "billpercall", "allowed", "latebill"),
        *("Time Slot", "Price Cap", "Origin Prefix"),
    ),
    "lcr": (
        *("digits", "rate", "connect_increment", "talk_increment", "lcr_direction"),
        *("date_start", "date_end", "currency"),
    ),
}
BUY_DECK = (
    *("prefix", "rate", "connect_fee", "first_increment", "increment", "per_call", "late", "direction"),
    *("effective_from", "effective_to", "time_band", "max_cost", "caller_prefix"),
)
INCREMENTS = (
    *(("", ""), ("60", "60"), ("60", "1"), ("1", "1"), ("30", "6"), ("6", "6")),
    *(("0", "60"), ("0", "7"), ("5", "")),
)


@dataclass(frozen=True)
class Place:
    """Where a row holds, but for its dates: no two of a deck are alike."""

    prefix: str
    is_code: bool
    direction: str
    band: str
    from_prefix: str


def _deck(random: Random, header: Sequence[str], bands: Sequence[str], placed: set[str]) -> Iterator[list[str]]:
    """Rows for most prefixes, outbound and some inbound; where the header has dates, some change price."""
    kinds = (70, 10, 8, 8, 4) if "allowed" in header else (80, 10, 10, 0, 0) if "late" in header else (1, 0, 0, 0, 0)
    dated = any(column in ("effective_from", "date_start") for column in header)
    for place in _places(random, header, bands, placed):
        for span in _spans(random) if dated else [("", "")]:
            kind = random.choices(KINDS, kinds)[0]
            cells = _deck_cells(random, kind, place, span, named=place.prefix in placed)
            yield [cells[column] for column in header]


def _places(random: Random, header: Sequence[str], bands: Sequence[str], placed: set[str]) -> Iterator[Place]:
    directions = [("outbound", 0.85)] + [("inbound", 0.4)] * any("direction" in column for column in header)
    banded = header not in (DECKS["lcr"],)
    for direction, share in directions:
        for prefix in PREFIXES:
            for band, caller in _turns(random, bands if banded else (), share, callers=banded):
                yield Place(prefix, False, direction, band, caller)
    for code in CODES:
        if code in placed or ("group" in header and random.random() < 0.6):
            for band, caller in _turns(random, bands if banded else (), 0.8, callers=banded):
                yield Place(code, True, "outbound", band, caller)


def _turns(random: Random, bands: Sequence[str], share: float, *, callers: bool) -> Iterator[tuple[str, str]]:
    """Bands and callers for which a prefix has rows: any, mostly, and some others beside or instead."""
    if random.random() < share:
        yield "", ""
    special = random.sample(FROM_PREFIXES[:-1], random.choice((0, 0, 0, 1, 2))) if callers else []
    if callers and random.random() < 0.05:
        special = [FROM_PREFIXES[-1]]
    yield from (("", caller) for caller in special)
    for band in bands:
        if random.random() < share * 0.35:
            yield band, ""
        yield from ((band, caller) for caller in special if random.random() < 0.3)


def _deck_cells(random: Random, kind: str, place: Place, span: tuple[str, str], *, named: bool) -> dict[str, str]:
    """One row under every header that a deck may have. named: destinations.csv has the code."""
    rate = "" if kind in ("late", "unknown") else _price(random)
    first, then = random.choice(INCREMENTS)
    per_call, late = _flag(random, kind == "per_call", "no"), _flag(random, kind == "late", "no")
    name, group = f"Own {place.prefix}", random.choice(("", "", *GROUPS))
    if place.is_code:
        name, own = CODES[place.prefix]
        group = random.choice(("", own)) if named else own
    cap = random.choice(("", "", "", "", "0", _price(random), f"{random.randrange(1, 500) / 1000}"))
    return {
        "prefix": place.prefix, "TargetPrefix": place.prefix, "digits": place.prefix,
        "rate": rate, "Price": rate,
        "destination": random.choice(("", name)), "TargetName": name,
        "group": group,
        "connect_fee": random.choice(("", "", "0", _price(random))),
        "max_charge": cap, "Price Cap": cap, "max_cost": cap,
        "first_increment": first, "connect_increment": first,
        "increment": then, "talk_increment": then,
        "billingblock": f"{first}/{then}" if then and first != then else first,
        "per_call": per_call, "billpercall": per_call,
        "late": late, "latebill": late,
        "allowed": _flag(random, kind not in ("refused", "unknown"), "yes"),
        "direction": "" if place.direction == "outbound" and random.random() < 0.5 else place.direction,
        "lcr_direction": place.direction,
        "effective_from": span[0], "date_start": span[0],
        "effective_to": span[1], "date_end": span[1],
        "band": place.band, "Time Slot": place.band, "time_band": place.band,
        "from_prefix": place.from_prefix, "Origin Prefix": place.from_prefix, "caller_prefix": place.from_prefix,
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


# ---- plans, carriers and accounts


def _plans(random: Random, currencies: dict[str, str]) -> Iterator[str]:
    for deck in DECKS:
        yield f'[plans.on-{deck}]\nname = "On {deck}"\ndeck = "{deck}"\ncurrency = "{currencies[f"on-{deck}"]}"'
        yield from _terms(random)
        for number in range(random.choice((0, 1, 2, 3))):
            groups = json.dumps(random.sample(GROUPS, random.choice((1, 2, 3))))
            yield f'[[plans.on-{deck}.allowances]]\nname = "Allowance {number}"\ngroups = {groups}'
            yield f"minutes = {random.choice((0, 1, 2, 5, 20))}\n"


def _terms(random: Random) -> Iterator[str]:
    """Billing, decimals and rounding of a plan or a carrier."""
    yield f'billing = "{random.choice(("deck", "deck", "per-minute", "per-second"))}"'
    yield f"charge_decimals = {random.randrange(7)}"
    yield f'rounding = "{random.choice(("half-up", "up", "down"))}"\n'


def _write_carriers(random: Random, rates: Path, carriers: list[str]) -> None:
    """carriers.toml, and fx.csv with some of the pairs, either way round, from some days on."""
    lines: list[str] = []
    for carrier in carriers:
        lines += [f'[carriers.{carrier}]\ndeck = "buy-{carrier}"\ntrunks = {json.dumps(CARRIERS[carrier])}']
        lines += [f'currency = "{random.choice(("GBP", "USD", "EUR"))}"', *random.choice(([], [*_terms(random)]))]
    if carriers:
        (rates / "carriers.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pairs = [(base, quote) for base in ("GBP", "EUR", "USD") for quote in ("GBP", "EUR", "USD") if base != quote]
    rows = [
        (day, *pair, f"{random.randrange(1, 3 * 10**decimals) / 10**decimals:.{decimals}f}")
        for pair in pairs
        if random.random() < 0.6
        for day in random.sample([date(2026, 1, 1), *DAYS], random.choice((1, 2, 4)))
        for decimals in random.choices((1, 4, 9))
    ]
    if carriers and random.random() < 0.9:
        _write(rates / "fx.csv", ("date", "base", "quote", "rate"), rows)


def _accounts(random: Random, path: Path, operator_zone: str, currencies: dict[str, str]) -> list[Number]:
    """Six accounts, one of which gives its second number to another on MOVING_DAY."""
    numbers: list[Number] = []
    rows = []
    for n in range(6):
        own = [f"4420794600{n}0", f"120255501{n}0", f"4477009000{n}0"][: random.choice((1, 2, 3))]
        zone, anchor = random.choice(ZONES), random.choice((1, 1, 15, 17, 28, 29, 30, 31))
        login = random.choice(("", f"user{n}"))
        numbers += [Number(digits, login, ZoneInfo(zone or operator_zone), anchor) for digits in own]
        plan = f"on-{random.choice(tuple(DECKS))}"
        rows.append([f"A{n}", f"Account {n}", plan, " ".join(own), login, currencies[plan], zone, anchor, "", ""])
    moving = "442079460999"
    day = str(MOVING_DAY)
    rows.append(["M1", "Before", "on-plain", moving, "", currencies["on-plain"], "Europe/London", 1, "", day])
    rows.append(["M2", "After", "on-asked", moving, "", currencies["on-asked"], "Europe/London", 1, day, ""])
    numbers.append(Number(moving, "", ZoneInfo(operator_zone), MOVING_DAY.day))
    header = (
        *("account_id", "name", "plan", "numbers", "sip_logins"),
        *("currency", "timezone", "anchor_day", "valid_from", "valid_to"),
    )
    _write(path, header, rows)
    return numbers


# ---- calls

HEADER = ("call_id", "from", "to", "start", "duration")


def _write_calls(random: Random, path: Path, world: World, count: int) -> None:
    """`count` lines after the header, of which some are broken, copies, or without an id or a direction."""
    optional = {"direction": 0.5, "carrier": 0.8, "login": 0.4, "disposition": 0.3}
    header = [*HEADER, *(column for column, share in optional.items() if random.random() < share)]
    style = random.choice(("utc", "offset", "local", "epoch"))
    carrier_header = random.choice(("carrier", "Trunk", "gateway"))
    lines: list[str] = []
    for n in range(count):
        chance = random.random()
        if lines and chance < 0.08:
            lines.append(random.choice(lines))
        else:
            cells = _call(random, world, n, style, logins="login" in header)
            cells |= _broken(random) if chance > 0.93 else {}
            lines.append(",".join(cells[column] for column in header))
            if chance > 0.99:
                lines[-1] = random.choice((lines[-1] + ",surplus,x", lines[-1].rsplit(",", 2)[0], f'"{lines[-1]}'))
    named = ",".join(carrier_header if column == "carrier" else column for column in header)
    path.write_text("\n".join((named, *lines)) + "\n", encoding="utf-8", newline="")


def _call(random: Random, world: World, n: int, style: str, *, logins: bool) -> dict[str, str]:
    """A call's cells. Some ids come again with other facts; a call without one has a second of its own."""
    own = random.choice(world.numbers)
    nameless = random.random() < 0.1
    call_id = "" if nameless else f"id{random.randrange(n * 3 + 3):03d}"
    start = _start(random, own, world)
    if nameless:
        start = start.replace(second=n % 60, minute=n // 60 % 60, hour=13)
    direction = random.choices(("outbound", "inbound", "internal"), (70, 24, 6))[0]
    other = random.choice(world.numbers).digits if direction == "internal" else _other(random, direction)
    login = own.login if direction == "outbound" and random.random() < 0.3 else ""
    near = random.choice(("101", "anonymous", own.digits)) if login and logins else login or own.digits
    ends = [_written(random, near, world.country), _written(random, other, world.country)]
    if direction == "inbound":
        ends.reverse()
    words = {"outbound": ("out", "outbound", ""), "inbound": ("in", "inbound", "")}
    return {
        "call_id": call_id,
        "from": ends[0],
        "to": ends[1],
        "start": _stamp(start, style),
        "duration": _duration(random, nameless),
        "direction": random.choice(words.get(direction, ("internal",))),
        "carrier": _carrier(random, world.carriers),
        "login": random.choice((login, login.upper())),
        "disposition": random.choice(
            ("", "ANSWERED", "answered", "NO ANSWER", "busy") if random.random() < 0.4 else ("",)
        ),
    }


def _carrier(random: Random, carriers: list[str]) -> str:
    """What a CDR says of the carrier: one of its trunks or itself, in some case; somebody nobody knows; nothing."""
    if not carriers or random.random() < 0.2:
        return random.choice(("", "Mystery Trunk"))
    carrier = random.choice(carriers)
    name = random.choice((carrier, *CARRIERS[carrier]))
    return random.choice((name, name.upper(), name.title()))


def _start(random: Random, own: Number, world: World) -> datetime:
    """An instant: any, or beside a midnight that matters, a change of the clock, or a border of a band."""
    day = random.choice(DAYS)
    kind = random.choice(("any", "any", "crowd", "midnight", "anchor", "clock", "border", "border"))
    if kind == "any":
        return datetime.combine(day, time(0), UTC) + timedelta(seconds=random.randrange(86400))
    if kind == "crowd":
        return datetime(2026, 10, 5, 10, 0, random.randrange(4), tzinfo=UTC)
    if kind == "clock":
        change = random.choice(("2026-10-25T01:00", "2026-10-03T16:00", "2026-11-01T06:00", "2026-10-29T21:00"))
        return datetime.fromisoformat(f"{change}+00:00") + timedelta(seconds=random.randrange(-7200, 7200, 300))
    if kind == "border":
        days = [*world.holidays, date(2026, 10, 25), date(2026, 11, 1), date(2026, 10, 30), day]
        wall = datetime.combine(random.choice(days), time(0)) + timedelta(minutes=random.choice(world.borders))
        local = wall.replace(tzinfo=world.zone, fold=random.choice((0, 1)))
        return local.astimezone(UTC) + timedelta(seconds=random.choice((-1, 0, 0, 1)))
    if kind == "anchor":
        last = (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = day.replace(day=min(own.anchor_day, last.day))
    zone = own.zone if kind == "anchor" else random.choice((world.zone, ZoneInfo(random.choice(ZONES[:-1]))))
    midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
    return midnight + timedelta(seconds=random.choice((-1, 0, 0, 1)))


def _other(random: Random, direction: str) -> str:
    """The far end: below a known prefix, a code, or nowhere."""
    if direction == "inbound" and random.random() < 0.1:
        return "anonymous"
    if direction == "outbound" and random.random() < 0.08:
        return random.choice((*CODES, *CODES, "9991", "#31#", "11811", "33"))
    prefix = random.choice((*PREFIXES, *PREFIXES, "999", "21"))
    return (prefix + f"{random.randrange(10**11):011d}")[: random.choice((11, 12, 13))]


def _written(random: Random, number: str, country: str) -> str:
    """A number in one of the ways people and systems write it, quoted for CSV; codes and names as they are."""
    if not number.isdigit() or len(number) < 7:
        ways = [number, number, number, f"sip:{number}@pbx.example"]
        return random.choice(ways) if number and number[0] not in "#*" else number
    code, international, trunk = COUNTRIES[country]
    ways = [
        f"+{number}",
        f"+{number}",
        f"{international}{number}",
        number,
        f"+{number[:2]} {number[2:5]}-{number[5:]}",
        f"%2B{number}",
        f"9#+{number}",
        f"1234#{number}",
        f"sip:+{number}@carrier.example;user=phone",
        f'"""Bob, of ""X"""" <sip:+{number}@pbx.example:5060>"',
        f"<tel:+{number};ext=7>",
    ]
    if number.startswith(code) and len(number) > 10:
        national = f"{trunk}{number[len(code) :]}"
        ways += [national, f"{national[:3]} {national[3:]}", f"9#{national}", f"SIP:{national}@pbx.example"]
        ways += [f"+{code} (0){number[len(code) :]}"] if trunk else [f"({national[:3]}) {national[3:6]}-{national[6:]}"]
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


def _broken(random: Random) -> dict[str, str]:
    """A cell that makes a call a reject."""
    column, values = random.choice(
        (
            ("from", ("+441632960111", "nobody")),
            ("to", ("VOICEMAIL", "+999000111222", "", "123456789012345678")),
            ("start", ("yesterday", "2026-13-01T00:00:00Z", "1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "")),
            ("duration", ("-1", "soon", "", "2678401", "1000000000000", "1:75")),
        )
    )
    return {column: random.choice(values)}
