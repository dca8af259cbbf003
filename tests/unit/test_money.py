"""Rule 14 of the design and the shapes of money: rounding once, splitting so that the lines add up."""

from decimal import Decimal
from random import Random

import pytest

from callmeter.money import minor_unit, plain, round_to_minor, split_by_largest_remainder


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.004999", "GBP", "0.00"),
        ("0.005", "GBP", "0.01"),
        ("0.015", "GBP", "0.02"),  # not to the even one
        ("2.675", "EUR", "2.68"),  # no float in sight: 2.675 is less than that in binary
        ("-0.005", "GBP", "-0.01"),
        ("-0.0049", "GBP", "0.00"),
        ("0.5", "JPY", "1"),
        ("0.4999", "JPY", "0"),
        ("1.0005", "KWD", "1.001"),
        ("123456789012.345", "GBP", "123456789012.35"),
    ],
)
def test_an_amount_is_rounded_half_up_to_the_currencys_minor_unit(amount: str, currency: str, expected: str) -> None:
    assert round_to_minor(Decimal(amount), currency) == Decimal(expected)


def test_minor_units_are_those_of_the_currency() -> None:
    assert [minor_unit(currency) for currency in ("GBP", "JPY", "KWD", "CLF", "XXX")] == amounts(
        "0.01", "1", "0.001", "0.0001", "0.01"
    )


@pytest.mark.parametrize(
    ("total", "parts", "expected"),
    [
        # floors 3.33 x 3 are 9.99: the penny goes to the first of equals
        ("10.00", ("3.3333", "3.3333", "3.3334"), ("3.33", "3.33", "3.34")),
        ("10.00", ("3.3333", "3.3333", "3.3333"), ("3.34", "3.33", "3.33")),
        # the largest remainder gets it, though its part is the smallest
        ("1.01", ("0.501", "0.502", "0.007"), ("0.50", "0.50", "0.01")),
        ("0.03", ("0.009", "0.009", "0.009"), ("0.01", "0.01", "0.01")),
        ("0.00", ("0.001", "0.002"), ("0.00", "0.00")),
        ("5.00", ("5.00",), ("5.00",)),
        # a credit: floors are -1.01 and 2.00
        ("1.00", ("-1.004", "2.004"), ("-1.00", "2.00")),
        ("0.00", (), ()),
    ],
)
def test_lines_add_up_to_the_bill_by_largest_remainder(
    total: str, parts: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert split_by_largest_remainder(Decimal(total), amounts(*parts), "GBP") == amounts(*expected)


def test_lines_are_whole_yen_where_there_is_no_smaller_coin() -> None:
    assert split_by_largest_remainder(Decimal(4), amounts("1.5", "2.5"), "JPY") == amounts("2", "2")


@pytest.mark.parametrize("total", ["9.97", "10.03"])
def test_a_total_that_is_not_that_of_its_parts_is_refused(total: str) -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        split_by_largest_remainder(Decimal(total), amounts("3.33", "3.33", "3.33"), "GBP")


@pytest.mark.parametrize("seed", range(20))
def test_bill_after_bill_lines_add_up_and_nothing_but_the_last_rounding_is_left(seed: int) -> None:
    """What is due is exact; what rounding leaves comes with the next bill and never grows past half a penny."""
    random = Random(seed)  # noqa: S311 - test data
    carried, charged, billed = Decimal(0), Decimal(0), Decimal(0)
    for _ in range(50):
        parts = [Decimal(random.randrange(-20_000, 100_000)).scaleb(-6) for _ in range(random.randrange(1, 6))]
        due = sum(parts) + carried
        amount = round_to_minor(due, "GBP")
        lines = split_by_largest_remainder(amount, parts, "GBP")
        assert sum(lines) == amount
        assert all(abs(line - part) < minor_unit("GBP") for line, part in zip(lines, parts, strict=True))
        carried = due - amount
        charged, billed = charged + sum(parts), billed + amount
        assert abs(carried) <= Decimal("0.005")
    assert charged - billed == carried


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.0864", "0.0864"),
        ("1.5", "1.50"),
        ("12", "12.00"),
        ("0.100000", "0.10"),
        ("1E+3", "1000.00"),
        ("-0.05", "-0.05"),
    ],
)
def test_money_is_shown_without_exponent_and_with_two_decimals_at_least(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text
