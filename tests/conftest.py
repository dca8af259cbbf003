"""What tests share: paths to import from, an environment without anybody's AWS account, the local stack."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callmeter.local.stack import LocalStack
from cli_kit import Run, runner

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The deployed stack: one per test run (per worker under xdist), started by the first test that asks."""
    with LocalStack(retry_seconds=10) as running:
        yield running


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process."""
    return runner(monkeypatch, capsys)
