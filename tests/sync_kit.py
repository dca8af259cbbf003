"""What tests of sync share: a CRM and a store in memory, and one customer as both have it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from callmeter import layout
from callmeter.customers.subscription import Customers, Overdue, Subscription
from callmeter.errors import Missing
from callmeter.jobs import sync

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = (
    "account_id,name,plan,numbers,sip_logins,currency,timezone,anchor_day,ucrm_client_id,ucrm_service_id,email,"
    "valid_from,valid_to\n"
)
HAND_MADE = "C1,By hand,payg,442079460999,,GBP,,1,,,,,\n"
DENTIST = 'S7,"Harbour, Dental",payg,442079460101,desk,GBP,,1,1,7,phone@harbour.example,2026-10-01,\n'
RATES = {
    "operator.toml": b'country = "GB"\ntimezone = "Europe/London"\ncurrency = "GBP"\n',
    "plans.toml": b'[plans.payg]\ndeck = "retail"\ncurrency = "GBP"\n[plans.euro]\ndeck = "euro"\ncurrency = "EUR"\n'
    b'[plans.family]\ndeck = "retail"\ncurrency = "GBP"\n',
    "decks/retail.csv": b"prefix,rate,destination\n44,0.01,UK\n",
    "decks/euro.csv": b"prefix,rate,destination\n49,0.01,Germany\n",
}


def dentist(**other: Any) -> Subscription:
    """What the CRM says of S7, as `DENTIST` has it."""
    said: dict[str, Any] = {
        "client_id": 1, "service_id": 7, "name": "Harbour, Dental", "email": "phone@harbour.example",
        "currency": "GBP", "plan": "payg", "numbers": ("+442079460101",), "sip_logins": ("desk",),
        "anchor_day": "1", "starts": date(2026, 10, 1),
    }  # fmt: skip
    return Subscription(**said | other)


@dataclass
class Crm:
    """Customers and their source: what is there, and what is over."""

    subscriptions: list[Subscription] = field(default_factory=list)
    over: set[tuple[int | None, int | None]] = field(default_factory=set)
    asked: int = 0

    def read(self, timezone: str) -> Customers:
        assert timezone == "Europe/London"
        return self

    def is_over(self, client_id: int | None, service_id: int | None) -> bool:
        self.asked += 1
        return (client_id, service_id) in self.over

    def overdue(self) -> list[Overdue]:
        return []

    def set_up(self) -> list[str]:
        return []

    def happened(self, uuid: str) -> bool:
        return bool(uuid)


class Shelf:
    """A store in memory, as far as sync uses one."""

    def __init__(self, accounts: str | None) -> None:
        self.objects = {layout.RATES + name: body for name, body in RATES.items()}
        if accounts is not None:
            self.objects[sync.ACCOUNTS] = accounts.encode()

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise Missing(key)
        return self.objects[key]

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def put_if_absent(self, key: str, body: bytes) -> bool:
        return self.objects.setdefault(key, body) is body

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        if self.get(key) != expected:
            return False
        self.objects[key] = body
        return True


def shelf(accounts: str | None) -> Any:
    return Shelf(accounts)
