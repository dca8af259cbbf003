"""The probe tells which way UCRM is, and leaves nothing behind. Against the stand-in, each way it can be."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callmeter.cli.ucrm import ucrm
from callmeter.errors import CallmeterError
from callmeter.ucrm.api import UcrmApi
from callmeter.ucrm.probe import NOTE, Probe
from ucrm_desk import ADA, BO, KEY, LINE, METER, NO_TLS, Desk, operator


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with operator(tmp_path) as desk:
        yield desk


def probed(desk: Desk, client: int = BO, **how: bool) -> dict[str, str]:
    api = UcrmApi(desk.standin.url, KEY, first_pause_seconds=0, tries=1, verify=NO_TLS)
    return {one.question: one.found for one in Probe(api, client).findings(**how)}


def left(desk: Desk) -> tuple[int, int]:
    return len(desk.invoices), len(desk.standin.books.rows("customAttributes"))


FOUND = "Is a draft found by its attribute?"
PATCH = "What do items of a PATCH do to a draft?"
TAXES = "Which taxes has an item that names none?"
NEGATIVE = "May an item be below zero?"
DEFAULT = "What is an invoice by default, and does approving mail it?"
PAGES = "How many rows does a list give?"
QUANTITY = "What is a surcharge's quantity where its service's is not 1?"
APPROVED = "How are recurring invoices approved?"
PRICES = "Are prices with tax or without?"


@pytest.mark.parametrize(
    ("option", "value", "question", "told"),
    [
        ("_attributeFindsDrafts", True, FOUND, "found without asking for drafts, found with"),
        ("_attributeFindsDrafts", False, FOUND, "not found without asking for drafts"),
        ("_patchReplacesItems", False, PATCH, "added to those there; the draft stays a draft"),
        ("_patchReplacesItems", True, PATCH, "replace those there"),
        ("_patchApprovesDraft", True, PATCH, "the draft becomes invoice 000001, a number is used up"),
        ("_addsTaxes", False, TAXES, "none: callmeter names them itself"),
        ("_addsTaxes", True, TAXES, "the client's are added"),
        ("_negativePrices", True, NEGATIVE, "yes"),
        ("_negativePrices", False, NEGATIVE, "leave negative_lines of [billing] off"),
        ("_draftByDefault", True, DEFAULT, "without draft it is a draft; approving does not mail it"),
        ("_draftByDefault", False, DEFAULT, "without draft it is issued (invoice 000001); approving does not mail it"),
        ("approveAndSendInvoiceAutomatically", True, APPROVED, 'at once, by the settings: way = "draft" finds none'),
        ("approveAndSendInvoiceAutomatically", False, APPROVED, "by hand or by callmeter"),
        ("pricingMode", 1, PRICES, "without tax"),
        ("pricingMode", 2, PRICES, "with tax"),
    ],
)
def test_each_way_that_ucrm_can_be_is_told_and_nothing_is_left(
    desk: Desk, option: str, value: Any, question: str, told: str
) -> None:
    desk.standin.books.options[option] = value
    if option == "pricingMode":
        desk.standin.books.change("clients", BO, {"tax3Id": None})
    assert told in probed(desk, use_number=True)[question]
    assert left(desk) == (0, 0)


def test_whether_approving_mails_is_told(desk: Desk) -> None:
    desk.standin.books.options["_approveSends"] = True
    assert "approving mails it" in probed(desk, ADA, use_number=True)[DEFAULT]


@pytest.mark.parametrize("follows", [True, False])
def test_what_a_surcharges_quantity_is_is_told_by_an_invoice(desk: Desk, follows: bool) -> None:
    desk.standin.books.options["_surchargeFollowsService"] = follows
    surcharge = {"serviceId": LINE, "surchargeId": METER, "invoiceLabel": None, "price": Decimal(4), "taxable": False}
    desk.standin.books.add("serviceSurcharges", surcharge)
    desk.daily_run(date(2026, 11, 1))  # October and November at once
    assert ("follows the service" in probed(desk, read_only=True)[QUANTITY]) == follows


def test_the_largest_page_is_told(desk: Desk) -> None:
    for day in (1, 2, 3):
        desk.daily_run(date(2026, 9 + day, 1))
        for row in desk.invoices:
            if row["status"] == 0:
                desk.standin.hand("approve", row["id"])
    assert len(desk.invoices) == 3
    assert probed(desk, read_only=True)[PAGES] == "3 rows unasked, no limit below 4 seen"
    desk.standin.books.options["_largestPage"] = 2
    assert "2 at most" in probed(desk, read_only=True)[PAGES]


def test_reading_only_makes_nothing(desk: Desk) -> None:
    found = probed(desk, read_only=True)
    assert FOUND not in found
    assert desk.standin.books.last_ids.get("invoices") is None
    assert desk.standin.books.last_ids.get("customAttributes") is None


@pytest.mark.parametrize("kind", ["500-after", "timeout-after", "422"])
@pytest.mark.parametrize("match", ["POST /clients/*/invoices", "POST /custom-attributes", "PATCH /invoices/*"])
def test_a_probe_that_fails_midway_leaves_nothing_either(desk: Desk, kind: str, match: str) -> None:
    desk.fail(match, kind, times=2)
    assert any("could not be told" in text for text in probed(desk).values())
    assert left(desk) == (0, 0)


def test_what_cannot_be_removed_is_told_and_goes_with_the_next_probe(desk: Desk) -> None:
    desk.fail("DELETE /invoices/*", "422", times=100)
    assert "delete it by hand" in probed(desk)["Left behind"]
    assert {row["adminNotes"] for row in desk.invoices} == {NOTE}
    desk.standin.faults.clear()
    assert "Left behind" not in probed(desk)
    assert left(desk) == (0, 0)


def test_the_operators_own_invoices_are_never_touched(desk: Desk) -> None:
    desk.daily_run(date(2026, 11, 1))
    before = desk.invoices
    probed(desk, ADA)
    assert desk.invoices == before


def test_the_command_prints_a_table(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    where = ["--client", str(BO), "--url", desk.standin.url, "--key-env", "THE_KEY"]
    done = CliRunner().invoke(ucrm, ["probe", *where, "--json"])
    assert done.exit_code == 0, done.output
    assert "Which version is it?" in done.output
    for wrong in (["--read-only", "--use-number"], ["--key-env", "NOT_SET"], ["--key-env", ""]):
        failed = CliRunner().invoke(ucrm, ["probe", *where, *wrong])
        assert isinstance(failed.exception, CallmeterError)
