"""Render a `Cluster` into a Cluster API `Cluster` on a ClusterClass, inside an Object.

    order + Bound + class profile -> variables, pools -> Cluster (v1beta2) -> Object

A class profile says how order fields reach the variables of a ClusterClass. What comes
from the environment rather than the order is taken over only together with a change of
version or class, because it rolls machines; until then the live value stands.
"""

import base64
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

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
from function.errors import EnvironmentInvalid, Problem
from function.kubeconfig import exec_kubeconfig
from function.model import API_GROUP, ClusterSpec
from function.model.cluster import NodePool
from function.schema import Schema, configured, lookup
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_VERSION, Settings

NAME = "capi"
KEY = "capi-cluster"
POOL_LABEL = "node.cluster.x-k8s.io/pool"
CONTROL_PLANE_REPLICAS = {"None": 1, "Node": 3, "Zone": 3}
READY_QUERY = (
    "has(object.status) && has(object.status.conditions) && "
    'object.status.conditions.exists(c, c.type == "Available" && c.status == "True")'
)
OIDC = "spec.access.oidc"
POOL_FLAVOR = "spec.nodePools[].flavor"
POOL_DISK = "spec.nodePools[].rootVolume.sizeGiB"
AVAILABILITY = "spec.controlPlane.availability"


class Target(Schema):
    """Say where one order field goes in a class; exactly one of the first three."""

    variable: str | None = configured("Cluster-wide variable.", reaches=NEXT_VERSION, default=None)
    override: str | None = configured(
        "Variable, overridden for each pool.", reaches=NEXT_VERSION, default=None
    )
    unsupported: str | None = configured(
        "Reason for the tenant why the class cannot express it.", reaches=AT_ONCE, default=None
    )
    object_keys: dict[str, str] = configured(
        "Keys of an object: ours to the class's.",
        reaches=NEXT_VERSION,
        default_factory=dict,
        alias="keys",
    )

    @pydantic.model_validator(mode="after")
    def _exactly_one(self) -> "Target":
        if sum(x is not None for x in (self.variable, self.override, self.unsupported)) != 1:
            raise ValueError("exactly one of variable, override, unsupported is required")
        return self


class Profile(Schema):
    """Say how order fields reach a ClusterClass."""

    worker_class: str = configured("Worker class of the pools.", reaches=NEXT_VERSION)
    variables: dict[str, Any] = configured(
        "Every variable that has a default, rendered explicitly.", reaches=NEXT_VERSION
    )
    fields: dict[str, Target] = configured("Order field to its target.", reaches=NEXT_VERSION)


class Network(Schema):
    """Set the address ranges inside the clusters."""

    pods: str = configured("Range of pods, CIDR.", reaches=NEW_ORDERS)
    services: str = configured("Range of services, CIDR.", reaches=NEW_ORDERS)


class CapiSettings(Schema):
    """Configure the backend `capi` of an environment."""

    api_version: Literal["v1beta2"] = configured(
        "Version of the Cluster API to write. v1beta2 if absent.",
        reaches=NEW_ORDERS,
        default="v1beta2",
    )
    provider_config: str = configured(
        "ProviderConfig of provider-kubernetes; {tenant} stands for the namespace of the order. "
        "{tenant}.capi if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}.capi",
    )
    namespace: str = configured(
        "Namespace of the Clusters on the management cluster; {tenant} as above. "
        "{tenant} if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}",
    )
    class_namespace: str | None = configured(
        "Namespace of the ClusterClasses. The Cluster's own if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    labels: dict[str, str] = configured(
        "Labels of each Cluster, such as those a ClusterResourceSet selects.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    network: Network | None = configured(
        "Address ranges inside the clusters. The class's if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )
    profiles: dict[str, Profile] = configured(
        "Class profiles beside the built-in ones.", reaches=NEXT_VERSION, default_factory=dict
    )


def _built_in() -> dict[str, Profile]:
    text = resources.files("function.backends").joinpath("profiles.yaml").read_text("utf-8")
    return {name: Profile.model_validate(data) for name, data in yaml.safe_load(text).items()}


PROFILES = _built_in()


def render(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, observed: Mapping[str, Resource]
) -> Rendered:
    """Render an order for a cluster.

    Raises:
        EnvironmentInvalid: The profile of the class is not there.
    """
    own = settings.block(NAME, CapiSettings)
    profile = _profile(bound.profile, own)
    before = observed.get(KEY)
    cluster = _cluster(order, settings, bound, before)
    initialised = _initialised(_live(before))
    known = before.options.get("connectionDetails") if before else None
    details = _connection_details(cluster) if initialised else known
    resource = Resource(
        key=KEY,
        family="kubernetes",
        kind="Object",
        payload={"manifest": cluster},
        options={
            "watch": True,
            "readiness": {"policy": "DeriveFromCelQuery", "celQuery": READY_QUERY},
            **({"connectionDetails": details} if details else {}),
        },
        secret=bool(details),
        ready=_available(_live(before)),
    )
    return Rendered(
        resources=(resource,),
        removals=_removals(cluster, before),
        status=_status(order, settings, bound, before),
        conditions=(_current(cluster, before), _health(before)),
        unsupported=_unsupported(settings, bound, profile),
    )


def identities(resource: Resource) -> frozenset[str]:
    """Return the Object, the Cluster inside it, and each of its MachineDeployments."""
    manifest = resource.payload.get("manifest")
    cluster = _cluster_identity(manifest)
    pools = {f"{cluster}/machineDeployment/{pool['name']}" for pool in _pools(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", cluster, *pools})


def recall(observed: Mapping[str, Resource]) -> dict[str, Any] | None:
    """Return what the observed Cluster shows of a lost record."""
    root = observed.get(KEY)
    manifest = root.payload.get("manifest") if root else None
    topology = lookup(manifest, "spec.topology") or {}
    version, reference = topology.get("version"), topology.get("classRef") or {}
    if not version or not reference.get("name"):
        return None
    machines = {}
    for pool in _pools(manifest):
        overrides = lookup(pool, "variables.overrides") or ()
        flavor = next((o["value"] for o in overrides if "lavor" in o.get("name", "")), "")
        if flavor:
            machines[_pool_name(pool)] = Machine(asked={}, flavor=flavor)
    return {
        "namespace": lookup(manifest, "metadata.namespace") or "",
        "version": version.removeprefix("v"),
        "class_name": reference["name"],
        "machines": machines,
    }


def progress(observed: Mapping[str, Resource]) -> Progress:
    """Return the highest version of the live cluster, and whether the last step is finished.

    Cluster API refuses any change of version while control plane or workers are not yet on
    the former one; counters lag a change by seconds, so the versions are compared.
    """
    root = observed.get(KEY)
    live = _live(root)
    rendered = lookup(root.payload if root else {}, "manifest.spec.topology.version") or ""
    stored = lookup(live, "spec.topology.version") or ""
    highest = max((stored, rendered), key=_order)
    settled = bool(stored) and stored == highest and not _updating(live) and _fresh(live)
    return Progress(highest.removeprefix("v"), settled and _initialised(live))


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    settings=CapiSettings,
    root=KEY,
    render=render,
    identities=identities,
    recall=recall,
    namespace=lambda own, tenant: own.namespace.format(tenant=tenant),
    provider_config=lambda own, tenant: own.provider_config.format(tenant=tenant),
    gaps={
        "spec.access.adminGroups": "your provider grants groups their rights in the cluster",
        "spec.access.viewerGroups": "your provider grants groups their rights in the cluster",
    },
    progress=progress,
)


def _profile(name: str, own: CapiSettings) -> Profile:
    found = own.profiles.get(name) or PROFILES.get(name)
    if found is None:
        known = ", ".join(sorted({*own.profiles, *PROFILES}))
        raise EnvironmentInvalid(
            Problem("classes", f"profile {name or 'of the class'} is not one of: {known}")
        )
    return found


def _cluster(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, before: Resource | None
) -> Manifest:
    """Return the Cluster in the form of v1beta2; empty values would be refused."""
    own = settings.block(NAME, CapiSettings)
    profile = _profile(bound.profile, own)
    stored = (before.payload.get("manifest") if before else None) or {}
    same = _same_class(stored, bound)
    network = stored.get("spec", {}).get("clusterNetwork") if stored else _network(own)
    namespace = own.class_namespace
    if same:
        namespace = lookup(stored, "spec.topology.classRef.namespace")
    labels = dict(own.labels)
    if same:
        labels = {
            k: v
            for k, v in (lookup(stored, "metadata.labels") or {}).items()
            if not k.startswith(API_GROUP)
        }
    variables = _variables(order, settings, bound, profile, stored if same else {})
    deployments = [
        deployment
        for pool in order.spec.node_pools
        for deployment in _deployments(pool, bound, profile, variables)
    ]
    return {
        "apiVersion": f"cluster.x-k8s.io/{own.api_version}",
        "kind": "Cluster",
        "metadata": {
            "name": lookup(stored, "metadata.name") or names.cluster(order.tenant, order.name),
            "namespace": bound.place.namespace,
            "labels": {
                **labels,
                f"{API_GROUP}/tenant": order.tenant,
                f"{API_GROUP}/kind": order.kind,
                f"{API_GROUP}/name": order.name,
                f"{API_GROUP}/uid": order.uid,
            },
        },
        "spec": {
            **({"clusterNetwork": network} if network else {}),
            "topology": {
                "classRef": {
                    "name": bound.class_name,
                    **({"namespace": namespace} if namespace else {}),
                },
                "version": f"v{bound.version}",
                "controlPlane": {
                    "replicas": CONTROL_PLANE_REPLICAS[order.spec.control_plane.availability]
                },
                **({"workers": {"machineDeployments": deployments}} if deployments else {}),
                "variables": [
                    {"name": name, "value": variables[name]} for name in sorted(variables)
                ],
            },
        },
    }


def _same_class(stored: Manifest, bound: Bound) -> bool:
    topology = lookup(stored, "spec.topology") or {}
    now = (f"v{bound.version}", bound.class_name)
    return (topology.get("version"), lookup(topology, "classRef.name")) == now


def _network(own: CapiSettings) -> Manifest | None:
    if own.network is None:
        return None
    return {
        "pods": {"cidrBlocks": [own.network.pods]},
        "services": {"cidrBlocks": [own.network.services]},
    }


def _variables(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, profile: Profile, stored: Manifest
) -> dict[str, Any]:
    """Return every variable: the environment's as they stand, the order's as it asks."""
    offer = next((c for c in settings.classes if c.name == bound.cluster_class), None)
    values = {**profile.variables, **(offer.variables if offer else {})}
    zones = profile.fields.get(AVAILABILITY)
    if zones and zones.variable and order.spec.control_plane.availability == "Zone":
        values[zones.variable] = [zone.name for zone in settings.zones]
    standing = {v["name"]: v.get("value") for v in lookup(stored, "spec.topology.variables") or ()}
    values = standing or values
    oidc = profile.fields.get(OIDC)
    if oidc and oidc.variable:
        values = {name: value for name, value in values.items() if name != oidc.variable}
        issuer = bound.issuer(order.spec)
        if issuer and OIDC not in (offer.unsupported if offer else {}):
            dumped = issuer.model_dump(mode="json")
            values[oidc.variable] = {
                theirs: dumped[ours] for ours, theirs in oidc.object_keys.items()
            }
    return values


def _deployments(
    pool: NodePool, bound: Bound, profile: Profile, variables: Mapping[str, Any]
) -> list[Manifest]:
    """Return one MachineDeployment topology for each zone that the pool names, or one."""
    zones = pool.zones or ("",)
    share, rest = divmod(pool.replicas, len(zones))
    overrides = _overrides(pool, bound.machines[pool.name], profile, variables)
    return [
        {
            "class": profile.worker_class,
            "name": names.topology(pool.name, zone if len(zones) > 1 else ""),
            "replicas": share + (index < rest),
            **({"failureDomain": zone} if zone else {}),
            "metadata": {"labels": {POOL_LABEL: pool.name}},
            **({"variables": {"overrides": overrides}} if overrides else {}),
        }
        for index, zone in enumerate(zones)
    ]


def _overrides(
    pool: NodePool, machine: Machine, profile: Profile, variables: Mapping[str, Any]
) -> list[Manifest]:
    found = {}
    flavor, disk = profile.fields.get(POOL_FLAVOR), profile.fields.get(POOL_DISK)
    if flavor and flavor.override:
        found[flavor.override] = machine.flavor
    if disk and disk.override:
        found[disk.override] = _root_disk(pool, machine, variables.get(disk.override))
    return [{"name": name, "value": found[name]} for name in sorted(found)]


def _root_disk(pool: NodePool, machine: Machine, default: Any) -> Any:
    """Return GiB of the root volume; 0 boots from the disk of the flavor."""
    if pool.root_volume:
        return pool.root_volume.size_gib
    if machine.disk_gib is not None:
        return 0
    return (pool.size and pool.size.disk_gib) or default


def _connection_details(cluster: Manifest) -> list[Manifest]:
    """Return where the CA certificate is read, and only that: the Secret also holds the key."""
    metadata = cluster["metadata"]
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "namespace": metadata["namespace"],
            "name": f"{metadata['name']}-ca",
            "fieldPath": "data[tls.crt]",
            "toConnectionSecretKey": "ca.crt",
        }
    ]


def _removals(cluster: Manifest, before: Resource | None) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has; the guard looks for itself."""
    stored = before.payload.get("manifest") if before else None
    if not stored or before is None:
        return ()
    kept = {pool["name"] for pool in _pools(cluster)}
    return tuple(
        Removal(
            f"{_cluster_identity(stored)}/machineDeployment/{pool['name']}",
            "order",
            f"spec.nodePools[{_pool_name(pool)}]",
        )
        for pool in _pools(stored)
        if pool["name"] not in kept
    )


def _cluster_identity(manifest: object) -> str:
    """Return group, kind, namespace and name: the version of the API is no part of it."""
    group = str(lookup(manifest, "apiVersion")).partition("/")[0]
    where = (lookup(manifest, path) for path in ("kind", "metadata.namespace", "metadata.name"))
    return "/".join((group, *map(str, where)))


def _pools(manifest: object) -> list[Manifest]:
    found = lookup(manifest, "spec.topology.workers.machineDeployments") or []
    return [pool for pool in found if isinstance(pool, dict) and "name" in pool]


def _pool_name(deployment: Manifest) -> str:
    labels = lookup(deployment, "metadata.labels") or {}
    return str(labels.get(POOL_LABEL, deployment["name"]))


def _unsupported(settings: Settings, bound: Bound, profile: Profile) -> tuple[Remark, ...]:
    """Return the fields that this class cannot express, whether or not they were written."""
    offer = next((c for c in settings.classes if c.name == bound.cluster_class), None)
    found = {
        field: target.unsupported
        for field, target in profile.fields.items()
        if target.unsupported is not None
    }
    found |= dict(offer.unsupported) if offer else {}
    return tuple(Remark(field, reason) for field, reason in sorted(found.items()))


def _live(observed: Resource | None) -> Manifest:
    found = observed.at_provider.get("manifest") if observed else None
    return found if isinstance(found, dict) else {}


def _fresh(live: Manifest) -> bool:
    seen = lookup(live, "status.observedGeneration")
    return bool(seen == lookup(live, "metadata.generation"))


def _initialised(live: Manifest) -> bool:
    return bool(lookup(live, "status.initialization.controlPlaneInitialized"))


def _is(live: Manifest, kind: str) -> bool:
    return trouble.condition_of(live.get("status") or {}, kind).get("status") == "True"


def _available(live: Manifest) -> bool:
    return _initialised(live) and _is(live, "Available")


def _updating(live: Manifest) -> bool:
    """Say whether the live cluster is still on its way to what it was last asked for.

    For one to three seconds after a change the conditions are those from before it: versions
    and counters are compared with what is asked as well.
    """
    status, topology = live.get("status") or {}, lookup(live, "spec.topology") or {}
    if any(_is(live, kind) for kind in ("RollingOut", "ScalingUp", "ScalingDown", "Remediating")):
        return True
    reconciled = trouble.condition_of(status, "TopologyReconciled")
    if reconciled.get("status") == "False" and reconciled.get("reason") != "ReconcileFailed":
        return True
    asked = sum(int(pool.get("replicas", 0)) for pool in _pools(live))
    workers, plane = status.get("workers") or {}, status.get("controlPlane") or {}
    versions = [v.get("version") for part in (workers, plane) for v in part.get("versions") or ()]
    behind: bool = any(v != topology.get("version") for v in versions)
    return behind or int(workers.get("desiredReplicas", asked)) != asked


def _current(cluster: Manifest, before: Resource | None) -> Condition:
    live = _live(before)
    if not _initialised(live):
        return Condition("Current", False, "Provisioning", "the cluster is being built")
    asked, stored = lookup(cluster, "spec.topology.version"), lookup(live, "spec.topology.version")
    if asked != stored or _updating(live) or not _fresh(live):
        return Condition("Current", False, "Updating", "the cluster is being changed")
    return Condition("Current", True, "AsOrdered")


def _health(before: Resource | None) -> Condition:
    found = trouble.health([before] if before else [])
    reconciled = trouble.condition_of(_live(before).get("status") or {}, "TopologyReconciled")
    failed = reconciled.get("status") == "False" and reconciled.get("reason") == "ReconcileFailed"
    if found.status and failed:
        return Condition(found.type, False, *trouble.classify(str(reconciled.get("message", ""))))
    return found


def _status(
    order: Order[ClusterSpec], settings: Settings, bound: Bound, before: Resource | None
) -> dict[str, Any]:
    live = _live(before)
    phase, message = _phase(before)
    host, port = (lookup(live, f"spec.controlPlaneEndpoint.{part}") for part in ("host", "port"))
    endpoint = f"https://{host}:{port}" if host and port else ""
    ca = before.connection.get("ca.crt", b"") if before else b""
    ca_data = base64.b64encode(ca).decode()
    running = lookup(live, "spec.topology.version") or ""
    issuer = bound.issuer(order.spec)
    status: dict[str, Any] = {"phase": phase, "message": message}
    if running:
        status["version"] = str(running).removeprefix("v")
    if endpoint:
        status["endpoint"] = endpoint
    if ca_data:
        status["certificateAuthorityData"] = ca_data
    if endpoint and ca_data and issuer:
        scopes = settings.access.extra_scopes
        status["kubeconfig"] = exec_kubeconfig(order.name, endpoint, ca_data, issuer, scopes)
    if order.spec.node_pools:
        status["nodePools"] = _pool_status(order, bound, live)
    return status


def _pool_status(order: Order[ClusterSpec], bound: Bound, live: Manifest) -> list[Manifest]:
    """Return the pools; the live Cluster counts ready nodes over all pools only."""
    workers = lookup(live, "status.workers") or {}
    asked = sum(pool.replicas for pool in order.spec.node_pools)
    complete = (
        _fresh(live) and workers.get("desiredReplicas") == workers.get("readyReplicas") == asked
    )
    return [
        {
            "name": pool.name,
            "flavor": bound.machines[pool.name].flavor,
            "replicas": pool.replicas,
            **({"ready": pool.replicas} if complete else {}),
        }
        for pool in order.spec.node_pools
    ]


def _phase(before: Resource | None) -> tuple[str, str]:
    live = _live(before)
    if not live.get("status"):
        return "Pending", "the order is accepted, the cluster is not there yet"
    if lookup(live, "metadata.deletionTimestamp"):
        return "Deleting", "the cluster is being deleted although the order stands"
    if not _initialised(live):
        return "Provisioning", "the cluster is being built"
    if _updating(live) or not _fresh(live):
        return "Updating", "the cluster is being changed"
    if not _available(live):
        return "Degraded", "the cluster runs, but not all of it is available"
    return "Ready", "the cluster is ready"


def _order(version: str) -> tuple[int, ...]:
    parts = version.removeprefix("v").split(".")
    return tuple(int(part) for part in parts if part.isdigit())
