"""Numbers of invoices: unique in an organization, for invoices and proforma invoices each."""

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Row


def is_used(books: Books, table: str, organization_id: int, proforma: bool | None, number: str | None) -> bool:
    return number is not None and bool(books.find(table, "number", organization_id, proforma, number))


def next_number(books: Books, organization_id: int, proforma: bool) -> str:
    """The next number of the organization's series that no invoice has."""
    organization = books.get("organizations", organization_id)
    prefix = ("P" if proforma else "") + organization["_numberPrefix"]
    upcoming = organization["_nextProformaNumber" if proforma else "_nextNumber"]
    while is_used(books, "invoices", organization_id, proforma, number := _numbered(organization, prefix, upcoming)):
        upcoming += 1
    return number


def _numbered(organization: Row, prefix: str, number: int) -> str:
    return f"{prefix}{number:0{organization['_numberLength']}d}"


def take_number(books: Books, organization_id: int, proforma: bool) -> str:
    """`next_number`, used up: a void or deleted invoice's number does not come again."""
    number = next_number(books, organization_id, proforma)
    prefix = ("P" if proforma else "") + books.get("organizations", organization_id)["_numberPrefix"]
    series = "_nextProformaNumber" if proforma else "_nextNumber"
    books.change("organizations", organization_id, {series: int(number.removeprefix(prefix)) + 1})
    return number
