"""A run's bills and what the accounts' calls came to before -> month-end at a glance: what to look at before they go.

In: the planned bills; figures of the settled shards (sql/bills/glance*.sql); rejects by reason. Out: Glance, which is
kept as JSON, shown by cli/glance.py and drawn by glance_page.py. Money is exact, in the bill's currency.

An account is compared with its usual: the median of what its calls cost in the earlier periods of the look-back window,
from the first with calls on; a period without any is nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import islice
from statistics import median

import duckdb

from callmeter import sql
from callmeter.model import Account, Bill, Currency, Fact, Label
from callmeter.money import minor_unit, round_to_minor

JUMP_FACTOR, JUMP_UNITS = 3, 2000  # units: of the currency's minor unit
BUSY_UNITS, BUSY_CALLS = 500, 20
_ZERO = Decimal(0)

# What a row can be remarked for, the worst first: what it means and what to do.
MEANINGS = {
    "not-billable": "the account cannot be billed; the reason says what to do",
    "no-crm-client": "the account has no client in the CRM: the bill cannot be sent until accounts.csv names one",
    "spend-jump": f"the calls cost {JUMP_FACTOR} times the account's usual or more, and at least "
    f"{JUMP_UNITS / 100:.2f} more (JPY {JUMP_UNITS:,}): fraud, a wrong price, or good business?",
    "margin-below-zero": "carriers ask more for the calls than they are sold for; calls without a carrier's price, and "
    "those with included minutes, are left out",
    "barred-calls": "calls to destinations that the deck does not allow were made all the same",
    "gone-quiet": f"usually {BUSY_UNITS / 100:.2f} or more (JPY {BUSY_UNITS:,}) and now nothing, or usually "
    f"{BUSY_CALLS} calls or more and now none: has the customer left, or are calls missing?",
    "late-calls": "calls whose price is to follow; they are billed once it is in the deck",
    "credit": "less is due than was billed before",
    "below-minimum": "what is due is below the operator's minimum, and carried to the next bill",
    "first-bill": "the account has no bill within the look-back window before",
}
NOTES = frozenset({"below-minimum", "first-bill"})  # good to know, but no warnings


class AccountFigures(Fact):
    """What one account's calls of a period come to. `corrections`: of this period's calls, on the bill frozen now."""

    account_id: str
    account_name: str = ""
    period: Label
    currency: Currency
    calls: int
    answered_calls: int
    late_calls: int
    barred_calls: int
    charge: Decimal
    margin: Decimal | None  # of margin_calls: answered, both prices known, no included minutes
    margin_calls: int
    corrections: Decimal


class GroupFigures(Fact):
    """What a group of destinations comes to, now and in the period before."""

    currency: Currency
    group: str
    calls: int
    charge: Decimal
    before: Decimal
    margin: Decimal | None


class DayFigures(Fact):
    """What the calls of one day come to, in the operator's time zone."""

    currency: Currency
    day: date
    calls: int
    charge: Decimal


class Figures(Fact):
    """What there is to say about one shard's accounts that are frozen for `period`."""

    period: Label
    accounts: tuple[AccountFigures, ...]
    groups: tuple[GroupFigures, ...]
    days: tuple[DayFigures, ...]


class Remark(Fact):
    """Why a row is to be looked at: a code of MEANINGS, and what it is here."""

    code: str
    text: str


class Row(Fact):
    """One planned bill, or an account (`bill_id` empty) that was busy and now has nothing to bill.

    charge, before, usual: what the calls of this period, of the one before, and usually cost; the latter two are None
    where there is nothing to compare with.
    """

    account_id: str
    account_name: str = ""
    period: Label
    currency: Currency
    bill_id: str = ""
    amount: Decimal = _ZERO
    due: Decimal = _ZERO
    carried: Decimal = _ZERO
    corrections: Decimal = _ZERO
    calls: int = 0
    charge: Decimal = _ZERO
    before: Decimal | None = None
    usual: Decimal | None = None
    usual_calls: int = 0  # answered ones
    answered_calls: int = 0
    late_calls: int = 0  # of this period and those before it
    barred_calls: int = 0
    margin: Decimal | None = None  # of margin_calls, see AccountFigures
    margin_calls: int = 0
    remarks: tuple[Remark, ...] = ()

    @property
    def change(self) -> Decimal:
        """How much more than usual the calls cost."""
        return self.charge - (self.usual or _ZERO)

    @property
    def has_warning(self) -> bool:
        return any(remark.code not in NOTES for remark in self.remarks)


class Total(Fact):
    """All rows of one currency."""

    currency: Currency
    bills: int
    warnings: int  # rows with one
    calls: int
    amount: Decimal
    carried: Decimal
    corrections: Decimal
    charge: Decimal
    before: Decimal
    margin: Decimal | None


class Glance(Fact):
    """Month-end at a glance. `rows`: the worst first. `rejects`: rows of files that could not be rated, by reason."""

    as_of: datetime
    rows: tuple[Row, ...]
    groups: tuple[GroupFigures, ...]
    days: tuple[DayFigures, ...]
    rejects: dict[str, int]

    @cached_property
    def periods(self) -> tuple[str, ...]:
        return tuple(sorted({row.period for row in self.rows}))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """A total per currency, that with the most rows first."""
        by_currency: dict[str, list[Row]] = {}
        for row in self.rows:
            by_currency.setdefault(row.currency, []).append(row)
        ranked = sorted(by_currency.items(), key=lambda found: (-len(found[1]), found[0]))
        return tuple(_total(currency, rows) for currency, rows in ranked)

    @cached_property
    def remarked(self) -> dict[str, int]:
        """How many rows have which remark, in the order of MEANINGS."""
        codes = [remark.code for row in self.rows for remark in row.remarks]
        return {code: codes.count(code) for code in MEANINGS if code in codes}


class Approvals(Fact):
    """What a person is asked to say yes to: bills that wait to be sent, the worst first."""

    rows: tuple[Row, ...]
    question: str
    cautions: tuple[str, ...]


def read_figures(con: duckdb.DuckDBPyConnection, period: str, accounts: Iterable[Account], timezone: str) -> Figures:
    """The figures of a settled shard's accounts that are frozen for `period`, once `ledger` is made.

    accounts: those, for their names. timezone: of days; the operator's.
    """
    names = {account.account_id: account.name for account in accounts}
    return Figures(
        period=period,
        accounts=tuple(
            AccountFigures(account_name=names.get(row["account_id"], ""), **row)
            for row in sql.rows(con, "bills/glance", period=period)
        ),
        groups=tuple(GroupFigures(**row) for row in sql.rows(con, "bills/glance_groups", period=period)),
        days=tuple(DayFigures(**row) for row in sql.rows(con, "bills/glance_days", period=period, timezone=timezone)),
    )


def glance(
    bills: Sequence[Bill],
    figures: Sequence[Figures],
    rejects: Mapping[str, int],
    as_of: datetime,
    *,
    problems: Mapping[str, str] | None = None,
    needs_client: bool = True,
) -> Glance:
    """What to look at before `bills` are sent.

    figures: of every shard and period the bills are of. problems: accounts that could not be billed, and why.
    needs_client: bills go where each needs a client (not into files).
    """
    past = _History(figures)
    billed = {(bill.account_id, bill.period) for bill in bills}
    rows = [_judged(_bill_row(bill, past), bill, needs_client=needs_client) for bill in bills]
    for account_id, period in past.frozen - billed:
        problem = (problems or {}).get(account_id, "")
        row = _judged(past.row(account_id, period), None, problem=problem)
        rows += [row] if row.has_warning else []
    return Glance(
        as_of=as_of,
        rows=tuple(sorted(rows, key=_by_weight)),
        groups=_merged_groups(figures),
        days=_merged_days(figures),
        rejects=dict(rejects),
    )


def approvals(found: Glance, waiting: Collection[str] | None = None) -> Approvals:
    """The bills to be sent, for a person's yes; `waiting`: only those of these ids."""
    rows = tuple(
        row for row in found.rows if row.bill_id and row.amount and (waiting is None or row.bill_id in waiting)
    )
    asked = found.model_copy(update={"rows": rows})
    sums = " and ".join(f"{money(total.amount, total.currency)} {total.currency}" for total in asked.totals)
    cautions = [
        f"{code}: {counted(count, 'bill')}; {MEANINGS[code]}"
        for code, count in asked.remarked.items()
        if code not in NOTES
    ]
    unrated = sum(found.rejects.values())
    if unrated:
        cautions.append(f"unrated: {counted(unrated, 'row')} of files on no bill: callmeter rejects says why")
    return Approvals(
        rows=rows,
        question=f"Send {counted(len(rows), 'bill')} of {span(asked)}, together {sums}?"
        if rows
        else "No bill waits for approval.",
        cautions=tuple(cautions),
    )


def noteworthy(rows: Sequence[Row], most: int) -> list[Row]:
    """The rows with remarks, the worst first. Where those are more than `most`, no remark crowds out the others."""
    remarked = [row for row in rows if row.remarks]
    if len(remarked) <= most:
        return remarked
    by_code: dict[str, list[int]] = {}
    for place, row in enumerate(remarked):
        by_code.setdefault(row.remarks[0].code, []).append(place)
    share = most // len(by_code)
    chosen = {place for places in by_code.values() for place in places[:share]}
    others = (place for place in range(len(remarked)) if place not in chosen)
    return [remarked[place] for place in sorted([*chosen, *islice(others, most - len(chosen))])]


def span(found: Glance) -> str:
    """The periods, as a heading has them: 2026-10, or 2026-09 to 2026-10."""
    ends = dict.fromkeys((found.periods[0], found.periods[-1])) if found.periods else [f"{found.as_of:%Y-%m}"]
    return " to ".join(ends)


def money(amount: Decimal, currency: str) -> str:
    """An amount rounded to the minor unit, for reading: 1,234.50."""
    return f"{round_to_minor(amount, currency) + 0:,}"  # + 0: no minus before a zero


def money_unless_zero(amount: Decimal, currency: str) -> str:
    """The same, but nothing where it rounds to nothing."""
    return money(amount, currency) if round_to_minor(amount, currency) else ""


def counted(count: int, noun: str) -> str:
    """1 call, 1,200 calls."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class _History:
    """The figures, by account, currency and period."""

    def __init__(self, figures: Sequence[Figures]) -> None:
        self._known: dict[tuple[str, str], dict[str, AccountFigures]] = {}
        self._currency: dict[str, str] = {}
        self._corrections: dict[tuple[str, str], Decimal] = {}
        for part in sorted(figures, key=lambda part: part.period):
            for one in part.accounts:
                self._known.setdefault((one.account_id, one.currency), {})[one.period] = one
                self._currency[one.account_id] = one.currency
                frozen = (one.account_id, part.period)
                self._corrections[frozen] = self._corrections.get(frozen, _ZERO) + one.corrections

    @property
    def frozen(self) -> set[tuple[str, str]]:
        """(account, period) of all that was looked at."""
        return set(self._corrections)

    def row(self, account_id: str, period: str, currency: str = "") -> Row:
        """What the calls say of an account and period; of its latest currency unless said."""
        currency = currency or self._currency[account_id]
        known = self._known.get((account_id, currency), {})
        now = known.get(period)
        earlier = [known.get(label) for label in _labels(min(known, default=period), period)]
        charges = [one.charge if one else _ZERO for one in earlier]
        return Row(
            account_id=account_id,
            account_name=next((one.account_name for one in known.values()), ""),
            period=period,
            currency=currency,
            corrections=self._corrections.get((account_id, period), _ZERO),
            calls=now.calls if now else 0,
            charge=now.charge if now else _ZERO,
            before=charges[-1] if charges else None,
            usual=median(charges) if charges else None,
            usual_calls=int(median(one.answered_calls if one else 0 for one in earlier)) if earlier else 0,
            answered_calls=now.answered_calls if now else 0,
            late_calls=sum(one.late_calls for label, one in known.items() if label <= period),
            barred_calls=now.barred_calls if now else 0,
            margin=now.margin if now else None,
            margin_calls=now.margin_calls if now else 0,
        )


def _bill_row(bill: Bill, past: _History) -> Row:
    return past.row(bill.account_id, bill.period, bill.currency).model_copy(
        update={
            "account_name": bill.account_name,
            "bill_id": bill.bill_id,
            "amount": bill.amount,
            "due": bill.due,
            "carried": bill.carried,
        }
    )


def _remarks(row: Row, bill: Bill | None, problem: str, *, needs_client: bool) -> Iterator[tuple[str, str]]:
    """(code, text) of all there is to say, in the order of MEANINGS."""
    if problem:
        yield "not-billable", problem
    if bill and bill.amount and needs_client and bill.ucrm_client_id is None:
        yield "no-crm-client", ""
    yield from _call_remarks(row)
    if bill:
        yield from _bill_remarks(bill)


def _call_remarks(row: Row) -> Iterator[tuple[str, str]]:
    unit = minor_unit(row.currency)
    if row.usual is not None and row.change >= JUMP_UNITS * unit and row.charge >= JUMP_FACTOR * row.usual:
        times = f"{row.charge / row.usual:.1f} times the usual" if row.usual >= unit else "usually nothing"
        yield "spend-jump", times
    if row.margin is not None and round_to_minor(row.margin, row.currency) < 0:
        yield "margin-below-zero", f"{money(row.margin, row.currency)} on {counted(row.margin_calls, 'call')}"
    if row.barred_calls:
        yield "barred-calls", counted(row.barred_calls, "call")
    spends_no_more = not row.charge and not row.late_calls and (row.usual or _ZERO) >= BUSY_UNITS * unit
    if spends_no_more or (not row.answered_calls and row.usual_calls >= BUSY_CALLS):
        usual = f"{money(row.usual or _ZERO, row.currency)} in {counted(row.usual_calls, 'call')}"
        yield "gone-quiet", f"usually {usual}"
    if row.late_calls:
        yield "late-calls", counted(row.late_calls, "call")


def _bill_remarks(bill: Bill) -> Iterator[tuple[str, str]]:
    rounded = round_to_minor(bill.due, bill.currency)
    if rounded < 0:
        way = "a credit note" if bill.amount < 0 else "carried"
        yield "credit", f"{money(-bill.due, bill.currency)}, {way}"
    if rounded > 0 and not bill.amount:
        yield "below-minimum", f"{money(bill.due, bill.currency)} carried"
    if len(bill.ledgers) == 1:
        yield "first-bill", ""


def _judged(row: Row, bill: Bill | None, *, problem: str = "", needs_client: bool = True) -> Row:
    found = _remarks(row, bill, problem, needs_client=needs_client)
    return row.model_copy(update={"remarks": tuple(Remark(code=code, text=text) for code, text in found)})


def _by_weight(row: Row) -> tuple[int, Decimal, Decimal, str, str]:
    """The worst remark first, then the largest change, then the largest amount."""
    weights = list(MEANINGS)
    worst = min((weights.index(remark.code) for remark in row.remarks), default=len(weights))
    return worst, -abs(row.change), -row.amount, row.account_id, row.period


def _total(currency: str, rows: list[Row]) -> Total:
    margins = [row.margin for row in rows if row.margin is not None]
    return Total(
        currency=currency,
        bills=sum(1 for row in rows if row.bill_id),
        warnings=sum(row.has_warning for row in rows),
        calls=sum(row.calls for row in rows),
        amount=sum((row.amount for row in rows), _ZERO),
        carried=sum((row.carried for row in rows), _ZERO),
        corrections=sum((row.corrections for row in rows), _ZERO),
        charge=sum((row.charge for row in rows), _ZERO),
        before=sum((row.before or _ZERO for row in rows), _ZERO),
        margin=sum(margins, _ZERO) if margins else None,
    )


def _merged_groups(figures: Sequence[Figures]) -> tuple[GroupFigures, ...]:
    """All shards' groups, the largest charge first within a currency."""
    merged: dict[tuple[str, str], GroupFigures] = {}
    for one in (group for part in figures for group in part.groups):
        other = merged.get((one.currency, one.group))
        merged[one.currency, one.group] = one if other is None else _sum_of_groups(one, other)
    return tuple(sorted(merged.values(), key=lambda one: (one.currency, -one.charge, one.group)))


def _sum_of_groups(one: GroupFigures, other: GroupFigures) -> GroupFigures:
    margins = [margin for margin in (one.margin, other.margin) if margin is not None]
    return GroupFigures(
        currency=one.currency,
        group=one.group,
        calls=one.calls + other.calls,
        charge=one.charge + other.charge,
        before=one.before + other.before,
        margin=sum(margins, _ZERO) if margins else None,
    )


def _merged_days(figures: Sequence[Figures]) -> tuple[DayFigures, ...]:
    merged: dict[tuple[str, date], DayFigures] = {}
    for one in (day for part in figures for day in part.days):
        other = merged.get((one.currency, one.day))
        calls, charge = (other.calls, other.charge) if other else (0, _ZERO)
        merged[one.currency, one.day] = one.model_copy(
            update={"calls": one.calls + calls, "charge": one.charge + charge}
        )
    return tuple(merged[key] for key in sorted(merged))


def _labels(first: str, period: str) -> Iterator[str]:
    """The labels from `first` up to the one before `period`."""
    begin, end = (int(label[:4]) * 12 + int(label[5:]) - 1 for label in (first, period))
    for month in range(begin, end):
        yield f"{month // 12:04}-{month % 12 + 1:02}"
