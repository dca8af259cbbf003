"""Verified webhooks on their way into the inbox: an SQS queue, the port `Queue` of callmeter.webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmeter.aws.faults import translated

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_sqs import SQSClient


class WebhookQueue:
    """The queue; a message is in it once `send` has returned."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: str, delay_seconds: int = 0) -> None:
        """Raises Unreachable: then whoever was to be answered is to try again."""
        with translated("queueing a webhook"):
            self._client.send_message(QueueUrl=self._url, MessageBody=message, DelaySeconds=delay_seconds)
