"""What a call would cost: the same catalogue and rules as the rater, one call at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.dialplan import dial_plan
from callmeter.errors import Missing, UsageError
from callmeter.money import plain
from callmeter.rating.engine import engine
from callmeter.rating.explain import DeckRow, Explanation, explain


@dataclass(frozen=True)
class Quote:
    """A price, the deck row it comes from, and the steps that lead to it."""

    to_number: str
    row: DeckRow
    explanation: Explanation
    currency: str


def quote(to: str, *, rates: Path, plan: str, seconds: int, at: datetime) -> Quote:
    """Price a call of `seconds` to `to` at the instant `at` (aware).

    Raises UsageError for a plan or number that is none, Missing where the deck has no row, BrokenCatalogue.
    """
    if seconds < 0:
        raise UsageError("--seconds cannot be negative")
    with engine() as (con, work):
        catalogue = compile_catalogue(con, rates, work, plan=plan)
        bought = catalogue.plans[plan]
        number = sql.rows(con, "number", to=to, **dial_plan(catalogue.operator.country).parameters())[0]
        if number["number"] is None and number["code"] is None:
            raise UsageError(f'"{to}" is not a phone number; write it as +447700900123')
        found = sql.rows(con, "candidates", deck=bought.deck, instant=at.astimezone(UTC).replace(tzinfo=None), **number)
    if not found:
        raise Missing(
            f"deck {bought.deck} has no row in force for {to} at {at.isoformat()}; add its prefix to the deck"
        )
    row = DeckRow(**found[0])
    explained = explain(row, bought, seconds)
    covering = [
        f"allowance {one.name!r} may cover it: {one.minutes} minutes a period"
        for one in bought.allowances
        if row.group in one.groups and not row.per_call
    ]
    dialled = number["number"] or number["code"]
    steps = (f"{to} is {dialled}", *explained.steps, *covering)
    explained = Explanation(explained.billed_seconds, explained.charge, explained.status, explained.barred, steps)
    return Quote(dialled, row, explained, bought.currency)


def as_json(answer: Quote) -> dict[str, object]:
    """The quote as one flat object; money as strings."""
    row, explained = answer.row, answer.explanation
    return {
        "to_number": answer.to_number,
        "destination": row.destination,
        "prefix": row.prefix,
        "group": row.group,
        "rate": None if row.rate is None else plain(row.rate),
        "connect_fee": plain(row.connect_fee),
        "billed_seconds": explained.billed_seconds,
        "charge": None if explained.charge is None else str(explained.charge),
        "currency": answer.currency,
        "status": explained.status,
        "barred": explained.barred,
        "steps": list(explained.steps),
    }
