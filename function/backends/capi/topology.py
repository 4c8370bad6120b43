"""Build the Cluster of an order, in the form of v1beta2.

What comes from the environment rather than the order stands as it is while class and
version of the live Cluster stay, because most of it rolls machines. Variables that an order
field can set are remembered with the environment's value (`BASE`), so that an order that
stops setting one gets back what it had.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from function import names
from function.backends.capi.forms import newest
from function.backends.capi.settings import (
    ALLOWED,
    AVAILABILITY,
    CONTROL_PLANE_FLAVOR,
    EXTRA_NAMES,
    NAME,
    NODES,
    OIDC,
    POOL_DISK,
    POOL_FLAVOR,
    PRIVATE,
    CapiSettings,
    Profile,
)
from function.contract import CONTROL_PLANE, Bound, Machine, Manifest, Order, Remark, Resource
from function.errors import InvalidOrder, Problem
from function.model import API_GROUP, ClusterSpec
from function.model.cluster import ClusterNetwork
from function.model.operation import HealthCheck
from function.model.pool import NodePool
from function.model.values import seconds
from function.schema import canonical, lookup, parse
from function.settings import ClusterClass, Settings

POOL_LABEL = "node.cluster.x-k8s.io/pool"
BASE = f"{API_GROUP}/base-variables"
PROFILE = f"{API_GROUP}/profile"
CONTROL_PLANE_REPLICAS = {"None": 1, "Node": 3, "Zone": 3}
# Cluster API syncs labels of these domains from Machines to Nodes.
SYNCED = ("node-role.kubernetes.io", "node-restriction.kubernetes.io", "node.cluster.x-k8s.io")
# Machines are found by labels of these domains.
_OWN_LABELS = ("cluster.x-k8s.io", "topology.cluster.x-k8s.io")
# The taints that Cluster API 1.14 refuses.
_OWN_TAINTS = (
    "node.cluster.x-k8s.io/uninitialized",
    "node.cluster.x-k8s.io/outdated-revision",
    "node-role.kubernetes.io/master",
)
_OWN_DOMAINS = ("node.kubernetes.io", "node.cloudprovider.kubernetes.io")
_OUT = "node.kubernetes.io/out-of-service"
_AUTOSCALER = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"


@dataclass(frozen=True)
class Topology:
    """Hold what a Cluster is built from."""

    order: Order[ClusterSpec]
    settings: Settings
    bound: Bound
    before: Resource | None

    @property
    def own(self) -> CapiSettings:
        """Return the settings of this backend."""
        return self.settings.block(NAME, CapiSettings)

    @property
    def profile(self) -> Profile:
        """Return the profile of the class; the one in use stands until version or class change."""
        text = self.before.annotations.get(PROFILE, "") if self.before and self.standing else ""
        try:
            return (
                Profile.model_validate_json(text) if text else self.own.profile(self.bound.profile)
            )
        except pydantic.ValidationError:
            return self.own.profile(self.bound.profile)

    @property
    def offer(self) -> ClusterClass | None:
        """Return the offered class, which may be gone."""
        return next((c for c in self.settings.classes if c.name == self.bound.cluster_class), None)

    @property
    def stored(self) -> Manifest:
        """Return the Cluster as it was rendered before; empty for a new one."""
        return newest(self.before.payload.get("manifest")) if self.before else {}

    @property
    def standing(self) -> Manifest:
        """Return it if class and version stay as they are, else nothing."""
        topology = lookup(self.stored, "spec.topology") or {}
        now = (f"v{self.bound.version}", self.bound.class_name)
        same = (topology.get("version"), lookup(topology, "classRef.name")) == now
        return self.stored if same else {}

    def cluster(self) -> Manifest:
        """Return the Cluster; empty values are left out, because they would be refused."""
        bound, values = self.bound, self.variables()
        namespace = self.own.class_namespace
        if self.standing:
            namespace = lookup(self.standing, "spec.topology.classRef.namespace")
        network = self._network(values)
        pools = [d for pool in self.order.spec.node_pools for d in self._deployments(pool, values)]
        _check_names(pools)
        return {
            "apiVersion": "cluster.x-k8s.io/v1beta2",
            "kind": "Cluster",
            "metadata": {
                "name": lookup(self.stored, "metadata.name")
                or names.cluster(self.order.tenant, self.order.name),
                "namespace": bound.place.namespace,
                "labels": self._labels(),
            },
            "spec": {
                **({"clusterNetwork": network} if network else {}),
                "topology": {
                    "classRef": {
                        "name": bound.class_name,
                        **({"namespace": namespace} if namespace else {}),
                    },
                    "version": f"v{bound.version}",
                    "controlPlane": self._control_plane(),
                    **({"workers": {"machineDeployments": pools}} if pools else {}),
                    "variables": [{"name": n, "value": values[n]} for n in sorted(values)],
                },
            },
        }

    def base(self) -> dict[str, Any]:
        """Return the environment's value of every variable that an order field can set."""
        values = {**self.profile.variables, **(self.offer.variables if self.offer else {})}
        settable = self._settable()
        fresh = {name: value for name, value in values.items() if name in settable}
        return {**fresh, **_remembered(self.before)} if self.standing else fresh

    def variables(self) -> dict[str, Any]:
        """Return every variable: the environment's as they stand, then the order's."""
        settable = self._settable()
        values = {**self.profile.variables, **(self.offer.variables if self.offer else {})}
        zones = self.profile.target(AVAILABILITY).variable
        if zones and self.order.spec.control_plane.availability == "Zone":
            values[zones] = [zone.name for zone in self.settings.zones]
        listed = lookup(self.standing, "spec.topology.variables") or ()
        named = {v["name"]: v.get("value") for v in listed if "name" in v}
        standing = {name: value for name, value in named.items() if name not in settable}
        if self.standing:
            values = standing
        return {**values, **self.base(), **self._ordered(), **self.order.spec.variables}

    def remarks(self) -> tuple[Remark, ...]:
        """Return what this class and this management cluster cannot express."""
        profile, found = self.profile, {}
        for field in (*profile.fields, NODES, EXTRA_NAMES, CONTROL_PLANE_FLAVOR):
            reason = profile.target(field).unsupported
            if reason:
                found[field] = reason
        found |= dict(self.offer.unsupported) if self.offer else {}
        if not self.own.autoscaler:
            found["spec.nodePools[].autoscaling"] = "the number of nodes stays at min here"
        remarks = [Remark(field, reason) for field, reason in sorted(found.items())]
        return (*remarks, *self._unsynced())

    def _settable(self) -> set[str]:
        opened = self.offer.tenant_variables if self.offer else ()
        fields = (CONTROL_PLANE_FLAVOR, NODES, PRIVATE, ALLOWED, EXTRA_NAMES, OIDC)
        targets = [self.profile.target(field) for field in fields]
        named = {target.variable for target in targets if target.variable}
        also = {name for target in targets for name in target.also}
        disk = {self.profile.control_plane_disk} if self.profile.control_plane_disk else set()
        return named | also | disk | set(opened) | set(self.order.spec.variables)

    def _ordered(self) -> dict[str, Any]:
        """Return the variables that order fields set."""
        spec, found = self.order.spec, {}
        issuer = self.bound.issuer(spec)
        oidc = self.profile.target(OIDC)
        if oidc.variable and issuer and OIDC not in (self.offer.unsupported if self.offer else {}):
            dumped = issuer.model_dump(mode="json")
            found[oidc.variable] = {
                theirs: dumped[ours] for ours, theirs in oidc.object_keys.items()
            }
        found |= self._value(NODES, spec.network.nodes)
        found |= self._value(EXTRA_NAMES, list(spec.api_server.extra_names))
        found |= self._exposed() | self._allowed() | self._control_plane_machine()
        return found

    def _value(self, field: str, value: Any) -> dict[str, Any]:
        target = self.profile.target(field)
        return {target.variable: value, **target.also} if target.variable and value else {}

    def _exposed(self) -> dict[str, Any]:
        if "exposure" not in (self.order.written.get("apiServer") or {}):
            return {}
        private = self.order.spec.api_server.exposure == "Private"
        target = self.profile.target(PRIVATE)
        if target.variable:
            return {target.variable: private, **target.also}
        if private:
            raise InvalidOrder(
                Problem(PRIVATE, f"Private is not offered here: {target.unsupported}")
            )
        return {}

    def _allowed(self) -> dict[str, Any]:
        allowed = self.order.spec.api_server.allowed_cidrs
        if not allowed:
            return {}
        if not self.profile.target(ALLOWED).variable or not self.own.management_cidrs:
            raise InvalidOrder(Problem(ALLOWED, "access to API servers cannot be limited here"))
        return self._value(ALLOWED, [*allowed, *self.own.management_cidrs])

    def _control_plane_machine(self) -> dict[str, Any]:
        machine = self.bound.machines.get(CONTROL_PLANE)
        if machine is None:
            return {}
        found = self._value(CONTROL_PLANE_FLAVOR, machine.flavor)
        disk = self.profile.control_plane_disk
        if found and disk:
            found[disk] = (
                0 if machine.disk_gib is not None else self.profile.variables.get(disk, 50)
            )
        return found

    def _labels(self) -> dict[str, str]:
        kept = lookup(self.standing, "metadata.labels") or self.own.labels
        return {
            **{name: value for name, value in kept.items() if not name.startswith(API_GROUP)},
            f"{API_GROUP}/tenant": self.order.tenant,
            f"{API_GROUP}/kind": self.order.kind,
            f"{API_GROUP}/name": self.order.name,
            f"{API_GROUP}/uid": self.order.uid,
        }

    def _network(self, values: Mapping[str, Any]) -> Manifest:
        if self.stored:
            return lookup(self.stored, "spec.clusterNetwork") or {}
        asked, own = self.order.spec.network, self.own.network
        if asked.ip_families != ("IPv4",):
            raise InvalidOrder(
                Problem("spec.network.ipFamilies", "not offered here; accepted: [IPv4]")
            )
        ranges = {
            "pods": asked.pods or (own.pods if own else None),
            "services": asked.services or (own.services if own else None),
        }
        if any(lookup(self.order.written, f"network.{name}") for name in (*ranges, "nodes")):
            nodes = self.profile.target(NODES).variable
            _check_ranges({**ranges, "nodes": values.get(nodes) if nodes else None})
        return {name: {"cidrBlocks": [cidr]} for name, cidr in ranges.items() if cidr}

    def _control_plane(self) -> Manifest:
        # Never changed on a live cluster, also where the record of what was asked is lost.
        stored = lookup(self.stored, "spec.topology.controlPlane.replicas")
        asked = CONTROL_PLANE_REPLICAS[self.order.spec.control_plane.availability]
        found: Manifest = {"replicas": stored or asked}
        if self.profile.control_plane_machines:
            found["healthCheck"] = _health_check(self.order.spec.health_check)
        return found

    def _deployments(self, pool: NodePool, values: Mapping[str, Any]) -> list[Manifest]:
        """Return one MachineDeployment topology for each zone that the pool names, or one."""
        at = f"spec.nodePools[{pool.name}]"
        if pool.taints and not self.own.taints:
            raise InvalidOrder(Problem(f"{at}.taints", "taints are not offered here"))
        _check_keys(pool, at)
        zones = pool.zones or ("",)
        if pool.autoscaling and pool.autoscaling.min < len(zones):
            text = f"must be at least {len(zones)} here, one for each zone"
            raise InvalidOrder(Problem(f"{at}.autoscaling.min", text))
        overrides = self._overrides(pool, values)
        workers = lookup(self.standing, "spec.topology.workers.machineDeployments") or ()
        classes = {w["name"]: w["class"] for w in workers if "name" in w and "class" in w}
        return [
            {
                "class": classes.get(name, self.profile.worker_class),
                "name": name,
                **(
                    {}
                    if pool.autoscaling
                    else {"replicas": _share(pool.replicas or 0, index, zones)}
                ),
                **({"failureDomain": zone} if zone else {}),
                "metadata": _pool_metadata(pool, index, zones),
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
                **_taints(pool),
                "healthCheck": _health_check(self.order.spec.health_check),
                **({"variables": {"overrides": overrides}} if overrides else {}),
            }
            for index, zone in enumerate(zones)
            for name in [names.topology(pool.name, zone if len(zones) > 1 else "")]
        ]

    def _overrides(self, pool: NodePool, values: Mapping[str, Any]) -> list[Manifest]:
        machine = self.bound.machines[pool.name]
        flavor, disk = (self.profile.target(f).override for f in (POOL_FLAVOR, POOL_DISK))
        found: dict[str, Any] = {flavor: machine.flavor} if flavor else {}
        if disk:
            found[disk] = _root_disk(pool, machine, values.get(disk))
        return [{"name": name, "value": found[name]} for name in sorted(found)]

    def _unsynced(self) -> list[Remark]:
        if self.own.all_labels:
            return []
        reason = f"reach machines only; nodes get those of the domains {', '.join(SYNCED)}"
        return [
            Remark(f"spec.nodePools[{pool.name}].labels", reason)
            for pool in self.order.spec.node_pools
            if any(not _synced(key) for key in pool.labels)
        ]


def _remembered(before: Resource | None) -> dict[str, Any]:
    text = before.annotations.get(BASE, "") if before else ""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def remember(topology: Topology) -> dict[str, str]:
    """Return the annotations by which the next call knows what stands."""
    profile = topology.profile.model_dump(mode="json", exclude_defaults=True)
    return {BASE: canonical(topology.base()), PROFILE: canonical(profile)}


def _check_names(deployments: list[Manifest]) -> None:
    """Refuse a pool that has the name of another pool in one of its zones.

    Raises:
        InvalidOrder: There is one.
    """
    seen = set()
    for deployment in deployments:
        name = deployment["name"]
        if name in seen:
            text = f"{name} is also a pool in one of its zones here; choose another name"
            raise InvalidOrder(Problem("spec.nodePools", text))
        seen.add(name)


def _check_ranges(ranges: Mapping[str, Any]) -> None:
    """Refuse ranges that overlap, those of the environment included, and those not of IPv4.

    Raises:
        InvalidOrder: There are such, which Cluster API would let pass.
    """
    known = {name: cidr for name, cidr in ranges.items() if isinstance(cidr, str)}
    problems = [
        Problem(f"spec.network.{name}", "must be of IPv4 here")
        for name, cidr in known.items()
        if ":" in cidr
    ]
    if problems:
        raise InvalidOrder(*problems)
    parse(ClusterNetwork, known, at="spec.network", blame=InvalidOrder)


def _check_keys(pool: NodePool, at: str) -> None:
    """Refuse keys of labels and taints that belong to Kubernetes and Cluster API.

    Raises:
        InvalidOrder: There are such.
    """
    problems = [
        Problem(f"{at}.labels.{key}", "is set by the provider")
        for key in pool.labels
        if key == POOL_LABEL or _domain(key) in _OWN_LABELS
    ] + [
        Problem(f"{at}.taints", f"{taint.key} is set by the cluster itself")
        for taint in pool.taints
        if taint.key in _OWN_TAINTS or (_domain(taint.key) in _OWN_DOMAINS and taint.key != _OUT)
    ]
    if problems:
        raise InvalidOrder(*problems)


def _domain(key: str) -> str:
    return key.partition("/")[0] if "/" in key else ""


def _share(count: int, index: int, zones: tuple[str, ...]) -> int:
    """Return how many of the nodes stand in one of the zones; the first get the odd ones."""
    share, rest = divmod(count, len(zones))
    return share + (index < rest)


def _pool_metadata(pool: NodePool, index: int, zones: tuple[str, ...]) -> Manifest:
    found: Manifest = {"labels": {POOL_LABEL: pool.name, **pool.labels}}
    if pool.autoscaling:
        bounds = {"min": pool.autoscaling.min, "max": pool.autoscaling.max}
        found["annotations"] = {
            _AUTOSCALER.format(name): str(_share(count, index, zones))
            for name, count in bounds.items()
        }
    return found


def _drain(pool: NodePool) -> Manifest:
    if pool.drain_timeout is None:
        return {}
    return {"deletion": {"nodeDrainTimeoutSeconds": seconds(pool.drain_timeout)}}


def _taints(pool: NodePool) -> Manifest:
    taints = [
        {
            "key": taint.key,
            **({"value": taint.value} if taint.value else {}),
            "effect": taint.effect,
            "propagation": "Always",
        }
        for taint in pool.taints
    ]
    return {"taints": taints} if taints else {}


def _health_check(check: HealthCheck) -> Manifest:
    if not check.enabled:
        return {"enabled": False}
    timeout = seconds(check.unhealthy_after)
    return {
        "enabled": True,
        "checks": {
            "unhealthyNodeConditions": [
                {"type": "Ready", "status": status, "timeoutSeconds": timeout}
                for status in ("Unknown", "False")
            ]
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": check.max_unhealthy}},
    }


def _root_disk(pool: NodePool, machine: Machine, default: Any) -> Any:
    """Return GiB of the root volume; 0 boots from the disk of the flavor."""
    if pool.root_volume:
        return pool.root_volume.size_gib
    if machine.disk_gib is not None:
        return 0
    return (pool.size and pool.size.disk_gib) or default


def _synced(key: str) -> bool:
    domain = _domain(key)
    return any(domain == known or domain.endswith(f".{known}") for known in SYNCED)
