"""Whatever goes wrong, nothing that lives leaves the desired state without a reason."""

from random import Random

import pytest
from hypothesis import given, note, settings

from .faults import (
    FAULTS,
    OBSERVED_FAULTS,
    VALID_FAULTS,
    Fault,
    nothing,
    order_nonsense,
    order_refused,
    step_malformed,
)
from .strategies import Case, edited, examples, worlds
from .world import World, ask, check_answer


def check_one(world: World, rng: Random, *faults: Fault) -> None:
    """Break a world, perhaps after an edit of the tenant, and judge the answer."""
    if rng.random() < 0.3:
        world = edited(world, rng)
    for fault in faults:
        world = fault(world, rng)
    note(f"faults: {', '.join(fault.__name__ for fault in faults)}")
    reply = ask(world)
    note(reply.fatal or f"answered: {', '.join(reply.desired)}")
    check_answer(world, reply)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@settings(max_examples=examples(4))
@given(case=worlds(least=1))
def test_one_fault(fault: Fault, case: Case) -> None:
    """Survive each fault on its own."""
    world, rng = case
    check_one(world, rng, fault)


@settings(max_examples=examples() * 3)
@given(worlds(least=1))
def test_faults_that_meet(case: Case) -> None:
    """Survive faults of environment, order and observed resources at once."""
    world, rng = case
    orders = (order_refused, order_nonsense, step_malformed, nothing)
    check_one(
        world,
        rng,
        rng.choice(VALID_FAULTS),
        rng.choice(orders),
        rng.choice((*OBSERVED_FAULTS, nothing)),
    )
