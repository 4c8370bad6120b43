"""Resolve an order for servers: flavor, image, how they boot, and types of volumes."""

from function.contract import Order, Progress
from function.errors import InvalidOrder, Problem
from function.model import ServerSpec
from function.record import SERVER, Bound, Decided
from function.resolve import boots, machines
from function.resolve.resolution import Resolution, estimate
from function.resolve.volumes import volume_types
from function.resolve.zones import check_zones
from function.settings import Settings


def server(
    order: Order[ServerSpec], settings: Settings, previous: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for servers.

    Args:
        order: The order.
        settings: The environment's settings.
        previous: What was decided at the last answer; None for a new order.
        progress: Not used: servers have no version.

    Raises:
        InvalidOrder: Something is not offered, or cannot change; with every problem.
    """
    del progress
    problems: list[Problem] = []
    spec = order.spec
    was = previous.machines.get(SERVER) if previous else None
    machine = machines.choose(spec, settings, was, "spec", problems)
    architecture = machine.architecture if machine else "amd64"
    image = previous.image if previous else None
    image = image or boots.image(spec.image, architecture, settings, problems)
    if spec.zone and (previous is None or previous.request.get("zone") != spec.zone):
        check_zones((spec.zone,), settings, "spec.zone", problems)
    types = volume_types(spec, settings, previous, problems)
    boot = None
    if machine and image:
        boot = boots.boot(order, machine, image, settings, previous, problems)
    if problems or machine is None or image is None or boot is None:
        raise InvalidOrder(*problems)
    decided = Decided(machines={SERVER: machine}, image=image, boot=boot, volume_types=types)
    disk = boot.size_gib if boot.volume else machine.disk_gib or 0
    storage = disk + sum(volume.size_gib for volume in spec.volumes)
    sized = estimate([(machine, spec.replicas, storage)])
    return Resolution(decided, machines.notes({SERVER: machine}, "spec.size"), "", sized)
