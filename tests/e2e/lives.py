"""Follow one order on a live control plane, from the manifest to what is composed of it."""

import copy
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from function.contract import Mode
from function.local import KEY_ANNOTATION
from function.model import API_GROUP
from function.paths import lookup
from testbed.install import layers as layers_of
from testbed.kubernetes import MERGE, Manifest, condition
from testbed.waiting import until

from .clouds import Cloud
from .planes import Plane, delete_allowed

# The first answer of a core that has just started takes a while, and on a busy machine all do.
SECONDS = 180.0
# The garbage collector learns of a new kind only from time to time.
COLLECTED_SECONDS = 300.0
LABELS = (f"{API_GROUP}/environment", f"{API_GROUP}/overlay")


@dataclass
class Life:
    """An order, and what became of it.

    Attributes:
        plane: Where it lives.
        path: The tenant's object.
        cloud: What providers built of it.
    """

    plane: Plane
    path: str
    cloud: Cloud = field(default_factory=Cloud)

    @property
    def name(self) -> str:
        """Return the name of the order."""
        return self.path.rpartition("/")[2]

    def order(self) -> Manifest:
        """Return the order as the tenant reads it."""
        result = self.plane.tenant.get(self.path)
        assert result is not None
        return result

    @property
    def status(self) -> Manifest:
        """Return its status; empty before the first answer."""
        return self.order().get("status") or {}

    def composite(self) -> Manifest | None:
        """Return the composite; the order itself where that is one."""
        order = self.plane.operator.get(self.path)
        if order is None or self.plane.profile.mode is Mode.NAMESPACED:
            return order
        reference = order["spec"].get("resourceRef")
        return self.plane.operator.get(self._path(reference)) if reference else None

    def composed(self) -> dict[str, Manifest]:
        """Return what is composed of it, by key."""
        composite = self.composite() or {"spec": {}}
        spec = composite["spec"]
        references = spec.get("crossplane", spec).get("resourceRefs") or ()
        found = (self.plane.operator.get(self._path(one)) for one in references)
        return {one["metadata"]["annotations"][KEY_ANNOTATION]: one for one in found if one}

    def shown(self, key: str, path: str) -> Any:
        """Return something of what is composed; None if it is not there."""
        return lookup(self.composed().get(key, {}), path)

    def _path(self, reference: Manifest) -> str:
        """Return where something is that a composite refers to."""
        # What is of the tenant's namespace is referred to without saying so.
        namespace = self.path.rpartition("/namespaces/")[2].partition("/")[0]
        metadata = {"namespace": namespace, "name": reference["name"]}
        return self.plane.operator.path({**reference, "metadata": metadata})

    def paths(self) -> list[str]:
        """Return where everything is that has to go with the order."""
        paths = [self.plane.operator.path(one) for one in self.composed().values()]
        composite = self.composite()
        return [*paths, *([self.plane.operator.path(composite)] if composite else [])]

    def work(self) -> None:
        """Let the providers act once on everything that is composed."""
        self.cloud.act(self.plane.operator, self.composed().values())

    def reported(self, kind: str) -> Manifest:
        """Return a condition of the order."""
        return condition(self.order(), kind)

    def edit(self, spec: Mapping[str, Any]) -> None:
        """Change fields of the order, as the tenant."""
        answer = self.plane.tenant.request("PATCH", self.path, {"spec": spec}, content=MERGE)
        assert answer.accepted, answer.message

    def becomes(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds, while the providers work."""

        def worked() -> object:
            self.work()
            return holds()

        until(worked, seconds=SECONDS, what=f"{self.name}: {what}")

    def settle(self) -> None:
        """Wait until all of it is built, and the tenant reads so."""
        self.becomes(lambda: self.reported("Accepted").get("status") == "True", "accepted")
        self.becomes(self.is_done, "ready")

    def is_done(self) -> bool:
        """Say whether all of it is built, and the tenant reads so."""
        order = self.order()
        kinds = ("Ready", "Accepted", "Provisioned")
        done = all(condition(order, kind).get("status") == "True" for kind in kinds)
        return done and bool(order["status"]["phase"] == "Ready")

    def delete(self) -> None:
        """Delete it as a tenant who has lifted the protection, and wait until all is gone."""
        self.edit({"deletionProtection": False})
        gone = self.paths()
        composed = list(self.composed().values())
        answer = self.plane.tenant.request("DELETE", self.path)
        assert answer.accepted, answer.message
        operator = self.plane.operator

        def collected() -> bool:
            left = [operator.get(operator.path(one)) for one in composed]
            self.cloud.act(operator, (one for one in left if one))
            return all(operator.get(path) is None for path in (self.path, *gone))

        until(collected, seconds=COLLECTED_SECONDS, what=f"{self.name} collected")


def placed(plane: Plane, manifest: Manifest, environment: str = "") -> Life:
    """Place an order as a tenant.

    Args:
        plane: Where.
        manifest: The tenant's manifest; it gets a name that no other has.
        environment: What it names as its environment.
    """
    order = copy.deepcopy(manifest)
    order["metadata"]["name"] = f"life-{uuid.uuid4().hex[:8]}"
    if environment:
        order["spec"]["environment"] = environment
    answer = plane.tenant.request("POST", plane.tenant.collection(order), order)
    assert answer.accepted, answer.message
    return Life(plane, plane.tenant.path(order))


@contextmanager
def living(plane: Plane, manifest: Manifest, environment: str = "") -> Iterator[Life]:
    """Place an order; whatever is left of it at the end goes."""
    life = placed(plane, manifest, environment)
    try:
        yield life
    finally:
        if plane.tenant.get(life.path):
            life.delete()


def example(name: str) -> dict[str, Manifest]:
    """Return the layers of an example under a name that no other environment has.

    They are found by the names that they have in the example.
    """
    environment = f"env-{uuid.uuid4().hex[:8]}"
    layers = {one["metadata"]["name"]: one for one in layers_of(name)}
    for layer in layers.values():
        metadata, data = layer["metadata"], layer["data"]
        metadata["name"] = f"{environment}-{metadata['name']}"
        labels = metadata["labels"]
        labels |= {label: environment for label in LABELS if label in labels}
        if "layers" in data:
            data["layers"] = [f"{environment}-{one}" for one in data["layers"]]
    return layers


@contextmanager
def offered(plane: Plane, name: str) -> Iterator[dict[str, Manifest]]:
    """Offer an example, and take it back in the end."""
    layers = example(name)
    for layer in layers.values():
        plane.operator.apply(layer)
    try:
        yield layers
    finally:
        for layer in layers.values():
            delete_allowed(plane.operator, plane.operator.path(layer))


def environment_of(layers: Mapping[str, Manifest]) -> str:
    """Return the name of the environment that layers make."""
    [name] = {
        one["metadata"]["labels"][label]
        for one in layers.values()
        for label in LABELS
        if label in one["metadata"]["labels"]
    }
    return str(name)
