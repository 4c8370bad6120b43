"""Differences of answers lose nothing: applied to the old answer, they give the new one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differences import applied, difference

SCALARS = st.sampled_from([0, 1, 1.0, True, None, "", "a", "{", "{}"])
KEYS = st.sampled_from(["a", "b", "name", "type", "x.y/z", "c[d]", ""])


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    mappings = st.dictionaries(KEYS, inner, max_size=4)
    written = mappings.map(lambda data: json.dumps(data, sort_keys=True, separators=(",", ":")))
    return mappings | st.lists(inner, max_size=3) | st.lists(mappings, max_size=3) | written


def _named(names: list[str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": len(names)} for name in names]


# Lists whose entries have names: kept, reordered, added and removed.
LISTS = st.lists(st.sampled_from("abc"), unique=True).map(_named)
DATA = st.recursive(SCALARS | LISTS, _containers, max_leaves=12)
MAPPINGS = st.dictionaries(KEYS, DATA, max_size=4) | st.fixed_dictionaries({"a": LISTS})
ANSWERS = st.fixed_dictionaries(
    {
        "complete": st.booleans(),
        "ready": st.lists(st.sampled_from(["one", "two"]), unique=True),
        "status": MAPPINGS.filter(lambda data: "" not in data and "c[d]" not in data),
        "resources": st.dictionaries(
            st.sampled_from(["one", "two"]),
            MAPPINGS.filter(lambda data: "" not in data and "c[d]" not in data and data),
        ),
    }
)


@given(ANSWERS, ANSWERS)
def test_a_difference_leads_from_one_answer_to_the_other(old: Any, new: Any) -> None:
    """Whatever the two are, types of scalars and the order of lists included."""
    assert _text(applied(old, difference(old, new))) == _text(new)
    assert difference(new, new) == {}


def test_a_difference_is_by_path() -> None:
    """Through keys with dots, entries of lists and annotations; what is gone is named."""
    bound = json.dumps({"asked": {"version": "1.34"}, "place": 1}, separators=(",", ":"))
    old = {
        "complete": True,
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Ready"},
        "resources": {"one": {"annotations": {"x.y/z": bound}, "cidrs": [1, 2]}, "two": {"a": 1}},
    }
    new = {
        "complete": True,
        "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "New"}]},
        "resources": {"one": {"annotations": {"x.y/z": bound.replace("34", "35")}, "cidrs": [2]}},
    }
    assert difference(old, new) == {
        "status": {
            "conditions[Ready].status": "False",
            "conditions[New]": {"type": "New"},
            "phase": "(removed)",
        },
        "resources": {
            "one": {"annotations[x.y/z].asked.version": "1.35", "cidrs": [2]},
            "two": "(removed)",
        },
    }


@pytest.mark.parametrize("names", ["ba", "cab", "acb", "b", "abc", "bd", ""])
def test_entries_keep_their_order(names: str) -> None:
    """A list is written as a whole where entries change places, or new ones are not the last."""
    old, new = (
        {"complete": True, "status": {"pools": [{"name": name} for name in one]}, "resources": {}}
        for one in ("ab", names)
    )
    assert applied(old, difference(old, new)) == new


def _text(data: Any) -> str:
    return json.dumps(data, sort_keys=True)
