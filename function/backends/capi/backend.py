"""Render an order for a cluster, and tell the core what observed resources show of it."""

from collections.abc import Iterable, Mapping

from function.backends.capi import forms, health, phases, status
from function.backends.capi.basis import Basis
from function.backends.capi.effective import (
    KEY,
    ClusterSettings,
    applied,
    current,
    remembered_profile,
)
from function.backends.capi.gaps import gaps
from function.backends.capi.pools import node_volumes, order_name
from function.backends.capi.profile import POOL_FLAVOR, Profile
from function.backends.capi.settings import NAME, CapiSettings
from function.backends.capi.shapes import READS
from function.backends.capi.topology import cluster as build
from function.backends.capi.topology import remember
from function.contract import (
    WHOLE,
    Accepted,
    Backend,
    Manifest,
    Order,
    Progress,
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


def render(
    order: Order[ClusterSpec],
    settings: ClusterSettings,
    bound: Bound,
    observed: Mapping[str, Resource],
) -> Rendered:
    """Render an order for a cluster.

    Raises:
        EnvironmentInvalid: The profile of the class does not exist.
        InvalidOrder: It asks for what is not offered and would be unsafe to ignore.
    """
    before = observed.get(KEY)
    basis = Basis(order, settings, bound, before)
    cluster = build(basis)
    live = status.live(before)
    known = before.options.get("connectionDetails") if before else None
    details = _connection_details(cluster) if status.initialised(live) else known
    version = settings.api_version
    manifest = forms.oldest(cluster) if version == "v1beta1" else cluster
    moment = phases.Moment(cluster, manifest, before)
    resource = Resource(
        key=KEY,
        family="kubernetes",
        kind="Object",
        payload={"manifest": manifest},
        options={
            "watch": True,
            "readiness": {
                "policy": "DeriveFromCelQuery",
                "celQuery": status.READY_QUERY[version],
            },
            **({"connectionDetails": details} if details else {}),
        },
        secret=bool(details),
        annotations={**remember(basis), **phases.remember(moment)},
        ready=status.available(live),
    )
    return Rendered(
        resources=(resource,),
        removals=_removals(cluster, before),
        status=phases.status_of(moment, order, settings.extra_scopes, bound),
        conditions=(
            phases.current(moment),
            health.of(before, live, paused=moment.is_paused),
        ),
        unsupported=gaps(basis),
        volumes=node_volumes(basis, cluster),
    )


def look(_: Accepted[ClusterSpec] | None, observed: Mapping[str, Resource]) -> View:
    """Return the state of the observed Cluster, compared with what was last applied."""
    before = observed.get(KEY)
    manifest = (before.payload.get("manifest") if before else None) or {}
    moment = phases.Moment(forms.newest(manifest), manifest, before)
    return View(
        conditions=(
            phases.current(moment),
            health.of(before, moment.cluster, paused=moment.is_paused),
        ),
        wanted=frozenset({KEY}),
        ready=frozenset({KEY} if status.available(moment.cluster) else ()),
    )


def identities(resource: Resource) -> frozenset[str]:
    """Return the ids of the Object, of the Cluster inside it, and of its MachineDeployments."""
    manifest = resource.payload.get("manifest")
    cluster = inner_identity(manifest)
    pools = {f"{cluster}/machineDeployment/{p['name']}" for p in status.deployments(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", cluster, *pools})


def unmade(resource: Resource) -> frozenset[str]:
    """Return the ids of what does not exist yet of an observed Cluster: all of it, or its pools."""
    cluster = status.live(resource)
    if not cluster or resource.garbled or status.initialised(cluster):
        return frozenset()
    everything = identities(resource)
    if not status.drawn(cluster):
        return everything
    return frozenset(identity for identity in everything if "/machineDeployment/" in identity)


def recall(observed: Mapping[str, Resource]) -> Recalled | None:
    """Return what can be restored of a lost record from the observed Cluster."""
    root = observed.get(KEY)
    manifest = forms.newest(root.payload.get("manifest")) if root else {}
    topology = lookup(manifest, "spec.topology") or {}
    version, reference = topology.get("version"), topology.get("classRef") or {}
    if not version or not reference.get("name"):
        return None
    machines = _machines(status.deployments(manifest), remembered_profile(root))
    if machines is None:
        return None
    return Recalled(
        namespace=lookup(manifest, "metadata.namespace") or "",
        version=version.removeprefix("v"),
        class_name=reference["name"],
        machines=machines,
    )


def _machines(pools: Iterable[Manifest], profile: Profile | None) -> dict[str, Machine] | None:
    """Return the flavor of each pool by its variable in the class; None if that is unknown.

    Without the profile, an override that has `flavor` in its name is taken for the flavor.
    """
    found = {}
    for pool in pools:
        overrides = {
            o.get("name"): o.get("value") for o in lookup(pool, "variables.overrides") or ()
        }
        name = profile.target(POOL_FLAVOR).override if profile else None
        if profile is None:
            name = next((n for n in overrides if "flavor" in str(n).lower()), None)
            if overrides and name is None:
                return None
        flavor = overrides.get(name)
        if isinstance(flavor, str) and flavor:
            found[order_name(pool)] = Machine(asked={}, flavor=flavor)
    return found


def is_same_version(observed: Mapping[str, Resource], bound: Bound) -> bool:
    """Say whether version and class are those that were applied before."""
    root = observed.get(KEY)
    stored = forms.newest(root.payload.get("manifest")) if root and root.exists else {}
    topology = lookup(stored, "spec.topology") or {}
    now = (f"v{bound.version}", bound.class_name)
    return (topology.get("version"), lookup(topology, "classRef.name")) == now


def progress(observed: Mapping[str, Resource]) -> Progress:
    """Return the highest version of the live cluster, and whether the last step is finished."""
    root = observed.get(KEY)
    rendered = root.payload.get("manifest") if root else None
    return status.progress(rendered or {}, status.live(root))


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=CapiSettings,
    root=KEY,
    composes={KUBERNETES: ("Object",)},
    current=current,
    applied=applied,
    is_same_version=is_same_version,
    render=render,
    identities=identities,
    recall=recall,
    namespace=lambda own, tenant: filled(own.namespace, tenant=tenant),
    provider_config=lambda own, tenant: filled(own.provider_config, tenant=tenant),
    gaps={
        "spec.access.adminGroups": "your provider grants groups their rights in the cluster",
        "spec.access.viewerGroups": "your provider grants groups their rights in the cluster",
        "spec.nodePools[].annotations": "annotations reach machines here, and not their nodes",
        "spec.maintenance.window": "your provider changes clusters at times of its own",
        "spec.maintenance.autoUpdate": "versions change only when you order them",
        "spec.hibernation.enabled": "clusters do not sleep here; order fewer nodes instead",
        "spec.hibernation.schedules": "clusters do not sleep here; order fewer nodes instead",
    },
    progress=progress,
    look=look,
    field_of=lambda _: "spec.nodePools",
    reads=READS,
    writes=frozenset(forms.VERSIONS),
    unmade=unmade,
    holds=lambda observed, _: status.holds(observed[KEY]) if KEY in observed else WHOLE,
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


def _removals(cluster: Manifest, before: Resource | None) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has; the guard checks on its own."""
    stored = before.payload.get("manifest") if before else None
    kept = {pool["name"] for pool in status.deployments(cluster)}
    return tuple(
        Removal(
            f"{inner_identity(stored)}/machineDeployment/{pool['name']}",
            "order",
            f"spec.nodePools[{order_name(pool)}]",
        )
        for pool in status.deployments(stored)
        if pool["name"] not in kept
    )
