"""View a live Shoot: what was applied, and what Gardener reports.

Readiness follows Gardener's own conditions; `Progressing` is reported for a cluster that is ready
while a part of it is restarted.
"""

from collections.abc import Mapping
from typing import Any

from function import diagnosis, shapes, versions
from function.contract import Manifest, Progress
from function.managed import LiveObject
from function.paths import lookup

KEY = "gardener-shoot"
VERSION = "spec.kubernetes.version"
HEALTHY = ("APIServerAvailable", "ControlPlaneHealthy", "EveryNodeReady", "SystemComponentsHealthy")
READY_QUERY = (
    "has(object.status) && has(object.status.conditions) && has(object.status.advertisedAddresses)"
    f" && {list(HEALTHY)}.all(t, object.status.conditions.exists(c, c.type == t && "
    'c.status == "True"))'
).replace("'", '"')
# Annotation by which an operator keeps Gardener from reconciling a Shoot.
_IGNORE = "shoot.gardener.cloud/ignore"


class LiveShoot(LiveObject):
    """View a Shoot, and the ConfigMaps of its login: what was applied, what Gardener reports."""

    KEY = KEY

    @property
    def refused(self) -> Manifest:
        """Return the live Shoot if what was rendered last was refused; else empty."""
        return self.inside if self.root and diagnosis.refused(self.root) else {}

    def worker(self, name: str) -> Manifest:
        """Return a worker pool as previously rendered, with its live zones if it was refused."""
        found = next((w for w in workers(self.applied) if w["name"] == name), {})
        live = next((w for w in workers(self.refused) if w["name"] == name), {})
        return {**found, "zones": live["zones"]} if live.get("zones") else found

    @property
    def version(self) -> str:
        """Return the version of the live Shoot, which Gardener may have raised."""
        return str(lookup(self.inside, VERSION) or "")

    @property
    def operation(self) -> Mapping[str, Any]:
        """Return the last operation; empty before the first."""
        return self.status.get("lastOperation") or {}

    @property
    def errors(self) -> list[Manifest]:
        """Return the errors of the last attempt; they remain until an attempt succeeds."""
        return self.status.get("lastErrors") or []

    @property
    def endpoint(self) -> str:
        """Return the address of the API server; other advertised addresses are ignored."""
        # `service-account-issuer` and the like are advertised, too, and serve no API.
        addresses = {
            a.get("name"): a.get("url", "") for a in self.status.get("advertisedAddresses") or ()
        }
        return next(
            (str(addresses[n]) for n in ("external", "internal", "unmanaged") if n in addresses), ""
        )

    @property
    def unhealthy(self) -> list[Mapping[str, Any]]:
        """Return the conditions that are not met; an empty one for each that is not reported."""
        found = [diagnosis.condition_of(self.status, kind) for kind in HEALTHY]
        # Progressing is reported for a cluster that is ready while one of its parts is restarted.
        return [one for one in found if one.get("status") not in ("True", "Progressing")]

    @property
    def is_fresh(self) -> bool:
        """Return whether Gardener has observed the current spec."""
        seen = lookup(self.inside, "status.observedGeneration")
        return bool(seen == lookup(self.inside, "metadata.generation"))

    @property
    def is_ready(self) -> bool:
        """Return whether the cluster can be used, or is hibernated."""
        if self.is_deleting or not self.endpoint:
            return False
        creating = self.operation.get("type") == "Create" and not self.is_settled
        # While a Shoot sleeps, its API server is down, and its conditions are not updated.
        return self.is_hibernated or (not self.unhealthy and not creating)

    @property
    def is_hibernated(self) -> bool:
        """Return whether the cluster sleeps."""
        return bool(self.status.get("hibernated"))

    @property
    def is_settled(self) -> bool:
        """Return whether the last operation is done; a migration only after its second half."""
        # After the first half the Shoot has left one seed, and runs on none.
        return (
            self.operation.get("state") == "Succeeded" and self.operation.get("type") != "Migrate"
        )

    @property
    def is_retried(self) -> bool:
        """Return whether Gardener retries its last operation after an error."""
        # While Gardener retries, the state is Processing, and the errors remain.
        state = self.operation.get("state")
        return state == "Error" or (state != "Succeeded" and bool(self.errors))

    @property
    def is_ignored(self) -> bool:
        """Return whether an operator keeps Gardener from reconciling the Shoot."""
        return (lookup(self.inside, "metadata.annotations") or {}).get(_IGNORE) == "true"

    @property
    def progress(self) -> Progress:
        """Return the version of the live Shoot, and whether it is settled.

        The Shoot is not settled until it runs the version that was rendered last.
        """
        requested = lookup(self.rendered, VERSION) or ""
        taken = versions.highest(self.version, requested) == self.version
        settled = taken and self.is_fresh and self.is_settled and not self.is_deleting
        return Progress(self.version, settled)


def workers(manifest: object) -> list[Manifest]:
    """Return the worker pools of a Shoot."""
    listed = lookup(manifest, "spec.provider.workers")
    return [worker for worker in shapes.mappings(listed) if "name" in worker]
