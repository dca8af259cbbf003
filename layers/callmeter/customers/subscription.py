"""What a CRM says of who pays. Adapter: ucrm/customers.py."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

from callmeter.errors import CallmeterError
from callmeter.model import Fact


class Subscription(Fact):
    """One account as the CRM has it: a service with a call plan, or a client with one.

    Texts are as written there; "" is what it does not say, and callmeter then keeps what it has.
    """

    client_id: int
    service_id: int | None = None
    account_id: str = ""  # an account that it is to be, whatever its ids
    name: str = ""
    email: str = ""
    currency: str = ""
    language: str = ""
    locale: str = ""  # the language its organization writes invoices in, for an account that is new
    plan: str
    numbers: tuple[str, ...] | None = None  # None: not said; () is said to be none
    sip_logins: tuple[str, ...] | None = None
    timezone: str = ""
    anchor_day: str = ""
    state: Literal["live", "pending", "ended"] = "live"  # pending: neither begun nor over, such as a quote
    starts: date | None = None
    ends: date | None = None  # the first day without service
    suspended: bool = False  # rated all the same: calls that happened cost money

    @property
    def default_account_id(self) -> str:
        """What its account is called where it is new: S and the service's id, or C and the client's."""
        return f"C{self.client_id}" if self.service_id is None else f"S{self.service_id}"

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"client {self.client_id}" + ("" if self.service_id is None else f", service {self.service_id}")


class Overdue(Fact):
    """An invoice that is past its due date."""

    invoice_id: int
    client_id: int
    number: str
    amount_to_pay: Decimal
    currency: str
    due_at: datetime


class NotSetUp(CallmeterError):
    """The CRM has no field for call plans: customers are not kept there."""


class Customers(Protocol):
    """The customers of one moment, all of them."""

    @property
    def subscriptions(self) -> Sequence[Subscription]: ...
    def is_over(self, client_id: int | None, service_id: int | None) -> bool:
        """Whether the CRM, asked for this one alone, says that it has ended, or that its client has it no more.

        Absence from a list is no answer, nor is a client that the CRM does not know. Raises Unreachable, also where
        its answers contradict each other.
        """
        ...


class CustomerSource(Protocol):
    """Where customers are asked. Every call raises Unreachable unless the whole answer was had."""

    def read(self, timezone: str) -> Customers:
        """All customers; dates are days in `timezone`. Raises NotSetUp."""
        ...

    def overdue(self) -> list[Overdue]:
        """Every invoice past its due date."""
        ...

    def set_up(self) -> list[str]:
        """Define the fields in which call plans and numbers are written; the names of those that were missing."""
        ...

    def happened(self, uuid: str) -> bool:
        """Whether the CRM knows of an event that it is said to have told of."""
        ...
