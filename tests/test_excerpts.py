"""Check how lists and texts are shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function import excerpts
from function.errors import EnvironmentInvalid, InvalidOrder, Problem

MANY = [f"m1.n{n}" for n in range(5000)]


@pytest.mark.parametrize(
    ("names", "near", "want"),
    [
        ([], "x", "none"),
        (["b", "a", "b"], "", "a, b"),
        (["SCS-16V-32", "SCS-1L-1", "SCS-2V-4"], "", "SCS-1L-1, SCS-2V-4, SCS-16V-32"),
        (["1.34.10", "1.34.9", "1.33.11"], "", "1.33.11, 1.34.9, 1.34.10"),
        (["a", "B", "c"], "", "a, B, c"),
        (["az01", "az1", "az2"], "", "az01, az1, az2"),
        ("edcba", "", "a, b, c, d, e"),
        ("gfedcba", "", "a, b, c, d, e and 2 more"),
        ("gfedcba", "d", "b, c, d, e, f and 2 more"),
        ("gfedcba", "z", "c, d, e, f, g and 2 more"),
        (MANY, "m1.n77", "m1.n75, m1.n76, m1.n77, m1.n78, m1.n79 and 4995 more"),
        (MANY, "m1.n9x", "m1.n8, m1.n9, m1.n10, m1.n11, m1.n12 and 4995 more"),
    ],
)
def test_listed(names: list[str], near: str, want: str) -> None:
    """Names are listed as people sort them, and of many only those near what was asked for."""
    assert excerpts.listed(names, near) == want


@given(st.lists(st.text(max_size=4)), st.text(max_size=4))
def test_the_order_of_names_never_matters(names: list[str], near: str) -> None:
    """An answer does not depend on how an environment was put together."""
    assert excerpts.listed(names, near) == excerpts.listed(names[::-1], near)


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=90), st.integers(8, 60))
def test_cut(text: str, limit: int) -> None:
    """A text that fits stays as it is; another keeps its beginning, whatever it holds."""
    short = excerpts.cut(text, limit)
    size = len(text.encode("utf-8", "replace"))
    assert len(short.encode("utf-8", "replace")) <= limit
    assert (short == text) is (size <= limit)
    if size > limit:
        retained = short.removesuffix(" …")
        assert text.encode("utf-8", "replace").decode().startswith(retained)
        assert len(retained.encode()) > limit - 4 - 4


def test_problems() -> None:
    """Twenty are reported, each cut, and the text of all of them is bounded."""
    long = [Problem(f"f{n}" * 3000, "x" * 5000) for n in range(500)]
    for reason in (InvalidOrder, EnvironmentInvalid):
        refusal = reason(*long)
        assert len(refusal.problems) == 500
        assert len(str(refusal).encode()) <= excerpts.TEXT_OUT
        assert str(refusal).endswith("; and 480 more")
        assert len(refusal.public.encode()) <= excerpts.TEXT_OUT
    assert str(InvalidOrder(*long[:1])).startswith("f0f0")
    assert [str(p) for p in (Problem("a", "b"),)] == excerpts.problems([Problem("a", "b")])
