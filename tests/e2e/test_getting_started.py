"""Type what `docs/getting-started.md` says, and compare what is printed with what it shows."""

import re
from pathlib import Path

import pytest

from testbed import ROOT
from testbed.profiles import PROFILES
from tests.test_readme import consoles

from . import shell
from .conftest import served

PAGE = ROOT / "docs" / "getting-started.md"
# What the fixture does for who tests, and the shell by itself.
DONE = ("make up PROFILE=capi", "export PATH=")
AGE = re.compile(r"\b[0-9]+(m[0-9]+)?s$", re.MULTILINE)

pytestmark = pytest.mark.e2e


def masked(lines: str) -> list[str]:
    """Return lines without ages, and without the width of columns, which follows them."""
    return [" ".join(AGE.sub("AGE", line).split()) for line in lines.strip().splitlines()]


@pytest.mark.parametrize("profile", ["capi"])
def test_a_first_cluster(
    profile: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> None:
    """Every command of the page prints what stands below it, in its order."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    typed = [(c, shown) for c, shown in consoles(PAGE.read_text("utf-8")) if not c.startswith(DONE)]
    assert len(typed) > 10
    with served(PROFILES[profile], pytestconfig, tmp_path_factory) as running:
        for command, shown in typed:
            done = shell.attempt(running.site, command, tmp_path, identity="tenant")
            assert masked(done.stdout + done.stderr) == masked("\n".join(shown)), command
