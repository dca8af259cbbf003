"""What the reads of PBX databases share: read-only sessions, rows in pieces, cells as CSV.

A user who may read one table, and nothing else, is enough:

    MariaDB     create user callmeter@'…' identified by '…' require ssl;
                grant select on asteriskcdrdb.cdr to callmeter@'…';
    PostgreSQL  create role callmeter login password '…'; grant select on v_xml_cdr to callmeter;
"""

import csv
import io
from collections.abc import Iterable

STATEMENT_SECONDS = 120
CONNECT_SECONDS = 10
ROWS = 5000  # fetched at a time


def csv_line(cells: Iterable[object]) -> bytes:
    """One line of CSV without its end. Line ends within a cell become blanks: a line is a row."""
    out = io.StringIO()
    texts = ("" if cell is None else " ".join(str(cell).splitlines()) for cell in cells)
    csv.writer(out, lineterminator="").writerow(texts)
    return out.getvalue().encode("utf-8", "replace")
