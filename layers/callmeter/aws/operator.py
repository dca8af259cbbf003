"""The operator's side of a deployed stack: invoke its functions, read its state. For the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from callmeter.aws.faults import translated
from callmeter.aws.state import DynamoBills, DynamoSettings, DynamoTotals
from callmeter.aws.store import S3Store
from callmeter.errors import CallmeterError, Unreachable, UsageError
from callmeter.portal.account import Portal

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_sqs import SQSClient

QUEUES = ("InboxQueueUrl", "CallsQueueUrl", "RatesQueueUrl", "EventsQueueUrl", "WebhooksQueueUrl")
DEAD_LETTERS = (
    "InboxDeadLettersUrl",
    "CallsDeadLettersUrl",
    "RatesDeadLettersUrl",
    "EventsDeadLettersUrl",
    "WebhooksDeadLettersUrl",
)
FUNCTION_SECONDS = 900  # the longest that one may take


class FunctionFailed(CallmeterError):
    """A function ended with an error; its own text."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack by its outputs. endpoint_url: of the local stack; None for AWS."""

    session: boto3.Session
    outputs: dict[str, str]
    endpoint_url: str | None = None

    @classmethod
    def named(cls, stack: str) -> Deployment:
        """The stack of that name in the account and region that the environment gives. Raises UsageError."""
        session = boto3.Session()
        try:
            found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        except (BotoCoreError, ClientError) as error:
            raise UsageError(f'there is no stack "{stack}" to be reached: {error}') from None
        return cls(session, {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])})

    @cached_property
    def store(self) -> S3Store:
        """The data bucket."""
        return S3Store(self.session.client("s3", endpoint_url=self.endpoint_url), self.outputs["DataBucket"])

    @cached_property
    def totals(self) -> DynamoTotals:
        """The stored totals."""
        return DynamoTotals(self.session.client("dynamodb", endpoint_url=self.endpoint_url), self.outputs["Table"])

    @cached_property
    def portal(self) -> Portal:
        """What is known of calls, totals and bills."""
        settings = DynamoSettings(
            self.session.client("dynamodb", endpoint_url=self.endpoint_url), self.outputs["Table"]
        )
        return Portal(self.store, self.totals, self.bills, settings, int(self.outputs["ShardCount"]))

    @cached_property
    def bills(self) -> DynamoBills:
        """How far bills have come."""
        return DynamoBills(self.session.client("dynamodb", endpoint_url=self.endpoint_url), self.outputs["Table"])

    @property
    def link_secret(self) -> str:
        """What signs sign-in links."""
        return self._secret("LinkSecretParameterName")

    @property
    def ucrm(self) -> tuple[str, str]:
        """UCRM's address and app key. Raises UsageError where the stack was deployed without."""
        if not self.outputs.get("UcrmUrl"):
            raise UsageError("the stack knows no UCRM: deploy it with UcrmUrl=https://…")
        return self.outputs["UcrmUrl"], self._secret("UcrmKeyParameterName")

    def _secret(self, output: str) -> str:
        """The secret in the parameter that this output names."""
        parameters = self.session.client("ssm", endpoint_url=self.endpoint_url)
        with translated(f"reading parameter {self.outputs[output]}"):
            return parameters.get_parameter(Name=self.outputs[output], WithDecryption=True)["Parameter"]["Value"]

    def bill(
        self,
        *,
        as_of: datetime | None = None,
        period: str = "",
        approve: Sequence[str] = (),
        again: str = "",
        progress: Callable[[int], None] = lambda _: None,
    ) -> dict[str, Any]:
        """Invoke `bill` until nothing is left to do; what became of each bill it worked on: "bills", "problems".

        Raises CallmeterError where it failed, Unreachable. progress: told how many bills are left.
        """
        asked = {"as_of": as_of.isoformat() if as_of else None, "period": period, "approve": approve, "again": again}
        bills: dict[str, dict[str, Any]] = {}
        problems: dict[str, str] = {}
        while True:
            answer = self._invoke_bill(asked)
            if answer["report"]:
                report = json.loads(self.store.get(answer["report"]))
                bills |= {one["bill_id"]: one for one in report["bills"]}
                problems |= report["problems"]
            progress(answer["unfinished"])
            if not answer["unfinished"]:
                done = sorted(bills.values(), key=lambda one: (one["period"], one["account_id"]))
                return {"as_of": answer["as_of"], "bills": done, "problems": problems}
            asked["again"] = ""

    def bill_preview(self, *, as_of: datetime | None = None, period: str = "") -> bytes:
        """What `bill` would do, as the JSON of a Glance. Raises CallmeterError, Unreachable."""
        asked = {"as_of": as_of.isoformat() if as_of else None, "period": period, "dry_run": True}
        return self.store.get(self._invoke_bill(asked)["report"])

    def _invoke_bill(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.invoke("bill", asked)
        except FunctionFailed as failed:
            raise CallmeterError(f"bill failed: {failed}") from failed

    def invoke(self, function: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Have `bill` or `sync` do what is asked, and wait; its answer. Raises FunctionFailed, Unreachable."""
        client = self.session.client(
            "lambda",
            endpoint_url=self.endpoint_url,
            config=Config(read_timeout=FUNCTION_SECONDS, retries={"total_max_attempts": 1}),
        )
        try:
            done = client.invoke(
                FunctionName=self.outputs[f"{function.capitalize()}Name"], Payload=json.dumps(asked).encode()
            )
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(f"{function} could not be invoked: {error}") from error
        answer = json.loads(done["Payload"].read() or b"{}")
        if "FunctionError" in done:
            raise FunctionFailed(str(answer.get("errorMessage", answer)))
        return dict(answer)

    def rate(self, key: str) -> None:
        """Have an inbox file rated, by a message such as S3 sends. Raises Unreachable."""
        happened = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": quote_plus(key)}}}
        with translated(f"asking for {key} to be rated"):
            self._sqs.send_message(
                QueueUrl=self.outputs["InboxQueueUrl"], MessageBody=json.dumps({"Records": [happened]})
            )

    def given_up(self) -> int:
        """Messages in the dead-letter queues."""
        return sum(self.messages(DEAD_LETTERS).values())

    def messages(self, queues: Sequence[str] = (*QUEUES, *DEAD_LETTERS)) -> dict[str, int]:
        """Output's name -> about how many messages wait in that queue. Raises Unreachable."""
        with translated("counting messages"):
            return {name: self._count(self.outputs[name]) for name in queues}

    def _count(self, url: str) -> int:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    @cached_property
    def _sqs(self) -> SQSClient:
        return self.session.client("sqs", endpoint_url=self.endpoint_url)
