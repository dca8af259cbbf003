"""One UCRM as the ways of billing see it: its settings, kept for a while, and the invoices that carry bills.

A bill's reference stands in the invoice attribute "Callmeter bill". Where several bills share an invoice, it holds
their references one after the other.
"""

import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callmeter.errors import CallmeterError, Missing
from callmeter.ucrm.answers import (
    ATTRIBUTE_KEY,
    BETWEEN_REFERENCES,
    AttributeDefinition,
    IssuedInvoice,
    Options,
    Tax,
    written,
)
from callmeter.ucrm.api import Query, RefusedError, UcrmApi

ATTRIBUTE_NAME = "Callmeter bill"
KEPT_SECONDS = 300
DRAFT = 0

Kept = TypeVar("Kept")


class Crm:
    """UCRM's API with what billing asks of it again and again. `clock` gives the time, with its zone."""

    def __init__(self, api: UcrmApi, clock: Callable[[], datetime]) -> None:
        self.api = api
        self.clock = clock
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[float, object]] = {}

    # ---- settings

    def options(self) -> Options:
        return self._keep("options", lambda: self.api.read(Options, "/options"))

    def tax_rates(self) -> dict[int, Decimal]:
        """Tax id -> percent."""
        return self._keep("taxes", lambda: {tax.id: tax.rate for tax in self.api.read(list[Tax], "/taxes")})

    def today(self) -> date:
        """The day it is in UCRM."""
        try:
            return self.clock().astimezone(ZoneInfo(self.options().app_timezone or "UTC")).date()
        except (ZoneInfoNotFoundError, ValueError):
            return self.clock().date()

    def _keep(self, name: str, read: Callable[[], Kept]) -> Kept:
        """What `read` gives, read again after some minutes: operators change settings. None is not kept."""
        with self._lock:
            at, value = self._kept.get(name, (0.0, None))
            if value is None or time.monotonic() - at > KEPT_SECONDS:
                value = read()
                self._kept[name] = (time.monotonic(), value)
            return value  # type: ignore[return-value]

    # ---- the attribute

    def find_attribute(self) -> int | None:
        """The id of the attribute that holds references, None where UCRM has not got it yet."""
        return self._keep("attribute", self._read_attribute)

    def _read_attribute(self) -> int | None:
        rows = self.api.rows(AttributeDefinition, "/custom-attributes", {"attributeType": "invoice"})
        return next((row.id for row in rows if row.key == ATTRIBUTE_KEY), None)

    def attribute(self) -> int:
        """The id of that attribute, made where it is missing."""
        with self._lock:
            there = self.find_attribute()
            return self._make_attribute() if there is None else there

    def _make_attribute(self) -> int:
        body = {"name": ATTRIBUTE_NAME, "attributeType": "invoice", "type": "string", "clientZoneVisible": False}
        try:
            made = self.api.create(AttributeDefinition, "/custom-attributes", body)
        except RefusedError:
            # Another sender may have made it in between.
            if (there := self.find_attribute()) is None:
                raise
            return there
        if made.key != ATTRIBUTE_KEY:
            raise CallmeterError(
                f'UCRM gave the invoice attribute "{ATTRIBUTE_NAME}" the key {made.key}, not {ATTRIBUTE_KEY}, so bills '
                "could not be found again by it. Remove that attribute."
            )
        return self._keep("attribute", lambda: made.id)

    def mark(self, reference: str, beside: str = "") -> list[dict[str, object]]:
        """The `attributes` of an invoice that carries this bill, beside those of the mark it has."""
        value = BETWEEN_REFERENCES.join([beside, written(reference)] if beside else [written(reference)])
        return [{"customAttributeId": self.attribute(), "value": value}]

    # ---- invoices

    def invoices_with(self, reference: str, client_id: int) -> list[IssuedInvoice]:
        """The client's invoices that carry this bill: drafts and void ones too.

        Drafts are looked through by themselves, as it is not documented that they are found by attribute.
        """
        if self.find_attribute() is None:
            return []
        by_mark: Query = {"customAttributeKey": ATTRIBUTE_KEY, "customAttributeValue": written(reference)}
        found = {one.id: one for one in self.api.rows(IssuedInvoice, "/invoices", by_mark)}
        if not found:
            drafts: Query = {"clientId": client_id, "statuses[]": DRAFT}
            found = {one.id: one for one in self.api.rows(IssuedInvoice, "/invoices", drafts)}
        return [one for one in found.values() if reference in one.references]

    def invoices_of(self, client_id: int) -> list[IssuedInvoice]:
        """Everything of a client: drafts and void ones too."""
        return list(self.api.rows(IssuedInvoice, "/invoices", {"clientId": client_id}))

    def invoice(self, invoice_id: int) -> IssuedInvoice | None:
        """The invoice, None where it was deleted."""
        try:
            return self.api.read(IssuedInvoice, f"/invoices/{invoice_id}")
        except Missing:
            return None

    def approve(self, invoice: IssuedInvoice) -> IssuedInvoice:
        """The draft with a number. Whoever else approved it meanwhile did the same."""
        try:
            self.api.change(f"/invoices/{invoice.id}/approve")
        except RefusedError:
            now = self.invoice(invoice.id)
            if now is None or now.is_draft:
                raise
            return now
        return self.api.read(IssuedInvoice, f"/invoices/{invoice.id}")

    def send(self, invoice: IssuedInvoice) -> str:
        """Have UCRM mail the invoice, unless it has; why it would not, "" where it did."""
        if invoice.email_sent_date is not None:
            return ""
        try:
            self.api.change(f"/invoices/{invoice.id}/send")
        except RefusedError as refused:
            return f"{invoice.title} was not mailed: {refused}"
        return ""
