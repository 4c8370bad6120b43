"""Check how models refuse what they are given, and how paths into plain data work."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pydantic
import pytest

from function import schema
from function.backends import SETTINGS
from function.errors import EnvironmentInvalid, InvalidOrder
from function.input import Input
from function.model import KINDS
from function.schema import Count, DNSLabel, Flag, Number, Schema, ordered
from function.settings import Settings

Data = dict[str, Any]


class Inner(Schema):
    """Stand for a group of fields in a list."""

    name: DNSLabel = ordered("Name.", change="replace")
    size_gib: Count = ordered("Size.", change="in place", default=1, alias="sizeGiB", ge=1, lt=100)
    tags: tuple[str, ...] = ordered("Tags.", change="refused", default=(), max_length=2)


class Plain(Schema):
    """Stand for a group of fields with a default."""

    level: Literal["Low", "High"] = ordered("Level.", change="in place", default="Low")
    secret: str | None = ordered("Secret.", change="refused", default=None, private=True)


class Outer(Schema):
    """Stand for an order."""

    text: str = ordered("Text.", change="refused", default="x", min_length=1, max_length=3)
    flag: Flag = ordered("Flag.", change="in place", default=True)
    number: Number = ordered("Number.", change="in place", default=1, gt=0, multiple_of=0.5)
    plain: Plain = ordered("Group.", change="in place", default=Plain())
    maybe: Plain | None = ordered("Group that may be absent.", change="in place", default=None)
    items: tuple[Inner, ...] = ordered("Groups.", change="in place", default=())
    by_name: dict[str, Inner] = ordered("Groups by name.", change="in place", default_factory=dict)
    links: dict[Literal["a", "b"], str] = ordered("Links.", change="in place", default_factory=dict)
    secrets: tuple[str, ...] = ordered("Secrets.", change="refused", default=(), private=True)
    url: str | None = pydantic.Field(None, pattern="^https:", description="URL.")

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "Outer":
        if self.text == "no":
            raise ValueError("must not be no")
        return self


def problems(data: object) -> list[str]:
    """Return what is wrong with data."""
    with pytest.raises(InvalidOrder) as caught:
        schema.parse(Outer, data, at="spec", blame=InvalidOrder)
    return [str(problem) for problem in caught.value.problems]


TEXT = "must be text; YAML reads on, off, yes, no, true and false as booleans: quote it"
WRONG: dict[str, tuple[object, list[str]]] = {
    "no mapping": ([], ["spec: must be a mapping of fields to values"]),
    "null": (None, ["spec: must be a mapping of fields to values"]),
    "required": ({"items": [{}]}, ["spec.items[0].name: required"]),
    "unknown, near": (
        {"texts": "x"}, ["spec.texts: unknown field, did you mean text?"],
    ),
    "unknown, far": (
        {"plain": {"zzz": 1}}, ["spec.plain.zzz: unknown field; known: level, secret"],
    ),
    "unknown in a list": (
        {"items": [{"name": "a", "sizeGib": 1}]},
        ["spec.items[a].sizeGib: unknown field, did you mean sizeGiB?"],
    ),
    "unknown in a mapping": (
        {"byName": {"a": {"name": "a", "tag": 1}}},
        ["spec.byName.a.tag: unknown field, did you mean tags?"],
    ),
    "attribute of Python": (
        {"by_name": {}}, ["spec.by_name: unknown field, did you mean byName?"],
    ),
    "choice": (
        {"plain": {"level": "low"}}, ["spec.plain.level: must be one of 'Low', 'High'"],
    ),
    "choice that YAML reads as a boolean": (
        {"plain": {"level": False}}, ["spec.plain.level: must be one of 'Low', 'High'"],
    ),
    "choice of a key": ({"links": {"c": "x"}}, ["spec.links.c: must be one of 'a', 'b'"]),
    "pattern with a hint": (
        {"items": [{"name": "A_"}]},
        ["spec.items[A_].name: must be lower-case letters, digits and dashes, as in a DNS label"],
    ),
    "pattern without": ({"url": "x"}, ["spec.url: must be text that matches ^https:"]),
    "own rule": ({"text": "no"}, ["spec: must not be no"]),
    "text, a boolean": ({"text": True}, [f"spec.text: {TEXT}"]),
    "text, a number": (
        {"text": 1.3},
        ['spec.text: must be text, but 1.3 is a number in YAML: quote it, as in "1.30"'],
    ),
    "text, a list": ({"text": []}, ["spec.text: must be text"]),
    "text, null": ({"text": None}, ["spec.text: must be text"]),
    "text, short": ({"text": ""}, ["spec.text: must not be empty"]),
    "text, long": ({"text": "abcd"}, ["spec.text: must have at most 3 characters"]),
    "flag, a number": ({"flag": 1}, ["spec.flag: must be true or false, without quotes"]),
    "flag, text": ({"flag": "yes"}, ["spec.flag: must be true or false, without quotes"]),
    "whole number, text": (
        {"items": [{"name": "a", "sizeGiB": "3"}]},
        ["spec.items[a].sizeGiB: must be a whole number, without quotes"],
    ),
    "whole number, half": (
        {"items": [{"name": "a", "sizeGiB": 1.5}]},
        ["spec.items[a].sizeGiB: must be a whole number, without quotes"],
    ),
    "whole number, low": (
        {"items": [{"name": "a", "sizeGiB": 0}]}, ["spec.items[a].sizeGiB: must be at least 1"],
    ),
    "whole number, high": (
        {"items": [{"name": "a", "sizeGiB": 100}]},
        ["spec.items[a].sizeGiB: must be less than 100"],
    ),
    "number, text": ({"number": "3"}, ["spec.number: must be a number, without quotes"]),
    "number, boolean": ({"number": True}, ["spec.number: must be a number, without quotes"]),
    "number, low": ({"number": 0}, ["spec.number: must be more than 0"]),
    "number, between": ({"number": 0.7}, ["spec.number: must be a multiple of 0.5"]),
    "list, text": ({"items": "a"}, ["spec.items: must be a list"]),
    "list, mapping": ({"items": {"name": "a"}}, ["spec.items: must be a list"]),
    "list, long": (
        {"items": [{"name": "a", "tags": ["x", "y", "z"]}]},
        ["spec.items[a].tags: must have at most 2 entries"],
    ),
    "entry, text": ({"items": ["a"]}, ["spec.items[0]: must be a mapping of fields to values"]),
    "entry of a list of texts": (
        {"items": [{"name": "a", "tags": ["x", 2]}]},
        ['spec.items[a].tags[1]: must be text, but 2 is a number in YAML: quote it, as in "2"'],
    ),
    "mapping, list": ({"byName": []}, ["spec.byName: must be a mapping of names to values"]),
    "all at once, by path": (
        {"text": 1, "flag": "no", "items": [{"name": "b"}, {"name": "a", "x": 1}]},
        [
            "spec.flag: must be true or false, without quotes",
            "spec.items[a].x: unknown field; known: name, sizeGiB, tags",
            'spec.text: must be text, but 1 is a number in YAML: quote it, as in "1"',
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "want"), WRONG.values(), ids=WRONG)
def test_parse_refuses(data: object, want: list[str]) -> None:
    """Each problem has its path, and says what is accepted; values are not repeated."""
    assert problems(data) == want


def test_parse_accepts() -> None:
    """Names in YAML are camelCase, and lists are lists."""
    data = {
        "text": "abc",
        "flag": False,
        "number": 2,
        "plain": {"level": "High"},
        "items": [{"name": "a", "sizeGiB": 3, "tags": ["x"]}],
        "byName": {"k": {"name": "v"}},
    }
    parsed = schema.parse(Outer, data, at="spec", blame=InvalidOrder)
    assert parsed.model_dump(mode="json", exclude_unset=True) == data


def test_parse_blames_as_told() -> None:
    """The class of the refusal says who acts; entries are named as told."""
    with pytest.raises(EnvironmentInvalid) as caught:
        schema.parse(
            Outer,
            {"items": [{"name": "a", "sizeGiB": "1"}]},
            at="",
            blame=EnvironmentInvalid,
            entry=lambda at, item: f"{at}:{item['name']}",
        )
    assert str(caught.value) == "items[items:a].sizeGiB: must be a whole number, without quotes"


def test_unknown_fields() -> None:
    """Only keys that the model does not know are returned, whatever else is wrong."""
    data = {"text": 1, "new": 1, "items": [{"name": "a", "newer": 2}], "by_name": {}}
    assert schema.unknown_fields(Outer, data, "spec") == (
        "spec.items[a].newer",
        "spec.new",
        "spec.by_name",
    )
    assert schema.unknown_fields(Outer, {"text": 1}, "spec") == ()
    assert schema.unknown_fields(Outer, {}, "spec") == ()


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
    assert sorted(found - set(schema.PATTERN_HINTS)) == []


@pytest.mark.parametrize(
    ("loc", "want"),
    [
        ((), "spec"),
        (("items", 0, "name"), "spec.items[a].name"),
        (("items", 1, "name"), "spec.items[1].name"),
        (("items", 7), "spec.items[7]"),
        (("links", "c", "[key]"), "spec.links.c"),
        (("nowhere", "deeper"), "spec.nowhere.deeper"),
    ],
)
def test_path(loc: tuple[int | str, ...], want: str) -> None:
    """A path is written as people do; what has no name has its position."""
    data = {"items": [{"name": "a"}, {"name": 1}]}
    assert schema.path(data, "spec", loc) == want


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


@pytest.mark.parametrize(("now", "want"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences(now: Data, want: list[tuple[str, Any, Any]]) -> None:
    """A field differs when what it amounts to does: an absent one has its default."""
    found = schema.differences(Outer, BEFORE, now, "spec")
    assert [(change.path, change.before, change.now) for change in found] == want


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
    assert schema.lookup(POOLS, where) == want


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
    assert schema.expand(POOLS, pattern) == want


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
    assert schema.replaced(data, where, 9) == want
    assert data == {"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}]}


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
    ("annotation", "value", "want"),
    [
        (Count, 3, ""),
        (Count, "3", "must be a whole number, without quotes"),
        (tuple[DNSLabel, ...], ["a", "b"], ""),
        (tuple[DNSLabel, ...], "a", "must be a list"),
        (Plain | None, {"levle": 1}, "unknown field"),
        (Plain | None, None, ""),
    ],
)
def test_checker(annotation: Any, value: object, want: str) -> None:
    """A value is held against a type, in the same words as an order."""
    assert schema.checker(annotation)(value) == want
