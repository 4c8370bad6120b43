"""Identify resources, and state why some are removed; the guard checks on its own."""

from collections.abc import Callable, Mapping

from function.contract import Removal, Resource


def identities(resource: Resource) -> frozenset[str]:
    """Return the resource, by kind and key."""
    return frozenset({f"{resource.kind}/{resource.key}"})


def removals(
    wanted: set[str], observed: Mapping[str, Resource], path: Callable[[Resource], str]
) -> tuple[Removal, ...]:
    """Return why observed resources are removed.

    Args:
        wanted: Keys of resources that are kept or created later.
        observed: Our observed resources by key.
        path: Returns the order path that a resource was rendered for; empty if there is none.
    """
    return tuple(
        Removal(identity, "order", requested)
        for key, resource in sorted(observed.items())
        if key not in wanted
        for requested in [path(resource)]
        for identity in sorted(identities(resource))
        if requested
    )
