"""Say what was resolved for an order, whatever its kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from function.contract import Order, Progress, Remark
from function.record import Bound, Decided, Machine
from function.settings import Settings


@dataclass(frozen=True)
class Resolution:
    """What was resolved.

    Attributes:
        decided: What was decided.
        notes: What the tenant should know of it.
        pending: Why the order is not yet answered in full; empty if it is.
        estimate: What the order holds, by the names of `status.estimate`.
        status: What the catalogue says of the result, for `status`.
    """

    decided: Decided
    notes: tuple[Remark, ...] = ()
    pending: str = ""
    estimate: Mapping[str, float] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)


Resolver = Callable[[Order[Any], Settings, Bound | None, Progress], Resolution]


def estimate(parts: Sequence[tuple[Machine, int, int]]) -> dict[str, float]:
    """Return what machines hold in all.

    Args:
        parts: Each machine, how many of it there are, and the storage of one in GiB.
    """
    return {
        "cpu": sum(machine.cpu * count for machine, count, _ in parts),
        "memoryGiB": sum(machine.memory_gib * count for machine, count, _ in parts),
        "storageGiB": sum(storage * count for _, count, storage in parts),
        "gpus": sum(machine.gpus * count for machine, count, _ in parts),
    }
