"""Files that come twice, late, broken or out of order; CRMs that fail; what every bill then says. Money by hand.

Rates used, of rates/: payg (C1001, 1st) UK mobile 0.0850 60/1, UK landline 0.0100 60; four decimals.
family (C1002, 15th): per minute, whole pence, up; 240 landline and 60 mobile minutes.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pypdf import PdfReader

from callmeter import layout
from callmeter.aws.store import S3Store
from callmeter.jobs import catalogues
from callmeter.jobs.total_shard import total_shard
from callmeter.portal import account as portal_account
from callmeter.portal import calls as portal_calls
from callmeter.portal.calls import Wanted
from pipeline_kit import (
    A_MONTH_LATER,
    DENTIST,
    ENDED,
    FAMILY,
    FRANCE,
    LANDLINE,
    MOBILE,
    NOW,
    RATES,
    SHARDS,
    VOTING,
    World,
    call,
    world,
)

A_MINUTE = Decimal("0.0850")  # of UK mobile, pay as you go
JANUARY, FEBRUARY = (datetime(2027, month, 20, 3, tzinfo=UTC) for month in (1, 2))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path, monkeypatch) as here:
        yield here


def minutes(call_id: str, start: str, count: int = 1, own: str = DENTIST) -> str:
    """So many minutes to a UK mobile."""
    return call(call_id, own, MOBILE, start, 60 * count)


def october(*call_ids: str) -> list[str]:
    """A minute to a UK mobile for each id, in October."""
    return [minutes(call_id, f"2026-10-05T10:{n:02}:00Z") for n, call_id in enumerate(call_ids)]


def copied_rates(folder: Path) -> Path:
    """rates/, to be changed."""
    return Path(shutil.copytree(RATES, folder / "rates"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# ---- files


def test_the_same_file_under_another_name_changes_nothing(here: World) -> None:
    first = here.drop("a.csv", [*october("1", "2"), "broken"])
    here.deliver(first)
    here.bill()
    before = here.facts()
    second = here.drop("sub/b.csv", here.store.get(first))
    here.rate(second, NOW + timedelta(days=1))
    here.total_all()
    here.bill()
    changed = before.differences(here.facts())
    assert changed == ["inbox/sub/b.csv: only once"]


def test_what_two_files_both_have_counts_once(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2", "3")), here.drop("b.csv", october("1", "2", "3", "4", "5")[1:]))
    assert here.account_totals()["C1001", "2026-10"].calls == 5
    assert here.charge_of("C1001", "2026-10") == 5 * A_MINUTE
    here.bill()
    assert here.stored_bills()["C1001-2026-10"].calls == 5
    assert here.invoiced() == {"C1001-2026-10": Decimal("0.43")}  # 0.425


def test_any_order_of_files_and_events_gives_the_same_totals_and_bills(here: World) -> None:
    random = Random(1)  # noqa: S311 - test data
    lines = [
        call(
            f"{n:03}",
            random.choice((DENTIST, FAMILY)),
            random.choice((MOBILE, LANDLINE, FRANCE, VOTING)),
            f"2026-10-{random.randrange(1, 31):02}T10:{random.randrange(60):02}:00Z",
            random.choice((0, 1, 59, 60, 61, 600)),
        )
        for n in range(200)
    ]
    keys = [here.drop(f"{n}.csv", part) for n, part in enumerate((lines[:90], lines[70:150], lines[140:]))]
    empty = here.snapshot()
    here.deliver(*keys)
    here.bill()
    expected, totals = here.facts(), here.account_totals()
    here.restore(empty)
    here.total("2026-10", "01")  # an event of an object that has not come yet
    for key in (keys[2], keys[0], keys[0]):
        here.rate(key)
    here.total_all()
    for key in (keys[2], keys[1]):
        here.rate(key)
    here.total_all()
    here.total_all()
    here.bill()
    assert here.account_totals() == totals
    assert here.facts().differences(expected) == []
    assert sum(total.calls for total in totals.values()) == 200


def test_a_total_before_the_last_object_is_put_right_by_the_event_of_the_last_object(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1")))
    here.rate(here.drop("b.csv", october("1", "2")))
    assert here.charge_of("C1001", "2026-10") == A_MINUTE
    here.total_all()
    assert here.charge_of("C1001", "2026-10") == 2 * A_MINUTE


def test_a_slow_old_total_never_overwrites_a_newer_one(here: World) -> None:
    here.rate(here.drop("a.csv", october("1")))
    shard = layout.shard_of("C1001", SHARDS)

    class Slow(type(here.totals)):  # type: ignore[misc]
        """Computes, and while it does, another file comes and is totalled."""

        def accounts(self, period: str, shard: str) -> set[str]:
            here.rate(here.drop("b.csv", october("1", "2")))
            here.total(period, shard)
            return here.totals.accounts(period, shard)

    slow = Slow(here.dynamodb, here.environment.table, threads=1)
    figures = total_shard(here.store, slow, "2026-10", shard)
    assert [figure.calls for figure in figures] == [1]
    assert here.account_totals()["C1001", "2026-10"].calls == 2


def test_totals_drop_to_what_is_left_when_objects_are_removed(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2")), here.drop("b.csv", october("3")))
    one, other = here.store.keys(layout.CALLS)
    here.store.delete(one)
    here.total_all()
    left = here.account_totals()["C1001", "2026-10"]
    assert left.charge == left.calls * A_MINUTE
    here.store.delete(other)
    here.total_all()
    assert here.account_totals() == {}
    assert here.charge_of("C1001", "2026-10") == 0


def test_the_same_id_in_two_periods_is_two_calls_for_totals_bills_and_page(here: World) -> None:
    """A source that numbers its calls anew every month: what the totals say is what is billed."""
    here.deliver(
        here.drop("october.csv", [minutes("1", "2026-10-05T10:00:00Z")]),
        here.drop("november.csv", [minutes("1", "2026-11-05T10:00:00Z", 2)]),
    )
    here.bill(JANUARY)
    for period, count in (("2026-10", 1), ("2026-11", 2)):
        assert here.charge_of("C1001", period) == count * A_MINUTE
        assert portal_calls.page(here.portal, "C1001", Wanted(period))["total"]["calls"] == 1
    charged = sum(bill.amount for bill in here.stored_bills().values()) + here.stored_bills()["C1001-2026-11"].carried
    assert charged == 3 * A_MINUTE


def test_a_file_that_cannot_be_read_leaves_a_manifest_that_says_why(here: World) -> None:
    for name, content, reason in (
        ("a.csv", b"PK\x03\x04rest", "a.csv is not CSV: it is a ZIP archive or an Excel workbook"),
        ("b.csv", b"", "b.csv: the file is empty"),
        ("c.csv", b"colour,shape\nred,round\n", "c.csv:1:1: this is not a file of calls that callmeter knows"),
    ):
        manifest = here.rated(here.drop(name, content))
        assert manifest.unreadable.startswith(reason)
        assert (manifest.rows_in, manifest.objects) == (0, [])
        stored = here.store.get(layout.manifest(manifest.digest))
        assert json.loads(stored)["unreadable"] == manifest.unreadable
        here.rate(here.drop(f"again-{name}", content))
        assert here.store.get(layout.manifest(manifest.digest)) == stored
    assert here.store.keys(layout.CALLS) == []


def test_a_file_that_is_gone_before_its_event_comes_is_no_failure(here: World) -> None:
    assert here.rate("inbox/gone.csv") is None
    assert here.store.keys("files/") == []


# ---- catalogues


def test_a_file_first_seen_under_one_catalogue_keeps_it_whatever_is_published_since(
    here: World, tmp_path: Path
) -> None:
    key = here.drop("a.csv", october("1"))
    here.rate(key)
    before = here.facts().objects
    rates = copied_rates(tmp_path)
    edit(rates / "decks" / "retail.csv", "UK Mobile,447,0.0850,", "UK Mobile,447,0.1850,")
    published = here.publish(rates)
    assert published.problems == []
    for made in (*here.store.keys(layout.CALLS), *here.store.keys("manifests/")):
        here.store.delete(made)
    manifest = here.rated(key, NOW + timedelta(days=3))
    assert manifest.catalogue != published.version == catalogues.current_version(here.store)
    after = here.facts().objects
    assert {name: after[name] for name in before if name != layout.CURRENT} == {
        name: body for name, body in before.items() if name != layout.CURRENT
    }
    assert here.rated(here.drop("b.csv", october("2"))).catalogue == published.version


def test_a_broken_upload_keeps_the_last_good_catalogue_and_says_what_is_wrong(here: World, tmp_path: Path) -> None:
    good = catalogues.current_version(here.store)
    rates = copied_rates(tmp_path)
    edit(rates / "decks" / "retail.csv", "UK Mobile,447,0.0850,", "UK Mobile,447,cheap,")
    refused = here.publish(rates)
    assert refused.version == good == catalogues.current_version(here.store)
    (problem,) = json.loads(here.store.get(layout.REFUSED))
    assert (problem["file"], problem["line"]) == ("rates/decks/retail.csv", 788)
    assert here.rated(here.drop("a.csv", october("1"))).catalogue == good
    edit(rates / "decks" / "retail.csv", "UK Mobile,447,cheap,", "UK Mobile,447,0.0850,")
    assert here.publish(rates).problems == []
    assert here.store.keys(layout.REFUSED) == []


def test_a_slow_old_publish_never_puts_back_what_a_newer_one_replaced(here: World, tmp_path: Path) -> None:
    rates = copied_rates(tmp_path)
    edit(rates / "operator.toml", "grace_hours = 24 ", "grace_hours = 25 ")

    class Slow(S3Store):
        """While it stores the old catalogue, new rates come and are published."""

        published = ""

        def upload(self, path: Path, key: str) -> None:
            if not self.published:
                edit(rates / "operator.toml", "grace_hours = 25 ", "grace_hours = 26 ")
                self.published = here.publish(rates).version
            super().upload(path, key)

    here.publish(RATES)
    here.store.put("rates/operator.toml", (rates / "operator.toml").read_bytes())
    slow = Slow(here.s3, here.environment.bucket, threads=1)
    assert catalogues.publish(slow).version == slow.published == catalogues.current_version(here.store)


# ---- bills


def test_nothing_is_billed_before_its_period_and_the_grace_time_are_over(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1")))
    over = datetime(2026, 11, 1, 0, 0, tzinfo=UTC) + timedelta(hours=24)
    assert here.bill(over - timedelta(seconds=1)) == {}
    assert list(here.bill(over)) == ["C1001-2026-10"]


def test_a_late_file_comes_with_the_next_bill_as_a_correction_and_nothing_comes_twice(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2")))
    here.bill()
    here.deliver(here.drop("late.csv", october("1", "2", "3")))
    here.deliver(here.drop("november.csv", [minutes("4", "2026-11-07T10:00:00Z", 3)]))
    assert here.bill() == {}  # billed is billed
    here.bill(A_MONTH_LATER)
    bill = here.stored_bills()["C1001-2026-11"]
    assert bill.due == 4 * A_MINUTE  # 1 of October, 3 of November; 0.17 before, so nothing was carried
    rows = [row.split(",") for row in here.statement("C1001-2026-11").decode().splitlines()[1:]]
    assert [(row[0], row[10], row[11]) for row in rows] == [("2026-11", "0.255", "0.00"), ("2026-10", "0.085", "0.00")]
    assert here.invoiced() == {"C1001-2026-10": Decimal("0.17"), "C1001-2026-11": Decimal("0.34")}


def test_a_late_file_is_billed_though_there_is_no_call_since(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2")))
    here.bill()
    here.deliver(here.drop("late.csv", october("3")))
    here.bill(A_MONTH_LATER)
    here.bill(JANUARY)
    here.bill(FEBRUARY)
    assert here.invoiced() == {"C1001-2026-10": Decimal("0.17"), "C1001-2026-11": Decimal("0.09")}
    bill = here.stored_bills()["C1001-2026-11"]
    assert (bill.due, bill.carried, bill.calls) == (A_MINUTE, Decimal("-0.005"), 0)
    assert b"2026-10-05 11:00:00" in here.statement("C1001-2026-11")


def test_a_call_that_is_gone_is_credited_by_the_next_bill(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1")), here.drop("b.csv", [minutes("2", "2026-10-06T10:00:00Z", 100)]))
    here.bill()
    (gone,) = [key for key in here.store.keys(layout.CALLS) if here.rated("inbox/b.csv").digest in key]
    here.store.delete(gone)
    here.deliver(here.drop("november.csv", [minutes("3", "2026-11-07T10:00:00Z", 2)]), "inbox/a.csv")
    here.bill(A_MONTH_LATER)
    october_bill, november_bill = here.stored_bills().values()
    assert (october_bill.amount, october_bill.carried) == (Decimal("8.59"), Decimal("-0.005"))  # 8.585
    # 0.17 - 8.50 - 0.005: nothing to invoice, a credit to carry
    assert (november_bill.amount, november_bill.carried) == (Decimal(0), Decimal("-8.335"))
    here.deliver(here.drop("december.csv", [minutes("4", "2026-12-07T10:00:00Z", 200)]), "inbox/a.csv")
    here.bill(FEBRUARY)
    assert here.invoiced() == {"C1001-2026-10": Decimal("8.59"), "C1001-2026-12": Decimal("8.67")}  # 17 - 8.335


def test_amounts_and_what_is_carried_last_add_up_to_the_charges_exactly(here: World) -> None:
    """Four months at six decimals, each month's file late by one bill for a part of its calls."""
    own = "441134960301"  # C1003, business: per second, six decimals, anchor day 31
    months = ["2026-10", "2026-11", "2026-12", "2027-01"]
    lines = {month: [call(f"{month}-{n}", own, FRANCE, f"{month}-{n + 3:02}T10:00:00Z", 17 * n + 1) for n in range(9)]
             for month in months}  # fmt: skip
    for month, following in zip(months, [*months[1:], "2027-02"], strict=True):
        here.rate(here.drop(f"{month}.csv", lines[month][:6]))
        here.bill(datetime.fromisoformat(f"{following}-03T12:00:00Z"))
        here.rate(here.drop(f"{month}-late.csv", lines[month][5:]))
    here.bill(datetime(2027, 4, 20, tzinfo=UTC))
    here.total_all()
    bills = list(here.stored_bills().values())
    charges = sum(total.charge for total in here.account_totals().values())
    assert sum(bill.amount for bill in bills) + bills[-1].carried == charges
    assert len({bill.carried for bill in bills}) == len(bills) == 5
    assert all(sum(line.amount for line in bill.lines) == bill.amount for bill in bills)
    assert here.invoiced() == {bill.bill_id: bill.amount for bill in bills if bill.amount}


def test_a_period_that_costs_nothing_has_a_statement_and_no_invoice(here: World) -> None:
    lines = [
        call("unanswered", DENTIST, MOBILE, "2026-10-05T10:00:00Z", 0),
        call("inbound", DENTIST, MOBILE, "2026-10-05T11:00:00Z", 60, "in"),
        call("covered", FAMILY, LANDLINE, "2026-10-20T10:00:00Z", 600),
    ]
    here.deliver(here.drop("a.csv", lines))
    done = here.bill()
    assert {bill_id: (one.state and one.state.state, one.problem) for bill_id, one in done.items()} == {
        "C1001-2026-10": ("nothing-due", ""),
        "C1002-2026-10": ("nothing-due", ""),
    }
    assert here.invoices() == []
    for bill_id in done:
        assert here.statement(bill_id, "pdf").startswith(b"%PDF")
    assert b"600" in here.statement("C1002-2026-10")


def test_a_dry_run_writes_nothing_and_says_what_a_run_does(here: World) -> None:
    lines = [minutes("0", "2026-09-05T10:00:00Z", 3), *october("1", "2"), minutes("3", "2026-11-05T10:00:00Z", 5)]
    here.deliver(here.drop("a.csv", [*lines, call("f", FAMILY, FRANCE, "2026-10-20T10:00:00Z", 600)]))
    before = here.facts()
    foretold = {row.bill_id: (row.amount, row.due, row.carried) for row in here.preview(JANUARY).rows}
    assert here.facts().differences(before) == []
    assert {row.bill_id for row in here.preview(JANUARY, period="2026-10").rows} == {"C1001-2026-10", "C1002-2026-10"}
    here.bill(JANUARY)
    assert {bill.bill_id: (bill.amount, bill.due, bill.carried) for bill in here.stored_bills().values()} == foretold
    assert len(foretold) == 4


# ---- the CRM


@pytest.mark.parametrize("kind", ["timeout-after", "timeout-before", "500", "500-after"])
def test_a_crm_that_fails_while_issuing_ends_with_one_invoice_of_each_bill(here: World, kind: str) -> None:
    lines = [*october("1", "2"), call("f", FAMILY, FRANCE, "2026-10-20T10:00:00Z", 600)]
    here.deliver(here.drop("a.csv", lines))
    here.standin.faults.add({"match": "POST /clients/*/invoices", "kind": kind, "times": 1})
    done = here.bill()
    assert [bool(one.problem) for one in done.values()].count(True) == 1  # the other went on
    (mended,) = here.bill().values()
    assert mended.state
    assert (mended.state.state, mended.problem) == ("invoiced", "")
    assert here.bill() == {}  # nothing is left to do
    assert len(here.invoices()) == 2
    assert here.invoiced() == {bill_id: bill.amount for bill_id, bill in here.stored_bills().items()}


def test_a_crm_that_is_away_leaves_the_bills_waiting_until_it_is_back(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2")))
    here.standin.faults.add({"match": "* /invoices", "kind": "500", "times": 99})
    here.standin.faults.add({"match": "* /custom-attributes", "kind": "500", "times": 99})
    (away,) = here.bill().values()
    assert away.problem.startswith("UCRM answered 500 to GET /custom-attributes")
    assert away.state
    assert (away.state.state, away.state.problem) == ("sending", away.problem)
    frozen = here.stored_bills()
    here.standin.faults.clear()
    (back,) = here.bill(ENDED + timedelta(days=1)).values()
    assert back.state
    assert (back.state.state, back.problem) == ("invoiced", "")
    assert here.stored_bills() == frozen


def test_an_invoice_that_somebody_changed_is_told_and_not_made_again(here: World) -> None:
    here.deliver(here.drop("a.csv", october("1", "2")))
    here.standin.faults.add({"match": "POST /clients/*/invoices", "kind": "timeout-after", "times": 1})
    here.bill()
    (row,) = here.standin.books.rows("invoices")
    row["totalUntaxed"] = Decimal("9.99")
    (done,) = here.bill().values()
    assert "it comes to 9.99 without tax, the bill to 0.17 GBP" in done.problem
    assert len(here.invoices()) == 1


# ---- what customers see


def pdf_text(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_hidden_digits_are_hidden_everywhere_from_the_day_they_are_hidden_on(here: World) -> None:
    before, after = "447700900123", "447700900777"
    lines = [
        call("1", DENTIST, before, "2026-10-10T11:59:59Z", 60),
        call("2", DENTIST, after, "2026-10-10T12:00:00Z", 60),
        call("3", DENTIST, after, "2026-10-10T13:00:00Z", 60, "in"),
    ]
    since = datetime(2026, 10, 10, 12, 0, tzinfo=UTC)
    portal_account.change_settings(here.portal, "C1001", since, hide_digits=True, monthly_limit=None)
    here.deliver(here.drop("a.csv", lines))
    here.bill()

    def found(q: str) -> list[str]:
        page = portal_calls.page(here.portal, "C1001", Wanted("2026-10", "all", q))
        assert page["total"]["calls"] == len(page["calls"])
        return [one["call_id"] for one in page["calls"]]

    page = portal_calls.page(here.portal, "C1001", Wanted("2026-10"))
    assert [one["to_number"] for one in page["calls"]] == [DENTIST, "447700900xxx", before]
    exported = portal_calls.as_csv(here.portal, "C1001", Wanted("2026-10", "out")).decode()
    pdf, statement = pdf_text(here.statement("C1001-2026-10", "pdf")), here.statement("C1001-2026-10").decode()
    for text in (exported, pdf, statement):
        assert before in text.replace(" ", "")
        assert "447700900xxx" in text.replace(" ", "")
        assert after not in text.replace(" ", "")
    assert found("0900") == ["3", "2", "1"]
    assert found("900123") == ["1"]
    assert found("900777") == ["3"]  # who called is no secret
    assert found("777") == ["3"]
    portal_account.change_settings(
        here.portal, "C1001", since + timedelta(hours=2), hide_digits=False, monthly_limit=None
    )
    assert found("900777") == ["3"]  # shown from then on, not what was hidden before


def test_pages_of_calls_follow_each_other_without_a_gap_whatever_the_filter(here: World) -> None:
    lines = [call(f"{n:02}", DENTIST, MOBILE, f"2026-10-05T10:00:0{n % 3}Z", 60 * (n % 4)) for n in range(23)]
    here.deliver(here.drop("a.csv", lines))
    seen, cursor, total = [], "", {}
    while cursor is not None:
        page: dict[str, Any] = portal_calls.page(here.portal, "C1001", Wanted("2026-10"), limit=5, cursor=cursor)
        seen += [(one["started_at"], one["call_id"]) for one in page["calls"]]
        cursor, total = page["next"], page["total"]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == total["calls"] == 23
    assert Decimal(total["charge"]) == here.charge_of("C1001", "2026-10")


@pytest.mark.parametrize(
    "ask",
    [
        lambda portal: portal_account.overview(portal, "C1001", NOW),
        lambda portal: portal_calls.page(portal, "C1001", Wanted("2026-10")),
    ],
)
def test_an_account_without_calls_has_an_empty_page(here: World, ask: Callable[[Any], dict[str, Any]]) -> None:
    answer = ask(here.portal)
    assert answer["calls"] in (0, [])
