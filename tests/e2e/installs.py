"""A control plane installed from packages, two releases of them, and orders that live on it."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from function.bound import ANNOTATION
from function.contract import Mode
from function.model import API_GROUP
from testbed import packages
from testbed.install import DEFINITIONS, definitions
from testbed.kubernetes import MERGE, Answer, Kubernetes, Manifest, condition
from testbed.packages import COMPOSITIONS, CONFIGURATIONS, Release
from testbed.waiting import until
from tools.generate.definitions import INSTALLED, package, served
from tools.generate.protection import ALLOW

from .planes import CRDS, DRY, Plane, delete_allowed, new
from .trees import FIELD

ANSWER_SECONDS = 240.0
TOUCH_SECONDS = 4
CREATED, INVALID = 201, 422
GONE_SECONDS = 300.0
FUNCTION = f"/apis/{packages.PACKAGES}/v1/functions/{INSTALLED}"


@dataclass(frozen=True)
class Thing:
    """What must not change of an object while others come and go around it."""

    uid: str
    generation: int
    deleted: bool


Lives = dict[tuple[str, str], Thing]


@dataclass(frozen=True)
class Install:
    """An install, and what may be installed in its place.

    Attributes:
        plane: The control plane.
        older: The release of this tree, which is installed first.
        newer: A later one.
    """

    plane: Plane
    older: Release
    newer: Release

    @property
    def api(self) -> Kubernetes:
        """Return the API server as the operator sees it."""
        return self.plane.operator

    @property
    def mode(self) -> Mode:
        """Return which of the two installs it is."""
        return self.plane.profile.mode

    @property
    def configuration(self) -> str:
        """Return the path of the Configuration."""
        return f"{CONFIGURATIONS}/{package(self.mode)}"

    @property
    def stones(self) -> list[str]:
        """Return the paths of what the Configuration installs."""
        names = [f"{path.parent.name}.{API_GROUP}" for path in definitions(self.mode)]
        return [f"{place}/{name}" for name in names for place in (DEFINITIONS, COMPOSITIONS)]

    def function(self, release: Release) -> None:
        """Bring the function to a release."""
        packages.install_function(self.api, self.plane.site, release)

    def definitions(self, release: Release, **spec: object) -> None:
        """Bring the Configuration to a release, and wait until tenants see it."""
        packages.install_configuration(self.api, self.mode, release, **spec)
        until(
            lambda: self.knowing() == (self.kinds if release == self.newer else set()),
            seconds=packages.INSTALL_SECONDS,
            what=f"definitions of {release.version}",
        )

    def home(self) -> None:
        """Bring both to the older release, from wherever a test left them."""
        self.definitions(self.older)
        self.function(self.older)

    @property
    def kinds(self) -> set[str]:
        """Return all our kinds."""
        return served(self.mode)

    def knowing(self) -> set[str]:
        """Return the kinds in which the API server knows the field of the newer release.

        The definition may have it a moment earlier; the field is dropped then, without a word.
        """
        return {kind for kind in self.kinds if self._knows(kind)}

    def _knows(self, kind: str) -> bool:
        order = new(kind, {FIELD: "green"})
        answer = self.api.request("POST", self.api.collection(order), order, query=DRY)
        return answer.status in (CREATED, INVALID)

    @property
    def crds(self) -> list[str]:
        """Return the paths of our CRDs."""
        return [f"{CRDS}/{kind.lower()}s.{API_GROUP}" for kind in sorted(self.kinds)]

    def disown(self) -> None:
        """Take away who owns definitions and Compositions."""
        for path in self.stones:
            patch = {"metadata": {"ownerReferences": None}}
            assert self.api.request("PATCH", path, patch, content=MERGE).accepted

    def deleted(self, *paths: str) -> None:
        """Delete objects with their annotations, and wait until that is under way."""
        for path in paths:
            delete_allowed(self.api, path)
            until(
                lambda path=path: self._is_leaving(path),  # type: ignore[misc]
                seconds=GONE_SECONDS,
                what=f"{path} leaving",
            )

    def _is_leaving(self, path: str) -> bool:
        live = self.api.get(path)
        return live is None or "deletionTimestamp" in live["metadata"]

    def let_go(self, *paths: str) -> None:
        """Allow objects to be deleted until they are gone: others take the annotations away."""

        def left() -> list[str]:
            for path in paths:
                patch = {"metadata": {"annotations": {ALLOW: path.rpartition("/")[2]}}}
                self.api.request("PATCH", path, patch, content=MERGE)
            return [path for path in paths if self.api.get(path) is not None]

        until(left, lambda found: not found, seconds=GONE_SECONDS, what="the end of all")

    def gone(self, *paths: str) -> None:
        """Wait until objects are gone."""
        for path in paths:
            until(
                lambda path=path: self.api.get(path) is None,  # type: ignore[misc]
                seconds=GONE_SECONDS,
                what=f"{path} gone",
            )

    @contextmanager
    def order(self, manifest: Manifest) -> Iterator[str]:
        """Place an order as a tenant, and wait for what is composed of it."""
        manifest["metadata"]["name"] = f"order-{uuid.uuid4().hex[:8]}"
        tenant = self.plane.tenant
        answer = tenant.request("POST", tenant.collection(manifest), manifest)
        assert answer.accepted, answer.message
        path = tenant.path(manifest)
        try:
            until(lambda: self.lives(path), seconds=ANSWER_SECONDS, what=f"{path} composed")
            yield path
        finally:
            self.take_back(path)

    def take_back(self, path: str) -> None:
        """Delete an order for good."""
        self.edit(path, {"deletionProtection": False})
        self.plane.tenant.delete(path)
        self.gone(path)

    def edit(self, path: str, spec: Manifest) -> Answer:
        """Change fields of an order, or touch it now and then, so that the function is asked."""
        current = str(time.monotonic() // TOUCH_SECONDS)
        touched = {"metadata": {"annotations": {"example.org/touched": current}}}
        return self.plane.tenant.request("PATCH", path, {**touched, "spec": spec}, content=MERGE)

    def answers(self, release: Release, path: str, reason: str = "", **spec: str) -> Manifest:
        """Edit an order, and wait until a release has answered it and the tenant reads so.

        Args:
            release: Whose function answers.
            path: The order.
            reason: Why it refuses; it does not, if empty.
            spec: What is changed; it is only touched, if empty.

        Returns:
            The condition that tells the tenant.
        """
        log = self.plane.site.log(release.server)
        start = log.stat().st_size
        name = path.rpartition("/")[2]

        def reported() -> tuple[Manifest, str | None, Manifest]:
            # Again and again: what core watches may still lack a field that is just known.
            answer = self.edit(path, dict(spec))
            assert answer.accepted, answer.message
            accepted = condition(self.plane.tenant.get(path), "Accepted")
            _, composite = self._parents(path)
            return accepted, _last(log, start, name), condition(composite, "Synced")

        accepted, _, _ = until(
            reported,
            lambda seen: (seen[0].get("reason"), seen[1]) == (reason or "Accepted", reason),
            seconds=ANSWER_SECONDS,
            what=f"{release.version} answering {name} with {reason or 'resources'}",
        )
        return accepted

    def forget(self, path: str) -> None:
        """Wait until the function has written its record without the field of the newer release.

        Core may show it the field for a while after the definitions are rolled back.
        """

        def forgotten() -> bool:
            self.edit(path, {})
            records = [one["metadata"].get("annotations", {}) for one in self._composed(path)]
            return FIELD not in "".join(record.get(ANNOTATION, "") for record in records)

        until(forgotten, seconds=ANSWER_SECONDS, what=f"a record without {FIELD}")

    def lives(self, *orders: str) -> Lives:
        """Return the order, its composite and what is composed of them; nothing before that."""
        result: Lives = {}
        for order in orders:
            composed, parents = self._composed(order), self._parents(order)
            if not composed or None in parents:
                return {}
            for one in composed:
                result[one["kind"], one["metadata"]["name"]] = _thing(
                    one, one["metadata"]["generation"]
                )
            for parent in filter(None, parents):
                result[parent["kind"], parent["metadata"]["name"]] = _thing(parent, 0)
        return result

    def _composed(self, order: str) -> list[Manifest]:
        """Return what is composed of an order, all of it or nothing."""
        machinery = (self._parents(order)[1] or {}).get("spec", {})
        refs = machinery.get("crossplane", machinery).get("resourceRefs") or []
        found = [self.api.get(self._path(order, ref)) for ref in refs]
        return [one for one in found if one] if None not in found else []

    def _parents(self, order: str) -> tuple[Manifest | None, Manifest | None]:
        """Return an order and its composite, which may be the same."""
        live = self.api.get(order)
        if self.mode is Mode.NAMESPACED or live is None:
            return live, live
        ref = live["spec"].get("resourceRef")
        name = ref and self.api.path({**ref, "metadata": {"name": ref["name"]}})
        return live, self.api.get(name) if name else None

    def _path(self, order: str, ref: Manifest) -> str:
        namespace = order.split("/namespaces/")[1].partition("/")[0]
        return self.api.path({**ref, "metadata": {"name": ref["name"], "namespace": namespace}})


def _thing(manifest: Manifest, generation: int) -> Thing:
    metadata = manifest["metadata"]
    return Thing(metadata["uid"], generation, "deletionTimestamp" in metadata)


def _last(log: Path, start: int, name: str) -> str | None:
    """Return why an order was refused last, by a log; empty if answered, None if neither."""
    with log.open("rb") as file:
        file.seek(start)
        lines = [
            json.loads(line) for line in file if line.startswith(b"{") and line.endswith(b"}\n")
        ]
    reported = [line for line in lines if line.get("name") == name and line["msg"] == "call"]
    return reported[-1].get("reason", "") if reported else None
