"""What WHMCS answers, as far as billing reads it. Fields it has besides these are passed over.

Source: developers.whmcs.com, api-reference; numbers come as strings or numbers, an empty list as "" or nothing.
"""

from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Answer(BaseModel):
    """One JSON object."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _listed(name: str) -> BeforeValidator:
    """A list as WHMCS writes it: {"invoice": [...]} of invoices, anything else where there are none."""
    return BeforeValidator(lambda value: (value.get(name) or []) if isinstance(value, dict) else [])


def _or_none(value: Any) -> Any:
    return None if not value or str(value).startswith("0000") else value


Day = Annotated[date | None, BeforeValidator(_or_none)]
Instant = Annotated[datetime | None, BeforeValidator(_or_none)]
Text = Annotated[str, BeforeValidator(lambda value: unescape(str(value or "")))]  # texts come with HTML's entities


class Client(Answer):
    currency_code: str
    status: str = ""


class ClientAnswer(Answer):
    client: Client


class InvoiceRow(Answer):
    id: int
    date: Day = None


class InvoicePage(Answer):
    totalresults: int
    invoices: Annotated[tuple[InvoiceRow, ...], _listed("invoice")] = ()


class Item(Answer):
    """One line of an invoice. `type` is "Item" of a billable item, "Hosting" and others of services (believed)."""

    type: Text = ""
    description: Text = ""
    amount: Decimal


class Invoice(Answer):
    invoiceid: int
    invoicenum: Text = ""
    date: Day = None
    status: str
    items: Annotated[tuple[Item, ...], _listed("item")] = ()

    @property
    def number(self) -> str:
        """What people call it: numbers of their own may be off, or come with the payment."""
        return self.invoicenum or str(self.invoiceid)

    @property
    def is_void(self) -> bool:
        return self.status.lower() == "cancelled"

    @property
    def is_draft(self) -> bool:
        return self.status.lower() == "draft"


class Clock(Answer):
    """WHMCS' own wall clock, and when it last began its daily work, invoices among it."""

    now: Annotated[datetime, Field(alias="currentDatetime")]
    last_cron: Annotated[Instant, Field(alias="lastDailyCronInvocationTime")] = None


class Credit(Answer):
    id: int
    description: Text = ""
    amount: Decimal


class CreditLog(Answer):
    credits: Annotated[tuple[Credit, ...], _listed("credit")] = ()


class AddedItem(Answer):
    billableid: int


class AddedCredit(Answer):
    newbalance: Decimal
