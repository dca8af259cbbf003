#!/usr/bin/env python3
"""A PBX's files of calls -> callmeter's inbox, every line once. For cron or a systemd timer; Python 3.6, boto3.

Two kinds of files (see uploader.conf):

    growing   one file that calls are appended to (Master.csv). What is new since the last run goes as a piece that ends
              at a line's end; half a line waits until it is whole. Followed through rotation: what it is renamed or
              copied to (Master.csv.1, Master.csv-20261124.gz) is known by how it begins, wherever its name went.
    rotated   files that do not change any more. They go as they are, once they were quiet for a while.

Keys are inbox/SOURCE/PBX--FILE--…-DIGEST: the same bytes always have the same key. The ledger, a small SQLite file,
says what was sent. A piece is planned there before it is sent, and ticked off after: a run that is killed anywhere
sends the same piece again under the same key, which changes nothing. Without its ledger it sends everything again,
and callmeter counts each call once.

Exit code 0: all is sent; 1: something is not, and will be tried by the next run; 2: the configuration is wrong.
"""

import argparse
import configparser
import gzip
import hashlib
import os
import re
import sqlite3
import stat
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

PIECE_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 4096  # a growing file is known by so many of its first bytes, or by all that was sent of it,
TAIL_BYTES = 256  # and by the last ones that were sent
LARGEST_BYTES = 5 * 1024**3  # that S3 takes at once
# No "--" and nothing at the end that could begin one: the credential of "a" must not fit the keys of "a--b" or "a-".
NAME = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*\Z")
NO_BODY_HAS = "AAAAAAAAAAAAAAAAAAAAAA=="  # an MD5 digest of zeros
UNREADABLE = (OSError, EOFError, zlib.error)

WHAT_TO_DO = {
    "AccessDenied": "The credential may put one source's files of one PBX: `pbx` and the section's name have to be"
    " those that credential.yaml was deployed with, and `bucket` the same.",
    "InvalidAccessKeyId": "Make a new access key (see credential.yaml) and put it into the configuration.",
    "SignatureDoesNotMatch": "The secret_access_key is not the one of this access_key_id: copy it again.",
    "NoSuchBucket": "`bucket` is the DataBucket of the stack's outputs.",
    "RequestTimeTooSkewed": "This machine's clock is wrong: turn NTP on.",
}


class Usage(Exception):
    """The configuration cannot be worked with."""


class Trouble(Exception):
    """Something could not be sent; the next run tries again."""


class Busy(Exception):
    """Another run holds the ledger."""


class Source(NamedTuple):
    """A section of the configuration: what goes to inbox/NAME/."""

    name: str
    growing: "list[str]"
    rotated: "list[str]"
    quiet_seconds: int


class Settings(NamedTuple):
    """The configuration. client: arguments for boto3."""

    bucket: str
    pbx: str
    ledger: Path
    client: "dict[str, Any]"
    sources: "list[Source]"


class Stream(NamedTuple):
    """A growing file, whatever it is called now.

    sent, planned: bytes from its start; planned is 0 where nothing is under way. tail: of the last bytes sent.
    """

    id: int
    sent: int = 0
    planned: int = 0
    tail_bytes: int = 0
    tail: str = ""


# ---- configuration


def read_settings(path: Path) -> Settings:
    """The configuration at `path`. Raises Usage."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with path.open(encoding="utf-8") as lines:
            parser.read_file(lines)
            mode = os.fstat(lines.fileno()).st_mode
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise Usage("{}: {}".format(path, str(error).replace("\n", " "))) from None
    if "uploader" not in parser:
        raise Usage(f"{path}: there is no section [uploader]; uploader.conf is an example")
    own = checked(path, parser["uploader"], {"bucket", "region", "pbx", "ledger"}, OPTIONAL)
    if "secret_access_key" in own and os.name == "posix" and stat.S_IMODE(mode) & 0o007:
        raise Usage(f"{path} holds a secret and anybody may read it: chmod o= {path}")
    named(path, "pbx", own["pbx"])
    sources = [read_source(path, parser[name]) for name in parser.sections() if name != "uploader"]
    if not sources:
        raise Usage(f"{path}: there is no source; add a section such as [asterisk], with growing or rotated")
    client = {argument: own[key] for key, argument in CLIENT.items() if key in own}
    return Settings(own["bucket"], own["pbx"], Path(own["ledger"]), client, sources)


CLIENT = {
    "region": "region_name",
    "endpoint_url": "endpoint_url",
    "access_key_id": "aws_access_key_id",
    "secret_access_key": "aws_secret_access_key",
}
OPTIONAL = {"endpoint_url", "access_key_id", "secret_access_key"}


def read_source(path: Path, section: "configparser.SectionProxy") -> Source:
    named(path, "a section", section.name)
    own = checked(path, section, set(), {"growing", "rotated", "quiet_seconds"})
    growing, rotated = (own.get(kind, "").split("\n") for kind in ("growing", "rotated"))
    growing, rotated = ([line.strip() for line in lines if line.strip()] for lines in (growing, rotated))
    if not growing and not rotated:
        raise Usage(f"{path}: [{section.name}] names no files: give growing, or rotated, or both")
    for file in growing + rotated:
        if not Path(file).is_absolute():
            raise Usage(f"{path}: [{section.name}] {file} has to begin at the root of the file system")
    try:
        quiet_seconds = int(own.get("quiet_seconds", "60"))
    except ValueError:
        raise Usage(f"{path}: [{section.name}] quiet_seconds is no whole number") from None
    return Source(section.name, growing, rotated, quiet_seconds)


def checked(
    path: Path, section: "configparser.SectionProxy", needed: "set[str]", optional: "set[str]"
) -> "dict[str, str]":
    """The values of a section. Raises Usage where some are missing, empty or unknown."""
    own = dict(section)
    for key in sorted(own.keys() - needed - optional):
        raise Usage(f"{path}: [{section.name}] knows no {key}; it has {', '.join(sorted(needed | optional))}")
    for key in sorted(needed | own.keys()):
        if not own.get(key):
            raise Usage(f"{path}: [{section.name}] needs a value for {key}")
    return own


def named(path: Path, what: str, name: str) -> None:
    if not NAME.match(name):
        raise Usage(f'{path}: {what} is called "{name}": letters and digits, with single . _ or - between them, please')


# ---- what was sent


class Ledger:
    """What was sent, in an SQLite file; every change is one transaction. Raises Trouble, or Busy when opened.

    streams  a growing file each: path as configured, how it begins, how much of it was sent
    files    a file each that holds nothing that is not sent: with the same stamp it is not opened again
    """

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        """keep: False for a run that is to leave no trace."""
        self.path = path
        try:
            place = ":memory:" if not keep and not path.exists() else str(path)
            self.database = sqlite3.connect(place, timeout=0.2, isolation_level=None)
            self.database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self.database.execute("BEGIN EXCLUSIVE")
            self.database.execute(
                "CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, path BLOB, head_bytes INTEGER, head TEXT,"
                " sent INTEGER, planned INTEGER, tail_bytes INTEGER, tail TEXT)"
            )
            self.database.execute(
                "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, stamp TEXT, stream INTEGER, source TEXT,"
                " digest TEXT)"
            )
            self.database.execute("CREATE INDEX IF NOT EXISTS contents ON files (digest, source)")
            if keep:
                self.database.execute("COMMIT")
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise Busy from None
            raise self.broken(error) from None

    def close(self) -> None:
        self.database.close()

    def broken(self, error: sqlite3.Error) -> Trouble:
        return Trouble(
            f"the ledger {self.path}: {error}. Make room, or let this user write there; what was not recorded is sent"
            " again. Where the file itself is damaged, move it away: everything is sent again, and counted once"
        )

    def run(self, statement: str, *values: object) -> "list[Any]":
        try:
            return self.database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self.broken(error) from None

    def knows(self, file: Path, stamp: str) -> "int | None":
        """The stream (0: it is a whole file) of a file that holds nothing new; None where it may."""
        found = self.run("SELECT stream FROM files WHERE path = ? AND stamp = ?", os.fsencode(file), stamp)
        return found[0][0] if found else None

    def has_sent(self, source: str, digest: str) -> bool:
        """Whether a whole file with this content was sent, under any name."""
        return bool(self.run("SELECT 1 FROM files WHERE digest = ? AND source = ?", digest, source))

    def done(self, file: Path, stamp: str, stream: int, source: str = "", digest: str = "") -> None:
        self.run(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", os.fsencode(file), stamp, stream, source, digest
        )

    def forget_gone(self, source: str) -> None:
        """Forget the whole files of a source that are not there any more: the ledger stays as small as the folder."""
        for (file,) in self.run("SELECT path FROM files WHERE source = ?", source):
            if not Path(os.fsdecode(file)).exists():
                self.run("DELETE FROM files WHERE path = ?", file)

    def fitting(self, path: Path, head: bytes) -> "list[Stream]":
        """The growing files that begin so, the one of which most is known first."""
        statement = (
            "SELECT head_bytes, head, id, sent, planned, tail_bytes, tail FROM streams WHERE path = ?"
            " ORDER BY head_bytes DESC, id DESC"
        )
        rows = self.run(statement, os.fsencode(path))
        return [Stream(*row[2:]) for row in rows if len(head) >= row[0] and digest_of(head[: row[0]]) == row[1]]

    def latest(self, path: Path) -> "Stream | None":
        """What the file last was."""
        found = self.run(
            "SELECT id, sent FROM streams WHERE path = ? AND head_bytes ORDER BY id DESC LIMIT 1", os.fsencode(path)
        )
        return Stream(*found[0]) if found else None

    def begin(self, path: Path) -> Stream:
        self.run("INSERT INTO streams VALUES (NULL, ?, 0, '', 0, 0, 0, '')", os.fsencode(path))
        return Stream(self.run("SELECT last_insert_rowid()")[0][0])

    def plan(self, stream: Stream, end: int, head: bytes) -> None:
        """The bytes up to `end` are being sent. head: how the file begins, all of which will then have been sent."""
        statement = "UPDATE streams SET planned = ?, head_bytes = ?, head = ? WHERE id = ?"
        self.run(statement, end, len(head), digest_of(head), stream.id)

    def tick_off(self, stream: Stream, end: int, tail: bytes) -> None:
        """All up to `end` was sent, the last of it being `tail`."""
        statement = "UPDATE streams SET sent = ?, planned = 0, tail_bytes = ?, tail = ? WHERE id = ?"
        self.run(statement, end, len(tail), digest_of(tail), stream.id)


# ---- S3


class Inbox:
    """The bucket. Raises Trouble."""

    def __init__(self, settings: Settings, *, retries: int = 4) -> None:
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError:
            raise Usage("boto3 is missing: install python3-boto3 (or: python3 -m pip install boto3)") from None
        self.errors = botocore.exceptions
        self.bucket = settings.bucket
        patience = botocore.config.Config(connect_timeout=10, read_timeout=60, retries={"max_attempts": retries})
        self.client: Any
        try:
            self.client = boto3.session.Session().client("s3", config=patience, **settings.client)
        except (ValueError, botocore.exceptions.BotoCoreError) as error:
            raise Usage(f"boto3 does not take the configuration: {error}") from None

    def put(self, key: str, body: "bytes | IO[bytes]", **more: str) -> None:
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **more)
        except self.errors.ClientError as error:
            code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code == "BadDigest" and more:
                return
            raise Trouble(f"{key}: S3 says {code}, {said} {WHAT_TO_DO.get(code, '')}".rstrip()) from None
        except self.errors.BotoCoreError as error:
            raise Trouble(f"{key}: {error}. The next run goes on from here") from None

    def check(self, key: str) -> None:
        """Whether the credential may put `key`, leaving nothing: S3 takes no body that is not as its digest says."""
        self.put(key, b"no calls", ContentMD5=NO_BODY_HAS)


# ---- a run


class Run:
    """One run over all sources; `send` is None where nothing is to be sent, but taken as sent."""

    def __init__(
        self, settings: Settings, ledger: Ledger, send: "Callable[[str, bytes | IO[bytes]], None] | None"
    ) -> None:
        self.settings, self.ledger, self.send = settings, ledger, send
        self.objects = self.bytes = self.problems = 0

    def all(self) -> None:
        for source in self.settings.sources:
            try:
                for path in source.growing:
                    self.growing(source, Path(path))
                for file in matching(source.rotated):
                    self.guarded(self.whole, source, file)
                self.ledger.forget_gone(source.name)
            except Trouble as trouble:
                self.problem(str(trouble))

    def guarded(self, send: "Callable[..., int | None]", *arguments: "Source | Path") -> "int | None":
        """One file that cannot be read does not keep the others."""
        try:
            return send(*arguments)
        except FileNotFoundError:
            pass  # rotated away under our eyes: the next run finds it
        except UNREADABLE as error:
            self.problem(f"{arguments[-1]}: {error}. Let this user read it; nothing of it is lost")
        return None

    def growing(self, source: Source, path: Path) -> None:
        """Send what is new: first of what the file was rotated to, then of the file itself."""
        before = self.ledger.latest(path)
        seen = self.rotated(source, path)
        now = self.guarded(self.lines, source, path, path)
        if before and now and now > before.id:
            seen |= self.rotated(source, path)  # it may have been renamed while we looked
            if before.id not in seen:
                self.problem(
                    f"{path} is a new file, and the one before is not beside it: what that got after its first"
                    f" {before.sent:,} bytes was not sent. Have rotated files stay there for a day"
                )

    def rotated(self, source: Source, path: Path) -> "set[int | None]":
        return {self.guarded(self.lines, source, path, file) for file in beside(path)}

    def lines(self, source: Source, path: Path, file: Path) -> "int | None":
        """Send the lines of `file` that were not sent, piece by piece; path: what it was called when it grew.

        Answers its stream, None where it has none so far.
        """
        stamp, quiet = stamp_of(file), is_quiet(file, source.quiet_seconds)
        known = self.ledger.knows(file, stamp)
        if known:
            return known
        with opened(file) as text:
            head = text.read(HEAD_BYTES)
            fitting = self.ledger.fitting(path, head)
            stream = next((one for one in fitting if goes_on(text, one)), None)
            if fitting and not stream:
                if file != path and not reaches_beyond(text, fitting[0].sent):
                    return fitting[0].id  # a copy of its first part
                self.problem(f"{file} was cut off, or written anew: all of it is sent again")
                stream = Stream(fitting[0].id)
            start, planned = (stream.sent, stream.planned) if stream else (0, 0)
            last = quiet and file != path  # nobody will end its last line any more
            while True:
                piece = next_piece(text, start, planned, last=last)
                if not piece:
                    break
                stream = stream or self.ledger.begin(path)
                self.piece(source, path, stream, start, piece, head)
                start, planned = start + len(piece), 0
            if stream and not reaches_beyond(text, start):
                self.ledger.done(file, stamp, stream.id)
        return stream.id if stream else None

    def piece(self, source: Source, path: Path, stream: Stream, start: int, piece: bytes, head: bytes) -> None:
        end = start + len(piece)
        self.ledger.plan(stream, end, head[:end])
        self.put(self.key(source, path, f"{start:012}-{digest_of(piece)}"), piece, len(piece))
        self.ledger.tick_off(stream, end, piece[-TAIL_BYTES:])

    def whole(self, source: Source, file: Path) -> "int | None":
        """Send a file as it is, once it is quiet, unless its content was sent under another name."""
        stamp, size = stamp_of(file), file.stat().st_size
        if self.ledger.knows(file, stamp) is not None or not size or not is_quiet(file, source.quiet_seconds):
            return None
        if size > LARGEST_BYTES:
            self.problem(f"{file} is larger than S3 takes at once: compress it, or split it at line ends")
            return None
        with file.open("rb") as content:
            digest = hashlib.sha256()
            for block in iter(lambda: content.read(1024 * 1024), b""):
                digest.update(block)
            name = digest.hexdigest()[:16]
            if not self.ledger.has_sent(source.name, name):
                content.seek(0)
                self.put(self.key(source, file, name), content, size)
        if stamp_of(file) == stamp:  # else it changed under way, and goes again when it is quiet
            self.ledger.done(file, stamp, 0, source.name, name)
        return None

    def key(self, source: Source, path: Path, tail: str) -> str:
        return key_of(self.settings, source, path.name, tail)

    def put(self, key: str, body: "bytes | IO[bytes]", size: int) -> None:
        if self.send:
            self.send(key, body)
            self.objects += 1
            self.bytes += size

    def problem(self, what: str) -> None:
        self.problems += 1
        complain(what)


def key_of(settings: Settings, source: Source, name: str, tail: str) -> str:
    """A flat key whatever the file is called: the name's odd characters become _, and its end comes last."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[-100:]
    ending = re.search(r"(\.[A-Za-z]{1,5}){1,2}\Z", plain)
    return f"inbox/{source.name}/{settings.pbx}--{plain}--{tail}{ending.group() if ending else ''}"


def next_piece(text: "IO[bytes]", start: int, planned: int, *, last: bool) -> bytes:
    """What to send next from `start`: what was planned, else all whole lines that fit; last: half a line counts."""
    text.seek(start)
    if planned > start:
        piece = text.read(planned - start)
        if len(piece) == planned - start:
            return piece
        text.seek(start)
    piece = text.read(PIECE_BYTES)
    if last and len(piece) < PIECE_BYTES:
        return piece
    whole = piece[: piece.rfind(b"\n") + 1]
    if not whole and len(piece) == PIECE_BYTES:
        raise OSError(f"no line ends within {PIECE_BYTES:,} bytes after {start:,}: is this a file of calls?")
    return whole


# ---- files


def matching(patterns: "list[str]") -> "list[Path]":
    """The files that fit any of the patterns, oldest first."""
    found = set()
    for pattern in patterns:
        anchor = Path(pattern).anchor
        found |= {file for file in Path(anchor).glob(str(Path(pattern).relative_to(anchor))) if file.is_file()}
    return oldest_first(found)


def beside(path: Path) -> "list[Path]":
    """What a growing file may have been rotated to, oldest first."""
    if not path.parent.is_dir():
        return []
    names = (path.name + ".", path.name + "-")
    return oldest_first({file for file in path.parent.iterdir() if file.name.startswith(names) and file.is_file()})


def oldest_first(files: "set[Path]") -> "list[Path]":
    ages = []
    for file in files:
        try:
            ages.append((file.stat().st_mtime, file))
        except OSError:
            continue
    return [file for _, file in sorted(ages)]


def opened(file: Path) -> "IO[bytes]":
    """The file's text, unpacked where it is compressed."""
    with file.open("rb") as content:
        packed = content.read(2) == b"\x1f\x8b"
    return gzip.open(str(file), "rb") if packed else file.open("rb")  # type: ignore[return-value]


def goes_on(text: "IO[bytes]", stream: Stream) -> bool:
    """Whether what was last sent of a stream stands at its place in a file."""
    text.seek(stream.sent - stream.tail_bytes)
    return not stream.sent or digest_of(text.read(stream.tail_bytes)) == stream.tail


def reaches_beyond(text: "IO[bytes]", position: int) -> bool:
    text.seek(position)
    return bool(text.read(1))


def stamp_of(file: Path) -> str:
    facts = file.stat()
    return f"{facts.st_dev}:{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}"


def is_quiet(file: Path, seconds: int) -> bool:
    return abs(time.time() - file.stat().st_mtime) >= seconds


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


# ---- the command


def say(text: str) -> None:
    write(sys.stdout, text)


def complain(text: str) -> None:
    write(sys.stderr, text)


def write(stream: TextIO, text: str) -> None:
    """A line; where the locale has no word for a character (cron's often knows ASCII alone), its code."""
    encoding = stream.encoding or "ascii"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def check(settings: Settings) -> int:
    """Say whether everything is in place, sending nothing; answers the number of problems."""
    problems = 0
    try:
        Ledger(settings.ledger).close()
        say(f"ledger {settings.ledger}: may be written")
    except Trouble as trouble:
        problems += 1
        complain(str(trouble))
    inbox = Inbox(settings, retries=0)  # else boto3 tries a wrong digest again
    for source in settings.sources:
        try:
            key = key_of(settings, source, "check", "0")
            inbox.check(key)
            say(f"s3://{settings.bucket}/{key.partition('check')[0]}*: may be put")
        except Trouble as trouble:
            problems += 1
            complain(str(trouble))
        for path in source.growing:
            problems += look([file for file in [*beside(Path(path)), Path(path)] if file.exists()], path)
        for pattern in source.rotated:
            problems += look(matching([pattern]), pattern)
    return problems


def look(files: "list[Path]", what: str) -> int:
    problems = 0
    for file in files:
        try:
            with opened(file) as text:
                text.read(1)
        except UNREADABLE as error:
            problems += 1
            complain(f"{file}: {error}. Let this user read it")
    say(f"{what}: {len(files) or 'no'} file{'' if len(files) == 1 else 's'}{'' if files else ' (so far)'}")
    return problems


def main(arguments: "list[str] | None" = None) -> int:
    """Run the command line; answers the exit code."""
    parser = argparse.ArgumentParser(description="Send a PBX's files of calls to callmeter, every line once.")
    parser.add_argument("--config", type=Path, default=Path("/etc/callmeter-uploader.conf"))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="try the credential, the ledger and the files; send nothing")
    how.add_argument("--dry-run", action="store_true", help="say what would be sent")
    how.add_argument("--from-now", action="store_true", help="take everything that is there now as sent")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options.config)
        if options.check:
            return min(check(settings), 1)
        return send(settings, dry=options.dry_run, from_now=options.from_now)
    except Usage as error:
        complain(str(error))
        return 2
    except Trouble as error:
        complain(str(error))
        return 1
    except Busy:
        say("Another run is under way.")
        return 0


def send(settings: Settings, *, dry: bool, from_now: bool) -> int:
    put: Callable[[str, bytes | IO[bytes]], None] | None = None
    if dry:
        put = lambda key, _: say(f"would send {key}")  # noqa: E731
    elif not from_now:
        put = Inbox(settings).put
    ledger = Ledger(settings.ledger, keep=not dry)
    try:
        run = Run(settings, ledger, put)
        run.all()
    finally:
        ledger.close()
    if run.objects:
        done = "would send" if dry else "sent"
        say(f"{done} {run.bytes:,} bytes in {run.objects:,} piece{'' if run.objects == 1 else 's'}")
    return 1 if run.problems else 0


if __name__ == "__main__":
    sys.exit(main())
