"""Prefix cells -> prefixes in E.164 digits.

A cell may hold several prefixes (comma, semicolon, bar, slash, line break), ranges, a country code followed by a list
(`61 38,39`), blanks or hyphens inside a prefix, leading +, 00 or 011, wildcards at the end, or a pattern (`^9375.*`).
What such marks mean is decided for the whole column; where it could be two things, it is asked for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from callmeter.catalogue.importing.cells import Place, Seen, Unread, shown

_LIST = re.compile(r"\s*[,;|\n/&]\s*")
_DASHES = re.compile(r"\s*[\u2012-\u2015\u2212]\s*|(?<=[0-9])\s+(?:to|through|bis|thru)\s+(?=[0-9+])", re.I)
_WRAPPED = re.compile(r"""^(?:'|=?"(?P<inner>[^"]*)"$)""")
_PATTERN_END = re.compile(r"(?:\.\*\$?|\$|[xX]+[.!]?|[.!*%]+)$")
_HINT = "Write digits of the number with country code, such as 4420."


@dataclass(frozen=True)
class PrefixReading:
    """How a column's prefixes are written.

    strip: leading text that is no part of a number. international: the dialled prefix to take off. hyphens: "range" or
    "joint". blanks: "joint" or "list", or blank to judge by cell. nanp: a 1 belongs before them. taken: prefixes that
    stand in the column by themselves, which no range may be shortened to.
    """

    strip: str = ""
    international: str = ""
    hyphens: str = ""
    blanks: str = ""
    nanp: bool = False
    taken: frozenset[str] = field(default=frozenset(), repr=False)

    def read(self, cell: str) -> list[str]:
        """The prefixes of a cell, in order. Raises Unread."""
        if cell.isdecimal() and cell.isascii() and not self.strip and not self.nanp and cell[0] != "0":
            return [checked(cell, cell)]
        found: list[str] = []
        for part in elements(cell, self.blanks):
            first, last = _ends(part, self.hyphens)
            whole = self._digits(first, cell)
            if last:
                end = last if len(last) > len(first) - 1 else first[: len(first) - len(last)] + last
                found += covering(whole, self._digits(end, cell), self.taken, cell)
            else:
                found.append(whole)
        if not found:
            raise Unread("no-prefix", "the row has a price, but no prefix", _HINT)
        return list(dict.fromkeys(found))

    def joined(self, head: str, tail: str) -> list[str]:
        """The prefixes of a country code with its area codes; its own where there are none. Raises Unread."""
        country, *others = PrefixReading(self.strip, self.international, nanp=self.nanp).read(head)
        if others:
            raise Unread("bad-prefix", f'"{shown(head)}" is more than one country code', _HINT)
        if not tail:
            return [country]
        found: list[str] = []
        for part in elements(tail, self.blanks or "joint"):
            first, last = _ends(part, "range")
            areas = [first]
            if last:
                end = last if len(last) >= len(first) else first[: len(first) - len(last)] + last
                areas = covering(first, end, frozenset(), tail)
            found += [checked(country + area, tail) for area in areas]
        return list(dict.fromkeys(found))

    def _digits(self, text: str, cell: str) -> str:
        if self.strip:
            if not text.startswith(self.strip):
                raise Unread(
                    "bad-prefix", f'"{shown(cell)}" does not begin with {self.strip}', "It was to be stripped: --strip."
                )
            text = text.removeprefix(self.strip)
        plus = text.startswith("+")
        digits = text.removeprefix("+")
        if self.international and not plus and digits.startswith(self.international):
            digits = digits.removeprefix(self.international)
        if self.nanp and not plus and digits[:1] != "1":
            if not re.fullmatch(r"[2-9][0-9]{2,9}", digits):
                raise Unread(
                    "bad-prefix",
                    f'"{shown(cell)}" is no area code and exchange (NPANXX)',
                    "Write six digits such as 201200.",
                )
            digits = "1" + digits
        return checked(digits, cell)


def decide(
    seen: Seen, *, strip: str = "", international: str = "", hyphens: str = "", blanks: str = "", nanp: bool = False
) -> PrefixReading:
    """How a column's prefixes are written, from its distinct cells; what is stated is not judged. Raises Unread."""
    parts: list[tuple[str, Place]] = []
    simple: set[str] = set()
    for cell, place in seen.items():
        if cell.isdecimal() and cell.isascii():
            simple.add(cell)
            continue
        try:
            parts += [(part, place) for part in elements(cell, blanks or "judge")]
        except Unread:
            continue  # said again, in its place, when the cell is read
    hyphens = hyphens or _hyphens(parts)
    starts = [part.removeprefix(strip) for part, _ in parts if any(map(str.isdecimal, part))] + [
        cell.removeprefix(strip) for cell in simple
    ]
    international = international or _international([start for start in starts if not start.startswith("+")])
    if not strip:
        _refuse_lost_zero(starts, international, seen)
    taken = (
        simple | {part.lstrip("+") for part, _ in parts if part.lstrip("+").isdecimal()}
        if hyphens == "range"
        else set()
    )
    taken = {cell.removeprefix(strip).removeprefix(international) for cell in taken}
    return PrefixReading(strip, international, hyphens, blanks, nanp, frozenset(taken))


def elements(cell: str, blanks: str) -> list[str]:
    """The prefixes or ranges a cell lists, without marks that say nothing: +44740, 447400-447409. Raises Unread.

    blanks: "joint", "list", "judge" (decide by the cell, but do not refuse), or blank: decide by the cell.
    """
    wrapped = _WRAPPED.match(cell)
    text = (wrapped["inner"] if wrapped and wrapped["inner"] is not None else cell.removeprefix("'")).strip()
    text = _DASHES.sub("-", text)
    if re.fullmatch(r"\+?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+", text):
        hint = "A spreadsheet shortened it, and digits are lost: format the column as text, and export again."
        raise Unread("bad-prefix", f'"{shown(cell)}" is a rounded number, not a prefix', hint)
    if re.fullmatch(r"[0-9]+\.[0-9]+", text):
        hint = "A spreadsheet took it for a number: format the column as text, and export again."
        raise Unread("bad-prefix", f'"{shown(cell)}" is a number with decimals, not a prefix', hint)
    listed = [_without_pattern(part, cell) for part in _LIST.split(text) if part]
    _refuse_thousands(listed, text, cell)
    listed = _spread(listed, blanks, cell)
    return [part for part in (_joined_by_marks(part) for part in listed) if part]


def covering(first: str, last: str, taken: frozenset[str], cell: str) -> list[str]:
    """The fewest prefixes that hold exactly the range; one in `taken` is left to its own row. Raises Unread."""
    digits = first.isdecimal() and last.isdecimal()
    if not digits or len(first) != len(last) or int(last) < int(first) or len(first) > 15:
        hint = "Write both ends with the same number of digits, the lower first: 4477-4479."
        raise Unread("bad-range", f'"{shown(cell)}" is not a range of prefixes', hint)
    found: list[str] = []
    at, end, width = int(first), int(last), len(first)
    while at <= end:
        size, zeros = 1, 0
        while zeros < width - 1 and at % (size * 10) == 0 and at + size * 10 - 1 <= end:
            if str(at // (size * 10)).zfill(width - zeros - 1) in taken:
                break
            size, zeros = size * 10, zeros + 1
        found.append(str(at // size).zfill(width - zeros))
        at += size
    return found


def country_code(digits: str) -> str:
    """The country code a number begins with; blank where it begins with none."""
    return next((digits[:n] for n in (1, 2, 3) if int(digits[:n] or 0) in COUNTRY_CODE_TO_REGION_CODE), "")


def checked(digits: str, cell: str) -> str:
    """`digits`, where they can begin an E.164 number. Raises Unread."""
    if digits.isdecimal() and digits.isascii() and digits[0] != "0" and len(digits) <= 15:
        if not digits.startswith("11"):
            return digits
        hint = "Where 011 lost its 0 in a spreadsheet, state --strip 11."
        raise Unread("bad-prefix", f'no number begins with 11, as "{shown(cell)}" does', hint)
    hint = _HINT
    if digits.startswith("0"):
        hint = "State --international 011 (or 00) where that is dialled before it; else write the country code."
    elif "#" in digits:
        hint = f"State --strip {digits[: digits.rindex('#') + 1]} where that is a carrier's tech prefix."
    elif "*" in cell or cell.casefold() in ("any", "default"):
        hint = "A rate for every number cannot be: write a row for each country code."
    raise Unread("bad-prefix", f'prefix "{shown(cell)}" is not 1 to 15 digits, the first from 1 to 9', hint)


def _without_pattern(part: str, cell: str) -> str:
    """`^9375.*`, `_9375.` and `9375xx` are all prefix 9375. Raises Unread for patterns that say more."""
    plain = part.removeprefix("^").removeprefix("_").strip()
    if plain.startswith("\\+"):
        plain = plain[1:]
    while (found := _PATTERN_END.search(plain)) and found.start() > 0:
        plain = plain[: found.start()]
    if re.search(r"[\[\](){}?\\^XZNxzn]", plain):
        raise Unread(
            "bad-prefix", f'"{shown(cell)}" is a pattern of more than one prefix', "Write the prefixes it stands for."
        )
    return plain.strip()


def _refuse_thousands(listed: list[str], text: str, cell: str) -> None:
    """447,400 may be a list, or a number with a thousands separator."""
    if len(listed) > 1 and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        countries = {country_code(part) for part in listed}
        if len(countries) > 1 or "" in countries:
            raise Unread("bad-prefix", f'"{shown(cell)}" may be a list or one number with separators',
                         "Write a list with semicolons, and a prefix as digits only.")  # fmt: skip


def _spread(listed: list[str], blanks: str, cell: str) -> list[str]:
    """Blanks in a list: a country code before a list (`61 38,39`), parts of one prefix (`336 07`), or a list."""
    if not any(" " in part for part in listed):
        return listed
    if blanks == "list":
        return [one for part in listed for one in part.split()]
    head, _, first = listed[0].partition(" ")
    alone = len(listed) > 1 and first and not any(" " in part for part in listed[1:])
    if alone and not blanks.startswith("joint"):
        if any(part.lstrip("+").startswith(head.lstrip("+")) for part in listed[1:]):
            if blanks != "judge":
                raise _two_ways(cell)
        elif country_code(head.lstrip("+")) == head.lstrip("+"):
            return [head + first.replace(" ", ""), *(head + part for part in listed[1:])]
        elif blanks != "judge":
            raise _two_ways(cell)
    for part in listed:
        tokens = part.lstrip("+").split()
        country = country_code(tokens[0]) if len(tokens) > 1 and tokens[0].isdecimal() else ""
        if country and country != tokens[0] and not blanks and any(one.startswith(country) for one in tokens[1:]):
            raise _two_ways(cell)
    return [part.replace(" ", "") for part in listed]


def _two_ways(cell: str) -> Unread:
    hint = "State --blanks joint (33 6 07 is 33607) or --blanks list, or write a list with commas."
    return Unread("bad-prefix", f'"{shown(cell)}" may be one prefix or several', hint)


def _joined_by_marks(part: str) -> str:
    """Brackets and points inside a prefix join its parts; hyphens are judged by column."""
    return re.sub(r"(?<=[0-9])\.(?=[0-9])", "", part)


def _ends(part: str, hyphens: str) -> tuple[str, str]:
    """The two ends of a range; one prefix and blank where it is none."""
    if "-" not in part:
        return part, ""
    if hyphens == "range":
        first, _, last = part.partition("-")
        return first.strip(), last.strip().removeprefix("+")
    return part.replace("-", "").replace(" ", ""), ""


def _hyphens(parts: Iterable[tuple[str, Place]]) -> str:
    """Whether the column's hyphens make ranges (447400-447409) or join (93-70). Raises Unread where both occur."""
    proofs: dict[str, tuple[str, Place]] = {}
    for part, place in parts:
        if "-" in part:
            proofs.setdefault(_hyphen(part), (part, place))
    if len(proofs) > 1 or "?" in proofs:
        text, where = proofs.get("?") or proofs["range"]
        raise Unread(
            "ambiguous-hyphens", f'"{shown(text)}" may be a range, or one prefix in two parts',
            "State --hyphens range (4477-4479 is three prefixes) or --hyphens joint (93-70 is 9370).", where,
        )  # fmt: skip
    return next(iter(proofs), "")


def _hyphen(part: str) -> str:
    """What a hyphen proves: "range", "joint" or "?"."""
    first, _, last = part.lstrip("+").removeprefix("00").partition("-")
    last = last.lstrip("+").removeprefix("00") if part.startswith(("+", "00")) else last.lstrip("+")
    if not (first.isdecimal() and last.isdecimal()):
        return "joint" if all(one.isdecimal() for one in part.lstrip("+").split("-")) else "?"
    country = country_code(first)
    if len(first) == len(last) and first < last and country and country != first and last.startswith(country):
        return "range"
    if country == first and not last.startswith(country):
        return "joint"
    return "?" if len(last) <= len(first) else "joint"


def _international(starts: list[str]) -> str:
    """The dialled prefix that a column's prefixes begin with; no E.164 number begins with 0."""
    dialled = [start for start in starts if start.startswith("0")]
    if dialled and all(start.startswith("00") for start in dialled):
        return "00"
    if dialled and len(dialled) == len(starts) and all(start.startswith("011") for start in dialled):
        return "011"
    return ""


def _refuse_lost_zero(starts: list[str], international: str, seen: Seen) -> None:
    """Every prefix begins with 11: they were dialled with 011, and a spreadsheet ate the 0."""
    digits = [start.removeprefix("+").removeprefix(international) for start in starts]
    if digits and all(one.startswith("11") for one in digits):
        where = next(iter(seen.values()))
        raise Unread("lost-zero", "every prefix begins with 11, as no number does: 011 seems to have lost its 0",
                     "State --strip 11 where that is so.", where)  # fmt: skip
