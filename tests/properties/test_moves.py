"""A move that the operator lists leaves what exists with the provider, never deleted."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given, settings

from function.contract import Manifest
from function.local import Observed

from .faults import moved, orphaned
from .strategies import Case, examples, worlds
from .world import World, advance, ask, check_answer, is_ours, settle


def check_move(world: World, rng: Random) -> None:
    """Follow a listed move to its end: Delete is taken away, seen, and then it is let go."""
    world, _ = settle(world)
    world = moved(world, rng)
    reply = ask(world)
    check_answer(world, reply)
    old = {key: found.manifest for key, found in world.observed.items()}
    if any(_may_delete(manifest) for manifest in old.values()):
        assert set(reply.desired) == set(old), "let go before its observed policies lack Delete"
        _check_left(reply.desired, old)
    for _ in range(2):
        world = advance(world, reply)
        reply = ask(world)
        check_answer(world, reply)
    settle(world)


def _check_left(desired: Mapping[str, Manifest], old: Mapping[str, Manifest]) -> None:
    """Judge what is re-emitted: the account's other name, or Delete is gone and else nothing."""
    for key, manifest in desired.items():
        if _account(manifest) == _account(old[key]):
            assert not _may_delete(manifest)
            assert manifest["spec"]["forProvider"] == old[key]["spec"]["forProvider"]


def _may_delete(manifest: Manifest) -> bool:
    return bool({"*", "Delete"} & set(manifest["spec"]["managementPolicies"]))


def _account(manifest: Manifest) -> object:
    return manifest["spec"]["providerConfigRef"]["name"]


@settings(max_examples=examples(2))
@given(worlds(least=1))
def test_move_orphans(case: Case) -> None:
    """Emit the old side without Delete, let it go once that is observed, then start over."""
    world, rng = case
    check_move(replace(world, spec=world.answered or world.spec), rng)


@settings(max_examples=examples(2))
@given(worlds(least=1))
def test_part_of_the_old_side_has_no_delete(case: Case) -> None:
    """Let nothing go while any of the old side could still be deleted with it."""
    world, rng = case
    world = moved(world, rng)
    bare = orphaned(world, rng).observed
    some: dict[str, Observed] = {
        key: bare[key] if rng.random() < 0.5 else found for key, found in world.observed.items()
    }
    world = replace(world, observed=some)
    assert all(is_ours(found.manifest) for found in some.values())
    check_answer(world, ask(world))
