"""Check what models declare, and how data are compared by it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from function import schema
from function.backends import SETTINGS
from function.input import Input
from function.model import KINDS
from function.schema import Schema
from function.settings import Settings
from tests.models import Inner, Outer, Plain

Data = dict[str, Any]


MODELS: list[type[Schema]] = [*KINDS.values(), *SETTINGS.values(), Settings, Input]


def patterns(node: object) -> Iterator[str]:
    """Yield every pattern in a JSON schema."""
    if isinstance(node, Mapping):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for inner in node.values():
            yield from patterns(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from patterns(inner)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_one_reads_a_regular_expression(model: type[Schema]) -> None:
    """Every pattern of every model has words of its own."""
    found = set(patterns(model.model_json_schema()))
    assert sorted(found - set(schema.HINTS)) == []


BEFORE: Data = {
    "text": "a",
    "plain": {"level": "Low"},
    "items": [{"name": "a", "sizeGiB": 1}, {"name": "b", "tags": ["x"]}],
}

DIFFERENCES: dict[str, tuple[Data, list[tuple[str, Any, Any]]]] = {
    "none": (BEFORE, []),
    "scalar": ({**BEFORE, "text": "b"}, [("spec.text", "a", "b")]),
    "gone, so its default": (
        {k: v for k, v in BEFORE.items() if k != "text"}, [("spec.text", "a", "x")],
    ),
    "the default, written out": ({**BEFORE, "flag": True, "number": 1}, []),
    "the default group, written out": ({**BEFORE, "plain": {}}, []),
    "group gone": ({k: v for k, v in BEFORE.items() if k != "plain"}, []),
    "in a group": ({**BEFORE, "plain": {"level": "High"}}, [("spec.plain.level", "Low", "High")]),
    "group that came": ({**BEFORE, "maybe": {}}, [("spec.maybe", None, {})]),
    "another order of entries": ({**BEFORE, "items": BEFORE["items"][::-1]}, []),
    "entry that came": ({**BEFORE, "items": [*BEFORE["items"], {"name": "c"}]}, []),
    "entry that went": ({**BEFORE, "items": []}, []),
    "in an entry": (
        {**BEFORE, "items": [{"name": "b", "tags": []}, {"name": "a", "sizeGiB": 2}]},
        [("spec.items[b].tags", ["x"], []), ("spec.items[a].sizeGiB", 1, 2)],
    ),
    "list of scalars": ({**BEFORE, "secrets": ["y"]}, [("spec.secrets", [], ["y"])]),
}  # fmt: skip


@pytest.mark.parametrize(("current", "want"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences(current: Data, want: list[tuple[str, Any, Any]]) -> None:
    """A field differs when what it amounts to does: an absent one has its default."""
    found = schema.differences(Outer, BEFORE, current, "spec")
    assert [(change.path, change.previous, change.current) for change in found] == want


def test_difference_knows_its_field() -> None:
    """What the model says of a change comes with it."""
    (change,) = schema.differences(Outer, {}, {"plain": {"secret": "x"}}, "spec")
    assert change.path == "spec.plain.secret"
    said = [schema.extra(change.info, name) for name in ("change", "private", "nothing")]  # noqa: S610  # not Django's
    assert said == ["refused", True, None]


def test_masked() -> None:
    """Private values become digests, everywhere; the rest stays, unknown keys included."""
    data = {
        "text": "a",
        "secrets": ["s"],
        "plain": {"level": "Low", "secret": "s"},
        "maybe": None,
        "items": [{"name": "a"}, "garbage"],
        "unknown": {"secret": "s"},
    }
    assert schema.masked(Outer, data) == {
        **data,
        "secrets": schema.digest(["s"]),
        "plain": {"level": "Low", "secret": schema.digest("s")},
    }


def test_digest() -> None:
    """A digest is short, stable, and another one for another value."""
    assert schema.digest("s") == "sha256:0f4657778ae14ff7aeeb2c2190ede790"
    assert schema.digest({"a": 1, "b": 2}) == schema.digest({"b": 2, "a": 1})
    assert schema.digest(["a", "b"]) != schema.digest(["b", "a"])


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"b": 1, "a": [1, {"d": 1, "c": None}]}, '{"a":[1,{"c":null,"d":1}],"b":1}'),
        ("ü", '"ü"'),
        (True, "true"),
    ],
)
def test_canonical(value: object, want: str) -> None:
    """The same value gives the same text."""
    assert schema.canonical(value) == want


@pytest.mark.parametrize(
    ("field", "want"),
    [
        ("plain", Plain),
        ("maybe", Plain),
        ("items", Inner),
        ("byName", Inner),
        ("text", None),
        ("links", None),
    ],
)
def test_item_type(field: str, want: type[Schema] | None) -> None:
    """The model in a field is found alone, optional, in a list and in a mapping."""
    assert schema.item_type(schema.fields(Outer)[field]) is want


@pytest.mark.parametrize(
    ("text", "want"),
    [('{"a":1}', {"a": 1}), ("", {}), ("{", {}), ("[1]", {}), ("[" * 100_000, {})],
    ids=["mapping", "none", "cut off", "list", "too deep"],
)
def test_a_mapping_that_was_remembered(text: str, want: dict[str, object]) -> None:
    """What is no mapping, or garbled, counts as nothing."""
    assert schema.mapping(text) == want
