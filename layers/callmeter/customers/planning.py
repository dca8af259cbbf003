"""accounts.csv and the CRM's customers -> the rows as they are to be, and every change in words.

Three things never happen here: an account ends because a list did not have it, an account's currency changes, and a
row that the CRM has nothing to say about is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from callmeter.customers import spans
from callmeter.customers.matching import Remark, match
from callmeter.customers.subscription import Customers, Subscription
from callmeter.customers.table import Cells, Table, end_of, in_force, start_of
from callmeter.errors import CallmeterError

SHARED = ("name", "email", "language", "timezone", "anchor_day", "ucrm_client_id", "ucrm_service_id")
CAREFUL = ("timezone", "anchor_day", "ucrm_client_id", "ucrm_service_id")  # periods and invoices follow these
FEW_ENDS, SHARE_OF_ENDS = 5, 5  # more than 5 accounts and more than a fifth of them do not end in one go


class TooManyEnds(CallmeterError):
    """So many accounts would end at once that something is more likely to be wrong than they to be gone."""


@dataclass(frozen=True)
class Change:
    """What changes in one account. since: the day it counts from; "" for all of its rows."""

    account_id: str
    name: str
    what: str
    before: str
    after: str
    since: str = ""
    careful: bool = False


@dataclass(frozen=True)
class Plan:
    """accounts: account id -> its rows as they are to be, of those that change."""

    accounts: dict[str, list[Cells]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def without(self, account_ids: Mapping[str, str]) -> "Plan":
        """The plan with these accounts left as they were; the texts say why."""
        return Plan(
            {key: rows for key, rows in self.accounts.items() if key not in account_ids},
            [change for change in self.changes if change.account_id not in account_ids],
            [*self.problems, *(Remark(key, text) for key, text in account_ids.items())],
            self.notes,
        )

    def has_other_keys(self, account_id: str) -> bool:
        """Whether the account's numbers or logins change, or the account is new."""
        whats = {change.what for change in self.changes if change.account_id == account_id}
        return bool(whats & {"new account", "numbers", "sip_logins", "valid_from"})


def plan(table: Table, customers: Customers, today: date, *, force: bool = False) -> Plan:
    """What the file is to become. force: however many accounts end. Raises TooManyEnds, Unreachable."""
    before = table.by_account()
    matched = match(before, customers.subscriptions)
    problems = list(matched.problems)
    followed: dict[str, Subscription] = {}
    for account_id, subscription in matched.subscriptions.items():
        if refused := _currency_problem(before.get(account_id, []), subscription):
            problems.append(Remark(account_id, refused))
        else:
            followed[account_id] = subscription
    most = _most_ends(before, today, force)
    left = {key: rows for key, rows in before.items() if key not in followed and _has_crm_ids(rows)}
    taken = {one.service_id for key, one in followed.items() if key not in before}
    wanted, kept = _left_over(left, customers, taken, problems, today, most)
    claims = spans.Claims(followed)
    wanted |= {
        key: spans.followed(before[key], one, key, today, claims) for key, one in followed.items() if key in before
    }
    free = _Free(before | wanted, today)  # new accounts come last: what others give up today is theirs from today on
    wanted |= {
        key: spans.followed([], one, key, today, claims, free.since(key, one))
        for key, one in followed.items()
        if key not in before
    }
    changed = {key: rows for key, rows in wanted.items() if rows != sorted(before.get(key, []), key=start_of)}
    _refuse_many_ends(before, changed, today, most)
    changes = [one for key, rows in changed.items() for one in _changes(key, before.get(key, []), rows, today)]
    return Plan(changed, changes, problems, [*_suspended(followed, before | wanted), *kept])


def _suspended(followed: Mapping[str, Subscription], rows: Mapping[str, list[Cells]]) -> list[Remark]:
    text = "suspended in the CRM; its calls are rated and billed all the same"
    return [Remark(key, text) for key, one in followed.items() if one.suspended and rows.get(key)]


def _left_over(
    left: Mapping[str, list[Cells]],
    customers: Customers,
    taken: set[int | None],
    problems: Sequence[Remark],
    today: date,
    most: int,
) -> tuple[dict[str, list[Cells]], list[Remark]]:
    """Of accounts without a subscription: those that are over, ended; and a note of those that stay.

    taken: services that are new accounts now, under another id. Raises TooManyEnds.
    """
    over: dict[str, list[Cells]] = {}
    kept = []
    disputed = {remark.account_id for remark in problems}
    for account_id, rows in left.items():
        if account_id in disputed or _last_end(rows) <= today:
            continue
        client, service = (_number(rows[-1].get(column, "")) for column in ("ucrm_client_id", "ucrm_service_id"))
        if (service and service in taken) or customers.is_over(client, service):
            over[account_id] = spans.ended(rows, None, today)
            if len(over) > most:
                raise _too_many(over)
        else:
            kept.append(account_id)
    text = f"{len(kept)} accounts are kept as they are, the CRM names no call plan for them: {_some(kept)}"
    return over, [Remark("", text)] if kept else []


def _most_ends(before: Mapping[str, list[Cells]], today: date, force: bool) -> int:
    """How many accounts may end in one go: a fifth, five where that is fewer; never all of several."""
    running = sum(_last_end(rows) > today for rows in before.values())
    if force:
        return running
    return min(max(FEW_ENDS, running // SHARE_OF_ENDS), running - 1 if running > 1 else running)


def _refuse_many_ends(
    before: Mapping[str, list[Cells]], changed: Mapping[str, list[Cells]], today: date, most: int
) -> None:
    ends = [
        key
        for key, rows in changed.items()
        if key in before and _last_end(before[key]) > today and _last_end(rows) <= today
    ]
    if len(ends) > most:
        raise _too_many(ends)


def _too_many(ends: Iterable[str]) -> TooManyEnds:
    return TooManyEnds(
        f"{_some(sorted(ends))} would end in one go: nothing is changed. Where that is right, run callmeter sync "
        "--force; else see whether this is the right CRM, and whether its app key sees all clients."
    )


def _some(account_ids: Sequence[str]) -> str:
    return ", ".join(account_ids[:5]) + (f" and {len(account_ids) - 5} more" if len(account_ids) > 5 else "")


def _currency_problem(rows: Sequence[Cells], wanted: Subscription) -> str:
    before = rows[-1].get("currency", "") if rows else ""
    if not before or not wanted.currency or before == wanted.currency or wanted.state == "ended":
        return ""
    return (
        f"it is in {before}, but {wanted.title} in {wanted.currency}: an account keeps its currency. For a new account "
        'write a new id into "Callmeter account"; this one then ends'
    )


def _has_crm_ids(rows: Sequence[Cells]) -> bool:
    return any(_number(rows[-1].get(column, "")) for column in ("ucrm_client_id", "ucrm_service_id"))


def _number(cell: str) -> int | None:
    return int(cell) if cell.isascii() and cell.isdigit() else None


def _last_end(rows: Sequence[Cells]) -> date:
    return max((end_of(row) for row in rows), default=date.min)


class _Free:
    """From when on numbers and logins are free that other accounts had, and have given up by today."""

    def __init__(self, before: Mapping[str, list[Cells]], today: date) -> None:
        self._ends: dict[tuple[str, str], dict[str, date]] = {}
        for account_id, rows in before.items():
            for row in rows:
                until = end_of(row)
                for column in ("numbers", "sip_logins"):
                    for key in spans.keys_of(row, column) if until <= today else ():
                        ends = self._ends.setdefault((column, key), {})
                        ends[account_id] = max(until, ends.get(account_id, until))

    def since(self, account_id: str, wanted: Subscription) -> date:
        """The first day on which every number and login is free, as far as an end is known."""
        row = {column: " ".join(keys or ()) for column, keys in spans.Claims.of(wanted).items()}
        held = [
            until
            for column in row
            for key in spans.keys_of(row, column)
            for other, until in self._ends.get((column, key), {}).items()
            if other != account_id
        ]
        return max(held, default=date.min)


def _changes(account_id: str, before: Sequence[Cells], after: Sequence[Cells], today: date) -> list[Change]:
    """What changes, in words."""
    old, new = in_force(before, today) or {}, in_force(after, today) or {}
    name = new.get("name", "") or old.get("name", "")
    if not before:
        what = ", ".join(filter(None, [new["plan"], new.get("numbers"), new.get("sip_logins")]))
        found = [Change(account_id, name, "new account", "", what, new.get("valid_from", ""))]
        return [*found, *_ends(account_id, name, "", new.get("valid_to", ""))]
    if not after:
        return [Change(account_id, name, "never begun", old.get("valid_from", ""), "removed")]
    found = [
        Change(account_id, name, column, old.get(column, ""), new.get(column, ""), new.get("valid_from", ""))
        for column in spans.TIMED
        if old.get(column) != new.get(column)
    ]
    found += [
        Change(account_id, name, column, old.get(column, ""), new.get(column, ""), careful=column in CAREFUL)
        for column in (*SHARED, "currency")
        if old.get(column) != new.get(column)
    ]
    if start_of(old) > today and old.get("valid_from") != new.get("valid_from"):
        found.append(Change(account_id, name, "valid_from", old["valid_from"], new["valid_from"], new["valid_from"]))
    if _last_end(before) <= today < _last_end(after):
        found.append(Change(account_id, name, "runs again", str(_last_end(before)), "", new.get("valid_from", "")))
    elif _last_end(before) != _last_end(after):
        found += _ends(account_id, name, _shown(_last_end(before)), _shown(_last_end(after)))
    return found or [Change(account_id, name, "written alike in all rows", "", "")]


def _ends(account_id: str, name: str, before: str, after: str) -> list[Change]:
    return [Change(account_id, name, "ends", before, after, after)] if before != after else []


def _shown(end: date) -> str:
    return "" if end == date.max else end.isoformat()
