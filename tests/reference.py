"""The rating rules once more, in plain Python: what the product's results are compared with.

Shares no code with the product: dicts, loops and Fractions, written for reading, not for speed.

    read_catalogue(rates, accounts)   operator.toml, destinations.csv, plans.toml, decks/*.csv, accounts.csv
    rate([calls.csv], catalogue)      -> Outcome: rated calls, duplicates, rejects
    totals(outcome)                   -> {(account, period): Total}
    bills(outcome)                    -> [Bill], each account's periods in order

Generic CSVs only. Left open on purpose, so not to be compared: prefix, destination and group of an
unanswered call, the billed seconds of a late one, and the call_id of a row that brought none.
"""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from re import fullmatch
from typing import Any
from zoneinfo import ZoneInfo

# country -> calling code, international prefixes, trunk prefix
DIAL_PLANS = {
    "GB": ("44", ("00",), "0"),
    "IE": ("353", ("00",), "0"),
    "DE": ("49", ("00",), "0"),
    "FR": ("33", ("00",), "0"),
    "AU": ("61", ("0011", "00"), "0"),
    "US": ("1", ("011", "00"), "1"),
}
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}

DECK_ALIASES = {
    "targetname": "destination", "targetprefix": "prefix", "price": "rate", "billingblock": "increments",
    "billingblocks": "increments", "billpercall": "per_call", "latebill": "late",
    "digits": "prefix", "connect_increment": "first_increment", "talk_increment": "increment",
    "lcr_direction": "direction", "date_start": "effective_from", "date_end": "effective_to",
}  # fmt: skip
CALL_ALIASES = {
    "from number": "from", "to number": "to", "call initiated": "start",
    "src": "from", "dst": "to", "calldate": "start", "billsec": "duration",
}  # fmt: skip
DIRECTIONS = {
    "in": "inbound", "inbound": "inbound",
    "out": "outbound", "outbound": "outbound",
    "internal": "internal",
}  # fmt: skip


class RefusedRow(Exception):
    """A row that becomes a reject; its text is the reason."""


# ---- reference data


@dataclass(frozen=True)
class DeckRow:
    """One price. Dates are local days of the operator: from inclusive, to exclusive."""

    deck: str
    prefix: str
    direction: str
    destination: str
    group: str
    rate: Decimal | None
    connect_fee: Decimal
    first_increment: int
    increment: int
    per_call: bool
    allowed: bool
    late: bool
    effective_from: date
    effective_to: date


@dataclass(frozen=True)
class AccountRow:
    """One row of accounts.csv: who has these numbers and logins from `valid_from` until `valid_to`."""

    account_id: str
    name: str
    plan: str
    numbers: tuple[str, ...]
    sip_logins: tuple[str, ...]
    currency: str
    zone: ZoneInfo
    anchor_day: int
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Catalogue:
    """All reference data. decks: name -> (direction, prefix) -> rows; ends: number or login -> accounts."""

    country: str
    zone: ZoneInfo
    currency: str
    plans: dict[str, dict[str, Any]]
    decks: dict[str, dict[tuple[str, str], list[DeckRow]]]
    ends: dict[str, list[AccountRow]]


def read_catalogue(rates: Path, accounts: Path | None = None) -> Catalogue:
    """Read a folder such as rates/; `accounts` where accounts.csv is not in it."""
    operator = tomllib.loads((rates / "operator.toml").read_text(encoding="utf-8"))
    plans = tomllib.loads((rates / "plans.toml").read_text(encoding="utf-8"))["plans"]
    places = {row["prefix"]: row for row in _table(rates / "destinations.csv")}
    decks = {path.stem: _deck(path, places) for path in sorted((rates / "decks").glob("*.csv"))}
    ends: dict[str, list[AccountRow]] = defaultdict(list)
    for account in _accounts(accounts or rates / "accounts.csv", operator, plans):
        for end in (*account.numbers, *account.sip_logins):
            ends[end].append(account)
    zone = ZoneInfo(operator["timezone"])
    return Catalogue(operator["country"], zone, operator["currency"], plans, decks, dict(ends))


def _table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV by lower-case header, cells trimmed."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {key.strip().lower(): (cell or "").strip() for key, cell in row.items() if key}


def _deck(path: Path, places: dict[str, dict[str, str]]) -> dict[tuple[str, str], list[DeckRow]]:
    by_key: dict[tuple[str, str], list[DeckRow]] = defaultdict(list)
    for cells in _table(path):
        named = {DECK_ALIASES.get(column, column): cell for column, cell in cells.items()}
        prefixes = [named["prefix"]] if named.get("prefix") else _prefixes_of(named["destination"], places)
        for prefix in prefixes:
            row = _deck_row(path.stem, prefix, named, _longest(prefix, places) or {})
            by_key[row.direction, row.prefix].append(row)
    return {key: _ended_by_later(rows) for key, rows in by_key.items()}


def _prefixes_of(destination: str, places: dict[str, dict[str, str]]) -> list[str]:
    return [prefix for prefix, place in places.items() if place["destination"] == destination]


def _longest(digits: str, places: dict[str, dict[str, str]]) -> dict[str, str] | None:
    for length in range(len(digits), 0, -1):
        if digits[:length] in places:
            return places[digits[:length]]
    return None


def _deck_row(deck: str, prefix: str, cells: dict[str, str], place: dict[str, str]) -> DeckRow:
    first, _, then = cells.get("increments", "").partition("/")
    first = first or cells.get("first_increment", "") or cells.get("increment", "") or "1"
    then = then or cells.get("increment", "") or first
    return DeckRow(
        deck=deck,
        prefix=prefix.removeprefix("+"),
        direction=DIRECTIONS[cells.get("direction", "") or "outbound"],
        destination=cells.get("destination", "") or place.get("destination", ""),
        group=cells.get("group", "") or place.get("group", ""),
        rate=Decimal(cells["rate"]) if cells["rate"] else None,
        connect_fee=Decimal(cells.get("connect_fee", "") or "0"),
        first_increment=int(first),
        increment=int(then),
        per_call=_truth(cells.get("per_call", ""), default=False),
        allowed=_truth(cells.get("allowed", ""), default=True),
        late=_truth(cells.get("late", ""), default=False),
        effective_from=_day(cells.get("effective_from", ""), date.min),
        effective_to=_day(cells.get("effective_to", ""), date.max),
    )


def _ended_by_later(rows: list[DeckRow]) -> list[DeckRow]:
    """A row without an end is ended by the next one that begins later."""
    ordered = sorted(rows, key=lambda row: row.effective_from)
    ended = []
    for row in ordered:
        later = [other.effective_from for other in ordered if other.effective_from > row.effective_from]
        is_open = row.effective_to == date.max
        ended.append(replace(row, effective_to=later[0]) if is_open and later else row)
    return ended


def _accounts(path: Path, operator: dict[str, Any], plans: dict[str, dict[str, Any]]) -> Iterator[AccountRow]:
    for cells in _table(path):
        numbers = (e164(number, operator["country"]) for number in cells.get("numbers", "").split())
        yield AccountRow(
            account_id=cells["account_id"],
            name=cells.get("name", ""),
            plan=cells["plan"],
            numbers=tuple(number for number in numbers if number),
            sip_logins=tuple(cells.get("sip_logins", "").split()),
            currency=cells.get("currency", "") or plans[cells["plan"]].get("currency", operator["currency"]),
            zone=ZoneInfo(cells.get("timezone", "") or operator["timezone"]),
            anchor_day=int(cells.get("anchor_day", "") or "1"),
            valid_from=_day(cells.get("valid_from", ""), date.min),
            valid_to=_day(cells.get("valid_to", ""), date.max),
        )


def _truth(cell: str, *, default: bool) -> bool:
    return cell.lower() in ("yes", "true", "1") if cell else default


def _day(cell: str, default: date) -> date:
    return date.fromisoformat(cell) if cell else default


# ---- one call


@dataclass(frozen=True)
class Call:
    """A row that can be read, and whose account is known. `duration_seconds` is rounded up."""

    call_id: str
    direction: str
    from_number: str
    to_number: str
    started_at: datetime
    duration_seconds: int
    account: AccountRow
    file: str
    line: int


@dataclass(frozen=True)
class Rated:
    """A call and its price. `charge` None: price to follow, its billed seconds 0 so long."""

    call: Call
    row: DeckRow | None
    period: str
    status: str
    barred: bool = False
    billed_seconds: int = 0
    free_seconds: int = 0
    charge: Decimal | None = Decimal(0)

    @property
    def key(self) -> tuple[str, str]:
        return self.call.account.account_id, self.period

    @property
    def group(self) -> str:
        return self.row.group if self.row else ""

    @property
    def prefix(self) -> str:
        return self.row.prefix if self.row else ""


@dataclass(frozen=True)
class Reject:
    """A row that could not be rated: its reason, place and text."""

    reason: str
    file: str
    line: int
    raw: str


@dataclass
class Outcome:
    """All of some files: rows_in = len(rated) + duplicates + len(rejects)."""

    rows_in: int = 0
    duplicates: int = 0
    rated: list[Rated] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def reject_reasons(self) -> dict[str, int]:
        reasons = [reject.reason for reject in self.rejects]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def rate(files: Sequence[Path], catalogue: Catalogue, *, timezone: str = "", now: datetime | None = None) -> Outcome:
    """Rate generic CSVs, in order. `timezone`: of times that have no offset (default: the operator's)."""
    outcome = Outcome()
    seen: set[tuple[object, ...]] = set()
    zone = ZoneInfo(timezone) if timezone else catalogue.zone
    for path in files:
        for line, raw, cells in _rows(path):
            outcome.rows_in += 1
            try:
                call = _call(cells, catalogue, zone, now or datetime.now(UTC), path.name, line)
                priced = _priced(call, catalogue)
            except RefusedRow as refused:
                outcome.rejects.append(Reject(str(refused), path.name, line, raw))
                continue
            identity = (
                call.account.account_id,
                *(_facts(call) if not cells.get("call_id") else (call.call_id,)),
            )
            if identity in seen:
                outcome.duplicates += 1
            else:
                seen.add(identity)
                outcome.rated.append(priced)
    outcome.rated = _charged(outcome.rated, catalogue)
    return outcome


def _rows(path: Path) -> Iterator[tuple[int, str, dict[str, str]]]:
    """(line number, line, cells by column); no cells where the line is malformed. Every line is one row."""
    header: list[str] = []
    for number, ending in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        line = ending.rstrip("\r")
        if not line.strip():
            continue
        if header:
            yield number, line, _cells(line, header)
        else:
            names = [cell.strip().lower() for cell in next(csv.reader([line]))]
            header = [CALL_ALIASES.get(name, name) for name in names]


def _cells(line: str, header: list[str]) -> dict[str, str]:
    if "\0" in line or line.count('"') % 2:
        return {}
    cells = next(csv.reader([line]))
    if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
        return {}
    return {column: cell.strip() for column, cell in zip(header, cells, strict=False)}


def _call(cells: dict[str, str], catalogue: Catalogue, zone: ZoneInfo, now: datetime, file: str, line: int) -> Call:
    """The call of a row, or RefusedRow: reasons in the order in which they are judged."""
    if not cells:
        raise RefusedRow("malformed-row")
    started_at = _instant(cells["start"], zone, now)
    duration = _seconds(cells["duration"])
    stated = DIRECTIONS.get(cells.get("direction", "").lower(), "")
    to_number = e164(cells["to"], catalogue.country)
    if not to_number and stated != "internal":  # an extension need not be a number
        raise RefusedRow("bad-number")
    to_number = to_number or cells["to"]
    from_number = e164(cells["from"], catalogue.country) or cells["from"]
    caller = _account_at(catalogue, from_number, started_at)
    called = _account_at(catalogue, to_number, started_at)
    direction = stated or ("outbound" if caller else "inbound")
    account = called if direction == "inbound" else caller
    if account is None:
        raise RefusedRow("unknown-account")
    return Call(cells.get("call_id", ""), direction, from_number, to_number, started_at, duration, account, file, line)


def _facts(call: Call) -> tuple[object, ...]:
    """The identity of a call without an id."""
    return call.from_number, call.to_number, call.started_at, call.duration_seconds


def e164(written: str, country: str) -> str:
    """The E.164 digits of a number as somebody wrote it; "" where it is none."""
    code, international, trunk = DIAL_PLANS[country]
    bare = written.strip().replace("(0)", "")
    for separator in " ()-./":
        bare = bare.replace(separator, "")
    if bare.startswith("+"):
        bare = bare[1:]
    elif prefix := next((prefix for prefix in international if bare.startswith(prefix)), ""):
        bare = bare[len(prefix) :]
    elif bare.startswith(trunk):
        bare = code + bare[len(trunk) :]
    return bare if fullmatch(r"[1-9][0-9]{6,14}", bare) else ""


def _instant(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A start in UTC, whole seconds. Of a local time that comes twice, the first."""
    try:
        if fullmatch(r"\d+(\.\d+)?", text):
            at = datetime.fromtimestamp(int(text.split(".")[0]), UTC)
        else:
            at = datetime.fromisoformat(text)
            at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise RefusedRow("bad-time") from None
    if not datetime(2000, 1, 1, tzinfo=UTC) <= at <= now + timedelta(days=365):
        raise RefusedRow("bad-time")
    return at.replace(microsecond=0)


def _seconds(text: str) -> int:
    """A duration in whole seconds, rounded up."""
    if fullmatch(r"\d+(\.\d*)?|\.\d+", text):
        seconds = ceil(Fraction(text.rstrip(".") if text.endswith(".") else text))
    elif fullmatch(r"(\d+:)?\d+:[0-5]\d", text):
        parts = [int(part) for part in text.split(":")]
        seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    else:
        raise RefusedRow("bad-duration")
    if seconds > 31 * 86400:
        raise RefusedRow("bad-duration")
    return seconds


def _account_at(catalogue: Catalogue, end: str, at: datetime) -> AccountRow | None:
    day = at.astimezone(catalogue.zone).date()
    rows = catalogue.ends.get(end, [])
    return next((row for row in rows if row.valid_from <= day < row.valid_to), None)


def period_of(at: datetime, zone: ZoneInfo, anchor_day: int) -> str:
    """The label of the period a call is in: the month in which the period begins."""
    day = at.astimezone(zone).date()
    next_month = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    last = next_month - timedelta(days=1)
    begins = day.replace(day=min(anchor_day, last.day))
    month = day if day >= begins else day.replace(day=1) - timedelta(days=1)
    return f"{month:%Y-%m}"


def _priced(call: Call, catalogue: Catalogue) -> Rated:
    """The call with its price row, billed seconds and status; its charge waits for the allowances."""
    period = period_of(call.started_at, call.account.zone, call.account.anchor_day)
    plan = catalogue.plans[call.account.plan]
    if call.duration_seconds == 0:
        return Rated(call, None, period, "unanswered")
    row = None
    if call.direction != "internal":
        row = _deck_row_for(call, catalogue, plan["deck"])
        if row is None and call.direction == "outbound":
            raise RefusedRow("no-rate")
    if row is None:
        return Rated(call, None, period, "rated")
    if row.late or row.rate is None:
        return Rated(call, row, period, "late", not row.allowed, charge=None)
    billed = billed_seconds(call.duration_seconds, row, plan.get("billing", "deck"))
    return Rated(call, row, period, "rated", not row.allowed, billed)


def _deck_row_for(call: Call, catalogue: Catalogue, deck: str) -> DeckRow | None:
    """The row of the longest prefix that is in force on the call's day, as the operator's calendar has it."""
    day = call.started_at.astimezone(catalogue.zone).date()
    for length in range(len(call.to_number), 0, -1):
        for row in catalogue.decks[deck].get((call.direction, call.to_number[:length]), []):
            if row.effective_from <= day < row.effective_to:
                return row
    return None


def billed_seconds(duration: int, row: DeckRow, billing: str) -> int:
    """Seconds billed of an answered call, by the plan's increments or the deck's."""
    deck = (row.first_increment, row.increment)
    first, increment = {"per-minute": (60, 60), "per-second": (1, 1)}.get(billing, deck)
    if duration <= first:
        return first
    return first + ceil(Fraction(duration - first, increment)) * increment


# ---- what depends on other calls


def _charged(rated: list[Rated], catalogue: Catalogue) -> list[Rated]:
    """Use up allowances in order of (start, call id) within account and period; then charge every call."""
    left: dict[tuple[object, ...], int] = {}
    charged: dict[int, Rated] = {}
    for index in sorted(range(len(rated)), key=lambda i: (rated[i].call.started_at, rated[i].call.call_id)):
        one = rated[index]
        if one.status != "rated" or one.row is None:
            charged[index] = one
            continue
        plan = catalogue.plans[one.call.account.plan]
        free = 0 if one.row.per_call else _covered(one, plan, left)
        charged[index] = replace(one, free_seconds=free, charge=charge(one.row, one.billed_seconds, free, plan))
    return [charged[index] for index in range(len(rated))]


def _covered(one: Rated, plan: dict[str, Any], left: dict[tuple[object, ...], int]) -> int:
    """The call's seconds that the plan's allowances cover, in plan order; `left` has what remains of each."""
    free = 0
    for number, allowance in enumerate(plan.get("allowances", [])):
        if one.group in allowance["groups"]:
            key = (*one.key, one.call.account.plan, number)
            available = left.get(key, allowance["minutes"] * 60)
            taken = min(available, one.billed_seconds - free)
            left[key] = available - taken
            free += taken
    return free


def charge(row: DeckRow, billed: int, free: int, plan: dict[str, Any]) -> Decimal:
    """What a call costs, rounded once. Nothing where all of it is covered."""
    price, fee = Fraction(row.rate or 0), Fraction(row.connect_fee)
    if row.per_call:
        exact = price + fee
    elif free >= billed:
        exact = Fraction(0)
    else:
        exact = fee + price * (billed - free) / 60
    return rounded(exact, plan.get("charge_decimals", 4), plan.get("rounding", "half-up"))


def rounded(exact: Fraction, decimals: int, rounding: str) -> Decimal:
    """`exact` to so many decimals: "half-up" (a half goes towards plus infinity), "up" or "down"."""
    scaled = exact * 10**decimals
    whole = {"half-up": floor(scaled + Fraction(1, 2)), "up": ceil(scaled), "down": floor(scaled)}[rounding]
    return Decimal(whole).scaleb(-decimals)


@dataclass
class Total:
    """What one account's calls of one period come to."""

    currency: str
    charge: Decimal = Decimal(0)
    calls: int = 0
    answered_calls: int = 0
    late_calls: int = 0
    billed_seconds: int = 0
    free_seconds: int = 0
    groups: dict[str, Decimal] = field(default_factory=dict)


def totals(outcome: Outcome) -> dict[tuple[str, str], Total]:
    """(account, period) -> its total; `groups` has the charge of each group that has calls with a price."""
    found: dict[tuple[str, str], Total] = {}
    for one in outcome.rated:
        total = found.setdefault(one.key, Total(one.call.account.currency))
        total.calls += 1
        total.answered_calls += one.status != "unanswered"
        total.late_calls += one.status == "late"
        total.billed_seconds += one.billed_seconds
        total.free_seconds += one.free_seconds
        if one.charge is not None and one.row is not None:
            total.charge += one.charge
            total.groups[one.group] = total.groups.get(one.group, Decimal(0)) + one.charge
    return found


@dataclass(frozen=True)
class Bill:
    """An account's bill for a period. `lines`: group -> amount, groups that cost something, by name."""

    account_id: str
    period: str
    currency: str
    due: Decimal
    amount: Decimal
    carried: Decimal
    lines: dict[str, Decimal]


def bills(outcome: Outcome) -> list[Bill]:
    """Every account's bills by period, each with what rounding left of the one before."""
    done: list[Bill] = []
    carried: dict[str, Decimal] = {}
    for (account_id, period), total in sorted(totals(outcome).items()):
        digits = MINOR_DIGITS.get(total.currency, 2)
        due = total.charge + carried.get(account_id, Decimal(0))
        amount = rounded(Fraction(due), digits, "half-up")
        carried[account_id] = due - amount
        lines = _split(amount, {group: part for group, part in sorted(total.groups.items()) if part}, digits)
        done.append(Bill(account_id, period, total.currency, due, amount, due - amount, lines))
    return done


def _split(amount: Decimal, parts: dict[str, Decimal], digits: int) -> dict[str, Decimal]:
    """Parts rounded down, then one unit more for those that lost most, until they add up to `amount`."""
    floors = {group: rounded(Fraction(part), digits, "down") for group, part in parts.items()}
    unit = Decimal(1).scaleb(-digits)
    missing = int((amount - sum(floors.values())) / unit)
    for group in sorted(parts, key=lambda group: floors[group] - parts[group])[:missing]:
        floors[group] += unit
    return floors
