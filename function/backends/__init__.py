"""List the backends of each kind: the support matrix.

A backend consists of one package here and one line below for each kind.
"""

from typing import Any

from function.backends import capi, gardener, openstack
from function.contract import Backend
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
