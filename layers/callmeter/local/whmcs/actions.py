"""The API's actions and what each does; its fields, what is required, and the errors are the documentation's.

Stricter than WHMCS: fields that it does not have are refused, and so are amounts of more than two decimals, which it
would round. Source: developers.whmcs.com/api-reference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from callmeter.local.whmcs.books import Books, Row

Fields = dict[str, str]


class RefusalError(Exception):
    """{"result": "error", "message": its text}."""


@dataclass(frozen=True)
class Action:
    """What an action takes, and what it does."""

    fields: frozenset[str]
    do: Callable[[Books, Fields], Row]


def perform(books: Books, fields: Fields) -> Row:
    """Do what `action` says. Raises RefusalError."""
    known = {name.lower(): action for name, action in ACTIONS.items()}
    action = known.get(fields.get("action", "").lower())
    if action is None:
        raise RefusalError("Command Not Found")
    given = {name: value for name, value in fields.items() if name != "action"}
    if unknown := sorted(given.keys() - action.fields):
        raise RefusalError(f"Unknown parameter {', '.join(unknown)}")
    return {"result": "success", **action.do(books, given)}


def _whole(fields: Fields, name: str, default: str = "") -> int:
    text = fields.get(name, default)
    if not re.fullmatch(r"\d{1,10}", text):
        raise RefusalError(f"{name} is not a number: {text!r}")
    return int(text)


def _client(books: Books, fields: Fields, name: str, message: str) -> Row:
    client = books.clients.get(_whole(fields, name, "0"))
    if client is None:
        raise RefusalError(message)
    return client


def _amount(fields: Fields) -> Decimal:
    text = fields.get("amount", "")
    if not text:
        raise RefusalError("No Amount Provided")
    if not re.fullmatch(r"-?\d{1,8}(\.\d{1,2})?", text):
        raise RefusalError(f"amount is not money with two decimals: {text!r}")
    return Decimal(text)


def _client_details(books: Books, fields: Fields) -> Row:
    if not fields.get("clientid"):
        raise RefusalError("Either clientid Or email Is Required")
    client = _client(books, fields, "clientid", "Client Not Found")
    return {"client": {**client, "id": str(client["id"])}}


def _invoices(books: Books, fields: Fields) -> Row:
    rows = list(books.invoices.values())
    if "userid" in fields:
        rows = [row for row in rows if row["userid"] == _whole(fields, "userid")]
    order, orderby = fields.get("order", "asc"), fields.get("orderby", "id")
    if orderby not in ("id", "invoicenumber", "date", "duedate", "total", "status") or order not in ("asc", "desc"):
        raise RefusalError("Invalid Order")
    rows.sort(key=lambda row: (row.get(orderby, row["id"]), row["id"]), reverse=order == "desc")
    start, number = _whole(fields, "limitstart", "0"), _whole(fields, "limitnum", "25")
    page = [books.invoice_row(row) for row in rows[start : start + number]]
    return {
        "totalresults": len(rows),
        "startnumber": start,
        "numreturned": len(page),
        "invoices": {"invoice": page} if page else "",
    }


def _invoice(books: Books, fields: Fields) -> Row:
    invoice = books.invoices.get(_whole(fields, "invoiceid"))
    if invoice is None:
        raise RefusalError("Invoice ID Not Found")
    return books.invoice(invoice)


def _add_billable_item(books: Books, fields: Fields) -> Row:
    client = _client(books, fields, "clientid", "Client ID not Found")
    if not fields.get("description"):
        raise RefusalError("You must provide a description")
    if fields.get("unit") not in ("hours", "quantity"):
        raise RefusalError("Invalid Unit, please specify either 'hours' or 'quantity'")
    action = fields.get("invoiceaction", "noinvoice")
    if action not in ("noinvoice", "nextcron", "nextinvoice"):
        raise RefusalError("Invalid Invoice Action")
    return {"billableid": books.add_item(client["id"], fields["description"], _amount(fields), action)}


def _add_credit(books: Books, fields: Fields) -> Row:
    client = _client(books, fields, "clientid", "Client ID Not Found")
    if not fields.get("description"):
        raise RefusalError("description is required")
    balance = books.add_credit(client["id"], fields["description"], _amount(fields))
    return {"newbalance": f"{balance:.2f}"}


def _credits(books: Books, fields: Fields) -> Row:
    client = _client(books, fields, "clientid", "Client ID Not Found")
    rows = books.credit_log(client["id"])
    return {
        "totalresults": len(rows),
        "clientid": str(client["id"]),
        "credits": {"credit": rows} if rows else "",
    }


def _automation_log(books: Books, fields: Fields) -> Row:  # noqa: ARG001 -- its dates choose statistics
    return {
        "currentDatetime": f"{books.clock():%Y-%m-%d %H:%M:%S}",
        "lastDailyCronInvocationTime": f"{books.last_cron:%Y-%m-%d %H:%M:%S}" if books.last_cron else "",
        "statistics": {},
    }


ACTIONS = {
    "GetClientsDetails": Action(frozenset({"clientid", "email", "stats"}), _client_details),
    "GetInvoices": Action(
        frozenset({"limitstart", "limitnum", "userid", "status", "orderby", "order"}),
        _invoices,
    ),
    "GetInvoice": Action(frozenset({"invoiceid"}), _invoice),
    "AddBillableItem": Action(
        frozenset({"clientid", "description", "amount", "unit", "quantity", "invoiceaction"}), _add_billable_item
    ),
    "AddCredit": Action(frozenset({"clientid", "description", "amount"}), _add_credit),
    "GetCredits": Action(frozenset({"clientid"}), _credits),
    "GetAutomationLog": Action(frozenset({"startdate", "enddate", "namespace"}), _automation_log),
}
