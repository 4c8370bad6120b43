"""Type what `docs/getting-started.md` says, and compare what is printed with what it shows."""

import re
from pathlib import Path

import pytest

from testbed import ROOT
from tests.pages import consoles

from . import shell
from .planes import Plane

PAGE = ROOT / "docs" / "getting-started.md"
# What the fixture does for who tests, and the shell by itself.
DONE = ("make up PROFILE=capi", "export PATH=")
AGE = re.compile(r"\b[0-9]+(m[0-9]+)?s$", re.MULTILINE)

pytestmark = pytest.mark.e2e


def masked(lines: str) -> list[str]:
    """Return lines without ages, and without the width of columns, which follows them."""
    return [" ".join(AGE.sub("AGE", line).split()) for line in lines.strip().splitlines()]


@pytest.mark.parametrize("plane", ["capi"], indirect=True)
def test_a_first_cluster(plane: Plane, tmp_path: Path) -> None:
    """Every command of the page prints what is shown below it, in its order."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    typed = [(c, shown) for c, shown in consoles(PAGE.read_text("utf-8")) if not c.startswith(DONE)]
    assert len(typed) > 10
    for command, shown in typed:
        done = shell.attempt(plane.site, command, tmp_path, identity="tenant")
        assert masked(done.stdout + done.stderr) == masked("\n".join(shown)), command
