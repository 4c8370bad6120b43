"""Build the Cluster of an order as v1beta2."""

from collections.abc import Mapping
from typing import Any

from function import names
from function.backends.capi import live
from function.backends.capi.classes import check_class
from function.backends.capi.effective import BASE, ClusterContext, profile_text
from function.backends.capi.pools import deployments
from function.backends.capi.remediation import health_check
from function.backends.capi.scaling import greatest
from function.backends.capi.targets import NODES
from function.backends.capi.variables import base, variables
from function.contract import Manifest
from function.errors import InvalidOrder, Problem
from function.model import API_GROUP
from function.model.cluster import ClusterNetwork
from function.parsing import parse
from function.paths import lookup
from function.resolve import SHARE, Room, check_room
from function.schema import NOTHING, canonical

CONTROL_PLANE_REPLICAS = {NOTHING: 1, "Node": 3, "Zone": 3}


def cluster(context: ClusterContext) -> Manifest:
    """Return the Cluster; empty values are omitted, because they would be refused.

    Raises:
        InvalidOrder: It asks for what is not offered and would be unsafe to ignore.
    """
    check_class(context)
    order, bound, (values, overrides) = context.order, context.bound, variables(context)
    namespace = context.settings.class_namespace
    network = _network(context, values)
    check_room(order, _room(context, network, values))
    pools = deployments(context, values)
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {
            "name": context.live.name or names.cluster(order.tenant, order.name),
            "namespace": bound.place.namespace,
            "labels": _labels(context),
        },
        "spec": {
            **({"clusterNetwork": network} if network else {}),
            "topology": {
                "classRef": {
                    "name": bound.class_name,
                    **({"namespace": namespace} if namespace else {}),
                },
                "version": f"v{bound.version}",
                "controlPlane": _control_plane(context, overrides),
                **({"workers": {"machineDeployments": pools}} if pools else {}),
                "variables": live.named(values),
            },
        },
    }


def remember(context: ClusterContext) -> dict[str, str]:
    """Return the annotations that persist the kept values for the next call."""
    profile = profile_text(context.settings.class_profile)
    return {BASE: canonical(base(context)), live.PROFILE: profile}


def _labels(context: ClusterContext) -> dict[str, str]:
    given = context.settings.labels.items()
    return {
        **{name: value for name, value in given if not name.startswith(API_GROUP)},
        **context.order.labels,
    }


def _network(context: ClusterContext, values: Mapping[str, Any]) -> Manifest:
    """Return the ranges; they are immutable once machines use them.

    Overlapping ranges are refused here, because Cluster API would accept them.
    """
    network = context.settings.network
    if context.live.holds("spec.network.pods"):
        return network
    if context.order.spec.network.ip_families != ("IPv4",):
        raise InvalidOrder(Problem("spec.network.ipFamilies", "not offered here; accepted: [IPv4]"))
    if any(lookup(context.order.written, f"network.{n}") for n in ("pods", "services", "nodes")):
        known = {
            **{name: _first(part["cidrBlocks"]) for name, part in network.items()},
            "nodes": context.settings.class_profile.target(NODES).read(values),
        }
        texts = {name: cidr for name, cidr in known.items() if isinstance(cidr, str)}
        parse(ClusterNetwork, texts, at="spec.network", blame=InvalidOrder)
    return network


def _room(context: ClusterContext, network: Manifest, values: Mapping[str, Any]) -> Room:
    mask = context.settings.node_mask
    nodes = context.settings.class_profile.target(NODES).read(values)
    machines = context.settings.class_profile.control_plane_machines
    return Room(
        pods=_first(lookup(network, "pods.cidrBlocks")),
        nodes=nodes if isinstance(nodes, str) else "",
        share=SHARE if mask is None else mask,
        control_planes=_control_planes(context) if machines else 0,
        former=sum(map(greatest, live.deployments(context.live.applied))),
    )


def _first(ranges: object) -> str:
    """Return the first of the ranges of a Cluster; empty if there is none."""
    return str(ranges[0]) if isinstance(ranges, list) and ranges else ""


def _control_planes(context: ClusterContext) -> int:
    # Never fewer on a live cluster, even if the record of the request is lost.
    requested = CONTROL_PLANE_REPLICAS[context.order.spec.control_plane.availability]
    least = context.live.control_planes if context.live.holds("spec.controlPlane") else 0
    return max(least, requested)


def _control_plane(context: ClusterContext, overrides: Mapping[str, Any]) -> Manifest:
    result: Manifest = {"replicas": _control_planes(context)}
    if overrides:
        result["variables"] = {"overrides": live.named(overrides)}
    if context.settings.class_profile.control_plane_machines:
        applied = lookup(context.live.applied, "spec.topology.controlPlane") or {}
        result |= health_check(context, applied)
    return result
