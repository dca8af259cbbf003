"""The operator's side of a deployed stack: invoke its functions, read its state. For the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from callmeter.aws.state import DynamoTotals
from callmeter.aws.store import S3Store
from callmeter.errors import CallmeterError, Unreachable, UsageError

DEAD_LETTERS = ("InboxDeadLettersUrl", "CallsDeadLettersUrl", "RatesDeadLettersUrl")
BILL_SECONDS = 900


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

    @property
    def link_secret(self) -> str:
        """What signs sign-in links."""
        parameters = self.session.client("ssm", endpoint_url=self.endpoint_url)
        name = self.outputs["LinkSecretParameterName"]
        return parameters.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]

    def bill(self, *, as_of: datetime | None = None, period: str = "", dry_run: bool = False) -> dict[str, Any]:
        """Invoke `bill`; its answer. Raises CallmeterError where it failed, Unreachable."""
        asked = {"as_of": as_of.isoformat() if as_of else None, "period": period, "dry_run": dry_run}
        client = self.session.client(
            "lambda",
            endpoint_url=self.endpoint_url,
            config=Config(read_timeout=BILL_SECONDS, retries={"total_max_attempts": 1}),
        )
        try:
            done = client.invoke(FunctionName=self.outputs["BillName"], Payload=json.dumps(asked).encode())
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(f"bill could not be invoked: {error}") from error
        answer = json.loads(done["Payload"].read() or b"{}")
        if "FunctionError" in done:
            raise CallmeterError(f"bill failed: {answer.get('errorMessage', answer)}")
        return dict(answer)

    def given_up(self) -> int:
        """Messages in the dead-letter queues."""
        sqs = self.session.client("sqs", endpoint_url=self.endpoint_url)
        counts = (
            sqs.get_queue_attributes(QueueUrl=self.outputs[name], AttributeNames=["ApproximateNumberOfMessages"])
            for name in DEAD_LETTERS
        )
        return sum(int(one["Attributes"]["ApproximateNumberOfMessages"]) for one in counts)
