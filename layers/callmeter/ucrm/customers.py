"""UCRM's clients, services and custom attributes -> subscriptions; overdue invoices; webhook events.

A service with the custom attribute "Call plan" is an account, else a client with one. The other attributes are the
service's, or where it has none the client's. Attributes are found by the key that UCRM makes of their name: "Call
plan" is callPlan. Source: the API blueprint of UISP CRM, see api.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from callmeter.customers.subscription import NotSetUp, Overdue, Subscription
from callmeter.customers.written import logins_of, numbers_of
from callmeter.errors import CallmeterError, Missing, Unreachable
from callmeter.ucrm.answers import Answer, AttributeDefinition
from callmeter.ucrm.api import Query, UcrmApi

# Name -> key. Each is defined for services and for clients, as text that customers do not see.
ATTRIBUTES = {
    "Call plan": "callPlan",
    "Phone numbers": "phoneNumbers",
    "SIP logins": "sipLogins",
    "Call anchor day": "callAnchorDay",
    "Call time zone": "callTimeZone",
    "Call language": "callLanguage",
    "Callmeter account": "callmeterAccount",
}
NONE = "none"  # as call plan: no telephony any more; as numbers or logins: none of them
_OWNERS = ("service", "client")
_READS = 3
_LIVE, _PENDING, _SUSPENDED = {0, 1, 3, 8}, {4, 6, 7}, 3  # service status; 2 is ended, 5 obsolete
_UUID = re.compile(r"[0-9A-Za-z-]{8,64}")


def _or_empty(value: object) -> object:
    return () if value is None else value


class AttributeText(Answer):
    key: str
    value: str | None = None


class Contact(Answer):
    email: str | None = None
    is_billing: bool | None = None


class Service(Answer):
    id: int
    client_id: int
    status: int
    active_from: datetime | None = None
    active_to: datetime | None = None
    attributes: Annotated[tuple[AttributeText, ...], BeforeValidator(_or_empty)] = ()


class Customer(Answer):
    """A client, as far as an account needs it."""

    id: int
    organization_id: int | None = None
    client_type: int = 1
    company_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_lead: bool | None = None
    is_archived: bool | None = None
    currency_code: str
    registration_date: datetime | None = None
    contacts: Annotated[tuple[Contact, ...], BeforeValidator(_or_empty)] = ()
    attributes: Annotated[tuple[AttributeText, ...], BeforeValidator(_or_empty)] = ()

    @property
    def name(self) -> str:
        """What it is called: a company by its name, a person by both."""
        person = " ".join(filter(None, (self.first_name, self.last_name)))
        return (self.company_name or person if self.client_type == 2 else person or self.company_name) or ""

    @property
    def email(self) -> str:
        """Where bills go: the first billing contact's address, else the first there is."""
        ordered = sorted(self.contacts, key=lambda contact: not contact.is_billing)
        return next((contact.email.strip() for contact in ordered if contact.email), "")


class Organization(Answer):
    id: int
    locale: str | None = None


class OverdueInvoice(Answer):
    id: int
    client_id: int
    number: str | None = None
    status: int
    amount_to_pay: Decimal
    currency_code: str
    due_date: datetime


class Event(Answer):
    uuid: str


Listed = TypeVar("Listed", Service, Customer, Organization, AttributeDefinition, OverdueInvoice)


class UcrmCustomers:
    """customers.subscription.CustomerSource over UCRM's API."""

    def __init__(self, api: UcrmApi) -> None:
        self._api = api

    def read(self, timezone: str) -> "UcrmSnapshot":
        """All clients and services; dates are days in `timezone`. Raises NotSetUp, Unreachable."""
        definitions = _all(self._api, AttributeDefinition, "/custom-attributes", {})
        if not any(one.key == ATTRIBUTES["Call plan"] for one in definitions.values()):
            raise NotSetUp(
                'UCRM has no custom attribute "Call plan" of services or clients: callmeter sync --setup defines it.'
            )
        services = _all(self._api, Service, "/clients/services", {})
        clients = _all(self._api, Customer, "/clients", {"isArchived": 1, "order": "client.id"})
        clients |= _all(self._api, Customer, "/clients", {"isArchived": 0, "order": "client.id"})
        organizations = _all(self._api, Organization, "/organizations", {})
        locales = {one.id: one.locale or "" for one in organizations.values()}
        return UcrmSnapshot(self._api, timezone, services, clients, locales)

    def overdue(self) -> list[Overdue]:
        """Unpaid invoices past their due date. Raises Unreachable."""
        return [
            Overdue(
                invoice_id=one.id,
                client_id=one.client_id,
                number=one.number or "",
                amount_to_pay=one.amount_to_pay,
                currency=one.currency_code,
                due_at=one.due_date,
            )
            for one in _all(self._api, OverdueInvoice, "/invoices", {"overdue": 1}).values()
            if one.status in (1, 2) and one.amount_to_pay > 0
        ]

    def set_up(self) -> list[str]:
        """Define the attributes that are missing; what they are called, with whose they are."""
        definitions = _all(self._api, AttributeDefinition, "/custom-attributes", {}).values()
        there = {(one.attribute_type, one.key) for one in definitions}
        missing = [(owner, name) for owner in _OWNERS for name, key in ATTRIBUTES.items() if (owner, key) not in there]
        for owner, name in missing:
            body = {"name": name, "attributeType": owner, "type": "string", "clientZoneVisible": False}
            made = self._api.create(AttributeDefinition, "/custom-attributes", body)
            if made.key != ATTRIBUTES[name]:
                raise CallmeterError(
                    f'UCRM gave the {owner} attribute "{name}" the key {made.key}, not {ATTRIBUTES[name]}: another one '
                    "has that key. Remove both in UCRM (System, Other, Custom attributes), and set up again."
                )
        return [f"{name} ({owner})" for owner, name in missing]

    def happened(self, uuid: str) -> bool:
        """Whether UCRM raised this event. Raises Unreachable."""
        if not _UUID.fullmatch(uuid):
            return False
        try:
            return self._api.read(Event, f"/webhook-events/{uuid}").uuid == uuid
        except Missing:
            return False


class UcrmSnapshot:
    """customers.subscription.Customers: all clients and services of one moment."""

    def __init__(
        self,
        api: UcrmApi,
        timezone: str,
        services: Mapping[int, Service],
        clients: Mapping[int, Customer],
        locales: Mapping[int, str],
    ) -> None:
        self._api = api
        self._zone = ZoneInfo(timezone)
        self._services = services
        self._clients = dict(clients)
        self._locales = locales
        self.subscriptions: Sequence[Subscription] = self._read()

    def is_over(self, client_id: int | None, service_id: int | None) -> bool:
        """Whether the service has ended or was removed from its client, or the client is archived.

        A client whom UCRM does not know at all is not over: that is another UCRM's, or an account made by hand.
        """
        service = None if service_id is None else self._services.get(service_id) or self._service(service_id)
        if service is not None and service.status not in _LIVE | _PENDING:
            return True
        client_id = service.client_id if service else client_id
        client = None if client_id is None else self._client(client_id)
        return client is not None and (bool(client.is_archived) or (service_id is not None and service is None))

    def _read(self) -> list[Subscription]:
        """Services with a plan, by id; then clients with one of which no service has one."""
        found = []
        for service in sorted(self._services.values(), key=lambda one: one.id):
            if texts := _texts(service.attributes):
                client = self._client(service.client_id)
                if client is None:
                    raise Unreachable(f"UCRM lists service {service.id}, but not its client {service.client_id}")
                if texts.get("callPlan"):
                    found.append(self._subscription(client, service, {**_texts(client.attributes), **texts}))
        with_plan = {one.client_id for one in found if one.state != "ended"}
        for client in sorted(self._clients.values(), key=lambda one: one.id):
            texts = _texts(client.attributes)
            if texts.get("callPlan") and client.id not in with_plan and not client.is_lead:
                found.append(self._subscription(client, None, texts))
        return found

    def _subscription(self, client: Customer, service: Service | None, texts: Mapping[str, str]) -> Subscription:
        begun = service.active_from if service else client.registration_date
        over = service.active_to if service else None
        locale = self._locales.get(client.organization_id or 0, "")[:2].lower()
        return Subscription(
            client_id=client.id,
            service_id=service.id if service else None,
            account_id=texts.get("callmeterAccount", ""),
            name=client.name,
            email=client.email,
            currency=client.currency_code,
            language=texts.get("callLanguage", "").lower(),
            locale=locale if re.fullmatch("[a-z]{2}", locale) else "",
            plan=texts["callPlan"],
            numbers=_listed(texts.get("phoneNumbers", ""), numbers_of),
            sip_logins=_listed(texts.get("sipLogins", ""), logins_of),
            timezone=texts.get("callTimeZone", ""),
            anchor_day=texts.get("callAnchorDay", ""),
            state=_state(client, service, texts["callPlan"]),
            starts=self._day(begun),
            ends=_next(self._day(over)),
            suspended=service is not None and service.status == _SUSPENDED,
        )

    def _day(self, instant: datetime | None) -> date | None:
        """The day UCRM means: as written where it is a midnight, else the day in the operator's zone."""
        if instant is None:
            return None
        midnight = (instant.hour, instant.minute, instant.second) == (0, 0, 0)
        return (instant if midnight else instant.astimezone(self._zone)).date()

    def _client(self, client_id: int) -> Customer | None:
        """The client, asked for by itself where the lists have it not; None where it is gone."""
        if client_id in self._clients:
            return self._clients[client_id]
        try:
            client = self._api.read(Customer, f"/clients/{client_id}")
        except Missing:
            return None
        if not client.is_archived:
            raise Unreachable(f"UCRM's list of clients lacks client {client_id}, which is there: nothing is changed")
        self._clients[client_id] = client
        return client

    def _service(self, service_id: int) -> Service | None:
        """A service that the list has not, asked for by itself; None where it is gone."""
        try:
            service = self._api.read(Service, f"/clients/services/{service_id}")
        except Missing:
            return None
        if service.status in _LIVE:
            raise Unreachable(f"UCRM's list of services lacks service {service_id}, which is there: nothing is changed")
        return service


def _all(api: UcrmApi, shape: type[Listed], path: str, query: Query) -> dict[int, Listed]:
    """Every row of a list by id. Raises Unreachable where pages do not fit together, after several tries.

    UCRM tells no total. What follows the last page has to be empty: a server that gives fewer rows than it was asked
    for is not taken for one that has no more. Rows that moved from page to page meanwhile are seen by their ids.
    """
    for _ in range(_READS):
        rows = list(api.rows(shape, path, query))
        more = api.read(list[shape], path, {**query, "limit": 1, "offset": len(rows)})  # type: ignore[valid-type]
        by_id = {row.id: row for row in rows}
        if not more and len(by_id) == len(rows):
            return by_id
    raise Unreachable(f"UCRM's pages of {path} do not fit together ({len(rows)} rows, and more): nothing is changed")


def _texts(attributes: Sequence[AttributeText]) -> dict[str, str]:
    """What callmeter's attributes say, those that say something."""
    keys = set(ATTRIBUTES.values())
    return {one.key: one.value.strip() for one in attributes if one.key in keys and one.value and one.value.strip()}


def _listed(text: str, read: Callable[[str], tuple[str, ...]]) -> tuple[str, ...] | None:
    """What a text lists; None where there is none."""
    return () if text.lower() == NONE else read(text) or None


def _state(client: Customer, service: Service | None, plan: str) -> Literal["live", "pending", "ended"]:
    if client.is_archived or plan.lower() == NONE or (service and service.status not in _LIVE | _PENDING):
        return "ended"
    return "pending" if client.is_lead or (service and service.status in _PENDING) else "live"


def _next(day: date | None) -> date | None:
    """The day after the last one."""
    return day + timedelta(days=1) if day else None
