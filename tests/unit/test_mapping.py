"""rates/sources/NAME.toml: settings of a kind, or the columns of any file, as part of the catalogue."""

import tomllib
from pathlib import Path

import pytest

from callmeter import layout
from callmeter.catalogue.mappings import read_mapping
from callmeter.errors import BrokenCatalogue, UnreadableFile, UsageError
from callmeter.rating.engine import engine
from callmeter.rating.stages import Intake
from callmeter.sources import SOURCES
from callmeter.sources.mapping import Mapping
from rating_kit import HEADER, ME, MONDAY, Answer, calls, rate_in, write, write_rates
from rerating_kit import Here

UK, UK2 = "442079460123", "442079460199"
HALL = """
    timezone = "Europe/Berlin"
    [columns]
    call_id = "Ref"
    from = "Wer"
    to = "Wen"
    start = ["Tag", "Uhr"]
    duration = "Lang"
    """
HALL_CALLS = f"Ref;Tag;Uhr;Wer;Wen;Lang\n7;05.10.2026;12:00;+{ME};+{UK};61\n"


def rates_with(folder: Path, **mappings: str) -> Path:
    """A rates folder with these mappings by name."""
    rates = write_rates(folder)
    (rates / "sources").mkdir(exist_ok=True)
    for name, text in mappings.items():
        write(rates / "sources" / f"{name}.toml", text)
    return rates


def mapped(folder: Path, mapping: str, text: str, source: str = "hall") -> Answer:
    return rate_in(folder, rates_with(folder, hall=mapping), text, intake=Intake(source=source))


def facts(answer: Answer) -> list[tuple[str, ...]]:
    names = ("call_id", "from_number", "to_number", "started_at", "duration_seconds", "direction", "status")
    return [tuple(row[name] for name in names) for row in answer.rows]


# ---- columns


def test_columns_are_named_by_headers_and_the_start_may_be_in_two(tmp_path: Path) -> None:
    answer = mapped(tmp_path, HALL, HALL_CALLS)
    assert facts(answer) == [("7", ME, UK, "2026-10-05T10:00:00Z", "61", "outbound", "rated")]
    assert answer.rows[0]["source"] == "hall"


def test_a_file_with_the_columns_of_a_mapping_is_known_without_being_stated(tmp_path: Path) -> None:
    assert mapped(tmp_path, HALL, HALL_CALLS, source="").rows[0]["source"] == "hall"


def test_a_mapping_goes_before_the_kinds_that_callmeter_knows(tmp_path: Path) -> None:
    """The operator says that this PBX counts in minutes, though `duration` alone would be seconds."""
    mapping = 'duration_unit = "minutes"\n[columns]\nfrom = "from"\nto = "to"\nstart = "start"\nduration = "duration"\n'
    answer = mapped(tmp_path, mapping, f"from,to,start,duration\n{ME},{UK},{MONDAY},1.5\n", source="")
    assert [row["duration_seconds"] for row in answer.rows] == ["90"]


def test_columns_may_be_positions_of_a_file_without_a_header(tmp_path: Path) -> None:
    mapping = "header = false\nskip_lines = 1\n[columns]\nfrom = 2\nto = 3\nstart = [4, 5]\nduration = 6\ncall_id = 1\n"
    text = f"Calls of October 2026\n1,{ME},{UK},2026-10-05,11:00:00,61\n2,{ME},{UK},2026-10-05,11:30:00,0\n"
    assert facts(mapped(tmp_path, mapping, text)) == [
        ("1", ME, UK, "2026-10-05T10:00:00Z", "61", "outbound", "rated"),
        ("2", ME, UK, "2026-10-05T10:30:00Z", "0", "outbound", "unanswered"),
    ]


def test_a_mapping_by_positions_counts_only_where_it_is_stated(tmp_path: Path) -> None:
    mapping = "header = false\n[columns]\nfrom = 3\nto = 2\nstart = 4\nduration = 5\n"
    rates = rates_with(tmp_path, hall=mapping)
    assert rate_in(tmp_path, rates, calls(f"c {UK}")).rows[0]["source"] == "csv"


def test_columns_may_be_json_paths(tmp_path: Path) -> None:
    mapping = """
        [columns]
        from = '$."party-a".number'
        to = "$.b.number"
        start = "$.began"
        duration = "Seconds Talked"
        """
    text = (
        f'[{{"party-a":{{"number":"+{ME}"}},"b":{{"number":"+{UK}"}},"began":1791194400,"secondsTalked":60.2}},'
        f'{{"party-a":{{"number":"+{ME}"}},"b":{{"number":"+{UK2}"}},"began":"1791194400","secondsTalked":0}}]'
    )
    assert [row[1:] for row in facts(mapped(tmp_path, mapping, text))] == [
        (ME, UK, "2026-10-05T10:00:00Z", "61", "outbound", "rated"),
        (ME, UK2, "2026-10-05T10:00:00Z", "0", "outbound", "unanswered"),
    ]


def test_a_file_without_one_of_the_columns_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(
        UnreadableFile, match=r"the columns that sources/hall.toml names: Ref, Wer, Wen, Lang, Tag, Uhr"
    ):
        mapped(tmp_path, HALL, HALL_CALLS.replace("Ref;", "Nr;"))


# ---- forms


def test_words_units_and_decimal_commas_are_the_operators(tmp_path: Path) -> None:
    mapping = (
        HALL.replace("[columns]", 'duration_unit = "minutes"\ndecimal_comma = true\n[columns]\ndirection = "R"\n')
        + 'disposition = "E"\n[direction]\noutbound = ["Raus"]\ninbound = ["rein"]\ninternal = ["haus"]\n'
        '[answered]\nyes = ["OK"]\n'
    )
    rows = [
        f"1;05.10.2026;12:00;{ME};{UK};1,5;raus;ok",
        f"2;05.10.2026;12:00;{UK};{ME};1,5;REIN;OK",
        f"3;05.10.2026;12:00;{ME};{UK};1.001,5;haus;ok",
        f"4;05.10.2026;12:00;{ME};{UK};1,5;raus;weg",
    ]
    answer = mapped(tmp_path, mapping, "\n".join(("Ref;Tag;Uhr;Wer;Wen;Lang;R;E", *rows)))
    assert [row[4:] for row in facts(answer)] == [
        ("90", "outbound", "rated"),
        ("90", "inbound", "rated"),
        ("60090", "internal", "rated"),
        ("90", "outbound", "unanswered"),
    ]


def test_where_only_the_unanswered_words_are_given_all_others_are_answered(tmp_path: Path) -> None:
    mapping = HALL + 'disposition = "E"\n[answered]\nno = ["weg"]\n'
    rows = [f"{n};05.10.2026;12:00;{ME};{UK};61;{word}" for n, word in enumerate(("Weg", "busy", ""))]
    answer = mapped(tmp_path, mapping, "\n".join(("Ref;Tag;Uhr;Wer;Wen;Lang;E", *rows)))
    assert [row["status"] for row in answer.rows] == ["unanswered", "rated", "rated"]


def test_a_stated_format_of_times_and_order_of_dates(tmp_path: Path) -> None:
    stated = HALL.replace("[columns]", 'time_format = "%Y.%d.%m %H-%M"\n[columns]')
    text = HALL_CALLS.replace("05.10.2026;12:00", "2026.05.10;12-00")
    assert facts(mapped(tmp_path, stated, text))[0][3] == "2026-10-05T10:00:00Z"
    by_day = HALL.replace("[columns]", "day_first = true\n[columns]")
    text = HALL_CALLS.replace("05.10.2026", "05/10/2026")
    assert facts(mapped(tmp_path, by_day, text))[0][3] == "2026-10-05T10:00:00Z"
    assert mapped(tmp_path, HALL, text).reasons == ["bad-time"]


def test_totals_are_left_out_by_an_expression_or_by_a_blank_field(tmp_path: Path) -> None:
    text = HALL_CALLS + ";;;;;61\nSumme;;;;;61\n"
    assert mapped(tmp_path, HALL, text).summary.rows_in == 3
    answer = mapped(tmp_path, HALL.replace("[columns]", 'filled = "start"\n[columns]'), text)
    assert (answer.summary.rows_in, answer.ids) == (1, ["7"])
    answer = mapped(tmp_path, HALL.replace("[columns]", "not_calls = '^(Summe|;)'\n[columns]"), text)
    assert (answer.summary.rows_in, answer.ids) == (1, ["7"])


def test_tech_prefixes_go_from_called_numbers_only(tmp_path: Path) -> None:
    """9 is dialled for a line: what is left of 9999 is 999, but 999 itself is not cut to 99."""
    mapping = 'reads = "csv"\nstrip_prefix = ["9", "77#"]\n'
    dialled = {"902079460123": UK, "77#+442079460123": UK, "999": "999", "9999": "999", "sip:9+442079460123@pbx": UK}
    lines = [f"{n},9{ME},{to},{MONDAY},0,out" for n, to in enumerate(dialled)]
    inbound = f"in,{UK},902079460001,{MONDAY},0,in"
    answer = mapped(tmp_path, mapping, "\n".join((f"{HEADER},direction", *lines, inbound)).replace(f"9{ME}", ME))
    assert [row["to_number"] for row in answer.rows if row["call_id"] != "in"] == list(dialled.values())
    assert answer.reasons == ["unknown-account"]  # 902079460001 is nobody's, and is not cut


# ---- settings of a kind


def test_settings_of_a_kind_are_its_zone_country_ids_and_direction(tmp_path: Path) -> None:
    mapping = 'reads = "csv"\ntimezone = "America/New_York"\ncountry = "US"\nidentity_prefix = "ny-"\n'
    text = f"{HEADER}\nc1,+{ME},2125550143,2026-10-05 06:00:00,61\n"
    rates = rates_with(tmp_path, hall=mapping)
    write(rates / "decks" / "retail.csv", "prefix,rate\n1,0.01\n")
    answer = rate_in(tmp_path, rates, text, intake=Intake(source="hall"))
    assert facts(answer) == [("ny-c1", ME, "12125550143", "2026-10-05T10:00:00Z", "61", "outbound", "rated")]


def test_a_kind_may_be_called_by_any_of_its_names(tmp_path: Path) -> None:
    rates = rates_with(tmp_path, one='reads = "3CX"\n', two='reads = "generic"\n', three='reads = "Elastix"\n')
    assert rate_in(tmp_path, rates, calls(f"c {UK}"), intake=Intake(source="two")).rows[0]["source"] == "two"


def test_two_pbxs_with_the_same_ids_are_told_apart_by_their_prefix(tmp_path: Path) -> None:
    rates = rates_with(
        tmp_path, one='reads = "csv"\nidentity_prefix = "1-"\n', two='reads = "csv"\nidentity_prefix = "2-"\n'
    )
    text = f"from,to,start,duration\n{ME},{UK},{MONDAY},61\n"
    ids = {rate_in(tmp_path, rates, text, intake=Intake(source=name)).ids[0][:2] for name in ("one", "two")}
    assert ids == {"1-", "2-"}
    assert rate_in(tmp_path, rates, text, text, intake=Intake(source="one")).summary.duplicates == 1


def test_a_rule_decides_where_the_file_does_not(tmp_path: Path) -> None:
    """The caller is no customer, so by number the call would be inbound to the one who is called."""
    text = f"{HEADER}\nc1,{UK},{ME},{MONDAY},61\n"
    assert mapped(tmp_path, 'reads = "csv"\n', text).rows[0]["direction"] == "inbound"
    assert mapped(tmp_path, 'reads = "csv"\n[direction]\nrule = "outbound"\n', text).reasons == ["unknown-account"]


def test_a_mapping_called_as_its_kind_holds_for_all_files_of_the_kind(tmp_path: Path) -> None:
    rates = rates_with(tmp_path, csv='reads = "csv"\nidentity_prefix = "x-"\n')
    assert rate_in(tmp_path, rates, calls(f"c1 {UK}")).ids == ["x-c1"]


def test_the_command_line_goes_before_the_mapping(tmp_path: Path) -> None:
    rates = rates_with(tmp_path, hall='reads = "csv"\ntimezone = "America/New_York"\n')
    text = f"{HEADER}\nc1,{ME},{UK},2026-10-05 11:00:00,61\n"
    answer = rate_in(tmp_path, rates, text, intake=Intake(source="hall", timezone="Europe/London"))
    assert answer.rows[0]["started_at"] == "2026-10-05T10:00:00Z"


def test_a_source_that_neither_is_nor_is_mapped_lists_both(tmp_path: Path) -> None:
    rates = rates_with(tmp_path, hall=HALL)
    with pytest.raises(UsageError, match=r'there is no source "hal"; the sources are: hall, .*asterisk'):
        rate_in(tmp_path, rates, HALL_CALLS, intake=Intake(source="hal"))


# ---- the same calls whichever way they are cut


def test_a_file_that_is_cut_with_care_reads_the_same(tmp_path: Path) -> None:
    """A quote that is not closed sends a file, or a line of it, another way: the rest comes to the same."""
    text = HALL_CALLS + f'8;05.10.2026;12:01;+{ME};+{UK};62\n9;05.10.2026;12:01;+{ME};"+{UK};63\n'
    answer = mapped(tmp_path, HALL.replace("[columns]", 'identity_prefix = "h-"\n[columns]'), text)
    assert (answer.ids, answer.reasons) == (["h-7", "h-8"], ["malformed-row"])


# ---- broken mappings


def problems_of(folder: Path, text: str, name: str = "hall") -> list[tuple[int, str, str]]:
    """Line, code and text of what is wrong with a mapping; as `rate` says it."""
    with pytest.raises(BrokenCatalogue) as raised:
        rate_in(folder, rates_with(folder, **{name: text}), calls(f"c {UK}"))
    assert {problem.file for problem in raised.value.problems} == {f"rates/sources/{name}.toml"}
    return [(problem.line, problem.code, problem.text) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "line", "code", "words"),
    [
        ('reads = "cvs"\n', 1, "unknown-source", 'no kind "cvs"'),
        ("timezone =\n", 1, "bad-toml", "Invalid value"),
        ('reads = "csv"\ntimezone = "London"\n', 2, "bad-timezone", '"London" is not known'),
        ('reads = "csv"\ncountry = "ZZ"\n', 2, "bad-country", "ZZ"),
        ('reads = "csv"\ncountry = "Britain"\n', 2, "bad-value", "country"),
        ('reads = "csv"\ntime_format = "%Q"\n', 2, "bad-time-format", "%Q"),
        ("reads = \"csv\"\nnot_calls = '('\n", 2, "bad-expression", "missing )"),
        ('reads = "csv"\nzone = "UTC"\n', 2, "unknown-key", '"zone"'),
        ('reads = "csv"\nstrip_prefix = ["abc"]\n', 2, "bad-value", "strip_prefix"),
        ('reads = "csv"\ndelimiter = ";"\n', 1, "bad-value", "delimiter goes with [columns] only"),
        (
            'reads = "csv"\n[direction]\noutbound = ["x"]\n',
            1,
            "bad-value",
            "direction.outbound goes with [columns] only",
        ),
        ('reads = "csv"\n[direction]\nrule = "guess"\n', 3, "bad-value", "by-number"),
        ("", 1, "bad-value", 'write either reads = "KIND", or [columns]'),
        (HALL.replace('to = "Wen"', ""), 3, "bad-value", "columns.to: Field required"),
        (HALL.replace('"Wen"', "true"), 6, "bad-value", "a column is a header in quotes"),
        (HALL.replace('"Wen"', "0"), 6, "bad-value", "positions count from 1"),
        (HALL.replace('"Wen"', '"#"'), 6, "bad-value", "write the column's position instead"),
        (HALL.replace('"Wen"', '"$.a[*]"'), 6, "bad-value", "a JSON path"),
        (HALL.replace('"Wen"', '"Wer"'), 1, "bad-value", "two fields have the same column"),
        (
            HALL.replace("[columns]", "header = false\n[columns]"),
            1,
            "bad-value",
            "without a header columns are positions",
        ),
        (HALL.replace("[columns]", 'filled = "login"\n[columns]'), 1, "bad-value", 'filled = "login" needs that field'),
        (HALL.replace('["Tag", "Uhr"]', '["a", "b", "c"]'), 7, "bad-value", "the start is one column, or two"),
    ],
)
def test_a_broken_mapping_is_refused_with_its_line(tmp_path: Path, text: str, line: int, code: str, words: str) -> None:
    [(found_line, found_code, found_text)] = problems_of(tmp_path, text)
    assert (found_line, found_code) == (line, code)
    assert words in found_text


def test_a_mapping_may_not_take_the_name_of_another_kind(tmp_path: Path) -> None:
    for name, text in (("asterisk", 'reads = "csv"\n'), ("freepbx", HALL), ("Hall One", 'reads = "csv"\n')):
        folder = tmp_path / name
        folder.mkdir()
        assert [code for _, code, _ in problems_of(folder, text, name)] == ["bad-name"]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    rates = rates_with(tmp_path, hall='reads = "no"\ntimezone = "no"\n', other="x =\n")
    write(rates / "plans.toml", "y =\n")
    with pytest.raises(BrokenCatalogue) as raised:
        rate_in(tmp_path, rates, calls(f"c {UK}"))
    assert [problem.code for problem in raised.value.problems] == [
        "bad-toml",
        "unknown-source",
        "bad-timezone",
        "bad-toml",
    ]


# ---- in the cloud


def test_a_mapping_is_part_of_the_catalogue_and_its_version(tmp_path: Path) -> None:
    here = Here()
    versions = {here.publish(rates_with(tmp_path, hall=text)) for text in (HALL, HALL.replace("Berlin", "Paris"), HALL)}
    assert len(versions) == 2


def test_a_folder_of_the_inbox_is_read_by_the_mapping_of_its_name(tmp_path: Path) -> None:
    here = Here()
    here.publish(rates_with(tmp_path, hall="header = false\n[columns]\nfrom = 1\nto = 2\nstart = 3\nduration = 4\n"))
    digest = here.rate("hall/a.csv", f"{ME},{UK},{MONDAY},61\n")
    assert (here.manifest(digest).priced, here.manifest(digest).source) == (1, "hall")
    assert [call["to_number"] for call in here.lines(digest, tmp_path).values()] == [UK]


def test_a_file_is_rated_again_with_the_mapping_that_it_was_rated_with_first(tmp_path: Path) -> None:
    here = Here()
    here.publish(rates_with(tmp_path, hall=HALL))
    here.rate("hall/a.csv", HALL_CALLS)
    before = here.outcome()
    here.publish(
        rates_with(tmp_path, hall=HALL.replace("Berlin", "Paris").replace("[columns]", 'country = "US"\n[columns]'))
    )
    here.rate_key(f"{layout.INBOX}hall/a.csv")
    assert here.outcome() == before != {}


def test_a_file_that_nothing_could_read_is_read_once_there_is_a_mapping_for_it(tmp_path: Path) -> None:
    """Nothing was made of it before, so the catalogue that it is rated with may be a later one."""
    here = Here()
    here.publish(rates_with(tmp_path))
    digest = here.rate("hall/a.csv", HALL_CALLS)
    assert here.manifest(digest).unreadable
    here.rate_key(f"{layout.INBOX}hall/a.csv")
    assert here.manifest(digest).unreadable
    here.publish(rates_with(tmp_path, hall=HALL))
    here.rate_key(f"{layout.INBOX}hall/a.csv")
    assert (here.manifest(digest).unreadable, here.manifest(digest).priced) == ("", 1)


def test_every_kind_can_be_given_settings(tmp_path: Path) -> None:
    with engine() as (con, _):
        for kind in SOURCES:
            path = write(tmp_path / f"{kind}.toml", f'reads = "{kind}"\ntimezone = "UTC"\n')
            mapping = read_mapping(con, path, path.name)
            assert Mapping.model_validate(mapping.model_dump(mode="json", by_alias=True, exclude_unset=True)) == mapping


def test_a_mapping_survives_being_saved() -> None:
    mapping = Mapping.model_validate({**tomllib.loads(HALL), "source": "hall"})
    saved = mapping.model_dump_json(by_alias=True, exclude_unset=True)
    assert Mapping.model_validate_json(saved) == mapping
