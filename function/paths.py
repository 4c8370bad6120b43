"""Read and write plain data by paths such as `nodePools[web].replicas`.

Entries of a list are named by their `name` where they have one, else by position; in a
pattern `[]` matches every entry.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The first is checked in a tenth of the time.
_MAPPINGS = (dict, Mapping)


def lookup(data: object, where: str) -> Any:
    """Return the value at a concrete path such as `nodePools[web].replicas`, or None."""
    for step, entry in _names(where):
        if isinstance(data, _MAPPINGS):
            data = data.get(step) if entry is None else None
        else:
            data = None if entry is None else _entry(data, entry)
        if data is None:
            return None
    return data


def is_given(data: object, where: str) -> bool:
    """Say whether data have a value at a path; one that is empty counts as none."""
    return lookup(data, where) not in (None, [], {})


@functools.lru_cache(maxsize=4096)
def _names(where: str) -> tuple[tuple[str, str | None], ...]:
    """Return the steps of a path, each with the name of the entry of a list that it may be."""
    return tuple((one, one[1:-1] if one.startswith("[") else None) for one in steps(where))


@functools.lru_cache(maxsize=4096)
def steps(where: str) -> tuple[str, ...]:
    """Split `nodePools[web].replicas` into `nodePools`, `[web]`, `replicas`."""
    return tuple(re.findall(r"[^.\[\]]+|\[[^\[\]]*\]", where))


def _entry(data: object, name: str) -> Any:
    if not isinstance(data, list | tuple):
        return None
    for index, item in enumerate(data):
        if isinstance(item, _MAPPINGS) and item.get("name", str(index)) == name:
            return item
    return data[int(name)] if name.isdigit() and int(name) < len(data) else None


def expand(data: object, pattern: str) -> list[str]:
    """Return the concrete paths that a pattern such as `nodePools[].replicas` has in the data.

    The last step need not be there; every entry of a list on the way is named.
    """
    head, bracket, rest = pattern.partition("[]")
    if not bracket:
        return [pattern]
    entries = lookup(data, head)
    if not isinstance(entries, list | tuple):
        return []
    found = []
    for index, item in enumerate(entries):
        name = item.get("name", str(index)) if isinstance(item, Mapping) else str(index)
        found += [
            f"{head}[{name}]{tail}" for tail in (expand(item, rest.lstrip(".")) if rest else [""])
        ]
    return [_dotted(where) for where in found]


def _dotted(where: str) -> str:
    return re.sub(r"\](?=[^.\[])", "].", where)


def replaced(data: Mapping[str, Any], where: str, value: Any) -> dict[str, Any]:
    """Return a copy of the data with the value at a concrete path, its parents made as needed."""
    result: dict[str, Any] = _replaced(data, steps(where), value)
    return result


def _replaced(data: Any, rest: Sequence[str], value: Any) -> Any:
    if not rest:
        return value
    step, tail = rest[0], rest[1:]
    if step.startswith("["):
        entry = _entry(data, step[1:-1])
        if entry is None:
            return data
        return [_replaced(item, tail, value) if item is entry else item for item in data]
    copy = dict(data) if isinstance(data, Mapping) else {}
    copy[step] = _replaced(copy.get(step), tail, value)
    return copy


def is_below(path: str, among: Iterable[str]) -> bool:
    """Say whether a path, or one above it, is among others. A name in it may hold dots."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in among)
