"""Check that data of others are read by type, and nothing is converted."""

import json
from typing import Any

import pytest

from function import shapes
from function.shapes import EACH

OBJECT = {
    "name": str,
    "size": int,
    "on": bool,
    "free": dict,
    "tags": [str],
    "parts": [{"name": str, "size": int}],
    "labels": {EACH: str},
    "even": lambda value: value == 2,
}


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"name": "a", "size": 1, "on": True}, ..., id="all fits"),
        pytest.param({"other": [None]}, ..., id="what is not named"),
        pytest.param({"name": 1, "size": "1", "on": 1, "free": []}, {}, id="other types"),
        pytest.param({"size": True}, {}, id="a flag is no number"),
        pytest.param({"size": 1.5}, {}, id="a fraction is no count"),
        pytest.param({"name": None}, {}, id="null"),
        pytest.param({"tags": ["a", 1, None, "b"]}, {"tags": ["a", "b"]}, id="entries"),
        pytest.param({"tags": "ab"}, {}, id="text is no list"),
        pytest.param(
            {"parts": [{"name": "a", "size": "x"}, "b", {"size": 1, "more": 2}]},
            {"parts": [{"name": "a"}, {"size": 1, "more": 2}]},
            id="fields of entries",
        ),
        pytest.param({"labels": {"a": "b", "c": 1}}, {"labels": {"a": "b"}}, id="each"),
        pytest.param({"even": 2}, ..., id="by a function"),
        pytest.param({"even": 3}, {}, id="not by a function"),
        pytest.param([], None, id="another whole"),
        pytest.param(None, None, id="no whole"),
    ],
)
def test_fitting(value: Any, want: Any) -> None:
    """Keep what fits and what is not named; take the rest for absent."""
    previous = json.dumps(value)
    assert shapes.fitting(value, OBJECT) == (value if want is ... else want)
    assert json.dumps(value) == previous


@pytest.mark.parametrize(
    ("value", "mapping", "mappings", "text", "count"),
    [
        ({"a": 1}, {"a": 1}, [], "", 0),
        ([{"a": 1}, "x", {}], {}, [{"a": 1}, {}], "", 0),
        ("x", {}, [], "x", 0),
        (3, {}, [], "", 3),
        (True, {}, [], "", 0),
        (-3, {}, [], "", 0),
        (1.5, {}, [], "", 0),
        (None, {}, [], "", 0),
    ],
)
def test_accessors(value: Any, mapping: Any, mappings: Any, text: str, count: int) -> None:
    """Return a value of the type that is asked for, or one that means none."""
    assert shapes.mapping(value) == mapping
    assert shapes.mappings(value) == mappings
    assert shapes.text(value) == text
    assert shapes.count(value) == count


@pytest.mark.parametrize(
    "value",
    [{}, {"a": [1, -1.5, 1e300, "ü\U0001f600", None, True]}, [], "x", 2**53, -(2**53), False],
)
def test_parsed(value: Any) -> None:
    """Read what `canonical` writes."""
    assert shapes.parsed(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param('{"a":', id="cut off"),
        pytest.param('{"a": NaN}', id="not a number"),
        pytest.param("[1e999]", id="infinite"),
        pytest.param('["\\ud800"]', id="half a character"),
        pytest.param('{"\\udfff": 1}', id="half a character in a key"),
        pytest.param(f'{{"a": {"9" * 30}}}', id="more than a double holds"),
        pytest.param("9" * 5000, id="more digits than Python reads"),
        pytest.param("[" * 65 + "]" * 65, id="deep"),
        pytest.param("[" * 100_000, id="too deep for Python"),
        pytest.param('{"a":' * 65 + "1" + "}" * 65, id="deep mappings"),
    ],
)
def test_what_nobody_here_wrote(text: str) -> None:
    """Read nothing from JSON that could not be written back into an answer."""
    assert shapes.parsed(text) is None
