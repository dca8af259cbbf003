"""Bills -> billable items in WHMCS, which its daily cron puts on invoices; each once. Taxes are WHMCS' work.

A bill is ONE billable item of its whole amount: with several, some could be lost and others not. WHMCS has no list of
billable items and no idempotency key, so an item cannot be seen between its making and the invoice it comes on:

    way      noted with WHMCS' own clock, and a sign of its own: "nextcron since 2026-11-02 03:10:22 by 5f3a…"
    advance  the first try, in the process that chose the way: the item is sent
             answered: the bill is `placed`, until an invoice's line has its reference, then `invoiced`
             no answer: whether the item was made shows once WHMCS' daily cron has run. On an invoice: done. On none:
             it never was made, the bill is `absent` and goes out anew. Until then Unreachable is raised

The process that chose the way knows that it is the first to try: the caller keeps the way before it advances, so that
any other process finds the bill in state "sending", and waits. A quarter of an hour later this one waits too.
Where an item is lost from sight otherwise (deleted, changed by hand), a person is asked; nothing goes out twice.

A bill below zero is refused, or by the operator's choice added to the client's credit, whose log can be looked at.
Source: developers.whmcs.com (AddBillableItem, GetInvoices, GetInvoice, GetAutomationLog, AddCredit, GetCredits) and
docs.whmcs.com/Billable_Items.
"""

import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from callmeter.errors import CallmeterError, Unreachable
from callmeter.model import Bill, BillState, Sent, WhmcsRules
from callmeter.whmcs.answers import (
    AddedCredit,
    AddedItem,
    ClientAnswer,
    Clock,
    CreditLog,
    Invoice,
    InvoicePage,
)
from callmeter.whmcs.api import RefusedError, WhmcsApi
from callmeter.whmcs.lines import Line, differs, line_alike, references_of, sent_by, standing
from callmeter.whmcs.texts import description_of, mark_of, references_in

CREDIT = "client-credit"
FIRST_TRY_SECONDS = 15 * 60  # as long as a bill's way counts as new
_MARGIN = timedelta(hours=2)  # more than that, a change of the clocks, and what the cron needs for its work
_CLOCK_SECONDS = 60  # as long as WHMCS' clock is not read again: far within the margin
_LOOK_BACK = timedelta(days=40)  # before the freeze: invoices that items may have been merged into
_PAGE_ROWS = 250
_CENT = Decimal("0.01")


class WhmcsInvoicing:
    """ports.Invoicing over WHMCS' API. Bill.ucrm_client_id is the WHMCS client. Statements stay with callmeter:
    WHMCS' API takes no files.

    access_key: where the caller's IP is not allowed. monotonic: seconds that only go on.
    """

    def __init__(
        self,
        url: str,
        identifier: str,
        secret: str,
        rules: WhmcsRules,
        *,
        access_key: str = "",
        timeout_seconds: float = 30,
        tries: int = 4,
        first_pause_seconds: float = 0.5,
        verify: bool | ssl.SSLContext = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = WhmcsApi(
            url,
            identifier,
            secret,
            access_key=access_key,
            timeout_seconds=timeout_seconds,
            tries=tries,
            first_pause_seconds=first_pause_seconds,
            verify=verify,
        )
        self._rules = rules
        self._monotonic = monotonic
        self._untried: dict[str, float] = {}  # way -> when this process chose it
        self._clock_read: tuple[float, Clock] | None = None

    def close(self) -> None:
        self._api.close()

    def way(self, bill: Bill) -> str:
        """ "ACTION since TIME by SIGN" of a billable item, or CREDIT. Raises CallmeterError for what it cannot take."""
        client = self._api.read(ClientAnswer, "GetClientsDetails", clientid=_client_of(bill)).client
        if client.currency_code != bill.currency:
            raise CallmeterError(
                f"bill {bill.bill_id} is in {bill.currency}, but WHMCS client {bill.ucrm_client_id} pays in "
                f"{client.currency_code}: give account {bill.account_id} the client's currency, or the right client"
            )
        if client.status.lower() == "closed":
            raise CallmeterError(
                f"WHMCS client {bill.ucrm_client_id} of bill {bill.bill_id} is closed: reopen it for this bill"
            )
        if bill.amount != bill.amount.quantize(_CENT):
            raise CallmeterError(f"bill {bill.bill_id} is {bill.amount} {bill.currency}, but WHMCS keeps two decimals")
        if bill.amount > 0:
            way = f"{self._rules.invoice_action} since {self._clock().now:%Y-%m-%d %H:%M:%S} by {uuid.uuid4().hex}"
            self._untried[way] = self._monotonic()
            return way
        if self._rules.credits == "client-credit":
            return CREDIT
        raise CallmeterError(
            f"bill {bill.bill_id} is a credit of {-bill.amount} {bill.currency}, for which WHMCS has no billable item: "
            '[billing] credits = "carry" takes it off the next bill, [billing.whmcs] credits = "client-credit" adds it '
            "to the client's credit balance, which pays invoices but corrects no taxes"
        )

    def advance(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:  # noqa: ARG002
        """See the module's text. Raises Unreachable, RefusedError."""
        if state.way == CREDIT:
            return self._credited(bill, state) or self._give_credit(bill, state)
        is_sure = state.state != "sending"
        action, since = _parts_of(state.way)
        if is_sure and action == "nextcron" and not _began_since(self._clock(), since):
            return Sent(status="placed")
        lines = self._lines(bill)
        if found := standing(bill, state, lines):
            return found
        if not is_sure and self._is_untried(state):
            return self._add_item(bill, state, action)
        passed = self._has_passed(action, since, lines)
        if is_sure:
            return Sent(status="waiting", problem=_lost(bill, state)) if passed else Sent(status="placed")
        alike = line_alike(bill, since, lines)
        if passed and action == "nextcron" and not alike:
            return Sent(status="absent", problem=_never_made(bill, state))
        raise Unreachable(_unknown(bill, state, passed, alike))

    def look(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:  # noqa: ARG002
        """Where the bill stands; absent where it is on no invoice, and should be by now. Raises Unreachable while
        nobody can know."""
        if state.way == CREDIT:
            return self._credited(bill, state) or Sent(status="absent")
        lines = self._lines(bill)
        if found := standing(bill, state, lines):
            return found
        if state.state not in ("sending", "sent"):
            return Sent(status="absent", problem=_lost(bill, state) if state.state == "invoiced" else "")
        passed = self._has_passed(*_parts_of(state.way), lines)
        if state.state == "sent":
            return Sent(status="absent", problem=_lost(bill, state)) if passed else Sent(status="placed")
        if passed:
            return Sent(status="absent", problem=_never_made(bill, state))
        raise Unreachable(_unknown(bill, state, passed, None))

    def attach(self, bill: Bill, state: BillState, files: Mapping[str, bytes]) -> None:
        """Nothing: WHMCS' API takes no files of a client, and no note of which it could say whether it is there."""

    def known(self, since: date) -> dict[str, Sent]:
        """reference -> what the invoices dated since that day have of it: WHMCS takes one read an invoice.

        Not items that wait for an invoice, nor credits: WHMCS lists neither.
        """
        found: dict[str, list[Line]] = {}
        for line in self._invoice_lines(since):
            for reference in line.references:
                found.setdefault(reference, []).append(line)
        return {reference: sent_by(lines) for reference, lines in found.items()}

    # ---- what is sent

    def _is_untried(self, state: BillState) -> bool:
        """Whether this process chose the way just now, and nobody can have tried it."""
        chosen = self._untried.get(state.way)
        return chosen is not None and self._monotonic() - chosen < FIRST_TRY_SECONDS

    def _add_item(self, bill: Bill, state: BillState, action: str) -> Sent:
        chosen = self._untried.pop(state.way)
        try:
            self._api.write(
                AddedItem,
                "AddBillableItem",
                clientid=_client_of(bill),
                description=description_of(bill, state.reference),
                amount=bill.amount,
                unit="quantity",
                invoiceaction=action,
            )
        except RefusedError:
            self._untried[state.way] = chosen
            raise
        return Sent(status="placed", amount=bill.amount)

    def _credited(self, bill: Bill, state: BillState) -> Sent | None:
        """The credit in the client's log; None where it is not there."""
        log = self._api.read(CreditLog, "GetCredits", clientid=_client_of(bill))
        wanted = references_of(bill, state)
        found = [credit for credit in log.credits if references_in([credit.description]) & wanted]
        if not found:
            return None
        amount = -sum((credit.amount for credit in found), Decimal(0))
        return Sent(
            status="invoiced",
            number=f"credit {found[0].id}",
            amount=amount,
            problem=differs(bill, amount, "in the client's credit log"),
        )

    def _give_credit(self, bill: Bill, state: BillState) -> Sent:
        if state.state == "sent":
            return Sent(status="waiting", problem=_lost(bill, state, "in the client's credit log"))
        self._api.write(
            AddedCredit,
            "AddCredit",
            clientid=_client_of(bill),
            description=description_of(bill, state.reference),
            amount=-bill.amount,
        )
        return self._credited(bill, state) or Sent(status="placed")

    # ---- what is there

    def _clock(self) -> Clock:
        """WHMCS' clock, read again where it is over a minute old."""
        now = self._monotonic()
        if self._clock_read is None or now - self._clock_read[0] > _CLOCK_SECONDS:
            self._clock_read = now, self._api.read(Clock, "GetAutomationLog")
        return self._clock_read[1]

    def _has_passed(self, action: str, since: datetime | None, lines: Sequence[Line]) -> bool:
        """Whether an item made by then would be on an invoice now: the daily cron has done its work since, or, with
        nextinvoice, an invoice for services has been made."""
        clock = self._clock()
        if since is None or clock.last_cron is None:
            return False
        if not since + _MARGIN <= clock.last_cron <= clock.now - _MARGIN:
            return False
        return action == "nextcron" or any(
            line.is_of_a_service and line.invoice.date and line.invoice.date > since.date() for line in lines
        )

    def _lines(self, bill: Bill) -> list[Line]:
        """Every line of the client's invoices that the bill may be on."""
        return list(self._invoice_lines(bill.frozen_at.date() - _LOOK_BACK, userid=_client_of(bill)))

    def _invoice_lines(self, since: date, **whose: int) -> Iterator[Line]:
        for number in self._invoice_ids(since, **whose):
            invoice = self._api.read(Invoice, "GetInvoice", invoiceid=number)
            for item in invoice.items:
                yield Line(invoice, item, frozenset(references_in([item.description])))

    def _invoice_ids(self, since: date, **whose: int) -> list[int]:
        """Ids of the invoices dated since that day, oldest first. Newest first is how they are asked for."""
        found: set[int] = set()
        start = 0
        while True:
            page = self._api.read(
                InvoicePage,
                "GetInvoices",
                limitstart=start,
                limitnum=_PAGE_ROWS,
                orderby="date",
                order="desc",
                **whose,
            )
            fitting = [row.id for row in page.invoices if row.date is None or row.date >= since]
            found.update(fitting)
            start += len(page.invoices)
            if not fitting or start >= page.totalresults:
                return sorted(found)


def _client_of(bill: Bill) -> int:
    if bill.ucrm_client_id is None:
        raise CallmeterError(
            f"account {bill.account_id} has no client: put its WHMCS client's id into ucrm_client_id of accounts.csv"
        )
    return bill.ucrm_client_id


def _parts_of(way: str) -> tuple[str, datetime | None]:
    """ "nextcron since 2026-11-02 03:10:22 by …" -> the action, and the time; None where nothing was chosen yet."""
    action, _, rest = way.partition(" since ")
    since = rest.partition(" by ")[0]
    return action, datetime.fromisoformat(since) if since else None


def _began_since(clock: Clock, since: datetime | None) -> bool:
    """Whether the daily cron has begun since then."""
    return since is None or (clock.last_cron is not None and clock.last_cron >= since)


def _again(bill: Bill) -> str:
    return f"callmeter bill --again {bill.account_id} --period {bill.period}"


def _lost(bill: Bill, state: BillState, where: str = "on the client's invoices") -> str:
    return (
        f"bill {bill.bill_id} was sent to WHMCS, but {mark_of(state.reference)} is not {where}: deleted, or changed by "
        f"hand? If it is not to be paid otherwise: {_again(bill)}"
    )


def _never_made(bill: Bill, state: BillState) -> str:
    return (
        f"WHMCS did not answer when bill {bill.bill_id} was sent, its daily cron has run since, and "
        f"{mark_of(state.reference)} is on no invoice: it was not made, and can be sent anew"
    )


def _unknown(bill: Bill, state: BillState, passed: bool, alike: Line | None) -> str:
    """Why it cannot be said whether WHMCS has the bill, and what to do."""
    text = (
        f"whether WHMCS has billable item {mark_of(state.reference)} is not known: the run that sent it got no answer"
    )
    if alike:
        return (
            f"{text}, and invoice {alike.invoice.number} has a line of {alike.item.amount} that may be it. If not: "
            f"{_again(bill)}"
        )
    if passed:
        return f"{text}. Look under Billable Items of client {bill.ucrm_client_id}; if it is not there: {_again(bill)}"
    return f"{text}. It is not sent again before WHMCS' daily cron has run, and shown whether it is there"
