"""Refuse to act on an older version of an order than the one that was answered last.

Crossplane reads a composite and its composed resources from different caches, and the cache of
composites can lag, as after a failover to another API server. A stale order then looks as if the
tenant had undone the last edit, and what that edit added would be deleted.

The record of the last answer holds the version of the composite at which the request last changed.
It is written only then: Crossplane itself raises the generation too, and a record that followed it
would be written again and again.
"""

from collections.abc import Mapping
from typing import Any

from function.errors import StaleRead
from function.record import Bound, Revision

_PUBLIC = "an older version of this order was read; nothing was changed, and it is tried again"


def revision_of(uid: str, generation: int) -> Revision | None:
    """Return the version of a composite; None if it does not have both parts."""
    return Revision(uid=uid, generation=generation) if uid and generation else None


def older_versions_change_nothing(
    current: Revision | None, request: Mapping[str, Any], previous: Bound | None
) -> None:
    """Refuse an older version of the order that requests something else than the last answer.

    Generations compare within one UID only: an order that was restored from a backup begins again.

    Args:
        current: The version of the composite that was read.
        request: What it requests, private values masked.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        StaleRead: It is older, and something would change.
    """
    known = previous.revision if previous else None
    if previous is None or known is None or current is None or current.uid != known.uid:
        return
    # An older version that requests the same is harmless: Crossplane raises the generation, too.
    if current.generation < known.generation and request != previous.requested:
        raise StaleRead(
            f"generation {current.generation} of the order was read after generation "
            f"{known.generation} was answered; nothing is changed until Crossplane reads the "
            "newer one",
            public=_PUBLIC,
        )


def remembered(
    current: Revision | None, request: Mapping[str, Any], previous: Bound | None
) -> Revision | None:
    """Return the version of the composite at which the request last changed.

    Args:
        current: The version of the composite that was read.
        request: What it requests, private values masked.
        previous: What was decided at the last answer; None for a new order.
    """
    known = previous.revision if previous else None
    if previous is None or known is None or request != previous.requested:
        return current
    return known if current is None or current.uid == known.uid else current
