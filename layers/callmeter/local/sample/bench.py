"""The benchmark's files: a deck of many nested prefixes and a large generic CSV of calls to them.

DuckDB writes the calls, so that a million lines take a second or two. One seed, one pair of files.
"""

from pathlib import Path
from random import Random

import duckdb
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

ACCOUNTS = 20_000
_OPERATOR = """\
country = "GB"
timezone = "Europe/London"
currency = "GBP"
name = "Benchmark Telecom"
"""
_PLANS = """\
[plans.bench]
name = "Benchmark"
deck = "bench"
currency = "GBP"
billing = "deck"

[[plans.bench.allowances]]
name = "100 minutes UK"
groups = ["uk-landline"]
minutes = 100
"""
_GROUPS = ("international", "uk-landline", "uk-mobile", "premium")
_INCREMENTS = ("60", "60/1", "1", "30/6", "6")

# A call's line from its number i. hash() with a seed stands in for chance: it is the same on every run.
_CALLS = """
copy (
    with drawn as (
        select
            i,
            prefixes[(hash(i, 'prefix', $seed) % len(prefixes))::integer + 1] as prefix,
            hash(i, 'rest', $seed) % 10000000000 as rest,
            hash(i, 'account', $seed) % $accounts as account,
            hash(i, 'start', $seed) % (31 * 86400) as second,
            (hash(i, 'duration', $seed) % 1000000 + 1) / 1000000.0 as chance,
        from range($calls) as numbers(i), (select list(prefix order by prefix) as prefixes from prefixes)
    )

    select
        'b' || i as call_id,
        '+4420' || (70000000 + account) as "from",
        '+' || rpad(prefix || rest, 12, '7')[1:12] as "to",
        strftime(timestamp '2026-10-01' + to_seconds(second), '%Y-%m-%dT%H:%M:%SZ') as start,
        if(chance > 0.85, 0, (-120 * ln(chance / 0.85))::integer + 1) as duration,
    from drawn
    order by i
) to '{path}' (format csv, header true)
"""


def write_bench(
    calls_path: Path, rates_dir: Path, *, calls: int, prefixes: int, seed: int, accounts: int = ACCOUNTS
) -> None:
    """Write `calls` calls to `calls_path` and, below `rates_dir`, a catalogue whose deck has `prefixes` rows.

    The catalogue has operator.toml, plans.toml, destinations.csv, decks/bench.csv and accounts.csv (accounts of one
    number each). Every call's number has a rate, so nothing is rejected. Of one seed, fewer prefixes are some of more.
    """
    drawn = _prefixes(prefixes, Random(seed))  # noqa: S311 - benchmark data
    _write_rates(rates_dir, drawn, accounts)
    with duckdb.connect() as database:
        database.execute("set enable_progress_bar = false")
        database.execute("create table prefixes (prefix varchar)")
        database.execute("insert into prefixes select unnest($drawn)", {"drawn": drawn})
        copy = _CALLS.replace("{path}", str(calls_path).replace("'", "''"))
        database.execute(copy, {"seed": seed, "accounts": accounts, "calls": calls})


def _prefixes(count: int, random: Random) -> list[str]:
    """`count` prefixes, sorted: every calling code, and below them longer and longer ones."""
    found = [str(code) for code in sorted(COUNTRY_CODE_TO_REGION_CODE)][:count]
    known = set(found)
    while len(found) < count:
        longer = random.choice(found) + str(random.randrange(10))
        if longer not in known and len(longer) <= 9:
            known.add(longer)
            found.append(longer)
    return sorted(found)


def _write_rates(folder: Path, prefixes: list[str], count: int) -> None:
    (folder / "decks").mkdir(parents=True, exist_ok=True)
    deck = ["TargetName,TargetPrefix,Price,billingblock"]
    destinations = ["prefix,destination,group"]
    for n, prefix in enumerate(prefixes):
        rate = f"0.{n * 7919 % 89999 + 10000:05d}"
        deck.append(f"Place {prefix},{prefix},{rate},{_INCREMENTS[n % len(_INCREMENTS)]}")
        destinations.append(f"{prefix},Place {prefix},{_GROUPS[n % len(_GROUPS)]}")
    accounts = ["account_id,name,plan,numbers,currency,anchor_day,ucrm_client_id"]
    accounts += [f"B{n:05d},Customer {n},bench,4420{70000000 + n},GBP,{n % 28 + 1},{n + 1}" for n in range(count)]
    texts = {"operator.toml": _OPERATOR, "plans.toml": _PLANS, "accounts.csv": "\n".join(accounts) + "\n"}
    texts |= {"decks/bench.csv": "\n".join(deck) + "\n", "destinations.csv": "\n".join(destinations) + "\n"}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
