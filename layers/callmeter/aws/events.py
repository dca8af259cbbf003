"""UCRM's webhook events on their way to the sync function: an SQS queue. One that is lost costs an hour, no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmeter.aws.faults import translated
from callmeter.customers.events import Hint

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_sqs import SQSClient


class EventQueue:
    """The queue of hints."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, hint: Hint) -> None:
        """Raises Unreachable."""
        with translated("sending a hint"):
            self._client.send_message(QueueUrl=self._url, MessageBody=hint.model_dump_json())
