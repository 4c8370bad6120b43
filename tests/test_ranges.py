"""Address ranges of clusters: which are refused, and when they are not looked at again."""

from typing import Any

import pytest

from function import simulate
from function.paths import replaced
from tests import asking
from tests.resolving import Data, answered, cluster, pool, refusals

SMALL = "is too small for {} nodes, each of which takes a /24 of it"


@pytest.mark.parametrize(
    "cidr", ["240.0.0.0/12", "127.0.0.0/16", "224.0.0.0/16", "169.254.0.0/16", "0.0.0.0/12"]
)
@pytest.mark.parametrize("name", ["pods", "services", "nodes"])
def test_unusable(name: str, cidr: str) -> None:
    """No host has such an address; a provider would learn of it when it builds the cluster."""
    written = cluster("1.34", pool(), network={name: cidr})
    assert refusals("Cluster", written) == [
        f"spec.network.{name}: holds addresses that no host can have"
    ]


def nodes(count: int, **network: str) -> Data:
    """Return an order for so many nodes."""
    manifest = asking.order("cluster/minimal")
    pool = {"name": "web", "flavor": "SCS-2V-8", "replicas": count}
    spec = {"version": "1.34", "nodePools": [pool], **({"network": network} if network else {})}
    return {**manifest, "spec": spec}


def layers(provider: str, **network: Any) -> list[Data]:
    """Return an example provider with other address ranges, and without limits."""
    where = {"cluster-stacks": "capi.network", "gardener": "gardener.networking"}[provider]
    ranges = {f"backends.{where}.{name}": value for name, value in network.items()}
    return asking.provider(provider, {"limits": {}, "policy": [], **ranges})


def said(manifest: Data, given: list[Data], observed: Any = None) -> str:
    """Return the refusal of an order; empty if it is answered."""
    return asking.ask(manifest, given, observed).fatal.removeprefix("InvalidOrder: ")


each_provider = pytest.mark.parametrize("provider", ["cluster-stacks", "gardener"])


@each_provider
@pytest.mark.parametrize(
    ("pods", "fits"), [("10.0.0.0/21", 8), ("10.0.0.0/22", 4), ("10.0.0.0/25", 0)]
)
def test_room_in_the_range_of_pods(provider: str, pods: str, fits: int) -> None:
    """Whether the order names the range, or the environment does."""
    config = nodes(fits + 1, pods=pods)
    assert said(config, layers(provider)) == f"spec.network.pods: {SMALL.format(fits + 1)}"
    assert said(nodes(fits + 1), layers(provider, pods=pods)) == (
        f"spec.nodePools: have {fits + 1} nodes in all, and the range of pods here has room for "
        f"{fits}"
    )
    if fits:
        assert said(nodes(fits, pods=pods), layers(provider)) == ""
        assert said(nodes(fits), layers(provider, pods=pods)) == ""


@each_provider
def test_room_in_the_range_of_nodes(provider: str) -> None:
    """Control planes are there too, where they are machines."""
    planes = {"cluster-stacks": 3, "gardener": 0}[provider]
    cidr, fits = "10.9.0.0/28", 13 - planes
    config = said(nodes(fits + 1, nodes=cidr), layers(provider))
    assert config.startswith("spec.network.nodes: is too small for 14 machines")
    assert said(nodes(fits, nodes=cidr), layers(provider)) == ""


def test_room_in_the_range_of_nodes_of_the_environment() -> None:
    """As for pods."""
    given = layers("gardener", nodes="10.9.0.0/28")
    assert "range of nodes here has room for 13" in said(nodes(14), given)
    assert said(nodes(13), given) == ""
    classed = layers("cluster-stacks")
    for layer in classed:
        for one in layer["data"].get("classes", []):
            one.setdefault("variables", {})["nodeCIDR"] = "10.9.0.0/28"
    assert "range of nodes here has room for 10" in said(nodes(11), classed)
    assert said(nodes(10), classed) == ""


def test_a_class_with_smaller_parts() -> None:
    """The provider says how it configures them."""
    given = layers("cluster-stacks", pods="10.0.0.0/22", nodeCIDRMaskSize=26)
    assert said(nodes(16), given) == ""
    assert "room for 16" in said(nodes(17), given)


def test_the_most_that_pools_may_have_counts() -> None:
    """Not how many nodes there are today."""
    manifest = nodes(2)
    more = {"name": "more", "flavor": "SCS-2V-8", "autoscaling": {"min": 1, "max": 7}}
    manifest["spec"]["nodePools"].append(more)
    assert "have 9 nodes" in said(manifest, layers("cluster-stacks", pods="10.0.0.0/21"))


def test_ranges_of_ipv6_are_not_judged() -> None:
    """A cluster may take other parts of them; whether they are offered is another question."""
    answered(
        "Cluster",
        cluster("1.34", pool(replicas=9), network={"pods": "fd00::/64", "ipFamilies": ["IPv6"]}),
    )


@each_provider
def test_a_live_cluster_is_not_stranded(provider: str) -> None:
    """As many nodes as there are, or fewer, go on; more are refused."""
    given = layers(provider)
    live = simulate.play(asking.ask(nodes(6), given).resources)
    small = layers(provider, pods="10.0.0.0/22")
    stays = dict(live)
    for one in stays.values():
        manifest = one.manifest["spec"]["forProvider"].get("manifest", {})
        spec = manifest.get("spec", {})
        if "clusterNetwork" in spec:
            spec["clusterNetwork"]["pods"]["cidrBlocks"] = ["10.0.0.0/22"]
        if "networking" in spec:
            spec["networking"]["pods"] = "10.0.0.0/22"
    assert said(nodes(6), small, stays) == ""
    assert said(nodes(5), small, stays) == ""
    assert "room for 4" in said(nodes(7), small, stays)


def test_a_live_cluster_keeps_its_range() -> None:
    """That of the environment may be another since."""
    live = simulate.play(asking.ask(nodes(4), layers("cluster-stacks")).resources)
    assert said(nodes(6), layers("cluster-stacks", pods="10.0.0.0/22"), live) == ""


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ({"nodes": "10.250.0.0/33"}, "networking.nodes: must be a network"),
        ({"pods": "100.96.0.1/11"}, "networking.pods: must be a network"),
        ({"nodes": "100.96.0.0/16"}, "networking: nodes and pods overlap"),
        ({"services": "fd00::/108"}, "networking: nodes, pods and services must be"),
    ],
    ids=["no network", "host bits", "overlap", "IPv6"],
)
def test_ranges_of_a_provider(edit: dict[str, str], text: str) -> None:
    """Gardener would refuse each of its new clusters, and they never change."""
    root, *others = asking.provider("gardener")
    for name, cidr in edit.items():
        root = replaced(root, f"data.backends.gardener.networking.{name}", cidr)
    answer = asking.ask(asking.order("cluster/minimal"), [root, *others])
    assert answer.fatal.startswith(f"EnvironmentInvalid: backends.gardener.{text}")


@pytest.mark.parametrize(
    ("cidr", "noted"),
    [
        ("8.8.8.0/24", True),
        ("172.32.0.0/16", True),
        ("172.16.0.0/12", False),
        ("10.20.0.0/24", False),
        ("100.64.0.0/16", False),
        ("203.0.113.0/24", False),
    ],
)
def test_addresses_of_others(cidr: str, noted: bool) -> None:  # parametrized
    """A range of the internet works, and cuts off those who have it there: it is noted."""
    order = asking.order("network/minimal")
    manifest = {**order, "spec": {**order["spec"], "cidr": cidr}}
    status = asking.ask(manifest, asking.provider("cluster-stacks")).composite["status"]
    fields = [note["field"] for note in status.get("notes", ())]
    assert fields == (["spec.cidr"] if noted else [])


def test_addresses_of_others_in_a_cluster() -> None:
    """Each range that the order names is looked at."""
    ranges = {"pods": "11.0.0.0/16", "services": "10.98.0.0/16", "nodes": "12.0.0.0/24"}
    answer = asking.ask(nodes(2, **ranges), layers("gardener"))
    status = answer.composite["status"]
    assert [note["field"] for note in status["notes"]] == [
        "spec.network.pods",
        "spec.network.nodes",
    ]
