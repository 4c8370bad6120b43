"""Read the live Cluster: readiness, version, changes in progress.

For one to three seconds after a change, Cluster API's conditions are stale, although generations
agree. So before conditions are trusted, versions and counters are compared with the desired ones,
and the generation for which the topology was reconciled with the current one.
"""

import re
from collections.abc import Mapping
from typing import Any

from function import handover, shapes, trouble
from function.backends.capi.forms import newest
from function.contract import WHOLE, Manifest, Progress, Resource
from function.paths import lookup
from function.versions import highest, numbers

READY_QUERY = {
    "v1beta2": (
        "has(object.status) && has(object.status.conditions) && "
        'object.status.conditions.exists(c, c.type == "Available" && c.status == "True")'
    ),
    "v1beta1": (
        "has(object.status) && has(object.status.controlPlaneReady) && "
        "object.status.controlPlaneReady && has(object.status.conditions) && "
        'object.status.conditions.exists(c, c.type == "Ready" && c.status == "True")'
    ),
}
_MOVING = ("RollingOut", "ScalingUp", "ScalingDown")
# A machine that has to be replaced may wait permanently: the only one of a control plane, or one
# whose loss would break it. Only a machine that is being deleted is really replaced.
_REPLACED = "Machine is deleting"
MACHINES = {"controlPlane": "ControlPlaneMachinesReady", "workers": "WorkerMachinesReady"}
# Messages of Cluster API about a machine that is being created: about the machine itself, its
# node, and its control plane components. A machine that failed later only waits for remediation.
_COMES = "|".join(
    (
        r"Waiting (?!for remediation)",
        r"Pod does not exist",
        r"Running init containers",
        r"ContainerCreating",
        r"Node \S+ does not have the ",
        r"Etcd doesn't have an etcd member ",
    )
)
_AWAITED = re.compile(
    rf"^[ \t]*\* (?:[A-Za-z ]+: (?:{_COMES})|Machines? .*: Condition Ready not yet reported)",
    re.MULTILINE,
)


def live(observed: Resource | None) -> Manifest:
    """Return the live Cluster as v1beta2; empty until it was observed."""
    return newest(observed.at_provider.get("manifest")) if observed else {}


def deployments(manifest: object) -> list[Manifest]:
    """Return the MachineDeployment topologies of a Cluster."""
    listed = lookup(manifest, "spec.topology.workers.machineDeployments")
    return [pool for pool in shapes.mappings(listed) if "name" in pool]


def initialised(cluster: Manifest) -> bool:
    """Return whether the control plane has ever responded; this is never reverted."""
    return bool(lookup(cluster, "status.initialization.controlPlaneInitialized"))


def drawn(cluster: Manifest) -> bool:
    """Return whether Cluster API has created any part of an observed Cluster."""
    parts = (lookup(cluster, f"spec.{part}") for part in ("infrastructureRef", "controlPlaneRef"))
    return any(parts) or initialised(cluster) or not failed(cluster)


def holds(observed: Resource) -> frozenset[str]:
    """Return the paths of order fields that existing parts of a cluster hold.

    No machine can be built until the network exists, and no node until the control plane responds.
    """
    cluster = live(observed)
    # Garbled data proves nothing.
    if not cluster or observed.garbled or initialised(cluster):
        return WHOLE
    if lookup(cluster, "status.initialization.infrastructureProvisioned"):
        return frozenset({"spec.network", "spec.apiServer.exposure", "spec.controlPlane"})
    if not drawn(cluster):
        return frozenset()
    return frozenset({"spec.network.nodes", "spec.network.ipFamilies", "spec.apiServer.exposure"})


def available(cluster: Manifest) -> bool:
    """Return whether the cluster can be used, and is not being deleted."""
    return initialised(cluster) and _is(cluster, "Available") and not deleting(cluster)


def complete(cluster: Manifest) -> bool:
    """Return whether all machines that the last change requires are ready, as far as reported."""
    counters = [lookup(cluster, f"status.{part}") or {} for part in MACHINES]
    return available(cluster) and all(
        part.get(name) == part.get("desiredReplicas") is not None
        for part in counters
        for name in ("replicas", "readyReplicas")
    )


def progress(rendered: Manifest, cluster: Manifest) -> Progress:
    """Return the highest version, and whether the last step is finished everywhere.

    Cluster API refuses any change of version before that.
    """
    asked = lookup(rendered, "spec.topology.version") or ""
    stored = lookup(cluster, "spec.topology.version") or ""
    reached = highest(stored, asked)
    settled = bool(stored) and stored == reached and not updating(cluster) and fresh(cluster)
    return Progress(reached.removeprefix("v"), settled and initialised(cluster))


def handed(rendered: Manifest, manifest: Manifest, observed: Resource | None) -> bool:
    """Return whether the order was applied to the live Cluster.

    Args:
        rendered: The Cluster as v1beta2.
        manifest: The same in the API version that is written.
        observed: The observed Object.
    """
    applied = handover.is_applied({"manifest": manifest}, observed)
    return applied and _asked(rendered) == _asked(live(observed))


def updating(cluster: Manifest) -> bool:
    """Return whether machines are being created, removed or replaced."""
    if any(_is(cluster, kind) for kind in _MOVING) or _remediated(cluster):
        return True
    # Machines are counted as soon as they are requested, minutes before they are nodes; for the
    # first seconds, everything is still reported as available.
    if any(_awaited(cluster, part) for part in MACHINES):
        return True
    if reconciled(cluster).get("status") == "False" and not failed(cluster):
        return True
    asked = lookup(cluster, "spec.topology.version")
    if any(version != asked for version in versions(cluster, "controlPlane", "workers")):
        return True
    # If the topology cannot be reconciled, the counters will not follow it.
    return _counts_differ(cluster) and not failed(cluster)


def rolling(cluster: Manifest) -> bool:
    """Return whether machines are being replaced by others."""
    return _is(cluster, "RollingOut")


def _remediated(cluster: Manifest) -> bool:
    """Return whether a failed machine is being replaced, rather than waiting for replacement."""
    said = trouble.condition_of(cluster.get("status") or {}, "Remediating")
    return said.get("status") == "True" and _REPLACED in str(said.get("message", ""))


def _awaited(cluster: Manifest, part: str) -> bool:
    """Return whether machines are being created; ready counters lag behind ready conditions."""
    said = trouble.condition_of(cluster.get("status") or {}, MACHINES[part])
    if said.get("status") != "True":
        return bool(_AWAITED.search(str(said.get("message", ""))))
    if said.get("reason") == "NoReplicas":
        # A control plane of pods: one that is not ready may be restarting, or failed permanently.
        return False
    counters = lookup(cluster, f"status.{part}") or {}
    desired = counters.get("desiredReplicas")
    return bool(counters.get("readyReplicas", desired) != desired)


def _counts_differ(cluster: Manifest) -> bool:
    """Return whether machines are missing, surplus or outdated."""
    plane = lookup(cluster, "spec.topology.controlPlane.replicas")
    pools = deployments(cluster)
    # Autoscaled pools have no `replicas`.
    fixed = all("replicas" in pool for pool in pools)
    workers = sum(int(pool["replicas"]) for pool in pools) if fixed else None
    for part, asked in (("controlPlane", plane), ("workers", workers)):
        counters = lookup(cluster, f"status.{part}") or {}
        desired = counters.get("desiredReplicas")
        found = {counters.get(name, desired) for name in ("replicas", "upToDateReplicas")}
        if desired is not None and found | {desired if asked is None else asked} != {desired}:
            return True
    return False


def _asked(cluster: Manifest) -> tuple[Any, ...]:
    """Return the desired fields that both API versions of a Cluster express in the same way."""
    topology = lookup(cluster, "spec.topology") or {}
    # A live list may contain a pool as a duplicate, once with `replicas` and once without.
    pools = sorted(((pool["name"], pool.get("replicas")) for pool in deployments(cluster)), key=str)
    paths = ("version", "classRef.name", "controlPlane.replicas")
    return (*(lookup(topology, path) for path in paths), pools)


def running(cluster: Manifest) -> str:
    """Return the version of the API server; the lowest while control plane machines differ."""
    found = versions(cluster, "controlPlane") or [lookup(cluster, "spec.topology.version") or ""]
    return min(found, key=numbers).removeprefix("v")


def versions(cluster: Manifest, *parts: str) -> list[str]:
    """Return the versions of machines, without suffixes that a distribution appends."""
    asked = str(lookup(cluster, "spec.topology.version"))
    found = [
        str(entry.get("version", ""))
        for part in parts
        for entry in lookup(cluster, f"status.{part}.versions") or ()
    ]
    return [asked if version.startswith(f"{asked}+") else version for version in found]


def reconciled(cluster: Manifest) -> Mapping[str, Any]:
    """Return the condition `TopologyReconciled` of the topology controller."""
    return trouble.condition_of(cluster.get("status") or {}, "TopologyReconciled")


def failed(cluster: Manifest) -> bool:
    """Return whether reconciling the topology failed, rather than being unfinished."""
    found = reconciled(cluster)
    return found.get("status") == "False" and found.get("reason") in (
        "ReconcileFailed",
        "TopologyReconcileFailed",
        "ClusterClassNotReconciled",
    )


def fresh(cluster: Manifest) -> bool:
    """Return whether the status reflects the current spec, as does the topology's condition."""
    now = lookup(cluster, "metadata.generation")
    seen = lookup(cluster, "status.observedGeneration")
    return bool(seen == now == reconciled(cluster).get("observedGeneration", now))


def deleting(cluster: Manifest) -> bool:
    """Return whether the Cluster is being deleted."""
    return bool(lookup(cluster, "metadata.deletionTimestamp"))


def paused(cluster: Manifest) -> bool:
    """Return whether the provider has stopped Cluster API from reconciling the Cluster."""
    return bool(lookup(cluster, "spec.paused")) or _is(cluster, "Paused")


def _is(cluster: Manifest, kind: str) -> bool:
    return trouble.condition_of(cluster.get("status") or {}, kind).get("status") == "True"
