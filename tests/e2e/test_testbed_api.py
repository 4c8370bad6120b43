"""The API server of the testbed comes back when a fault of its own has ended it."""

import signal

import pytest

from testbed.servers import READY_SECONDS, apiserver
from testbed.waiting import until

from .planes import Plane

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("plane", ["management"], indirect=True)]


def test_it_is_started_again(plane: Plane) -> None:
    """The runtime of Go ends it in this way, too; requests wait for the next one."""
    running = plane.running
    if not running.children:
        pytest.skip("its servers are another's children")
    assert plane.operator.request("GET", "/readyz").accepted
    [child] = [one for one in running.children if one.name == apiserver.NAME]
    child.process.send_signal(signal.SIGQUIT)
    child.process.wait()
    assert plane.operator.get("/api/v1/namespaces/default") is not None
    until(
        lambda: child not in running.children,
        seconds=READY_SECONDS,
        what="another API server among the children",
    )
    assert "SIGQUIT" in child.log.read_text("utf-8", "replace")
