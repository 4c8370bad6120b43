"""Render an order for a cluster, and tell the core what observed resources show of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from function import diagnosis, versions
from function.backends.gardener import operation, shoot, status
from function.backends.gardener.effective import (
    ShootContext,
    applied,
    current,
    remembered_types,
)
from function.backends.gardener.extensions import missing_addons
from function.backends.gardener.live import KEY, VERSION, LiveShoot, workers
from function.backends.gardener.settings import NAME, GardenerSettings
from function.backends.gardener.shapes import READS
from function.backends.gardener.shoot import AVAILABILITY, LOGIN, SHOOT_API
from function.backends.gardener.workers import node_volumes, without_affinity
from function.contract import (
    WHOLE,
    Accepted,
    Backend,
    Manifest,
    Order,
    Remark,
    Removal,
    Rendered,
    Resource,
    View,
)
from function.errors import InvalidOrder, Problem
from function.managed import KUBERNETES, inner_identity
from function.model import ClusterSpec
from function.paths import lookup, replaced
from function.record import Bound, Machine, Recalled
from function.resolve import without_drivers
from function.schema import NOTHING
from function.settings import filled


def render(context: ShootContext) -> Rendered:
    """Render an order for a cluster.

    Raises:
        InvalidOrder: A pool has fewer nodes than zones, or asks for what is not offered.
    """
    order, live, login = context.order, context.live, shoot.login(context)
    root = shoot.resource(context, login)
    root = replace(root, annotations={**root.annotations, **status.remember(root, live)})
    former = shoot.former_logins(context, login)
    resources = [root, *([login] if login else []), *former]
    retained = {resource.key for resource in resources}
    return Rendered(
        resources=tuple(resources),
        removals=_removals(root, retained, login, live),
        status=status.status_of(context, root),
        conditions=(status.current(root, live), status.health(root, live)),
        unsupported=(
            *_unsupported(order),
            *missing_addons(context),
            *without_affinity(context),
            *without_drivers(order.spec.node_pools, context.bound),
        ),
        notes=operation.notes(order.spec, live.applied),
        volumes=node_volumes(context, workers(root.payload["manifest"])),
    )


def look(accepted: Accepted[ClusterSpec] | None, live: LiveShoot) -> View:
    """Return the state of the observed Shoot, compared with what was last applied."""
    observed = live.observed
    if live.root is None or lookup(live.rendered, "spec") is None:
        return View((diagnosis.health(observed.values()),))
    desired = _desired(live.root, live)
    login = shoot.login_key(accepted.bound, accepted.order.spec) if accepted else None
    return View(
        conditions=(status.current(desired, live), status.health(desired, live)),
        wanted=frozenset({*observed, *([login] if login else ())}),
        ready=frozenset(
            key
            for key, one in observed.items()
            if (live.is_ready if key == KEY else shoot.is_made(one))
        ),
    )


def _desired(root: Resource, live: LiveShoot) -> Resource:
    """Return the Object as the next answer renders it, with a version that Gardener raised."""
    version = versions.highest(live.version, lookup(live.rendered, VERSION) or "")
    return replace(root, payload={"manifest": replaced(live.rendered, VERSION, version)})


def identities(resource: Resource) -> frozenset[str]:
    """Return the ids of the Object, of the object inside it, and of each worker pool of a Shoot."""
    manifest = resource.payload.get("manifest")
    inside = inner_identity(manifest)
    pools = {_pool_identity(inside, worker) for worker in workers(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", inside, *pools})


def _pool_identity(shoot: str, worker: Manifest) -> str:
    return f"{shoot}/worker/{worker['name']}"


def replacing(resource: Resource) -> dict[str, dict[str, Any]]:
    """Return the machines and volumes of the worker pools of a Shoot by identity."""
    manifest = resource.payload.get("manifest")
    shoot, fields = inner_identity(manifest), ("machine", "volume", "dataVolumes")
    return {
        _pool_identity(shoot, w): {name: w[name] for name in fields if name in w}
        for w in workers(manifest)
    }


def recall(live: LiveShoot) -> Recalled | None:
    """Return what can be restored of a lost record from the observed Shoot."""
    manifest, version = live.rendered, lookup(live.rendered, VERSION)
    if not version:
        return None
    pools = [worker for worker in workers(manifest) if lookup(worker, "machine.type")]
    types = remembered_types(live.root)
    return Recalled(
        namespace=lookup(manifest, "metadata.namespace") or "",
        version=version,
        machines={w["name"]: _machine(w, types.get(w["name"])) for w in pools},
        zones={w["name"]: tuple(w.get("zones", ())) for w in pools},
    )


def _machine(worker: Manifest, known: list[str] | None) -> Machine:
    """Return the machine of a worker pool, with its flavor where that is remembered."""
    machine = worker["machine"]
    flavor = known[0] if known and known[1] == machine["type"] else None
    return Machine(
        requested={},
        flavor=flavor or machine["type"],
        # Without a root volume it has a local disk of unknown size; it must not get a volume.
        disk_gib=None if worker.get("volume") else 0,
        architecture=machine.get("architecture") or "amd64",
    )


def is_same_version(live: LiveShoot, bound: Bound) -> bool:
    """Say whether the version that was decided is the one applied before, or the live one.

    A version that Gardener has raised on its own brings no new settings: Gardener changes patch
    versions in place, and at a time of its own.
    """
    return bound.version in (lookup(live.applied, VERSION), live.version)


def revertible(live: LiveShoot) -> Mapping[str, Any]:
    """Return the live values of fields that can only grow, if their growth was refused.

    A seed may have too few zones, or the cloud profile may lack one, which is not known before.
    """
    refused = live.refused
    zones = {
        f"spec.nodePools[{worker['name']}].zones": worker.get("zones", [])
        for worker in workers(refused)
    }
    return zones if not refused or shoot.survives(refused) else {**zones, AVAILABILITY: NOTHING}


def _namespace(config: GardenerSettings, tenant: str) -> str:
    return filled(config.namespace, project=config.project, tenant=tenant)


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=GardenerSettings,
    root=KEY,
    composes={KUBERNETES: ("Object",)},
    live=LiveShoot,
    current=current,
    applied=applied,
    is_same_version=is_same_version,
    render=render,
    identities=identities,
    recall=recall,
    namespace=_namespace,
    provider_config=lambda config, tenant: filled(config.provider_config, tenant=tenant),
    gaps={
        "spec.variables": "clusters have no classes here, and no variables",
        "spec.controlPlane.flavor": "control planes are no machines of yours here",
        "spec.maintenance.window.days": "the window is open every day here",
        "spec.apiServer.extraNames": "the provider names API servers here",
        "spec.healthCheck.enabled": "unhealthy nodes are always replaced here",
        "spec.healthCheck.maxUnhealthy": "unhealthy nodes are always replaced here",
    },
    progress=lambda live: live.progress,
    revertible=revertible,
    replacing=replacing,
    look=look,
    field_of=lambda key: "spec.nodePools" if key == KEY else "spec.access",
    reads=READS,
    writes=frozenset((SHOOT_API, "v1")),
    holds=lambda live, _: WHOLE if not live.root or live.root.exists else frozenset(),
)


def _removals(
    rendered: Resource, retained: set[str], login: Resource | None, live: LiveShoot
) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has, and ConfigMaps that were replaced."""
    stored = live.rendered
    names = {worker["name"] for worker in workers(rendered.payload["manifest"])}
    gone = [
        Removal(
            _pool_identity(inner_identity(stored), worker),
            "order",
            f"spec.nodePools[{worker['name']}]",
        )
        for worker in workers(stored)
        if worker["name"] not in names
    ]
    successor = sorted(identities(login))[0] if login else ""
    return tuple(gone) + tuple(
        Removal(identity, "superseded", successor)
        for key, found in sorted(live.observed.items())
        if key not in retained and key.startswith(f"{LOGIN}-")
        for identity in sorted(identities(found))
    )


def _unsupported(order: Order[ClusterSpec]) -> tuple[Remark, ...]:
    """Return fields that are unsupported because of their value rather than their presence."""
    found = []
    if order.spec.cluster_class != "default":
        found.append(Remark("spec.class", "clusters have no classes here"))
    if order.spec.network.ip_families != ("IPv4",):
        raise InvalidOrder(Problem("spec.network.ipFamilies", "not offered here; accepted: [IPv4]"))
    return tuple(found)
