"""Check the types of data that others wrote, in one place.

Orders, environments and the record have models. What belongs to another API, as the live objects of
Cluster API, Gardener and OpenStack do, has a shape: the types of the few fields that are read. A
part of another type counts as absent, as before the first observation; nothing is converted.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

# A type, a function that says whether a value fits, a list with the shape of its entries, or a
# mapping with the shapes of its fields, EACH for all that it does not name.
Shape = type | Callable[[Any], bool] | list[Any] | dict[str, Any]
EACH = "*"
# Of the conditions that controllers write.
CONDITIONS: Shape = [
    {
        "type": str,
        "status": str,
        "reason": str,
        "message": str,
        "observedGeneration": int,
        "lastTransitionTime": str,
        "codes": [str],
    }
]
# Nothing that this function remembers is deeper, nor is a whole number in it larger.
_DEEPEST, _LARGEST = 64, 2**53
_SURROGATES = re.compile("[\ud800-\udfff]")


def fitting(value: Any, shape: Shape) -> Any:
    """Return the parts of a value that fit a shape; None where the whole does not.

    Fields that the shape does not name are kept as they are; entries of a list that do not fit
    are left out.
    """
    if isinstance(shape, dict):
        return _fields(value, shape) if isinstance(value, dict) else None
    if isinstance(shape, list):
        entries = [fitting(item, shape[0]) for item in value] if isinstance(value, list) else None
        return None if entries is None else [item for item in entries if item is not None]
    if isinstance(shape, type):
        return value if type(value) is shape else None
    return value if shape(value) else None


def _fields(value: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    others = shape.get(EACH)
    fields = {}
    for name, inner in value.items():
        wanted = shape.get(name, others)
        # Most shapes are types, and most time of a large order is spent here.
        if wanted is None or type(inner) is wanted:
            fields[name] = inner
        elif not isinstance(wanted, type) and (retained := fitting(inner, wanted)) is not None:
            fields[name] = retained
    return fields


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping as it is; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the mappings in a list; none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a text as it is; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int:
    """Return a number that counts something; 0 for anything else."""
    return value if type(value) is int and value > 0 else 0


def parsed(text: str) -> Any:
    """Return parsed JSON; None if it is invalid, or holds what this function cannot have written.

    protobuf accepts no surrogates and no numbers beyond a double, and Crossplane accepts no NaN.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if _is_plain(data) else None


def _is_plain(data: Any) -> bool:
    level = [data]
    for left in range(_DEEPEST, -1, -1):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                if not value.isascii() and _SURROGATES.search(value):
                    return False
            elif isinstance(value, dict | list):
                if not left:
                    return False
                deeper += value
                deeper += value.values() if isinstance(value, dict) else ()
            elif not _is_safe(value):
                return False
        level = deeper
    return True


def _is_safe(value: float | bool | None) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or abs(value) <= _LARGEST
