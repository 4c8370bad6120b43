"""A protected order keeps its data, whatever the tenant writes into it."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given

from function.contract import Manifest

from .faults import order_nonsense, order_refused
from .strategies import Case, edited, volume, worlds
from .world import World, ask

# What holds data, or is the machine that it belongs to.
KINDS = ("InstanceV2", "VolumeV3", "VolumeAttachV2")


def check_protected(world: World, rng: Random) -> None:
    """Let the tenant write anything but that the protection is lifted."""
    wild = order_nonsense(world, rng) if rng.random() < 0.2 else _careless(world, rng)
    spec = {**wild.spec, "deletionProtection": rng.choice((True, None))}
    world = replace(world, spec={k: v for k, v in spec.items() if v is not None})
    reply = ask(world)
    if not reply.fatal:
        assert _holding(world) <= set(reply.desired)
        _check_sizes(world, reply.desired)


def _careless(world: World, rng: Random) -> World:
    """Take servers and volumes away, among other edits that are legal or refused."""
    spec = dict(world.spec)
    if rng.random() < 0.5:
        spec["replicas"] = rng.randint(1, 5)
    if rng.random() < 0.5:
        retained = [one for one in spec.get("volumes", []) if rng.random() < 0.5]
        spec["volumes"] = [{**one, "sizeGiB": rng.randint(1, 99)} for one in retained]
    if rng.random() < 0.3:
        spec["volumes"] = [*spec.get("volumes", []), volume(rng)]
    world = replace(world, spec=spec)
    world = edited(world, rng) if rng.random() < 0.5 else world
    return order_refused(world, rng) if rng.random() < 0.1 else world


def _holding(world: World) -> set[str]:
    found = {key: seen.manifest for key, seen in world.observed.items()}
    return {key for key, manifest in found.items() if manifest["kind"] in KINDS}


def _check_sizes(world: World, desired: Mapping[str, Manifest]) -> None:
    for key, seen in world.observed.items():
        if seen.manifest["kind"] == "VolumeV3":
            current = desired[key]["spec"]["forProvider"]["size"]
            assert current >= seen.manifest["spec"]["forProvider"]["size"], f"{key} would shrink"


@given(worlds("Server", least=1))
def test_protected_data_stays(case: Case) -> None:
    """No server, volume or attachment leaves, and no volume shrinks."""
    world, rng = case
    check_protected(world, rng)
