"""Measure work so that the machine does not matter."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def instructions(work: Callable[[], object]) -> int:
    """Return how many instructions Python runs for a piece of work: the same each time."""
    count = 0

    def traced(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return traced

    previous = sys.gettrace()
    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(previous)
    return count
