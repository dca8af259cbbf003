"""The generated parts of rates/: destinations.csv, three sell decks, accounts.csv.

    destinations.csv  the world's (see world.py), the home country's places as its operators know them
    retail.csv        the headers users asked for (TargetName, TargetPrefix, Price, billingblock, ...), GBP
    business.csv      callmeter's own columns: connect fees, dated rows, inbound rows; GBP
    euro.csv          FusionPBX LCR headers; EUR

In the decks mobiles abroad are of the group "international", so that a plan's international minutes cover them.

operator.toml and plans.toml beside them are kept by hand. Prices are invented, and always the same.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from io import SEEK_END, StringIO
from pathlib import Path

from callmeter.local.sample.customers import CUSTOMERS
from callmeter.local.sample.places import Place, home, places
from callmeter.local.world import Destination, as_csv, world

# A minute's price by band, from the cheapest to the dearest destination of the band.
_PRICES = {
    "landline": ((80, 240), (240, 900), (900, 3200), (3000, 6500), (6000, 19000)),
    "mobile": ((300, 900), (600, 1800), (1500, 4200), (3800, 7500), (7000, 22000)),
    "satellite": ((0, 0), (0, 0), (0, 0), (19000, 35000), (42000, 79000)),
}  # in ten-thousandths
_FIXED = {
    "personal": ("0", "0", "0.35", "0.48"),
    "service": ("0.03", "0.055", "0.12"),
    "toll-free": ("0",),
    "voting": ("0.35", "0.50", "1.00", "5.00"),
    "premium": ("0", "0.75", "1.50", "1.85", "2.60"),
}
_INCREMENTS = ("60", "60/1", "1", "30/6", "6", "1", "60/60")
_HOME_ROWS = {
    "UK": ("0.0120", "60"),
    "UK London": ("0.0100", "60"),
    "UK Mobile": ("0.0850", "60/1"),
    "USA and Canada": ("0.0125", "6"),
    "Germany": ("0.01731250", "30/6"),
    "France": ("0.01604375", "1"),
}
PRICE_CHANGE = "2026-10-15"

_RETAIL_HEADER = "TargetName,TargetPrefix,Price,billingblock,billpercall,allowed,latebill,group"
_BUSINESS_HEADER = (
    "prefix,rate,destination,connect_fee,first_increment,increment,per_call,allowed,late,"
    "direction,effective_from,effective_to,group"
)
_EURO_HEADER = "digits,rate,connect_increment,talk_increment,lcr_direction,date_start,date_end,currency,group"
_ACCOUNTS_HEADER = (
    "account_id,name,plan,numbers,sip_logins,currency,timezone,anchor_day,"
    "ucrm_client_id,ucrm_service_id,email,valid_from,valid_to"
)


def write_rates(folder: Path) -> None:
    """(Re)write the generated files below `folder`; the same bytes every time."""
    (folder / "decks").mkdir(parents=True, exist_ok=True)
    for name, content in generated().items():
        (folder / name).write_text(content, encoding="utf-8", newline="")


def generated() -> dict[str, str]:
    """File name below rates/ -> its text."""
    return {
        "destinations.csv": as_csv(_destinations()),
        "decks/retail.csv": _csv(_RETAIL_HEADER, _retail()),
        "decks/business.csv": _csv(_BUSINESS_HEADER, _business()),
        "decks/euro.csv": _csv(_EURO_HEADER, _euro()),
        "accounts.csv": _csv(_ACCOUNTS_HEADER, _accounts()),
    }


def _destinations() -> Iterator[Destination]:
    """The world's rows, over them the home country's, without rows that only repeat what a shorter prefix says."""
    rows = {row.prefix: row for row in world("GB")}
    own = (place for place in home() if place.group != "international")
    rows |= {place.prefix: Destination(place.prefix, place.destination, place.group) for place in own}
    for prefix, row in sorted(rows.items()):
        shorter = next((rows[prefix[:n]] for n in range(len(prefix) - 1, 0, -1) if prefix[:n] in rows), None)
        if shorter is None or (shorter.destination, shorter.group) != (row.destination, row.group):
            yield row


def _csv(header: str, rows: Iterable[Sequence[object]]) -> str:
    text = StringIO(header + "\n")
    text.seek(0, SEEK_END)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(rows)
    return text.getvalue()


def _accounts() -> Iterator[tuple[object, ...]]:
    for number, customer in enumerate(CUSTOMERS, start=1):
        yield (
            *(customer.account_id, customer.name, customer.plan, " ".join(customer.numbers)),
            *(" ".join(customer.sip_logins), customer.currency, customer.timezone, customer.anchor_day),
            *(number, "", customer.email, "", ""),
        )


def _retail() -> Iterator[tuple[str, ...]]:
    for place in places():
        yield (
            *(place.destination, place.prefix, _rate(place), _increments(place)),
            "yes" if place.kind == "voting" else "no",
            "no" if _is_refused(place) else "yes",
            "yes" if place.kind == "late" else "no",
            _own_group(place),
        )


def _business() -> Iterator[tuple[str, ...]]:
    """Cheaper than retail, with a connect fee abroad; UK mobile and Ireland change price within the month."""
    for place in places():
        fee = "0.02" if place.group == "international" and place.band > 1 else ""
        flags = (
            "yes" if place.kind == "voting" else "",
            "no" if _is_refused(place) else "",
            "yes" if place.kind == "late" else "",
        )
        first, _, then = _increments(place).partition("/")
        rate = _scaled(_rate(place), "0.8")
        row = (place.destination, fee, first, then or first, *flags, "outbound")
        if place.destination == "UK Mobile":
            yield (place.prefix, "0.05", *row, "", PRICE_CHANGE, _own_group(place))
            yield (place.prefix, "0.0425", *row, PRICE_CHANGE, "", _own_group(place))
        elif place.destination == "Ireland":  # a later row ends an open one
            yield (place.prefix, rate, *row, "2025-01-01", "", _own_group(place))
            yield (place.prefix, _scaled(rate, "1.25"), *row, PRICE_CHANGE, "", _own_group(place))
        else:
            yield (place.prefix, rate, *row, "", "", _own_group(place))
    yield ("44808", "0.0275", "Your freephone number", "", "1", "1", "", "", "", "inbound", "", "", "")


def _euro() -> Iterator[tuple[str, ...]]:
    """Names and groups come from destinations.csv; German mobiles get cheaper on the 20th."""
    for place in places():
        if place.kind not in ("landline", "mobile", "toll-free"):
            continue
        first, _, then = _increments(place).partition("/")
        rate = _scaled(_rate(place), "1.15")
        row = (first, then or first, "outbound")
        if place.destination == "Germany Mobile":
            yield (place.prefix, rate, *row, "2026-01-01", "2026-10-20", "EUR", _own_group(place))
            yield (place.prefix, _scaled(rate, "0.75"), *row, "2026-10-20", "", "EUR", _own_group(place))
        else:
            yield (place.prefix, rate, *row, "2026-01-01", "", "EUR", _own_group(place))


def _own_group(place: Place) -> str:
    """The group that a deck says itself; blank where its destination's is meant."""
    return "international" if place.kind == "mobile" and place.group == "international" else ""


def _is_refused(place: Place) -> bool:
    dear_premium = place.kind == "premium" and place.band == 5
    return place.kind in ("satellite", "unknown") or dear_premium or place.destination in ("Cuba", "Somalia")


def _rate(place: Place) -> str:
    """A minute's (or a vote's) price; every prefix of a destination has the same. Blank where not known."""
    if place.kind in ("late", "unknown"):
        return ""
    if place.destination in _HOME_ROWS:
        return _HOME_ROWS[place.destination][0]
    if place.kind in _FIXED:
        prices = _FIXED[place.kind]
        return prices[min(place.band, len(prices)) - 1]
    low, high = _PRICES[place.kind][place.band - 1]
    decimals = (4, 4, 4, 5, 6, 8)[_noise(place, "decimals") % 6]
    unit = 10 ** (decimals - 4)
    return str(Decimal(low * unit + _noise(place, "rate") % ((high - low) * unit)).scaleb(-decimals))


def _increments(place: Place) -> str:
    if place.destination in _HOME_ROWS:
        return _HOME_ROWS[place.destination][1]
    if place.kind in ("voting", "late", "premium") or place.group == "uk-landline":
        return "60"
    return _INCREMENTS[_noise(place, "increments") % len(_INCREMENTS)]


def _scaled(rate: str, factor: str) -> str:
    """`rate` times `factor` to 8 decimals, without trailing zeros; blank stays blank."""
    return f"{(Decimal(rate) * Decimal(factor)).quantize(Decimal('1e-8')).normalize():f}" if rate else ""


def _noise(place: Place, what: str) -> int:
    return int.from_bytes(sha256(f"{place.destination}/{what}".encode()).digest()[:6], "big")
