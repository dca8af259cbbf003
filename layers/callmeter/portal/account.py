"""What a customer sees of the account: spend, limit, allowances, statements. Figures come from the stored totals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from callmeter import layout
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import Missing, UsageError
from callmeter.jobs import catalogues
from callmeter.model import Account, AccountTotal
from callmeter.money import plain
from callmeter.periods import labelled, period_at, previous
from callmeter.ports import Bills, CustomerSettings, Store, Totals

PERIODS_SHOWN = 13


class NotThere(Missing):
    """What the customer asked for is not there, and may be told so. Other `Missing`s are the operator's affair."""


@dataclass(frozen=True)
class Portal:
    """The outside world, as the portal needs it."""

    store: Store
    totals: Totals
    bills: Bills
    settings: CustomerSettings
    shards: int


def account_of(portal: Portal, account_id: str) -> tuple[Catalogue, Account]:
    """The catalogue in force and the account in it. Raises NotThere."""
    catalogue = catalogues.describe(portal.store, catalogues.current_version(portal.store))
    if account_id not in catalogue.accounts:
        raise NotThere("this account does not exist any more")
    return catalogue, catalogue.accounts[account_id]


def overview(portal: Portal, account_id: str, now: datetime, label: str = "") -> dict[str, Any]:
    """GET /v1/me: the account and one period's figures, by default the newest with calls."""
    catalogue, account = account_of(portal, account_id)
    plan = catalogue.plans[account.plan]
    totals = _totals(portal, account, now, label)
    chosen = label or next(iter(totals), period_at(now, account.timezone, account.anchor_day).label)
    period = labelled(chosen, account.timezone, account.anchor_day)
    total = totals.get(chosen)
    used = total.allowances if total else {}
    limit = portal.settings.monthly_limit(account_id)
    limit = plan.monthly_limit if limit is None else limit
    return {
        "account_id": account.account_id,
        "name": account.name or account.account_id,
        "operator": {"name": catalogue.operator.name},
        "plan": {"plan": plan.plan, "name": plan.name or plan.plan},
        "currency": account.currency,
        "timezone": account.timezone,
        "period": {
            "label": period.label,
            "starts_at": f"{period.starts_at:%Y-%m-%dT%H:%M:%SZ}",
            "ends_at": f"{period.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        },
        "spend": plain(total.charge) if total else "0.00",
        "limit": None if limit is None else plain(limit),
        "calls": total.calls if total else 0,
        "late_calls": total.late_calls if total else 0,
        "billed_seconds": total.billed_seconds if total else 0,
        "hide_digits": hides_digits(portal, catalogue, account_id),
        "allowances": [
            {**allowance.model_dump(mode="json"), "used_seconds": used.get(allowance.name, 0)}
            for allowance in plan.allowances
        ],
        "periods": list(totals),
        "statements": [
            {
                "period": state.period,
                "currency": state.currency,
                "amount": plain(state.amount),
                "invoice_number": state.invoice_number,
                "state": state.state,
            }
            for state in portal.bills.of_account(account_id)
        ],
    }


def hides_digits(portal: Portal, catalogue: Catalogue, account_id: str) -> bool:
    """Whether called numbers are hidden in calls from now on."""
    changes = portal.settings.hide_digits(account_id)
    return changes[-1][1] if changes else catalogue.operator.hide_digits


def statement_link(portal: Portal, account_id: str, period: str, kind: str, seconds: int = 300) -> dict[str, Any]:
    """GET /v1/me/statements/{period}: where to download it. Raises NotThere where there is none yet."""
    state = portal.bills.read(account_id, period)
    if state is None or not state.statement:
        raise NotThere(f"there is no statement of {period} yet")
    key = layout.statement(account_id, period, kind)
    return {"url": portal.store.link(key, seconds, f"calls-{period}.{kind}"), "expires_in": seconds}


def _totals(portal: Portal, account: Account, now: datetime, label: str) -> dict[str, AccountTotal]:
    """The account's totals by period, newest first, of the last year; and of `label`."""
    shard = layout.shard_of(account.account_id, portal.shards)
    period = period_at(now, account.timezone, account.anchor_day)
    labels = [label] if label else []
    for _ in range(PERIODS_SHOWN):
        labels.append(period.label)
        period = previous(period, account.timezone, account.anchor_day)
    found = {one: portal.totals.read(one, shard, account.account_id) for one in sorted(set(labels), reverse=True)}
    return {one: total for one, total in found.items() if total and total.calls}


def change_settings(
    portal: Portal, account_id: str, now: datetime, *, hide_digits: bool, monthly_limit: Decimal | None
) -> None:
    """PUT /v1/me/settings: from now on. Raises UsageError for a limit above the plan's, NotThere."""
    catalogue, account = account_of(portal, account_id)
    most = catalogue.plans[account.plan].monthly_limit
    if monthly_limit is not None and most is not None and monthly_limit > most:
        raise UsageError(f"the limit can be {plain(most)} {account.currency} at most; ask us to raise it")
    portal.settings.change(account_id, now, hide_digits=hide_digits, monthly_limit=monthly_limit)
