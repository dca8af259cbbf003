"""Bills as plain files: each once, whatever breaks, and told where somebody changed one."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from callmeter.aws.store import S3Store
from callmeter.bills.files_out import BILL_COLUMNS, FilesInvoicing, bills_csv
from callmeter.errors import Unreachable
from callmeter.model import Bill, BillLine, BillState
from callmeter.ports import Invoicing

CSV, JSON = "outbox/period=2026-10/C1001.csv", "outbox/period=2026-10/C1001.json"
SINCE = date(2026, 11, 1)


class Breaking(S3Store):
    """A bucket whose n-th write breaks, done or not."""

    fails_at, done = 0, False

    def put_if_absent(self, key: str, body: bytes) -> bool:
        self.fails_at -= 1
        if self.fails_at == 0 and not self.done:
            raise Unreachable("no bucket")
        wrote = super().put_if_absent(key, body)
        if self.fails_at == 0:
            raise Unreachable("no answer")
        return wrote


@pytest.fixture
def store() -> Iterator[Breaking]:
    with mock_aws():
        client = boto3.Session("test", "test", region_name="eu-west-1").client("s3")
        client.create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield Breaking(client, "bills", threads=2)


def bill(account_id: str = "C1001", **changes: Any) -> Bill:
    facts: dict[str, Any] = {
        "bill_id": f"{account_id}-2026-10",
        "account_id": account_id,
        "account_name": "Ada Ltd",
        "period": "2026-10",
        "currency": "GBP",
        "due": Decimal("3.5012"),
        "amount": Decimal("3.50"),
        "carried": Decimal("0.0012"),
        "lines": (
            BillLine(label="Calls: UK mobile", amount=Decimal("3.00")),
            BillLine(label="Corrections 2026-09", amount=Decimal("0.50")),
        ),
        "ucrm_client_id": 7,
        "catalogue": "3f9c",
        "frozen_at": datetime(2026, 11, 2, tzinfo=UTC),
        "ledgers": {"2026-10": "ledgers/period=2026-10/shard=03-aa.parquet"},
    }
    return Bill.model_validate({**facts, **changes})


def state(of: Bill, attempt: int = 1) -> BillState:
    return BillState(
        bill_id=of.bill_id,
        account_id=of.account_id,
        period=of.period,
        amount=of.amount,
        currency=of.currency,
        state="sending",
        way="files",
        attempt=attempt,
    )


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_bill_is_a_json_with_all_of_it_and_a_csv_with_its_lines(store: Breaking) -> None:
    invoicing: Invoicing = FilesInvoicing(store)
    assert invoicing.way(bill()) == "files"
    sent = invoicing.advance(bill(), state(bill()), [])
    assert (sent.status, sent.number, sent.amount, sent.problem) == ("invoiced", "C1001-2026-10", Decimal("3.50"), "")
    written = json.loads(store.get(JSON))
    assert (written["reference"], written["amount"], written["due"]) == ("C1001-2026-10", "3.50", "3.5012")
    assert written["lines"][1] == {"label": "Corrections 2026-09", "amount": "0.50"}
    assert written["ucrm_client_id"] == 7
    assert {"catalogue", "ledgers"}.isdisjoint(written)
    assert [row["amount"] for row in rows_of(store.get(CSV))] == ["3.00", "0.50"]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("write", [1, 2])
def test_a_run_that_broke_off_is_finished_by_the_next_and_nothing_is_there_twice(
    store: Breaking, write: int, done: bool
) -> None:
    invoicing = FilesInvoicing(store)
    store.fails_at, store.done = write, done
    with pytest.raises(Unreachable):
        invoicing.advance(bill(), state(bill()), [])
    assert FilesInvoicing(store).advance(bill(), state(bill()), []).status == "invoiced"
    assert store.keys("") == [CSV, JSON]


def test_a_second_run_writes_nothing(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    first = invoicing.advance(bill(), state(bill()), [])
    tags = store.tags("")
    assert invoicing.advance(bill(), state(bill()), []) == first
    invoicing.attach(bill(), state(bill()), {"statement.pdf": b"%PDF"})
    assert store.tags("") == tags


def test_a_file_changed_by_hand_is_told_and_not_written_over(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    invoicing.advance(bill(), state(bill()), [])
    changed = store.get(JSON).replace(b'"label": "Calls: UK mobile"', b'"label": "Calls"')
    store.put(JSON, changed)
    assert "changed by hand" in invoicing.look(bill(), state(bill()), []).problem
    store.put(JSON, changed.replace(b'"amount": "3.50"', b'"amount": "1.00"'))
    assert invoicing.known(SINCE)["C1001-2026-10"].amount == Decimal("1.00")
    store.put(JSON, b"not JSON")
    assert "cannot be read" in invoicing.advance(bill(), state(bill()), []).problem
    assert store.get(JSON) == b"not JSON"


def test_a_bill_that_says_more_since_a_new_release_is_not_taken_for_changed(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    invoicing.advance(bill(), state(bill()), [])
    older = {name: value for name, value in json.loads(store.get(JSON)).items() if name != "anchor_day"}
    store.put(JSON, json.dumps(older).encode())
    assert invoicing.look(bill(), state(bill()), []).problem == ""


def test_a_file_that_is_gone_is_absent_and_goes_out_anew_under_another_reference(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    invoicing.advance(bill(), state(bill()), [])
    store.delete(JSON)
    assert invoicing.look(bill(), state(bill()), []).status == "absent"
    assert invoicing.known(SINCE) == {}
    assert invoicing.advance(bill(), state(bill(), attempt=2), []).number == "C1001-2026-10~2"
    assert list(invoicing.known(SINCE)) == ["C1001-2026-10~2"]


def test_a_bill_of_an_earlier_attempt_that_is_there_after_all_goes_out_no_second_time(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    invoicing.advance(bill(), state(bill()), [])
    assert invoicing.advance(bill(), state(bill(), attempt=2), []).number == "C1001-2026-10"
    assert store.keys("") == [CSV, JSON]


def test_what_is_out_is_listed_whatever_accounts_are_called(store: Breaking) -> None:
    invoicing = FilesInvoicing(store)
    odd = ["C1001", "a/b c", "x+2", "x~2", "ü%2B"]
    for account_id in odd:
        invoicing.advance(bill(account_id), state(bill(account_id)), [])
    invoicing.advance(bill("old", period="2026-03", bill_id="old-2026-03"), state(bill("old")), [])
    known = invoicing.known(SINCE)
    assert set(known) == {f"{account_id}-2026-10" for account_id in odd}
    assert {sent.status for sent in known.values()} == {"invoiced"}


def test_all_bills_of_a_run_make_one_csv_without_formulas() -> None:
    lines = (BillLine(label="=1+1", amount=Decimal("-2.00")),)
    rows = rows_of(bills_csv([bill(), bill("@x", account_name="+44 Ltd\nLondon", lines=lines)]))
    assert tuple(rows[0]) == BILL_COLUMNS
    assert [row["amount"] for row in rows] == ["3.00", "0.50", "-2.00"]
    assert (rows[2]["account_id"], rows[2]["account_name"], rows[2]["label"]) == ("'@x", "'+44 Ltd London", "'=1+1")
