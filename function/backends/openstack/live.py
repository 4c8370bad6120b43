"""View the live resources of a server or a network."""

import functools
from dataclasses import dataclass

from function import diagnosis
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

    @functools.cached_property
    def gone(self) -> frozenset[str]:
        """Return the keys of resources that were deleted in the cloud, and are created again.

        A provider keeps what it observed last, id included; only `Ready` says that it creates.
        """
        return frozenset(
            key
            for key, found in self.observed.items()
            if found.at_provider.get("id")
            and diagnosis.condition_of(found.status, "Ready").get("reason") == "Creating"
        )

    def id(self, key: str) -> str:
        """Return the id of a live resource; empty until observed, while deleted, and once gone."""
        found = self.get(key)
        if found is None or found.deleting or key in self.gone:
            return ""
        return str(found.at_provider.get("id") or "")

    def resolved(self, key: str, field: str, to: str) -> Manifest:
        """Return the new id behind a reference, where the resource that it names was re-created.

        A provider resolves a reference once. What is created again itself would look for the
        previous id without end.

        Args:
            key: The resource that refers.
            field: Its field for the id, beside the reference.
            to: The resource that it refers to.
        """
        previous, current = self.applied(key).get(field), self.id(to)
        follows = previous and current and previous != current and not self.id(key)
        return {field: current} if follows else {}

    def address(self, key: str) -> str:
        """Return the address of an observed floating IP; empty until it has one."""
        resource = self.get(key)
        if resource is None or key in self.gone:
            return ""
        return str(resource.at_provider.get("address") or "")

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
