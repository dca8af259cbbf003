"""A statement -> PDF: PDF/A-2a with its structure tagged, set by statement.typ (typst 0.15) in the customer's language.

The same statement gives the same bytes. In: plain facts. All that is written is put into words here; the template sets
it as it stands.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, Literal

import typst

from callmeter.bills.statement_facts import (
    Statement,
    StatementAllowance,
    StatementCall,
    StatementCorrection,
    StatementTotal,
)
from callmeter.bills.words import Words, group_title, one_line, shown_number, symbol, words
from callmeter.errors import CallmeterError
from callmeter.model import Look
from callmeter.money import minor_digits

EN_DASH = "\N{EN DASH}"
_ZERO = Decimal(0)
_USUAL_NUMBER = 16  # a plus and the 15 digits that E.164 allows
_AFTER_TIME, _BETWEEN_TIMES = " " * 7, " " * 9  # from column to column
_FROM_WIDTH, _PRICE_WIDTH = 71.0, 62.0  # points, about
_CALL_POINTS = 8.5  # size of calls
_EMS = dict.fromkeys("0123456789", 0.465) | {":": 0.236, ".": 0.22, ",": 0.22, "+": 0.55, " ": 0.25}  # Libertinus


def render_statement(statement: Statement) -> bytes:
    """The statement as a PDF. A letter that no font here has is a box in it, and then it is no PDF/A."""
    press = _press()
    sheet = json.dumps(_Sheet(statement).content() | {"logo": press.logo(statement.look)})
    issued = datetime.combine(statement.issued_on, time(), UTC)
    try:
        return press.print(sheet, issued)
    except typst.TypstError as error:
        raise CallmeterError(f"the statement of bill {statement.bill_id} could not be set: {error}") from error


class _Press:
    """The template in a folder of its own, where it finds logos; a compiler that keeps its fonts."""

    def __init__(self) -> None:
        self._kept = TemporaryDirectory(prefix="callmeter-statements-")  # as long as the press
        self._folder = Path(self._kept.name)
        template = self._folder / "statement.typ"
        template.write_bytes(files(__package__).joinpath(template.name).read_bytes())
        self._compiler = typst.Compiler(template, root=self._folder, ignore_system_fonts=True)
        self._alone = Lock()

    def logo(self, look: Look) -> str:
        """The name of the logo's file in that folder; "" where there is none."""
        if not look.image:
            return ""
        content = base64.b64decode(look.image)
        path = self._folder / f"{hashlib.sha256(content).hexdigest()}.{look.logo.rpartition('.')[2]}"
        if not path.exists():
            path.write_bytes(content)
        return path.name

    def print(self, sheet: str, issued: datetime) -> bytes:
        """The sheet, set. Raises typst.TypstError."""
        try:
            return self._print(sheet, issued, "a-2a")
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
            return self._print(sheet, issued, "1.7")

    def _print(self, sheet: str, issued: datetime, standard: Literal["a-2a", "1.7"]) -> bytes:
        with self._alone:
            pdf = self._compiler.compile(sys_inputs={"data": sheet}, pdf_standards=standard, timestamp=issued)
        assert isinstance(pdf, bytes)
        return pdf


@cache
def _press() -> _Press:
    return _Press()


class _Sheet:
    """What the template reads: text ready to be set, flags, and bars in thousandths of their full length."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.words: Words = words(statement.language)
        self.places = _places(statement)
        self._columns = _Columns(self)
        self._days: dict[date, str] = {}

    def content(self) -> dict[str, Any]:
        statement, said = self.statement, self.words
        return {
            "language": statement.language,
            "words": _template_words(statement.language),
            "accent": statement.look.accent,
            "footer": one_line(statement.look.footer, 200),
            "logo_says": said.logo.format(name=one_line(statement.operator_name, 80)),
            "operator": {
                "name": one_line(statement.operator_name, 80),
                "address": [one_line(part, 80) for part in statement.operator_address],
                "email": one_line(statement.operator_email, 120),
            },
            "account": {"name": one_line(statement.account_name, 120), "id": one_line(statement.account_id, 100)},
            "month": said.day(statement.first_day, said.month_and_year),
            "span": f"{self._long(statement.first_day)} {EN_DASH} {self._long(statement.last_day)}",
            "facts": [[name, value] for name, value in self._facts() if value],
            "heads": {"invoiced": said.credited if statement.amount < 0 else said.invoiced},
            "unit": symbol(statement.currency),
            "invoiced": said.amount(abs(statement.amount), statement.currency),
            "notes": self._notes(),
            "groups": [
                self._total_row(total, group_title(total.name, statement.language)) for total in statement.groups
            ],
            "total": self._total_row(statement.total, said.all_calls),
            "sums": self._sums(),
            "carried": self._figure(statement.carried_out),
            "why_carried": self._why_carried(),
            "numbers": self._numbers(),
            "from_width": self._columns.from_width,
            "price_width": self._columns.price_width,
            "allowances": [self._allowance_bar(allowance) for allowance in statement.allowances],
            "days": self._day_bars(),
            "calls": [self._call_row(call) for call in statement.calls],
            "corrections": [self._correction_row(fix) for fix in statement.corrections],
        }

    def _facts(self) -> list[tuple[str, str]]:
        """What stands beside the amount: name and value."""
        statement, said = self.statement, self.words
        return [
            (said.credit_note if statement.amount < 0 else said.invoice, one_line(statement.invoice_number, 60)),
            (said.bill, one_line(statement.bill_id, 100)),
            (said.issued, self._long(statement.issued_on)),
            (said.times_in, one_line(statement.timezone, 60)),
        ]

    def _sums(self) -> list[dict[str, str]]:
        """From the calls' charge to what is invoiced, line by line; what would change nothing is left out."""
        statement, said = self.statement, self.words
        lines: list[tuple[str, Decimal]] = []
        if statement.corrections:
            lines.append((said.corrections, statement.corrections_charge))
        if statement.carried_in:
            lines.append((said.carried_in, statement.carried_in))
        if lines:
            lines.append((said.due, statement.due))
        return [{"label": label, "amount": self._figure(amount)} for label, amount in lines]

    def _why_carried(self) -> str:
        statement, said = self.statement, self.words
        if statement.why_carried == "minimum":
            return said.below_minimum.format(amount=said.amount(statement.minimum, statement.currency))
        return said.credit_carried if statement.why_carried == "credit" else ""

    def _notes(self) -> list[str]:
        """What stands below the calls."""
        statement, said = self.statement, self.words
        left_out = (
            (said.unanswered_calls, statement.unanswered_calls),
            (said.free_incoming_calls, statement.free_inbound_calls),
        )
        calls = "; ".join(form.format(count=count) for form, count in left_out if count)
        listed = (*statement.calls, *statement.corrections)
        notes = [said.not_listed.format(calls=calls)] if calls else []
        if any(call.charge is None for call in listed):
            notes.append(said.late_note)
        if any(call.barred for call in listed):
            notes.append(said.barred_note)
        return notes

    def _total_row(self, total: StatementTotal, name: str) -> dict[str, Any]:
        said = self.words
        if total.calls and total.late_calls == total.calls:
            charge = said.late
        elif total.name and total.charge == 0 and total.free_seconds:
            charge = said.included
        else:
            charge = self._figure(total.charge)
        return {
            "name": name,
            "calls": str(total.calls),
            "time": _clock(total.billed_seconds),
            "free": _clock(total.free_seconds) if total.free_seconds else "",
            "charge": charge,
            "late": said.late_calls.format(count=total.late_calls) if 0 < total.late_calls < total.calls else "",
            "quiet": not total.charge,
        }

    def _numbers(self) -> list[dict[str, Any]]:
        """Totals per number of the account, where there are several."""
        numbers = self.statement.numbers
        if len(numbers) < 2:
            return []
        return [self._total_row(total, shown_number(total.name) or EN_DASH) for total in numbers]

    def _allowance_bar(self, allowance: StatementAllowance) -> dict[str, str | int]:
        full, said = allowance.minutes * 60, self.words
        return {
            "name": one_line(allowance.name, 60),
            "minutes": said.minutes.format(minutes=allowance.minutes),
            "used": said.used.format(time=_clock(allowance.used_seconds)),
            "left": said.left.format(time=_clock(allowance.left_seconds)),
            "filled": min(1000, allowance.used_seconds * 1000 // full) if full else 1000,
        }

    def _day_bars(self) -> dict[str, Any]:
        """Spend per day: the outline of its bars in thousandths (across, up), and a label for each week's first day."""
        charges, said = self.statement.charge_by_day, self.words
        highest = max(charges.values(), default=_ZERO)
        if highest <= 0:
            return {"highest": "", "skyline": [], "labels": []}
        peak = next(day for day, charge in charges.items() if charge == highest)
        days = sorted(charges)
        width = 1000 / len(days)
        skyline = [(0.0, 0)]
        for place, day in enumerate(days):
            up = int(max(_ZERO, charges[day]) * 1000 / highest)
            left, right = round(width * (place + 0.08), 2), round(width * (place + 0.92), 2)
            skyline += [(left, 0), (left, up), (right, up), (right, 0)]
        return {
            "highest": said.highest.format(amount=self._figure(highest), day=said.day(peak, said.short_day)),
            "skyline": skyline,
            "labels": [
                (round(width * (place + 0.08), 2), said.day(days[place], "{day}")) for place in range(0, len(days), 7)
            ],
        }

    def _call_row(self, call: StatementCall) -> list[Any]:
        """A call with a text per column; a usual one with as few texts as can be, since each takes its time to set."""
        date, time = self._short(call.started_at.date()), f"{call.started_at:%H:%M}"
        source, target = shown_number(call.from_number), shown_number(call.to_number)
        place, marks = one_line(call.destination, 60), self._marks(call)
        duration, billed = _clock(call.duration_seconds), _clock(call.billed_seconds)
        price, quiet = self.price(call), not call.charge
        columns = self._columns
        if (
            columns.are_usual(source, price)
            and len(target) <= _USUAL_NUMBER
            and len(duration) + len(billed) == 14
            and _is_short(place)
            and not (marks or quiet)
        ):
            numbers = f"{time}{_AFTER_TIME}{source}{columns.after_source}{target}"
            return [date, numbers, place, f"{duration}{_BETWEEN_TIMES}{billed}{columns.before_price}{price}"]
        return [date, time, source, target, place, marks, duration, billed, price, quiet]

    def _short(self, day: date) -> str:
        if day not in self._days:
            self._days[day] = self.words.day(day, self.words.short_day)
        return self._days[day]

    def _correction_row(self, fix: StatementCorrection) -> list[Any]:
        """Period, date, number, place, marks, before, now, whether that is quiet, due, reason."""
        said = self.words
        return [
            fix.period,
            said.day(fix.started_at, said.middle_day),
            shown_number(fix.from_number if fix.direction == "inbound" else fix.to_number),
            one_line(fix.destination, 60),
            self._marks(fix),
            self._figure(fix.billed_before),
            EN_DASH if fix.reason == "removed" else self.price(fix),
            not fix.charge,
            self._figure(fix.difference),
            said.reason(fix.reason),
        ]

    def _marks(self, call: StatementCall) -> list[str]:
        """What is to be said of a call beside its place."""
        said, marks = self.words, []
        if call.direction != "outbound":
            marks.append(said.incoming if call.direction == "inbound" else said.internal)
        if call.barred:
            marks.append(said.barred)
        if call.charge and call.free_seconds:
            marks.append(said.part_included.format(time=_clock(call.free_seconds)))
        return marks

    def price(self, call: StatementCall) -> str:
        if call.charge is None:
            return self.words.late
        if call.charge == 0:
            return self.words.included if call.free_seconds else self.words.free
        return self._figure(call.charge)

    def _figure(self, amount: Decimal) -> str:
        return self.words.figure(amount, self.places)

    def _long(self, day: date) -> str:
        return self.words.day(day, self.words.long_day)


@cache
def _template_words(language: str) -> dict[str, Any]:
    return words(language).model_dump(include=_TEMPLATE_WORDS)


class _Columns:
    """How wide columns are, in points: so that what most calls have is one text, with spaces from column to column."""

    def __init__(self, sheet: _Sheet) -> None:
        calls = sheet.statement.calls if sheet.words.direction == "ltr" else ()
        self._source = _most_common(_shape(shown_number(call.from_number)) for call in calls)
        self._price = _most_common(_shape(sheet.price(call)) for call in calls if call.charge)
        self.after_source, self.from_width = _spaced(self._source, _FROM_WIDTH)
        self.before_price, self.price_width = _spaced(self._price, _PRICE_WIDTH)

    def are_usual(self, source: str, price: str) -> bool:
        """Whether a call's number and price are as wide as most are."""
        return bool(self._source and self._price) and (_shape(source), _shape(price)) == (self._source, self._price)


def _most_common(shapes: Iterable[str]) -> str:
    """The shape that most have, of those whose width is known; "" where there is none."""
    return max(((count, shape) for shape, count in Counter(shapes).items() if shape), default=(0, ""))[1]


def _spaced(shape: str, width: float) -> tuple[str, float]:
    """The spaces that fill a text up to about that width, three at least, and the width that comes to."""
    spaces = " " * max(3, round((width - _across(shape)) / _across(" ")))
    return spaces, _across(shape + spaces) if shape else width


@lru_cache(10_000)
def _shape(text: str) -> str:
    """A text that is as wide: +442079460101 is +000000000000. "" where it has anything but figures."""
    shape = "".join("0" if letter.isdecimal() else letter for letter in text)
    return shape if all(letter in _EMS for letter in shape) else ""


@lru_cache(10_000)
def _is_short(place: str) -> bool:
    """Whether the column of places surely has room for it: 24 small letters, or 18 capitals."""
    return 3 * len(place) + sum(map(str.isupper, place)) <= 72


def _across(text: str) -> float:
    return round(sum(_EMS[letter] for letter in text) * _CALL_POINTS, 3)


_TEMPLATE_WORDS = {
    "direction", "title", "account", "page", "reckoning", "calls_to", "calls", "billed_time", "included_time", "charge",
    "corrections", "carried_out", "included_minutes", "spend", "by_number", "your_number", "every_call", "no_calls",
    "date", "time", "from_", "to", "number", "place", "duration", "billed", "price", "period", "before", "now", "due",
    "all_calls",
}  # fmt: skip


def _places(statement: Statement) -> int:
    """Decimals that show every figure exactly, the same for all of them so that they stand in columns."""
    figures = {call.charge for call in statement.calls if call.charge}
    figures |= {fix.difference for fix in statement.corrections} | {fix.billed_before for fix in statement.corrections}
    figures |= {statement.carried_in, statement.amount}
    needed = (-int(figure.normalize().as_tuple().exponent) for figure in figures if figure)
    return max(minor_digits(statement.currency), *needed, 0)


@lru_cache(10_000)
def _clock(seconds: int) -> str:
    """Seconds as H:MM:SS."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
