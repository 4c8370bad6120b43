"""Options and helpers that several test modules share."""

import pytest

from tests.skips import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update`, which writes golden files anew instead of comparing them."""
    parser.addoption("--update", action="store_true", help="Write golden files anew.")


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """Say whether golden files are to be written anew."""
    return bool(request.config.getoption("--update"))
