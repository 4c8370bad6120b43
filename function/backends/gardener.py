"""Render a `Cluster` into a Gardener `Shoot`, inside an Object.

    order + Bound + project, cloud profile, maps -> Shoot, authentication ConfigMap -> Objects

Only fields that are meant to be owned are rendered: Gardener fills in the rest, raises
versions in its maintenance and assigns seed and domain. What would roll machines and comes
from the environment, such as zones and volumes, is taken from the live Shoot while its
version stays. The authentication ConfigMap has its content's hash in its name, because only
a change of the Shoot's spec makes Gardener read it again.
"""

import base64
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
import yaml

from function import names, trouble
from function.contract import (
    Backend,
    Bound,
    Condition,
    Machine,
    Manifest,
    Order,
    Progress,
    Remark,
    Removal,
    Rendered,
    Resource,
)
from function.errors import InvalidOrder, Problem
from function.kubeconfig import exec_kubeconfig
from function.model import API_GROUP, ClusterSpec
from function.model.cluster import ClusterNetwork, Oidc
from function.model.pool import NodePool
from function.schema import (
    DNS_LABEL,
    Count,
    Schema,
    canonical,
    configured,
    digest,
    lookup,
    parse,
)
from function.settings import (
    AT_ONCE,
    NEW_ORDERS,
    NEXT_VERSION,
    Settings,
    TenantTemplate,
    only,
)

NAME = "gardener"
KEY = "gardener-shoot"
LOGIN = "gardener-login"
CONFIRMATION = "confirmation.gardener.cloud/deletion"
EXTENSION_API = "openstack.provider.extensions.gardener.cloud/v1alpha1"
# Every shoot binds these groups to cluster-admin and to read-only access.
ADMINS, VIEWERS = "gardener.cloud:project:admins", "gardener.cloud:project:viewers"
HEALTHY = ("APIServerAvailable", "ControlPlaneHealthy", "EveryNodeReady", "SystemComponentsHealthy")
READY_QUERY = (
    "has(object.status) && has(object.status.conditions) && has(object.status.advertisedAddresses)"
    f" && {list(HEALTHY)}.all(t, object.status.conditions.exists(c, c.type == t && "
    'c.status == "True"))'
).replace("'", '"')
PROGRESS_STEP = 25
TYPES = f"{API_GROUP}/machine-types"

_RETRIED = "the last change has not succeeded yet, it is tried again"
# The first of these that is reported is told.
# Shoot and project together have 21 characters.
ProjectTemplate = Annotated[
    str,
    pydantic.StringConstraints(min_length=1),
    pydantic.AfterValidator(only("project", "tenant")),
]
ProjectName = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=10)]

_CODES = {
    "ERR_INFRA_QUOTA_EXCEEDED": "QuotaExceeded",
    "ERR_INFRA_UNAUTHENTICATED": "CredentialsInvalid",
    "ERR_INFRA_UNAUTHORIZED": "CredentialsInvalid",
    "ERR_INFRA_RESOURCES_DEPLETED": "NoCapacity",
    "ERR_RETRYABLE_INFRA_DEPENDENCIES": "ConfigurationProblem",
    "ERR_INFRA_DEPENDENCIES": "ConfigurationProblem",
    "ERR_INFRA_RATE_LIMITS_EXCEEDED": "RateLimited",
    "ERR_CONFIGURATION_PROBLEM": "ConfigurationProblem",
    "ERR_RETRYABLE_CONFIGURATION_PROBLEM": "ConfigurationProblem",
    "ERR_PROBLEMATIC_WEBHOOK": "ConfigurationProblem",
    "ERR_CLEANUP_CLUSTER_RESOURCES": "ConfigurationProblem",
}


class CloudProfile(Schema):
    """Name the cloud profile of the shoots."""

    kind: Literal["CloudProfile", "NamespacedCloudProfile"] = configured(
        "Kind of the profile. CloudProfile if absent.", reaches=NEW_ORDERS, default="CloudProfile"
    )
    name: str = configured("Name of the profile.", reaches=NEW_ORDERS)


class Networking(Schema):
    """Set the network of the shoots."""

    type: Literal["calico", "cilium"] = configured(
        "Network extension. cilium if absent.", reaches=NEW_ORDERS, default="cilium"
    )
    nodes: str = configured("Range of nodes, CIDR.", reaches=NEW_ORDERS)
    pods: str = configured("Range of pods, CIDR.", reaches=NEW_ORDERS)
    services: str = configured("Range of services, CIDR.", reaches=NEW_ORDERS)


class OpenStack(Schema):
    """Configure shoots on OpenStack."""

    floating_pool_name: str = configured("Floating pool, of the profile.", reaches=NEW_ORDERS)
    load_balancer_provider: str = configured(
        "Load balancer provider, of the profile.", reaches=NEW_ORDERS
    )


class DefaultVolume(Schema):
    """Set the root volume of nodes whose flavor has no disk."""

    size_gib: Count = configured("Size in GiB.", reaches=NEXT_VERSION, alias="sizeGiB", ge=10)
    type: str | None = configured(
        "Volume type, of the profile. Its default if absent.", reaches=NEXT_VERSION, default=None
    )


class GardenerSettings(Schema):
    """Configure the backend `gardener` of an environment."""

    provider_config: TenantTemplate = configured(
        "ProviderConfig of provider-kubernetes for the garden; {tenant} stands for the namespace "
        "of the order. {tenant}.gardener if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}.gardener",
    )
    project: ProjectName = configured(
        "Project of the shoots, at most 10 characters; per tenant in its overlay.",
        reaches=NEW_ORDERS,
    )
    namespace: ProjectTemplate = configured(
        "Namespace of the project; {project} and {tenant} are replaced. "
        "garden-{project} if absent.",
        reaches=NEW_ORDERS,
        default="garden-{project}",
    )
    cloud_profile: CloudProfile = configured("Cloud profile.", reaches=NEW_ORDERS)
    credentials_binding: str = configured(
        "CredentialsBinding of the project. openstack if absent.",
        reaches=NEW_ORDERS,
        default="openstack",
    )
    region: str = configured("Region, of the profile.", reaches=NEW_ORDERS)
    purpose: Literal["evaluation", "testing", "development", "production"] = configured(
        "Purpose of the shoots. production if absent.", reaches=NEXT_VERSION, default="production"
    )
    networking: Networking = configured("Network of the shoots.", reaches=NEW_ORDERS)
    openstack: OpenStack = configured("What shoots on OpenStack need.", reaches=NEW_ORDERS)
    machine_types: dict[str, str] = configured(
        "Machine type by offered flavor. The flavor's own name if it is not listed.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    default_volume: DefaultVolume | None = configured(
        "Root volume of nodes whose flavor has no disk. The machine type's if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    private_exposure_class: str | None = configured(
        "ExposureClass of API servers that are ordered Private. Not offered if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )
    acl: bool = configured(
        "Whether the extension acl is installed, for allowedCIDRs. false if absent.",
        reaches=AT_ONCE,
        default=False,
    )


def render(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, observed: Mapping[str, Resource]
) -> Rendered:
    """Render an order for a cluster.

    Raises:
        InvalidOrder: A pool has fewer nodes than zones, or asks for what is not offered.
    """
    shoot = _Shoot(order, settings, bound, observed)
    login = shoot.login()
    resources = [shoot.resource(login), *([login] if login else []), *shoot.former_logins(login)]
    kept = {resource.key for resource in resources}
    return Rendered(
        resources=tuple(resources),
        removals=_removals(resources[0], kept, login, observed),
        status=_status(order, settings, bound, observed),
        conditions=(_current(resources[0], observed.get(KEY)), _health(observed)),
        unsupported=_unsupported(order),
    )


def identities(resource: Resource) -> frozenset[str]:
    """Return the Object, the object inside it, and each worker pool of a Shoot."""
    manifest = resource.payload.get("manifest")
    inside = _identity(manifest)
    pools = {f"{inside}/worker/{worker['name']}" for worker in _workers(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", inside, *pools})


def recall(observed: Mapping[str, Resource]) -> dict[str, Any] | None:
    """Return what the observed Shoot shows of a lost record."""
    root = observed.get(KEY)
    manifest = root.payload.get("manifest") if root else None
    version = lookup(manifest, "spec.kubernetes.version")
    if not version:
        return None
    workers = [worker for worker in _workers(manifest) if lookup(worker, "machine.type")]
    return {
        "namespace": lookup(manifest, "metadata.namespace") or "",
        "version": version,
        "machines": {w["name"]: Machine(asked={}, flavor=w["machine"]["type"]) for w in workers},
        "zones": {w["name"]: tuple(w.get("zones", ())) for w in workers},
    }


def progress(observed: Mapping[str, Resource]) -> Progress:
    """Return the version of the live Shoot, which Gardener may have raised, and if it rests."""
    live = _live(observed.get(KEY))
    version = lookup(live, "spec.kubernetes.version") or ""
    return Progress(version, _fresh(live) and _rests(live) and not _deleting(live))


def _namespace(own: GardenerSettings, tenant: str) -> str:
    return own.namespace.format(project=own.project, tenant=tenant)


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    settings=GardenerSettings,
    root=KEY,
    render=render,
    identities=identities,
    recall=recall,
    namespace=_namespace,
    provider_config=lambda own, tenant: str(own.provider_config).format(tenant=tenant),
    gaps={
        "spec.variables": "clusters have no classes here, and no variables",
        "spec.controlPlane.flavor": "control planes are no machines of yours here",
        "spec.maintenance.window.days": "the window is open every day here",
        "spec.apiServer.extraNames": "the provider names API servers here",
        "spec.healthCheck.enabled": "unhealthy nodes are always replaced here",
        "spec.healthCheck.maxUnhealthy": "unhealthy nodes are always replaced here",
    },
    progress=progress,
)


class _Shoot:
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
        live = _live(self.before)
        known = self.before.options.get("connectionDetails") if self.before else None
        details = self._connection_details() if _endpoint(live) else known
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
            ready=_ready(live),
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
                "maintenance": _maintenance(spec),
                **_hibernation(spec),
                **self._extensions(),
            },
        }

    def login(self) -> Resource | None:
        """Return the Object of the authentication ConfigMap; none without an issuer."""
        issuer = self.bound.issuer(self.order.spec)
        if issuer is None:
            return None
        content = yaml.safe_dump(_authentication(issuer, self.order.spec), sort_keys=True)
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
            ready=bool(before and lookup(_live(before), "metadata.uid")),
        )

    def former_logins(self, login: Resource | None) -> list[Resource]:
        """Return former ConfigMaps that the live Shoot still reads."""
        used = lookup(_live(self.before), _CONFIG_MAP)
        successor = self.observed.get(login.key) if login else None
        done = successor is not None and lookup(_live(successor), "metadata.uid")
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
        return next((w for w in _workers(self.stored) if w["name"] == pool.name), {})

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


_CONFIG_MAP = "spec.kubernetes.kubeAPIServer.structuredAuthentication.configMapName"


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


def _authentication(issuer: Oidc, spec: ClusterSpec) -> Manifest:
    """Return the configuration by which the API server knows the issuer's users.

    Groups that administer or read the cluster are mapped to the groups that every shoot binds.
    """
    claim = _cel(issuer.groups_claim)
    value = f"claims[?{claim}].orValue([])"
    # Claims know no `in`, and only `dyn` may be ranged over. One group may come as plain text.
    texts = f"[{value}].filter(g, type(g) == string)"
    listed = f"dyn(type({value}) == list ? {value} : {texts})"
    granted = "".join(
        f" + ({listed}.exists(g, g in {_cel(wanted)}) ? ['{group}'] : [])"
        for wanted, group in (
            (spec.access.admin_groups, ADMINS),
            (spec.access.viewer_groups, VIEWERS),
        )
        if wanted
    )
    mapped: Manifest = {"claim": issuer.groups_claim, "prefix": issuer.groups_prefix}
    if granted:
        mapped = {"expression": f"{listed}.map(g, {_cel(issuer.groups_prefix)} + g){granted}"}
    return {
        # The admission of Gardener 1.149 knows v1beta1 and v1alpha1 only.
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "jwt": [
            {
                "issuer": {"url": issuer.issuer_url, "audiences": [issuer.client_id]},
                "claimMappings": {
                    "username": {"claim": issuer.username_claim, "prefix": issuer.username_prefix},
                    "groups": mapped,
                },
            }
        ],
    }


def _cel(value: object) -> str:
    """Return a literal of CEL; its strings are those of JSON but for surrogates, so are lists."""
    return json.dumps(value, ensure_ascii=False)


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


def _maintenance(spec: ClusterSpec) -> Manifest:
    update, window = spec.maintenance.auto_update, spec.maintenance.window
    found: Manifest = {
        "autoUpdate": {
            "kubernetesVersion": update.kubernetes,
            "machineImageVersion": update.machine_image,
        }
    }
    if window:
        # Gardener's windows know no summer time.
        begin, end = (f"{m // 60:02}{m % 60:02}00{window.winter_offset}" for m in window.span)
        found["timeWindow"] = {"begin": begin, "end": end}
    return found


def _hibernation(spec: ClusterSpec) -> Manifest:
    """Return the hibernation; with schedules Gardener itself switches `enabled`."""
    if spec.hibernation.schedules:
        schedules = [
            {
                name: value
                for name, value in (("start", s.start), ("end", s.end), ("location", s.timezone))
                if value
            }
            for s in spec.hibernation.schedules
        ]
        return {"hibernation": {"schedules": schedules}}
    # Said also where it is false: what a schedule switched on would stay on without one.
    return {"hibernation": {"enabled": spec.hibernation.enabled}}


def _removals(
    shoot: Resource, kept: set[str], login: Resource | None, observed: Mapping[str, Resource]
) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has, and ConfigMaps that were replaced."""
    before = observed.get(KEY)
    stored = before.payload.get("manifest") if before else None
    workers = {worker["name"] for worker in _workers(shoot.payload["manifest"])}
    gone = [
        Removal(
            f"{_identity(stored)}/worker/{worker['name']}",
            "order",
            f"spec.nodePools[{worker['name']}]",
        )
        for worker in _workers(stored)
        if worker["name"] not in workers
    ]
    successor = sorted(identities(login))[0] if login else ""
    return tuple(gone) + tuple(
        Removal(identity, "superseded", successor)
        for key, found in sorted(observed.items())
        if key not in kept and key.startswith(f"{LOGIN}-")
        for identity in sorted(identities(found))
    )


def _identity(manifest: object) -> str:
    group = str(lookup(manifest, "apiVersion")).rpartition("/")[0]
    where = (lookup(manifest, path) for path in ("kind", "metadata.namespace", "metadata.name"))
    return "/".join((group, *map(str, where)))


def _workers(manifest: object) -> list[Manifest]:
    found = lookup(manifest, "spec.provider.workers") or []
    return [worker for worker in found if isinstance(worker, dict) and "name" in worker]


def _unsupported(order: Order[ClusterSpec]) -> tuple[Remark, ...]:
    """Return what depends on the value of a field rather than on its presence."""
    found = []
    if order.spec.cluster_class != "default":
        found.append(Remark("spec.class", "clusters have no classes here"))
    if order.spec.network.ip_families != ("IPv4",):
        raise InvalidOrder(Problem("spec.network.ipFamilies", "not offered here; accepted: [IPv4]"))
    if order.spec.maintenance.window and order.spec.maintenance.window.timezone != "UTC":
        text = "the window keeps to the zone's winter time all year"
        found.append(Remark("spec.maintenance.window.timezone", text))
    return tuple(found)


def _live(observed: Resource | None) -> Manifest:
    found = observed.at_provider.get("manifest") if observed else None
    return found if isinstance(found, dict) else {}


def _fresh(live: Manifest) -> bool:
    seen = lookup(live, "status.observedGeneration")
    return bool(seen == lookup(live, "metadata.generation"))


def _endpoint(live: Manifest) -> str:
    """Return the address of the API server; other advertised addresses are not one."""
    addresses = {
        a.get("name"): a.get("url", "") for a in lookup(live, "status.advertisedAddresses") or ()
    }
    return next(
        (str(addresses[n]) for n in ("external", "internal", "unmanaged") if n in addresses), ""
    )


def _healthy(live: Manifest) -> bool:
    status = live.get("status") or {}
    states = [trouble.condition_of(status, kind).get("status") for kind in HEALTHY]
    # Progressing is said of a cluster that is ready, while one of its parts is restarted.
    return all(state in ("True", "Progressing") for state in states)


def _ready(live: Manifest) -> bool:
    if _deleting(live) or not _endpoint(live):
        return False
    creating = lookup(live, "status.lastOperation.type") == "Create" and not _rests(live)
    return bool(lookup(live, "status.hibernated")) or (_healthy(live) and not creating)


def _rests(live: Manifest) -> bool:
    """Return whether the last operation is done; a migration is not before its second half."""
    operation = lookup(live, "status.lastOperation") or {}
    return operation.get("state") == "Succeeded" and operation.get("type") != "Migrate"


def _deleting(live: Manifest) -> bool:
    return bool(lookup(live, "metadata.deletionTimestamp"))


def _current(shoot: Resource, before: Resource | None) -> Condition:
    live = _live(before)
    phase, message = _phase(live)
    if phase == "Deleting":
        return Condition("Current", False, "Deleting", "the cluster is being deleted")
    if phase in ("Pending", "Provisioning"):
        return Condition("Current", False, "Provisioning", "the cluster is being built")
    if phase == "Failed":
        return Condition("Current", False, "Failed", message)
    if message == _RETRIED or (before and trouble.refused(before)):
        return Condition("Current", False, "Updating", _RETRIED)
    if phase == "Updating" or _asked(shoot.payload["manifest"]) != _asked(live):
        return Condition("Current", False, "Updating", "the cluster is being changed")
    return Condition("Current", True, "AsOrdered")


def _asked(shoot: Manifest) -> tuple[Any, ...]:
    """Return what is asked of a Shoot and comes back as it was written."""
    hibernation = lookup(shoot, "spec.hibernation") or {}
    # With schedules Gardener itself switches it.
    asleep = not hibernation.get("schedules") and bool(hibernation.get("enabled"))
    fields = ("minimum", "maximum", "machine.type")
    workers = sorted((w["name"], *(lookup(w, f) for f in fields)) for w in _workers(shoot))
    return lookup(shoot, "spec.kubernetes.version"), asleep, workers


def _health(observed: Mapping[str, Resource]) -> Condition:
    """Return the trouble of the Shoot by its error codes, else that of the Objects."""
    live = _live(observed.get(KEY))
    codes = {code for error in _errors(live) for code in error.get("codes") or ()}
    failed = lookup(live, "status.lastOperation.state") in ("Error", "Failed")
    # By the order of the table: that of errors changes with every attempt.
    reason = next((reason for code, reason in _CODES.items() if code in codes), "")
    if reason or _errors(live) or failed:
        reason = reason or "ConfigurationProblem"
        return Condition(trouble.CONDITION, False, reason, trouble.sentence(reason))
    return trouble.health(observed.values())


def _errors(live: Manifest) -> list[Manifest]:
    """Return the errors of the last attempt; they stand until one succeeds."""
    found = lookup(live, "status.lastErrors") or []
    return [error for error in found if isinstance(error, dict)]


def _phase(live: Manifest) -> tuple[str, str]:
    operation = lookup(live, "status.lastOperation") or {}
    if _deleting(live):
        return "Deleting", "the cluster is being deleted although the order stands"
    if not operation:
        return "Pending", "the order is accepted, the cluster is not there yet"
    state = operation.get("state")
    if operation.get("type") == "Create" and state != "Succeeded":
        return _building(state, operation.get("progress"))
    if not _fresh(live):
        return "Updating", "the cluster is being changed"
    if state == "Failed":
        return "Failed", "the last change failed, and the provider has to act"
    # While it is tried again the state is Processing, and the errors stand.
    if state == "Error" or (state != "Succeeded" and _errors(live)):
        return "Degraded", _RETRIED
    if not _rests(live):
        return "Updating", "the cluster is being changed"
    if lookup(live, "status.hibernated"):
        return "Hibernated", "the cluster sleeps, its data are kept"
    if not _healthy(live):
        return "Degraded", "the cluster runs, but not all of it is available"
    return "Ready", "the cluster is ready"


def _building(state: Any, progress: Any) -> tuple[str, str]:
    if state == "Failed":
        return "Failed", "the cluster could not be built, and the provider has to act"
    share = int(progress or 0) // PROGRESS_STEP * PROGRESS_STEP
    return "Provisioning", f"the cluster is being built, {share} % is done"


def _status(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, observed: Mapping[str, Resource]
) -> dict[str, Any]:
    before = observed.get(KEY)
    live = _live(before)
    phase, message = _phase(live)
    endpoint = _endpoint(live)
    ca_data = base64.b64encode(before.connection.get("ca.crt", b"") if before else b"").decode()
    issuer = bound.issuer(order.spec)
    status: dict[str, Any] = {"phase": phase, "message": message}
    version = lookup(live, "spec.kubernetes.version")
    if version:
        status["version"] = version
    if endpoint:
        status["endpoint"] = endpoint
    if ca_data:
        status["certificateAuthorityData"] = ca_data
    if endpoint and ca_data and issuer:
        scopes = settings.access.extra_scopes
        status["kubeconfig"] = exec_kubeconfig(order.name, endpoint, ca_data, issuer, scopes)
    pools = [
        {"name": pool.name, "flavor": bound.machines[pool.name].flavor, "replicas": pool.bounds[0]}
        for pool in order.spec.node_pools
    ]
    return {**status, "nodePools": pools}
