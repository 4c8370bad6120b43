"""Determine which field a rule is about, and refuse rules that no order can meet."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from function.constraints import Violation, violations_of
from function.errors import Problem
from function.model import KINDS
from function.model.values import DURATION, Share, seconds
from function.parsing import checker
from function.schema import Number, Schema, fields, item_type
from function.settings import PolicyRule

Measure = Callable[[Any], float]
# How a string with a unit is compared, by the pattern of its type.
_UNITS: dict[str, Measure] = {
    DURATION.pattern: seconds,
    get_args(Share)[1].pattern: lambda share: float(share.removesuffix("%")),
}
_NUMBER = checker(Number)


def misfits(rules: Iterable[PolicyRule]) -> list[Problem]:
    """Return the problems of rules: no kind has the field, or their values do not fit it."""
    problems = []
    for rule in rules:
        kinds = [kind for kind in KINDS if concerns(rule, kind)]
        texts = [_misfit(rule, kind) for kind in kinds]
        texts = texts or [_unknown(rule)]
        problems += [Problem(f"policy[{rule.key}]", text) for text in texts[:1] if text]
    return problems


def concerns(rule: PolicyRule, kind: str) -> bool:
    """Return whether a rule applies to a kind."""
    if rule.kind is not None and rule.kind != kind:
        return False
    schema: type[Schema] | None = KINDS[kind]
    for step in _names(rule.field):
        info = fields(schema).get(step) if schema else None
        if info is None:
            return False
        schema = item_type(info)
    return True


def violations(rules: Iterable[PolicyRule]) -> list[Violation]:
    """Return the values filled in by rules that violate constraints of the field."""
    violated = []
    for rule in rules:
        if rule.verb not in ("pin", "default"):
            continue
        kinds = [kind for kind in KINDS if concerns(rule, kind)]
        types = [target_of(kind, rule.field).type for kind in kinds]
        value = getattr(rule, rule.verb)
        at = f"policy[{rule.key}].{rule.verb}"
        violated += [one for kind in types[:1] for one in violations_of(kind, value, at)]
    return violated


@dataclass(frozen=True)
class Target:
    """Describe what a rule is about: a field or, with `[]` at the end, the entries of a list.

    Attributes:
        path: The field as it has to be written, with `[]` after every list on the way.
        measure: Returns the number by which `min` and `max` compare a value; None if they cannot.
        is_group: Whether it holds fields of its own.
        is_mapping: Whether it holds values by names that the tenant chooses.
        type: Type of its value.
        of_value: Returns what is wrong with a value for it.
        of_item: Returns what is wrong with one of its items, where it is a list.
        of_bound: Returns what is wrong with a bound that it is compared with.
    """

    path: str
    measure: Measure | None
    is_group: bool
    is_mapping: bool
    type: Any
    of_value: Callable[[object], str]
    of_item: Callable[[object], str]
    of_bound: Callable[[object], str]


@functools.cache
def target_of(kind: str, field: str) -> Target:
    """Return the target of a rule, for a kind that has the field."""
    schema: type[Schema] = KINDS[kind]
    path, info = "spec", FieldInfo(annotation=schema)
    for step in _names(field):
        path += "." if _entry_type(info) is None else "[]."
        path += step
        info = fields(schema)[step]
        schema = item_type(info) or schema
    entry = _entry_type(info)
    kind_of_value = _with_constraints(info)
    kind_of_item = kind_of_value if entry is None else entry
    if field.endswith("[]") and entry is not None:
        path, kind_of_value = f"{path}[]", entry
    measure = _measure(kind_of_value)
    return Target(
        path=path,
        measure=measure,
        is_group=item_type(info) is not None,
        is_mapping=_is_mapping(info),
        type=kind_of_value,
        of_value=checker(kind_of_value),
        of_item=checker(kind_of_item),
        of_bound=_NUMBER if measure is float else checker(kind_of_value),
    )


def _misfit(rule: PolicyRule, kind: str) -> str:
    target, values = target_of(kind, rule.field), getattr(rule, rule.verb)
    if rule.field != target.path:
        return f"must be written {target.path}, with [] after each list"
    if rule.verb in ("min", "max"):
        if target.measure is None:
            return f"{rule.verb} goes with numbers, durations and shares only"
        wrong = target.of_bound(values)
        return f"{rule.verb}: {wrong}" if wrong else ""
    if target.is_mapping and rule.verb in ("allow", "forbid"):
        return f"is a mapping, of which {rule.verb} cannot name a part: only default and pin can"
    if target.is_group and rule.verb != "default":
        return f"holds fields of its own: name one of them for {rule.verb}"
    if rule.verb in ("pin", "default"):
        wrong = target.of_value(values)
    else:
        wrong = next(filter(None, map(target.of_item, values)), "")
    return f"{rule.verb}: {wrong}" if wrong else ""


def _unknown(rule: PolicyRule) -> str:
    """Return that there is no such field, or that it is a name which the tenant chooses."""
    field = rule.field
    while "." in field:
        field = field.rpartition(".")[0]
        parent = rule.model_copy(update={"field": field})
        for kind in KINDS:
            if field != "spec" and concerns(parent, kind) and target_of(kind, field).is_mapping:
                return f"{field} is a mapping: a rule cannot be for one of its names"
    return f"{rule.kind} has no such field" if rule.kind else "no kind has it"


def _names(field: str) -> list[str]:
    return below_spec(field).replace("[]", "").split(".")


def _entry_type(info: FieldInfo) -> Any:
    """Return the type of the entries of a list; None for anything else."""
    for part in (info.annotation, *get_args(info.annotation)):
        if get_origin(part) is tuple:
            return get_args(part)[0]
    return None


def _with_constraints(info: FieldInfo) -> Any:
    kind: Any = info.annotation
    for constraint in info.metadata:
        kind = Annotated[kind, constraint]
    return kind


def _measure(annotation: Any) -> Measure | None:
    """Return how values of a type are compared, if they are numbers or have a unit."""
    if get_origin(annotation) in (tuple, dict):
        return None
    if annotation in (int, float):
        return float
    for mark in getattr(annotation, "__metadata__", ()):
        if getattr(mark, "pattern", None) in _UNITS:
            return _UNITS[mark.pattern]
    return next(filter(None, map(_measure, get_args(annotation))), None)


def _is_mapping(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is dict


def below_spec(path: str) -> str:
    """Return a path without the `spec` that it begins with."""
    return path.removeprefix("spec.")
