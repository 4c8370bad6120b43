"""Check how values of plain data are found and replaced by their paths."""

from typing import Any

import pytest

from function import paths

Data = dict[str, Any]


POOLS: Data = {
    "name": "top",
    "pools": [
        {"name": "web", "replicas": 3, "zones": ["az1", "az2"], "disk": {"type": "ssd"}},
        {"name": "a.b", "replicas": 0},
        {"replicas": 9},
    ],
    "plain": {"level": None},
}


@pytest.mark.parametrize(
    ("where", "want"),
    [
        ("name", "top"),
        ("pools[web].replicas", 3),
        ("pools[web].disk.type", "ssd"),
        ("pools[web].zones[1]", "az2"),
        ("pools[a.b].replicas", 0),
        ("pools[2].replicas", 9),
        ("pools[web]", POOLS["pools"][0]),
        ("pools[nope].replicas", None),
        ("pools[9].replicas", None),
        ("pools.web", None),
        ("name[0]", None),
        ("plain.level", None),
        ("plain.level.deeper", None),
        ("nowhere.at.all", None),
    ],
)
def test_lookup(where: str, want: Any) -> None:
    """Whatever the data hold, a path finds a value or nothing."""
    assert paths.lookup(POOLS, where) == want


@pytest.mark.parametrize(
    ("pattern", "want"),
    [
        ("name", ["name"]),
        ("plain.level", ["plain.level"]),
        ("nowhere.deeper", ["nowhere.deeper"]),
        (
            "pools[].replicas",
            ["pools[web].replicas", "pools[a.b].replicas", "pools[2].replicas"],
        ),
        ("pools[].zones[]", ["pools[web].zones[0]", "pools[web].zones[1]"]),
        ("pools[].disk.x", ["pools[web].disk.x", "pools[a.b].disk.x", "pools[2].disk.x"]),
        ("pools[]", ["pools[web]", "pools[a.b]", "pools[2]"]),
        ("nowhere[].x", []),
        ("name[].x", []),
    ],
)  # fmt: skip
def test_expand(pattern: str, want: list[str]) -> None:
    """Entries are named on the way; the last step need not be there."""
    assert paths.expand(POOLS, pattern) == want


@pytest.mark.parametrize(
    ("where", "want"),
    [
        ("a", {"a": 9, "l": [{"name": "x", "v": 1}, {"name": "y"}]}),
        ("b.c", {"a": 1, "b": {"c": 9}, "l": [{"name": "x", "v": 1}, {"name": "y"}]}),
        ("a.c", {"a": {"c": 9}, "l": [{"name": "x", "v": 1}, {"name": "y"}]}),
        ("l[x].v", {"a": 1, "l": [{"name": "x", "v": 9}, {"name": "y"}]}),
        ("l[y].w.z", {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y", "w": {"z": 9}}]}),
        ("l[1].v", {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y", "v": 9}]}),
        ("a[x].v", {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}]}),
        ("l[nope].v", {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}]}),
    ],
)
def test_replaced(where: str, want: Data) -> None:
    """A copy holds the value, its parents made as needed; the original is as it was."""
    data = {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}]}
    assert paths.replaced(data, where, 9) == want
    assert data == {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}]}
