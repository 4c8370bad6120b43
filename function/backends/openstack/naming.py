"""Name the resources of an order, and mark them so that an operator finds the order."""

from typing import Any

from function import names
from function.backends.openstack.live import LiveResources
from function.contract import Order


def tags(order: Order[Any]) -> list[str]:
    """Return the tags by which an operator finds the order of a resource."""
    return [
        f"scs-tenant={order.tenant}",
        f"scs-kind={order.kind}",
        f"scs-name={order.name}",
        f"scs-uid={order.uid}",
    ]


def metadata(order: Order[Any]) -> dict[str, str]:
    """Return the tags as metadata, where a service has no tags."""
    return dict(tag.split("=", 1) for tag in tags(order))


def title(order: Order[Any], key: str) -> str:
    """Return the name that the cloud shows for a part that exists once."""
    return f"{order.tenant}-{order.name}-{key.removeprefix('openstack-')}"


def reference(order: Order[Any], live: LiveResources, key: str) -> str:
    """Return the name by which other resources refer to a resource of this order."""
    found = live.observed.get(key)
    return found.name if found else names.composed(order.tenant, order.kind, order.name, key)
