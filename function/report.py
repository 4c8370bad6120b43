"""Report the outcome of an answered order to the tenant."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from function.contract import Condition, Environment, Remark, Rendered, Resource
from function.excerpts import ONE_PROBLEM, cut, few
from function.guards import may_delete
from function.resolve import Resolution
from function.schema import canonical

# Progress is reported in steps of this size, so that status does not change per resource.
PROGRESS_STEP = 25
# Phases of an order that is answered in full.
SETTLED = ("Ready", "Hibernated")
# Entries of a list, and bytes of a status. Fields that are useless if truncated, and their length.
MOST, LARGEST = 100, 384 * 2**10
_WHOLE, LONGEST_WHOLE = ("certificateAuthorityData", "kubeconfig"), 128 * 2**10


def conditions(rendered: Rendered, resolution: Resolution) -> tuple[Condition, ...]:
    """Return the conditions of an order that was answered.

    Args:
        rendered: Every resource, guarded, with the fields that have no effect.
        resolution: What the order was resolved to.
    """
    found = {c.type: c for c in stepwise(rendered.conditions, resolution.pending)}
    supported = Condition("FullySupported", True, "AllFieldsExpressed")
    if rendered.unsupported:
        fields = few([gap.field for gap in rendered.unsupported])
        supported = Condition(
            "FullySupported", False, "FieldsNotExpressed", f"no effect here: {fields}"
        )
    return (
        Condition("Accepted", True, "Accepted"),
        provisioned(
            sum(resource.ready for resource in rendered.resources),
            len({resource.key for resource in rendered.resources} | rendered.planned),
        ),
        *(found[name] for name in ("Current", "BackendHealthy") if name in found),
        supported,
    )


def provisioned(ready: int, wanted: int) -> Condition:
    """Return `Provisioned`, by how much of what is wanted is ready."""
    if ready == wanted:
        return Condition("Provisioned", True, "Provisioned")
    share = ready * 100 // wanted // PROGRESS_STEP * PROGRESS_STEP
    message = f"at least {share} % of it is ready" if share else "little of it is ready yet"
    return Condition("Provisioned", False, "Provisioning", message)


def stepwise(shown: Iterable[Condition], pending: str) -> tuple[Condition, ...]:
    """Return the conditions; `Current` does not hold while a version is still to be reached.

    Args:
        shown: The conditions.
        pending: Why the order is not yet answered in full; empty if it is.
    """
    steps = Condition("Current", False, "InSteps", pending)
    return tuple(
        steps if pending and one.type == "Current" and one.reason != "Deleting" else one
        for one in shown
    )


def status(
    environment: Environment,
    resolution: Resolution,
    rendered: Rendered,
    shown: Iterable[Condition],
    mine: Mapping[str, Resource],
) -> dict[str, Any]:
    """Return the status of an order that was answered.

    Args:
        environment: The environment that answered it.
        resolution: What the order was resolved to.
        rendered: Every resource, guarded, with the fields that have no effect.
        shown: The conditions of the order.
        mine: What is observed of the order, by key.
    """
    notes = _remarks(rendered.notes, "message")
    unsupported = _remarks(rendered.unsupported, "reason")
    complete = {
        **rendered.status,
        **_unsettled(rendered.status, shown),
        "environment": environment.name,
        **resolution.status,
        **({"deletionPolicy": _policy_in_force(rendered, mine)} if mine else {}),
        **({"unsupported": unsupported} if unsupported else {}),
        **({"notes": notes} if notes else {}),
    }
    return bounded(complete)


def bounded(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return a status that fits into etcd with the order, whatever providers report.

    A truncated kubeconfig is useless: it is omitted. So are all lists, if the status is still
    too large.
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


def _unsettled(status: Mapping[str, Any], shown: Iterable[Condition]) -> dict[str, str]:
    """Return phase and message in place of those that a condition contradicts; nothing if none.

    What is as ordered for the backend may wait for another part, or for a further step.
    """
    phase = status.get("phase")
    if phase not in SETTLED:
        return {}
    failing = {one.type: one for one in shown if one.status is False}
    health = failing.get("BackendHealthy")
    changing = failing.get("Current") or failing.get("Provisioned")
    if changing:
        return {"phase": "Updating", "message": (health or changing).message}
    if health:
        # A hibernated order stays hibernated.
        phase = "Degraded" if phase == "Ready" else phase
        return {"phase": phase, "message": health.message}
    return {}


def connection(status: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what a claim's connection Secret holds, under the names that Crossplane's own have.

    All of it is in the status too, and none of it is secret: a kubeconfig logs in through the
    issuer. In a namespaced install Crossplane writes no such Secret.
    """
    servers = status.get("servers") or [{}]
    addresses = servers[0].get("addresses") or [{}]
    authority = base64.b64decode(status.get("certificateAuthorityData", ""))
    known = {
        "endpoint": status.get("endpoint")
        or servers[0].get("publicIP")
        or addresses[0].get("address"),
        "kubeconfig": status.get("kubeconfig"),
        "username": status.get("sshUser") if status.get("servers") else None,
    }
    details = {name: text.encode() for name, text in known.items() if text}
    return {**details, **({"clusterCA": authority} if authority else {})}


def _policy_in_force(rendered: Rendered, mine: Mapping[str, Resource]) -> str:
    """Return what deleting the order would do now, by the policies that are observed.

    The policies written with this answer count too: an order whose orphaning is switched off and
    on again at once could be deleted in between.
    """
    found = (*mine.values(), *rendered.resources)
    return "Delete" if any(may_delete(resource) for resource in found) else "Orphan"
