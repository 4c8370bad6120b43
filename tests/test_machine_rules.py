"""Machines of some flavors get what they need beside the flavor, and keep it."""

import json
import re
from typing import Any

import pytest
import yaml

from function import local
from function.backends.capi.live import overrides
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

BOUND = "api.scs.community/bound"
AMD, ARM, GPU = "SCS-4V-16-50", "SCS-4V-16-50_a", "SCS-8V-32-100_GNa-64"
GPU_POOL = "spec.nodePools[main]"
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
ARM_RULE: Manifest = {
    "name": "arm",
    "architecture": "arm64",
    "variables": {"imageName": "ubuntu-arm64"},
}
GPU_RULE: Manifest = {
    "name": "gpu",
    "gpu": True,
    "workerClass": "gpu-worker",
    "labels": {"node.cluster.x-k8s.io/gpu": "nvidia"},
    "taints": [TAINT],
    "gpuDrivers": True,
}
RULES = [ARM_RULE, GPU_RULE]


def layers(*rules: Manifest, flavors: Any = (AMD, ARM, GPU), **capi: Any) -> list[Manifest]:
    """Return a provider of the class scs2 with such rules."""
    edits = {
        "limits": {"gpus": 8},
        "flavors": [{"name": one} if isinstance(one, str) else one for one in flavors],
        "classes": [{"name": "default", "profile": "scs2", "machines": list(rules)}],
        **{f"backends.capi.{name}": value for name, value in {"taints": True, **capi}.items()},
    }
    return asking.provider("cluster-stacks", edits)


def order(pool: str = AMD, control_plane: str = AMD, **more: Any) -> Manifest:
    """Return an order for a cluster of one pool."""
    found = asking.order("cluster/minimal")
    pools = [{"name": "main", "flavor": pool, "replicas": 2, **more}]
    spec = {"controlPlane": {"flavor": control_plane}, "nodePools": pools}
    return {**found, "spec": {**found["spec"], **spec}}


def parts(outcome: local.Outcome) -> tuple[Manifest, Manifest]:
    """Return the overrides of the control plane, and the topology of the pool."""
    assert outcome.fatal == ""
    manifest = outcome.resources["capi-cluster"]["spec"]["forProvider"]["manifest"]
    topology = lookup(manifest, "spec.topology")
    [pool] = topology["workers"]["machineDeployments"]
    return overrides(topology["controlPlane"]), pool


def gaps(outcome: local.Outcome) -> list[str]:
    """Return the fields that have no effect."""
    return [gap["field"] for gap in outcome.composite["status"].get("unsupported") or ()]


@pytest.mark.parametrize(
    ("requested", "field"),
    [
        (order(ARM), "spec.nodePools[main].flavor"),
        (order(control_plane=ARM), "spec.controlPlane.flavor"),
    ],
)
def test_another_architecture_is_refused_without_a_rule(requested: Manifest, field: str) -> None:
    """Its machines would get the image of the common one, and never become nodes."""
    outcome = asking.ask(requested, layers(GPU_RULE))
    text = f"{ARM} is arm64, and this class has amd64 only"
    assert outcome.fatal == f"InvalidOrder: {field}: {text}"
    assert not outcome.resources


def test_of_a_size_the_size_is_refused() -> None:
    """The tenant named no flavor."""
    size = {"cpu": 4, "memoryGiB": 16, "architecture": "arm64"}
    found = asking.ask(order(None, size=size), layers())  # type: ignore[arg-type]  # none given
    assert found.fatal.startswith(
        "InvalidOrder: spec.nodePools[main].size: SCS-4V-16-50_a is arm64"
    )


def test_the_image_of_an_architecture() -> None:
    """It goes to pools and to the control plane of that architecture, and to no other."""
    provider = layers(*RULES)
    plane, pool = parts(asking.ask(order(ARM, ARM), provider))
    assert (plane, overrides(pool)["imageName"]) == (
        {"imageName": "ubuntu-arm64"},
        "ubuntu-arm64",
    )
    plane, pool = parts(asking.ask(order(), provider))
    assert plane == {}
    assert "imageName" not in overrides(pool)


def test_worker_class_labels_and_taints() -> None:
    """They are those of the first rule that applies; the order's own are added."""
    own = {"key": "dedicated", "effect": "NoExecute"}
    outcome = asking.ask(order(GPU, labels={"team": "a"}, taints=[own]), layers(*RULES))
    _, pool = parts(outcome)
    assert pool["class"] == "gpu-worker"
    assert pool["metadata"]["labels"] == {
        "node.cluster.x-k8s.io/pool": "main",
        "team": "a",
        "node.cluster.x-k8s.io/gpu": "nvidia",
    }
    assert pool["taints"] == [{**taint, "propagation": "Always"} for taint in (own, TAINT)]


def test_a_taint_of_the_order_replaces_the_same_of_a_rule() -> None:
    """A cluster has one taint of a key and an effect."""
    own = {**TAINT, "value": "mine"}
    _, pool = parts(asking.ask(order(GPU, taints=[own]), layers(*RULES)))
    assert pool["taints"] == [{**own, "propagation": "Always"}]


def test_a_label_of_a_rule_is_the_providers() -> None:
    """On every pool, so that no tenant claims what a node does not have."""
    labels = {"node.cluster.x-k8s.io/gpu": "amd"}
    found = asking.ask(order(labels=labels), layers(*RULES))
    assert found.fatal.startswith(
        "InvalidOrder: spec.nodePools[main].labels.node.cluster.x-k8s.io/gpu: "
    )


@pytest.mark.parametrize("provider", ["gardener", "cluster-stacks"])
def test_gpus_without_drivers_are_reported(provider: str) -> None:
    """A node shows no GPU until somebody installs them."""
    edits = {"limits": {"gpus": 8}, "flavors": [{"name": AMD}, {"name": GPU}]}
    requested = order(GPU)
    del requested["spec"]["controlPlane"]
    outcome = asking.ask(requested, asking.provider(provider, edits))
    assert outcome.fatal == ""
    assert f"{GPU_POOL}.flavor" in gaps(outcome)
    size = {"cpu": 4, "memoryGiB": 16, "gpu": {"vendor": "nvidia"}}
    requested["spec"]["nodePools"] = [{"name": "main", "size": size, "replicas": 1}]
    outcome = asking.ask(requested, asking.provider(provider, edits))
    assert f"{GPU_POOL}.size.gpu" in gaps(outcome)


def test_drivers_of_the_provider() -> None:
    """The rule says that they are installed."""
    outcome = asking.ask(order(GPU), layers(*RULES))
    assert not any(field.startswith(GPU_POOL) for field in gaps(outcome))


def test_a_live_pool_gets_what_another_flavor_needs() -> None:
    """Its nodes are replaced anyway: worker class, image, labels and taints follow the flavor."""
    provider = layers(*RULES)
    made = asking.settled(order(), provider)
    for flavor, name in ((GPU, "gpu-worker"), (ARM, "default-worker"), (GPU, "gpu-worker")):
        made = asking.settled(order(flavor), provider, made)
        _, pool = parts(made)
        _, fresh = parts(asking.settled(order(flavor), provider))
        assert pool["class"] == name
        assert pool == fresh


def test_a_pool_that_an_earlier_function_accepted() -> None:
    """It stays as it is: what exists is not refused."""
    made = layers({"name": "any", "architecture": "arm64"})
    observed = asking.built(order(ARM), made)
    annotations = observed["capi-cluster"].manifest["metadata"]["annotations"]
    profile = "api.scs.community/profile"
    assert '"machines"' in annotations[profile]
    annotations[profile] = parts_of_profile(annotations[profile])
    before = parts(asking.ask(order(ARM), made))
    assert parts(asking.ask(order(ARM), layers(), observed)) == before
    assert asking.ask(order(ARM, "SCS-4V-16-50_a"), layers(), observed).fatal.startswith(
        "InvalidOrder: spec.controlPlane.flavor: "
    )


def parts_of_profile(text: str) -> str:
    """Return a persisted profile without rules."""
    found = json.loads(text)
    del found["machines"]
    return json.dumps(found)


def test_a_lost_record_of_a_flavor_that_is_gone() -> None:
    """Nobody knows the architecture any more, and the nodes keep their image."""
    name = "arm.large"
    offer = {"name": name, "cpu": 4, "memoryGiB": 16, "architecture": "arm64"}
    provider = layers(*RULES, flavors=(AMD, offer))
    observed = asking.built(order(name), provider)
    before = parts(asking.ask(order(name), provider, observed))
    assert overrides(before[1])["imageName"] == "ubuntu-arm64"
    for found in observed.values():
        found.manifest["metadata"]["annotations"].pop(BOUND, None)
    gone = layers(*RULES, flavors=(AMD,))
    assert parts(asking.ask(order(name), gone, observed)) == before


@pytest.mark.parametrize(
    ("rule", "capi", "problem"),
    [
        (
            GPU_RULE,
            {"taints": False},
            "classes[default].machines[gpu].taints: requires backends.capi.taints",
        ),
        (
            {**ARM_RULE, "labels": {"topology.cluster.x-k8s.io/owned": "x"}},
            {},
            "classes[default].machines[arm].labels.topology.cluster.x-k8s.io/owned: "
            "is set by Cluster API",
        ),
    ],
)
def test_rules_that_cannot_be(rule: Manifest, capi: Manifest, problem: str) -> None:
    """The operator reads where they are."""
    fatal = asking.ask(order(), layers(rule, **capi)).fatal
    assert fatal.startswith("EnvironmentInvalid: ")
    assert problem in fatal


def test_the_example_of_the_documentation() -> None:
    """It is accepted as it is written, and each of its rules applies."""
    page = (asking.ROOT / "docs" / "install.md").read_text("utf-8")
    [rules] = [
        yaml.safe_load(block)["classes"][0]["machines"]
        for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        if "machines:" in block
    ]
    provider = layers(*rules)
    _, pool = parts(asking.ask(order(GPU), provider))
    assert (pool["class"], len(pool["taints"])) == ("gpu-worker", 1)
    _, pool = parts(asking.ask(order(ARM), provider))
    assert overrides(pool)["imageName"] == "ubuntu-capi-image-arm64"
