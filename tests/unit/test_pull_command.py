"""`callmeter pull`: what it writes, prints and refuses."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from callmeter.cli.pull import pull
from callmeter.errors import CallmeterError, UsageError
from callmeter.local.carriers import TwilioStandin
from pull_kit import ACCOUNT, twilio_call

NOW = datetime.now(UTC)


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    folder = tmp_path / "rates"
    folder.mkdir()
    return folder


def write(rates: Path, standin: TwilioStandin, *names: str) -> None:
    text = f'kind = "twilio"\naccount = "{ACCOUNT}"\nurl = "{standin.url}"\ntls = "off"\nlook_back = "1d"\n'
    (rates / "pulls.toml").write_text("".join(f"[pulls.{name}]\n{text}" for name in names))


def call(*arguments: object) -> None:
    pull.main([str(one) for one in arguments], standalone_mode=False)


def test_files_are_written_once_and_what_was_done_is_said(
    rates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLMETER_SECRET_HEAD_OFFICE", "secret")
    with TwilioStandin(ACCOUNT, "secret") as standin:
        standin.calls = [twilio_call(number, NOW - timedelta(hours=number)) for number in (1, 20)]
        write(rates, standin, "head-office")
        call("--rates", rates, "--out", tmp_path / "out", "--json")
        call("head-office", "--rates", rates, "--out", tmp_path / "out")
    first, *shown = capsys.readouterr().out.splitlines()
    assert [(one["records"], one["files"], one["unchanged"]) for one in json.loads(first)] == [(2, 2, 0)]
    assert shown[1].split() == ["head-office", "twilio", "2", "0", "2", "answers"]
    names = sorted(path.name for path in (tmp_path / "out" / "twilio").iterdir())
    assert len(names) == 2
    assert names[1].startswith(f"pull-{NOW - timedelta(hours=1):%Y-%m-%dT%H}-")


def test_a_check_writes_nothing_and_names_who_does_not_answer(
    rates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('good = "secret"\nwrong = "hunter2"\n')
    secrets.chmod(0o600)
    with TwilioStandin(ACCOUNT, "secret") as standin:
        write(rates, standin, "good", "wrong", "lost")
        with pytest.raises(CallmeterError, match="not everything could be asked for: wrong, lost"):
            call("--rates", rates, "--check", "--secrets", secrets)
    out = capsys.readouterr().out
    assert "good     twilio" in out
    assert "answered 401: Authenticate" in out
    assert "the secret of lost is not there: set CALLMETER_SECRET_LOST" in out
    assert "hunter2" not in out
    assert not (tmp_path / "out").exists()


def test_a_day_to_begin_with_may_be_named(rates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLMETER_SECRET_ONE", "secret")
    with TwilioStandin(ACCOUNT, "secret") as standin:
        write(rates, standin, "one")
        call("--rates", rates, "--out", tmp_path / "out", "--since", f"{NOW - timedelta(days=4):%Y-%m-%d}")
        assert len(standin.requests) >= 4


def test_what_cannot_be_meant_is_refused(rates: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pulls\.toml is not there"):
        call("--rates", rates, "--check")
    (rates / "pulls.toml").write_text('[pulls.one]\nkind = "telnyx"\n')
    with pytest.raises(UsageError, match=r'has no pull "two"; it has: one'):
        call("two", "--rates", rates, "--check")
    with pytest.raises(UsageError, match="--out names the folder"):
        call("--rates", rates)
    with pytest.raises(click.BadParameter):
        call("--rates", rates, "--check", "--since", "yesterday")
    open_to_all = tmp_path / "secrets.toml"
    open_to_all.write_text('one = "secret"\n')
    open_to_all.chmod(0o644)
    with pytest.raises(UsageError, match=r"others can read .*: chmod 600"):
        call("--rates", rates, "--check", "--secrets", open_to_all)
