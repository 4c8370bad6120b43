"""Hold the input from which the resources of one order are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from function import names
from function.backends.openstack.settings import OpenStackSettings
from function.contract import Manifest, Order, Resource, SpecT
from function.record import Bound


@dataclass(frozen=True)
class Stack(Generic[SpecT]):
    """Hold an order, what was decided for it, and its observed resources.

    Attributes:
        order: The order.
        own: The provider's settings.
        bound: What was decided.
        observed: Our observed resources by key.
        networks: Whether tenants may order Networks here.
    """

    order: Order[SpecT]
    own: OpenStackSettings
    bound: Bound
    observed: Mapping[str, Resource]
    networks: bool = False

    @property
    def tags(self) -> list[str]:
        """Return the tags by which an operator finds the order of a resource."""
        return [
            f"scs-tenant={self.order.tenant}",
            f"scs-kind={self.order.kind}",
            f"scs-name={self.order.name}",
            f"scs-uid={self.order.uid}",
        ]

    @property
    def metadata(self) -> dict[str, str]:
        """Return the tags as metadata, where a service has no tags."""
        return dict(tag.split("=", 1) for tag in self.tags)

    def id(self, key: str) -> str:
        """Return the id of a live resource; empty until observed, and while being deleted."""
        found = self.observed.get(key)
        return str(found.at_provider.get("id") or "") if found and not found.deleting else ""

    def address(self, key: str) -> str:
        """Return the address of an observed floating IP; empty until it has one."""
        resource = self.observed.get(key)
        return str(resource.at_provider.get("address") or "") if resource else ""

    def live(self, key: str) -> Resource | None:
        """Return an observed resource; None also where nothing can exist behind it."""
        found = self.observed.get(key)
        return found if found and found.exists else None

    def stored(self, key: str) -> Manifest:
        """Return the payload of a live resource; empty if there is none."""
        found = self.live(key)
        return dict(found.payload) if found else {}

    def kept(self, key: str, *fields: str) -> Manifest:
        """Return those of the given fields that an observed payload has."""
        stored = self.stored(key)
        return {name: stored[name] for name in fields if name in stored}

    def metadata_name(self, key: str) -> str:
        """Return the name by which other resources refer to a resource of this order."""
        found = self.observed.get(key)
        order = self.order
        return found.name if found else names.composed(order.tenant, order.kind, order.name, key)

    def title(self, key: str) -> str:
        """Return the name that the cloud shows for a part that exists once."""
        return f"{self.order.tenant}-{self.order.name}-{key.removeprefix('openstack-')}"
