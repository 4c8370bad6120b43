"""What counts as applied, and as read by a provider, of a desired resource."""

from dataclasses import replace
from typing import Any

import pytest

from function import handover
from function.contract import Condition, Resource

CURRENT = Condition("Current", True, "AsOrdered")
PAYLOAD = {"size": 10, "tags": ["ours"], "net": [{"name": "a"}], "manifest": {"spec": {"a": 1}}}
DESIRED = Resource(key="x", family="kubernetes", kind="Object", payload=PAYLOAD)


def observed(payload: dict[str, Any], **values: Any) -> Resource:
    """Return the resource as it is observed."""
    return replace(DESIRED, payload=payload, **values)


def synced(status: str, generation: int) -> dict[str, Any]:
    """Return what a provider says of its last attempt."""
    condition = {"type": "Synced", "status": status, "observedGeneration": generation}
    return {"conditions": [condition]}


OBSERVED = {
    "the same": (observed(PAYLOAD), True),
    "nothing": (None, False),
    "late fields": (observed(PAYLOAD | {"id": "1", "net": [{"name": "a", "id": "2"}]}), True),
    "tags of the provider": (observed(PAYLOAD | {"tags": ["theirs", "ours"]}), True),
    "no tag of ours": (observed(PAYLOAD | {"tags": ["theirs"]}), False),
    "no list of tags": (observed(PAYLOAD | {"tags": "ours"}), False),
    "another value": (observed(PAYLOAD | {"size": 11}), False),
    "another type": (observed(PAYLOAD | {"net": {"name": "a"}}), False),
    "no mapping": (observed(PAYLOAD | {"net": ["a"]}), False),
    "a further entry": (observed(PAYLOAD | {"net": [{"name": "a"}, {"name": "b"}]}), False),
    "a field of an Object that is to go": (
        observed(PAYLOAD | {"manifest": {"spec": {"a": 1, "b": 2}}}),
        False,
    ),
    "what the live object has already": (
        observed(
            PAYLOAD | {"manifest": {"spec": {"a": 0}}},
            status={"atProvider": {"manifest": {"spec": {"a": 1}}}},
        ),
        True,
    ),
    "what neither has": (
        observed(
            PAYLOAD | {"manifest": {"spec": {"a": 0}}},
            status={"atProvider": {"manifest": {"spec": {"a": 2}}}},
        ),
        False,
    ),
    "other policies": (observed(PAYLOAD, policies=("Observe",)), False),
    "read": (observed(PAYLOAD, generation=4, status=synced("True", 4)), True),
    "not read yet": (observed(PAYLOAD, generation=4, status=synced("True", 3)), False),
    "failing since": (observed(PAYLOAD, generation=4, status=synced("False", 3)), True),
    "a provider that says no generation": (
        observed(PAYLOAD, generation=4, status=synced("True", 0)),
        True,
    ),
}


@pytest.mark.parametrize(("seen", "done"), OBSERVED.values(), ids=OBSERVED)
def test_current_holds_once_all_is_handed_over(seen: Resource | None, done: bool) -> None:
    """Of every desired resource, and not before."""
    mine = {"x": seen, "y": observed(PAYLOAD, key="y")} if seen else {}
    desired = [DESIRED, replace(DESIRED, key="y")] if seen else [DESIRED]
    (found,) = handover.current([CURRENT], desired, {k: v for k, v in mine.items() if v})
    assert found.status is done
    assert found == CURRENT or found.message == handover.PENDING


def test_what_the_live_thing_says_comes_first() -> None:
    """A condition that does not hold keeps its reason, and others are left alone."""
    shown = [Condition("Current", False, "Paused", "a"), Condition("BackendHealthy", True, "b")]
    assert list(handover.current(shown, [DESIRED], {})) == shown
