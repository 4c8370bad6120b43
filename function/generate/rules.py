"""Say in CEL what the models say in Python, and what may not change.

Rules on changes stand on the nearest object that is always there, `spec` or an entry of a
list, so that removing a parent is covered too. They compare effective values, as
`guards.refused_fields_are_unchanged` does: what is absent counts as its default.
None of them looks at a second field: edits that arrive together would block an order.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from function.schema import Schema, extra, fields, item_type

IN_PLACE, REFUSED = "in place", "refused"
UNCHANGEABLE = "cannot be changed"
# What the provider chooses where it is absent. Writing the choice down must be possible, and
# taking it back too: only the function knows whether it is the choice that was made.
RESOLVED = frozenset({"environment", "zones"})


@dataclass(frozen=True)
class Check:
    """What a validator of the models says, in CEL."""

    rule: str
    message: str


@dataclass(frozen=True)
class _Step:
    """One field on a path."""

    name: str
    optional: bool


_PORT_RANGE = (
    "!has(self.ports) || (self.ports.split('-').all(p, int(p) >= 1 && int(p) <= 65535) && "
    "self.ports.split('-').map(p, int(p)).isSorted())"
)
_NETWORK = "isIP(self) || (isCIDR(self) && cidr(self) == cidr(self).masked())"
_NETWORKS = "self.all(x, isIP(x) || (isCIDR(x) && cidr(x) == cidr(x).masked()))"


def _apart(one: str, other: str) -> Check:
    there = f"!has(self.{one}) || !has(self.{other})"
    ranges = f"!isCIDR(self.{one}) || !isCIDR(self.{other})"
    inside = (
        f"cidr(self.{one}).containsCIDR(self.{other}) || "
        f"cidr(self.{other}).containsCIDR(self.{one})"
    )
    return Check(f"{there} || {ranges} || !({inside})", f"{one} and {other} overlap")


# By the name of the validator. Empty: the schema says it without a rule, or CEL cannot.
CHECKS: dict[str, tuple[Check, ...]] = {
    "_are_networks": (
        Check(
            _NETWORKS, "must be networks such as 203.0.113.0/24 or 2001:db8::/32, no host bits set"
        ),
    ),
    "_by_os_or_by_name": (
        Check("has(self.os) != has(self.name)", "exactly one of os, name is required"),
        Check("has(self.os) == has(self.version)", "os and version go together"),
    ),
    "_does_something": (
        Check("has(self.start) || has(self.end)", "at least one of start, end is required"),
    ),
    "_exactly_one_of_each": (
        Check("has(self.flavor) != has(self.size)", "exactly one of flavor, size is required"),
        Check(
            "has(self.replicas) != has(self.autoscaling)",
            "exactly one of replicas, autoscaling is required",
        ),
    ),
    "_fields_fit": (
        Check("has(self.size) != has(self.flavor)", "exactly one of size, flavor is required"),
        Check(
            "!has(self.replicas) || self.replicas == 1 || !has(self.networks) || "
            "self.networks.all(n, !has(n.ipAddress))",
            "networks[].ipAddress goes with one replica only",
        ),
    ),
    "_in_order": (Check("self.min <= self.max", "max must be at least min"),),
    "_is_a_window": (
        Check(
            "duration(self) >= duration('30m') && duration(self) <= duration('6h')",
            "must lie between 30m and 6h",
        ),
    ),
    "_is_an_address": (Check("isIP(self) && ip(self).family() == 4", "must be an IPv4 address"),),
    "_memory_is_a_number": (),
    "_network": (Check(_NETWORK, "must be a network such as 10.0.0.0/16, no host bits set"),),
    "_one_can_move": (
        Check(
            "!has(self.maxSurge) || self.maxSurge > 0 || "
            "(has(self.maxUnavailable) && self.maxUnavailable > 0)",
            "maxSurge and maxUnavailable must not both be 0",
        ),
    ),
    "_one_way_or_the_other": (
        Check(
            "!has(self.enabled) || !self.enabled || !has(self.schedules) || "
            "self.schedules.size() == 0",
            "enabled goes without schedules: they switch it themselves",
        ),
    ),
    "_pool_names_are_distinct": (),
    "_ports_fit": (
        Check(
            "!has(self.ports) || self.protocol in ['tcp', 'udp']",
            "ports go with tcp and udp only",
        ),
        Check(_PORT_RANGE, "ports must lie between 1 and 65535, the lower first"),
    ),
    "_ranges_are_apart": (
        _apart("pods", "services"),
        _apart("pods", "nodes"),
        _apart("services", "nodes"),
    ),
    "_taints_are_distinct": (
        Check(
            "self.all(x, self.exists_one(y, x.key == y.key && x.effect == y.effect))",
            "two taints have the same key and effect",
        ),
    ),
    "_timezone": (),
    "_zones_are_distinct": (
        Check("self.all(x, self.exists_one(y, x == y))", "names a zone twice"),
    ),
}


def on_object(schema: type[Schema]) -> list[dict[str, Any]]:
    """Return the rules for a whole object of this model."""
    return _checks(schema.__pydantic_decorators__.model_validators)


def on_field(schema: type[Schema], alias: str) -> list[dict[str, Any]]:
    """Return the rules for the value of one field."""
    attribute = next(name for name, info in schema.model_fields.items() if info.alias == alias)
    validators = schema.__pydantic_decorators__.field_validators
    return _checks(name for name, found in validators.items() if attribute in found.info.fields)


def on_type(info: FieldInfo) -> list[dict[str, Any]]:
    """Return the rules that come with the type of a field, or of the entries of a list."""
    return _checks(type_validators(info))


def type_validators(info: FieldInfo) -> list[str]:
    """Return the names of validators in the type of a field."""
    found, pending = [], [info.annotation, *info.metadata]
    while pending:
        part = pending.pop()
        if isinstance(part, pydantic.AfterValidator):
            found.append(getattr(part.func, "__name__", ""))
        pending.extend(getattr(part, "__args__", ()))
        pending.extend(getattr(part, "__metadata__", ()))
    return found


def _checks(validators: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rules for validators.

    Raises:
        LookupError: Nothing is said of one of them; a model has gained it.
    """
    names = list(validators)
    missing = [name for name in names if name not in CHECKS]
    if missing:
        raise LookupError(f"function.generate.rules.CHECKS: add {', '.join(missing)}")
    return [_written(check) for name in names for check in CHECKS[name]]


def on_changes(schema: type[Schema], *, entry: bool) -> list[dict[str, Any]]:
    """Return the rules for changes of an object that is always there.

    Args:
        schema: Its model.
        entry: Whether it is an entry of a list, whose name is its identity and cannot change.
    """
    return [
        {
            "rule": rule,
            "message": UNCHANGEABLE,
            "reason": "FieldValueForbidden",
            "fieldPath": "".join(f".{step}" for step in steps),
        }
        for steps, rule in _transitions(schema, (), IN_PLACE)
        if not (entry and steps == ("name",))
    ]


def on_step(step: float) -> list[dict[str, Any]]:
    """Return the rule for multiples of a fraction.

    The API server reads `multipleOf: 0.5` as 0 when the value is a whole number.
    """
    rule = f"self / {step} == double(int(self / {step}))"
    return [_written(Check(rule, f"must be a multiple of {step}"))]


def change_of(info: FieldInfo, around: str) -> str:
    """Return what happens on a change; what holds for an object holds for its fields."""
    return around if around != IN_PLACE else str(extra(info, "change"))


def is_list(info: FieldInfo) -> bool:
    """Say whether a field holds a list."""
    pending = [info.annotation]
    while pending:
        annotation = pending.pop()
        if getattr(annotation, "__origin__", None) in (tuple, list):
            return True
        pending.extend(getattr(annotation, "__args__", ()))
    return False


def is_keyed(info: FieldInfo) -> bool:
    """Say whether a field holds a list of entries with names."""
    inner = item_type(info)
    return inner is not None and is_list(info) and "name" in fields(inner)


def _written(check: Check) -> dict[str, Any]:
    return {"rule": check.rule, "message": check.message}


def _transitions(
    schema: type[Schema], at: tuple[_Step, ...], around: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, info in fields(schema).items():
        steps = (*at, _Step(name, optional=not info.is_required()))
        change, inner = change_of(info, around), item_type(info)
        holds_fields = inner is not None and not is_list(info)
        # That an object is there is a fact to guard only where it may be absent.
        if change == REFUSED and not (holds_fields and info.is_required()):
            yield tuple(step.name for step in steps), _unchanged(steps, info)
        if inner is not None and holds_fields:
            yield from _transitions(inner, steps, change)


def _unchanged(steps: tuple[_Step, ...], info: FieldInfo) -> str:
    """Return the rule for one field.

    Optional values (`self.?a.orValue(b)`) would be shorter, but the API server cannot tell
    how large they are, and refuses the definition as too expensive.
    """
    now, before = _value("self", steps), _value("oldSelf", steps)
    there, was_there = _presence("self", steps), _presence("oldSelf", steps)
    inner, keyed = item_type(info), is_keyed(info)
    if inner is not None and not is_list(info):
        return f"{there} == {was_there}"
    # Lists of named entries are equal in any order; here the order matters.
    same = f"{now}.map(x, x.name) == {before}.map(x, x.name)" if keyed else f"{now} == {before}"
    if not there:
        return same
    if steps[-1].name in RESOLVED:
        empty = f" || {now}.size() == 0 || {before}.size() == 0" if is_list(info) else ""
        return f"!{there} || !{was_there}{empty} || {same}"
    default = None if info.is_required() else info.default
    if default is None:
        return f"{there} == {was_there} && (!{there} || {same})"
    value = json.dumps(default)
    if is_list(info):
        return (
            f"{there} ? ({was_there} ? {same} : {now} == {value}) : "
            f"(!{was_there} || {before} == {value})"
        )
    return f"({there} ? {now} : {value}) == ({was_there} ? {before} : {value})"


def _value(root: str, steps: tuple[_Step, ...]) -> str:
    return ".".join((root, *(step.name for step in steps)))


def _presence(root: str, steps: tuple[_Step, ...]) -> str:
    """Return the question whether a field is there; empty if it always is."""
    asked = [
        f"has({_value(root, steps[: index + 1])})"
        for index, step in enumerate(steps)
        if step.optional
    ]
    return f"({' && '.join(asked)})" if len(asked) > 1 else "".join(asked)
