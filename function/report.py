"""Tell the tenant what became of an order that was answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from function.contract import Condition, Environment, Remark, Rendered, Resource
from function.excerpts import ONE_PROBLEM, cut, few
from function.guards import may_delete
from function.resolve import Resolution
from function.schema import canonical

# Progress is told in such steps, so that status does not change with every resource.
PROGRESS_STEP = 25
# Entries of a list, and bytes of a status. Fields that are useless if truncated, and their length.
MOST, LARGEST = 100, 384 * 2**10
_WHOLE, LONGEST_WHOLE = ("certificateAuthorityData", "kubeconfig"), 128 * 2**10


def conditions(
    rendered: Rendered, resolution: Resolution, gaps: tuple[Remark, ...]
) -> tuple[Condition, ...]:
    """Return the conditions of an order that was answered.

    Args:
        rendered: Everything that lives, guarded.
        resolution: What the order was resolved to.
        gaps: What the tenant wrote and the backend cannot express.
    """
    found = {condition.type: condition for condition in rendered.conditions}
    if resolution.pending and found["Current"].reason != "Deleting":
        found["Current"] = Condition("Current", False, "InSteps", resolution.pending)
    supported = Condition("FullySupported", True, "AllFieldsExpressed")
    if gaps:
        fields = few([gap.field for gap in gaps])
        supported = Condition(
            "FullySupported", False, "FieldsNotExpressed", f"no effect here: {fields}"
        )
    return (
        Condition("Accepted", True, "Accepted"),
        _provisioned(rendered),
        *(found[name] for name in ("Current", "BackendHealthy") if name in found),
        supported,
    )


def _provisioned(rendered: Rendered) -> Condition:
    wanted = {resource.key for resource in rendered.resources} | rendered.planned
    ready = sum(resource.ready for resource in rendered.resources)
    if ready == len(wanted):
        return Condition("Provisioned", True, "Provisioned")
    share = ready * 100 // len(wanted) // PROGRESS_STEP * PROGRESS_STEP
    message = f"at least {share} % of it is ready" if share else "little of it is ready yet"
    return Condition("Provisioned", False, "Provisioning", message)


def status(
    environment: Environment,
    resolution: Resolution,
    rendered: Rendered,
    gaps: tuple[Remark, ...],
    mine: Mapping[str, Resource],
) -> dict[str, Any]:
    """Return the status of an order that was answered.

    Args:
        environment: The environment that answered it.
        resolution: What the order was resolved to.
        rendered: Everything that lives, guarded.
        gaps: What the tenant wrote and the backend cannot express.
        mine: What is observed of the order, by key.
    """
    notes = _remarks((*resolution.notes, *rendered.notes), "message")
    unsupported = _remarks(gaps, "reason")
    complete = {
        **rendered.status,
        "environment": environment.name,
        **resolution.status,
        **({"deletionPolicy": _policy_in_force(rendered, mine)} if mine else {}),
        **({"unsupported": unsupported} if unsupported else {}),
        **({"notes": notes} if notes else {}),
        "estimate": dict(resolution.estimate),
    }
    return bounded(complete)


def bounded(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return a status that fits into etcd with the order, whatever providers report.

    A truncated kubeconfig is useless: it is omitted. So are all lists, if the rest is still too
    large.
    """
    cut_down = {
        name: value if name in _WHOLE else _bounded(value)
        for name, value in status.items()
        if name not in _WHOLE or len(value) <= LONGEST_WHOLE
    }
    if len(canonical(cut_down).encode()) <= LARGEST:
        return cut_down
    text = "lists are omitted, because the status is too large"
    short = {name: value for name, value in cut_down.items() if not isinstance(value, list)}
    return {**short, "notes": [{"field": "status", "message": text}]}


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, Mapping):
        return {name: _bounded(inner) for name, inner in value.items()}
    return [_bounded(inner) for inner in value[:MOST]] if isinstance(value, list) else value


def _remarks(remarks: Sequence[Remark], text: str) -> list[dict[str, str]]:
    """Return the first remarks, and how many more there are."""
    shown = [
        {"field": cut(remark.field, ONE_PROBLEM), text: cut(remark.text, ONE_PROBLEM)}
        for remark in remarks[:MOST]
    ]
    if len(remarks) > MOST:
        shown[-1] = {"field": "spec", text: f"and {len(remarks) - MOST + 1} more"}
    return shown


def _policy_in_force(rendered: Rendered, mine: Mapping[str, Resource]) -> str:
    """Return what deleting the order would do now, by the policies that are observed.

    And by those that are written with this answer: an order that is no longer to be orphaned, and
    the next moment is again, could be deleted in between.
    """
    found = (*mine.values(), *rendered.resources)
    return "Delete" if any(may_delete(resource) for resource in found) else "Orphan"
