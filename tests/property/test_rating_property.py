"""Random catalogues and calls: the product against the plain-Python reference, and against itself in other orders.

CALLMETER_LONG=1 runs many times as many.
"""

import csv
import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

import reference
from callmeter import sql
from callmeter.model import Plan
from callmeter.rating.engine import engine
from callmeter.rating.explain import DeckRow, explain
from callmeter.rating.rate import rate_files
from callmeter.rating.stages import Intake
from rating_kit import Answer, rate_in
from strategies import CALLS, SEEDS, Case, write_case

LONG = bool(os.environ.get("CALLMETER_LONG"))
CATALOGUES = 500 if LONG else 15
ORDERS = range(60 if LONG else 2)
ROWS = 200_000 if LONG else 5_000


@settings(
    max_examples=CATALOGUES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(SEEDS, CALLS)
def test_every_call_of_any_catalogue_is_rated_as_the_reference_does(seed: int, calls: int) -> None:
    with TemporaryDirectory() as folder:
        case = write_case(Path(folder), seed, calls)
        answer = rate_case(case)
        expected = reference.rate(
            [case.calls], reference.read_catalogue(case.rates, case.accounts), timezone=case.timezone
        )
    assert answer.summary.reject_reasons == expected.reject_reasons
    assert {row["line"]: row["reason"] for row in answer.rejects} == {
        str(reject.line): reject.reason for reject in expected.rejects
    }
    assert answer.summary.duplicates == expected.duplicates
    assert {row["line"]: facts(row) for row in answer.rows} == {
        str(one.call.line): reference_facts(one) for one in expected.rated
    }
    assert totals(answer) == {key: total.charge for key, total in reference.totals(expected).items()}
    assert answer.summary.below_cost == expected.below_cost


@pytest.mark.parametrize("seed", ORDERS)
@pytest.mark.parametrize("rearranged", ["split", "repeated", "shuffled", "shuffled and split"])
def test_no_order_of_lines_and_files_changes_a_total(tmp_path: Path, seed: int, rearranged: str) -> None:
    case = write_case(tmp_path, seed, 120)
    header, *lines = case.calls.read_text(encoding="utf-8").splitlines()
    lines = one_line_an_id(lines) if "shuffled" in rearranged else lines
    random = Random(seed)  # noqa: S311 - test data
    ways: dict[str, Callable[[], list[list[str]]]] = {
        "split": lambda: [lines[:50], lines[50:]],
        "repeated": lambda: [lines, lines[20:70], lines],
        "shuffled": lambda: [random.sample(lines, len(lines))],
        "shuffled and split": lambda: cut(random.sample(lines, len(lines)), 31),
    }
    whole = rate_texts(case, [lines], header)
    parts = rate_texts(case, ways[rearranged](), header)
    assert totals(parts) == totals(whole)
    assert parts.summary.charge == whole.summary.charge
    assert parts.summary.below_cost == whole.summary.below_cost
    assert bought(parts) == bought(whole)
    assert sorted(parts.ids) == sorted(whole.ids)
    assert set(parts.reasons) == set(whole.reasons)


def test_sql_and_fractions_agree_on_any_rate_plan_and_duration() -> None:
    """The rater's two macros against explain.py, and where a price is capped, the reference; one query for all."""
    random = Random(20261005)  # noqa: S311 - test data
    asked = [random_call(random) for _ in range(ROWS)]
    columns = ("n", "rate", "fee", "cap", "first_one", "next_one", "seconds", "step", "rounding")
    caps = [random.choice((None, None, Decimal(random.randrange(10**12)).scaleb(-9))) for _ in asked]
    values = [
        (
            n, int(row.rate.scaleb(9)) if row.rate is not None else 0, int(row.connect_fee.scaleb(9)),
            "" if caps[n] is None else int((caps[n] or Decimal(0)).scaleb(9)),
            *increments(row, plan), seconds, 10 ** (9 - plan.charge_decimals), plan.rounding,
        )
        for n, (row, plan, seconds) in enumerate(asked)
    ]  # fmt: skip
    with engine() as (con, work):
        path = work / "asked.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((columns, *values))
        con.execute("create table asked as from read_csv($path)", {"path": str(path)})
        sql.need(con, "billed", "charge_nanos", "rounding_of")
        con.execute("create table read as select *, billed(seconds, first_one, next_one) as billed_seconds from asked")
        priced = con.execute(
            "select billed_seconds,"
            " charge_nanos(rate, fee, billed_seconds, cap, step, rounding_of(rounding, step))::bigint"
            " from read order by n"
        ).fetchall()
    for (row, plan, seconds), cap, (billed, nanos) in zip(asked, caps, priced, strict=True):
        explained = explain(row, plan, seconds)
        charge = explained.charge if cap is None else capped(row, plan, billed, cap)
        assert (explained.billed_seconds, charge) == (billed, Decimal(nanos).scaleb(-9)), (row, plan, seconds, cap)


def capped(row: DeckRow, plan: Plan, billed: int, cap: Decimal) -> Decimal:
    exact = Fraction(row.connect_fee) + Fraction(row.rate or 0) * billed / 60
    return reference.rounded(min(exact, Fraction(cap)), plan.charge_decimals, plan.rounding)


# ---- cases


def rate_case(case: Case) -> Answer:
    out, rejects = case.calls.with_name("out.csv"), case.calls.with_name("rejects.csv")
    summary = rate_files(
        [case.calls],
        rates=case.rates,
        accounts=case.accounts,
        out=out,
        rejects=rejects,
        intake=Intake(timezone=case.timezone),
    )
    assert summary.rows_in == summary.rated + summary.duplicates + summary.rejected
    return Answer(summary, table(out), table(rejects))


def rate_texts(case: Case, files: Iterable[list[str]], header: str) -> Answer:
    """Rate files made of these lines, one after the other."""
    (case.rates / "accounts.csv").write_bytes(case.accounts.read_bytes())
    texts = ["\n".join((header, *lines)) + "\n" for lines in files]
    return rate_in(case.calls.parent, case.rates, *texts, intake=Intake(timezone=case.timezone))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one_line_an_id(lines: list[str]) -> list[str]:
    """Without lines that give an id other facts than an earlier line: which of them counts is a matter of order."""
    first: dict[str, str] = {}
    return [line for line in lines if first.setdefault(line.split(",")[0] or line, line) == line]


def cut(lines: list[str], size: int) -> list[list[str]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def totals(answer: Answer) -> dict[tuple[str, str], Decimal]:
    """(account, period) -> the charge of all its calls."""
    found: dict[tuple[str, str], Decimal] = {}
    for row in answer.rows:
        key = row["account_id"], row["period"]
        found[key] = found.get(key, Decimal(0)) + Decimal(row["charge"] or 0)
    return found


def bought(answer: Answer) -> dict[str, Decimal]:
    """Carrier -> what it charges for all calls."""
    found: dict[str, Decimal] = {}
    for row in answer.rows:
        found[row["carrier"]] = found.get(row["carrier"], Decimal(0)) + Decimal(row["buy_charge"] or 0)
    return found


ALWAYS = ("account_id", "direction", "from_number", "to_number", "currency", "period", "status", "carrier")
ANSWERED = ("prefix", "destination", "group")


def facts(row: dict[str, str]) -> dict[str, object]:
    """What the reference has an opinion on, of a row of the product."""
    return {
        **{name: row[name] for name in ALWAYS},
        "started_at": row["started_at"],
        "duration_seconds": int(row["duration_seconds"]),
        "barred": row["barred"] == "true",
        "charge": Decimal(row["charge"]) if row["charge"] else None,
        "buy_charge": Decimal(row["buy_charge"]) if row["buy_charge"] else None,
        "free_seconds": int(row["free_seconds"] or 0),
        **({name: row[name] for name in ANSWERED} | prices(row) if row["status"] != "unanswered" else {}),
        **({"billed_seconds": int(row["billed_seconds"])} if row["status"] == "rated" else {}),
    }


def prices(row: dict[str, str]) -> dict[str, object]:
    return {"rate": Decimal(row["rate"]) if row["rate"] else None, "connect_fee": Decimal(row["connect_fee"])}


def reference_facts(one: reference.Rated) -> dict[str, object]:
    call = one.call
    return {
        "account_id": call.account.account_id,
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "currency": call.account.currency,
        "period": one.period,
        "status": one.status,
        "carrier": call.carrier,
        "started_at": f"{call.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "duration_seconds": call.duration_seconds,
        "barred": one.barred,
        "charge": one.charge,
        "buy_charge": one.buy_charge,
        "free_seconds": one.free_seconds,
        **(reference_prices(one) if one.status != "unanswered" else {}),
        **({"billed_seconds": one.billed_seconds} if one.status == "rated" else {}),
    }


def reference_prices(one: reference.Rated) -> dict[str, object]:
    row = one.row
    return {
        "prefix": one.prefix,
        "destination": one.destination,
        "group": one.group,
        "rate": row.rate if row else None,
        "connect_fee": row.connect_fee if row else Decimal(0),
    }


def random_call(random: Random) -> tuple[DeckRow, Plan, int]:
    decimals = random.choice((0, 1, 2, 4, 6, 8, 9))
    rate, fee = (Decimal(random.randrange(10 ** (decimals + 3))).scaleb(-decimals) for _ in range(2))
    row = DeckRow(
        prefix="44", destination="", group="", rate=rate, connect_fee=random.choice((Decimal(0), fee)),
        first_increment=random.choice((0, 1, 6, 30, 60, 86400)), increment=random.choice((1, 6, 7, 60, 86400)),
        per_call=False, allowed=True, late=False,
    )  # fmt: skip
    plan = Plan(
        plan="p", deck="d", currency="GBP", billing=random.choice(("deck", "per-minute", "per-second")),
        charge_decimals=random.randrange(7), rounding=random.choice(("half-up", "up", "down")),
    )  # fmt: skip
    return row, plan, random.choice((1, 59, 60, 61, 2678400, random.randrange(1, 7200)))


def increments(row: DeckRow, plan: Plan) -> tuple[int, int]:
    own = {"per-minute": (60, 60), "per-second": (1, 1)}
    return own.get(plan.billing, (row.first_increment, row.increment))
