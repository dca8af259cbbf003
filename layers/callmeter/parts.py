"""Picks the adapters: what the handlers work with on AWS, and on the local stack, which is the same."""

from dataclasses import dataclass
from functools import cache, cached_property

from callmeter.aws import clients
from callmeter.aws.secrets import read_secret
from callmeter.aws.settings import Environment, read_environment
from callmeter.aws.state import DynamoBills, DynamoSettings, DynamoTotals
from callmeter.aws.store import S3Store
from callmeter.ports import Bills, CustomerSettings, Invoicing, Store, Totals


@dataclass(frozen=True)
class Parts:
    """The outside world of one function; each part is made when it is first asked for."""

    environment: Environment

    @cached_property
    def store(self) -> Store:
        return S3Store(clients.s3(), self.environment.bucket)

    @cached_property
    def totals(self) -> Totals:
        return DynamoTotals(clients.dynamodb(), self.environment.table)

    @cached_property
    def bills(self) -> Bills:
        return DynamoBills(clients.dynamodb(), self.environment.table)

    @cached_property
    def settings(self) -> CustomerSettings:
        return DynamoSettings(clients.dynamodb(), self.environment.table)

    @cached_property
    def invoicing(self) -> Invoicing:
        from callmeter.ucrm.client import UcrmInvoicing

        return UcrmInvoicing(self.environment.ucrm_url, read_secret(self.environment.ucrm_key_parameter))

    @property
    def link_secret(self) -> str:
        return read_secret(self.environment.link_secret_parameter)


@cache
def parts() -> Parts:
    """The parts of this process, from its environment variables. Raises UsageError where one is missing."""
    return Parts(read_environment())
