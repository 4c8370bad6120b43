"""Validate the class variables that a tenant sets."""

from collections.abc import Callable
from typing import Any

from function.contract import Order
from function.errors import Problem
from function.excerpts import listed
from function.model import ClusterSpec
from function.nesting import unfit
from function.paths import lookup
from function.record import Bound
from function.settings import EVERY, ClusterClass, Settings, VariableType


def check_variables(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, problems: list[Problem]
) -> None:
    """Refuse variables that are not open or have the wrong type, unless they are unchanged."""
    offer = settings.class_of(order.spec.cluster_class)
    revertible = lookup(previous.requested, "variables") if previous else None
    for name, value in sorted(order.spec.variables.items()):
        if isinstance(revertible, dict) and name in revertible and revertible[name] == value:
            continue
        reason = _closed(offer, name) or _mistyped(offer, name, value) or unfit(value)
        if reason:
            problems.append(Problem(f"spec.variables.{name}", reason))


def _closed(offer: ClusterClass | None, name: str) -> str:
    """Return why a class does not open a variable; the backend decides what "*" opens."""
    if offer and name in offer.pinned:
        return f"not open to tenants here: {offer.pinned[name].reason.rstrip('.')}"
    opened = offer.tenant_variables if offer else ()
    if name in opened or EVERY in opened:
        return ""
    pinned = offer.pinned if offer else {}
    return f"not open to tenants here; open: {listed(set(opened) - set(pinned), name)}"


def _mistyped(offer: ClusterClass | None, name: str, value: Any) -> str:
    return mistyped(offer.variable_types.get(name) if offer else None, value)


def mistyped(wanted: VariableType | None, value: Any) -> str:
    """Return why a value does not fit a type; empty if it does, or if the type is unknown."""
    return "" if wanted is None or _IS[wanted](value) else f"must be of type {wanted}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


_IS: dict[VariableType, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "array of string": lambda value: _is_list_of(str, value),
    "array of object": lambda value: _is_list_of(dict, value),
    "object": lambda value: isinstance(value, dict),
}
