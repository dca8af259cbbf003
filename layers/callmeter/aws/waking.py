"""Has `bill` run soon, instead of at its next hour: where something happened that it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callmeter.aws.faults import translated

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_lambda import LambdaClient


class BillFunction:
    """The function `bill`; without a name nobody is woken."""

    def __init__(self, client: LambdaClient, name: str) -> None:
        self._client = client
        self._name = name

    def wake(self) -> None:
        """Have it run, without waiting for it. Raises Unreachable."""
        if self._name:
            with translated(f"waking {self._name}"):
                self._client.invoke(FunctionName=self._name, InvocationType="Event", Payload=b"{}")
