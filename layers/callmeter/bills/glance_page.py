"""Glance -> one HTML file: what to look at before the bills go (glance.html, .css and .js, which go into the file).

It asks nothing of any other server, and needs no script: that only sorts and filters. Everything that comes from the
operator's or a customer's data is escaped. Large runs stay small: what is worth a look in full, all accounts compactly.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from string import Template

from callmeter.bills.glance import (
    MEANINGS,
    NOTES,
    Glance,
    GroupFigures,
    Row,
    Total,
    counted,
    money,
    money_unless_zero,
    noteworthy,
    span,
)
from callmeter.bills.glance_plots import Bar, Point, bars, columns, markup, scatter
from callmeter.errors import REJECT_REASONS

_NOTEWORTHY, _BARS, _GROUPS = 60, 15, 12  # rows in full, bars in a plot, groups in a plot
_MARKED = 200  # accounts with a warning that a scatter plot names
_OPEN = 100  # tables up to so many rows need no click
_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Column:
    """A column of a table of rows: its cells are HTML; text is aligned at its start, numbers at their end."""

    heading: str
    cell: Callable[[Row], str]
    is_text: bool = False


_BILL = _Column("Bill", lambda row: money(row.amount, row.currency) if row.bill_id else "no bill")


def page(found: Glance) -> str:
    """The report as HTML, for a file."""
    style, script = _part("glance.css"), _part("glance.js")
    return Template(_part("glance.html")).substitute(
        title=markup(f"Bills of {span(found)}"),
        as_of=f"{found.as_of:%Y-%m-%d %H:%M %Z}",
        introduction=_introduction(found),
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        sums="".join(_sums(total) for total in found.totals),
        remarks=_remarks(found),
        rejects=_rejects(found),
        noteworthy=_noteworthy(found),
        plots="".join(_plots(found, total) for total in found.totals),
        everybody=_everybody(found),
    )


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    """What a content security policy knows an inline style or script by."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _introduction(found: Glance) -> str:
    warnings = sum(row.has_warning for row in found.rows)
    bills = sum(total.bills for total in found.totals)
    return (
        f"{bills:,} {'bill' if bills == 1 else 'bills'}, {warnings:,} of {len(found.rows):,} accounts with a warning."
    )


def _sums(total: Total) -> str:
    """The key figures of one currency."""
    code, facts = total.currency, []

    def fact(name: str, value: str, beneath: str = "", kind: str = "") -> None:
        small = f"<small>{beneath}</small>" if beneath else ""
        facts.append(f"<div><dt>{name}</dt><dd{kind}>{value}{small}</dd></div>")

    fact("To invoice", f"{money(total.amount, code)} {code}", f"{total.bills:,} bills", ' class="main"')
    fact("Calls cost", money(total.charge, code), f"{total.calls:,} calls")
    fact("The period before", money(total.before, code), _change(total.charge, total.before))
    fact("Corrections", money(total.corrections, code), "of earlier periods")
    fact("Carried on", money(total.carried, code), "to the next bills")
    fact("Margin", _money(total.margin, code) or "unknown", "where carriers' prices are known")
    return f'<section aria-label="Sums in {code}"><dl class="sums">{"".join(facts)}</dl></section>'


def _remarks(found: Glance) -> str:
    if not found.remarked:
        return '<p class="soft">None: every bill is as usual.</p>'
    rows = (
        f'<tr><th scope=row><span class="{_level(code)}">{code}</span><small>{counted(count, "account")}</small>'
        f"<td class=t>{markup(MEANINGS[code])}"
        for code, count in found.remarked.items()
    )
    return _table("", "<th scope=col>Remark<th class=t scope=col>What it means", rows, "Remarks")


def _rejects(found: Glance) -> str:
    if not found.rejects:
        return ""
    ranked = sorted(found.rejects.items(), key=lambda reject: (-reject[1], reject[0]))
    rows = (
        f'<tr><th scope=row><span class="warning">{markup(reason)}</span><small>{counted(count, "row")}</small>'
        f"<td class=t>{markup(REJECT_REASONS.get(reason, ''))}"
        for reason, count in ranked
    )
    table = _table(
        "Rows of files that are on nobody's bill: callmeter rejects says what would clear them.",
        "<th scope=col>Reason<th class=t scope=col>What it means", rows, "Calls without a bill",
    )  # fmt: skip
    return f'<section aria-labelledby="rejects"><h2 id="rejects">Calls without a bill</h2>{table}</section>'


def _noteworthy(found: Glance) -> str:
    """Rows with remarks, the worst first, in full; as many as a person reads."""
    rows, remarked = noteworthy(found.rows, _NOTEWORTHY), sum(1 for row in found.rows if row.remarks)
    if not rows:
        return '<p class="soft">Nothing stands out.</p>'
    listed = [
        _Column("Account", lambda row: f"{markup(row.account_id)}<small>{markup(row.account_name)}</small>"),
        _BILL,
        _Column("Remarks", _remark_list, is_text=True),
        *_figure_columns(found),
    ]
    more = f"{len(rows):,} of {remarked:,}, the worst of each remark; filter all accounts for the others."
    return _rows_table(more if len(rows) < remarked else "", listed, rows, "Accounts worth a look")


def _everybody(found: Glance) -> str:
    listed = [
        _Column("Account", lambda row: markup(row.account_id)),
        _Column("Name", lambda row: markup(row.account_name), is_text=True),
        _BILL,
        *_figure_columns(found),
        _Column("Remarks", lambda row: ", ".join(remark.code for remark in row.remarks), is_text=True),
    ]
    table = _rows_table("", listed, found.rows, "All accounts", ' id="all"')
    field = '<label for="filter">Account, name or remark</label><br><input type="search" id="filter">'
    tools = f'<p id="tools" hidden>{field}</p>'
    opened = " open" if len(found.rows) <= _OPEN else ""
    return f"<details{opened}><summary>{len(found.rows):,} accounts</summary>{tools}{table}</details>"


def _figure_columns(found: Glance) -> list[_Column]:
    """The figures of a row; period and currency only where there are several."""
    several = [
        *([_Column("Period", lambda row: row.period)] if len(found.periods) > 1 else []),
        *([_Column("Currency", lambda row: row.currency)] if len(found.totals) > 1 else []),
    ]
    return [
        *several,
        _Column("Calls cost", lambda row: money(row.charge, row.currency)),
        _Column("Before", lambda row: _money(row.before, row.currency)),
        _Column("Usual", lambda row: _money(row.usual, row.currency)),
        _Column("Calls", lambda row: f"{row.calls:,}"),
        _Column("Corrections", lambda row: money_unless_zero(row.corrections, row.currency)),
        _Column("Carried", lambda row: money_unless_zero(row.carried, row.currency)),
        _Column("Margin", lambda row: _money(row.margin, row.currency)),
    ]


def _remark_list(row: Row) -> str:
    items = (f'<li class="{_level(one.code)}"><b>{one.code}</b> {markup(one.text)}</li>' for one in row.remarks)
    return f'<ul class="texts">{"".join(items)}</ul>'


def _rows_table(caption: str, listed: Sequence[_Column], rows: Iterable[Row], name: str, extra: str = "") -> str:
    """A table of rows, the first column its headings. End tags that HTML does without are left out: they add up."""
    headings = "".join(f"<th{' class=t' if one.is_text else ''} scope=col>{one.heading}</th>" for one in listed)
    body = (
        f"<tr><th scope=row>{listed[0].cell(row)}"
        + "".join(f"<td{' class=t' if one.is_text else ''}>{one.cell(row)}" for one in listed[1:])
        for row in rows
    )
    return _table(caption, headings, body, name, extra)


def _table(caption: str, headings: str, rows: Iterable[str], name: str, extra: str = "") -> str:
    """A table that scrolls by itself where the page is too narrow."""
    said = f"<caption>{caption}</caption>" if caption else ""
    body = "\n".join(rows)
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0"><table{extra}>{said}'
        f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _plots(found: Glance, total: Total) -> str:
    """The plots of one currency."""
    code = total.currency
    rows = [row for row in found.rows if row.currency == code]
    groups = [group for group in found.groups if group.currency == code]
    drawn = [_bills(rows, code), _then_and_now(rows, code), _days(found, code), *_groups(groups, code)]
    figures = "".join(drawn)
    if not figures:
        return ""
    heading = f'<h2 id="plots-{code}">In {code}</h2>'
    return f'<section aria-labelledby="plots-{code}">{heading}<div class="plots">{figures}</div></section>'


def _bills(rows: Sequence[Row], code: str) -> str:
    ranked = sorted((row for row in rows if row.amount), key=lambda row: (-row.amount, row.account_id))
    if not ranked:
        return ""
    shown, others = ranked[:_BARS], ranked[_BARS:]
    left = sum((row.amount for row in others), _ZERO)
    more = f" {len(others):,} more come to {money(left, code)} {code}." if others else ""
    plot = bars(
        f"bills-{code}", f"The largest bills in {code}",
        f"The largest is {_name(ranked[0])} with {money(ranked[0].amount, code)}.{more}",
        [Bar(_name(row), row.amount, money(row.amount, code), row.usual, row.has_warning) for row in shown],
    )  # fmt: skip
    return _figure(
        "The largest bills", f"Mark: what the account's calls usually cost. Orange: with a warning.{more}", plot
    )


def _then_and_now(rows: Sequence[Row], code: str) -> str:
    pairs = [row for row in rows if row.before is not None]
    if not pairs:
        return ""
    up = sum(row.charge > (row.before or _ZERO) for row in pairs)
    text = f"Of {len(pairs):,} accounts the calls of {up:,} cost more than in the period before."
    points = [
        Point(
            row.before or _ZERO, row.charge,
            f"{_name(row)}: {money(row.charge, code)}, before {_money(row.before, code)}", row.has_warning,
        )
        for row in _few_that_stand_out(pairs)
    ]  # fmt: skip
    plot = scatter(
        f"before-{code}", f"Calls of this period against the one before, in {code}", text, points,
        lines=[(1, "the same"), (3, "3 times")],
    )  # fmt: skip
    return _figure(
        "This period against the one before",
        f"Up: now; across: the period before; both logarithmic. Orange: with a warning. {text}",
        plot,
    )


def _few_that_stand_out(rows: Sequence[Row]) -> list[Row]:
    """The rows; where very many have a warning, only the worst keep it, for the drawing's size."""
    worst = {id(row) for row in [row for row in rows if row.has_warning][:_MARKED]}
    return [row if id(row) in worst else row.model_copy(update={"remarks": ()}) for row in rows]


def _days(found: Glance, code: str) -> str:
    days = [day for day in found.days if day.currency == code]
    if not days:
        return ""
    top = max(days, key=lambda day: day.charge)
    text = f"The most on {top.day:%a %Y-%m-%d}: {money(top.charge, code)} in {top.calls:,} calls."
    plot = columns(
        f"days-{code}", f"What each day's calls cost, in {code}", text,
        [
            (f"{one.day.day} {one.day:%b}", one.charge, f"{one.day:%a %Y-%m-%d}: {money(one.charge, code)}")
            for one in days
        ],
    )  # fmt: skip
    rows = (f"<tr><th scope=row>{one.day:%a %Y-%m-%d}<td>{one.calls:,}<td>{money(one.charge, code)}" for one in days)
    table = _table("", "<th scope=col>Day<th scope=col>Calls<th scope=col>Cost", rows, f"Calls by day in {code}")
    return _figure("Day by day", text, plot, table)


def _groups(groups: Sequence[GroupFigures], code: str) -> list[str]:
    """What groups of destinations come to, and what is earned on them."""
    if not groups:
        return []
    cost = bars(
        f"groups-{code}", f"What calls to each group of destinations cost, in {code}",
        f"The most on {groups[0].group or 'none'}: {money(groups[0].charge, code)}.",
        [Bar(one.group or "(none)", one.charge, money(one.charge, code), one.before) for one in groups[:_GROUPS]],
    )  # fmt: skip
    rows = (
        f"<tr><th scope=row>{markup(one.group or '(none)')}<td>{one.calls:,}<td>{money(one.charge, code)}"
        f"<td>{money(one.before, code)}<td>{_money(one.margin, code)}"
        for one in groups
    )
    headings = "".join(f"<th scope=col>{one}" for one in ("Group", "Calls", "Cost", "Before", "Margin"))
    table = _table("", headings, rows, f"Groups of destinations in {code}")
    drawn = [_figure("By group of destinations", "Mark: the period before.", cost, table)]
    known = sorted((one for one in groups if one.margin is not None), key=lambda one: (one.margin or _ZERO, one.group))
    if known:
        lowest = known[0]
        text = f"The lowest on {lowest.group or 'none'}: {_money(lowest.margin, code)}."
        margin = bars(
            f"margin-{code}", f"Margin by group of destinations, in {code}", text,
            [
                Bar(one.group or "(none)", one.margin or _ZERO, _money(one.margin, code))
                for one in known[:_GROUPS]
            ],
        )  # fmt: skip
        drawn.append(
            _figure("Margin by group", f"Lowest first, where carriers' prices are known. {markup(text)}", margin)
        )
    return drawn


def _figure(title: str, text: str, plot: str, table: str = "") -> str:
    """A plot under its title; `table` says the same in numbers."""
    numbers = f"<details><summary>In numbers</summary>{table}</details>" if table else ""
    return f'<figure><figcaption><h3>{title}</h3><p class="soft">{text}</p></figcaption>{plot}{numbers}</figure>'


def _level(code: str) -> str:
    return "note" if code in NOTES else "warning"


def _name(row: Row) -> str:
    return row.account_name or row.account_id


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else money(amount, currency)


def _change(now: Decimal, before: Decimal) -> str:
    """By how much, in percent."""
    return f"{(now - before) / before:+.0%} since" if before else ""
