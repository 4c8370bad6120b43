"""Resolve what an order leaves open: flavor, image, class, exact version, zones.

A decision is a pure function of order and environment, because Crossplane may ask twice
about the same new order. It is kept while what was asked is unchanged; a changed ask is
resolved anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from function import flavors, versions
from function.contract import (
    CONTROL_PLANE,
    SERVER,
    Boot,
    Bound,
    BoundImage,
    Machine,
    Order,
    Progress,
    Remark,
)
from function.errors import InvalidOrder, Problem
from function.model import ClusterSpec, ServerSpec
from function.model.cluster import ControlPlane, Oidc
from function.model.order import Size
from function.model.pool import NodePool
from function.model.server import Image
from function.schema import lookup
from function.settings import ImageOffer, Settings

ZONES_FOR_ZONE_AVAILABILITY = 3


@dataclass(frozen=True)
class Resolution:
    """What was resolved.

    Attributes:
        decided: Fields of `Bound`.
        notes: What the tenant should know of it.
        pending: Why the order is not yet answered in full; empty if it is.
        estimate: What the order holds, by the names of `status.estimate`.
        status: What the catalogue says of the result, for `status`.
    """

    decided: Mapping[str, Any]
    notes: tuple[Remark, ...] = ()
    pending: str = ""
    estimate: Mapping[str, float] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)


Resolver = Callable[[Order[Any], Settings, Bound | None, Progress], Resolution]


def cluster(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for a cluster.

    Args:
        order: The order.
        settings: The environment's settings.
        before: What was decided at the last answer; None for a new order.
        progress: What the live cluster says of its version.

    Raises:
        InvalidOrder: Something is not offered, or would go down; with every problem.
        NotOffered: A minor version on the way is not offered.
    """
    problems: list[Problem] = []
    machines: dict[str, Machine] = {}
    for pool in order.spec.node_pools:
        was = before.machines.get(pool.name) if before else None
        at = f"spec.nodePools[{pool.name}]"
        found = _machine(pool, settings, was, at, problems)
        if found:
            machines[pool.name] = found
        if was is None:
            _check_zones(pool.zones, settings, f"{at}.zones", problems)
        _check_root_volume(pool, settings, before, f"{at}.rootVolume.type", problems)
    plane = _control_plane(order, settings, before, problems)
    _check_availability(order, settings, before, problems)
    _check_variables(order, settings, before, problems)
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
    decided = {
        "machines": machines | plane,
        "zones": zones,
        "oidc": _issuer(order, settings, before, version.fields["version"]),
        **version.fields,
    }
    sized = _estimate(
        [
            (machines[pool.name], pool.bounds[1], _pool_storage(pool))
            for pool in order.spec.node_pools
        ]
    )
    notes = _machine_notes(machines, "spec.nodePools[{}].size")
    outlook = versions.outlook(settings, version.fields)
    return Resolution(decided, (*notes, *version.notes), version.pending, sized, outlook)


def server(
    order: Order[ServerSpec], settings: Settings, before: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for servers.

    Args:
        order: The order.
        settings: The environment's settings.
        before: What was decided at the last answer; None for a new order.
        progress: Not used: servers have no version.

    Raises:
        InvalidOrder: Something is not offered, or cannot change; with every problem.
    """
    del progress
    problems: list[Problem] = []
    spec = order.spec
    was = before.machines.get(SERVER) if before else None
    machine = _machine(spec, settings, was, "spec", problems)
    architecture = machine.architecture if machine else "amd64"
    image = before.image if before else None
    image = image or _image(spec.image, architecture, settings, problems)
    if before is None and spec.zone:
        _check_zones((spec.zone,), settings, "spec.zone", problems)
    boot = None
    if machine and image:
        boot = _boot(order, machine, image, settings, before, problems)
    if problems or machine is None or image is None or boot is None:
        raise InvalidOrder(*problems)
    decided = {"machines": {SERVER: machine}, "image": image, "boot": boot}
    sized = _estimate([(machine, spec.replicas, boot.size_gib if boot.volume else 0)])
    return Resolution(decided, _machine_notes({SERVER: machine}, "spec.size"), "", sized)


RESOLVERS: dict[str, Resolver] = {"Cluster": cluster, "Server": server}


def volume_type(name: str | None, settings: Settings, at: str) -> str:
    """Return the backend's name of an offered volume type; empty where none is asked for.

    Raises:
        InvalidOrder: It is not offered.
    """
    if name is None:
        return ""
    for offer in settings.volume_types:
        if offer.name == name:
            return offer.backend_name
    raise InvalidOrder(
        Problem(at, versions.not_offered(offer.name for offer in settings.volume_types))
    )


def _machine(
    ask: NodePool | ServerSpec | ControlPlane,
    settings: Settings,
    was: Machine | None,
    at: str,
    problems: list[Problem],
) -> Machine | None:
    """Return the machine for an ask; the former one where the ask is unchanged."""
    asked = ask.model_dump(mode="json", include={"flavor", "size"}, exclude_none=True)
    offered = settings.offered_flavors
    if was is not None and was.asked == asked:
        return was
    if was is not None and _rebuilt(was, ask):
        same = next((flavor for flavor in offered if flavor.name == was.flavor), None)
        return _held(same, asked) if same else was.model_copy(update={"asked": asked})
    if ask.flavor is not None:
        found = flavors.find(ask.flavor, offered)
        if found is None:
            problems.append(Problem(f"{at}.flavor", _unknown_flavor(ask.flavor, offered)))
    else:
        wish = _wish(getattr(ask, "size", None))
        found = flavors.choose(wish, offered)
        if found is None:
            near = ", ".join(flavors.nearest(wish, offered)) or "none"
            problems.append(
                Problem(f"{at}.size", f"no offered flavor has all of this; nearest: {near}")
            )
    return _held(found, asked) if found else None


def _held(found: flavors.Flavor, asked: dict[str, Any]) -> Machine:
    return Machine(
        asked=asked,
        flavor=found.name,
        cpu=found.cpu,
        memory_gib=found.memory_gib,
        disk_gib=found.disk_gib,
        gpus=found.gpus,
        architecture=found.architecture,
    )


def _rebuilt(was: Machine, ask: NodePool | ServerSpec | ControlPlane) -> bool:
    """Say whether a machine whose ask is lost may stay: it does, unless another is named."""
    return not was.asked and ask.flavor in (None, was.flavor)


def _wish(size: Size | None) -> flavors.Wish:
    assert size is not None, "the model has exactly one of flavor and size"  # noqa: S101  # typing only
    return flavors.Wish(
        cpu=size.cpu,
        memory_gib=size.memory_gib,
        disk_gib=size.disk_gib,
        disk_type=getattr(size, "disk_type", None),
        cpu_type=size.cpu_type,
        architecture=size.architecture,
        gpu_vendor=size.gpu.vendor if size.gpu else None,
        gpus=size.gpu.count if size.gpu else 0,
        gpu_memory_gib=size.gpu.memory_gib if size.gpu else None,
    )


def _unknown_flavor(asked: str, offered: Sequence[flavors.Flavor]) -> str:
    try:
        parsed = flavors.parse(asked)
    except ValueError as error:
        return f"is no scs-0100 name: {error}"
    if parsed is None:
        return versions.not_offered(flavor.name for flavor in offered)
    wish = flavors.Wish(
        cpu=parsed.cpu,
        memory_gib=parsed.memory_gib,
        cpu_type=parsed.cpu_type,
        architecture=parsed.architecture,
    )
    near = ", ".join(flavors.nearest(wish, offered)) or "none"
    return f"not offered here; nearest: {near}"


def _check_zones(
    zones: Sequence[str], settings: Settings, at: str, problems: list[Problem]
) -> None:
    offered = {zone.name for zone in settings.zones}
    for zone in zones:
        if zone not in offered:
            problems.append(Problem(at, versions.not_offered(offered)))
            return


def _control_plane(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, problems: list[Problem]
) -> dict[str, Machine]:
    if order.spec.control_plane.flavor is None:
        return {}
    was = before.machines.get(CONTROL_PLANE) if before else None
    found = _machine(order.spec.control_plane, settings, was, "spec.controlPlane", problems)
    return {CONTROL_PLANE: found} if found else {}


def _check_variables(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, problems: list[Problem]
) -> None:
    """Refuse variables that the class does not open, unless they stand as they were."""
    offer = next((c for c in settings.classes if c.name == order.spec.cluster_class), None)
    opened = offer.tenant_variables if offer else ()
    standing = lookup(before.asked, "variables") if before else None
    for name, value in order.spec.variables.items():
        stood = isinstance(standing, dict) and standing.get(name) == value
        if name not in opened and not stood:
            known = ", ".join(sorted(opened)) or "none"
            problems.append(
                Problem(f"spec.variables.{name}", f"not open to tenants here; open: {known}")
            )


def _check_root_volume(
    pool: NodePool, settings: Settings, before: Bound | None, at: str, problems: list[Problem]
) -> None:
    """Refuse a volume type that is not offered, unless it stands as it was."""
    wanted = pool.root_volume.type if pool.root_volume else None
    asked = lookup(before.asked, f"nodePools[{pool.name}].rootVolume.type") if before else None
    if wanted in (None, asked):
        return
    try:
        volume_type(wanted, settings, at)
    except InvalidOrder as refusal:
        problems.extend(refusal.problems)


def _check_availability(
    order: Order[ClusterSpec], settings: Settings, before: Bound | None, problems: list[Problem]
) -> None:
    wanted = order.spec.control_plane.availability
    if before is None and wanted == "Zone" and len(settings.zones) < ZONES_FOR_ZONE_AVAILABILITY:
        message = f"Zone needs {ZONES_FOR_ZONE_AVAILABILITY} zones, this environment has "
        message += f"{len(settings.zones)}; accepted: None, Node"
        problems.append(Problem("spec.controlPlane.availability", message))


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


def _pool_storage(pool: NodePool) -> int:
    if pool.root_volume:
        return pool.root_volume.size_gib
    return (pool.size and pool.size.disk_gib) or 0


def _estimate(parts: Sequence[tuple[Machine, int, int]]) -> dict[str, float]:
    return {
        "cpu": sum(machine.cpu * count for machine, count, _ in parts),
        "memoryGiB": sum(machine.memory_gib * count for machine, count, _ in parts),
        "storageGiB": sum(
            (volume or machine.disk_gib or 0) * count for machine, count, volume in parts
        ),
        "gpus": sum(machine.gpus * count for machine, count, _ in parts),
    }


def _machine_notes(machines: Mapping[str, Machine], at: str) -> tuple[Remark, ...]:
    """Tell which flavor a size, or another spelling of a flavor, was resolved to."""
    return tuple(
        Remark(at.format(name), f"answered with {machine.flavor}")
        for name, machine in sorted(machines.items())
        if machine.asked.get("flavor") != machine.flavor
    )


def _image(
    ask: Image, architecture: str, settings: Settings, problems: list[Problem]
) -> BoundImage | None:
    for offer in settings.images:
        same = (
            offer.name == ask.name
            if ask.name
            else (offer.os, offer.version) == (ask.os, ask.version)
        )
        if same and offer.architecture == architecture:
            return BoundImage(
                id=offer.id, name=offer.name, user=offer.user, min_disk_gib=offer.min_disk_gib
            )
    known = sorted({_image_name(offer, by_name=ask.name is not None) for offer in settings.images})
    problems.append(
        Problem(
            "spec.image",
            f"not offered here for {architecture}; offered: {', '.join(known) or 'none'}",
        )
    )
    return None


def _image_name(offer: ImageOffer, *, by_name: bool) -> str:
    text = offer.name if by_name else f"{offer.os} {offer.version}"
    return text if offer.architecture == "amd64" else f"{text} ({offer.architecture})"


def _boot(  # noqa: PLR0913  # all of it decides how a server boots
    order: Order[ServerSpec],
    machine: Machine,
    image: BoundImage,
    settings: Settings,
    before: Bound | None,
    problems: list[Problem],
) -> Boot | None:
    spec = order.spec
    if before and before.boot:
        _check_reboot(spec, machine, before, problems)
        return before.boot
    at_least = max(image.min_disk_gib, (spec.size and spec.size.disk_gib) or 0)
    if spec.boot_volume is None and machine.disk_gib is not None:
        if 0 < machine.disk_gib < at_least:
            text = (
                f"{machine.flavor} has a disk of {machine.disk_gib} GiB, the image needs {at_least}"
            )
            problems.append(Problem("spec.flavor", text))
        return Boot(volume=False, size_gib=machine.disk_gib)
    wanted = spec.boot_volume
    size = (wanted and wanted.size_gib) or at_least
    if size < at_least:
        problems.append(Problem("spec.bootVolume.sizeGiB", f"must be at least {at_least}"))
    try:
        kind = volume_type(wanted.type if wanted else None, settings, "spec.bootVolume.type")
    except InvalidOrder as refusal:
        problems.extend(refusal.problems)
        return None
    return Boot(volume=True, size_gib=size, volume_type=kind)


def _check_reboot(
    spec: ServerSpec, machine: Machine, before: Bound, problems: list[Problem]
) -> None:
    """Refuse a change of flavor that the compute service would refuse after the reboot."""
    boot = before.boot
    was = before.machines.get(SERVER)
    if boot is None or was is None or was.asked == machine.asked:
        return
    if boot.volume and spec.size and (spec.size.disk_gib or 0) > boot.size_gib:
        text = f"the boot volume stays at {boot.size_gib} GiB"
        problems.append(Problem("spec.size.diskGiB", text))
    # The numbers of a lost record are not known: the same flavor is no change.
    if machine.flavor == was.flavor:
        return
    at = "spec.flavor" if spec.flavor else "spec.size"
    if machine.architecture != was.architecture:
        problems.append(Problem(at, f"the architecture stays {was.architecture}"))
    if boot.volume:
        return
    if machine.disk_gib is None:
        text = f"the servers boot from the disk of their flavor; {machine.flavor} has none"
        problems.append(Problem(at, text))
    elif machine.disk_gib < (was.disk_gib or 0):
        text = f"the disk cannot shrink from {was.disk_gib} to {machine.disk_gib} GiB"
        problems.append(Problem(at, text))
