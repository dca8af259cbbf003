"""FreePBX' (and Issabel's) asteriskcdrdb.cdr, read from MySQL or MariaDB -> CSV like its own export, and `timestamp`.

`calldate` is the PBX' local time without a zone; unix_timestamp() of it, by the database server's own clock, is the
start in UTC. That needs the server's time zone to be the PBX', as it is where both are one machine; else `timezone`
names it (the server's zone tables have to be loaded). Rows are written when calls end, and keyed by their start.
Columns: FreePBX/framework:SQL/cdr_mysql_table.sql and FreePBX/cdr:install.php; older tables have fewer.

The secret: the password of a user who may only read; see databases.py.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Literal

import pymysql
from pymysql.constants import ER
from pymysql.cursors import SSCursor

from callmeter.errors import CallmeterError
from callmeter.pulls.databases import CONNECT_SECONDS, ROWS, STATEMENT_SECONDS, csv_line
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import hour_of
from callmeter.pulls.settings import DatabasePull, Port, Source
from callmeter.pulls.web import Busy, refuse_link_local, retrying

_COLUMNS = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec",
    "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "did", "cnum", "cnam", "outbound_cnum",
    "outbound_cnam", "dst_cnam", "recordingfile", "linkedid", "peeraccount", "sequence", "timestamp",
)  # fmt: skip
# Windows meet at one local time each, so that no hour is left out or told twice when clocks change.
_CALLS = (
    "select *, unix_timestamp(calldate) as timestamp from cdr "
    "where calldate >= from_unixtime(%s) and calldate < from_unixtime(%s) order by calldate, uniqueid, duration"
)
_REFUSED = (ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR, ER.NO_SUCH_TABLE,
            ER.BAD_DB_ERROR, ER.UNKNOWN_TIME_ZONE, ER.COLUMNACCESS_DENIED_ERROR)  # fmt: skip


class FreepbxMysqlPull(DatabasePull):
    """timezone: of calldate, where the server's own is another."""

    kind: Literal["freepbx-mysql"]
    source: Source = "freepbx"
    port: Port = 3306
    database: str = "asteriskcdrdb"
    timezone: str = ""


class Table:
    """The table cdr of one server. Every file has all columns; those that a table has not are empty."""

    suffix = ".csv"
    header = (",".join(_COLUMNS) + "\n").encode()

    def __init__(self, pull: FreepbxMysqlPull, login: Credentials, patience: Patience) -> None:
        refuse_link_local(pull.host)
        self._pull = pull
        self._login = login
        self._patience = patience

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        connection = retrying(self._patience)(self._connect)
        bounds = int(window.starts_at.timestamp()), int(window.ends_at.timestamp())
        with _told(self._pull), closing(connection), closing(connection.cursor()) as cursor:
            cursor.execute(_CALLS, bounds)
            at = {column[0]: place for place, column in enumerate(cursor.description)}
            places = [at.get(name) for name in _COLUMNS]
            while rows := cursor.fetchmany(ROWS):
                for row in rows:
                    cells = [None if place is None else row[place] for place in places]
                    yield Record(hour_of(str(cells[0])), csv_line(cells))

    def _connect(self) -> "pymysql.Connection[SSCursor]":
        """A session that can only read, and not for ever."""
        pull = self._pull
        context = pull.tls_context()
        with _told(pull):
            connection = pymysql.connect(
                host=pull.host,
                port=pull.port,
                user=self._login.user,
                password=self._login.password,
                database=pull.database,
                charset="utf8mb4",
                ssl=context,
                ssl_disabled=context is None,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=STATEMENT_SECONDS + CONNECT_SECONDS,
                cursorclass=SSCursor,
            )
            with closing(connection.cursor()) as cursor:
                cursor.execute("set session transaction read only")
                _limit_time(cursor)
                if pull.timezone:
                    cursor.execute("set session time_zone = %s", (pull.timezone,))
            connection.begin()
        return connection


def _limit_time(cursor: SSCursor) -> None:
    """How long a statement may take, as MariaDB calls it, or else MySQL."""
    try:
        cursor.execute("set session max_statement_time = %s", (STATEMENT_SECONDS,))
    except pymysql.err.MySQLError as error:
        if error.args[0] != ER.UNKNOWN_SYSTEM_VARIABLE:
            raise
        cursor.execute("set session max_execution_time = %s", (STATEMENT_SECONDS * 1000,))


@contextmanager
def _told(pull: FreepbxMysqlPull) -> Iterator[None]:
    """The driver's errors as ours."""
    place = f"{pull.database} on {pull.host}:{pull.port}"
    try:
        yield
    except pymysql.err.MySQLError as error:
        code, text = (*error.args, "", "")[:2]
        if code in _REFUSED:
            raise CallmeterError(f"{place} refused: {text}. Check user, secret, and what the user may read.") from error
        raise Busy(f"{place} cannot be read: {text or code}") from error
    except OSError as error:
        raise Busy(f"{place} cannot be read: {error}") from error
