"""Let one process at a time do something; others report which process they wait for."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from testbed.waiting import PAUSE_SECONDS

REPORT_SECONDS = 10.0


@contextmanager
def held(file: Path, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock; the file stays, the lock is released, at the latest when the process ends.

    Args:
        file: What is locked; it contains the id of the process that holds the lock.
        what: What the holder does, such as "builds kube".
        say: Reports which process this one waits for.
    """
    with file.open("a+") as handle:
        _await(handle, what, say)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def taken(handle: TextIO) -> bool:
    """Take a lock, if nobody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _await(handle: TextIO, what: str, say: Callable[[str], None]) -> None:
    started, reports = time.monotonic(), 0
    while not taken(handle):
        waited = time.monotonic() - started
        if waited >= reports * REPORT_SECONDS:
            reports += 1
            since = f", for {waited:.0f} s now" if reports > 1 else ""
            say(f"waiting for {_holder(handle)}, which {what}{since}")
        time.sleep(PAUSE_SECONDS)


def _holder(handle: TextIO) -> str:
    handle.seek(0)
    number = handle.read()
    return f"process {number}" if number else "another process"
