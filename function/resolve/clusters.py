"""Resolve an order for a cluster: flavors, zones, class, version and issuer."""

from typing import Any

from function import versions
from function.bound import remembered
from function.contract import Order, Progress
from function.errors import BindingLost, InvalidOrder, Problem
from function.excerpts import few
from function.model import ClusterSpec
from function.model.cluster import Oidc
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
from function.schema import NOTHING
from function.settings import Settings

ZONES_FOR_ZONE_AVAILABILITY = 3


def cluster(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for a cluster.

    Args:
        order: The order.
        settings: The environment's settings.
        before: What was decided at the last answer; None for a new order.
        progress: What the live cluster reports about its version.

    Raises:
        InvalidOrder: Something is not offered, or would be downgraded; with every problem.
        BindingLost: The types of volumes can no longer be determined.
        NotOffered: An intermediate minor version is not offered.
    """
    problems: list[Problem] = []
    machines: dict[str, Machine] = {}
    for pool in order.spec.node_pools:
        was = before.machines.get(pool.name) if before else None
        at = f"spec.nodePools[{pool.name}]"
        found = choose(pool, settings, was, at, problems)
        if found:
            machines[pool.name] = found
        known = _asked(before, f"nodePools[{pool.name}].zones") or ()
        check_zones([z for z in pool.zones if z not in known], settings, f"{at}.zones", problems)
        _check_volume_types(pool, settings, before, at, problems)
    plane = _control_plane(order, settings, before, problems)
    _check_availability(order, settings, before, problems)
    check_ranges(order, before, problems)
    check_variables(order, settings, before, problems)
    try:
        version = versions.version(order, settings, before, progress)
    except InvalidOrder as refusal:
        raise InvalidOrder(*refusal.problems, *problems) from None
    if problems:
        raise InvalidOrder(*problems)
    zones = {
        pool.name: _zones(pool, settings, before)
        for pool in order.spec.node_pools
        if not pool.zones
    }
    decided = version.decided.model_copy(
        update={
            "machines": machines | plane,
            "zones": zones,
            "volume_types": _volume_types(order, settings, before, version.decided),
            "oidc": _issuer(order, settings, before, version.decided.version),
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


def _control_plane(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, problems: list[Problem]
) -> dict[str, Machine]:
    if order.spec.control_plane.flavor is None:
        return {}
    was = before.machines.get(CONTROL_PLANE) if before else None
    found = choose(order.spec.control_plane, settings, was, "spec.controlPlane", problems)
    return {CONTROL_PLANE: found} if found else {}


def _check_volume_types(
    pool: NodePool, settings: Settings, before: Bound | None, at: str, problems: list[Problem]
) -> None:
    """Refuse volume types that are not offered, unless they are unchanged."""
    asked = {"rootVolume.type": pool.root_volume.type} if pool.root_volume else {}
    asked |= {f"dataVolumes[{volume.name}].type": volume.type for volume in pool.data_volumes}
    for where, wanted in asked.items():
        was = _asked(before, f"nodePools[{pool.name}].{where}")
        if wanted in (None, was):
            continue
        try:
            volume_type(wanted, settings, f"{at}.{where}")
        except InvalidOrder as refusal:
            problems.extend(refusal.problems)


def _volume_types(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, decided: Decided
) -> dict[str, str]:
    """Return the backend's name of each volume type in use; it changes with the version.

    Another type would replace a volume in every node, so an edit of the offered types takes effect
    only with the next version.

    Raises:
        BindingLost: A type is no longer offered, and the backend's name of it is lost.
    """
    known = before.volume_types if before else {}
    offered = {offer.name: offer.backend_name for offer in settings.volume_types}
    stands = before and before.runs_as(decided)
    names = {**known, **offered, **known} if stands else {**known, **offered}
    pools = order.spec.node_pools
    asked = {v.type for pool in pools for v in (*pool.data_volumes, pool.root_volume) if v}
    if before and before.rebuilt and (gone := sorted(asked - {None} - names.keys(), key=str)):
        raise BindingLost(
            f"volume types {few([str(name) for name in gone])} are no longer offered, and the "
            "record of what they are is lost; restore the annotation, or offer them again"
        )
    return {name: names[name] for name in sorted(asked - {None}, key=str) if name in names}


def _check_availability(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, problems: list[Problem]
) -> None:
    wanted = order.spec.control_plane.availability
    new = before is None or _asked(before, "controlPlane.availability") == NOTHING
    if new and wanted == "Zone" and len(settings.zones) < ZONES_FOR_ZONE_AVAILABILITY:
        message = f"Zone needs {ZONES_FOR_ZONE_AVAILABILITY} zones, this environment has "
        message += f"{len(settings.zones)}; accepted: None, Node"
        problems.append(Problem("spec.controlPlane.availability", message))


def _asked(before: Bound | None, path: str) -> Any:
    """Return what was requested at the last answer; None for a new order."""
    return lookup(remembered(before), path) if before else None


def _zones(pool: NodePool, settings: Settings, before: Bound | None) -> tuple[str, ...]:
    if before and pool.name in before.zones:
        return before.zones[pool.name]
    return tuple(zone.name for zone in settings.zones)


def _issuer(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, version: str
) -> Oidc | None:
    """Return the environment's issuer where the order names none; it changes with the version."""
    if order.spec.access.oidc:
        return None
    if before and before.oidc and before.version == version:
        return before.oidc
    named_before = before and lookup(before.asked, "access.oidc")
    if before and before.version == version and not named_before and not before.rebuilt:
        return before.oidc
    return settings.access.oidc
