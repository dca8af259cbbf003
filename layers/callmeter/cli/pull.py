"""`callmeter pull`: ask carriers and PBXs for their calls, from this machine into a folder."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from callmeter.cli import shown
from callmeter.errors import CallmeterError, UsageError
from callmeter.layout import INBOX

if TYPE_CHECKING:
    from callmeter.pulls.run import Pulled
    from callmeter.pulls.settings import Pull

_SECRET = "CALLMETER_SECRET_"  # noqa: S105 -- a variable's name


@click.command()
@click.argument("names", nargs=-1)
@click.option("--rates", type=shown.FOLDER, default="rates", show_default=True, help="The folder with pulls.toml.")
@click.option("--out", type=shown.FOLDER, help="Where the files go, as SOURCE/pull-…; those that are there stay.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Ask from that day (UTC) on, not for the look-back.")
@click.option("--secrets", type=shown.FILE, help="TOML file with NAME = secret, readable by you alone.")
@click.option("--check", is_flag=True, help="Only look whether each of them answers.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def pull(
    names: tuple[str, ...],
    rates: Path,
    out: Path | None,
    since: datetime | None,
    secrets: Path | None,
    check: bool,
    as_json: bool,
) -> None:
    """Ask the carriers and PBXs of pulls.toml (or those NAMED) for their calls, once, from this machine.

    A deployed stack does that by itself, by a schedule. Here the secret of [pulls.head-office] is read from the
    environment variable CALLMETER_SECRET_HEAD_OFFICE, or from the file of --secrets. Then: callmeter rate FOLDER/…/*.
    """
    if not check and not out:
        raise UsageError("--out names the folder that the files go to; or --check writes none")
    pulls = _chosen(rates, names)
    kept = _kept(secrets)
    done: list[Pulled] = []
    with shown.progress(quiet=as_json) as step:
        for one in pulls:
            step(f"asking {one.name}")
            done.append(_asked(one, kept, since, out if not check else None))
    if as_json:
        shown.print_json([asdict(each) for each in done])
    else:
        _show(done)
    failed = [each.name for each in done if each.problems]
    if failed:
        raise CallmeterError(f"not everything could be asked for: {', '.join(failed)}; see above.")


class _Folder:
    """A folder on this machine as an inbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self, prefix: str) -> list[str]:
        place = self._folder / prefix.removeprefix(INBOX)
        return [f"{INBOX}{place.parent.name}/{path.name}" for path in place.parent.glob(f"{place.name}*")]

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Whole or not at all: a file under another name becomes it."""
        path = self._folder / key.removeprefix(INBOX)
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = path.with_name(f".{path.name}")
        begun.write_bytes(body)
        begun.replace(path)
        return True


def _chosen(rates: Path, names: tuple[str, ...]) -> "list[Pull]":
    from callmeter.pulls.settings import PULLS, read_pulls

    path = rates / PULLS
    if not path.is_file():
        raise UsageError(f"{path} is not there: it says who is asked; the README has one to begin with")
    pulls = read_pulls(path.read_bytes(), str(path))
    unknown = [name for name in names if name not in pulls]
    if unknown:
        raise UsageError(f'{path} has no pull "{unknown[0]}"; it has: {", ".join(sorted(pulls)) or "none"}')
    return [pulls[name] for name in names] if names else list(pulls.values())


def _kept(path: Path | None) -> Mapping[str, Any]:
    """The secrets of a file that nobody else can read."""
    if not path:
        return {}
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"others can read {path}, which holds secrets: chmod 600 {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise UsageError(f'{path} is not TOML: write NAME = "secret", a line for each pull') from None


def _asked(one: "Pull", kept: Mapping[str, Any], since: datetime | None, out: Path | None) -> "Pulled":
    """Pull into `out`; without one, only look whether it answers."""
    from callmeter.pulls.kinds import fetcher
    from callmeter.pulls.run import Pulled, pull_windows

    now = datetime.now(UTC)
    begin = since.replace(tzinfo=UTC) if since else now - one.look_back
    try:
        asks = fetcher(one, _secret(one, kept))
        if out:
            return pull_windows(one, asks, _Folder(out), begin, now)
        for window in asks.windows(now, now):
            for _ in islice(asks.fetch(window), 1):
                pass
        return Pulled(one.name, one.source)
    except CallmeterError as error:
        return Pulled(one.name, one.source, problems=[str(error)])


def _secret(one: "Pull", kept: Mapping[str, Any]) -> str:
    variable = _SECRET + one.name.upper().replace("-", "_")
    found = kept.get(one.name, os.environ.get(variable))
    if not isinstance(found, str):
        raise CallmeterError(f"the secret of {one.name} is not there: set {variable}, or write it to --secrets FILE")
    return found


def _show(done: "list[Pulled]") -> None:
    table = Table(box=None, padding=(0, 2))
    for heading in ("pull", "source", "records", "new files", "unchanged", ""):
        table.add_column(heading, justify="left" if heading in ("pull", "source", "") else "right")
    for each in done:
        state = "problem" if each.problems else "answers"
        cells = (each.name, each.source, f"{each.records:,}", f"{each.files:,}", f"{each.unchanged:,}", state)
        table.add_row(*(Text(shown.printable(cell)) for cell in cells))
    shown.out.print(table)
    for each in done:
        for problem in each.problems:
            shown.out.print(shown.printable(f"{each.name}: {problem}"), markup=False, soft_wrap=True)
