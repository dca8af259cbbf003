"""The invoices as a page for a person: what was billed to whom, line by line. Static HTML, no scripts."""

from decimal import Decimal
from html import escape

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Row, instant
from callmeter.money import minor_digits

STATUSES = ("Draft", "Unpaid", "Partly paid", "Paid", "Void", "Processed proforma")

_STYLE = """
:root { color-scheme: light dark;
  --line: #d9dde3; --soft: #66707d; --card: #fff; --page: #f4f6f8; --ink: #1c2430; }
@media (prefers-color-scheme: dark) {
  :root { --line: #333c48; --soft: #98a3b1; --card: #1b222b; --page: #12171d; --ink: #e7ebf0; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0; }
p.sum { color: var(--soft); margin: .25rem 0 1.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 1rem;
  padding: 1rem 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline;
  justify-content: space-between; }
small { color: var(--soft); }
.status { border: 1px solid var(--line); border-radius: 99px; padding: 0 .6rem; font-size: .8rem; }
table { width: 100%; border-collapse: collapse; margin-top: .75rem; }
th { color: var(--soft); font-weight: 500; font-size: .8rem; text-align: left; }
th, td { padding: .3rem 0; border-bottom: 1px solid var(--line); } tr:last-child td { border: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 1rem; }
tfoot td { font-weight: 600; } a { color: inherit; }
"""


def invoices_page(books: Books) -> str:
    rows = sorted(books.rows("invoices"), key=lambda row: -row["id"])
    sections = "\n".join(_invoice(books, row) for row in rows)
    documents = _documents(books)
    count = f"{len(rows)} invoice{'' if len(rows) == 1 else 's'}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>UCRM stand-in: invoices</title><style>{_STYLE}</style></head>
<body><main><h1>UCRM stand-in</h1>
<p class="sum">{count} · {_sums(rows)} · <a href="/_standin/invoices">as JSON</a></p>
{sections or "<section>No invoice has been issued yet.</section>"}
{documents}</main></body></html>
"""


def _sums(rows: list[Row]) -> str:
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row["status"] != STATUSES.index("Void"):
            sums[row["currencyCode"]] = sums.get(row["currencyCode"], Decimal(0)) + row["totalUntaxed"]
    told = ", ".join(money(total, code) for code, total in sorted(sums.items()))
    return f"{told} without tax" if told else "nothing billed"


def money(amount: Decimal, currency: str) -> str:
    """1,234.50 GBP"""
    return f"{amount:,.{minor_digits(currency)}f} {currency}"


def client_name(client: Row) -> str:
    names = (client["companyName"], " ".join(n for n in (client["firstName"], client["lastName"]) if n))
    return next((name for name in names if name), f"Client {client['id']}")


def _day(text: str) -> str:
    day = instant(text)
    return f"{day.day} {day:%B %Y}"


def _invoice(books: Books, row: Row) -> str:
    code = row["currencyCode"]
    client = client_name(books.get("clients", row["clientId"]))
    lines = [_line(item["label"], item["quantity"], item["price"], item["total"], code) for item in row["items"]]
    taxes = [_line(tax["name"], "", "", tax["totalValue"], code) for tax in row["taxes"]]
    marks = " · ".join(f"{escape(a['name'])}: {escape(a['value'])}" for a in row["attributes"])
    notes = "".join(f"<p><small>{escape(text)}</small></p>" for text in (row["notes"], row["adminNotes"]) if text)
    return f"""<section><header><h2>{escape(row["number"] or "Draft")} · {escape(client)}</h2>
<span class="status">{STATUSES[row["status"]]}</span></header>
<small>{_day(row["createdDate"])}, due {_day(row["dueDate"])}</small>
<table><thead><tr><th>Item</th><th class="n">Quantity</th><th class="n">Price</th>
<th class="n">Total</th></tr></thead>
<tbody>{"".join(lines + taxes)}</tbody>
<tfoot>{_line("Total", "", "", row["total"], code)}</tfoot></table>
{notes}<small>{marks}</small></section>"""


def _line(label: str, quantity: object, price: object, total: Decimal, code: str) -> str:
    cells = "".join(f'<td class="n">{escape(str(value))}</td>' for value in (quantity, price))
    return f'<tr><td>{escape(label)}</td>{cells}<td class="n">{money(total, code)}</td></tr>'


def _documents(books: Books) -> str:
    rows = books.rows("documents")
    if not rows:
        return ""
    links = "".join(
        f'<tr><td><a href="/_standin/documents/{row["id"]}">{escape(row["name"])}</a></td>'
        f"<td>{escape(client_name(books.get('clients', row['clientId'])))}</td>"
        f'<td class="n">{row["size"]:,} bytes</td></tr>'
        for row in rows
    )
    return f"<section><h2>Documents</h2><table><tbody>{links}</tbody></table></section>"
