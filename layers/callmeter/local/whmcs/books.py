"""What the stand-in keeps: clients, billable items, invoices, credits, a clock; and WHMCS' daily cron.

Texts are kept as given and shown with HTML's entities, as WHMCS is believed to. Money has two decimals.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

Row = dict[str, Any]


@dataclass
class Books:
    """Everything kept. `clock` is WHMCS' wall clock, without a zone; ids begin at 1."""

    clock: Callable[[], datetime]
    clients: dict[int, Row] = field(default_factory=dict)
    items: dict[int, Row] = field(default_factory=dict)
    services: list[Row] = field(default_factory=list)
    invoices: dict[int, Row] = field(default_factory=dict)
    credits: list[Row] = field(default_factory=list)
    last_cron: datetime | None = None

    def add_client(self, currency: str = "GBP", status: str = "Active") -> int:
        number = len(self.clients) + 1
        self.clients[number] = {"id": number, "currency_code": currency, "status": status}
        return number

    def add_item(self, client: int, description: str, amount: Decimal, action: str) -> int:
        """A billable item: it is on no list, and waits for an invoice."""
        number = max(self.items, default=0) + 1
        self.items[number] = {
            "id": number,
            "client": client,
            "description": description,
            "amount": amount,
            "action": action,
            "is_invoiced": False,
        }
        return number

    def add_service(self, client: int, description: str, amount: Decimal) -> None:
        """Something that the next cron invoices as a service's renewal."""
        self.services.append({"client": client, "description": description, "amount": amount})

    def add_credit(self, client: int, description: str, amount: Decimal) -> Decimal:
        """An entry of the client's credit log; the new balance."""
        self.credits.append(
            {
                "id": len(self.credits) + 1,
                "client": client,
                "date": f"{self.clock():%Y-%m-%d}",
                "description": description,
                "amount": amount,
            }
        )
        return sum((row["amount"] for row in self.credits if row["client"] == client), Decimal(0))

    def run_cron(self) -> None:
        """The daily work: an invoice for every client that has something due. docs.whmcs.com/Billable_Items."""
        self.last_cron = self.clock()
        for client in self.clients:
            lines = [self._line("Hosting", row) for row in self.services if row["client"] == client]
            actions = ("nextcron", "nextinvoice") if lines else ("nextcron",)
            for item in self.items.values():
                if item["client"] == client and item["action"] in actions and not item["is_invoiced"]:
                    lines.append(self._line("Item", item))
                    item["is_invoiced"] = True
            if lines:
                self.add_invoice(client, lines)
        self.services.clear()

    @staticmethod
    def _line(kind: str, row: Row) -> Row:
        return {
            "type": kind,
            "relid": row.get("id", 0),
            "description": row["description"],
            "amount": row["amount"],
        }

    def add_invoice(self, client: int, lines: list[Row], status: str = "Unpaid") -> Row:
        number = max(self.invoices, default=0) + 1
        day = f"{self.clock():%Y-%m-%d}"
        self.invoices[number] = {
            "id": number,
            "userid": client,
            "invoicenum": "",
            "date": day,
            "duedate": day,
            "status": status,
            "items": lines,
        }
        return self.invoices[number]

    # ---- as the API shows it

    def invoice_row(self, invoice: Row) -> Row:
        """As GetInvoices lists it."""
        total = sum((line["amount"] for line in invoice["items"]), Decimal(0))
        shown = {name: value for name, value in invoice.items() if name != "items"}
        return {**shown, "subtotal": f"{total:.2f}", "total": f"{total:.2f}", "datepaid": "0000-00-00 00:00:00"}

    def invoice(self, invoice: Row) -> Row:
        """As GetInvoice shows it."""
        row = self.invoice_row(invoice)
        row["invoiceid"] = row.pop("id")
        lines = [
            {
                "id": number,
                **line,
                "description": escape(line["description"]),
                "amount": f"{line['amount']:.2f}",
                "taxed": "0",
            }
            for number, line in enumerate(invoice["items"], 1)
        ]
        return {**row, "items": {"item": lines} if lines else "", "transactions": ""}

    def credit_log(self, client: int) -> list[Row]:
        rows = [row for row in self.credits if row["client"] == client]
        return [
            {
                "id": row["id"],
                "date": row["date"],
                "description": escape(row["description"]),
                "amount": f"{row['amount']:.2f}",
                "relid": "0",
            }
            for row in rows
        ]
