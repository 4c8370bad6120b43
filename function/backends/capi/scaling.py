"""Tell cluster-autoscaler the bounds of a pool, and what nodes of an empty pool would have.

It knows a MachineDeployment by its annotations. As long as a pool has nodes it looks at one of
them; without any it needs the annotations of the API group `capacity`, or it never adds the first.
"""

from collections.abc import Iterable, Mapping

from function import flavors
from function.contract import Manifest
from function.model.pool import NodePool
from function.paths import lookup
from function.record import Machine

_BOUND = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"
_CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/{}"
_ARCHITECTURE, _ZONE = "kubernetes.io/arch", "topology.kubernetes.io/zone"
# Extended resources of the vendors' device plugins.
_GPUS = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu", "intel": "gpu.intel.com/i915"}


def share(count: int, index: int, zones: tuple[str, ...]) -> int:
    """Return how many of the nodes are in one of the zones; the first zones get the remainder."""
    part, rest = divmod(count, len(zones))
    return part + (index < rest)


def bounds(pool: NodePool, index: int, zones: tuple[str, ...]) -> dict[str, str]:
    """Return the annotations with the bounds of the nodes in one of the zones."""
    if not pool.autoscaling:
        return {}
    asked = {"min": pool.autoscaling.min, "max": pool.autoscaling.max}
    return {_BOUND.format(name): str(share(count, index, zones)) for name, count in asked.items()}


def is_from_zero(annotations: Mapping[str, str]) -> bool:
    """Say whether bounds let the autoscaler take the last node."""
    return annotations.get(_BOUND.format("min")) == "0"


def capacity(
    machine: Machine, disk: int, zone: str, labels: Mapping[str, str], taints: Iterable[Manifest]
) -> dict[str, str]:
    """Return the annotations that say what a node would have.

    Args:
        machine: Its flavor.
        disk: GiB of its root disk; 0 if unknown.
        zone: Its zone; empty if Cluster API chooses none.
        labels: Labels that it gets from the pool.
        taints: Its taints, in the form of Cluster API.
    """
    shown = {_ARCHITECTURE: machine.architecture, **({_ZONE: zone} if zone else {}), **labels}
    resources = {
        "cpu": str(machine.cpu or ""),
        "memory": f"{round(machine.memory_gib * 1024)}Mi" if machine.memory_gib else "",
        "ephemeral-disk": f"{disk}Gi" if disk else "",
        **_gpus(machine),
        "labels": ",".join(f"{key}={value}" for key, value in shown.items()),
        "taints": ",".join(f"{t['key']}={t.get('value', '')}:{t['effect']}" for t in taints),
    }
    return {_CAPACITY.format(name): value for name, value in resources.items() if value}


def greatest(deployment: Manifest) -> int:
    """Return the greatest number of nodes of a MachineDeployment topology."""
    annotations = lookup(deployment, "metadata.annotations")
    most = annotations.get(_BOUND.format("max")) if isinstance(annotations, dict) else None
    if isinstance(most, str) and most.isdigit():
        return int(most)
    replicas = deployment.get("replicas")
    return replicas if isinstance(replicas, int) else 0


def _gpus(machine: Machine) -> dict[str, str]:
    """Return type and number of GPUs, where the name of the flavor says whose they are."""
    try:
        parsed = flavors.parse(machine.flavor)
    except ValueError:
        parsed = None
    if parsed is None or parsed.gpu is None:
        return {}
    return {"gpu-type": _GPUS[parsed.gpu.vendor], "gpu-count": str(machine.gpus or 1)}
