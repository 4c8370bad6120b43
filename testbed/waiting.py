"""Wait until something holds, for so long and no longer."""

import time
from collections.abc import Callable

PAUSE_SECONDS = 0.1


class TimedOut(Exception):
    """Something did not come to be in its time."""


def until(holds: Callable[[], object], *, seconds: float, what: str) -> None:
    """Ask again and again.

    Args:
        holds: Says whether it holds; an OSError, such as a refused connection, is a no.
        seconds: How long to ask.
        what: What is waited for, for the error.

    Raises:
        TimedOut: It did not come to hold.
    """
    deadline, trouble = time.monotonic() + seconds, ""
    while True:
        try:
            if holds():
                return
        except OSError as error:
            trouble = f" ({error})"
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:.0f} s{trouble}")
        time.sleep(PAUSE_SECONDS)
