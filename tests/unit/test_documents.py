"""Documents become lines: JSON documents and arrays, XML CDRs; what is broken in one spoils no other."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from callmeter.errors import UnreadableFile
from callmeter.rating.engine import engine
from callmeter.sources.documents import as_lines
from callmeter.sources.text import TextFile, make_safe

Lines = Callable[[str], list[str]]
WHOLE = "<cdr core-uuid='c'><variables><uuid>u-{}</uuid></variables></cdr>"


@pytest.fixture(scope="module")
def rating() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    with engine() as (con, work):
        yield con, work


@pytest.fixture
def lines(rating: tuple[duckdb.DuckDBPyConnection, Path]) -> Lines:
    con, work = rating

    def read(content: str) -> list[str]:
        path = work / "document"
        path.write_text(content, encoding="utf-8")
        text = as_lines(con, make_safe(path, work, in_place=True), work)
        return text.path.read_text(encoding="utf-8").splitlines()

    return read


def variables(line: str) -> dict[str, str]:
    found = json.loads(line)["variables"]
    assert isinstance(found, dict)
    return found


# ---- JSON


def test_records_and_cells_stay_as_they_are(lines: Lines) -> None:
    for content in ("a,b\n1,2\n", '{"a": 1}\n{"a": 2}\n', "<what>is this</what>\n"):
        assert lines(content) == content.splitlines()


def test_documents_that_are_written_over_many_lines_become_one_each(lines: Lines) -> None:
    documents = [{"a": 1, "b": {"c": ["x", "y"]}}, {"a": 2}]
    pretty = "\n".join(json.dumps(one, indent=2) for one in documents)
    assert [json.loads(line) for line in lines(pretty)] == documents
    assert [json.loads(line) for line in lines(json.dumps(documents, indent=2))] == documents


def test_an_apis_answer_is_the_list_in_it(lines: Lines) -> None:
    assert [json.loads(line) for line in lines('{"page": 0, "calls": [{"sid": "1"},\n {"sid": "2"}]}')] == [
        {"sid": "1"}, {"sid": "2"},
    ]  # fmt: skip


def test_numbers_and_names_that_come_twice_stay_as_written(lines: Lines) -> None:
    written = '"price": 0.00750000, "id": 12345678901234567890123, "far": 1e400, "price": 1.10'
    assert lines("{\n" + written + "\n}") == ["{ " + written + " }"]


def test_a_broken_document_is_refused_with_what_to_do(lines: Lines) -> None:
    for content in ('{\n"a": 1,\n"b": ', '[{"a": 1}, {"a":', '{"a": 1}}\n{'):
        with pytest.raises(UnreadableFile, match="the document cannot be read, it may be cut off"):
            lines("\n" + content)


def test_a_deep_document_harms_nothing(lines: Lines) -> None:
    assert len(lines('{"a":\n' + "[" * 50_000 + "]" * 50_000 + "}")) == 1


def test_an_array_on_one_long_line_is_cut_into_its_records(
    rating: tuple[duckdb.DuckDBPyConnection, Path],
) -> None:
    con, work = rating
    path = work / "long"
    path.write_text(json.dumps([{"id": n, "text": "x" * 100} for n in range(12_000)]), encoding="utf-8")
    assert as_lines(con, TextFile(path, "long", lines=1, regular=False), work).lines == 12_000


def test_a_record_over_a_megabyte_is_a_line_that_is_cut(rating: tuple[duckdb.DuckDBPyConnection, Path]) -> None:
    con, work = rating
    path = work / "long"
    path.write_text('{"a": 1}\n{"a": "' + "x" * 1_500_000 + '"}\n', encoding="utf-8")
    safe = as_lines(con, TextFile(path, "long", lines=2, regular=False), work).path.read_bytes().splitlines()
    assert [len(line) for line in safe] == [8, 1_000_000]


def test_a_broken_leg_of_freeswitch_spoils_itself_only(lines: Lines) -> None:
    whole = '{\n "core-uuid": "c",\n "variables": {\n  "uuid": "u-1"\n }\n}\n'
    found = lines(whole + whole[:40] + "\n" + whole + '{"core-uuid":"c","variables":{}}{"core-uuid":"d"}')
    assert [line.startswith("{") and line.endswith("}") for line in found] == [True, False, True, True, True]


# ---- XML


def test_each_cdr_of_a_file_is_a_record_however_it_is_laid_out(lines: Lines) -> None:
    content = '<?xml version="1.0"?>\n' + "".join(WHOLE.format(n) + "\n" * (n % 2) for n in range(5))
    spread = content.replace("><", ">\n  <")
    wrapped = "<cdrs>\n" + content.partition("\n")[2] + "</cdrs>\n"
    for one in (content, spread, wrapped):
        assert [variables(line)["uuid"] for line in lines(one)] == [f"u-{n}" for n in range(5)]


def test_variables_and_profiles_are_in_the_shape_of_mod_json_cdr(lines: Lines) -> None:
    [line] = lines(
        '<cdr core-uuid="c" switchname="fs"><channel_data><direction>inbound</direction></channel_data><variables>'
        "<uuid>u</uuid><empty></empty></variables><callflow dialplan='XML'><extension name='n' number='1'></extension>"
        "<caller_profile><destination_number>2</destination_number><originator><originator_caller_profile>"
        "<uuid>a</uuid></originator_caller_profile></originator></caller_profile><times><created_time>3</created_time>"
        "</times></callflow><callflow><caller_profile><destination_number>1</destination_number></caller_profile>"
        "</callflow></cdr>"
    )
    record = json.loads(line)
    assert record["variables"] == {"uuid": "u", "empty": ""}
    assert record["core-uuid"] == "c"
    assert [flow["caller_profile"]["destination_number"] for flow in record["callflow"]] == ["2", "1"]
    assert record["callflow"][0]["caller_profile"]["originator"]["originator_caller_profiles"] == [{"uuid": "a"}]


def test_what_xml_does_not_allow_does_no_harm(lines: Lines) -> None:
    odd = '<sip_h_X-A:b>1</sip_h_X-A:b>< blank>2</ blank><sip_full_from>"A" <sip:1@h>;tag=1</sip_full_from><^^,>3</^^,>'
    [line] = lines(WHOLE.format(1).replace("</variables>", odd + '<after>"4"\\</after></variables>'))
    assert {"uuid": "u-1", "sip_h_X-A:b": "1", "after": '"4"\\'}.items() <= variables(line).items()


def test_the_five_entities_and_the_numeric_ones_are_known_and_no_other(lines: Lines) -> None:
    text = "&lt;&gt;&amp;amp;&quot;&apos;&#65;&#x42;&#34;&#0;&#xD800;&#1114112;&other;"
    [line] = lines(WHOLE.format(1).replace("u-1", text))
    assert variables(line)["uuid"] == '<>&amp;"\'AB"&other;'


def test_a_billion_laughs_are_not_laughed(lines: Lines) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    document = f'<?xml version="1.0"?><!DOCTYPE cdr [<!ENTITY l0 "lol">{entities}]>{WHOLE.format("&l9;")}'
    assert [variables(line)["uuid"] for line in lines(document)] == ["u-&l9;"]
    foreign = '<!DOCTYPE cdr [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + WHOLE.format("&f;")
    assert [variables(line)["uuid"] for line in lines(foreign)] == ["u-&f;"]


@pytest.mark.parametrize("broken", ["<cdr a='1'><variables><uuid>u", "<cdr><callflow></callflow></cdr>", "<cdr >"])
def test_a_broken_cdr_is_a_line_that_is_no_record_and_the_others_are_whole(lines: Lines, broken: str) -> None:
    for content in (f"{WHOLE.format(1)}\n{broken}\n{WHOLE.format(2)}", f"{broken}\n{WHOLE.format(1)}{WHOLE.format(2)}"):
        found = lines(content)
        assert [variables(line)["uuid"] for line in found if line.startswith("{")] == ["u-1", "u-2"]
        assert [line for line in found if not line.startswith("{")] == [broken]


def test_xml_in_records_is_read_in_its_place_and_what_was_received_stays_with_it(lines: Lines) -> None:
    posted = json.dumps({"xml": WHOLE.format(2), "callmeter": {"received_at": "2026-10-05T10:00:00Z"}})
    broken = json.dumps({"xml": "<cdr><variables>"})
    found = lines("\n".join(('{"variables": {"uuid": "u-1"}}', posted, "", "no record", broken, posted)) + "\n")
    assert [json.loads(found[n])["variables"]["uuid"] for n in (0, 1, 5)] == ["u-1", "u-2", "u-2"]
    assert json.loads(found[1])["callmeter"] == {"received_at": "2026-10-05T10:00:00Z"}
    assert found[2:5] == ["", "no record", "<cdr><variables>"]
