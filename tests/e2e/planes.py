"""Send orders to a control plane as a tenant would, and read its verdict."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from function.fn import MACHINERY
from function.model import API_VERSION
from testbed.cores import Profile
from testbed.install import operator
from testbed.kubernetes import CONFLICT, MERGE, Answer, Kubernetes, Manifest
from testbed.running import Running
from testbed.site import TENANT, Site

DRY = {"dryRun": "All", "fieldValidation": "Strict"}
# Crossplane leaves such an order alone: only the API server is asked.
PAUSED = {"crossplane.io/paused": "true"}
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
        while True:
            live = self.tenant.get(path)
            assert live is not None
            kept = {name: live["spec"][name] for name in MACHINERY if name in live["spec"]}
            written = {**spec, **kept} if isinstance(spec, dict) else spec
            answer = self.tenant.request("PUT", path, {**live, "spec": written}, query=DRY)
            if answer.status != CONFLICT:
                return answer

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
