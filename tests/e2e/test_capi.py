"""The life of a cluster, from a tenant's order to Cluster API and back.

Between them are Crossplane, our function and provider-kubernetes. All of it is real but for the
machines, which Cluster API plays in memory. The same life runs in both versions of the API that
the function writes, side by side.
"""

import time
from collections.abc import Callable, Iterator

import pytest
import yaml

from testbed import processes
from testbed.management import OLDER

from .clusters import (
    SMALL,
    Live,
    await_settled,
    change,
    flavors,
    left,
    order,
    pool,
    remove,
    says_version,
)
from .conftest import Tell
from .faults import ENVIRONMENT_FAULTS, strike
from .planes import Plane

pytestmark = pytest.mark.e2e

ENVIRONMENTS = ("default", OLDER)
WRITTEN = {"default": "cluster.x-k8s.io/v1beta2", OLDER: "cluster.x-k8s.io/v1beta1"}

LATE = ("capi-claims", "capi-1.11")

namespaced = pytest.mark.parametrize("plane", ["capi"], indirect=True)
claims = pytest.mark.parametrize(
    "plane",
    ["capi-1.20", *(pytest.param(name, marks=pytest.mark.slow) for name in LATE)],
    indirect=True,
)


@pytest.fixture
def lives(plane: Plane) -> Iterator[list[Live]]:
    """Order a small cluster in each environment, and take them back."""
    spec = {**SMALL, "nodePools": [pool("main", 1)]}
    found = [order(plane, {**spec, "environment": name}) for name in ENVIRONMENTS]
    yield found
    remove(found)


@namespaced
def test_a_whole_life(plane: Plane, lives: list[Live], tell: Tell) -> None:
    """Build, scale, add, spread and remove a pool, change a flavor, upgrade, and delete."""
    started = time.monotonic()
    await_settled(lives)
    tell(f"order to Ready: {time.monotonic() - started:.0f} s")
    for live, environment in zip(lives, ENVIRONMENTS, strict=True):
        assert_reachable(plane, live)
        (composed,) = live.objects()
        written = composed["spec"]["forProvider"]["manifest"]
        assert written["apiVersion"] == WRITTEN[environment]

    for fault in ENVIRONMENT_FAULTS:
        strike(plane, lives, fault, tell)
    both = [pool("main", 2), {**pool("more", 1), "zones": ["az1"]}]
    spread = [pool("main", 2), {**pool("more", 2), "zones": ["az1", "az2"]}]
    larger = [pool("main", 2, "SCS-4V-16")]
    for what, spec, done in (
        ("scale from 1 to 3", {"nodePools": [pool("main", 3)]}, has(main=3)),
        ("a pool more, a node less", {"nodePools": both}, has(main=2, more=1)),
        ("a zone more", {"nodePools": spread}, stand_in(az1="more", az2="more-az2")),
        ("a pool less", {"nodePools": both[:1]}, has(main=2)),
        ("another flavor", {"nodePools": larger}, are("SCS-4V-16")),
        ("upgrade to 1.35", {"version": "1.35"}, runs("1.35.4")),
        ("three control planes", {"controlPlane": {"availability": "Zone"}}, has_control_planes(3)),
    ):
        previous = [machines_of(live, "more") for live in lives]
        tell(f"{what}: {change(lives, spec, done):.0f} s")
        if what == "a zone more":
            assert [machines_of(live, "more") for live in lives] == previous
    for live in lives:
        reference = live.cluster["spec"]["topology"]["classRef"]["name"]
        assert reference == "openstack-scs2-1-35-v1"
        says_version(live, "1.35.4")
    stands_still(lives, 30)

    names = {live.name: live.cluster["metadata"]["name"] for live in lives}
    for live in lives:
        refused = live.delete()
        assert not refused.accepted
        assert "it is protected; to delete it, first run: kubectl patch" in refused.message
    started = time.monotonic()
    remove(lives)
    tell(f"deletion: {time.monotonic() - started:.0f} s")
    for live in lives:
        assert list(left(live, [names[live.name]])) == []
    for child in plane.running.children:
        tell(f"{child.name} holds {processes.memory(child.process.pid)} MiB")


@claims
def test_a_short_life(lives: list[Live], tell: Tell) -> None:
    """Build, scale and delete, ordered by claims."""
    started = time.monotonic()
    await_settled(lives)
    tell(f"order to Ready: {time.monotonic() - started:.0f} s")
    seconds = change(lives, {"nodePools": [pool("main", 2)]}, has(main=2))
    tell(f"scale from 1 to 2: {seconds:.0f} s")
    refused = lives[0].delete()
    assert "it is protected" in refused.message
    started = time.monotonic()
    remove(lives)
    tell(f"deletion: {time.monotonic() - started:.0f} s")


@pytest.mark.slow
@namespaced
def test_nothing_changes_by_itself(lives: list[Live]) -> None:
    """Where nothing is ordered, nothing is written for five minutes."""
    await_settled(lives)
    stands_still(lives, 300)


def stands_still(lives: list[Live], seconds: float) -> None:
    """Look for so long whether anything live is written.

    Cluster API may report a member of a control plane that has just joined as unhealthy for a
    moment: what is reported must be settled for so long on end, within three times as long.
    """
    previous = [live.living() for live in lives]
    started = settled = time.monotonic()
    while time.monotonic() < settled + seconds:
        assert [live.living() for live in lives] == previous
        unsettled = [live.order["status"] for live in lives if not live.settled]
        if unsettled:
            settled = time.monotonic()
            assert settled < started + 2 * seconds, unsettled
        time.sleep(1)


def has(**pools: int) -> Callable[[Live], bool]:
    """Return what says whether a cluster has these pools, and the order shows them."""

    def holds(live: Live) -> bool:
        machines = {name: len(live.machines(name)) for name in pools}
        shown = {one["name"]: one.get("ready") for one in live.status["nodePools"]}
        workers = live.cluster["spec"]["topology"]["workers"]["machineDeployments"]
        return machines == shown == pools and {one["name"] for one in workers} == set(pools)

    return holds


def are(flavor: str) -> Callable[[Live], bool]:
    """Return what says whether all machines of the pool have a flavor."""
    return lambda live: flavors(live, "main") == {flavor}


def runs(version: str) -> Callable[[Live], bool]:
    """Return what says whether all machines of a cluster run a version."""
    return lambda live: {one["spec"]["version"] for one in live.made("machines")} == {f"v{version}"}


def stand_in(**pools: str) -> Callable[[Live], bool]:
    """Return what says whether one machine is in each zone, by name of its topology."""

    def holds(live: Live) -> bool:
        found = {
            zone: [one["spec"].get("failureDomain") for one in live.machines(name)]
            for zone, name in pools.items()
        }
        return found == {zone: [zone] for zone in pools}

    return holds


def has_control_planes(count: int) -> Callable[[Live], bool]:
    """Return what says whether so many machines are control planes, and serve."""

    def holds(live: Live) -> bool:
        (found,) = live.made("kubeadmcontrolplanes")
        return bool(found["status"].get("readyReplicas") == count)

    return holds


def machines_of(live: Live, pool: str) -> list[str]:
    """Return the machines of a topology by UID."""
    return sorted(one["metadata"]["uid"] for one in live.machines(pool))


def assert_reachable(plane: Plane, live: Live) -> None:
    """Hold what the order says of its API server against what is there."""
    status, cluster = live.status, live.cluster
    endpoint = cluster["spec"]["controlPlaneEndpoint"]
    assert status["endpoint"] == f"https://{endpoint['host']}:{endpoint['port']}"
    kubeconfig = yaml.safe_load(status["kubeconfig"])
    secret = plane.operator.get(
        f"/api/v1/namespaces/clusters-acme/secrets/{cluster['metadata']['name']}-ca"
    )
    assert secret is not None
    authority = secret["data"]["tls.crt"]
    assert status["certificateAuthorityData"] == authority
    (known,) = kubeconfig["clusters"]
    assert known["cluster"] == {
        "server": status["endpoint"],
        "certificate-authority-data": authority,
    }
    (composed,) = live.objects()
    connection = plane.operator.get(
        f"/api/v1/namespaces/acme/secrets/{composed['spec']['writeConnectionSecretToRef']['name']}"
    )
    assert connection is not None
    assert connection["data"] == {"ca.crt": authority}
