"""Decks in workbooks: the sheet that has the table, numbers, dates and text cells as the spreadsheet shows them."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from callmeter.catalogue.importing import Choices, Import, understand
from callmeter.errors import BrokenCatalogue, UnreadableFile, UsageError


def workbook(folder: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = folder / "deck.xlsx"
    book.save(path)
    return path


def read(path: Path, **stated: Any) -> Import:
    return understand(path, path.name, Choices(**stated), timezone="Europe/London", today=date(2026, 9, 16))


TABLE: list[list[Any]] = [["Code", "Destination", "Rate", "Effective"], [447400, "UK", 0.0112, datetime(2026, 10, 1)]]  # noqa: DTZ001


def test_the_sheet_that_has_the_table_is_found_and_cells_are_read_as_shown(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        Cover=[["ACME"], ["Prices in EUR"]],
        Rates=[["Note"], [], *TABLE, [353, "Ireland", 1e-05, date(2026, 11, 1)], ["4420", "London", 0.1 + 0.2, None]],
        Changes=[["Code", "Old name", "New name"], ["44", "a", "b"]],
    )
    found = read(path)
    assert found.table.sheet.file == "deck.xlsx[Rates]"
    assert [(row.prefix, row.rate, row.effective_from) for row in found.rows] == [
        ("447400", "0.0112", "2026-10-01"), ("353", "0.00001", "2026-11-01"), ("4420", "0.3", ""),
    ]  # fmt: skip
    assert (found.rows_in, found.imported) == (6, 3)


def test_two_sheets_with_a_table_are_asked_about(tmp_path: Path) -> None:
    path = workbook(tmp_path, Premium=TABLE, Standard=TABLE)
    with pytest.raises(
        UsageError, match='2 sheets have a table of rates: "Premium", "Standard"; choose one with --sheet'
    ):
        read(path)
    assert read(path, sheet="standard").table.sheet.name == "Standard"
    with pytest.raises(UsageError, match='there is no sheet "Gold"; the sheets are: "Premium", "Standard"'):
        read(path, sheet="Gold")


def test_a_problem_names_the_sheet_the_row_and_the_column(tmp_path: Path) -> None:
    path = workbook(tmp_path, Rates=[*TABLE, [44, "UK", "soon", None], [4.47e11 + 0.5, "UK", 0.1, None]])
    with pytest.raises(BrokenCatalogue) as refused:
        read(path)
    assert [(one.file, one.line, one.column, one.code) for one in refused.value.problems] == [
        ("deck.xlsx[Rates]", 3, 3, "bad-rate"), ("deck.xlsx[Rates]", 4, 1, "bad-prefix"),
    ]  # fmt: skip


def test_date_cells_beside_text_dates_are_refused_since_days_may_have_become_months(tmp_path: Path) -> None:
    path = workbook(tmp_path, Rates=[*TABLE, [44, "UK", 0.1, "16/09/2026"]])
    with pytest.raises(BrokenCatalogue) as refused:
        read(path)
    assert [one.code for one in refused.value.problems] == ["mixed-dates"]


def test_an_increment_that_the_spreadsheet_made_a_date_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, Rates=[["Code", "Rate", "Billing"], [44, 0.1, date(2026, 1, 1)]])
    with pytest.raises(BrokenCatalogue) as refused:
        read(path)
    assert "A spreadsheet made a date of it" in refused.value.problems[0].hint


def test_a_damaged_or_empty_workbook_is_called_that(tmp_path: Path) -> None:
    path = workbook(tmp_path, Rates=TABLE)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(UnreadableFile, match="damaged, protected by a password, or no workbook"):
        read(path)
    with pytest.raises(UnreadableFile, match="every sheet is empty"):
        read(workbook(tmp_path, Rates=[]))


def test_the_workbook_library_is_imported_for_workbooks_only() -> None:
    code = "import sys, callmeter.catalogue.importing; sys.exit('python_calamine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
