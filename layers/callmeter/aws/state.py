"""Totals, bills and settings in one DynamoDB table: the ports `Totals`, `Bills`, `Leases`, `CustomerSettings`.

    pk                       sk              holds
    sequence#PERIOD#SHARD    -               n: the last sequence taken
    total#PERIOD#SHARD       ACCOUNT         an AccountTotal, and the sequence it was computed under
    bill#ACCOUNT             PERIOD          a BillState, and the step it has reached
    open-bills               PERIOD#ACCOUNT  a bill that is not finished
    lease#NAME               -               who may write there, and until when
    settings#ACCOUNT         since#INSTANT   what a customer set, one item a change

Figures are DynamoDB numbers: decimal, exact to 38 digits, never floats; what does not fit raises.
The client tries throttled and lost requests again (clients.py), so that every write here may happen twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from callmeter.aws.clients import CONNECTIONS
from callmeter.aws.faults import code_of, translated
from callmeter.errors import Unreachable
from callmeter.model import AccountTotal, BillState

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        DeleteItemInputTypeDef,
        PutItemInputTypeDef,
        WriteRequestTypeDef,
    )

Item = dict[str, Any]
_SINCE = "since#"
_OPEN = "open-bills"
_BATCH = 25  # items that BatchWriteItem takes


class _Table:
    """The table in Python values: reads are strongly consistent, writes conditional."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name
        self._serializer = TypeSerializer()
        self._deserializer = TypeDeserializer()

    def put(self, item: Item, condition: str, values: Item | None = None) -> bool:
        """Write the item where `condition` holds (attributes as #name, values as :name); False where not."""
        request: PutItemInputTypeDef = {
            "TableName": self._name,
            "Item": self._out(item),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {name: name[1:] for name in re.findall(r"#\w+", condition)},
        }
        if values:
            request["ExpressionAttributeValues"] = self._out(values)
        with translated(f"writing {item['pk']} / {item['sk']} to table {self._name}"):
            try:
                self._client.put_item(**request)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def add(self, pk: str, sk: str, name: str) -> int:
        """Add 1 to a counter, atomically; its new value."""
        with translated(f"counting {pk} in table {self._name}"):
            answer = self._client.update_item(
                TableName=self._name,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                UpdateExpression="ADD #n :one",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
        return int(self._in(answer["Attributes"])[name])

    def get(self, pk: str, sk: str) -> Item | None:
        with translated(f"reading {pk} / {sk} from table {self._name}"):
            answer = self._client.get_item(
                TableName=self._name, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
            )
        return self._in(answer["Item"]) if "Item" in answer else None

    def put_all(self, items: Sequence[Item]) -> None:
        """Write all items, whatever was there; not one transaction."""
        for first in range(0, len(items), _BATCH):
            self._put_batch(list(items[first : first + _BATCH]))

    @retry(retry=retry_if_exception_type(Unreachable), stop=stop_after_attempt(8), wait=wait_random_exponential(max=5))
    def _put_batch(self, items: list[Item]) -> None:
        """Write a batch, emptying `items`: what DynamoDB left undone is tried again."""
        requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": self._out(item)}} for item in items]
        with translated(f"writing to table {self._name}"):
            answer = self._client.batch_write_item(RequestItems={self._name: requests})
        undone = answer.get("UnprocessedItems", {}).get(self._name, [])
        items[:] = [self._in(one["PutRequest"]["Item"]) for one in undone if "PutRequest" in one]
        if items:
            raise Unreachable(f"writing to table {self._name}: it is too busy; try again later")

    def delete(self, pk: str, sk: str, condition: str = "", values: Item | None = None) -> None:
        """Remove the item, where `condition` holds; one that is not there is removed already."""
        request: DeleteItemInputTypeDef = {"TableName": self._name, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
        if condition:
            request["ConditionExpression"] = condition
            request["ExpressionAttributeNames"] = {name: name[1:] for name in re.findall(r"#\w+", condition)}
            request["ExpressionAttributeValues"] = self._out(values or {})
        with translated(f"removing {pk} / {sk} from table {self._name}"):
            try:
                self._client.delete_item(**request)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise

    def query(self, pk: str, *, newest_first: bool = False) -> Iterator[Item]:
        """Every item of `pk`, by sk."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
        )
        with translated(f"reading {pk} from table {self._name}"):
            for page in pages:
                yield from (self._in(item) for item in page["Items"])

    def _out(self, values: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
        return {name: self._serializer.serialize(value) for name, value in values.items()}

    def _in(self, item: Mapping[str, AttributeValueTypeDef]) -> Item:
        return {name: self._deserializer.deserialize(value) for name, value in item.items()}


class DynamoTotals:
    """Account totals of a shard and period: absolute figures, guarded by the shard's sequence.

    Two runs over one shard, each reading the calls after taking its sequence:

        slow run    takes 7 ── lists ───────────────────────────────────── writes (7) ✗
        fast run                       takes 8 ── lists ── writes (8) ✓
                              a file arrives ↑
                    ──────────────────────────────────────────────────────────────────► time

    The fast run has seen every call the slow one has, and maybe more: a higher sequence never lists less.
    """

    def __init__(self, client: DynamoDBClient, table: str, threads: int = CONNECTIONS) -> None:
        self._table = _Table(client, table)
        self._threads = threads

    def next_sequence(self, period: str, shard: str) -> int:
        """A number higher than any given before. A lost answer skips one: that harms nothing."""
        return self._table.add(f"sequence#{period}#{shard}", "-", "n")

    def write(self, shard: str, sequence: int, totals: Sequence[AccountTotal]) -> None:
        """Write each total unless a higher sequence is already stored for it.

        Not one transaction: where it raises, some are written; running again with a new sequence mends that.
        """
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            written = [pool.submit(self._write, shard, sequence, total) for total in totals]
        for each in written:
            each.result()

    def accounts(self, period: str, shard: str) -> set[str]:
        """Accounts that have a total, zero ones too."""
        return {item["sk"] for item in self._table.query(_total_key(period, shard))}

    def of_shard(self, period: str, shard: str) -> list[AccountTotal]:
        """Every account's total, by account id."""
        return [_total(item) for item in self._table.query(_total_key(period, shard))]

    def read(self, period: str, shard: str, account_id: str) -> AccountTotal | None:
        item = self._table.get(_total_key(period, shard), account_id)
        return _total(item) if item is not None else None

    def _write(self, shard: str, sequence: int, total: AccountTotal) -> None:
        # The account has no total for this period yet.
        nothing_stored = "attribute_not_exists(#pk)"
        # The stored total was computed under a sequence taken before this one.
        stored_is_older = "#sequence < :sequence"
        # This very write, sent again since its answer was lost.
        stored_is_this = "#sequence = :sequence"
        item = {"pk": _total_key(total.period, shard), "sk": total.account_id, "sequence": sequence}
        self._table.put(
            {**item, **total.model_dump()},
            f"{nothing_stored} OR {stored_is_older} OR {stored_is_this}",
            {":sequence": sequence},
        )


class DynamoBills:
    """How far each bill has come, and which are open. A bill only goes forward:

    run       frozen ── sending ── sent ── invoiced ── its statement ── attached
    repeated          frozen ✗          sending ✗
    sent anew, its invoice being void:             approved, another attempt ✓
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = _Table(client, table)

    def open(self, places: Iterable[tuple[str, str]]) -> None:
        """Note bills, by (account, period), as not finished."""
        self._table.put_all([{"pk": _OPEN, "sk": _open_key(*place), "account_id": place[0]} for place in places])

    def opened(self) -> list[tuple[str, str]]:
        """(account, period) of every bill that is not finished, oldest period first."""
        return [(item["account_id"], item["sk"].partition("#")[0]) for item in self._table.query(_OPEN)]

    def close(self, account_id: str, period: str) -> None:
        self._table.delete(_OPEN, _open_key(account_id, period))

    def write(self, state: BillState) -> None:
        """Write the state unless the bill has come further."""
        # The first word about this bill.
        nothing_stored = "attribute_not_exists(#pk)"
        # The stored state is one before this, or this one again.
        stored_is_no_further = "#step <= :step"
        item = {"pk": f"bill#{state.account_id}", "sk": state.period, "step": _step(state), **state.model_dump()}
        self._table.put(item, f"{nothing_stored} OR {stored_is_no_further}", {":step": _step(state)})

    def read(self, account_id: str, period: str) -> BillState | None:
        item = self._table.get(f"bill#{account_id}", period)
        return _bill_state(item) if item is not None else None

    def of_account(self, account_id: str) -> list[BillState]:
        """Newest period first."""
        return [_bill_state(item) for item in self._table.query(f"bill#{account_id}", newest_first=True)]


class DynamoLeases:
    """One writer at a time, by a conditional write: whoever comes second finds it taken until it is over."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = _Table(client, table)

    def take(self, name: str, owner: str, now: datetime, seconds: int) -> bool:
        """True where `owner` holds it now."""
        until = (now + timedelta(seconds=seconds)).timestamp()
        free = "attribute_not_exists(#pk) OR #until <= :now OR #owner = :owner"
        item = {"pk": f"lease#{name}", "sk": "-", "owner": owner, "until": int(until)}
        return self._table.put(item, free, {":now": int(now.timestamp()), ":owner": owner})

    def give_back(self, name: str, owner: str) -> None:
        """Free again; where another has it meanwhile, nothing."""
        self._table.delete(f"lease#{name}", "-", "#owner = :owner", {":owner": owner})


class DynamoSettings:
    """What customers set themselves: an item a change, never rewritten, so that the past stays as it was."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = _Table(client, table)

    def hide_digits(self, account_id: str) -> list[tuple[datetime, bool]]:
        """Every change, oldest first: (from when, hidden)."""
        return [
            (_instant(item["sk"]), item["hide_digits"])
            for item in self._table.query(f"settings#{account_id}")
            if item["hide_digits"] is not None
        ]

    def monthly_limit(self, account_id: str) -> Decimal | None:
        """The limit in force; None where the customer set none, or took it back."""
        newest = next(self._table.query(f"settings#{account_id}", newest_first=True), None)
        return newest["monthly_limit"] if newest is not None else None

    def change(self, account_id: str, at: datetime, *, hide_digits: bool | None, monthly_limit: Decimal | None) -> None:
        """Keep both settings from `at` on: None is no limit of their own, and hiding as it was before.

        Changes at one microsecond are kept one after the other; a repeated write is found to be there.
        """
        change = {"hide_digits": hide_digits, "monthly_limit": monthly_limit}
        pk = f"settings#{account_id}"
        for later in range(100):
            sk = _since(at + timedelta(microseconds=later))
            if self._table.put({"pk": pk, "sk": sk, **change}, "attribute_not_exists(#pk)"):
                return
            stored = self._table.get(pk, sk)
            if stored is not None and all(stored[name] == value for name, value in change.items()):
                return
        raise Unreachable(f"the settings of {account_id} change too often at {at.isoformat()}; try again")


def _total_key(period: str, shard: str) -> str:
    return f"total#{period}#{shard}"


def _total(item: Item) -> AccountTotal:
    return AccountTotal.model_validate({name: item[name] for name in AccountTotal.model_fields if name in item})


def _bill_state(item: Item) -> BillState:
    return BillState.model_validate({name: item[name] for name in BillState.model_fields if name in item})


def _step(state: BillState) -> int:
    """How far that is: the attempt, then the state, then what came after it."""
    states = ("frozen", "approved", "sending", "sent", "invoiced")
    reached = 4 if state.state == "nothing-due" else states.index(state.state)
    return state.attempt * 10 + reached + bool(state.statement) + state.attached


def _open_key(account_id: str, period: str) -> str:
    return f"{period}#{account_id}"


def _since(at: datetime) -> str:
    """The sort key of a change: of one length, so that keys sort by time."""
    return _SINCE + at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant(sk: str) -> datetime:
    return datetime.strptime(sk.removeprefix(_SINCE), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
