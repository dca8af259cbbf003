"""What an invoice comes to: items, discount, taxes. Exact; each total is rounded once, to the minor unit."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from callmeter.local.ucrm.fields import Row
from callmeter.money import round_to_minor

TAX_IDS = ("tax1Id", "tax2Id", "tax3Id")


def of_invoice(items: list[Row], taxes: Mapping[int, Row], discount: Any, pricing_mode: int, currency: str) -> Row:
    """subtotal, totalDiscount, totalUntaxed, taxes, totalTaxAmount and total.

    `discount` is a percentage or None; an item's own is off its sum already. Pricing
    mode 1: prices are without tax; 2: they include it.
    """
    sums = [item["price"] * item["quantity"] - (item.get("discountTotal") or 0) for item in items]
    subtotal = round_to_minor(sum(sums, Decimal(0)), currency)
    percent = Decimal(discount or 0)
    total_discount = round_to_minor(subtotal * percent / 100, currency) + 0  # never -0
    by_tax: dict[int, Decimal] = {}
    for item, amount in zip(items, sums, strict=True):
        after_discount = amount * (100 - percent) / 100
        for tax_id, tax in _taxes_of(item, after_discount, taxes, pricing_mode).items():
            by_tax[tax_id] = by_tax.get(tax_id, Decimal(0)) + tax
    rows: list[Row] = [
        {"name": _name(taxes[i]), "totalValue": round_to_minor(tax, currency)} for i, tax in by_tax.items()
    ]
    total_tax: Decimal = sum((row["totalValue"] for row in rows), Decimal(0))
    priced = subtotal - total_discount
    return {
        "subtotal": subtotal,
        "taxes": rows,
        "total": priced if pricing_mode == 2 else priced + total_tax,
        "totalUntaxed": priced - total_tax if pricing_mode == 2 else priced,
        "totalDiscount": total_discount,
        "totalTaxAmount": total_tax,
    }


def _name(tax: Row) -> str:
    return f"{tax['name']} - {tax['rate']}%"


def _taxes_of(item: Row, amount: Decimal, taxes: Mapping[int, Row], pricing_mode: int) -> dict[int, Decimal]:
    """Tax by tax id on one item's amount; a compound tax is also due on the taxes before it."""
    due: dict[int, Decimal] = {}
    for tax in (taxes[item[name]] for name in TAX_IDS if item[name] is not None):
        rate = Decimal(tax["rate"])
        if pricing_mode == 2:
            due[tax["id"]] = amount * rate / (100 + rate)
        else:
            base = amount + (sum(due.values(), Decimal(0)) if tax.get("compound") else 0)
            due[tax["id"]] = base * rate / 100
    return due
