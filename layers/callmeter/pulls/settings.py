"""rates/pulls.toml -> what to ask, whom, how often; with every problem and its line.

[pulls.head-office]          a name of your own
kind = "freepbx-mysql"       which of the kinds (kinds.py)
source = "freepbx"           the inbox folder; a kind has its own
every = "1h"                 how often
look_back = "2d"             how far back it asks again: longer than the longest call, and than the price takes
secret = "/callmeter/pulls/head-office"    parameter with the password, or {"user": …, "password": …}
user = "callmeter"           where the secret is the password alone

Each kind adds what it needs (url, host, database, account, …).
"""

import re
import ssl
import tomllib
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator, model_validator

from callmeter.catalogue.files import is_zone, place_of
from callmeter.errors import BrokenCatalogue, Problem
from callmeter.model import Fact

PULLS = "pulls.toml"
SECRETS = "/callmeter/pulls/"  # where the parameters are, unless told
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_HINTS = {
    "union_tag_not_found": 'Say which: kind = "twilio", say.',
    "extra_forbidden": "Take it out, or look at its spelling.",
    "missing": "Add it.",
}


def _span(value: Any) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([mhd])", value) if isinstance(value, str) else None
    if not found:
        raise ValueError('write it as "30m", "1h" or "2d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError('write one such as "America/New_York"')
    return value


Span = Annotated[timedelta, BeforeValidator(_span)]
Zone = Annotated[str, BeforeValidator(_zone)]
Source = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]+$")]


class Pull(Fact):
    """What every pull has. `name` is its key in pulls.toml."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    kind: str
    source: Source
    every: Annotated[Span, Field(ge=timedelta(minutes=5), le=timedelta(days=7))] = timedelta(hours=1)
    look_back: Annotated[Span, Field(ge=timedelta(hours=1), le=timedelta(days=92))] = timedelta(days=2)
    secret: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_./-]+)?$")] = ""
    user: str = ""
    # off: nothing is encrypted; any: encrypted, to whoever answers; verify: and the certificate is looked at.
    tls: Literal["verify", "any", "off"] = "verify"
    ca: str = ""  # a certificate (PEM) to trust instead of the known authorities

    def parameter(self, folder: str = SECRETS) -> str:
        """The name of the parameter that holds its secret: in that folder, where it has none of its own."""
        return self.secret or folder + self.name

    @field_validator("ca")
    @classmethod
    def _is_certificate(cls, value: str) -> str:
        if value:
            try:
                ssl.create_default_context(cadata=value)
            except (ssl.SSLError, ValueError):
                raise ValueError("this is no certificate: -----BEGIN CERTIFICATE----- …") from None
        return value

    def tls_context(self) -> ssl.SSLContext | None:
        """How to encrypt; None: not at all."""
        if self.tls == "off":
            return None
        context = ssl.create_default_context(cadata=self.ca or None)
        if self.tls == "any":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class WebPull(Pull):
    """A pull over HTTP. url: with http://, which sends the password as it is, only where tls is "off"."""

    url: Url

    @model_validator(mode="after")
    def _agrees(self) -> "WebPull":
        if (urlsplit(self.url).scheme == "http") != (self.tls == "off"):
            raise ValueError('an address with http:// needs tls = "off", and only that does: passwords go unencrypted')
        return self


class DatabasePull(Pull):
    """A pull of a database, by one who can only read. Calls are written at their end: look back over the longest."""

    host: Host
    port: Port
    database: str
    look_back: Annotated[Span, Field(ge=timedelta(days=1), le=timedelta(days=92))] = timedelta(days=2)


def read_pulls(content: bytes, file: str = PULLS) -> "dict[str, Pull]":
    """Pulls by name, of the bytes of pulls.toml. Raises BrokenCatalogue with every problem."""
    from callmeter.pulls.kinds import AnyPull

    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        tables = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BrokenCatalogue([Problem(file, 1, 1, "bad-toml", str(error), "Mend it as TOML, in UTF-8.")]) from None
    pulls = tables.pop("pulls", {})
    problems = [
        Problem(file, *place_of(text, (key,)), "unknown-key", f'"{key}" stands outside [pulls.NAME]', "Move it.")
        for key in tables
    ]
    found: dict[str, Pull] = {}
    for name, table in pulls.items() if isinstance(pulls, dict) else ():
        try:
            given = {**table, "name": name} if isinstance(table, dict) else table
            found[name] = TypeAdapter(AnyPull).validate_python(given)
        except ValidationError as error:
            problems += [_problem(text, file, name, detail) for detail in error.errors()]
    if problems:
        raise BrokenCatalogue(problems)
    return found


def _problem(text: str, file: str, name: str, detail: Any) -> Problem:
    """One finding, told by its key. The union's tag is no part of it."""
    key = tuple(str(part) for part in detail["loc"][1:])
    shown = ".".join(("pulls", name, *key))
    hint = _HINTS.get(detail["type"], "")
    message = detail["msg"].removeprefix("Value error, ")
    return Problem(file, *place_of(text, ("pulls", name, *key)), "bad-value", f"{shown}: {message}", hint)
