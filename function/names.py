"""Derive every name we give, in one place, with its limit and the reason for it.

A name is a readable prefix and a hash of what identifies the order. The random name of a
claim's XR is never part of it: the same order must always yield the same names.
"""

import base64
import hashlib
import re

# A Kubernetes name that also has to serve as a label value.
COMPOSED_LIMIT = 63
# Cluster API prefixes the names of all generated objects with the Cluster's.
CLUSTER_LIMIT = 40
# Names of topologies are DNS labels.
TOPOLOGY_LIMIT = 63
# Gardener's limit for project and shoot together.
SHOOT_LIMIT = 21
SHOOT_HASH = 6
_HASH = 10


def composed(tenant: str, kind: str, order: str, key: str) -> str:
    """Return the `metadata.name` of a composed resource.

    Both scopes use it: cluster scoped resources of all tenants share one space of names.
    """
    return _hashed(f"{tenant}-{order}", COMPOSED_LIMIT, tenant, kind, order, key)


def cluster(tenant: str, order: str) -> str:
    """Return the name of the Cluster API `Cluster` of an order.

    Hashed, although its namespace is the tenant's: a Cluster made by hand is not taken over.
    """
    return _hashed(order, CLUSTER_LIMIT, tenant, "Cluster", order)


def shoot(project: str, tenant: str, order: str) -> str:
    """Return the name of a Gardener `Shoot`.

    Gardener allows 21 characters for project and shoot together, no double dash and no dot. The
    name is part of the cluster's domain, so it begins readable. Projects may be shared by tenants.
    """
    limit = SHOOT_LIMIT - len(project)
    digest = hashlib.sha256(f"{tenant}\0Cluster\0{order}".encode()).digest()
    mark = base64.b32encode(digest).decode().lower()[:SHOOT_HASH]
    room = limit - SHOOT_HASH - 1
    readable = re.sub("[-.]+", "-", order)[:room].strip("-")
    return f"{readable}-{mark}" if readable else mark


def keypair(tenant: str, order: str) -> str:
    """Return the name of an OpenStack key pair; unique per user, and its external name.

    The compute service takes no dot in it, not in the version of its API that the provider speaks.
    """
    readable = f"{tenant}-{order}".replace(".", "-")
    return _hashed(readable, COMPOSED_LIMIT, tenant, "Server", order, "keypair")


def topology(pool: str, zone: str) -> str:
    """Return the name of a MachineDeployment topology: the pool's, with its zone if it has one."""
    if not zone:
        return pool
    plain = f"{pool}-{zone}"
    if len(plain) <= TOPOLOGY_LIMIT and zone.replace("-", "").isalnum() and zone == zone.lower():
        return plain
    return _hashed(pool, TOPOLOGY_LIMIT, pool, zone)


def _hashed(prefix: str, limit: int, *identity: str) -> str:
    # NUL cannot occur in a name: ("a-b", "c") and ("a", "b-c") differ.
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:_HASH]
    return f"{prefix[: limit - _HASH - 1].strip('-.')}-{digest}"
