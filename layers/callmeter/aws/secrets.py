"""Secrets from the Systems Manager parameter store (SecureString), kept for five minutes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from callmeter.aws import clients
from callmeter.errors import Missing, Unreachable

if TYPE_CHECKING:  # stubs: there for type checkers only
    from mypy_boto3_ssm import SSMClient

_MAX_AGE_SECONDS = 300


class Secrets:
    """Decrypted parameters by name. Raises `Missing` or `Unreachable`; no error carries a value."""

    def __init__(self, client: SSMClient) -> None:
        self._client = client
        self._parameters = SSMProvider(boto3_client=client)

    def read(self, name: str) -> str:
        try:
            value = self._parameters.get(name, decrypt=True, max_age=_MAX_AGE_SECONDS)
        except self._client.exceptions.ParameterNotFound as error:
            raise self._missing(name) from error
        except GetParameterError as error:
            if "ParameterNotFound" in str(error):
                raise self._missing(name) from error
            raise Unreachable(f"parameter {name} could not be read: {error}") from error
        if not isinstance(value, str) or not value:
            raise self._missing(name)
        return value

    @staticmethod
    def _missing(name: str) -> Missing:
        return Missing(f"parameter {name} is not there: put it with aws ssm put-parameter --type SecureString")


@lru_cache(maxsize=1)
def _secrets() -> Secrets:
    return Secrets(clients.ssm())


def read_secret(name: str) -> str:
    """The secret called `name`, through this process's own `Secrets`."""
    return _secrets().read(name)
