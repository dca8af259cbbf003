"""rates/operator.toml and rates/plans.toml -> Operator and Plans, with every problem and its line."""

import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.model import Allowance, Operator, Plan

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
    text, content = _toml(path, name)
    try:
        operator = Operator.model_validate(content)
    except ValidationError as error:
        raise BrokenCatalogue(_problems(error, text, name, ())) from None
    problems = []
    if not is_zone(operator.timezone):
        problems.append(_zone_problem(name, text, operator.timezone))
    try:
        dial_plan(operator.country)
    except UsageError as error:
        problems.append(Problem(name, *_place(text, ("country",)), "bad-country", str(error)))
    if problems:
        raise BrokenCatalogue(problems)
    return operator


def read_plans(path: Path, name: str, decks: frozenset[str]) -> dict[str, Plan]:
    """Read plans.toml: plans by key. `decks` are the decks there are. Raises BrokenCatalogue."""
    text, content = _toml(path, name)
    tables = content.pop("plans", {})
    loose: list[tuple[str, ...]] = [(key,) for key in content]
    if isinstance(tables, dict):
        loose += [("plans", key) for key, table in tables.items() if not isinstance(table, dict)]
    else:
        loose, tables = [*loose, ("plans",)], {}
    problems = [
        Problem(
            name, *_place(text, key), "unknown-key", f'"{key[-1]}" stands outside [plans.NAME]', "Move it into a plan."
        )
        for key in loose
    ]
    if not tables:
        problems.append(Problem(name, 1, 1, "no-plan", "there is no plan", "Write one as [plans.NAME]."))
    plans: dict[str, Plan] = {}
    for key, table in tables.items():
        if isinstance(table, dict):
            plan, found = _plan(key, table, text, name, decks)
            problems += found
            plans |= {key: plan} if plan else {}
    if problems:
        raise BrokenCatalogue(problems)
    return plans


def _plan(
    key: str, table: dict[str, Any], text: str, name: str, decks: frozenset[str]
) -> tuple[Plan | None, list[Problem]]:
    """The plan of one table, where it is one, and what is wrong with it."""
    try:
        plan = Plan.model_validate({**table, "plan": key})
    except ValidationError as error:
        return None, _problems(error, text, name, ("plans", key))
    if plan.deck in decks:
        return plan, []
    known = ", ".join(sorted(decks)) or "none"
    place = _place(text, ("plans", key, "deck"))
    problem = Problem(name, *place, "unknown-deck", f'there is no deck "{plan.deck}"', f"The decks are: {known}.")
    return None, [problem]


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
    place = _place(text, ("timezone",))
    return Problem(file, *place, "bad-timezone", f'time zone "{zone}" is not known', "Write one such as Europe/London.")


def _toml(path: Path, name: str) -> tuple[str, dict[str, Any]]:
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


def _problems(error: ValidationError, text: str, file: str, table: tuple[str, ...]) -> list[Problem]:
    problems = []
    for detail in error.errors():
        key = str(detail["loc"][-1])
        place = _place(text, (*table, *(part for part in detail["loc"] if isinstance(part, str))))
        if detail["type"] == "extra_forbidden":
            model = Allowance if len(detail["loc"]) > 1 else Plan if table else Operator
            hint = f"The keys are: {', '.join(field for field in model.model_fields if field != 'plan')}."
            problems.append(Problem(file, *place, "unknown-key", f'there is no such key as "{key}"', hint))
        else:
            shown = ".".join(map(str, (*table, *detail["loc"])))
            problems.append(Problem(file, *place, "bad-value", f"{shown}: {detail['msg']}", _HINTS.get(key, "")))
    return problems


def _place(text: str, path: tuple[str, ...]) -> tuple[int, int]:
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
