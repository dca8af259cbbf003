"""What the jobs need of the outside world. Adapters: aws/ (S3, DynamoDB), ucrm/ (invoices), tests (fakes)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from callmeter.model import AccountTotal, Bill, BillState, Sent


class Store(Protocol):
    """Objects by key. Reading a key that is not there raises `Missing`."""

    def get(self, key: str) -> bytes: ...
    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None: ...
    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write unless the key is there already; True where this call wrote it."""
        ...

    def replace(self, key: str, body: bytes, expected: bytes) -> bool:
        """Write where the key holds `expected`; True where it holds `body` now. Raises `Missing`."""
        ...

    def upload(self, path: Path, key: str) -> None: ...
    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        """Fetch every key into `folder`, in order, named N-… by their places. Keys removed meanwhile are left out."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted; strongly consistent."""
        ...

    def tags(self, prefix: str) -> dict[str, str]:
        """All keys below `prefix`, sorted, each with a tag that differs where its content does."""
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
    def of_shard(self, period: str, shard: str) -> list[AccountTotal]:
        """Every account's total, by account id."""
        ...

    def read(self, period: str, shard: str, account_id: str) -> AccountTotal | None: ...


class Bills(Protocol):
    """How far each bill has come, and which are not finished."""

    def open(self, places: Iterable[tuple[str, str]]) -> None:
        """Note that bills of these (account, period) are to be worked on; before the bills are made."""
        ...

    def opened(self) -> list[tuple[str, str]]:
        """(account, period) of every bill noted and not closed, oldest period first."""
        ...

    def close(self, account_id: str, period: str) -> None:
        """The bill is finished, or was never made."""
        ...

    def write(self, state: BillState) -> None: ...
    def read(self, account_id: str, period: str) -> BillState | None: ...
    def of_account(self, account_id: str) -> list[BillState]:
        """Newest period first."""
        ...


class Leases(Protocol):
    """One writer at a time: a lease is held until it is given back or its time is over."""

    def take(self, name: str, owner: str, now: datetime, seconds: int) -> bool:
        """True where `owner` holds it now: it was free, over, or its own already."""
        ...

    def give_back(self, name: str, owner: str) -> None: ...


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
    """Where bills go: UCRM, another CRM, files. Every call may be repeated after whatever went wrong.

    way      once per bill, and kept with it before anything is sent
    advance  again and again until the bill is `invoiced`; it looks before it writes
    look     reads only
    attach   once it is invoiced
    """

    def way(self, bill: Bill) -> str:
        """How this bill is to be sent, such as "invoice". All that can be refused is refused here, and nothing sent.

        Raises CallmeterError, Unreachable.
        """
        ...

    def advance(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:
        """Take the bill as far as it goes now, by `state.way`, found again by `state.reference`.

        others: the account's other bills, newest first. Raises Unreachable (it may have been done all the same),
        CallmeterError where a person is needed.
        """
        ...

    def look(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:
        """Where the bill stands now; changes nothing."""
        ...

    def attach(self, bill: Bill, state: BillState, files: Mapping[str, bytes]) -> None:
        """Give the client the statement's files (by name), and a line in its log; what is there stays as it is."""
        ...

    def known(self, since: date) -> dict[str, Sent]:
        """reference -> what the CRM has of bills since that day, a few reads for all of them."""
        ...
