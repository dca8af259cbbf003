"""The report as a page: whole in one file, safe whatever names say, small however many accounts there are."""

import base64
import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

from callmeter.bills.glance import DayFigures, Glance, GroupFigures, Remark, Row
from callmeter.bills.glance_page import page

HOSTILE = "</title><script>alert(1)</script>\"'&\x00"
NEEDS_END = {"html", "head", "body", "title", "style", "script", "main", "section", "table", "figure", "details", "svg"}


def a_glance(accounts: int, *, currencies: tuple[str, ...] = ("GBP",), name: str = "Northwind") -> Glance:
    """Accounts of all sizes, every twentieth with a warning; a group below cost; days."""
    rows = [
        Row(
            account_id=f"C{number}", account_name=f"{name} {number}", period="2026-10",
            currency=currencies[number % len(currencies)], bill_id=f"C{number}-2026-10",
            amount=Decimal(number * 37 % 9000) / 100, charge=Decimal(number * 37 % 9000) / 100,
            before=Decimal(number * 41 % 8000) / 100, usual=Decimal(20), margin=Decimal(number % 9 - 1), calls=number,
            remarks=(Remark(code="spend-jump", text=name),) if number % 20 == 0 else (),
        )
        for number in range(accounts)
    ]  # fmt: skip
    groups = tuple(
        GroupFigures(currency="GBP", group=f"{name}{n}", calls=n, charge=Decimal(n), before=Decimal(2), margin=margin)
        for n, margin in enumerate((Decimal(-3), Decimal(4), None))
    )
    first = date(2026, 10, 1)
    days = tuple(DayFigures(currency="GBP", day=first + timedelta(n), calls=n, charge=Decimal(n)) for n in range(31))
    as_of = datetime(2026, 11, 2, 6, tzinfo=UTC)
    return Glance(as_of=as_of, rows=tuple(rows), groups=groups, days=days, rejects={"no-rate": 3, name: 1})


class Tags(HTMLParser):
    """Every tag and attribute, and what was opened and not closed."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag in NEEDS_END:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in NEEDS_END:
            assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for attribute, value in self.attributes if attribute == name]


def test_nothing_in_a_name_becomes_a_tag() -> None:
    tags, harmless = Tags(page(a_glance(30, name=HOSTILE))), Tags(page(a_glance(30)))
    assert tags.names == harmless.names
    assert tags.open == harmless.open == []


def test_the_page_asks_no_other_server_and_runs_only_its_own_script() -> None:
    content = page(a_glance(30))
    tags = Tags(content)
    assert not [name for name, _ in tags.attributes if name in {"src", "href", "style"} or name.startswith("on")]
    assert "url(" not in content
    [policy] = [value for value in tags.values("content") if "default-src" in value]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        [inner] = re.findall(f"<{tag}>(.*?)</{tag}>", content, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def plots(content: str) -> list[str]:
    return re.findall(r"<svg .*?</svg>", content, re.DOTALL)


def test_every_plot_is_well_formed_and_has_a_title_and_a_description() -> None:
    content = page(a_glance(60, currencies=("GBP", "EUR"), name=HOSTILE))
    drawn = plots(content)
    assert len(drawn) == 5 + 2  # GBP: bills, before, days, groups, margin; EUR: bills, before
    for plot in drawn:
        svg = ElementTree.fromstring(plot)  # noqa: S314
        title, description = list(svg)[:2]
        assert (title.tag, description.tag, svg.get("role")) == ("title", "desc", "img")
        assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text
        assert description.text
    ids = Tags(content).values("id")
    assert len(ids) == len(set(ids))


def test_every_account_is_in_the_table_with_its_figures() -> None:
    content = page(a_glance(120))
    [table] = re.findall(r'<table id="all">.*?</table>', content, re.DOTALL)
    assert table.count("<tr>") == 1 + 120
    assert "<tr><th scope=row>C101<td class=t>Northwind 101<td>37.37<td>37.37<td>41.41<td>20.00<td>101" in table


def test_ten_thousand_accounts_are_a_small_file() -> None:
    content = page(a_glance(10_000, currencies=("GBP", "EUR")))
    assert len(content.encode()) < 3_000_000
    assert "60 of 500, the worst of each remark" in content
    assert "<details><summary>10,000 accounts" in content  # shut: nothing is laid out that nobody looks at


def test_a_run_without_bills_is_a_page_too() -> None:
    content = page(a_glance(0).model_copy(update={"groups": (), "days": (), "rejects": {}}))
    assert "Bills of 2026-11" in content
    assert not plots(content)
    assert Tags(content).open == []
