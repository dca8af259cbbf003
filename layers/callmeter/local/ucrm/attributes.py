"""Custom attributes: their definitions, the values clients and invoices carry, and finding rows by them."""

import re
from datetime import date

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import CUSTOM_ATTRIBUTE, Query, RefusalError, Row, invalid, read_body

_OWNERS = ("client", "invoice", "payment", "service")
_TYPES = ("string", "integer", "boolean", "date", "enum")


def list_definitions(books: Books, query: Query) -> list[Row]:
    owner = query.one_of("attributeType", "", *_OWNERS)
    rows = [row for row in books.rows("customAttributes") if owner in ("", row["attributeType"])]
    return query.page(rows)


def define(books: Books, body: object) -> Row:
    """A new definition. Its key is its name in camel case: "Callmeter bill" gives callmeterBill."""
    wanted = read_body(body, CUSTOM_ATTRIBUTE)
    name, owner = wanted.get("name") or "", wanted.get("attributeType") or ""
    kind = wanted.get("type") or "string"
    key = camel_case(name)
    if not key:
        raise invalid(name="This value should not be blank.")
    if owner not in _OWNERS:
        raise invalid(attributeType="The value you selected is not a valid choice.")
    if kind not in _TYPES:
        raise invalid(type="The value you selected is not a valid choice.")
    if any(row["key"] == key and row["attributeType"] == owner for row in books.rows("customAttributes")):
        raise invalid(name="This value is already used.")
    visible = bool(wanted.get("clientZoneVisible"))
    row = {"name": name, "key": key, "attributeType": owner, "type": kind, "clientZoneVisible": visible}
    return books.add("customAttributes", row)


def camel_case(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "".join(word.capitalize() if at else word.lower() for at, word in enumerate(words))


def check_values(books: Books, owner: str, values: list[Row] | None) -> None:
    """Refuse values of attributes that are not this kind of owner's, or that do not read as their type."""
    for value in values or []:
        definition = books.tables["customAttributes"].get(value.get("customAttributeId") or 0)
        if definition is None or definition["attributeType"] != owner:
            raise invalid(attributes__customAttributeId="Custom attribute does not exist.")
        text = value.get("value")
        if text is not None and not _reads_as(text, definition["type"]):
            raise invalid(attributes__value=f"This value is not a valid {definition['type']}.")


def _reads_as(text: str, kind: str) -> bool:
    if kind == "date":
        try:
            return date.fromisoformat(text).isoformat() == text
        except ValueError:
            return False
    pattern = {"integer": r"-?\d+", "boolean": "[01]"}.get(kind)
    return pattern is None or re.fullmatch(pattern, text) is not None


def set_values(books: Books, owner: str, row: Row, values: list[Row] | None) -> None:
    """Give `row` the (checked) values, in place; null removes one."""
    carried: dict[int, Row] = {value["customAttributeId"]: value for value in row.get("attributes", [])}
    for value in values or []:
        number, text = value["customAttributeId"], value.get("value")
        if text is None:
            carried.pop(number, None)
            continue
        definition = books.get("customAttributes", number)
        kept = carried.get(number) or {"id": books.next_id("attributeValues"), owner + "Id": row["id"]}
        shared = {name: definition[name] for name in ("name", "key", "clientZoneVisible")}
        carried[number] = {**kept, **shared, "value": text, "customAttributeId": number}
    row["attributes"] = list(carried.values())


def filter_by_value(books: Books, owner: str, rows: list[Row], query: Query) -> list[Row]:
    """The rows that carry `customAttributeKey` = `customAttributeValue`: both parameters, or neither.

    What UCRM answers for a key that is not defined is not documented. It is refused here, so that
    nothing relies on it.
    """
    key, value = query.text("customAttributeKey"), query.text("customAttributeValue")
    if key is None and value is None:
        return rows
    if key is None or value is None:
        raise RefusalError(400, "customAttributeKey and customAttributeValue must be used together.")
    if not any(d["key"] == key and d["attributeType"] == owner for d in books.rows("customAttributes")):
        raise invalid(customAttributeKey="Custom attribute does not exist.")
    return [row for row in rows if any((a["key"], a["value"]) == (key, value) for a in row["attributes"])]
