"""The whole of AWS that callmeter needs, on this machine: the same template and handlers on an emulator.

`with LocalStack(ucrm_url=…) as stack:` takes about three seconds. Everything is below one temporary folder,
and ends with the process. Nothing of the user's own AWS configuration is read or touched.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import boto3
import botocore.session
import httpx

from callmeter.errors import CallmeterError
from callmeter.local.front import Front

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"
STACK = "callmeter"
QUEUES = ("InboxQueueUrl", "CallsQueueUrl", "RatesQueueUrl", "EventsQueueUrl", "WebhooksQueueUrl")
PUBLIC_URL = "https://calls.example.net"  # what carriers would sign; nothing answers there
START_SECONDS = 30  # how long the emulator may take
ACCESS_KEY = "test"  # of the emulator's only user; the secret is the same
# Variables that would lead to somebody's real account, or to another emulator.
FOREIGN = ("AWS_", "MINISTACK_", "LOCALSTACK_", "CALLMETER_", "POWERTOOLS_", "LAMBDA_")


class LocalStack:
    """An emulator with the stack deployed.

    `retry_seconds`: how long a failed message stays away; it has to be longer than a function may take.
    Raises `CallmeterError` where something cannot be started; its text is the line to show.
    """

    def __init__(
        self,
        *,
        ucrm_url: str = "http://127.0.0.1:9/crm",
        ucrm_key: str = "local",
        shards: int = 16,
        scale: str = "small",
        retry_seconds: int = 130,
    ) -> None:
        self.ucrm_key = ucrm_key
        self.parameters = {
            "UcrmUrl": ucrm_url,
            "Shards": str(shards),
            "Scale": scale,
            "RetrySeconds": str(retry_seconds),
            "BillScheduleState": "DISABLED",
            "SyncScheduleState": "DISABLED",
            "PullScheduleState": "DISABLED",
            "HostPage": "no",
            "PublicUrl": PUBLIC_URL,
            "WebhookWaitSeconds": "1",
        }
        self.folder = Path()
        self.endpoint_url = ""
        self.outputs: dict[str, str] = {}
        self._emulator: subprocess.Popen[bytes] | None = None
        self._handles_sigterm = False

    def start(self) -> None:
        """Start, package and deploy. To be called by the thread that will call `stop`."""
        if not (ROOT / "infra" / "package.py").is_file():
            raise CallmeterError("The local stack needs callmeter's repository: clone it, and run `make run` there.")
        self.folder = Path(tempfile.mkdtemp(prefix="callmeter-"))
        self._handle_sigterm()
        try:
            self._start_emulator()
            self._script("package.py", "--local", "--out", str(self.folder / "build"))
            self._await_emulator()
            self.session.client("ssm", endpoint_url=self.endpoint_url).put_parameter(
                Name="/callmeter/ucrm-key", Value=self.ucrm_key, Type="SecureString"
            )
            self.deploy()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything that was started and remove the folder. May be called twice."""
        if self._emulator:
            self._emulator.terminate()
            try:
                self._emulator.wait(5)
            except subprocess.TimeoutExpired:
                self._emulator.kill()
                self._emulator.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._emulator.pid, signal.SIGKILL)  # a worker that is still writing
            self._emulator = None
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._handles_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._handles_sigterm = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def deploy(self) -> None:
        """Bring the emulator to what was packaged; where nothing differs, nothing changes."""
        parameters = [f"--parameter={name}={value}" for name, value in self.parameters.items()]
        build = ["--build", str(self.folder / "build"), "--endpoint-url", self.endpoint_url]
        self.outputs = json.loads(self._script("deploy.py", "--stack", STACK, *build, *parameters))

    @cached_property
    def session(self) -> boto3.Session:
        """Credentials and region of the emulator, nothing of the user's. Clients also need `endpoint_url`."""
        nobody = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        return boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=nobody),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment with which another process (`callmeter bill`) reaches this stack."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return own | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    @property
    def api_url(self) -> str:
        """The API's address; the routes of the portal follow as v1/…"""
        return f"{self.endpoint_url}/_aws/execute-api/{self.outputs['RestAPIId']}/api/"

    @property
    def process_id(self) -> int:
        """Of the emulator; the functions run in processes of its own."""
        if not self._emulator:
            raise CallmeterError("the local stack is not running")
        return self._emulator.pid

    def front(self, port: int = 0) -> Front:
        """The call page and the API under one address, as customers see them."""
        return Front(ROOT / "functions" / "page", self.api_url, port)

    def unfinished(self) -> int:
        """Messages that wait or are being worked on; those given up on are not counted."""
        sqs = self.session.client("sqs", endpoint_url=self.endpoint_url)
        counts = (
            sqs.get_queue_attributes(
                QueueUrl=self.outputs[queue],
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
            for queue in QUEUES
        )
        return sum(int(number) for attributes in counts for number in attributes.values())

    def _start_emulator(self) -> None:
        port = _free_port()
        self.endpoint_url = f"http://127.0.0.1:{port}"
        settings = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(self.folder),
        }
        command = [sys.executable, "-m", "callmeter.local.emulator", str(os.getpid()), str(self.folder)]
        with (self.folder / "emulator.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches only us, and we end it in order.
            self._emulator = subprocess.Popen(  # noqa: S603
                command,
                env=self.environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_emulator(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._emulator and self._emulator.poll() is None:
            try:
                httpx.get(f"{self.endpoint_url}/_ministack/health", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        log = (self.folder / "emulator.log").read_text(encoding="utf-8", errors="replace").strip()
        raise CallmeterError(f"The AWS emulator did not start: {log.splitlines()[-1] if log else 'it said nothing'}")

    def _script(self, name: str, *arguments: str) -> str:
        """Run infra/NAME; answers what it printed."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, str(ROOT / "infra" / name), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CallmeterError(f"infra/{name} failed: {done.stderr.strip()}")
        return done.stdout

    def _handle_sigterm(self) -> None:
        """Let SIGTERM unwind like Ctrl-C does, unless the program has its own idea of it."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            self._handles_sigterm = True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
