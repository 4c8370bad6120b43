"""Render an order for a cluster, and tell the core what observed resources show of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from function import trouble, versions
from function.backends.gardener import operation, shoot, status
from function.backends.gardener.basis import Basis
from function.backends.gardener.effective import (
    ShootSettings,
    applied,
    current,
    remembered_types,
)
from function.backends.gardener.extensions import missing_addons
from function.backends.gardener.settings import NAME, GardenerSettings
from function.backends.gardener.shapes import READS
from function.backends.gardener.shoot import AVAILABILITY, LOGIN, SHOOT_API
from function.backends.gardener.status import KEY
from function.backends.gardener.workers import node_volumes, without_affinity
from function.contract import (
    WHOLE,
    Accepted,
    Backend,
    Manifest,
    Order,
    Progress,
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
from function.schema import NOTHING
from function.settings import filled

VERSION = "spec.kubernetes.version"


def render(
    order: Order[ClusterSpec],
    settings: ShootSettings,
    bound: Bound,
    observed: Mapping[str, Resource],
) -> Rendered:
    """Render an order for a cluster.

    Raises:
        InvalidOrder: A pool has fewer nodes than zones, or asks for what is not offered.
    """
    basis = Basis(order, settings, bound, observed)
    login = shoot.login(basis)
    before, root = observed.get(KEY), shoot.resource(basis, login)
    root = replace(root, annotations={**root.annotations, **status.remember(root, before)})
    former = shoot.former_logins(basis, login)
    resources = [root, *([login] if login else []), *former]
    kept = {resource.key for resource in resources}
    return Rendered(
        resources=tuple(resources),
        removals=_removals(resources[0], kept, login, observed),
        status=status.status_of(order, settings.extra_scopes, bound, root, before),
        conditions=(status.current(root, before), status.health(root, observed)),
        unsupported=(*_unsupported(order), *missing_addons(basis), *without_affinity(basis)),
        notes=operation.notes(order.spec, basis.stored),
        volumes=node_volumes(basis, status.workers(resources[0].payload["manifest"])),
    )


def look(accepted: Accepted[ClusterSpec] | None, observed: Mapping[str, Resource]) -> View:
    """Return the state of the observed Shoot, compared with what was last applied."""
    before = observed.get(KEY)
    if before is None or lookup(before.payload, "manifest.spec") is None:
        return View((trouble.health(observed.values()),))
    desired = _desired(before)
    login = shoot.login_key(accepted.bound, accepted.order.spec) if accepted else None
    return View(
        conditions=(status.current(desired, before), status.health(desired, observed)),
        wanted=frozenset({*observed, *([login] if login else ())}),
        ready=frozenset(key for key, one in observed.items() if _is_ready(key, one)),
    )


def _desired(before: Resource) -> Resource:
    """Return the Object as the next answer renders it, with a version that Gardener raised."""
    stored = before.payload["manifest"]
    live = lookup(status.live_shoot(before), VERSION) or ""
    version = versions.highest(live, lookup(stored, VERSION) or "")
    return replace(before, payload={"manifest": replaced(stored, VERSION, version)})


def _is_ready(key: str, resource: Resource) -> bool:
    return status.ready(status.live_shoot(resource)) if key == KEY else shoot.is_made(resource)


def identities(resource: Resource) -> frozenset[str]:
    """Return the ids of the Object, of the object inside it, and of each worker pool of a Shoot."""
    manifest = resource.payload.get("manifest")
    inside = inner_identity(manifest)
    pools = {f"{inside}/worker/{worker['name']}" for worker in status.workers(manifest)}
    return frozenset({f"{resource.kind}/{resource.key}", inside, *pools})


def recall(observed: Mapping[str, Resource]) -> Recalled | None:
    """Return what can be restored of a lost record from the observed Shoot."""
    root = observed.get(KEY)
    manifest = root.payload.get("manifest") if root else None
    version = lookup(manifest, VERSION)
    if not version:
        return None
    workers = [worker for worker in status.workers(manifest) if lookup(worker, "machine.type")]
    types = remembered_types(root)
    return Recalled(
        namespace=lookup(manifest, "metadata.namespace") or "",
        version=version,
        machines={w["name"]: _machine(w, types.get(w["name"])) for w in workers},
        zones={w["name"]: tuple(w.get("zones", ())) for w in workers},
    )


def _machine(worker: Manifest, known: list[str] | None) -> Machine:
    """Return the machine of a worker pool, with its flavor where that is remembered."""
    machine = worker["machine"]
    flavor = known[0] if known and known[1] == machine["type"] else None
    return Machine(
        asked={},
        flavor=flavor or machine["type"],
        # Without a root volume it has a local disk of unknown size; it must not get a volume.
        disk_gib=None if worker.get("volume") else 0,
        architecture=machine.get("architecture") or "amd64",
    )


def progress(observed: Mapping[str, Resource]) -> Progress:
    """Return the version of the live Shoot, which Gardener may have raised, and if it is settled.

    The Shoot is not settled until it runs the version that was rendered last.
    """
    root = observed.get(KEY)
    live = status.live_shoot(root)
    version = lookup(live, VERSION) or ""
    asked = lookup(root.payload.get("manifest"), VERSION) if root else None
    taken = versions.highest(version, asked or "") == version
    return Progress(
        version, taken and status.fresh(live) and status.rests(live) and not status.deleting(live)
    )


def is_same_version(observed: Mapping[str, Resource], bound: Bound) -> bool:
    """Say whether the version that was decided is the one applied before, or the live one.

    A version that Gardener has raised on its own brings no new settings: Gardener changes patch
    versions in place, and at a time of its own.
    """
    root = observed.get(KEY)
    stored = root.payload.get("manifest") if root and root.exists else None
    return any(
        lookup(shoot, VERSION) == bound.version for shoot in (stored, status.live_shoot(root))
    )


def standing(observed: Mapping[str, Resource]) -> Mapping[str, Any]:
    """Return the live values of fields that can only grow, if their growth was refused.

    A seed may have too few zones, or the cloud profile may lack one, which is not known before.
    """
    live = status.refused(observed.get(KEY))
    zones = {
        f"spec.nodePools[{worker['name']}].zones": worker.get("zones", [])
        for worker in status.workers(live)
    }
    return zones if not live or shoot.survives(live) else {**zones, AVAILABILITY: NOTHING}


def _namespace(own: GardenerSettings, tenant: str) -> str:
    return filled(own.namespace, project=own.project, tenant=tenant)


CLUSTER: Backend[ClusterSpec] = Backend(
    name=NAME,
    package=__name__.rpartition(".")[0],
    settings=GardenerSettings,
    root=KEY,
    composes={KUBERNETES: ("Object",)},
    current=current,
    applied=applied,
    is_same_version=is_same_version,
    render=render,
    identities=identities,
    recall=recall,
    namespace=_namespace,
    provider_config=lambda own, tenant: filled(own.provider_config, tenant=tenant),
    gaps={
        "spec.variables": "clusters have no classes here, and no variables",
        "spec.controlPlane.flavor": "control planes are no machines of yours here",
        "spec.maintenance.window.days": "the window is open every day here",
        "spec.apiServer.extraNames": "the provider names API servers here",
        "spec.healthCheck.enabled": "unhealthy nodes are always replaced here",
        "spec.healthCheck.maxUnhealthy": "unhealthy nodes are always replaced here",
    },
    progress=progress,
    standing=standing,
    look=look,
    field_of=lambda key: "spec.nodePools" if key == KEY else "spec.access",
    reads=READS,
    writes=frozenset((SHOOT_API, "v1")),
    holds=lambda observed, _: WHOLE if KEY not in observed or observed[KEY].exists else frozenset(),
)


def _removals(
    rendered: Resource, kept: set[str], login: Resource | None, observed: Mapping[str, Resource]
) -> tuple[Removal, ...]:
    """Return the pools that the order no longer has, and ConfigMaps that were replaced."""
    before = observed.get(KEY)
    stored = before.payload.get("manifest") if before else None
    workers = {worker["name"] for worker in status.workers(rendered.payload["manifest"])}
    gone = [
        Removal(
            f"{inner_identity(stored)}/worker/{worker['name']}",
            "order",
            f"spec.nodePools[{worker['name']}]",
        )
        for worker in status.workers(stored)
        if worker["name"] not in workers
    ]
    successor = sorted(identities(login))[0] if login else ""
    return tuple(gone) + tuple(
        Removal(identity, "superseded", successor)
        for key, found in sorted(observed.items())
        if key not in kept and key.startswith(f"{LOGIN}-")
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
