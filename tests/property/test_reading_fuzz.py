"""Damaged files of calls and of rates: never a traceback, never a wrong count. CALLMETER_LONG=1 tries 10,000."""

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from callmeter.catalogue.compile import Catalogue, compile_catalogue, open_catalogue, save_catalogue
from callmeter.errors import BrokenCatalogue, UnreadableFile
from callmeter.rating.engine import engine
from callmeter.rating.stages import Intake, prepare, price_calls, price_file, settle
from callmeter.sources import recognise
from callmeter.sources.text import TextFile, make_safe
from rating_kit import write, write_rates

LONG = os.environ.get("CALLMETER_LONG") == "1"
MUTANTS = 10_000 if LONG else 30
SEEN_AT = datetime(2026, 11, 1, tzinfo=UTC)

# ---- good files

GENERIC = """\
call_id,from,to,start,duration,carrier
a,+442079460001,+442071234567,2026-10-05T10:00:00Z,61,voxwave
b,02079460001,07700900123,2026-10-05 10:00:00,1:01,
c,+442079460001,999,2026-10-05T10:00:00+01:00,6.5,VW backup
,+442079460001,+4930123456,1791194400,0,
a,+442079460001,+442071234567,2026-10-05T10:00:00Z,61,voxwave
"""
QUOTED = '''\
"id";"From number";"To number";"Call initiated";"Duration"
"a";"""Bob, of ""X"""" <sip:+442079460001@pbx.example>";"+44 (0)20 7123 4567";"2026-10-05T10:00:00Z";"61"

"b";"+442079460001";"+447700900123";"2026-10-05T10:00:00Z";"00:01:01"
"c";"+442079460001"; "+447700900123" ;"2026-10-05T10:00:00Z";"61"
'''
FREEPBX = '''\
calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,accountcode,uniqueid,\
did,cnum,outbound_cnum,linkedid,sequence
"2026-10-05 11:00:00","""Alice, A"" <101>",101,02071234567,from-internal,PJSIP/101-00000012,PJSIP/acme-00000013,Dial,\
"PJSIP/02071234567@acme,300,Tb",66,61,ANSWERED,A1,1791194400.12,,101,02079460001,1791194400.12,7
"2026-10-05 11:00:00",02071234567,02071234567,101,from-trunk,PJSIP/acme-00000014,PJSIP/101-00000015,Dial,x,9,9,\
ANSWERED,,1791194400.14,02079460001,,,1791194400.14,8
'''
ASTERISK = '''\
"","02079460001","02071234567","from-internal","""Alice, A"" <02079460001>","PJSIP/alice-00000012",\
"PJSIP/acme-00000013","Dial","PJSIP/02071234567@acme,60,tT","2026-10-05 11:00:00","2026-10-05 11:00:05",\
"2026-10-05 11:01:06",66,61,"ANSWERED","DOCUMENTATION","1791194400.12","a, note"
"A1","02079460001","07700900123","from-internal","","PJSIP/alice-00000014","","Dial","","2026-10-05 11:00:00",,\
"2026-10-05 11:01:06",66,0,"NO ANSWER","DOCUMENTATION","1791194400.14",""
'''
CALLS = [
    GENERIC.encode(),
    GENERIC.replace("\n", "\r\n").encode(),
    GENERIC.replace("\n", "\r").encode(),
    GENERIC.replace(",", "\t").encode(),
    QUOTED.encode(),
    QUOTED.encode("utf-8-sig"),
    GENERIC.encode("utf-16"),
    QUOTED.replace("\n", "\r\n").encode("utf-16-be"),
    FREEPBX.encode(),
    ASTERISK.encode(),
    ASTERISK.replace("\n", "\r\n").encode(),
]
OPERATOR = """\
country = "GB"
timezone = "Europe/London"
currency = "GBP"
holidays = ["12-25", "2026-04-03"]
[bands.peak]
days = ["mon-fri"]
hours = ["08:00-19:00"]
"""
PLANS = """\
[plans.basic]
name = "Basic"
deck = "retail"
currency = "GBP"
billing = "deck"
monthly_limit = "100.00"
[[plans.basic.allowances]]
name = "10 minutes"
groups = ["mobile"]
minutes = 10
"""
DECK = """\
prefix,destination,group,rate,connect_fee,first_increment,increment,effective_from,effective_to,band,max_charge,from_prefix
44,UK,landline,0.06,0.05,60,1,,,,,
44,UK,landline,0.08,,60/1,,2026-10-01,,peak,1.5,4420
447,"UK, Mobile",mobile,0.085,,,,2026-01-01,2027-01-01,,,
999,Police,emergency,0,,,,,,,,
"""
DESTINATIONS = 'prefix,destination,group\n44,UK,landline\n447,"UK, Mobile",mobile\n112,Emergency,emergency\n'
ACCOUNTS = """\
account_id,name,plan,numbers,sip_logins,currency,timezone,anchor_day,valid_from,valid_to
A1,"Harbour, Ltd",basic,442079460001 +442079460003,101 alice,GBP,Europe/London,15,,2026-12-01
B1,Okafor,basic,+442079460002,,,,,2026-01-01,
"""
CARRIERS = '[carriers.voxwave]\nname = "VoxWave"\ntrunks = ["vw backup"]\ndeck = "retail"\ncurrency = "GBP"\n'
EXCHANGE = "date,base,quote,rate\n2026-01-01,USD,GBP,0.79\n2026-10-01,GBP,USD,1.2658\n"
RATES = {
    "operator.toml": OPERATOR, "plans.toml": PLANS, "decks/retail.csv": DECK, "destinations.csv": DESTINATIONS,
    "accounts.csv": ACCOUNTS, "carriers.toml": CARRIERS, "fx.csv": EXCHANGE,
}  # fmt: skip

# ---- damage

SPLICES = [
    *(b'"', b'""', b'"""', b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b",", b";", b"\t", b"|", b" ", b"'", b"\\", b"#"),
    *(b"=", b"\x1f", b"\x1e", b"\x0b", b"\x0c", b"\x85", b"\xa0", b"\xff", b"\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *("\u2028".encode(), "\u00a0".encode(), "٣".encode(), "Ü€".encode(), "😀".encode(), b"\xc3"),
    *(b"-1", b"1e9", b"99999999999999999999", b"0x1F", b"NaN", b"9999-12-31T23:59:59Z"),
    *(b"x" * 5000, b'"' * 501, b"," * 3000, b"x" * 1_000_100, b"\n  \t \n", b'"\n"', b'","', b',"a\nb",'),
]  # fmt: skip


ODD = st.lists(st.integers(1, 0x10FFFF), max_size=4)  # characters


@st.composite
def mutants(draw: st.DrawFn, good: list[bytes]) -> bytes:
    """A good file with a few bytes changed, cut out, put in, doubled, or lines swapped; mostly behind its header."""
    content = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(0, 4))):
        last = max(len(content) - 1, 0)
        header = draw(st.sampled_from((0, 1, 1, 1, 1))) * (content.find(b"\n") + 1)
        at = draw(st.integers(min(header, last), last))
        to = min(len(content), at + draw(st.integers(0, 40)))
        match draw(st.sampled_from(("splice", "splice", "byte", "text", "cut", "repeat", "swap", "end"))):
            case "splice":
                content[at:at] = draw(st.sampled_from(SPLICES))
            case "byte" if content:
                content[at] = draw(st.integers(0, 255))
            case "text":
                content[at:to] = "".join(map(chr, draw(ODD))).encode("utf-8", "replace")
            case "cut":
                del content[at:to]
            case "repeat":
                content[at:at] = content[at:to] * draw(st.integers(1, 3))
            case "swap":
                lines = content.split(b"\n")
                one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[other] = lines[other], lines[one]
                content = bytearray(b"\n".join(lines))
            case _:
                del content[len(content) - draw(st.integers(0, 3)) :]
    return bytes(content)


def filled_lines(content: bytes) -> list[bool]:
    """For each line of a file, whether it has anything but blanks in it."""
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if content.startswith(mark):
            content = content.decode("utf-16", "replace").encode()
    head = content[:400]
    for odd, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(content) >= 4 and head[odd::2].count(0) > 0.8 * len(head[odd::2]):
            content = content.decode(encoding, "replace").encode()
            break
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    return [bool(line.strip(b" \t\r\x1f")) for line in content.split(b"\n")]


# ---- files of calls


@dataclass(frozen=True)
class Rater:
    """A connection in which calls are rated, with its scratch folder."""

    con: duckdb.DuckDBPyConnection
    work: Path
    catalogue: Catalogue

    def read(self, text: TextFile, skip: int) -> list[tuple[Any, ...]]:
        """The calls of one file as they were read, its line first; every one is priced or rejected."""
        prepare(self.con)
        counted = price_file(self.con, self.catalogue, text, Intake(), SEEN_AT, self.work)
        rows = self.con.execute(
            "select coalesce(line, rowid + 1 + $skip) as line, * exclude (line, irregular) from calls_read "
            "where not irregular order by line",
            {"skip": skip},
        ).fetchall()
        assert len(rows) == counted.rows_in == counted.priced + counted.rejected
        return rows

    def settled(self) -> int:
        """How many calls are rated, a duplicate, or rejected in the end."""
        price_calls(self.con, self.catalogue)
        settle(self.con)
        return sum(len(self.con.table(table)) for table in ("rated_calls", "duplicates", "rejects"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled catalogue."""
    folder = tmp_path_factory.mktemp("compiled")
    with rates_folder({}) as rates, engine(allowed=[folder]) as (con, work):
        save_catalogue(con, compile_catalogue(con, rates, work), folder)
    return folder


@contextmanager
def rates_folder(changed: dict[str, bytes]) -> Iterator[Path]:
    """A rates folder, with some files `changed`."""
    with TemporaryDirectory() as folder:
        rates = write_rates(Path(folder))
        for name, text in RATES.items():
            write(rates / name, changed.get(name, text.encode()))
        yield rates


FUZZ = settings(
    max_examples=MUTANTS,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@FUZZ
@given(content=mutants(CALLS))
@example(content=GENERIC.replace("a,", '"a,').encode())  # a quote that ends lines later
@example(content=QUOTED.replace('"61"', '"61').encode())
@example(content=b"\0".join(GENERIC.encode().split(b"b")))
def test_a_damaged_file_of_calls_is_refused_or_each_line_of_it_is_a_row(compiled: Path, content: bytes) -> None:
    """Cut by DuckDB or with care it reads the same; and rows in = rated + duplicates + rejected."""
    with engine(allowed=[compiled]) as (con, work):
        rater = Rater(con, work, open_catalogue(con, compiled))
        try:
            text = make_safe(write(work / "calls.csv", content), work, in_place=True)
            _, reading = recognise(text)
        except UnreadableFile:
            event("refused")
            return
        event("DuckDB may cut it" if text.regular and reading.width else "cut with care")
        careful = rater.read(replace(text, regular=False), reading.skip)
        rows = rater.read(text, reading.skip)
        assert rows == careful
        filled = enumerate(filled_lines(content), start=1)
        assert [row[0] for row in rows] == [number for number, some in filled if some and number > reading.skip]
        assert rater.settled() == len(rows)


# ---- the rates


@st.composite
def damaged_rates(draw: st.DrawFn) -> dict[str, bytes]:
    """One file of a rates folder damaged, sometimes two."""
    names = draw(st.lists(st.sampled_from(sorted(RATES)), min_size=1, max_size=2, unique=True))
    return {name: draw(mutants([RATES[name].encode()])) for name in names}


def check(refusal: BrokenCatalogue) -> None:
    """Every problem names a file of the folder, says something, and has a code."""
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.file.startswith("rates/")
        assert problem.text
        assert problem.code


@FUZZ
@given(changed=damaged_rates())
def test_damaged_rates_are_refused_with_their_place_or_rate_every_call(changed: dict[str, bytes]) -> None:
    with rates_folder(changed) as rates, engine() as (con, work):
        try:
            catalogue = compile_catalogue(con, rates, work)
        except BrokenCatalogue as error:
            event("refused")
            check(error)
            return
        event("read")
        rater = Rater(con, work, catalogue)
        assert len(rater.read(make_safe(write(work / "calls.csv", GENERIC), work), 1)) == 5
        assert rater.settled() == 5
