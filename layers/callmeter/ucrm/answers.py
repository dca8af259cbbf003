"""What UCRM answers, as far as billing reads it. Fields it has besides these are passed over."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """One JSON object; its names in UCRM are the camel-case forms of these."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


def _or_empty(value: object) -> object:
    return () if value is None else value


class Version(Answer):
    version: str


class Options(Answer):
    """The system's settings. Pricing mode 1: prices are without tax; 2: they include it."""

    pricing_mode: int = 1


class Client(Answer):
    id: int
    is_lead: bool | None = None
    is_archived: bool | None = None
    currency_code: str
    tax1_id: int | None = None
    tax2_id: int | None = None
    tax3_id: int | None = None

    @property
    def taxes(self) -> dict[str, int]:
        """The client's own taxes by the item field that carries them; items get none by themselves."""
        ids = {"tax1Id": self.tax1_id, "tax2Id": self.tax2_id, "tax3Id": self.tax3_id}
        return {name: number for name, number in ids.items() if number is not None}


class AttributeDefinition(Answer):
    id: int
    key: str
    name: str
    attribute_type: str


class AttributeValue(Answer):
    custom_attribute_id: int
    value: str | None = None


class IssuedInvoice(Answer):
    """An invoice as read back; `status` 0 draft, 1 unpaid, 2 partly paid, 3 paid, 4 void."""

    id: int
    number: str | None = None
    status: int
    total_untaxed: Decimal
    currency_code: str
    attributes: Annotated[tuple[AttributeValue, ...], BeforeValidator(_or_empty)] = ()

    @property
    def is_void(self) -> bool:
        return self.status == 4


class Document(Answer):
    id: int
    name: str


class LogEntry(Answer):
    id: int
    message: str
