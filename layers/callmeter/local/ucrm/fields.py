"""How request bodies and queries are read, and how UCRM refuses what is not as documented.

A shape names the fields a body may have and the JSON type of each (shapes.py has them); `read_body` checks a body
against one. Nothing is cast: "5" is not 5. Null passes for every field; what must be there is for the rules to say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

DATE_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}")


class RefusalError(Exception):
    """A request UCRM does not accept: the HTTP status, its message, and messages by field (422)."""

    def __init__(self, code: int, message: str, errors: Mapping[str, list[str]] | None = None) -> None:
        self.code = code
        self.message = message
        self.errors = errors
        super().__init__(message)

    def body(self) -> Row:
        answer: Row = {"code": self.code, "message": self.message}
        return answer if self.code != 422 else {**answer, "errors": dict(self.errors or {})}


def invalid(**errors: str) -> RefusalError:
    """422 with one message a field; `items__price` names `items[].price`."""
    return invalid_fields({name.replace("__", "[]."): [text] for name, text in errors.items()})


def invalid_fields(errors: Mapping[str, list[str]]) -> RefusalError:
    return RefusalError(422, "Validation failed.", errors)


def blank(*names: str) -> RefusalError:
    """422: these must be filled."""
    return invalid(**dict.fromkeys(names, "This value should not be blank."))


def not_found() -> RefusalError:
    return RefusalError(404, "Object is not found.")


@dataclass(frozen=True)
class ListOf:
    """A JSON array whose members have a shape."""

    shape: "Mapping[str, str | ListOf]"


Shape = Mapping[str, str | ListOf]
STRING, INTEGER, NUMBER, BOOLEAN, DATE = "String", "Integer", "Double", "Boolean", "Date"


def each(kind: str, names: str) -> dict[str, str | ListOf]:
    """These names, all of one kind."""
    return dict.fromkeys(names.split(), kind)


@dataclass
class _Findings:
    """Everything wrong with one body, so that all of it is told at once."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    bad_dates: list[str] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        texts = self.errors.setdefault(name, [])
        if text not in texts:
            texts.append(text)


def read_body(body: object, shape: Shape) -> Row:
    """`body` if it is an object of this shape. Raises RefusalError, 422 or for dates 400."""
    if not isinstance(body, dict):
        raise RefusalError(400, "Invalid json message received.")
    findings = _Findings()
    _check(body, shape, "", findings)
    if findings.errors:
        raise invalid_fields(findings.errors)
    if findings.bad_dates:
        names = ", ".join(findings.bad_dates)
        raise RefusalError(400, f"Invalid date in {names}: expected a date such as 2016-09-12T00:00:00+0000.")
    return body


def _check(body: Row, shape: Shape, at: str, findings: _Findings) -> None:
    for name, value in body.items():
        kind = shape.get(name)
        if kind is None:
            findings.add(at + name, "This field is not allowed.")
        elif value is not None:
            _check_value(value, kind, at + name, findings)


def _check_value(value: object, kind: str | ListOf, name: str, findings: _Findings) -> None:
    if isinstance(kind, ListOf):
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            findings.add(name, "This value is not in valid type. Array expected.")
            return
        for part in value:
            _check(part, kind.shape, f"{name}[].", findings)
    elif not _is(value, kind):
        expected = STRING if kind == DATE else kind
        findings.add(name, f"This value is not in valid type. {expected} expected.")
    elif kind == DATE and not _is_date(str(value)):
        findings.bad_dates.append(name)


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool) or kind == BOOLEAN:
        return isinstance(value, bool) and kind == BOOLEAN
    wanted = {INTEGER: (int,), NUMBER: (int, Decimal), STRING: (str,), DATE: (str,)}[kind]
    return isinstance(value, wanted)


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and instant(text).tzinfo is not None
    except ValueError:
        return False


def instant(text: str) -> datetime:
    """The time a UCRM date stands for, with its offset. Raises ValueError."""
    return datetime.strptime(text, DATE_FORMAT)  # noqa: DTZ007 -- the format has the offset


@dataclass(frozen=True)
class Query:
    """The query parameters of a list call. A malformed one is refused with 400; unknown ones are ignored."""

    values: Mapping[str, list[str]]
    largest_page: int | None = None

    def text(self, name: str) -> str | None:
        if name + "[]" in self.values:
            raise RefusalError(400, f'Parameter "{name}" must not be an array.')
        return self.values[name][-1] if name in self.values else None

    def integer(self, name: str) -> int | None:
        text = self.text(name)
        if text is not None and not re.fullmatch(r"[0-9]{1,18}", text):
            raise RefusalError(400, f'Parameter "{name}" of value "{text}" is not a number.')
        return None if text is None else int(text)

    def flag(self, name: str) -> bool | None:
        return None if self.text(name) is None else self.one_of(name, "0", "0", "1") == "1"

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            raise RefusalError(400, f'Parameter "{name}" of value "{text}" is not YYYY-MM-DD.') from None

    def one_of(self, name: str, default: str, *choices: str) -> str:
        text = self.text(name)
        if text is not None and text not in choices:
            raise RefusalError(400, f'Parameter "{name}" of value "{text}" is not one of {", ".join(choices)}.')
        return default if text is None else text

    def array(self, name: str, *choices: str) -> list[str]:
        """`name[]=a&name[]=b`, each one of `choices` or, where there are none, a number. It needs the brackets."""
        if name in self.values:
            raise RefusalError(400, f'Parameter "{name}" must be an array: {name}[]=…')
        chosen = self.values.get(name + "[]", [])
        if wrong := [text for text in chosen if (text not in choices if choices else not text.isdigit())]:
            raise RefusalError(400, f'Parameter "{name}[]" of value "{wrong[0]}" is not known.')
        return chosen

    def search(self) -> str | None:
        text = self.text("query")
        if text is not None and len(text) < 2:
            raise RefusalError(400, "A search query has at least two characters.")
        return None if text is None else text.casefold()

    def page(self, rows: list[Row]) -> list[Row]:
        """`limit` rows from `offset`; all (`largest_page`) where no limit is given."""
        offset, limit = self.integer("offset") or 0, self.integer("limit")
        wanted = [rows_at_most for rows_at_most in (limit, self.largest_page) if rows_at_most is not None]
        return rows[offset : offset + min(wanted, default=len(rows))]


def within_days(rows: list[Row], query: Query) -> list[Row]:
    """The rows created from `createdDateFrom` to `createdDateTo`, both days included."""
    first, last = query.day("createdDateFrom"), query.day("createdDateTo")
    if first is not None:
        rows = [row for row in rows if row["createdDate"][:10] >= first.isoformat()]
    if last is not None:
        rows = [row for row in rows if row["createdDate"][:10] <= last.isoformat()]
    return rows
