"""Notice resources that never become ready although nobody reports a problem.

Missing credentials, or a controller that does not run, look like patience: the resource is there,
no condition is bad, and nothing happens. Only time shows the difference.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from function.contract import Condition, Resource
from function.diagnosis import CONDITION, condition_of
from function.model.values import seconds

REASON = "Stalled"
SENTENCE = (
    "something is not ready for too long, and no problem is reported; the provider has to look"
)


class Verdict(NamedTuple):
    """Say whether an order is stalled.

    Attributes:
        conditions: Its conditions.
        moment: When it counts as stalled; None if nothing waits, or nobody knows since when.
        keys: Resources that are not ready, if that makes it a stalled one.
    """

    conditions: tuple[Condition, ...]
    moment: datetime.datetime | None = None
    keys: tuple[str, ...] = ()


def judge(
    shown: tuple[Condition, ...],
    rendered: Iterable[Resource],
    mine: Mapping[str, Resource],
    after: str,
    now: datetime.datetime,
) -> Verdict:
    """Judge whether an order is stalled; a problem that is reported says more.

    Args:
        shown: Conditions of the order.
        rendered: Its resources.
        mine: What is observed of them, by key.
        after: Duration that a resource may take, such as 1h.
        now: The time in UTC.
    """
    waiting = {
        resource.key: since
        for resource in rendered
        if not resource.ready and (since := _since(mine.get(resource.key)))
    }
    is_healthy = any(one.type == CONDITION and one.status for one in shown)
    if not waiting or not is_healthy:
        return Verdict(shown)
    moment = min(waiting.values()) + datetime.timedelta(seconds=seconds(after))
    if now < moment:
        return Verdict(shown, moment)
    stalled = Condition(CONDITION, False, REASON, SENTENCE)
    noted = tuple(stalled if one.type == CONDITION else one for one in shown)
    return Verdict(noted, moment, tuple(sorted(waiting)))


def _since(found: Resource | None) -> datetime.datetime | None:
    """Return since when an observed resource is not ready; None if it is, or that is unknown."""
    if found is None or found.deleting:
        return None
    ready = condition_of(found.status, "Ready")
    if ready.get("status") == "True":
        return None
    return _time(ready.get("lastTransitionTime") or found.created)


def _time(text: str) -> datetime.datetime | None:
    """Return a time as API servers write it; None for any other text."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    # In the last years of the calendar no duration can be added.
    return found if found.tzinfo and found.year < datetime.MAXYEAR else None
