"""languages/CODE.toml -> the words of bills and statements, and how a language writes days and figures."""

import datetime
import tomllib
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from callmeter.model import Fact
from callmeter.money import minor_digits

MINUS, NO_BREAK = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "ILS": "₪"}

LineKind = Literal["bill", "group", "bundle", "number", "correction", "carried"]
Twelve = Annotated[tuple[str, ...], Field(min_length=12, max_length=12)]
Seven = Annotated[tuple[str, ...], Field(min_length=7, max_length=7)]


class Words(Fact):
    """A language. languages/en.toml says where each word stands; {…} in a word is filled in by its user."""

    direction: Literal["ltr", "rtl"]
    decimal: str
    thousands: str
    money: str
    money_with_code: str
    long_day: str
    middle_day: str
    short_day: str
    month_and_year: str
    months: Twelve
    months_short: Twelve
    weekdays_short: Seven

    line_bill: str
    line_group: str
    line_beyond: str
    line_outside: str
    line_number: str
    line_correction: str
    line_carried: str

    title: str
    invoiced: str
    credited: str
    invoice: str
    credit_note: str
    bill: str
    issued: str
    times_in: str
    account: str
    page: str
    logo: str

    reckoning: str
    calls_to: str
    calls: str
    billed_time: str
    included_time: str
    charge: str
    other_group: str
    all_calls: str
    corrections: str
    carried_in: str
    due: str
    carried_out: str
    below_minimum: str
    credit_carried: str

    included_minutes: str
    minutes: str
    used: str
    left: str
    spend: str
    highest: str
    by_number: str
    your_number: str

    every_call: str
    no_calls: str
    date: str
    time: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    number: str
    place: str
    duration: str
    billed: str
    price: str
    period: str
    before: str
    now: str
    incoming: str
    internal: str
    barred: str
    included: str
    part_included: str
    free: str
    late: str
    late_calls: str

    reason_late_file: str
    reason_priced: str
    reason_repriced: str
    reason_allowance: str
    reason_removed: str

    not_listed: str
    unanswered_calls: str
    free_incoming_calls: str
    late_note: str
    barred_note: str

    def reason(self, reason: str) -> str:
        """A ledger's reason of a correction ("late-file", "priced", …) in words; "" of "" or one that is unknown."""
        return str(getattr(self, f"reason_{reason.replace('-', '_')}", ""))

    def day(self, day: datetime.date, form: str) -> str:
        """A day, written as `form` says: long_day, middle_day, short_day or month_and_year of this language."""
        return form.format(
            day=day.day,
            month=self.months[day.month - 1],
            month_short=self.months_short[day.month - 1],
            weekday=self.weekdays_short[day.weekday()],
            year=day.year,
        )

    def figure(self, amount: Decimal, places: int) -> str:
        """`amount`, exactly, with so many decimals: 1,234.50 in English."""
        text = f"{abs(amount):,.{places}f}".translate({ord(","): self.thousands, ord("."): self.decimal})
        return MINUS + text if amount < 0 else text

    def amount(self, amount: Decimal, currency: str) -> str:
        """What is paid, with its currency: £12.00, JPY 120; 12,00 € in German."""
        form = self.money if currency in _SYMBOLS else self.money_with_code
        figure = self.figure(abs(amount), minor_digits(currency))
        text = form.format(symbol=symbol(currency), amount=figure).replace(" ", NO_BREAK)
        return MINUS + text if amount < 0 else text


def symbol(currency: str) -> str:
    """£ of GBP; the code where there is no sign that everybody knows."""
    return _SYMBOLS.get(currency, currency)


def languages() -> tuple[str, ...]:
    """The languages there are words in: "de", "en", …"""
    names = (file.name for file in files(__package__).joinpath("languages").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def words(language: str) -> Words:
    """The words of a language; English ones where there are none: rates/ is checked, a bill must not fail for it."""
    file = files(__package__).joinpath("languages", f"{language}.toml")
    if not file.is_file():
        return words("en")
    return Words.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def line_label(language: str, kind: LineKind, name: str = "", period: str = "") -> str:
    """What a line of an invoice is called, such as "Calls: UK mobile" or "Corrections 2026-09".

    name: of kind group the group's key, of bundle the allowance's name ("" for calls that none covers), of number
    the number's digits. period: of bill and correction.
    """
    said = words(language)
    if kind == "group":
        return said.line_group.format(name=group_title(name, language))
    if kind == "bundle":
        return said.line_beyond.format(name=one_line(name, 60)) if name else said.line_outside
    if kind == "number":
        return said.line_number.format(name=shown_number(name))
    form = {"bill": said.line_bill, "correction": said.line_correction, "carried": said.line_carried}[kind]
    return form.format(period=period)


def group_title(group: str, language: str = "en") -> str:
    """A group's key as customers read it: "uk-mobile" is "UK mobile". A key with capitals stays as it is."""
    title = one_line(group, 60)
    if not title or title != title.lower():
        return title or words(language).other_group
    first, *others = title.replace("-", " ").replace("_", " ").split() or [title]
    return " ".join([first.upper() if len(first) == 2 else first.capitalize(), *others])


@lru_cache(10_000)
def shown_number(number: str) -> str:
    """A number as customers read it: E.164 digits get their plus, extensions and logins stay as they are."""
    text = one_line(number, 32)
    return f"+{text}" if len(text) >= 8 and text[:5].isdecimal() and text[0] != "0" else text


def one_line(text: str, longest: int) -> str:
    """`text` fit to be printed: one line, at most so long."""
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def clean(text: str) -> str:
    """`text` in one line, without control, direction and unpaired characters."""
    if text.isprintable():
        return " ".join(text.split())
    visible = ("" if unicodedata.category(c) == "Cf" else " " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join("".join(visible).split())


@lru_cache(10_000)
def cell(text: str) -> str:
    """`text` as a spreadsheet reads it: never a formula. owasp.org/www-community/attacks/CSV_Injection."""
    text = clean(text)
    starts_formula = unicodedata.normalize("NFKC", text[:1]) in {"=", "+", "-", "@", "|", "%"}
    return "'" + text if starts_formula else text
