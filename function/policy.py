"""Apply the operator's policy to an order: fill what is absent, judge what is there.

What was filled once stays filled, and only values that differ from those of the last
answer are judged: a rule that is tightened, or a layer that is lost, never changes or
strands what lives.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from function.bound import remembered
from function.contract import Bound
from function.errors import EnvironmentInvalid, PolicyViolation, Problem
from function.model import KINDS
from function.schema import Schema, expand, fields, item_type, lookup
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
    filled = _kept(written, before)
    for verb in ("pin", "default"):
        for rule in rules:
            if rule.verb != verb or not concerns(rule, kind):
                continue
            for where in expand(written, _below_spec(rule.field)):
                if where in filled or lookup(written, where) is not None:
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
            if (
                old is not None
                and lookup(old, where) == lookup(now, where)
                and _was_there(old, where)
            ):
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
        before: The size at the last answer; None for a new order.

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
            "spec", f"asks for {now[name]:g} {name} in all, at most {cap} are allowed in one order"
        )
        for name, cap in caps.items()
        if cap is not None
        and now[name] > cap
        and (before is None or now[name] > before.get(name, 0))
    ]
    if problems:
        raise PolicyViolation(*problems)


def check(rules: Iterable[PolicyRule]) -> None:
    """Refuse rules for fields that no kind has.

    Raises:
        EnvironmentInvalid: Naming each such field.
    """
    problems = [
        Problem(f"policy[{rule.field}]", f"{rule.kind or 'no kind'} has no such field")
        for rule in rules
        if not any(concerns(rule, kind) for kind in KINDS)
    ]
    if problems:
        raise EnvironmentInvalid(*problems)


def concerns(rule: PolicyRule, kind: str) -> bool:
    """Say whether a rule is for a kind."""
    if rule.kind is not None and rule.kind != kind:
        return False
    schema: type[Schema] | None = KINDS[kind]
    for step in _below_spec(rule.field).replace("[]", "").split("."):
        info = fields(schema).get(step) if schema else None
        if info is None:
            return False
        schema = item_type(info)
    return True


def _below_spec(path: str) -> str:
    return path.removeprefix("spec.")


def _kept(written: Mapping[str, Any], before: Bound | None) -> dict[str, Any]:
    if before is None:
        return {}
    return {
        where: value
        for where, value in before.filled.items()
        if lookup(written, where) is None and _was_there(written, where)
    }


def _lived_without(before: Bound, where: str) -> bool:
    """Say whether the order had the place of this path, and nothing there."""
    return _was_there(before.asked, where) and lookup(before.asked, where) is None


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
            return "" if value == rule.pin else f"{rule.pin}"
        case "min":
            return "" if rule.min is None or value >= rule.min else f"at least {rule.min:g}"
        case "max":
            return "" if rule.max is None or value <= rule.max else f"at most {rule.max:g}"
        case "allow":
            allowed = rule.allow or ()
            return "" if _each(value, allowed) else f"one of {', '.join(map(str, allowed))}"
        case "forbid":
            forbidden = rule.forbid or ()
            met = [item for item in _items(value) if item in forbidden]
            return f"other than {', '.join(map(str, forbidden))}" if met else ""
    return ""


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _each(value: Any, allowed: Iterable[Any]) -> bool:
    return all(item in tuple(allowed) for item in _items(value))
