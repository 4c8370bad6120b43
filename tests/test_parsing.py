"""Check how data are refused: each problem with its path, and what is accepted."""

from typing import Any

import pytest

from function import parsing
from function.errors import EnvironmentInvalid, InvalidOrder
from function.schema import Count, DNSLabel
from tests.models import Outer, Plain


def problems(data: object) -> list[str]:
    """Return what is wrong with data."""
    with pytest.raises(InvalidOrder) as caught:
        parsing.parse(Outer, data, at="spec", blame=InvalidOrder)
    return [str(problem) for problem in caught.value.problems]


TEXT = "must be text; YAML reads on, off, yes, no, true and false as booleans: quote it"
MAPPING = (
    "spec: must be a mapping of fields: byName, flag, items, links, maybe, number, plain, secrets, "
    "text, url"
)
WRONG: dict[str, tuple[object, list[str]]] = {
    "no mapping": ([], [MAPPING]),
    "null": (None, [MAPPING]),
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
        [
            'spec.text: must be text, but 1.3 is a number in YAML: quote it: "1.3", or "1.30" if '
            "that is what you wrote"
        ],
    ),
    "text, a number with two places": (
        {"text": 1.34},
        ['spec.text: must be text, but 1.34 is a number in YAML: quote it: "1.34"'],
    ),
    "text, a list": ({"text": []}, ["spec.text: must be text"]),
    "text, null": ({"text": None}, ["spec.text: must be text"]),
    "text, short": ({"text": ""}, ["spec.text: must not be empty"]),
    "text, long": ({"text": "abcd"}, ["spec.text: must have at most 3 characters"]),
    "flag, a number": ({"flag": 1}, ["spec.flag: must be true or false, without quotes"]),
    "flag, text": (
        {"flag": "yes"},
        ["spec.flag: must be true or false, without quotes: write true"],
    ),
    "whole number, text": (
        {"items": [{"name": "a", "sizeGiB": "3"}]},
        ["spec.items[a].sizeGiB: must be a whole number, without quotes: write 3"],
    ),
    "whole number, with a unit": (
        {"items": [{"name": "a", "sizeGiB": "8Gi"}]},
        [
            "spec.items[a].sizeGiB: must be a whole number, without quotes and without a unit: "
            "write 8"
        ],
    ),
    "whole number, words": (
        {"items": [{"name": "a", "sizeGiB": "many"}]},
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
    "number, text": ({"number": "3"}, ["spec.number: must be a number, without quotes: write 3"]),
    "number, boolean": ({"number": True}, ["spec.number: must be a number, without quotes"]),
    "number, low": ({"number": 0}, ["spec.number: must be more than 0"]),
    "number, between": ({"number": 0.7}, ["spec.number: must be a multiple of 0.5"]),
    "list, text": ({"items": "a"}, ["spec.items: must be a list"]),
    "list, mapping": ({"items": {"name": "a"}}, ["spec.items: must be a list"]),
    "list, long": (
        {"items": [{"name": "a", "tags": ["x", "y", "z"]}]},
        ["spec.items[a].tags: must have at most 2 entries"],
    ),
    "entry, text": (
        {"items": ["a"]},
        ["spec.items[0]: must be a mapping of fields: name, sizeGiB, tags"],
    ),
    "entry of a list of texts": (
        {"items": [{"name": "a", "tags": ["x", 2]}]},
        ['spec.items[a].tags[1]: must be text, but 2 is a number in YAML: quote it: "2"'],
    ),
    "mapping, list": ({"byName": []}, ["spec.byName: must be a mapping of names to values"]),
    "all at once, by path": (
        {"text": 1, "flag": "no", "items": [{"name": "b"}, {"name": "a", "x": 1}]},
        [
            "spec.flag: must be true or false, without quotes: write false",
            "spec.items[a].x: unknown field; known: name, sizeGiB, tags",
            'spec.text: must be text, but 1 is a number in YAML: quote it: "1"',
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
    parsed = parsing.parse(Outer, data, at="spec", blame=InvalidOrder)
    assert parsed.model_dump(mode="json", exclude_unset=True) == data


def test_parse_raises_the_given_refusal() -> None:
    """The class of the refusal says who acts; entries are named as asked for."""
    with pytest.raises(EnvironmentInvalid) as caught:
        parsing.parse(
            Outer,
            {"items": [{"name": "a", "sizeGiB": "1"}]},
            at="",
            blame=EnvironmentInvalid,
            entry=lambda at, item: f"{at}:{item['name']}",
        )
    text = "items[items:a].sizeGiB: must be a whole number, without quotes: write 1"
    assert str(caught.value) == text


def test_unknown_fields() -> None:
    """Only keys that the model does not know are returned, whatever else is wrong."""
    data = {"text": 1, "new": 1, "items": [{"name": "a", "newer": 2}], "by_name": {}}
    assert parsing.unknown_fields(Outer, data, "spec") == (
        "spec.items[a].newer",
        "spec.new",
        "spec.by_name",
    )
    assert parsing.unknown_fields(Outer, {"text": 1}, "spec") == ()
    assert parsing.unknown_fields(Outer, {}, "spec") == ()


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
    assert parsing.path(data, "spec", loc) == want


@pytest.mark.parametrize(
    ("annotation", "value", "want"),
    [
        (Count, 3, ""),
        (Count, "3", "must be a whole number, without quotes: write 3"),
        (tuple[DNSLabel, ...], ["a", "b"], ""),
        (tuple[DNSLabel, ...], "a", "must be a list"),
        (Plain | None, {"levle": 1}, "unknown field"),
        (Plain | None, None, ""),
    ],
)
def test_checker(annotation: Any, value: object, want: str) -> None:
    """A value is held against a type, in the same words as an order."""
    assert parsing.checker(annotation)(value) == want


@pytest.mark.parametrize(
    ("written", "known", "want"),
    [
        ("scs-2v-8", ["SCS-2V-8", "SCS-2V-4"], ", did you mean SCS-2V-8?"),
        ("cluster", ["Cluster", "Server"], ", did you mean Cluster?"),
        ("AZ1", ["az1", "az2"], ", did you mean az1?"),
        ("encrypte", ["encrypted", "standard"], ", did you mean encrypted?"),
        ("nova", ["az1", "az2"], ""),
        ("x", [], ""),
    ],
)
def test_did_you_mean(written: str, known: list[str], want: str) -> None:
    """The case of letters first, then what is nearly the same."""
    assert parsing.did_you_mean(written, known) == want
