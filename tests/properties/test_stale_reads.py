"""However late an older version of an order is read, what was answered since stays as it is."""

from dataclasses import replace
from random import Random

from hypothesis import given

from .strategies import Case, edited, worlds
from .world import Reply, World, advance, ask, check_answer


def check_late_reads(world: World, rng: Random) -> None:
    """Play a history in which older versions are read between edits and answers."""
    for _ in range(rng.randint(2, 4)):
        for _ in range(rng.randint(1, 2)):
            world = edited(world, rng)
        reply = ask(world)
        assert not reply.fatal, f"refused without a fault: {reply.fatal}"
        share = rng.choice((0.3, 1))
        world = advance(world, reply, frozenset(k for k in reply.desired if rng.random() < share))
        current = ask(world)
        for generation in rng.sample(sorted(world.past), min(len(world.past), 3)):
            world = _read_late(world, generation, current)
            assert ask(world).desired == current.desired


def _read_late(world: World, generation: int, current: Reply) -> World:
    """Have the function answer an older version, and Crossplane apply what comes of it."""
    if generation > world.answered_at:
        # Nobody answered it, and the request is again what it was: nothing tells them apart.
        return world
    older = replace(world, spec=world.past[generation], generation=generation)
    late = ask(older)
    check_answer(older, late)
    if older.spec == world.answered:
        assert not late.fatal, "the same request was refused"
    if not late.fatal:
        assert late.desired == current.desired
        return world
    assert late.reason == "StaleRead"
    return replace(advance(older, late), spec=world.spec, generation=world.generation)


@given(worlds())
def test_late_reads_change_nothing(case: Case) -> None:
    """Refuse what would leave, shrink or change, and answer the same request alike."""
    check_late_reads(*case)
