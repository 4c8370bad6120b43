"""Build the Cluster of an order as v1beta2."""

from collections.abc import Mapping
from typing import Any

from function import names
from function.backends.capi import status
from function.backends.capi.basis import Basis
from function.backends.capi.effective import BASE, PROFILE, profile_text
from function.backends.capi.pools import deployments, greatest
from function.backends.capi.profile import NODES
from function.backends.capi.remediation import health_check
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


def cluster(basis: Basis) -> Manifest:
    """Return the Cluster; empty values are omitted, because they would be refused.

    Raises:
        InvalidOrder: It asks for what is not offered and would be unsafe to ignore.
    """
    order, bound, values = basis.order, basis.bound, variables(basis)
    namespace = basis.settings.class_namespace
    network = _network(basis, values)
    check_room(order, _room(basis, network, values))
    pools = deployments(basis, values)
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {
            "name": basis.name or names.cluster(order.tenant, order.name),
            "namespace": bound.place.namespace,
            "labels": _labels(basis),
        },
        "spec": {
            **({"clusterNetwork": network} if network else {}),
            "topology": {
                "classRef": {
                    "name": bound.class_name,
                    **({"namespace": namespace} if namespace else {}),
                },
                "version": f"v{bound.version}",
                "controlPlane": _control_plane(basis),
                **({"workers": {"machineDeployments": pools}} if pools else {}),
                "variables": [{"name": n, "value": values[n]} for n in sorted(values)],
            },
        },
    }


def remember(basis: Basis) -> dict[str, str]:
    """Return the annotations that persist the kept values for the next call."""
    return {BASE: canonical(base(basis)), PROFILE: profile_text(basis.profile)}


def _labels(basis: Basis) -> dict[str, str]:
    given = basis.settings.labels.items()
    return {
        **{name: value for name, value in given if not name.startswith(API_GROUP)},
        **basis.order.labels,
    }


def _network(basis: Basis, values: Mapping[str, Any]) -> Manifest:
    """Return the ranges; they are immutable once machines use them.

    Overlapping ranges are refused here, because Cluster API would accept them.
    """
    network = basis.settings.network
    if basis.holds("spec.network.pods"):
        return network
    if basis.order.spec.network.ip_families != ("IPv4",):
        raise InvalidOrder(Problem("spec.network.ipFamilies", "not offered here; accepted: [IPv4]"))
    if any(lookup(basis.order.written, f"network.{n}") for n in ("pods", "services", "nodes")):
        nodes = basis.profile.target(NODES).variable
        known = {
            **{name: _first(part["cidrBlocks"]) for name, part in network.items()},
            "nodes": values.get(nodes) if nodes else None,
        }
        texts = {name: cidr for name, cidr in known.items() if isinstance(cidr, str)}
        parse(ClusterNetwork, texts, at="spec.network", blame=InvalidOrder)
    return network


def _room(basis: Basis, network: Manifest, values: Mapping[str, Any]) -> Room:
    variable, mask = basis.profile.target(NODES).variable, basis.settings.node_mask
    nodes = values.get(variable) if variable else None
    machines = basis.profile.control_plane_machines
    return Room(
        pods=_first(lookup(network, "pods.cidrBlocks")),
        nodes=nodes if isinstance(nodes, str) else "",
        share=SHARE if mask is None else mask,
        control_planes=_control_planes(basis) if machines else 0,
        former=sum(map(greatest, status.deployments(basis.stored))),
    )


def _first(ranges: object) -> str:
    """Return the first of the ranges of a Cluster; empty if there is none."""
    return str(ranges[0]) if isinstance(ranges, list) and ranges else ""


def _control_planes(basis: Basis) -> int:
    # Never fewer on a live cluster, even if the record of the request is lost.
    asked = CONTROL_PLANE_REPLICAS[basis.order.spec.control_plane.availability]
    least = basis.stored_control_planes if basis.holds("spec.controlPlane") else 0
    return max(least, asked)


def _control_plane(basis: Basis) -> Manifest:
    found: Manifest = {"replicas": _control_planes(basis)}
    if basis.profile.control_plane_machines:
        applied = lookup(basis.stored, "spec.topology.controlPlane") or {}
        found |= health_check(basis, applied)
    return found
