"""A customer's bill of one period -> its statement, as PDF (statement.typ, typst 0.15) and as CSV.

In: plain facts; numbers masked already, times local, money exact. Out: bytes, the same for the same facts.
Sums are made here, from the calls that are listed, so that a statement always adds up:

    calls_charge + corrections_charge + carried_in = due;   due - amount = carried_out   (design 3.14)
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import typst
from pydantic import Field, NaiveDatetime, ValidationInfo, field_validator

from callmeter.errors import CallmeterError
from callmeter.model import Currency, Fact, Label
from callmeter.money import minor_digits, minor_unit, plain, round_to_minor

LATE = "price to follow"
MINUS, EN_DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
_ZERO = Decimal(0)

Seconds = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class StatementCall(Fact):
    """One answered call to list. `started_at` is local time; `charge` None is "price to follow"."""

    started_at: NaiveDatetime
    direction: Literal["outbound", "inbound", "internal"] = "outbound"
    from_number: str
    to_number: str
    destination: str = ""
    group: str = ""
    duration_seconds: Seconds
    billed_seconds: Seconds
    free_seconds: Seconds = 0  # of the billed ones, what an allowance covered
    charge: Decimal | None
    barred: bool = False


class StatementCorrection(StatementCall):
    """A call of an earlier period whose charge is not what was billed for it then.

    `charge` is what it costs now (0 where the call is gone), `billed_before` what was billed (0 where it is
    new).
    """

    period: Label
    billed_before: Decimal

    @property
    def difference(self) -> Decimal:
        """What comes onto this bill: positive where it is owed, negative where it is credited."""
        return (self.charge or _ZERO) - self.billed_before


class StatementAllowance(Fact):
    """Prepaid minutes, and how many of their seconds this period used."""

    name: str
    minutes: Count
    used_seconds: Seconds

    @property
    def left_seconds(self) -> int:
        return max(0, self.minutes * 60 - self.used_seconds)


class StatementGroup(Fact):
    """What the listed calls of one group of destinations come to."""

    group: str
    calls: Count
    late_calls: Count
    billed_seconds: Seconds
    free_seconds: Seconds
    charge: Decimal


class Statement(Fact):
    """One account's bill of one period, call by call. `first_day`, `last_day` and `issued_on` are local days.

    `calls` holds what is listed, in the order it is listed: answered calls, inbound ones only where charged.
    """

    operator_name: str
    operator_address: tuple[str, ...] = ()
    operator_email: str = ""
    account_name: str
    account_id: str
    bill_id: str
    invoice_number: str = ""
    period: Label
    first_day: date
    last_day: date
    timezone: str
    currency: Currency
    issued_on: date
    calls: tuple[StatementCall, ...] = ()
    corrections: tuple[StatementCorrection, ...] = ()
    allowances: tuple[StatementAllowance, ...] = ()
    unanswered_calls: Count = 0  # not listed, nothing to pay
    free_inbound_calls: Count = 0  # not listed, nothing to pay
    carried_in: Decimal = _ZERO  # what rounding left of the last bill
    amount: Decimal  # invoiced, in the currency's minor unit

    @field_validator("amount")
    @classmethod
    def _can_be_invoiced(cls, amount: Decimal, seen: ValidationInfo) -> Decimal:
        currency = seen.data.get("currency", "")
        if amount != round_to_minor(amount, currency):
            raise ValueError(f"{amount} {currency} cannot be invoiced: round it to {minor_unit(currency)} first")
        return amount

    @cached_property
    def groups(self) -> tuple[StatementGroup, ...]:
        """Totals by group: the largest charge first, then by name."""
        by_group: dict[str, list[StatementCall]] = {}
        for call in self.calls:
            by_group.setdefault(call.group, []).append(call)
        totals = [_group_total(group, calls) for group, calls in by_group.items()]
        return tuple(sorted(totals, key=lambda total: (-total.charge, total.group)))

    @cached_property
    def calls_charge(self) -> Decimal:
        """The listed calls of this period, exactly."""
        return _charges(self.calls)

    @cached_property
    def corrections_charge(self) -> Decimal:
        """The corrections of earlier periods, exactly; below zero where they credit."""
        return sum((correction.difference for correction in self.corrections), _ZERO)

    @property
    def due(self) -> Decimal:
        """What is owed, exactly. Design 3.14."""
        return self.calls_charge + self.corrections_charge + self.carried_in

    @property
    def carried_out(self) -> Decimal:
        """What comes with the next bill."""
        return self.due - self.amount

    @cached_property
    def charge_by_day(self) -> dict[date, Decimal]:
        """Every day of the period with what its calls cost."""
        days = (self.last_day - self.first_day).days + 1
        charges = {self.first_day + timedelta(days=n): _ZERO for n in range(days)}
        for call in self.calls:
            day = call.started_at.date()
            charges[day] = charges.get(day, _ZERO) + (call.charge or _ZERO)
        return charges


def render_statement(statement: Statement) -> bytes:
    """The statement as a PDF. The same statement gives the same bytes."""
    try:
        pdf = typst.compile(
            _template(),
            sys_inputs={"data": json.dumps(_sheet(statement))},
            ignore_system_fonts=True,
            pdf_tags=False,
            timestamp=datetime.combine(statement.issued_on, time(), UTC),
        )
    except typst.TypstError as error:
        raise CallmeterError(f"the statement of bill {statement.bill_id} could not be set: {error}") from error
    if not isinstance(pdf, bytes):
        raise CallmeterError(f"the statement of bill {statement.bill_id} could not be set: no PDF came back")
    return pdf


CSV_COLUMNS = (
    "period", "started_at", "direction", "from_number", "to_number", "destination", "group",
    "duration_seconds", "billed_seconds", "free_seconds", "charge", "billed_before", "due", "currency",
    "status", "barred",
)  # fmt: skip


def statement_csv(statement: Statement) -> bytes:
    """The statement's calls, then its corrections, as CSV (UTF-8, CRLF, CSV_COLUMNS).

    Times are local; a late call has no charge. `due` adds up to the statement's calls and corrections.
    Text that a spreadsheet would take for a formula gets a leading apostrophe.
    """
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(CSV_COLUMNS)
    for call in statement.calls:
        rows.writerow(_csv_row(call, statement.period, _ZERO, statement.currency))
    for fix in statement.corrections:
        rows.writerow(_csv_row(fix, fix.period, fix.billed_before, statement.currency))
    return out.getvalue().encode()


def _csv_row(call: StatementCall, period: str, billed_before: Decimal, currency: str) -> tuple[str | int, ...]:
    return (
        period, call.started_at.isoformat(sep=" ", timespec="seconds"), call.direction,
        _cell(call.from_number), _cell(call.to_number), _cell(call.destination), _cell(call.group),
        call.duration_seconds, call.billed_seconds, call.free_seconds,
        "" if call.charge is None else plain(call.charge), plain(billed_before),
        plain((call.charge or _ZERO) - billed_before), currency,
        "late" if call.charge is None else "rated", "yes" if call.barred else "no",
    )  # fmt: skip


def _cell(text: str) -> str:
    """`text` as a spreadsheet reads it: never a formula. owasp.org/www-community/attacks/CSV_Injection."""
    text = _clean(text)
    starts_formula = unicodedata.normalize("NFKC", text[:1]) in {"=", "+", "-", "@", "|", "%"}
    return "'" + text if starts_formula else text


def _charges(calls: Iterable[StatementCall]) -> Decimal:
    return sum((call.charge for call in calls if call.charge is not None), _ZERO)


def _group_total(group: str, calls: list[StatementCall]) -> StatementGroup:
    return StatementGroup(
        group=group,
        calls=len(calls),
        late_calls=sum(call.charge is None for call in calls),
        billed_seconds=sum(call.billed_seconds for call in calls),
        free_seconds=sum(call.free_seconds for call in calls),
        charge=_charges(calls),
    )


@lru_cache(maxsize=1)
def _template() -> bytes:
    return files(__package__).joinpath("statement.typ").read_bytes()


# What the template reads: nothing but text ready to be set, and bars in thousandths of their full length.


def _sheet(statement: Statement) -> dict[str, Any]:
    currency, places = statement.currency, _places(statement)
    return {
        "operator": {
            "name": _text(statement.operator_name, 80),
            "address": [_text(line, 80) for line in statement.operator_address],
            "email": _text(statement.operator_email, 80),
        },
        "account": {"name": _text(statement.account_name, 120), "id": _text(statement.account_id, 100)},
        "bill": _text(statement.bill_id, 100),
        "invoice": _text(statement.invoice_number, 60),
        "month": f"{statement.first_day:%B %Y}",
        "span": f"{_long_day(statement.first_day)} {EN_DASH} {_long_day(statement.last_day)}",
        "issued": _long_day(statement.issued_on),
        "timezone": _text(statement.timezone, 60),
        "unit": _SYMBOLS.get(currency, currency),
        "invoiced": _amount(statement.amount, currency),
        "unlisted": _unlisted(statement),
        "late": sum(call.charge is None for call in statement.calls),
        "barred": any(call.barred for call in (*statement.calls, *statement.corrections)),
        "groups": [_group_row(group, places) for group in statement.groups],
        "total": _total(statement, places),
        "sums": _sums(statement, places),
        "carried": _fixed(statement.carried_out, places),
        "allowances": [_allowance_bar(allowance) for allowance in statement.allowances],
        "days": _day_bars(statement, places),
        "calls": [_call_row(call, places) for call in statement.calls],
        "corrections": [_correction_row(fix, places) for fix in statement.corrections],
    }


def _total(statement: Statement, places: int) -> dict[str, str]:
    free_seconds = sum(call.free_seconds for call in statement.calls)
    return {
        "calls": str(len(statement.calls)),
        "time": _clock(sum(call.billed_seconds for call in statement.calls)),
        "free": _clock(free_seconds) if free_seconds else "",
        "charge": _fixed(statement.calls_charge, places),
    }


def _sums(statement: Statement, places: int) -> list[dict[str, str]]:
    """From the calls' charge to what is invoiced, line by line; what would change nothing is left out."""
    lines: list[tuple[str, Decimal]] = []
    if statement.corrections:
        lines.append(("Corrections of earlier periods", statement.corrections_charge))
    if statement.carried_in:
        lines.append(("Carried from last bill", statement.carried_in))
    if lines:
        lines.append(("Due", statement.due))
    return [{"label": label, "amount": _fixed(amount, places)} for label, amount in lines]


def _unlisted(statement: Statement) -> str:
    """The calls that cost nothing and are not listed, in words."""
    parts = [
        f"{count:d} {kind} call{'' if count == 1 else 's'}"
        for count, kind in (
            (statement.unanswered_calls, "unanswered"),
            (statement.free_inbound_calls, "free incoming"),
        )
        if count
    ]
    return " and ".join(parts)


def _group_row(group: StatementGroup, places: int) -> dict[str, Any]:
    some_late = 0 < group.late_calls < group.calls
    if group.late_calls == group.calls:
        charge = LATE
    elif group.charge == 0 and group.free_seconds:
        charge = "included"
    else:
        charge = _fixed(group.charge, places)
    return {
        "name": group_title(group.group),
        "calls": str(group.calls),
        "time": _clock(group.billed_seconds),
        "free": _clock(group.free_seconds) if group.free_seconds else "",
        "charge": charge,
        "late": f"{group.late_calls} to follow" if some_late else "",
        "quiet": not group.charge,
    }


def _allowance_bar(allowance: StatementAllowance) -> dict[str, str | int]:
    full = allowance.minutes * 60
    return {
        "name": _text(allowance.name, 60),
        "minutes": str(allowance.minutes),
        "used": _clock(allowance.used_seconds),
        "left": _clock(allowance.left_seconds),
        "filled": min(1000, allowance.used_seconds * 1000 // full) if full else 1000,
    }


def _day_bars(statement: Statement, places: int) -> dict[str, Any]:
    """Spend per day: bars in thousandths of the highest, none where nothing was spent."""
    charges = statement.charge_by_day
    highest = max(charges.values(), default=_ZERO)
    if highest <= 0:
        return {"highest": "", "bars": []}
    peak = next(day for day, charge in charges.items() if charge == highest)
    bars = [
        {
            "day": str(day.day),
            "weekend": day.weekday() > 4,
            "height": int(max(_ZERO, charge) * 1000 / highest),
        }
        for day, charge in sorted(charges.items())
    ]
    return {"highest": _fixed(highest, places), "peak": _short_day(peak), "bars": bars}


def _call_row(call: StatementCall, places: int) -> dict[str, Any]:
    part = call.free_seconds if call.charge else 0
    return {
        "date": _short_day(call.started_at.date()),
        "time": f"{call.started_at:%H:%M}",
        "from": _text(call.from_number, 32),
        "to": _text(call.to_number, 32),
        "place": _text(call.destination, 60),
        "incoming": call.direction == "inbound",
        "barred": call.barred,
        "note": f"{_clock(part)} included" if part else "",
        "duration": _clock(call.duration_seconds),
        "billed": _clock(call.billed_seconds),
        "price": _price(call, places),
        "quiet": not call.charge,
    }


def _correction_row(fix: StatementCorrection, places: int) -> dict[str, Any]:
    return {
        **_call_row(fix, places),
        "period": fix.period,
        "date": f"{fix.started_at.day} {fix.started_at:%b %Y}",
        "before": _fixed(fix.billed_before, places),
        "now": _price(fix, places),
        "difference": _fixed(fix.difference, places),
    }


def _price(call: StatementCall, places: int) -> str:
    if call.charge is None:
        return LATE
    if call.charge == 0:
        return "included" if call.free_seconds else "free"
    return _fixed(call.charge, places)


def _places(statement: Statement) -> int:
    """Decimals that show every figure exactly, the same for all of them so that they stand in columns."""
    figures = [call.charge for call in statement.calls if call.charge is not None]
    figures += [fix.difference for fix in statement.corrections] + [fix.billed_before for fix in statement.corrections]
    figures += [statement.carried_in, statement.amount]
    needed = (-int(figure.normalize().as_tuple().exponent) for figure in figures if figure)
    return max(minor_digits(statement.currency), *needed, 0)


def _fixed(amount: Decimal, places: int) -> str:
    return f"{amount:.{places}f}".replace("-", MINUS)


def _amount(amount: Decimal, currency: str) -> str:
    symbol = _SYMBOLS.get(currency, currency + "\u00a0")
    sign = MINUS if amount < 0 else ""
    return f"{sign}{symbol}{abs(amount):.{minor_digits(currency)}f}"


def _clock(seconds: int) -> str:
    """Seconds as H:MM:SS."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _short_day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _long_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def group_title(group: str) -> str:
    """A group's key as customers read it: "uk-mobile" is "UK mobile". A key with capitals stays as it is."""
    title = _text(group, 60)
    if not title or title != title.lower():
        return title or "Other"
    first, *others = title.replace("-", " ").replace("_", " ").split() or [title]
    return " ".join([first.upper() if len(first) == 2 else first.capitalize(), *others])


def _text(text: str, longest: int) -> str:
    """`text` fit to be set: one line, at most so long."""
    text = _clean(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _clean(text: str) -> str:
    """`text` in one line, without control, direction and unpaired characters."""
    visible = ("" if unicodedata.category(c) == "Cf" else " " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join("".join(visible).split())
