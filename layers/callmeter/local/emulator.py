"""The AWS emulator as a process that never outlives its parent. Run by stack.py.

usage: python -m callmeter.local.emulator PARENT_PID FOLDER

However the parent ends, kill -9 included, the emulator notices, stops its workers and removes the folder.
And it does as AWS does where ministack does not: it gathers large batches, instead of handing out ten messages at most,
as soon as there is one; and a path of the API's method settings is read with its ~1 for a slash.
"""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

LARGE, GATHERING_SECONDS = 1000, 2.0


def main() -> None:
    parent, folder = int(sys.argv[1]), sys.argv[2]
    sys.argv = ["ministack"]
    threading.Thread(target=_stop_when_orphaned, args=(parent, folder), daemon=True).start()
    # Imported here, so that an orphan is noticed from the first moment on.
    from ministack.app import main as serve  # type: ignore[import-untyped]

    _gather_large_batches()
    _read_paths_of_settings()
    try:
        serve()
    finally:
        if os.getppid() != parent:
            _remove(folder)


def _gather_large_batches() -> None:
    """Functions that take a thousand messages at once are given what came in two seconds."""
    from ministack.services import sqs  # type: ignore[import-untyped]

    few = sqs._receive_messages_for_esm
    last: dict[str, float] = {}

    def receive(queue_url: str, most: int) -> list[Any]:
        if most < LARGE:
            return list(few(queue_url, most))
        now, batch = time.monotonic(), list[Any]()
        if now - last.get(queue_url, 0) >= GATHERING_SECONDS:
            last[queue_url] = now
            while len(batch) < most and (more := few(queue_url, most)):
                batch += more
        return batch

    sqs._receive_messages_for_esm = receive


def _read_paths_of_settings() -> None:
    from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

    read = provisioners._apigw_method_settings

    def decoded(settings: Any) -> dict[str, Any]:
        return {path.replace("/~1", "/").replace("~1", "/"): limits for path, limits in read(settings).items()}

    provisioners._apigw_method_settings = decoded


def _stop_when_orphaned(parent: int, folder: str) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    _remove(folder)
    os._exit(1)


def _remove(folder: str) -> None:
    """Remove the folder, again and again while a worker that is being stopped still writes to it."""
    deadline = time.monotonic() + 30
    while Path(folder).exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
