"""Where calls come from: a module per kind of CDR file, one registry."""

from callmeter.errors import UnreadableFile, UsageError
from callmeter.sources import asterisk, freepbx, generic
from callmeter.sources.base import Head, Reading, Source, plain
from callmeter.sources.text import TextFile, first_lines

# In the order in which a file is offered to them: the most particular first.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        freepbx.SOURCE,
        asterisk.SOURCE,
        generic.SOURCE,
    )
}

_HEAD_LINES = 20  # how many lines of a file are shown to a source


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


def recognise(text: TextFile, source: str = "") -> tuple[Source, Reading]:
    """How to read a file of lines: as `source`, or as the first kind that knows it.

    Raises UnreadableFile for an empty file or one nobody knows, UsageError for a source that does not exist.
    """
    stated = source_named(source)
    if source and not stated:
        raise UsageError(f'there is no source "{source}"; the sources are: {", ".join(SOURCES)}')
    head = head_of(text)
    looked_for = [stated] if stated else list(SOURCES.values())
    for candidate in looked_for:
        reading = candidate.recognise(head)
        if reading:
            return candidate, reading
    number, line = head.lines[0]
    shown = line[:80] + ("…" if len(line) > 80 else "")
    raise UnreadableFile(
        f"{text.name}:{number}:1: this is not a file of calls that callmeter knows; its first line is: {shown!r}\n"
        "Looked for:\n" + "\n".join(f"  {one.name}: {one.expects}" for one in looked_for)
    )
