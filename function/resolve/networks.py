"""Resolve an order for a network: it leaves nothing open, but its range has to be usable."""

from function.contract import Order, Progress, Remark
from function.errors import InvalidOrder, Problem
from function.model import NetworkSpec
from function.model.values import NO_HOST, PUBLIC, is_private, is_unusable
from function.record import Bound, Decided
from function.resolve.resolution import Resolution, estimate
from function.settings import Settings


def network(
    order: Order[NetworkSpec], settings: Settings, previous: Bound | None, progress: Progress
) -> Resolution:
    """Resolve an order for a network.

    Args:
        order: The order.
        settings: Not used, like the progress: only the backend knows what a cloud adds.
        previous: What was decided at the last answer; None for a new order.
        progress: Not used.

    Raises:
        InvalidOrder: Its range cannot be used; that of a live network is not checked again.
    """
    del settings, progress
    cidr = order.spec.cidr
    if previous is None and is_unusable(cidr):
        raise InvalidOrder(Problem("spec.cidr", NO_HOST))
    notes = () if is_private(cidr) else (Remark("spec.cidr", PUBLIC),)
    return Resolution(Decided(), notes, estimate=estimate([]))
