"""rates/operator.toml and rates/plans.toml -> Operator and Plans, with every problem and its line."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from callmeter.dialplan import dial_plan
from callmeter.errors import BrokenCatalogue, Problem, UsageError
from callmeter.model import Operator, Plan


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
    plans: dict[str, Plan] = {}
    problems: list[Problem] = []
    tables = content.pop("plans", {})
    problems += [
        Problem(
            name,
            *_place(text, (key,)),
            "unknown-key",
            f'"{key}" stands outside [plans.NAME]',
            "Move it into a plan.",
        )
        for key in content
    ]
    for key, table in tables.items() if isinstance(tables, dict) else ():
        try:
            plan = Plan.model_validate({**table, "plan": key})
        except ValidationError as error:
            problems += _problems(error, text, name, ("plans", key))
            continue
        if plan.deck not in decks:
            known = ", ".join(sorted(decks)) or "none"
            place = _place(text, ("plans", key, "deck"))
            problems.append(
                Problem(
                    name,
                    *place,
                    "unknown-deck",
                    f'there is no deck "{plan.deck}"',
                    f"The decks are: {known}.",
                )
            )
        plans[key] = plan
    if problems:
        raise BrokenCatalogue(problems)
    return plans


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
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BrokenCatalogue([Problem(name, 1, 1, "bad-encoding", f"not UTF-8: {error.reason}")]) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        text = re.sub(r" \(at .*\)", "", str(error))
        raise BrokenCatalogue([Problem(name, line, column, "bad-toml", text, "Mend the line as TOML.")]) from None


def _problems(error: ValidationError, text: str, file: str, table: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(
            file,
            *_place(text, (*table, *(part for part in detail["loc"] if isinstance(part, str)))),
            "unknown-key" if detail["type"] == "extra_forbidden" else "bad-value",
            f"{'.'.join(map(str, (*table, *detail['loc'])))}: {detail['msg']}",
        )
        for detail in error.errors()
    ]


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
