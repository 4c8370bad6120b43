"""Address ranges of clusters: which are refused, and when they are not looked at again."""

import pytest

from function.paths import replaced
from tests import asking
from tests.test_resolve import Data, answered, cluster, lives, pool, refusals

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


@pytest.mark.parametrize(
    ("network", "pools", "nodes"),
    [
        ({"pods": "10.0.0.0/24"}, [pool()], 2),
        ({"pods": "10.0.0.0/25"}, [pool(replicas=1)], 1),
        ({"pods": "10.0.0.0/22"}, [pool(replicas=3), pool("more")], 5),
        ({"pods": "10.0.0.0/22"}, [pool(replicas=None, autoscaling={"min": 1, "max": 6})], 6),
    ],
)
def test_too_small(network: Data, pools: list[Data], nodes: int) -> None:
    """A node without a part of the range gets no pods."""
    written = cluster("1.34", *pools, network=network)
    assert refusals("Cluster", written) == [f"spec.network.pods: {SMALL.format(nodes)}"]


@pytest.mark.parametrize(
    ("network", "replicas"),
    [
        ({"pods": "10.0.0.0/23"}, 2),
        ({"pods": "10.0.0.0/25"}, 0),
        ({"pods": "fd00::/64", "ipFamilies": ["IPv6"]}, 9),
        ({}, 9),
    ],
)
def test_large_enough(network: Data, replicas: int) -> None:
    """As many nodes as there are parts; of IPv6 a cluster may take other parts."""
    answered("Cluster", cluster("1.34", pool(replicas=replicas), network=network))


def test_a_live_cluster_grows_within_its_range() -> None:
    """More nodes than fit are refused; as many as there are, or fewer, go on."""
    network = {"pods": "10.0.0.0/22"}
    before = lives("Cluster", cluster("1.34", pool(replicas=4), network=network))
    more = cluster("1.34", pool(replicas=5), network=network)
    assert refusals("Cluster", more, before=before) == [f"spec.network.pods: {SMALL.format(5)}"]


def test_what_lives_is_not_stranded() -> None:
    """A cluster that was taken before such ranges were refused is answered as before."""
    sound = cluster("1.34", pool(replicas=4))
    before = lives("Cluster", sound)
    small = {"network": {"pods": "240.0.0.0/25"}}
    before = before.model_copy(update={"asked": sound | small})
    answered("Cluster", sound | small, before=before)
    fewer = cluster("1.34", pool(replicas=3), **small)
    answered("Cluster", fewer, before=before)


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
