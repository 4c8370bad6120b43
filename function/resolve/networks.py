"""Resolve an order for a network: it leaves nothing open."""

from function.contract import Bound, Order, Progress
from function.model import NetworkSpec
from function.resolve.resolution import Resolution, estimate
from function.settings import Settings


def network(
    order: Order[NetworkSpec], settings: Settings, before: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for a network.

    Args:
        order: Not used, like the others: what a cloud adds is the backend's to know.
        settings: Not used.
        before: Not used.
        progress: Not used.
    """
    del order, settings, before, progress
    return Resolution({}, estimate=estimate([]))
