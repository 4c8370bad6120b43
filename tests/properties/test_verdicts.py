"""Some faults must be refused, and by their name; others must be lived with."""

from random import Random

import pytest
from hypothesis import given, settings

from . import faults
from .faults import Fault
from .strategies import Case, edited, examples, worlds
from .world import World, ask, check_answer

REFUSED: dict[Fault, str] = {
    faults.environment_lost: "EnvironmentNotFound",
    faults.catalogue_lost: "EnvironmentInvalid",
    faults.root_lost: "EnvironmentInvalid",
    faults.layer_duplicated: "EnvironmentInvalid",
    faults.order_empty: "InvalidOrder",
    faults.order_rebuilt: "InvalidOrder",
    faults.order_unknown: "FunctionOutdated",
    faults.place_changed: "MoveRefused",
    faults.backend_unknown: "FunctionOutdated",
    faults.label_lost: "BindingLost",
    faults.foreign_labelled: "NameTaken",
    faults.resource_newer: "DeletionRefused",
    faults.bound_newer: "FunctionOutdated",
}
ANSWERED: tuple[Fault, ...] = (
    faults.policy_gone,
    faults.foreign_unlabelled,
    faults.status_lost,
    faults.deleting,
    faults.external_name_lost,
    faults.orphaned,
)


def check_refused(world: World, rng: Random, fault: Fault) -> None:
    """Break a world in a way that must be noticed."""
    reply = ask(fault(world, rng))
    assert reply.reason == REFUSED[fault], reply.fatal or "answered"


def check_answered(world: World, rng: Random, fault: Fault) -> None:
    """Break a world in a way that the order has to survive, also while it is edited."""
    world = fault(edited(world, rng), rng)
    reply = ask(world)
    assert not reply.fatal, reply.fatal
    check_answer(world, reply)


@pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.__name__)
@settings(max_examples=examples(6))
@given(case=worlds(least=1))
def test_is_refused(fault: Fault, case: Case) -> None:
    """Refuse what would be answered from less than everything, or take from others."""
    world, rng = case
    check_refused(world, rng, fault)


@pytest.mark.parametrize("fault", ANSWERED, ids=lambda fault: fault.__name__)
@settings(max_examples=examples(6))
@given(case=worlds(least=1))
def test_is_answered(fault: Fault, case: Case) -> None:
    """Answer as if nothing were amiss."""
    world, rng = case
    check_answered(world, rng, fault)
