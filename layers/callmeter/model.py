"""The design's words as types. Calls themselves live in DuckDB relations (see sql/); these are the rest."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class Look(Fact):
    """operator.toml, [billing.look]: how statements look. `image` is the logo's content, base64, of the file `logo`."""

    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#1f5f7a"
    logo: Annotated[str, Field(pattern=r"^(|[A-Za-z0-9_-]+\.(svg|png|jpg))$")] = ""  # a file beside operator.toml
    image: str = ""
    footer: str = ""


class UcrmRules(Fact):
    """operator.toml, [billing.ucrm] and [billing.ucrm.organizations.ID]: how bills get onto UCRM's invoices."""

    way: Literal["invoice", "draft", "surcharge"] = "invoice"
    with_services: bool = False  # way invoice: the client's due services come on the same invoice
    draft: bool = False  # way invoice: issued as a draft that waits for a person
    approve: bool = True  # way draft: approve UCRM's draft once the calls are on it
    send: bool = False  # have UCRM mail the invoice
    apply_credit: bool = True
    maturity_days: Annotated[int, Field(ge=0, le=365)] | None = None  # None: as UCRM's settings say
    taxes: Literal["client", "none"] | tuple[int, ...] = "client"  # of the lines: the client's own, none, or these ids
    surcharge_id: int | None = None  # way surcharge: the surcharge of UCRM's catalogue that is the meter
    documents: bool = True  # the statement goes to the client's documents
    log: bool = True  # each bill leaves a line in the client's log


class UcrmSettings(UcrmRules):
    """[billing.ucrm]: the rules of every organization, and those that differ by UCRM's organization id."""

    organizations: dict[str, UcrmRules] = {}

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Every organization's own rules over the common ones."""
        if not isinstance(given, dict) or not isinstance(given.get("organizations"), dict):
            return given
        common = {name: value for name, value in given.items() if name != "organizations"}
        own = given["organizations"]
        filled = {number: {**common, **rules} if isinstance(rules, dict) else rules for number, rules in own.items()}
        return given | {"organizations": filled}

    def of(self, organization_id: int) -> UcrmRules:
        """The rules of that organization."""
        return self.organizations.get(str(organization_id), self)


class WhmcsRules(Fact):
    """operator.toml, [billing.whmcs]: how bills get onto WHMCS' invoices."""

    invoice_action: Literal["nextcron", "nextinvoice"] = "nextcron"  # nextinvoice: with the client's services
    credits: Literal["refuse", "client-credit"] = "refuse"  # what becomes of bills below zero


class BillingRules(Fact):
    """operator.toml, [billing]: where bills go, and what stands on them."""

    destination: Literal["ucrm", "whmcs", "files"] = "ucrm"
    lines: Literal["bill", "group", "bundle", "number"] = "group"  # what gets a line of its own
    negative_lines: bool = False  # whether the CRM takes lines below zero; else they are taken off the largest line
    credits: Literal["carry", "credit-note"] = "carry"  # what becomes of a bill below zero
    minimum: dict[Currency, Annotated[Decimal, Field(ge=0)]] = {}  # below it nothing is invoiced, but carried
    approve: bool = False  # bills wait for a person's yes: callmeter bill --approve
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"  # where an account has none of its own
    look: Look = Look()
    ucrm: UcrmSettings = UcrmSettings()
    whmcs: WhmcsRules = WhmcsRules()


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
    billing: BillingRules = BillingRules()


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
    language: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = ""  # of bills and statements; empty: the operator's
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
    the lines add up to it. `carried` = due - amount comes with the next bill. Below zero it is a credit note.
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
    carried_in: Decimal = Decimal(0)  # what the bill before left; part of `due`
    calls: int = 0  # of this period
    allowances: tuple[AllowanceUse, ...] = ()
    timezone: str = "UTC"
    anchor_day: int = 1
    language: str = "en"
    ucrm_client_id: int | None
    ucrm_service_id: int | None = None
    catalogue: str
    frozen_at: datetime
    ledgers: dict[Label, str]  # period -> the object with what was billed, call by call; of this bill and those before

    @property
    def ledger(self) -> str:
        """The object that holds, call by call, what this bill bills (beside other accounts' calls)."""
        return self.ledgers[self.period]


class BillState(Fact):
    """How far a bill has come.

    frozen -> (approved) -> sending -> sent -> invoiced, or frozen -> nothing-due. `sending` is kept before anything
    is sent, `sent` means that the CRM has it but no numbered invoice yet (a draft, a surcharge waiting for its run).
    """

    bill_id: str
    account_id: str
    period: Label
    amount: Decimal
    currency: Currency
    state: Literal["frozen", "approved", "sending", "sent", "invoiced", "nothing-due"] = "frozen"
    way: str = ""  # how it is sent: decided once, kept before anything is sent
    attempt: int = 1  # 2 and on: sent anew, its invoice having been voided
    invoice_id: int | None = None
    invoice_number: str = ""
    statement: str = ""  # key of the PDF, once there
    attached: bool = False  # statement and log line are with the client
    problem: str = ""  # what keeps it from going on
    remark: str = ""  # what the operator should know: changed or voided by hand in the CRM

    @property
    def reference(self) -> str:
        """What the CRM finds this bill by: its id, and from the second attempt on that too."""
        return self.bill_id if self.attempt == 1 else f"{self.bill_id}~{self.attempt}"

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.state in ("invoiced", "nothing-due") and bool(self.statement) and self.attached


class Sent(Fact):
    """Where a bill stands in the CRM.

    absent: nothing of it is there. waiting: it cannot be placed yet (no draft, no service run). placed: on a draft or
    a surcharge, without number. invoiced: on a numbered invoice. void: on an invoice that was voided.
    """

    status: Literal["absent", "waiting", "placed", "invoiced", "void"]
    invoice_id: int | None = None
    number: str = ""
    amount: Decimal | None = None  # what the bill's own lines come to there, without tax
    problem: str = ""  # what the operator should know: changed by hand, voided, doubled
