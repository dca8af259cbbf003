"""The benchmark's parts work, at a tiny size. How fast anything is, is no test's business."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench import prefixes, processes, results, small
from bench.curve import Point, plot
from bench.curve import results as curve_results
from bench.others import Spent, share_of_others
from bench.results import Result
from bench.setting import Setting
from callmeter.errors import Missing


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Result], dict[str, Any]]:
    """Every part, run once."""
    out = tmp_path_factory.mktemp("bench")
    setting = Setting(
        out, quiet, calls=1000, prefixes=600, many_prefixes=900, accounts=50, small_file=10, runs=1, small_runs=2
    )
    found, more = command.measure(setting, [*command.PARTS, command.CURVE, command.STAGES], out)
    return out, found, more


def test_every_part_measures_something_and_has_a_goal(
    everything: tuple[Path, list[Result], dict[str, Any]],
) -> None:
    _, found, _ = everything
    assert len(found) == 8
    for result in found:
        assert all(amount > 0 for amount in (*result.ours, *result.baseline, result.goal)), result.what
    assert json.loads(json.dumps([result.as_json() for result in found]))[0]["judged"] == "ratio"
    assert results.table("title", found).row_count == 8


def test_nothing_is_left_behind_but_the_plot(everything: tuple[Path, list[Result], dict[str, Any]]) -> None:
    out, _, more = everything
    assert [path.name for path in out.iterdir()] == ["curve.png"]
    assert [point["calls"] for point in more["curve"]] == [200, 400, 1000]
    assert {"calls_matched", "output"} <= more["stages"]["stages"].keys()


def test_a_ratio_must_stay_below_its_goal_and_a_speedup_reach_it() -> None:
    for ours, judged, ratio, met in (
        ([1.9, 9.0, 1.7], "ratio", 1.9, True),
        ([2.1, 0.1, 2.3], "ratio", 2.1, False),
        ([0.5, 0.5, 0.4], "speedup", 2.0, True),
        ([0.6, 0.6, 0.5], "speedup", 1 / 0.6, False),
    ):
        result = Result("it", "s", ours, 2.0, [1.0, 1.0, 1.0], judged)  # type: ignore[arg-type]
        assert result.ratio == pytest.approx(ratio)
        assert result.met == met
    assert Result("it", "ms", [90.0, 200.0, 100.0], 100).met
    assert not Result("it", "ms", [101.0], 100).met


def test_the_loop_finds_the_longest_prefix_or_none() -> None:
    rows = {"44": 1, "447": 2, "44770": 3, "1": 4}
    numbers = ["447701", "447801", "4420", "1212", "3312", "447701", "3312"]
    assert prefixes.longest_prefixes(numbers, rows) == [3, 2, 1, 4, None, 3, None]


def test_memory_counts_as_kept_only_where_there_are_many_calls() -> None:
    points = [Point(calls, [calls / 1e6], [int(calls / 10)]) for calls in (1_000_000, 20_000_000, 50_000_000)]
    growth, *memory = curve_results(points)
    assert growth.ratio == pytest.approx(1)
    assert growth.met
    assert [(result.what, result.ours, result.met) for result in memory] == [
        ("peak memory, 20,000,000 calls", [2.0], True),
        ("peak memory, 50,000,000 calls", [5.0], True),
    ]


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    plot([Point(1_000_000, [1.5], [400_000_000]), Point(5_000_000, [6.0], [900_000_000])], tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_command_that_fails_ends_the_benchmark_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        processes.measured("sh", "-c", "echo no such thing >&2; exit 3")


def test_peak_memory_is_the_commands_own_and_not_the_benchmarks() -> None:
    ours = bytearray(300_000_000)
    assert processes.measured("true").peak_bytes < len(ours)


def test_the_folder_is_a_store(tmp_path: Path) -> None:
    store = small.FolderStore(tmp_path / "bucket")
    store.put("a/one", b"1")
    assert store.put_if_absent("a/two", b"2")
    assert not store.put_if_absent("a/two", b"3")
    store.upload(tmp_path / "bucket" / "a" / "one", "b/one")
    assert (store.keys("a/"), store.get("a/two"), store.get("b/one")) == (["a/one", "a/two"], b"2", b"1")
    (tmp_path / "here").mkdir()
    assert [path.read_bytes() for path in store.download(["a/two", "gone", "a/one"], tmp_path / "here")] == [b"2", b"1"]
    store.delete("a/one")
    store.delete("a/one")
    with pytest.raises(Missing):
        store.get("a/one")


def test_what_others_had_of_the_machine_is_all_work_but_our_own() -> None:
    before = Spent(there_is=1000, worked=400, own=10)
    assert share_of_others(before, Spent(there_is=1200, worked=550, own=110)) == pytest.approx(0.25)
    assert share_of_others(before, Spent(there_is=1200, worked=450, own=61)) == 0
    assert share_of_others(None, before) is None
    assert share_of_others(before, before) is None


def test_the_command_writes_its_numbers_and_prints_them_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Result("it", "s", [1.0], 2.0, [1.0], "ratio")
    monkeypatch.setitem(command.PARTS, "whole", lambda _: [found])
    command.main(["--only", "whole", "--calls", "10", "--out", str(tmp_path / "out"), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "bench.json").read_text())
    assert (printed["calls"], printed["results"]) == (10, [found.as_json()])
    with pytest.raises(SystemExit):
        command.main(["--calls", "0"])
    assert "no whole number from 1 on" in capsys.readouterr().err
