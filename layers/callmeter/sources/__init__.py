"""Where calls come from: a module per kind of CDR file, one registry."""

from callmeter.errors import UnreadableFile, UsageError
from callmeter.sources import asterisk, freepbx, generic
from callmeter.sources.base import Reading, Source
from callmeter.sources.text import TextFile, first_lines

# In the order in which a file is offered to them: the most particular first.
SOURCES: dict[str, Source] = {source.name: source for source in (freepbx.SOURCE, asterisk.SOURCE, generic.SOURCE)}

_LINES_WITHOUT_HEADER = 20  # how many lines of a file are shown to a source whose files have no header


def recognise(text: TextFile, source: str = "") -> tuple[Source, Reading]:
    """How to read a file: as `source`, or as the first kind that knows it.

    Raises UnreadableFile for an empty file or one nobody knows, UsageError for a source that does not exist.
    """
    if source and source not in SOURCES:
        raise UsageError(f'there is no source "{source}"; the sources are: {", ".join(SOURCES)}')
    lines = first_lines(text, _LINES_WITHOUT_HEADER)
    if not lines:
        raise UnreadableFile(f"{text.name}: the file is empty; export the calls again.")
    looked_for = [SOURCES[source]] if source else list(SOURCES.values())
    for candidate in looked_for:
        for number, line in lines[:1] if candidate.has_header else lines:
            reading = candidate.recognise(number, line)
            if reading:
                return candidate, reading
    number, line = lines[0]
    shown = line[:80] + ("…" if len(line) > 80 else "")
    raise UnreadableFile(
        f"{text.name}:{number}:1: this is not a file of calls that callmeter knows; its first line is: {shown!r}\n"
        "Looked for:\n" + "\n".join(f"  {one.name}: {one.expects}" for one in looked_for)
    )
