"""The arithmetic of the surcharge way: bills on one side, what invoices have charged on the other. Pure.

A service surcharge is a meter whose price says what is still to be charged. UCRM multiplies it as it likes: half for a
prorated period, double for two at once, not at all where the run came too early. So what is to be charged is never
counted on: it is what the bills come to, less what the invoices say. Whatever went wrong comes out of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Charged:
    """What one invoice that is not void has charged for the meter, without tax; in the order of their making."""

    invoice_id: int
    number: str
    is_draft: bool
    total: Decimal


@dataclass(frozen=True)
class Share:
    """How much of one bill has been charged: on numbered invoices, and with those on drafts as well.

    `last`: what charged the last of it, None where not all of it is charged.
    """

    numbered: Decimal
    charged: Decimal
    last: Charged | None


def outstanding(bills: Sequence[Decimal], charged: Sequence[Charged]) -> Decimal:
    """What is still to be charged; below zero: what was charged too much, which the next bills use up."""
    return sum(bills, _ZERO) - sum((one.total for one in charged), _ZERO)


def shares(bills: Sequence[Decimal], charged: Sequence[Charged]) -> list[Share]:
    """The bills' shares, first in first out: what is charged covers the oldest bill first, numbered invoices first."""
    ordered = sorted(charged, key=lambda one: one.is_draft)  # a stable sort: otherwise as they were made
    numbered = sum((one.total for one in ordered if not one.is_draft), _ZERO)
    whole = sum((one.total for one in ordered), _ZERO)
    found, before = [], _ZERO
    for amount in bills:
        part = _between(whole - before, amount)
        last = _reaches(ordered, before + amount) if part == amount else None
        found.append(Share(_between(numbered - before, amount), part, last))
        before += amount
    return found


def _between(value: Decimal, most: Decimal) -> Decimal:
    return min(max(value, _ZERO), most)


def _reaches(charged: Sequence[Charged], amount: Decimal) -> Charged | None:
    """The one with which the sum comes to `amount`."""
    total = _ZERO
    for one in charged:
        total += one.total
        if total >= amount:
            return one
    return None
