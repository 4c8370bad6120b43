"""Walk every field of every order through every backend: expressed, declared, or refused.

A field that is none of these would be dropped in silence. A new field fails here until each
backend expresses it or says that it cannot; a gap that is no longer one fails as well. Each rule
is one test for each kind and backend, which lists every field that breaks it.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from function import backends, local, simulate
from function.model import KINDS
from function.report import SETTLED
from tests import asking
from tests.fields import CORE, PAIRS, leaves
from tests.generous import generous, order, play, settled, substance
from tests.holding import hold

# Fields that are expressed, with a note that something of them is not.
_GPUS = {f"nodePools[].size.gpu.{name}" for name in ("vendor", "count", "memoryGiB")}
PARTLY = {
    "capi": {"nodePools[].autoscaling.min", "nodePools[].autoscaling.max", *_GPUS},
    "gardener": _GPUS,
}
each_backend = pytest.mark.parametrize(
    ("kind", "backend"),
    [(kind, name) for kind, table in backends.BACKENDS.items() for name in table],
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_walked(kind: str) -> None:
    """A field that is added to a model is added here, or this fails."""
    core = {field.removeprefix("spec.") for field in CORE}
    assert set(leaves(KINDS[kind])) - core == set(PAIRS[kind])


def held(rule: Callable[[str, str, str], None], kind: str, backend: str) -> None:
    """Hold a rule against every field of a kind."""
    hold(rule, [(field, kind, backend, field) for field in PAIRS[kind]])


@each_backend
def test_fields_are_expressed_or_declared(kind: str, backend: str) -> None:
    """What the provider runs differs, or `status.unsupported` lists it, or it is refused."""
    held(expressed_or_declared, kind, backend)


def expressed_or_declared(kind: str, backend: str, field: str) -> None:
    """Check that a field is not dropped."""
    one, other = (play(kind, backend, edits) for edits in PAIRS[kind][field])
    if other.fatal:
        named = re.sub(r"\[[^]]*\]", "[]", other.fatal)
        assert named.startswith("InvalidOrder: ")
        assert any(part in named for part in prefixes(f"spec.{field}"))
        return
    changed = substance(one) != substance(other)
    gaps = {gap["field"] for gap in other.composite["status"].get("unsupported", ())}
    named_gaps = {re.sub(r"\[[^]]*\]", "[]", path) for path in gaps}
    declared = bool(named_gaps & set(prefixes(f"spec.{field}")))
    assert changed or declared, "the field is dropped in silence"
    # A note that goes with an expression is no gap.
    assert not (changed and declared) or field in PARTLY.get(backend, ()), "no longer a gap"


@each_backend
def test_an_edit_is_not_current_before_it_is_taken_over(kind: str, backend: str) -> None:
    """Whatever it changes of what is rendered, and whatever the live thing still says of itself."""
    held(not_current_before_taken_over, kind, backend)


def not_current_before_taken_over(kind: str, backend: str, field: str) -> None:
    """Check that an edit is shown as current once providers have followed, and not before."""
    one, other = PAIRS[kind][field]
    previous, requested = play(kind, backend, one), order(kind, other)
    outcome = asking.ask(requested, generous(kind, backend), simulate.play(previous.resources))
    if previous.fatal or outcome.fatal:
        return
    status = outcome.composite["status"]
    changed = applied(previous) != applied(outcome)
    assert current(outcome) is not changed
    assert not (changed and status["phase"] in SETTLED)
    assert current(settled(requested, backend, outcome))


def applied(outcome: local.Outcome) -> dict[str, Any]:
    """Return what providers make of the resources: neither memory nor what is for creation only."""
    specs = {key: manifest["spec"] for key, manifest in outcome.resources.items()}
    return {key: (spec["forProvider"], spec["managementPolicies"]) for key, spec in specs.items()}


def current(outcome: local.Outcome) -> bool:
    """Say whether an order is shown as current."""
    shown = {one["type"]: one["status"] for one in outcome.composite["status"]["conditions"]}
    return bool(shown["Current"] == "True")


def prefixes(path: str) -> list[str]:
    """Return a path and those of the fields around it, `spec` left out."""
    parts = path.split(".")
    return [".".join(parts[:end]).removesuffix("[]") for end in range(2, len(parts) + 1)] + [path]
