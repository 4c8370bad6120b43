"""The life of a Shoot, from a tenant's order through Crossplane and provider-kubernetes.

Scheduler and gardenlet are played, step by step; everything else is real. At each step the tenant
reads the true state.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from function import simulate
from function.labels import NAME_LABEL
from function.paths import lookup
from testbed.kubernetes import MERGE, Manifest, condition
from testbed.site import TENANT
from testbed.waiting import TimedOut, until
from tests import asking

from .conftest import Tell
from .gardens import REACHED, Garden
from .planes import Plane

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("plane", ["gardener"], indirect=True)]

SHOOT = {"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot"}
SHOOTS = f"/apis/{SHOOT['apiVersion']}/namespaces/garden-t4711/shoots"
CONFIG_MAPS = "/api/v1/namespaces/garden-t4711/configmaps"
OBJECTS = f"/apis/kubernetes.m.crossplane.io/v1alpha1/namespaces/{TENANT}/objects"
SECONDS = 180.0
# The garbage collector learns of a new kind only from time to time.
GONE_SECONDS = 300.0
QUOTA = [{"description": "quota", "codes": ["ERR_INFRA_QUOTA_EXCEEDED"]}]
RUNS = {"advertisedAddresses": REACHED}


@dataclass(frozen=True)
class Life:
    """An order, and its Shoot.

    Attributes:
        plane: Where it was ordered.
        path: The order.
    """

    plane: Plane
    path: str

    @property
    def garden(self) -> Garden:
        """Return where the Shoot lives."""
        return Garden(self.plane.operator)

    @property
    def order(self) -> Manifest:
        """Return the order as the tenant reads it; empty once it is gone."""
        return self.plane.tenant.get(self.path) or {}

    @property
    def status(self) -> Manifest:
        """Return its status; empty before the first answer."""
        return self.order.get("status") or {}

    @property
    def shoot(self) -> Manifest:
        """Return its Shoot; empty if there is none."""
        found = self._labelled(SHOOTS)
        assert len(found) < 2
        return SHOOT | found[0] if found else {}

    def left(self) -> list[Manifest]:
        """Return all that the garden holds for the order."""
        return [*self._labelled(SHOOTS), *self._labelled(CONFIG_MAPS)]

    def edit(self, **spec: Any) -> None:
        """Change fields of the order, as its tenant."""
        answer = self.plane.tenant.request("PATCH", self.path, {"spec": spec}, content=MERGE)
        assert answer.accepted, answer.message

    def report(self, operation: str, state: str, **more: Any) -> None:
        """Play the gardenlet."""
        self.garden.report(self.shoot, operation, state, **more)
        self.look()

    def release(self) -> None:
        """Play the gardenlet in the end."""
        self.report("Delete", "Succeeded")
        self.garden.release(self.shoot)
        self.look()

    def look(self) -> None:
        """Let the provider look at once: what is not ready it looks at twice a minute."""
        touched = {"metadata": {"annotations": {"example.org/looked-at": uuid.uuid4().hex}}}
        for found in self._labelled(OBJECTS):
            path = f"{OBJECTS}/{found['metadata']['name']}"
            self.plane.operator.request("PATCH", path, touched, content=MERGE)

    def becomes(self, phase: str, message: str = "", **conditions: str) -> None:
        """Wait until the tenant reads all this; conditions by their reason."""

        def reported() -> tuple[Any, ...]:
            order = self.order
            reasons = {kind: condition(order, kind).get("reason") for kind in conditions}
            return lookup(order, "status.phase"), lookup(order, "status.message"), reasons

        def holds() -> bool:
            said, text, reasons = reported()
            return said == phase and message in (text or "") and reasons == conditions

        try:
            until(holds, seconds=SECONDS, what=phase)
        except TimedOut:
            pytest.fail(f"reads {reported()}, not {(phase, message, conditions)}")

    def until(self, holds: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
        """Wait until something holds."""
        until(holds, seconds=seconds, what=what)

    def says(self, name: str, value: Any) -> None:
        """Wait until the tenant reads a value."""
        self.until(lambda: self.status.get(name) == value, f"{name} {value}")

    def requests(self, path: str, value: Any) -> None:
        """Wait until the Shoot asks for a value."""
        self.until(lambda: lookup(self.shoot, path) == value, f"{path} {value}")

    def _labelled(self, path: str) -> list[Manifest]:
        name = self.path.rpartition("/")[2]
        return self.plane.operator.items(f"{path}?labelSelector={NAME_LABEL}%3D{name}")


@pytest.fixture
def life(plane: Plane) -> Iterator[Life]:
    """Order a cluster, and take away whatever is left of it."""
    order = asking.order("cluster/minimal")
    order["metadata"]["name"] = f"shoot-{uuid.uuid4().hex[:6]}"
    answer = plane.tenant.request("POST", plane.tenant.collection(order), order)
    assert answer.accepted, answer.message
    found = Life(plane, plane.tenant.path(order))
    yield found
    if found.order:
        found.edit(deletionProtection=False)
        plane.tenant.delete(found.path)
        ended(found)


def ended(life: Life) -> None:
    """Play the end: the gardenlet lets go of a Shoot that is being deleted."""

    def gone() -> bool:
        if lookup(life.shoot, "metadata.deletionTimestamp"):
            life.release()
        return not life.order and not life.left()

    life.until(gone, "the end", GONE_SECONDS)


def built(life: Life) -> None:
    """Play how a Shoot is built, and its authority published."""
    life.until(lambda: life.shoot, "a Shoot")
    if not lookup(life.shoot, "spec.seedName"):
        life.garden.bind(life.shoot)
    shoot = life.shoot["metadata"]
    life.plane.operator.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"{shoot['name']}.ca-cluster",
                "namespace": shoot["namespace"],
                # Gardener deletes it with the Shoot.
                "ownerReferences": [
                    {
                        "apiVersion": "core.gardener.cloud/v1beta1",
                        "kind": "Shoot",
                        "name": shoot["name"],
                        "uid": shoot["uid"],
                    }
                ],
            },
            "data": {"ca.crt": simulate.CA_CERTIFICATE.decode()},
        }
    )
    life.report("Create", "Succeeded", **RUNS)
    life.becomes("Ready", Provisioned="Provisioned", Current="AsOrdered", Ready="Available")


def test_a_whole_life(life: Life, tell: Tell) -> None:
    """Create, fail for a quota, run, change, sleep, wake, upgrade, and delete."""
    life.becomes("Pending", Accepted="Accepted", Current="Provisioning")
    life.until(lambda: life.shoot, "a Shoot")
    life.garden.bind(life.shoot)
    life.report("Create", "Processing", progress=12)
    life.becomes("Provisioning", "0 % is done", BackendHealthy="NoTrouble")
    life.report("Create", "Error", progress=12, lastErrors=QUOTA, health="Unknown")
    life.becomes("Provisioning", "0 % is done", BackendHealthy="QuotaExceeded")
    life.report("Create", "Processing", progress=60)
    life.becomes("Provisioning", "50 % is done", BackendHealthy="NoTrouble")
    built(life)
    life.says("endpoint", REACHED[0]["url"])
    life.until(lambda: REACHED[0]["url"] in str(life.status.get("kubeconfig")), "a login")
    life.says("version", "1.34.7")

    changed(life, {"nodePools": pools(main=3)}, "spec.provider.workers[main].maximum", 3)
    asleep(life, enabled=True)
    asleep(life, enabled=False)
    changed(life, {"version": "1.35"}, "spec.kubernetes.version", "1.35.4")
    life.says("version", "1.35.4")
    tell(f"Shoot of generation {life.shoot['metadata']['generation']} after four changes")

    refused = life.plane.tenant.request("DELETE", life.path)
    assert "it is protected; to delete it, first run: kubectl patch" in refused.message
    life.edit(deletionProtection=False)
    assert life.plane.tenant.request("DELETE", life.path).accepted
    life.until(lambda: lookup(life.shoot, "metadata.deletionTimestamp"), "deletion", GONE_SECONDS)
    life.report("Delete", "Processing", **RUNS)
    ended(life)


def test_what_gardener_changes_itself(life: Life) -> None:
    """A version that Gardener raised is kept, and a pool whose image it updated can go."""
    life.edit(nodePools=pools(main=3, more=3))
    life.until(lambda: lookup(life.shoot, "spec.provider.workers[more]"), "two pools")
    built(life)
    previous = life.shoot["metadata"]["generation"]
    raised = {"spec": {"kubernetes": {"version": "1.35.4"}}}
    query = {"fieldManager": "gardener-controller-manager"}
    path = life.plane.operator.path(life.shoot)
    answer = life.plane.operator.request("PATCH", path, raised, content=MERGE, query=query)
    assert answer.accepted, answer.message
    life.report("Reconcile", "Succeeded", **RUNS)
    life.says("version", "1.35.4")
    life.becomes("Ready", Current="AsOrdered")
    assert life.shoot["metadata"]["generation"] == previous + 1

    workers = life.shoot["spec"]["provider"]["workers"]
    for worker in workers:
        worker["machine"]["image"]["version"] = "1877.8.0"
    updated = {"spec": {"provider": {"workers": workers}}}
    answer = life.plane.operator.request("PATCH", path, updated, content=MERGE, query=query)
    assert answer.accepted, answer.message
    life.edit(nodePools=pools(main=3))
    life.until(lambda: len(lookup(life.shoot, "spec.provider.workers") or ()) == 1, "one pool")
    image = lookup(life.shoot, "spec.provider.workers[main].machine.image.version")
    assert image == "1877.8.0"
    life.report("Reconcile", "Succeeded", **RUNS)
    life.becomes("Ready", Current="AsOrdered")


def test_a_shoot_that_another_deletes(life: Life) -> None:
    """The tenant reads that it goes; once it is gone it is created again, as ordered."""
    built(life)
    former = life.shoot["metadata"]["uid"]
    life.plane.operator.delete(life.plane.operator.path(life.shoot))
    life.report("Delete", "Processing", **RUNS)
    life.becomes("Deleting", "although the order was not deleted", Current="Deleting")
    life.release()
    life.until(lambda: lookup(life.shoot, "metadata.uid") not in (None, former), "another Shoot")
    life.look()
    life.becomes("Pending", Current="Provisioning")


def changed(life: Life, spec: Manifest, path: str, value: Any) -> None:
    """Change an order, and play how it is carried out."""
    generation = life.shoot["metadata"]["generation"]
    life.edit(**spec)
    life.requests(path, value)
    life.becomes("Updating", Current="Updating")
    life.report("Reconcile", "Processing", health="True", **RUNS)
    life.becomes("Updating", Current="Updating")
    life.report("Reconcile", "Succeeded", **RUNS)
    life.becomes("Ready", Current="AsOrdered")
    assert life.shoot["metadata"]["generation"] == generation + 1


def asleep(life: Life, *, enabled: bool) -> None:
    """Put a cluster to sleep, or wake it."""
    life.edit(hibernation={"enabled": enabled})
    life.requests("spec.hibernation.enabled", enabled)
    life.becomes("Updating", Current="Updating")
    life.report("Reconcile", "Succeeded", hibernated=enabled, **RUNS)
    life.becomes("Hibernated" if enabled else "Ready", Current="AsOrdered", Ready="Available")


def pools(**counts: int) -> list[Manifest]:
    """Return pools of these sizes."""
    size = {"cpu": 2, "memoryGiB": 8}
    return [{"name": name, "size": size, "replicas": count} for name, count in counts.items()]
