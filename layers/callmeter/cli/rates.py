"""`callmeter rates …`: the reference data."""

from pathlib import Path

import click

from callmeter.cli import importing, shown


@click.group()
def rates() -> None:
    """Look after the reference data."""


@rates.command()
@click.option(
    "--rates", "folder", required=True, type=shown.FOLDER, help="Folder with operator.toml, plans.toml, decks/."
)
@click.option("--accounts", type=shown.FILE, help="Accounts file; accounts.csv of the rates folder unless given.")
def check(folder: Path, accounts: Path | None) -> None:
    """Validate a rates folder: every problem with file, line and column."""
    from callmeter.catalogue.compile import compile_catalogue
    from callmeter.rating.engine import engine

    with engine() as (con, work):
        catalogue = compile_catalogue(con, folder, work, accounts=accounts)
        rows = len(con.table("deck_rows"))
    shown.out.print(
        f"{folder} is sound: {rows} deck rows, {len(catalogue.plans)} plans, {len(catalogue.accounts)} accounts, "
        f"catalogue {catalogue.version}",
        markup=False,
    )


rates.add_command(importing.import_deck)
