"""Order clusters, follow them on a real Cluster API, and say what is live of each."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from function.labels import NAME_LABEL
from function.model import API_VERSION
from function.paths import lookup
from testbed.kubernetes import MERGE, Answer, Manifest, condition
from testbed.management import NAMESPACE
from testbed.site import TENANT
from testbed.waiting import PAUSE_SECONDS, until

from .planes import Plane

OBJECTS = {
    "claims": "/apis/kubernetes.crossplane.io/v1alpha2/objects",
    "namespaced": f"/apis/kubernetes.m.crossplane.io/v1alpha1/namespaces/{TENANT}/objects",
}
CLUSTERS = f"/apis/cluster.x-k8s.io/v1beta2/namespaces/{NAMESPACE}/clusters"
OWNER = "cluster.x-k8s.io/cluster-name"
POOL = "topology.cluster.x-k8s.io/deployment-name"
# What Cluster API makes of a Cluster; each carries its name as a label.
MADE = {
    kind: f"/apis/{group}/v1beta2/namespaces/{NAMESPACE}/{kind}"
    for group, kinds in (
        ("cluster.x-k8s.io", ("machinedeployments", "machinesets", "machines")),
        ("bootstrap.cluster.x-k8s.io", ("kubeadmconfigs",)),
        ("controlplane.cluster.x-k8s.io", ("kubeadmcontrolplanes",)),
        ("infrastructure.cluster.x-k8s.io", ("devclusters", "devmachines", "devmachinetemplates")),
    )
    for kind in kinds
} | {"secrets": f"/api/v1/namespaces/{NAMESPACE}/secrets"}
# Kinds of which an object lost is a machine or a cluster lost.
LIVING = ("machinedeployments", "machines", "kubeadmcontrolplanes", "devclusters", "devmachines")
# One control plane, as few nodes as can be: time goes into what is tried.
SMALL = {"version": "1.34", "controlPlane": {"availability": "None"}}
ANSWER_SECONDS = 180.0
READY_SECONDS = 600.0
# The garbage collector learns of a new kind only from time to time.
GONE_SECONDS = 600.0
# Crossplane may call with an order of before an edit once more after it, and status says so: for
# so long, and where everything is slow, for so many looks.
STALE_SECONDS = 2.0
STALE_LOOKS = 6


@dataclass(frozen=True)
class Live:
    """An order for a cluster, and its live objects."""

    plane: Plane
    path: str

    @property
    def name(self) -> str:
        """Return the name of the order."""
        return self.path.rpartition("/")[2]

    @property
    def order(self) -> Manifest:
        """Return the order as its tenant sees it; empty once it is gone."""
        return self.plane.tenant.get(self.path) or {}

    @property
    def status(self) -> Manifest:
        """Return its status."""
        return self.order.get("status") or {}

    def says(self, kind: str) -> tuple[str, str, str]:
        """Return status, reason and message of a condition of the order."""
        found = condition(self.order, kind)
        return tuple(str(found.get(part, "")) for part in ("status", "reason", "message"))  # type: ignore[return-value]  # three

    def edit(self, spec: Manifest) -> None:
        """Change the order as its tenant."""
        answer = self.plane.tenant.request("PATCH", self.path, {"spec": spec}, content=MERGE)
        assert answer.accepted, answer.message

    def delete(self) -> Answer:
        """Ask for its deletion as its tenant."""
        return self.plane.tenant.request("DELETE", self.path)

    @property
    def settled(self) -> bool:
        """Say whether the order is ready, and what runs is what is ordered."""
        order = self.order
        status = order.get("status") or {}
        kinds = ("Accepted", "Provisioned", "Current", "BackendHealthy", "Ready")
        holds = all(condition(order, kind).get("status") == "True" for kind in kinds)
        return holds and status.get("phase") == "Ready"

    @property
    def answered(self) -> bool:
        """Say whether Crossplane has looked at the order as it is; claims do not tell."""
        seen = condition(self.order, "Synced").get("observedGeneration")
        return seen in (None, self.order["metadata"]["generation"])

    @property
    def cluster(self) -> Manifest:
        """Return the Cluster of the management cluster; empty if there is none."""
        found = self.clusters()
        assert len(found) < 2, [one["metadata"]["name"] for one in found]
        return found[0] if found else {}

    def clusters(self) -> list[Manifest]:
        """Return every Cluster that was made for the order."""
        return self.plane.operator.items(f"{CLUSTERS}?labelSelector={NAME_LABEL}%3D{self.name}")

    def made(self, kind: str, cluster: str = "") -> list[Manifest]:
        """Return what Cluster API made of its Cluster, or of one of this name."""
        name = cluster or self.cluster["metadata"]["name"]
        return self.plane.operator.items(f"{MADE[kind]}?labelSelector={OWNER}%3D{name}")

    def machines(self, pool: str, kind: str = "machines") -> list[Manifest]:
        """Return the machines of a pool that are not about to go."""
        return [
            machine
            for machine in self.made(kind)
            if machine["metadata"]["labels"].get(POOL) == pool
            and "deletionTimestamp" not in machine["metadata"]
        ]

    def objects(self) -> list[Manifest]:
        """Return what Crossplane composed of the order."""
        path = OBJECTS[self.plane.profile.mode.value]
        return self.plane.operator.items(f"{path}?labelSelector={NAME_LABEL}%3D{self.name}")

    def counters(self) -> list[Any]:
        """Return how many workers there are: to Cluster API, and as Crossplane last saw it."""
        seen = [lookup(one, "status.atProvider.manifest") for one in self.objects()]
        found = [(one.get("status") or {}) for one in (self.cluster, *seen) if one]
        return [one.get("workers") or lookup(one, "v1beta2.workers") for one in found]

    def living(self) -> dict[tuple[str, str], tuple[str, int]]:
        """Return UID and generation of all that a tenant would miss."""
        found = {("clusters", c["metadata"]["name"]): c for c in self.clusters()}
        for kind in LIVING:
            found |= {(kind, one["metadata"]["name"]): one for one in self.made(kind)}
        return {
            key: (one["metadata"]["uid"], int(one["metadata"].get("generation", 0)))
            for key, one in found.items()
        }


def says_version(live: Live, version: str) -> None:
    """Wait until the tenant reads a version."""
    until(
        lambda: live.status.get("version"),
        lambda reported: reported == version,
        seconds=ANSWER_SECONDS,
        what=f"{live.name} of version {version}",
    )


def order(plane: Plane, spec: Manifest, *, prefix: str = "live") -> Live:
    """Order a cluster as the tenant."""
    manifest: Manifest = {
        "apiVersion": API_VERSION,
        "kind": "Cluster",
        "metadata": {"name": f"{prefix}-{uuid.uuid4().hex[:8]}", "namespace": TENANT},
        "spec": spec,
    }
    answer = plane.tenant.request("POST", plane.tenant.collection(manifest), manifest)
    assert answer.accepted, answer.message
    return Live(plane, plane.tenant.path(manifest))


def pool(name: str, replicas: int, flavor: str = "SCS-2V-8") -> dict[str, Any]:
    """Return a pool of nodes."""
    return {"name": name, "replicas": replicas, "flavor": flavor}


def await_settled(lives: Iterable[Live]) -> None:
    """Wait until all are ready, and what runs is what is ordered."""
    for live in lives:
        until(lambda one=live: one.settled, seconds=READY_SECONDS, what=f"{live.name} ready")  # type: ignore[misc]  # bound here


def change(lives: list[Live], spec: Manifest, done: Callable[[Live], bool]) -> float:
    """Change all orders; return after how many seconds the last one runs as ordered.

    Status has to be borne out by the backend: it may not say so before.

    Args:
        lives: The orders.
        spec: What is changed.
        done: Says whether the backend has done it.
    """
    started = time.monotonic()
    for live in lives:
        live.edit(spec)
    for live in lives:
        until(
            lambda one=live: one.says("Current")[0] == "False",  # type: ignore[misc]  # bound here
            seconds=ANSWER_SECONDS,
            what=f"{live.name} under change",
        )
    for live in lives:
        _await_truth(live, done)
    return time.monotonic() - started


def _await_truth(live: Live, done: Callable[[Live], bool]) -> None:
    """Wait until an order is said to be carried out, and is."""
    deadline, said, looks = time.monotonic() + READY_SECONDS, 0.0, 0
    while not (live.settled and done(live)):
        current = time.monotonic()
        stale = live.settled and live.answered
        said, looks = (said or current, looks + 1) if stale else (0.0, 0)
        facts = (live.says("Current"), live.status.get("nodePools"), live.counters())
        assert current < deadline, facts
        assert current - said < STALE_SECONDS or looks < STALE_LOOKS, facts
        time.sleep(PAUSE_SECONDS)


def remove(lives: Iterable[Live]) -> None:
    """Take orders back, and wait until nothing is left of them."""
    gone = [live for live in lives if live.order]
    names = {live.name: [one["metadata"]["name"] for one in live.clusters()] for live in gone}
    for live in gone:
        live.edit({"deletionProtection": False})
        answer = live.delete()
        assert answer.accepted, answer.message
    for live in gone:
        until(
            lambda one=live: not list(left(one, names[one.name])),  # type: ignore[misc]  # bound here
            seconds=GONE_SECONDS,
            what=f"the end of {live.name}",
        )


def left(live: Live, clusters: Iterable[str]) -> Iterator[str]:
    """Yield what is left of an order: of itself, of what was composed, and of its clusters."""
    if live.order:
        yield live.path
    for one in (*live.objects(), *live.clusters()):
        yield f"{one['kind']} {one['metadata']['name']}"
    for cluster in clusters:
        for kind in MADE:
            yield from (f"{kind} {one['metadata']['name']}" for one in live.made(kind, cluster))


def flavors(live: Live, name: str) -> set[str]:
    """Return the flavors of the machines of a pool."""
    found = live.machines(name, "devmachines")
    return {str(lookup(one, "metadata.labels").get("testbed/flavor")) for one in found}
