"""Pulls of PBX databases from real servers: PostgreSQL and MariaDB, as Debian packages them.

Each runs in a folder of its own on 127.0.0.1, as a user without rights where the tests are run by root, and encrypts
with a certificate made here. Without the packages these tests are skipped.
"""

import csv
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]
from pg8000.native import Connection  # type: ignore[import-untyped]

from callmeter.errors import CallmeterError, Unreachable
from callmeter.pulls.freepbx_mysql import Table as FreepbxTable
from callmeter.pulls.fusionpbx import Table as FusionTable
from callmeter.pulls.kinds import fetcher
from callmeter.pulls.port import Fetcher, Window
from callmeter.pulls.run import run_pull
from callmeter.pulls.settings import Pull
from callmeter.rating.stages import Intake
from pull_kit import NOW, Cursors, Inbox, Leases, patience, settings
from rating_kit import rate_paths, write, write_rates

ROOT = os.geteuid() == 0 if hasattr(os, "geteuid") else False
WORD = "a word; 'quoted'"
DAY = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
CREATES_5 = """
create table v_xml_cdr (
    xml_cdr_uuid uuid primary key, domain_uuid uuid, domain_name text, accountcode text, direction text, leg char(1),
    caller_id_number text, caller_destination text, source_number text, destination_number text,
    start_epoch numeric, start_stamp timestamptz, answer_epoch numeric, answer_stamp timestamptz, end_epoch numeric,
    end_stamp timestamptz, duration numeric, mduration numeric, billsec numeric, billmsec numeric, bridge_uuid uuid,
    last_app text, last_arg text, missed_call boolean, status text, hangup_cause text, hangup_cause_q850 numeric,
    sip_hangup_disposition text, xml text, json jsonb)
"""
CREATES_4 = """
create table v_xml_cdr (
    uuid uuid primary key, domain_uuid uuid, domain_name text, accountcode text, direction text, leg char(1),
    caller_id_number text, destination_number text, start_epoch numeric, start_stamp timestamp, answer_epoch numeric,
    answer_stamp timestamp, end_epoch numeric, end_stamp timestamp, duration numeric, mduration numeric,
    billsec numeric, billmsec numeric, hangup_cause text, sip_hangup_disposition text, xml text)
"""
CREATES_CDR = """
create table cdr (
    calldate datetime not null default '0000-00-00 00:00:00', clid varchar(80) not null default '',
    src varchar(80) not null default '', dst varchar(80) not null default '', dcontext varchar(80) not null default '',
    channel varchar(80) not null default '', dstchannel varchar(80) not null default '',
    lastapp varchar(80) not null default '', lastdata varchar(80) not null default '',
    duration int(11) not null default 0, billsec int(11) not null default 0,
    disposition varchar(45) not null default '', amaflags int(11) not null default 0,
    accountcode varchar(20) not null default '', uniqueid varchar(32) not null default '',
    userfield varchar(255) not null default ''{more}, key calldate (calldate))
"""
FREEPBX_MORE = """,
    did varchar(50) not null default '', recordingfile varchar(255) not null default '', cnum varchar(80) not null
    default '', cnam varchar(80) not null default '', outbound_cnum varchar(80) not null default '', outbound_cnam
    varchar(80) not null default '', dst_cnam varchar(80) not null default '', linkedid varchar(32) not null default '',
    peeraccount varchar(80) not null default '', sequence int(11) not null default 0
"""


@dataclass(frozen=True)
class Server:
    """A running server. socket: the folder's, that the owner comes in by."""

    port: int
    ca: str
    socket: str = ""

    def pull(self, kind: str, database: str, user: str = "callmeter", **other: Any) -> Pull:
        return settings(
            kind, host="127.0.0.1", port=self.port, database=database, user=user, **({"ca": self.ca} | other)
        )  # fmt: skip

    def table(self, kind: str, database: str, word: str = WORD, **other: Any) -> Fetcher:
        return fetcher(self.pull(kind, database, **other), word, patience(tries=2))


def rows(table: Fetcher, window: Window = DAY) -> list[dict[str, str]]:
    """The rows of a window by column."""
    lines = [table.header, *(one.line for one in table.fetch(window))]
    return list(csv.DictReader(line.decode().rstrip("\n") for line in lines))


@contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, str | None]]:
    """A folder that `user` owns, or we ourselves, who then run what it is for; and who that is."""
    owner = user if ROOT else None
    folder = Path(tempfile.mkdtemp(prefix="callmeter-database-"))
    if owner:
        shutil.chown(folder, owner)
    try:
        yield folder, owner
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def certificate(folder: Path, owner: str | None) -> str:
    """A certificate for 127.0.0.1 and its key, as cert.pem and key.pem; the certificate's text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx.example.net")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file, content in (("cert.pem", pem), ("key.pem", secret)):
        (folder / file).write_bytes(content)
        (folder / file).chmod(0o600)
        if owner:
            shutil.chown(folder / file, owner)
    return pem.decode()


@contextmanager
def running(
    command: list[str | Path], owner: str | None, folder: Path, answers: Callable[[], object]
) -> Iterator[None]:
    """A server, once it answers; ended afterwards."""
    environment = {**os.environ, "TZ": "America/New_York"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=owner, cwd=folder, stdout=log, stderr=log, env=environment)  # noqa: S603
        try:
            for _ in range(600):
                with suppress(OSError, DatabaseError, InterfaceError, pymysql.err.MySQLError):
                    answers()
                    break
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            yield
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


# ---- PostgreSQL


def program(name: str) -> Path:
    """One of PostgreSQL's programs, which Debian keeps out of the way."""
    found = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), shutil.which(name)]
    existing = [Path(path) for path in found if path]
    if not existing:
        pytest.skip("PostgreSQL is not installed here: apt-get install postgresql")
    return existing[0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    """A server with a FusionPBX 5 and a FusionPBX 4 database, and a user who may only read them."""
    initdb, server = program("initdb"), program("postgres")
    with folder_of("postgres") as (folder, owner):
        ca, port, data = certificate(folder, owner), free_port(), folder / "data"
        (folder / "word").write_text(WORD)
        (folder / "word").chmod(0o644)
        subprocess.run(  # noqa: S603
            [initdb, "-D", data, "--no-sync", "--auth=scram-sha-256", "--username=owner", f"--pwfile={folder}/word"],
            check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        values = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "ssl": "on",
            "ssl_cert_file": folder / "cert.pem", "ssl_key_file": folder / "key.pem", "fsync": "off",
            "timezone": "America/New_York",
        }  # fmt: skip
        command: list[str | Path] = [
            server,
            "-D",
            data,
            *(f"--{name.replace('_', '-')}={value}" for name, value in values.items()),
        ]
        with running(command, owner, folder, lambda: owning(port, "postgres").close()):
            with closing(owning(port, "postgres")) as con:
                con.run(f"create role callmeter login password '{WORD.replace(chr(39), chr(39) * 2)}'")
                con.run(f"create role partly login password '{WORD.replace(chr(39), chr(39) * 2)}'")
                for database in ("fusion5", "fusion4"):
                    con.run(f"create database {database}")
            for database, creates in (("fusion5", CREATES_5), ("fusion4", CREATES_4)):
                with closing(owning(port, database)) as con:
                    con.run(creates)
                    con.run("grant select on v_xml_cdr to callmeter")
            yield Server(port, ca)


def owning(port: int, database: str) -> Connection:
    return Connection("owner", host="127.0.0.1", port=port, database=database, password=WORD, ssl_context=None)


@pytest.fixture
def fusion(postgres: Server) -> Iterator[Callable[..., None]]:
    """Puts calls (start, number of them, a minute apart) into a database; they are gone afterwards."""

    def put(database: str, start: datetime, count: int = 1, seconds: int = 60) -> None:
        key = "uuid" if database == "fusion4" else "xml_cdr_uuid"
        with closing(owning(postgres.port, database)) as con:
            con.run(
                f"insert into v_xml_cdr ({key}, domain_name, direction, leg, caller_id_number, destination_number, "  # noqa: S608
                "start_epoch, start_stamp, billsec, billmsec, hangup_cause, xml) "
                "select gen_random_uuid(), 'harbour.example', 'outbound', 'a', '101', '02079460123', at, "
                "to_timestamp(at), cast(:seconds as int), :seconds * 1000, 'NORMAL_CLEARING', repeat('x', 1000) from "
                "(select cast(:start as bigint) + n * 60 as at from generate_series(0, :count - 1) as n) as numbers",
                start=int(start.timestamp()), count=count, seconds=seconds,
            )  # fmt: skip

    yield put
    for database in ("fusion5", "fusion4"):
        with closing(owning(postgres.port, database)) as con:
            con.run("truncate v_xml_cdr")


def test_fusionpbx_calls_come_with_the_columns_of_their_version(postgres: Server, fusion: Callable[..., None]) -> None:
    start = datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)
    for database in ("fusion5", "fusion4"):
        fusion(database, start)
        fusion(database, start + timedelta(hours=1))
    (five,) = rows(postgres.table("fusionpbx", "fusion5"))
    (four,) = rows(postgres.table("fusionpbx", "fusion4"))
    for row in (five, four):
        assert len(row["xml_cdr_uuid"]) == 36
        assert row["start_epoch"] == str(int(start.timestamp()))
        assert (row["billsec"], row["billmsec"], row["direction"]) == ("60", "60000", "outbound")
        assert row["domain_name"] == "harbour.example"
        assert "xml" not in row
        assert row["answer_stamp"] == ""
    assert five["start_stamp"] == "2026-11-23 23:59:30+00"
    assert four["start_stamp"] == "2026-11-23 18:59:30"  # no zone: the server's clock, as FusionPBX 4 wrote it


def test_a_large_day_of_fusionpbx_comes_whole_and_by_hours(postgres: Server, fusion: Callable[..., None]) -> None:
    for seconds in range(5):
        fusion("fusion5", DAY.starts_at + timedelta(seconds=seconds), count=1440)
    records = list(postgres.table("fusionpbx", "fusion5").fetch(DAY))
    assert len({one.line for one in records}) == 7_200
    assert [one.hour for one in records] == sorted(one.hour for one in records)
    assert len({one.hour for one in records}) == 24


def test_a_long_call_that_fusionpbx_writes_at_its_end_is_found_by_the_look_back(
    postgres: Server, fusion: Callable[..., None]
) -> None:
    finds_late_calls(postgres, "fusionpbx", "fusion5", fusion)


def test_the_session_with_fusionpbx_cannot_write_and_its_user_neither(
    postgres: Server, fusion: Callable[..., None]
) -> None:
    fusion("fusion5", DAY.starts_at)
    table = postgres.table("fusionpbx", "fusion5")
    assert isinstance(table, FusionTable)
    with closing(table._connect()) as con:
        for statement in ("update v_xml_cdr set billsec = 0", "create temporary table mine (n int)"):
            with pytest.raises(DatabaseError, match="read-only"):
                con.run(statement)
        assert con.run("show statement_timeout") == [["2min"]]
        con.run("set session characteristics as transaction read write")
        with pytest.raises(DatabaseError, match="permission denied"):
            con.run("delete from v_xml_cdr")


def test_a_user_who_may_read_some_columns_gives_those(postgres: Server, fusion: Callable[..., None]) -> None:
    fusion("fusion5", DAY.starts_at)
    with closing(owning(postgres.port, "fusion5")) as con:
        con.run("grant select (xml_cdr_uuid, start_epoch, billsec, direction) on v_xml_cdr to partly")
        with pytest.raises(CallmeterError, match=r"not to be read \(destination_number\): grant select on it"):
            rows(postgres.table("fusionpbx", "fusion5", user="partly"))
        con.run("grant select (destination_number) on v_xml_cdr to partly")
    (row,) = rows(postgres.table("fusionpbx", "fusion5", user="partly"))
    assert (row["destination_number"], row["caller_id_number"]) == ("02079460123", "")


def test_postgresql_is_only_talked_to_encrypted_and_by_its_certificate(postgres: Server) -> None:
    assert rows(postgres.table("fusionpbx", "fusion5", tls="any")) == []
    with pytest.raises(Unreachable, match="certificate verify failed"):
        rows(postgres.table("fusionpbx", "fusion5", ca=""))
    with pytest.raises(CallmeterError, match="refused: password authentication failed") as refused:
        rows(postgres.table("fusionpbx", "fusion5", word="hunter2"))
    assert "hunter2" not in str(refused.value)
    with pytest.raises(CallmeterError, match='refused: database "fusion6" does not exist'):
        rows(postgres.table("fusionpbx", "fusion6"))


# ---- MariaDB


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Server]:
    """A server with FreePBX' and Issabel's table, and a user who may only read them; its clock is New York's."""
    server, install = shutil.which("mariadbd", path=_PATH), shutil.which("mariadb-install-db", path=_PATH)
    if not server or not install:
        pytest.skip("MariaDB is not installed here: apt-get install mariadb-server")
    with folder_of("mysql") as (folder, owner):
        ca, port, data = certificate(folder, owner), free_port(), folder / "data"
        subprocess.run(  # noqa: S603
            [install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve"],
            check=True, user=owner, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        command: list[str | Path] = [
            server, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
            f"--socket={folder}/socket", f"--pid-file={folder}/pid", f"--ssl-cert={folder}/cert.pem",
            f"--ssl-key={folder}/key.pem", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M",
        ]  # fmt: skip
        with running(command, owner, folder, lambda: commanding(f"{folder}/socket").close()):
            with closing(commanding(f"{folder}/socket")) as con, con.cursor() as cursor:
                cursor.execute("create user callmeter@'127.0.0.1' identified by %s require ssl", (WORD,))
                for database, more in (("asteriskcdrdb", FREEPBX_MORE), ("issabel", "")):
                    cursor.execute(f"create database {database}")
                    cursor.execute(f"use {database}")
                    cursor.execute("set sql_mode = ''")
                    cursor.execute(CREATES_CDR.format(more=more))
                    cursor.execute(f"grant select on {database}.cdr to callmeter@'127.0.0.1'")
            yield Server(port, ca, f"{folder}/socket")


_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])


def commanding(socket_path: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    return pymysql.connect(unix_socket=socket_path, user="root", autocommit=True)


@pytest.fixture
def freepbx(mariadb: Server) -> Iterator[Callable[..., None]]:
    """Puts calls (start, number of them, a minute apart) into a database; they are gone afterwards."""

    def put(database: str, start: datetime, count: int = 1, seconds: int = 60) -> None:
        with closing(commanding(mariadb.socket)) as con, con.cursor() as cursor:
            cursor.execute(f"use {database}")
            cursor.execute(
                "insert into cdr (calldate, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, "
                "duration, billsec, disposition, uniqueid) "
                "select from_unixtime(%s + 60 * seq), %s, '101', '02079460123', 'from-internal', 'PJSIP/101-00000001', "
                "'PJSIP/carrier-00000002', 'Dial', 'PJSIP/02079460123@carrier,300,T\nr', %s + 5, %s, 'ANSWERED', "
                "concat(%s + 60 * seq, '.1') from seq_0_to_9999 limit %s",
                (int(start.timestamp()), '"Desk, ""one""" <101>', seconds, seconds, int(start.timestamp()), count),
            )

    yield put
    with closing(commanding(mariadb.socket)) as con, con.cursor() as cursor:
        for database in ("asteriskcdrdb", "issabel"):
            cursor.execute(f"truncate {database}.cdr")


def test_freepbx_calls_come_with_their_start_in_utc(mariadb: Server, freepbx: Callable[..., None]) -> None:
    start = datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)
    for database in ("asteriskcdrdb", "issabel"):
        freepbx(database, start)
        freepbx(database, start + timedelta(hours=1))
        (row,) = rows(mariadb.table("freepbx-mysql", database))
        assert (row["calldate"], row["timestamp"]) == ("2026-11-23 18:59:30", str(int(start.timestamp())))
        assert (row["clid"], row["lastdata"]) == ('"Desk, ""one""" <101>', "PJSIP/02079460123@carrier,300,T r")
        assert (row["duration"], row["billsec"], row["disposition"]) == ("65", "60", "ANSWERED")
        assert row["sequence"] == ("0" if database == "asteriskcdrdb" else "")
        assert list(row)[-2:] == ["sequence", "timestamp"]


def test_a_large_day_of_freepbx_comes_whole(mariadb: Server, freepbx: Callable[..., None]) -> None:
    for seconds in range(5):
        freepbx("asteriskcdrdb", DAY.starts_at + timedelta(seconds=seconds), count=1440)
    records = list(mariadb.table("freepbx-mysql", "asteriskcdrdb").fetch(DAY))
    assert len({one.line for one in records}) == 7_200


def test_no_call_is_lost_when_the_pbx_clock_is_changed(mariadb: Server, freepbx: Callable[..., None]) -> None:
    first = datetime(2026, 10, 31, tzinfo=UTC)
    freepbx("asteriskcdrdb", first, count=3 * 1440)
    found: list[bytes] = []
    for day in range(3):
        window = Window(first + timedelta(days=day), first + timedelta(days=day + 1))
        found += [one.line for one in mariadb.table("freepbx-mysql", "asteriskcdrdb").fetch(window)]
    assert len(found) == 3 * 1440
    assert len(set(found)) == 3 * 1440


def test_a_long_call_that_freepbx_writes_at_its_end_is_found_by_the_look_back(
    mariadb: Server, freepbx: Callable[..., None]
) -> None:
    finds_late_calls(mariadb, "freepbx-mysql", "asteriskcdrdb", freepbx)


def test_the_session_with_freepbx_cannot_write_and_its_user_neither(
    mariadb: Server, freepbx: Callable[..., None]
) -> None:
    freepbx("asteriskcdrdb", DAY.starts_at)
    table = mariadb.table("freepbx-mysql", "asteriskcdrdb")
    assert isinstance(table, FreepbxTable)
    with closing(table._connect()) as con, con.cursor() as cursor:
        cursor.execute("select @@tx_read_only, @@max_statement_time")
        assert cursor.fetchall() == [(1, 120)]
        for statement in ("update cdr set billsec = 0", "delete from cdr", "create table mine (n int)"):
            with pytest.raises(pymysql.err.MySQLError, match=r"denied|READ ONLY"):
                cursor.execute(statement)


def test_mariadb_is_only_talked_to_encrypted_and_by_its_certificate(mariadb: Server) -> None:
    assert rows(mariadb.table("freepbx-mysql", "asteriskcdrdb", tls="any")) == []
    with pytest.raises(Unreachable, match="certificate verify failed"):
        rows(mariadb.table("freepbx-mysql", "asteriskcdrdb", ca=""))
    for other in ({"tls": "off"}, {"word": "hunter2"}):
        with pytest.raises(CallmeterError, match="refused: Access denied") as refused:
            rows(mariadb.table("freepbx-mysql", "asteriskcdrdb", **other))
        assert "hunter2" not in str(refused.value)


def test_a_zone_that_the_server_does_not_know_is_said(mariadb: Server) -> None:
    with pytest.raises(CallmeterError, match="Unknown or incorrect time zone"):
        rows(mariadb.table("freepbx-mysql", "asteriskcdrdb", timezone="Europe/London"))


# ---- both


@pytest.mark.parametrize(
    ("kind", "database"),
    [
        ("fusionpbx", "fusion5"),
        ("fusionpbx", "fusion4"),
        ("freepbx-mysql", "asteriskcdrdb"),
        ("freepbx-mysql", "issabel"),
    ],
)
def test_calls_that_are_pulled_twice_count_once(
    kind: str, database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue("postgres" if kind == "fusionpbx" else "mariadb")
    put: Callable[..., None] = request.getfixturevalue("fusion" if kind == "fusionpbx" else "freepbx")
    pull = server.pull(kind, database)
    inbox, cursors = Inbox(), Cursors()
    for now in (NOW, NOW + timedelta(hours=1)):
        put(database, now - timedelta(minutes=20), count=2, seconds=61)
        done = run_pull(pull, lambda: fetcher(pull, WORD, patience()), inbox, cursors, Leases(), "me", now, anyway=True)
        assert done
        assert not done.problems
    paths = [write(tmp_path / key.rpartition("/")[2], body) for key, body in sorted(inbox.files.items())]
    rates = write_rates(tmp_path, accounts="account_id,plan,sip_logins\nA1,basic,101 harbour.example\n")
    answer = rate_paths(tmp_path, rates, *paths, intake=Intake(source=pull.source, timezone="America/New_York"))
    assert answer.rejects == []
    assert sorted(row["started_at"][:16] for row in answer.rows) == [
        "2026-11-23T14:10", "2026-11-23T14:11", "2026-11-23T15:10", "2026-11-23T15:11",
    ]  # fmt: skip
    told = {(row["account_id"], row["direction"], row["duration_seconds"], row["to_number"]) for row in answer.rows}
    assert told == {("A1", "outbound", "61", "442079460123")}


def finds_late_calls(server: Server, kind: str, database: str, put: Callable[..., None]) -> None:
    """A call of a day and a half is written when it ends: two pulls after calls that began later."""
    inbox, cursors = Inbox(), Cursors()

    def run(now: datetime) -> None:
        pull = server.pull(kind, database, look_back="2d")
        done = run_pull(pull, lambda: fetcher(pull, WORD, patience()), inbox, cursors, Leases(), "me", now, anyway=True)
        assert done
        assert not done.problems

    put(database, NOW - timedelta(hours=3))
    run(NOW)
    put(database, NOW - timedelta(hours=36), seconds=36 * 3600)
    run(NOW + timedelta(minutes=30))
    calls = {line for line in inbox.lines if b"02079460123" in line}
    assert len(calls) == 2
    assert len(inbox.files) == 2
    run(NOW + timedelta(hours=1))
    assert len(inbox.files) == 2


def test_a_server_that_is_not_there_is_said_after_some_tries() -> None:
    for kind in ("fusionpbx", "freepbx-mysql"):
        table = Server(free_port(), "").table(kind, "nowhere")
        with pytest.raises(Unreachable, match=r"nowhere on 127\.0\.0\.1:\d+ cannot be read"):
            rows(table)
