"""What the jobs need of the outside world. Adapters: aws/ (S3, DynamoDB), ucrm/ (invoices), tests (fakes)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from callmeter.model import AccountTotal, Bill, BillState, Invoice


class Store(Protocol):
    """Objects by key. Reading a key that is not there raises `Missing`."""

    def get(self, key: str) -> bytes: ...
    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None: ...
    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write unless the key is there already; True where this call wrote it."""
        ...

    def upload(self, path: Path, key: str) -> None: ...
    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Fetch every key into `folder`, in order. Keys removed meanwhile are left out."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted; strongly consistent."""
        ...

    def delete(self, key: str) -> None: ...
    def link(self, key: str, seconds: int, file_name: str) -> str:
        """A URL that downloads `key` as `file_name` for so many seconds."""
        ...


class Totals(Protocol):
    """Account totals of a shard and period: absolute, guarded by the shard's sequence."""

    def next_sequence(self, period: str, shard: str) -> int: ...
    def write(self, shard: str, sequence: int, totals: Sequence[AccountTotal]) -> None:
        """Write each total unless a higher sequence is already stored for it."""
        ...

    def accounts(self, period: str, shard: str) -> set[str]: ...
    def read(self, period: str, shard: str, account_id: str) -> AccountTotal | None: ...


class Bills(Protocol):
    """How far each bill has come."""

    def write(self, state: BillState) -> None: ...
    def read(self, account_id: str, period: str) -> BillState | None: ...
    def of_account(self, account_id: str) -> list[BillState]:
        """Newest period first."""
        ...


class CustomerSettings(Protocol):
    """What customers set themselves; each change is kept with its time."""

    def hide_digits(self, account_id: str) -> list[tuple[datetime, bool]]:
        """Every change, oldest first: (from when, hidden)."""
        ...

    def monthly_limit(self, account_id: str) -> Decimal | None: ...
    def change(
        self, account_id: str, at: datetime, *, hide_digits: bool | None, monthly_limit: Decimal | None
    ) -> None: ...


class Invoicing(Protocol):
    """The CRM's invoices, found by bill id so that nothing is sent twice."""

    def find(self, bill_id: str) -> Invoice | None:
        """The invoice that carries this bill id, void ones too. Raises `Unreachable`."""
        ...

    def issue(self, bill: Bill) -> Invoice:
        """Issue an invoice with the bill's lines. Raises `Unreachable` (it may have been issued all the same)."""
        ...
