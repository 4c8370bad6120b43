"""Play the providers' part on a live control plane: build what is composed, report it, remove it.

A cloud remembers what it built. Like a provider it knows a thing by the external name in the
metadata of what is composed, or by the id that it reported itself; where both are gone it creates
a duplicate, which is how a test learns that something was forgotten.
"""

import base64
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from function import simulate
from function.local import KEY_ANNOTATION, Observed
from function.managed import EXTERNAL_NAME
from testbed.kubernetes import CONFLICT, MERGE, NOT_FOUND, Kubernetes, Manifest

WHEN = "2026-01-01T00:00:00Z"
FINALIZER = "finalizer.managedresource.crossplane.io"
SECRET = "connection.crossplane.io/v1alpha1"  # noqa: S105  # the type of a Secret


@dataclass
class Cloud:
    """What providers built for orders, and how often.

    Attributes:
        built: Identities of live objects.
        log: Identities in the order in which they were built; one that is there twice was
            built twice.
    """

    built: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def act(self, api: Kubernetes, composed: Iterable[Manifest]) -> None:
        """Do for each composed object what its provider does."""
        for manifest in composed:
            if "deletionTimestamp" in manifest["metadata"]:
                self._remove(api, manifest)
            else:
                self._build(api, manifest)

    def _build(self, api: Kubernetes, manifest: Manifest) -> None:
        known = self.known(manifest)
        identity = known or _identity(manifest)
        seen = copy.deepcopy(manifest)
        annotations = seen["metadata"]["annotations"]
        annotations[EXTERNAL_NAME] = identity
        played = simulate.built(annotations[KEY_ANNOTATION], seen)
        spec = played.manifest["spec"]
        late = {"*", "LateInitialize"} & set(spec["managementPolicies"])
        metadata = {
            "annotations": {EXTERNAL_NAME: identity} if late else {},
            "finalizers": [FINALIZER],
            # What Crossplane writes meanwhile would be taken back.
            "resourceVersion": manifest["metadata"]["resourceVersion"],
        }
        written = {"metadata": metadata, "spec": {"forProvider": spec["forProvider"]}}
        answer = api.request("PATCH", api.path(manifest), written, content=MERGE)
        assert answer.accepted or answer.status in (NOT_FOUND, CONFLICT), answer.message
        if not answer.accepted:
            return
        if not known:
            self.built.add(identity)
            self.log.append(identity)
        self._report(api, manifest, played)

    def _report(self, api: Kubernetes, manifest: Manifest, played: Observed) -> None:
        status = played.manifest["status"]
        conditions = [{**one, "lastTransitionTime": WHEN} for one in status["conditions"]]
        written = {"status": {**status, "conditions": conditions}}
        answer = api.request("PATCH", f"{api.path(manifest)}/status", written, content=MERGE)
        assert answer.accepted or answer.status == NOT_FOUND, answer.message
        if "writeConnectionSecretToRef" in manifest["spec"]:
            api.apply(_secret(manifest, played.connection))

    def _remove(self, api: Kubernetes, manifest: Manifest) -> None:
        if {"*", "Delete"} & set(manifest["spec"].get("managementPolicies", ["*"])):
            self.built.discard(self.known(manifest))
        free = {"metadata": {"finalizers": None}}
        api.request("PATCH", api.path(manifest), free, content=MERGE)

    def known(self, manifest: Manifest) -> str:
        """Return by which name a provider knows the thing; empty if it has to build it."""
        if manifest["kind"] == "Object":
            return _inner(manifest) if _inner(manifest) in self.built else ""
        named = manifest["metadata"]["annotations"].get(EXTERNAL_NAME)
        shown = (manifest.get("status") or {}).get("atProvider") or {}
        return str(named or shown.get("id") or "")


def _identity(composed: Manifest) -> str:
    """Return by which name the thing is known once it is built."""
    if composed["kind"] == "Object":
        return _inner(composed)
    return str(simulate.built("", composed).manifest["status"]["atProvider"]["id"])


def _inner(composed: Manifest) -> str:
    """Return the identity of the object inside an Object."""
    manifest = composed["spec"]["forProvider"]["manifest"]
    metadata = manifest["metadata"]
    return f"{manifest['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"


def _secret(composed: Manifest, details: Mapping[str, bytes]) -> Manifest:
    """Return the connection details of a composed object, as its provider stores them."""
    reference, metadata = composed["spec"]["writeConnectionSecretToRef"], composed["metadata"]
    owner = {
        "apiVersion": composed["apiVersion"],
        "kind": composed["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": reference["name"],
            "namespace": reference.get("namespace") or metadata["namespace"],
            "ownerReferences": [owner],
        },
        "type": SECRET,
        "data": {name: base64.b64encode(value).decode() for name, value in details.items()},
    }
