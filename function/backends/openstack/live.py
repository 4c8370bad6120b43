"""View the live resources of a server or a network."""

from dataclasses import dataclass

from function.contract import Manifest, Observed, Resource


@dataclass(frozen=True)
class LiveResources:
    """View the observed resources of an order.

    Attributes:
        observed: The observed resources by key.
    """

    observed: Observed

    def get(self, key: str) -> Resource | None:
        """Return an observed resource; None if there is none."""
        return self.observed.get(key)

    def find(self, key: str) -> Resource | None:
        """Return an observed resource; None also where nothing can exist behind it."""
        found = self.get(key)
        return found if found and found.exists else None

    def id(self, key: str) -> str:
        """Return the id of a live resource; empty until observed, and while being deleted."""
        found = self.get(key)
        return str(found.at_provider.get("id") or "") if found and not found.deleting else ""

    def address(self, key: str) -> str:
        """Return the address of an observed floating IP; empty until it has one."""
        resource = self.get(key)
        return str(resource.at_provider.get("address") or "") if resource else ""

    def applied(self, key: str) -> Manifest:
        """Return the payload of a live resource; empty if there is none."""
        found = self.find(key)
        return dict(found.payload) if found else {}

    def retained(self, key: str, *fields: str) -> Manifest:
        """Return those of the given fields that the payload of a live resource has."""
        applied = self.applied(key)
        return {name: applied[name] for name in fields if name in applied}

    def is_refused(self, key: str) -> bool:
        """Return whether nothing can exist behind an observed resource."""
        return key in self.observed and not self.observed[key].exists
