"""Shorten what people read: lists of names, lists of problems, texts.

A text that grows with an environment or an order can exceed what Crossplane receives and etcd
stores, and then it is lost as a whole.
"""

import functools
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

# How many of many names are listed, and how many problems are reported at once.
NEAREST, PROBLEMS = 5, 20
# Bytes of an incoming text, of an outgoing one, and of one problem in it.
TEXT_IN, TEXT_OUT, ONE_PROBLEM = 4 * 1024, 32 * 1024, 1536
_CUT = " …"


def cut(text: str, limit: int = TEXT_OUT) -> str:
    """Return a text of at most so many bytes; a longer one ends with a mark."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    return data[: limit - len(_CUT.encode())].decode("utf-8", "ignore") + _CUT


def listed(names: Iterable[str], near: str = "") -> str:
    """Return names in the order in which people sort them: all of a few, or the nearest of many.

    Args:
        names: The names, such as those of all offered flavors.
        near: The name in the order; of many names its neighbours are listed.
    """
    known = _in_order(frozenset(names))
    middle = bisect_left(known, natural(near), key=natural)
    start = max(0, min(middle - NEAREST // 2, len(known) - NEAREST))
    return few(known[start : start + NEAREST], len(known)) or "none"


def few(texts: Sequence[str], count: int | None = None, limit: int = PROBLEMS) -> str:
    """Return texts separated by commas, and how many more there are.

    Args:
        texts: The texts.
        count: How many there are in all, if more than these.
        limit: How many are listed.
    """
    more = (len(texts) if count is None else count) - len(texts[:limit])
    return ", ".join(texts[:limit]) + (f" and {more} more" if more else "")


def problems(every: Sequence[object]) -> list[str]:
    """Return the first problems, and how many more there are."""
    more = len(every) - PROBLEMS
    first = [cut(str(problem), ONE_PROBLEM) for problem in every[:PROBLEMS]]
    return [*first, f"and {more} more"] if more > 0 else first


def natural(name: str) -> tuple[object, ...]:
    """Return what names are sorted by: numbers in them by value, capitals like small letters."""
    parts = re.split(r"([0-9]+)", name.casefold())
    parts[1::2] = [part.lstrip("0") for part in parts[1::2]]
    numbers = [(len(part), part) for part in parts[1::2]]
    return (tuple(zip(parts[::2], [*numbers, ()], strict=True)), name)


@functools.lru_cache(maxsize=16)
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=natural))
