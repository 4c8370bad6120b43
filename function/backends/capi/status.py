"""Read the live Cluster: readiness, version, what is under way.

For one to three seconds after a change Cluster API's conditions are those from before it,
although generations agree. So versions and counters are compared with what is asked, and the
generation that the topology was reconciled for with the present one, before anything is
believed.
"""

import re
from collections.abc import Mapping
from typing import Any

from function import handover, shapes, trouble
from function.backends.capi.forms import newest
from function.contract import WHOLE, Manifest, Progress, Resource
from function.paths import lookup
from function.versions import numbers

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
# A machine to be replaced may wait for ever: the only one of a control plane, or one whose loss
# would break it. Only one that is deleted makes room for another.
_REPLACED = "Machine is deleting"
MACHINES = {"controlPlane": "ControlPlaneMachinesReady", "workers": "WorkerMachinesReady"}
# What Cluster API says of a machine that comes: of itself, of its node, and of what makes it a
# control plane. One that was there and failed waits for remediation only.
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
    """Return the live Cluster in the form of v1beta2; empty until it was looked at."""
    return newest(observed.at_provider.get("manifest")) if observed else {}


def deployments(manifest: object) -> list[Manifest]:
    """Return the MachineDeployment topologies of a Cluster."""
    listed = lookup(manifest, "spec.topology.workers.machineDeployments")
    return [pool for pool in shapes.mappings(listed) if "name" in pool]


def initialised(cluster: Manifest) -> bool:
    """Return whether the control plane has ever answered; it never goes back."""
    return bool(lookup(cluster, "status.initialization.controlPlaneInitialized"))


def drawn(cluster: Manifest) -> bool:
    """Return whether Cluster API has made anything of a Cluster that was looked at."""
    parts = (lookup(cluster, f"spec.{part}") for part in ("infrastructureRef", "controlPlaneRef"))
    return any(parts) or initialised(cluster) or not failed(cluster)


def holds(observed: Resource) -> frozenset[str]:
    """Return the paths of order fields that what exists of a cluster holds.

    Until it has a network no machine can be built, and until its control plane answers no node.
    """
    cluster = live(observed)
    # What is garbled proves nothing.
    if not cluster or observed.garbled or initialised(cluster):
        return WHOLE
    if lookup(cluster, "status.initialization.infrastructureProvisioned"):
        return frozenset({"spec.network", "spec.apiServer.exposure", "spec.controlPlane"})
    if not drawn(cluster):
        return frozenset()
    return frozenset({"spec.network.nodes", "spec.network.ipFamilies", "spec.apiServer.exposure"})


def available(cluster: Manifest) -> bool:
    """Return whether the cluster can be used, and will be."""
    return initialised(cluster) and _is(cluster, "Available") and not deleting(cluster)


def complete(cluster: Manifest) -> bool:
    """Return whether all machines are ready that the last change asked for, as far as is seen."""
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
    highest = max((stored, asked), key=numbers)
    settled = bool(stored) and stored == highest and not updating(cluster) and fresh(cluster)
    return Progress(highest.removeprefix("v"), settled and initialised(cluster))


def handed(rendered: Manifest, manifest: Manifest, observed: Resource | None) -> bool:
    """Return whether the live Cluster is asked for what is ordered.

    Args:
        rendered: The Cluster in the form of v1beta2.
        manifest: The same in the form that is written.
        observed: The observed Object.
    """
    applied = handover.is_applied({"manifest": manifest}, observed)
    return applied and _asked(rendered) == _asked(live(observed))


def updating(cluster: Manifest) -> bool:
    """Return whether machines come, go, or are to become others."""
    if any(_is(cluster, kind) for kind in _MOVING) or _remediated(cluster):
        return True
    # Machines count as soon as they are asked for, minutes before they are nodes; for some
    # seconds of these all is still called available.
    if any(_awaited(cluster, part) for part in MACHINES):
        return True
    if reconciled(cluster).get("status") == "False" and not failed(cluster):
        return True
    asked = lookup(cluster, "spec.topology.version")
    if any(version != asked for version in versions(cluster, "controlPlane", "workers")):
        return True
    # Where the topology cannot be reconciled, the counters will not follow it.
    return _counts_differ(cluster) and not failed(cluster)


def rolling(cluster: Manifest) -> bool:
    """Return whether machines are replaced by others."""
    return _is(cluster, "RollingOut")


def _remediated(cluster: Manifest) -> bool:
    """Return whether a machine that failed is being replaced, rather than waiting for it."""
    said = trouble.condition_of(cluster.get("status") or {}, "Remediating")
    return said.get("status") == "True" and _REPLACED in str(said.get("message", ""))


def _awaited(cluster: Manifest, part: str) -> bool:
    """Return whether machines come: they are counted as ready after they are called so."""
    said = trouble.condition_of(cluster.get("status") or {}, MACHINES[part])
    if said.get("status") != "True":
        return bool(_AWAITED.search(str(said.get("message", ""))))
    if said.get("reason") == "NoReplicas":
        # A control plane of pods: one that is not ready may be restarted, or fail for ever.
        return False
    counters = lookup(cluster, f"status.{part}") or {}
    desired = counters.get("desiredReplicas")
    return bool(counters.get("readyReplicas", desired) != desired)


def _counts_differ(cluster: Manifest) -> bool:
    """Return whether machines are missing, too many, or of a former form."""
    plane = lookup(cluster, "spec.topology.controlPlane.replicas")
    pools = deployments(cluster)
    # Autoscaled pools say no number.
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
    """Return what both forms of a Cluster say alike of what is asked."""
    topology = lookup(cluster, "spec.topology") or {}
    # A live list may name one pool twice, once with a number and once without.
    pools = sorted(((pool["name"], pool.get("replicas")) for pool in deployments(cluster)), key=str)
    paths = ("version", "classRef.name", "controlPlane.replicas")
    return (*(lookup(topology, path) for path in paths), pools)


def running(cluster: Manifest) -> str:
    """Return the version of the API server; while control planes differ, the lowest."""
    found = versions(cluster, "controlPlane") or [lookup(cluster, "spec.topology.version") or ""]
    return min(found, key=numbers).removeprefix("v")


def versions(cluster: Manifest, *parts: str) -> list[str]:
    """Return the versions of machines, without what a distribution appends to them."""
    asked = str(lookup(cluster, "spec.topology.version"))
    found = [
        str(entry.get("version", ""))
        for part in parts
        for entry in lookup(cluster, f"status.{part}.versions") or ()
    ]
    return [asked if version.startswith(f"{asked}+") else version for version in found]


def reconciled(cluster: Manifest) -> Mapping[str, Any]:
    """Return what the topology controller says of the whole."""
    return trouble.condition_of(cluster.get("status") or {}, "TopologyReconciled")


def failed(cluster: Manifest) -> bool:
    """Return whether the topology cannot be reconciled, rather than not yet."""
    found = reconciled(cluster)
    return found.get("status") == "False" and found.get("reason") in (
        "ReconcileFailed",
        "TopologyReconcileFailed",
        "ClusterClassNotReconciled",
    )


def fresh(cluster: Manifest) -> bool:
    """Return whether status speaks of the present spec, the topology's own word included."""
    now = lookup(cluster, "metadata.generation")
    seen = lookup(cluster, "status.observedGeneration")
    return bool(seen == now == reconciled(cluster).get("observedGeneration", now))


def deleting(cluster: Manifest) -> bool:
    """Return whether the Cluster is being deleted."""
    return bool(lookup(cluster, "metadata.deletionTimestamp"))


def paused(cluster: Manifest) -> bool:
    """Return whether the provider has stopped Cluster API from working on the Cluster."""
    return bool(lookup(cluster, "spec.paused")) or _is(cluster, "Paused")


def _is(cluster: Manifest, kind: str) -> bool:
    return trouble.condition_of(cluster.get("status") or {}, kind).get("status") == "True"
