"""Start servers as children that end with this process, and end them in reverse order."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import ROOT, tether

STOP_SECONDS = 10.0
TAIL_LINES = 15


@dataclass(frozen=True)
class Child:
    """One server that was started.

    Attributes:
        name: Its name.
        process: Its process.
        log: Where it writes.
        seconds: How long it took until it served.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    seconds: float = 0.0

    @property
    def alive(self) -> bool:
        """Say whether it runs."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Start a server in its own session, so that Ctrl-C does not reach it first."""
    tethered = (sys.executable, "-I", "-S", str(tether.__file__), str(os.getpid()), *command)
    # A server that is started again writes on: why it ended is read in the same file.
    with log.open("ab") as file:
        process = subprocess.Popen(
            tethered,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, process, log)


def memory(pid: int) -> int:
    """Return MiB of memory that a process holds; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)


def stop(child: Child) -> None:
    """End a server, by force if it takes too long."""
    child.process.terminate()
    try:
        child.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()
