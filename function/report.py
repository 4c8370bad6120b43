"""Tell the tenant what became of an order that was answered."""

import base64
from collections.abc import Mapping
from typing import Any

from function.contract import Condition, Environment, Remark, Rendered, Resource
from function.guards import may_delete
from function.resolve import Resolution

# Progress is told in such steps, so that status does not change with every resource.
PROGRESS_STEP = 25


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
        fields = ", ".join(gap.field for gap in gaps)
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
    notes = [{"field": n.field, "message": n.text} for n in (*resolution.notes, *rendered.notes)]
    unsupported = [{"field": gap.field, "reason": gap.text} for gap in gaps]
    return {
        **rendered.status,
        "environment": environment.name,
        **resolution.status,
        **({"deletionPolicy": _policy_in_force(rendered, mine)} if mine else {}),
        **({"unsupported": unsupported} if unsupported else {}),
        **({"notes": notes} if notes else {}),
    }


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

    And by those that are written with this answer: an order that is no longer to be orphaned, and
    the next moment is again, could be deleted in between.
    """
    found = (*mine.values(), *rendered.resources)
    return "Delete" if any(may_delete(resource) for resource in found) else "Orphan"
