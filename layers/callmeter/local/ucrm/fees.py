"""Fees: UCRM makes them, and puts each on the client's next invoice once. There is no way to add one."""

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, RefusalError, Row


def listed(books: Books, query: Query) -> list[Row]:
    client_id, kind, invoiced = (
        query.integer("clientId"),
        query.one_of("type", "", "1", "2", "3"),
        query.flag("invoiced"),
    )
    if client_id is not None:
        books.get("clients", client_id)
    rows = books.rows("fees") if client_id is None else books.find("fees", "client", client_id)
    rows = [row for row in rows if kind in ("", str(row["type"]))]
    return query.page([row for row in rows if invoiced in (None, row["invoiced"])])


def remove(books: Books, fee_id: int) -> None:
    if books.get("fees", fee_id)["invoiced"]:
        raise RefusalError(400, "Only uninvoiced fees can be deleted.")
    books.remove("fees", fee_id)
