"""Build the MachineDeployment topologies of the pools of an order."""

from collections.abc import Iterable, Mapping
from typing import Any

from function import labels, names, shapes
from function.backends.capi import live, machines, scaling
from function.backends.capi.effective import ClusterContext
from function.backends.capi.gaps import SYNCED
from function.backends.capi.machines import Extras
from function.backends.capi.profile import DEFAULT_DISK
from function.backends.capi.remediation import health_check
from function.backends.capi.settings import OWN_LABELS
from function.backends.capi.targets import (
    POOL_AFFINITY,
    POOL_DISK,
    POOL_DISK_TYPE,
    POOL_FLAVOR,
    POOL_VOLUMES,
)
from function.backends.capi.variables import is_pinned
from function.contract import Manifest
from function.errors import EnvironmentInvalid, InvalidOrder, Problem
from function.model import API_GROUP
from function.model.pool import NodePool
from function.model.values import seconds
from function.paths import lookup
from function.record import Machine

POOL_LABEL = "node.cluster.x-k8s.io/pool"
# Its extensions, and we, find resources by labels of these domains and their subdomains; tenants
# may set labels of the domain that it syncs to nodes.
_RESERVED_LABELS = ("x-k8s.io", API_GROUP)
_NODE_LABELS = ("node.cluster.x-k8s.io",)
# The taints that Cluster API 1.14 refuses.
_OWN_TAINTS = (
    "node.cluster.x-k8s.io/uninitialized",
    "node.cluster.x-k8s.io/outdated-revision",
    "node-role.kubernetes.io/master",
)
_OWN_DOMAINS = ("node.kubernetes.io", "node.cloudprovider.kubernetes.io")
_OUT = "node.kubernetes.io/out-of-service"


def deployments(context: ClusterContext, values: Mapping[str, Any]) -> list[Manifest]:
    """Return the MachineDeployment topologies of all pools.

    Args:
        context: Input of the Cluster.
        values: Every variable of the cluster.

    Raises:
        InvalidOrder: A pool asks for what would be unsafe to ignore, or has a duplicate name.
    """
    result = [d for pool in context.order.spec.node_pools for d in _of_pool(context, pool, values)]
    _check_names(result)
    return result


def node_volumes(context: ClusterContext, cluster: Manifest) -> dict[str, int]:
    """Return the GiB of all volumes of one node, by pool, as rendered in a Cluster."""
    shared = live.by_name(lookup(cluster, "spec.topology.variables"))
    disk, further = (
        context.settings.class_profile.target(field) for field in (POOL_DISK, POOL_VOLUMES)
    )
    size_key = further.object_keys.get("sizeGiB", "")
    totals = {}
    for deployment in live.deployments(cluster):
        values = shared | live.overrides(deployment)
        root = shapes.count(disk.read(values))
        volumes = shapes.mappings(values.get(further.override or ""))
        sizes = [shapes.count(volume.get(size_key)) for volume in volumes]
        pool = order_name(deployment)
        totals[pool] = sum(sizes) + (root or context.bound.machines[pool].disk_gib or 0)
    return totals


def order_name(deployment: Manifest) -> str:
    """Return the name that the order gives to the pool of a MachineDeployment topology."""
    known = lookup(deployment, "metadata.labels") or {}
    return str(known.get(POOL_LABEL, deployment["name"]))


def sizes(cluster: Manifest) -> dict[str, int | None]:
    """Return the number of nodes of each pool; None for an autoscaled one."""
    result: dict[str, int | None] = {}
    for deployment in live.deployments(cluster):
        name, count = order_name(deployment), deployment.get("replicas")
        others = result.get(name, 0)
        result[name] = None if others is None or count is None else others + count
    return result


def _of_pool(context: ClusterContext, pool: NodePool, values: Mapping[str, Any]) -> list[Manifest]:
    """Return one MachineDeployment topology for each zone of the pool; one if it names none."""
    at = f"spec.nodePools[{pool.name}]"
    zones = pool.zones or ("",)
    _check(context, pool, zones, at)
    extras = machines.of_pool(context, pool, _stored(context, pool))
    overrides = _overrides(context, pool, values, extras)
    classes = context.settings.worker_classes
    known = {w.get("failureDomain"): w["name"] for w in _stored_all(context, pool)}
    applied = {w["name"]: w for w in _stored_all(context, pool)}
    result = []
    for index, zone in enumerate(zones):
        # An existing name is kept: under another name the nodes of a zone would be replaced.
        name = known.get(zone) or names.topology(pool.name, zone if len(zones) > 1 else "")
        count = scaling.share(pool.replicas or 0, index, zones)
        topology: Manifest = {
            "class": extras.worker_class
            or classes.get(name, context.settings.class_profile.worker_class),
            "name": name,
            **({} if pool.autoscaling else {"replicas": count}),
            **({"failureDomain": zone} if zone else {}),
            "metadata": {"labels": {POOL_LABEL: pool.name, **pool.labels, **extras.labels}},
            "rollout": {
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {
                        "maxSurge": pool.update.max_surge,
                        "maxUnavailable": pool.update.max_unavailable,
                    },
                }
            },
            **_drain(pool),
            **_tainted([*_taints(pool), *extras.taints]),
            **health_check(context, applied.get(name, {})),
            **({"variables": {"overrides": overrides}} if overrides else {}),
        }
        annotations = _annotations(context, pool, index, values, topology)
        if annotations:
            topology["metadata"]["annotations"] = annotations
        result.append(topology)
    return result


def _check(context: ClusterContext, pool: NodePool, zones: tuple[str, ...], at: str) -> None:
    """Refuse what would be unsafe to ignore, and keys reserved by Kubernetes and Cluster API.

    Raises:
        InvalidOrder: The pool has some of them.
    """
    known = _stored(context, pool).get("taints") or ()
    if not context.settings.taints and any(taint not in known for taint in _taints(pool)):
        raise InvalidOrder(Problem(f"{at}.taints", "taints are not offered here"))
    problems = _label_problems(context, pool, at) + [
        Problem(f"{at}.taints", f"{taint.key} is set by the cluster itself")
        for taint in pool.taints
        if taint.key in _OWN_TAINTS
        or (labels.domain(taint.key) in _OWN_DOMAINS and taint.key != _OUT)
    ]
    if problems:
        raise InvalidOrder(*problems)
    _check_zones(context, pool, zones, at)
    _check_least(context, pool, zones, at)


def _check_least(context: ClusterContext, pool: NodePool, zones: tuple[str, ...], at: str) -> None:
    """Refuse fewer nodes than zones, where the autoscaler cannot start from none.

    Raises:
        InvalidOrder: A pool may have none in a zone, and did not have these bounds before.
    """
    if not pool.autoscaling or context.settings.scale_to_zero:
        return
    if pool.autoscaling.min < len(zones) and not _has_bounds(context, pool, zones):
        each = ", one for each zone" if len(zones) > 1 else ""
        text = f"must be at least {len(zones)} here{each}"
        raise InvalidOrder(Problem(f"{at}.autoscaling.min", text))


def _has_bounds(context: ClusterContext, pool: NodePool, zones: tuple[str, ...]) -> bool:
    """Say whether the live pool has the bounds of the order already."""
    stored = [lookup(d, "metadata.annotations") or {} for d in _stored_all(context, pool)]
    return len(stored) == len(zones) and all(
        scaling.bounds(pool, index, zones).items() <= known.items()
        for index, known in enumerate(stored)
    )


def _label_problems(context: ClusterContext, pool: NodePool, at: str) -> list[Problem]:
    """Return the problems of labels: they reach Machines, which belong to the provider.

    A live pool keeps labels that were reserved later.
    """
    stored = lookup(_stored(context, pool), "metadata.labels") or {}
    rules = context.settings.class_profile.machines
    providers = {key for rule in rules for key in rule.labels}
    config = {key for key in pool.labels if key == POOL_LABEL or labels.domain(key) in OWN_LABELS}
    reserved = {
        key
        for key in labels.changed(pool.labels, stored)
        if key in providers
        or labels.is_within(key, context.settings.reserved_labels)
        or (labels.is_within(key, _RESERVED_LABELS) and not labels.is_within(key, _NODE_LABELS))
    }
    return [
        Problem(
            f"{at}.labels.{key}",
            "is set by the provider" if key in config else labels.RESERVED,
        )
        for key in sorted(config | reserved)
    ]


def _check_zones(context: ClusterContext, pool: NodePool, zones: tuple[str, ...], at: str) -> None:
    """Refuse to move nodes to another zone, even if the record of the request is lost.

    Raises:
        InvalidOrder: A zone in which the pool has nodes is no longer named.
    """
    if not context.live.holds("spec.nodePools"):
        return
    revertible = [d.get("failureDomain", "") for d in _stored_all(context, pool)]
    if not set(revertible) <= set(zones):
        found = f"nodes of this pool are in {', '.join(filter(None, revertible)) or 'no zone'}"
        raise InvalidOrder(Problem(f"{at}.zones", f"{found}, and are not moved"))


def _overrides(
    context: ClusterContext, pool: NodePool, values: Mapping[str, Any], extras: Extras
) -> list[Manifest]:
    """Return the pool's overrides of the class's variables, each as a complete value."""
    machine, stored = context.bound.machines[pool.name], live.overrides(_stored(context, pool))
    requested = {
        POOL_FLAVOR: machine.flavor,
        POOL_DISK: _root_disk(context, pool, values, stored),
        POOL_DISK_TYPE: _root_type(context, pool),
        POOL_VOLUMES: _volumes(context, pool),
        POOL_AFFINITY: pool.anti_affinity,
    }
    found = dict(extras.variables)
    for field, value in requested.items():
        target = context.settings.class_profile.target(field)
        written = {} if value is None else target.writes(value, {**values, **found})
        where = field.replace("[]", f"[{pool.name}]")
        if field == POOL_FLAVOR and pool.size:
            where = f"spec.nodePools[{pool.name}].size"
        if not is_pinned(context, where, written, stored):
            found |= written
    _add_class_volumes(context, pool, values, found)
    return live.named(found)


def _stored(context: ClusterContext, pool: NodePool) -> Manifest:
    """Return a previously rendered MachineDeployment topology of the pool."""
    return next(iter(_stored_all(context, pool)), {})


def _stored_all(context: ClusterContext, pool: NodePool) -> list[Manifest]:
    """Return all previously rendered MachineDeployment topologies of the pool, one per zone."""
    listed = live.deployments(context.live.applied)
    return [d for d in listed if (lookup(d, "metadata.labels") or {}).get(POOL_LABEL) == pool.name]


def _root_disk(
    context: ClusterContext, pool: NodePool, values: Mapping[str, Any], stored: Manifest
) -> Any:
    """Return the GiB of the root volume, or what the class takes for the disk of the flavor."""
    machine = context.bound.machines[pool.name]
    if pool.root_volume:
        return pool.root_volume.size_gib
    if machine.disk_gib is not None:
        return context.settings.class_profile.target(POOL_DISK).no_disk
    ordered = pool.size and pool.size.disk_gib
    return ordered or _default_disk(context, machine, values, stored)


def _default_disk(
    context: ClusterContext, machine: Machine, values: Mapping[str, Any], stored: Manifest
) -> Any:
    """Return the GiB of the root volume of a pool whose order and flavor have none.

    A default of 0 that control planes share is for a flavor of theirs, which has a disk. A live
    pool keeps it nevertheless until its flavor changes.
    """
    profile = context.settings.class_profile
    disk, flavor = profile.target(POOL_DISK), profile.target(POOL_FLAVOR)
    given = disk.read(values)
    if disk.override not in profile.shared or given != 0:
        return given
    written = disk.writes(given, stored) | flavor.writes(machine.flavor, stored)
    if written.items() <= stored.items() and context.live.is_started:
        return given
    return profile.default_disk or DEFAULT_DISK


def _root_type(context: ClusterContext, pool: NodePool) -> str | None:
    requested = pool.root_volume.type if pool.root_volume else None
    return context.bound.volume_types.get(requested) if requested else None


def _volumes(context: ClusterContext, pool: NodePool) -> list[Manifest] | None:
    """Return the further volumes of each node, with the backend's types."""
    types = context.bound.volume_types
    return [
        {"name": v.name, "sizeGiB": v.size_gib, "type": types.get(v.type) if v.type else None}
        for v in pool.data_volumes
    ] or None


def _add_class_volumes(
    context: ClusterContext, pool: NodePool, values: Mapping[str, Any], found: dict[str, Any]
) -> None:
    """Put the volumes that the class gives to every node before those of the pool.

    Raises:
        InvalidOrder: Volumes have duplicate names.
        EnvironmentInvalid: The value of the class is not a list of volumes.
    """
    target = context.settings.class_profile.target(POOL_VOLUMES)
    if target.override not in found:
        return
    given = values.get(target.override) or []
    if shapes.mappings(given) != given:
        text = f"variable {target.override} must be a list of volumes, each a mapping"
        raise EnvironmentInvalid(Problem(f"classes[{context.bound.cluster_class}].variables", text))
    taken = [volume.get(target.object_keys.get("name")) for volume in given]
    at = f"spec.nodePools[{pool.name}].dataVolumes"
    problems = [
        Problem(f"{at}[{volume.name}].name", "is taken by a volume of the provider")
        for volume in pool.data_volumes
        if volume.name in taken
    ]
    if problems:
        raise InvalidOrder(*problems)
    found[target.override] = [*given, *found[target.override]]


def _annotations(
    context: ClusterContext,
    pool: NodePool,
    index: int,
    values: Mapping[str, Any],
    topology: Manifest,
) -> dict[str, str]:
    """Return what cluster-autoscaler reads of a pool in one of its zones.

    Args:
        context: Input of the Cluster.
        pool: The pool.
        index: Number of the zone.
        values: Every variable of the cluster.
        topology: Its MachineDeployment topology, without annotations.
    """
    found = scaling.bounds(pool, index, pool.zones or ("",))
    if not scaling.is_from_zero(found):
        return found
    machine = context.bound.machines[pool.name]
    own = {**values, **live.overrides(topology)}
    disk = shapes.count(context.settings.class_profile.target(POOL_DISK).read(own))
    shown = {
        key: value
        for key, value in topology["metadata"]["labels"].items()
        if context.settings.all_labels or labels.is_within(key, SYNCED)
    }
    zone, taints = topology.get("failureDomain", ""), topology.get("taints", ())
    return found | scaling.capacity(machine, disk or machine.disk_gib or 0, zone, shown, taints)


def _drain(pool: NodePool) -> Manifest:
    if pool.drain_timeout is None:
        return {}
    return {"deletion": {"nodeDrainTimeoutSeconds": seconds(pool.drain_timeout)}}


def _taints(pool: NodePool) -> list[Manifest]:
    return list(map(machines.form, pool.taints))


def _tainted(taints: Iterable[Manifest]) -> Manifest:
    """Return taints, of which the first of each key and effect counts."""
    found = dict[tuple[str, str], Manifest]()
    for taint in taints:
        found.setdefault((taint["key"], taint["effect"]), taint)
    return {"taints": list(found.values())} if found else {}


def _check_names(found: list[Manifest]) -> None:
    """Refuse a pool whose name is that of another pool's topology in one of its zones.

    Raises:
        InvalidOrder: There is one.
    """
    seen = set()
    for deployment in found:
        name = deployment["name"]
        if name in seen:
            text = f"{name} is also a pool in one of its zones here; choose another name"
            raise InvalidOrder(Problem("spec.nodePools", text))
        seen.add(name)
