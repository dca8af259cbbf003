"""One call reported several ways, with starts that differ by seconds, at the edge of a period: billed once, in one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callmeter import layout, sql
from callmeter.jobs.shards import settled_shard
from rating_kit import HEADER, ME, write_rates
from rerating_kit import SHARDS, Here

EDGE = datetime(2026, 11, 1, tzinfo=UTC)  # local midnight in London too
ACCOUNTS = f"account_id,plan,numbers,timezone,anchor_day\nA1,basic,{ME},{{zone}},{{day}}\n"
SECONDS = st.integers(-400, 400)


def counted(here: Here, periods: Iterable[str]) -> list[tuple[str, str]]:
    """Call id and file of every call that counts, whichever period it is of: each period by itself."""
    shard = layout.shard_of("A1", SHARDS)
    found = []
    for period in periods:
        with settled_shard(here.store, shard, [period]) as (con, _):
            assert all(row["period"] == period for row in sql.rows(con, "account_totals"))
            found += con.table("rated_calls").project("call_id, file").fetchall()
    return found


@given(st.lists(st.tuples(st.sampled_from("abc"), SECONDS), min_size=1, max_size=6))
@example([("a", -1), ("a", 1)])
@example([("a", 1), ("a", -1), ("a", 0)])
@settings(max_examples=15, deadline=None)
def test_reports_of_a_call_on_both_sides_of_midnight_count_once(reports: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        here = Here()
        here.publish(write_rates(Path(folder), accounts=ACCOUNTS.format(zone="Europe/London", day=1)))
        for number, (call_id, seconds) in enumerate(reports):
            start = EDGE + timedelta(seconds=seconds)
            text = f"{HEADER}\n{call_id},{ME},447700900123,{start:%Y-%m-%dT%H:%M:%SZ},60\n"
            here.rate(f"{number}-report.csv", text)
        first = {call_id: f"{number}-report.csv" for number, (call_id, _) in reversed(list(enumerate(reports)))}
        assert sorted(counted(here, ("2026-10", "2026-11"))) == sorted(first.items())
        with settled_shard(here.store, layout.shard_of("A1", SHARDS), ["2026-10", "2026-11"]) as (con, _):
            assert sorted(con.table("rated_calls").project("call_id, file").fetchall()) == sorted(first.items())


def test_the_edge_is_the_accounts_own(tmp_path: Path) -> None:
    here = Here()
    here.publish(write_rates(tmp_path, accounts=ACCOUNTS.format(zone="America/New_York", day=15)))
    for name, start in (("webhook.csv", "2026-11-15T05:00:02Z"), ("pull.csv", "2026-11-15T04:59:58Z")):
        here.rate(name, f"{HEADER}\nx,{ME},447700900123,{start},60\n")
    assert counted(here, ("2026-10", "2026-11")) == [("x", "pull.csv")]


def test_an_id_that_comes_again_another_month_is_another_call(tmp_path: Path) -> None:
    here = Here()
    here.publish(write_rates(tmp_path))
    for name, start in (("a.csv", "2026-10-05T10:00:00Z"), ("b.csv", "2026-11-05T10:00:00Z")):
        here.rate(name, f"{HEADER}\nx,{ME},447700900123,{start},60\n")
    assert counted(here, ("2026-10", "2026-11")) == [("x", "a.csv"), ("x", "b.csv")]
