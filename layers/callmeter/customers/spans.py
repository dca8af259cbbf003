"""One account's rows, following its subscription: what changes today is a new row, and the past stays as it was.

    before     |------------------- numbers A --------------------
    today, B   |---- numbers A ----|---- numbers B ---------------
    ended                          |---- numbers B ----|

Plan, numbers and logins change by time. Names, addresses, zone and the CRM's ids are the same in all rows.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from callmeter.bills.words import languages
from callmeter.customers.subscription import Subscription
from callmeter.customers.table import Cells, end_of, start_of

TIMED = ("plan", "numbers", "sip_logins")


class Claims:
    """Which accounts the CRM gives numbers and logins to."""

    def __init__(self, subscriptions: Mapping[str, Subscription]) -> None:
        self._accounts: dict[tuple[str, str], set[str]] = {}
        for account_id, one in subscriptions.items():
            for column, keys in self.of(one).items():
                for key in _keys(keys or ()) if one.state == "live" else ():
                    self._accounts.setdefault((column, key), set()).add(account_id)

    @staticmethod
    def of(wanted: Subscription) -> dict[str, tuple[str, ...] | None]:
        """What the CRM says by column; None where it says nothing."""
        return {"numbers": wanted.numbers, "sip_logins": wanted.sip_logins}

    def by_others(self, account_id: str, column: str, key: str) -> bool:
        """Whether another account is given this number or login."""
        return bool(self._accounts.get((column, _key(key)), set()) - {account_id})


def followed(
    rows: Sequence[Cells],
    wanted: Subscription,
    account_id: str,
    today: date,
    claims: Claims,
    free_from: date = date.min,
) -> list[Cells]:
    """The account's rows as they are to be; none where it has none and needs none.

    claims: what the CRM gives to whom. free_from: the first day on which none of its numbers is another account's, for
    an account that is new.
    """
    ordered = sorted(rows, key=start_of)
    if wanted.state == "pending":
        return ordered
    if wanted.state == "ended" or (wanted.ends and wanted.ends <= today):
        return ended(ordered, wanted.ends, today)
    everywhere = {"account_id": account_id, **shared(wanted)}
    if not ordered:
        starts = max(wanted.starts or today, free_from)
        locale = wanted.locale if wanted.locale in languages() else ""
        told = {"language": wanted.language or locale, "valid_from": starts.isoformat()}
        new = [everywhere | timed({}, wanted, account_id, claims) | told]
    else:
        new = _changed([row | everywhere for row in ordered], wanted, account_id, today, claims)
    last = new[-1]
    until = max(wanted.ends, start_of(last) + timedelta(days=1)).isoformat() if wanted.ends else ""
    return [_clean(row) for row in (*new[:-1], last | {"valid_to": until})]


def ended(rows: Sequence[Cells], ends: date | None, today: date) -> list[Cells]:
    """The rows of an account that is over, from `ends` on, today at the latest. What had not begun is gone."""
    ordered = sorted(rows, key=start_of)
    begun = [row for row in ordered if start_of(row) <= today]
    if not begun or end_of(begun[-1]) <= today:
        return begun
    over = max(min(ends or today, today), start_of(begun[-1]) + timedelta(days=1))
    return [*begun[:-1], begun[-1] | {"valid_to": over.isoformat()}]


def shared(wanted: Subscription) -> Cells:
    """What is the same in all rows, as far as the CRM says it. Not the currency: that never changes."""
    said = {
        "name": wanted.name,
        "email": wanted.email,
        "language": wanted.language,
        "currency": wanted.currency,
        "timezone": wanted.timezone,
        "anchor_day": wanted.anchor_day,
        "ucrm_client_id": str(wanted.client_id),
        "ucrm_service_id": "" if wanted.service_id is None else str(wanted.service_id),
    }
    return {column: cell for column, cell in said.items() if cell}


def timed(row: Cells, wanted: Subscription, account_id: str, claims: Claims) -> Cells:
    """Plan, numbers and logins as wanted; those that the CRM does not name are the row's, as far as they are free.

    What differs in its writing only is left as it is written.
    """
    found = {column: row.get(column, "") for column in TIMED} | {"plan": wanted.plan}
    for column, keys in claims.of(wanted).items():
        if keys is None:
            kept = [key for key in found[column].split() if not claims.by_others(account_id, column, key)]
            found[column] = " ".join(kept)
        elif keys_of(row, column) != _keys(keys):
            found[column] = " ".join(keys)
    return found


def keys_of(row: Mapping[str, str], column: str) -> frozenset[str]:
    """Numbers or logins of a row, comparable."""
    return _keys(row.get(column, "").split())


def _keys(keys: Sequence[str]) -> frozenset[str]:
    return frozenset(map(_key, keys))


def _key(key: str) -> str:
    return key.removeprefix("+").lower()


def _changed(rows: list[Cells], wanted: Subscription, account_id: str, today: date, claims: Claims) -> list[Cells]:
    """Rows of an account that has some, with what is wanted in force from today on."""
    at = next((at for at, row in enumerate(rows) if end_of(row) > today), None)
    if at is None:
        again = rows[-1] | timed(rows[-1], wanted, account_id, claims)
        return _running_again(rows, again, max(today, wanted.starts or today))
    row = rows[at]
    new = _clean(row | timed(row, wanted, account_id, claims))
    if start_of(row) > today:
        if at == 0 and wanted.starts and wanted.starts != start_of(row):
            new["valid_from"] = max(wanted.starts, today).isoformat()
        return [*rows[:at], new, *rows[at + 1 :]]
    if new == _clean(row):
        return rows
    if start_of(row) == today:
        return _joined([*rows[:at], new, *rows[at + 1 :]], at)
    over, begun = row | {"valid_to": today.isoformat()}, new | {"valid_from": today.isoformat()}
    return [*rows[:at], over, begun, *rows[at + 1 :]]


def _running_again(rows: list[Cells], again: Cells, starts: date) -> list[Cells]:
    """Rows of an account that had ended: one more, joined to the last where nothing lies between."""
    return _joined([*rows, _clean(again | {"valid_from": starts.isoformat(), "valid_to": ""})], len(rows))


def _joined(rows: list[Cells], at: int) -> list[Cells]:
    """One row of `at` and the one before, where they meet and say the same."""
    if at == 0:
        return rows
    before, row = rows[at - 1], rows[at]
    dates = {"valid_from": "", "valid_to": ""}
    if end_of(before) != start_of(row) or _clean(before | dates) != _clean(row | dates):
        return rows
    return [*rows[: at - 1], _clean(before | {"valid_to": row.get("valid_to", "")}), *rows[at + 1 :]]


def _clean(row: Cells) -> Cells:
    return {column: cell for column, cell in row.items() if cell}
