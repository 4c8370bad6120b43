"""Choose a flavor for a request: the previous one if the request is unchanged."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from function import excerpts, flavors, versions
from function.contract import Remark
from function.errors import Problem
from function.model import ServerSpec
from function.model.cluster import ControlPlane
from function.model.order import Size
from function.model.pool import NodePool
from function.record import Bound, Machine
from function.settings import Settings

_DRIVERS = "driver and device plugin of the GPUs are not installed here; install them yourself"


def choose(
    ask: NodePool | ServerSpec | ControlPlane,
    settings: Settings,
    was: Machine | None,
    at: str,
    problems: list[Problem],
) -> Machine | None:
    """Return the machine for a request; the previous one if the request is unchanged."""
    requested = ask.model_dump(mode="json", include={"flavor", "size"}, exclude_none=True)
    offered = settings.offered_flavors
    if was is not None and was.requested == requested:
        return was
    if was is not None and _rebuilt(was, ask):
        same = next((flavor for flavor in offered if flavor.name == was.flavor), None)
        return _held(same, requested) if same else was.model_copy(update={"requested": requested})
    if ask.flavor is not None:
        found = flavors.find(ask.flavor, offered)
        if found is None:
            problems.append(Problem(f"{at}.flavor", _unknown_flavor(ask.flavor, offered)))
    else:
        wish = _wish(getattr(ask, "size", None))
        found = flavors.choose(wish, offered)
        if found is None:
            near = _nearest(wish, offered)
            problems.append(
                Problem(f"{at}.size", f"no offered flavor has all of this; nearest: {near}")
            )
    return _held(found, requested) if found else None


def notes(machines: Mapping[str, Machine], at: str) -> tuple[Remark, ...]:
    """Return notes on the flavors that sizes, or other spellings of flavors, resolved to."""
    return tuple(
        Remark(at.format(name), f"answered with {machine.flavor}")
        for name, machine in sorted(machines.items())
        if machine.requested.get("flavor") != machine.flavor
    )


def without_drivers(
    pools: Sequence[NodePool], bound: Bound, served: Collection[str] = ()
) -> list[Remark]:
    """Return the pools with GPUs that nothing can use until the tenant installs drivers.

    Args:
        pools: The pools of an order.
        bound: Its record.
        served: Names of those for which the provider installs them.
    """
    return [
        Remark(f"spec.nodePools[{pool.name}].{'size.gpu' if pool.size else 'flavor'}", _DRIVERS)
        for pool in pools
        if bound.machines[pool.name].gpus and pool.name not in served
    ]


def _held(found: flavors.Flavor, requested: dict[str, Any]) -> Machine:
    return Machine(
        requested=requested,
        flavor=found.name,
        cpu=found.cpu,
        memory_gib=found.memory_gib,
        disk_gib=found.disk_gib,
        gpus=found.gpus,
        architecture=found.architecture,
    )


def _rebuilt(was: Machine, ask: NodePool | ServerSpec | ControlPlane) -> bool:
    """Return whether a machine whose request is lost is kept: unless another flavor is named."""
    return not was.requested and ask.flavor in (None, was.flavor)


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


def _unknown_flavor(requested: str, offered: Sequence[flavors.Flavor]) -> str:
    try:
        parsed = flavors.parse(requested)
    except ValueError as error:
        return f"is no scs-0100 name: {error}"
    if parsed is None:
        return versions.not_offered((flavor.name for flavor in offered), requested)
    wish = flavors.Wish(
        cpu=parsed.cpu,
        memory_gib=parsed.memory_gib,
        cpu_type=parsed.cpu_type,
        architecture=parsed.architecture,
    )
    return f"not offered here; nearest: {_nearest(wish, offered)}"


def _nearest(wish: flavors.Wish, offered: Sequence[flavors.Flavor]) -> str:
    near = flavors.nearest(wish, offered, excerpts.NEAREST)
    return excerpts.few(near, len({flavor.name for flavor in offered})) or "none"
