"""`callmeter sources`: which files of calls are understood, and how a given one is."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from callmeter.cli import shown
from callmeter.cli.rate import intake, print_reasons

if TYPE_CHECKING:
    from callmeter.sources.trying import Trial, Understood

_LINES = 5


@click.group()
def sources() -> None:
    """Which files of calls are understood, and how a given one is."""


@sources.command("list")
@click.option("--rates", type=shown.FOLDER, help="The rates folder, for sources of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(rates: Path | None, as_json: bool) -> None:
    """The sources, in the order in which a file is offered to them, and what each is known by."""
    from callmeter.catalogue.mappings import read_mappings
    from callmeter.rating.engine import engine
    from callmeter.sources import sources_with

    with engine() as (con, _):
        mappings = read_mappings(con, rates) if rates else {}
    facts = [
        {
            "name": name,
            "also": list(source.also),
            "reads": mappings[name].reads if name in mappings else "",
            "expects": source.expects,
        }
        for name, source in sources_with(mappings).items()
    ]
    if as_json:
        shown.print_json({"sources": facts})
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for one in facts:
        table.add_row(escape(str(one["name"])), escape(shown.printable(str(one["expects"]))))
    shown.out.print(table)


@sources.command("try")
@click.argument("file", type=shown.FILE)
@click.option("--source", default="", help="Kind of file, such as freepbx; guessed unless given.")
@click.option("--rates", type=shown.FOLDER, help="The rates folder: its country, time zone and sources count.")
@click.option("--timezone", default="", help="Zone of times without offset; the operator's unless given.")
@click.option("--country", default="", help="Country of national numbers (GB); the operator's unless given.")
@click.option("--time-format", default="", help="Format of times, as strptime has it: %d/%m/%Y %H:%M:%S.")
@click.option("--lines", default=_LINES, show_default=True, type=click.IntRange(0, 1000), help="How many rows to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def try_(file: Path, rates: Path | None, lines: int, as_json: bool, **reading: str) -> int:
    """How FILE is understood: its first calls beside their lines, and what is uncertain. Nothing is rated.

    For a file that nothing knows it proposes a mapping to save as rates/sources/NAME.toml; then the exit code is 1.
    """
    from callmeter.sources.trying import try_file

    trial = try_file(file, rates=rates, intake=intake(None, plan="", **reading), shown=lines)
    if as_json:
        shown.print_json(_facts(trial))
    else:
        _print(trial)
    return 1 if trial.proposed else 0


def _facts(trial: "Trial") -> dict[str, Any]:
    facts = asdict(trial)
    for call in facts["calls"]:
        for key in ("started_at", "local"):
            call[key] = call[key] and call[key].isoformat() + ("Z" if key == "started_at" else "")
    for key in ("first_start", "last_start"):
        facts[key] = facts[key] and f"{facts[key].isoformat()}Z"
    return facts


def _print(trial: "Trial") -> None:
    name = f"{trial.file}: "
    if trial.proposed:
        _say(f"{name}not a file that callmeter knows; read by a guess at its columns")
    else:
        _say(f"{name}{trial.source}")
    for what, assumed in (("zone of times", trial.timezone), ("country of numbers", trial.country)):
        _say(f"  {what}: {assumed.value} ({assumed.whence})")
    if trial.first_start and trial.last_start:
        _say(f"  calls from {trial.first_start:%Y-%m-%d %H:%M:%S} to {trial.last_start:%Y-%m-%d %H:%M:%S} UTC")
    _say(f"  {_counts(trial.counts)}")
    for call in trial.calls:
        _say("")
        shown.print_line(f"{call.line}: {call.raw}", 0)
        for line in _understood(call):
            shown.print_line(line, 4)
    if trial.reasons:
        _say("\nRejected, with the first line of each reason:")
        print_reasons(trial.reasons)
    if trial.uncertain or trial.others:
        _say("\nUncertain:")
    for sentence in trial.uncertain:
        _say(f"  - {sentence}")
    if trial.others:
        _say(f"  - it would also read as {', '.join(trial.others)}: state the source where that is right")
    if trial.suggestion:
        start = "A start" if trial.proposed else "To settle it"
        _say(f"\n{start}: save this as rates/sources/{trial.suggested_name}.toml, mended:\n")
        _say(trial.suggestion)
        _say(f"Then: callmeter sources try {trial.file} --rates rates --source {trial.suggested_name}")


def _understood(call: "Understood") -> Iterator[str]:
    """What a row is taken for, in a line or two."""
    if call.reason == "other-leg":
        yield "-> another leg of a call that the file has: counts as a duplicate"
        return
    if call.reason:
        yield f"-> rejected, {call.reason}: {call.detail}"
        return
    way = call.direction or "direction by number"
    answer = f"{call.seconds} s" if call.answered else "unanswered"
    yield f"-> {way}: from {call.from_number or '?'} to {call.to_number or '?'}, {answer}"
    yield f"   {call.started_at:%Y-%m-%d %H:%M:%S} UTC, {call.local:%H:%M:%S} local; identity {call.call_id}"
    known = {"login": call.login, "account code": call.code, "carrier": call.carrier}
    if any(known.values()):
        yield "   " + ", ".join(f"{name} {value}" for name, value in known.items() if value)


def _counts(counts: dict[str, int]) -> str:
    """Rows by kind, with their share of all."""
    rows = counts["rows_in"]
    kinds = [
        f"{count:,} {name.replace('_', ' ')} ({count / rows:.0%})"
        for name, count in counts.items()
        if count and name not in ("rows_in", "calls", "no_calls", "identity_composed", "repeated_identity")
    ]
    besides = [f"{counts['no_calls']:,} lines are no calls"] if counts["no_calls"] else []
    return "; ".join([f"{rows:,} rows", *kinds, *besides])


def _say(text: str) -> None:
    for line in text.split("\n"):
        shown.out.print(shown.printable(line), markup=False, soft_wrap=True)
