"""The longest prefix wins, whatever the lengths of prefixes around it: they are searched by halving. Design 3.4."""

from pathlib import Path
from random import Random

import pytest

from rating_kit import HEADER, ME, MONDAY, rated


def test_a_prefix_of_any_length_is_found_where_no_other_is_near(tmp_path: Path) -> None:
    # One country code for each length, so that no prefix leaves marks for another.
    prefixes = {length: f"{30 + length}98765432101234"[:length] for length in range(2, 16)}
    deck = "prefix,rate\n" + "".join(f"{prefix},0.0{length:02d}\n" for length, prefix in prefixes.items())
    lines = [HEADER]
    for length, prefix in prefixes.items():
        lines.append(f"in{length},{ME},+{prefix.ljust(15, '5')},{MONDAY},60")
        beside = prefix[:-1] + str((int(prefix[-1]) + 1) % 10)
        lines.append(f"by{length},{ME},+{beside.ljust(15, '5')},{MONDAY},60")
    answer = rated(tmp_path, "\n".join(lines), deck=deck)
    found = {row["call_id"]: row["prefix"] for row in answer.rows}
    assert {f"in{length}": prefix for length, prefix in prefixes.items()}.items() <= found.items()
    assert [f"by{length}" for length, prefix in prefixes.items() if found.get(f"by{length}") == prefix] == []


def test_a_prefix_that_is_longer_than_the_number_is_none_of_its(tmp_path: Path) -> None:
    deck = "prefix,rate\n3312345,0.01\n33123450,0.02\n331234500,0.03\n3312345000,0.04\n331234500000000,0.05\n"
    lines = [
        HEADER,
        *(f"c{n},{ME},+{number},{MONDAY},60" for n, number in enumerate(("3312345", "33123450", "331234500"))),
    ]
    answer = rated(tmp_path, "\n".join(lines), deck=deck)
    assert [row["prefix"] for row in answer.rows] == ["3312345", "33123450", "331234500"]


@pytest.mark.parametrize("seed", range(4))
def test_of_prefixes_inside_each_other_the_longest_is_found(tmp_path: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data
    prefixes = {"4"}
    while len(prefixes) < 150:
        longer = random.choice(sorted(prefixes)) + "".join(random.choices("0123", k=random.choice((1, 1, 2, 3, 5))))
        prefixes.add(longer[:15])
    deck = "prefix,rate\n" + "".join(f"{prefix},0.01\n" for prefix in sorted(prefixes, key=lambda _: random.random()))
    numbers = [
        (random.choice(sorted(prefixes)) + "".join(random.choices("0123", k=15)))[: random.choice((10, 12, 15))]
        for _ in range(400)
    ]
    numbers += [prefix for prefix in prefixes if len(prefix) >= 7]  # a number may be all prefix
    lines = [HEADER, *(f"c{n},{ME},+{number},{MONDAY},60" for n, number in enumerate(numbers))]
    answer = rated(tmp_path, "\n".join(lines), deck=deck)
    for n, number in enumerate(numbers):
        longest = max((number[:digits] for digits in range(1, 16) if number[:digits] in prefixes), key=len)
        assert answer.call(f"c{n}")["prefix"] == longest


@pytest.mark.parametrize("order", [1, -1])
def test_the_longest_callers_prefix_wins_in_whatever_order_rows_stand(tmp_path: Path, order: int) -> None:
    rows = ["33,0.30,44", "33,0.20,4420", "33,0.10,442079"][::order]
    deck = "prefix,rate,from_prefix\n" + "\n".join(rows) + "\n"
    answer = rated(tmp_path, f"{HEADER}\nc,{ME},+33123456789,{MONDAY},60\n", deck=deck)
    assert answer.call("c")["charge"] == "0.100000"
