"""Where control plane and pools have one variable, an edit of one leaves the other alone.

The next classes of the Sovereign Cloud Stack are such: `flavor` and `rootDisk` hold for all nodes,
unless the control plane or a pool overrides them.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from function import local, simulate
from function.backends.capi.live import by_name, overrides
from function.paths import lookup
from function.schema import canonical, mapping
from tests import asking
from tests.asking import Manifest

PROFILE = {
    "workerClass": "default-worker",
    "controlPlaneDisk": "rootDisk",
    "variables": {"flavor": "SCS-2V-4", "rootDisk": 50, "additionalBlockDevices": []},
    "fields": {
        "spec.controlPlane.flavor": {"variable": "flavor"},
        "spec.nodePools[].flavor": {"override": "flavor"},
        "spec.nodePools[].rootVolume.sizeGiB": {"override": "rootDisk"},
    },
}
BASE = "api.scs.community/base-variables"
# The first has no disk, and the second has one.
DISKLESS, DISK = "SCS-4V-16", "SCS-4V-16-100s"


def layers(**variables: Any) -> list[Manifest]:
    """Return a provider of such a class, with values of its own for the variables."""
    edits = {
        "backends.capi.profiles.kaas": PROFILE,
        "flavors": [{"name": name} for name in ("SCS-2V-8", "SCS-4V-8", DISKLESS, DISK)],
        "classes": [{"name": "default", "profile": "kaas", "variables": variables}],
    }
    return asking.provider("kaas-only", edits)


def order(control_plane: str = "", pool: str = DISKLESS, **more: Any) -> Manifest:
    """Return an order for a cluster of one pool."""
    found = asking.order("cluster/minimal")
    spec = {
        **found["spec"],
        "controlPlane": {"flavor": control_plane} if control_plane else {},
        "nodePools": [{"name": "main", "flavor": pool, "replicas": 2, **more}],
    }
    return {**found, "spec": spec}


def topology(outcome: local.Outcome) -> Manifest:
    """Return the topology of an outcome."""
    assert outcome.fatal == ""
    manifest = outcome.resources["capi-cluster"]["spec"]["forProvider"]["manifest"]
    found: Manifest = lookup(manifest, "spec.topology")
    return found


def parts(outcome: local.Outcome) -> tuple[Manifest, Manifest, Manifest]:
    """Return what holds cluster-wide, for the control plane, and for the pool."""
    found = topology(outcome)
    wide = {one["name"]: one["value"] for one in found["variables"]}
    [pool] = found["workers"]["machineDeployments"]
    return wide, overrides(found["controlPlane"]), overrides(pool)


@pytest.mark.parametrize("flavor", ["SCS-4V-8", DISK])
def test_the_control_plane_overrides(flavor: str) -> None:
    """Cluster-wide is what the environment says, and the pool has a disk of its own."""
    wide, plane, pool = parts(asking.ask(order(flavor), layers()))
    assert (wide["flavor"], wide["rootDisk"]) == ("SCS-2V-4", 50)
    assert plane == {"flavor": flavor, "rootDisk": 0 if flavor == DISK else 50}
    assert pool == {"flavor": DISKLESS, "rootDisk": 50}


def test_without_a_flavor_nothing_is_overridden() -> None:
    """The class decides."""
    answer = asking.ask(order(), layers())
    assert "variables" not in topology(answer)["controlPlane"]


@pytest.mark.parametrize(
    ("pool", "more", "size"),
    [
        (DISKLESS, {}, 50),
        (DISK, {}, 0),
        (DISKLESS, {"rootVolume": {"sizeGiB": 80}}, 80),
    ],
)
def test_a_default_for_control_planes_is_none_for_pools(
    pool: str, more: Manifest, size: int
) -> None:
    """A provider whose control planes have disks says 0, which leaves other flavors without any."""
    wide, plane, found = parts(
        asking.ask(order(pool=pool, **more), layers(flavor=DISK, rootDisk=0))
    )
    assert (wide["rootDisk"], plane) == (0, {})
    assert found["rootDisk"] == size


@pytest.mark.parametrize("former", ["", "SCS-2V-8", DISK])
@pytest.mark.parametrize("later", ["", "SCS-4V-8", DISK])
def test_an_edit_of_the_control_plane_leaves_pools_alone(former: str, later: str) -> None:
    """Only what the control plane overrides changes."""
    observed = simulate.play(asking.settled(order(former), layers()).resources)
    before = topology(asking.ask(order(former), layers(), observed))
    after = topology(asking.ask(order(later), layers(), observed))
    assert {**before, "controlPlane": {}} == {**after, "controlPlane": {}}
    assert (before == after) is (former == later)


def earlier(observed: Mapping[str, local.Observed]) -> dict[str, local.Observed]:
    """Return the cluster as it was rendered before control planes had overrides."""
    text = canonical(observed["capi-cluster"].manifest)
    found: Manifest = mapping(text)
    for cluster in (
        lookup(found, "spec.forProvider.manifest"),
        lookup(found, "status.atProvider.manifest"),
    ):
        plane = cluster["spec"]["topology"]["controlPlane"].pop("variables")["overrides"]
        variables = cluster["spec"]["topology"]["variables"]
        variables[:] = [one for one in variables if one["name"] not in by_name(plane)] + plane
    found["metadata"]["annotations"][BASE] = canonical({"flavor": "SCS-2V-4", "rootDisk": 50})
    return {"capi-cluster": local.Observed(found)}


@pytest.mark.parametrize("former", ["SCS-2V-8", DISK])
@pytest.mark.parametrize("pool", [DISKLESS, DISK])
def test_a_cluster_of_an_earlier_release_keeps_its_nodes(former: str, pool: str) -> None:
    """Its cluster-wide values stay as they are, and so do the disks that pools took from them."""
    made = asking.settled(order(former, pool), layers())
    live = earlier(simulate.play(made.resources))
    # Pools got the control plane's disk as their default.
    old = 0 if DISK in (former, pool) else 50
    for cluster in ("spec.forProvider.manifest", "status.atProvider.manifest"):
        deployments = lookup(live["capi-cluster"].manifest, f"{cluster}.spec.topology.workers")
        named = deployments["machineDeployments"][0]["variables"]["overrides"]
        named[:] = [{**one, "value": old} if one["name"] == "rootDisk" else one for one in named]
    for _ in range(2):
        for later in (former, "SCS-4V-8", ""):
            answer = asking.ask(order(later, pool), layers(), live)
            wide, plane, found = parts(answer)
            assert found == {"flavor": pool, "rootDisk": old}
            assert (wide["flavor"], wide["rootDisk"]) == (former, 0 if former == DISK else 50)
            assert plane.get("flavor", "") == later
        live = dict(simulate.play(answer.resources))
