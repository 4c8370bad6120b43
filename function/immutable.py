"""Refuse changes to immutable fields of live resources.

A field is immutable from the moment that something live holds it: a value that was refused, or
was never built, can be corrected.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from function.contract import WHOLE, Backend, Order
from function.errors import InvalidOrder, Problem
from function.model import KINDS
from function.paths import is_below
from function.record import Bound
from function.schema import (
    NOTHING,
    Difference,
    Schema,
    canonical,
    differences,
    extra,
    fields,
    item_type,
)


def held_paths(backend: Backend[Any], live: Any, previous: Bound | None) -> frozenset[str]:
    """Return the paths of order fields that something live holds, so that they cannot change.

    Args:
        backend: The backend that made what was observed.
        live: Its view of our observed resources, with what may exist behind each.
        previous: What was decided at the last answer; None for a new order.
    """
    return backend.holds(live, previous.request) if previous else frozenset()


def immutable_fields(kind: str, current: Mapping[str, Any], held: frozenset[str]) -> list[str]:
    """Return the paths of the fields that can no longer be changed.

    Args:
        kind: Kind of the order.
        current: What was written and filled.
        held: Paths of fields that something live holds.
    """
    return sorted(set(_immutable(KINDS[kind], current, "spec", held))) if held else []


def _immutable(
    schema: type[Schema], current: Mapping[str, Any], at: str, held: frozenset[str]
) -> Iterator[str]:
    for name, inner in _refused_and_models(schema).items():
        where, value = f"{at}.{name}", current.get(name)
        if inner is None:
            yield from ([where] if is_below(where, held) else _parts(where, held))
        elif isinstance(value, Mapping | None):
            yield from _immutable(inner, value or {}, where, held)
        elif isinstance(value, list) and "name" in fields(inner):
            for entry in value:
                yield from _immutable(inner, entry, f"{where}[{entry['name']}]", held)


@functools.cache
def _refused_and_models(schema: type[Schema]) -> dict[str, type[Schema] | None]:
    """Return the models in fields, in their order; None for a field that may not change."""
    models = {
        name: None if extra(info, "change") == "refused" else item_type(info)
        for name, info in fields(schema).items()
    }
    return {
        name: model
        for name, model in models.items()
        if model or extra(fields(schema)[name], "change") == "refused"
    }


def _parts(where: str, held: frozenset[str]) -> Iterator[str]:
    return (path for path in held if path.startswith((f"{where}.", f"{where}[")))


def refused_fields_are_unchanged(
    order: Order[Any],
    current: Mapping[str, Any],
    previous: Bound | None,
    revertible: Mapping[str, Any],
    held: frozenset[str] = WHOLE,
) -> None:
    """Refuse a change to a field that is declared `refused`, to less or to something else.

    A value that the backend has not applied may be reverted, or nothing could be changed any more;
    and a value that nothing live holds may be corrected.

    Args:
        order: The order.
        current: What was written and filled, private values masked.
        previous: What was decided at the last answer; None for a new order.
        revertible: The live values of fields whose last change the backend has refused, by path.
        held: Paths of fields that something live holds.

    Raises:
        InvalidOrder: With each such field.
    """
    if previous is None:
        return
    schema = KINDS[order.kind]
    problems = [
        Problem(change.path, text)
        for change in differences(schema, previous.request, current, "spec")
        for text in [_unchangeable(change)]
        if text and change.path != "spec.environment" and _is_held(change, held)
        # `change` equals no value, so that a field without one is not revertible.
        if change.current != revertible.get(change.path, change)
    ]
    if problems:
        raise InvalidOrder(*problems)


def _is_held(change: Difference, held: frozenset[str]) -> bool:
    """Say whether something live holds what a change would take away."""
    parts = set(_parts(change.path, held))
    if is_below(change.path, held) or not isinstance(change.previous, list):
        return is_below(change.path, held) or bool(parts)
    schema = item_type(change.info)
    for index, entry in enumerate(change.previous):
        if schema and f"{change.path}[{entry.get('name')}]" in parts:
            retained = change.current[index] if index < len(change.current) else {}
            if any(differences(schema, entry, retained, "")):
                return True
    return False


def _unchangeable(change: Difference) -> str:
    """Return why a field may not change like this; empty if it may."""
    previous, current = change.previous, change.current
    match extra(change.info, "change"):
        # An empty list lets the provider choose. It has, and its choice is no prefix of another.
        case "grows" if isinstance(previous, list) and previous:
            retained = current[: len(previous)] == previous
            return (
                "" if retained else f"can only gain entries at its end, after {canonical(previous)}"
            )
        case "grows" if not isinstance(previous, list):
            return (
                "" if current >= previous else f"can only grow, set it back to {previous} or more"
            )
        case "once" if previous == NOTHING:
            return ""
        case "grows" | "once" | "refused":
            text = "cannot be changed once it is built"
            hidden = previous in (None, {}, []) or extra(change.info, "private")
            return text if hidden else f"{text}, set it back to {canonical(previous)}"
    return ""
