"""Billing increments -> the first and the next, in seconds.

A cell may hold both: 60/1, 60-1, 60+60 or 60:1 are first and next. Three, as in 1/1/1, are read by carriers either as
minimum/first/next or as first/next/minimum: they are taken where both ways come to the same, and refused where not.
A minimum is a longer first increment, where the steps after it fit. A lone figure counts for both.
"""

import re

from callmeter.catalogue.importing.cells import Unread, shown

LONGEST = 86_400
_UNIT = re.compile(r"\s*(seconds|second|secs|sec|s)\b\.?", re.I)
_WORDS = {
    "per second": "1", "second": "1", "per sec": "1", "per minute": "60", "minute": "60", "per min": "60",
    "1 min": "60", "1 minute": "60",
}  # fmt: skip


def increments(first: str, both: str, following: str, minimum: str) -> tuple[str, str]:
    """First and next increment from the cells that say so, blank where there are none. Raises Unread.

    first, following: columns of their own; both: a column that may hold both; minimum: the least that is billed.
    """
    firsts, boths, nexts, least = _figures(first), _figures(both), _figures(following), _figures(minimum)
    if len(firsts) > 1 or len(nexts) > 1:
        firsts, boths, nexts = [], (firsts if len(firsts) > 1 else nexts), []
    if len(boths) > 1:
        pair = _several(boths, both or first or following)
    else:
        given = [*firsts, *boths, *nexts]
        if not given and not least:
            return "", ""
        pair = (given[0], given[-1]) if given else (least[0], 1)
    if least:
        held = _with_minimum(least[0], *pair)
        if held is None:
            raise Unread("bad-increment", f"a minimum of {least[0]} does not fit increments of {pair[0]}/{pair[1]}",
                         "Write the first and next increment that are meant.")  # fmt: skip
        pair = held
    if not (0 <= pair[0] <= LONGEST and 1 <= pair[1] <= LONGEST):
        raise _unread("/".join(map(str, pair)))
    return str(pair[0]), str(pair[1])


def _figures(text: str) -> list[int]:
    """The figures of a cell in their order. Raises Unread."""
    if not text or text in ("-", "N/A", "n/a"):
        return []
    if text.isdecimal() and len(text) < 7:
        return [int(text)]
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}-[A-Za-z]{3}", text):
        hint = "A spreadsheet made a date of it: format the column as text, and write 1/1 again."
        raise Unread("bad-increment", f'"{shown(text)}" is a date, not an increment', hint)
    plain = _UNIT.sub("", _WORDS.get(text.casefold(), text))
    parts = [part.strip() for part in re.split(r"[/\\+:;,|\u2013-]", plain)]
    parts = [part.removesuffix(".0") for part in parts]
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise _unread(text)
    return [int(part) for part in parts]


def _several(figures: list[int], text: str) -> tuple[int, int]:
    if len(figures) == 2:
        return figures[0], figures[1]
    one, two, three = figures
    as_minimum_first = _with_minimum(one, two, three) if three else None
    as_minimum_last = _with_minimum(three, one, two) if two else None
    if as_minimum_first is None or as_minimum_first != as_minimum_last:
        hint = "It may be minimum/first/next or first/next/minimum: write first/next, such as 60/1."
        raise Unread("bad-increment", f'"{shown(text)}" can be read in two ways', hint)
    return as_minimum_first


def _with_minimum(least: int, first: int, following: int) -> tuple[int, int] | None:
    """First and next increment of calls that are billed `least` seconds at least; None where no two say that."""
    if least <= first:
        return first, following
    return (least, following) if following and (least - first) % following == 0 else None


def _unread(text: str) -> Unread:
    return Unread(
        "bad-increment", f'"{shown(text)}" is not an increment in whole seconds, the next one from 1',
        "Write seconds such as 60, or first and next such as 60/1.",
    )  # fmt: skip
