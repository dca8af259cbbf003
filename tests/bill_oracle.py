"""What accounts must have paid, in plain Python: what bills are compared with. Shares no code with the product.

    charges = charges_of(outcome)                          what reference.rate says the calls cost now
    oracle = Oracle(look_back=3)
    due = oracle.freeze("C1001", "2026-10", charges)       a bill is made: what it must charge, without what was carried
    bill_problems(bills, oracle.owed())                    all bills together, to the last digit
    crm_problems(bills, held)                              every bill once in the CRM
    final_problems(bills, charges)                         where no change came after its look-back: the calls' sum

A history calls `freeze` for every bill that the product makes, with the charges of that moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

import reference

Charges = Mapping[tuple[str, str], Decimal]  # (account, period) -> what its calls cost
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}
ZERO = Decimal(0)


class Line(Protocol):
    @property
    def amount(self) -> Decimal: ...


class Bill(Protocol):
    """What the oracle reads of the product's bills."""

    @property
    def bill_id(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def due(self) -> Decimal: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def carried(self) -> Decimal: ...
    @property
    def carried_in(self) -> Decimal: ...
    @property
    def lines(self) -> Sequence[Line]: ...


def charges_of(outcome: reference.Outcome) -> dict[tuple[str, str], Decimal]:
    """(account, period) -> what its calls cost, allowances taken off; late calls nothing yet."""
    return {place: total.charge for place, total in reference.totals(outcome).items()}


class Oracle:
    """Remembers, per account and period, what was charged for the calls of that period, whichever bill it was on."""

    def __init__(self, look_back: int) -> None:
        self.look_back = look_back
        self.charged: dict[tuple[str, str], Decimal] = {}

    def freeze(self, account_id: str, period: str, charges: Charges) -> Decimal:
        """What the account's bill of that period must charge: for each period it looks at, what the calls cost now
        less what was charged before."""
        due = ZERO
        for back in range(self.look_back + 1):
            place = account_id, months_before(period, back)
            now = charges.get(place, ZERO)
            due += now - self.charged.get(place, ZERO)
            self.charged[place] = now
        return due

    def owed(self) -> dict[str, Decimal]:
        """account -> all that its bills must come to."""
        return _by_account(self.charged)


def months_before(period: str, months: int) -> str:
    """The label that many months earlier."""
    year, month = map(int, period.split("-"))
    count = year * 12 + month - 1 - months
    return f"{count // 12:04}-{count % 12 + 1:02}"


def bill_problems(bills: Iterable[Bill], owed: Mapping[str, Decimal]) -> list[str]:
    """What is wrong with all the bills there are: each by itself, from one to the next, and their sum."""
    found: list[str] = []
    chains: dict[str, list[Bill]] = defaultdict(list)
    for bill in sorted(bills, key=lambda bill: (bill.account_id, bill.period)):
        found += _odd(bill)
        chains[bill.account_id].append(bill)
    for account_id in sorted(chains.keys() | owed.keys()):
        chain = chains.get(account_id, [])
        found += _broken(chain)
        paid = sum((bill.amount for bill in chain), ZERO) + (chain[-1].carried if chain else ZERO)
        if paid != owed.get(account_id, ZERO):
            found.append(f"{account_id}: bills and what is carried come to {paid}, not {owed.get(account_id, ZERO)}")
    return found


def final_problems(bills: Sequence[Bill], charges: Charges) -> list[str]:
    """`bill_problems` against what the final calls cost, of every period up to the account's last bill.

    Holds where each change came while bills still looked at its period.
    """
    last = {bill.account_id: bill.period for bill in sorted(bills, key=lambda bill: bill.period)}
    billed = {place: charge for place, charge in charges.items() if place[1] <= last.get(place[0], "")}
    return bill_problems(bills, _by_account(billed))


def crm_problems(bills: Iterable[Bill], held: Mapping[str, Sequence[Decimal]]) -> list[str]:
    """What is wrong with what the CRM holds. held: reference -> the untaxed amount of every place it stands at,
    void ones left out; a bill sent anew is found under BILL~2."""
    found: list[str] = []
    places: dict[str, list[Decimal]] = defaultdict(list)
    for sent, amounts in held.items():
        places[sent.partition("~")[0]] += amounts
    for bill in bills:
        amounts = places.pop(bill.bill_id, [])
        wanted = [bill.amount] if bill.amount else []
        if amounts != wanted:
            found.append(f"{bill.bill_id}: the CRM holds {_list(amounts)}, not {_list(wanted)}")
    return found + [f"{unknown}: the CRM holds it, and no such bill was made" for unknown in sorted(places)]


def _odd(bill: Bill) -> list[str]:
    """What does not add up in one bill. Without a minimum, and credits carried or noted, rounding leaves under half a
    minor unit; where nothing is invoiced, all of it is left."""
    unit = Decimal(1).scaleb(-MINOR_DIGITS.get(bill.currency, 2))
    checks = {
        f"{bill.amount} and {bill.carried} carried are not the {bill.due} due": bill.amount + bill.carried == bill.due,
        f"{bill.amount} is not in whole minor units": bill.amount == bill.amount.quantize(unit),
        f"{bill.amount} is not {bill.due} rounded": bill.amount in (ZERO, bill.due.quantize(unit, ROUND_HALF_UP)),
        f"its lines do not come to {bill.amount}": sum((line.amount for line in bill.lines), ZERO) == bill.amount,
    }
    return [f"{bill.bill_id}: {wrong}" for wrong, holds in checks.items() if not holds]


def _broken(chain: Sequence[Bill]) -> list[str]:
    """What is wrong from one bill of an account to the next."""
    found = []
    carried = ZERO
    for number, bill in enumerate(chain):
        if bill.carried_in != carried:
            found.append(f"{bill.bill_id}: carries {bill.carried_in} in, and the bill before left {carried}")
        if number and (bill.period, bill.currency) in {(one.period, one.currency) for one in chain[:number]}:
            found.append(f"{bill.bill_id}: a second bill of {bill.period}")
        if bill.currency != chain[0].currency:
            found.append(f"{bill.bill_id}: in {bill.currency}, the bills before in {chain[0].currency}")
        carried = bill.carried
    return found


def _by_account(amounts: Charges) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for (account_id, _), amount in amounts.items():
        found[account_id] += amount
    return dict(found)


def _list(amounts: Sequence[Decimal]) -> str:
    return " and ".join(map(str, amounts)) or "nothing"
