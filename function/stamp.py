"""Give every composed resource its name, labels, record, policies and identities."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from function import bound, guards, names
from function.contract import Backend, Order, Rendered, Resource
from function.frozen import changed
from function.labels import BACKEND_LABEL, ENVIRONMENT_LABEL
from function.managed import ALL_POLICIES
from function.record import Bound


def stamped(
    rendered: Rendered,
    order: Order[Any],
    backend: Backend[Any],
    record: Bound,
    mine: Mapping[str, Resource],
) -> Rendered:
    """Return the resources with their metadata, record, policies and identities.

    Args:
        rendered: What the backend rendered.
        order: The order.
        backend: The backend.
        record: What was decided; the root resource carries it.
        mine: The observed resources of the order by key; names and places of Secrets stay.
    """
    resources = tuple(
        _stamped(resource, order, backend, record, mine.get(resource.key))
        for resource in rendered.resources
    )
    return replace(rendered, resources=resources)


def _stamped(
    resource: Resource,
    order: Order[Any],
    backend: Backend[Any],
    record: Bound,
    previous: Resource | None,
) -> Resource:
    annotations = dict(resource.annotations)
    if resource.key == backend.root:
        annotations[bound.ANNOTATION] = bound.encode(record)
    name = previous.name if previous else ""
    found = changed(
        resource,
        name=name or names.composed(order.tenant, order.kind, order.name, resource.key),
        labels={
            **resource.labels,
            BACKEND_LABEL: backend.name,
            ENVIRONMENT_LABEL: str(record.place.environment),
            **order.labels,
        },
        annotations=annotations,
        provider_config=str(record.place.provider_config),
        secret_namespace=previous.secret_namespace if previous else "",
        ready=resource.ready and previous is not None,
    )
    if order.spec.deletion_policy == "Orphan":
        found = guards.without_delete(found, ALL_POLICIES)
    return changed(found, identities=backend.identities(found))
