"""Every case of `answers/orders.yaml` on a real gardener-apiserver."""

import pytest

from tests import answers
from tests.answers import GARDENER, Case
from tools.generate import backends

from .gardens import Garden
from .oracles import requested, settled
from .planes import DRY

pytestmark = pytest.mark.e2e


def test_a_tenant_is_prepared(garden: Garden) -> None:
    """The project of the manifest is admitted; Gardener would make its namespace."""
    project, *_ = backends.garden()
    collection = garden.api.collection(project)
    answer = garden.api.request("POST", collection, project, query=DRY)
    assert answer.accepted, answer.message


@pytest.mark.parametrize("case", answers.cases(), ids=lambda case: case.name)
def test_gardener_says_what_is_recorded(case: Case, garden: Garden, update: bool) -> None:
    """Send what an order becomes; it is accepted at once, and stored as it was sent."""
    with requested(garden, case) as found:
        assert found.ours == answers.ours(case, GARDENER), "the live Shoot tells more than a play"
        if update:
            GARDENER.record(case, found.theirs)
        assert GARDENER.recorded().get(case.name) == found.theirs
        if answers.accepted(found.ours) and answers.accepted(found.theirs):
            settled(garden, case, found.outcome)
