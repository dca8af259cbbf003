"""Overdue invoices -> notices: one for each invoice of a client who has an account, however often it is looked at."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from callmeter.customers.subscription import Overdue
from callmeter.model import Fact
from callmeter.money import plain


class Notice(Fact):
    """An overdue invoice, and since when that is known."""

    overdue: Overdue
    noted_at: datetime

    def __str__(self) -> str:
        due = self.overdue
        number = due.number or f"with id {due.invoice_id}"
        return (
            f"invoice {number} of client {due.client_id}: {plain(due.amount_to_pay)} {due.currency}, "
            f"due on {due.due_at:%Y-%m-%d}"
        )


class Notices(Protocol):
    """The notices there have been."""

    def keep(self, notice: Notice) -> bool:
        """Keep it; False where there is one for this invoice."""
        ...

    def of_client(self, client_id: int) -> list[Notice]:
        """A client's notices, by invoice id."""
        ...


def note_overdue(overdue: Iterable[Overdue], clients: frozenset[int], notices: Notices, now: datetime) -> list[Notice]:
    """Keep a notice for each invoice of `clients` that has none; the new ones, oldest due date first."""
    wanted = sorted((one for one in overdue if one.client_id in clients), key=lambda one: (one.due_at, one.invoice_id))
    new = [Notice(overdue=one, noted_at=now) for one in wanted]
    return [notice for notice in new if notices.keep(notice)]
