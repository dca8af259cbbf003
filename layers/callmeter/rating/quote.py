"""What a call would cost: the same catalogue and rules as the rater, one call at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import Catalogue, compile_catalogue
from callmeter.dialplan import dial_plan
from callmeter.errors import Missing, UsageError
from callmeter.model import Operator, Plan
from callmeter.money import plain
from callmeter.rating.engine import engine
from callmeter.rating.explain import Choice, DeckRow, Explanation, choose, explain, moment

LONGEST = 31 * 24 * 3600  # seconds; the rater takes no longer call either


@dataclass(frozen=True)
class Dialled:
    """A number as it was understood: E.164 digits, or a code that is dialled as it is."""

    digits: str
    is_code: bool = False


@dataclass(frozen=True)
class Quote:
    """A price, the deck row it comes from, and the steps that lead to it. row: None where none is needed."""

    to_number: str
    from_number: str
    direction: str
    deck: str
    row: DeckRow | None
    explanation: Explanation
    currency: str


def quote(
    to: str,
    *,
    rates: Path,
    plan: str,
    seconds: int,
    at: datetime,
    caller: str = "",
    direction: str = "outbound",
) -> Quote:
    """Price a call of `seconds` to `to` at the instant `at` (aware), from `caller` where rows depend on that.

    direction: outbound, or inbound. Raises UsageError for a plan or number that is none, Missing where the deck has no
    row, BrokenCatalogue.
    """
    with engine() as (con, work):
        catalogue = compile_catalogue(con, rates, work, plan=plan)
        return quote_one(con, catalogue, to, plan=plan, seconds=seconds, at=at, caller=caller, direction=direction)


def quote_one(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    to: str,
    *,
    plan: str,
    seconds: int,
    at: datetime,
    caller: str = "",
    direction: str = "outbound",
) -> Quote:
    """`quote` with a catalogue that is open in `con`."""
    if seconds < 0:
        raise UsageError("--seconds cannot be negative")
    if seconds > LONGEST:
        raise UsageError(f"--seconds cannot be over {LONGEST}, 31 days: such a call would be a reject")
    operator, bought = catalogue.operator, catalogue.plans[plan]
    called, from_number = _called(con, to, operator), _caller(con, caller, operator)
    when = moment(operator, at)
    choice = choose(rows_of(con, bought.deck, called, direction), when, from_number)
    priced = _priced(choice, bought, seconds, direction)
    if not priced:
        passed = "".join(f"\n  {step}" for step in choice.steps)
        raise Missing(
            f"deck {bought.deck} has no row in force for {to} at {at.isoformat()}; add its prefix to the deck{passed}"
        )
    steps = (
        f"{to} is {'the code ' if called.is_code else ''}{called.digits}",
        *([f"the caller, {caller}, is {from_number}"] if caller else []),
        when.text,
        *choice.steps,
        *priced.steps,
        *_plan_steps(choice.row, bought, priced),
    )
    explained = replace(priced, steps=steps)
    return Quote(called.digits, from_number, direction, bought.deck, choice.row, explained, bought.currency)


def rows_of(con: duckdb.DuckDBPyConnection, deck: str, called: Dialled, direction: str = "outbound") -> list[DeckRow]:
    """The rows of a deck that a number may match at some time for some caller, of the catalogue open in `con`."""
    number, code = (None, called.digits) if called.is_code else (called.digits, None)
    found = sql.rows(con, "candidates", deck=deck, direction=direction, number=number, code=code)
    return [DeckRow(**row) for row in found]


def as_json(answer: Quote) -> dict[str, object]:
    """The quote as one flat object; money as strings."""
    row, explained = answer.row, answer.explanation
    return {
        "to_number": answer.to_number,
        "from_number": answer.from_number,
        "direction": answer.direction,
        "destination": row.destination if row else "",
        "prefix": row.prefix if row else "",
        "group": row.group if row else "",
        "deck": answer.deck,
        "line": row.line if row else None,
        "band": row.band if row else "",
        "from_prefix": row.from_prefix if row else "",
        "rate": None if row is None or row.rate is None else plain(row.rate),
        "connect_fee": plain(row.connect_fee if row else Decimal(0)),
        "max_charge": None if row is None or row.max_charge is None else plain(row.max_charge),
        "billed_seconds": explained.billed_seconds,
        "charge": None if explained.charge is None else str(explained.charge),
        "currency": answer.currency,
        "status": explained.status,
        "barred": explained.barred,
        "steps": list(explained.steps),
    }


def _called(con: duckdb.DuckDBPyConnection, to: str, operator: Operator) -> Dialled:
    found = sql.rows(con, "number", to=to, **dial_plan(operator.country).parameters())[0]
    if found["number"] is None and found["code"] is None:
        raise UsageError(f'"{to}" is not a phone number; write it as +447700900123')
    return Dialled(found["number"] or found["code"], found["number"] is None)


def _caller(con: duckdb.DuckDBPyConnection, caller: str, operator: Operator) -> str:
    """The caller's E.164 digits; "" where no caller was given."""
    if not caller:
        return ""
    found = sql.rows(con, "number", to=caller, **dial_plan(operator.country).parameters())[0]
    if found["number"] is None:
        raise UsageError(f'--from "{caller}" is not a phone number; write it as +442079460001')
    return str(found["number"])


def _priced(choice: Choice, plan: Plan, seconds: int, direction: str) -> Explanation | None:
    """What the call costs; None where there is no row that it needs. Design 3.4."""
    if choice.row:
        return explain(choice.row, plan, seconds)
    if seconds == 0:
        return Explanation(0, Decimal(0), "unanswered", False, ("nothing for an unanswered call",))
    if direction == "inbound":
        step = f"deck {plan.deck} has no inbound row for it: being called costs nothing"
        return Explanation(0, Decimal(0), "rated", False, (step,))
    return None


def _plan_steps(row: DeckRow | None, plan: Plan, priced: Explanation) -> Iterator[str]:
    """What the plan has to say besides the price: blocked groups, and allowances that may cover the call."""
    if row is None or priced.status == "unanswered":
        return
    if row.group in plan.blocked_groups:
        yield f"the plan blocks calls to {row.group}: one that happened anyway is charged"
    if row.per_call or priced.status != "rated":
        return
    fee = ", the connect fee only where it covers the whole call" if row.connect_fee else ""
    for one in plan.allowances:
        if row.group in one.groups:
            yield f"allowance '{one.name}' may cover it{fee}: {one.minutes} minutes a period"
