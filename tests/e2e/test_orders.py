"""Every order of `orders.yaml`: what the API server says, and that the models say the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.contract import Mode
from testbed.install import definitions, documents
from testbed.kubernetes import Answer

from .planes import Plane, new
from .verdicts import Spec, judge

pytestmark = pytest.mark.e2e

ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    kind: str
    expect: str
    spec: Spec | None = None
    previous: Spec | None = None
    many: dict[str, Any] | None = None
    model: str = ""
    because: str = ""

    @property
    def written(self) -> Spec | None:
        """Return the spec with what is too long to be written in the table."""
        if self.spec is None or self.many is None:
            return self.spec
        entries = [
            {**self.many["entry"], "name": self.many["entry"]["name"].format(n=number)}
            for number in range(self.many["count"])
        ]
        return {**self.spec, self.many["at"]: entries}


CASES = [
    Case(**entry) for entry in yaml.safe_load(Path(__file__).with_name("orders.yaml").read_text())
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")


@each_case
def test_api_server_says_what_the_table_says(case: Case, plane: Plane) -> None:
    """Send the order, or the edit, as a dry run."""
    verdict, _, fragment = case.expect.partition(": ")
    answer = requested(plane, case)
    assert answer.accepted is (verdict == ACCEPTED), answer.message
    assert fragment in answer.message


@each_case
def test_models_say_what_the_table_says(case: Case) -> None:
    """Ask the models: the same, unless the table gives a reason."""
    expected = case.model or case.expect.partition(":")[0]
    problems = judge(case.kind, case.written if case.written is not None else {}, case.previous)
    assert bool(problems) is (expected == REFUSED), problems
    assert bool(case.model) is bool(case.because)


def test_an_unknown_field_is_dropped_with_a_warning(plane: Plane) -> None:
    """Send what strict validation refuses as a client would that does not ask for it."""
    order = new("Network", {"cidr": "10.20.0.0/24", "mut": 1500})
    query = {"dryRun": "All", "fieldValidation": "Warn"}
    answer = plane.tenant.request("POST", plane.tenant.collection(order), order, query=query)
    assert answer.accepted
    assert answer.warnings == ('unknown field "spec.mut"',)
    assert "mut" not in answer.body["spec"]


def test_every_rule_has_a_case() -> None:
    """Find each message of a rule in the XRDs among what the table expects."""
    expected = " ".join(case.expect for case in CASES)
    rules = {
        rule["message"]
        for path in definitions(Mode.NAMESPACED)
        for document in documents(path)
        for version in document["spec"]["versions"]
        for rule in found(version["schema"], "x-kubernetes-validations")
    }
    assert [message for message in sorted(rules) if message not in expected] == []


def found(node: Any, key: str) -> Iterator[Any]:
    """Yield all entries of the lists of one name in a schema."""
    if isinstance(node, dict):
        yield from node.get(key, ())
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            yield from found(inner, key)


def requested(plane: Plane, case: Case) -> Answer:
    """Return what the API server says."""
    if case.previous is None:
        return plane.create(case.kind, case.written)
    with plane.existing(case.kind, case.previous) as path:
        return plane.edit(path, case.written)
