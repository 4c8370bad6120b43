"""Read the live Cluster: phase, readiness, version, conditions.

For one to three seconds after a change Cluster API's conditions are those from before it,
although generations agree. So versions and counters are compared with what is asked before
anything is believed.
"""

import base64
from collections.abc import Mapping
from typing import Any

from function import trouble
from function.backends.capi.forms import newest
from function.contract import Bound, Condition, Manifest, Order, Progress, Resource
from function.kubeconfig import exec_kubeconfig
from function.model import ClusterSpec
from function.schema import lookup
from function.settings import Settings

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
_MOVING = ("RollingOut", "ScalingUp", "ScalingDown", "Remediating")


def live(observed: Resource | None) -> Manifest:
    """Return the live Cluster in the form of v1beta2; empty until it was looked at."""
    return newest(observed.at_provider.get("manifest")) if observed else {}


def deployments(manifest: object) -> list[Manifest]:
    """Return the MachineDeployment topologies of a Cluster."""
    found = lookup(manifest, "spec.topology.workers.machineDeployments") or []
    return [pool for pool in found if isinstance(pool, dict) and "name" in pool]


def initialised(cluster: Manifest) -> bool:
    """Return whether the control plane has ever answered; it never goes back."""
    return bool(lookup(cluster, "status.initialization.controlPlaneInitialized"))


def available(cluster: Manifest) -> bool:
    """Return whether the cluster can be used."""
    return initialised(cluster) and _is(cluster, "Available")


def progress(rendered: Manifest, cluster: Manifest) -> Progress:
    """Return the highest version, and whether the last step is finished everywhere.

    Cluster API refuses any change of version before that.
    """
    asked = lookup(rendered, "spec.topology.version") or ""
    stored = lookup(cluster, "spec.topology.version") or ""
    highest = max((stored, asked), key=_order)
    settled = bool(stored) and stored == highest and not _updating(cluster) and _fresh(cluster)
    return Progress(highest.removeprefix("v"), settled and initialised(cluster))


def current(rendered: Manifest, cluster: Manifest) -> Condition:
    """Return whether what runs is what is ordered."""
    if not initialised(cluster):
        return Condition("Current", False, "Provisioning", "the cluster is being built")
    same = lookup(rendered, "spec.topology.version") == lookup(cluster, "spec.topology.version")
    if not same or _updating(cluster) or not _fresh(cluster):
        return Condition("Current", False, "Updating", "the cluster is being changed")
    return Condition("Current", True, "AsOrdered")


def health(observed: Resource | None, cluster: Manifest) -> Condition:
    """Return the trouble of the Object, else that of the topology."""
    found = trouble.health([observed] if observed else [])
    reconciled = trouble.condition_of(cluster.get("status") or {}, "TopologyReconciled")
    if found.status and reconciled.get("status") == "False" and _failed(reconciled):
        return Condition(found.type, False, *trouble.classify(str(reconciled.get("message", ""))))
    return found


def status(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, observed: Resource | None
) -> dict[str, Any]:
    """Return the status of the order."""
    cluster = live(observed)
    phase, message = _phase(cluster)
    host, port = (lookup(cluster, f"spec.controlPlaneEndpoint.{part}") for part in ("host", "port"))
    endpoint = f"https://{host}:{port}" if host and port else ""
    ca_data = base64.b64encode(observed.connection.get("ca.crt", b"") if observed else b"").decode()
    running = lookup(cluster, "spec.topology.version") or ""
    issuer = bound.issuer(order.spec)
    found: dict[str, Any] = {"phase": phase, "message": message}
    if running:
        found["version"] = str(running).removeprefix("v")
    if endpoint:
        found["endpoint"] = endpoint
    if ca_data:
        found["certificateAuthorityData"] = ca_data
    if endpoint and ca_data and issuer:
        scopes = settings.access.extra_scopes
        found["kubeconfig"] = exec_kubeconfig(order.name, endpoint, ca_data, issuer, scopes)
    if order.spec.node_pools:
        found["nodePools"] = _pools(order, bound, cluster)
    return found


def _pools(order: Order[ClusterSpec], bound: Bound, cluster: Manifest) -> list[Manifest]:
    """Return the pools; the live Cluster counts ready nodes over all pools only."""
    workers = lookup(cluster, "status.workers") or {}
    asked = sum(pool.bounds[0] for pool in order.spec.node_pools)
    fixed = all(pool.autoscaling is None for pool in order.spec.node_pools)
    counters = {workers.get("desiredReplicas"), workers.get("readyReplicas"), asked}
    complete = fixed and _fresh(cluster) and len(counters) == 1
    return [
        {
            "name": pool.name,
            "flavor": bound.machines[pool.name].flavor,
            "replicas": pool.bounds[0],
            **({"ready": pool.bounds[0]} if complete else {}),
        }
        for pool in order.spec.node_pools
    ]


def _phase(cluster: Manifest) -> tuple[str, str]:
    if not cluster.get("status"):
        return "Pending", "the order is accepted, the cluster is not there yet"
    if lookup(cluster, "metadata.deletionTimestamp"):
        return "Deleting", "the cluster is being deleted although the order stands"
    if not initialised(cluster):
        return "Provisioning", "the cluster is being built"
    if _updating(cluster) or not _fresh(cluster):
        return "Updating", "the cluster is being changed"
    if not available(cluster):
        return "Degraded", "the cluster runs, but not all of it is available"
    return "Ready", "the cluster is ready"


def _updating(cluster: Manifest) -> bool:
    found, topology = cluster.get("status") or {}, lookup(cluster, "spec.topology") or {}
    if any(_is(cluster, kind) for kind in _MOVING):
        return True
    reconciled = trouble.condition_of(found, "TopologyReconciled")
    if reconciled.get("status") == "False" and not _failed(reconciled):
        return True
    workers, plane = found.get("workers") or {}, found.get("controlPlane") or {}
    versions = [v.get("version") for part in (workers, plane) for v in part.get("versions") or ()]
    behind: bool = any(version != topology.get("version") for version in versions)
    return behind or _counts_differ(cluster, workers)


def _counts_differ(cluster: Manifest, workers: Mapping[str, Any]) -> bool:
    """Return whether the counters are not yet those of the spec; autoscaled pools have none."""
    pools = deployments(cluster)
    if "desiredReplicas" not in workers or any("replicas" not in pool for pool in pools):
        return False
    return int(workers["desiredReplicas"]) != sum(int(pool["replicas"]) for pool in pools)


def _failed(reconciled: Mapping[str, Any]) -> bool:
    return reconciled.get("reason") in (
        "ReconcileFailed",
        "TopologyReconcileFailed",
        "ClusterClassNotReconciled",
    )


def _fresh(cluster: Manifest) -> bool:
    seen = lookup(cluster, "status.observedGeneration")
    return bool(seen == lookup(cluster, "metadata.generation"))


def _is(cluster: Manifest, kind: str) -> bool:
    return trouble.condition_of(cluster.get("status") or {}, kind).get("status") == "True"


def _order(version: str) -> tuple[int, ...]:
    parts = version.removeprefix("v").split(".")
    return tuple(int(part) for part in parts if part.isdigit())
