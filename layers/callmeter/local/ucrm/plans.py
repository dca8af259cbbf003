"""Service plans and their periods: what a service costs each 1, 3, 6, 12 or 24 months."""

from callmeter.local.ucrm.books import Books
from callmeter.local.ucrm.fields import Query, Row, blank, invalid, not_found, read_body
from callmeter.local.ucrm.shapes import PLAN

_MONTHS = (1, 3, 6, 12, 24)
_NO_PERIODS = [{"period": 1, "enabled": True}]  # "By default 1 month period is enabled" [APIB]
_DEFAULTS: Row = {"servicePlanType": "Internet", "taxable": False, "public": False, "archived": False}


def listed(books: Books, query: Query) -> list[Row]:
    kind = query.one_of("servicePlanType", "", "internet", "general")
    public, archived = query.flag("public"), bool(query.flag("archived"))
    if query.flag("prepaid") or query.text("servicePlanGroupId") is not None:
        return []
    rows = [row for row in books.rows("servicePlans") if not row.get("_removed") and row["archived"] == archived]
    rows = [row for row in rows if kind in ("", row["servicePlanType"].lower())]
    return query.page([row for row in rows if public in (None, row["public"])])


def get(books: Books, plan_id: int) -> Row:
    row = books.get("servicePlans", plan_id)
    if row.get("_removed"):
        raise not_found()
    return row


def find_period(books: Books, period_id: int) -> tuple[Row, Row] | None:
    """The plan with this period, and the period."""
    for plan in books.rows("servicePlans"):
        for period in plan["periods"]:
            if period["id"] == period_id and not plan.get("_removed"):
                return plan, period
    return None


def by_period(books: Books, period_id: int) -> Row:
    found = find_period(books, period_id)
    if found is None:
        raise not_found()
    return found[0]


def add(books: Books, body: object) -> Row:
    wanted = {name: value for name, value in read_body(body, PLAN).items() if value is not None}
    row: Row = dict.fromkeys(name for name in PLAN if name != "periods") | _DEFAULTS | wanted
    row["prepaid"] = bool(row["prepaid"])
    row["organizationId"] = row["organizationId"] or next((r["id"] for r in books.rows("organizations")), None)
    _check(books, row)
    row["periods"] = [
        {"id": books.next_id("servicePlanPeriods"), "period": months, "price": None, "enabled": False}
        for months in _MONTHS
    ]
    row["periods"] = _with_periods(row["periods"], wanted.get("periods") or _NO_PERIODS)
    return books.add("servicePlans", row | {"servicePlanGroups": []})


def change(books: Books, plan_id: int, body: object) -> Row:
    wanted = read_body(body, PLAN)
    row = get(books, plan_id) | wanted
    _check(books, row)
    row["periods"] = _with_periods(get(books, plan_id)["periods"], wanted.get("periods") or [])
    return books.change("servicePlans", plan_id, row)


def remove(books: Books, plan_id: int) -> None:
    """Out of sight: services on it go on."""
    get(books, plan_id)
    books.change("servicePlans", plan_id, {"_removed": True})


def _check(books: Books, row: Row) -> None:
    if not row["name"]:
        raise blank("name")
    if row["servicePlanType"] not in ("Internet", "General"):
        raise invalid(servicePlanType="The value you selected is not a valid choice.")
    if not books.has("organizations", row["organizationId"]):
        raise invalid(organizationId="Organization does not exist.")
    if row["prepaid"]:
        raise invalid(prepaid="The stand-in has recurring service plans only.")
    if any(period.get("period") not in _MONTHS for period in row.get("periods") or []):
        raise invalid(periods__period="The value you selected is not a valid choice.")


def _with_periods(there: list[Row], wanted: list[Row]) -> list[Row]:
    given = {period["period"]: {n: v for n, v in period.items() if v is not None and n != "id"} for period in wanted}
    return [period | given.get(period["period"], {}) for period in there]
