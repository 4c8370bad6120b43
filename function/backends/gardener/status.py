"""Read the live Shoot: phase, readiness, health, the status of the order.

Readiness follows Gardener's own conditions; `Progressing` is reported for a cluster that is ready
while a part of it is restarted. Errors are identified by their codes, never by their text.
"""

import re
from collections.abc import Mapping
from typing import Any

from function import progress, shapes, trouble
from function.contract import Condition, Manifest, Order, Resource
from function.kubeconfig import reached
from function.model import ClusterSpec
from function.paths import lookup
from function.progress import Count, Shape
from function.record import Bound

KEY = "gardener-shoot"
HEALTHY = ("APIServerAvailable", "ControlPlaneHealthy", "EveryNodeReady", "SystemComponentsHealthy")
READY_QUERY = (
    "has(object.status) && has(object.status.conditions) && has(object.status.advertisedAddresses)"
    f" && {list(HEALTHY)}.all(t, object.status.conditions.exists(c, c.type == t && "
    'c.status == "True"))'
).replace("'", '"')
# Annotation by which an operator keeps Gardener from reconciling a Shoot.
_IGNORE = "shoot.gardener.cloud/ignore"
# Number of nodes, as the condition about nodes reports it.
_NODES = re.compile(r"\((\d{1,5})/(\d{1,5})\)")
_BUILDING = "the cluster is being built"
_CHANGING = "the cluster is being changed"
_DELETING = "the cluster is being deleted although the order was not deleted"
_RETRIED = "the last change has not succeeded yet, it is tried again"
# The tenant is shown the first of these that Gardener reports.
_CODES = {
    "ERR_INFRA_QUOTA_EXCEEDED": "QuotaExceeded",
    "ERR_INFRA_UNAUTHENTICATED": "CredentialsInvalid",
    "ERR_INFRA_UNAUTHORIZED": "CredentialsInvalid",
    "ERR_INFRA_RESOURCES_DEPLETED": "NoCapacity",
    "ERR_RETRYABLE_INFRA_DEPENDENCIES": "ConfigurationProblem",
    "ERR_INFRA_DEPENDENCIES": "ConfigurationProblem",
    "ERR_INFRA_RATE_LIMITS_EXCEEDED": "RateLimited",
    "ERR_CONFIGURATION_PROBLEM": "ConfigurationProblem",
    "ERR_RETRYABLE_CONFIGURATION_PROBLEM": "ConfigurationProblem",
    "ERR_PROBLEMATIC_WEBHOOK": "ConfigurationProblem",
    "ERR_CLEANUP_CLUSTER_RESOURCES": "ConfigurationProblem",
}
# Sentences for codes that require the tenant to act.
_SENTENCES = {
    "ERR_PROBLEMATIC_WEBHOOK": "a webhook in the cluster keeps it from being changed; fix it, or "
    "take it away",
    "ERR_CLEANUP_CLUSTER_RESOURCES": "what runs in the cluster does not end, which keeps it from "
    "being deleted; remove finalizers and webhooks that hold it",
}


def workers(manifest: object) -> list[Manifest]:
    """Return the worker pools of a Shoot."""
    listed = lookup(manifest, "spec.provider.workers")
    return [worker for worker in shapes.mappings(listed) if "name" in worker]


def live_shoot(observed: Resource | None) -> Manifest:
    """Return the live Shoot; empty until it was observed."""
    return (observed.at_provider.get("manifest") if observed else None) or {}


def refused(observed: Resource | None) -> Manifest:
    """Return the live Shoot if what was rendered last was refused; else empty."""
    return live_shoot(observed) if observed and trouble.refused(observed) else {}


def fresh(live: Manifest) -> bool:
    """Return whether Gardener has observed the current spec."""
    seen = lookup(live, "status.observedGeneration")
    return bool(seen == lookup(live, "metadata.generation"))


def endpoint(live: Manifest) -> str:
    """Return the address of the API server; other advertised addresses are ignored."""
    addresses = {
        a.get("name"): a.get("url", "") for a in lookup(live, "status.advertisedAddresses") or ()
    }
    return next(
        (str(addresses[n]) for n in ("external", "internal", "unmanaged") if n in addresses), ""
    )


def _healthy(live: Manifest) -> bool:
    return not _unhealthy(live)


def _unhealthy(live: Manifest) -> list[Mapping[str, Any]]:
    """Return the conditions that are not met; an empty one for each that is not reported."""
    found = [trouble.condition_of(live.get("status") or {}, kind) for kind in HEALTHY]
    # Progressing is reported for a cluster that is ready while one of its parts is restarted.
    return [one for one in found if one.get("status") not in ("True", "Progressing")]


def ready(live: Manifest) -> bool:
    """Return whether the cluster can be used, or is hibernated."""
    if deleting(live) or not endpoint(live):
        return False
    creating = lookup(live, "status.lastOperation.type") == "Create" and not rests(live)
    return bool(lookup(live, "status.hibernated")) or (_healthy(live) and not creating)


def rests(live: Manifest) -> bool:
    """Return whether the last operation is done; a migration is so only after its second half."""
    operation = lookup(live, "status.lastOperation") or {}
    return operation.get("state") == "Succeeded" and operation.get("type") != "Migrate"


def deleting(live: Manifest) -> bool:
    """Return whether the Shoot is being deleted."""
    return bool(lookup(live, "metadata.deletionTimestamp"))


def current(shoot: Resource, before: Resource | None) -> Condition:
    """Return whether the live Shoot matches the order.

    Args:
        shoot: The rendered Object of the Shoot.
        before: The observed one.
    """
    live, shape = live_shoot(before), _shape(shoot)
    phase, message = _phase(before, shape)
    if phase == "Pending":
        return Condition("Current", False, "Provisioning", _BUILDING)
    if phase in ("Deleting", "Provisioning", "Failed"):
        return Condition("Current", False, phase, message)
    if message == _RETRIED or (before and _refused(shoot, before)):
        return Condition("Current", False, "Updating", _RETRIED)
    if phase == "Updating":
        return Condition("Current", False, "Updating", message)
    if _asked(shoot.payload["manifest"]) != _asked(live):
        what = _what(before, shape)
        if is_paused(before, shoot):
            return Condition("Current", False, trouble.PAUSED, trouble.sentence(trouble.PAUSED))
        return Condition("Current", False, "Updating", what)
    return Condition("Current", True, "AsOrdered")


def is_paused(before: Resource | None, shoot: Resource) -> bool:
    """Return whether the provider has paused a Shoot before it matches the order."""
    live = live_shoot(before)
    taken = fresh(live) and _asked(shoot.payload["manifest"]) == _asked(live)
    return _is_ignored(live) and not taken


def _is_ignored(live: Manifest) -> bool:
    return (lookup(live, "metadata.annotations") or {}).get(_IGNORE) == "true"


def remember(shoot: Resource, before: Resource | None) -> dict[str, str]:
    """Return the annotation that records the shape of the cluster when it was last complete."""
    shape = _shape(shoot)
    phase, _ = _phase(before, shape)
    if phase in ("Ready", "Hibernated") and current(shoot, before).status:
        return {progress.COMPLETE: shape.written()}
    known = before.annotations.get(progress.COMPLETE, "") if before else ""
    return {progress.COMPLETE: known} if known else {}


def _asked(shoot: Manifest) -> tuple[Any, ...]:
    """Return the desired fields of a Shoot that Gardener returns unchanged."""
    hibernation = lookup(shoot, "spec.hibernation") or {}
    # With schedules, Gardener itself changes it.
    asleep = not hibernation.get("schedules") and bool(hibernation.get("enabled"))
    fields = ("minimum", "maximum", "machine.type", "volume.size")
    pools = {w["name"]: [lookup(w, field) for field in fields] for w in workers(shoot)}
    return lookup(shoot, "spec.kubernetes.version"), asleep, pools


def _refused(shoot: Resource, before: Resource) -> bool:
    """Return whether the desired state is refused.

    When Gardener has raised the version, it refuses the previous one until the next answer asks
    for the version that runs; that does not count.
    """
    versions = [lookup(r.payload, "manifest.spec.kubernetes.version") for r in (shoot, before)]
    return trouble.refused(before) and versions[0] == versions[1]


def health(shoot: Resource, observed: Mapping[str, Resource]) -> Condition:
    """Return the health of the Shoot by its error codes, else that of the Objects."""
    live = live_shoot(observed.get(KEY))
    if is_paused(observed.get(KEY), shoot):
        sentence = trouble.sentence(trouble.PAUSED)
        return Condition(trouble.CONDITION, False, trouble.PAUSED, sentence)
    told = (*_errors(live), *_unhealthy(live))
    codes = {code for one in told for code in one.get("codes") or ()}
    failed = lookup(live, "status.lastOperation.state") in ("Error", "Failed")
    # In the order of the table: the order of errors changes with every attempt.
    code = next((code for code in _CODES if code in codes), "")
    if code or _errors(live) or failed:
        reason = _CODES.get(code, "ConfigurationProblem")
        sentence = _SENTENCES.get(code) or trouble.sentence(reason)
        return Condition(trouble.CONDITION, False, reason, sentence)
    settled = [
        found
        for key, found in observed.items()
        if key != KEY or not trouble.refused(found) or _refused(shoot, found)
    ]
    return trouble.health(settled)


def _errors(live: Manifest) -> list[Manifest]:
    """Return the errors of the last attempt; they remain until an attempt succeeds."""
    return lookup(live, "status.lastErrors") or []


def _phase(before: Resource | None, shape: Shape) -> tuple[str, str]:
    live = live_shoot(before)
    operation = lookup(live, "status.lastOperation") or {}
    if deleting(live):
        return "Deleting", _far(_DELETING, live, "Delete")
    if not operation:
        return "Pending", "the cluster is not there yet"
    state = operation.get("state")
    if operation.get("type") == "Create" and state != "Succeeded":
        return _building(live, state)
    if not fresh(live):
        paused = trouble.sentence(trouble.PAUSED)
        return "Updating", paused if _is_ignored(live) else _what(before, shape)
    if state == "Failed":
        return "Failed", "the last change failed, and the provider has to act"
    # While Gardener retries, the state is Processing, and the errors remain.
    if state == "Error" or (state != "Succeeded" and _errors(live)):
        return "Degraded", _RETRIED
    if not rests(live):
        return "Updating", _far(_what(before, shape), live, "Reconcile")
    if lookup(live, "status.hibernated"):
        return "Hibernated", "the cluster sleeps, its data are kept"
    if not _healthy(live):
        return "Degraded", "the cluster runs, but not all of it is available"
    return "Ready", "the cluster is ready"


def _building(live: Manifest, state: Any) -> tuple[str, str]:
    if state == "Failed":
        return "Failed", "the cluster could not be built, and the provider has to act"
    return "Provisioning", _far(_BUILDING, live, "Create")


def _what(before: Resource | None, shape: Shape) -> str:
    """Return the change that brings the cluster to its desired state."""
    known = progress.remembered(before.annotations) if before else None
    return (progress.changes(known, shape) if known else "") or _CHANGING


def _far(what: str, live: Manifest, kind: str) -> str:
    """Return what is happening, and its progress."""
    operation = lookup(live, "status.lastOperation") or {}
    if operation.get("type") != kind:
        return what
    nodes = trouble.condition_of(live.get("status") or {}, "EveryNodeReady")
    match = _NODES.search(str(nodes.get("message", "")))
    counted = [f"nodes {Count('', int(match[1]), int(match[2]))}"] if match else []
    return ", ".join((what, progress.percent(operation.get("progress")), *counted))


def _shape(shoot: Resource) -> Shape:
    """Return the desired shape of the cluster."""
    manifest = shoot.payload["manifest"]
    pools = {
        worker["name"]: worker.get("minimum") if _is_fixed(worker) else None
        for worker in workers(manifest)
    }
    return Shape(version=lookup(manifest, "spec.kubernetes.version") or "", pools=pools)


def _is_fixed(worker: Manifest) -> bool:
    """Return whether a worker pool is not autoscaled."""
    return bool(worker.get("minimum") == worker.get("maximum"))


def status_of(
    order: Order[ClusterSpec],
    scopes: tuple[str, ...],
    bound: Bound,
    shoot: Resource,
    before: Resource | None,
) -> dict[str, Any]:
    """Return the status of the order.

    Args:
        order: The order.
        scopes: Scopes that kubeconfigs ask for.
        bound: What was decided.
        shoot: The rendered Object of the Shoot.
        before: The observed one.
    """
    live, found = live_shoot(before), current(shoot, before)
    phase, message = _phase(before, _shape(shoot))
    if phase == "Ready" and not found.status:
        phase, message = "Updating", found.message
    version = lookup(live, "spec.kubernetes.version")
    pools = [
        {"name": pool.name, "flavor": bound.machines[pool.name].flavor, "replicas": pool.bounds[0]}
        for pool in order.spec.node_pools
    ]
    return {
        "phase": phase,
        "message": message,
        **({"version": version} if version else {}),
        **reached(endpoint(live), before, order, scopes, bound),
        "nodePools": pools,
    }
