"""Damaged decks: never a traceback, and every row is imported or dropped; CALLMETER_LONG=1 tries 10,000 of them."""

import os
import re
import tempfile
from datetime import date
from io import BytesIO
from pathlib import Path

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from callmeter.catalogue.importing import Choices, deck_text, facts, understand
from callmeter.catalogue.importing.deck import DeckRow
from callmeter.errors import BrokenCatalogue, UnreadableFile, UsageError

MUTANTS = 10_000 if os.environ.get("CALLMETER_LONG") == "1" else 60

NOTICE = """ACME Carrier
Currency:,USD per minute

Country,Network,Dial Codes,Rate/Min,Effective,Billing,Change
Germany,Mobile,"49152, 49162, 49172-49174",0.0495,23/09/2026,60/1,Increase
France,Orange,"336 07, 336 08",0.052,16/09/2026,1/1,Decrease
EUROPE
Nigeria,Glo,234805,0.121,20/09/2026,60/60,Closed
UK,EE,447400-447409,TBA,16/09/2026,1/1/1,New

Rates are subject to change.
"""
LIST = "Ländercode;Country Code;Area Code;Peak Rate;Off-Peak Rate;Währung\nx;44;20,121;0,05;1.234,5;EUR\nx;49;;;0;EUR\n"
PLAIN = (
    "prefix|rate|increment|effective_from|effective_to|direction\n+44|1e-05|60|46281|46300|inbound\n^33.*|0.2|1|||\n"
)
OURS = "prefix,destination,rate,connect_fee,allowed,late,band,max_charge,from_prefix\n44,UK,0.01,0,yes,no,peak,1,4420\n"


def _workbook() -> bytes:
    book, content = Workbook(), BytesIO()
    sheet = book.worksheets[0]
    for row in (
        ["Code", "Name", "Rate", "Effective"],
        [44, "UK", 0.01, date(2026, 10, 1)],
        ["33", "France", "TBA", None],
    ):
        sheet.append(row)
    book.save(content)
    return content.getvalue()


GOOD = [
    NOTICE.encode(),
    NOTICE.replace("\n", "\r\n").encode("utf-16"), LIST.encode(), LIST.encode("latin-1"), PLAIN.encode(),
    OURS.encode(), _workbook(),
]  # fmt: skip
SPLICES = [
    b'"', b"\n", b"\r", b"\0", b",", b";", b"\t", b"|", b"-", b" ", b".", b"+", b"e", b"E+11", b"\xff",
    b"\xef\xbb\xbf", b"00", b"011", b"11", b"x", b"^(",
    b"999999999999999999999", b"\xe2\x82\xac", b"99/99/9999", b"=", b"\x1f", "٣".encode(), "²".encode(), b"''",
    b"1e999", b"Rate", b"\nCode,Rate\n", b"2026-02-30", b"9999-12-31 23:59:59", b"[", b"/", b"%", b"Interstate",
]  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A good deck with a few bytes changed, cut out, put in or moved."""
    content = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        to = min(len(content), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(("splice", "byte", "cut", "repeat", "end"))):
            case "splice":
                content[at:at] = draw(st.sampled_from(SPLICES))
            case "byte" if content:
                content[at] = draw(st.integers(0, 255))
            case "cut":
                del content[at:to]
            case "repeat":
                content[at:at] = content[at:to] * draw(st.integers(1, 3))
            case _:
                del content[len(content) - draw(st.integers(0, 3)) :]
    return bytes(content)


choices = st.builds(
    Choices,
    skip_bad=st.booleans(),
    rounded=st.booleans(),
    nanp=st.booleans(),
    last_day=st.booleans(),
    dates=st.sampled_from(["", "dmy"]),
    decimal=st.sampled_from(["", "", "comma"]),
    hyphens=st.sampled_from(["", "", "range", "joint"]),
    blanks=st.sampled_from(["", "", "joint", "list"]),
    strip=st.sampled_from(["", "", "", "44"]),
    columns=st.sampled_from([(), (), (), ("prefix", "", "rate"), ("destination", "rate")]),
)


def check_places(refusal: BrokenCatalogue) -> None:
    assert refusal.problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in refusal.problems)


def check_row(row: DeckRow) -> None:
    """The deck reader would take it."""
    assert re.fullmatch(r"[1-9][0-9]{0,14}|", row.prefix)
    assert row.prefix or row.destination
    assert row.rate or row.late or row.allowed
    for amount in (row.rate, row.connect_fee, row.max_charge):
        assert re.fullmatch(r"([0-9]{1,6}(\.[0-9]{1,9})?)?", amount)
    for day in (row.effective_from, row.effective_to):
        assert re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?)?", day)
    assert not row.effective_to or row.effective_from < row.effective_to
    assert re.fullmatch(r"[0-9]{0,5}", row.first_increment)
    assert re.fullmatch(r"([1-9][0-9]{0,4})?", row.increment)


@settings(max_examples=MUTANTS, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=mutants(), stated=choices)
def test_a_damaged_deck_is_read_or_refused_and_every_row_is_accounted_for(content: bytes, stated: Choices) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck"
        path.write_bytes(content)
        try:
            found = understand(path, "deck", stated, timezone="Europe/London", today=date(2026, 9, 1))
        except BrokenCatalogue as error:
            check_places(error)
            event("refused")
            return
        except (UsageError, UnreadableFile):
            event("not read at all")
            return
    event("read")
    dropped = [line for lines in found.dropped.values() for line in lines]
    assert len(dropped) == len(set(dropped))
    assert found.rows_in == found.imported + len(dropped)
    assert facts(found)["imported"] == len({row.line for row in found.rows})
    assert deck_text(found.rows).count("\n") == len(found.rows) + 1
    for row in found.rows:
        check_row(row)
