"""Commands in processes of their own: how long they took, and how much memory they had at most.

`python -m bench.processes COMMAND…` runs one and prints its Run as JSON. A process is born with its parent's peak
memory on its account (Linux), so this small one stands between the benchmark, which may be large, and the command.
"""

import json
import os
import resource
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent.parent
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Run:
    """seconds: wall time, from before the start of the process until it is gone. printed: its standard output."""

    seconds: float
    peak_bytes: int
    printed: str


def measured(*command: object) -> Run:
    """Run a command and wait for it. Raises SystemExit with what it had to say where it fails."""
    return Run(**json.loads(_output([sys.executable, "-m", "bench.processes", *map(str, command)])))


def answer(module: str, *arguments: object) -> Any:
    """What `python -m MODULE ARGUMENTS…` prints as JSON. Raises SystemExit like `measured`."""
    return json.loads(_output([sys.executable, "-m", module, *map(str, arguments)]))


def _output(command: list[str]) -> str:
    home = os.pathsep.join([str(_HOME), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(  # noqa: S603 - our own commands
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": home}
    )
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return done.stdout


def main() -> None:
    started = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own commands
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.returncode)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _MAXRSS_UNIT
    json.dump(asdict(Run(seconds, peak, done.stdout)), sys.stdout)


if __name__ == "__main__":
    main()
