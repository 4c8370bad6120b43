"""Say in CEL what the models say in Python, and what may not change.

Rules on changes stand in an admission policy, because what may not change is not known to the order
alone: only what something holds that was built. They compare effective values, as
`immutable.refused_fields_are_unchanged` does: what is absent counts as its default.

What only grows, or is chosen once, is left to the function: it knows what was accepted. Here the
former order is only what was written before, perhaps refused, and could not be taken back.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from function.schema import HINTS, Constraint, Schema, extra, fields, item_type
from tools.generate.checks import CHECKS, Check

IN_PLACE, GROWS, ONCE, REFUSED = "in place", "grows", "once", "refused"
# What is said of such an edit, and what to do instead.
REASON = "cannot be changed; create a new order under another name instead"
# What the provider chooses where it is absent. Writing the choice down must be possible, and
# taking it back too: only the function knows whether it is the choice that was made.
RESOLVED = frozenset({"environment"})


@dataclass(frozen=True)
class _Step:
    """One field on a path."""

    name: str
    optional: bool


@dataclass(frozen=True)
class Change:
    """Say that a field may not change.

    Attributes:
        path: Path of the field below the object that is compared.
        holder: Path of the field, itself or one around it, that is declared so.
        rule: Whether it has not changed, in CEL.
    """

    path: str
    holder: str
    rule: str


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
    """Return the names of validators and constraints in the type of a field.

    Those of a mapping's names and values are left to the function: names have no bounds here.
    """
    result, pending = [], [info.annotation, *info.metadata]
    while pending:
        part = pending.pop()
        if isinstance(part, pydantic.AfterValidator):
            result.append(getattr(part.func, "__name__", ""))
        if isinstance(part, Constraint):
            result.append(part.name)
        if getattr(part, "__origin__", None) is not dict:
            pending.extend(getattr(part, "__args__", ()))
        pending.extend(getattr(part, "__metadata__", ()))
    return result


def _checks(validators: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rules for validators.

    Raises:
        LookupError: Nothing is said of one of them; a model has gained it.
    """
    names = list(validators)
    missing = [name for name in names if name not in CHECKS]
    if missing:
        raise LookupError(f"tools.generate.checks.CHECKS: add {', '.join(missing)}")
    return [_written(check) for name in names for check in CHECKS[name]]


def on_changes(schema: type[Schema], current: str, previous: str) -> Iterator[Change]:
    """Yield what may not change in an object, but for the entries of its lists.

    Args:
        schema: Its model.
        current: What it is called in CEL.
        previous: What it is called as it was before.
    """
    for steps, holder, info in _transitions(schema, (), ""):
        path = ".".join(step.name for step in steps)
        yield Change(path, holder, _unchanged(steps, info, current, previous))


def on_pattern(pattern: str) -> dict[str, Any]:
    """Return the rule for text that has to match a pattern; invisible characters are escaped."""
    literal = f"r'{pattern}'" if pattern.isascii() else _escaped(pattern)
    return _written(Check(f"self.matches({literal})", f"must be {HINTS[pattern]}"))


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


def _escaped(pattern: str) -> str:
    """Return a literal of CEL in ASCII, so that nothing in a file is invisible."""
    plain = pattern.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in plain) + "'"


def _written(check: Check) -> dict[str, Any]:
    return {"rule": check.rule, "message": check.message}


def _transitions(
    schema: type[Schema], at: tuple[_Step, ...], holder: str
) -> Iterator[tuple[tuple[_Step, ...], str, FieldInfo]]:
    for name, info in fields(schema).items():
        steps = (*at, _Step(name, optional=not info.is_required()))
        refused = holder or (
            ".".join(step.name for step in steps) if extra(info, "change") == REFUSED else ""
        )
        inner = item_type(info)
        holds_fields = inner is not None and not is_list(info)
        # That an object is there is a fact to guard only where it may be absent.
        if refused and not (holds_fields and info.is_required()):
            yield steps, refused, info
        if inner is not None and holds_fields:
            yield from _transitions(inner, steps, refused)


def _unchanged(steps: tuple[_Step, ...], info: FieldInfo, root: str, old: str) -> str:
    """Return the rule for one field."""
    current, previous = _value(root, steps), _value(old, steps)
    there, was_there = _presence(root, steps), _presence(old, steps)
    inner, keyed = item_type(info), is_keyed(info)
    if inner is not None and not is_list(info):
        return f"({there}) == ({was_there})"
    # Lists of named entries are equal in any order; here the order matters.
    same = (
        f"{current}.map(x, x.name) == {previous}.map(x, x.name)"
        if keyed
        else f"{current} == {previous}"
    )
    if not there:
        return same
    if steps[-1].name in RESOLVED:
        return f"!({there}) || !({was_there}) || {same}"
    default = None if info.is_required() else info.default
    if default is None:
        return f"({there}) == ({was_there}) && (!({there}) || {same})"
    value = json.dumps(default)
    if is_list(info):
        return (
            f"({there}) ? (({was_there}) ? {same} : {current} == {value}) : "
            f"(!({was_there}) || {previous} == {value})"
        )
    return f"(({there}) ? {current} : {value}) == (({was_there}) ? {previous} : {value})"


def _value(root: str, steps: tuple[_Step, ...]) -> str:
    return ".".join((root, *(step.name for step in steps)))


def _presence(root: str, steps: tuple[_Step, ...]) -> str:
    """Return the question whether a field is there; empty if it always is."""
    return " && ".join(
        f"has({_value(root, steps[: index + 1])})"
        for index, step in enumerate(steps)
        if step.optional
    )
