"""Send orders to a control plane as a tenant would, and read its verdict."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from function import machinery
from function.model import API_VERSION
from testbed.cores import Profile
from testbed.install import operator
from testbed.kubernetes import CONFLICT, MERGE, NOT_FOUND, Answer, Kubernetes, Manifest
from testbed.running import Running
from testbed.site import TENANT, Site
from testbed.waiting import until
from tools.generate.protection import ALLOW

DRY = {"dryRun": "All", "fieldValidation": "Strict"}
# Crossplane leaves such an order alone: only the API server is asked.
PAUSED = {"crossplane.io/paused": "true"}
# For others to carry out what was written.
SEEN_SECONDS = 60.0
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True)
class Plane:
    """A control plane that serves our kinds.

    Attributes:
        running: Which one, where it is, and its servers.
        operator: Its API server, seen by the operator.
        tenant: Its API server, seen by a tenant.
    """

    running: Running
    operator: Kubernetes
    tenant: Kubernetes

    @property
    def profile(self) -> Profile:
        """Return what runs."""
        return self.running.profile

    @property
    def site(self) -> Site:
        """Return where it is."""
        return self.running.site

    def create(self, kind: str, spec: Any) -> Answer:
        """Ask whether an order may be created."""
        order = new(kind, spec)
        return self.tenant.request("POST", self.tenant.collection(order), order, query=DRY)

    def edit(self, path: str, spec: Any) -> Answer:
        """Ask whether an order may be changed to this."""

        def sent() -> Answer:
            live = self.tenant.get(path)
            assert live is not None
            retained = {name: live["spec"][name] for name in machinery.SPEC if name in live["spec"]}
            written = {**spec, **retained} if isinstance(spec, dict) else spec
            return self.tenant.request("PUT", path, {**live, "spec": written}, query=DRY)

        return judged(sent)

    @contextmanager
    def existing(
        self, kind: str, spec: Manifest, metadata: Manifest | None = None
    ) -> Iterator[str]:
        """Create an order that Crossplane leaves alone; yield its path, and remove it.

        Only an operator may pause it, or give it other metadata that steer Crossplane.
        """
        order = new(kind, spec)
        order["metadata"] |= {"annotations": PAUSED, **(metadata or {})}
        collection = self.tenant.collection(order)
        strict = {"fieldValidation": "Strict"}
        answer = self.operator.request("POST", collection, order, query=strict)
        assert answer.accepted, answer.message
        path = self.tenant.path(order)
        try:
            yield path
        finally:
            unlocked = {"spec": {"deletionProtection": False, "deletionPolicy": "Delete"}}
            self.operator.request("PATCH", path, unlocked, content=MERGE)
            self.operator.delete(path)
            finalized = {"metadata": {"finalizers": None}}
            self.operator.request("PATCH", path, finalized, content=MERGE)


@contextmanager
def connected(running: Running) -> Iterator[Plane]:
    """Yield a control plane, with a connection for each who uses it."""
    site = running.site
    tenant = Kubernetes(site.address("api"), site.identity("tenant"))
    plane = Plane(running, operator(site), tenant)
    try:
        yield plane
    finally:
        plane.operator.close()
        plane.tenant.close()


def judged(put: Callable[[], Answer]) -> Answer:
    """Write a whole object until nobody else has written it meanwhile, and return the verdict."""
    return until(
        put, lambda answer: answer.status != CONFLICT, seconds=SEEN_SECONDS, what="a verdict"
    )


def delete_allowed(client: Kubernetes, path: str, *, dry: bool = False) -> None:
    """Delete what is protected by an annotation that names it, unless it is gone.

    Crossplane writes the CRDs of its XRDs, and takes from them what it has not written: at times
    between the annotation and the deletion, so that both are tried again.
    """
    patch = {"metadata": {"annotations": {ALLOW: path.rpartition("/")[2]}}}

    def tried() -> Answer:
        answer = client.request("PATCH", path, patch, content=MERGE)
        query = DRY if dry else None
        return client.request("DELETE", path, query=query) if answer.accepted else answer

    until(
        tried,
        lambda answer: answer.accepted or answer.status == NOT_FOUND,
        seconds=SEEN_SECONDS,
        what=f"{path} deleted",
    )


def new(kind: str, spec: Any) -> Manifest:
    """Return an order of a name that no other has."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {
            "name": f"order-{uuid.uuid4().hex[:12]}",
            "namespace": TENANT,
        },
        "spec": spec,
    }
