"""`callmeter rates import`: show what was understood of a carrier's deck, ask, and write it."""

import re
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.markup import escape
from rich.table import Table

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError

_LINES_SHOWN = 5


def _print_aliases(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from callmeter.catalogue.importing import alias_table

        click.echo(alias_table())
        context.exit()


@click.command("import")
@click.argument("file", type=shown.FILE)
@click.option("--as", "name", required=True, help="Name of the deck: it becomes decks/NAME.csv.")
@click.option(
    "--rates", "folder", default=Path("rates"), show_default=True, type=shown.FOLDER, help="The rates folder."
)
@click.option(
    "--replace",
    "--force",
    is_flag=True,
    help="The deck is there already: put this in its place; what it lacks is withdrawn.",
)
@click.option(
    "--amend", is_flag=True, help="The deck is there already: change what this file names, and keep the rest."
)
@click.option("--sheet", default="", help="The sheet of a workbook, where several have a table.")
@click.option(
    "--columns", default="", help='Columns of a file without a header: "prefix,destination,,rate"; blank is left out.'
)
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="HEADER=COLUMN",
    help="What a column means; ignore leaves it out; #3 is the third.",
)
@click.option(
    "--band",
    "bands",
    multiple=True,
    metavar="HEADER=BAND",
    help="The band of a price column, or of a name in the band column.",
)
@click.option(
    "--dates", type=click.Choice(["dmy", "mdy"]), default=None, help="Whether the day or the month comes first."
)
@click.option("--last-day", is_flag=True, help="End dates are the last day with the price.")
@click.option(
    "--effective", type=click.DateTime(["%Y-%m-%d"]), default=None, help="From when rows without a date are in force."
)
@click.option("--decimal", type=click.Choice(["point", "comma"]), default=None, help="The decimal mark of prices.")
@click.option(
    "--per",
    default="",
    metavar="N",
    help="Divide prices: 100 for cents, 1000 for thousandths, 1/60 for prices by the second.",
)
@click.option("--round", "rounded", type=click.Choice(["9"]), default=None, help="Round prices half-up to 9 decimals.")
@click.option("--currency", default="", help="The currency, where the file does not state it: USD.")
@click.option(
    "--international", default="", metavar="DIGITS", help="What is dialled before the country code: 00 or 011."
)
@click.option(
    "--strip", default="", metavar="TEXT", help="What stands before every prefix: a tech prefix such as 1234#."
)
@click.option("--nanp", is_flag=True, help="Prefixes are North American area codes and exchanges: put a 1 before them.")
@click.option(
    "--hyphens", type=click.Choice(["range", "joint"]), default=None, help="4477-4479: three prefixes; 93-70: one."
)
@click.option(
    "--blanks",
    type=click.Choice(["joint", "list"]),
    default=None,
    help="Blanks in a prefix cell: one prefix, or several.",
)
@click.option(
    "--codes",
    type=click.Choice(["joined", "complete"]),
    default=None,
    help="A code beside a country code: goes after it, or is whole.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out the rows that are not understood, and list them.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show what was understood, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; needs --yes or --dry-run.")
@click.option(
    "--aliases",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_aliases,
    help="Print the column names that are known.",
)
def import_deck(
    file: Path,
    name: str,
    folder: Path,
    replace: bool,
    amend: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **stated: Any,
) -> None:
    """Bring in a carrier's rate deck as it comes: CSV in any dress, or a workbook.

    It shows what it understood before it writes. Whatever the file does not prove is asked for, by an option.
    """
    from callmeter.catalogue.files import read_operator
    from callmeter.catalogue.importing import facts, understand, write_deck

    if as_json and not (yes or dry_run):
        raise UsageError("--json cannot ask: state --yes or --dry-run")
    target = _target(folder, name, replace=replace, amend=amend, dry_run=dry_run)
    operator = read_operator(folder / "operator.toml", f"{folder.name}/operator.toml")
    found = understand(
        file,
        file.name,
        _choices(**stated),
        timezone=operator.timezone,
        today=datetime.now(ZoneInfo(operator.timezone)).date(),
        existing=target if target.exists() else None,
        amend=amend,
    )
    said = facts(found) | {"deck": str(target), "written": False}
    lacking = [band for band in said["bands"] if band not in operator.bands]
    if lacking:
        said["warnings"].append(f"operator.toml must have [bands.{lacking[0]}]: the deck names {', '.join(lacking)}.")
    if not as_json:
        _show(said, found.dropped)
    if not dry_run:
        if not yes and not click.confirm(f"Write {target}?"):
            raise CallmeterError("nothing was written")
        write_deck(found.rows, target)
        said["written"] = True
    if as_json:
        shown.print_json(said)
    else:
        _say(f"{target} is written." if said["written"] else "Nothing was written.")


def _target(folder: Path, name: str, *, replace: bool, amend: bool, dry_run: bool) -> Path:
    """Where the deck goes. Raises UsageError where one is there and nobody said what is to become of it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or name.endswith(".csv"):
        raise UsageError(f'--as "{name}" is no name for a deck; write letters, digits, - and _, without .csv')
    if replace and amend:
        raise UsageError("--replace and --amend exclude each other")
    target = folder / "decks" / f"{name}.csv"
    if target.exists() and not (replace or amend or dry_run):
        raise UsageError(
            f"{target} is there already; state --replace (this file is the whole deck, what it lacks is withdrawn) "
            "or --amend (this file only changes it)"
        )
    if amend and not target.exists():
        raise UsageError(f"--amend: there is no deck {target} to change")
    return target


def _choices(**stated: Any) -> Any:
    """What the operator stated, as the importer takes it. Raises UsageError."""
    from callmeter.catalogue.importing import Choices
    from callmeter.catalogue.importing.headers import ALIASES, IGNORED

    mapped = _pairs("--map", stated.pop("mapped"))
    for header, meaning in mapped.items():
        if meaning not in (*ALIASES, IGNORED):
            known = ", ".join((*ALIASES, IGNORED))
            raise UsageError(f'--map "{header}={meaning}": there is no column "{meaning}"; they are: {known}')
    bands = {name: band.lower() for name, band in _pairs("--band", stated.pop("bands")).items()}
    for band in bands.values():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}|", band):
            raise UsageError(f'--band: "{band}" is no name for a band; write one such as peak')
    currency = stated.pop("currency").upper()
    if currency and not re.fullmatch(r"[A-Z]{3}", currency):
        raise UsageError(f'--currency "{currency}" is not a currency; write it as EUR')
    columns = stated.pop("columns")
    effective = stated.pop("effective")
    per, rounded = _divisor(stated.pop("per")), stated.pop("rounded") is not None
    plain: dict[str, Any] = {name: "" if value is None else value for name, value in stated.items()}
    return Choices(
        mapped=mapped,
        bands=bands,
        currency=currency,
        columns=tuple(column.strip() for column in columns.split(",")) if columns else (),
        effective=effective.date() if effective else None,
        per=per,
        rounded=rounded,
        **plain,
    )


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    """HEADER=MEANING of each option given; a header may hold = itself."""
    for one in given:
        if "=" not in one:
            raise UsageError(f'{option} "{one}" names no column; write {option} "HEADER=NAME"')
    return {header.strip(): meaning.strip() for header, _, meaning in (one.rpartition("=") for one in given)}


def _divisor(text: str) -> Fraction | None:
    try:
        per = Fraction(text) if text else None
    except (ValueError, ZeroDivisionError):
        per = Fraction(0)
    if per is not None and not 0 < per <= 10**6:
        raise UsageError(f'--per "{text}" is no divisor; write 100 for cents, 1000 for thousandths, 1/60 by the second')
    return per


def _show(said: dict[str, Any], dropped: dict[str, list[int]]) -> None:
    """What was understood, for a person to agree with."""
    delimiter = {"\t": "tab", "": "none: a workbook"}.get(said["delimiter"], said["delimiter"])
    header = f"line {said['header_line']}" if said["header_line"] else "none; columns as stated"
    _say(f"{said['file']}: {said['encoding']}, delimiter {delimiter}, header: {header}")
    columns = Table(box=None, padding=(0, 2))
    for heading in ("column", "is", "such as"):
        columns.add_column(heading, overflow="fold")
    for one in said["columns"]:
        columns.add_row(*(escape(one[key]) for key in ("header", "meaning", "example")))
    for name, why in said["left_out"].items():
        columns.add_row(escape(name), escape(f"left out: {why}"), "")
    shown.out.print(columns)
    shown.print_facts(
        {name: said[name] for name in ("rows_in", "imported")}
        | {reason: f"{len(lines):,}  ({_lines(lines)})" for reason, lines in dropped.items()}
        | {name: said[name] for name in ("deck_rows", "prefixes", "not_allowed", "free", "late", "ending")}
        | {"currency": said["currency"] or "not stated: the plan's", "dates": said["dates"]}
        | {"decimal_mark": said["decimal_mark"]}
        | ({"in_force_from": " to ".join(dict.fromkeys(said["effective"]))} if said["effective"] else {})
        | ({"bands": ", ".join(said["bands"])} if said["bands"] else {})
        | ({"against_the_deck_there": said["changes"]} if said["changes"] else {})
    )
    for notice in said["notices"]:
        _say(f"note: {notice}")
    for problem in said["problems"][: shown.SHOWN_PROBLEMS]:
        _say(f"skipped: {problem}")
    for warning in said["warnings"]:
        shown.out.print(f"warning: {warning}", style="bold yellow", markup=False, soft_wrap=True)


def _lines(lines: list[int]) -> str:
    some = ", ".join(map(str, lines[:_LINES_SHOWN]))
    return f"line{'s' * (len(lines) > 1)} {some}" + (", …" if len(lines) > _LINES_SHOWN else "")


def _say(text: str) -> None:
    shown.out.print(text, markup=False, soft_wrap=True)
