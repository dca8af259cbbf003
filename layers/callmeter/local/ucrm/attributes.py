"""Custom attributes: their definitions, the values rows carry, and finding rows by them."""

import re
from datetime import date

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, RefusalError, Row, blank, invalid, read_body
from callmeter.local.ucrm.shapes import CUSTOM_ATTRIBUTE

_TABLES = {"client": "clients", "invoice": "invoices", "payment": "", "service": "services"}
_TYPES = ("string", "integer", "boolean", "date", "enum")
_CHOICE = "The value you selected is not a valid choice."


def list_definitions(books: Books, query: Query) -> list[Row]:
    owner = query.one_of("attributeType", "", *_TABLES)
    rows = [row for row in books.rows("customAttributes") if owner in ("", row["attributeType"])]
    return query.page(rows)


def define(books: Books, body: object) -> Row:
    """A new definition. Its key is its name in camel case: "Callmeter bill" gives callmeterBill."""
    wanted = read_body(body, CUSTOM_ATTRIBUTE)
    name, owner = wanted.get("name") or "", wanted.get("attributeType") or ""
    kind = wanted.get("type") or "string"
    key = camel_case(name)
    if not key:
        raise blank("name")
    if owner not in _TABLES:
        raise invalid(attributeType=_CHOICE)
    if kind not in _TYPES:
        raise invalid(type=_CHOICE)
    if _definition(books, owner, key) is not None:
        raise invalid(name="This value is already used.")
    visible = bool(wanted.get("clientZoneVisible"))
    row = {"name": name, "key": key, "attributeType": owner, "type": kind, "clientZoneVisible": visible}
    return books.add("customAttributes", row)


def redefine(books: Books, number: int, body: object) -> Row:
    """Another name or visibility; key, owner and type stay."""
    there, wanted = books.get("customAttributes", number), read_body(body, CUSTOM_ATTRIBUTE)
    for name in ("attributeType", "type"):
        if wanted.get(name) not in (None, there[name]):
            raise invalid(**{name: _CHOICE})
    return books.change("customAttributes", number, {n: v for n, v in wanted.items() if v is not None})


def forget(books: Books, number: int) -> None:
    """Remove a definition, and its values from every row."""
    definition = books.get("customAttributes", number)
    table = _TABLES[definition["attributeType"]]
    for row in books.rows(table) if table else []:
        kept = [value for value in row["attributes"] if value["customAttributeId"] != number]
        if len(kept) < len(row["attributes"]):
            books.change(table, row["id"], {"attributes": kept})
    books.remove("customAttributes", number)


def camel_case(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "".join(word.capitalize() if at else word.lower() for at, word in enumerate(words))


def _definition(books: Books, owner: str, key: str) -> Row | None:
    rows = books.rows("customAttributes")
    return next((row for row in rows if (row["attributeType"], row["key"]) == (owner, key)), None)


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


def with_values(books: Books, owner: str, row: Row, values: list[Row] | None) -> list[Row]:
    """What `row` carries once it has the (checked) values; null removes one."""
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
    return list(carried.values())


def carriers(books: Books, owner: str, query: Query) -> list[Row] | None:
    """The rows that carry `customAttributeKey` = `customAttributeValue`; None where the query names no attribute.

    Both parameters, or neither. What UCRM answers for a key that is not defined is not documented. It is refused
    here, so that nothing relies on it.
    """
    key, value = query.text("customAttributeKey"), query.text("customAttributeValue")
    if key is None and value is None:
        return None
    if key is None or value is None:
        raise RefusalError(400, "customAttributeKey and customAttributeValue must be used together.")
    if _definition(books, owner, key) is None:
        raise invalid(customAttributeKey="Custom attribute does not exist.")
    return books.find(_TABLES[owner], "attribute", key, value)
