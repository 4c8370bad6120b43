"""Resolve what an order leaves open: flavor, image, class, exact version, zones.

A decision is a pure function of order and environment, because Crossplane may call the function
twice for the same new order. It is kept while the request is unchanged; a changed request is
resolved again.

clusters     an order for a cluster        machines     a flavor for an ask
servers      an order for servers          volumes      volume types
networks     an order for a network        zones        availability zones
boots        image and root disk           variables    variables that a tenant sets
ranges       address ranges                resolution   the result
constraints  new and changed values        storage      volumes added by the environment
"""

from function.resolve.clusters import cluster
from function.resolve.constraints import check_constraints
from function.resolve.machines import without_drivers
from function.resolve.networks import network
from function.resolve.ranges import SHARE, Room, check_room
from function.resolve.resolution import Resolution, Resolver
from function.resolve.servers import server
from function.resolve.storage import GIVEN, recorded, with_given
from function.resolve.variables import mistyped
from function.resolve.volumes import volume_type

__all__ = [
    "GIVEN",
    "RESOLVERS",
    "Resolution",
    "Resolver",
    "Room",
    "SHARE",
    "check_constraints",
    "check_room",
    "cluster",
    "mistyped",
    "network",
    "recorded",
    "server",
    "volume_type",
    "with_given",
    "without_drivers",
]

RESOLVERS: dict[str, Resolver] = {"Cluster": cluster, "Server": server, "Network": network}
