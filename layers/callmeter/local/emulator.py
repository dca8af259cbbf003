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
            shutil.rmtree(folder, ignore_errors=True)


def _stop_when_orphaned(parent: int, folder: str) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
