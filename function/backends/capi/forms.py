"""Convert a Cluster between v1beta1 and v1beta2: v1beta2 is used internally, both externally.

`oldest` writes v1beta1 for Cluster API up to 1.10, with durations in canonical Go form, because
any other form would cause permanent drift. `newest` reads either version, status included. The
field mapping is that of Cluster API 1.14.
"""

from function.contract import Manifest
from function.paths import lookup

V1BETA1, V1BETA2 = "cluster.x-k8s.io/v1beta1", "cluster.x-k8s.io/v1beta2"
VERSIONS = {V1BETA1: "v1beta1", V1BETA2: "v1beta2"}


def oldest(cluster: Manifest) -> Manifest:
    """Return a rendered v1beta2 Cluster as v1beta1."""
    topology = dict(cluster["spec"]["topology"])
    reference = topology.pop("classRef")
    plane = _plane_to_v1beta1(topology.pop("controlPlane"))
    workers = topology.pop("workers", {}).get("machineDeployments", [])
    pools = [_pool_to_v1beta1(pool) for pool in workers]
    found = {
        "class": reference["name"],
        **({"classNamespace": reference["namespace"]} if "namespace" in reference else {}),
        "version": topology.pop("version"),
        "controlPlane": plane,
        **({"workers": {"machineDeployments": pools}} if pools else {}),
        **topology,
    }
    return {**cluster, "apiVersion": V1BETA1, "spec": {**cluster["spec"], "topology": found}}


def newest(manifest: Manifest | None) -> Manifest:
    """Return a rendered or observed Cluster as v1beta2.

    Only fields that are read again are converted: class, pools' names and labels, and status.
    """
    if not manifest:
        return {}
    topology = lookup(manifest, "spec.topology")
    if manifest.get("apiVersion") != V1BETA1 or topology is None:
        return manifest
    namespace = topology.get("classNamespace")
    reference = {"name": topology.get("class"), **({"namespace": namespace} if namespace else {})}
    spec = {**manifest["spec"], "topology": {**topology, "classRef": reference}}
    return {**manifest, "spec": spec, **_status_to_v1beta2(manifest.get("status"))}


def _status_to_v1beta2(status: Manifest | None) -> Manifest:
    if status is None:
        return {}
    newer = status.get("v1beta2") or {}
    conditions = newer.get("conditions") or _from_legacy(status.get("conditions") or [])
    return {
        "status": {
            **status,
            **newer,
            "conditions": conditions,
            "initialization": {
                "infrastructureProvisioned": bool(status.get("infrastructureReady")),
                "controlPlaneInitialized": _initialised(status),
            },
        }
    }


def _initialised(status: Manifest) -> bool:
    """Return whether the control plane ever responded; the flag means ready, which may revert."""
    legacy = {c.get("type"): c.get("status") for c in status.get("conditions") or ()}
    return bool(status.get("controlPlaneReady")) or legacy.get("ControlPlaneInitialized") == "True"


def _from_legacy(conditions: list[Manifest]) -> list[Manifest]:
    """Return the conditions of Cluster API before 1.9: `Ready` is the summary, without workers."""
    return [
        {**found, "type": "Available"} if found.get("type") == "Ready" else found
        for found in conditions
    ]


def _plane_to_v1beta1(plane: Manifest) -> Manifest:
    check = plane.get("healthCheck")
    retained = {name: value for name, value in plane.items() if name != "healthCheck"}
    return {**retained, **({"machineHealthCheck": _check_to_v1beta1(check)} if check else {})}


def has_health_check(part: Manifest, check: Manifest) -> bool:
    """Return whether a part of a topology, in either API version, has this health check."""
    older = part.get("machineHealthCheck")
    return part.get("healthCheck") == check or older == _check_to_v1beta1(check)


def has_no_health_check(part: Manifest) -> bool:
    """Return whether a part of a topology, in either API version, uses the class's health check."""
    return "healthCheck" not in part and "machineHealthCheck" not in part


def _pool_to_v1beta1(pool: Manifest) -> Manifest:
    moved = ("rollout", "deletion", "healthCheck")
    drain, check = lookup(pool, "deletion.nodeDrainTimeoutSeconds"), pool.get("healthCheck")
    return {
        **{name: value for name, value in pool.items() if name not in moved},
        "strategy": pool["rollout"]["strategy"],
        **({"nodeDrainTimeout": go_duration(drain)} if drain is not None else {}),
        **({"machineHealthCheck": _check_to_v1beta1(check)} if check else {}),
    }


def _check_to_v1beta1(check: Manifest) -> Manifest:
    if "checks" not in check:
        return {"enable": check["enabled"]}
    conditions = check["checks"]["unhealthyNodeConditions"]
    startup = check["checks"].get("nodeStartupTimeoutSeconds")
    return {
        "enable": True,
        **({"nodeStartupTimeout": go_duration(startup)} if startup else {}),
        "unhealthyConditions": [
            {"type": c["type"], "status": c["status"], "timeout": go_duration(c["timeoutSeconds"])}
            for c in conditions
        ],
        "maxUnhealthy": check["remediation"]["triggerIf"]["unhealthyLessThanOrEqualTo"],
    }


def go_duration(seconds: int) -> str:
    """Return a duration as Go prints it: 5m0s, 1h0m0s, 30s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
