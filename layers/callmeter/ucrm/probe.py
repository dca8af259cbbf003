"""What is not documented of UCRM, found out on a real one: question by question, and nothing left behind.

It makes drafts for one client and an invoice attribute, looks what UCRM makes of them, and deletes them. All of them
carry NOTE, so that what an earlier, interrupted probe left is deleted too. Reads alone answer some questions; a few
take an invoice number, and are asked only on request.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.money import minor_unit
from callmeter.ucrm.answers import AttributeDefinition, Client, IssuedInvoice, Options, Version
from callmeter.ucrm.api import RefusedError, UcrmApi

NOTE = "callmeter probe: made to be deleted at once"
ATTRIBUTE_NAME = "Callmeter probe"
_LARGE_PAGE = 1000


@dataclass(frozen=True)
class Finding:
    """One question and what UCRM made of it."""

    question: str
    found: str


@dataclass
class Probe:
    """One probing of a UCRM at one client, which should be one for trying things."""

    api: UcrmApi
    client_id: int
    client: Client = field(init=False)

    def findings(self, *, read_only: bool = False, use_number: bool = False) -> Iterator[Finding]:
        """Each finding as soon as it is there; at the end what could not be removed, if anything.

        read_only: make nothing. use_number: also ask what takes an invoice number of the organization.
        """
        self.client = self.api.read(Client, f"/clients/{self.client_id}")
        questions = [*_READING, *([] if read_only else _WRITING), *(_NUMBERING if use_number and not read_only else [])]
        try:
            if not read_only:
                self._clean()
            for question, ask in questions:
                yield Finding(question, self._asked(ask))
        finally:
            left = [] if read_only else self._clean()
        yield from (Finding("Left behind", one) for one in left)
        yield from (Finding(question, found) for question, found in _NOT_ASKED)

    def _asked(self, ask: Callable[["Probe"], str]) -> str:
        try:
            return ask(self)
        except CallmeterError as error:
            return f"could not be told: {error}"

    # ---- what the questions make

    def draft(self, *prices: Decimal, **fields: Any) -> IssuedInvoice:
        """A new draft with an item for each price."""
        body = {"items": self.items(*prices), "adminNotes": NOTE, "applyCredit": False, "draft": True, **fields}
        body = {name: value for name, value in body.items() if value is not None}
        return self.api.create(IssuedInvoice, f"/clients/{self.client_id}/invoices", body)

    def items(self, *prices: Decimal) -> list[dict[str, object]]:
        return [{"label": f"{NOTE} {place}", "price": price, "quantity": 1} for place, price in enumerate(prices)]

    def attribute(self) -> AttributeDefinition:
        """The probe's own attribute, made where it is missing."""
        body = {"name": ATTRIBUTE_NAME, "attributeType": "invoice", "type": "string", "clientZoneVisible": False}
        return self._attribute() or self.api.create(AttributeDefinition, "/custom-attributes", body)

    def again(self, invoice: IssuedInvoice) -> IssuedInvoice:
        return self.api.read(IssuedInvoice, f"/invoices/{invoice.id}")

    @property
    def least(self) -> Decimal:
        return minor_unit(self.client.currency_code)

    # ---- and how it goes again

    def _clean(self) -> list[str]:
        """Delete all that probes made; what is left of it."""
        rows = list(self.api.rows(IssuedInvoice, "/invoices", {"clientId": self.client_id}))
        stuck = [one for one in rows if one.admin_notes == NOTE and not self._removed(f"/invoices/{one.id}")]
        left = [f"{one.title} of client {self.client_id}: delete it by hand" for one in stuck]
        there = self._attribute()
        if there is not None and not self._removed(f"/custom-attributes/{there.id}"):
            left.append(f'invoice attribute "{ATTRIBUTE_NAME}": delete it by hand')
        return left

    def _removed(self, path: str) -> bool:
        for _ in range(3):
            try:
                self.api.remove(path)
            except Missing:
                return True
            except Unreachable:
                continue
            except CallmeterError:
                return False
            return True
        return False

    def _attribute(self) -> AttributeDefinition | None:
        rows = self.api.rows(AttributeDefinition, "/custom-attributes", {"attributeType": "invoice"})
        return next((one for one in rows if one.name == ATTRIBUTE_NAME), None)


# ---- the questions


def _version(probe: Probe) -> str:
    return f"{probe.api.read(Version, '/version').version}, at {probe.api.url}"


def _pricing(probe: Probe) -> str:
    options = probe.api.read(Options, "/options")
    return "with tax: only one tax an item" if options.prices_include_tax else "without tax"


def _approving(probe: Probe) -> str:
    automatic = probe.api.read(Options, "/options").approve_and_send_invoice_automatically
    if automatic:
        return 'at once, by the settings: way = "draft" finds none, except of services that are set otherwise'
    return 'by hand or by callmeter: way = "draft" can be used'


def _pages(probe: Probe) -> str:
    """Lists of invoices: how many rows come unasked, and how many at most."""
    unasked = len(probe.api.read(list[IssuedInvoice], "/invoices"))
    most = len(probe.api.read(list[IssuedInvoice], "/invoices", {"limit": _LARGE_PAGE}))
    more = probe.api.read(list[IssuedInvoice], "/invoices", {"limit": _LARGE_PAGE, "offset": most}) if most else []
    largest = f"{most} at most" if more and most < _LARGE_PAGE else f"no limit below {most + 1} seen"
    return f"{unasked} rows unasked, {largest}"


def _quantities(probe: Probe) -> str:
    """Quantities of surcharge items beside their services', where those are not 1."""
    seen: set[str] = set()
    for invoice in probe.api.rows(IssuedInvoice, "/invoices", {"order": "createdDate", "direction": "DESC"}):
        services = {item.quantity for item in invoice.items if item.type == "service"}
        if services - {Decimal(1)}:
            seen.update(
                "follows the service" if item.quantity in services else f"is {item.quantity}"
                for item in invoice.items
                if item.type == "surcharge"
            )
    return ", ".join(sorted(seen)) or "no invoice with a surcharge of a prorated or longer period to tell it by"


def _attribute_on_draft(probe: Probe) -> str:
    """Whether a draft takes an attribute, and is found by it."""
    definition = probe.attribute()
    value = f"probe-{probe.client_id}"
    draft = probe.draft(probe.least, attributes=[{"customAttributeId": definition.id, "value": value}])
    if all(mark.value != value for mark in probe.again(draft).attributes):
        return "no: a draft takes no attribute"
    query: dict[str, str | int] = {"customAttributeKey": definition.key, "customAttributeValue": value}
    found = draft.id in {one.id for one in probe.api.rows(IssuedInvoice, "/invoices", query)}
    listed = draft.id in {one.id for one in probe.api.rows(IssuedInvoice, "/invoices", {**query, "statuses[]": 0})}
    without = "found without asking for drafts" if found else "not found without asking for drafts"
    return f"{without}, {'found' if listed else 'not found'} with statuses[]=0"


def _patch(probe: Probe) -> str:
    """Whether items of a PATCH are added or replace the old ones, and whether a draft stays one."""
    draft = probe.draft(probe.least)
    probe.api.change(f"/invoices/{draft.id}", {"items": probe.items(probe.least, probe.least)})
    after = probe.again(draft)
    items = {3: "added to those there", 2: 'replace those there: do not use way = "draft"'}
    status = "the draft stays a draft" if after.is_draft else f"the draft becomes {after.title}, a number is used up"
    return f"{items.get(len(after.items), f'{len(after.items)} items after 1 and 2')}; {status}"


def _taxes(probe: Probe) -> str:
    if not probe.client.tax_ids:
        return "this client has no tax to tell it by"
    items = probe.again(probe.draft(probe.least)).items
    return "the client's are added" if any(item.tax1_id for item in items) else "none: callmeter names them itself"


def _negative(probe: Probe) -> str:
    try:
        probe.draft(2 * probe.least, -probe.least)
    except RefusedError as refused:
        return f"no ({refused}): leave negative_lines of [billing] off"
    return "yes: negative_lines of [billing] can be used"


def _same_number(probe: Probe) -> str:
    rows = probe.api.rows(IssuedInvoice, "/invoices", {"clientId": probe.client_id})
    number = next((one.number for one in rows if one.number and not one.proforma), None)
    if number is None:
        return "this client has no invoice to tell it by"
    try:
        probe.draft(probe.least, number=number)
    except RefusedError as refused:
        return f"it is refused: {refused}"
    return "it is taken"


def _default_and_mail(probe: Probe) -> str:
    """What an invoice is without `draft`, and whether approving one mails it."""
    made = probe.draft(probe.least, draft=None)
    default = "a draft" if made.is_draft else f"issued ({made.title})"
    if not made.is_draft:
        made = probe.draft(probe.least)
    probe.api.change(f"/invoices/{made.id}/approve")
    after = probe.again(made)
    return f"without draft it is {default}; approving {'mails it' if after.email_sent_date else 'does not mail it'}"


Questions = list[tuple[str, Callable[[Probe], str]]]
_READING: Questions = [
    ("Which version is it?", _version),
    ("Are prices with tax or without?", _pricing),
    ("How are recurring invoices approved?", _approving),
    ("How many rows does a list give?", _pages),
    ("What is a surcharge's quantity where its service's is not 1?", _quantities),
]
_WRITING: Questions = [
    ("Is a draft found by its attribute?", _attribute_on_draft),
    ("What do items of a PATCH do to a draft?", _patch),
    ("Which taxes has an item that names none?", _taxes),
    ("May an item be below zero?", _negative),
    ("What of a number that is used already?", _same_number),
]
_NUMBERING: Questions = [("What is an invoice by default, and does approving mail it?", _default_and_mail)]
_NOT_ASKED = [
    ("Which events does a recurring invoice raise?", "not asked: see System, Webhooks, Logs after UCRM's next run"),
    ("How many calls are too many?", "not asked: callmeter waits as long as a 429 says, and tries again"),
    ("Do clients see their documents?", "not asked: sign in to the client zone, and look"),
]
