"""Bills -> plain files in the bucket, for a CRM that reads them itself. Taxes are the CRM's work: amounts are without.

outbox/period=P/ACCOUNT.csv    the bill's lines, BILL_COLUMNS
outbox/period=P/ACCOUNT.json   the whole bill; written last: once it is there, the bill is out

Sent anew, a bill goes to ACCOUNT+2.json and so on. Nothing is written over. Read the files and leave them: one that
is changed or gone is told.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, unquote

from callmeter.bills.words import cell
from callmeter.errors import CallmeterError, Missing
from callmeter.model import Bill, BillState, Sent
from callmeter.money import plain
from callmeter.ports import Store

BILL_COLUMNS = ("bill_id", "account_id", "account_name", "period", "label", "amount", "currency")
OUTBOX = "outbox/"
_LOOK_BACK = timedelta(days=62)  # how much earlier than its freeze a bill's period may begin
_NOT_OUT = {"catalogue", "ledgers"}  # of a bill, what means something in callmeter's bucket only


class FilesInvoicing:
    """ports.Invoicing over a store: a bill is invoiced as soon as its files are there, its number is its reference."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def way(self, bill: Bill) -> str:  # noqa: ARG002 -- files take every bill
        return "files"

    def advance(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:
        """Write what is missing of the bill's files. Raises Unreachable, CallmeterError where it goes elsewhere."""
        if state.way != "files":
            raise CallmeterError(f'bill {bill.bill_id} was begun the way "{state.way}", not into files: send it anew')
        found = self.look(bill, state, others)
        if found.status != "absent":
            return found
        self._store.put_if_absent(_key(bill, state.attempt, "csv"), bills_csv([bill]))
        body = json.dumps(_facts(bill, state.reference), indent=2, ensure_ascii=False) + "\n"
        self._store.put_if_absent(_key(bill, state.attempt, "json"), body.encode())
        return self.look(bill, state, others)

    def look(self, bill: Bill, state: BillState, others: Sequence[BillState]) -> Sent:  # noqa: ARG002
        """The newest attempt whose file is there."""
        for attempt in range(state.attempt, 0, -1):
            reference = state.model_copy(update={"attempt": attempt}).reference
            try:
                written = self._store.get(_key(bill, attempt, "json"))
            except Missing:
                continue
            sent = _sent(reference, written)
            place = _key(bill, attempt, "json")
            if not sent.problem and _is_changed(written, bill, reference):
                return sent.model_copy(update={"problem": f"{place} is not as callmeter wrote it: changed by hand"})
            return sent
        return Sent(status="absent")

    def attach(self, bill: Bill, state: BillState, files: Mapping[str, bytes]) -> None:
        """Nothing: the statement is in the bucket already, under statements/."""

    def known(self, since: date) -> dict[str, Sent]:
        """reference -> what its file says, of the periods that may have been frozen since that day."""
        first = f"{since - _LOOK_BACK:%Y-%m}"
        keys = [key for key in self._store.keys(OUTBOX) if key.endswith(".json") and _period_of(key) >= first]
        found: dict[str, Sent] = {}
        with TemporaryDirectory() as folder:
            for path in self._store.download(keys, Path(folder)):
                reference = _reference_of(keys[int(path.name.partition("-")[0])])
                found[reference] = _sent(reference, path.read_bytes())
        return found


def bills_csv(bills: Iterable[Bill]) -> bytes:
    """BILL_COLUMNS of every line of these bills, as CSV (UTF-8, CRLF). No text is a spreadsheet's formula."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(BILL_COLUMNS)
    for bill in bills:
        facts = (cell(bill.bill_id), cell(bill.account_id), cell(bill.account_name), bill.period)
        rows.writerows((*facts, cell(line.label), plain(line.amount), bill.currency) for line in bill.lines)
    return out.getvalue().encode()


def _facts(bill: Bill, reference: str) -> dict[str, Any]:
    """The bill as others read it: its reference, and what model.Bill says; money as text, exactly."""
    return {"reference": reference, **bill.model_dump(mode="json", exclude=_NOT_OUT)}


def _is_changed(written: bytes, bill: Bill, reference: str) -> bool:
    """Whether the file says anything else than the bill. A bill may say more by now than one of an older release."""
    facts = _facts(bill, reference)
    return any(facts[name] != value for name, value in json.loads(written).items() if name in facts)


def _sent(reference: str, written: bytes) -> Sent:
    """What a bill's JSON file says of it."""
    try:
        amount = Decimal(json.loads(written)["amount"])
    except (ValueError, ArithmeticError, KeyError, TypeError):
        return Sent(
            status="invoiced", number=reference, problem=f"the file of bill {reference} cannot be read any more"
        )
    return Sent(status="invoiced", number=reference, amount=amount)


def _key(bill: Bill, attempt: int, kind: str) -> str:
    again = "" if attempt == 1 else f"+{attempt}"  # a plus that is part of an account's id is %2B
    return f"{OUTBOX}period={bill.period}/{quote(bill.account_id, safe='')}{again}.{kind}"


def _period_of(key: str) -> str:
    return key.removeprefix(f"{OUTBOX}period=").partition("/")[0]


def _reference_of(key: str) -> str:
    name, _, attempt = key.rpartition("/")[2].removesuffix(".json").partition("+")
    bill_id = f"{unquote(name)}-{_period_of(key)}"
    return f"{bill_id}~{attempt}" if attempt else bill_id
