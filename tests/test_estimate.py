"""What an order holds, as `status.estimate` says it and limits count it."""

from typing import Any

import pytest

from function import local, simulate
from function.bound import ANNOTATION
from tests import asking
from tests.asking import Manifest

FLAVOR = {"cluster-stacks": "SCS-2V-8", "gardener": "SCS-2V-8", "kaas-only": "SCS-2V-8-20"}
# What the examples give to a node whose order says nothing of its root volume.
GIVEN = {"cluster-stacks": 50, "gardener": 50, "kaas-only": 20}
each_provider = pytest.mark.parametrize("provider", GIVEN)


def order(provider: str, replicas: int = 3, **pool: Any) -> Manifest:
    """Return an order with one pool."""
    manifest = asking.order("cluster/minimal")
    given = {"name": "web", "flavor": FLAVOR[provider], "replicas": replicas, **pool}
    pools = [{name: value for name, value in given.items() if value is not None}]
    return {**manifest, "spec": {"version": "1.34", "nodePools": pools}}


def layers(provider: str, limits: dict[str, int]) -> list[Manifest]:
    """Return an example provider with other limits."""
    return asking.provider(provider, {"limits": limits})


def storage(outcome: local.Outcome) -> int:
    """Return the storage that an order holds by its status."""
    assert not outcome.fatal, outcome.fatal
    result: int = outcome.composite["status"]["estimate"]["storageGiB"]
    return result


@each_provider
def test_root_volumes_of_the_environment_are_counted(provider: str) -> None:
    """As if the order had written them."""
    given = layers(provider, {})
    silent = storage(asking.ask(order(provider), given))
    assert silent == 3 * GIVEN[provider]
    written = order(provider, rootVolume={"sizeGiB": GIVEN[provider]})
    assert storage(asking.ask(written, given)) == silent


@each_provider
def test_limits_count_them(provider: str) -> None:
    """The same order is refused whether it writes its volumes or not."""
    given = layers(provider, {"storageGiB": 2 * GIVEN[provider]})
    for manifest in (order(provider), order(provider, rootVolume={"sizeGiB": GIVEN[provider]})):
        assert asking.ask(manifest, given).fatal == (
            f"PolicyViolation: spec: asks for {3 * GIVEN[provider]} storageGiB in all, at most "
            f"{2 * GIVEN[provider]} are allowed in one order"
        )
    assert not asking.ask(order(provider, 2), given).fatal


@pytest.mark.parametrize(
    ("pool", "each"),
    [
        ({}, 50),
        ({"rootVolume": {"sizeGiB": 30}}, 30),
        ({"flavor": "SCS-2V-4-20s"}, 20),
        ({"flavor": "SCS-2V-4-20s", "rootVolume": {"sizeGiB": 30}}, 30),
        ({"flavor": None, "size": {"cpu": 2, "memoryGiB": 8, "diskGiB": 70}}, 70),
        ({"dataVolumes": [{"name": "cache", "sizeGiB": 100}]}, 150),
    ],
)
def test_a_node_of_cluster_stacks(pool: dict[str, Any], each: int) -> None:
    """Root volume or disk, and further volumes."""
    manifest = order("cluster-stacks", **pool)
    assert storage(asking.ask(manifest, layers("cluster-stacks", {}))) == 3 * each


def test_the_most_that_a_pool_may_have_counts() -> None:
    """Not how many nodes there are now."""
    manifest = order("gardener", replicas=None, autoscaling={"min": 3, "max": 7})  # type: ignore[arg-type]
    assert storage(asking.ask(manifest, layers("gardener", {}))) == 350


def test_volumes_of_the_class_are_counted() -> None:
    """Every node has them beside those of the order."""
    given = layers("cluster-stacks", {})
    disks = [{"name": "log", "sizeGiB": 5, "type": "__DEFAULT__"}]
    for layer in given:
        for one in layer["data"].get("classes", []):
            one.setdefault("variables", {})["workerAdditionalBlockDevices"] = disks
    assert storage(asking.ask(order("cluster-stacks"), given)) == 3 * 55
    more = order("cluster-stacks", dataVolumes=[{"name": "cache", "sizeGiB": 100}])
    assert storage(asking.ask(more, given)) == 3 * 155


def test_control_planes_are_not_counted() -> None:
    """Some providers run them elsewhere: an order has the same size with each of them."""
    given = layers("cluster-stacks", {"cpu": 6, "memoryGiB": 24, "storageGiB": 150})
    found = asking.ask(order("cluster-stacks"), given).composite["status"]["estimate"]
    assert found == {"cpu": 6, "memoryGiB": 24, "storageGiB": 150, "gpus": 0}


def counted_as_before(seen: dict[str, local.Observed]) -> dict[str, local.Observed]:
    """Return resources whose record was written by a function that did not count this."""
    for one in seen.values():
        text = one.manifest["metadata"]["annotations"].get(ANNOTATION)
        if text:
            text = text.replace('"givenStorageGiB":150.0,', "")
            text = text.replace('"storageGiB":150.0', '"storageGiB":0.0')
            assert "150.0" not in text
            one.manifest["metadata"]["annotations"][ANNOTATION] = text
    return seen


@pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])
def test_nobody_is_stranded_by_another_count(provider: str) -> None:
    """An edit that adds nothing is taken, one that adds a node is judged by today's count."""
    made = asking.ask(order(provider), layers(provider, {}))
    seen = counted_as_before(dict(simulate.play(made.resources)))
    tight = layers(provider, {"storageGiB": 100})
    assert storage(asking.ask(order(provider), tight, seen)) == 150
    labelled = order(provider, update={"maxSurge": 2})
    assert storage(asking.ask(labelled, tight, seen)) == 150
    assert asking.ask(order(provider, 4), tight, seen).fatal.startswith("PolicyViolation: spec:")


def test_a_server_has_its_boot_volume() -> None:
    """Also where the order says nothing of one: what the image needs."""
    manifest = asking.order("server/minimal")
    spec = {**manifest["spec"], "flavor": "SCS-2V-4", "size": None, "replicas": 2}
    outcome = asking.ask({**manifest, "spec": spec}, layers("cluster-stacks", {}))
    assert storage(outcome) == 16
