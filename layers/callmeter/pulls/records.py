"""What carriers answer -> lines for the inbox."""

import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from callmeter.errors import Unreachable
from callmeter.pulls.port import Record

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}):")
_US = re.compile(r"(\d{2})/(\d{2})/(\d{4}) (\d{2}):")


class Cut(Unreachable):
    """An answer that ends in the middle, or is none."""


def record(fields: dict[str, Any], start: Any) -> Record:
    """A record as a line of JSON, and the hour of its start as the carrier writes it."""
    return Record(hour_of(start), json.dumps(fields, separators=(",", ":")).encode())


def hour_of(start: Any) -> str:
    """YYYY-MM-DDTHH of ISO 8601, of MM/DD/YYYY HH:MM:SS, or of RFC 2822 (in UTC); "" where it is none of them."""
    text = start if isinstance(start, str) else ""
    if iso := _ISO.match(text):
        return f"{iso[1]}T{iso[2]}"
    if american := _US.match(text):
        return f"{american[3]}-{american[1]}-{american[2]}T{american[4]}"
    try:
        return f"{parsedate_to_datetime(text).astimezone(UTC):%Y-%m-%dT%H}"
    except (ValueError, OverflowError):
        return ""


def document(body: bytes, who: str) -> dict[str, Any]:
    """An answer that is to be a JSON object. Raises Cut."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Cut(f"{who}'s answer is not whole, or no JSON ({len(body)} bytes): try again, check the address.")
    return found


def objects(found: Any, who: str) -> list[dict[str, Any]]:
    """A list of JSON objects. Raises Unreachable where it is something else."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unreachable(f"{who}'s answer has no list of calls where it is documented to be.")
    return found


def member(found: Any, name: str) -> Any:
    """A member of what is to be an object; None where it is none, or has none."""
    return found.get(name) if isinstance(found, dict) else None


def count(found: Any, who: str) -> int:
    """A number of records or pages, which may be written as text; none is 0. Raises Unreachable for something else."""
    text = str(0 if found is None else found)
    if not (text.isascii() and text.isdigit()):
        raise Unreachable(f"{who}'s answer has no number where it is documented to be.")
    return int(text)
