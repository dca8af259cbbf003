"""The table's adapters against moto's DynamoDB, in one thread, and against throttling it never does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from callmeter.aws import clients
from callmeter.aws.secrets import Secrets
from callmeter.aws.settings import Environment, read_environment
from callmeter.aws.state import DynamoBills, DynamoLeases, DynamoSettings, DynamoTotals
from callmeter.errors import Missing, Unreachable, UsageError
from callmeter.model import AccountTotal, BillState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "callmeter"
SESSION = boto3.Session("test", "test", region_name="eu-west-1")  # one: it keeps what it read of the APIs
AT = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def client() -> "Iterator[DynamoDBClient]":
    with mock_aws():
        dynamodb = SESSION.client("dynamodb", config=clients.config())
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield dynamodb


@pytest.fixture
def totals(client: "DynamoDBClient") -> DynamoTotals:
    return DynamoTotals(client, TABLE, threads=1)


@pytest.fixture
def bills(client: "DynamoDBClient") -> DynamoBills:
    return DynamoBills(client, TABLE)


@pytest.fixture
def settings(client: "DynamoDBClient") -> DynamoSettings:
    return DynamoSettings(client, TABLE)


def total(charge: str, account_id: str = "miller", **more: Any) -> AccountTotal:
    facts = {
        "account_id": account_id,
        "period": "2026-10",
        "currency": "GBP",
        "charge": Decimal(charge),
        "calls": 12,
        "answered_calls": 10,
        "late_calls": 1,
        "billed_seconds": 1_234,
        "free_seconds": 60,
        "allowances": {"240 minutes UK landline": 60, "name: with, marks #": 0},
    }
    return AccountTotal.model_validate({**facts, **more})


def bill(state: str = "frozen", period: str = "2026-10", **more: Any) -> BillState:
    facts = {"bill_id": f"miller/{period}", "account_id": "miller", "period": period, "currency": "GBP"}
    return BillState.model_validate({**facts, "amount": Decimal("12.35"), "state": state, **more})


def test_sequences_rise_by_shard_and_period(totals: DynamoTotals) -> None:
    assert [totals.next_sequence("2026-10", "03") for _ in range(3)] == [1, 2, 3]
    assert totals.next_sequence("2026-10", "04") == 1
    assert totals.next_sequence("2026-11", "03") == 1


@pytest.mark.parametrize(
    "charge", ["0", "12.3456", "-0.0001", "0.000000001", "12345678901234567890123456789.123456789", "1E+3"]
)
def test_a_total_comes_back_to_the_last_digit(totals: DynamoTotals, charge: str) -> None:
    totals.write("03", 1, [total(charge)])
    assert totals.read("2026-10", "03", "miller") == total(charge)


def test_a_slow_old_total_never_overwrites_a_newer_one(totals: DynamoTotals) -> None:
    slow, fast = totals.next_sequence("2026-10", "03"), totals.next_sequence("2026-10", "03")
    totals.write("03", fast, [total("2.00")])
    totals.write("03", slow, [total("1.00")])
    assert totals.read("2026-10", "03", "miller") == total("2.00")


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_in_whatever_order_totals_are_written_the_newest_stays(totals: DynamoTotals, order: tuple[int, ...]) -> None:
    for sequence in order:
        totals.write("03", sequence, [total(f"{sequence}.00")])
    assert totals.read("2026-10", "03", "miller") == total("3.00")


def test_the_same_write_twice_is_one(totals: DynamoTotals) -> None:
    totals.write("03", 5, [total("2.00")])
    totals.write("03", 5, [total("2.00")])
    assert totals.read("2026-10", "03", "miller") == total("2.00")


def test_an_old_run_still_writes_the_accounts_that_nobody_wrote_since(totals: DynamoTotals) -> None:
    totals.write("03", 2, [total("2.00")])
    totals.write("03", 1, [total("1.00"), total("1.50", "smith")])
    assert totals.read("2026-10", "03", "miller") == total("2.00")
    assert totals.read("2026-10", "03", "smith") == total("1.50", "smith")


def test_many_accounts_are_all_there(totals: DynamoTotals) -> None:
    names = {f"account {n}" for n in range(120)}
    totals.write("03", 1, [total("1.00", name) for name in sorted(names)])
    assert totals.accounts("2026-10", "03") == names
    assert totals.accounts("2026-10", "04") == set()
    assert totals.read("2026-10", "03", "nobody") is None
    assert [one.account_id for one in totals.of_shard("2026-10", "03")] == sorted(names)


def test_a_throttled_write_is_tried_again(client: "DynamoDBClient", totals: DynamoTotals) -> None:
    refusals = [2]

    def throttle(**_: Any) -> Any:
        if refusals[0] == 0:
            return None
        refusals[0] -= 1
        return _answer(400, b'{"__type": "com.amazonaws#ProvisionedThroughputExceededException", "message": "slow"}')

    client.meta.events.register_first("before-send.dynamodb.PutItem", throttle)
    totals.write("03", 1, [total("1.00")])
    assert refusals == [0]
    assert totals.read("2026-10", "03", "miller") == total("1.00")


class _Raw:
    """What botocore reads an answer's body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def _answer(status: int, body: bytes) -> AWSResponse:
    return AWSResponse("https://dynamodb.eu-west-1.amazonaws.com/", status, {}, _Raw(body))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_what_does_not_pass_is_unreachable_and_says_where(client: "DynamoDBClient", code: str) -> None:
    with Stubber(client) as answers:
        answers.add_client_error("put_item", code)
        with pytest.raises(Unreachable, match=rf"writing total#2026-10#03 / miller to table callmeter: .*\[{code}\]"):
            DynamoTotals(client, TABLE, threads=1).write("03", 1, [total("1.00")])


def test_a_table_that_is_not_there_is_said_to_be(client: "DynamoDBClient") -> None:
    with pytest.raises(Unreachable, match="check CALLMETER_TABLE"):
        DynamoTotals(client, "another").read("2026-10", "03", "miller")
    with pytest.raises(Unreachable, match="check CALLMETER_TABLE"):
        DynamoTotals(client, "another").accounts("2026-10", "03")


PDF = "statements/miller/2026-10.pdf"
INVOICED: dict[str, Any] = {"way": "invoice", "invoice_id": 7, "invoice_number": "2026-0007"}
STEPS = [
    bill(),
    bill("approved"),
    bill("sending", way="invoice"),
    bill("sent", way="invoice", invoice_id=7),
    bill("invoiced", **INVOICED),
    bill("invoiced", **INVOICED, statement=PDF),
    bill("invoiced", **INVOICED, statement=PDF, attached=True),
    bill("approved", attempt=2),
    bill("sending", attempt=2, way="invoice"),
]


def test_a_bill_goes_step_by_step(bills: DynamoBills) -> None:
    assert bills.read("miller", "2026-10") is None
    for step in STEPS:
        bills.write(step)
        assert bills.read("miller", "2026-10") == step


@pytest.mark.parametrize("reached", range(1, len(STEPS)))
def test_a_repeated_run_never_takes_a_bill_back(bills: DynamoBills, reached: int) -> None:
    bills.write(STEPS[reached])
    for earlier in STEPS[:reached]:
        bills.write(earlier)
    assert bills.read("miller", "2026-10") == STEPS[reached]


def test_a_bill_may_stay_where_it_is_with_another_problem(bills: DynamoBills) -> None:
    bills.write(bill("sent", problem="no draft yet"))
    bills.write(bill("sent", invoice_id=8))
    assert bills.read("miller", "2026-10") == bill("sent", invoice_id=8)


def test_nothing_due_is_a_step_too(bills: DynamoBills) -> None:
    bills.write(bill())
    bills.write(bill("nothing-due"))
    bills.write(bill())
    assert bills.read("miller", "2026-10") == bill("nothing-due")


def test_open_bills_are_listed_oldest_period_first_until_they_are_closed(bills: DynamoBills) -> None:
    places = [(f"account #{n}", period) for period in ("2026-10", "2026-09") for n in range(40)]
    bills.open(places)
    bills.open(places[:3])
    assert bills.opened() == sorted(places, key=lambda place: (place[1], place[0]))
    for place in places[1:]:
        bills.close(*place)
    bills.close("nobody", "2026-10")
    assert bills.opened() == [("account #0", "2026-10")]


def test_a_lease_is_held_by_one_until_it_is_given_back_or_over(client: "DynamoDBClient") -> None:
    leases = DynamoLeases(client, TABLE)
    assert leases.take("client#7", "first", AT, 60)
    assert not leases.take("client#7", "second", AT + timedelta(seconds=59), 60)
    assert leases.take("client#8", "second", AT, 60)
    assert leases.take("client#7", "first", AT + timedelta(seconds=30), 60)  # again, from then on
    leases.give_back("client#7", "second")  # not its own
    assert not leases.take("client#7", "second", AT + timedelta(seconds=89), 60)
    assert leases.take("client#7", "second", AT + timedelta(seconds=90), 60)
    leases.give_back("client#7", "second")
    assert leases.take("client#7", "third", AT + timedelta(seconds=91), 60)


def test_an_accounts_bills_are_listed_newest_period_first(bills: DynamoBills) -> None:
    for period in ("2026-09", "2026-11", "2025-12", "2026-10"):
        bills.write(bill(period=period))
    assert [each.period for each in bills.of_account("miller")] == [
        "2026-11",
        "2026-10",
        "2026-09",
        "2025-12",
    ]
    assert bills.of_account("mill") == []


def test_who_set_nothing_has_no_settings(settings: DynamoSettings) -> None:
    assert settings.hide_digits("miller") == []
    assert settings.monthly_limit("miller") is None


def test_every_change_is_kept_with_its_time(settings: DynamoSettings) -> None:
    first, second, third = AT, AT + timedelta(microseconds=1), AT + timedelta(days=30)
    settings.change("miller", third, hide_digits=True, monthly_limit=None)
    settings.change("miller", first, hide_digits=True, monthly_limit=Decimal("50.00"))
    settings.change("miller", second, hide_digits=False, monthly_limit=Decimal("60.00"))
    settings.change("smith", second, hide_digits=None, monthly_limit=Decimal("5"))
    assert settings.hide_digits("miller") == [(first, True), (second, False), (third, True)]
    assert settings.monthly_limit("miller") is None
    assert settings.hide_digits("smith") == []
    assert settings.monthly_limit("smith") == Decimal(5)


def test_a_change_never_rewrites_another_of_the_same_moment(settings: DynamoSettings) -> None:
    settings.change("miller", AT, hide_digits=True, monthly_limit=None)
    settings.change("miller", AT, hide_digits=False, monthly_limit=None)
    assert settings.hide_digits("miller") == [(AT, True), (AT + timedelta(microseconds=1), False)]


def test_a_repeated_change_is_one(settings: DynamoSettings) -> None:
    for _ in range(2):
        settings.change("miller", AT, hide_digits=True, monthly_limit=Decimal("50.00"))
    assert settings.hide_digits("miller") == [(AT, True)]


def test_a_change_made_in_another_zone_is_kept_in_utc(settings: DynamoSettings) -> None:
    local = datetime.fromisoformat("2026-10-05T14:00:00+02:00")
    settings.change("miller", local, hide_digits=True, monthly_limit=None)
    assert settings.hide_digits("miller") == [(AT, True)]


def test_a_secret_is_read_once_and_kept(client: "DynamoDBClient") -> None:  # noqa: ARG001 (the mock)
    ssm = SESSION.client("ssm")
    ssm.put_parameter(Name="/callmeter/key", Value="abc", Type="SecureString")
    secrets = Secrets(ssm)
    assert secrets.read("/callmeter/key") == "abc"
    ssm.delete_parameter(Name="/callmeter/key")
    assert secrets.read("/callmeter/key") == "abc"


def test_a_secret_that_is_not_there_is_missing(client: "DynamoDBClient") -> None:  # noqa: ARG001 (the mock)
    with pytest.raises(Missing, match="parameter /callmeter/none is not there"):
        Secrets(SESSION.client("ssm")).read("/callmeter/none")


def test_a_secret_that_cannot_be_read_is_unreachable(client: "DynamoDBClient") -> None:  # noqa: ARG001 (the mock)
    ssm = SESSION.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(ssm) as answers:
        answers.add_client_error("get_parameter", "AccessDeniedException")
        with pytest.raises(Unreachable, match="parameter /callmeter/key could not be read"):
            Secrets(ssm).read("/callmeter/key")


VARIABLES = {
    "CALLMETER_BUCKET": "callmeter-data",
    "CALLMETER_TABLE": "callmeter",
    "CALLMETER_SHARDS": "16",
    "CALLMETER_UCRM_URL": "https://ucrm.example/crm",
    "CALLMETER_UCRM_KEY_PARAMETER": "/callmeter/ucrm-key",
    "CALLMETER_LINK_SECRET_PARAMETER": "/callmeter/link-secret",
}


def test_the_environment_is_read() -> None:
    assert read_environment({**VARIABLES, "PATH": "/bin"}) == Environment(
        bucket="callmeter-data",
        table="callmeter",
        shards=16,
        ucrm_url="https://ucrm.example/crm",
        ucrm_key_parameter="/callmeter/ucrm-key",
        link_secret_parameter="/callmeter/link-secret",  # noqa: S106
    )


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - {"CALLMETER_UCRM_URL"}))
@pytest.mark.parametrize("left", [None, ""])
def test_a_missing_variable_is_named(name: str, left: str | None) -> None:
    variables = {**VARIABLES, name: left} if left is not None else {k: v for k, v in VARIABLES.items() if k != name}
    with pytest.raises(UsageError, match=f"{name} is missing: "):
        read_environment(variables)


def test_every_wrong_variable_is_named_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        read_environment({"CALLMETER_SHARDS": "many", "CALLMETER_UCRM_URL": "ucrm.example"})
    text = str(refused.value)
    assert "CALLMETER_SHARDS is wrong" in text
    assert "CALLMETER_UCRM_URL is wrong" in text
    assert text.count("is missing") == 4
