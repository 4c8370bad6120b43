"""What is not run is said at the end, whatever process skipped it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.skips import lines

FILE = """
import pytest

@pytest.mark.skipif(True, reason="needs buildah")
@pytest.mark.parametrize("n", [1, 2])
def test_packages(n): pass

def test_other():
    pytest.skip("nothing to observe")

def test_good(): pass
"""
CONFTEST = "from tests.skips import pytest_terminal_summary\n"


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_was_skipped_is_counted_and_named(tmp_path: Path, processes: str) -> None:
    """Run tests of which a tool is missing for two."""
    (tmp_path / "test_some.py").write_text(FILE)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    command = (sys.executable, "-m", "pytest", "-q", "-n", processes, "-c", "/dev/null", ".")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 test skipped: nothing to observe\n" in done.stdout
    assert "NOT RUN for want of a tool: 2 tests of what needs buildah\n" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_said_of_nothing() -> None:
    """A run of everything has no such line."""
    assert list(lines([])) == []
