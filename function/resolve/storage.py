"""Count the volumes that the environment gives to nodes and that an order does not mention."""

from collections.abc import Mapping
from typing import Any

from function.contract import Order
from function.model.pool import NodePool
from function.paths import lookup
from function.record import Bound, Machine

# Storage given by the environment, in the recorded estimate; absent in older records.
GIVEN = "givenStorageGiB"


def pool_storage(pool: NodePool, machine: Machine) -> int:
    """Return the GiB that the order gives a node: its further volumes and its root disk.

    The root disk is its root volume, the flavor's disk, or the requested size.
    """
    further = sum(volume.size_gib for volume in pool.data_volumes)
    if pool.root_volume:
        return further + pool.root_volume.size_gib
    return further + max((pool.size and pool.size.disk_gib) or 0, machine.disk_gib or 0)


def with_given(
    order: Order[Any],
    machines: Mapping[str, Machine],
    volumes: Mapping[str, int],
    counted: Mapping[str, float],
) -> dict[str, float]:
    """Return the size of an order including storage given by the environment, for the record.

    Args:
        order: The order.
        machines: What was decided for its pools.
        volumes: GiB of all volumes of one node, by pool, as they are rendered.
        counted: Size of the order without storage given by the environment.
    """
    if not _pools(order):
        return dict(counted)
    extra = _given(order, machines, volumes)
    total = sum(pool.bounds[1] * extra[pool.name] for pool in _pools(order))
    return {**counted, "storageGiB": counted["storageGiB"] + total, GIVEN: total}


def recorded(
    order: Order[Any],
    machines: Mapping[str, Machine],
    volumes: Mapping[str, int],
    previous: Bound | None,
) -> dict[str, float] | None:
    """Return the size at the last answer, counted the current way; None for a new order.

    An older record lacks the storage given by the environment: it is added, as each pool still
    gets the same.
    """
    if previous is None or GIVEN in previous.estimate or "storageGiB" not in previous.estimate:
        return previous.estimate if previous else None
    extra = _given(order, machines, volumes)
    pools = lookup(previous.request, "nodePools") or ()
    total = sum(_most(pool) * extra.get(str(pool.get("name")), 0) for pool in pools)
    return {**previous.estimate, "storageGiB": previous.estimate["storageGiB"] + total}


def _pools(order: Order[Any]) -> tuple[NodePool, ...]:
    return getattr(order.spec, "node_pools", ())


def _given(
    order: Order[Any], machines: Mapping[str, Machine], volumes: Mapping[str, int]
) -> dict[str, int]:
    """Return the GiB that the environment gives to a node, by pool."""
    return {
        pool.name: max(volumes.get(pool.name, 0) - pool_storage(pool, machines[pool.name]), 0)
        for pool in _pools(order)
    }


def _most(pool: Mapping[str, Any]) -> int:
    return int(lookup(pool, "autoscaling.max") or lookup(pool, "replicas") or 0)
