"""Check that files are read as kubectl reads them; what that is, `tests/kubectl.py` holds."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function import manifests
from tests import kubectl
from tests.holding import hold


def value(text: str) -> Any:
    """Return what is read of a value in YAML."""
    [document] = manifests.read(f"spec:\n  a: {text}\n".encode())
    assert list(document["spec"]) == ["a"]
    return document["spec"]["a"]


def typed(data: Any) -> str:
    """Return data so that 1, 1.0 and true differ."""
    return json.dumps(data, sort_keys=True)


def test_values() -> None:
    """A value is what kubectl sends."""

    def is_sent(text: str, want: Any) -> None:
        assert typed(value(text)) == typed(want)

    hold(is_sent, [(repr(text), text, want) for text, want in kubectl.VALUES.items()])


def test_values_that_are_none() -> None:
    """What kubectl refuses is refused, and what loses something in silence."""

    def is_refused(text: str) -> None:
        with pytest.raises(manifests.Unreadable, match=r"^is not YAML: line \d+"):
            value(text)

    hold(is_refused, [(repr(text), text) for text in (*kubectl.REFUSED, *kubectl.STRICTER)])


@pytest.mark.parametrize(("text", "want"), kubectl.OTHERWISE.items(), ids=repr)
def test_values_that_are_read_otherwise(text: str, want: tuple[Any, Any]) -> None:
    """What differs is known."""
    assert value(text) == want[1] != want[0]


@pytest.mark.parametrize(("content", "want"), kubectl.FILES.values(), ids=kubectl.FILES)
def test_files(content: bytes, want: list[str] | None) -> None:
    """A file holds the objects that kubectl finds in it."""
    if want is None:
        with pytest.raises(manifests.Unreadable):
            names(content)
        return
    assert names(content) == want


def names(content: bytes) -> list[str]:
    """Return the names of the objects in a file."""
    read = manifests.read(content)
    objects = [one for document in read for one in manifests.objects(document)]
    return [one["metadata"]["name"] for one in objects]


MESSAGES = {
    "a: 1\nb: 2\na: 3\n": "is not YAML: line 3, column 1: duplicate key a",
    "a: 1\nb: 2\n1: 2\n'1': 3\n": "is not YAML: line 4, column 1: duplicate key 1",
    '{"a": 1, "a": 2}': "is not JSON: duplicate key a",
    "a: .inf\n": "is not YAML: line 1, column 4: .inf is no number in JSON: quote it",
    '{"a": "\\ud800"}': "is not JSON: holds half a character",
    '{"a": 1e999}': "is not JSON: holds too large a number",
    "a: *b\n": "is not YAML: line 1, column 4: undefined alias b",
    "a: &b [*b]\n": "is not YAML: line 1, column 8: undefined alias b",
    "a: !!int x\n": "is not YAML: line 1, column 4: value does not fit its tag, int",
    "a: !!int true\n": "is not YAML: line 1, column 4: value does not fit its tag, int",
    "a:\n- <<: 1\n": "is not YAML: line 2, column 7: << merges a mapping, or a list of mappings",
    "a: 1\n...\nb: 2\n": "is not YAML: line 3, column 1: did not find expected <document start>",
    "a: \x07": "is not YAML: line 1: U+0007 is not allowed",
    "a: ü\nb: \x07": "is not YAML: line 2: U+0007 is not allowed",
}


@pytest.mark.parametrize(("text", "want"), MESSAGES.items(), ids=map(repr, MESSAGES))
def test_messages(text: str, want: str) -> None:
    """What is wrong is said in a line, with its place."""
    with pytest.raises(manifests.Unreadable) as caught:
        manifests.read(text.encode())
    assert str(caught.value) == want


def nested(form: str, levels: int) -> bytes:
    """Return a value in so many lists or mappings."""
    start, end = {"YAML": ("[", "]"), "JSON": ('{"a":', "}")}[form]
    return f"{start * levels}1{end * levels}".encode()


@pytest.mark.parametrize("form", ["YAML", "JSON"])
def test_depth(form: str) -> None:
    """What is nested too deep is refused however deep it is, and nothing before."""
    assert manifests.read(nested(form, manifests.MAX_DEPTH))
    for levels in (manifests.MAX_DEPTH + 1, 2000, 200_000):
        with pytest.raises(manifests.Unreadable, match="is nested more than 100 levels deep"):
            manifests.read(nested(form, levels))


def test_aliases_of_aliases() -> None:
    """A short text that expands to billions of values is refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.process_time()
    with pytest.raises(manifests.Unreadable, match="holds more than 1000000 values"):
        manifests.read("\n".join(lines).encode())
    assert time.process_time() - started < 10


def test_an_alias_is_a_value_of_its_own() -> None:
    """Who changes one changes not the other."""
    [document] = manifests.read(b"a: &a {b: [1]}\nc: *a\n")
    document["a"]["b"].append(2)
    assert document["c"] == {"b": [1]}


@given(
    st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\t~<.ab10\\u", max_size=60) | st.binary(max_size=60)
)
def test_whatever_it_is(content: str | bytes) -> None:
    """Any file is read as JSON data, or refused in a line."""
    try:
        documents = manifests.read(content.encode() if isinstance(content, str) else content)
    except manifests.Unreadable as error:
        assert "\n" not in str(error)
        return
    assert (
        json.loads(json.dumps(documents, allow_nan=False, ensure_ascii=False).encode()) == documents
    )
