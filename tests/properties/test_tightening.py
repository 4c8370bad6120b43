"""What the operator takes from the offer, or forbids, never reaches a live order."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings

from function.contract import Manifest

from .faults import (
    Fault,
    catalogue_changed,
    limits_tightened,
    policy_gone,
    policy_tightened,
    profiles_changed,
    settings_changed,
)
from .strategies import Case, examples, worlds
from .world import World, advance, ask, settle

TIGHTER = (catalogue_changed, policy_tightened, policy_gone, limits_tightened, settings_changed)


def specs(desired: Mapping[str, Manifest]) -> dict[str, Manifest]:
    """Return what providers would act on."""
    return {key: manifest["spec"] for key, manifest in desired.items()}


def check_unchanged(world: World, rng: Random, *faults: Fault) -> None:
    """Change the offer under a settled order; nothing must reach it, now or a pass later."""
    world, previous = settle(world)
    for fault in faults:
        world = fault(world, rng)
    for _ in range(2):
        reply = ask(world)
        if reply.reason in ("EnvironmentInvalid", "MoveRefused"):
            return
        assert not reply.fatal, reply.fatal
        assert specs(reply.desired) == specs(previous.desired)
        assert reply.complete
        world = advance(world, reply)


@pytest.mark.parametrize("fault", TIGHTER, ids=lambda fault: fault.__name__)
@given(case=worlds())
def test_offer_is_changed(fault: Fault, case: Case) -> None:
    """Leave a settled order alone, whatever is no longer offered or allowed."""
    world, rng = case
    check_unchanged(world, rng, fault)


@settings(max_examples=examples() * 3)
@given(worlds("Cluster"))
def test_profiles_are_changed(case: Case) -> None:
    """Leave it alone when the way that order fields reach its class is changed."""
    world, rng = case
    check_unchanged(world, rng, profiles_changed)


@given(worlds())
def test_everything_is_tightened(case: Case) -> None:
    """Leave it alone when catalogue, rules and limits change in one release."""
    world, rng = case
    check_unchanged(world, rng, catalogue_changed, policy_tightened, limits_tightened)


@given(worlds(least=1))
def test_rules_are_tightened_while_it_is_built(case: Case) -> None:
    """Go on building what was begun before rules and limits were tightened."""
    world, rng = case
    for fault in (policy_tightened, limits_tightened):
        world = fault(world, rng)
    if world.spec == world.answered:
        settle(world)
