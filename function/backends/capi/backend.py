"""Render an order for a cluster, and tell the core what observed resources show of it."""

from typing import Any

from function.backends.capi import forms, health, status
from function.backends.capi.effective import ClusterContext, applied, current
from function.backends.capi.gaps import gaps, notes
from function.backends.capi.live import (
    KEY,
    READY_QUERY,
    LiveCluster,
    by_name,
    deployments,
    overrides,
)
from function.backends.capi.pools import node_volumes, order_name
from function.backends.capi.profile import Profile
from function.backends.capi.settings import NAME, CapiSettings
from function.backends.capi.shapes import READS
from function.backends.capi.targets import CONTROL_PLANE_FLAVOR, MACHINE_FIELDS, POOL_FLAVOR
from function.backends.capi.topology import cluster as build
from function.backends.capi.topology import remember
from function.contract import (
    Accepted,
    Backend,
    Manifest,
    Removal,
    Rendered,
    Resource,
    View,
)
from function.managed import KUBERNETES, inner_identity
from function.model import ClusterSpec
from function.paths import lookup
from function.record import Bound, Machine, Recalled
from function.settings import filled

_POOL = "/machineDeployment/"


def render(context: ClusterContext) -> Rendered:
    """Render an order for a cluster.

    Raises:
        EnvironmentInvalid: The profile of the class does not exist.
        InvalidOrder: It asks for what is not offered and would be unsafe to ignore.
    """
    live, cluster = context.live, build(context)
    known = live.root.options.get("connectionDetails") if live.root else None
    details = _connection_details(cluster) if live.is_initialised else known
    version = context.settings.api_version
    manifest = forms.oldest(cluster) if version == "v1beta1" else cluster
    moment = status.Moment(cluster, manifest, live)
    resource = Resource(
        key=KEY,
        family="kubernetes",
        kind="Object",
        payload={"manifest": manifest},
        options={
            "watch": True,
            "readiness": {
                "policy": "DeriveFromCelQuery",
                "celQuery": READY_QUERY[version],
            },
            **({"connectionDetails": details} if details else {}),
        },
        secret=bool(details),
        annotations={**remember(context), **status.remember(moment)},
        ready=live.is_available,
    )
    return Rendered(
        resources=(resource,),
        removals=_removals(cluster, live),
        status=status.status_of(moment, context),
        conditions=(
            status.current(moment),
            health.of(live, paused=moment.is_paused),
        ),
        unsupported=gaps(context),
        notes=notes(context),
        volumes=node_volumes(context, cluster),
    )


def look(_: Accepted[ClusterSpec] | None, live: LiveCluster) -> View:
    """Return the state of the observed Cluster, compared with what was last applied."""
    manifest = (live.root.payload.get("manifest") if live.root else None) or {}
    moment = status.Moment(live.rendered, manifest, live)
    return View(
        conditions=(status.current(moment), health.of(live, paused=moment.is_paused)),
        wanted=frozenset({KEY}),
        ready=frozenset({KEY} if live.is_available else ()),
    )


def identities(resource: Resource) -> frozenset[str]:
    """Return the ids of the Object, of the Cluster inside it, and of its MachineDeployments."""
    manifest = resource.payload.get("manifest")
    cluster = inner_identity(manifest)
    pools = {_pool_identity(cluster, pool) for pool in deployments(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", cluster, *pools})


def _pool_identity(cluster: str, pool: Manifest) -> str:
    return f"{cluster}{_POOL}{pool['name']}"


def unmade(resource: Resource) -> frozenset[str]:
    """Return the ids of what does not exist yet of an observed Cluster: all of it, or its pools."""
    live = LiveCluster({KEY: resource})
    if live.is_started:
        return frozenset()
    everything = identities(resource)
    if not live.is_drawn:
        return everything
    return frozenset(identity for identity in everything if _POOL in identity)


def replacing(resource: Resource) -> dict[str, dict[str, Any]]:
    """Return the flavors and disks of a Cluster by identity, as variables of its class.

    There are none without the profile, by which alone they are found, and none of a cluster that
    has never run.
    """
    live = LiveCluster({KEY: resource})
    profile = live.profile
    if profile is None or not live.is_started:
        return {}
    manifest, cluster = live.rendered, inner_identity(live.rendered)
    names = {profile.target(CONTROL_PLANE_FLAVOR).variable, profile.control_plane_disk}
    variables = by_name(lookup(manifest, "spec.topology.variables"))
    variables |= overrides(lookup(manifest, "spec.topology.controlPlane"))
    result = {cluster: {name: variables[name] for name in variables.keys() & names}}
    names = {profile.target(field).override for field in MACHINE_FIELDS}
    for pool in deployments(manifest):
        values, identity = overrides(pool), _pool_identity(cluster, pool)
        result[identity] = {name: values[name] for name in values.keys() & names}
    return result


def recall(live: LiveCluster) -> Recalled | None:
    """Return what can be restored of a lost record from the observed Cluster."""
    manifest = live.rendered
    topology = lookup(manifest, "spec.topology") or {}
    version, reference = topology.get("version"), topology.get("classRef") or {}
    if not version or not reference.get("name"):
        return None
    machines = _machines(deployments(manifest), live.profile)
    if machines is None:
        return None
    return Recalled(
        namespace=lookup(manifest, "metadata.namespace") or "",
        version=version.removeprefix("v"),
        class_name=reference["name"],
        machines=machines,
    )


def _machines(pools: list[Manifest], profile: Profile | None) -> dict[str, Machine] | None:
    """Return the flavor of each pool; None if it cannot be read.

    Only the profile knows which variable of the class has the flavor, and how it is written.
    """
    if profile is None:
        return None if pools else {}
    target, result = profile.target(POOL_FLAVOR), dict[str, Machine]()
    for pool in pools:
        values = overrides(pool)
        if target.override not in values:
            continue
        flavor = target.read(values)
        if not isinstance(flavor, str) or not flavor:
            return None
        result[order_name(pool)] = Machine(requested={}, flavor=flavor)
    return result


def is_same_version(live: LiveCluster, bound: Bound) -> bool:
    """Say whether version and class are those that were applied before."""
    topology = lookup(live.applied, "spec.topology") or {}
    todays = (f"v{bound.version}", bound.class_name)
    return (topology.get("version"), lookup(topology, "classRef.name")) == todays


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=CapiSettings,
    root=KEY,
    composes={KUBERNETES: ("Object",)},
    live=LiveCluster,
    current=current,
    applied=applied,
    is_same_version=is_same_version,
    render=render,
    identities=identities,
    recall=recall,
    namespace=lambda config, tenant: filled(config.namespace, tenant=tenant),
    provider_config=lambda config, tenant: filled(config.provider_config, tenant=tenant),
    gaps={
        "spec.access.adminGroups": "your provider grants groups their rights in the cluster",
        "spec.access.viewerGroups": "your provider grants groups their rights in the cluster",
        "spec.nodePools[].annotations": "annotations reach machines here, and not their nodes",
        "spec.maintenance.window": "your provider changes clusters at times of its own",
        "spec.maintenance.autoUpdate": "versions change only when you order them",
        "spec.hibernation.enabled": "clusters do not sleep here; order fewer nodes instead",
        "spec.hibernation.schedules": "clusters do not sleep here; order fewer nodes instead",
    },
    progress=lambda live: live.progress,
    look=look,
    field_of=lambda _: "spec.nodePools",
    reads=READS,
    writes=frozenset(forms.VERSIONS),
    unmade=unmade,
    replacing=replacing,
    holds=lambda live, _: live.held,
)


def _connection_details(cluster: Manifest) -> list[Manifest]:
    """Return the source of the CA certificate, and only that: the Secret also holds the key."""
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


def _removals(cluster: Manifest, live: LiveCluster) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has; the guard checks on its own."""
    stored = live.rendered
    retained = {pool["name"] for pool in deployments(cluster)}
    return tuple(
        Removal(
            _pool_identity(inner_identity(stored), pool),
            "order",
            f"spec.nodePools[{order_name(pool)}]",
        )
        for pool in deployments(stored)
        if pool["name"] not in retained
    )
