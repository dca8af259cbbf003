"""A bill's lines -> items of an invoice, and back: what of a bill is on an invoice now. Pure.

Taxes are UCRM's work: an item only names them. Where UCRM's prices include tax, an item's price is the line's amount
with it, rounded so that UCRM, taking the tax off the sum, comes to the bill's amount to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from callmeter.errors import CallmeterError
from callmeter.model import BillLine
from callmeter.money import minor_unit, plain, round_to_minor, split_by_largest_remainder
from callmeter.ucrm.answers import InvoiceItem

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Taxing:
    """The taxes of a client's items: ids, and the percentage that is in their prices (0 where prices are without)."""

    ids: tuple[int, ...] = ()
    included: Decimal = Decimal(0)

    @property
    def fields(self) -> dict[str, int]:
        return {f"tax{place}Id": number for place, number in enumerate(self.ids, 1)}

    def gross(self, amount: Decimal) -> Decimal:
        """`amount` as prices have it, exact."""
        return amount * (_HUNDRED + self.included) / _HUNDRED

    def net(self, total: Decimal, currency: str) -> Decimal:
        """What an item's total is without tax."""
        return round_to_minor(total * _HUNDRED / (_HUNDRED + self.included), currency)


@dataclass(frozen=True)
class Priced:
    """One line as an item: `price` as UCRM wants it, `amount` without tax."""

    label: str
    price: Decimal
    amount: Decimal


def priced(lines: Sequence[BillLine], currency: str, taxing: Taxing) -> list[Priced]:
    """The lines as items; their prices add up to the sum with the included tax, rounded once."""
    amounts = [line.amount for line in lines]
    prices = amounts
    if taxing.included:
        whole = round_to_minor(taxing.gross(sum(amounts, Decimal(0))), currency)
        prices = split_by_largest_remainder(whole, [taxing.gross(amount) for amount in amounts], currency)
    return [Priced(line.label, price, line.amount) for line, price in zip(lines, prices, strict=True)]


def bodies(items: Sequence[Priced], taxing: Taxing) -> list[dict[str, Any]]:
    """What UCRM takes as `items`."""
    return [{"label": item.label, "price": item.price, "quantity": 1, **taxing.fields} for item in items]


def on_invoice(
    wanted: Sequence[Priced], there: Sequence[InvoiceItem], currency: str, taxing: Taxing
) -> tuple[Decimal, list[str]]:
    """What `wanted` comes to among the free items of an invoice that has others' too, and how it was changed.

    Items have no mark of ours: one is known by its label and total, else by its label.
    """
    left = list(there)
    amount, changes, unmatched = Decimal(0), [], []
    for line in wanted:
        twin = next((item for item in left if item.label == line.label and item.total == line.price), None)
        if twin is None:
            unmatched.append(line)
            continue
        left.remove(twin)
        amount += line.amount
    for line in unmatched:
        twin = next((item for item in left if item.label == line.label), None)
        if twin is None:
            changes.append(f'"{line.label}" ({plain(line.price)}) is not on it any more')
            continue
        left.remove(twin)
        amount += taxing.net(twin.total, currency)
        changes.append(f'"{line.label}" is {plain(twin.total)} now, not {plain(line.price)}')
    return amount, changes


def check_lines(bill_id: str, amount: Decimal, lines: Sequence[BillLine], currency: str) -> None:
    """Raises CallmeterError unless the lines add up to the bill in whole minor units."""
    amounts = [line.amount for line in lines]
    total = sum(amounts, Decimal(0))
    if total != amount:
        raise CallmeterError(f"bill {bill_id} is {plain(amount)}, but its lines add up to {plain(total)}.")
    if any(part % minor_unit(currency) for part in amounts):
        raise CallmeterError(f"bill {bill_id} has a line with more decimals than {currency} has: {amounts}.")
