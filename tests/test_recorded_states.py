"""Live orders whose records a former version wrote are answered as before.

`tests/data/settled/` holds what the version before ADR 23 rendered of orders that were settled:
order, example provider with its edits, mode, and composed resources with their annotations.
"""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import simulate
from function.bound import ANNOTATION, decode
from function.contract import Mode
from function.paths import replaced
from function.record import BOUND_FORMAT
from tests import asking, compare
from tests.asking import Manifest

FILES = sorted((asking.DATA / "settled").glob("*.yaml"))
every_state = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def recorded(path: Path) -> tuple[Manifest, list[Manifest], Mode, dict[str, Any]]:
    """Return an order, its environment, the mode, and what was composed of it."""
    state = yaml.safe_load(path.read_text("utf-8"))
    *layers, last = asking.provider(state["provider"])
    for where, value in state.get("environment", {}).items():
        last = replaced(last, f"data.{where}", value)
    return state["order"], [*layers, last], Mode(state["mode"]), state["resources"]


@every_state
def test_it_is_read_and_written_back(path: Path) -> None:
    """All of it is the same, the record included, three answers long."""
    order, layers, mode, resources = recorded(path)
    live = simulate.play(resources)
    for _ in range(3):
        outcome = asking.ask(order, layers, live, mode)
        assert not outcome.fatal
        assert outcome.resources == resources
        live = simulate.play(outcome.resources)


@every_state
@pytest.mark.parametrize("edit", compare.ENVIRONMENT_EDITS[1:], ids=["offers", "login", "blocks"])
def test_an_edit_of_its_environment_changes_no_identity(path: Path, edit: Manifest) -> None:
    """Nothing is added, renamed or removed, and nothing that would replace a machine changes."""
    order, layers, mode, resources = recorded(path)
    live = simulate.play(resources)
    outcome = asking.ask(order, [*layers[:-1], compare.edited(layers[-1], edit)], live, mode)
    assert not outcome.fatal
    assert identities(outcome.resources) == identities(resources)
    if order["kind"] == "Cluster":
        assert without_records(outcome.resources) == without_records(resources)


@every_state
def test_its_record_has_a_format(path: Path) -> None:
    """Of the version that wrote it; one of a newer format is refused (`tests/test_bound.py`)."""
    *_, resources = recorded(path)
    texts = [r["metadata"]["annotations"].get(ANNOTATION) for r in resources.values()]
    [record] = filter(None, texts)
    found = decode(record)
    assert found is not None
    assert found.format == BOUND_FORMAT


def test_there_are_enough_of_them() -> None:
    """Together with the orders of the first release (`tests/test_released.py`)."""
    assert len([*FILES, *asking.RELEASED]) >= 30


def identities(resources: Any) -> dict[str, tuple[Any, ...]]:
    """Return name, kind, and the object inside, of each resource by key."""
    return {
        key: (
            manifest["kind"],
            manifest["metadata"]["name"],
            manifest["spec"]["forProvider"].get("manifest", {}).get("metadata", {}).get("name"),
        )
        for key, manifest in resources.items()
    }


def without_records(resources: Any) -> dict[str, Any]:
    """Return resources without annotations, which no machine reads."""
    result = copy.deepcopy(dict(resources))
    for manifest in result.values():
        del manifest["metadata"]["annotations"]
    return result
