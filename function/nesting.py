"""Judge values of free form: what is nested too deep for protobuf, and numbers that JSON lacks."""

import math
from typing import Any

# Levels of mappings and lists in one value. protobuf reads some thirty of a whole object, and what
# is rendered holds a value deeper than the order did.
LEVELS = 16


def unfit(value: Any, levels: int = LEVELS) -> str:
    """Return why a value cannot be handed on; empty if it can.

    Args:
        value: A value of any type.
        levels: How deep it may be nested.
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
