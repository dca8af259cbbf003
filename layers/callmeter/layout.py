"""Where things are in the data bucket. Every key is made here, and nowhere else.

inbox/NAME, inbox/SOURCE/NAME           files of calls, as they come
files/DIGEST.json                       how a file is rated: pinned when it is first seen
manifests/DIGEST.json                   what became of its rows
calls/period=P/shard=S/DIGEST.parquet   priced calls; those at P's edge that are of the period next to it, too
rejects/source=SOURCE/DIGEST.parquet    rows that could not be rated
rates/…                                 the operator's reference files
catalogue/VERSION/…, catalogue/current.json, catalogue/refused.json
bills/period=P/ACCOUNT.json             frozen bills
frozen/period=P/shard=S.json            what there was when all of a shard's accounts were last frozen
ledgers/period=P/shard=S-DIGEST.parquet what a freeze billed, call by call, of many accounts
statements/ACCOUNT/P.pdf, .csv, .json
outbox/period=P/ACCOUNT.json, .csv      bills as plain files, where they go nowhere else
reports/bill-TIME.json                  what a run of bill did, or would do
"""

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote

INBOX, CALLS, RATES, BILLS, LEDGERS, STATEMENTS, REJECTS, REPORTS = (
    "inbox/",
    "calls/",
    "rates/",
    "bills/",
    "ledgers/",
    "statements/",
    "rejects/",
    "reports/",
)
CURRENT, REFUSED = "catalogue/current.json", "catalogue/refused.json"

_CALLS_KEY = re.compile(r"calls/period=(\d{4}-\d{2})/shard=(\d{2,})/")


def shard_of(account_id: str, shards: int) -> str:
    """The shard of an account, two digits or more; the SQL macro of that name is its twin."""
    return f"{int(hashlib.md5(account_id.encode(), usedforsecurity=False).hexdigest()[:8], 16) % shards:02}"


def name_and_source(key: str) -> tuple[str, str]:
    """File name and source of an inbox key: ("a.csv", "asterisk") of inbox/asterisk/a.csv, source "" if it has none."""
    source, _, name = key.removeprefix(INBOX).rpartition("/")
    return name, source


def pin(digest: str) -> str:
    return f"files/{digest}.json"


def manifest(digest: str) -> str:
    return f"manifests/{digest}.json"


def calls(period: str, shard: str = "", digest: str = "") -> str:
    """The key of a file's calls of a period and shard; without the last parts, the prefix of all that are so far."""
    key = f"{CALLS}period={period}/"
    if shard:
        key += f"shard={shard}/"
    return key + (f"{digest}.parquet" if digest else "")


def period_and_shard(key: str) -> tuple[str, str] | None:
    """Period and shard of a calls key; None for another key."""
    found = _CALLS_KEY.match(key)
    return (found[1], found[2]) if found else None


def rejects(source: str, digest: str) -> str:
    return f"{REJECTS}source={source}/{digest}.parquet"


def catalogue(version: str, name: str = "") -> str:
    return f"catalogue/{version}/{name}"


def bill(period: str, account_id: str) -> str:
    return f"{BILLS}period={period}/{_safe(account_id)}.json"


def account_of_bill(key: str) -> str:
    """The account id in a bill's key."""
    return unquote(key.rpartition("/")[2].removesuffix(".json"))


def period_of_bill(key: str) -> str:
    """The period in a bill's key."""
    return key.removeprefix(f"{BILLS}period=").partition("/")[0]


def frozen(period: str, shard: str) -> str:
    return f"frozen/period={period}/shard={shard}.json"


def ledger(period: str, shard: str, digest: str) -> str:
    return f"{LEDGERS}period={period}/shard={shard}-{digest}.parquet"


def report(at: datetime, kind: str = "bill") -> str:
    """A run's report: kind is bill, dry-run, or to-approve."""
    return f"{REPORTS}{kind}-{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}.json"


def statement(account_id: str, period: str, kind: str) -> str:
    """A statement: kind is pdf, csv or json."""
    return f"{STATEMENTS}{_safe(account_id)}/{period}.{kind}"


def _safe(account_id: str) -> str:
    return quote(account_id, safe="")
