"""Check free-form values for what cannot be transported: deep nesting, NaN and infinity."""

import math
from typing import Any

# Levels of mappings and lists in one value. protobuf reads some thirty levels of an object, and a
# rendered object holds the value deeper than the order does.
LEVELS = 16


def unfit(value: Any, levels: int = LEVELS) -> str:
    """Return why a value cannot be transported; empty if it can.

    Args:
        value: A value of any type.
        levels: How deeply it may be nested.
    """
    pending = [(value, 0)]
    while pending:
        inner, level = pending.pop()
        if isinstance(inner, float) and not math.isfinite(inner):
            return "must not contain NaN or infinity"
        nested = inner.values() if isinstance(inner, dict) else inner
        if not isinstance(inner, dict | list | tuple):
            continue
        if level == levels:
            return f"is nested too deeply; at most {levels} levels are accepted"
        pending.extend((each, level + 1) for each in nested)
    return ""
