"""Options and helpers that several test modules share."""

import datetime
import gc
from collections.abc import Iterator

import pytest

from function import fn
from tests.skips import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

# Golden files do not age: no version in the examples has ended by then.
NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update`, which writes golden files instead of comparing them."""
    parser.addoption("--update", action="store_true", help="Write golden files.")


def pytest_collection_finish() -> None:
    """Keep the collector of garbage from looking at ten thousand tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """Say whether golden files are to be written."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session", autouse=True)
def _noon() -> Iterator[None]:
    """Stop the function's clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fn, "utc_now", lambda: NOON)
        yield
