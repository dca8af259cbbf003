"""Surcharges assigned to services: billed with the service each time, until they are removed."""

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.catalogue import SURCHARGES
from callmeter.local.ucrm.fields import RefusalError, Row, blank, invalid, read_body
from callmeter.local.ucrm.shapes import SERVICE_SURCHARGE


def listed(books: Books, service_id: int) -> list[Row]:
    books.get("services", service_id)
    return books.find("serviceSurcharges", "service", service_id)


def add(books: Books, service_id: int, body: object) -> Row:
    _check_editable(books, service_id)
    row = dict.fromkeys(SERVICE_SURCHARGE) | read_body(body, SERVICE_SURCHARGE) | {"serviceId": service_id}
    return books.add("serviceSurcharges", _checked(books, row))


def change(books: Books, number: int, body: object) -> Row:
    row = books.get("serviceSurcharges", number)
    _check_editable(books, row["serviceId"])
    return books.change("serviceSurcharges", number, _checked(books, row | read_body(body, SERVICE_SURCHARGE)))


def remove(books: Books, number: int) -> None:
    _check_editable(books, books.get("serviceSurcharges", number)["serviceId"])
    books.remove("serviceSurcharges", number)


def _check_editable(books: Books, service_id: int) -> None:
    """Not while a change of the service is pending [2X]."""
    if books.get("services", service_id).get("_deferredChange"):
        raise RefusalError(404, "Editing is not allowed while the service has a deferred change.")


def _checked(books: Books, row: Row) -> Row:
    if row["surchargeId"] is None:
        raise blank("surchargeId")
    if not SURCHARGES.has(books, row["surchargeId"]):
        raise invalid(surchargeId="Surcharge does not exist.")
    return row | {"taxable": bool(row["taxable"])}
