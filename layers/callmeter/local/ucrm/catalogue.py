"""Small tables a person fills once: surcharges, products, taxes, reasons of suspension.

A row that was removed is kept out of sight: what was assigned from it goes on.
"""

from dataclasses import dataclass, field

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, Row, Shape, blank, not_found, read_body
from callmeter.local.ucrm.shapes import PRODUCT, SURCHARGE, SUSPENSION_REASON, TAX


@dataclass(frozen=True)
class Catalogue:
    """One such table: its name, what a body may hold, and what must be there."""

    table: str
    shape: Shape
    required: tuple[str, ...] = ("name",)
    defaults: Row = field(default_factory=dict)

    def listed(self, books: Books, query: Query) -> list[Row]:
        return query.page([row for row in books.rows(self.table) if not row.get("_removed")])

    def get(self, books: Books, number: int) -> Row:
        row = books.get(self.table, number)
        if row.get("_removed"):
            raise not_found()
        return row

    def has(self, books: Books, number: int) -> bool:
        return not books.tables[self.table].get(number, {"_removed": True}).get("_removed")

    def add(self, books: Books, body: object) -> Row:
        wanted = {name: value for name, value in read_body(body, self.shape).items() if value is not None}
        return books.add(self.table, self._checked(dict.fromkeys(self.shape) | self.defaults | wanted))

    def change(self, books: Books, number: int, body: object) -> Row:
        row = self.get(books, number) | read_body(body, self.shape)
        return books.change(self.table, number, self._checked(row))

    def remove(self, books: Books, number: int) -> None:
        self.get(books, number)
        books.change(self.table, number, {"_removed": True})

    def _checked(self, row: Row) -> Row:
        if missing := [name for name in self.required if row[name] in (None, "")]:
            raise blank(*missing)
        return row


SURCHARGES = Catalogue("surcharges", SURCHARGE, defaults={"taxable": False})
PRODUCTS = Catalogue("products", PRODUCT, required=("name", "price"), defaults={"taxable": False})
TAXES = Catalogue("taxes", TAX, required=("name", "rate"), defaults={"compound": False, "selected": False})
REASONS = Catalogue("suspensionReasons", SUSPENSION_REASON)
