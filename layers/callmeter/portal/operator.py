"""What the operator sees at a glance: this month's figures, bills that are not finished, rejects, the catalogue.

The work is bounded: one query a shard for each of two periods, and at most so many bills and rejected files are
looked at. Where there are more, the answer says of how many it speaks.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from callmeter import layout
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import Missing, Problem
from callmeter.jobs import catalogues, manifests
from callmeter.model import AccountTotal, BillState
from callmeter.money import plain
from callmeter.periods import period_at, previous
from callmeter.portal.account import Portal
from callmeter.ports import Store

BILLS_LOOKED_AT, FILES_LOOKED_AT = 1000, 500
PROBLEMS_SHOWN = 25
_THREADS = 8

_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")


def status(portal: Portal, now: datetime) -> dict[str, Any]:
    """GET /v1/operator/status: figures are those of the stored totals, as of now."""
    catalogue = _in_force(portal.store)
    return {
        "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "catalogue": _catalogue(portal.store, catalogue),
        "periods": [_figures(portal, label) for label in _labels(catalogue, now)],
        "bills": _bills(portal),
        "rejects": _rejects(portal.store),
    }


def accounts_of_client(portal: Portal, client_id: int) -> list[dict[str, Any]]:
    """GET /v1/operator/clients/{client_id}/accounts: the CRM client's accounts, by account id; ended ones too."""
    catalogue = _in_force(portal.store)
    found = [one for one in catalogue.accounts.values() if one.ucrm_client_id == client_id] if catalogue else []
    return [
        {
            "account_id": account.account_id,
            "name": account.name or account.account_id,
            "numbers": list(account.numbers[:3]),
            "valid_to": account.valid_to.isoformat() if account.valid_to else None,
        }
        for account in sorted(found, key=lambda one: one.account_id)
    ]


def _in_force(store: Store) -> Catalogue | None:
    try:
        return catalogues.describe(store, catalogues.current_version(store))
    except Missing:
        return None


def _catalogue(store: Store, catalogue: Catalogue | None) -> dict[str, Any]:
    """The version in force, "" for none, and what is wrong with the files that were to replace it."""
    try:
        refused = [str(Problem(**one)) for one in json.loads(store.get(layout.REFUSED))]
    except Missing:
        refused = []
    return {
        "version": catalogue.version if catalogue else "",
        "accounts": len(catalogue.accounts) if catalogue else 0,
        "plans": len(catalogue.plans) if catalogue else 0,
        "refused": refused[:PROBLEMS_SHOWN],
        "refused_problems": len(refused),
    }


def _labels(catalogue: Catalogue | None, now: datetime) -> list[str]:
    """This month's label and the last one's, in the operator's time zone."""
    timezone = catalogue.operator.timezone if catalogue else "UTC"
    month = period_at(now, timezone, 1)
    return [month.label, previous(month, timezone, 1).label]


def _figures(portal: Portal, label: str) -> dict[str, Any]:
    """What all accounts' periods of that label come to so far."""
    shards = [f"{number:02}" for number in range(portal.shards)]
    totals = [one for each in _all(lambda shard: portal.totals.of_shard(label, shard), shards) for one in each]
    totals = [one for one in totals if one.calls]
    return {
        "period": label,
        "accounts": len(totals),
        "calls": sum(one.calls for one in totals),
        "answered_calls": sum(one.answered_calls for one in totals),
        "late_calls": sum(one.late_calls for one in totals),
        "billed_seconds": sum(one.billed_seconds for one in totals),
        "charge": _charges(totals),
    }


def _charges(totals: Iterable[AccountTotal]) -> dict[str, str]:
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    for one in totals:
        by_currency[one.currency] += one.charge
    return {currency: plain(charge) for currency, charge in sorted(by_currency.items())}


def _bills(portal: Portal) -> dict[str, Any]:
    """Bills that are not finished, and what keeps them."""
    opened = portal.bills.opened()
    places = opened[:BILLS_LOOKED_AT]
    states = [one for one in _all(lambda place: portal.bills.read(*place), places) if one]
    troubled = [one for one in states if one.problem]
    return {
        "open": len(opened),
        "looked_at": len(places),
        "states": dict(sorted(Counter(one.state for one in states).items())),
        "with_problem": len(troubled),
        "problems": [_troubled(one) for one in troubled[:PROBLEMS_SHOWN]],
    }


def _troubled(state: BillState) -> dict[str, str]:
    return {
        "account_id": state.account_id,
        "period": state.period,
        "amount": plain(state.amount),
        "currency": state.currency,
        "state": state.state,
        "problem": state.problem,
    }


def _rejects(store: Store) -> dict[str, Any]:
    """Rows that still wait to be mended, by reason: a file that is rated again takes its old ones away."""
    digests = manifests.files_with_rejects(store)
    reasons = manifests.rejected_rows(store, digests[:FILES_LOOKED_AT])
    return {
        "files": len(digests),
        "looked_at": min(len(digests), FILES_LOOKED_AT),
        "rows": sum(reasons.values()),
        "reasons": dict(sorted(reasons.items())),
    }


def _all(ask: Callable[[_Asked], _Found], of: Sequence[_Asked]) -> list[_Found]:
    """What `ask` finds for each, in order, several at a time."""
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        return list(pool.map(ask, of))
