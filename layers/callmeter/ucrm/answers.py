"""What UCRM answers, as far as billing reads it. Fields it has besides these are passed over."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

ATTRIBUTE_KEY = "callmeterBill"  # UCRM's camel case of "Callmeter bill"
BETWEEN_REFERENCES = ";"  # bills that share an invoice


def written(reference: str) -> str:
    """A bill's reference as it stands in our attribute: as it is, unless the separator is in it."""
    return reference.replace("%", "%25").replace(BETWEEN_REFERENCES, quote(BETWEEN_REFERENCES))


class Answer(BaseModel):
    """One JSON object; its names in UCRM are the camel-case forms of these."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


def _or_empty(value: object) -> object:
    return () if value is None else value


class Version(Answer):
    version: str


class Options(Answer):
    """The system's settings. Pricing mode 1: prices are without tax; 2: they include it."""

    pricing_mode: int = 1
    app_timezone: str | None = None
    approve_and_send_invoice_automatically: bool | None = None

    @property
    def prices_include_tax(self) -> bool:
        return self.pricing_mode == 2


class Client(Answer):
    id: int
    organization_id: int = 0
    is_lead: bool | None = None
    is_archived: bool | None = None
    currency_code: str
    uses_proforma: bool | None = None
    tax1_id: int | None = None
    tax2_id: int | None = None
    tax3_id: int | None = None

    @property
    def tax_ids(self) -> tuple[int, ...]:
        """The client's own taxes; free items get none by themselves."""
        return tuple(number for number in (self.tax1_id, self.tax2_id, self.tax3_id) if number is not None)


class Tax(Answer):
    """`rate` is a percentage."""

    id: int
    rate: Decimal


class AttributeDefinition(Answer):
    id: int
    key: str
    name: str
    attribute_type: str


class AttributeValue(Answer):
    custom_attribute_id: int
    key: str | None = None
    value: str | None = None


class InvoiceItem(Answer):
    """`total` is without tax, or with it where prices include it. `type`: service, surcharge, fee, product, other."""

    id: int
    type: str | None = None
    label: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    tax1_id: int | None = None
    total: Decimal
    service_id: int | None = None
    service_surcharge_id: int | None = None


Items = Annotated[tuple[InvoiceItem, ...], BeforeValidator(_or_empty)]


class IssuedInvoice(Answer):
    """An invoice as read back; `status` 0 draft, 1 unpaid, 2 partly paid, 3 paid, 4 void."""

    id: int
    client_id: int
    number: str | None = None
    status: int
    proforma: bool | None = None
    created_date: datetime
    email_sent_date: datetime | None = None
    admin_notes: str | None = None
    items: Items = ()
    total_untaxed: Decimal
    currency_code: str
    attributes: Annotated[tuple[AttributeValue, ...], BeforeValidator(_or_empty)] = ()

    @property
    def is_void(self) -> bool:
        return self.status == 4

    @property
    def is_draft(self) -> bool:
        return self.status == 0

    @property
    def title(self) -> str:
        """What people call it: its number, or a draft's id."""
        return f"draft {self.id}" if self.is_draft else f"invoice {self.number or self.id}"

    @property
    def mark(self) -> str:
        """Our attribute as it stands: the bills that it carries, "" without any."""
        return next((mark.value for mark in self.attributes if mark.key == ATTRIBUTE_KEY and mark.value), "")

    @property
    def references(self) -> tuple[str, ...]:
        """The bills that it carries."""
        return tuple(unquote(one) for one in self.mark.split(BETWEEN_REFERENCES) if one)

    @property
    def free_items(self) -> tuple[InvoiceItem, ...]:
        """The items that are no service, surcharge, fee or product of UCRM's: ours, and what people add."""
        return tuple(item for item in self.items if (item.type or "other") == "other" and item.service_id is None)


class InvoicePreview(Answer):
    total_untaxed: Decimal


class CreditNote(Answer):
    id: int
    client_id: int
    number: str | None = None
    admin_notes: str | None = None
    total_untaxed: Decimal
    currency_code: str


class ServiceSurcharge(Answer):
    """A surcharge as it is assigned to a service; `price` a period."""

    id: int
    surcharge_id: int
    invoice_label: str | None = None
    price: Decimal | None = None
    taxable: bool | None = None

    @property
    def label(self) -> str:
        return self.invoice_label or ""


class Service(Answer):
    """A client's service. `status` 1 is active, 2 ended, 3 suspended, 5 obsolete, 7 quoted."""

    id: int
    client_id: int
    status: int
    prepaid: bool | None = None
    invoicing_start: datetime | None = None
    invoicing_period_type: int | None = None  # 1 backward, 2 forward
    invoicing_period_start_day: int | None = None  # 1 to 28, or 31: the last
    next_invoicing_day_adjustment: int | None = None
    invoicing_separately: bool | None = None
    service_plan_period: int | None = None  # months
    last_invoiced_date: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in (2, 5)


class Surcharge(Answer):
    id: int
    name: str


class Document(Answer):
    id: int
    name: str


class LogEntry(Answer):
    id: int
    message: str
