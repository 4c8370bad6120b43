"""Simulate Cluster API 1.14: a Cluster whose machines all run."""

from function.contract import Manifest


def build(live: Manifest) -> None:
    """Add the status of a Cluster that is built, in the version of its API."""
    if live["kind"] != "Cluster":
        return
    topology = live["spec"]["topology"]
    pools = topology.get("workers", {}).get("machineDeployments", [])
    plane = _counters(topology["controlPlane"]["replicas"], topology["version"])
    workers = _counters(sum(pool.get("replicas", 1) for pool in pools), topology["version"])
    conditions = [
        {"type": "Available", "status": "True", "reason": "Available"},
        {"type": "TopologyReconciled", "status": "True", "reason": "ReconcileSucceeded"},
    ]
    live["spec"]["controlPlaneEndpoint"] = {"host": "192.0.2.10", "port": 6443}
    live["status"] = {"observedGeneration": 1, "phase": "Provisioned"}
    if live["apiVersion"].endswith("/v1beta1"):
        live["status"] |= {
            "infrastructureReady": True,
            "controlPlaneReady": True,
            "conditions": [{"type": "Ready", "status": "True"}],
            "v1beta2": {"conditions": conditions, "controlPlane": plane, "workers": workers},
        }
        return
    live["status"] |= {
        "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True},
        "conditions": conditions,
        "controlPlane": plane,
        "workers": workers,
    }


def _counters(count: int, version: str) -> Manifest:
    names = (
        "desiredReplicas",
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "upToDateReplicas",
    )
    versions = [{"version": version, "replicas": count}] if count else []
    return {**dict.fromkeys(names, count), "versions": versions}
