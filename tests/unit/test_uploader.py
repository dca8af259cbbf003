"""The PBX uploader: every line of a PBX's files reaches the inbox once, whatever is rotated, cut off or killed.

Most runs are in this process, over a bucket that is a dict, and are "killed" before any chosen statement of the ledger
or put. Some are processes of their own that put to an HTTP server here, which kills them (SIGKILL) at a chosen put.
"""

import ast
import gzip
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import IO, Any
from xml.etree import ElementTree

import pytest
from infra.pbx.uploader import callmeter_uploader
from infra.pbx.uploader.callmeter_uploader import Ledger, Run, Usage, read_settings

from callmeter.pulls.settings import read_pulls
from callmeter.sources.mapping import Mapping

PBX = Path(__file__).resolve().parents[2] / "infra" / "pbx"
PROGRAM = PBX / "uploader" / "callmeter_uploader.py"
LONG_AGO = 1_700_000_000


class Killed(BaseException):
    """The process is dead."""


@dataclass
class Pbx:
    """A PBX's folder, its uploader, and what is in the bucket."""

    folder: Path
    bucket: dict[str, bytes] = field(default_factory=dict)
    written: Counter[bytes] = field(default_factory=Counter)
    pending: bytes = b""
    count: int = 0

    def __post_init__(self) -> None:
        self.log = self.folder / "log"
        self.log.mkdir(parents=True)
        self.master = self.log / "Master.csv"
        self.config = self.folder / "uploader.conf"
        self.configure(f"[asterisk]\nquiet_seconds = 0\ngrowing = {self.master}\n")

    def configure(self, sources: str, more: str = "") -> None:
        own = f"bucket = b\nregion = eu-west-1\npbx = office-1\nledger = {self.folder / 'ledger.sqlite'}\n"
        self.config.write_text(f"[uploader]\n{own}{more}\n{sources}")

    def call(self, lines: int = 1) -> None:
        """Calls end: whole lines are appended, the first of which ends the half that was there."""
        for _ in range(lines):
            self.count += 1
            line = self.pending or f'"","1001","0207946{self.count:04}","from-internal"'.encode()
            line += b",ANSWERED" * (self.count % 40)
            with self.master.open("ab") as log:
                log.write(line.removeprefix(self.pending) + b"\n")
            self.written[line] += 1
            self.pending = b""

    def half_a_call(self) -> None:
        self.count += 1
        self.pending = self.pending or f'"","1001","half {self.count}'.encode()
        with self.master.open("ab") as log:
            log.write(self.pending if self.master.read_bytes()[-1:] in (b"", b"\n") else b"")

    def end_pending(self) -> None:
        """Nobody will end the half line any more: it is a line as it is."""
        if self.pending:
            self.written[self.pending] += 1
            self.pending = b""

    def shift(self) -> Path:
        """Make room for Master.csv.1 by renaming all others one up."""
        others = sorted(self.log.glob("Master.csv.*"), key=lambda file: -int(file.name.split(".")[2]))
        for file in others:
            number, *packed = file.name.split(".")[2:]
            file.rename(self.log / ".".join(["Master.csv", str(int(number) + 1), *packed]))
        return self.log / "Master.csv.1"

    def rotate(self, how: str) -> None:
        """how: as logrotate's rename, copytruncate, or rename and compress."""
        if not self.master.exists():
            return
        self.end_pending()
        rotated = self.shift()
        if how == "copytruncate":
            shutil.copy(self.master, rotated)
            os.truncate(self.master, 0)
            return
        self.master.rename(rotated)
        if how == "compress":
            (self.log / "Master.csv.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
            rotated.unlink()

    def put(self, key: str, body: bytes | IO[bytes]) -> None:
        content = body if isinstance(body, bytes) else body.read()
        assert self.bucket.setdefault(key, content) == content, f"{key} has two contents"

    def run(self, kill_at: int = 0) -> Run:
        """One run, which is dead before its `kill_at`-th statement or put."""
        steps = 0

        def alive(do: Callable[..., Any]) -> Callable[..., Any]:
            def step(*arguments: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps == kill_at:
                    raise Killed
                return do(*arguments)

            return step

        settings = read_settings(self.config)
        ledger = Ledger(settings.ledger)
        ledger.run = alive(ledger.run)  # type: ignore[method-assign]
        run = Run(settings, ledger, alive(self.put))
        try:
            run.all()
        except Killed:
            run.problems = -1
        finally:
            ledger.close()
        return run

    def lines(self) -> Counter[bytes]:
        """All lines in the bucket, unpacked."""
        contents = (gzip.decompress(c) if c[:2] == b"\x1f\x8b" else c for c in self.bucket.values())
        return Counter(line for content in contents for line in content.splitlines())


@pytest.fixture
def pbx(tmp_path: Path) -> Pbx:
    return Pbx(tmp_path / "pbx")


# ---- growing files


def test_only_what_is_new_is_sent_and_half_a_line_waits_until_it_is_whole(pbx: Pbx) -> None:
    pbx.call(2)
    pbx.half_a_call()
    assert pbx.run().objects == 1
    assert pbx.lines() == pbx.written
    assert pbx.run().objects == 0
    pbx.call()
    assert pbx.run().objects == 1
    assert pbx.lines() == pbx.written
    first, second = sorted(pbx.bucket)
    assert first.startswith("inbox/asterisk/office-1--Master.csv--000000000000-")
    assert second.startswith(f"inbox/asterisk/office-1--Master.csv--{len(pbx.bucket[first]):012}-")
    assert second.endswith(".csv")


@pytest.mark.parametrize("how", ["rename", "copytruncate", "compress"])
def test_what_came_before_a_rotation_and_was_not_sent_is_sent_after_it(pbx: Pbx, how: str) -> None:
    pbx.call(3)
    pbx.run()
    pbx.call(2)
    pbx.half_a_call()
    pbx.rotate(how)
    pbx.call(2)
    assert pbx.run().problems == 0
    assert pbx.lines() == pbx.written
    assert pbx.run().objects == 0


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_killed_or_rotated_every_line_arrives_once(
    pbx: Pbx, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)  # noqa: S311
    monkeypatch.setattr(callmeter_uploader, "PIECE_BYTES", random.choice([500, 1000, 100_000]))
    monkeypatch.setattr(callmeter_uploader, "HEAD_BYTES", random.choice([64, 4096]))
    for _ in range(25):
        match random.choice(["call", "call", "half", "rotate", "run", "kill", "kill"]):
            case "call":
                pbx.call(random.randrange(1, 8))
            case "half":
                pbx.half_a_call()
            case "rotate":
                pbx.rotate(random.choice(["rename", "copytruncate", "compress"]))
            case "run":
                assert pbx.run().problems == 0
            case "kill":
                pbx.run(kill_at=random.randrange(1, 20))
    pbx.call()
    assert pbx.run().problems == 0
    assert pbx.lines() == pbx.written
    assert pbx.run().objects == 0


def test_a_backup_copy_sends_nothing_twice(pbx: Pbx) -> None:
    pbx.call(50)
    pbx.run()
    shutil.copy(pbx.master, pbx.log / "Master.csv.bak")
    shutil.copy(pbx.master, pbx.folder / "elsewhere")
    pbx.call(5)
    pbx.run()
    (pbx.folder / "elsewhere").rename(pbx.log / "Master.csv.found")
    pbx.call(5)
    shutil.copy(pbx.master, pbx.log / "Master.csv.bak2")
    assert pbx.run().problems == 0
    assert pbx.lines() == pbx.written
    assert sum(pbx.lines().values()) == 60


def test_a_file_that_was_cut_off_is_sent_again_whole_and_that_is_told(
    pbx: Pbx, capsys: pytest.CaptureFixture[str]
) -> None:
    pbx.call(60)
    pbx.run()
    kept = b"".join(pbx.master.read_bytes().splitlines(keepends=True)[:50])
    pbx.master.write_bytes(kept + b"another\n" * 2000)  # longer than before: only its content tells
    assert pbx.run().problems == 1
    assert "cut off, or written anew" in capsys.readouterr().err
    assert pbx.lines() == pbx.written + Counter({**dict.fromkeys(kept.splitlines(), 1), b"another": 2000})
    assert pbx.run().problems == 0


def test_a_rotated_file_that_went_away_with_unsent_lines_is_told(pbx: Pbx, capsys: pytest.CaptureFixture[str]) -> None:
    pbx.call(3)
    pbx.run()
    sent = pbx.master.stat().st_size
    pbx.master.rename(pbx.folder / "elsewhere.csv")
    pbx.call(2)
    assert pbx.run().problems == 1
    said = capsys.readouterr().err
    assert "is a new file, and the one before is not beside it" in said
    assert f" {sent:,} bytes" in said
    assert pbx.run().problems == 0


def test_the_last_half_line_of_a_rotated_file_goes_once_nobody_can_end_it(pbx: Pbx) -> None:
    pbx.configure(f"[asterisk]\nquiet_seconds = 60\ngrowing = {pbx.master}\n")
    pbx.call(2)
    pbx.half_a_call()
    pbx.rotate("rename")
    pbx.run()
    assert sum(pbx.lines().values()) == 2
    pbx.configure(f"[asterisk]\nquiet_seconds = 0\ngrowing = {pbx.master}\n")
    pbx.run()
    assert pbx.lines() == pbx.written
    assert sum(pbx.lines().values()) == 3


def test_a_rotation_in_the_middle_of_a_run_is_no_problem(pbx: Pbx, monkeypatch: pytest.MonkeyPatch) -> None:
    pbx.call(2)
    pbx.run()
    pbx.call(2)

    def beside(path: Path) -> list[Path]:
        found = original(path)
        if not found:
            pbx.rotate("rename")
            pbx.call()
        return found

    original = callmeter_uploader.beside
    monkeypatch.setattr(callmeter_uploader, "beside", beside)
    assert pbx.run().problems == 0
    assert pbx.lines() == pbx.written


def test_without_its_ledger_it_sends_the_same_lines_again_and_loses_none(pbx: Pbx) -> None:
    pbx.call(4)
    pbx.run()
    pbx.call(4)
    (pbx.folder / "ledger.sqlite").unlink()
    assert pbx.run().problems == 0
    assert set(pbx.lines()) == set(pbx.written)


def test_a_file_that_cannot_be_read_does_not_keep_the_others(pbx: Pbx, capsys: pytest.CaptureFixture[str]) -> None:
    pbx.call(2)
    for name in ("folder.csv", "rotated.csv.gz"):
        pbx.configure(f"[asterisk]\nquiet_seconds = 0\ngrowing = {pbx.log / name}\n {pbx.master}\n")
        if name.endswith(".gz"):
            (pbx.log / name).write_bytes(gzip.compress(b"some lines\n" * 1000)[:60])
        else:
            (pbx.log / name).mkdir()
        assert pbx.run().problems == 1
        assert f"{pbx.log / name}: " in capsys.readouterr().err
    assert pbx.lines() == pbx.written


def test_a_log_that_is_not_there_yet_is_no_problem(pbx: Pbx) -> None:
    assert pbx.run().problems == 0


# ---- files that do not change any more


@pytest.fixture
def documents(pbx: Pbx) -> Pbx:
    """A PBX that writes a file per call."""
    pbx.configure(f"[freeswitch]\nrotated = {pbx.log}/*.json\n {pbx.log}/*/*.xml\n {pbx.log}/*.gz\n")
    return pbx


def old_file(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_quiet_files_are_sent_as_they_are_and_once_under_whatever_name(documents: Pbx) -> None:
    packed = gzip.compress(b"a line\n", mtime=0)
    old_file(documents.log / "a.json", b'{"uuid": "a"}')
    old_file(documents.log / "2026-11-24" / "b.xml", b"<cdr/>")
    old_file(documents.log / "c.csv.gz", packed)
    (documents.log / "still being written.json").write_bytes(b'{"uuid"')
    assert documents.run().objects == 3
    assert sorted(documents.bucket.values()) == sorted([b'{"uuid": "a"}', b"<cdr/>", packed])
    assert all(name.startswith("inbox/freeswitch/office-1--") for name in documents.bucket)
    assert [any(name.endswith(end) for name in documents.bucket) for end in (".json", ".xml", ".csv.gz")] == [True] * 3
    (documents.log / "a.json").rename(documents.log / "a.1.json")
    assert documents.run().objects == 0
    old_file(documents.log / "a.json", b'{"uuid": "later"}')
    assert documents.run().objects == 1


def test_a_file_that_changes_while_it_is_sent_is_sent_again(documents: Pbx, monkeypatch: pytest.MonkeyPatch) -> None:
    changing = old_file(documents.log / "a.json", b"{}")
    put = documents.put
    monkeypatch.setattr(documents, "put", lambda key, body: (put(key, body), changing.write_bytes(b"{} and more")))
    documents.run()
    monkeypatch.undo()
    os.utime(changing, (LONG_AGO, LONG_AGO))
    documents.run()
    assert sorted(documents.bucket.values()) == [b"{}", b"{} and more"]


def test_a_killed_run_over_many_files_is_gone_on_with(documents: Pbx) -> None:
    for number in range(10):
        old_file(documents.log / f"{number}.json", b'{"uuid": "%d"}' % number)
    for kill_at in range(1, 40, 3):
        documents.run(kill_at)
    documents.run()
    assert documents.lines() == Counter(b'{"uuid": "%d"}' % number for number in range(10))


def test_the_ledger_forgets_files_that_were_removed(documents: Pbx) -> None:
    gone = old_file(documents.log / "a.json", b"{}")
    documents.run()
    gone.unlink()
    documents.run()
    ledger = Ledger(documents.folder / "ledger.sqlite")
    assert ledger.run("SELECT path FROM files") == []
    ledger.close()


def test_odd_file_names_make_flat_plain_keys(documents: Pbx) -> None:
    old_file(documents.log / "../log/é a--b\n%2F?.json", b"{}")
    documents.run()
    (key,) = documents.bucket
    assert key.startswith("inbox/freeswitch/office-1--__a--b__2F_.json--")
    assert key.count("/") == 2
    old_file(documents.log / os.fsdecode(b"\xff.json"), b"no UTF-8")
    assert documents.run().objects == 1
    assert documents.run().objects == 0


# ---- configuration


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("pbx = office-1", "pbx = office--1"), "single . _ or -"),
        (("pbx = office-1", "pbx = *"), "single . _ or -"),
        (("[asterisk]", "[../bills]"), "single . _ or -"),
        (("bucket = b", "buckets = b"), "knows no buckets"),
        (("bucket = b", "bucket ="), "needs a value for bucket"),
        (("growing = /", "growing = "), "has to begin at the root"),
        (("growing", "#"), "names no files"),
        (("quiet_seconds = 0", "quiet_seconds = soon"), "no whole number"),
        (("[uploader]", "[other]"), "no section [uploader]"),
        (("[asterisk]", "[asterisk"), "uploader.conf"),
        (("region = eu-west-1", "secret_access_key = s\nregion = eu-west-1"), "chmod o="),
    ],
)
def test_a_wrong_configuration_says_what_to_do(pbx: Pbx, edit: tuple[str, str], said: str) -> None:
    text = pbx.config.read_text()
    assert edit[0] in text
    pbx.config.write_text(text.replace(*edit))
    pbx.config.chmod(0o644)
    with pytest.raises(Usage) as problem:
        read_settings(pbx.config)
    assert said in str(problem.value)


@pytest.mark.parametrize(("folder", "source"), [("uploader", "asterisk"), ("3cx", "3cx")])
def test_the_example_configurations_are_read(tmp_path: Path, folder: str, source: str) -> None:
    own = tmp_path / "uploader.conf"
    own.write_text((PBX / folder / "uploader.conf").read_text())
    own.chmod(0o600)
    assert [one.name for one in read_settings(own).sources] == [source]


def test_the_program_runs_on_python_3_6_with_boto3_alone() -> None:
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 6))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported - sys.stdlib_module_names == {"boto3", "botocore"}
    annotations = [node for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign | ast.FunctionDef)]
    written = [node.returns if isinstance(node, ast.FunctionDef) else node.annotation for node in annotations]
    newer = [ast.unparse(one) for one in written if isinstance(one, ast.BinOp | ast.Subscript)]
    assert newer == ["Callable[[str, bytes | IO[bytes]], None] | None"]  # of a local variable: not evaluated


def test_every_snippet_in_xml_is_well_formed() -> None:
    snippets = list(PBX.rglob("*.xml"))
    assert snippets
    for snippet in snippets:
        ElementTree.parse(snippet)  # noqa: S314 - our own


# ---- processes


class Bucket(ThreadingHTTPServer):
    """S3, as far as a PUT goes; told when to kill whom, or what to refuse."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Put)
        self.objects: dict[str, bytes] = {}
        self.kill: Callable[[], None] | None = None
        self.kill_after = False
        self.refusal = ""


class Put(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kill, self.server.kill = self.server.kill, None
        if kill and not self.server.kill_after:
            kill()
        elif self.server.refusal:
            said = f"<Error><Code>{self.server.refusal}</Code><Message>No.</Message></Error>".encode()
            self.answer(403, said)
        else:
            key = self.path.partition("/b/")[2]
            assert self.server.objects.setdefault(key, body) == body
            if kill:
                kill()
            self.answer(200, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Bucket]:
    with Bucket() as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def office(pbx: Pbx, server: Bucket) -> Pbx:
    """A PBX that sends to the server."""
    keys = f"endpoint_url = http://127.0.0.1:{server.server_port}\naccess_key_id = a\nsecret_access_key = secret-one\n"
    pbx.configure(f"[asterisk]\nquiet_seconds = 0\ngrowing = {pbx.master}\n", keys)
    pbx.config.chmod(0o600)
    pbx.bucket = server.objects
    return pbx


def process_of(config: Path, room: int = 0) -> ForkServerProcess:
    """A run in a process of its own, from one that has boto3 loaded. room: bytes a file of it may have."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["boto3", "botocore.config", "pytest"])
    return context.Process(target=limited_main, args=(["--config", str(config)], room))


def finished(process: ForkServerProcess) -> int | None:
    """The exit code of a run."""
    process.start()
    process.join()
    return process.exitcode


def limited_main(arguments: list[str], room: int) -> None:
    os.environ["NO_PROXY"] = "127.0.0.1"
    if room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    sys.exit(callmeter_uploader.main(arguments))


@pytest.mark.parametrize("seed", range(2))
def test_killed_processes_lose_nothing_and_double_nothing(office: Pbx, server: Bucket, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    for _ in range(4):
        office.call(random.randrange(1, 9))
        if random.random() < 0.4:
            office.rotate(random.choice(["rename", "copytruncate", "compress"]))
            office.call()
        process = process_of(office.config)
        server.kill_after, server.kill = random.random() < 0.5, partial(kill, process)
        assert finished(process) == -signal.SIGKILL
    server.kill = None
    assert finished(process_of(office.config)) == 0
    assert office.lines() == office.written


def kill(process: ForkServerProcess) -> None:
    while process.pid is None:  # it is faster than its start
        time.sleep(0.01)
    process.kill()


def test_a_full_disk_under_the_ledger_is_an_error_and_loses_nothing(office: Pbx) -> None:
    office.call(3)
    assert finished(process_of(office.config, room=4096)) == 1
    office.call(3)
    assert finished(process_of(office.config)) == 0
    assert office.lines() == office.written


def command(office: Pbx, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, str(PROGRAM), "--config", str(office.config), *options]
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", "LC_ALL": "POSIX", "PYTHONUTF8": "0"}
    return subprocess.run(arguments, capture_output=True, text=True, env=environment)  # noqa: S603


def test_the_command_sends_and_says_how_much(office: Pbx) -> None:
    office.call(3)
    dry = command(office, "--dry-run")
    assert not office.bucket
    assert not (office.folder / "ledger.sqlite").exists()
    done = command(office)
    assert dry.stdout.splitlines() == [
        *(f"would send {key}" for key in office.bucket),
        done.stdout.strip().replace("sent", "would send"),
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert office.lines() == office.written
    again = command(office)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_what_is_there_can_be_taken_as_sent(office: Pbx) -> None:
    office.call(3)
    assert command(office, "--from-now").returncode == 0
    before = office.lines() + office.written
    office.call(2)
    assert command(office).returncode == 0
    assert office.lines() == office.written - before


def test_a_refusal_is_told_with_what_to_do_and_without_the_secret(office: Pbx, server: Bucket) -> None:
    office.call()
    server.refusal = "AccessDenied"
    refused = command(office)
    assert refused.returncode == 1
    assert "S3 says AccessDenied, No. The credential may put one source's files of one PBX" in refused.stderr
    assert "secret-one" not in refused.stderr
    server.refusal = ""
    assert command(office).returncode == 0
    assert office.lines() == office.written


def test_a_second_run_lets_the_first_one_work(office: Pbx) -> None:
    office.call()
    ledger = Ledger(office.folder / "ledger.sqlite")
    second = command(office)
    ledger.close()
    assert (second.returncode, second.stdout) == (0, "Another run is under way.\n")
    assert not office.bucket
    assert command(office).returncode == 0
    assert office.lines() == office.written


def test_a_wrong_option_file_or_ledger_ends_with_its_own_exit_code(office: Pbx) -> None:
    (office.folder / "ledger.sqlite").write_text("what is this? " * 1000)
    damaged = command(office)
    assert damaged.returncode == 1
    assert "Where the file itself is damaged, move it away" in damaged.stderr
    office.config.write_text("")
    assert command(office).returncode == 2


# ---- pages


def test_every_link_of_the_pages_leads_somewhere_and_every_snippet_is_on_a_page() -> None:
    linked = set()
    for page in PBX.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", page.read_text()):
            file = (page.parent / (target or page.name)).resolve()
            assert file.exists(), f"{page.name} links {target}"
            linked.add(file)
    snippets = {file for file in PBX.rglob("*") if file.is_file() and file.parent.name not in ("pbx", "uploader")}
    assert snippets - linked == set()


@pytest.mark.parametrize("page", sorted(PBX.glob("*.md")), ids=lambda page: page.name)
def test_what_pages_say_for_uploader_pulls_and_mappings_is_understood(pbx: Pbx, page: Path) -> None:
    for kind, text in re.findall(r"```(toml|ini)\n(.*?)```", page.read_text(), re.DOTALL):
        text = textwrap.dedent(text)
        if kind == "ini":
            pbx.configure(text)
            assert read_settings(pbx.config).sources
        elif "[pulls." in text:
            assert read_pulls(text.encode())
        else:
            assert Mapping.model_validate({"source": "office", **tomllib.loads(text)}).reads
