"""What runs every hour: freeze the periods that ended, then take every open bill as far as it goes.

    freeze_periods   calls -> frozen bills, each a difference to what was billed before
    send_bills       bills -> invoices -> statements -> the client's documents

A run may be cut short anywhere, by a crash or by the clock: the next one goes on where it was.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from callmeter.bills.glance import Glance, glance
from callmeter.jobs import catalogues
from callmeter.jobs.freeze_periods import Freezer, Frozen
from callmeter.jobs.manifests import files_with_rejects, rejected_rows
from callmeter.jobs.send_bills import Billed, Sender
from callmeter.model import BillingRules
from callmeter.ports import Bills, CustomerSettings, Invoicing, Leases, Store


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Billing:
    """The outside world, as billing needs it. invoicing: where bills go by these rules.

    threads: so many objects or clients at once; 1 does one thing after the other.
    """

    store: Store
    bills: Bills
    leases: Leases
    settings: CustomerSettings
    invoicing: Callable[[BillingRules], Invoicing]
    shards: int
    threads: int
    clock: Callable[[], datetime] = _now


@dataclass(frozen=True)
class BillRun:
    """What a run did. bills: those that were worked on. problems: account -> why it could not be billed at all."""

    bills: list[Billed] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unfinished: int = 0  # bills that the time did not suffice for
    asked: Glance | None = None  # of new bills that wait for a person's yes


def bill_periods(
    billing: Billing,
    as_of: datetime,
    *,
    period: str = "",
    approve: Collection[str] = (),
    has_time: Callable[[], bool] = lambda: True,
    progress: Callable[[str], None] = lambda _: None,
) -> BillRun:
    """Freeze every period that had ended, grace time included, at `as_of` (aware), and finish every open bill.

    period: only the periods of that label. approve: bill ids that have a person's yes now, "*" for all. A bill that
    cannot be finished is reported with its problem; the others go on.
    """
    freezer = _freezer(billing, as_of, period)
    found = list(freezer.run())
    new = any(one.bills for one in found)
    sender = Sender(
        billing.store,
        billing.bills,
        billing.leases,
        billing.settings,
        billing.invoicing(freezer.current.operator.billing),
        freezer.current,
        billing.clock,
        approve,
        billing.threads,
        has_time,
        freezer.oldest,
    )
    bills = sorted(sender.run(only=period, progress=progress), key=lambda one: (one.bill.period, one.bill.account_id))
    left = [place for place in billing.bills.opened() if period in ("", place[1])] if not has_time() else []
    asked = _glance(freezer, found) if new and freezer.current.operator.billing.approve else None
    return BillRun(bills, _problems(found), len(left), asked)


def preview(billing: Billing, as_of: datetime, *, period: str = "") -> Glance:
    """What a run at `as_of` would freeze, and what an operator should see of it before; writes nothing."""
    freezer = _freezer(billing, as_of, period, dry_run=True)
    return _glance(freezer, list(freezer.run()))


def _glance(freezer: Freezer, found: list[Frozen]) -> Glance:
    return glance(
        [bill for one in found for bill in one.bills],
        [one.figures for one in found if one.figures],
        rejected_rows(freezer.store, files_with_rejects(freezer.store)),
        freezer.as_of,
        problems=_problems(found),
        needs_client=freezer.current.operator.billing.destination != "files",
    )


def _problems(found: list[Frozen]) -> dict[str, str]:
    return {account: text for one in found for account, text in one.problems.items()}


def _freezer(billing: Billing, as_of: datetime, period: str, **more: Any) -> Freezer:
    current = catalogues.describe(billing.store, catalogues.current_version(billing.store))
    return Freezer(
        billing.store, billing.bills, current, as_of, billing.shards, period, threads=billing.threads, **more
    )
