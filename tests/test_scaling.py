"""Pools that may shrink to none tell the autoscaler what their nodes would have."""

import pytest

from function import local, simulate
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

BOUND = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"
CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/"
FLAVOR, GPU = "SCS-4V-16-50", "SCS-8V-32-100_GNa-64"


def layers(*, offered: bool = True, flavors: tuple[str, ...] = (FLAVOR, GPU)) -> list[Manifest]:
    """Return a provider that lets pools shrink to none, or does not."""
    edits = {
        "limits": {"gpus": 8},
        "flavors": [{"name": name} for name in flavors],
        "backends.capi.scaleToZero": offered,
        "backends.capi.autoscaler": True,
        "backends.capi.taints": True,
    }
    return asking.provider("cluster-stacks", edits)


def order(least: int = 0, most: int = 4, flavor: str = FLAVOR, **more: object) -> Manifest:
    """Return an order for a cluster of one autoscaled pool."""
    found = asking.order("cluster/minimal")
    pool = {"name": "main", "flavor": flavor, "autoscaling": {"min": least, "max": most}, **more}
    return {**found, "spec": {**found["spec"], "nodePools": [pool]}}


def deployments(outcome: local.Outcome) -> list[Manifest]:
    """Return the topologies of the pool."""
    assert outcome.fatal == ""
    manifest = outcome.resources["capi-cluster"]["spec"]["forProvider"]["manifest"]
    found: list[Manifest] = lookup(manifest, "spec.topology.workers.machineDeployments")
    return found


def annotations(outcome: local.Outcome) -> list[Manifest]:
    """Return the annotations of each topology of the pool."""
    return [lookup(one, "metadata.annotations") for one in deployments(outcome)]


def test_what_nodes_would_have() -> None:
    """All that pods may ask for: resources, labels that reach nodes, taints."""
    labels = {"node.cluster.x-k8s.io/tier": "web", "team": "a"}
    taints = [{"key": "dedicated", "value": "web", "effect": "NoSchedule"}]
    [found] = annotations(asking.ask(order(labels=labels, taints=taints), layers()))
    assert found == {
        BOUND.format("min"): "0",
        BOUND.format("max"): "4",
        f"{CAPACITY}cpu": "4",
        f"{CAPACITY}memory": "16384Mi",
        f"{CAPACITY}ephemeral-disk": "50Gi",
        f"{CAPACITY}labels": "kubernetes.io/arch=amd64,node.cluster.x-k8s.io/pool=main,"
        "node.cluster.x-k8s.io/tier=web",
        f"{CAPACITY}taints": "dedicated=web:NoSchedule",
    }


def test_gpus_and_a_root_volume() -> None:
    """The name of the flavor says whose GPUs they are; the volume replaces the flavor's disk."""
    requested = order(flavor=GPU, rootVolume={"sizeGiB": 200})
    [found] = annotations(asking.ask(requested, layers()))
    shown = {key.removeprefix(CAPACITY): value for key, value in found.items()}
    assert (shown["gpu-type"], shown["gpu-count"]) == ("nvidia.com/gpu", "1")
    assert shown["ephemeral-disk"] == "200Gi"


def test_each_zone() -> None:
    """A zone without nodes is told apart from one with some."""
    found = annotations(asking.ask(order(1, 4, zones=["az1", "az2"]), layers()))
    assert [one[BOUND.format("min")] for one in found] == ["1", "0"]
    assert [f"{CAPACITY}cpu" in one for one in found] == [False, True]
    assert "topology.kubernetes.io/zone=az2" in found[1][f"{CAPACITY}labels"]


@pytest.mark.parametrize(
    ("requested", "text"),
    [
        (order(), "must be at least 1 here"),
        (order(1, 4, zones=["az1", "az2"]), "must be at least 2 here, one for each zone"),
    ],
)
def test_where_it_is_not_offered(requested: Manifest, text: str) -> None:
    """Such a pool would never get its first node."""
    found = asking.ask(requested, layers(offered=False))
    assert found.fatal == f"InvalidOrder: spec.nodePools[main].autoscaling.min: {text}"
    assert not found.resources


def test_it_takes_an_autoscaler() -> None:
    """The operator reads which setting is missing."""
    withdrawn = asking.provider("cluster-stacks", {"backends.capi.scaleToZero": True})
    for layer in withdrawn:
        layer["data"].get("backends", {}).get("capi", {}).pop("autoscaler", None)
    fatal = asking.ask(order(1), withdrawn).fatal
    assert fatal.startswith("EnvironmentInvalid: ")
    assert "backends.capi.scaleToZero: requires backends.capi.autoscaler" in fatal


def test_a_live_pool_keeps_its_bounds() -> None:
    """Other edits are accepted when it is no longer offered, and other such bounds are not."""
    observed = simulate.play(asking.settled(order(), layers()).resources)
    withdrawn = layers(offered=False)
    edited = order(drainTimeout="5m")
    assert annotations(asking.ask(edited, withdrawn, observed)) == annotations(
        asking.ask(order(), layers())
    )
    fatal = asking.ask(order(0, 5), withdrawn, observed).fatal
    assert fatal.startswith("InvalidOrder: spec.nodePools[main].autoscaling.min: ")


def test_a_pool_that_has_nodes_has_no_further_annotations() -> None:
    """The autoscaler looks at one of the nodes; what live pools have is not touched."""
    [found] = annotations(asking.ask(order(1), layers()))
    assert set(found) == {BOUND.format("min"), BOUND.format("max")}


def test_gardener_takes_the_last_node() -> None:
    """Its machine classes know what nodes would have."""
    edits = {"flavors": [{"name": FLAVOR}]}
    outcome = asking.ask(order(), asking.provider("gardener", edits))
    assert outcome.fatal == ""
    [shoot] = [
        one["spec"]["forProvider"]["manifest"]
        for one in outcome.resources.values()
        if lookup(one, "spec.forProvider.manifest.kind") == "Shoot"
    ]
    [worker] = shoot["spec"]["provider"]["workers"]
    assert (worker["minimum"], worker["maximum"]) == (0, 4)
