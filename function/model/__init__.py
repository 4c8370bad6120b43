"""Hold what a tenant may ask for, one module per kind.

The models are the one source of the XRDs, the field reference and the validation here.
"""

from function.model.cluster import ClusterSpec
from function.model.network import NetworkSpec
from function.model.order import OrderSpec
from function.model.server import ServerSpec

__all__ = [
    "API_GROUP",
    "API_VERSION",
    "KINDS",
    "ClusterSpec",
    "NetworkSpec",
    "OrderSpec",
    "ServerSpec",
]

API_GROUP = "api.scs.community"
API_VERSION = f"{API_GROUP}/v1alpha1"

KINDS: dict[str, type[OrderSpec]] = {
    "Cluster": ClusterSpec,
    "Server": ServerSpec,
    "Network": NetworkSpec,
}
