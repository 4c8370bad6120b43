"""Report what runs while an order is refused.

A refusal applies nothing, and what runs goes on: its conditions are read from the observed
resources, compared with the order as it was last accepted, which the bound record holds. Neither
the order nor its environment is read, because either may be invalid. A condition that cannot be
known is left out, and the adapter sends the previous one again.
"""

from collections.abc import Mapping
from typing import Any

from function import backends, bound, report, versions
from function.compose import ReceivedOrder
from function.contract import Accepted, Backend, Condition, Order, Resource
from function.errors import Refusal
from function.labels import BACKEND_LABEL, labels_of
from function.model import KINDS, ClusterSpec


def conditions(subject: ReceivedOrder, observed: Mapping[str, Resource]) -> tuple[Condition, ...]:
    """Return the conditions that the observed resources of an order show.

    Args:
        subject: Whose order it is; its spec is not read.
        observed: Resources with our label, or with the name that we gave them.
    """
    config = labels_of(subject.tenant, subject.kind, subject.name)
    mine = {key: r for key, r in observed.items() if config.items() <= r.labels.items()}
    backend = _backend(subject.kind, mine)
    # A resource that has lost its labels may be the failing one.
    if backend is None or mine.keys() != observed.keys():
        return ()
    seen = {key: resource.checked(backend.reads) for key, resource in mine.items()}
    accepted = _accepted(subject, backend, seen)
    view = backend.look(accepted, backend.live(seen))
    shown = report.stepwise(view.conditions, _pending(accepted) if accepted else "")
    if view.wanted is None:
        return shown
    return (report.provisioned(len(view.ready), len(view.wanted)), *shown)


def _backend(kind: str, mine: Mapping[str, Resource]) -> Backend[Any] | None:
    """Return the backend that made the resources; None if it is not known or not the only one."""
    names = {resource.labels.get(BACKEND_LABEL, "") for resource in mine.values()}
    return backends.BACKENDS.get(kind, {}).get(names.pop()) if len(names) == 1 else None


def _accepted(
    subject: ReceivedOrder, backend: Backend[Any], mine: Mapping[str, Resource]
) -> Accepted[Any] | None:
    """Return the order as it was last accepted; None if its record is lost or not understood."""
    root = mine.get(backend.root)
    try:
        record = bound.decode(root.annotations.get(bound.ANNOTATION, "")) if root else None
    except Refusal:
        return None
    spec = bound.accepted_spec(KINDS[subject.kind], record) if record else None
    if record is None or spec is None:
        return None
    order = Order(
        subject.kind,
        subject.tenant,
        subject.name,
        subject.mode,
        subject.uid,
        record.requested,
        spec,
    )
    return Accepted(order, record)


def _pending(accepted: Accepted[Any]) -> str:
    """Return which version is still to be reached in steps; empty if none is."""
    spec = accepted.order.spec
    if not isinstance(spec, ClusterSpec) or versions.answers(accepted.bound.version, spec.version):
        return ""
    return f"{spec.version} is reached in steps, which wait until the order is accepted"
