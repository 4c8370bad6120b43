"""Apply the operator's policy to an order: fill what is absent, judge what is there.

What was filled once stays filled, and only values that differ from those of the last
answer are judged: a rule that is tightened, or a layer that is lost, never changes or
strands what lives.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from function.bound import remembered
from function.contract import Bound
from function.errors import PolicyViolation, Problem
from function.model import KINDS
from function.schema import Schema, checker, expand, fields, item_type, lookup, steps
from function.settings import Limits, PolicyRule


def fill(
    kind: str, written: Mapping[str, Any], rules: Iterable[PolicyRule], before: Bound | None
) -> dict[str, Any]:
    """Return what policy adds to an order, by concrete path below `spec`.

    Args:
        kind: Kind of the order.
        written: What the tenant wrote.
        rules: The environment's rules.
        before: What was decided at the last answer; None for a new order.
    """
    filled = _kept(kind, written, before)
    for verb in ("pin", "default"):
        for rule in rules:
            if rule.verb != verb or not concerns(rule, kind):
                continue
            for where in expand(written, _below_spec(rule.field)):
                if where in filled or lookup(written, where) is not None:
                    continue
                if not _has_place(kind, written, where):
                    continue
                if before is None or not _lived_without(before, where):
                    filled[where] = getattr(rule, verb)
    return filled


def judge(
    kind: str,
    effective: Mapping[str, Any],
    now: Mapping[str, Any],
    rules: Iterable[PolicyRule],
    before: Bound | None,
) -> None:
    """Hold the effective values against the rules.

    Args:
        kind: Kind of the order.
        effective: Every value, defaults included.
        now: What was written and filled, private values masked.
        rules: The environment's rules.
        before: What was decided at the last answer; None for a new order.

    Raises:
        PolicyViolation: With every problem, in the operator's words.
    """
    old = remembered(before) if before else None
    problems = []
    for rule in rules:
        if not concerns(rule, kind):
            continue
        for where in expand(effective, _below_spec(rule.field)):
            if old is not None and _stands(old, now, where):
                continue
            accepted = _accepted(rule, lookup(effective, where))
            if accepted:
                problems.append(Problem(f"spec.{where}", f"must be {accepted}. {rule.reason}"))
    if problems:
        raise PolicyViolation(*problems)


def judge_limits(
    limits: Limits, now: Mapping[str, float], before: Mapping[str, float] | None
) -> None:
    """Hold an order's size against the limits, where it grew.

    Args:
        limits: The environment's limits of one order.
        now: Size by the names of `status.estimate`.
        before: The size at the last answer; None for a new order, empty if it was lost.

    Raises:
        PolicyViolation: With every limit that is passed.
    """
    caps = {
        "cpu": limits.cpu,
        "memoryGiB": limits.memory_gib,
        "storageGiB": limits.storage_gib,
        "gpus": limits.gpus,
    }
    problems = [
        Problem(
            "spec",
            f"asks for {_shown(now[name])} {name} in all, at most {cap} are allowed in one order",
        )
        for name, cap in caps.items()
        if cap is not None
        and now[name] > cap
        and (before is None or now[name] > before.get(name, now[name]))
    ]
    if problems:
        raise PolicyViolation(*problems)


def misfits(rules: Iterable[PolicyRule]) -> list[Problem]:
    """Return what is wrong with rules: no kind has the field, or their values do not fit it."""
    problems = []
    for rule in rules:
        kinds = [kind for kind in KINDS if concerns(rule, kind)]
        texts = [_misfit(rule, kind) for kind in kinds]
        texts = texts or [f"{rule.kind} has no such field" if rule.kind else "no kind has it"]
        problems += [Problem(f"policy[{rule.key}]", text) for text in texts[:1] if text]
    return problems


@dataclass(frozen=True)
class _Target:
    """What a rule is about: a field, or with `[]` at the end the entries of a list.

    Attributes:
        path: The field as it has to be written, every list on the way with `[]`.
        is_number: Whether `min` and `max` can be compared with it.
        is_group: Whether it holds fields of its own.
        of_value: Says what is wrong with a value for it.
        of_item: Likewise with one of its values, where it is a list.
    """

    path: str
    is_number: bool
    is_group: bool
    of_value: Callable[[object], str]
    of_item: Callable[[object], str]


@functools.cache
def _target(kind: str, field: str) -> _Target:
    """Return what a rule is about, for a kind that has the field."""
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
    return _Target(
        path=path,
        is_number=_is_number(kind_of_value),
        is_group=item_type(info) is not None,
        of_value=checker(kind_of_value),
        of_item=checker(kind_of_item),
    )


def _misfit(rule: PolicyRule, kind: str) -> str:
    target, values = _target(kind, rule.field), getattr(rule, rule.verb)
    if rule.field != target.path:
        return f"must be written {target.path}, with [] after each list"
    if rule.verb in ("min", "max"):
        return "" if target.is_number else f"{rule.verb} goes with numbers only"
    if target.is_group and rule.verb != "default":
        return f"holds fields of its own: name one of them for {rule.verb}"
    if rule.verb in ("pin", "default"):
        wrong = target.of_value(values)
    else:
        wrong = next(filter(None, map(target.of_item, values)), "")
    return f"{rule.verb}: {wrong}" if wrong else ""


def _names(field: str) -> list[str]:
    return _below_spec(field).replace("[]", "").split(".")


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


def _is_number(annotation: Any) -> bool:
    if get_origin(annotation) is tuple:
        return False
    parts = get_args(annotation)
    return annotation in (int, float) or any(_is_number(part) for part in parts)


def concerns(rule: PolicyRule, kind: str) -> bool:
    """Say whether a rule is for a kind."""
    if rule.kind is not None and rule.kind != kind:
        return False
    schema: type[Schema] | None = KINDS[kind]
    for step in _names(rule.field):
        info = fields(schema).get(step) if schema else None
        if info is None:
            return False
        schema = item_type(info)
    return True


def _below_spec(path: str) -> str:
    return path.removeprefix("spec.")


def _kept(kind: str, written: Mapping[str, Any], before: Bound | None) -> dict[str, Any]:
    if before is None:
        return {}
    return {
        where: value
        for where, value in before.filled.items()
        if lookup(written, where) is None and _has_place(kind, written, where)
    }


def _has_place(kind: str, written: Mapping[str, Any], where: str) -> bool:
    """Say whether what is around a path is there, so that a value can be filled in.

    A default of `bootVolume.type` must not order a boot volume.
    """
    schema: type[Schema] = KINDS[kind]
    data: Any = written
    for step in steps(where)[:-1]:
        if step.startswith("["):
            data = lookup(data, step)
        else:
            info = fields(schema).get(step)
            schema = (info and item_type(info)) or schema
            data = _value_or_default(data, step, info) if info else None
        if data is None:
            return False
    return True


def _value_or_default(data: Any, step: str, info: FieldInfo) -> Any:
    found = data.get(step)
    if found is not None or info.is_required():
        return found
    default = info.get_default(call_default_factory=True)
    return {} if isinstance(default, Schema) else default


def _lived_without(before: Bound, where: str) -> bool:
    """Say whether the order had the place of this path, and nothing there."""
    return _was_there(before.asked, where) and lookup(before.asked, where) is None


def _stands(old: Mapping[str, Any], now: Mapping[str, Any], where: str) -> bool:
    """Say whether a value is the one of the last answer.

    Entries of a list that the tenant did not write are in neither record, and entries without
    a name may have changed their place.
    """
    head = where.partition("[")[0]
    former = lookup(old, head)
    if lookup(now, head) is None:
        return former is None
    entry = where[: where.find("]") + 1]
    if entry and isinstance(former, list) and lookup(now, entry) in former:
        return True
    return _was_there(old, where) and lookup(old, where) == lookup(now, where)


def _was_there(data: Mapping[str, Any], where: str) -> bool:
    """Say whether every entry of a list on the way to a path is there."""
    end = where.rfind("]")
    return end < 0 or lookup(data, where[: end + 1]) is not None


def _accepted(rule: PolicyRule, value: Any) -> str:
    """Return what would be accepted, or nothing where the value is."""
    if value is None or value == []:
        return ""
    match rule.verb:
        case "pin":
            return "" if value == rule.pin else _shown(rule.pin)
        case "min":
            return "" if rule.min is None or value >= rule.min else f"at least {_shown(rule.min)}"
        case "max":
            return "" if rule.max is None or value <= rule.max else f"at most {_shown(rule.max)}"
        case "allow":
            allowed = rule.allow or ()
            return "" if _each(value, allowed) else f"one of {_shown(allowed)}"
        case "forbid":
            forbidden = rule.forbid or ()
            met = [item for item in _items(value) if item in forbidden]
            return f"other than {_shown(forbidden)}" if met else ""
    return ""


def _shown(value: Any) -> str:
    """Write a value as it stands in YAML."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "[]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _each(value: Any, allowed: Iterable[Any]) -> bool:
    return all(item in tuple(allowed) for item in _items(value))
