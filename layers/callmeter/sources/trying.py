"""A file of calls -> how it is read: the first calls beside their lines, what is uncertain, what would settle it.

Nothing is rated, so no catalogue is needed; with a rates folder its operator and its own sources count. What is
assumed, zone and country, is tried by reading the file once more with others: what then differs depended on it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from callmeter import sql
from callmeter.catalogue.files import read_operator
from callmeter.catalogue.mappings import read_mappings
from callmeter.dialplan import dial_plan
from callmeter.errors import UnreadableFile, UsageError
from callmeter.model import Operator
from callmeter.rating.engine import engine
from callmeter.rating.reading import keep_lines, read_calls
from callmeter.rating.rejects import Reason, Reject
from callmeter.rating.stages import FARTHEST_AHEAD, Counted, Intake, warnings_of
from callmeter.sources import Mappings, asterisk, head_of, offer, recognise, source_named
from callmeter.sources.base import Head, Reading, Source, plain
from callmeter.sources.documents import as_lines
from callmeter.sources.guessing import Proposal, propose
from callmeter.sources.mapping import Mapping
from callmeter.sources.text import TextFile, make_safe, pieces

LOOKED_AT = 16 * 1024 * 1024  # bytes of a large file
_OTHER_ZONE = "Pacific/Kiritimati"  # nobody assumes it


@dataclass(frozen=True)
class Assumed:
    """A zone or a country, and who says so; sure: it was stated, or the file needs none."""

    value: str
    whence: str
    sure: bool


@dataclass(frozen=True)
class Understood:
    """A row of the file as it is understood. started_at: UTC; local: by the zone of the trial."""

    line: int
    raw: str
    reason: str
    detail: str
    call_id: str
    direction: str
    from_number: str
    to_number: str
    started_at: datetime | None
    local: datetime | None
    seconds: int
    answered: bool
    login: str
    code: str
    carrier: str


@dataclass(frozen=True)
class Trial:
    """How a file is read. columns: where each fact stands; counts: rows by kind; others: sources that take it, too.

    suggestion: a mapping file that would settle what is uncertain; proposed: nothing knows the file, and the suggestion
    is a guess by which it was read. whole: all of the file was looked at.
    """

    file: str
    source: str
    expects: str
    columns: dict[str, str]
    timezone: Assumed
    country: Assumed
    calls: tuple[Understood, ...]
    counts: dict[str, int]
    first_start: datetime | None
    last_start: datetime | None
    reasons: tuple[Reason, ...]
    uncertain: tuple[str, ...]
    others: tuple[str, ...]
    suggestion: str
    suggested_name: str
    proposed: bool
    whole: bool


def try_file(
    path: Path, *, rates: Path | None = None, intake: Intake | None = None, shown: int = 5, now: datetime | None = None
) -> Trial:
    """Read a file of calls without rating it. shown: how many calls to show.

    Raises UnreadableFile where nothing knows the file and no columns can be guessed, UsageError, BrokenCatalogue.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    with engine(allowed=[path]) as (con, work):
        operator, mappings = _reference(con, rates)
        text = as_lines(con, make_safe(path, work, path.name, in_place=True), work)
        return _Trying(con, work, text, operator, mappings, intake or Intake(), now or datetime.now(UTC)).tried(shown)


def _reference(con: duckdb.DuckDBPyConnection, rates: Path | None) -> tuple[Operator | None, Mappings]:
    if rates is None:
        return None, {}
    return read_operator(rates / "operator.toml", f"{rates.name}/operator.toml"), read_mappings(con, rates)


@dataclass
class _Trying:
    """One trial under way."""

    con: duckdb.DuckDBPyConnection
    work: Path
    text: TextFile
    operator: Operator | None
    mappings: Mappings
    intake: Intake
    now: datetime

    def tried(self, shown: int) -> Trial:
        source, reading, proposal = self._recognised()
        head = head_of(self.text)
        zone = self._zone(reading)
        country = self._country(reading, head)
        _, piece = next(iter(pieces(self.text, self.work, LOOKED_AT)))
        whole = piece.path == self.text.path
        self._read(piece, reading, zone.value, country.value)
        sql.run(self.con, "trying/tried", skip=reading.skip)
        keep_lines(self.con, piece)
        [counts] = sql.rows(
            self.con, "trying/counts", now=self.now.astimezone(UTC).replace(tzinfo=None), timezone=zone.value
        )
        first_start, last_start = counts.pop("first_start"), counts.pop("last_start")
        calls = tuple(Understood(**row) for row in sql.rows(self.con, "trying/shown", timezone=zone.value, shown=shown))
        found = sql.rows(self.con, "trying/reasons", file=self.text.name)
        reasons = tuple(Reason(row["reason"], row["rejected"], Reject(**row["example"])) for row in found)
        zone, country = self._what_matters(piece, reading, zone, country)
        others = () if proposal else tuple(self._others(source))
        uncertain = [
            *(proposal.uncertain if proposal else ()),
            *reading.notes,
            *self._uncertain(head, zone, country, counts),
            *self._warnings(reading, counts, whole=whole),
        ]
        return Trial(
            self.text.name, source.name, source.expects, _columns(reading), zone, country, calls, counts,
            first_start, last_start, reasons, tuple(uncertain), others,
            self._suggestion(source, proposal, zone, country, counts),
            source.name, proposal is not None, whole,
        )  # fmt: skip

    def _recognised(self) -> tuple[Source, Reading, Proposal | None]:
        """How to read the file; where nothing knows it, by a guess at its columns, which comes along."""
        try:
            return *recognise(self.text, self.intake.source, self.mappings), None
        except UnreadableFile as error:
            proposal = None if self.intake.source else propose(self.text)
            if proposal is None:
                raise error from None
        name = _name_of(self.text.name)
        mapping = Mapping.model_validate({**tomllib.loads(proposal.toml), "source": name})
        return *recognise(self.text, name, {name: mapping}), proposal

    def _read(self, piece: TextFile, reading: Reading, timezone: str, country: str) -> None:
        values: dict[str, Any] = {
            **dial_plan(country).parameters(),
            "timezone": timezone,
            "time_format": self.intake.time_format or reading.time_format or None,
            "latest": (self.now.astimezone(UTC) + FARTHEST_AHEAD).replace(tzinfo=None),
            "before": 0,
            "skip": reading.skip,
        }
        sql.run(self.con, "calls_read_gone")
        read_calls(self.con, piece, reading, values)

    def _zone(self, reading: Reading) -> Assumed:
        stated = {"--timezone": self.intake.timezone, "the source": reading.timezone}
        for whence, zone in stated.items():
            if zone:
                return Assumed(zone, whence, sure=True)
        operator = self.operator
        return (
            Assumed(operator.timezone, "the operator's", sure=False)
            if operator
            else Assumed("UTC", "assumed", sure=False)
        )

    def _country(self, reading: Reading, head: Head) -> Assumed:
        stated = {"--country": self.intake.country.upper(), "the source": reading.country}
        for whence, country in stated.items():
            if country:
                return Assumed(country, whence, sure=True)
        if self.operator:
            return Assumed(self.operator.country, "the operator's", sure=False)
        return _guessed_country(head)

    def _what_matters(
        self, piece: TextFile, reading: Reading, zone: Assumed, country: Assumed
    ) -> tuple[Assumed, Assumed]:
        """Zone and country as sure where nothing in the file depends on them."""
        if zone.sure and country.sure:
            return zone, country
        other = "US" if dial_plan(country.value).country_code != "1" else "GB"
        self._read(piece, reading, _OTHER_ZONE, other)
        [differing] = sql.rows(self.con, "trying/assumed", skip=reading.skip)
        return (
            zone if differing["by_zone"] else replace(zone, whence="not needed", sure=True),
            country if differing["by_country"] else replace(country, whence="not needed", sure=True),
        )

    def _others(self, chosen: Source) -> Iterator[str]:
        """Other sources that take the file; any file of calls may be a generic one."""
        head, offered = offer(self.text, "", self.mappings)
        kind = self.mappings[chosen.name].reads if chosen.name in self.mappings else chosen.name
        for source in offered:
            if source.name not in (chosen.name, kind, "csv") and source.recognise(head):
                yield source.name

    def _uncertain(self, head: Head, zone: Assumed, country: Assumed, counts: dict[str, int]) -> Iterator[str]:
        if not zone.sure:
            yield f"the times say no zone; they are taken as of {zone.value} ({zone.whence})"
        seems = asterisk.zone_seems(head, zone.value)
        if seems:
            yield seems
        if counts["in_the_future"]:
            yield f"{counts['in_the_future']:,} calls lie in the future: is it the zone, or the order of day and month?"
        if not country.sure:
            yield f"national numbers are taken as of {country.value} ({country.whence})"
        if counts["direction_not_stated"]:
            yield (
                f"{counts['direction_not_stated']:,} calls do not say which way they went: inbound where only the "
                "called number is a customer's, else outbound"
            )
        if counts["identity_composed"] == counts["calls"] > 0:
            yield "the file has no ids: calls are known by numbers, start and duration, or what the source has instead"
        if counts["repeated_identity"]:
            yield f"{counts['repeated_identity']:,} calls have the identity of one before them, and count once"
        if counts["caller_without_number"]:
            yield (
                f"{counts['caller_without_number']:,} callers have no number (extensions, names, withheld): such calls "
                "need the SIP login or account code of a customer"
            )

    def _warnings(self, reading: Reading, counts: dict[str, int], *, whole: bool) -> Iterator[str]:
        name, at_end = self.text.name, False
        if not whole:
            yield f"only the first {LOOKED_AT // 1024**2} MB of the file were looked at"
            return
        if not self.text.ended:
            at_end = reading.ends_lines or bool(
                sql.rows(self.con, "trying/last_line", line=self.text.lines)[0]["rejected"]
            )
        counted = Counted("", counts["rows_in"], ambiguous=counts["in_the_repeated_hour"])
        for warning in warnings_of(counted, reading, name, cut_off=at_end):
            yield warning.removeprefix(f"{name}: ")

    def _suggestion(
        self, source: Source, proposal: Proposal | None, zone: Assumed, country: Assumed, counts: dict[str, int]
    ) -> str:
        """The mapping file that would settle what is uncertain; "" where nothing is."""
        if source.name in self.mappings:
            return ""
        lines = []
        if not zone.sure:
            lines.append(f'timezone = "{zone.value}"  # of the clock that wrote the times')
        if not country.sure:
            lines.append(f'country = "{country.value}"  # of numbers without a country code')
        if proposal:
            return "\n".join([*lines, proposal.toml])
        if counts["direction_not_stated"] == counts["calls"] > 0:
            lines += ["[direction]", 'rule = "by-number"  # or "outbound", "inbound": where all calls go one way']
        return "\n".join([f'reads = "{source.name}"', *lines]) + "\n" if lines else ""


def _columns(reading: Reading) -> dict[str, str]:
    """Where each fact stands, for people."""
    if reading.paths:
        return {field: ", ".join(paths) for field, paths in reading.paths.items() if paths}
    return {field: f"column {at}" for field, at in reading.positions.items() if at}


def _name_of(file: str) -> str:
    """A name for the mapping of an unknown file: the letters its name begins with."""
    found = re.match(r"[a-z]{2,20}", plain(file.split(".")[0]))
    name = found[0] if found else "mine"
    return name if not source_named(name) else f"my-{name}"


def _guessed_country(head: Head) -> Assumed:
    """The country whose code the first numbers have the most often, else one whose numbers look so."""
    text = "\n".join(line for _, line in head.lines)
    codes = Counter(
        code
        for digits in re.findall(r"\+([1-9]\d{7,14})(?!\d)", text)
        for code in (digits[:1], digits[:2], digits[:3])
        if int(code) in COUNTRY_CODE_TO_REGION_CODE
    )
    whence = "guessed by the numbers"
    if codes:
        return Assumed(str(COUNTRY_CODE_TO_REGION_CODE[int(codes.most_common(1)[0][0])][0]), whence, sure=False)
    if re.search(r"(?<![\d.-])(1?[2-9]\d{2}|\([2-9]\d{2}\) ?)[2-9]\d{2}-?\d{4}(?![\d.-])", text):
        return Assumed("US", whence, sure=False)
    return Assumed("GB", "assumed", sure=False)
