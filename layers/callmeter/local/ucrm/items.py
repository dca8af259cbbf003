"""What an invoice bills: free items, products, fees, and services with their surcharges.

A service's item and its surcharges' are for the same days and have the same quantity: a part of a period bills a part
of a surcharge, and a catch-up over two periods bills it twice [2X].
"""

from collections.abc import Iterator
from decimal import Decimal

from callmeter.local.ucrm import services, totals
from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.catalogue import PRODUCTS, TAXES
from callmeter.local.ucrm.fields import Row, invalid, invalid_fields
from callmeter.local.ucrm.invoice_list import VOID
from callmeter.local.ucrm.spans import Span, upcoming
from callmeter.money import round_to_minor

_BLANK = "This value should not be blank."
_LINKS = ("serviceId", "serviceSurchargeId", "productId", "feeId")
_NO_TAXES = dict.fromkeys(totals.TAX_IDS)


def check(books: Books, client: Row, item: Row) -> None:
    """Raises RefusalError 422 with everything wrong with one wanted item."""
    errors: dict[str, list[str]] = {}
    linked = [name for name in ("productId", "serviceId", "feeId") if item.get(name) is not None]
    for name in linked if len(linked) > 1 else []:
        errors[f"items[].{name}"] = ["Only one of productId, serviceId and feeId can be set."]
    if len(linked) == 1 and (wrong := _wrong_link(books, client, linked[0], item[linked[0]])):
        errors[f"items[].{linked[0]}"] = [wrong]
    if linked and linked != ["productId"] and item.get("quantity") is not None:
        errors["items[].quantity"] = ["This value should be blank."]
    if not linked:
        errors |= {f"items[].{name}": [_BLANK] for name in ("label", "price") if item.get(name) in (None, "")}
    if (item.get("price") or 0) < 0 and not books.options["_negativePrices"]:
        errors["items[].price"] = ["This value should be 0 or more."]
    errors |= {f"items[].{name}": texts for name, texts in wrong_taxes(books, item).items()}
    if errors:
        raise invalid_fields(errors)


def _wrong_link(books: Books, client: Row, name: str, number: int) -> str:
    """What is wrong with billing this product, service or fee to the client; "" for nothing."""
    if name == "productId":
        return "" if PRODUCTS.has(books, number) else "Product does not exist."
    row = books.tables["services" if name == "serviceId" else "fees"].get(number)
    if row is None or row["clientId"] != client["id"]:
        return f"{name[:-2].capitalize()} does not exist."
    if name == "feeId":
        return "Fee is already invoiced." if row["invoiced"] else ""
    return "Service has no period to invoice." if row["_quoted"] or _next_span(books, row) is None else ""


def _next_span(books: Books, service: Row) -> Span | None:
    return next(upcoming(services.terms_of(books, service), services.day_of(service["_invoicedTo"])), None)


def wrong_taxes(books: Books, item: Row) -> dict[str, list[str]]:
    """What is wrong with the item's taxes, by field."""
    errors: dict[str, list[str]] = {}
    for name in totals.TAX_IDS:
        if item.get(name) is not None and not TAXES.has(books, item[name]):
            errors[name] = ["Tax does not exist."]
        elif item.get(name) is not None and name != "tax1Id" and books.options["pricingMode"] == 2:
            errors[name] = ["Only a single tax can be set with tax inclusive pricing."]
    return errors


def made(books: Books, client: Row, wanted: list[Row], currency: str) -> list[Row]:
    """The items for these wanted ones, each checked; a service brings its surcharges."""
    items: list[Row] = []
    for item in wanted:
        given = {name: value for name, value in item.items() if value is not None}
        if "serviceId" in given:
            service = books.get("services", given["serviceId"])
            span = _next_span(books, service)
            again = any(other["serviceId"] == service["id"] for other in items)
            if span is None or again:
                raise invalid(items__serviceId="Service has no period to invoice.")
            items += of_service(books, service, span, currency, given)
        elif "feeId" in given:
            items.append(of_fee(books, client, books.get("fees", given["feeId"]), currency, given))
        else:
            items.append(_free(books, client, given, currency))
    return items


def _free(books: Books, client: Row, given: Row, currency: str) -> Row:
    kind, defaults = "other", dict(_NO_TAXES)
    if books.options["_addsTaxes"]:
        defaults = _taxes_of(client)
    if "productId" in given:
        product = PRODUCTS.get(books, given["productId"])
        kind = "product"
        defaults = _taxes_of(client) if product["taxable"] else dict(_NO_TAXES)
        label = product["invoiceLabel"] or product["name"]
        given = {"label": label, "price": product["price"], "unit": product["unit"], **given}
    taxes = {name: given[name] for name in _NO_TAXES if name in given} or defaults
    return _item(books, kind, currency, given | taxes)


def free_item(books: Books, wanted: Row, currency: str) -> Row:
    """An item of its own, as credit notes have them too."""
    item = _item(books, "other", currency, {name: value for name, value in wanted.items() if value is not None})
    return {name: value for name, value in item.items() if name not in _LINKS}


def _taxes_of(owner: Row) -> Row:
    return {name: owner[name] for name in totals.TAX_IDS}


def of_fee(books: Books, client: Row, fee: Row, currency: str, given: Row | None = None) -> Row:
    taxes = _taxes_of(client) if fee["taxable"] else _NO_TAXES
    wanted = {"label": fee["invoiceLabel"], "price": fee["price"], "feeId": fee["id"], **taxes, **(given or {})}
    return _item(books, "fee", currency, wanted)


def of_service(books: Books, service: Row, span: Span, currency: str, given: Row | None = None) -> Iterator[Row]:
    """The service's item for these days, then its surcharges'."""
    plan, _ = services.plan_of(books, service)
    days = {"_from": span.first.isoformat(), "_to": span.last.isoformat()}
    label = service["invoiceLabel"] or plan["invoiceLabel"] or service["name"] or plan["name"]
    wanted = {
        "label": label,
        "price": services.price_of(books, service),
        "serviceId": service["id"],
        **(_taxes_of(service) if plan["taxable"] else _NO_TAXES),
        **(given or {}),
        "quantity": span.quantity,
    }
    item = _item(books, "service", currency, wanted)
    yield item | days | _discount(service, item, span, currency)
    for row in books.find("serviceSurcharges", "service", service["id"]):
        surcharge = books.get("surcharges", row["surchargeId"])
        wanted = {
            "label": row["invoiceLabel"] or surcharge["invoiceLabel"] or surcharge["name"],
            "price": services.surcharge_price(books, service, row),
            "quantity": span.quantity if books.options["_surchargeFollowsService"] else 1,
            "serviceId": service["id"],
            "serviceSurchargeId": row["id"],
            **(_taxes_of(service) if row["taxable"] else _NO_TAXES),
        }
        yield _item(books, "surcharge", currency, wanted) | days


def _discount(service: Row, item: Row, span: Span, currency: str) -> Row:
    """The service's discount on its item, where the days are within it: 1 a percentage, 2 a sum a period."""
    first, last = services.day_of(service["discountFrom"]), services.day_of(service["discountTo"])
    outside = (first is not None and span.first < first) or (last is not None and span.last > last)
    if not service["discountType"] or outside or not service["discountValue"]:
        return {}
    value = Decimal(service["discountValue"])
    price = item["price"] * value / 100 if service["discountType"] == 1 else value
    total = round_to_minor(price * item["quantity"], currency)
    return {"discountPrice": price, "discountQuantity": item["quantity"], "discountTotal": total}


def _item(books: Books, kind: str, currency: str, given: Row) -> Row:
    price, quantity = Decimal(given["price"]), Decimal(given.get("quantity", 1))
    return {
        "id": books.next_id("invoiceItems"),
        "type": kind,
        "label": given["label"],
        "price": price,
        "quantity": quantity,
        "unit": given.get("unit"),
        **{name: given.get(name) for name in (*totals.TAX_IDS, *_LINKS)},
        "total": round_to_minor(price * quantity, currency),
        **dict.fromkeys(("discountPrice", "discountQuantity", "discountTotal")),
    }


def edited(books: Books, item: Row, wanted: Row, currency: str) -> Row:
    """`item` with these fields anew, its total too. Raises RefusalError."""
    given = {name: value for name, value in wanted.items() if value is not None or name in (*totals.TAX_IDS, "unit")}
    if wrong := wrong_taxes(books, given):
        raise invalid_fields(wrong)
    if given.get("label") == "":
        raise invalid(label=_BLANK)
    if given.get("price", 0) < 0 and not books.options["_negativePrices"]:
        raise invalid(price="This value should be 0 or more.")
    numbers = {name: Decimal(given[name]) for name in ("price", "quantity") if name in given}
    item = item | given | numbers
    return item | {"total": round_to_minor(item["price"] * item["quantity"], currency)}


def recount(books: Books, *versions: Row) -> None:
    """After an invoice changed: what the services and fees on it (before, after) have been invoiced to."""
    for service_id in {item["serviceId"] for row in versions for item in row["items"] if item["serviceId"]}:
        services.recount(books, service_id)
    for fee_id in {item["feeId"] for row in versions for item in row["items"] if item["feeId"]}:
        on = [invoice for invoice in books.find("invoices", "feeId", fee_id) if invoice["status"] != VOID]
        if books.has("fees", fee_id):
            books.change("fees", fee_id, {"invoiced": bool(on)})
