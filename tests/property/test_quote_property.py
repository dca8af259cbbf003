"""`callmeter quote` and `callmeter rate` are two implementations of one price: they agree, whatever the rates.

CALLMETER_LONG=1 tries many times as many.
"""

import csv
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings

from callmeter.catalogue.compile import compile_catalogue
from callmeter.errors import Missing
from callmeter.rating.engine import engine
from callmeter.rating.quote import as_json, quote_one
from callmeter.rating.rate import rate_files
from callmeter.rating.stages import Intake
from rating_kit import HEADER, rate_in, write_rates
from strategies import SEEDS, write_case

LONG = os.environ.get("CALLMETER_LONG") == "1"
SETTINGS = settings(
    max_examples=300 if LONG else 6,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@SETTINGS
@given(SEEDS)
def test_a_quote_of_any_rated_call_is_what_it_was_rated_at(seed: int) -> None:
    with TemporaryDirectory() as folder:
        case = write_case(Path(folder), seed, 60)
        out = Path(folder) / "out.csv"
        rate_files(
            [case.calls], rates=case.rates, accounts=case.accounts, out=out, intake=Intake(timezone=case.timezone)
        )
        with out.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["direction"] != "internal"]
        with engine() as (con, work):
            catalogue = compile_catalogue(con, case.rates, work, accounts=case.accounts)
            for row in rows:
                quoted = as_json(
                    quote_one(
                        con,
                        catalogue,
                        dialled(row["to_number"]),
                        plan=catalogue.accounts[row["account_id"]].plan,
                        seconds=0 if row["status"] == "unanswered" else int(row["duration_seconds"]),
                        at=datetime.fromisoformat(row["started_at"]),
                        caller=dialled(row["from_number"]) if is_number(row["from_number"]) else "",
                        direction=row["direction"],
                    )
                )
                assert facts(quoted) == rated_facts(row)
                if row["free_seconds"] in ("", "0"):
                    assert amount(quoted["charge"]) == amount(row["charge"])


@SETTINGS
@given(SEEDS)
def test_a_quote_chooses_the_row_that_rating_does_or_none_like_it(seed: int) -> None:
    """Rows of bands, callers and dates in every mixture; a call that is rejected has no quote."""
    random = Random(seed)  # noqa: S311 - test data
    zone = random.choice(("Europe/London", "America/New_York", "Australia/Lord_Howe"))
    calls = {f"c{n}": call(random, ZoneInfo(zone)) for n in range(60)}
    with TemporaryDirectory() as folder:
        rates = write_rates(
            Path(folder),
            operator=operator(random, zone),
            deck="\n".join((DECK_HEADER, *deck(random))),
            plans=plans(random),
        )
        text = "\n".join((HEADER, *(",".join((call_id, *cells)) for call_id, cells in calls.items())))
        answer = rate_in(Path(folder), rates, text, intake=Intake(plan="basic"))
        rated = {row["call_id"]: row for row in answer.rows}
        assert set(answer.reasons) <= {"no-rate"}
        with engine() as (con, work):
            catalogue = compile_catalogue(con, rates, work, plan="basic")
            for call_id, (caller, to, start, seconds) in calls.items():
                try:
                    quoted = as_json(
                        quote_one(
                            con,
                            catalogue,
                            to,
                            plan="basic",
                            seconds=int(seconds),
                            at=datetime.fromisoformat(start),
                            caller=caller if is_number(caller.removeprefix("+")) else "",
                        )
                    )
                except Missing:
                    assert call_id not in rated
                    continue
                row = rated[call_id]
                assert facts(quoted) == rated_facts(row)
                assert amount(quoted["charge"]) == amount(row["charge"])


# ---- rates with bands, callers and dates

DECK_HEADER = (
    "prefix,destination,rate,connect_fee,first_increment,increment,late,"
    "effective_from,effective_to,band,max_charge,from_prefix"
)
PREFIXES = ("44", "447", "4477", "1", "12", "125")


def operator(random: Random, zone: str) -> str:
    """Two bands that share no minute."""
    days = random.choice(('["mon-fri"]', '["mon-fri", "holiday"]', '["sat-sun", "holiday"]', '["mon-sun"]'))
    first, last = random.choice((("08:00", "19:00"), ("00:00", "07:30"), ("22:30", "01:15")))
    return (
        f'country = "GB"\ntimezone = "{zone}"\ncurrency = "GBP"\nholidays = ["10-05", "2026-10-26", "2025-10-27"]\n'
        f'[bands.peak]\ndays = {days}\nhours = ["{first}-{last}"]\n'
        f'[bands.off]\ndays = {days}\nhours = ["{last}-{first if first != "00:00" else "24:00"}"]\n'
    )


def plans(random: Random) -> str:
    return (
        '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n'
        f'billing = "{random.choice(("deck", "deck", "per-minute"))}"\ncharge_decimals = {random.randrange(7)}\n'
        f'rounding = "{random.choice(("half-up", "up", "down"))}"\n'
    )


def deck(random: Random) -> Iterator[str]:
    for n, (prefix, band, caller) in enumerate(product(PREFIXES, ("", "peak", "off"), ("", "442", "4420", "1"))):
        if random.random() < 0.35:
            spans = [(",",), ("2026-10-05,2026-10-26",), (",2026-10-25", "2026-10-26,"), ("2026-10-25,",)]
            for dates in random.choice(spans):
                rate = f"{n}.{random.randrange(10**4):04}"
                late = random.choice(("",) * 9 + ("yes",))
                increments = random.choice((",", "60,60", "30,6", "0,7"))
                cap = random.choice(("", "", "0", f"{n}.5"))
                fee = random.choice(("", "0.011"))
                yield f"{prefix},Row {n},{rate},{fee},{increments},{late},{dates},{band},{cap},{caller}"


def call(random: Random, zone: ZoneInfo) -> tuple[str, str, str, str]:
    """Caller, called, start and seconds; starts crowd around the borders of bands and days."""
    day = datetime(2026, 10, random.choice((4, 5, 24, 25, 26, 27)), tzinfo=zone)
    border = random.choice(("00:00", "01:15", "07:30", "08:00", "19:00", "22:30"))
    hours, minutes = map(int, border.split(":"))
    start = day.replace(hour=hours, minute=minutes, fold=random.choice((0, 1))).astimezone(UTC)
    start += timedelta(seconds=random.choice((-1, 0, 0, 59)))
    caller = random.choice(("+442079460001", "+442179460001", "+12025550100", "+33123456789", "reception"))
    to = f"+{random.choice(PREFIXES)}{random.randrange(10**8):08}"
    return caller, to, f"{start:%Y-%m-%dT%H:%M:%SZ}", str(random.choice((0, 1, 59, 60, 61, 4000)))


# ---- both answers, alike

TEXTS = ("prefix", "destination", "group", "status")


def is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9][0-9]{6,14}", text))


def dialled(number: str) -> str:
    return f"+{number}" if is_number(number) else number


def amount(text: object) -> Decimal | None:
    return Decimal(str(text)) if text not in (None, "") else None


def facts(quoted: dict[str, object]) -> dict[str, object]:
    found = {name: quoted[name] for name in TEXTS} | {"barred": quoted["barred"]}
    found |= {name: amount(quoted[name]) for name in ("rate", "connect_fee")}
    return found | {"billed_seconds": quoted["billed_seconds"]}


def rated_facts(row: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = {name: row[name] for name in TEXTS}
    found |= {"barred": row["barred"] == "true"} | {name: amount(row[name]) for name in ("rate", "connect_fee")}
    return found | {"billed_seconds": int(row["billed_seconds"]) if row["billed_seconds"] else None}
