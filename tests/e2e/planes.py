"""Send orders to a control plane as a tenant would, and read its verdict."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from function.model import API_VERSION
from testbed.install import operator
from testbed.kubernetes import CONFLICT, MERGE, Answer, Kubernetes, Manifest
from testbed.profiles import Profile
from testbed.site import TENANT, Site

DRY = {"dryRun": "All", "fieldValidation": "Strict"}
# Crossplane leaves such an order alone: only the API server is asked.
PAUSED = {"crossplane.io/paused": "true"}
# What Crossplane writes beside the tenant.
MACHINERY = (
    "compositeDeletePolicy",
    "compositionRef",
    "compositionRevisionRef",
    "compositionSelector",
    "compositionUpdatePolicy",
    "crossplane",
    "publishConnectionDetailsTo",
    "resourceRef",
    "writeConnectionSecretToRef",
)


@dataclass(frozen=True)
class Plane:
    """A control plane that serves our kinds.

    Attributes:
        profile: Which one.
        site: Where it is.
        operator: Its API server, seen by the operator.
        tenant: Its API server, seen by a tenant.
    """

    profile: Profile
    site: Site
    operator: Kubernetes
    tenant: Kubernetes

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
    def existing(self, kind: str, spec: Manifest) -> Iterator[str]:
        """Create an order that Crossplane leaves alone; yield its path, and remove it."""
        order = new(kind, spec)
        collection = self.tenant.collection(order)
        answer = self.tenant.request("POST", collection, order, query={"fieldValidation": "Strict"})
        assert answer.accepted, answer.message
        path = self.tenant.path(order)
        try:
            yield path
        finally:
            unlocked = {"spec": {"deletionProtection": False, "deletionPolicy": "Delete"}}
            self.tenant.request("PATCH", path, unlocked, content=MERGE)
            self.tenant.delete(path)


@contextmanager
def connected(profile: Profile, site: Site) -> Iterator[Plane]:
    """Yield a control plane, with a connection for each who uses it."""
    plane = Plane(
        profile, site, operator(site), Kubernetes(site.address("api"), site.identity("tenant"))
    )
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
            "annotations": PAUSED,
        },
        "spec": spec,
    }
