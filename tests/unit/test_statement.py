"""The statement: what a customer reads must be there, add up, and be the same bytes twice."""

import base64
import csv
import io
import json
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from callmeter.bills.statement import render_statement
from callmeter.bills.statement_data import CSV_COLUMNS, statement_csv, statement_json
from callmeter.bills.statement_facts import Statement, StatementAllowance, StatementCall, StatementCorrection
from callmeter.bills.words import group_title
from callmeter.model import Look


def call(day: int = 5, charge: str | None = "0.1700", **more: Any) -> StatementCall:
    facts: dict[str, object] = {
        "started_at": datetime(2026, 10, day, 9, 12, 30),  # noqa: DTZ001 (local time)
        "from_number": "442079460101",
        "to_number": "447700900123",
        "destination": "UK Mobile EE",
        "group": "uk-mobile",
        "duration_seconds": 95,
        "billed_seconds": 120,
        "charge": None if charge is None else Decimal(charge),
    }
    return StatementCall.model_validate({**facts, **more})


def correction(
    period: str, charge: str | None, billed_before: str, reason: Any = "repriced", **more: Any
) -> StatementCorrection:
    facts = call(charge=charge, **more).model_dump()
    return StatementCorrection(**facts, period=period, billed_before=Decimal(billed_before), reason=reason)


def statement(*calls: StatementCall, **more: object) -> Statement:
    facts: dict[str, object] = {
        "operator_name": "Northwind Voice",
        "operator_address": ("12 Harbour Street", "Bristol BS1 4XX"),
        "operator_email": "billing@northwind.example",
        "account_name": "Miller & Sons",
        "account_id": "miller",
        "bill_id": "miller/2026-10",
        "invoice_number": "2026-0007",
        "period": "2026-10",
        "first_day": date(2026, 10, 1),
        "last_day": date(2026, 10, 31),
        "timezone": "Europe/London",
        "currency": "GBP",
        "issued_on": date(2026, 11, 2),
        "calls": calls,
        "amount": Decimal("0.00"),
    }
    return Statement.model_validate({**facts, **more})


def text_of(pdf: bytes) -> str:
    """What is copied from the pages; columns are one space apart."""
    return re.sub(" +", " ", "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def line_with(words: str, text: str) -> str:
    return next(line for line in text.splitlines() if words in line)


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_every_call_stands_with_its_number_time_place_and_price() -> None:
    calls = [
        call(day, f"0.{day:04d}", to_number=f"4477009001{day:02d}", destination=f"Place {day}") for day in range(1, 32)
    ]
    text = text_of(render_statement(statement(*calls)))
    for day in range(1, 32):
        line = line_with(f"4477009001{day:02d}", text)
        assert f"{day} Oct 09:12 +442079460101" in line
        assert line.endswith(f"Place {day} 0:01:35 0:02:00 0.{day:04d}")


def test_who_bills_whom_for_what_is_said() -> None:
    text = text_of(render_statement(statement(call())))
    for words in ("Northwind Voice", "12 Harbour Street", "billing@northwind.example", "Miller & Sons",
                  "Account miller", "Bill miller/2026-10", "Invoice 2026-0007", "1 October 2026",
                  "31 October 2026", "Issued 2 November 2026", "Times in Europe/London",
                  "Page 1 / 1"):  # fmt: skip
        assert words in text


def test_a_hidden_number_stays_hidden() -> None:
    made = statement(call(to_number="4477009001xxx"), operator_email="a.very.long.address.indeed@northwind.example")
    assert "447700900123" not in text_of(render_statement(made))
    assert "4477009001xxx" in text_of(render_statement(made))
    assert csv_rows(statement_csv(made))[0]["to_number"] == "4477009001xxx"


def test_a_late_call_says_price_to_follow() -> None:
    made = statement(call(), call(charge=None, to_number="448712345678", destination="UK 0871", group="service"))
    text = text_of(render_statement(made))
    assert line_with("448712345678", text).endswith("price to follow")
    assert line_with("Service", text).endswith("price to follow")
    assert [row["status"] for row in csv_rows(statement_csv(made))] == ["rated", "late"]
    assert csv_rows(statement_csv(made))[1]["charge"] == ""


def test_a_call_an_allowance_covered_is_included_and_a_part_is_noted() -> None:
    covered = call(charge="0", free_seconds=120, to_number="441172000001")
    partly = call(charge="0.0850", free_seconds=60, to_number="441172000002")
    gratis = call(charge="0", to_number="448001111111")
    text = text_of(render_statement(statement(covered, partly, gratis)))
    assert line_with("441172000001", text).endswith("included")
    assert "0:01:00 included" in line_with("441172000002", text)
    assert line_with("441172000002", text).endswith("0.085")
    assert line_with("448001111111", text).endswith("free")


def test_a_barred_call_and_an_incoming_one_are_marked() -> None:
    text = text_of(render_statement(statement(call(barred=True), call(direction="inbound", from_number="3314000"))))
    assert "barred" in line_with("442079460101", text)
    assert "incoming" in line_with("3314000", text)
    assert "your plan does not allow this destination" in text


def test_groups_add_up_to_the_calls_and_the_calls_to_what_is_invoiced() -> None:
    # 0.1700 + 0.0850 + 1.0004 = 1.2554; + (0.26 - 0) + (0.17 - 0.2034) = 1.4820; - 0.0023 = 1.4797 -> 1.48
    made = statement(
        call(),
        call(charge="0.0850"),
        call(charge="1.0004", group="premium", billed_seconds=60),
        corrections=(correction("2026-09", "0.26", "0"), correction("2026-08", "0.17", "0.2034")),
        carried_in=Decimal("-0.0023"),
        amount=Decimal("1.48"),
    )
    assert sum((group.charge for group in made.groups), Decimal(0)) == made.calls_charge == Decimal("1.2554")
    assert made.due == Decimal("1.4797")
    assert made.carried_out == Decimal("-0.0003")
    text = text_of(render_statement(made))
    assert "UK mobile 2 0:04:00 – 0.2550" in text  # noqa: RUF001
    assert "Premium 1 0:01:00 – 1.0004" in text  # noqa: RUF001
    assert line_with("All calls of this period", text).endswith("1.2554")
    assert line_with("Corrections of earlier periods", text).endswith("0.2266")
    assert line_with("Carried from last bill", text).endswith("\N{MINUS SIGN}0.0023")
    assert "Due 1.4797" in text
    assert "Invoiced £1.48" in text
    assert line_with("Carried to next bill", text).endswith("\N{MINUS SIGN}0.0003")


def test_a_correction_is_a_line_of_its_own_with_its_period() -> None:
    made = statement(corrections=(correction("2026-09", "0.26", "0.3100", to_number="448712345678"),))
    line = line_with("448712345678", text_of(render_statement(made)))
    assert line.startswith("2026-09 5 Oct 2026")
    assert line.endswith("0.31 0.26 \N{MINUS SIGN}0.05")
    row = csv_rows(statement_csv(made))[0]
    assert (row["period"], row["charge"], row["billed_before"], row["due"]) == (
        "2026-09",
        "0.26",
        "0.31",
        "-0.05",
    )


def test_the_csv_adds_up_to_the_calls_and_the_corrections() -> None:
    made = statement(
        *[call(day, f"0.{day:06d}") for day in range(1, 30)],
        call(charge=None),
        corrections=(correction("2026-09", "0", "0.1234"),),
    )
    rows = csv_rows(statement_csv(made))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 31
    assert sum(Decimal(row["due"]) for row in rows) == made.due


def test_allowances_show_what_is_used_and_left() -> None:
    allowances = (
        StatementAllowance(name="240 minutes UK landline", minutes=240, used_seconds=4_000),
        StatementAllowance(name="Used up", minutes=1, used_seconds=60),
        StatementAllowance(name="None at all", minutes=0, used_seconds=0),
    )
    text = text_of(render_statement(statement(call(), allowances=allowances)))
    assert "240 minutes UK landline" in text
    assert "1:06:40 used" in text
    assert "2:53:20 left" in text
    assert "0:00:00 left" in text


def test_calls_that_are_not_listed_are_counted() -> None:
    text = text_of(render_statement(statement(unanswered_calls=14, free_inbound_calls=1)))
    assert "unanswered calls: 14; free incoming calls: 1." in text
    assert "No calls to pay for in this period." in text


@pytest.mark.parametrize(
    "hostile",
    [
        '#read("/etc/passwd")',
        "*x* _y_ $z$ `code`",
        "<script>alert(1)</script>",
        "\\",
        '"}] #panic()',
        "@ref <lbl>",
    ],
)
def test_markup_in_names_is_text(hostile: str) -> None:
    made = statement(call(destination=hostile), account_name=hostile, operator_name=hostile)
    words = text_of(render_statement(made)).split()
    assert all(word in words for word in hostile.split())


def test_control_and_direction_characters_do_no_harm() -> None:
    odd = "A\x00B\nC\u202eD\ud800E"
    made = statement(call(destination=odd), account_name=odd)
    assert "A B CD E" in text_of(render_statement(made))
    assert csv_rows(statement_csv(made))[0]["destination"] == "A B CD E"


def test_a_word_wider_than_its_column_is_copied_whole() -> None:
    words = "Donaudampfschifffahrtsgesellschaft"
    text = text_of(render_statement(statement(call(destination=words), account_name=words)))
    assert words in text.replace("\n", "")
    assert "\u200b" not in text


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1+1", "|cmd", "%x"])
def test_a_cell_is_never_a_formula(formula: str) -> None:
    row = csv_rows(statement_csv(statement(call(destination=formula, to_number=formula))))[0]
    assert row["destination"].startswith("'")
    assert row["to_number"].startswith("'")


def test_the_same_statement_gives_the_same_bytes() -> None:
    made, other = statement(call(), call(charge=None)), statement(call(charge="0.3"), language="de")
    first = render_statement(made), statement_csv(made), statement_json(made)
    render_statement(other)  # nothing of what was set in between is left
    again = made.model_copy()
    assert (render_statement(again), statement_csv(again), statement_json(again)) == first


def test_five_hundred_calls_are_all_listed_under_a_header_on_every_page() -> None:
    calls = [call(1 + n % 31, "0.0100", to_number=f"44770090{n:04d}") for n in range(500)]
    reader = PdfReader(io.BytesIO(render_statement(statement(*calls))))
    pages = [re.sub(" +", " ", page.extract_text()) for page in reader.pages]
    text = "\n".join(pages)
    assert all(f" +44770090{n:04d} " in text for n in range(500))
    assert all("DATE TIME FROM TO PLACE" in page for page in pages[:-1])
    assert f"Page {len(pages)} / {len(pages)}" in pages[-1]
    assert line_with("All calls of this period 500", text).endswith(" 5.00")  # 500 x 0.01


def test_a_currency_without_a_minor_unit_has_none() -> None:
    text = text_of(render_statement(statement(call(charge="120"), currency="JPY", amount=Decimal(120))))
    assert "Invoiced JPY\u00a0120" in text or "Invoiced JPY 120" in text
    assert "JPY)" in line_with("CALLS TO", text)


def test_an_amount_that_cannot_be_invoiced_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"1.234 GBP cannot be invoiced: round it to 0.01 first"):
        statement(amount=Decimal("1.234"))


def test_corrections_say_why() -> None:
    fixes = [
        correction("2026-09", "0.26", "0", "late-file", to_number="447700900001"),
        correction("2026-09", "0.26", "0", "priced", to_number="447700900002"),
        correction("2026-08", "0.17", "0.20", "repriced", to_number="447700900003"),
        correction("2026-08", "0", "0.20", "allowance", to_number="447700900004", free_seconds=120),
        correction("2026-08", "0", "0.31", "removed", to_number="447700900005"),
    ]
    made = statement(corrections=tuple(fixes))
    text = text_of(render_statement(made))
    for number, words in enumerate(
        (
            "arrived after its period was billed",
            "its price is known now",
            "its price was corrected",
            "included minutes were shared out anew",
            "no longer charged to you",
        ),
        start=1,
    ):
        assert words in text[text.index(f"44770090000{number}") :].splitlines()[1]
    assert line_with("447700900004", text).endswith("0.20 included \N{MINUS SIGN}0.20")
    assert line_with("447700900005", text).endswith("0.31 – \N{MINUS SIGN}0.31")  # noqa: RUF001
    assert [row["reason"] for row in csv_rows(statement_csv(made))] == [fix.reason for fix in fixes]


def test_several_numbers_have_totals_of_their_own() -> None:
    made = statement(
        call(own_number="442079460101"),
        call(own_number="442079460101", charge=None),
        call(own_number="442079460102", charge="0.0850"),
    )
    text = text_of(render_statement(made))
    assert "YOUR NUMBER" in text
    assert "+442079460101 1 to follow 2 0:04:00 – 0.170" in text  # noqa: RUF001
    assert "+442079460102 1 0:02:00 – 0.085" in text  # noqa: RUF001
    assert "YOUR NUMBER" not in text_of(render_statement(statement(call(own_number="442079460101"))))


def test_what_is_below_the_minimum_is_carried_and_said_so() -> None:
    made = statement(call(charge="0.17"), minimum=Decimal(5), carried_in=Decimal("3.1"))
    text = text_of(render_statement(made))
    assert made.carried_out == Decimal("3.27")
    assert "below the minimum of £5.00" in text
    assert line_with("Carried to next bill", text).endswith("3.27")
    assert "below the minimum" not in text_of(render_statement(statement(call(charge="0.004"), minimum=Decimal(5))))


def test_a_credit_is_carried_or_stands_on_a_credit_note() -> None:
    fix = correction("2026-09", "0", "3.1", "removed")
    carried = text_of(render_statement(statement(corrections=(fix,))))
    assert "The credit is carried to the next bill" in carried
    noted = text_of(render_statement(statement(corrections=(fix,), amount=Decimal("-3.10"), invoice_number="CN-3")))
    assert "Credited £3.10" in noted
    assert "Credit note CN-3" in noted
    assert "The credit is carried" not in noted


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Einzelverbindungsnachweis", "1. Oktober 2026", "1.234,50 €", "Mo 5. Okt", "Seite 1 / 1")),
        ("fr", ("1 octobre 2026", "1 234,50 €", "lun 5 oct", "Page 1 / 1")),
        ("es", ("Detalle de llamadas", "1 de octubre de 2026", "1.234,50 €", "lun 5 oct", "Página 1 / 1")),
        ("en", ("Statement of calls", "1 October 2026", "€1,234.50", "Mon 5 Oct", "Page 1 / 1")),
        ("xx", ("Statement of calls",)),  # a language without words: English
    ],
)
def test_a_statement_is_in_the_customers_language(language: str, words: tuple[str, ...]) -> None:
    made = statement(call(charge="1234.50"), currency="EUR", amount=Decimal("1234.50"), language=language)
    text = re.sub(r"[\u00a0\u202f]", " ", text_of(render_statement(made)))
    for word in words:
        assert word in text


def test_a_right_to_left_name_stands_in_its_letters() -> None:
    for name in ("בנימין", "شركة"):
        letters = set(text_of(render_statement(statement(account_name=name))))
        assert not {unicodedata.normalize("NFKC", letter) for letter in name} - {
            unicodedata.normalize("NFKC", letter)[-1] for letter in letters
        }


def test_a_hebrew_statement_has_its_columns_from_right_to_left() -> None:
    made = statement(call(), language="he", currency="ILS", account_name="בנימין כהן")
    (page,) = PdfReader(io.BytesIO(render_statement(made))).pages
    line = line_with("447700900123", page.extract_text(extraction_mode="layout"))
    assert line.index("0.17") < line.index("0:02:00") < line.index("+447700900123") < line.index("09:12")


def test_a_letter_that_no_font_has_stops_no_statement() -> None:
    assert "Miller" in text_of(render_statement(statement(call(), account_name="Miller 株式会社")))


def test_the_pdf_is_archival_and_tagged_for_readers_who_listen() -> None:
    pdf = PdfReader(io.BytesIO(render_statement(statement(call(), language="de"))))
    root: Any = pdf.trailer["/Root"]
    described = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in described
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in described
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    kinds = set(re.findall(r"/S /(\w+)", str(_structure(root["/StructTreeRoot"]))))
    assert {"H1", "H2", "Table", "TH", "TD", "P"} <= kinds


def _structure(node: Any) -> list[str]:
    """The kinds of a tagged PDF's elements, from the root down."""
    node = node.get_object()
    if not isinstance(node, dict):
        return [found for part in node for found in _structure(part)] if isinstance(node, list) else []
    kinds = [f"/S {node['/S']}"] if "/S" in node else []
    return kinds + (_structure(node["/K"]) if "/K" in node else [])


LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="10"><rect width="30" height="10" fill="#135"/></svg>'
)


def test_the_operators_look_is_the_statements() -> None:
    look = Look(accent="#7a1f4b", logo="logo.svg", image=base64.b64encode(LOGO).decode(), footer="VAT GB 123")
    pdf = render_statement(statement(call(), look=look))
    assert "VAT GB 123" in text_of(pdf)
    assert pdf != render_statement(statement(call(), look=look.model_copy(update={"image": ""})))


def test_the_json_says_what_the_pdf_says() -> None:
    made = statement(
        call(), call(charge=None), corrections=(correction("2026-09", "0.1", "0.4"),), carried_in=Decimal("0.003")
    )
    told = json.loads(statement_json(made))
    assert (told["due"], told["amount"], told["carried_out"]) == ("-0.127", "0.00", "-0.127")
    assert [one["charge"] for one in told["calls"]] == ["0.17", None]
    assert told["calls"][0]["started_at"] == "2026-10-05 09:12:30"
    assert (told["corrections"][0]["due"], told["corrections"][0]["reason"]) == ("-0.30", "repriced")
    assert told["groups"][0] == {
        "group": "uk-mobile", "calls": 2, "late_calls": 1, "billed_seconds": 240, "free_seconds": 0, "charge": "0.17",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("group", "title"),
    [
        ("uk-mobile", "UK mobile"),
        ("premium", "Premium"),
        ("", "Other"),
        ("toll_free", "Toll free"),
        ("VoIP", "VoIP"),
    ],
)
def test_a_group_reads_as_words(group: str, title: str) -> None:
    assert group_title(group) == title
