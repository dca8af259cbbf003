"""Where calls come from: a module per kind of CDR file, one registry."""

import collections.abc
from dataclasses import replace
from types import MappingProxyType

from callmeter.errors import UnreadableFile, UsageError
from callmeter.sources import (
    asterisk,
    bandwidth,
    didww,
    flowroute,
    freepbx,
    freeswitch,
    fusionpbx,
    generic,
    issabel,
    plivo,
    signalwire,
    sipgate,
    telnyx,
    threecx,
    twilio,
    vitelity,
    voipms,
    vonage,
)
from callmeter.sources.base import Head, Reading, Source, plain
from callmeter.sources.mapping import Mapping, source_of
from callmeter.sources.text import TextFile, first_lines

# In the order in which a file is offered to them: the most particular first.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        freepbx.SOURCE,
        issabel.SOURCE,
        asterisk.SOURCE,
        threecx.SOURCE,
        fusionpbx.SOURCE,
        freeswitch.SOURCE,
        voipms.SOURCE,
        vitelity.SOURCE,
        twilio.SOURCE,
        signalwire.SOURCE,
        telnyx.SOURCE,
        vonage.SOURCE,
        bandwidth.SOURCE,
        plivo.SOURCE,
        sipgate.SOURCE,
        didww.SOURCE,
        flowroute.SOURCE,
        generic.SOURCE,
    )
}

Mappings = collections.abc.Mapping[str, Mapping]  # the operator's own sources: rates/sources/NAME.toml, by NAME
NO_MAPPINGS: Mappings = MappingProxyType({})

_HEAD_LINES = 20  # how many lines of a file are shown to a source


def sources_with(mappings: Mappings) -> dict[str, Source]:
    """All sources, mappings included, in the order in which a file is offered to them: what the operator wrote first.

    A mapping by the name of a kind stands for it, with its settings.
    """
    own = {name: source_of(mapping, list(SOURCES.values())) for name, mapping in mappings.items()}
    distinct = {name: own[name] for name, mapping in mappings.items() if mapping.is_distinct}
    return distinct | {name: own.get(name, source) for name, source in SOURCES.items()} | own


def source_named(name: str) -> Source | None:
    """The source of that name, or of one it is also known by."""
    wanted = plain(name)
    return next((one for one in SOURCES.values() if wanted in (plain(one.name), *one.also)), None)


def head_of(text: TextFile) -> Head:
    """How a text begins. Raises UnreadableFile for an empty one."""
    lines = first_lines(text, _HEAD_LINES)
    if not lines:
        raise UnreadableFile(f"{text.name}: the file is empty; export the calls again.")
    return Head(text.name, tuple(lines))


def recognise(text: TextFile, source: str = "", mappings: Mappings = NO_MAPPINGS) -> tuple[Source, Reading]:
    """How to read a file of lines: as `source`, or as the first kind that knows it.

    mappings: the operator's own, by name; one that is not told by its columns' names counts only where it is stated.
    Raises UnreadableFile for an empty file or one nobody knows, UsageError for a source that does not exist.
    """
    head, offered = offer(text, source, mappings)
    for candidate in offered:
        reading = candidate.recognise(head)
        if reading:
            return candidate, reading
    number, line = head.lines[0]
    shown = line[:80] + ("…" if len(line) > 80 else "")
    raise UnreadableFile(
        f"{text.name}:{number}:1: this is not a file of calls that callmeter knows; its first line is: {shown!r}\n"
        f"Looked for: {', '.join(one.name for one in offered)}\n"
        f"  {offered[-1].name}: {offered[-1].expects}\n"
        "callmeter sources list says what each is known by; callmeter sources try FILE proposes a mapping for others."
    )


def offer(text: TextFile, source: str = "", mappings: Mappings = NO_MAPPINGS) -> tuple[Head, list[Source]]:
    """How a file begins, and the sources that it is offered to, in order. Raises as `recognise` does."""
    known = sources_with(mappings)
    kind = source_named(source)
    stated = known.get(source) or (known[kind.name] if kind else None)
    if source and not stated:
        raise UsageError(f'there is no source "{source}"; the sources are: {", ".join(known)}')
    head = replace(head_of(text), stated=bool(stated))
    if stated:
        return head, [stated]
    return head, [one for name, one in known.items() if name in SOURCES or mappings[name].is_distinct]
