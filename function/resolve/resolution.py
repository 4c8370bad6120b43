"""Define the result of resolving an order of any kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from function.contract import Order, Progress, Remark
from function.record import Bound, Decided, Machine
from function.settings import Settings


@dataclass(frozen=True)
class Resolution:
    """Hold the result of resolving an order.

    Attributes:
        decided: The decisions.
        notes: Notes to the tenant about them.
        pending: Why the order is not yet fulfilled in full; empty if it is.
        estimate: Size of the order, by the names of `status.estimate`.
        status: Facts from the catalogue about the result, for `status`.
    """

    decided: Decided
    notes: tuple[Remark, ...] = ()
    pending: str = ""
    estimate: Mapping[str, float] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)


Resolver = Callable[[Order[Any], Settings, Bound | None, Progress], Resolution]


def estimate(parts: Sequence[tuple[Machine, int, int]]) -> dict[str, float]:
    """Return the total size of machines.

    Args:
        parts: Each machine, its count, and its storage in GiB.
    """
    return {
        "cpu": sum(machine.cpu * count for machine, count, _ in parts),
        "memoryGiB": sum(machine.memory_gib * count for machine, count, _ in parts),
        "storageGiB": sum(storage * count for _, count, storage in parts),
        "gpus": sum(machine.gpus * count for machine, count, _ in parts),
    }
