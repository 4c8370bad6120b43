"""Apply the operator's policy to an order: fill in absent values, judge present ones.

Values that were filled in once are kept, and only values that differ from those of the last
answer are judged: a tightened rule or a lost layer never changes or strands live resources.
`targets` determines which field a rule is about, and whether the rule fits it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from function.contract import Remark
from function.errors import PolicyViolation, Problem
from function.excerpts import few
from function.model import KINDS
from function.paths import expand, lookup, steps
from function.policy.targets import (
    Measure,
    below_spec,
    concerns,
    misfits,
    target_of,
    violations,
)
from function.record import Bound
from function.schema import Schema, canonical, extra, fields, item_type
from function.settings import Limits, PolicyRule

__all__ = ["concerns", "fill", "judge", "judge_limits", "misfits", "notes", "violations"]


def fill(
    kind: str, written: Mapping[str, Any], rules: Iterable[PolicyRule], previous: Bound | None
) -> dict[str, Any]:
    """Return what policy adds to an order, by concrete path below `spec`.

    Args:
        kind: Kind of the order.
        written: What the tenant wrote.
        rules: The environment's rules.
        previous: What was decided at the last answer; None for a new order.
    """
    filled = _kept(kind, written, previous)
    mine = [rule for rule in rules if concerns(rule, kind)]
    for verb in ("pin", "default"):
        # A rule for this kind takes precedence over one for every kind, whatever their order.
        for rule in sorted(mine, key=lambda rule: rule.kind is None):
            if rule.verb != verb:
                continue
            for where in expand(written, below_spec(rule.field)):
                if where in filled or lookup(written, where) is not None:
                    continue
                if not _has_place(kind, written, where):
                    continue
                if previous is None or not _lived_without(previous, where):
                    filled[where] = getattr(rule, verb)
    return filled


def notes(kind: str, filled: Mapping[str, Any], rules: Iterable[PolicyRule]) -> tuple[Remark, ...]:
    """Return notes on what policy added to an order, in the operator's words.

    Args:
        kind: Kind of the order.
        filled: What policy added, by concrete path below `spec`.
        rules: The environment's rules.
    """
    mine = sorted((r for r in rules if concerns(r, kind)), key=lambda rule: rule.kind is None)
    reported = {(below_spec(rule.field), rule.verb): rule for rule in reversed(mine)}
    found = []
    for where, value in sorted(filled.items()):
        field = re.sub(r"\[[^\[\]]*\]", "[]", where)
        rule = reported.get((field, "pin")) or reported.get((field, "default"))
        text = f"set to {'a value' if _is_private(kind, field) else _shown(value)}"
        text += f", because you did not set it. {rule.reason}" if rule else " when it was ordered"
        found.append(Remark(f"spec.{where}", text))
    return tuple(found)


def judge(
    kind: str,
    effective: Mapping[str, Any],
    current: Mapping[str, Any],
    rules: Iterable[PolicyRule],
    previous: Bound | None,
) -> None:
    """Check the effective values against the rules.

    Args:
        kind: Kind of the order.
        effective: Every value, defaults included.
        current: What was written and filled, private values masked.
        rules: The environment's rules.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        PolicyViolation: With every problem, in the operator's words.
    """
    old = previous.request if previous else None
    problems = []
    for rule in rules:
        if not concerns(rule, kind):
            continue
        for where in expand(effective, below_spec(rule.field)):
            if old is not None and _is_unchanged(old, current, where):
                continue
            measure = target_of(kind, rule.field).measure or float
            value = lookup(effective, where)
            if rule.verb in ("allow", "forbid"):
                value = _without_former(value, lookup(old, where))
            accepted = _accepted(rule, value, measure)
            if accepted:
                problems.append(Problem(f"spec.{where}", f"must be {accepted}. {rule.reason}"))
    if problems:
        raise PolicyViolation(*problems)


def judge_limits(
    limits: Limits, size: Mapping[str, float], previous: Mapping[str, float] | None
) -> None:
    """Check an order's size against the limits, where it grew.

    Args:
        limits: The environment's limits of one order.
        size: Size by the names of `status.estimate`.
        previous: The size at the last answer; None for a new order, empty if it was lost.

    Raises:
        PolicyViolation: With every limit that is exceeded.
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
            f"asks for {_shown(size[name])} {name} in all, at most {cap} are allowed in one order",
        )
        for name, cap in caps.items()
        if cap is not None
        and size[name] > cap
        and (previous is None or size[name] > previous.get(name, size[name]))
    ]
    if problems:
        raise PolicyViolation(*problems)


def _kept(kind: str, written: Mapping[str, Any], previous: Bound | None) -> dict[str, Any]:
    if previous is None:
        return {}
    return {
        where: value
        for where, value in previous.filled.items()
        if lookup(written, where) is None and _has_place(kind, written, where)
    }


def _is_private(kind: str, field: str) -> bool:
    return bool(
        extra(fields(KINDS[kind])[field.split(".", maxsplit=1)[0].removesuffix("[]")], "private")
    )


def _has_place(kind: str, written: Mapping[str, Any], where: str) -> bool:
    """Return whether the parent of a path exists, so that a value can be filled in.

    A default for `bootVolume.type` must not order a boot volume.
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
    result = data.get(step)
    if result is not None or info.is_required():
        return result
    default = info.get_default(call_default_factory=True)
    return {} if isinstance(default, Schema) else default


def _lived_without(previous: Bound, where: str) -> bool:
    """Return whether the previous order had the parent of this path, but no value at it."""
    return _was_there(previous.requested, where) and lookup(previous.requested, where) is None


def _is_unchanged(old: Mapping[str, Any], current: Mapping[str, Any], where: str) -> bool:
    """Return whether a value is unchanged since the last answer.

    A list that the tenant did not write is in neither record, and entries without a name may have
    changed their position.
    """
    head = where.partition("[")[0]
    if lookup(current, head) is None:
        return lookup(old, head) is None
    for entry in (where[: end.end()] for end in re.finditer(r"\]", where)):
        former = lookup(old, entry[: entry.rfind("[")])
        if isinstance(former, list) and lookup(current, entry) in former:
            return True
    return _was_there(old, where) and lookup(old, where) == lookup(current, where)


def _without_former(value: Any, former: Any) -> Any:
    """Return a list without the items it held at the last answer; other values unchanged."""
    if not isinstance(value, list) or not isinstance(former, list):
        return value
    return [item for item in value if item not in former]


def _was_there(data: Mapping[str, Any], where: str) -> bool:
    """Return whether every list entry on the way to a path exists."""
    end = where.rfind("]")
    return end < 0 or lookup(data, where[: end + 1]) is not None


def _accepted(rule: PolicyRule, value: Any, measure: Measure) -> str:
    """Return what would be accepted; empty if the value is."""
    if value is None or value == []:
        return ""
    match rule.verb:
        case "pin":
            return "" if value == rule.pin else _shown(rule.pin)
        case "min":
            fits = measure(value) >= measure(rule.min)
            return "" if fits else f"at least {_shown(rule.min)}"
        case "max":
            fits = measure(value) <= measure(rule.max)
            return "" if fits else f"at most {_shown(rule.max)}"
        case "allow":
            allowed = rule.allow or ()
            return "" if _each(value, allowed) else f"one of {_shown(allowed)}"
        case "forbid":
            forbidden = rule.forbid or ()
            met = [item for item in _items(value) if item in forbidden]
            return f"other than {_shown(forbidden)}" if met else ""
    return ""


def _shown(value: Any) -> str:
    """Format a value as it appears in YAML."""
    if isinstance(value, list | tuple):
        return few([_shown(item) for item in value]) or "[]"
    if isinstance(value, bool | dict):
        return canonical(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _each(value: Any, allowed: Iterable[Any]) -> bool:
    return all(item in tuple(allowed) for item in _items(value))
