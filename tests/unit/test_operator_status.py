"""What the operator's page is told: figures of all accounts, bills not finished, rejects, the catalogue in force."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from callmeter import layout
from callmeter.catalogue.compile import Catalogue
from callmeter.errors import Missing
from callmeter.jobs import catalogues
from callmeter.model import Account, AccountTotal, BillState, Operator
from callmeter.portal import operator
from callmeter.portal.account import Portal
from callmeter.portal.tokens import NotSignedIn, account_of, open_session, operator_of, sign_link, sign_operator

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
NOW = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


class Objects:
    """A store of these objects."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise Missing(key)
        return self.objects[key]

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def download(self, keys: Iterable[str], folder: Path) -> list[Path]:
        found = [key for key in keys if key in self.objects]
        paths = [folder / f"{number}.json" for number in range(len(found))]
        for key, path in zip(found, paths, strict=True):
            path.write_bytes(self.objects[key])
        return paths


class Totals:
    """Totals by (period, shard)."""

    def __init__(self, totals: dict[tuple[str, str], list[AccountTotal]]) -> None:
        self.totals = totals

    def of_shard(self, period: str, shard: str) -> list[AccountTotal]:
        return self.totals.get((period, shard), [])


class Bills:
    """Open bills; a state of None was noted, and never made."""

    def __init__(self, states: dict[tuple[str, str], BillState | None]) -> None:
        self.states = states

    def opened(self) -> list[tuple[str, str]]:
        return sorted(self.states)

    def read(self, account_id: str, period: str) -> BillState | None:
        return self.states[account_id, period]


def portal(
    objects: dict[str, bytes] | None = None,
    totals: dict[tuple[str, str], list[AccountTotal]] | None = None,
    states: dict[tuple[str, str], BillState | None] | None = None,
) -> Portal:
    parts: dict[str, Any] = {
        "store": Objects(objects or {}),
        "totals": Totals(totals or {}),
        "bills": Bills(states or {}),
        "settings": None,
    }
    return Portal(**parts, shards=2)


def total(account_id: str, period: str, charge: str, currency: str = "GBP", calls: int = 2) -> AccountTotal:
    return AccountTotal(
        account_id=account_id,
        period=period,
        currency=currency,
        charge=Decimal(charge),
        calls=calls,
        answered_calls=min(calls, 1),
        late_calls=0,
        billed_seconds=60 * calls,
        free_seconds=0,
    )


def state(account_id: str, problem: str = "") -> BillState:
    return BillState(
        bill_id=f"{account_id}-2026-10",
        account_id=account_id,
        period="2026-10",
        amount=Decimal("12.50"),
        currency="GBP",
        problem=problem,
    )


def account(account_id: str, client_id: int | None, **more: Any) -> Account:
    facts: dict[str, Any] = {"plan": "payg", "currency": "GBP", "timezone": "Europe/London"}
    return Account(account_id=account_id, ucrm_client_id=client_id, **facts, **more)


@pytest.fixture
def in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of three accounts."""
    accounts = {
        "S2": account("S2", 7, name="Ada Ltd, branch", numbers=("442079460102", "4420794", "4420795", "4420796")),
        "S1": account("S1", 7, valid_to=date(2026, 9, 1)),
        "S3": account("S3", None),
    }
    facts = Operator(country="GB", timezone="America/New_York", currency="GBP", name="Lighthouse")
    monkeypatch.setattr(catalogues, "current_version", lambda _: "3f9c")
    monkeypatch.setattr(catalogues, "describe", lambda *_: Catalogue("3f9c", facts, {}, accounts))


@pytest.mark.usefixtures("in_force")
def test_figures_are_this_months_and_the_last_ones_by_the_operators_calendar() -> None:
    october = {
        ("2026-10", "00"): [total("a", "2026-10", "1.2345"), total("gone", "2026-10", "0", calls=0)],
        ("2026-10", "01"): [total("b", "2026-10", "0.1"), total("c", "2026-10", "7", "USD")],
    }
    told = operator.status(portal(totals=october), NOW)  # in New York it is still October
    assert [one["period"] for one in told["periods"]] == ["2026-10", "2026-09"]
    assert told["periods"][0] == {
        "period": "2026-10",
        "accounts": 3,
        "calls": 6,
        "answered_calls": 3,
        "late_calls": 0,
        "billed_seconds": 360,
        "charge": {"GBP": "1.3345", "USD": "7.00"},
    }
    assert told["periods"][1]["charge"] == {}


@pytest.mark.usefixtures("in_force")
def test_bills_with_a_problem_are_named() -> None:
    states = {("a", "2026-10"): state("a", "UCRM does not know client 9"), ("b", "2026-10"): state("b")}
    told = operator.status(portal(states={**states, ("never-made", "2026-10"): None}), NOW)["bills"]
    assert (told["open"], told["looked_at"], told["with_problem"]) == (3, 3, 1)
    assert told["states"] == {"frozen": 2}
    assert told["problems"] == [
        {
            "account_id": "a",
            "period": "2026-10",
            "amount": "12.50",
            "currency": "GBP",
            "state": "frozen",
            "problem": "UCRM does not know client 9",
        }
    ]


@pytest.mark.usefixtures("in_force")
def test_rejects_are_counted_by_reason_over_the_files_that_have_some() -> None:
    objects = {
        layout.rejects("asterisk", "aa"): b"",
        layout.rejects("csv", "bb"): b"",
        layout.rejects("csv", "unwritten"): b"",
        layout.manifest("aa"): json.dumps({"reject_reasons": {"no-rate": 2, "bad-time": 1}}).encode(),
        layout.manifest("bb"): json.dumps({"reject_reasons": {"no-rate": 40}}).encode(),
        layout.manifest("mended"): json.dumps({"reject_reasons": {}}).encode(),
    }
    told = operator.status(portal(objects), NOW)["rejects"]
    assert told == {"files": 3, "looked_at": 3, "rows": 43, "reasons": {"bad-time": 1, "no-rate": 42}}


@pytest.mark.usefixtures("in_force")
def test_of_very_many_bills_and_files_only_some_are_looked_at_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator, "BILLS_LOOKED_AT", 2)
    monkeypatch.setattr(operator, "FILES_LOOKED_AT", 1)
    states: dict[tuple[str, str], BillState | None] = {(name, "2026-10"): state(name, "odd") for name in "abc"}
    objects = {layout.rejects("csv", name): b"" for name in "abc"}
    told = operator.status(portal(objects, states=states), NOW)
    assert (told["bills"]["open"], told["bills"]["looked_at"], told["bills"]["with_problem"]) == (3, 2, 2)
    assert (told["rejects"]["files"], told["rejects"]["looked_at"]) == (3, 1)


@pytest.mark.usefixtures("in_force")
def test_refused_reference_files_are_told_with_line_and_column() -> None:
    problem = {"file": "accounts.csv", "line": 3, "column": 7, "code": "bad-plan", "text": "no plan gold", "hint": ""}
    told = operator.status(portal({layout.REFUSED: json.dumps([problem] * 30).encode()}), NOW)["catalogue"]
    assert (told["version"], told["accounts"], told["refused_problems"]) == ("3f9c", 3, 30)
    assert told["refused"] == ["accounts.csv:3:7: no plan gold [bad-plan]"] * 25


def test_before_any_rates_are_published_there_is_a_status_all_the_same() -> None:
    told = operator.status(portal(), NOW)
    assert (told["catalogue"]["version"], told["catalogue"]["accounts"]) == ("", 0)
    assert [one["period"] for one in told["periods"]] == ["2026-11", "2026-10"]
    assert operator.accounts_of_client(portal(), 7) == []


@pytest.mark.usefixtures("in_force")
def test_a_client_has_the_accounts_of_the_catalogue_that_name_it() -> None:
    assert operator.accounts_of_client(portal(), 7) == [
        {"account_id": "S1", "name": "S1", "numbers": [], "valid_to": "2026-09-01"},
        {
            "account_id": "S2",
            "name": "Ada Ltd, branch",
            "numbers": ["442079460102", "4420794", "4420795"],
            "valid_to": None,
        },
    ]
    assert operator.accounts_of_client(portal(), 8) == []


def test_an_operators_token_is_for_the_operators_requests_alone_and_for_minutes() -> None:
    token = sign_operator("ucrm-plugin", SECRET, NOW)
    assert operator_of(token, SECRET, NOW) == "ucrm-plugin"
    with pytest.raises(NotSignedIn):
        operator_of(token, SECRET, NOW + timedelta(minutes=5))
    with pytest.raises(NotSignedIn):
        operator_of(token, SECRET[::-1], NOW)
    for read in (account_of, open_session):
        with pytest.raises(NotSignedIn):
            cast("Any", read)(token, SECRET, NOW)
    link = sign_link("miller", SECRET, NOW)
    for other in (link, open_session(link, SECRET, NOW).token, ""):
        with pytest.raises(NotSignedIn):
            operator_of(other, SECRET, NOW)
