"""Refuse address ranges that hosts cannot use, and more nodes than fit into them."""

from dataclasses import dataclass

from function.contract import Order, Remark
from function.errors import InvalidOrder, Problem
from function.model import ClusterSpec
from function.model.values import NO_HOST, PUBLIC, ip_network, is_network, is_private, is_unusable
from function.paths import lookup
from function.record import Bound

# Prefix length of each node's share of the pod range, unless a cluster is configured otherwise.
SHARE = 24
# Reserved addresses of a node range: the network itself, broadcast, and the router.
_RESERVED = 3


def check_ranges(
    order: Order[ClusterSpec], previous: Bound | None, problems: list[Problem]
) -> None:
    """Add a problem for each range of the order that cannot be used.

    Ranges that were already ordered are not checked again.
    """
    network = order.spec.network
    named = {"pods": network.pods, "services": network.services, "nodes": network.nodes}
    known = (lookup(previous.request, "network") if previous else None) or {}
    problems += (
        Problem(f"spec.network.{name}", NO_HOST)
        for name, cidr in named.items()
        if cidr and cidr != known.get(name) and is_unusable(cidr)
    )


def range_notes(order: Order[ClusterSpec]) -> tuple[Remark, ...]:
    """Return notes on the ranges of the order that hold public addresses of others."""
    network = order.spec.network
    named = {"pods": network.pods, "services": network.services, "nodes": network.nodes}
    return tuple(
        Remark(f"spec.network.{name}", PUBLIC)
        for name, cidr in named.items()
        if cidr and not is_private(cidr)
    )


@dataclass(frozen=True)
class Room:
    """Hold what a backend knows about the room for the nodes of a cluster.

    Attributes:
        pods: Pod range, of the order or the environment; empty if unknown.
        nodes: Node range, likewise.
        share: Prefix length of each node's share of the pod range.
        control_planes: Control plane machines, which also take addresses of the node range.
        former: Maximum number of nodes as rendered previously; 0 for a new cluster.
    """

    pods: str = ""
    nodes: str = ""
    share: int = SHARE
    control_planes: int = 0
    former: int = 0


def check_room(order: Order[ClusterSpec], room: Room) -> None:
    """Refuse more nodes than there is room for, unless there are as many already.

    Raises:
        InvalidOrder: The order's range is too small, or has too many nodes for the environment's.
    """
    nodes = sum(pool.bounds[1] for pool in order.spec.node_pools)
    if nodes <= room.former:
        return
    config, machines = order.spec.network, nodes + room.control_planes
    places = _parts(room.pods, room.share), _hosts(room.nodes)
    texts = (
        f"is too small for {nodes} nodes, each of which takes a /{room.share} of it",
        f"is too small for {machines} machines, control plane included",
    )
    problems = []
    for name, fits, wanted, text in zip(
        ("pods", "nodes"), places, (nodes, machines), texts, strict=True
    ):
        if wanted <= fits:
            continue
        most = max(int(fits) - wanted + nodes, 0)
        shared = f"have {nodes} nodes in all, and the range of {name} here has room for {most}"
        is_own = getattr(config, name) is not None
        problems.append(
            Problem(f"spec.network.{name}", text) if is_own else Problem("spec.nodePools", shared)
        )
    if problems:
        raise InvalidOrder(*problems)


def _parts(cidr: str, share: int) -> float:
    """Return how many node shares a pod range has; infinity if it is unknown."""
    network = ip_network(cidr) if is_network(cidr) else None
    # Shares of IPv6 differ between clusters.
    if network is None or network.version != 4:  # noqa: PLR2004  # the version
        return float("inf")
    return 2 ** (share - network.prefixlen) if network.prefixlen <= share else 0


def _hosts(cidr: str) -> float:
    """Return how many machines fit into a node range beside the router; infinity if unknown."""
    network = ip_network(cidr) if is_network(cidr) else None
    if network is None or network.version != 4:  # noqa: PLR2004  # the version
        return float("inf")
    return max(network.num_addresses - _RESERVED, 0)
