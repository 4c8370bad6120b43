"""Build the Shoot of an order, and the ConfigMap by which its users log in.

Only fields that are meant to be owned are rendered: Gardener fills in the rest. What would
roll machines and comes from the environment, such as zones and volumes, is taken from the
live Shoot while its version stays. The ConfigMap has its content's hash in its name,
because only a change of the Shoot's spec makes Gardener read it again.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from function import names
from function.backends.gardener.login import authentication
from function.backends.gardener.operation import hibernation, maintenance
from function.backends.gardener.settings import NAME, GardenerSettings
from function.backends.gardener.status import (
    KEY,
    READY_QUERY,
    endpoint,
    live_shoot,
    ready,
    workers,
)
from function.contract import Bound, Machine, Manifest, Order, Resource
from function.errors import InvalidOrder, Problem
from function.model import API_GROUP, ClusterSpec
from function.model.cluster import ClusterNetwork
from function.model.pool import NodePool
from function.schema import canonical, digest, lookup, parse
from function.settings import Settings

LOGIN = "gardener-login"
CONFIRMATION = "confirmation.gardener.cloud/deletion"
EXTENSION_API = "openstack.provider.extensions.gardener.cloud/v1alpha1"
TYPES = f"{API_GROUP}/machine-types"
CONFIG_MAP = "spec.kubernetes.kubeAPIServer.structuredAuthentication.configMapName"


class Shoot:
    """Hold what the resources of one order are rendered from."""

    def __init__(
        self,
        order: Order[ClusterSpec],
        settings: Settings,
        bound: Bound,
        observed: Mapping[str, Resource],
    ) -> None:
        self.order, self.settings, self.bound, self.observed = order, settings, bound, observed
        self.own = settings.block(NAME, GardenerSettings)
        self.before = observed.get(KEY)
        self.stored: Manifest = (self.before.payload.get("manifest") if self.before else None) or {}
        self.name = str(
            lookup(self.stored, "metadata.name")
            or names.shoot(self.own.project, order.tenant, order.name)
        )
        # What the environment sets stands until the version changes.
        self.standing = lookup(self.stored, "spec.kubernetes.version") == bound.version

    def resource(self, login: Resource | None) -> Resource:
        """Return the Object of the Shoot."""
        live = live_shoot(self.before)
        known = self.before.options.get("connectionDetails") if self.before else None
        details = self._connection_details() if endpoint(live) else known
        return Resource(
            key=KEY,
            family="kubernetes",
            kind="Object",
            payload={"manifest": self.manifest(login)},
            options={
                "watch": True,
                "readiness": {"policy": "DeriveFromCelQuery", "celQuery": READY_QUERY},
                **({"connectionDetails": details} if details else {}),
            },
            secret=bool(details),
            annotations={TYPES: canonical(self.machine_types())},
            ready=ready(live),
        )

    def manifest(self, login: Resource | None) -> Manifest:
        """Return the Shoot."""
        spec, own = self.order.spec, self.own
        return {
            "apiVersion": "core.gardener.cloud/v1beta1",
            "kind": "Shoot",
            "metadata": {
                "name": self.name,
                "namespace": self.bound.place.namespace,
                # Needed before a delete, and nothing is updated any more once one is under way.
                "annotations": {CONFIRMATION: "true"},
                "labels": self._labels(),
            },
            "spec": {
                "cloudProfile": self._fixed("cloudProfile", own.cloud_profile.model_dump()),
                "credentialsBindingName": self._fixed(
                    "credentialsBindingName", own.credentials_binding
                ),
                "region": self._fixed("region", own.region),
                "purpose": self._standing("purpose", own.purpose),
                **self._control_plane(),
                **self._exposure(),
                "kubernetes": {"version": self.bound.version, **_api_server(login)},
                **self._network(),
                "provider": {"type": "openstack", **self._infrastructure(), **self._pools()},
                "maintenance": maintenance(spec),
                **hibernation(spec),
                **self._extensions(),
            },
        }

    def login(self) -> Resource | None:
        """Return the Object of the authentication ConfigMap; none without an issuer."""
        issuer = self.bound.issuer(self.order.spec)
        if issuer is None:
            return None
        content = yaml.safe_dump(authentication(issuer, self.order.spec), sort_keys=True)
        mark = digest(content)[7:15]
        key = f"{LOGIN}-{mark}"
        before = self.observed.get(key)
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"{self.name}-login-{mark}",
                "namespace": self.bound.place.namespace,
                "labels": self._labels(),
            },
            "data": {"config.yaml": content},
        }
        return Resource(
            key=key,
            family="kubernetes",
            kind="Object",
            payload={"manifest": manifest},
            ready=bool(before and lookup(live_shoot(before), "metadata.uid")),
        )

    def former_logins(self, login: Resource | None) -> list[Resource]:
        """Return former ConfigMaps that the live Shoot still reads."""
        used = lookup(live_shoot(self.before), CONFIG_MAP)
        successor = self.observed.get(login.key) if login else None
        done = successor is not None and lookup(live_shoot(successor), "metadata.uid")
        return [
            Resource(
                key=key,
                family="kubernetes",
                kind="Object",
                payload={"manifest": found.payload["manifest"]},
                ready=True,
            )
            for key, found in sorted(self.observed.items())
            if key.startswith(f"{LOGIN}-")
            and (login is None or key != login.key)
            and "manifest" in found.payload
            and (not done or lookup(found.payload, "manifest.metadata.name") == used)
        ]

    def _labels(self) -> dict[str, str]:
        return {
            f"{API_GROUP}/tenant": self.order.tenant,
            f"{API_GROUP}/kind": self.order.kind,
            f"{API_GROUP}/name": self.order.name,
            f"{API_GROUP}/uid": self.order.uid,
        }

    def _fixed(self, field: str, value: Any) -> Any:
        """Return what was rendered first: Gardener never lets it change."""
        return lookup(self.stored, f"spec.{field}") or value

    def _standing(self, field: str, value: Any) -> Any:
        """Return what stands until the version changes."""
        return (lookup(self.stored, f"spec.{field}") if self.standing else None) or value

    def _control_plane(self) -> Manifest:
        if self.stored:
            # Never changed on a live Shoot, also where the record of what was asked is lost.
            stored = lookup(self.stored, "spec.controlPlane")
            return {"controlPlane": stored} if stored else {}
        tolerated = self.order.spec.control_plane.availability.lower()
        if tolerated == "none":
            return {}
        return {"controlPlane": {"highAvailability": {"failureTolerance": {"type": tolerated}}}}

    def _exposure(self) -> Manifest:
        if self.order.spec.api_server.exposure == "Public":
            return {}
        private = self._fixed("exposureClassName", self.own.private_exposure_class)
        if not private:
            text = "private API servers are not offered here; accepted: Public"
            raise InvalidOrder(Problem("spec.apiServer.exposure", text))
        return {"exposureClassName": private}

    def _network(self) -> Manifest:
        own, asked = self.own.networking, self.order.spec.network
        found = {
            "type": own.type,
            "ipFamilies": ["IPv4"],
            "nodes": asked.nodes or own.nodes,
            "pods": asked.pods or own.pods,
            "services": asked.services or own.services,
        }
        ranges = {name: found[name] for name in ("pods", "services", "nodes")}
        asks = any(lookup(self.order.written, f"network.{name}") for name in ranges)
        if asks and not self.stored:
            _check_ranges(ranges)
        return {"networking": self._fixed("networking", found)}

    def _infrastructure(self) -> Manifest:
        own = self.own.openstack
        nodes = lookup(self._network(), "networking.nodes")
        return {
            "infrastructureConfig": self._fixed(
                "provider.infrastructureConfig",
                {
                    "apiVersion": EXTENSION_API,
                    "kind": "InfrastructureConfig",
                    "floatingPoolName": own.floating_pool_name,
                    "networks": {"workers": nodes},
                },
            ),
            "controlPlaneConfig": self._fixed(
                "provider.controlPlaneConfig",
                {
                    "apiVersion": EXTENSION_API,
                    "kind": "ControlPlaneConfig",
                    "loadBalancerProvider": own.load_balancer_provider,
                },
            ),
        }

    def _pools(self) -> Manifest:
        pools = [self._worker(pool) for pool in self.order.spec.node_pools]
        if not pools:
            # A shoot without workers can never get any.
            raise InvalidOrder(Problem("spec.nodePools", "at least one pool is needed here"))
        if not any(pool["maximum"] for pool in pools):
            raise InvalidOrder(Problem("spec.nodePools", "at least one node is needed here"))
        _check_spread(pools)
        return {"workers": pools}

    def _worker(self, pool: NodePool) -> Manifest:
        machine = self.bound.machines[pool.name]
        low, high = pool.bounds
        return {
            "name": pool.name,
            "minimum": low,
            "maximum": high,
            "zones": self._zones(pool),
            "machine": {
                "type": self.machine_types()[pool.name][1],
                "architecture": machine.architecture,
            },
            **self._volume(pool, machine),
            "maxSurge": pool.update.max_surge,
            "maxUnavailable": pool.update.max_unavailable,
            **({"labels": dict(pool.labels)} if pool.labels else {}),
            **(
                {"taints": [t.model_dump(exclude_none=True) for t in pool.taints]}
                if pool.taints
                else {}
            ),
            **self._timeouts(pool),
        }

    def machine_types(self) -> dict[str, list[str]]:
        """Return flavor and machine type by pool; a type stays while its flavor does."""
        known = _remembered(self.before) if self.standing else {}
        found = {}
        for pool in self.order.spec.node_pools:
            flavor = self.bound.machines[pool.name].flavor
            before = known.get(pool.name)
            if isinstance(before, list) and before[:1] == [flavor]:
                found[pool.name] = before
                continue
            found[pool.name] = [flavor, self.own.machine_types.get(flavor, flavor)]
        return found

    def _stored_worker(self, pool: NodePool) -> Manifest:
        return next((w for w in workers(self.stored) if w["name"] == pool.name), {})

    def _zones(self, pool: NodePool) -> list[str]:
        stored = self._stored_worker(pool)
        if stored.get("zones"):
            return list(stored["zones"])
        _, high = pool.bounds
        if pool.zones and high < len(pool.zones):
            at = f"spec.nodePools[{pool.name}].zones"
            raise InvalidOrder(
                Problem(
                    at, f"a pool of at most {high} nodes spreads over at most {high} zones here"
                )
            )
        return list(pool.zones or self.bound.zones[pool.name][: max(high, 1)])

    def _volume(self, pool: NodePool, machine: Machine) -> Manifest:
        """Return the root volume; none where the flavor's own disk serves."""
        default, asked = self.own.default_volume, pool.root_volume
        stored = self._stored_worker(pool).get("volume") if self.standing else None
        size = asked.size_gib if asked else (pool.size and pool.size.disk_gib)
        if size is None and machine.disk_gib is not None:
            return {}
        if size is None and stored:
            return {"volume": stored}
        if size is None and default is None:
            return {}
        kind = (stored or {}).get("type") or (default.type if default else None)
        if asked and asked.type:
            kind = next(
                (v.backend_name for v in self.settings.volume_types if v.name == asked.type), kind
            )
        size = size or (default.size_gib if default else 0)
        return {"volume": {**({"type": kind} if kind else {}), "size": f"{size}Gi"}}

    def _timeouts(self, pool: NodePool) -> Manifest:
        found: Manifest = {}
        if pool.drain_timeout:
            found["machineDrainTimeout"] = pool.drain_timeout
        if "unhealthyAfter" in (self.order.written.get("healthCheck") or {}):
            found["machineHealthTimeout"] = self.order.spec.health_check.unhealthy_after
        return {"machineControllerManager": found} if found else {}

    def _extensions(self) -> Manifest:
        allowed = self.order.spec.api_server.allowed_cidrs
        if not allowed:
            return {}
        if not self.own.acl:
            text = "access to API servers cannot be limited here"
            raise InvalidOrder(Problem("spec.apiServer.allowedCIDRs", text))
        rule = {"action": "ALLOW", "type": "remote_ip", "cidrs": list(allowed)}
        return {"extensions": [{"type": "acl", "providerConfig": {"rule": rule}}]}

    def _connection_details(self) -> list[Manifest]:
        return [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "namespace": self.bound.place.namespace,
                "name": f"{self.name}.ca-cluster",
                "fieldPath": "data[ca.crt]",
                "toConnectionSecretKey": "ca.crt",
            }
        ]


def _remembered(before: Resource | None) -> dict[str, Any]:
    text = before.annotations.get(TYPES, "") if before else ""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _api_server(login: Resource | None) -> Manifest:
    if login is None:
        return {}
    name = lookup(login.payload, "manifest.metadata.name")
    return {"kubeAPIServer": {"structuredAuthentication": {"configMapName": name}}}


def _check_spread(workers: list[Manifest]) -> None:
    """Refuse too few nodes for the zones that a pool stands in, and never leaves.

    Of the pools that share their zones one has to reach them all.

    Raises:
        InvalidOrder: None does.
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


def _check_ranges(ranges: Mapping[str, Any]) -> None:
    """Refuse ranges that overlap, those of the environment included, and those not of IPv4.

    Raises:
        InvalidOrder: There are such.
    """
    problems = [
        Problem(f"spec.network.{name}", "must be of IPv4 here")
        for name, cidr in ranges.items()
        if ":" in cidr
    ]
    if problems:
        raise InvalidOrder(*problems)
    parse(ClusterNetwork, ranges, at="spec.network", blame=InvalidOrder)
