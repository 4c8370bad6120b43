"""Live orders of the first release are answered as they are, whatever is refused or changed since.

`tests/released/` holds what the release rendered of orders with values that are refused today, and
that mean something else today: order, example provider, and composed resources once they are built.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from function import simulate
from function.backends.gardener.effective import KEPT
from function.bound import ANNOTATION
from function.managed import EXTERNAL_NAME
from function.progress import COMPLETE
from tests import asking

FILES = sorted((Path(__file__).parent / "released").glob("*.yaml"))
each_order = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def released(path: Path) -> dict[str, Any]:
    """Return an order and what the release made of it."""
    data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return data


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
def test_nothing_of_it_changes(path: Path) -> None:
    """Not at the first answer, and not at those after it."""
    data = released(path)
    layers = asking.provider(data["provider"])
    live = simulate.play(data["resources"])
    for _ in range(3):
        outcome = asking.ask(data["order"], layers, live)
        assert not outcome.fatal
        live = simulate.play(outcome.resources)
        assert without_record(dict(outcome.resources)) == without_record(data["resources"])


@each_order
def test_it_can_be_edited(path: Path) -> None:
    """Without touching the values that it was accepted with."""
    data = released(path)
    order = {**data["order"], "spec": {**data["order"]["spec"], "deletionPolicy": "Orphan"}}
    live = simulate.play(data["resources"])
    assert not asking.ask(order, asking.provider(data["provider"]), live).fatal


@pytest.mark.parametrize("path", [p for p in FILES if "silent" not in p.stem], ids=lambda p: p.stem)
def test_it_would_not_be_accepted_today(path: Path) -> None:
    """Else the file would say nothing of what is refused since; the other is about what changed."""
    data = released(path)
    assert asking.ask(data["order"], asking.provider(data["provider"])).fatal
