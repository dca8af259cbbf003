"""Which days of a service an invoice bills, how many of its plan's periods they are, and when they fall due.

Periods of M months begin on the service's start day. What lies before the first of them is billed by its part of a
whole period (alone, or together with the next), and so is a last period that the service's end cuts off.
Sources: the blueprint's Service; how UCRM 2.x made recurring invoices. That a period billed backwards is due on the
day after its last, and that parts have 15 decimals, is the stand-in's choice.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

_DAY = timedelta(days=1)
_PLACES = Decimal(1).scaleb(-15)


@dataclass(frozen=True)
class Terms:
    """How a service is billed. `ends`: its last day; `adjustment`: days before the usual one."""

    start: date
    start_day: int
    months: int
    forward: bool
    adjustment: int = 0
    prorated_separately: bool = True
    ends: date | None = None
    thirty_day_months: bool = False


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included; `quantity` in periods of the plan."""

    first: date
    last: date
    quantity: Decimal

    @property
    def is_whole(self) -> bool:
        return self.quantity == self.quantity.to_integral_value()

    def due(self, terms: Terms) -> date:
        """The day UCRM makes its invoice."""
        usual = self.first if terms.forward else self.last + _DAY
        return usual - timedelta(days=terms.adjustment)


def upcoming(terms: Terms, invoiced_to: date | None) -> Iterator[Span]:
    """The spans after `invoiced_to`, oldest first; without end unless the service has one."""
    first = terms.start if invoiced_to is None else invoiced_to + _DAY
    together = invoiced_to is None and not terms.prorated_separately
    while (span := _span(terms, first)) is not None:
        if together and span.quantity < 1 and (after := _span(terms, span.last + _DAY)) is not None:
            span = replace(span, last=after.last, quantity=span.quantity + after.quantity)
        together = False
        yield span
        first = span.last + _DAY


def due(terms: Terms, invoiced_to: date | None, day: date) -> list[Span]:
    """The spans due by `day`; whole periods that follow each other are one."""
    spans: list[Span] = []
    for span in upcoming(terms, invoiced_to):
        if span.due(terms) > day:
            break
        if spans and span.is_whole and spans[-1].is_whole:
            before = spans.pop()
            span = Span(before.first, span.last, before.quantity + span.quantity)
        spans.append(span)
    return spans


def _span(terms: Terms, first: date) -> Span | None:
    """From `first` to the end of its period, or of the service; None where the service has ended."""
    if terms.ends is not None and first > terms.ends:
        return None
    start = _on_start_day(first, terms.start_day)
    if start < first:
        start = _later(start, 1, terms.start_day)
    whole = start == first
    begins = first if whole else _later(start, -terms.months, terms.start_day)
    after = _later(first, terms.months, terms.start_day) if whole else start
    last = after - _DAY if terms.ends is None else min(after - _DAY, terms.ends)
    if whole and last == after - _DAY:
        return Span(first, last, Decimal(1))
    days, of_days = (last - first + _DAY).days, (after - begins).days
    if terms.thirty_day_months:
        of_days = 30 * terms.months
        days = min(days, of_days)
    return Span(first, last, (Decimal(days) / of_days).quantize(_PLACES).normalize())


def _on_start_day(day: date, start_day: int) -> date:
    """The start day in this day's month; 31 is the month's last."""
    return day.replace(day=min(start_day, monthrange(day.year, day.month)[1]))


def _later(day: date, months: int, start_day: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return _on_start_day(date(year, month + 1, 1), start_day)
