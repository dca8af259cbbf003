"""Rule 7 of the design: what allowances cover, in which order, and what is left to pay."""

from decimal import Decimal
from pathlib import Path

from rating_kit import HEADER, ME, MONDAY, Answer, calls, rate_in, rated, write_rates

UK, MOBILE, PREMIUM, USA = "+442071234567", "+447700900123", "+449098790123", "+12025550100"
DECK = """\
prefix,rate,group,connect_fee,first_increment,per_call,late
44,0.06,uk,,1,,
447,0.60,mobile,0.10,60,,
449,1.50,uk,,60,yes,
4487,,uk,,60,,yes
1,0.12,usa,,1,,
"""


def plans(*allowances: tuple[str, int]) -> str:
    """Plan basic with allowances of ("group group", minutes), in this order."""
    text = '[plans.basic]\ndeck = "retail"\ncurrency = "GBP"\n'
    for number, (groups, minutes) in enumerate(allowances, start=1):
        quoted = ", ".join(f'"{group}"' for group in groups.split())
        text += f'[[plans.basic.allowances]]\nname = "allowance {number}"\ngroups = [{quoted}]\nminutes = {minutes}\n'
    return text


def free(answer: Answer) -> dict[str, int]:
    return {row["call_id"]: int(row["free_seconds"] or -1) for row in answer.rows}


def paid(answer: Answer) -> dict[str, Decimal]:
    return {row["call_id"]: Decimal(row["charge"]) for row in answer.rows if row["charge"]}


def test_an_allowance_runs_out_in_mid_call_and_the_rest_is_charged(tmp_path: Path) -> None:
    """2 minutes: 90 s, then 30 s of 90; 60 s at 0.06 a minute are left; then everything."""
    text = calls(*(f"c{n} {UK} 90 2026-10-05T1{n}:00:00Z" for n in range(3)))
    answer = rated(tmp_path, text, deck=DECK, plans=plans(("uk", 2)))
    assert free(answer) == {"c0": 90, "c1": 30, "c2": 0}
    assert paid(answer) == {"c0": 0, "c1": Decimal("0.06"), "c2": Decimal("0.09")}
    assert [row["billed_seconds"] for row in answer.rows] == ["90"] * 3


def test_calls_use_an_allowance_in_order_of_start_then_call_id_whatever_the_order_of_lines(tmp_path: Path) -> None:
    text = calls(
        f"later {UK} 60 2026-10-05T12:00:00Z",
        f"b {UK} 60 2026-10-05T11:00:00Z",
        f"a {UK} 60 2026-10-05T11:00:00Z",
        f"first {UK} 60 2026-10-05T10:00:00Z",
    )
    answer = rated(tmp_path, text, deck=DECK, plans=plans(("uk", 2)))
    assert free(answer) == {"first": 60, "a": 60, "b": 0, "later": 0}


def test_allowances_are_used_across_files(tmp_path: Path) -> None:
    rates = write_rates(tmp_path, deck=DECK, plans=plans(("uk", 2)))
    late, early = calls(f"late {UK} 90 2026-10-05T12:00:00Z"), calls(f"early {UK} 90 2026-10-05T10:00:00Z")
    for files in ((late, early), (early, late)):
        assert free(rate_in(tmp_path, rates, *files)) == {"early": 90, "late": 30}


def test_the_connect_fee_is_due_unless_the_whole_call_is_covered(tmp_path: Path) -> None:
    """Mobile in minutes, 2 free ones: 60 s covered; 60 s of 120 covered, fee and one minute due."""
    text = calls(f"whole {MOBILE} 10 2026-10-05T10:00:00Z", f"part {MOBILE} 61 2026-10-05T11:00:00Z")
    deck = DECK.replace("447,0.60,mobile,0.10,60,", "447,0.60,mobile,0.10,60/60,")
    answer = rated(tmp_path, text, deck=deck, plans=plans(("mobile", 2)))
    assert free(answer) == {"whole": 60, "part": 60}
    assert paid(answer) == {"whole": 0, "part": Decimal("0.70")}


def test_an_allowance_covers_its_groups_only(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls(f"uk {UK}", f"usa {USA}"), deck=DECK, plans=plans(("uk mobile", 60)))
    assert free(answer) == {"uk": 60, "usa": 0}
    assert paid(answer)["usa"] == Decimal("0.12")


def test_allowances_are_used_in_plan_order_and_one_call_may_use_several(tmp_path: Path) -> None:
    """1 minute of uk, then 1 of uk or usa. 90 s to uk: 60 + 30. 60 s to usa: the 30 left of the second."""
    text = calls(
        f"c1 {UK} 90 2026-10-05T10:00:00Z", f"c2 {USA} 60 2026-10-05T11:00:00Z", f"c3 {UK} 9 2026-10-05T12:00:00Z"
    )
    answer = rated(tmp_path, text, deck=DECK, plans=plans(("uk", 1), ("uk usa", 1)))
    assert free(answer) == {"c1": 90, "c2": 30, "c3": 0}
    assert paid(answer) == {"c1": 0, "c2": Decimal("0.06"), "c3": Decimal("0.009")}


def test_the_first_allowance_of_the_plan_goes_first_though_the_second_is_narrower(tmp_path: Path) -> None:
    text = calls(f"c1 {UK} 60 2026-10-05T10:00:00Z", f"c2 {USA} 60 2026-10-05T11:00:00Z")
    answer = rated(tmp_path, text, deck=DECK, plans=plans(("uk usa", 1), ("uk", 1)))
    assert free(answer) == {"c1": 60, "c2": 0}


def test_per_call_late_and_unanswered_calls_use_no_allowance(tmp_path: Path) -> None:
    text = calls(
        f"premium {PREMIUM} 60 2026-10-05T10:00:00Z",
        "late +448712345678 60 2026-10-05T11:00:00Z",
        f"silent {UK} 0 2026-10-05T12:00:00Z",
        f"uk {UK} 60 2026-10-05T13:00:00Z",
    )
    answer = rated(tmp_path, text, deck=DECK, plans=plans(("uk", 1)))
    assert free(answer) == {"premium": 0, "late": -1, "silent": 0, "uk": 60}
    assert paid(answer)["premium"] == Decimal("1.50")


def test_a_duplicate_uses_no_allowance(tmp_path: Path) -> None:
    text = calls(
        f"c1 {UK} 60 2026-10-05T10:00:00Z", f"c1 {UK} 60 2026-10-05T10:00:00Z", f"c2 {UK} 60 2026-10-05T11:00:00Z"
    )
    assert free(rated(tmp_path, text, deck=DECK, plans=plans(("uk", 2)))) == {"c1": 60, "c2": 60}


def test_every_account_and_period_has_its_own_allowance(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers\nA1,basic,442079460001\nB1,basic,442079460002\n"
    rows = [
        f"a-september,{ME},{UK},2026-09-30T22:59:59Z,60",
        f"a-october,{ME},{UK},2026-09-30T23:00:00Z,60",
        f"b-october,442079460002,{UK},{MONDAY},60",
        f"b-again,442079460002,{UK},{MONDAY},60",
    ]
    answer = rated(tmp_path, "\n".join((HEADER, *rows)), deck=DECK, plans=plans(("uk", 1)), accounts=accounts)
    assert free(answer) == {"a-september": 60, "a-october": 60, "b-again": 60, "b-october": 0}


def test_an_account_with_several_numbers_shares_one_allowance(tmp_path: Path) -> None:
    accounts = "account_id,plan,numbers\nA1,basic,442079460001 442079460002\n"
    rows = [f"a,{ME},{UK},2026-10-05T10:00:00Z,60", f"b,442079460002,{UK},2026-10-05T11:00:00Z,60"]
    answer = rated(tmp_path, "\n".join((HEADER, *rows)), deck=DECK, plans=plans(("uk", 1)), accounts=accounts)
    assert free(answer) == {"a": 60, "b": 0}


def test_an_allowance_of_no_minutes_covers_nothing(tmp_path: Path) -> None:
    answer = rated(tmp_path, calls(f"c {UK}"), deck=DECK, plans=plans(("uk", 0)))
    assert (free(answer), paid(answer)) == ({"c": 0}, {"c": Decimal("0.06")})


def test_what_is_covered_is_counted_in_billed_seconds(tmp_path: Path) -> None:
    """Per minute, a call of a second uses up a minute."""
    text = calls(f"c1 {UK} 1 2026-10-05T10:00:00Z", f"c2 {UK} 1 2026-10-05T11:00:00Z")
    settings = plans(("uk", 1)).replace('currency = "GBP"\n', 'currency = "GBP"\nbilling = "per-minute"\n')
    answer = rated(tmp_path, text, deck=DECK, plans=settings)
    assert (free(answer), paid(answer)) == ({"c1": 60, "c2": 0}, {"c1": 0, "c2": Decimal("0.06")})


def test_the_rest_of_a_covered_call_is_rounded_once(tmp_path: Path) -> None:
    """61 s with 60 free: 1 s at 0.06 a minute is 0.001; without the allowance it would be 0.061."""
    settings = plans(("uk", 1)).replace(
        'currency = "GBP"\n', 'currency = "GBP"\ncharge_decimals = 2\nrounding = "up"\n'
    )
    answer = rated(tmp_path, calls(f"c {UK} 61"), deck=DECK, plans=settings)
    assert paid(answer) == {"c": Decimal("0.01")}
