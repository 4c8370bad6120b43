"""Check what can no longer be changed, and that everything else can be corrected."""

from typing import Any

import pytest

from function import immutable
from function.errors import InvalidOrder, Problem
from function.model import KINDS
from function.schema import masked
from tests.guarding import Data, backend, bound, by_key, disk, order, resource

CANNOT = "cannot be changed once it is built"


@pytest.mark.parametrize(
    ("previous", "current", "problems"),
    [
        pytest.param({}, {}, [], id="nothing changed"),
        pytest.param({"running": True}, {"running": False}, [], id="a field that may change"),
        pytest.param({}, {"environment": "other"}, [], id="environment is judged by its place"),
        pytest.param(
            {"zone": "az1"},
            {"zone": "az2"},
            [Problem("spec.zone", f'{CANNOT}, set it back to "az1"')],
            id="another value",
        ),
        pytest.param({}, {"zone": "az2"}, [Problem("spec.zone", CANNOT)], id="was absent"),
        pytest.param(
            {},
            {"networks": [{"name": "a"}]},
            [Problem("spec.networks", CANNOT)],
            id="was an empty list",
        ),
        pytest.param(
            {"userData": "secret"},
            {"userData": "other"},
            [Problem("spec.userData", CANNOT)],
            id="private values are not shown",
        ),
        pytest.param(
            {"zone": "az1", "image": {"name": "Ubuntu"}},
            {"zone": "az2", "image": {"name": "Debian"}},
            [
                Problem("spec.image.name", f'{CANNOT}, set it back to "Ubuntu"'),
                Problem("spec.zone", f'{CANNOT}, set it back to "az1"'),
            ],
            id="all at once",
        ),
        pytest.param({"volumes": [disk(10)]}, {"volumes": [disk(20)]}, [], id="a volume grows"),
        pytest.param(
            {"volumes": [disk(20)]},
            {"volumes": [disk(10)]},
            [Problem("spec.volumes[data].sizeGiB", "can only grow, set it back to 20 or more")],
            id="a volume shrinks",
        ),
    ],
)
def test_refused_fields(previous: Data, current: Data, problems: list[Problem]) -> None:
    """Refuse a change to each field that cannot change, with the value to go back to."""
    assert judged("Server", previous, current) == problems


@pytest.mark.parametrize(
    ("previous", "current", "problem"),
    [
        (["a"], ["a", "b"], ""),
        (["a", "b"], ["a"], 'can only gain entries at its end, after ["a","b"]'),
        (["a"], ["b", "a"], 'can only gain entries at its end, after ["a"]'),
        ([], ["a"], CANNOT),
    ],
)
def test_a_list_that_grows(previous: list[str], current: list[str], problem: str) -> None:
    """It may gain entries at its end; an empty one says that the provider has chosen."""
    pool = {"name": "web", "flavor": "SCS-2V-8", "replicas": 3}
    found = judged(
        "Cluster",
        {"nodePools": [{**pool, "zones": previous}]},
        {"nodePools": [{**pool, "zones": current}]},
    )
    assert found == ([Problem("spec.nodePools[web].zones", problem)] if problem else [])


@pytest.mark.parametrize(
    ("previous", "current", "problem"),
    [
        ("None", "Node", ""),
        ("None", "Zone", ""),
        ("Node", "Zone", f'{CANNOT}, set it back to "Node"'),
        ("Node", "None", f'{CANNOT}, set it back to "Node"'),
    ],
)
def test_what_is_chosen_once(previous: str, current: str, problem: str) -> None:
    """It may be chosen where nothing was, and is immutable from then on."""
    found = judged(
        "Cluster",
        {"controlPlane": {"availability": previous}},
        {"controlPlane": {"availability": current}},
    )
    assert found == ([Problem("spec.controlPlane.availability", problem)] if problem else [])


def judged(kind: str, previous: Data, current: Data, *held: str) -> list[Problem]:
    """Return, in order, what is wrong with the edit of an order that was answered."""
    requested, edited = order(kind, **previous), order(kind, **current)
    try:
        immutable.refused_fields_are_unchanged(
            edited,
            masked(KINDS[kind], edited.written),
            bound(requested),
            {},
            frozenset(held or ["spec"]),
        )
    except InvalidOrder as refusal:
        return sorted(refusal.problems, key=str)
    return []


def test_new_order_may_ask_for_anything() -> None:
    """Judge no field of an order that was never answered."""
    requested = order("Server", zone="az1")
    immutable.refused_fields_are_unchanged(requested, requested.written, None, {})


def test_nothing_is_held_of_a_new_order() -> None:
    """Hold nothing where nothing was decided, whatever is observed."""
    assert immutable.held_paths(backend(), by_key(resource("a")), None) == frozenset()


def test_all_is_held_unless_the_backend_says_less() -> None:
    """Ask the backend what is held, with what was written at the last answer."""
    requested = order("Server", zone="az1")
    previous = bound(requested, flavor="SCS-4V-8")
    mine = by_key(resource("a"))
    assert immutable.held_paths(backend(), mine, previous) == {"spec"}
    seen: list[Any] = []

    def holds(observed: Any, written: Any) -> frozenset[str]:
        seen.append((observed, dict(written)))
        return frozenset({"spec.zone"})

    assert immutable.held_paths(backend(holds=holds), mine, previous) == {"spec.zone"}
    assert seen == [(mine, {**requested.written, "flavor": "SCS-4V-8"})]


NETWORKED: Data = {
    "networks": [{"name": "a"}, {"name": "b"}],
    "volumes": [disk(10), disk(10, "log")],
}


@pytest.mark.parametrize(
    ("held", "fields"),
    [
        pytest.param([], [], id="nothing built"),
        pytest.param(
            ["spec.volumes[data]"],
            ["spec.volumes[data].type"],
            id="one of two volumes",
        ),
        pytest.param(
            ["spec.networks[a]", "spec.zone"],
            ["spec.networks[a]", "spec.zone"],
            id="a part of a list",
        ),
        pytest.param(["spec.elsewhere"], [], id="something that is no field"),
        pytest.param(
            ["spec"],
            [
                "spec.bootVolume",
                "spec.environment",
                "spec.image",
                "spec.networks",
                "spec.placement.spread",
                "spec.sshKeys",
                "spec.userData",
                "spec.volumes[data].type",
                "spec.volumes[log].type",
                "spec.zone",
            ],
            id="everything",
        ),
    ],
)
def test_immutable_fields(held: list[str], fields: list[str]) -> None:
    """Name the fields that cannot change; no field that may grow, or change, is among them."""
    current = order("Server", **NETWORKED).written
    assert immutable.immutable_fields("Server", current, frozenset(held)) == fields


@pytest.mark.parametrize(
    ("current", "held", "refused"),
    [
        pytest.param({"zone": "az2"}, ["spec.networks"], [], id="another field"),
        pytest.param({"zone": "az2"}, ["spec.zone"], ["spec.zone"], id="the field"),
        pytest.param(
            {"networks": [{"name": "a"}]},
            ["spec.networks[b]"],
            ["spec.networks"],
            id="a held entry",
        ),
        pytest.param(
            {"networks": [{"name": "a"}]}, ["spec.networks[a]"], [], id="an entry that is kept"
        ),
        pytest.param(
            {"networks": [{"name": "c"}, {"name": "b"}]},
            ["spec.networks[b]"],
            [],
            id="the entry before one that is kept",
        ),
        pytest.param(
            {"networks": [{"name": "b"}, {"name": "a"}]},
            ["spec.networks[b]"],
            ["spec.networks"],
            id="a held entry at another place",
        ),
        pytest.param(
            {"bootVolume": {"sizeGiB": 20, "type": "hdd"}},
            ["spec.bootVolume.type"],
            ["spec.bootVolume"],
            id="a part of a mapping",
        ),
    ],
)
def test_corrections(current: Data, held: list[str], refused: list[str]) -> None:
    """Refuse what would change something live, and let everything else be corrected."""
    previous = {**NETWORKED, "zone": "az1"}
    problems = judged("Server", previous, {**previous, **current}, *held)
    assert [problem.field for problem in problems] == refused
