"""What goes wrong around live clusters: nothing is touched, the tenant reads why, and it heals."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.management import OLDER, classes
from testbed.servers import function
from testbed.waiting import until

from .clusters import SMALL, Live, await_settled, order, pool, remove, says_version
from .conftest import Tell
from .faults import (
    BACKEND_FAULTS,
    CLASSES,
    ENVIRONMENT_FAULTS,
    Fault,
    hears,
    strike,
    unreachable,
)
from .planes import Plane
from .trees import later

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.parametrize("plane", ["capi"], indirect=True),
]

NEXT_CLASS = "openstack-scs2-1-35-v1"
TEMPLATES = (
    "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/cluster-stacks/devclustertemplates"
)
HEALED_SECONDS = 600.0
SERVERS = ("function", "provider-kubernetes", "crossplane")


@pytest.fixture(scope="module")
def pair(plane: Plane) -> Iterator[list[Live]]:
    """Give two clusters that live through all faults, one of each environment."""
    spec = {**SMALL, "nodePools": [pool("main", 1)]}
    found = [order(plane, {**spec, "environment": name}) for name in ("default", OLDER)]
    await_settled(found)
    yield found
    remove(found)


@pytest.mark.parametrize(
    "fault", [*ENVIRONMENT_FAULTS, *BACKEND_FAULTS], ids=lambda fault: fault.name
)
def test_a_fault(plane: Plane, pair: list[Live], fault: Fault, tell: Tell) -> None:
    """While it lasts the tenant reads why, and nothing live is touched; then it heals."""
    strike(plane, pair, fault, tell)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_dies(plane: Plane, pair: list[Live], server: str, tell: Tell) -> None:
    """It dies while orders are carried out; then they go on, and nothing is created twice."""
    if not plane.running.children:
        pytest.skip("its servers are another's children")
    await_settled(pair)
    previous = [live.living() for live in pair]
    nodes = 3 - len(pair[0].machines("main"))
    started = time.monotonic()
    for live in pair:
        live.edit({"nodePools": [pool("main", nodes)]})
    plane.running.kill(server)
    assert all(live.living().keys() >= {("clusters", n) for n in names(live)} for live in pair)
    plane.running.revive(server)
    carried_out(pair, nodes)
    tell(f"carried out after {time.monotonic() - started:.0f} s")
    for live, once in zip(pair, previous, strict=True):
        lasting(live, once)


def test_a_function_that_is_rolled_back(
    plane: Plane, pair: list[Live], tmp_path: Path, tell: Tell
) -> None:
    """A later one answers, and dies while orders are carried out; the former one goes on."""
    if not plane.running.children:
        pytest.skip("its servers are another's children")
    newer = function.server("function", later(tmp_path / "later").source)
    await_settled(pair)
    previous = [live.living() for live in pair]
    nodes = len(pair[0].machines("main"))
    for image in (newer, function.SERVER):
        nodes = 3 - nodes
        started = time.monotonic()
        for live in pair:
            live.edit({"nodePools": [pool("main", nodes)]})
        plane.running.kill("function")
        plane.running.revive("function", image)
        carried_out(pair, nodes)
        tell(f"carried out after {time.monotonic() - started:.0f} s")
    for live, once in zip(pair, previous, strict=True):
        lasting(live, once)


def test_an_edit_while_nobody_is_reached(plane: Plane, pair: list[Live]) -> None:
    """What is ordered meanwhile is carried out afterwards, without another word of the tenant."""
    await_settled(pair)
    nodes = 3 - len(pair[0].machines("main"))
    with unreachable(plane):
        for live in pair:
            live.edit({"nodePools": [pool("main", nodes)]})
            hears(live, "Current", "Updating")
            hears(live, "BackendHealthy", "Unreachable")
    carried_out(pair, nodes)


def test_an_upgrade_to_a_class_that_is_gone(plane: Plane, tell: Tell) -> None:
    """The cluster stays what it is until the class is there; then it is upgraded."""
    live = order(plane, {**SMALL, "nodePools": [pool("main", 1)]})
    try:
        await_settled([live])
        previous = live.living()
        plane.operator.delete(f"{CLASSES}/{NEXT_CLASS}")
        live.edit({"version": "1.35"})
        hears(live, "Current", "Updating")
        hears(live, "BackendHealthy", "ConfigurationProblem")
        current = live.living()
        assert {key: uid for key, (uid, _) in current.items()} == {
            key: uid for key, (uid, _) in previous.items()
        }
        says_version(live, "1.34.7")
        for manifest in classes(NEXT_CLASS):
            plane.operator.apply(manifest)
        started = time.monotonic()
        await_settled([live])
        tell(f"upgraded {time.monotonic() - started:.0f} s after the class was there")
        says_version(live, "1.35.4")
    finally:
        for manifest in classes(NEXT_CLASS):
            plane.operator.apply(manifest)
        remove([live])


def test_a_burst(plane: Plane, tell: Tell) -> None:
    """Of forty orders at once each becomes one cluster, and all of them go.

    A template of their class is missing, so that nothing is built: what counts is what is made of
    orders.
    """
    plane.operator.delete(f"{TEMPLATES}/{NEXT_CLASS}-cluster")
    started = time.monotonic()
    spec = {**SMALL, "version": "1.35"}
    lives = [order(plane, spec, prefix=f"burst-{index}") for index in range(40)]
    try:
        for live in lives:
            until(
                lambda one=live: one.says("BackendHealthy")[0] == "False",  # type: ignore[misc]  # bound here
                seconds=HEALED_SECONDS,
                what=f"{live.name} looked at",
            )
        tell(f"{len(lives)} carried out after {time.monotonic() - started:.0f} s")
        for live in lives:
            assert (len(live.objects()), len(live.clusters())) == (1, 1)
        started = time.monotonic()
    finally:
        remove(lives)
        for manifest in classes(NEXT_CLASS):
            plane.operator.apply(manifest)
    tell(f"gone after {time.monotonic() - started:.0f} s")


def carried_out(lives: list[Live], nodes: int) -> None:
    """Wait until clusters have so many nodes."""
    for live in lives:
        until(
            lambda one=live: one.settled and len(one.machines("main")) == nodes,  # type: ignore[misc]  # bound here
            seconds=HEALED_SECONDS,
            what=f"{live.name} with {nodes} nodes",
        )


def names(live: Live) -> list[str]:
    """Return the names of its Clusters."""
    return [one["metadata"]["name"] for one in live.clusters()]


def lasting(live: Live, previous: dict[tuple[str, str], tuple[str, int]]) -> None:
    """Compare live objects with those before: the same, but for machines of the pool."""
    current = live.living()
    for key, (uid, _) in previous.items():
        if key[0] not in ("machines", "devmachines"):
            assert current[key][0] == uid, key
    (composed,) = live.objects()
    assert composed["metadata"]["name"]
    assert len(live.made("machinedeployments")) == 1
