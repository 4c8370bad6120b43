"""Leave what exists with the provider while an order moves to another place."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from function import bound, guards, past
from function.contract import Backend, Condition, Order, Removal, Rendered, Resource
from function.managed import ALL_POLICIES, named
from function.model import API_GROUP


def left(order: Order[Any], backend: Backend[Any], mine: Mapping[str, Resource]) -> Rendered:
    """Return what a move leaves behind, orphaned: first without the Delete policy, then released.

    The new place is answered as a new order once no resource of the old one is observed.

    Args:
        order: The order that moves.
        backend: The backend of the new place.
        mine: The observed resources of the order by key.
    """
    former = past.former_backend(order.kind, mine) or backend
    known = dict(sorted(mine.items()))
    retained = any(guards.may_delete(resource) for resource in known.values())
    resources = tuple(_as_observed(r) for r in known.values()) if retained else ()
    removals = (
        ()
        if retained
        else tuple(
            Removal(identity, "orphaned")
            for r in known.values()
            for identity in sorted(r.identities)
        )
    )
    rendered = Rendered(
        resources=resources,
        planned=frozenset({backend.root}),
        removals=removals,
        status={"phase": "Updating", "message": "the order moves to another place"},
        conditions=(
            Condition("Accepted", True, "Accepted"),
            Condition("Provisioned", False, "Moving", "what exists is left with the provider"),
            Condition("Current", False, "Moving"),
        ),
    )
    guards.nothing_vanishes(order, rendered, known, former, None)
    return rendered


def _as_observed(resource: Resource) -> Resource:
    orphaned = replace(
        guards.without_delete(resource, ALL_POLICIES),
        annotations={k: v for k, v in resource.annotations.items() if k == bound.ANNOTATION},
        labels={k: v for k, v in resource.labels.items() if k.startswith(API_GROUP)},
        ready=False,
    )
    return named(orphaned, resource)
