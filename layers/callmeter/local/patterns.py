"""Patterns of phone numbers -> the shortest list of prefixes that tells them apart, exactly.

The patterns are regular expressions without loops, as libphonenumber writes them: digits, \\d, [2-5], (?:…|…), {n,m}
and ?. Read, a pattern is a set of rows of pieces; what may follow a digit is again such a set, so that walking the
digits 0 to 9 from claim to claim gives a tree, and equal sets are the same branch. The tree's leaves are then
written as prefixes of which the longest counts. What no pattern allows goes with its neighbours. Where a longer
number begins with a whole shorter one of another name, no prefix tells them apart: the naming says who comes first.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

DIGITS = "0123456789"
_EVERY_DIGIT = frozenset(DIGITS)


class Piece(NamedTuple):
    """One of some digits, or one of some rows of pieces, from `least` to `most` times."""

    digits: frozenset[str]  # empty where `rows` are meant
    rows: "tuple[Row, ...]"
    least: int
    most: int


Row: TypeAlias = tuple[Piece, ...]
Language: TypeAlias = frozenset[Row]
Label: TypeAlias = tuple[str, ...]


class Claim(NamedTuple):
    """Numbers that are called `label`: those of `language`, as far as they begin as `lead` says."""

    label: Label
    language: Language
    lead: Language | None = None


class Branch(NamedTuple):
    """What comes after each of the ten digits."""

    children: "tuple[Tree, ...]"


Tree: TypeAlias = Branch | str | None  # a str is a leaf's name; None: no such number


@dataclass(frozen=True)
class Naming:
    """How numbers get their names."""

    named: Callable[[Sequence[Label]], str]  # by the labels that claim one and the same number, in their order
    rank: Callable[[str], int]  # the lowest counts, where a prefix is shared by numbers of several names


def parse(pattern: str) -> Language:
    """The numbers `pattern` stands for. Raises ValueError where it is written in no way that is known here."""
    rows, end = _rows(pattern, 0)
    if end != len(pattern):
        raise ValueError(f'pattern "{pattern}" has an unexpected "{pattern[end]}" at {end}')
    return frozenset(rows)


@cache
def has_end(language: Language) -> bool:
    """Whether a number may be over here."""
    return any(all(_may_be_left_out(piece) for piece in row) for row in language)


def tree(claims: Sequence[Claim], naming: Naming) -> Tree:
    """Who claims which number; earlier claims are named first."""
    known: dict[tuple[Claim, ...], Tree] = {}

    def grow(alive: tuple[Claim, ...]) -> Tree:
        if not alive:
            return None
        if all(claim[1:] == alive[0][1:] for claim in alive):
            return naming.named([claim.label for claim in alive])
        if alive not in known:
            longer = tuple(grow(_alive(alive, digit)) for digit in DIGITS)
            ended = [claim.label for claim in alive if claim.lead is None and has_end(claim.language)]
            found = _names(longer) | ({naming.named(ended)} if ended else set())
            mixed = len(found) > 1 and not ended
            known[alive] = (
                Branch(longer) if mixed else min(found, key=lambda name: (naming.rank(name), name), default=None)
            )
        return known[alive]

    return grow(tuple(claims))


def spelled(language: Language, beginning: str = "") -> Iterator[str]:
    """All numbers of a language that has only a few."""
    if has_end(language):
        yield beginning
    for digit in DIGITS:
        if rest := after(language, digit):
            yield from spelled(rest, beginning + digit)


def prefixes(grown: Tree, fixed: Mapping[str, str], narrow: frozenset[str] = frozenset()) -> dict[str, str]:
    """The fewest prefixes, relative to the tree's own, that give every number its leaf's name by the longest match.

    `fixed` are prefixes whose name is settled, the empty one among them; another counts only where its name is found
    below. Names that are `narrow` leave numbers that nobody has to those around them which are not narrow.
    After Draves, King, Venkatachary, Zill: Constructing optimal IP routing tables, 1999; here with ten digits.
    """
    if isinstance(grown, str) and grown != fixed[""]:
        grown = Branch((grown,) * len(DIGITS))
    return {"": fixed[""], **dict(_written(grown, "", fixed[""], fixed, narrow))}


def _written(
    grown: Tree, prefix: str, inherited: str, fixed: Mapping[str, str], narrow: frozenset[str]
) -> Iterator[tuple[str, str]]:
    best = _best(grown, narrow)
    if prefix in fixed and (not prefix or fixed[prefix] in _names((grown,))):
        best = frozenset([fixed[prefix]])
    if best and inherited not in best:
        inherited = min(best)
        yield prefix, inherited
    if isinstance(grown, Branch):
        for digit, child in zip(DIGITS, grown.children, strict=True):
            yield from _written(child, prefix + digit, inherited, fixed, narrow)


@cache
def _best(grown: Tree, narrow: frozenset[str]) -> frozenset[str]:
    """The names that would save most prefixes below, were they said here; none where there are no numbers."""
    if not isinstance(grown, Branch):
        return frozenset([grown] if grown else [])
    wanted = Counter(name for child in grown.children for name in _best(child, narrow))
    if None in grown.children and not narrow.issuperset(wanted):
        wanted = Counter({name: times for name, times in wanted.items() if name not in narrow})
    most = max(wanted.values())
    return frozenset(name for name, times in wanted.items() if times == most)


@cache
def _names(children: tuple[Tree, ...]) -> frozenset[str]:
    """All names below these children."""
    return frozenset(
        name
        for child in children
        if child
        for name in (_names(child.children) if isinstance(child, Branch) else (child,))
    )


def _alive(claims: tuple[Claim, ...], digit: str) -> tuple[Claim, ...]:
    """The claims that still stand after one more digit."""
    standing = []
    for claim in claims:
        language, lead = after(claim.language, digit), claim.lead
        if lead is not None:
            lead = after(lead, digit)
            if not lead:
                continue
            lead = None if has_end(lead) else lead
        if language:
            standing.append(Claim(claim.label, language, lead))
    return tuple(standing)


@cache
def after(language: Language, digit: str) -> Language:
    """What may follow `digit` in the numbers of `language`; empty where none begins with it."""
    return frozenset(_merged(rest) for row in language for rest in _rests(row, digit))


def _rests(row: Row, digit: str) -> Iterator[Row]:
    """What may follow `digit` in one row of pieces."""
    if not row:
        return
    piece, later = row[0], row[1:]
    again = (piece._replace(least=max(piece.least - 1, 0), most=piece.most - 1),) if piece.most > 1 else ()
    if digit in piece.digits:
        yield again + later
    for inner in piece.rows:
        for rest in _rests(inner, digit):
            yield rest + again + later
    if _may_be_left_out(piece):
        yield from _rests(later, digit)


def _merged(row: Row) -> Row:
    """The row with equal neighbours made one piece, so that equal rests look equal."""
    pieces: list[Piece] = []
    for piece in row:
        if pieces and pieces[-1][:2] == piece[:2] and piece.digits:
            last = pieces[-1]
            pieces[-1] = last._replace(least=last.least + piece.least, most=last.most + piece.most)
        else:
            pieces.append(piece)
    return tuple(pieces)


def _may_be_left_out(piece: Piece) -> bool:
    return piece.least == 0 or (bool(piece.rows) and has_end(frozenset(piece.rows)))


def _rows(text: str, at: int) -> tuple[list[Row], int]:
    """The alternatives from `at` to the closing bracket or the end, and where that is."""
    rows: list[Row] = []
    row: list[Piece] = []
    while at < len(text) and text[at] != ")":
        if text[at] == "|":
            rows.append(tuple(row))
            row, at = [], at + 1
            continue
        digits, inner, at = _piece(text, at)
        least, most, at = _times(text, at)
        row.append(Piece(digits, inner, least, most))
    return [*rows, tuple(row)], at


def _piece(text: str, at: int) -> tuple[frozenset[str], tuple[Row, ...], int]:
    if text.startswith("(?:", at):
        rows, end = _rows(text, at + 3)
        if end == len(text):
            raise ValueError(f'pattern "{text}" lacks a ")"')
        return frozenset(), tuple(rows), end + 1
    if text.startswith("\\d", at):
        return _EVERY_DIGIT, (), at + 2
    if text[at] == "[" and "]" in text[at:]:
        end = text.index("]", at)
        return _digits(text[at + 1 : end]), (), end + 1
    return _digits(text[at]), (), at + 1


def _digits(inside: str) -> frozenset[str]:
    """The digits of a class: 02-57 is 0, 2, 3, 4, 5 and 7."""
    found: set[str] = set()
    at = 0
    while at < len(inside):
        last = at + 2 if inside[at + 1 : at + 2] == "-" else at
        if not (inside[at].isdecimal() and inside[last : last + 1].isdecimal()):
            raise ValueError(f'"{inside}" in a pattern is no digit, nor a class of digits')
        found |= {str(digit) for digit in range(int(inside[at]), int(inside[last]) + 1)}
        at = last + 1
    return frozenset(found)


def _times(text: str, at: int) -> tuple[int, int, int]:
    """How often, at least and at most: {2}, {2,5} or ?, else once; and where the pattern goes on."""
    if text.startswith("?", at):
        return 0, 1, at + 1
    if not text.startswith("{", at):
        return 1, 1, at
    end = text.index("}", at)
    least, _, most = text[at + 1 : end].partition(",")
    return int(least), int(most or least), end + 1
