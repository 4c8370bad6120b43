"""Orders on a real Crossplane, from the tenant's manifest to what a provider would read."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from function.labels import NAME_LABEL
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import MERGE, Manifest, condition
from testbed.site import TENANT
from testbed.waiting import until

from .lives import COLLECTED_SECONDS, SECONDS
from .planes import Plane

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "cluster" / "minimal" / "claim.yaml"
OBJECTS = {
    "claims": "/apis/kubernetes.crossplane.io/v1alpha2/objects",
    "namespaced": f"/apis/kubernetes.m.crossplane.io/v1alpha1/namespaces/{TENANT}/objects",
}


@pytest.fixture
def order(plane: Plane) -> Iterator[Callable[[Manifest], str]]:
    """Place orders as a tenant, and take them back."""
    paths: list[str] = []

    def place(manifest: Manifest) -> str:
        manifest["metadata"]["name"] = f"live-{uuid.uuid4().hex[:8]}"
        answer = plane.tenant.request("POST", plane.tenant.collection(manifest), manifest)
        assert answer.accepted, answer.message
        paths.append(plane.tenant.path(manifest))
        return paths[-1]

    yield place
    for path in paths:
        unlock(plane, path)
        plane.tenant.request("DELETE", path)


def test_a_good_order(plane: Plane, order: Callable[[Manifest], str]) -> None:
    """Order the smallest example, see what is composed of it, and give it back."""
    path = order(next(documents(EXAMPLE)))
    answered(plane, path, "Accepted")
    composed = objects(plane, path)
    assert [one["spec"]["forProvider"]["manifest"]["kind"] for one in composed] == ["Cluster"]
    until(
        lambda: (plane.tenant.get(path) or {}).get("status"),
        lambda status: (status or {}).get("phase"),
        seconds=SECONDS,
        what="a phase",
    )

    refused = plane.tenant.request("DELETE", path)
    assert not refused.accepted
    assert "it is protected; to delete it, first run: kubectl patch" in refused.message
    unlock(plane, path)
    assert plane.tenant.request("DELETE", path).accepted
    until(lambda: not objects(plane, path), seconds=COLLECTED_SECONDS, what="collection")
    until(lambda: plane.tenant.get(path) is None, seconds=COLLECTED_SECONDS, what="deletion")


def test_a_bad_order(plane: Plane, order: Callable[[Manifest], str]) -> None:
    """Order what only the function can judge, and read its refusal."""
    manifest = next(documents(EXAMPLE))
    manifest["spec"]["hibernation"] = {"schedules": [{"start": "0 20 * * fri-mon"}]}
    path = order(manifest)
    reported = answered(plane, path, "InvalidOrder")
    assert reported["status"] == "False"
    text = "spec.hibernation.schedules[0].start: must have ranges that begin with the lower value"
    assert text in reported["message"]
    assert objects(plane, path) == []


def answered(plane: Plane, path: str, reason: str) -> Manifest:
    """Wait until a tenant reads for this reason whether an order is accepted; return it."""
    return until(
        lambda: condition(plane.tenant.get(path), "Accepted"),
        lambda reported: reported.get("reason") == reason,
        seconds=SECONDS,
        what=f"Accepted because of {reason}",
    )


def objects(plane: Plane, path: str) -> list[Manifest]:
    """Return what was composed of an order."""
    name = path.rpartition("/")[2]
    found = plane.operator.items(OBJECTS[plane.profile.mode.value])
    return [one for one in found if one["metadata"].get("labels", {}).get(NAME_LABEL) == name]


def unlock(plane: Plane, path: str) -> None:
    """Allow an order to be deleted."""
    patch = {"spec": {"deletionProtection": False}}
    plane.tenant.request("PATCH", path, patch, content=MERGE)
