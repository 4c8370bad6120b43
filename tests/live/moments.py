"""Recorded moments in the life of clusters, and what a tenant reads at each.

Every object below tests/data/observed/{capi,gardener} was recorded. It is put into the Object of
an order that asks for the same, and the whole function answers. The two tables have the status
that must come out; they follow from what the objects say, not from the code.
"""

import copy
import functools
from dataclasses import dataclass, replace
from typing import Any

from function import local, simulate
from function.backends import capi, gardener
from function.contract import Progress
from function.paths import lookup
from tests import asking

Manifest = dict[str, Any]
WAITING = "the cluster is not there yet"
BUILDING = "the cluster is being built"
PREPARING = f"{BUILDING}: preparing its network"
READY = "the cluster is ready"
CHANGING = "the cluster is being changed"
RETRIED = "the last change has not succeeded yet, it is tried again"
PARTLY = "the cluster runs, but not all of it is available"
ASLEEP = "the cluster sleeps, its data are kept"
DELETING = "the cluster is being deleted although the order was not deleted"
PAUSED = "the provider has paused changes to this; they are made once it resumes"
WELL = "NoTrouble"
REFUSED = "ConfigurationProblem"


@dataclass(frozen=True)
class Row:
    """The status at one moment.

    Attributes:
        phase: `status.phase`.
        message: `status.message`.
        ready: Whether the Object of the cluster is ready.
        current: Reason of `Current`; it is true for `AsOrdered` only.
        healthy: Reason of `BackendHealthy`; it is true for `NoTrouble` only.
        version: `status.version`.
        endpoint: `status.endpoint`.
        settled: Whether the next change of version may be made.
    """

    phase: str
    message: str
    ready: bool
    current: str
    healthy: str
    version: str
    endpoint: str
    settled: bool


# fmt: off
AT = "https://127.0.0.1:20000"
CAPI = {
    # Nothing but the topology controller has looked at it.
    "01-create-0": Row("Provisioning", PREPARING, False, "Provisioning", WELL, "1.34.7", "", False),
    # CAPI says `Provisioned` already: that is only endpoint and infrastructure.
    "07-create-6": Row("Provisioning", f"{BUILDING}: control plane 0 of 3, nodes 0 of 3", False,
                       "Provisioning", WELL, "1.34.7", AT, False),
    # Available with two of three control planes ready: it can be used, and was never complete.
    "14-create-end": Row("Provisioning", f"{BUILDING}: control plane 2 of 3, nodes 3 of 3", True,
                         "Provisioning", WELL, "1.34.7", AT, False),
    # Two control planes are asked for; all that is said is of the generation before.
    "15-cp-even-0": Row("Updating", CHANGING, True, "Updating", WELL, "1.34.7", AT, False),
    # That is refused, Available=False; but the version is reached everywhere and nothing moves.
    "17-cp-even-end": Row("Degraded", RETRIED, False, "Updating", REFUSED, "1.34.7", AT, True),
    # Put back: the topology is well again, Available still says False of the generation before.
    "18-cp-back-0": Row("Updating", CHANGING, False, "Updating", WELL, "1.34.7", AT, False),
    "20-cp-back-end": Row("Ready", READY, True, "AsOrdered", WELL, "1.34.7", AT, True),
    # Five workers are asked for, status still wants three.
    "21-scale-0": Row("Updating", f"{CHANGING}: nodes 3 of 5", True, "Updating", WELL, "1.34.7",
                      AT, False),
    # Five machines are there, four of them up to date, three available; ScalingUp says False.
    "23-scale-2": Row("Updating", f"{CHANGING}: nodes 3 of 5", False, "Updating", WELL, "1.34.7",
                      AT, False),
    "26-scale-end": Row("Ready", READY, True, "AsOrdered", WELL, "1.34.7", AT, True),
    # The first of three new control planes; Available stays True during the whole upgrade.
    "27-upgrade-0": Row("Updating", "upgrading to 1.35.4: control plane 1 of 3, nodes 0 of 5", True,
                        "Updating", WELL, "1.34.7", AT, False),
    # The control plane is through, workers are not: the API server speaks the new version.
    "46-upgrade-19": Row("Updating", "upgrading to 1.35.4: control plane 3 of 3, nodes 2 of 5",
                         True, "Updating", WELL, "1.35.4", AT, False),
    "66-upgrade-end": Row("Ready", READY, True, "AsOrdered", WELL, "1.35.4", AT, True),
    "67-flavor-start-0": Row("Updating", CHANGING, True, "Updating", WELL, "1.35.4", AT, False),
    # Generations agree and every counter is full; only TopologyReconciled is of the one before.
    "68-flavor-start-1": Row("Updating", CHANGING, True, "Updating", WELL, "1.35.4", AT, False),
    "70-flavor-start-end": Row("Updating", "replacing nodes: 4 of 5 done", True, "Updating", WELL,
                               "1.35.4", AT, False),
    # The new node is there, the one that it replaces as well.
    "74-flavor-3": Row("Updating", "replacing nodes: 5 of 5 done", True, "Updating", WELL, "1.35.4",
                       AT, False),
    "77-flavor-end": Row("Ready", READY, True, "AsOrdered", WELL, "1.35.4", AT, True),
    # Available=True is of the generation before; what is being deleted is not ready.
    "78-delete-0": Row("Deleting", DELETING, False, "Deleting", WELL, "1.35.4", AT, False),
    "83-delete-5": Row("Deleting", f"{DELETING}, waiting for its control plane", False, "Deleting",
                       WELL, "1.35.4", AT, False),
    "87-delete-9": Row("Deleting", f"{DELETING}, waiting for its network and load balancer", False,
                       "Deleting", WELL, "1.35.4", AT, False),
    # A patch of the class fails before anything was built.
    "capo-cluster-oidc-patch-failed":
        Row("Provisioning", PREPARING, False, "Provisioning", REFUSED, "1.34.7", "", False),
}
# Read a moment after the other form: the refusal had come meanwhile.
CAPI_V1BETA1 = {
    "15-cp-even-0": replace(CAPI["15-cp-even-0"], healthy=REFUSED),
}
IN = "https://api.c-life.t4711.shoot.example.com"
_STARTED = f"{BUILDING}, 0 % is done"
_UNSCHEDULED = Row("Pending", WAITING, False, "Provisioning", WELL, "1.35.4", "", False)
_STORED = replace(_UNSCHEDULED, version="1.34.7")
GARDENER = {
    "life-01-unscheduled": _UNSCHEDULED,
    # A seed is chosen, nothing has begun.
    "life-02-scheduled": _UNSCHEDULED,
    # 12 %, reported in steps of 25; conditions are Progressing without anything being there.
    "life-03-creating":
        Row("Provisioning", _STARTED, False, "Provisioning", WELL, "1.35.4", "", False),
    "life-04-create-error-quota":
        Row("Provisioning", _STARTED, False, "Provisioning", "QuotaExceeded", "1.35.4", "", False),
    "life-05-created": Row("Ready", READY, True, "AsOrdered", WELL, "1.35.4", IN, True),
    # Create/Succeeded and four conditions True, all of the generation before.
    "life-06-spec-changed-not-observed":
        Row("Updating", CHANGING, True, "Updating", WELL, "1.35.4", IN, False),
    "life-07-reconciling": Row("Updating", f"{CHANGING}, 25 % is done", True, "Updating", WELL,
                               "1.35.4", IN, False),
    "life-08-hibernated": Row("Hibernated", ASLEEP, True, "AsOrdered", WELL, "1.35.4", IN, True),
    # Conditions are Progressing as in a cluster that is well, and the addresses are still there.
    "life-09-deleting": Row("Deleting", f"{DELETING}, 0 % is done", False, "Deleting", WELL,
                            "1.35.4", IN, False),
    "stored": _STORED,
    "update-add-worker": _STORED,
    "update-hibernate": _STORED,
    "update-upgrade-minor": _UNSCHEDULED,
}
# fmt: on

FORMS = ("v1beta1", "v1beta2")
CAPI_MOMENTS = [
    (name, form)
    for name in CAPI
    for form in FORMS
    if f"capi/{name}.{form}" in asking.recordings("capi")
]
MOMENTS = [
    *(("capi", f"{name}.{form}") for name, form in CAPI_MOMENTS),
    *(("gardener", name) for name in GARDENER),
]
BACKENDS = {"capi": capi.CLUSTER, "gardener": gardener.CLUSTER}


def shown(backend: str, live: Manifest, order: Manifest | None = None) -> local.Outcome:
    """Answer an order, by default the one that asks for what a live object holds."""
    requested = order_of(backend, live)
    return asking.ask(
        order or requested, layers_of(backend, live), observed(backend, live, requested)
    )


def row(backend: str, live: Manifest, order: Manifest | None = None) -> Row:
    """Return the status of an order with a live object."""
    outcome = shown(backend, live, order)
    assert not outcome.fatal
    status = outcome.composite["status"]
    conditions = {found["type"]: found for found in status["conditions"]}
    for kind, well in (("Current", "AsOrdered"), ("BackendHealthy", "NoTrouble")):
        assert conditions[kind]["status"] == str(conditions[kind]["reason"] == well)
    return Row(
        phase=status["phase"],
        message=status["message"],
        ready=BACKENDS[backend].root in outcome.ready,
        current=conditions["Current"]["reason"],
        healthy=conditions["BackendHealthy"]["reason"],
        version=status["version"],
        endpoint=status.get("endpoint", ""),
        settled=progress(backend, live).settled,
    )


def progress(backend: str, live: Manifest) -> Progress:
    """Return what a backend says of the version of a live object."""
    found = observed(backend, live, order_of(backend, live))
    unscoped = {
        key: asking.unscoped(key, one.manifest, one.connection) for key, one in found.items()
    }
    return BACKENDS[backend].progress(BACKENDS[backend].live(unscoped))


def observed(backend: str, live: Manifest, order: Manifest) -> dict[str, local.Observed]:
    """Return the composed resources of an order, its cluster in the state of a live object."""
    first = asking.ask(order, layers_of(backend, live))
    assert not first.fatal
    result = simulate.play(first.resources)
    object_ = result[BACKENDS[backend].root].manifest
    object_["status"]["atProvider"]["manifest"] = copy.deepcopy(live)
    return result


def order_of(backend: str, live: Manifest) -> Manifest:
    """Return the order that asks for what a live object holds."""
    order = copy.deepcopy(_minimal())
    order["spec"] = {"capi": _capi_order, "gardener": _gardener_order}[backend](live)
    return order


def _capi_order(live: Manifest) -> Manifest:
    pools = lookup(live, "spec.topology.workers.machineDeployments") or []
    return {
        "version": _minor(lookup(live, "spec.topology.version")),
        "controlPlane": {"availability": "Node"},
        "nodePools": [
            {"name": pool["name"], "flavor": "SCS-4V-8", "replicas": pool["replicas"]}
            for pool in pools
        ],
    }


def _gardener_order(live: Manifest) -> Manifest:
    workers = lookup(live, "spec.provider.workers") or []
    return {
        "version": _minor(lookup(live, "spec.kubernetes.version")),
        "hibernation": {"enabled": bool(lookup(live, "spec.hibernation.enabled"))},
        "nodePools": [
            {
                "name": worker["name"],
                "flavor": worker["machine"]["type"],
                "autoscaling": {"min": worker["minimum"], "max": worker["maximum"]},
                "zones": worker["zones"],
            }
            for worker in workers
        ],
    }


def _minor(version: str) -> str:
    return version.removeprefix("v").rpartition(".")[0]


def layers_of(backend: str, live: Manifest) -> list[Manifest]:
    """Return an environment of a backend, of the API version of a live object."""
    if backend == "gardener":
        return _provider("gardener")
    form = live["apiVersion"].rpartition("/")[2]
    layers = copy.deepcopy(_provider("cluster-stacks"))
    for layer in layers:
        if "backends" in layer["data"]:
            layer["data"]["backends"]["capi"]["apiVersion"] = form
    return layers


@functools.cache
def _provider(name: str) -> list[Manifest]:
    return asking.provider(name)


@functools.cache
def _minimal() -> Manifest:
    return asking.order("cluster/minimal")


def recorded(backend: str, name: str, **changes: Any) -> Manifest:
    """Return a recorded object, with values replaced by path (`__` for a dot)."""
    result = asking.recorded(f"{backend}/{name}")
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = result
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return result


def conditions(live: Manifest) -> list[Manifest]:
    """Return the conditions that count, of either form."""
    status = live["status"]
    result: list[Manifest] = (status.get("v1beta2") or status)["conditions"]
    return result


def with_condition(name: str, form: str, kind: str, text: str, state: str = "False") -> Manifest:
    """Return a recorded Cluster of which one condition says something."""
    live = recorded("capi", f"{name}.{form}")
    reported = text.format(name=live["metadata"]["name"])
    retained = [found for found in conditions(live) if found["type"] != kind]
    retained.append({"type": kind, "status": state, "reason": "NotReady", "message": reported})
    conditions(live)[:] = retained
    return live


def operation(
    kind: str, state: str, done: int = 50, *codes: str, failing: bool = False
) -> Manifest:
    """Return how a Shoot tells of its last operation, as changes for `recorded`."""
    errors = [{"codes": list(codes), "description": "x", "taskID": "y"}]
    return {
        "status__lastOperation": {"type": kind, "state": state, "progress": done},
        **({"status__lastErrors": errors} if codes or failing else {}),
    }
