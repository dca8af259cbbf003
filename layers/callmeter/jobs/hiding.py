"""When accounts' called numbers are hidden, as a relation."""

import json
from datetime import UTC

import duckdb

from callmeter import sql
from callmeter.ports import CustomerSettings


def load_hiding(con: duckdb.DuckDBPyConnection, settings: CustomerSettings, *account_ids: str) -> None:
    """Make `hiding` from the accounts' changes of that setting."""
    changes = [
        {"account_id": account_id, "since": f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}", "hidden": hidden}
        for account_id in account_ids
        for since, hidden in settings.hide_digits(account_id)
    ]
    sql.run(con, "hiding", changes=json.dumps(changes))
