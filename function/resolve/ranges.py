"""Refuse address ranges that hosts cannot have, and ranges of pods that are too small."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from function.bound import remembered
from function.contract import Bound, Order
from function.errors import Problem
from function.model import ClusterSpec
from function.paths import lookup

# Each node takes such a part of the range of pods, unless a cluster is told otherwise.
SHARE = 24
# This host, loopback, link-local, multicast and above: no network works there.
_UNUSABLE_CIDRS = (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8"
)  # fmt: skip
UNUSABLE = tuple(ipaddress.ip_network(cidr) for cidr in _UNUSABLE_CIDRS)

NO_HOST = "holds addresses that no host can have"


def check_ranges(order: Order[ClusterSpec], before: Bound | None, problems: list[Problem]) -> None:
    """Add a problem for each range of the order that cannot be used.

    Those that are ordered already are not looked at again, and the range of pods only where there
    are to be more nodes than before.
    """
    network = order.spec.network
    named = {"pods": network.pods, "services": network.services, "nodes": network.nodes}
    known = (lookup(remembered(before), "network") if before else None) or {}
    problems += (
        Problem(f"spec.network.{name}", NO_HOST)
        for name, cidr in named.items()
        if cidr and cidr != known.get(name) and is_unusable(cidr)
    )
    nodes = sum(pool.bounds[1] for pool in order.spec.node_pools)
    former = _nodes(lookup(before.asked, "nodePools") or ()) if before else 0
    if network.pods and nodes > max(former, _capacity(network.pods)):
        text = f"is too small for {nodes} nodes, each of which takes a /{SHARE} of it"
        problems.append(Problem("spec.network.pods", text))


def is_unusable(cidr: str) -> bool:
    """Say whether a range holds addresses that no host can have."""
    network = ipaddress.ip_network(cidr)
    return any(network.overlaps(taken) for taken in UNUSABLE)


def _capacity(pods: str) -> float:
    """Return how many nodes find room in a range of pods."""
    network = ipaddress.ip_network(pods)
    if network.version != 4:  # noqa: PLR2004  # shares of IPv6 differ between clusters
        return float("inf")
    return 2 ** (SHARE - network.prefixlen) if network.prefixlen <= SHARE else 0


def _nodes(pools: Iterable[Mapping[str, Any]]) -> int:
    """Return the greatest number of nodes of pools as they were written."""
    return sum(lookup(p, "autoscaling.max") or lookup(p, "replicas") or 0 for p in pools)
