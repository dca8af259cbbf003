"""FusionPBX' v_xml_cdr, read from PostgreSQL -> CSV with the column names of 5.x.

`start_epoch` is UTC in every version; times with a zone are told in UTC. 4.x calls the key uuid, 5.x xml_cdr_uuid;
which of the columns there are, and which the user may read, is asked first. Rows are written when calls end, and keyed
by their start. Columns: fusionpbx/fusionpbx:app/xml_cdr/app_config.php (5.5, 4.4.1).

The secret: the password of a user who may only read; see databases.py.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Literal

from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]
from pg8000.native import Connection, identifier  # type: ignore[import-untyped]

from callmeter.errors import CallmeterError
from callmeter.pulls.databases import CONNECT_SECONDS, ROWS, STATEMENT_SECONDS, csv_line
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.settings import DatabasePull, Port, Source
from callmeter.pulls.web import Busy, refuse_link_local, retrying

_KEY, _KEY_4 = "xml_cdr_uuid", "uuid"
_COLUMNS = (
    _KEY, "domain_uuid", "domain_name", "extension_uuid", "sip_call_id", "accountcode", "direction", "context",
    "caller_id_number", "caller_destination", "source_number", "destination_number", "digits_dialed", "start_epoch",
    "start_stamp", "answer_epoch", "answer_stamp", "end_epoch", "end_stamp", "duration", "mduration", "billsec",
    "billmsec", "waitsec", "bridge_uuid", "leg", "originating_leg_uuid", "last_app", "last_arg", "voicemail_message",
    "missed_call", "cc_side", "carrier_name", "status", "call_disposition", "hangup_cause", "hangup_cause_q850",
    "sip_hangup_disposition",
)  # fmt: skip
_NEEDED = ("start_epoch", "billsec", "direction", "destination_number")
_SESSION = (
    "set session characteristics as transaction read only",
    f"set statement_timeout = '{STATEMENT_SECONDS}s'",
    "set time zone 'UTC'",
)
_THERE = (
    "select column_name::text from information_schema.columns "
    "where table_name = 'v_xml_cdr' and table_schema = any(current_schemas(false))"
)
# A cursor takes no parameters, so that its bounds are settings of the session.
_BOUNDS = (
    "select set_config('callmeter.since', cast(:since as text), false), "
    "set_config('callmeter.until', cast(:until as text), false)"
)
_CALLS = (
    "declare calls no scroll cursor for select {columns} from v_xml_cdr "
    "where start_epoch >= current_setting('callmeter.since')::bigint "
    "and start_epoch < current_setting('callmeter.until')::bigint order by start_epoch, {key}"
)
_FETCH = f"fetch forward {ROWS} from calls"


class FusionPull(DatabasePull):
    kind: Literal["fusionpbx"]
    source: Source = "fusionpbx"
    port: Port = 5432
    database: str = "fusionpbx"


class Table:
    """The table v_xml_cdr of one server. Every file has all columns; those that a version has not are empty."""

    suffix = ".csv"
    header = (",".join(_COLUMNS) + "\n").encode()

    def __init__(self, pull: FusionPull, login: Credentials, patience: Patience) -> None:
        refuse_link_local(pull.host)
        self._pull = pull
        self._login = login
        self._patience = patience

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, "UTC")

    def fetch(self, window: Window) -> Iterator[Record]:
        connection = retrying(self._patience)(self._connect)
        with _told(self._pull), closing(connection):
            own = _columns(connection)
            columns = list(own)
            places = [columns.index(name) if name in own else None for name in _COLUMNS]
            start = columns.index("start_epoch")
            since, until = (int(at.timestamp()) for at in window)
            connection.run("begin")
            connection.run(_BOUNDS, since=since, until=until)
            shown = ", ".join(f"{identifier(name)}::text" for name in own.values())
            connection.run(_CALLS.format(columns=shown, key=identifier(own[_KEY])))
            while rows := connection.run(_FETCH):
                for row in rows:
                    hour = f"{datetime.fromtimestamp(int(row[start]), UTC):%Y-%m-%dT%H}"
                    yield Record(hour, csv_line(None if place is None else row[place] for place in places))

    def _connect(self) -> Connection:
        """A session that can only read, and not for ever."""
        pull = self._pull
        with _told(pull):
            connection = Connection(
                self._login.user,
                host=pull.host,
                port=pull.port,
                database=pull.database,
                password=self._login.password,
                ssl_context=pull.tls_context() or False,
                timeout=STATEMENT_SECONDS + CONNECT_SECONDS,
                application_name="callmeter",
            )
            for statement in _SESSION:
                connection.run(statement)
        return connection


def _columns(connection: Connection) -> dict[str, str]:
    """Those of our columns that there are, and that this user may read, by what this version calls them.

    Raises CallmeterError where it is too few.
    """
    there = {row[0] for row in connection.run(_THERE)}
    key = _KEY if _KEY in there else _KEY_4
    missing = [name for name in (key, *_NEEDED) if name not in there]
    if missing:
        raise CallmeterError(f"v_xml_cdr is not there, or not to be read ({', '.join(missing)}): grant select on it.")
    return {_KEY: key} | {name: name for name in _COLUMNS if name in there}


@contextmanager
def _told(pull: FusionPull) -> Iterator[None]:
    """The driver's errors as ours."""
    place = f"{pull.database} on {pull.host}:{pull.port}"
    try:
        yield
    except DatabaseError as error:
        said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        code, text = str(said.get("C", "")), str(said.get("M", ""))
        if code[:2] in ("28", "3D") or code in ("42501", "42P01"):  # who, which database; may not, is not there
            raise CallmeterError(f"{place} refused: {text}. Check user, secret, and what the user may read.") from error
        raise Busy(f"{place} cannot be read: {text or code or type(error).__name__}") from error
    except (InterfaceError, OSError) as error:
        raise Busy(f"{place} cannot be read: {error}") from error
