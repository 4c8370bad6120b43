"""Resolve an order for a cluster: flavors, zones, class, version and issuer."""

from collections.abc import Sequence
from typing import Any

from function import versions
from function.contract import Order, Progress
from function.effective import Effective, as_received, reaching, taken
from function.errors import BindingLost, InvalidOrder, Problem
from function.excerpts import few
from function.model import ClusterSpec
from function.model.cluster import ControlPlane, Oidc
from function.model.pool import NodePool
from function.paths import lookup
from function.record import CONTROL_PLANE, Bound, Decided, Machine
from function.resolve.machines import choose
from function.resolve.machines import notes as machine_notes
from function.resolve.ranges import check_ranges, range_notes
from function.resolve.resolution import Resolution, estimate
from function.resolve.storage import pool_storage
from function.resolve.variables import check_variables
from function.resolve.volumes import volume_type
from function.resolve.zones import check_zones
from function.settings import NEW_ORDERS, AccessDefaults, Settings, VolumeType

ZONES_FOR_ZONE_AVAILABILITY = 3


class ClusterDefaults(Effective):
    """Hold what an environment gives clusters that do not say it themselves.

    Attributes:
        zones: Zones of each pool that names none.
        volume_types: The backend's name of each volume type in use: another type would replace
            a volume in every node.
        oidc: The issuer that the cluster trusts.
    """

    zones: dict[str, tuple[str, ...]] = reaching(NEW_ORDERS, each=True)
    volume_types: dict[str, str] = taken(VolumeType, "backendName", each=True)
    oidc: Oidc | None = taken(AccessDefaults, "oidc")


def cluster(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for a cluster.

    Args:
        order: The order.
        settings: The environment's settings.
        previous: What was decided at the last answer; None for a new order.
        progress: What the live cluster reports about its version.

    Raises:
        InvalidOrder: Something is not offered, or would be downgraded; with every problem.
        BindingLost: The types of volumes can no longer be determined.
        NotOffered: An intermediate minor version is not offered.
    """
    problems: list[Problem] = []
    machines: dict[str, Machine] = {}
    for pool in order.spec.node_pools:
        at = f"spec.nodePools[{pool.name}]"
        found = _machine(pool, settings, (previous, pool.name), at, problems)
        if found:
            machines[pool.name] = found
        known = _asked(previous, f"nodePools[{pool.name}].zones") or ()
        check_zones([z for z in pool.zones if z not in known], settings, f"{at}.zones", problems)
        _check_volume_types(pool, settings, previous, at, problems)
    plane = _control_plane(order, settings, previous, problems)
    _check_availability(order, settings, previous, problems)
    check_ranges(order, previous, problems)
    check_variables(order, settings, previous, problems)
    try:
        version = versions.version(order, settings, previous, progress)
    except InvalidOrder as refusal:
        raise InvalidOrder(*refusal.problems, *problems) from None
    if problems:
        raise InvalidOrder(*problems)
    given = _given(order, settings, previous, version.decided)
    decided = version.decided.model_copy(
        update={
            "machines": machines | plane,
            "zones": given.zones,
            "volume_types": given.volume_types,
            "oidc": given.oidc,
        }
    )
    sized = estimate(
        [
            (machines[pool.name], pool.bounds[1], pool_storage(pool, machines[pool.name]))
            for pool in order.spec.node_pools
        ]
    )
    notes = machine_notes(machines, "spec.nodePools[{}].size")
    outlook = versions.outlook(settings, decided)
    remarks = (*notes, *range_notes(order), *version.notes)
    return Resolution(decided, remarks, version.pending, sized, outlook)


def _machine(
    ask: NodePool | ControlPlane,
    settings: Settings,
    previous: tuple[Bound | None, str],
    at: str,
    problems: list[Problem],
) -> Machine | None:
    """Return the machine for a request: today's choice for a cluster that has never run.

    Args:
        ask: The pool or control plane.
        settings: The environment's settings.
        previous: What was decided at the last answer, and the name of the machine in it.
        at: Path of the request.
        problems: Gains what is wrong with the request.
    """
    record, name = previous
    was = record.machines.get(name) if record else None
    todays = choose(ask, settings, None, at, []) if record and not record.started else None
    return todays or choose(ask, settings, was, at, problems)


def _control_plane(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, problems: list[Problem]
) -> dict[str, Machine]:
    if order.spec.control_plane.flavor is None:
        return {}
    plane = (previous, CONTROL_PLANE)
    found = _machine(order.spec.control_plane, settings, plane, "spec.controlPlane", problems)
    return {CONTROL_PLANE: found} if found else {}


def _check_volume_types(
    pool: NodePool, settings: Settings, previous: Bound | None, at: str, problems: list[Problem]
) -> None:
    """Refuse volume types that are not offered, unless they are unchanged."""
    requested = {"rootVolume.type": pool.root_volume.type} if pool.root_volume else {}
    requested |= {f"dataVolumes[{volume.name}].type": volume.type for volume in pool.data_volumes}
    for where, wanted in requested.items():
        was = _asked(previous, f"nodePools[{pool.name}].{where}")
        if wanted in (None, was):
            continue
        try:
            volume_type(wanted, settings, f"{at}.{where}")
        except InvalidOrder as refusal:
            problems.extend(refusal.problems)


def _given(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, decided: Decided
) -> ClusterDefaults:
    """Return what the environment gives a cluster, as it last received it.

    Raises:
        BindingLost: A volume type is no longer offered, and the backend's name of it is lost.
    """
    pools = order.spec.node_pools
    zones = tuple(zone.name for zone in settings.zones)
    today = ClusterDefaults(
        zones={pool.name: zones for pool in pools if not pool.zones},
        volume_types=_volume_types(pools, settings, previous),
        oidc=settings.access.oidc,
    )
    same = previous is not None and previous.runs_as(decided)
    given = as_received(today, _applied(previous), is_same_version=same)
    return given.model_copy(update={"oidc": None}) if order.spec.access.oidc else given


def _applied(previous: Bound | None) -> dict[str, Any] | None:
    """Return what the cluster last received, by attribute; an issuer that it named is not one."""
    if previous is None or not previous.started:
        return None
    named = previous.rebuilt or lookup(previous.requested, "access.oidc")
    return {
        "zones": previous.zones,
        "volume_types": previous.volume_types,
        **({"oidc": previous.oidc} if previous.oidc or not named else {}),
    }


def _volume_types(
    pools: Sequence[NodePool], settings: Settings, previous: Bound | None
) -> dict[str, str]:
    """Return the backend's name of each volume type in use; the previous one of those withdrawn.

    Raises:
        BindingLost: A type is no longer offered, and the backend's name of it is lost.
    """
    known = previous.volume_types if previous else {}
    names = {**known, **{offer.name: offer.backend_name for offer in settings.volume_types}}
    volumes = [v for pool in pools for v in (*pool.data_volumes, pool.root_volume) if v]
    requested = sorted({volume.type for volume in volumes if volume.type})
    if (
        previous
        and previous.rebuilt
        and (gone := [name for name in requested if name not in names])
    ):
        raise BindingLost(
            f"volume types {few(gone)} are no longer offered, and the "
            "record of what they are is lost; restore the annotation, or offer them again"
        )
    return {name: names[name] for name in requested if name in names}


def _check_availability(
    order: Order[ClusterSpec], settings: Settings, previous: Bound | None, problems: list[Problem]
) -> None:
    wanted = order.spec.control_plane.availability
    is_new = _asked(previous, "controlPlane.availability") != "Zone"
    if is_new and wanted == "Zone" and len(settings.zones) < ZONES_FOR_ZONE_AVAILABILITY:
        message = f"Zone needs {ZONES_FOR_ZONE_AVAILABILITY} zones, this environment has "
        message += f"{len(settings.zones)}; accepted: None, Node"
        problems.append(Problem("spec.controlPlane.availability", message))


def _asked(previous: Bound | None, path: str) -> Any:
    """Return what was requested at the last answer; None for a new order."""
    return lookup(previous.request, path) if previous else None
