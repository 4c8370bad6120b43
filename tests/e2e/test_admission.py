"""Every case of `answers/orders.yaml` before the webhooks of a real Cluster API."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from function import local, simulate
from function.backends.capi import KEY
from function.paths import replaced
from testbed.kubernetes import MERGE, Manifest
from tests import answers
from tests.answers import CAPI, Backend, Case

from .oracles import Oracle, inside, requested
from .planes import Plane

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("plane", ["management"], indirect=True)]


@dataclass(frozen=True)
class Management(Oracle):
    """A management cluster, in which nothing is built."""

    backend: Backend = CAPI
    key: str = KEY

    def sent(self, composed: Manifest) -> Manifest:
        """Return the Cluster, paused: only what its webhooks say is asked for."""
        return replaced(inside(composed), "spec.paused", True)

    def observed(self, outcome: local.Outcome) -> dict[str, local.Observed]:
        """Return the composed resources as if all of it were built."""
        return simulate.play(outcome.resources)

    def remove(self, composed: Iterable[Manifest]) -> None:
        """Delete what was applied, and let go of what a resting controller would hold."""
        found = list(composed)
        super().remove(found)
        for one in found:
            nothing = {"metadata": {"finalizers": None}}
            self.api.request("PATCH", self.api.path(inside(one)), nothing, content=MERGE)


@pytest.fixture(scope="module")
def management(plane: Plane) -> Management:
    """Give what is served."""
    management = Management(plane.operator)
    management.await_ready()
    return management


@pytest.mark.parametrize("case", answers.cases(), ids=lambda case: case.name)
def test_cluster_api_says_what_is_recorded(
    case: Case, management: Management, update: bool
) -> None:
    """Send what an order becomes to the webhooks."""
    with requested(management, case) as found:
        assert found.ours == answers.ours(case, CAPI)
        if update:
            CAPI.record(case, found.theirs)
        assert CAPI.recorded().get(case.name) == found.theirs
