"""rates/operator.toml, plans.toml, carriers.toml -> Operator, Plans, Carriers, with every problem and its line."""

import base64
import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args
from xml.etree import ElementTree
from zoneinfo import available_timezones

from pydantic import ValidationError

from callmeter.bills.words import languages
from callmeter.catalogue.bands import days_of, holiday_of, minutes_of
from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.model import Carrier, Fact, Operator, Plan

Kind = TypeVar("Kind", Plan, Carrier)

MOST_LOGO_BYTES = 100_000  # it is in every statement

_HINTS = {
    "country": 'Write two capital letters such as "GB".',
    "currency": 'Write three capital letters such as "GBP".',
    "timezone": 'Write one such as "Europe/London".',
    "deck": "Write the name of a file in decks/, without .csv.",
    "billing": 'Write "deck", "per-minute" or "per-second".',
    "rounding": 'Write "half-up", "up" or "down".',
    "charge_decimals": "Write 0 to 6.",
    "groups": 'Write at least one, as ["uk-landline"].',
    "minutes": "Write a whole number.",
}


def read_operator(path: Path, name: str) -> Operator:
    """Read operator.toml. Raises BrokenCatalogue."""
    text, content = read_toml(path, name)
    try:
        operator = Operator.model_validate(content)
    except ValidationError as error:
        raise BrokenCatalogue(toml_problems(error, text, name, ())) from None
    problems = []
    if not is_zone(operator.timezone):
        problems.append(_zone_problem(name, text, operator.timezone))
    try:
        dial_plan(operator.country)
    except UsageError as error:
        problems.append(Problem(name, *place_of(text, ("country",)), "bad-country", str(error)))
    problems += _band_problems(operator, text, name)
    language = operator.billing.language
    if language not in languages():
        place = place_of(text, ("billing", "language"))
        problems.append(Problem(name, *place, "unknown-language", *unknown_language(language)))
    image, logo_problems = _logo(path.parent, operator.billing.look.logo, text, name)
    problems += logo_problems
    if problems:
        raise BrokenCatalogue(problems)
    look = operator.billing.look.model_copy(update={"image": image})
    return operator.model_copy(update={"billing": operator.billing.model_copy(update={"look": look})})


def unknown_language(language: str) -> tuple[str, str]:
    """What is wrong with a language that there are no words in, and what to do."""
    return f'there are no words in language "{language}"', f"The languages are: {', '.join(languages())}."


def _logo(folder: Path, logo: str, text: str, name: str) -> tuple[str, list[Problem]]:
    """The file that billing.look.logo names, in base64, and what is wrong with it; "" where there is none."""
    if not logo:
        return "", []
    content = (folder / logo).read_bytes() if (folder / logo).is_file() else b""
    if not content:
        wrong = "no-logo", f"{logo} is not there", "Put the file beside operator.toml."
    elif len(content) > MOST_LOGO_BYTES:
        wrong = "bad-logo", f"{logo} has {len(content)} bytes", f"It can have {MOST_LOGO_BYTES}: make it smaller."
    elif not _is_image(content, logo.rpartition(".")[2]):
        wrong = "bad-logo", f"{logo} is not what its name says, or is cut off", "Save it as SVG, PNG or JPEG again."
    else:
        return base64.b64encode(content).decode(), []
    return "", [Problem(name, *place_of(text, ("billing", "look", "logo")), *wrong)]


def _is_image(content: bytes, kind: str) -> bool:
    """Whether an image looks whole: one that is not would stop every statement."""
    if kind == "png":
        return content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")
    if kind == "jpg":
        return content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\0").endswith(b"\xff\xd9")
    try:
        return ElementTree.fromstring(content).tag.endswith("svg")  # noqa: S314 -- the operator's own file
    except ElementTree.ParseError:
        return False


def read_plans(path: Path, name: str, decks: frozenset[str]) -> dict[str, Plan]:
    """Read plans.toml: plans by key. `decks` are the decks there are. Raises BrokenCatalogue."""
    return _named_tables(path, name, "plans", "plan", Plan, decks)


def read_carriers(path: Path, name: str, decks: frozenset[str]) -> dict[str, Carrier]:
    """Read carriers.toml: carriers by key, none where there is no such file. Raises BrokenCatalogue."""
    if not path.is_file():
        return {}
    carriers = _named_tables(path, name, "carriers", "carrier", Carrier, decks)
    text = decoded(path, name)
    owner: dict[str, str] = {}
    problems = [
        Problem(
            name, *place_of(text, ("carriers", key, "trunks")), "trunk-twice",
            f'"{trunk}" is a name of carrier {owner[trunk]} too', "A name in CDRs can mean one carrier only.",
        )
        for key, carrier in carriers.items()
        for trunk in sorted(trunks_of(carrier))
        if owner.setdefault(trunk, key) != key
    ]  # fmt: skip
    if problems:
        raise BrokenCatalogue(problems)
    return carriers


def trunks_of(carrier: Carrier) -> set[str]:
    """The names that a carrier has in CDRs, in lower case."""
    return {name.strip().lower() for name in (carrier.carrier, *carrier.trunks) if name.strip()}


def _named_tables(
    path: Path, name: str, table: str, key_field: str, model: type[Kind], decks: frozenset[str]
) -> dict[str, Kind]:
    """The tables [TABLE.NAME] of a TOML file, by name; each names a deck. Raises BrokenCatalogue."""
    text, content = read_toml(path, name)
    tables = content.pop(table, {})
    loose: list[tuple[str, ...]] = [(key,) for key in content]
    if isinstance(tables, dict):
        loose += [(table, key) for key, one in tables.items() if not isinstance(one, dict)]
    else:
        loose, tables = [*loose, (table,)], {}
    problems = [
        Problem(
            name, *place_of(text, key), "unknown-key", f'"{key[-1]}" stands outside [{table}.NAME]',
            f"Move it into a {key_field}.",
        )
        for key in loose
    ]  # fmt: skip
    if not tables:
        problems.append(
            Problem(name, 1, 1, f"no-{key_field}", f"there is no {key_field}", f"Write one as [{table}.NAME].")
        )
    found: dict[str, Kind] = {}
    for key, one in tables.items():
        if not isinstance(one, dict):
            continue
        try:
            found[key] = model.model_validate({**one, key_field: key})
        except ValidationError as error:
            problems += toml_problems(error, text, name, (table, key))
            continue
        problems += _deck_problems(found[key].deck, decks, (table, key, "deck"), text, name)
    if problems:
        raise BrokenCatalogue(problems)
    return found


def _deck_problems(deck: str, decks: frozenset[str], key: tuple[str, ...], text: str, name: str) -> list[Problem]:
    if deck in decks:
        return []
    known = ", ".join(sorted(decks)) or "none"
    return [
        Problem(name, *place_of(text, key), "unknown-deck", f'there is no deck "{deck}"', f"The decks are: {known}.")
    ]


def _band_problems(operator: Operator, text: str, name: str) -> list[Problem]:
    """Days, hours and holidays that are none."""
    readings: list[tuple[tuple[str, ...], Any, tuple[str, ...]]] = [(("holidays",), holiday_of, operator.holidays)]
    for band, one in operator.bands.items():
        readings += [(("bands", band, "days"), days_of, one.days), (("bands", band, "hours"), minutes_of, one.hours)]
    problems = []
    for key, read, values in readings:
        for value in values:
            try:
                read(value)
            except ValueError as error:
                problems.append(Problem(name, *place_of(text, key), "bad-band", str(error), "See the README on bands."))
    return problems


def decoded(path: Path, name: str) -> str:
    """A reference file's text. Raises BrokenCatalogue at the first byte that is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").removeprefix("\ufeff")
        place = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        raise BrokenCatalogue(
            [Problem(name, *place, "bad-encoding", "this is not UTF-8", "Save the file as UTF-8.")]
        ) from None


def is_zone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA database that this machine knows."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone_problem(file: str, text: str, zone: str) -> Problem:
    place = place_of(text, ("timezone",))
    return Problem(file, *place, "bad-timezone", f'time zone "{zone}" is not known', "Write one such as Europe/London.")


def read_toml(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    if not path.is_file():
        hint = "Every rates folder needs it; see the README."
        raise BrokenCatalogue([Problem(name, 0, 0, "missing-file", "the file is not there", hint)])
    text = decoded(path, name)
    try:
        return text, tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        text = re.sub(r" \(at .*\)", "", str(error))
        raise BrokenCatalogue([Problem(name, line, column, "bad-toml", text, "Mend the line as TOML.")]) from None


def toml_problems(
    error: ValidationError, text: str, file: str, table: tuple[str, ...], model: type[Fact] = Operator
) -> list[Problem]:
    """What is wrong with a file that holds one `model`, or with its table."""
    problems = []
    for detail in error.errors():
        key = str(detail["loc"][-1]) if detail["loc"] else ""
        place = place_of(text, (*table, *(part for part in detail["loc"] if isinstance(part, str))))
        if detail["type"] == "extra_forbidden":
            hint = f"The keys are: {', '.join(_keys_of(table, detail['loc'], model))}."
            problems.append(Problem(file, *place, "unknown-key", f'there is no such key as "{key}"', hint))
        else:
            shown = ".".join(map(str, (*table, *detail["loc"]))) or "the file"
            wrong = detail["msg"].removeprefix("Value error, ")
            problems.append(Problem(file, *place, "bad-value", f"{shown}: {wrong}", _HINTS.get(key, "")))
    return problems


def _keys_of(table: tuple[str, ...], place: tuple[int | str, ...], model: type[Fact]) -> list[str]:
    """The keys that stand where the unknown one was found; without a table, in a file of `model`."""
    models: dict[str, type[Fact]] = {"plans": Plan, "carriers": Carrier}
    model = models[table[0]] if table else model
    for part in place[:-1]:
        if part in model.model_fields:
            model = _fact_in(model.model_fields[str(part)].annotation) or model
    keys = {field: one.alias or field for field, one in model.model_fields.items()}
    given = {"Plan": "plan", "Carrier": "carrier", "Look": "image", "Mapping": "source"}.get(model.__name__)
    return [key for field, key in keys.items() if field != given]


def _fact_in(annotation: Any) -> type[Fact] | None:
    """The kind of record that an annotation such as dict[str, Band] is about."""
    if isinstance(annotation, type) and issubclass(annotation, Fact):
        return annotation
    return next((found for part in get_args(annotation) if (found := _fact_in(part))), None)


def place_of(text: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Line and column of the key `path` in TOML text: the deepest part of it that can be found."""
    line, column, depth, current = 1, 1, 0, ""
    for number, content in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", content)
        if header:
            current = header[1].replace('"', "").replace(" ", "")
            key_path = tuple(current.split("."))
        else:
            key = re.match(r'\s*"?([\w-]+)"?\s*=', content)
            if not key:
                continue
            key_path = (*(tuple(current.split(".")) if current else ()), key[1])
        shared = len(key_path) if path[: len(key_path)] == key_path else 0
        if shared > depth:
            line, column, depth = number, len(content) - len(content.lstrip()) + 1, shared
    return line, column
