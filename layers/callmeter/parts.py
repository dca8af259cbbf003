"""Picks the adapters: what the handlers work with on AWS, and on the local stack, which is the same."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from callmeter.aws import clients
from callmeter.aws.secrets import read_secret
from callmeter.aws.settings import Environment, read_environment
from callmeter.aws.state import DynamoBills, DynamoLeases, DynamoSettings, DynamoTotals
from callmeter.aws.store import S3Store
from callmeter.errors import UsageError
from callmeter.model import BillingRules, WhmcsRules
from callmeter.ports import Bills, CustomerSettings, Invoicing, Leases, Store, Totals

if TYPE_CHECKING:
    from callmeter.aws.keyring import Keyring
    from callmeter.aws.legs import DynamoLegs
    from callmeter.aws.notices import AlarmTopic
    from callmeter.aws.queue import WebhookQueue
    from callmeter.aws.waking import BillFunction
    from callmeter.customers.events import Hints
    from callmeter.customers.notices import Notices
    from callmeter.customers.subscription import CustomerSource
    from callmeter.pulls.run import Cursors
    from callmeter.ucrm.api import UcrmApi


@dataclass(frozen=True)
class Parts:
    """The outside world of one function; each part is made when it is first asked for."""

    environment: Environment
    threads: int = 8  # of what can be done side by side

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
    def leases(self) -> Leases:
        return DynamoLeases(clients.dynamodb(), self.environment.table)

    @cached_property
    def settings(self) -> CustomerSettings:
        return DynamoSettings(clients.dynamodb(), self.environment.table)

    @cached_property
    def ucrm(self) -> "UcrmApi":
        """UCRM. Raises UsageError where the deployment was not told of one."""
        from callmeter.ucrm.api import UcrmApi

        if not self.environment.ucrm_url:
            raise UsageError("this deployment knows no UCRM: deploy it with UcrmUrl=https://…")
        return UcrmApi(self.environment.ucrm_url, read_secret(self.environment.ucrm_key_parameter))

    def invoicing(self, rules: BillingRules) -> Invoicing:
        """Where bills go by these rules."""
        if rules.destination == "files":
            from callmeter.bills.files_out import FilesInvoicing

            return FilesInvoicing(self.store)
        if rules.destination == "whmcs":
            return self._whmcs(rules.whmcs)
        from callmeter.ucrm.client import UcrmInvoicing

        return UcrmInvoicing(self.ucrm, rules)

    def _whmcs(self, rules: WhmcsRules) -> Invoicing:
        from callmeter.whmcs.client import WhmcsInvoicing

        if not self.environment.whmcs_url:
            raise UsageError("this deployment knows no WHMCS: deploy it with WhmcsUrl=https://…")
        try:
            key = json.loads(read_secret(self.environment.whmcs_key_parameter))
            return WhmcsInvoicing(
                self.environment.whmcs_url,
                key["identifier"],
                key["secret"],
                rules,
                access_key=key.get("access_key", ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"parameter {self.environment.whmcs_key_parameter} is to hold JSON with WHMCS' API credentials: "
                '{"identifier": …, "secret": …}'
            ) from None

    @cached_property
    def customers(self) -> "CustomerSource":
        from callmeter.ucrm.customers import UcrmCustomers

        return UcrmCustomers(self.ucrm)

    @cached_property
    def notices(self) -> "Notices":
        from callmeter.aws.notices import DynamoNotices

        return DynamoNotices(clients.dynamodb(), self.environment.table)

    @cached_property
    def told(self) -> "AlarmTopic":
        """The operator."""
        from callmeter.aws.notices import AlarmTopic

        return AlarmTopic(clients.sns(), self.environment.alarm_topic)

    @cached_property
    def events(self) -> "Hints":
        from callmeter.aws.events import EventQueue

        return EventQueue(clients.sqs(), self.environment.events_queue)

    @cached_property
    def webhooks(self) -> "WebhookQueue":
        from callmeter.aws.queue import WebhookQueue

        return WebhookQueue(clients.sqs(), self.environment.webhooks_queue)

    @cached_property
    def legs(self) -> "DynamoLegs":
        from callmeter.aws.legs import DynamoLegs

        return DynamoLegs(clients.dynamodb(), self.environment.table)

    @cached_property
    def keyring(self) -> "Keyring":
        """What carriers sign with."""
        from callmeter.aws.keyring import Keyring

        return Keyring(self.environment.webhook_secrets, read_secret)

    @cached_property
    def bill_function(self) -> "BillFunction":
        from callmeter.aws.waking import BillFunction

        return BillFunction(clients.functions(), self.environment.bill_function)

    @cached_property
    def cursors(self) -> "Cursors":
        """How far each pull is."""
        from callmeter.aws.cursors import DynamoCursors

        return DynamoCursors(clients.dynamodb(), self.environment.table)

    def secret(self, parameter: str) -> str:
        """What that parameter holds. Raises Missing, Unreachable."""
        return read_secret(parameter)

    @property
    def webhook_secret(self) -> str:
        return read_secret(self.environment.webhook_secret_parameter)

    @property
    def link_secret(self) -> str:
        return read_secret(self.environment.link_secret_parameter)


@cache
def parts() -> Parts:
    """The parts of this process, from its environment variables. Raises UsageError where one is missing."""
    return Parts(read_environment())
