"""Finding invoices: every filter, order and page of GET /invoices; what credit notes have of it too."""

from callmeter.local.ucrm import attributes
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, Row, within_days

DRAFT, UNPAID, PARTLY_PAID, PAID, VOID, PROCESSED = range(6)
_ORDERS = ("clientFirstName", "clientLastName", "createdDate", "number")


def list_invoices(books: Books, query: Query) -> list[Row]:
    rows = _candidates(books, query)
    if (owner := query.integer("organizationId")) is not None:
        books.get("organizations", owner)
        rows = [row for row in rows if row["_organizationId"] == owner]
    if statuses := query.array("statuses", *(str(status) for status in range(6))):
        rows = [row for row in rows if str(row["status"]) in statuses]
    if (number := query.text("number")) is not None:
        rows = [row for row in rows if row["number"] == number]
    if (proforma := query.flag("proforma")) is not None:
        rows = [row for row in rows if row["proforma"] == proforma]
    if (overdue := query.flag("overdue")) is not None:
        rows = [row for row in rows if is_overdue(books, row) == overdue]
    return page(rows, query)


def _candidates(books: Books, query: Query) -> list[Row]:
    """The rows with the attribute asked for, of the client asked for; found without looking at all."""
    found, client_id = attributes.carriers(books, "invoice", query), query.integer("clientId")
    if client_id is not None:
        books.get("clients", client_id)
    if found is None:
        return books.rows("invoices") if client_id is None else books.find("invoices", "client", client_id)
    drafts = books.options["_attributeFindsDrafts"]
    return [row for row in found if client_id in (None, row["clientId"]) and (drafts or row["status"] != DRAFT)]


def page(rows: list[Row], query: Query) -> list[Row]:
    """What `query` says of dates, words, order and page; for credit notes too."""
    if (text := query.search()) is not None:
        rows = [row for row in rows if text in " ".join(_searched(row)).casefold()]
    by = query.one_of("order", "createdDate", *_ORDERS)
    down = query.one_of("direction", "ASC", "ASC", "DESC") == "DESC"
    return query.page(sorted(within_days(rows, query), key=lambda row: str(row[by] or ""), reverse=down))


def is_overdue(books: Books, row: Row) -> bool:
    return row["status"] in (UNPAID, PARTLY_PAID) and row["dueDate"][:10] < books.now()[:10]


def _searched(row: Row) -> list[str]:
    names = ("number", "clientFirstName", "clientLastName", "clientCompanyName")
    return [row[name] for name in names if row[name]]
