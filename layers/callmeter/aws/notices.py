"""Notices of overdue invoices in the DynamoDB table, and what the operator is told of: the port `Notices`.

pk               sk                   holds
notice#CLIENT    overdue#INVOICE      a Notice as JSON; written once, never again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmeter.aws.faults import translated
from callmeter.aws.state import _Table
from callmeter.customers.notices import Notice

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

_LONGEST_MESSAGE = 200_000  # characters; SNS takes 256 KiB


class DynamoNotices:
    """Notices by client. Keeping one twice, at once or years apart, keeps the first."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = _Table(client, table)

    def keep(self, notice: Notice) -> bool:
        """True where there was none for this invoice.

        A write whose answer was lost is sent again, and then finds its own item: that is told by the item's content.
        """
        pk, sk = f"notice#{notice.overdue.client_id}", f"overdue#{notice.overdue.invoice_id:018}"
        text = notice.model_dump_json()
        if self._table.put({"pk": pk, "sk": sk, "notice": text}, "attribute_not_exists(#pk)"):
            return True
        stored = self._table.get(pk, sk)
        return stored is not None and stored["notice"] == text

    def of_client(self, client_id: int) -> list[Notice]:
        """A client's notices, by invoice id."""
        items = self._table.query(f"notice#{client_id}")
        return [Notice.model_validate_json(item["notice"]) for item in items if item["sk"].startswith("overdue#")]


class AlarmTopic:
    """The SNS topic that alarms go to. Without one nobody is told, and the log has it."""

    def __init__(self, client: SNSClient, topic: str) -> None:
        self._client = client
        self._topic = topic

    def tell(self, subject: str, lines: list[str]) -> None:
        """Send one message. Raises Unreachable."""
        if self._topic:
            with translated("telling the operator"):
                self._client.publish(
                    TopicArn=self._topic, Subject=subject[:100], Message="\n".join(lines)[:_LONGEST_MESSAGE]
                )
