"""Bills and their ledgers -> statements in the bucket: an account's own calls, as the customer may see them."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from callmeter import sql
from callmeter.errors import CallmeterError, Missing
from callmeter.jobs import catalogues, ledger_calls
from callmeter.jobs.statements import Statements
from callmeter.model import Bill, BillingRules, Operator

KEY = "ledgers/period=2026-10/shard=03-abc.parquet"
NOON = datetime(2026, 10, 5, 12, 0)  # noqa: DTZ001 (ledgers hold UTC without saying so)
HIDES = datetime(2026, 10, 5, 12, 2, tzinfo=UTC)


class Bucket:
    """What statements need of a Store. One ledger, at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.objects: dict[str, bytes] = {}
        self.downloads = 0

    def put(self, key: str, body: bytes, content_type: str = "") -> None:  # noqa: ARG002
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def download(self, keys: list[str], folder: Path) -> list[Path]:
        self.downloads += 1
        if keys != [KEY]:
            return []
        folder.mkdir(parents=True)
        return [Path(shutil.copy(self.path, folder / "0-ledger.parquet"))]


class Settings:
    """Account b hides digits from HIDES on."""

    def hide_digits(self, account_id: str) -> list[tuple[datetime, bool]]:
        return [(HIDES, True)] if account_id == "b" else []


def row(account_id: str, call_id: str, **more: Any) -> dict[str, Any]:
    facts = {
        "bill_period": "2026-10", "account_id": account_id, "call_id": call_id, "call_period": "2026-10",
        "started_at": NOON, "direction": "outbound", "from_number": "442079460101", "to_number": "447700900123",
        "destination": "UK Mobile", "group": "uk-mobile", "duration_seconds": 50, "billed_seconds": 60,
        "free_seconds": 0, "charge": Decimal("0.17"), "billed_before": Decimal(0), "difference": Decimal("0.17"),
        "currency": "GBP", "status": "rated", "barred": False, "own_number": "442079460101",
    }  # fmt: skip
    return facts | more


ROWS = [
    row("a", "1"),
    row("a", "2", to_number="441172000001", charge=None, difference=Decimal(0), status="late"),
    row("a", "3", status="unanswered", charge=Decimal(0), difference=Decimal(0)),
    row("a", "4", direction="inbound", charge=Decimal(0), difference=Decimal(0)),
    row(
        "a", "0", call_period="2026-09", started_at=NOON - timedelta(days=30), charge=Decimal(0),
        billed_before=Decimal("0.05"), difference=Decimal("-0.05"), reason="removed",
    ),
    row("b", "1"),
    row("b", "2", started_at=NOON + timedelta(minutes=3)),
    row("c", "1", charge=Decimal("0.004"), difference=Decimal("0.004")),
]  # fmt: skip


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    path = tmp_path / "ledger.parquet"
    with duckdb.connect() as con:
        sql.run(con, "bills/ledger_table")
        names = list(dict.fromkeys(name for one in ROWS for name in one))
        for one in ROWS:
            values = [one.get(name) for name in names]
            marks = ", ".join("?" * len(names))
            columns = ", ".join(f'"{name}"' for name in names)
            con.execute(f"insert into ledger_rows ({columns}) values ({marks})", values)  # noqa: S608
        con.table("ledger_rows").order("account_id, call_period, started_at, call_id").write_parquet(str(path))
    operator = Operator(
        country="GB", timezone="Europe/London", currency="GBP", name="Northwind",
        billing=BillingRules(minimum={"GBP": Decimal(5)}),
    )  # fmt: skip
    monkeypatch.setattr(catalogues, "describe", lambda _store, _version: SimpleNamespace(operator=operator))
    return Bucket(path)


def bill(account_id: str, due: str, amount: str, **more: Any) -> Bill:
    facts: dict[str, Any] = {
        "bill_id": f"{account_id}-2026-10", "account_id": account_id, "account_name": account_id.upper(),
        "period": "2026-10", "currency": "GBP", "due": Decimal(due), "amount": Decimal(amount),
        "carried": Decimal(due) - Decimal(amount), "lines": (), "timezone": "Europe/London", "catalogue": "v1",
        "frozen_at": datetime(2026, 11, 2, tzinfo=UTC), "ledgers": {"2026-10": KEY}, "ucrm_client_id": None,
    }  # fmt: skip
    return Bill.model_validate(facts | more)


def written(bucket: Bucket, *bills: Bill) -> dict[str, Any]:
    """account -> its statement's JSON."""
    with Statements(bucket, Settings()) as statements:  # type: ignore[arg-type]
        for one in bills:
            assert statements.write(one, "7") == f"statements/{one.account_id}/2026-10.pdf"
            assert statements.files(one)[f"calls-2026-10-{one.account_id}.pdf"].startswith(b"%PDF")
    return {one.account_id: json.loads(bucket.objects[f"statements/{one.account_id}/2026-10.json"]) for one in bills}


def test_a_statement_lists_its_accounts_calls_and_corrections(bucket: Bucket) -> None:
    told = written(bucket, bill("a", "0.12", "0.12"))["a"]
    assert [(one["started_at"], one["charge"]) for one in told["calls"]] == [
        ("2026-10-05 13:00:00", "0.17"),  # London is an hour ahead of UTC
        ("2026-10-05 13:00:00", None),
    ]
    assert [(one["period"], one["reason"], one["due"]) for one in told["corrections"]] == [
        ("2026-09", "removed", "-0.05")
    ]
    assert (told["unanswered_calls"], told["free_inbound_calls"]) == (1, 1)
    assert told["invoice_number"] == "7"
    assert bucket.objects["statements/a/2026-10.csv"].count(b"\r\n") == 4  # header, two calls, a correction


@pytest.mark.parametrize("calls_at_once", [1, 2_000])
def test_a_ledger_is_fetched_once_for_all_its_accounts(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, calls_at_once: int
) -> None:
    monkeypatch.setattr(ledger_calls, "_CALLS_AT_ONCE", calls_at_once)
    told = written(bucket, bill("c", "0.004", "0"), bill("a", "0.12", "0.12"), bill("b", "0.34", "0.34"))
    assert [len(told[account]["calls"]) for account in "abc"] == [2, 2, 1]
    assert bucket.downloads == 1


def test_digits_are_hidden_from_when_the_customer_said_so(bucket: Bucket) -> None:
    told = written(bucket, bill("b", "0.34", "0.34"))["b"]
    assert [one["to_number"] for one in told["calls"]] == ["447700900123", "447700900xxx"]


def test_an_account_without_calls_has_a_statement_of_what_was_carried(bucket: Bucket) -> None:
    told = written(bucket, bill("bb", "6.1", "6.10", carried_in=Decimal("6.1")))["bb"]
    assert (told["calls"], told["due"], told["minimum"]) == ([], "6.10", "5.00")


def test_a_statement_that_does_not_come_to_its_bill_is_refused(bucket: Bucket) -> None:
    with pytest.raises(CallmeterError, match=r"the statement of bill a-2026-10 comes to 0\.12\d*, the bill to 0\.13"):
        written(bucket, bill("a", "0.13", "0.13"))


def test_a_ledger_that_is_gone_is_named(bucket: Bucket) -> None:
    with pytest.raises(Missing, match=r"ledgers/other.parquet is gone from the bucket"):
        written(bucket, bill("a", "0.12", "0.12", ledgers={"2026-10": "ledgers/other.parquet"}))
