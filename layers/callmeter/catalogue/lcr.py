"""Least cost: what each carrier asks for one call, the cheapest first, by the rules that calls are rated by."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from callmeter import sql
from callmeter.catalogue.compile import compile_catalogue
from callmeter.dialplan import dial_plan
from callmeter.errors import Missing, UsageError
from callmeter.money import plain
from callmeter.rating.engine import engine

LONGEST_SECONDS = 31 * 86_400


@dataclass(frozen=True)
class Offer:
    """A carrier's price for a call. reason: why it cannot be used, else empty; what is not known then is None.

    price: of the whole call in the carrier's currency; converted: in the operator's. per: "minute" or "call".
    """

    carrier: str
    reason: str
    deck: str
    currency: str
    prefix: str | None = None
    destination: str | None = None
    band: str | None = None
    line: int | None = None
    per: str | None = None
    rate: Decimal | None = None
    connect_fee: Decimal | None = None
    max_charge: Decimal | None = None
    first_increment: int | None = None
    increment: int | None = None
    price: Decimal | None = None
    converted: Decimal | None = None


@dataclass(frozen=True)
class LeastCost:
    """Carriers for a call: those that can be used by price, then the others by name."""

    to_number: str
    at: datetime
    seconds: int
    currency: str
    offers: tuple[Offer, ...]


def least_cost(to: str, *, rates: Path, at: datetime, seconds: int = 60, caller: str = "") -> LeastCost:
    """What each carrier of `rates` asks for a call of `seconds` to `to` that starts at the instant `at` (aware).

    caller: the calling number, for rows that hold for some callers only. Raises UsageError for what is no number,
    Missing where there are no carriers, BrokenCatalogue.
    """
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise UsageError(f"--seconds is a number from 1 to {LONGEST_SECONDS}")
    with engine() as (con, work):
        operator = compile_catalogue(con, rates, work, accountless=True).operator
        if not len(con.table("carriers")):
            raise Missing(
                f"there are no carriers; write {rates / 'carriers.toml'} with [carriers.NAME] and a deck each"
            )
        number = _number(con, to, operator.country)
        from_number = _number(con, caller, operator.country)["number"] if caller else None
        values = {"instant": at.astimezone(UTC).replace(tzinfo=None), "timezone": operator.timezone}
        sql.run(con, "catalogue/lcr_held_rows", caller=from_number, **values)
        offers = sql.rows(
            con, "catalogue/lcr_offers", seconds=seconds, currency=operator.currency, **number, **values
        )  # fmt: skip
    return LeastCost(
        number["number"] or number["code"] or "",
        at,
        seconds,
        operator.currency,
        tuple(Offer(**{**offer, "reason": offer["reason"] or ""}) for offer in offers),
    )


def as_json(answer: LeastCost) -> dict[str, Any]:
    """The answer for scripts; money as strings, what is not known as null."""

    def shown(value: object) -> object:
        return plain(value) if isinstance(value, Decimal) else value

    return {
        "to_number": answer.to_number,
        "at": answer.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": answer.seconds,
        "currency": answer.currency,
        "carriers": [{name: shown(value) for name, value in vars(offer).items()} for offer in answer.offers],
    }


def _number(con: duckdb.DuckDBPyConnection, dialled: str, country: str) -> dict[str, str | None]:
    """E.164 digits (`number`), or the short `code` that was dialled. Raises UsageError."""
    found: dict[str, str | None] = sql.rows(con, "number", to=dialled, **dial_plan(country).parameters())[0]
    if found["number"] is None and found["code"] is None:
        raise UsageError(f'"{dialled}" is not a phone number; write it as +447700900123')
    return found
