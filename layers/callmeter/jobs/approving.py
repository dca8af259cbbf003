"""Bills that wait for a person's yes, with what was remarkable when they were frozen."""

from callmeter import layout
from callmeter.bills.glance import Glance, glance
from callmeter.errors import Missing
from callmeter.jobs.send_bills import frozen
from callmeter.model import Bill
from callmeter.ports import Bills, Store


def waiting_bills(store: Store, bills: Bills, period: str = "") -> tuple[Glance, set[str]]:
    """What to look at, and the ids of the bills that wait. period: only those of that label."""
    waiting: dict[str, Bill] = {}
    for account_id, label in bills.opened():
        bill = _bill(store, account_id, label) if period in ("", label) else None
        if bill and bill.amount and (bills.read(account_id, label) or frozen(bill)).state == "frozen":
            waiting[bill.bill_id] = bill
    found = _as_frozen(store, set(waiting))
    known = {row.bill_id for one in found for row in one.rows}
    late = max((bill.frozen_at for bill in waiting.values()), default=None)
    bare = glance([bill for one, bill in waiting.items() if one not in known], [], {}, late) if late else None
    rows = [row for one in (*found, bare) if one for row in one.rows if row.bill_id in waiting]
    newest = found[-1] if found else bare
    if newest is None:
        raise Missing("no bill waits for approval")
    return newest.model_copy(update={"rows": tuple({row.bill_id: row for row in rows}.values())}), set(waiting)


def _bill(store: Store, account_id: str, period: str) -> Bill | None:
    try:
        return Bill.model_validate_json(store.get(layout.bill(period, account_id)))
    except Missing:
        return None


def _as_frozen(store: Store, waiting: set[str]) -> list[Glance]:
    """The glances that were kept when these bills were frozen, oldest first."""
    keys = [key for key in store.keys(layout.REPORTS) if "/to-approve-" in key]
    found = [Glance.model_validate_json(store.get(key)) for key in keys] if waiting else []
    return [one for one in found if any(row.bill_id in waiting for row in one.rows)]
