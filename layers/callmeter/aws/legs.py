"""What is known of legs, in the DynamoDB table: the port `Legs` of callmeter.webhooks.

pk                  sk   holds
leg#CARRIER#LEG     -    each fact as a string set, `record` of its end, and `expires_at`: DynamoDB removes it then
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from callmeter.aws.faults import translated
from callmeter.webhooks.legs import Facts

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLegs:
    """Legs by carrier and id. One update an event: sets only grow, so that it may be made again, in any order."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(
        self, carrier: str, leg: str, facts: Mapping[str, set[str]], record: str, keep_until: datetime
    ) -> tuple[Facts, str]:
        """Add facts, and the record where there is none yet; all that is known then. Raises Unreachable."""
        names = {f"#f{n}": fact for n, fact in enumerate(facts)}
        values: dict[str, Any] = {f":f{n}": {"SS": sorted(texts)} for n, texts in enumerate(facts.values())}
        changes = ["SET #expires = :expires" + (", #record = if_not_exists(#record, :record)" if record else "")]
        if facts:
            changes.append("ADD " + ", ".join(f"#f{n} :f{n}" for n in range(len(facts))))
        if record:
            names["#record"], values[":record"] = "record", {"S": record}
        with translated(f"writing a leg of {carrier} to table {self._table}"):
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"leg#{carrier}#{leg}"}, "sk": {"S": "-"}},
                UpdateExpression=" ".join(changes),
                ExpressionAttributeNames={"#expires": "expires_at", **names},
                ExpressionAttributeValues={":expires": {"N": str(int(keep_until.timestamp()))}, **values},
                ReturnValues="ALL_NEW",
            )
        known = answer["Attributes"]
        found = {name: frozenset(value["SS"]) for name, value in known.items() if "SS" in value}
        return found, known.get("record", {}).get("S", "")
