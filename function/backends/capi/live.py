"""View a live Cluster: what was applied, its readiness and version, and changes in progress.

For one to three seconds after a change, Cluster API's conditions are stale, although generations
agree. So before conditions are trusted, versions and counters are compared with the desired ones,
and the generation for which the topology was reconciled with the current one.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any

import pydantic

from function import diagnosis, handover, shapes
from function.backends.capi.forms import newest
from function.backends.capi.profile import Profile
from function.contract import WHOLE, Manifest, Progress
from function.managed import LiveObject
from function.model import API_GROUP, ClusterSpec
from function.model.cluster import ControlPlane
from function.paths import is_below, lookup
from function.schema import fields
from function.versions import highest, numbers

KEY = "capi-cluster"
PROFILE = f"{API_GROUP}/profile"
READY_QUERY = {
    "v1beta2": (
        "has(object.status) && has(object.status.conditions) && "
        'object.status.conditions.exists(c, c.type == "Available" && c.status == "True")'
    ),
    "v1beta1": (
        "has(object.status) && has(object.status.controlPlaneReady) && "
        "object.status.controlPlaneReady && has(object.status.conditions) && "
        'object.status.conditions.exists(c, c.type == "Ready" && c.status == "True")'
    ),
}
_FAILED = ("ReconcileFailed", "TopologyReconcileFailed", "ClusterClassNotReconciled")
_MOVING = ("RollingOut", "ScalingUp", "ScalingDown")
# A machine that has to be replaced may wait permanently: the only one of a control plane, or one
# whose loss would break it. Only a machine that is being deleted is really replaced.
_REPLACED = "Machine is deleting"
MACHINES = {"controlPlane": "ControlPlaneMachinesReady", "workers": "WorkerMachinesReady"}
# Messages of Cluster API about a machine that is being created: about the machine itself, its
# node, and its control plane components. A machine that failed later only waits for remediation.
_COMES = "|".join(
    (
        r"Waiting (?!for remediation)",
        r"Pod does not exist",
        r"Running init containers",
        r"ContainerCreating",
        r"Node \S+ does not have the ",
        r"Etcd doesn't have an etcd member ",
    )
)
_AWAITED = re.compile(
    rf"^[ \t]*\* (?:[A-Za-z ]+: (?:{_COMES})|Machines? .*: Condition Ready not yet reported)",
    re.MULTILINE,
)
_PLANE = "spec.controlPlane"
_ALL_BUT_AVAILABILITY = frozenset(
    {
        *(f"spec.{name}" for name in fields(ClusterSpec) if f"spec.{name}" != _PLANE),
        *(f"{_PLANE}.{name}" for name in fields(ControlPlane) if name != "availability"),
    }
)


class LiveCluster(LiveObject):
    """View a Cluster as v1beta2: what was applied, and what Cluster API reports."""

    KEY = KEY

    @staticmethod
    def form(manifest: Manifest) -> Manifest:
        """Return a Cluster as v1beta2."""
        return newest(manifest)

    @property
    def name(self) -> str:
        """Return the name that the Cluster has; empty for a new one."""
        return str(lookup(self.rendered, "metadata.name") or "")

    @functools.cached_property
    def control_planes(self) -> int:
        """Return the previously rendered number of control plane machines."""
        result: int = lookup(self.applied, "spec.topology.controlPlane.replicas") or 0
        return result

    @functools.cached_property
    def variables(self) -> dict[str, Any]:
        """Return the variables of the previously rendered Cluster."""
        return by_name(lookup(self.applied, "spec.topology.variables"))

    @functools.cached_property
    def profile(self) -> Profile | None:
        """Return the profile that was last applied; None if there is none, or if it is garbled."""
        text = self.root.annotations.get(PROFILE, "") if self.root else ""
        try:
            return Profile.model_validate(shapes.parsed(text)) if text else None
        except pydantic.ValidationError:
            return None

    @functools.cached_property
    def control_plane_overrides(self) -> dict[str, Any]:
        """Return the overrides of the previously rendered control plane."""
        return overrides(lookup(self.applied, "spec.topology.controlPlane"))

    @property
    def control_plane_variables(self) -> dict[str, Any]:
        """Return the variables of the previously rendered control plane."""
        return self.variables | self.control_plane_overrides

    @functools.cached_property
    def held(self) -> frozenset[str]:
        """Return the paths of order fields that existing parts of the cluster hold.

        No machine can be built until the network exists, and no node until the control plane
        responds.
        """
        if self.is_started:
            return _ALL_BUT_AVAILABILITY if self._falls else WHOLE
        # The OpenStackCluster exists, whose webhook refuses another network or load balancer.
        if self._initialization("infrastructureProvisioned"):
            return frozenset({"spec.network", "spec.apiServer.exposure", "spec.controlPlane"})
        if not self.is_drawn:
            return frozenset()
        return frozenset(
            {"spec.network.nodes", "spec.network.ipFamilies", "spec.apiServer.exposure"}
        )

    @property
    def _falls(self) -> bool:
        return self.profile is not None and self.profile.availability_falls

    def holds(self, field: str) -> bool:
        """Return whether an existing part of the cluster holds a field of the order."""
        return bool(self.applied) and is_below(field, self.held)

    @property
    def is_malformed(self) -> bool:
        """Return whether a part was dropped because of its type."""
        return self.root is not None and self.root.malformed

    @property
    def is_initialised(self) -> bool:
        """Return whether the control plane has ever responded; this is never reverted."""
        return self._initialization("controlPlaneInitialized")

    @property
    def is_started(self) -> bool:
        """Return whether the control plane has ever responded, or may have.

        Data that is missing or garbled proves nothing.
        """
        return self.is_initialised or self.is_malformed or not self.inside

    @property
    def has_network(self) -> bool:
        """Return whether the network and load balancer of the cluster exist."""
        return self._initialization("infrastructureProvisioned")

    def _initialization(self, part: str) -> bool:
        return bool(lookup(self.inside, f"status.initialization.{part}"))

    @property
    def is_drawn(self) -> bool:
        """Return whether Cluster API has created any part of an observed Cluster."""
        parts = (
            lookup(self.inside, f"spec.{part}") for part in ("infrastructureRef", "controlPlaneRef")
        )
        return any(parts) or self.is_initialised or not self.is_failed

    @property
    def is_available(self) -> bool:
        """Return whether the cluster can be used, and is not being deleted."""
        return self.is_initialised and self._is("Available") and not self.is_deleting

    @property
    def is_complete(self) -> bool:
        """Return whether all machines that the last change requires are ready, if reported."""
        counters = [self.counters(part) for part in MACHINES]
        return self.is_available and all(
            part.get(name) == part.get("desiredReplicas") is not None
            for part in counters
            for name in ("replicas", "readyReplicas")
        )

    @property
    def is_updating(self) -> bool:
        """Return whether machines are being created, removed or replaced."""
        if any(self._is(kind) for kind in _MOVING) or self._is_remediated():
            return True
        # Machines are counted as soon as they are requested, minutes before they are nodes; for
        # the first seconds, everything is still reported as available.
        if any(self._is_awaited(part) for part in MACHINES):
            return True
        if self.reconciled.get("status") == "False" and not self.is_failed:
            return True
        requested = lookup(self.inside, "spec.topology.version")
        if any(version != requested for version in self.versions("controlPlane", "workers")):
            return True
        # If the topology cannot be reconciled, the counters will not follow it.
        return self._counts_differ() and not self.is_failed

    @property
    def is_rolling(self) -> bool:
        """Return whether machines are being replaced by others."""
        return self._is("RollingOut")

    @property
    def is_failed(self) -> bool:
        """Return whether reconciling the topology failed, rather than being unfinished."""
        found = self.reconciled
        return found.get("status") == "False" and found.get("reason") in _FAILED

    @property
    def is_fresh(self) -> bool:
        """Return whether the status reflects the current spec, as does the topology's condition."""
        # The topology controller writes its condition by itself, often later than the rest.
        current = lookup(self.inside, "metadata.generation")
        seen = lookup(self.inside, "status.observedGeneration")
        return bool(seen == current == self.reconciled.get("observedGeneration", current))

    @property
    def is_paused(self) -> bool:
        """Return whether the provider has stopped Cluster API from reconciling the Cluster."""
        return bool(lookup(self.inside, "spec.paused")) or self._is("Paused")

    @property
    def reconciled(self) -> Mapping[str, Any]:
        """Return the condition `TopologyReconciled` of the topology controller."""
        return self.condition("TopologyReconciled")

    @property
    def running(self) -> str:
        """Return the version of the API server; the lowest while control plane machines differ."""
        requested = lookup(self.inside, "spec.topology.version") or ""
        # A client may reach any of the API servers. The counters have versions from 1.14 on only.
        return min(self.versions("controlPlane") or [requested], key=numbers).removeprefix("v")

    def versions(self, *parts: str) -> list[str]:
        """Return the versions of machines, without suffixes that a distribution appends."""
        requested = str(lookup(self.inside, "spec.topology.version"))
        found = [
            str(entry.get("version", ""))
            for part in parts
            for entry in self.counters(part).get("versions") or ()
        ]
        return [requested if version.startswith(f"{requested}+") else version for version in found]

    @property
    def progress(self) -> Progress:
        """Return the highest version, and whether the last step is finished everywhere.

        Cluster API refuses any change of version before that.
        """
        requested = lookup(self.rendered, "spec.topology.version") or ""
        stored = lookup(self.inside, "spec.topology.version") or ""
        reached = highest(stored, requested)
        settled = bool(stored) and stored == reached and not self.is_updating and self.is_fresh
        return Progress(reached.removeprefix("v"), settled and self.is_initialised)

    def has(self, rendered: Manifest, manifest: Manifest) -> bool:
        """Return whether a Cluster was applied to the live one.

        Args:
            rendered: The Cluster as v1beta2.
            manifest: The same in the API version that is written.
        """
        applied = handover.is_applied({"manifest": manifest}, self.root)
        return applied and _asked(rendered) == _asked(self.inside)

    def condition(self, kind: str) -> Mapping[str, Any]:
        """Return a condition of the Cluster; empty if it is not reported."""
        return diagnosis.condition_of(self.status, kind)

    def counters(self, part: str) -> Mapping[str, Any]:
        """Return what is counted for `controlPlane` or `workers`; empty before 1.9."""
        result: Mapping[str, Any] = lookup(self.inside, f"status.{part}") or {}
        return result

    def _is(self, kind: str) -> bool:
        return self.condition(kind).get("status") == "True"

    def _is_remediated(self) -> bool:
        """Return whether a failed machine is being replaced, rather than waiting for it."""
        said = self.condition("Remediating")
        return said.get("status") == "True" and _REPLACED in str(said.get("message", ""))

    def _is_awaited(self, part: str) -> bool:
        """Return whether machines are being created; ready counters lag behind conditions."""
        said = self.condition(MACHINES[part])
        if said.get("status") != "True":
            return bool(_AWAITED.search(str(said.get("message", ""))))
        if said.get("reason") == "NoReplicas":
            # A control plane of pods: one that is not ready may be restarting, or failed
            # permanently.
            return False
        counters = self.counters(part)
        desired = counters.get("desiredReplicas")
        return bool(counters.get("readyReplicas", desired) != desired)

    def _counts_differ(self) -> bool:
        """Return whether machines are missing, surplus or outdated."""
        plane = lookup(self.inside, "spec.topology.controlPlane.replicas")
        pools = deployments(self.inside)
        # Autoscaled pools have no `replicas`.
        fixed = all("replicas" in pool for pool in pools)
        workers = sum(int(pool["replicas"]) for pool in pools) if fixed else None
        for part, requested in (("controlPlane", plane), ("workers", workers)):
            counters = self.counters(part)
            desired = counters.get("desiredReplicas")
            found = {counters.get(name, desired) for name in ("replicas", "upToDateReplicas")}
            if desired is not None and found | {desired if requested is None else requested} != {
                desired
            }:
                return True
        return False


def by_name(listed: Any) -> dict[str, Any]:
    """Return the values of a list of variables, or of overrides, by name."""
    return {one["name"]: one.get("value") for one in listed or () if "name" in one}


def named(values: Mapping[str, Any]) -> list[Manifest]:
    """Return values as a list of variables, or of overrides, sorted by name."""
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def overrides(part: object) -> dict[str, Any]:
    """Return the values that a pool, or the control plane, overrides, by name."""
    return by_name(lookup(part, "variables.overrides"))


def deployments(manifest: object) -> list[Manifest]:
    """Return the MachineDeployment topologies of a Cluster."""
    listed = lookup(manifest, "spec.topology.workers.machineDeployments")
    return [pool for pool in shapes.mappings(listed) if "name" in pool]


def _asked(cluster: Manifest) -> tuple[Any, ...]:
    """Return the desired fields that both API versions of a Cluster express in the same way."""
    topology = lookup(cluster, "spec.topology") or {}
    # A live list may contain a pool as a duplicate, once with `replicas` and once without.
    pools = sorted(((pool["name"], pool.get("replicas")) for pool in deployments(cluster)), key=str)
    paths = ("version", "classRef.name", "controlPlane.replicas")
    return (*(lookup(topology, path) for path in paths), pools)
