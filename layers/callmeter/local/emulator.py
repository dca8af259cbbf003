"""The AWS emulator as a process that never outlives its parent. Run by stack.py.

usage: python -m callmeter.local.emulator PARENT_PID FOLDER

However the parent ends, kill -9 included, the emulator notices, stops its workers and removes the folder.
"""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path


def main() -> None:
    parent, folder = int(sys.argv[1]), sys.argv[2]
    sys.argv = ["ministack"]
    threading.Thread(target=_stop_when_orphaned, args=(parent, folder), daemon=True).start()
    # Imported here, so that an orphan is noticed from the first moment on.
    from ministack.app import main as serve  # type: ignore[import-untyped]

    try:
        serve()
    finally:
        if os.getppid() != parent:
            _remove(folder)


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
