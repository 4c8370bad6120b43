"""Bound an order as a whole, as the model bounds each of its fields.

Crossplane receives responses of 4 MiB, etcd stores objects of 1.5 MiB, and an object holds
annotations of 256 KiB. Anything larger is lost without a condition, so a new order that would
exceed this is refused. A live order that exceeds the limits is still answered in full, and every
edit that does not increase it is accepted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from function.contract import Backend, Order, Rendered, Resource
from function.errors import InvalidOrder, Problem
from function.record import Bound
from function.schema import canonical

# Resources of an order, and their bytes in a response. The composite holds a reference of up to 170
# bytes for each, beside the order itself and its status.
RESOURCES, ANSWER = 2500, 5 * 2**20 // 2
# Bytes that Crossplane receives, with a margin.
RECEIVED = 4 * 2**20 - 2**16
# What one object may hold: an Object stores its manifest twice, plus its managed fields.
PAYLOAD, ANNOTATIONS, STORED = 384 * 2**10, 240 * 2**10, 256 * 2**10
# Bytes of a resource beside its payload, its external name included, and the payload of one that is
# only planned.
_BESIDE, _LATER = 720, 256
# Bytes of a live order may grow by this part in an edit that adds nothing, such as a longer port.
_SLACK = 20


@dataclass(frozen=True)
class Size:
    """Say how large an order is.

    Attributes:
        resources: Number of its resources, those of later waves included.
        content: Bytes of all of them.
    """

    resources: int
    content: int

    @property
    def is_beyond(self) -> bool:
        """Return whether a new order of this size is refused."""
        return self.resources > RESOURCES or self.content > ANSWER


def of(order: Order[Any], rendered: Rendered) -> Size:
    """Return the size of a rendered order."""
    later = len(rendered.planned - {resource.key for resource in rendered.resources})
    content = sum(_envelope(order) + _payload(resource) for resource in rendered.resources)
    content += later * (_envelope(order) + _LATER) + rendered.planned_bytes
    return Size(len(rendered.resources) + later, content)


def remembered(size: Size) -> dict[str, int]:
    """Return the size for the bound record; empty within the limits."""
    return {"resources": size.resources, "bytes": size.content} if size.is_beyond else {}


def check(
    order: Order[Any],
    rendered: Rendered,
    previous: Bound | None,
    mine: Mapping[str, Resource],
    backend: Backend[Any],
) -> None:
    """Refuse an order that exceeds the limits, and more than at its last answer.

    Args:
        order: The order.
        rendered: What its backend rendered.
        previous: What was decided at the last answer; None for a new order.
        mine: Our observed resources by key.
        backend: The backend.

    Raises:
        InvalidOrder: It does; with figures.
    """
    current, former = of(order, rendered), _former(order, previous, mine)
    problems = [
        *_whole(order, rendered, current, former, backend),
        *_parts(rendered, mine, backend),
    ]
    if problems:
        raise InvalidOrder(*problems)


def check_annotations(rendered: Rendered, mine: Mapping[str, Resource], *, changed: bool) -> None:
    """Refuse an order whose record does not fit into the annotations of a resource.

    Args:
        rendered: The answer, complete.
        mine: Our observed resources by key.
        changed: Whether the tenant changed it; if not, only Kubernetes's own limit counts.

    Raises:
        InvalidOrder: It does not fit; with figures.
    """
    limit = ANNOTATIONS if changed else STORED
    for resource in rendered.resources:
        ours, live = resource.annotations, mine.get(resource.key)
        former = {n: v for n, v in live.annotations.items() if n in ours} if live else {}
        size = _length(ours)
        if size > max(limit, _length(former)):
            text = f"its record takes {size} bytes, at most {limit} are accepted"
            raise InvalidOrder(Problem("spec", f"{text}; shorten labels, annotations or variables"))


def undeliverable(size: int) -> InvalidOrder:
    """Return the refusal of a response that Crossplane would not receive."""
    text = f"its resources take {size} bytes, and Crossplane receives at most {RECEIVED} at once"
    return InvalidOrder(Problem("spec", f"{text}; reduce the order, or split it"))


def _former(order: Order[Any], previous: Bound | None, mine: Mapping[str, Resource]) -> Size:
    """Return the size at the last answer, from the record or from what is observed."""
    if previous is not None and previous.size:
        return Size(previous.size.get("resources", 0), previous.size.get("bytes", 0))
    return Size(len(mine), sum(_envelope(order) + _payload(live) for live in mine.values()))


def _whole(
    order: Order[Any], rendered: Rendered, current: Size, former: Size, backend: Backend[Any]
) -> Iterator[Problem]:
    """Yield a problem if there are too many resources, or too many bytes."""
    shares = Counter[str]()
    if current.resources > max(RESOURCES, former.resources):
        keys = {resource.key for resource in rendered.resources} | rendered.planned
        shares.update(backend.field_of(key) for key in keys)
        text = f"needs {current.resources} resources{_listed(shares)}"
        limit = RESOURCES
    elif current.content > max(ANSWER, _with_slack(former.content)):
        for resource in rendered.resources:
            shares[backend.field_of(resource.key)] += _envelope(order) + _payload(resource)
        text = f"needs resources of {current.content} bytes{_listed(shares)}"
        limit = ANSWER
    else:
        return
    yield Problem(
        "spec", f"{text}, at most {limit} are accepted per order; reduce the order, or split it"
    )


def _parts(
    rendered: Rendered, mine: Mapping[str, Resource], backend: Backend[Any]
) -> Iterator[Problem]:
    for resource in rendered.resources:
        live, size = mine.get(resource.key), _payload(resource)
        if size > max(PAYLOAD, _with_slack(_payload(live)) if live else 0):
            yield Problem(
                backend.field_of(resource.key) or "spec",
                f"takes {size} bytes in one object, at most {PAYLOAD} are accepted; use fewer "
                "entries, or shorter ones",
            )


def _listed(shares: Counter[str]) -> str:
    largest = sorted((-share, field) for field, share in shares.items() if field)
    parts = [f"{field}: {-share}" for share, field in largest[:3]]
    return f" ({', '.join(parts)})" if parts else ""


def _with_slack(size: int) -> int:
    return size + size // _SLACK


def _envelope(order: Order[Any]) -> int:
    return _BESIDE + 2 * (len(order.tenant) + len(order.name))


def _payload(resource: Resource) -> int:
    parts = (resource.payload, resource.initial, resource.options)
    return sum(len(canonical(part).encode("utf-8", "replace")) if part else 2 for part in parts)


def _length(annotations: Mapping[str, str]) -> int:
    return sum(
        len(name) + len(value.encode("utf-8", "replace")) for name, value in annotations.items()
    )
