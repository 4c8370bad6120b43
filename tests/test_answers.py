"""The table of answers: that it is whole, that it says why, and that its page is up to date."""

from collections.abc import Iterator
from typing import Any

import pytest

from function.model import KINDS
from tests import answers
from tests.answers import BACKENDS, DOCUMENT, GARDENER, Backend, Case
from tests.fields import CORE, leaves
from tests.holding import hold

RECORDED = [backend for backend in BACKENDS if backend.recorded()]
# Ordered only with what the example environment of Gardener does not offer.
ELSEWHERE = {"nodePools[].size.gpu.vendor", "nodePools[].size.gpu.count"}
ELSEWHERE |= {"nodePools[].size.gpu.memoryGiB", "variables"}


def test_names_are_distinct() -> None:
    """Find each answer by the name of its case."""
    assert len({case.name for case in answers.cases()}) == len(answers.cases())
    assert len(answers.cases()) >= 60


def test_every_field_is_tried() -> None:
    """Order each field of a cluster once, so that a real backend takes it."""
    core = {field.removeprefix("spec.") for field in CORE}
    tried = {
        field
        for case in answers.cases()
        if answers.accepted(GARDENER.recorded()[case.name])
        for field in written(case.manifest["spec"])
    }
    assert set(leaves(KINDS["Cluster"])) - core - ELSEWHERE <= tried


@pytest.mark.parametrize("backend", RECORDED, ids=lambda backend: backend.name)
def test_every_case_was_asked(backend: Backend) -> None:
    """Record an answer to each case, and to no other."""
    assert list(backend.recorded()) == [case.name for case in answers.cases()]


@pytest.mark.parametrize("backend", RECORDED, ids=lambda backend: backend.name)
def test_a_difference_has_its_reason(backend: Backend) -> None:
    """Say why where a backend answers otherwise than we, and only there."""
    hold(explained, [(case.name, case, backend) for case in answers.cases()])


def explained(case: Case, backend: Backend) -> None:
    """Check that an answer differs exactly where a reason is given."""
    assert answers.differs(case, backend) is (backend.name in case.why)


def test_the_page_is_up_to_date(update: bool) -> None:
    """Compare the page with what we say now, and what backends were heard to say."""
    if update:
        DOCUMENT.write_text(answers.document(), "utf-8")
    assert DOCUMENT.read_text("utf-8") == answers.document()


def written(spec: Any, at: str = "") -> Iterator[str]:
    """Yield the path of every field that an order has, as `leaves` names them."""
    if isinstance(spec, list):
        many = spec if any(isinstance(entry, dict) for entry in spec) else []
        for entry in many:
            yield from written(entry, f"{at}[]")
    if isinstance(spec, dict):
        for name, value in spec.items():
            yield from written(value, f"{at}.{name}" if at else name)
    yield at
