"""Let one process at a time do something; who waits is told for whom, again and again."""

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
    """Hold a lock; the file stays, the lock goes, with the process if need be.

    Args:
        file: What is locked; it holds the number of the process that has it.
        what: What the holder does, such as "builds kube".
        say: Told who waits for whom.
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
    started, told = time.monotonic(), 0
    while not taken(handle):
        waited = time.monotonic() - started
        if waited >= told * REPORT_SECONDS:
            told += 1
            since = f", for {waited:.0f} s now" if told > 1 else ""
            say(f"waiting for {_holder(handle)}, which {what}{since}")
        time.sleep(PAUSE_SECONDS)


def _holder(handle: TextIO) -> str:
    handle.seek(0)
    number = handle.read()
    return f"process {number}" if number else "another process"
