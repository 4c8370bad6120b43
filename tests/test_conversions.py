"""What was converted before is what would be converted now, and nobody else's."""

import copy
from collections import UserDict
from dataclasses import dataclass, replace
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from function import managed, plain
from function.conversions import Conversions
from function.frozen import changed
from function.memo import Memo
from function.schema import canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
PARTS = st.sampled_from(["metadata", "spec", "status", "kind"])
MANIFESTS = st.dictionaries(PARTS | TEXTS, VALUES, max_size=4)
OBSERVED = {
    "kind": "Object",
    "metadata": {"name": "a", "managedFields": [{"manager": "x"}], "generation": 2},
    "spec": {"forProvider": {"manifest": {"a": [1, 2.5, True, None, {"b": "c"}]}}, "junk": 1},
    "status": {"atProvider": {"id": 5}},
}


def struct_of(manifest: dict[str, Any]) -> struct_pb2.Struct:
    """Return an object as protobuf."""
    return plain.to_struct(manifest)


@given(MANIFESTS)
def test_looked_up_is_converted(manifest: dict[str, Any]) -> None:
    """In both directions, the first time and from then on; NaN is written as such."""
    conversions, struct = Conversions(), struct_of(manifest)
    want = managed.fitted(plain.to_manifest(struct))
    for _ in range(2):
        assert canonical(conversions.observed(struct)) == canonical(want)
        filled = struct_pb2.Struct()
        conversions.fill(filled, manifest)
        assert canonical(plain.to_dict(filled)) == canonical(plain.to_dict(struct))


def test_each_caller_has_data_of_its_own() -> None:
    """What one does to it, no other sees."""
    conversions, struct = Conversions(), struct_of(OBSERVED)
    want = copy.deepcopy(conversions.observed(struct))
    for _ in range(2):
        found = conversions.observed(struct)
        assert found == want
        found["spec"]["forProvider"]["manifest"]["a"].append("mine")
        found["metadata"].clear()


@pytest.mark.parametrize(
    "values", [(1, True, 1.5, "1"), ([1], {"1": 1}, [[1]]), (None, "", [], {}), (0, False)]
)
def test_values_that_look_alike_are_different(values: tuple[Any, ...]) -> None:
    """Python calls some of them equal."""
    conversions = Conversions()
    for value in values:
        filled = struct_pb2.Struct()
        conversions.fill(filled, {"a": value})
        assert filled == struct_of({"a": value})


def test_other_mappings_are_converted_each_time() -> None:
    """They have no form to be found by."""
    conversions = Conversions()
    for _ in range(2):
        filled = struct_pb2.Struct()
        conversions.fill(filled, {"a": UserDict({"b": (1, 2)})})
        assert plain.to_dict(filled) == {"a": {"b": [1, 2]}}


def test_what_is_kept_is_bounded() -> None:
    """In each direction."""
    conversions = Conversions(limit=20_000)
    for n in range(200):
        manifest = {**OBSERVED, "kind": "x" * n}
        conversions.observed(struct_of(manifest))
        conversions.fill(struct_pb2.Struct(), manifest)
        assert conversions._observed.size <= 20_000
        assert conversions._structs.size <= 20_000
    assert conversions._observed.size > 10_000
    assert conversions._structs.size > 10_000


def test_a_memo_evicts_the_least_recently_used() -> None:
    """And replaces what it has."""
    memo = Memo[str](30)
    for name in "abc":
        memo.put(name.encode(), name, 10)
    assert memo.get(b"a") == "a"
    memo.put(b"d", "d", 10)
    assert [memo.get(key) for key in (b"a", b"b", b"c", b"d")] == ["a", None, "c", "d"]
    memo.put(b"a", "new", 20)
    assert (memo.get(b"a"), memo.get(b"c"), memo.size) == ("new", None, 30)
    memo.put(b"a", "larger than all of it", 31)
    assert (memo.get(b"a"), memo.size) == (None, 10)


@dataclass(frozen=True)
class Frozen:
    """Frozen data."""

    a: int
    b: str = ""


def test_frozen_data_are_copied_with_changes() -> None:
    """As `dataclasses.replace` does, which refuses unknown fields, too."""
    one = Frozen(1, "x")
    assert changed(one, b="y") == replace(one, b="y") == Frozen(1, "y")
    assert one == Frozen(1, "x")
    assert repr(changed(one)) == repr(one)
    with pytest.raises(TypeError, match="Frozen has no c"):
        changed(one, c=1)
