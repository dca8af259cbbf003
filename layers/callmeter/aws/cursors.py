"""How far each pull is, in the DynamoDB table: the port `Cursors`.

pk            sk    holds
pull#NAME     -     done: asked until then; resume: where the pass under way goes on; both ISO 8601 UTC, or ""
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from callmeter.aws.state import _Table
from callmeter.pulls.run import Cursor

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCursors:
    """Cursors by the pull's name."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = _Table(client, table)

    def read(self, name: str) -> Cursor:
        item = self._table.get(f"pull#{name}", "-") or {}
        return Cursor(_instant(item.get("done", "")), _instant(item.get("resume", "")))

    def write(self, name: str, cursor: Cursor) -> None:
        """Write unless another run has finished a later pass meanwhile."""
        # The first word about this pull.
        nothing_stored = "attribute_not_exists(#pk)"
        # The stored pass is this one, or one before it.
        stored_is_no_later = "#done <= :done"
        item = {"pk": f"pull#{name}", "sk": "-", "done": _text(cursor.done_until), "resume": _text(cursor.resume_at)}
        self._table.put(item, f"{nothing_stored} OR {stored_is_no_later}", {":done": item["done"]})


def _text(at: datetime | None) -> str:
    """An instant as text of one length, so that texts compare as instants do; "" is before all."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at else ""


def _instant(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) if text else None
