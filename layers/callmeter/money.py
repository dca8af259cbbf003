"""Money: exact, in one place.

Inside the rater money is integer nanos (10^-9 of the currency's unit); at the edges it is `Decimal`.
Rates have up to 9 decimals, charges up to 6, invoice amounts the currency's minor unit.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

NANOS = 10**9

# ISO 4217 currencies whose minor unit is not two digits. Source: ISO 4217 list one.
_MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def minor_digits(currency: str) -> int:
    """Decimals of the currency's minor unit: 2 for GBP, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount that can be invoiced: 0.01 for GBP, 1 for JPY."""
    return Decimal(1).scaleb(-minor_digits(currency))


def round_to_minor(amount: Decimal, currency: str) -> Decimal:
    """`amount` half-up (away from zero) to the currency's minor unit. Design 3.14."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def split_by_largest_remainder(total: Decimal, parts: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Round `parts` to the minor unit so that they add up to `total` exactly. Design 3.14.

    Each part is rounded down; the units left go one by one to the parts with the largest remainder,
    the earlier part first where remainders are equal. `total` may differ from the parts' sum by less
    than a unit a part. Raises ValueError where it differs by more.
    """
    unit = minor_unit(currency)
    floors = [(part / unit).to_integral_value("ROUND_FLOOR") for part in parts]
    left = int(total / unit - sum(floors))
    if not 0 <= left <= len(parts):
        raise ValueError(f"{total} cannot be split over parts that add up to {sum(parts)}")
    remainders = [Fraction(part / unit) - Fraction(floor) for part, floor in zip(parts, floors, strict=True)]
    first = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[:left]
    return [(floor + (i in first)) * unit for i, floor in enumerate(floors)]


def plain(amount: Decimal) -> str:
    """`amount` without an exponent and without trailing zeros beyond two decimals: 0.0864, 1.50, 12.00."""
    text = f"{amount:f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"
