"""Report the state of an order for a cluster: phase, conditions, status.

Errors are identified by their codes, never by their text.
"""

import re
from typing import Any

from function import diagnosis, kubeconfig, progress
from function.backends.gardener.effective import ShootContext
from function.backends.gardener.live import KEY, VERSION, LiveShoot, workers
from function.contract import Condition, Manifest, Resource
from function.paths import lookup
from function.progress import Count, Shape

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


def current(shoot: Resource, live: LiveShoot) -> Condition:
    """Return whether the live Shoot matches the order.

    Args:
        shoot: The rendered Object of the Shoot.
        live: The view of the live Shoot.
    """
    shape = _shape(shoot)
    phase, message = _phase(live, shape)
    if phase == "Pending":
        return Condition("Current", False, "Provisioning", _BUILDING)
    if phase in ("Deleting", "Provisioning", "Failed"):
        return Condition("Current", False, phase, message)
    if (phase == "Degraded" and live.is_retried) or _is_refused(shoot, live):
        return Condition("Current", False, "Updating", _RETRIED)
    if phase == "Updating":
        return Condition("Current", False, "Updating", message)
    if not _is_taken(shoot, live):
        if _is_paused(shoot, live):
            return Condition(
                "Current", False, diagnosis.PAUSED, diagnosis.sentence(diagnosis.PAUSED)
            )
        return Condition("Current", False, "Updating", _what(live, shape))
    return Condition("Current", True, "AsOrdered")


def _is_paused(shoot: Resource, live: LiveShoot) -> bool:
    """Return whether the provider has paused a Shoot before it matches the order."""
    return live.is_ignored and not (live.is_fresh and _is_taken(shoot, live))


def _is_taken(shoot: Resource, live: LiveShoot) -> bool:
    """Return whether the live Shoot has what is desired, as far as Gardener returns it."""
    return _asked(shoot.payload["manifest"]) == _asked(live.inside)


def remember(shoot: Resource, live: LiveShoot) -> dict[str, str]:
    """Return the annotation that records the shape of the cluster when it was last complete."""
    shape = _shape(shoot)
    phase, _ = _phase(live, shape)
    if phase in ("Ready", "Hibernated") and current(shoot, live).status:
        return {progress.COMPLETE: shape.written()}
    known = live.root.annotations.get(progress.COMPLETE, "") if live.root else ""
    return {progress.COMPLETE: known} if known else {}


def _asked(shoot: Manifest) -> tuple[Any, ...]:
    """Return the desired fields of a Shoot that Gardener returns unchanged."""
    hibernation = lookup(shoot, "spec.hibernation") or {}
    # With schedules, Gardener itself changes it.
    asleep = not hibernation.get("schedules") and bool(hibernation.get("enabled"))
    fields = ("minimum", "maximum", "machine.type", "volume.size")
    pools = {w["name"]: [lookup(w, field) for field in fields] for w in workers(shoot)}
    return lookup(shoot, VERSION), asleep, pools


def _is_refused(shoot: Resource, live: LiveShoot) -> bool:
    """Return whether the desired state is refused.

    When Gardener has raised the version, it refuses the previous one until the next answer asks
    for the version that runs; that does not count.
    """
    versions = [lookup(m, VERSION) for m in (shoot.payload["manifest"], live.rendered)]
    refused = live.root is not None and diagnosis.refused(live.root)
    return refused and versions[0] == versions[1]


def health(shoot: Resource, live: LiveShoot) -> Condition:
    """Return the health of the Shoot by its error codes, else that of the Objects."""
    if _is_paused(shoot, live):
        sentence = diagnosis.sentence(diagnosis.PAUSED)
        return Condition(diagnosis.CONDITION, False, diagnosis.PAUSED, sentence)
    reported = (*live.errors, *live.unhealthy)
    codes = {code for one in reported for code in one.get("codes") or ()}
    failed = live.operation.get("state") in ("Error", "Failed")
    # In the order of the table: the order of errors changes with every attempt.
    code = next((code for code in _CODES if code in codes), "")
    if code or live.errors or failed:
        reason = _CODES.get(code, "ConfigurationProblem")
        sentence = _SENTENCES.get(code) or diagnosis.sentence(reason)
        return Condition(diagnosis.CONDITION, False, reason, sentence)
    settled = [
        found
        for key, found in live.observed.items()
        if key != KEY or not diagnosis.refused(found) or _is_refused(shoot, live)
    ]
    return diagnosis.health(settled)


def _phase(live: LiveShoot, shape: Shape) -> tuple[str, str]:
    operation = live.operation
    if live.is_deleting:
        return "Deleting", _far(_DELETING, live, "Delete")
    if not operation:
        return "Pending", "the cluster is not there yet"
    state = operation.get("state")
    if operation.get("type") == "Create" and state != "Succeeded":
        return _building(live, state)
    if not live.is_fresh:
        paused = diagnosis.sentence(diagnosis.PAUSED)
        return "Updating", paused if live.is_ignored else _what(live, shape)
    if state == "Failed":
        return "Failed", "the last change failed, and the provider has to act"
    if live.is_retried:
        return "Degraded", _RETRIED
    if not live.is_settled:
        return "Updating", _far(_what(live, shape), live, "Reconcile")
    if live.is_hibernated:
        return "Hibernated", "the cluster sleeps, its data are kept"
    if live.unhealthy:
        return "Degraded", "the cluster runs, but not all of it is available"
    return "Ready", "the cluster is ready"


def _building(live: LiveShoot, state: Any) -> tuple[str, str]:
    if state == "Failed":
        return "Failed", "the cluster could not be built, and the provider has to act"
    return "Provisioning", _far(_BUILDING, live, "Create")


def _what(live: LiveShoot, shape: Shape) -> str:
    """Return the change that brings the cluster to its desired state."""
    known = progress.remembered(live.root.annotations) if live.root else None
    return (progress.changes(known, shape) if known else "") or _CHANGING


def _far(what: str, live: LiveShoot, kind: str) -> str:
    """Return what is happening, and its progress."""
    operation = live.operation
    if operation.get("type") != kind:
        return what
    nodes = diagnosis.condition_of(live.status, "EveryNodeReady")
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
    return Shape(version=lookup(manifest, VERSION) or "", pools=pools)


def _is_fixed(worker: Manifest) -> bool:
    """Return whether a worker pool is not autoscaled."""
    return bool(worker.get("minimum") == worker.get("maximum"))


def status_of(context: ShootContext, shoot: Resource) -> dict[str, Any]:
    """Return the status of the order.

    Args:
        context: Input of the Shoot.
        shoot: The rendered Object of the Shoot.
    """
    order, bound, live = context.order, context.bound, context.live
    issuer, scopes = bound.issuer(order.spec), context.settings.extra_scopes
    found = current(shoot, live)
    phase, message = _phase(live, _shape(shoot))
    if phase == "Ready" and not found.status:
        phase, message = "Updating", found.message
    pools = [
        {"name": pool.name, "flavor": bound.machines[pool.name].flavor, "replicas": pool.bounds[0]}
        for pool in order.spec.node_pools
    ]
    return {
        "phase": phase,
        "message": message,
        **({"version": live.version} if live.version else {}),
        **kubeconfig.reached(
            live.endpoint, live.root, kubeconfig.context(order, bound), issuer, scopes
        ),
        "nodePools": pools,
    }
