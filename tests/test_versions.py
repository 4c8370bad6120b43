"""Order versions as semver does."""

import itertools

import pytest

from function import versions

ASCENDING = (
    "",
    "1.34",
    "1.34.6",
    "1.34.7-alpha",
    "1.34.7-alpha.1",
    "1.34.7-beta",
    "1.34.7-rc.2",
    "1.34.7-rc.10",
    "1.34.7",
    "1.34.8-rc.1",
    "1.34.10",
    "1.35.0-alpha.1",
)


def test_a_pre_release_lies_below_its_release() -> None:
    """The order is that of semver 2.0.0, paragraph 11, whichever is named first."""
    for lower, higher in itertools.combinations(ASCENDING, 2):
        assert versions.highest(lower, higher) == higher
        assert versions.highest(higher, lower) == higher


def test_what_is_built_of_a_version_does_not_count() -> None:
    """Of two with equal precedence the first is returned."""
    assert versions.highest("v1.34.7+k3s1", "1.34.7") == "v1.34.7+k3s1"
    assert versions.highest("1.34.7", "v1.34.7+k3s1") == "1.34.7"


@pytest.mark.parametrize("version", ["v1.34.7", "1.34.7+k3s1", "1.34.7-rc.1", "1.34.7-rc.1+k3s1"])
def test_numbers_end_before_a_suffix(version: str) -> None:
    """The 1 of rc.1 is no part of them."""
    assert versions.numbers(version) == (1, 34, 7)


def test_long_pre_releases_are_compared() -> None:
    """A live version is text of any length."""
    assert versions.highest("1.34.7-rc." + "9" * 5000, "1.34.7-rc.\u00b2") == "1.34.7-rc.\u00b2"
