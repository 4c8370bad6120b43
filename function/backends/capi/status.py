"""Report the state of an order for a cluster: phase, conditions, status.

Cluster API counts the nodes of all pools together. The number of ready nodes of one pool is
derived from what the others had when the cluster was last complete; see `function.progress`.
"""

import functools
from dataclasses import dataclass
from typing import Any

from function import diagnosis, kubeconfig, progress
from function.backends.capi import pools
from function.backends.capi.effective import ClusterContext
from function.backends.capi.live import MACHINES, LiveCluster
from function.backends.capi.targets import OIDC
from function.contract import Condition, Manifest
from function.paths import lookup
from function.progress import Count, Shape, sentence

_BUILDING = "the cluster is being built"
_CHANGING = "the cluster is being changed"
_DELETING = "the cluster is being deleted although the order was not deleted"
_RETRIED = "the last change has not succeeded yet, it is tried again"
# Generation of a Cluster that nobody has changed: the first as ordered, the second with its
# references, the third with its endpoint.
_CREATED = 3
# Reasons of the condition `Deleting`.
_AWAITED = {
    "WaitingForBeforeDeleteHook": "a step that the provider takes before",
    "WaitingForWorkersDeletion": "its nodes",
    "WaitingForControlPlaneDeletion": "its control plane",
    "WaitingForInfrastructureDeletion": "its network and load balancer",
}
# What a node that is being deleted waits for; causes that the tenant can fix come first.
_HELD = {
    "PodDisruptionBudgets": "a PodDisruptionBudget in the cluster, which keeps pods on its nodes",
    "Pods not terminating": "pods in the cluster that do not end",
    "stage: DrainingNode": "pods to leave its nodes",
    "stage: WaitingForVolumeDetach": "volumes to be detached from its nodes",
}

_PLANES, _NODES = "control plane", "nodes"
_READY, _RENEWED = "readyReplicas", "upToDateReplicas"
_PARTS = {"controlPlane": "the control plane", "workers": "nodes"}


@dataclass(frozen=True)
class Moment:
    """Hold a desired cluster and its observed state.

    Attributes:
        rendered: The Cluster as v1beta2.
        manifest: The same in the API version that is written.
        live: The view of the live Cluster.
    """

    rendered: Manifest
    manifest: Manifest
    live: LiveCluster

    @functools.cached_property
    def shape(self) -> Shape:
        """Return the desired shape of the cluster."""
        topology = lookup(self.rendered, "spec.topology") or {}
        return Shape(
            version=str(topology.get("version") or "").removeprefix("v"),
            planes=lookup(topology, "controlPlane.replicas") or 0,
            pools=pools.sizes(self.rendered),
        )

    @functools.cached_property
    def previous(self) -> Shape | None:
        """Return the shape of the cluster when it was last complete."""
        root = self.live.root
        return progress.remembered(root.annotations) if root else None

    @functools.cached_property
    def is_new(self) -> bool:
        """Return whether the cluster was never complete."""
        if self.previous is not None:
            return not self.previous.version
        changed = int(lookup(self.live.inside, "metadata.generation") or 0) > _CREATED
        return not changed and not self.live.is_complete

    @functools.cached_property
    def is_refused(self) -> bool:
        """Return whether the order is refused or its topology cannot be reconciled."""
        root = self.live.root
        refused = root is not None and diagnosis.refused(root)
        return refused or (self.live.is_fresh and self.live.is_failed)

    @functools.cached_property
    def moves(self) -> bool:
        """Return whether changes of the order are still in progress."""
        live = self.live
        return not live.has(self.rendered, self.manifest) or not live.is_fresh or live.is_updating

    @functools.cached_property
    def phase(self) -> tuple[str, str]:
        """Return the phase of the cluster, and a sentence for the tenant."""
        return _phase(self)

    @functools.cached_property
    def is_paused(self) -> bool:
        """Return whether the provider has paused the cluster before it matches the order."""
        started = self.live.is_initialised and not self.is_refused
        return self.live.is_paused and not (started and not self.moves)


def current(moment: Moment) -> Condition:
    """Return whether the live cluster matches the order."""
    phase, message = moment.phase
    if phase in ("Deleting", "Provisioning"):
        return Condition("Current", False, phase, message)
    if not moment.live.is_initialised:
        return Condition("Current", False, "Provisioning", _BUILDING)
    if moment.is_paused:
        return Condition("Current", False, diagnosis.PAUSED, message)
    if moment.is_refused:
        return Condition("Current", False, "Updating", _RETRIED)
    if moment.moves:
        return Condition("Current", False, "Updating", message)
    return Condition("Current", True, "AsOrdered")


def remember(moment: Moment) -> dict[str, str]:
    """Return the annotation that records the shape of the cluster when it was last complete."""
    phase, _ = moment.phase
    if phase == "Ready" and current(moment).status:
        return {progress.COMPLETE: moment.shape.written()}
    observed = moment.live.root
    if observed is None or progress.COMPLETE in observed.annotations:
        known = observed.annotations[progress.COMPLETE] if observed else ""
        return {progress.COMPLETE: known} if known else {}
    # After this change, its generation no longer shows that it was never complete.
    changes = bool(moment.live.inside) and observed.payload.get("manifest") != moment.manifest
    return {progress.COMPLETE: Shape().written()} if moment.is_new and changes else {}


def status_of(moment: Moment, context: ClusterContext) -> dict[str, Any]:
    """Return the status of the order."""
    order, live, scopes = context.order, moment.live, context.settings.extra_scopes
    phase, message = moment.phase
    host, port = (
        lookup(live.inside, f"spec.controlPlaneEndpoint.{part}") for part in ("host", "port")
    )
    endpoint = kubeconfig.url(str(host), port) if host and port else ""
    target = context.settings.class_profile.target(OIDC)
    name = kubeconfig.context(order, context.bound)
    issuer = None if target.unsupported else context.bound.issuer(order.spec)
    shown: dict[str, Any] = {
        "phase": phase,
        "message": message,
        **({"version": live.running} if live.running else {}),
        **kubeconfig.reached(endpoint, live.root, name, issuer, scopes),
    }
    if order.spec.node_pools:
        shown["nodePools"] = _pools(moment, context)
    return shown


def _phase(moment: Moment) -> tuple[str, str]:
    live = moment.live
    if live.is_deleting:
        return "Deleting", _going(live)
    if not live.status:
        return "Pending", "the cluster is not there yet"
    if moment.is_paused:
        return "Provisioning" if moment.is_new else "Updating", diagnosis.sentence(diagnosis.PAUSED)
    if not live.is_initialised:
        return "Provisioning", _building(moment)
    if moment.moves and not moment.is_refused:
        return ("Provisioning", _building(moment)) if moment.is_new else _changing(moment)
    if not live.is_available:
        return "Degraded", _RETRIED if live.is_failed else (
            "the cluster runs, but not all of it is available"
        )
    return ("Updating", _RETRIED) if moment.is_refused else ("Ready", "the cluster is ready")


def _going(live: LiveCluster) -> str:
    """Return that the Cluster is being deleted, and what it waits for."""
    reason = str(live.condition("Deleting").get("reason"))
    said = "\n".join(str(live.condition(kind).get("message", "")) for kind in MACHINES.values())
    held = next((sentence for words, sentence in _HELD.items() if words in said), "")
    awaited = held or _AWAITED.get(reason, "")
    return f"{_DELETING}, waiting for {awaited}" if awaited else _DELETING


def _building(moment: Moment) -> str:
    if not moment.live.has_network:
        return f"{_BUILDING}: preparing its network"
    return sentence(_BUILDING, *_counts(moment).values())


def _changing(moment: Moment) -> tuple[str, str]:
    """Return the change that a complete cluster undergoes, and its progress."""
    desired, previous = moment.shape, moment.previous
    what = progress.changes(previous, desired) if previous else ""
    if _is_upgraded(moment):
        ordered = f"upgrading to {desired.version}"
        counts = _counts(moment, f"v{desired.version}")
        return "Updating", sentence(what if ordered in what else ordered, *counts.values())
    counts = _counts(moment)
    if previous and what:
        scaled = {
            _PLANES: previous.planes != desired.planes,
            _NODES: previous.pools != desired.pools,
        }
        awaited = [c for name, c in counts.items() if scaled[name] and not c.is_full]
        return "Updating", sentence(what, *awaited, *_surplus(moment))
    if moment.live.is_rolling:
        return "Updating", _replacing(moment)
    return "Updating", sentence(_CHANGING, *(c for c in counts.values() if not c.is_full))


def _surplus(moment: Moment) -> list[str]:
    """Return how many nodes are still to be removed; nothing if pools are autoscaled."""
    sizes = moment.shape.pools.values()
    machines = _counter(moment, "workers", "replicas")
    if machines is None or None in sizes:
        return []
    left = machines - sum(size or 0 for size in sizes)
    return [f"{left} {'node' if left == 1 else 'nodes'} to remove"] if left > 0 else []


def _replacing(moment: Moment) -> str:
    """Return how many machines were replaced by up-to-date ones."""
    for part, name in _PARTS.items():
        renewed, desired = (_counter(moment, part, n) for n in (_RENEWED, "desiredReplicas"))
        last = part == "workers"
        if renewed is not None and desired is not None and (renewed < desired or last):
            return f"replacing {name}: {Count('', renewed, desired)} done"
    return _CHANGING


def _is_upgraded(moment: Moment) -> bool:
    """Return whether a part of the cluster does not have the ordered version."""
    ordered = f"v{moment.shape.version}"
    running = moment.live.versions("controlPlane", "workers")
    topology = str(lookup(moment.live.inside, "spec.topology.version"))
    return any(version.partition("+")[0] != ordered for version in (topology, *running))


def _counts(moment: Moment, version: str = "") -> dict[str, Count]:
    """Return how many control plane machines and nodes are ready, or have a version."""
    nodes = sum(count or 0 for count in moment.shape.pools.values())
    if None in moment.shape.pools.values():
        nodes = _counter(moment, "workers", "desiredReplicas") or 0
    counts = {}
    for part, name, total in (
        ("controlPlane", _PLANES, moment.shape.planes),
        ("workers", _NODES, nodes),
    ):
        done = _of_version(moment, part, version) if version else _counter(moment, part, _READY)
        if done is not None and total:
            counts[name] = Count(name, done, total)
    return counts


def _of_version(moment: Moment, part: str, version: str) -> int | None:
    """Return how many machines have a version; None if Cluster API is older than 1.14."""
    entries = moment.live.counters(part).get("versions")
    if not isinstance(entries, list):
        return None
    return sum(
        entry.get("replicas") or 0
        for entry in entries
        if str(entry.get("version")).partition("+")[0] == version
    )


def _counter(moment: Moment, part: str, name: str) -> int | None:
    """Return a counter; None if Cluster API does not count, as before 1.9."""
    counters = moment.live.counters(part)
    if not counters:
        return 0 if moment.live.condition(MACHINES[part]) else None
    count = counters.get(name)
    return count if isinstance(count, int) else None


def _pools(moment: Moment, context: ClusterContext) -> list[Manifest]:
    """Return the pools, with the minimum number of nodes that are known to be ready."""
    ready = _ready(moment)
    return [
        {
            "name": pool.name,
            "flavor": context.bound.machines[pool.name].flavor,
            "replicas": pool.bounds[0],
            **({"ready": ready[pool.name]} if pool.name in ready else {}),
        }
        for pool in context.order.spec.node_pools
    ]


def _ready(moment: Moment) -> dict[str, int]:
    """Return how many nodes of each pool are ready at least; empty if that is unknown."""
    ordered = {name: count for name, count in moment.shape.pools.items() if count is not None}
    total = _counter(moment, "workers", _READY)
    if total is None or len(ordered) < len(moment.shape.pools):
        return {}
    if total >= sum(ordered.values()) and not moment.moves:
        return ordered
    had = moment.previous.pools if moment.previous else {}
    # A pool still has the nodes that it had, unless fewer nodes are ready in total.
    least = {name: min(count, had.get(name) or 0) for name, count in ordered.items()}
    if sum(least.values()) > total:
        least = dict.fromkeys(ordered, 0)
    # Nodes of pools that shrink or are removed are ready until they are gone.
    leaving = sum(max(0, (count or 0) - ordered.get(name, 0)) for name, count in had.items())
    spare = max(0, total - sum(least.values()) - leaving)
    lacking = {name: ordered[name] - least[name] for name in ordered if least[name] < ordered[name]}
    # A pool has at least the ready nodes that exceed the room of all other pools.
    return least | {
        name: least[name] + min(room, max(0, spare - sum(lacking.values()) + room))
        for name, room in lacking.items()
    }
