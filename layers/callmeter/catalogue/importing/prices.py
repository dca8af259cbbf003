"""Price cells -> exact decimals, or the words that stand for none.

The decimal mark is decided for the whole file from its price columns, never for a cell: "0,05" and "1.234,5" prove a
comma, "0.05" and "1,234.5" a point, "1,234" alone proves nothing. Currency signs and codes beside the figure,
thousands separators and exponents (1e-05) are read. More than 9 decimals are refused, or rounded where that is asked.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from callmeter.catalogue.importing import currencies
from callmeter.catalogue.importing.cells import Place, Seen, Unread, shown

LATE = "late"
BARRED = "barred"
_TO_FOLLOW = (
    "tba, tbc, tbd, to follow, price to follow, to be advised, to be announced, to be confirmed, on request, poa"
)
_NOT_ALLOWED = (
    ", -, --, ---, \u2013, \u2014, n/a, na, n.a., #n/a, nil, none, blocked, barred, closed, not available, "
    "unavailable, not allowed, not supported, no route, no service"
)
WORDS = dict.fromkeys(_TO_FOLLOW.split(", "), LATE) | dict.fromkeys(_NOT_ALLOWED.split(", "), BARRED)
FREE_WORDS = ("free", "free of charge", "foc")
LARGEST = 200_000  # what the deck reader takes
_FIGURE = re.compile(r"[0-9.,][0-9.,'\u2019 \u00a0\u202f]*(?:[eE][-+]?[0-9]{1,2})?")
_BESIDE = re.compile(r"\s*(?:(?:per|/)\s*min(?:ute)?s?\.?)?\s*", re.I)


@dataclass(frozen=True)
class PriceReading:
    """How a file's prices are written. mark: the decimal mark; per: their divisor; rounded: to 9 decimals."""

    mark: str
    per: Fraction = Fraction(1)
    rounded: bool = False

    def read(self, text: str) -> Decimal | str:
        """The price of a minute (or of a call) in the currency's unit, or LATE or BARRED. Raises Unread."""
        word = " ".join(text.casefold().split())
        if word in WORDS:
            return WORDS[word]
        return Decimal(0) if word in FREE_WORDS else self.amount(text)

    def amount(self, text: str) -> Decimal:
        """An exact amount. Raises Unread."""
        figure = _bare(text)
        plain = _plain(figure, self.mark) if figure else None
        if plain is None:
            hint = "Write digits with a decimal point, such as 0.085; leave it blank where calls are not allowed."
            raise Unread("bad-rate", f'"{shown(text)}" is not a price', hint)
        exact = Decimal(plain) * self.per.denominator / self.per.numerator
        if exact > LARGEST:
            raise Unread("bad-rate", f'"{shown(text)}" is more than {LARGEST}', "State --per 100 for prices in cents.")
        kept = exact.quantize(Decimal("1e-9"), ROUND_HALF_UP)
        if kept != exact and not self.rounded:
            hint = "State --round 9 to have such prices rounded half-up."
            raise Unread("too-many-decimals", f'"{shown(text)}" has more than 9 decimals', hint)
        return kept.normalize()

    def rounds(self, text: str) -> bool:
        """Whether reading this text rounds it."""
        if not self.rounded:
            return False
        try:
            PriceReading(self.mark, self.per).read(text)
        except Unread:
            return True
        return False


def decide(seen: Seen, stated: str, per: Fraction, *, rounded: bool) -> PriceReading:
    """How the prices are written, from their distinct texts. Raises Unread where they disagree or prove nothing."""
    if stated:
        return PriceReading({"point": ".", "comma": ","}[stated], per, rounded)
    proofs: dict[str, tuple[str, Place]] = {}
    for text, place in seen.items():
        proof = _proof(_bare(text))
        if proof:
            proofs.setdefault(proof, (text, place))
    if "." in proofs and "," in proofs:
        (point, _), (comma, where) = proofs["."], proofs[","]
        raise Unread(
            "mixed-decimals", f'"{shown(comma)}" has a decimal comma, but "{shown(point)}" a decimal point',
            "A file has one decimal mark: state it with --decimal comma or --decimal point.", where,
        )  # fmt: skip
    if "?" in proofs and "." not in proofs and "," not in proofs:
        text, where = proofs["?"]
        raise Unread(
            "ambiguous-decimals", f'"{shown(text)}" may be a thousand or a fraction, and no other price tells',
            "State it with --decimal comma or --decimal point.", where,
        )  # fmt: skip
    return PriceReading("," if "," in proofs else ".", per, rounded)


def currencies_of(text: str) -> set[str]:
    """The currency that stands beside a figure, if any."""
    return set() if text.replace(".", "0").isdecimal() else currencies.named_in(text)


def _bare(text: str) -> str:
    """The figure in a cell, without currency; blank where anything else is beside it."""
    if text.isascii() and not text.isupper() and text.replace(".", "0", 1).isdigit():
        return text
    found = _FIGURE.search(text)
    if not found:
        return ""
    beside = text[: found.start()], text[found.end() :]
    for one in beside:
        left = _BESIDE.sub("", one.strip(), count=1).strip() if one is beside[1] else one.strip()
        if left and left not in currencies.SIGNS and left.upper() not in currencies.CODES:
            return ""
    return re.sub(r"['\u2019 \u00a0\u202f](?=[0-9]{3}(?![0-9]))", "", found.group().strip())


def _proof(figure: str) -> str:
    """The decimal mark that a figure proves: a point, a comma, "?" where it may be either, blank where none shows."""
    digits = re.split("[eE]", figure)[0]
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return max(".,", key=digits.rfind)
    mark = "." if points else ","
    if points + commas > 1:
        return "," if mark == "." else "."
    if points + commas == 0:
        return ""
    whole, _, fraction = digits.partition(mark)
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0") and digits == figure:
        return "" if mark == "." else "?"
    return mark


def _plain(figure: str, mark: str) -> str | None:
    """The figure as Python's Decimal reads it; None where it is no number with this decimal mark."""
    other = "." if mark == "," else ","
    if other in figure:
        if not re.fullmatch(rf"[0-9]{{1,3}}({re.escape(other)}[0-9]{{3}})+({re.escape(mark)}[0-9]*)?", figure):
            return None
        figure = figure.replace(other, "")
    figure = figure.replace(mark, ".")
    whole = re.fullmatch(r"([0-9]{0,20})(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,2})?", figure)
    return figure if whole and any(map(str.isdigit, figure)) else None
