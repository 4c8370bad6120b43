"""Follow orders through their lives: every moment says what happens, and how far it is.

What an order was when it was last complete is remembered from one answer to the next, as
Crossplane would hand it back.
"""

import copy
from typing import Any

import pytest

from function import progress, simulate
from function.backends.openstack import keys
from function.local import Observed
from function.paths import replaced
from function.progress import Count, Shape
from tests import asking
from tests.live.moments import (
    BACKENDS,
    BUILDING,
    CHANGING,
    DELETING,
    FORMS,
    GARDENER,
    PAUSED,
    PREPARING,
    READY,
    Manifest,
    layers_of,
    observed,
    operation,
    order_of,
    recorded,
    with_condition,
)

SECOND = f"{BUILDING}: control plane 2 of 3, nodes 3 of 3"
SCALING = "scaling pool-a from 2 to 4: nodes 3 of 5"
UPGRADING = "upgrading to 1.35.4"


class Life:
    """An order and its cluster, answered at one moment after another."""

    def __init__(self, backend: str) -> None:
        """Begin with a cluster that is not ordered yet."""
        self.backend = backend
        self.memory = ""

    def at(self, live: Manifest, **spec: Any) -> Manifest:
        """Return the status of the order while its cluster is in the state of a live object.

        Args:
            live: The live object.
            spec: Fields that are ordered otherwise than it is.
        """
        order = order_of(self.backend, live)
        root = BACKENDS[self.backend].root
        found = observed(self.backend, live, order)
        annotations = found[root].manifest["metadata"].setdefault("annotations", {})
        annotations.pop(progress.COMPLETE, None)
        if self.memory:
            annotations[progress.COMPLETE] = self.memory
        order["spec"] |= spec
        outcome = asking.ask(order, layers_of(self.backend, live), found)
        assert not outcome.fatal, outcome.fatal
        written = outcome.resources[root]["metadata"]["annotations"]
        self.memory = written.get(progress.COMPLETE, "")
        status: Manifest = outcome.composite["status"]
        return status


def pools(live: Manifest, **sizes: int) -> list[Manifest]:
    """Return the node pools of a live Cluster, some of another size."""
    listed: list[Manifest] = order_of("capi", live)["spec"]["nodePools"]
    return [{**pool, "replicas": sizes.get(pool["name"], pool["replicas"])} for pool in listed]


# fmt: off
CAPI = {
    "01-create-0": ("Provisioning", PREPARING, [None, None]),
    "07-create-6": ("Provisioning", f"{BUILDING}: control plane 0 of 3, nodes 0 of 3", [0, 0]),
    "14-create-end": ("Provisioning", SECOND, [2, 1]),
    "20-cp-back-end": ("Ready", READY, [2, 1]),
    "21-scale-0": ("Updating", SCALING, [2, 1]),
    "23-scale-2": ("Updating", SCALING, [2, 1]),
    "26-scale-end": ("Ready", READY, [4, 1]),
    "27-upgrade-0": ("Updating", f"{UPGRADING}: control plane 1 of 3, nodes 0 of 5", [4, 1]),
    "46-upgrade-19": ("Updating", f"{UPGRADING}: control plane 3 of 3, nodes 2 of 5", [4, 1]),
    "66-upgrade-end": ("Ready", READY, [4, 1]),
    "67-flavor-start-0": ("Updating", CHANGING, [4, 1]),
    "70-flavor-start-end": ("Updating", "replacing nodes: 4 of 5 done", [4, 1]),
    "74-flavor-3": ("Updating", "replacing nodes: 5 of 5 done", [4, 1]),
    "77-flavor-end": ("Ready", READY, [4, 1]),
    "78-delete-0": ("Deleting", DELETING, [4, 1]),
    "83-delete-5": ("Deleting", f"{DELETING}, waiting for its control plane", [0, 0]),
    "87-delete-9": ("Deleting", f"{DELETING}, waiting for its network and load balancer", [0, 0]),
}
# fmt: on


def test_a_life_on_cluster_api() -> None:
    """Name what changes from what, count it, and keep the counts of pools in every moment."""
    life = Life("capi")
    for name, want in CAPI.items():
        status = life.at(recorded("capi", f"{name}.v1beta2"))
        ready = [pool.get("ready") for pool in status["nodePools"]]
        assert (status["phase"], status["message"], ready) == want, name


def test_an_edit_before_a_cluster_is_complete() -> None:
    """It is still being built, however often its order changes, and changed only afterwards."""
    life = Life("capi")
    early, second = (recorded("capi", f"{n}.v1beta2") for n in ("07-create-6", "14-create-end"))
    life.at(early)
    edited = {"nodePools": pools(early, **{"pool-a": 4})}
    assert life.at(early, **edited)["phase"] == "Provisioning"
    # Cluster API has taken the edit: nothing but the memory shows that it was never complete.
    for generation in (4, 5):
        live = replaced(
            replaced(second, "metadata.generation", generation), "spec.paused", value=False
        )
        status = life.at(live)
        assert (status["phase"], status["message"]) == ("Provisioning", SECOND)
    assert life.at(recorded("capi", "26-scale-end.v1beta2"))["phase"] == "Ready"
    assert life.at(recorded("capi", "27-upgrade-0.v1beta2"))["phase"] == "Updating"


EDITS: dict[str, tuple[dict[str, int | None], str]] = {
    "up": ({"pool-a": 6, "pool-b": 1}, "scaling pool-a from 4 to 6: nodes 5 of 7"),
    "both": (
        {"pool-a": 6, "pool-b": 3},
        "scaling pool-a from 4 to 6 and scaling pool-b from 1 to 3: nodes 5 of 9",
    ),
    "down": ({"pool-a": 1, "pool-b": 1}, "scaling pool-a from 4 to 1: 3 nodes to remove"),
    "added": ({"pool-a": 4, "pool-b": 1, "c": 2}, "adding c: nodes 5 of 7"),
    "removed": ({"pool-a": 4}, "removing pool-b: 1 node to remove"),
    "one for another": ({"pool-a": 4, "c": 1}, "adding c and removing pool-b"),
    "many": (
        {"pool-a": 4, **dict.fromkeys("cdefg", 1)},
        "adding c, adding d, adding e and 3 more: nodes 5 of 9",
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("sizes", "message"), EDITS.values(), ids=EDITS)
def test_what_is_scaled(sizes: dict[str, int], message: str, form: str) -> None:
    """Say it from the moment that it is ordered, and count what is awaited."""
    life = Life("capi")
    live = recorded("capi", f"26-scale-end.{form}")
    assert life.at(live)["phase"] == "Ready"
    known = {pool["name"]: pool for pool in pools(live)}
    new = {"flavor": "SCS-4V-8"}
    edited = [
        {**known.get(name, new), "name": name, "replicas": size} for name, size in sizes.items()
    ]
    status = life.at(live, nodePools=edited)
    assert (status["phase"], status["message"]) == ("Updating", message)
    had = {"pool-a": 4, "pool-b": 1}
    assert {pool["name"]: pool["ready"] for pool in status["nodePools"]} == {
        name: min(had.get(name, 0), size) for name, size in sizes.items()
    }
    # Another answer changes nothing of what is remembered.
    assert life.at(live, nodePools=edited) == status


def test_pools_that_scale_themselves() -> None:
    """Say nothing of their sizes, which change without an order."""
    life = Life("capi")
    live = recorded("capi", "26-scale-end.v1beta2")
    scaled = [
        {"name": pool["name"], "flavor": pool["flavor"], "autoscaling": {"min": 1, "max": 9}}
        for pool in pools(live)
    ]
    for _ in range(2):
        status = life.at(live, nodePools=scaled)
        assert "scaling" not in status["message"]
        assert [pool.get("ready") for pool in status["nodePools"]] == [None, None]


READY_NODES: dict[str, tuple[dict[str, int], dict[str, int], int, dict[str, int]]] = {
    "one pool": ({"a": 2}, {"a": 4}, 3, {"a": 3}),
    "all of it": ({"a": 2, "b": 1}, {"a": 4, "b": 1}, 5, {"a": 4, "b": 1}),
    "what comes is of the pool that lacks it": ({"a": 2, "b": 1}, {"a": 4, "b": 1}, 4,
                                                {"a": 3, "b": 1}),
    "two lack some": ({"a": 2, "b": 1}, {"a": 4, "b": 3}, 4, {"a": 2, "b": 1}),
    "two lack one": ({"a": 2, "b": 1}, {"a": 4, "b": 3}, 6, {"a": 3, "b": 2}),
    "fewer than there were": ({"a": 2, "b": 1}, {"a": 2, "b": 1}, 2, {"a": 1, "b": 0}),
    "far fewer": ({"a": 9, "b": 8}, {"a": 9, "b": 8}, 10, {"a": 2, "b": 1}),
    "none": ({"a": 2, "b": 1}, {"a": 2, "b": 1}, 0, {"a": 0, "b": 0}),
    "one goes, another comes": ({"a": 2, "b": 1}, {"a": 2, "c": 1}, 3, {"a": 2, "c": 0}),
    "one has gone, another comes": ({"a": 2, "b": 3}, {"a": 2, "c": 1}, 2, {"a": 2, "c": 0}),
    "one shrinks, another grows": ({"a": 3, "b": 1}, {"a": 1, "b": 3}, 4, {"a": 1, "b": 1}),
    "more than are ordered": ({"a": 4, "b": 1}, {"a": 1, "b": 1}, 5, {"a": 1, "b": 1}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("had", "requested", "total", "want"), READY_NODES.values(), ids=READY_NODES
)
def test_ready_nodes_of_a_pool(
    had: dict[str, int], requested: dict[str, int], total: int, want: dict[str, int]
) -> None:
    """Count as many as a pool has at least, of what Cluster API counts in all pools together."""
    life = Life("capi")
    live = recorded("capi", "26-scale-end.v1beta2")
    [topology] = [live["spec"]["topology"]["workers"]["machineDeployments"]]
    topology[:] = [
        {**topology[0], "name": name, "replicas": size} for name, size in requested.items()
    ]
    counters = live["status"]["workers"]
    counters |= {"readyReplicas": total, "desiredReplicas": sum(requested.values())}
    life.memory = Shape("1.34.7", 3, had).written()
    status = life.at(live)
    assert {pool["name"]: pool["ready"] for pool in status["nodePools"]} == want


# fmt: off
WAITS = {
    "nodes": ("WaitingForWorkersDeletion", "", "its nodes"),
    "a budget": (
        "WaitingForWorkersDeletion",
        "* Machine a: Drain not completed yet (started at 2026-11-27T00:00:00Z):\n"
        "  * Pod shop/web: cannot evict pod as it would violate the pod's disruption budget. "
        "PodDisruptionBudgets: web",
        "a PodDisruptionBudget in the cluster, which keeps pods on its nodes",
    ),
    "pods": (
        "WaitingForWorkersDeletion", "* Machine a: Pods not terminating: shop/web",
        "pods in the cluster that do not end",
    ),
    "draining": (
        "WaitingForWorkersDeletion",
        "* Machine a: Machine deletion in progress since more than 15m, stage: DrainingNode",
        "pods to leave its nodes",
    ),
    "volumes": (
        "WaitingForWorkersDeletion",
        "* Machine a: Machine deletion in progress, stage: WaitingForVolumeDetach",
        "volumes to be detached from its nodes",
    ),
    "a hook": ("WaitingForBeforeDeleteHook", "", "a step that the provider takes before"),
    "the load balancer": (
        "WaitingForInfrastructureDeletion", "", "its network and load balancer",
    ),
}
# fmt: on


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("reason", "said", "want"), WAITS.values(), ids=WAITS)
def test_what_a_deletion_waits_for(reason: str, said: str, want: str, form: str) -> None:
    """Say what holds a cluster that does not go, first of all what the tenant can act upon."""
    live = with_condition("83-delete-5", form, "WorkerMachinesReady", said)
    conditions = (live["status"].get("v1beta2") or live["status"])["conditions"]
    [going] = [one for one in conditions if one["type"] == "Deleting"]
    going |= {"status": "True", "reason": reason}
    assert Life("capi").at(live)["message"] == f"{DELETING}, waiting for {want}"


def test_a_deletion_of_unknown_reason() -> None:
    """Say no more than is known."""
    live = with_condition("83-delete-5", "v1beta2", "Deleting", "text", "True")
    assert Life("capi").at(live)["message"] == DELETING


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("by", ["spec", "condition"])
def test_a_paused_cluster(by: str, form: str) -> None:
    """Say that the provider has paused it while something is to be done, and nothing otherwise."""

    def paused(name: str) -> Manifest:
        if by == "spec":
            return replaced(recorded("capi", f"{name}.{form}"), "spec.paused", value=True)
        return with_condition(name, form, "Paused", "spec.paused is set", "True")

    life = Life("capi")
    assert life.at(paused("26-scale-end"))["phase"] == "Ready"
    moments = {"01-create-0": "Provisioning", "23-scale-2": "Updating", "27-upgrade-0": "Updating"}
    for name, phase in moments.items():
        status = Life("capi").at(paused(name))
        reasons = {one["type"]: one["reason"] for one in status["conditions"]}
        assert (status["phase"], status["message"]) == (phase, PAUSED)
        assert (reasons["BackendHealthy"], reasons["Current"]) in (
            ("Paused", "Paused"),
            ("Paused", "Provisioning"),
        )


def shoot(**changes: Any) -> Manifest:
    """Return a Shoot that was created, with values replaced."""
    return recorded("gardener", "life-05-created", **changes)


def nodes(message: str) -> list[Manifest]:
    """Return the conditions of a Shoot whose nodes come."""
    listed: list[Manifest] = copy.deepcopy(shoot()["status"]["conditions"])
    for one in listed:
        one |= {"status": "True"}
        if one["type"] == "EveryNodeReady":
            one |= {"status": "Progressing", "message": message}
    return listed


MISSING = "Missing nodes in worker pool 'web': not enough nodes (2/3)"


@pytest.mark.parametrize(
    ("kind", "done", "said", "want"),
    [
        ("Create", 0, "", f"{BUILDING}, 0 % is done"),
        ("Create", 24, "", f"{BUILDING}, 0 % is done"),
        ("Create", 25, "", f"{BUILDING}, 25 % is done"),
        ("Create", 99, MISSING, f"{BUILDING}, 75 % is done, nodes 2 of 3"),
        ("Reconcile", 49, MISSING, f"{CHANGING}, 25 % is done, nodes 2 of 3"),
        ("Reconcile", 999, "", f"{CHANGING}, 100 % is done"),
        ("Reconcile", -1, "", f"{CHANGING}, 0 % is done"),
        ("Reconcile", "half", "", f"{CHANGING}, 0 % is done"),
        ("Reconcile", 80, "not enough nodes (7/2)", f"{CHANGING}, 75 % is done, nodes 2 of 2"),
        ("Migrate", 50, "", CHANGING),
    ],
)
def test_how_far_a_shoot_is(kind: str, done: Any, said: str, want: str) -> None:
    """Tell Gardener's own percentage in steps, and nodes where it counts them."""
    changes = operation(kind, "Processing", done=done) if isinstance(done, int) else {}
    live = shoot(**changes or operation(kind, "Processing"))
    live["status"]["lastOperation"]["progress"] = done
    live["status"]["conditions"] = nodes(said)
    assert Life("gardener").at(live)["message"] == want


def test_a_life_on_gardener() -> None:
    """Name what changes from what, once it was complete."""
    life = Life("gardener")
    for name in sorted(name for name in GARDENER if name.startswith("life")):
        status = life.at(recorded("gardener", name))
        assert (status["phase"], status["message"]) == (
            GARDENER[name].phase,
            GARDENER[name].message,
        )
    live = shoot()
    live["spec"]["provider"]["workers"] = [
        {**live["spec"]["provider"]["workers"][0], "minimum": 3, "maximum": 3}
    ]
    listed = order_of("gardener", live)["spec"]["nodePools"]
    fixed = [{k: v for k, v in p.items() if k != "autoscaling"} | {"replicas": 3} for p in listed]
    assert life.at(live, nodePools=fixed)["phase"] == "Ready"
    larger = [{**fixed[0], "replicas": 5}, {**fixed[0], "name": "gpu", "zones": ["az1"]}]
    name = fixed[0]["name"]
    for _ in range(2):
        status = life.at(live, nodePools=larger)
        assert (status["phase"], status["message"]) == (
            "Updating",
            f"adding gpu and scaling {name} from 3 to 5",
        )


@pytest.mark.parametrize(
    ("changes", "want"),
    [({}, ("Ready", READY)), ({"metadata__generation": 3}, ("Updating", PAUSED))],
    ids=["nothing waits", "a change waits"],
)
def test_a_shoot_that_gardener_ignores(changes: Manifest, want: tuple[str, str]) -> None:
    """Say that the provider has paused it while something is to be done, and nothing otherwise."""
    live = shoot(**changes)
    live["metadata"].setdefault("annotations", {})["shoot.gardener.cloud/ignore"] = "true"
    status = Life("gardener").at(live)
    assert (status["phase"], status["message"]) == want
    [healthy] = [one["reason"] for one in status["conditions"] if one["type"] == "BackendHealthy"]
    assert healthy == ("Paused" if changes else "NoTrouble")


# Servers.


def servers(count: int = 3, **spec: Any) -> tuple[Manifest, list[Manifest], dict[str, Observed]]:
    """Return an order for servers, its environment, and all of it built."""
    order, layers = asking.order("server/web"), asking.provider("cluster-stacks")
    order["spec"] |= {"replicas": count, "volumes": [{"name": "data", "sizeGiB": 10}], **spec}
    found: dict[str, Observed] = {}
    for _ in range(6):
        found = simulate.play(asking.ask(order, layers, found).resources)
    return order, layers, found


def without(found: dict[str, Observed], *parts: str) -> dict[str, Observed]:
    """Return what is observed while some of it is not built yet."""
    pending = {key: simulate.created(key, one.manifest) for key, one in found.items()}
    for key in parts:
        manifest = pending[key].manifest
        manifest.pop("status", None)
        manifest["metadata"]["annotations"].pop("crossplane.io/external-name", None)
    return {key: pending[key] if key in parts else one for key, one in found.items()}


def test_how_far_servers_are() -> None:
    """Count servers that run, then volumes that are attached or grow."""
    order, layers, found = servers()
    volumes = [keys.attachment(index, "data") for index in range(3)]
    moments: tuple[tuple[list[str], str, str], ...] = (
        ([keys.server(1), keys.server(2), *volumes[1:]], "Provisioning",
         "1 of 3 servers run; attaching volumes 1 of 3"),
        ([keys.server(2), volumes[2]], "Provisioning",
         "2 of 3 servers run; attaching volumes 2 of 3"),
        ([volumes[2]], "Updating", "3 of 3 servers run; attaching volumes 2 of 3"),
        ([], "Ready", "all servers are as ordered"),
    )  # fmt: skip
    for parts, phase, message in moments:
        status = asking.ask(order, layers, without(found, *parts)).composite["status"]
        assert (status["phase"], status["message"]) == (phase, message)
    order["spec"]["volumes"] = [{"name": "data", "sizeGiB": 20}]
    status = asking.ask(order, layers, found).composite["status"]
    assert (status["phase"], status["message"]) == (
        "Updating",
        "3 of 3 servers run; enlarging volumes 0 of 3",
    )


HELD = {
    "a snapshot": (
        keys.volume(0, "data"),
        "delete failed: async delete failed: failed to delete the resource: Error deleting "
        "openstack_blockstorage_volume_v3: Expected HTTP response code [202 204] when accessing "
        '[DELETE https://volume.example/v3/volumes/1], but got 400 instead: {"badRequest": '
        '{"code": 400, "message": "Invalid volume: Volume status must be available or error"}}',
        "a volume is being deleted",
    ),
    "the service": (
        keys.server(0),
        "delete failed: async delete failed: Error deleting openstack_compute_instance_v2: got "
        "503 instead: Service Unavailable",
        "a server is being deleted",
    ),
}


@pytest.mark.parametrize(("key", "said", "what"), HELD.values(), ids=HELD)
def test_what_a_deleted_part_waits_for(key: str, said: str, what: str) -> None:
    """Say what the cloud says of a part that does not go."""
    order, layers, found = servers()
    going = replaced(found[key].manifest, "metadata.deletionTimestamp", "2026-11-27T00:00:00Z")
    silent = asking.ask(order, layers, {**found, key: Observed(going)}).composite["status"]
    assert (silent["phase"], silent["message"]) == (
        "Deleting",
        f"{what} although the order was not deleted",
    )
    failed = {"type": "LastAsyncOperation", "status": "False", "message": said}
    conditions = [*going["status"]["conditions"], failed]
    held = replaced(going, "status.conditions", conditions)
    status = asking.ask(order, layers, {**found, key: Observed(held)}).composite["status"]
    [healthy] = [one for one in status["conditions"] if one["type"] == "BackendHealthy"]
    assert status["message"] == f"{silent['message']}; {healthy['message']}"


# The parts that sentences are made of.


@pytest.mark.parametrize(
    ("done", "total", "want"),
    [
        (0, 3, "nodes 0 of 3"),
        (3, 3, "nodes 3 of 3"),
        (4, 3, "nodes 3 of 3"),
        (-1, 3, "nodes 0 of 3"),
        (10, 10, "nodes 10 of 10"),
        (9, 11, "nodes at least 8 of 11"),
        (11, 11, "nodes 11 of 11"),
        (99, 1000, "nodes at least 0 of 1000"),
        (999, 1000, "nodes at least 900 of 1000"),
        (1000, 1000, "nodes 1000 of 1000"),
        (0, 0, "nodes 0 of 0"),
    ],
)
def test_counts(done: int, total: int, want: str) -> None:
    """Tell small counts as they are, and large ones in steps."""
    assert str(Count("nodes", done, total)) == want


@pytest.mark.parametrize("total", [1, 7, 10, 11, 50, 99, 100, 101, 1000, 99_999])
def test_counts_change_in_few_steps(total: int) -> None:
    """Each text costs an order one more call, however many nodes it has."""
    steps = [str(Count("nodes", done, total)) for done in range(total + 1)]
    assert len(set(steps)) <= progress.STEPS + 2
    assert sorted(set(steps), key=steps.index) == [
        text for index, text in enumerate(steps) if index == 0 or steps[index - 1] != text
    ], "a count that grows never goes back"


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape("1.34.7"),
        Shape("1.34.7", 3, {"a": 2, "b": None}),
        Shape("1.34.7", 0, {"quota": 0}),
    ],
)
def test_memory(shape: Shape) -> None:
    """Read what was written."""
    assert progress.remembered({progress.COMPLETE: shape.written()}) == shape


@pytest.mark.parametrize(
    "text",
    ["", "no", "[]", "3", '{"planes":"three","pools":[1],"version":7}', '{"pools":{"a":"two"}}'],
)
def test_memory_that_was_edited(text: str) -> None:
    """Take nothing from it that it cannot hold."""
    found = progress.remembered({progress.COMPLETE: text})
    assert found is not None
    assert found.planes == 0
    assert set(found.pools.values()) <= {None}
    assert isinstance(found.version, str)


def test_no_memory() -> None:
    """Know nothing rather than that it was never complete."""
    assert progress.remembered({}) is None
