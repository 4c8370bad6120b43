"""A rule that is held against many cases names each that breaks it."""

import pytest

from tests.holding import hold


def test_every_broken_case_is_named() -> None:
    """With its message, whether it fails by an assertion or by another error."""

    def positive(number: int) -> None:
        assert 1 / number > 0, "not positive"

    cases = [("one", 1), ("zero", 0), ("two", 2), ("less", -1)]
    with pytest.raises(pytest.fail.Exception) as caught:
        hold(positive, cases)
    heads, *problems = str(caught.value).split("\n\n")
    assert heads == "2 of 4 cases:"
    assert problems[0] == "zero: ZeroDivisionError: division by zero"
    assert problems[1].startswith("less: AssertionError: not positive")
    hold(positive, [("one", 1)])


def test_no_case_is_lost() -> None:
    """Cases of the same name are cases of their own."""
    with pytest.raises(pytest.fail.Exception, match=r"^2 of 3 cases:"):
        hold(lambda number: 1 / number, [("one", 0), ("one", 0), ("one", 1)])


def test_there_are_cases() -> None:
    """A rule that nothing is held against would never fail."""
    with pytest.raises(AssertionError, match="a rule without cases says nothing"):
        hold(print, [])
