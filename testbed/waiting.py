"""Wait until something holds, up to a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.1
# Characters of the last value that are shown: as many as fit a screen.
SHOWN = 2000
Value = TypeVar("Value")


class TimedOut(Exception):
    """Something did not hold in time."""


def until(
    look: Callable[[], Value],
    holds: Callable[[Value], object] = bool,
    *,
    seconds: float,
    what: str,
) -> Value:
    """Poll, and return the first value that holds.

    The effects of a write are asynchronous: they come from a controller, from an admission policy
    that the API server reads a second later, from a cache of access rights. A single look is a
    matter of luck.

    Args:
        look: Returns what is seen; an OSError, such as a refused connection, never holds.
        holds: Says whether that is what is waited for; by default, whether it is true.
        seconds: How long to look.
        what: What is waited for, for the error.

    Raises:
        TimedOut: It did not hold in time; the message contains the last value.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            value = look()
            if holds(value):
                return value
            seen = "" if isinstance(value, bool) else f"; last: {value!r}"
        except OSError as error:
            seen = f" ({error})"
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:.0f} s{seen[:SHOWN]}")
        time.sleep(PAUSE_SECONDS)
