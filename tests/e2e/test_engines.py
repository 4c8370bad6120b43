"""The function behind the real engines of Crossplane 1.20 and 2.x, for every example and CSP.

What an engine makes of an order must be what `central-api render` prints, and must be valid by the
engine's own `validate`. Results are part of what is compared: a message that only one of them
shows would reach some tenants and not others.
"""

import copy

import pytest

from testbed import ROOT

from .engines import RAILS, Case, Lab, Rail, definitions, load
from .outcome import Manifest, Outcome, Refusal, nested

pytestmark = pytest.mark.e2e

ENVIRONMENTS = sorted(p for p in (ROOT / "examples" / "environments").glob("*") if p.is_dir())
EXAMPLES = sorted(p.parent for p in (ROOT / "examples").glob("*/*/claim.yaml"))
CASES = [Case(x, e, rail) for rail in RAILS for e in ENVIRONMENTS for x in EXAMPLES]
NO_SCHEMA = {"apiVersion": "nobody.example.org/v1", "kind": "Nothing", "metadata": {"name": "none"}}

each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_rail = pytest.mark.parametrize("rail", RAILS, ids=lambda rail: rail.name)


@each_case
def test_engine_agrees_with_our_command_line(case: Case, lab: Lab) -> None:
    """Compare the engine's resources, status, results or refusal with our own."""
    assert_same(lab.theirs(case), lab.ours(case))


@each_case
def test_engine_agrees_when_resources_are_observed(case: Case, lab: Lab) -> None:
    """Compare the second pass, in which the resources of the first pass exist and work."""
    first = lab.ours(case)
    if isinstance(first, Refusal):
        pytest.skip("a refused order leaves nothing to observe")
    observed = lab.observe(case, first.documents)
    assert_same(lab.theirs(case, observed), lab.ours(case, observed))


@each_case
def test_all_documents_are_valid(case: Case, lab: Lab) -> None:
    """Validate the order, the rendered XR, what it composes, and what is nested in that."""
    rendered = lab.theirs(case)
    documents = rendered.documents if isinstance(rendered, Outcome) else load(lab.order(case))
    orders = load(case.example / "claim.yaml")
    done = lab.validate(case.rail, [*orders, *documents, *nested(case.rail.line, documents)])
    assert done.returncode == 0, done.stdout + done.stderr


@each_rail
def test_package_is_valid(rail: Rail, lab: Lab) -> None:
    """Validate the XRDs, the Compositions and every environment by core's own schemas."""
    documents = [d for path in definitions(rail) for d in load(path)]
    for path in definitions(rail):
        documents += load(ROOT / "compositions" / f"{path.parent.name}.yaml")
    documents += [d for e in ENVIRONMENTS for path in sorted(e.glob("*.yaml")) for d in load(path)]
    done = lab.validate(rail, documents)
    assert done.returncode == 0, done.stdout + done.stderr


@each_rail
def test_validation_finds_an_unknown_field(rail: Rail, lab: Lab) -> None:
    """Prove that the check can fail: misspell a field of an order and of a composed resource."""
    case, rendered = first_rendered(rail, lab)
    for document in (load(case.example / "claim.yaml")[0], rendered.documents[1]):
        done = lab.validate(rail, [misspelt(document)])
        assert done.returncode != 0
        assert 'unknown field: "noSuchField"' in done.stdout


@each_rail
def test_validation_finds_a_missing_schema(rail: Rail, lab: Lab) -> None:
    """Prove that a resource without a schema is an error and no success."""
    done = lab.validate(rail, [NO_SCHEMA])
    assert done.returncode != 0
    assert "1 missing schemas" in done.stdout


@each_rail
def test_examples_are_both_rendered_and_refused(rail: Rail, lab: Lab) -> None:
    """Prove that the comparisons above compare something of either sort."""
    outcomes = {type(lab.ours(case)) for case in CASES if case.rail == rail}
    assert outcomes == {Outcome, Refusal}


def assert_same(theirs: Outcome | Refusal, ours: Outcome | Refusal) -> None:
    """Compare wholes; of a refusal, our command line may print more than the engine."""
    if isinstance(theirs, Refusal) and isinstance(ours, Refusal):
        assert theirs.message
        assert theirs.message in ours.message
        return
    assert theirs == ours


def first_rendered(rail: Rail, lab: Lab) -> tuple[Case, Outcome]:
    """Return the rail's first case that is no refusal."""
    for case in CASES:
        rendered = lab.theirs(case) if case.rail == rail else None
        if isinstance(rendered, Outcome):
            return case, rendered
    raise LookupError("every example is refused")


def misspelt(document: Manifest) -> Manifest:
    """Return a copy with a field that no schema has."""
    copied = copy.deepcopy(document)
    copied["spec"]["noSuchField"] = True
    return copied
