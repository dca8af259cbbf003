"""The rating rules once more, in plain Python: what the product's results are compared with.

Shares no code with the product: dicts, loops and Fractions, written for reading, not for speed.

    read_catalogue(rates, accounts)   operator.toml, destinations.csv, plans.toml, decks/*.csv, accounts.csv,
                                      and carriers.toml and fx.csv where they are
    rate([calls.csv], catalogue)      -> Outcome: rated calls, duplicates, rejects
    totals(outcome)                   -> {(account, period): Total}
    bills(outcome)                    -> [Bill], each account's periods in order

Generic CSVs only. Left open on purpose, so not to be compared: prefix, destination and group of an
unanswered call, the billed seconds of a late one, and the call_id of a row that brought none.
"""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from re import fullmatch, sub
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

# Headers in lower case, without blanks, _ and -, and the column they stand for.
DECK_ALIASES = {
    "prefix": "prefix", "targetprefix": "prefix", "digits": "prefix", "code": "prefix",
    "destination": "destination", "targetname": "destination",
    "rate": "rate", "price": "rate", "group": "group", "connectfee": "connect_fee",
    "firstincrement": "first_increment", "connectincrement": "first_increment",
    "billingblock": "first_increment", "billingblocks": "first_increment",
    "increment": "increment", "talkincrement": "increment",
    "percall": "per_call", "billpercall": "per_call", "allowed": "allowed", "late": "late", "latebill": "late",
    "direction": "direction", "lcrdirection": "direction",
    "effectivefrom": "effective_from", "datestart": "effective_from",
    "effectiveto": "effective_to", "dateend": "effective_to",
    "band": "band", "timeband": "band", "timeslot": "band", "timing": "band",
    "maxcharge": "max_charge", "maxcost": "max_charge", "pricecap": "max_charge",
    "fromprefix": "from_prefix", "originprefix": "from_prefix", "callerprefix": "from_prefix",
    "fromcode": "from_prefix", "anumberprefix": "from_prefix",
}  # fmt: skip
CALL_ALIASES = {
    "callid": "call_id", "from": "from", "fromnumber": "from", "src": "from", "to": "to", "tonumber": "to",
    "dst": "to", "start": "start", "callinitiated": "start", "calldate": "start", "duration": "duration",
    "billsec": "duration", "direction": "direction", "disposition": "disposition",
    "login": "login", "siplogin": "login", "accountcode": "account_code",
    "carrier": "carrier", "trunk": "carrier", "gateway": "carrier",
}  # fmt: skip
DIRECTIONS = {
    "i": "inbound", "in": "inbound", "inbound": "inbound", "incoming": "inbound", "received": "inbound",
    "o": "outbound", "out": "outbound", "outbound": "outbound", "outgoing": "outbound",
    "internal": "internal", "local": "internal", "intern": "internal",
}  # fmt: skip
DECK_DIRECTIONS = {"": "outbound", "outbound": "outbound", "local": "outbound", "inbound": "inbound"}
UNANSWERED = (
    "no[ _-]?answer|busy|failed|fail|cancel|cancell?ed|missed|unanswered|not answered|congestion|rejected|declined"
)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CODE_GROUPS = ("emergency", "short", "feature")  # their numbers are dialled as they are, and matched whole


class RefusedRow(Exception):
    """A row that becomes a reject; its text is the reason."""


# ---- reference data


@dataclass(frozen=True)
class Band:
    """Some hours of some kinds of day. hours: minutes since midnight, from inclusive, to exclusive."""

    days: frozenset[str]
    hours: tuple[tuple[int, int], ...]

    def holds(self, kind: str, minute: int) -> bool:
        return kind in self.days and any(start <= minute < end for start, end in self.hours)


@dataclass(frozen=True)
class DeckRow:
    """One price. Dates are local days of the operator: from inclusive, to exclusive. max_charge None: no cap."""

    deck: str
    prefix: str
    is_code: bool
    direction: str
    band: str
    from_prefix: str
    destination: str
    group: str
    rate: Decimal | None
    connect_fee: Decimal
    max_charge: Decimal | None
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

    @property
    def ends(self) -> set[tuple[str, str]]:
        """What its calls are known by: logins and its own name whatever their case."""
        return {
            ("code", self.account_id.lower()),
            *(("number", number) for number in self.numbers),
            *(("login", login.lower()) for login in self.sip_logins),
        }


@dataclass(frozen=True)
class Catalogue:
    """All reference data.

    decks: name -> (direction, is_code, prefix) -> rows. ends: ("number", "login" or "code", text) -> accounts.
    carriers: key -> its table; trunks: name in lower case -> carrier's key. fx: (base, quote) -> (day, rate).
    """

    country: str
    zone: ZoneInfo
    currency: str
    bands: dict[str, Band]
    holidays: frozenset[str]
    plans: dict[str, dict[str, Any]]
    decks: dict[str, dict[tuple[str, bool, str], list[DeckRow]]]
    ends: dict[tuple[str, str], list[AccountRow]]
    carriers: dict[str, dict[str, Any]]
    trunks: dict[str, str]
    fx: dict[tuple[str, str], list[tuple[date, Decimal]]]


class Places:
    """destinations.csv: prefix -> its row; codes and numbers apart, for a code is matched whole."""

    def __init__(self, rows: Iterable[dict[str, str]]) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.numbers: dict[str, dict[str, str]] = {}
        self.named: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in rows:
            kind = self.codes if row.get("group", "").lower() in CODE_GROUPS else self.numbers
            kind[row["prefix"]] = row
            self.named[row["destination"].lower()].append(row)

    def prefixes_of(self, destination: str) -> list[str]:
        return [row["prefix"] for row in self.named.get(destination.lower(), [])]

    def longest(self, prefix: str) -> dict[str, str]:
        """The place of the longest head of `prefix`, codes left aside."""
        heads = (prefix[:length] for length in range(len(prefix), 0, -1))
        return next((self.numbers[head] for head in heads if head in self.numbers), {})

    def group_of(self, destination: str) -> str:
        """The one group of the places with this name, if they have one."""
        groups = {row.get("group", "") for row in self.named.get(destination.lower(), [])}
        return groups.pop() if len(groups) == 1 else ""


def read_catalogue(rates: Path, accounts: Path | None = None) -> Catalogue:
    """Read a folder such as rates/; `accounts` where accounts.csv is not in it."""
    operator, plans = _toml(rates / "operator.toml"), _toml(rates / "plans.toml")["plans"]
    carriers = _toml(rates / "carriers.toml").get("carriers", {})
    places = Places(_table(rates / "destinations.csv"))
    ends: dict[tuple[str, str], list[AccountRow]] = defaultdict(list)
    for account in _accounts(accounts or rates / "accounts.csv", operator, plans):
        for end in account.ends:
            ends[end].append(account)
    return Catalogue(
        country=operator["country"],
        zone=ZoneInfo(operator["timezone"]),
        currency=operator["currency"],
        bands={name: _band(written) for name, written in operator.get("bands", {}).items()},
        holidays=frozenset(operator.get("holidays", [])),
        plans=plans,
        decks={path.stem: _deck(path, places) for path in sorted((rates / "decks").glob("*.csv"))},
        ends=dict(ends),
        carriers=carriers,
        trunks={name.lower(): key for key, carrier in carriers.items() for name in (key, *carrier.get("trunks", []))},
        fx=_fx(rates / "fx.csv"),
    )


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV by lower-case header, cells trimmed; none where there is no file."""
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                yield {key.strip().lower(): (cell or "").strip() for key, cell in row.items() if key}


def _plain(header: str) -> str:
    return sub(r"[\s_-]", "", header.lower())


def _band(written: dict[str, Any]) -> Band:
    """A table [bands.NAME]: every day, holidays too, unless it has days; the whole day unless it has hours."""
    days: set[str] = set()
    for item in written.get("days", ["mon-sun", "holiday"]):
        first, _, last = item.partition("-")
        if first == "holiday":
            days.add("holiday")
        else:
            start, length = WEEK.index(first), (WEEK.index(last or first) - WEEK.index(first)) % 7 + 1
            days |= {WEEK[(start + n) % 7] for n in range(length)}
    hours: list[tuple[int, int]] = []
    for item in written.get("hours", ["00:00-24:00"]):
        start, end = (_minute(text) for text in item.split("-"))
        hours += [(start, end)] if start < end else [(start, 24 * 60), (0, end)]
    return Band(frozenset(days), tuple(hours))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _fx(path: Path) -> dict[tuple[str, str], list[tuple[date, Decimal]]]:
    """(base, quote) -> what a unit of base is in units of quote from a day on, by day."""
    found: dict[tuple[str, str], list[tuple[date, Decimal]]] = defaultdict(list)
    for row in _table(path):
        found[row["base"], row["quote"]].append((date.fromisoformat(row["date"]), Decimal(row["rate"])))
    return {pair: sorted(rates) for pair, rates in found.items()}


def _deck(path: Path, places: Places) -> dict[tuple[str, bool, str], list[DeckRow]]:
    by_key: dict[tuple[str, bool, str], list[DeckRow]] = defaultdict(list)
    for cells in _table(path):
        named = {DECK_ALIASES[_plain(column)]: cell for column, cell in cells.items() if _plain(column) in DECK_ALIASES}
        for prefix in [named["prefix"]] if named.get("prefix") else places.prefixes_of(named["destination"]):
            row = _deck_row(path.stem, prefix, named, places)
            by_key[row.direction, row.is_code, row.prefix].append(row)
    return {key: _ended_by_later(rows) for key, rows in by_key.items()}


def _deck_row(deck: str, written: str, cells: dict[str, str], places: Places) -> DeckRow:
    prefix = written.removeprefix("+")
    code = places.codes.get(prefix, {})
    group = cells.get("group", "") or places.group_of(cells.get("destination", "")) or code.get("group", "")
    is_code = group.lower() in CODE_GROUPS
    place = code if is_code else places.longest(prefix)
    first, _, then = cells.get("first_increment", "").partition("/")
    first = first or cells.get("increment", "") or "1"
    then = then or cells.get("increment", "") or first
    cap = cells.get("max_charge", "")
    return DeckRow(
        deck=deck,
        prefix=prefix,
        is_code=is_code,
        direction=DECK_DIRECTIONS[cells.get("direction", "").lower()],
        band=cells.get("band", ""),
        from_prefix=cells.get("from_prefix", "").removeprefix("+"),
        destination=cells.get("destination", "") or place.get("destination", ""),
        group=group or place.get("group", ""),
        rate=Decimal(cells["rate"]) if cells["rate"] else None,
        connect_fee=Decimal(cells.get("connect_fee", "") or "0"),
        max_charge=Decimal(cap) if cap else None,
        first_increment=int(first),
        increment=int(then),
        per_call=_truth(cells.get("per_call", ""), default=False),
        allowed=_truth(cells.get("allowed", ""), default=True),
        late=_truth(cells.get("late", ""), default=False),
        effective_from=_day(cells.get("effective_from", ""), date.min),
        effective_to=_day(cells.get("effective_to", ""), date.max),
    )


def _ended_by_later(rows: list[DeckRow]) -> list[DeckRow]:
    """A row without an end is ended by the next one of its band and its callers that begins later."""
    ordered = sorted(rows, key=lambda row: row.effective_from)
    ended = []
    for row in ordered:
        alike = [other for other in ordered if (other.band, other.from_prefix) == (row.band, row.from_prefix)]
        later = [other.effective_from for other in alike if other.effective_from > row.effective_from]
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
    """A row that can be read, and whose account is known. `duration_seconds` is rounded up.

    caller: from_number where it is E.164 digits, else "". is_code: to_number is not E.164.
    carrier: the key of a known one, else what the CDR says.
    """

    call_id: str
    direction: str
    from_number: str
    caller: str
    to_number: str
    is_code: bool
    started_at: datetime
    duration_seconds: int
    answered: bool
    account: AccountRow
    carrier: str
    file: str
    line: int


@dataclass(frozen=True)
class Rated:
    """A call and its price. `charge` None: price to follow, its billed seconds 0 so long.

    full_charge: before allowances. buy_charge: in the account's currency; None where nobody knows it.
    """

    call: Call
    row: DeckRow | None
    period: str
    status: str
    barred: bool = False
    billed_seconds: int = 0
    free_seconds: int = 0
    charge: Decimal | None = Decimal(0)
    full_charge: Decimal | None = Decimal(0)
    buy_charge: Decimal | None = None

    @property
    def below_cost(self) -> bool:
        """Sold for less than it was bought for, allowances left aside."""
        if self.status != "rated" or self.call.direction == "internal":
            return False
        return self.full_charge is not None and self.buy_charge is not None and self.full_charge < self.buy_charge

    @property
    def key(self) -> tuple[str, str]:
        return self.call.account.account_id, self.period

    @property
    def group(self) -> str:
        return self.row.group if self.row else ""

    @property
    def prefix(self) -> str:
        return self.row.prefix if self.row else ""

    @property
    def destination(self) -> str:
        return self.row.destination if self.row else ""


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
    def below_cost(self) -> int:
        return sum(one.below_cost for one in self.rated)

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
            names = [_plain(cell) for cell in next(csv.reader([line]))]
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
    called, dialled = e164(cells["to"], catalogue.country), undressed(cells["to"])
    if not called and not may_be_code(dialled) and stated != "internal":  # within a PBX, names are called too
        raise RefusedRow("bad-number")
    caller = e164(cells["from"], catalogue.country)
    ours, theirs = _accounts_of(cells, caller, called or dialled, catalogue, started_at)
    direction = stated or ("inbound" if theirs and not ours else "outbound")
    account = theirs if direction == "inbound" else ours
    if account is None:
        raise RefusedRow("unknown-account")
    carrier = cells.get("carrier", "")
    return Call(
        call_id=cells.get("call_id", ""),
        direction=direction,
        from_number=caller or undressed(cells["from"]),
        caller=caller,
        to_number=called or dialled,
        is_code=not called,
        started_at=started_at,
        duration_seconds=duration,
        answered=duration > 0 and not fullmatch(UNANSWERED, cells.get("disposition", "").lower()),
        account=account,
        carrier=catalogue.trunks.get(carrier.lower(), carrier),
        file=file,
        line=line,
    )


def _accounts_of(
    cells: dict[str, str], caller: str, to_number: str, catalogue: Catalogue, at: datetime
) -> tuple[AccountRow | None, AccountRow | None]:
    """Who pays if it is outbound, and who if it is inbound."""
    code = _account_at(catalogue, "code", cells.get("account_code", "").lower(), at)
    login = _account_at(catalogue, "login", (cells.get("login", "") or undressed(cells["from"])).lower(), at)
    number = _account_at(catalogue, "number", caller or undressed(cells["from"]), at)
    called = _account_at(catalogue, "number", to_number, at)
    return code or login or number, called or code


def _facts(call: Call) -> tuple[object, ...]:
    """The identity of a call without an id."""
    return call.from_number, call.to_number, call.started_at, call.duration_seconds


def undressed(written: str) -> str:
    """What was dialled: without a display name, a scheme, a host, parameters, separators and a tech prefix."""
    bare = written.strip()
    if "<" in bare:
        bare = bare.partition("<")[2].partition(">")[0]
    bare = bare.replace("%2B", "+")
    scheme, colon, rest = bare.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel", "callto"):
        bare = rest
    bare = bare.partition("@")[0].partition(";")[0]
    head, trunk, tail = bare.partition("(0)")
    if trunk and any(letter.isdigit() for letter in head):  # +44 (0)20; but (0)20 is dialled so
        bare = head + tail
    bare = "".join(letter for letter in bare if letter not in "().-/" and not letter.isspace())
    tech, hash_sign, number = bare.partition("#")
    is_tech = hash_sign and fullmatch("[0-9]{1,8}", tech) and fullmatch(r"\+?[0-9]{7,}", number)
    return number if is_tech else bare


def may_be_code(dialled: str) -> bool:
    """Whether it may be an emergency, short or feature code: 999, 118118, *97."""
    return bool(fullmatch(r"[0-9]{2,6}|[*#][0-9*#]{1,11}", dialled))


def e164(written: str, country: str) -> str:
    """The E.164 digits of a number as somebody wrote it; "" where it is none."""
    code, international, trunk = DIAL_PLANS[country]
    bare = undressed(written)
    if len(bare) < 7:
        return ""
    if bare.startswith("+"):
        bare = bare[1:]
    elif prefix := next((prefix for prefix in international if bare.startswith(prefix)), ""):
        bare = bare[len(prefix) :]
    elif bare.startswith(trunk):
        bare = code + bare[len(trunk) :]
    elif code == "1" and len(bare) == 7:  # without its area code: nobody knows where
        return ""
    elif code == "1" and len(bare) == 10:
        bare = code + bare
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


def _account_at(catalogue: Catalogue, kind: str, end: str, at: datetime) -> AccountRow | None:
    day = at.astimezone(catalogue.zone).date()
    rows = catalogue.ends.get((kind, end), [])
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
    bought = _buy_charge(call, catalogue)
    if not call.answered:
        return Rated(call, None, period, "unanswered", buy_charge=bought)
    row = _deck_row_for(call, catalogue, plan["deck"])
    if row is None and call.direction == "outbound":
        raise RefusedRow("no-rate")
    if row is None:
        return Rated(call, None, period, "rated", buy_charge=bought)
    if row.late or row.rate is None:
        return Rated(call, row, period, "late", not row.allowed, charge=None, full_charge=None, buy_charge=bought)
    billed = billed_seconds(call.duration_seconds, row, plan.get("billing", "deck"))
    full = charge(row, billed, 0, plan)
    return Rated(call, row, period, "rated", not row.allowed, billed, full_charge=full, buy_charge=bought)


def _deck_row_for(call: Call, catalogue: Catalogue, deck: str) -> DeckRow | None:
    """The row of the longest prefix that holds for the call; a code's is the whole code. None for internal calls.

    Of rows for one prefix: one with a band before one without, then the one that tells most of the caller.
    """
    shortest = len(call.to_number) if call.is_code else 1
    for length in range(len(call.to_number), shortest - 1, -1):
        rows = catalogue.decks[deck].get((call.direction, call.is_code, call.to_number[:length]), [])
        holding = [row for row in rows if _holds(row, call, catalogue)]
        if holding:
            return max(holding, key=lambda row: (row.band != "", len(row.from_prefix)))
    return None


def _holds(row: DeckRow, call: Call, catalogue: Catalogue) -> bool:
    """Whether the row is in force at the call's start, by the operator's calendar and clock, and for its caller."""
    wall = call.started_at.astimezone(catalogue.zone)
    in_force = row.effective_from <= wall.date() < row.effective_to
    in_band = not row.band or catalogue.bands[row.band].holds(
        _kind_of_day(wall.date(), catalogue.holidays), wall.hour * 60 + wall.minute
    )
    return in_force and in_band and call.caller.startswith(row.from_prefix)


def _kind_of_day(day: date, holidays: frozenset[str]) -> str:
    """ "holiday", or the day of the week."""
    return "holiday" if holidays & {f"{day:%m-%d}", day.isoformat()} else WEEK[day.weekday()]


def _buy_charge(call: Call, catalogue: Catalogue) -> Decimal | None:
    """What the call's carrier charges for it, in the account's currency; None where that is not known."""
    carrier = catalogue.carriers.get(call.carrier)
    if carrier is None:
        return None
    own = _carriers_price(call, carrier, catalogue)
    day = call.started_at.astimezone(catalogue.zone).date()
    return None if own is None else _converted(own, carrier["currency"], call.account.currency, day, catalogue)


def _carriers_price(call: Call, carrier: dict[str, Any], catalogue: Catalogue) -> Decimal | None:
    if not call.answered:
        return Decimal(0)
    row = _deck_row_for(call, catalogue, carrier["deck"])
    if row is None:
        return None if call.direction == "outbound" else Decimal(0)
    if row.late or row.rate is None:
        return None
    return charge(row, billed_seconds(call.duration_seconds, row, carrier.get("billing", "deck")), 0, carrier)


def _converted(amount: Decimal, base: str, quote: str, day: date, catalogue: Catalogue) -> Decimal | None:
    """`amount` of `base` in `quote`, by the rate of that day or the last one before, to 6 decimals half up.

    The pair either way round, whichever has the later date; the direct one where both have the same. Nothing is
    nothing in any currency.
    """
    if base == quote or not amount:
        return amount
    direct, inverse = (
        max((known for known in catalogue.fx.get(pair, []) if known[0] <= day), default=None)
        for pair in ((base, quote), (quote, base))
    )
    if direct and (not inverse or direct[0] >= inverse[0]):
        return rounded(Fraction(amount) * Fraction(direct[1]), 6, "half-up")
    return rounded(Fraction(amount) / Fraction(inverse[1]), 6, "half-up") if inverse else None


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
    """What a call costs: capped, then rounded once, by a plan's or a carrier's terms. Nothing if all is covered."""
    price, fee = Fraction(row.rate or 0), Fraction(row.connect_fee)
    if row.per_call:
        exact = price + fee
    elif free >= billed:
        exact = Fraction(0)
    else:
        exact = fee + price * (billed - free) / 60
    if row.max_charge is not None:
        exact = min(exact, Fraction(row.max_charge))
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
