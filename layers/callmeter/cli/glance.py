"""Month-end at a glance on the terminal, and as a file: what `bill --dry-run` and `bill --approve` show."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from callmeter.bills.glance import MEANINGS, NOTES, Approvals, Glance, Row, money, money_unless_zero, noteworthy, span
from callmeter.cli.shown import printable
from callmeter.errors import REJECT_REASONS

_ROWS = 30  # shown, of however many there are
_ROOM = 140  # columns of a terminal from which on every figure has room


def save_page(found: Glance, path: Path | None = None) -> Path:
    """Write the HTML report to `path`, ./bills-YYYY-MM.html unless given; where it is."""
    from callmeter.bills.glance_page import page

    path = path or Path(f"bills-{span(found).rpartition(' ')[2]}.html")
    path.write_text(page(found), encoding="utf-8")
    return path


def show(found: Glance, console: Console) -> None:
    """The rows that need a look, the worst first, then what there is in all."""
    if not found.rows:
        console.print("Nothing is to be billed.")
    else:
        _print_rows(found, console)
        _print_totals(found, console)
    _print_meanings(found, console)


def show_approvals(asked: Approvals, console: Console) -> None:
    """The bills that wait for a yes, what to mind, and the question; asking it is the caller's."""
    if asked.rows:
        table = _table(("account", "name", "period", "amount", "", "remarks"), console.width)
        for row in asked.rows[:_ROWS]:
            table.add_row(
                printable(row.account_id), _name(row), row.period, money(row.amount, row.currency), row.currency,
                _remarks(row),
            )  # fmt: skip
        console.print(table)
        if len(asked.rows) > _ROWS:
            console.print(f"… and {len(asked.rows) - _ROWS:,} more")
    for caution in asked.cautions:
        console.print(caution, markup=False)
    console.print(asked.question, markup=False)


def _print_rows(found: Glance, console: Console) -> None:
    remarked = sum(1 for row in found.rows if row.remarks)
    rows = found.rows if len(found.rows) <= _ROWS else noteworthy(found.rows, _ROWS)
    roomy = console.width >= _ROOM
    more = ("usual", "corrections", "carried", "margin") if roomy else ()
    period = ("period",) if len(found.periods) > 1 else ()
    table = _table(("account", "name", *period, "calls", "bill", "", "before", *more, "remarks"), console.width)
    for row in rows:
        table.add_row(
            printable(row.account_id), _name(row), *([row.period] if period else []), f"{row.calls:,}",
            money(row.amount, row.currency) if row.bill_id else "no bill", row.currency,
            "" if row.before is None else money(row.before, row.currency), *(_more(row) if roomy else []),
            _remarks(row),
        )  # fmt: skip
    console.print(table)
    hidden = [(remarked - len(rows), "with remarks"), (len(found.rows) - remarked, "without remarks")]
    if len(rows) < len(found.rows):
        console.print("… and " + ", ".join(f"{count:,} {what}" for count, what in hidden if count > 0))


def _more(row: Row) -> list[str]:
    code = row.currency
    return [
        "" if row.usual is None else money(row.usual, code), money_unless_zero(row.corrections, code),
        money_unless_zero(row.carried, code), "" if row.margin is None else money(row.margin, code),
    ]  # fmt: skip


def _print_totals(found: Glance, console: Console) -> None:
    console.print()
    table = _table(("in all", "bills", "calls", "amount", "before", "corrections", "carried", "margin"), console.width)
    for total in found.totals:
        code = total.currency
        margin = "" if total.margin is None else money(total.margin, code)
        table.add_row(
            code, f"{total.bills:,}", f"{total.calls:,}", money(total.amount, code), money(total.before, code),
            money(total.corrections, code), money(total.carried, code), margin,
        )  # fmt: skip
    console.print(table)


def _print_meanings(found: Glance, console: Console) -> None:
    """What the remarks that were made mean, and what is on no bill at all."""
    console.print()
    table = Table.grid(padding=(0, 2))
    for reason, count in sorted(found.rejects.items(), key=lambda reject: -reject[1]):
        table.add_row(Text(printable(reason), "red"), f"{count:,}", f"on no bill: {REJECT_REASONS.get(reason, '')}")
    for code, count in found.remarked.items():
        table.add_row(Text(code, _style(code)), f"{count:,}", MEANINGS[code])
    console.print(table)


def _table(headings: tuple[str, ...], width: int) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    texts = {"account": 16, "name": 24 if width >= 100 else 14, "period": 7, "in all": 7, "": 3, "remarks": None}
    for heading in headings:
        text = heading in texts
        table.add_column(
            heading,
            justify="left" if text else "right",
            no_wrap=heading != "remarks",
            overflow="ellipsis" if text else "fold",
            max_width=texts.get(heading),
        )
    return table


def _name(row: Row) -> Text:
    return Text(printable(row.account_name))


def _remarks(row: Row) -> Text:
    """Each with what it is here, in the order of their weight."""
    parts = [Text.assemble((one.code, _style(one.code)), f" {printable(one.text)}".rstrip()) for one in row.remarks]
    return Text("; ").join(parts)


def _style(code: str) -> str:
    return "dim" if code in NOTES else "yellow"
