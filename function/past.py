"""Say which resources of an order exist, and what was decided for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from function import bound, guards, immutable
from function.backends import BACKENDS
from function.contract import Backend, Resource
from function.errors import InvalidOrder
from function.existence import may_exist
from function.frozen import changed
from function.labels import BACKEND_LABEL
from function.model import KINDS
from function.record import Bound


@dataclass(frozen=True)
class Past:
    """What remains of the last answer to an order.

    Attributes:
        resources: Its observed resources by key, each with what may exist behind it.
        seen: The same, without parts whose type is not the one the backend reads.
        live: The backend's view of them.
        recorded: What the last answer persisted, even if nothing was created from it.
        record: What was decided; None if nothing can exist.
        held: Paths of order fields that something live holds.
    """

    resources: Mapping[str, Resource]
    seen: Mapping[str, Resource]
    live: Any
    recorded: Bound | None
    record: Bound | None
    held: frozenset[str]

    @property
    def binding(self) -> Bound | None:
        """Return what was decided, unless nothing live is bound to it."""
        return self.record if self.held else None

    def immutable_fields(self, kind: str, current: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the part of the status that lists the fields that can no longer be changed."""
        held = self.held | ({"spec.environment"} if self.record else set())
        fields = immutable.immutable_fields(kind, current, held)
        return {"immutableFields": fields} if fields else {}


def read(
    kind: str, written: Mapping[str, Any], backend: Backend[Any], mine: Mapping[str, Resource]
) -> Past:
    """Return what remains of the last answer.

    Args:
        kind: Kind of the order.
        written: What the tenant writes now, as a fallback for what the record lacks.
        backend: The backend that made it.
        mine: The observed resources of the order by key.

    Raises:
        BindingLost: What was decided can no longer be known.
        FunctionOutdated: A newer version has written the record.
    """
    checked = {key: resource.checked(backend.reads) for key, resource in mine.items()}
    resources = {key: _living(mine[key], checked[key], backend) for key in mine}
    seen = {
        key: changed(one, exists=resources[key].exists, identities=resources[key].identities)
        for key, one in checked.items()
    }
    exists = any(resource.exists for resource in resources.values())
    live, recorded = backend.live(seen), bound.recorded(backend, seen)
    record = bound.read(backend, KINDS[kind], written, seen, recorded) if exists else None
    return Past(
        resources=resources,
        seen=seen,
        live=live,
        recorded=recorded,
        record=record,
        held=immutable.held_paths(backend, live, record),
    )


def former_backend(kind: str, mine: Mapping[str, Resource]) -> Backend[Any] | None:
    """Return the backend that answered before, by the labels of what it made."""
    labels = {resource.labels[BACKEND_LABEL] for resource in mine.values()}
    return BACKENDS[kind].get(labels.pop()) if len(labels) == 1 else None


def moved(written: Mapping[str, Any], observed: Mapping[str, Resource]) -> InvalidOrder | None:
    """Return the refusal of an order that names a different environment than it is built in.

    If that environment does not exist, or does not offer the kind, the tenant still has to act.

    Args:
        written: What the tenant writes.
        observed: The observed resources of the order by key.
    """
    previous, named = bound.environment_of(observed), written.get("environment")
    if not previous or named in (None, previous) or not any(map(may_exist, observed.values())):
        return None
    return InvalidOrder(guards.other_environment(previous))


def _living(resource: Resource, checked: Resource, backend: Backend[Any]) -> Resource:
    """Return an observed resource with all that may exist behind it.

    Identities come from the whole resource, also from parts that do not fit their shapes.
    """
    identities = backend.identities(resource) - backend.unmade(checked)
    exists = bool(identities) and may_exist(resource)
    return changed(resource, exists=exists, identities=identities if exists else frozenset())
