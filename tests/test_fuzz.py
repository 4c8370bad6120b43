"""Attack the function with changed requests, a few each time; `make e2e` takes longer."""

import pytest

from function.contract import Mode, Resource
from tests.fuzz.attack import answer, attack
from tests.fuzz.requests import examples

FEW = 200
EXAMPLES = examples(Mode.CLAIMS)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_becomes_an_internal_error(seed: int) -> None:
    """Answer or refuse whatever comes from outside, in other types than it should have."""
    findings = [attack(seed, number, EXAMPLES) for number in range(FEW)]
    assert [finding for finding in findings if finding] == []


def test_requests_are_real() -> None:
    """Begin with requests that are answered, of every kind and stage."""
    assert {answer(request, request) for request in EXAMPLES} == {()}
    assert {name.rsplit(" ", 1)[1] for name in (r.name for r in EXAMPLES)} == {"new", "built"}
    kinds = {manifest["kind"] for request in EXAMPLES for manifest in request.observed.values()}
    assert {"Object", "InstanceV2", "VolumeV3", "NetworkV2", "SubnetV2"} <= kinds


def test_the_attack_finds_what_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """See that it would fail: take the check of observed types away."""
    monkeypatch.setattr(Resource, "checked", lambda resource, _: resource)
    assert any(attack(0, number, EXAMPLES) for number in range(2 * FEW))
