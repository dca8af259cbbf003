"""What was decided about a deck, and what a person should look at before believing it: one sentence each."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from callmeter.catalogue.importing import prices
from callmeter.catalogue.importing.cells import shown
from callmeter.catalogue.importing.choices import Choices
from callmeter.catalogue.importing.deck import DeckRow
from callmeter.catalogue.importing.prefixes import country_code
from callmeter.catalogue.importing.reader import CODE_GROUPS, Reading
from callmeter.catalogue.importing.tables import Table

_FULL_DATE = re.compile(r"[0-9]{1,4}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{2,4}")


def notices(table: Table, reading: Reading, choices: Choices, rows: list[DeckRow], doubled: int) -> list[str]:
    """What was decided, and what it came to. doubled: rows that said what another says."""
    found = [*table.notices, *_of_prefixes(table, reading), *_of_prices(reading), *_of_increments(table)]
    if doubled:
        found.append(f"{doubled} rows of the deck say what another says: dropped")
    withdrawn = sum(row.withdrawn for row in rows)
    if withdrawn:
        found.append(f"{withdrawn} prefixes are withdrawn from a date on")
    if choices.effective:
        found.append(f"rows without a date are in force from {choices.effective}")
    return found


def warnings(table: Table, reading: Reading, choices: Choices, rows: list[DeckRow]) -> list[str]:
    """What may be a mistake, in the file or in how it was read."""
    meant = {column.meaning: column.header for column in table.columns}
    priced = [row for row in rows if row.rate not in ("", "0")]
    return [
        *_fee_is_rate(priced, meant.get("connect_fee", "")),
        *(_whole_numbers(priced) if choices.per is None else ()),
        *(_looks_like_npanxx(rows) if not reading.prefix.nanp else ()),
        *_no_country(rows),
        *(_last_days(rows) if "effective_to" in meant and not choices.last_day else ()),
        *(_date_above(table) if "effective_from" not in meant and not choices.effective else ()),
        *(_by_name() if not meant.keys() & {"prefix", "country_code"} else ()),
    ]


def _of_prefixes(table: Table, reading: Reading) -> Iterator[str]:
    read = reading.prefix
    header = next((one.header for one in table.columns if one.meaning == "prefix"), "")
    if any(part in header.casefold() for part in ("area", "country", "city")):
        yield f'"{header}" is taken for the whole prefix'
    if table.at("area_code") is not None:
        yield (
            "country code and area code are joined" if reading.joined else "the second code column is the whole prefix"
        )
    if read.nanp:
        yield "a 1 is put before area codes and exchanges (NPANXX)"
    if read.strip:
        yield f"{read.strip} is taken off every prefix"
    if read.international:
        yield f"{read.international} is taken off the prefixes that begin with it"
    if read.hyphens:
        yield "hyphens make ranges" if read.hyphens == "range" else "hyphens join the parts of one prefix"


def _of_prices(reading: Reading) -> Iterator[str]:
    price = reading.price
    if price.per != Fraction(1):
        yield f"prices are divided by {price.per}"
    if reading.rounded:
        yield f"{reading.rounded} prices are rounded half-up to 9 decimals"
    for text, times in reading.words.most_common():
        said = price.read(text)
        meaning = (
            "price to follow (late)" if said == prices.LATE else "not allowed" if said == prices.BARRED else "free"
        )
        quoted = f'"{shown(text)}"' if text else "blank"
        yield f"{times} prices are {quoted}: {meaning}"


def _of_increments(table: Table) -> Iterator[str]:
    meanings = {column.meaning for column in table.columns} & {"first_increment", "increments", "increment", "minimum"}
    if not meanings:
        yield "no column of increments: calls are billed by the second"
    elif meanings == {"first_increment"}:
        yield "only the first increment is given: it counts for every later one"


def _fee_is_rate(priced: list[DeckRow], header: str) -> Iterable[str]:
    if len(priced) > 1 and all(row.connect_fee == row.rate for row in priced):
        yield (
            "THE CONNECTION CHARGE EQUALS THE RATE IN EVERY ROW: each call costs a minute more. If that is not meant, "
            f'leave it out: --map "{header}=ignore".'
        )


def _whole_numbers(priced: list[DeckRow]) -> Iterable[str]:
    if priced and all("." not in row.rate for row in priced):
        yield "Every price is a whole number: if they are in cents or thousandths, state --per 100 or --per 1000."


def _looks_like_npanxx(rows: list[DeckRow]) -> Iterable[str]:
    if len(rows) > 99 and all(len(row.prefix) == 6 and row.prefix[0] in "23456789" for row in rows):
        yield "Every prefix has six digits: if they are area code and exchange (NPANXX), state --nanp."


def _no_country(rows: list[DeckRow]) -> Iterable[str]:
    numbered = (row for row in rows if row.prefix and row.group.casefold() not in CODE_GROUPS)
    strange = [row for row in numbered if not country_code(row.prefix)]
    if strange:
        first = f"{strange[0].prefix} in line {strange[0].line}"
        yield f"{len(strange)} prefixes begin with no country's code, such as {first}."


def _last_days(rows: list[DeckRow]) -> Iterable[str]:
    ends = [row for row in rows if row.effective_to and not row.withdrawn]
    if ends:
        first = f"{ends[0].effective_to} in line {ends[0].line}"
        yield (
            f"End dates are read as the first day without the price, such as {first}; if they are the last day with "
            "it, state --last-day."
        )


def _date_above(table: Table) -> Iterable[str]:
    notes = (" ".join(filter(None, record.cells)) for record in table.before)
    dated = (note for note in notes if re.search(r"effective|valid|from", note, re.I) and _FULL_DATE.search(note))
    for note in list(dated)[:1]:
        yield f'The file says "{shown(note)}", but no column has dates: if prices begin then, state --effective.'


def _by_name() -> Iterable[str]:
    yield "The deck has no prefixes: destinations.csv must have every name in it."
