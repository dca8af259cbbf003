"""Which subscription is which account: by the id it names, by UCRM's service, by UCRM's client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callmeter.customers.subscription import Subscription
from callmeter.customers.table import Cells


@dataclass(frozen=True)
class Remark:
    """Something a person should know of one account, or of one subscription that has none yet."""

    account_id: str
    text: str


class Ambiguous(Exception):
    """A subscription could be several accounts; the text says which, and what to do."""


@dataclass(frozen=True)
class Matched:
    """account id -> its subscription, new accounts too; and what could not be told."""

    subscriptions: dict[str, Subscription]
    problems: list[Remark]


def match(accounts: Mapping[str, Sequence[Cells]], subscriptions: Sequence[Subscription]) -> Matched:
    """Match what can be matched; an account that two subscriptions claim is left out, with a problem."""
    known = _Known(accounts, subscriptions)
    claims: dict[str, list[Subscription]] = {}
    problems = []
    for one in subscriptions:
        try:
            account_id = known.account_of(one)
        except Ambiguous as ambiguous:
            problems.append(Remark(one.title, str(ambiguous)))
            continue
        if account_id:
            claims.setdefault(account_id, []).append(one)
    found: dict[str, Subscription] = {}
    for account_id, claimants in claims.items():
        running = [one for one in claimants if one.state != "ended"] or claimants[-1:]
        if len(running) == 1:
            found[account_id] = running[0]
        else:
            who = " and ".join(one.title for one in running)
            problems.append(Remark(account_id, f'{who} both claim it: correct "Callmeter account" of all but one'))
    return Matched(found, problems)


class _Known:
    """The accounts there are, by what a subscription can name."""

    def __init__(self, accounts: Mapping[str, Sequence[Cells]], subscriptions: Sequence[Subscription]) -> None:
        self.accounts = accounts
        self.by_service: dict[str, list[str]] = {}
        self.by_client: dict[str, list[str]] = {}
        for account_id, rows in accounts.items():
            service, client = rows[-1].get("ucrm_service_id", ""), rows[-1].get("ucrm_client_id", "")
            if service:
                self.by_service.setdefault(service, []).append(account_id)
            elif client:
                self.by_client.setdefault(client, []).append(account_id)
        named = {one.account_id for one in subscriptions}
        self.by_client = {client: [one for one in ids if one not in named] for client, ids in self.by_client.items()}
        self.rivals: dict[int, int] = {}
        for one in subscriptions:
            if not one.account_id and str(one.service_id) not in self.by_service and one.state != "ended":
                self.rivals[one.client_id] = self.rivals.get(one.client_id, 0) + 1

    def account_of(self, one: Subscription) -> str:
        """The account of a subscription, a new id where it has none yet; "" for one that is over and never had any.

        Raises Ambiguous.
        """
        if one.account_id:
            return one.account_id
        for ids, several, what in (
            (self.by_service.get(str(one.service_id), []), False, f"service {one.service_id}"),
            (self._of_client(one), self.rivals.get(one.client_id, 0) > 1, f"client {one.client_id}"),
        ):
            if len(ids) == 1 and not several:
                return ids[0]
            if ids:
                raise Ambiguous(
                    f"{', '.join(ids)} could be the account of {what}: write the one it is into "
                    f'"Callmeter account" of {one.title}'
                )
        if one.state == "ended" and one.default_account_id in self.accounts:
            return ""
        if one.default_account_id in self.accounts:
            raise Ambiguous(
                f"there is another account {one.default_account_id}: write an id into "
                f'"Callmeter account" of {one.title}, that one or a new one'
            )
        return one.default_account_id

    def _of_client(self, one: Subscription) -> list[str]:
        """Accounts that name the client and no service; a service that is over is none of them."""
        over = one.state == "ended" and one.service_id is not None
        return [] if over else self.by_client.get(str(one.client_id), [])
