"""Without a fault every order is answered in the end, and stays as it is then."""

from dataclasses import replace
from random import Random

from hypothesis import given

from function.contract import Manifest

from .strategies import Case, edited, worlds
from .world import World, advance, ask, settle


def check_settles(world: World, rng: Random, edits: int) -> None:
    """Let a world settle, edit it, and let it settle again."""
    world, _ = settle(world)
    for _ in range(edits):
        world, reply = settle(edited(world, rng))
        again = ask(world)
        assert again.desired == reply.desired
        assert _bytes(again.response) == _bytes(ask(advance(world, again)).response)


@given(worlds())
def test_every_order_settles(case: Case) -> None:
    """Reach a complete and lasting state from any age, also after legal edits."""
    check_settles(*case, edits=2)


@given(worlds())
def test_edits_while_it_is_built_settle(case: Case) -> None:
    """Take edits in the middle of a wave or of a version step."""
    world, rng = case
    for _ in range(3):
        reply = ask(world)
        assert not reply.fatal
        some = frozenset(key for key in reply.desired if rng.random() < 0.5)
        world = edited(advance(world, reply, some), rng)
    settle(world)


@given(worlds())
def test_same_question_same_bytes(case: Case) -> None:
    """Answer alike, however layers and keys are ordered."""
    world, rng = case
    layers = [_shuffled(layer, rng) for layer in world.layers]
    rng.shuffle(layers)
    observed = dict(rng.sample(sorted(world.observed.items()), len(world.observed)))
    other = replace(world, layers=tuple(layers), observed=observed, spec=_shuffled(world.spec, rng))
    assert _bytes(ask(world).response) == _bytes(ask(other).response)


def _bytes(response: object) -> bytes:
    result: bytes = response.SerializeToString(deterministic=True)  # type: ignore[attr-defined]  # generated
    return result


def _shuffled(value: Manifest, rng: Random) -> Manifest:
    return {
        key: _shuffled(inner, rng) if isinstance(inner, dict) else inner
        for key, inner in rng.sample(list(value.items()), len(value))
    }
