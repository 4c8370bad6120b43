"""Live orders of the first release are answered as they are, whatever is refused or changed since.

`tests/data/released/` holds what the release rendered of orders with values that are refused today,
or mean something else: order, example provider, and composed resources once they are built.
"""

from typing import Any

import pytest

from function import simulate
from function.backends.gardener.effective import KEPT
from function.bound import ANNOTATION
from function.managed import EXTERNAL_NAME
from function.progress import COMPLETE
from tests import asking

each_order = pytest.mark.parametrize("name", asking.RELEASED)


def without_record(resources: dict[str, Any]) -> dict[str, Any]:
    """Return resources without the annotations that are written today.

    The record counts volumes, external names are written back (ADR 5), and what was complete once
    and what was not offered are remembered beside the record.
    """
    for manifest in resources.values():
        for name in (ANNOTATION, EXTERNAL_NAME, COMPLETE, KEPT):
            manifest["metadata"]["annotations"].pop(name, None)
    return resources


@each_order
def test_nothing_of_it_changes(name: str) -> None:
    """Not at the first answer, and not at those after it."""
    data = asking.released(name)
    layers = asking.provider(data["provider"])
    live = simulate.play(data["resources"])
    for _ in range(3):
        outcome = asking.ask(data["order"], layers, live)
        assert not outcome.fatal
        live = simulate.play(outcome.resources)
        assert without_record(dict(outcome.resources)) == without_record(data["resources"])


@each_order
def test_it_can_be_edited(name: str) -> None:
    """Without touching the values that it was accepted with."""
    data = asking.released(name)
    order = {**data["order"], "spec": {**data["order"]["spec"], "deletionPolicy": "Orphan"}}
    live = simulate.play(data["resources"])
    assert not asking.ask(order, asking.provider(data["provider"]), live).fatal


@pytest.mark.parametrize("name", [name for name in asking.RELEASED if "silent" not in name])
def test_it_would_not_be_accepted_today(name: str) -> None:
    """Else the file would say nothing of what is refused since; the other is about what changed."""
    data = asking.released(name)
    assert asking.ask(data["order"], asking.provider(data["provider"])).fatal
