"""Wait until something holds, for so long and no longer."""

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_SECONDS = 0.1
# Of the last value, as much as fits a screen.
SHOWN = 2000
Value = TypeVar("Value")


class TimedOut(Exception):
    """Something did not come to be in its time."""


def until(
    look: Callable[[], Value],
    holds: Callable[[Value], object] = bool,
    *,
    seconds: float,
    what: str,
) -> Value:
    """Look again and again, and return the first value that holds.

    What follows a write is carried out by others: by a controller, by an admission policy that the
    API server reads a second later, by a list of who may do what. To look once is a matter of luck.

    Args:
        look: Returns what is seen; an OSError, such as a refused connection, holds never.
        holds: Says whether that is what is waited for; by default, whether it is true.
        seconds: How long to look.
        what: What is waited for, for the error.

    Raises:
        TimedOut: It did not come to hold; the message says what was seen last.
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
