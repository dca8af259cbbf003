"""FreePBX' GraphQL API -> one row of its CDR table a line, with `timestamp`, which is the start in UTC.

POST /token (OAuth2 client credentials; the application's own scopes) and POST /gql: fetchAllCdrs of one day of the
PBX's clock. Without `first` a page has 5 rows; `after` cannot be relied on, there is no order, totalCount counts the
whole table: so a day is asked for at once, and that there were fewer than `first` is all that says it was whole. Its
`amaflags` is wrong and not asked for. Source: FreePBX/cdr:Api/Gql/Cdr.php and Cdr.class.php (cdr 15.0.24, 16.0.46,
17.0.4); FreePBX/api:Oauth.

The secret: an application's client secret; user: its client id (Admin, API, Machine-to-Machine; scope gql:cdr).
timezone: the PBX's.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from callmeter.errors import CallmeterError
from callmeter.pulls.port import Credentials, Patience, Record, Window, days
from callmeter.pulls.records import document, member, objects, record
from callmeter.pulls.settings import Source, WebPull, Zone
from callmeter.pulls.web import Web

_API = "/admin/api/api"
_MOST = 100_000  # rows of a day
_FIELDS = (
    "uniqueid", "calldate", "timestamp", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp",
    "lastdata", "duration", "billsec", "disposition", "accountcode", "userfield", "did", "cnum", "outbound_cnum",
    "dst_cnam", "linkedid", "peeraccount", "sequence",
)  # fmt: skip
_QUERY = (
    '{ fetchAllCdrs(first: %(most)d, startDate: "%(day)s", endDate: "%(day)s") '
    "{ status message cdrs { %(fields)s } } }"
)  # fmt: skip


class FreepbxPull(WebPull):
    """url: of the PBX; with a path where its API is not below /admin/api/api."""

    kind: Literal["freepbx"]
    source: Source = "freepbx"
    timezone: Zone


class Cdrs:
    """The CDR table of one PBX."""

    suffix = ".jsonl"
    header = b""

    def __init__(self, pull: FreepbxPull, login: Credentials, patience: Patience) -> None:
        self._login = login
        self._timezone = pull.timezone
        self._api = "" if urlsplit(pull.url).path.strip("/") else _API
        self._web = Web(pull, patience, spacing_seconds=0.5, timeout_seconds=120)
        self._token = ""

    def windows(self, since: datetime, until: datetime) -> Iterable[Window]:
        return days(since, until, self._timezone)

    def fetch(self, window: Window) -> Iterator[Record]:
        query = _QUERY % {"most": _MOST, "day": window.label, "fields": " ".join(_FIELDS)}
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        answer = document(self._web.post_json(f"{self._api}/gql", {"query": query}, headers), "freepbx")
        rows = _rows(answer)
        if len(rows) >= _MOST:
            raise CallmeterError(f"freepbx has {_MOST} calls or more on {window.label}: read its database instead.")
        for row in sorted(rows, key=lambda row: tuple(str(row.get(name)) for name in ("timestamp", *_FIELDS))):
            yield record(row, row.get("calldate"))

    def _bearer(self) -> str:
        """A token, which is good for an hour: longer than a run."""
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self._login.user,
                "client_secret": self._login.password,
            }
            self._token = str(document(self._web.post(f"{self._api}/token", form), "freepbx").get("access_token", ""))
            if not self._token:
                raise CallmeterError("freepbx gave no token: check the client id, its secret, and its type.")
        return self._token


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer. Raises CallmeterError with what FreePBX says where there are none."""
    errors = answer.get("errors")
    found = member(answer.get("data"), "fetchAllCdrs")
    if not errors and member(found, "status") is True:
        return objects(member(found, "cdrs"), "freepbx")
    first = errors[0] if isinstance(errors, list) and errors else found
    hint = "its cdr module has to know startDate (15.0.24, 16.0.46, 17.0.4 do), its application the scope gql:cdr"
    raise CallmeterError(f"freepbx refused the query: {str(member(first, 'message') or '')[:200]}; {hint}.")
