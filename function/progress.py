"""Say in one sentence what happens to a cluster, and how far it is.

An annotation persists what the cluster was when it was last complete: only this shows what
changes, from what, and whether it is still being built for the first time. Every change of
the sentence costs the order one more call, so large counts change in few steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from function import shapes
from function.model import API_GROUP
from function.schema import canonical, mapping

COMPLETE = f"{API_GROUP}/complete"
# Counts up to this one are shown as they are, larger ones in as many steps.
STEPS = 10
# A provider's percentages change all the time.
PERCENT_STEP = 25
_NAMED = 3


@dataclass(frozen=True)
class Shape:
    """What a cluster is made of.

    Attributes:
        version: Its Kubernetes version.
        planes: Machines of its control plane; 0 where that is no machine.
        pools: Nodes by pool; None for a pool that grows and shrinks by itself.
    """

    version: str = ""
    planes: int = 0
    pools: Mapping[str, int | None] = field(default_factory=dict)

    def written(self) -> str:
        """Return the shape as the value of an annotation."""
        shown = {"planes": self.planes, "pools": dict(self.pools), "version": self.version}
        return canonical({name: value for name, value in shown.items() if value})


def remembered(annotations: Mapping[str, str]) -> Shape | None:
    """Return what a cluster was when it was last complete.

    Returns:
        An empty shape if it never was; None if that is unknown.
    """
    if COMPLETE not in annotations:
        return None
    written = mapping(annotations[COMPLETE])
    pools = shapes.mapping(written.get("pools"))
    return Shape(
        version=shapes.text(written.get("version")),
        planes=shapes.count(written.get("planes")),
        pools={name: count if type(count) is int else None for name, count in pools.items()},
    )


@dataclass(frozen=True)
class Count:
    """How many of something there are, of how many."""

    name: str
    done: int
    total: int

    @property
    def is_full(self) -> bool:
        """Return whether all are there."""
        return self.done >= self.total

    def __str__(self) -> str:
        """Return the count for people, a large one in steps."""
        done, step = max(0, min(self.done, self.total)), -(-self.total // STEPS)
        if self.total > STEPS and not self.is_full:
            return f"{self.name} at least {done // step * step} of {self.total}".strip()
        return f"{self.name} {done} of {self.total}".strip()


def percent(value: Any) -> str:
    """Return how much of an operation is done, in steps."""
    share = int(value) // PERCENT_STEP * PERCENT_STEP if isinstance(value, int) else 0
    return f"{max(0, min(share, 100))} % is done"


def sentence(what: str, *counts: Count | str) -> str:
    """Return what happens, followed by its progress."""
    listed = ", ".join(map(str, counts))
    return f"{what}: {listed}" if listed else what


def changes(previous: Shape, current: Shape) -> str:
    """Return how a cluster changes; empty if its shape does not change."""
    parts = list(_changes(previous, current))
    more = [f"{len(parts) - _NAMED} more"] if len(parts) > _NAMED else []
    *first, last = [*parts[:_NAMED], *more] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _changes(previous: Shape, current: Shape) -> Iterator[str]:
    if previous.version and current.version and previous.version != current.version:
        yield f"upgrading to {current.version}"
    if previous.planes and current.planes and previous.planes != current.planes:
        yield f"scaling the control plane from {previous.planes} to {current.planes}"
    for name, count in sorted(current.pools.items()):
        if name not in previous.pools:
            yield f"adding {name}"
        elif None not in (count, previous.pools[name]) and count != previous.pools[name]:
            yield f"scaling {name} from {previous.pools[name]} to {count}"
    yield from (f"removing {name}" for name in sorted(previous.pools) if name not in current.pools)
