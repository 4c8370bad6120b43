"""Choose the image of servers, and decide how they boot from it."""

from function.contract import Order
from function.errors import InvalidOrder, Problem
from function.excerpts import listed
from function.model import ServerSpec
from function.model.server import Image
from function.record import SERVER, Boot, Bound, BoundImage, Machine
from function.resolve.volumes import volume_type
from function.settings import ImageOffer, Settings


def image(
    ask: Image, architecture: str, settings: Settings, problems: list[Problem]
) -> BoundImage | None:
    """Return the offered image for a request; None, with a problem added, if there is none."""
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
    known = {_image_name(offer, by_name=ask.name is not None) for offer in settings.images}
    near = ask.name or f"{ask.os} {ask.version}"
    text = f"not offered here for {architecture}; offered: {listed(known, near)}"
    problems.append(Problem("spec.image", text))
    return None


def _image_name(offer: ImageOffer, *, by_name: bool) -> str:
    text = offer.name if by_name else f"{offer.os} {offer.version}"
    return text if offer.architecture == "amd64" else f"{text} ({offer.architecture})"


def boot(  # noqa: PLR0913  # all of it decides how a server boots
    order: Order[ServerSpec],
    machine: Machine,
    image: BoundImage,
    settings: Settings,
    previous: Bound | None,
    problems: list[Problem],
) -> Boot | None:
    """Return how the servers boot; a previous decision is kept."""
    spec = order.spec
    if previous and previous.boot:
        _check_reboot(spec, machine, previous, problems)
        return previous.boot
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
    spec: ServerSpec, machine: Machine, previous: Bound, problems: list[Problem]
) -> None:
    """Refuse a change of flavor that the compute service would refuse after the reboot."""
    boot = previous.boot
    was = previous.machines.get(SERVER)
    if boot is None or was is None or was.requested == machine.requested:
        return
    if boot.volume and spec.size and (spec.size.disk_gib or 0) > boot.size_gib:
        text = f"the boot volume stays at {boot.size_gib} GiB"
        problems.append(Problem("spec.size.diskGiB", text))
    # The sizes in a lost record are unknown: the same flavor counts as unchanged.
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
