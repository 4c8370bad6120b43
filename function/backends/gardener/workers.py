"""Build the worker pools of a Shoot."""

from function import labels
from function.backends.gardener.effective import EXTENSION_API, ShootContext
from function.contract import Manifest, Remark
from function.errors import InvalidOrder, Problem
from function.model import API_GROUP
from function.model.pool import NodePool, Taint
from function.paths import lookup
from function.record import Machine

_OWN_TAINT = "node.gardener.cloud/critical-components-not-ready"
# Domains by which Kubernetes, Gardener and its machine controllers communicate through nodes.
_OWN_DOMAINS = ("kubernetes.io", "k8s.io", "gardener.cloud", "sapcloud.io")
# Domains of labels by which Gardener and its machine controllers select nodes, and by which we
# select the resources of an order.
_RESERVED = ("gardener.cloud", "sapcloud.io", API_GROUP)


def pools(context: ShootContext) -> list[Manifest]:
    """Return the worker pools.

    Raises:
        InvalidOrder: There are none, or one asks for what is not possible.
    """
    result = [_worker(context, pool) for pool in context.order.spec.node_pools]
    if not result:
        # Workers can never be added to a shoot that was created without any.
        raise InvalidOrder(Problem("spec.nodePools", "at least one pool is needed here"))
    if not any(pool["maximum"] for pool in result):
        raise InvalidOrder(Problem("spec.nodePools", "at least one node is needed here"))
    _check_spread(result)
    return result


def node_volumes(context: ShootContext, applied: list[Manifest]) -> dict[str, int]:
    """Return the GiB of all volumes of one node, by pool, as rendered in a Shoot."""
    machines = context.bound.machines
    return {
        pool["name"]: sum(
            _gib(lookup(volume, "size")) for volume in (pool.get("volume"), *_further(pool))
        )
        + (0 if "volume" in pool else machines[pool["name"]].disk_gib or 0)
        for pool in applied
    }


def _further(pool: Manifest) -> list[Manifest]:
    listed: list[Manifest] = pool.get("dataVolumes", [])
    return listed


def _gib(size: object) -> int:
    number = str(size or "").removesuffix("Gi")
    return int(number) if number.isdigit() else 0


def without_affinity(context: ShootContext) -> list[Remark]:
    """Return the pools whose nodes cannot be kept on different hosts."""
    text = "the provider decides on which hosts nodes run"
    return [
        Remark(f"spec.nodePools[{pool.name}].antiAffinity", text)
        for pool in context.order.spec.node_pools
        if pool.anti_affinity and not context.settings.policies[pool.name]
    ]


def _worker(context: ShootContext, pool: NodePool) -> Manifest:
    machine = context.bound.machines[pool.name]
    low, high = pool.bounds
    _check_steering(context, pool)
    volume = _volume(context, pool, machine)
    return {
        "name": pool.name,
        "minimum": low,
        "maximum": high,
        "zones": _zones(context, pool),
        "machine": {
            "type": context.settings.machine_types[pool.name][1],
            "architecture": machine.architecture,
        },
        **volume,
        **_data_volumes(context, pool, volume),
        "maxSurge": pool.update.max_surge,
        "maxUnavailable": pool.update.max_unavailable,
        **({"labels": dict(pool.labels)} if pool.labels else {}),
        **({"annotations": dict(pool.annotations)} if pool.annotations else {}),
        **({"taints": [_taint(taint) for taint in pool.taints]} if pool.taints else {}),
        **_timeouts(context, pool),
        **_server_group(context, pool),
    }


def _taint(taint: Taint) -> Manifest:
    """Return a taint; an empty value is omitted, as in every backend."""
    return {name: value for name, value in taint.model_dump().items() if value}


def _zones(context: ShootContext, pool: NodePool) -> list[str]:
    stored = context.live.worker(pool.name).get("zones")
    if stored:
        # Zones can only be added to a live pool.
        return [*stored, *(zone for zone in pool.zones if zone not in stored)]
    _, high = pool.bounds
    if pool.zones and high < len(pool.zones):
        at = f"spec.nodePools[{pool.name}].zones"
        raise InvalidOrder(
            Problem(at, f"a pool of at most {high} nodes spreads over at most {high} zones here")
        )
    return list(pool.zones or context.bound.zones[pool.name][: max(high, 1)])


def _volume(context: ShootContext, pool: NodePool, machine: Machine) -> Manifest:
    """Return the root volume; none if the flavor's own disk is used."""
    default, requested = context.settings.default_volume, pool.root_volume
    stored = context.settings.root_volumes.get(pool.name)
    size = requested.size_gib if requested else (pool.size and pool.size.disk_gib)
    if size is None and machine.disk_gib is not None:
        return {}
    if size is None and stored:
        return {"volume": stored}
    if size is None and default is None:
        return {}
    kind = (stored or {}).get("type") or (default.type if default else None)
    kind = context.bound.volume_types.get((requested and requested.type) or "", kind)
    size = size or (default.size_gib if default else 0)
    return {"volume": {**({"type": kind} if kind else {}), "size": f"{size}Gi"}}


def _data_volumes(context: ShootContext, pool: NodePool, volume: Manifest) -> Manifest:
    """Return the further volumes; Gardener accepts them only together with a root volume.

    Raises:
        InvalidOrder: There is no root volume.
    """
    if not pool.data_volumes:
        return {}
    if not volume:
        text = "need a rootVolume beside them here, because the flavor brings a disk of its own"
        raise InvalidOrder(Problem(f"spec.nodePools[{pool.name}].dataVolumes", text))
    given = context.settings.default_volume
    default = given.type if given else None
    found = [
        {
            "name": requested.name,
            **({"type": kind} if kind else {}),
            "size": f"{requested.size_gib}Gi",
        }
        for requested in pool.data_volumes
        for kind in [context.bound.volume_types.get(requested.type or "", default)]
    ]
    return {"dataVolumes": found}


def _server_group(context: ShootContext, pool: NodePool) -> Manifest:
    policy = context.settings.policies.get(pool.name)
    if policy is None:
        return {}
    return {
        "providerConfig": {
            "apiVersion": EXTENSION_API,
            "kind": "WorkerConfig",
            "serverGroup": {"policy": policy},
        }
    }


def _timeouts(context: ShootContext, pool: NodePool) -> Manifest:
    found: Manifest = {}
    if pool.drain_timeout:
        found["machineDrainTimeout"] = pool.drain_timeout
    check = context.order.spec.health_check
    if "unhealthy_after" in check.model_fields_set:
        found["machineHealthTimeout"] = check.unhealthy_after
    return {"machineControllerManager": found} if found else {}


def _check_steering(context: ShootContext, pool: NodePool) -> None:
    """Refuse labels, annotations and taints by which Kubernetes and Gardener control nodes.

    A live pool keeps labels and annotations that were reserved later.

    Raises:
        InvalidOrder: The pool has some of them.
    """
    steering = [
        f"annotations.{key}" for key in pool.annotations if labels.is_within(key, _OWN_DOMAINS)
    ]
    steering += [
        f"taints[{index}].key" for index, taint in enumerate(pool.taints) if taint.key == _OWN_TAINT
    ]
    stored, texts = (
        context.live.worker(pool.name),
        dict.fromkeys(steering, "is set by the provider"),
    )
    for field, current in (("labels", pool.labels), ("annotations", pool.annotations)):
        for key in labels.changed(current, stored.get(field) or {}):
            if labels.is_within(key, _RESERVED):
                texts.setdefault(f"{field}.{key}", labels.RESERVED)
    if texts:
        at = f"spec.nodePools[{pool.name}]"
        raise InvalidOrder(*(Problem(f"{at}.{field}", texts[field]) for field in sorted(texts)))


def _check_spread(workers: list[Manifest]) -> None:
    """Refuse too few nodes for the zones of a pool, which it never leaves.

    Of the pools with the same zones, at least one needs a node in each zone.

    Raises:
        InvalidOrder: No such pool has enough nodes.
    """
    wide = {frozenset(w["zones"]) for w in workers if w["maximum"] >= len(w["zones"])}
    problems = [
        Problem(
            f"spec.nodePools[{worker['name']}]",
            f"must have at least {len(worker['zones'])} nodes, one for each of its zones",
        )
        for worker in workers
        if worker["maximum"] and frozenset(worker["zones"]) not in wide
    ]
    if problems:
        raise InvalidOrder(*problems)
