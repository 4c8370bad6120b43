"""Change plain data: other types, other sizes, less, more, twice."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Path = tuple[Any, ...]


def _nested(depth: int, build: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = build(value)
    return value


JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 0.5, -0.0, 2**53, 2**60, 1e300),
    *(float("nan"), float("inf"), float("-inf")),
    *("", " ", "x", "0", "-1", "\x00", "\ud7ff\u202e", "９", "²", "9" * 5000, "x" * 300),
    *("x" * 20_000, "true", "null", "{tenant}", "{0}", "a/b", "a.b[c].d", "[", "]", "[]."),
    *("v1.34.7", "1.34", "1", "1.34.7+x", "v1.34.²", "v1.99.0", "9" * 20 + ".1", "1.1.1.1.1"),
    *("10.30.0.0/31", "10.30.0.0/0", "::/0", "10.0.0.1", "fe80::1%eth0", "999.1.1.1/8"),
    *("cluster.x-k8s.io/v1beta3", "v1", "/", "{}", '{"a":', "data:", "Deleting", "True"),
    *([], {}, [None], [[]], [{}], [[[{"name": []}]]], ["x", "x"], [{"name": "x"}, {"name": "x"}]),
    *({"": ""}, {"name": None}, {"name": "default"}, {"a": {"b": [1, {"c": None}]}}),
    *({"type": "Ready", "status": []}, [{"type": {}, "status": 1}], {"matchLabels": "x"}),
    *(_nested(20, lambda inner: {"a": inner}), _nested(20, lambda inner: [inner]), [0] * 200),
)
# What no protobuf can hold, but the JSON in an annotation can.
JSON_JUNK: tuple[Any, ...] = (
    *("\ud800", {"\udfff": 1}, 10**400, -(10**30), 2**64, *JUNK),
    *(_nested(300, lambda inner: [inner]), _nested(300, lambda inner: {"a": inner})),
)


def paths(value: Any, root: Path = ()) -> Iterator[Path]:
    """Yield every path in plain data but the root."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*root, key)
        yield from paths(inner, (*root, key))


def changed(value: Any, rng: Random, junk: tuple[Any, ...] = JUNK) -> Any:
    """Return a copy of plain data with one change somewhere; the root stays what it is."""
    candidates = list(paths(value))
    if not candidates:
        return copy.deepcopy(rng.choice(junk))
    path = rng.choice(candidates)
    result, container = _opened(value, path)
    old = container[path[-1]]
    inside = _json(old)
    if inside and rng.random() < 0.8:
        container[path[-1]] = json.dumps(changed(inside, rng, JSON_JUNK))
        return result
    change = _replace if rng.random() < 0.5 else rng.choice(_CHANGES)
    change(container, path[-1], rng, junk)
    return result


def everything(value: Any, junk: tuple[Any, ...] = JUNK) -> Iterator[tuple[Path, Any]]:
    """Yield every change of plain data, with its path: each value everywhere, each way once."""
    for path in paths(value):
        inside = _json(_opened(value, path)[1][path[-1]])
        for where, changed_inside in everything(inside, JSON_JUNK) if inside else ():
            result, container = _opened(value, path)
            container[path[-1]] = json.dumps(changed_inside)
            yield (*path, *where), result
        changes = [lambda c, k, *_, new=new: c.__setitem__(k, copy.deepcopy(new)) for new in junk]
        for change in (*changes, *_CHANGES):
            result, container = _opened(value, path)
            change(container, path[-1], Random(0), junk)  # noqa: S311  # to be played again
            yield path, result


def _opened(value: Any, path: Path) -> tuple[Any, Any]:
    """Return a copy of plain data, and in it what holds the end of a path."""
    result = copy.deepcopy(value)
    container = result
    for step in path[:-1]:
        container = container[step]
    return result, container


def _json(value: Any) -> Any:
    """Return the mapping that a text holds; nothing if it holds none."""
    try:
        data = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _replace(container: Any, key: Any, rng: Random, junk: tuple[Any, ...]) -> None:
    container[key] = copy.deepcopy(rng.choice(junk))


def _remove(container: Any, key: Any, *_: Any) -> None:
    del container[key]


def _wrap(container: Any, key: Any, rng: Random, _: Any) -> None:
    value = container[key]
    container[key] = rng.choice(([value], {"x": value}, [value, value], {"name": value}))


def _write(container: Any, key: Any, *_: Any) -> None:
    container[key] = json.dumps(container[key])


def _empty(container: Any, key: Any, *_: Any) -> None:
    container[key] = type(container[key])() if container[key] is not None else None


def _double(container: Any, key: Any, rng: Random, _: Any) -> None:
    if isinstance(container, list):
        container.insert(rng.randint(0, len(container)), copy.deepcopy(container[key]))
    else:
        container[f"{key}x"] = copy.deepcopy(container[key])


def _rename(container: Any, key: Any, rng: Random, _: Any) -> None:
    if isinstance(container, dict):
        container[rng.choice(("", "x", "name", f"{key}/", "a.b"))] = container.pop(key)


def _swap(container: Any, key: Any, rng: Random, _: Any) -> None:
    other = rng.choice(list(container) if isinstance(container, dict) else range(len(container)))
    container[key], container[other] = container[other], container[key]


_CHANGES = (_remove, _remove, _wrap, _write, _empty, _double, _rename, _swap)
