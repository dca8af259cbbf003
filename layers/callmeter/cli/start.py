"""`callmeter init` and `callmeter completion`: what comes first."""

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from callmeter.cli import shown
from callmeter.errors import UsageError

if TYPE_CHECKING:
    from callmeter.catalogue.starting import Atlas, Start

EXIT_CODES = {
    0: "done; calls that were rejected are reported, and no failure",
    1: "something could not be done: a file that cannot be read or written, a system that does not answer",
    2: "the command was wrong, or the rates are broken",
    130: "ended by Ctrl-C, or no answer to a question",
}
EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items())


@click.command()
@click.argument("folder", metavar="DIR", type=shown.FOLDER)
@click.option("--country", help="Your country, two letters: GB, US, DE.")
@click.option("--name", help="Your company's name, as statements show it.")
@click.option("--currency", help="Three letters: GBP, USD, EUR; the country's unless given.")
@click.option("--timezone", help="Such as Europe/London; the country's unless given.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is usual for the country.")
@click.option("--json", "as_json", is_flag=True, help="Ask nothing, and print one JSON object.")
def init(
    folder: Path,
    country: str | None,
    name: str | None,
    currency: str | None,
    timezone: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Make your own rates folder DIR: operator, a plan, a deck with example prices, accounts, example calls."""
    from callmeter.catalogue.starting import Start, currency_of, starting_files, zone_of
    from callmeter.local.world import as_csv, world

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a folder that is not there yet")
    quiet = yes or as_json
    if quiet and not country:
        raise UsageError("without questions the country must be given, such as --country GB")
    at_home = _answer("Country (two letters)", country, "", quiet, _country)
    start = Start(
        country=at_home,
        name=_answer("Your company's name", name, "Example Telecom", quiet, _name),
        currency=_answer("Currency", currency, currency_of(at_home), quiet, _currency),
        timezone=_answer("Time zone", timezone, zone_of(at_home), quiet, _timezone),
    )
    texts = starting_files(start, _atlas(at_home), as_csv(world(at_home)), datetime.now(UTC).date())
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    rows = _check(folder)
    if as_json:
        shown.print_json({"folder": str(folder), "files": list(texts), "deck_rows": rows, **vars(start)})
    else:
        _print_next(folder, list(texts), rows, start)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes callmeter's commands and options in your shell.

    \b
    bash:  eval "$(callmeter completion bash)"     in ~/.bashrc
    zsh:   eval "$(callmeter completion zsh)"      in ~/.zshrc
    fish:  callmeter completion fish | source      in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"{shell} is not a shell whose completion is known")
    print(found(context.find_root().command, {}, "callmeter", "_CALLMETER_COMPLETE").source())  # noqa: T201


def _answer(question: str, given: str | None, usual: str, quiet: bool, checked: Callable[[str], str]) -> str:
    """What the flag says, else what is usual or the person answers. Raises UsageError for a flag that cannot be."""
    if given is not None or quiet:
        return checked(given or usual)

    def asked(answer: str) -> str:
        try:
            return checked(answer)
        except UsageError as error:
            raise click.BadParameter(str(error)) from None

    return str(click.prompt(question, default=usual or None, value_proc=asked))


def _country(text: str) -> str:
    from callmeter.catalogue.starting import countries

    if text.strip().upper() not in countries():
        raise UsageError(f'country "{text}" is not known; write two letters such as GB, US or DE')
    return text.strip().upper()


def _name(text: str) -> str:
    if not text.strip().isprintable() or not text.strip():
        raise UsageError("the name must be one line of text")
    return text.strip()


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise UsageError(f'currency "{text}" is none; write three letters such as GBP')
    return code


def _timezone(text: str) -> str:
    from callmeter.catalogue.files import is_zone

    if not is_zone(text.strip()):
        raise UsageError(f'time zone "{text}" is not known; write one such as Europe/London')
    return text.strip()


def _atlas(country: str) -> "Atlas":
    from callmeter.catalogue.starting import Atlas, neighbours
    from callmeter.local.world import titles, world

    near = [titles(other) for other in neighbours(country)]
    return Atlas({row.prefix: row for row in world(country)}, titles(country), near)


def _check(folder: Path) -> int:
    """Check the folder as `callmeter rates check` does; the number of its deck rows."""
    from callmeter.catalogue.compile import compile_catalogue
    from callmeter.rating.engine import engine

    with engine() as (con, work):
        compile_catalogue(con, folder, work)
        return len(con.table("deck_rows"))


def _print_next(folder: Path, files: list[str], rows: int, start: "Start") -> None:
    here = shlex.quote(str(folder))
    shown.out.print(
        f"{folder} is made, and sound: {rows} deck rows, for {start.name} in {start.country}, {start.currency}.\n"
        f"  {', '.join(files)}\n"
        "Every price is an example. Next:\n"
        f"  edit                      {here}/decks/retail.csv, plans.toml, accounts.csv\n"
        f"  callmeter rates check     --rates {here}\n"
        f"  callmeter rate            {here}/calls-example.csv --rates {here} --out rated.csv\n"
        f"  make run                  RATES={here} CALLS={here}/calls-example.csv",
        markup=False,
        soft_wrap=True,
    )
