"""List the backends of each kind: the support matrix.

A backend consists of one package here and one line below for each kind.
"""

from collections.abc import Iterator
from typing import Any

from function import managed
from function.backends import capi, gardener, openstack
from function.contract import Backend, Mode, Resource
from function.model import ClusterSpec, NetworkSpec, ServerSpec
from function.schema import Schema

CLUSTER: dict[str, Backend[ClusterSpec]] = {
    capi.NAME: capi.CLUSTER,
    gardener.NAME: gardener.CLUSTER,
}
SERVER: dict[str, Backend[ServerSpec]] = {openstack.NAME: openstack.SERVER_BACKEND}

NETWORK: dict[str, Backend[NetworkSpec]] = {openstack.NAME: openstack.NETWORK_BACKEND}

BACKENDS: dict[str, dict[str, Backend[Any]]] = {
    "Cluster": CLUSTER,
    "Server": SERVER,
    "Network": NETWORK,
}

SETTINGS: dict[str, type[Schema]] = {
    name: backend.settings for table in BACKENDS.values() for name, backend in table.items()
}


def is_composed(resource: Resource) -> bool:
    """Say whether an observed resource is of a kind that a backend of this version composes."""
    return any(resource.kind in one.composes.get(resource.family, ()) for one in _all())


def definitions(mode: Mode) -> list[str]:
    """Return the names of the definitions of everything that is composed in an install."""
    found = {
        managed.definition(family, kind, mode)
        for one in _all()
        for family, kinds in one.composes.items()
        for kind in kinds
    }
    return sorted(found)


def _all() -> Iterator[Backend[Any]]:
    return (backend for table in BACKENDS.values() for backend in table.values())
