"""A bill <-> the text of its line in WHMCS, which ends in the bill's reference: [callmeter C1001-2026-10]."""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from callmeter.bills.words import words
from callmeter.model import Bill

_LINES_SHOWN = 100  # WHMCS keeps 64 kB of text; the reference at its end must not be cut off
_REFERENCE = re.compile(r"\[callmeter ([^\s\[\]]+)\]")


def description_of(bill: Bill, reference: str) -> str:
    """What the client reads on the invoice: the bill's lines, each with its amount where there are several."""
    lines = [line.label for line in bill.lines]
    if len(lines) > 1:
        said = words(bill.language)
        lines = [f"{line.label}: {said.amount(line.amount, bill.currency)}" for line in bill.lines]
    if len(lines) > _LINES_SHOWN:
        lines = [*lines[:_LINES_SHOWN], f"… (+{len(lines) - _LINES_SHOWN})"]
    return "\n".join([*lines, mark_of(reference)])


def mark_of(reference: str) -> str:
    """The reference as it stands in a description: plain ASCII, without blanks, whatever the account is called."""
    return f"[callmeter {quote(reference, safe='')}]"


def references_in(descriptions: Iterable[str]) -> set[str]:
    """The references that stand in these descriptions."""
    return {unquote(found) for text in descriptions for found in _REFERENCE.findall(text)}
