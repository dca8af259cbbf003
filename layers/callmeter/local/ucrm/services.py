"""Services: clients' subscriptions to plans, their suspension and their end.

What a service has been invoiced to follows from the items on invoices that are not void: deleting an invoice gives
its period back. Whether UCRM does so for a void one as well is not documented; here it does.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from callmeter.local.ucrm import attributes, events, plans, totals
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.catalogue import REASONS, TAXES
from callmeter.local.ucrm.clients import convert_lead, currency_code
from callmeter.local.ucrm.fields import Query, RefusalError, Row, invalid, not_found, read_body
from callmeter.local.ucrm.invoice_list import VOID
from callmeter.local.ucrm.shapes import (
    SERVICE_ACTIVATE,
    SERVICE_NEW,
    SERVICE_SUSPEND,
    SERVICE_UPDATE,
)
from callmeter.local.ucrm.spans import Terms

PREPARED, ACTIVE, ENDED, SUSPENDED, QUOTED = 0, 1, 2, 3, 7
_CHOICE = "The value you selected is not a valid choice."
_DEFAULTS: Row = {
    "invoicingProratedSeparately": True, "invoicingSeparately": False, "useCreditAutomatically": True,
    "contractLengthType": 1, "discountType": 0, "prepaid": False, "unmsClientSiteId": None,
}  # fmt: skip
_CHOICES = {
    "invoicingPeriodType": (1, 2),
    "invoicingPeriodStartDay": (*range(1, 29), 31),
    "nextInvoicingDayAdjustment": range(731),
    "contractLengthType": (1, 2),
    "discountType": (0, 1, 2),
}
_COPIED = ("fullAddress", "street1", "street2", "city", "countryId", "stateId", "zipCode")
_NEVER_KEPT = ("attributes", "price", "isQuoted", "servicePlanId")


def listed(books: Books, query: Query) -> list[Row]:
    found, client_id = attributes.carriers(books, "service", query), query.integer("clientId")
    if client_id is not None:
        books.get("clients", client_id)
    rows = books.rows("services") if client_id is None else books.find("services", "client", client_id)
    if found is not None:
        rows = [row for row in found if client_id in (None, row["clientId"])]
    if (organization := query.integer("organizationId")) is not None:
        rows = [row for row in rows if books.get("clients", row["clientId"])["organizationId"] == organization]
    if query.flag("prepaid") or query.flag("hasOutage"):
        rows = []
    statuses = query.array("statuses", *(str(status) for status in range(9)))
    rows = [row for row in rows if not statuses or str(status_of(books, row)) in statuses]
    return [as_read(books, row) for row in query.page(rows)]


def read(books: Books, service_id: int) -> Row:
    return as_read(books, books.get("services", service_id))


def status_of(books: Books, row: Row) -> int:
    today = books.today()
    if row["_quoted"]:
        return QUOTED
    if (ends := day_of(row["activeTo"])) is not None and ends < today:
        return ENDED
    if any(period["endDate"] is None for period in row["suspensionPeriods"]):
        return SUSPENDED
    return PREPARED if day_of(row["activeFrom"]) > today else ACTIVE


def day_of(text: str | None) -> Any:
    """The day of a date, None for none."""
    return None if text is None else date.fromisoformat(text[:10])


def plan_of(books: Books, row: Row) -> tuple[Row, Row]:
    """The service's plan and its period, also where the plan has been removed since."""
    plan = books.get("servicePlans", row["servicePlanId"])
    return plan, next(period for period in plan["periods"] if period["id"] == row["servicePlanPeriodId"])


def price_of(books: Books, row: Row) -> Decimal:
    """A period's price: the service's own, or else the plan's."""
    own = row["_price"]
    return Decimal((plan_of(books, row)[1]["price"] if own is None else own) or 0)


def as_read(books: Books, row: Row) -> Row:
    plan, period = plan_of(books, row)
    organization = books.get("organizations", books.get("clients", row["clientId"])["organizationId"])
    open_suspension = [one for one in row["suspensionPeriods"] if one["endDate"] is None]
    return {
        **row,
        "status": status_of(books, row),
        "price": price_of(books, row),
        "hasIndividualPrice": row["_price"] is not None,
        "totalPrice": _total_price(books, row, currency_code(books, organization)),
        "servicePlanName": plan["name"],
        "servicePlanPrice": period["price"],
        "servicePlanPeriod": period["period"],
        "servicePlanType": plan["servicePlanType"],
        **{name: plan[name] for name in ("downloadSpeed", "uploadSpeed")},
        "currencyCode": currency_code(books, organization),
        "hasOutage": False,
        "lastInvoicedDate": row["_invoicedTo"] and f"{row['_invoicedTo']}T00:00:00+0000",
        "suspensionReasonId": open_suspension[-1]["_reason"] if open_suspension else None,
        **dict.fromkeys(("unmsClientSiteStatus", "serviceChangeRequestId", "trafficShapingOverrideEnd")),
        "trafficShapingOverrideEnabled": False,
        "surcharges": books.find("serviceSurcharges", "service", row["id"]),
    }


def surcharge_price(books: Books, service: Row, row: Row) -> Decimal:
    """A surcharge's price a period: the one assigned, or else the catalogue's for periods of this length."""
    months = plan_of(books, service)[1]["period"]
    usual = books.get("surcharges", row["surchargeId"])[f"priceMonth{months}"]
    return Decimal((usual if row["price"] is None else row["price"]) or 0)


def _total_price(books: Books, row: Row, currency: str) -> Decimal:
    """What a whole period comes to, with surcharges and taxes."""
    prices = [(price_of(books, row), plan_of(books, row)[0]["taxable"])]
    surcharges = books.find("serviceSurcharges", "service", row["id"])
    prices += [(surcharge_price(books, row, surcharge), surcharge["taxable"]) for surcharge in surcharges]
    none = dict.fromkeys(totals.TAX_IDS)
    items = [
        {"price": price, "quantity": Decimal(1), **({name: row[name] for name in none} if taxable else none)}
        for price, taxable in prices
    ]
    worked = totals.of_invoice(items, books.tables["taxes"], None, books.options["pricingMode"], currency)
    return Decimal(worked["total"])


def add(books: Books, client_id: int, body: object) -> Row:
    """A new service of the client, from now where no dates are given."""
    client = books.get("clients", client_id)
    if client["isArchived"]:
        raise not_found()
    wanted = read_body(body, SERVICE_NEW)
    if wanted.get("prepaid"):
        raise invalid(prepaid="The stand-in has recurring services only.")
    if wanted.get("servicePlanPeriodId") is None:
        raise invalid(servicePlanPeriodId="This value should not be blank.")
    if wanted.get("servicePlanId") is not None:
        raise invalid(servicePlanId="This field is for prepaid services only.")
    plan, _ = _check(books, wanted)
    attributes.check_values(books, "service", wanted.get("attributes"))
    row = _new(books, client, plan, {name: value for name, value in wanted.items() if value is not None})
    row["attributes"] = attributes.with_values(books, "service", row, wanted.get("attributes"))
    books.add("services", row)
    if not wanted.get("isQuoted"):
        convert_lead(books, client)
        _add_fee(books, row, 2, "setupFee")
    events.note(books, "service.add", as_read(books, row))
    return as_read(books, row)


def _new(books: Books, client: Row, plan: Row, wanted: Row) -> Row:
    fields = {name: None for name in SERVICE_NEW if name not in _NEVER_KEPT}
    settings = {
        "invoicingPeriodType": books.options["invoicingPeriodType"],
        "invoicingPeriodStartDay": books.options["invoicePeriodStartDay"],
        "nextInvoicingDayAdjustment": books.options["serviceInvoicingDayAdjustment"],
    }
    today = books.now()[:10] + "T00:00:00+0000"
    return {
        "id": books.next_id("services"),
        "clientId": client["id"],
        **fields,
        **_DEFAULTS,
        **settings,
        **{name: client.get(name) for name in (*_COPIED, "addressGpsLat", "addressGpsLon", *totals.TAX_IDS)},
        "name": plan["name"],
        "activeFrom": today,
        "invoicingStart": wanted.get("activeFrom", today),
        "setupFeePrice": plan["setupFee"],
        "earlyTerminationFeePrice": plan["earlyTerminationFee"],
        **{name: value for name, value in wanted.items() if name not in _NEVER_KEPT},
        "servicePlanId": plan["id"],
        "suspensionPeriods": [],
        "attributes": [],
        "_price": wanted.get("price"),
        "_quoted": bool(wanted.get("isQuoted")),
        "_invoicedTo": None,
        "_skippedTo": None,
    }


def _check(books: Books, wanted: Row) -> tuple[Row, Row]:
    """The plan and period wanted. Raises RefusalError for what cannot be."""
    found = plans.find_period(books, wanted["servicePlanPeriodId"])
    if found is None or not found[1]["enabled"]:
        raise invalid(servicePlanPeriodId="Service plan period does not exist or is not enabled.")
    for name, choices in _CHOICES.items():
        if wanted.get(name) is not None and wanted[name] not in choices:
            raise invalid(**{name: _CHOICE})
    for name in totals.TAX_IDS:
        if wanted.get(name) is not None and not TAXES.has(books, wanted[name]):
            raise invalid(**{name: "Tax does not exist."})
    if wanted.get("contractLengthType") == 2 and wanted.get("contractEndDate") is None:
        raise invalid(contractEndDate="This value should not be blank.")
    return found


def change(books: Books, service_id: int, body: object) -> Row:
    row, wanted = books.get("services", service_id), read_body(body, SERVICE_UPDATE)
    if wanted.get("servicePlanId") is not None:
        raise invalid(servicePlanId="This field is for prepaid services only.")
    before = as_read(books, row)
    given = {name: value for name, value in wanted.items() if name not in _NEVER_KEPT}
    changed = row | given
    plan, _ = _check(books, changed)
    attributes.check_values(books, "service", wanted.get("attributes"))
    given["servicePlanId"] = plan["id"]
    given["attributes"] = attributes.with_values(books, "service", row, wanted.get("attributes"))
    if "price" in wanted:
        given["_price"] = wanted["price"]
    return _told(books, "service.edit", books.change("services", service_id, given), before)


def _told(books: Books, event: str, row: Row, before: Row | None = None) -> Row:
    seen = as_read(books, row)
    events.note(books, event, seen, before)
    return seen


def remove(books: Books, service_id: int) -> None:
    row = as_read(books, books.get("services", service_id))
    for surcharge in books.find("serviceSurcharges", "service", service_id):
        books.remove("serviceSurcharges", surcharge["id"])
    books.remove("services", service_id)
    events.note(books, "service.archive", row)


def end(books: Books, service_id: int) -> Row:
    """End it now; the current day is not invoiced any more [APIB]."""
    row = books.get("services", service_id)
    if status_of(books, row) in (ENDED, QUOTED):
        raise not_found()
    yesterday = (books.today() - timedelta(days=1)).isoformat() + "T00:00:00+0000"
    contract = day_of(row["contractEndDate"])
    if contract is not None and contract >= books.today():
        _add_fee(books, row, 3, "earlyTerminationFee")
    before = as_read(books, row)
    return _told(books, "service.end", books.change("services", service_id, {"activeTo": yesterday}), before)


def activate(books: Books, service_id: int, body: object) -> Row:
    row, wanted = books.get("services", service_id), read_body(body, SERVICE_ACTIVATE)
    if not row["_quoted"]:
        raise not_found()
    convert_lead(books, books.get("clients", row["clientId"]))
    given = {name: value for name, value in wanted.items() if value is not None}
    _add_fee(books, row, 2, "setupFee")
    return _told(books, "service.activate", books.change("services", service_id, given | {"_quoted": False}))


def suspend(books: Books, service_id: int, body: object) -> None:
    row, wanted = books.get("services", service_id), read_body(body, SERVICE_SUSPEND)
    reason = wanted.get("suspensionReasonId")
    if reason is not None and not REASONS.has(books, reason):
        raise invalid(suspensionReasonId="Service suspension reason does not exist.")
    if status_of(books, row) != ACTIVE:
        raise RefusalError(422, "Only an active service can be suspended.")
    period = {"id": books.next_id("suspensionPeriods"), "startDate": books.now(), "endDate": None, "_reason": reason}
    changes = {"suspensionPeriods": [*row["suspensionPeriods"], period]}
    _told(books, "service.suspend", books.change("services", service_id, changes), as_read(books, row))


def cancel_suspend(books: Books, service_id: int) -> None:
    row = books.get("services", service_id)
    if status_of(books, row) != SUSPENDED:
        raise RefusalError(422, "Service is not suspended.")
    periods = [one | {"endDate": one["endDate"] or books.now()} for one in row["suspensionPeriods"]]
    changed = books.change("services", service_id, {"suspensionPeriods": periods})
    _told(books, "service.suspend_cancel", changed, as_read(books, row))


def terms_of(books: Books, row: Row) -> Terms:
    """How the service is billed."""
    return Terms(
        start=day_of(row["invoicingStart"]),
        start_day=row["invoicingPeriodStartDay"],
        months=plan_of(books, row)[1]["period"],
        forward=row["invoicingPeriodType"] == 2,
        adjustment=row["nextInvoicingDayAdjustment"] or 0,
        prorated_separately=row["invoicingProratedSeparately"],
        ends=day_of(row["activeTo"]),
        thirty_day_months=books.options["billingCycleType"] == 1,
    )


def recount(books: Books, service_id: int) -> None:
    """Work out anew what the service has been invoiced to."""
    row = books.tables["services"].get(service_id)
    if row is None:
        return
    invoices = [invoice for invoice in books.find("invoices", "serviceId", service_id) if invoice["status"] != VOID]
    ends = [item["_to"] for invoice in invoices for item in invoice["items"] if item["serviceId"] == service_id]
    to = max([text for text in (*ends, row["_skippedTo"]) if text], default=None)
    if to != row["_invoicedTo"]:
        books.change("services", service_id, {"_invoicedTo": to})


def _add_fee(books: Books, service: Row, kind: int, name: str) -> None:
    """The service's setup or early termination fee, to go on the client's next invoice."""
    if service[name + "Price"]:
        fee = {
            "clientId": service["clientId"],
            "invoiced": False,
            "type": kind,
            "createdDate": books.now(),
            "serviceId": service["id"],
            "dueInvoiceId": None,
            "taxable": books.options[name + "Taxable"],
            "price": service[name + "Price"],
            "invoiceLabel": books.options[name + "InvoiceLabel"],
        }
        books.add("fees", fee)
