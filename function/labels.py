"""Know our own labels, and which keys of labels and annotations a tenant may not use.

A tenant's labels end up on objects of the provider, whose tools select by them. A live order keeps
its existing keys: only keys that are new, or have a different value, are checked.
"""

from collections.abc import Collection, Mapping

from function.model import API_GROUP

# Labels of composed resources, and of every object inside them.
BACKEND_LABEL = f"{API_GROUP}/backend"
ENVIRONMENT_LABEL = f"{API_GROUP}/environment"
TENANT_LABEL = f"{API_GROUP}/tenant"
KIND_LABEL = f"{API_GROUP}/kind"
NAME_LABEL = f"{API_GROUP}/name"
UID_LABEL = f"{API_GROUP}/uid"
# Label of EnvironmentConfigs, in addition to those of environment and tenant.
OVERLAY_LABEL = f"{API_GROUP}/overlay"
# What a tenant reads about such a key.
RESERVED = "is kept for the provider; choose another key"


def labels_of(tenant: str, kind: str, name: str) -> dict[str, str]:
    """Return the labels by which what is composed of an order is found."""
    return {TENANT_LABEL: tenant, KIND_LABEL: kind, NAME_LABEL: name}


def domain(key: str) -> str:
    """Return the domain of a key; empty where it has none."""
    return key.partition("/")[0] if "/" in key else ""


def is_within(key: str, reserved: Collection[str]) -> bool:
    """Say whether a key is one of these, or of a domain that is one of these or below one."""
    head = f".{key.partition('/')[0]}"
    return key in reserved or any(head.endswith(f".{name}") for name in reserved)


def changed(current: Mapping[str, str], previous: Mapping[str, str]) -> list[str]:
    """Return the keys that are new or have another value, sorted."""
    return sorted(key for key, value in current.items() if previous.get(key) != value)
