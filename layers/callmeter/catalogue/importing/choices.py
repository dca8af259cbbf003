"""What an operator may state about a deck that is to be imported, where the file itself does not tell."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction


@dataclass(frozen=True)
class Choices:
    """Blank or false: to be found out, and asked for where it cannot be.

    columns: meanings of the columns of a file without a header, blank for those to leave out. mapped: header (or #3,
    the third column) -> meaning. bands: header or cell -> band. per: what prices are divided by. codes: whether a code
    beside a country code is "joined" to it or "complete". last_day: end dates are the last day, not the day after.
    """

    sheet: str = ""
    columns: tuple[str, ...] = ()
    mapped: dict[str, str] = field(default_factory=dict)
    bands: dict[str, str] = field(default_factory=dict)
    dates: str = ""
    decimal: str = ""
    per: Fraction | None = None
    rounded: bool = False
    currency: str = ""
    international: str = ""
    strip: str = ""
    nanp: bool = False
    hyphens: str = ""
    blanks: str = ""
    codes: str = ""
    effective: date | None = None
    last_day: bool = False
    skip_bad: bool = False
