"""JSON whose numbers stay exact: Decimal in, Decimal out, never a binary float.

UCRM wants money as JSON numbers. `Decimal("0.10")` is written `0.10`, and `0.1` is read as `Decimal("0.1")`.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def dumps(value: object) -> str:
    """`value` as compact JSON. Raises TypeError for a float: its digits are not what was meant."""
    match value:
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(dumps(part) for part in value) + "]"
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case str() | bool() | int() | None:
            return json.dumps(value)
    raise TypeError(f"{value!r} cannot be written as exact JSON")


def loads(text: str | bytes) -> Any:
    """The value in `text`; numbers with a point or exponent as Decimal. Raises ValueError, also for NaN."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
