"""One row of the table -> rows of a deck, by what was decided for its columns.

The distinct cells of most columns are read once. What cannot be read is a problem with its place, and costs its row.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from callmeter.catalogue.importing import dates, prefixes, prices
from callmeter.catalogue.importing.cells import Unread, attempt, each_read, first_seen, names, shown, squeezed
from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.deck import DeckRow
from callmeter.catalogue.importing.increments import increments
from callmeter.catalogue.importing.sheets import Record
from callmeter.catalogue.importing.tables import Table
from callmeter.errors import Problem

T = TypeVar("T")

DROPPED = (
    "before header",
    "header",
    "repeated header",
    "blank",
    "title",
    "footer",
    "duplicate",
    "closed",
    "not understood",
)
CODE_GROUPS = frozenset({"emergency", "short", "feature"})
_CLOSED = names(
    "closed, close, deleted, delete, removed, remove, blocked, block, withdrawn, discontinued, terminated, expired, "
    "removal, deletion, code removal, code removed, code deletion, code deleted"
)
_KEPT = names(
    "new, increase, increased, decrease, decreased, unchanged, no change, same, current, added, addition, add, "
    "code addition, code added, new code, rate increase, rate decrease, price increase, price decrease, changed, "
    "pending increase, pending decrease, change, rate change, up, down, active, open, effective, enabled, amended, "
    "update, updated"
)
_ALWAYS = names(", flat, all, any, anytime, all day, always, 24h, 24x7, 24/7, default, standard, 24 hours")
_TRUE = frozenset({"yes", "y", "true", "t", "1", "on", "x"})
_FALSE = frozenset({"no", "n", "false", "f", "0", "off", ""})
_DIRECTIONS = {
    "": "", "outbound": "", "out": "", "outgoing": "", "local": "", "o": "", "inbound": "inbound", "in": "inbound",
    "incoming": "inbound", "i": "inbound",
}  # fmt: skip
PRICED = ("connect_fee", "max_charge")
_STEPS = ("first_increment", "increments", "increment", "minimum")


@dataclass
class Reading:
    """What the rows of a table came to."""

    rows: list[DeckRow] = field(default_factory=list)
    dropped: dict[str, list[int]] = field(default_factory=lambda: {reason: [] for reason in DROPPED})  # reason -> lines
    problems: list[Problem] = field(default_factory=list)
    rounded: int = 0  # prices that were
    prefix: prefixes.PrefixReading = field(default_factory=prefixes.PrefixReading)
    joined: bool = False
    price: prices.PriceReading = field(default_factory=lambda: prices.PriceReading("."))
    date: dates.DateReading = field(default_factory=lambda: dates.DateReading("", "UTC"))
    words: Counter[str] = field(default_factory=Counter)  # what stood in a price's place -> how often

    def refuse(self, record: Record, *problems: Problem) -> None:
        """Leave a row out for its problems."""
        self.problems += problems
        self.dropped["not understood"].append(record.line)


class RowReader:
    """Reads row by row into a Reading. own: a deck that was imported before, whose rows need no prefix."""

    def __init__(
        self, table: Table, records: list[Record], choices: Choices, reading: Reading, *, today: date, own: bool
    ) -> None:
        self.table, self.choices, self.reading, self.today, self.own = table, choices, reading, today.isoformat(), own
        self.at = {column.meaning: column.index for column in table.columns if not column.band}
        self.rates = [(column.index, column.band) for column in table.columns if column.meaning == "rate"]
        priced = [column.index for column in table.columns if column.meaning in ("rate", "rate_first")]
        self.amounts = each_read(["", *first_seen(records, *priced)], reading.price.read)
        self.rounded = {text for text in self.amounts if reading.price.rounds(text)}
        self.cells = self._readers(records)
        self.steps: dict[tuple[str, ...], tuple[str, str] | Unread] = {}
        self.step_places = [self.at[meaning] for meaning in _STEPS if meaning in self.at]
        self.coded = bool(self.at.keys() & {"prefix", "country_code", "area_code"})
        self.effective = choices.effective.isoformat() if choices.effective else ""

    def _readers(self, records: list[Record]) -> list[tuple[str, int, dict[str, Any]]]:
        """The columns that are read cell by cell: what each means, where it is, and the meaning of each text in it."""
        read: dict[str, Callable[[str], Any]] = {
            "status": _closes, "discontinued": _truth, "forbidden": _truth, "allowed": _allowed, "late": _truth,
            "per_call": _truth, "direction": _direction, "currency": _currency, "band": self._band, "group": str,
            "from_prefix": _caller, "effective_from": self.reading.date.read, "effective_to": self.reading.date.read,
            "unsupported": _nothing, **dict.fromkeys(PRICED, _fee(self.reading.price)),
        }  # fmt: skip
        return [
            (column.meaning, column.index, each_read(["", *first_seen(records, column.index)], read[column.meaning]))
            for column in self.table.columns
            if column.meaning in read
        ]

    def read(self, record: Record) -> None:
        """Add the rows of the deck that a row of the table makes, or its problems, or drop it by reason."""
        problems: list[Problem] = []
        said: dict[str, Any] = {}
        for meaning, at, meant in self.cells:
            said[meaning] = self._or_problem(meant[record.cells[at]], problems, record, at, None)
        first, following = self._increments(record, problems)
        closed = said.get("status") or said.get("discontinued")
        starts = said.get("effective_from") or self.effective
        ends = said.get("effective_to") or ""
        if ends.startswith("9999"):
            ends = ""  # how some write that there is none
        elif ends and self.choices.last_day:
            ends = dates.day_after(ends)
        if ends and not closed and starts >= ends:
            problems.append(self._problem(record, self.at["effective_to"], _empty_span()))
        whole = DeckRow(
            prefix="",
            destination=self._destination(record),
            rate="",
            group=said.get("group") or "",
            connect_fee=said.get("connect_fee") or "",
            first_increment=first,
            increment=following,
            per_call="yes" if said.get("per_call") else "",
            allowed="no" if said.get("forbidden") or said.get("allowed") is False else "",
            late="yes" if said.get("late") else "",
            direction=said.get("direction") or "",
            effective_from="" if closed else starts,
            effective_to=(ends or starts or self.today) if closed else ends,
            currency=said.get("currency") or "",
            band=said.get("band") or "",
            max_charge=said.get("max_charge") or "",
            from_prefix=said.get("from_prefix") or "",
            line=record.line,
            withdrawn=bool(closed),
        )
        self._keep(record, self._made(record, whole, problems), problems)

    def _made(self, record: Record, whole: DeckRow, problems: list[Problem]) -> list[DeckRow]:
        """The row for each of its prefixes; once for each band that has a price column of its own."""
        codes = self._prefixes(record, whole, problems)
        made: list[DeckRow] = []
        for at, band in self.rates:
            text = record.cells[at]
            amount = self._or_problem(self.amounts[text], problems, record, at, Decimal(0))
            if isinstance(amount, str) or text.casefold() in prices.FREE_WORDS:
                self.reading.words[text] += 1
            self.reading.rounded += text in self.rounded
            rate = written(amount) if isinstance(amount, Decimal) else ""
            late = "yes" if amount == prices.LATE else whole.late
            allowed = "no" if amount == prices.BARRED and not late else whole.allowed
            band = band or whole.band
            made += [whole._replace(prefix=code, rate=rate, late=late, allowed=allowed, band=band) for code in codes]
        if "rate_first" in self.at:
            self._compare_first(record, made[0], problems)
        return made

    def _keep(self, record: Record, made: list[DeckRow], problems: list[Problem]) -> None:
        if problems:
            self.reading.refuse(record, *problems)
        elif not self.own and "" < made[0].effective_to <= self.today and not made[0].withdrawn:
            self.reading.dropped["closed"].append(record.line)
        else:
            self.reading.rows += made

    def _problem(self, record: Record, at: int, unread: Unread) -> Problem:
        return self.table.problem(record, at, unread.code, unread.text, unread.hint)

    def _or_problem(self, found: T | Unread, problems: list[Problem], record: Record, at: int, default: T) -> T:
        if isinstance(found, Unread):
            problems.append(self._problem(record, at, found))
            return default
        return found

    def _cell(self, record: Record, meaning: str) -> str:
        at = self.at.get(meaning)
        return "" if at is None else record.cells[at]

    def _increments(self, record: Record, problems: list[Problem]) -> tuple[str, str]:
        if not self.step_places:
            return "", ""
        cells = tuple(record.cells[at] for at in self.step_places)
        if cells not in self.steps:
            self.steps[cells] = attempt(lambda _: increments(*(self._cell(record, meaning) for meaning in _STEPS)), "")
        at = next((at for at in self.step_places if record.cells[at]), self.step_places[0])
        return self._or_problem(self.steps[cells], problems, record, at, ("", ""))

    def _destination(self, record: Record) -> str:
        name = self._cell(record, "destination")
        if not name:
            country, network = self._cell(record, "country"), self._cell(record, "network")
            name = network if network.casefold().startswith(country.casefold()) else f"{country} {network}"
        return " ".join(name.split())

    def _prefixes(self, record: Record, whole: DeckRow, problems: list[Problem]) -> list[str]:
        """The row's prefixes; one blank where the deck is by destination's name."""
        if not self.coded:
            return [""]
        head, tail = self.at.get("country_code"), self.at.get("area_code")
        found: list[str] | Unread
        if head is not None and tail is not None and self.reading.joined:
            at = tail if record.cells[tail] else head
            found = attempt(lambda code: self.reading.prefix.joined(code, record.cells[tail]), record.cells[head])
        else:
            places = [at for at in (self.at.get("prefix"), tail, head) if at is not None]
            at = next((at for at in places if record.cells[at]), places[0])
            cell = record.cells[at]
            if whole.group.casefold() in CODE_GROUPS or (self.own and not cell and whole.destination):
                return [cell]
            found = attempt(self.reading.prefix.read, cell)
        return self._or_problem(found, problems, record, at, [""])

    def _compare_first(self, record: Record, row: DeckRow, problems: list[Problem]) -> None:
        """Price 1 and Price N must be one."""
        at = self.at["rate_first"]
        amount = self._or_problem(self.amounts[record.cells[at]], problems, record, at, Decimal(0))
        same = written(amount) == row.rate if isinstance(amount, Decimal) else not row.rate
        if not same and not problems:
            text = f"the first interval costs {shown(record.cells[at]) or 'nothing'}, later ones {row.shown_price}"
            hint = "callmeter has one rate for all; state the difference as a connect fee."
            problems.append(self._problem(record, at, Unread("two-prices", text, hint)))

    def _band(self, cell: str) -> str:
        stated = next((band for name, band in self.choices.bands.items() if squeezed(name) == squeezed(cell)), None)
        if stated is not None:
            return stated
        plain = squeezed(cell)
        if plain in _ALWAYS:
            return ""
        if not plain.isascii() or not plain[0].isalpha() or len(plain) > 40:
            hint = f'State one: --band "{shown(cell)}=peak".'
            raise Unread("bad-band", f'"{shown(cell)}" is not the name of a band', hint)
        return plain


def written(amount: Decimal) -> str:
    """An amount as decks have it: 0.00001, never 1E-5."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fee(reading: prices.PriceReading) -> Callable[[str], str]:
    """Reads fees and caps: blank is none."""
    return lambda text: "" if text in ("", "-") else written(reading.amount(text))


def _truth(text: str) -> bool:
    plain = text.casefold()
    if plain in _TRUE or plain in _FALSE:
        return plain in _TRUE
    raise Unread("bad-truth", f'"{shown(text)}" is neither yes nor no', "Write yes or no.")


def _allowed(text: str) -> bool:
    return not text or _truth(text)


def _closes(text: str) -> bool:
    plain = squeezed(text)
    if plain in _CLOSED:
        return True
    if not plain or plain in _KEPT or (text not in ("0", "1") and text.strip("+-0123456789.,% ") == ""):
        return False
    hint = "Known are New, Increase, Decrease, Unchanged, Closed, Deleted and the like; else state --map HEADER=ignore."
    raise Unread("bad-status", f'"{shown(text)}" is not a change that is known', hint)


def _direction(text: str) -> str:
    if text.casefold() in _DIRECTIONS:
        return _DIRECTIONS[text.casefold()]
    raise Unread("bad-direction", f'"{shown(text)}" is neither outbound nor inbound', "Write outbound or inbound.")


def _currency(text: str) -> str:
    if not text or (len(text) == 3 and text.isascii() and text.isalpha()):
        return text.upper()
    raise Unread("bad-currency", f'"{shown(text)}" is not a currency', "Write it as EUR.")


def _caller(text: str) -> str:
    digits = text.replace(" ", "").removeprefix("+")
    if not text or (digits.isdecimal() and digits.isascii() and digits[0] != "0" and len(digits) <= 15):
        return digits
    raise Unread(
        "bad-from-prefix", f'"{shown(text)}" is not the beginning of a number', "Write digits with the country code."
    )


def _nothing(text: str) -> None:
    """A charge that callmeter does not have must be none."""
    if text.strip("0.,-") and text.casefold() not in ("n/a", "none", "no"):
        hint = "callmeter has no such charge; leave it out knowingly with --map HEADER=ignore."
        raise Unread("unsupported-charge", f'"{shown(text)}" would change what calls cost', hint)


def _empty_span() -> Unread:
    return Unread(
        "empty-span",
        "the row ends before it begins",
        "Write a later end, or state --last-day where ends are inclusive.",
    )
