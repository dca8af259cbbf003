"""The design's words as types. Calls themselves live in DuckDB relations (see sql/); these are the rest."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Label = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]

# The columns of a rated call, in the order every output has them.
RATED_COLUMNS = (
    "call_id", "account_id", "source", "direction", "from_number", "to_number", "started_at", "duration_seconds",
    "billed_seconds", "free_seconds", "destination", "group", "prefix", "deck", "rate", "connect_fee",
    "first_increment", "increment", "charge", "currency", "status", "barred", "carrier", "buy_charge", "period",
    "catalogue", "file", "line",
)  # fmt: skip


class Fact(BaseModel):
    """An immutable record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Band(Fact):
    """A time band of operator.toml, such as peak. days: mon … sun, mon-fri, holiday. hours: 08:00-19:00, wall time."""

    days: Annotated[tuple[str, ...], Field(min_length=1)] = ("mon-sun", "holiday")
    hours: Annotated[tuple[str, ...], Field(min_length=1)] = ("00:00-24:00",)


class Operator(Fact):
    """rates/operator.toml: who bills, and the defaults that hold for everybody."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    timezone: str
    currency: Currency
    name: str = ""
    address: tuple[str, ...] = ()
    email: str = ""
    late_lookback: Annotated[int, Field(ge=0, le=24)] = 3  # periods
    grace_hours: Annotated[int, Field(ge=0, le=720)] = 24  # after a period's end, for late files
    hide_digits: bool = False
    holidays: tuple[str, ...] = ()  # 12-25 of every year, or 2026-04-03
    bands: dict[Annotated[str, Field(min_length=1)], Band] = {}


class Allowance(Fact):
    """Prepaid minutes per period for some groups."""

    name: str
    groups: Annotated[tuple[str, ...], Field(min_length=1)]
    minutes: Annotated[int, Field(ge=0, le=10_000_000)]


class Plan(Fact):
    """What a customer buys. `plan` is its key in plans.toml, `name` what customers read."""

    plan: str
    name: str = ""
    deck: str
    currency: Currency
    billing: Literal["deck", "per-minute", "per-second"] = "deck"
    charge_decimals: Annotated[int, Field(ge=0, le=6)] = 4
    rounding: Literal["half-up", "up", "down"] = "half-up"
    monthly_limit: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)] | None = None
    blocked_groups: tuple[str, ...] = ()
    allowances: tuple[Allowance, ...] = ()


class Carrier(Fact):
    """Who carries calls on, at what price. `carrier` is its key in carriers.toml, and a name of its own in CDRs."""

    carrier: str
    name: str = ""
    trunks: tuple[str, ...] = ()  # its other names in CDRs, in any case
    deck: str
    currency: Currency
    billing: Literal["deck", "per-minute", "per-second"] = "deck"
    charge_decimals: Annotated[int, Field(ge=0, le=6)] = 4
    rounding: Literal["half-up", "up", "down"] = "half-up"


class Account(Fact):
    """Who pays. One row of accounts.csv; an account whose numbers change has a row for each time span."""

    account_id: Annotated[str, Field(min_length=1, max_length=100)]
    name: str = ""
    plan: str
    numbers: tuple[str, ...] = ()
    sip_logins: tuple[str, ...] = ()
    currency: Currency
    timezone: str
    anchor_day: Annotated[int, Field(ge=1, le=31)] = 1
    ucrm_client_id: int | None = None
    ucrm_service_id: int | None = None
    email: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


class Period(Fact):
    """An account's billing month, as instants: `starts_at` inclusive, `ends_at` exclusive, both UTC."""

    label: Label
    starts_at: datetime
    ends_at: datetime


class AccountTotal(Fact):
    """What one account's calls of one period come to: absolute figures, never increments."""

    account_id: str
    period: Label
    currency: Currency
    charge: Decimal
    calls: int
    answered_calls: int
    late_calls: int
    billed_seconds: int
    free_seconds: int
    duration_seconds: int = 0  # of answered calls
    allowances: dict[str, int] = {}  # name -> seconds used


class AllowanceUse(Fact):
    """How much of an allowance a period used."""

    name: str
    minutes: int
    used_seconds: int


class BillLine(Fact):
    """One line of an invoice: `amount` in the currency's minor unit."""

    label: str
    amount: Decimal


class Bill(Fact):
    """What one account owes for one period, frozen. Design 3.14.

    `due` is exact: the charges now, less what was billed before. `amount` is that, rounded once;
    the lines add up to it. `carried` = due - amount comes with the next bill.
    """

    bill_id: str
    account_id: str
    account_name: str
    period: Label
    currency: Currency
    due: Decimal
    amount: Decimal
    carried: Decimal
    lines: tuple[BillLine, ...]
    carried_in: Decimal = Decimal(0)  # what rounding left of the bill before; part of `due`
    calls: int = 0  # of this period
    allowances: tuple[AllowanceUse, ...] = ()
    timezone: str = "UTC"
    anchor_day: int = 1
    ucrm_client_id: int | None
    catalogue: str
    frozen_at: datetime
    ledger: str  # the object that holds, call by call, what was billed


class Invoice(Fact):
    """An invoice as the CRM knows it."""

    invoice_id: int
    number: str
    total_untaxed: Decimal
    void: bool = False


class BillState(Fact):
    """How far a bill has come: frozen -> sent (or nothing-due) -> its statement rendered."""

    bill_id: str
    account_id: str
    period: Label
    amount: Decimal
    currency: Currency
    state: Literal["frozen", "sent", "nothing-due"]
    invoice_id: int | None = None
    invoice_number: str = ""
    statement: str = ""  # key of the PDF, once there
