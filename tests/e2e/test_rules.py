"""What CEL says in the API server is what Python says in the function, for specs that chance makes.

A disagreement is a bug in one of the two: an order that passes here and is refused there, or an
order that nobody can place. What is known to differ is listed with its reason.
"""

import json
import re
from collections.abc import Iterable, Iterator
from random import Random

import pytest

from function.model import KINDS
from testbed.kubernetes import Answer

from .planes import Plane
from .specs import Specs
from .verdicts import Spec, judge

pytestmark = pytest.mark.e2e

# Seed, spec, what the API server says, what the models say.
Verdicts = tuple[int, Spec, Answer, str]
CREATES, ORDERS, EDITS = 200, 20, 6
# What the models refuse and the API server does not, by what the models say.
LEFT_TO_THE_FUNCTION = (
    ("must have ranges that begin with", "CEL would have to know the names of days and months"),
    ("holds text that is no certificate", "CEL cannot read certificates"),
    (r"\.sshKeys\[", "only the function knows what a whole key is, but for ed25519"),
    ("253 characters before the slash", "names in a mapping have no bounds"),
    ("the key of a label", "names in a mapping have no bounds, a rule on them is too expensive"),
    (r"\.zones: (cannot be changed|can only gain)", "only the function knows what was accepted"),
    (r"\.availability: cannot be changed", "only the function knows what was accepted"),
    (r"\.sizeGiB: can only grow", "only the function knows what was accepted"),
)
# What the API server refuses and the models do not, by what is in the spec.
LEFT_TO_THE_API_SERVER = (
    (r"\d\.0\b", "a number without fraction reaches the function as a whole one"),
)

each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_new_orders(kind: str, plane: Plane) -> None:
    """Send specs that are good, or nearly so."""
    verdicts = []
    for seed in range(CREATES):
        rng = Random(f"{kind} {seed}")  # noqa: S311  # cases are to be played again
        specs = Specs(kind, rng)
        spec = specs.changed(specs.good(), rng.choice((0, 1, 1, 2)))
        verdicts.append((seed, spec, plane.create(kind, spec), judge(kind, spec)))
    assert_alike(verdicts)


@each_kind
def test_edits(kind: str, plane: Plane) -> None:
    """Send edits of orders that exist, each of which would be good as a new order."""
    assert_alike(edits(kind, plane))


def edits(kind: str, plane: Plane) -> Iterator[Verdicts]:
    """Yield edits with both verdicts."""
    for seed in range(ORDERS):
        rng = Random(f"{kind} {seed} edited")  # noqa: S311  # cases are to be played again
        specs = Specs(kind, rng)
        previous = specs.good()
        if not plane.create(kind, previous).accepted:
            continue
        with plane.existing(kind, previous) as path:
            for _ in range(EDITS):
                spec = specs.edited(previous, rng.choice((1, 1, 2)))
                verdict = plane.edit(path, spec), judge(kind, spec, previous)
                yield seed, {"before": previous, "now": spec}, *verdict


def assert_alike(verdicts: Iterable[Verdicts]) -> None:
    """Compare all verdicts, and show every disagreement with what it takes to play it again."""
    judged = list(verdicts)
    wrong = [
        f"seed {seed}: {json.dumps(spec, ensure_ascii=False)}\n"
        f"  API server: {answer.message or 'accepted'}\n"
        f"  models:     {problems or 'accepted'}"
        for seed, spec, answer, problems in judged
        if answer.accepted is bool(problems) and not is_known(spec, answer, problems)
    ]
    assert not wrong, "\n".join(wrong)
    # Both verdicts must occur, or nothing was compared.
    assert {answer.accepted for _, _, answer, _ in judged} == {True, False}


def is_known(spec: Spec, answer: Answer, problems: str) -> bool:
    """Say whether a disagreement has a reason."""
    if answer.accepted:
        parts = problems.split("; ")
        return all(any(re.search(known, p) for known, _ in LEFT_TO_THE_FUNCTION) for p in parts)
    text = json.dumps(spec, ensure_ascii=False)
    return any(re.search(known, text) for known, _ in LEFT_TO_THE_API_SERVER)
