"""Bills -> invoices in UCRM (UISP CRM), each once; statements -> documents of the client.

An invoice carries its bill's id in the custom attribute "Callmeter bill", and is found again by it:

    invoice = invoicing.find(bill.bill_id) or invoicing.issue(bill)

and after `Unreachable` the same again. Finding and issuing are two calls: have one sender a client at a time.
Everything that can be checked is checked before the one call that is not safe to repeat.
"""

import base64
import ssl
from decimal import Decimal
from typing import Any

from callmeter.errors import CallmeterError, Missing
from callmeter.model import Bill, Invoice
from callmeter.money import plain, round_to_minor
from callmeter.ucrm.answers import (
    AttributeDefinition,
    Client,
    Document,
    IssuedInvoice,
    LogEntry,
    Options,
    Version,
)
from callmeter.ucrm.api import RefusedError, UcrmApi

ATTRIBUTE_NAME = "Callmeter bill"
ATTRIBUTE_KEY = "callmeterBill"  # UCRM's camel case of the name


class UcrmInvoicing:
    """ports.Invoicing over UCRM's API. `apply_credit`: whether a client's credit pays an invoice at once."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        apply_credit: bool = True,
        timeout_seconds: float = 20,
        tries: int = 4,
        first_pause_seconds: float = 0.5,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        self._api = UcrmApi(
            url,
            key,
            timeout_seconds=timeout_seconds,
            tries=tries,
            first_pause_seconds=first_pause_seconds,
            verify=verify,
        )
        self._apply_credit = apply_credit
        self._attribute_id: int | None = None

    def close(self) -> None:
        self._api.close()

    def __enter__(self) -> "UcrmInvoicing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def version(self) -> str:
        """The CRM's version: the cheapest call that shows that address and key are right."""
        return self._api.read(Version, "/version").version

    def find(self, bill_id: str) -> Invoice | None:
        """The invoice that carries this bill id: drafts and void ones too, the one in force first.

        Raises Unreachable; CallmeterError where two invoices in force carry it.
        """
        attribute_id = self._find_attribute()
        if attribute_id is None:
            return None
        query: dict[str, str | int] = {
            "customAttributeKey": ATTRIBUTE_KEY,
            "customAttributeValue": bill_id,
        }
        carriers = [
            invoice
            for invoice in self._api.rows(IssuedInvoice, "/invoices", query)
            if any((a.custom_attribute_id, a.value) == (attribute_id, bill_id) for a in invoice.attributes)
        ]
        in_force = [invoice for invoice in carriers if not invoice.is_void]
        if len(in_force) > 1:
            numbers = ", ".join(invoice.number or f"draft {invoice.id}" for invoice in in_force)
            raise CallmeterError(f"UCRM has several invoices for bill {bill_id}: {numbers}. Void all but one.")
        newest_void = sorted(carriers, key=lambda invoice: -invoice.id)
        return next((_invoice(invoice) for invoice in in_force or newest_void), None)

    def issue(self, bill: Bill) -> Invoice:
        """Issue an invoice with the bill's lines, numbered by UCRM, due as the client's settings say.

        Raises CallmeterError before anything is sent where the bill cannot be invoiced as it stands;
        Unreachable where UCRM did not answer: it may have been issued all the same, so find it first.
        """
        client_id = _check_bill(bill)
        client = self._client_to_bill(client_id, bill)
        body = self._invoice_body(bill, client, self._attribute())
        issued = self._api.create(IssuedInvoice, f"/clients/{client_id}/invoices", body)
        invoice = _invoice(issued)
        if invoice.total_untaxed != bill.amount or issued.currency_code != bill.currency:
            raise CallmeterError(
                f"UCRM invoice {invoice.number or invoice.invoice_id} for bill {bill.bill_id} comes to "
                f"{plain(issued.total_untaxed)} {issued.currency_code} without tax, not to "
                f"{plain(bill.amount)} {bill.currency}. Void it, and see what changed its items."
            )
        return invoice

    def put_document(self, client_id: int, name: str, pdf: bytes) -> int:
        """The id of the client's document of this name, uploaded where there is none yet."""
        rows = self._api.rows(Document, "/documents", {"clientId": client_id})
        there = next((document.id for document in rows if document.name == name), None)
        if there is not None:
            return there
        body = {"clientId": client_id, "name": name, "file": base64.b64encode(pdf).decode()}
        return self._api.create(Document, "/documents", body).id

    def log(self, client_id: int, message: str) -> None:
        """Note `message` in the client's log, unless the same message is there. Raises Unreachable."""
        entries = self._api.read(list[LogEntry], "/client-logs", {"clientId": client_id})
        if all(entry.message != message for entry in entries):
            self._api.create(LogEntry, "/client-logs", {"clientId": client_id, "message": message})

    def _client_to_bill(self, client_id: int, bill: Bill) -> Client:
        """The bill's client, if UCRM would invoice it, in the bill's currency, with prices without tax."""
        account = f"account {bill.account_id}"
        try:
            client = self._api.read(Client, f"/clients/{client_id}")
        except Missing as missing:
            raise Missing(
                f"UCRM has no client {client_id}. Correct ucrm_client_id of {account}, then bill again."
            ) from missing
        if client.is_archived:
            raise CallmeterError(f"UCRM client {client_id} of {account} is archived: restore it to bill it.")
        if client.is_lead:
            raise CallmeterError(f"UCRM client {client_id} of {account} is a lead: make it a client to bill it.")
        if client.currency_code != bill.currency:
            raise CallmeterError(
                f"{account} is billed in {bill.currency}, but UCRM client {client_id} in "
                f"{client.currency_code}: give it a plan in {client.currency_code}, or the client an "
                f"organization in {bill.currency}."
            )
        if client.taxes and self._api.read(Options, "/options").pricing_mode == 2:
            raise CallmeterError(
                f"UCRM takes prices as including tax, and client {client_id} of {account} has a tax, but "
                "callmeter's amounts are without. Set UCRM to tax exclusive pricing, or take the tax off."
            )
        return client

    def _invoice_body(self, bill: Bill, client: Client, attribute_id: int) -> dict[str, Any]:
        items = [{"label": line.label, "price": line.amount, "quantity": 1, **client.taxes} for line in bill.lines]
        return {
            "items": items,
            "attributes": [{"customAttributeId": attribute_id, "value": bill.bill_id}],
            "applyCredit": self._apply_credit,
            "draft": False,
            "notes": f"Calls of the period {bill.period}. Your statement lists every call.",
            "adminNotes": (
                f"callmeter bill {bill.bill_id}, account {bill.account_id}, due {plain(bill.due)} "
                f"{bill.currency}, carried {plain(bill.carried)}, catalogue {bill.catalogue}"
            ),
        }

    def _find_attribute(self) -> int | None:
        """The id of the attribute that holds bill ids, None where UCRM has not got it yet."""
        if self._attribute_id is None:
            rows = self._api.rows(AttributeDefinition, "/custom-attributes", {"attributeType": "invoice"})
            self._attribute_id = next((row.id for row in rows if row.key == ATTRIBUTE_KEY), None)
        return self._attribute_id

    def _attribute(self) -> int:
        """The id of that attribute, made where it is missing."""
        there = self._find_attribute()
        return self._make_attribute() if there is None else there

    def _make_attribute(self) -> int:
        body = {
            "name": ATTRIBUTE_NAME,
            "attributeType": "invoice",
            "type": "string",
            "clientZoneVisible": False,
        }
        try:
            made = self._api.create(AttributeDefinition, "/custom-attributes", body)
        except RefusedError:
            # Another sender may have made it in between.
            if (there := self._find_attribute()) is None:
                raise
            return there
        if made.key != ATTRIBUTE_KEY:
            raise CallmeterError(
                f'UCRM gave the invoice attribute "{ATTRIBUTE_NAME}" the key {made.key}, not '
                f"{ATTRIBUTE_KEY}, so bills could not be found again by it. Remove that attribute."
            )
        self._attribute_id = made.id
        return made.id


def _check_bill(bill: Bill) -> int:
    """The bill's client, if the bill adds up and is something an invoice can be for."""
    if bill.ucrm_client_id is None:
        raise CallmeterError(f"account {bill.account_id} has no UCRM client: give it ucrm_client_id in accounts.csv.")
    if bill.amount <= 0:
        raise CallmeterError(
            f"bill {bill.bill_id} comes to {plain(bill.amount)} {bill.currency}: only above 0 is invoiced."
        )
    amounts = [line.amount for line in bill.lines]
    total = sum(amounts, Decimal(0))
    if total != bill.amount:
        raise CallmeterError(f"bill {bill.bill_id} is {plain(bill.amount)}, but its lines add up to {plain(total)}.")
    if any(round_to_minor(amount, bill.currency) != amount for amount in amounts):
        raise CallmeterError(f"bill {bill.bill_id} has a line with more decimals than {bill.currency} has: {amounts}.")
    return bill.ucrm_client_id


def _invoice(issued: IssuedInvoice) -> Invoice:
    """UCRM keeps money in binary floats: the amount meant is the one rounded to the currency's digits."""
    return Invoice(
        invoice_id=issued.id,
        number=issued.number or "",
        total_untaxed=round_to_minor(issued.total_untaxed, issued.currency_code),
        void=issued.is_void,
    )
