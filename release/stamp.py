"""Identify the commit that is built.

`REVISION` and `SOURCE_DATE_EPOCH` in the environment take the place of git, as in the build stage
of the Dockerfile, which has neither git nor a history.
"""

import os
from dataclasses import dataclass

import click

from function.__version__ import __version__
from release import ROOT, commands


@dataclass(frozen=True)
class Stamp:
    """Where a build comes from.

    Attributes:
        version: Version of the function.
        revision: The commit; ends with `-dirty` if the tree differs from it.
        epoch: When the commit was made, in seconds since 1970: the time of every file built.
    """

    version: str
    revision: str
    epoch: int

    @property
    def environment(self) -> dict[str, str]:
        """Return what makes other programs use the commit's time."""
        return {"SOURCE_DATE_EPOCH": str(self.epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def read() -> Stamp:
    """Return the stamp of the working tree.

    Raises:
        click.ClickException: Neither git nor the environment identifies the commit.
    """
    revision = os.environ.get("REVISION") or _revision()
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct")
    return Stamp(__version__, revision, int(epoch))


def _revision() -> str:
    dirty = "-dirty" if _git("status", "--porcelain") else ""
    return _git("rev-parse", "HEAD") + dirty


def _git(*arguments: str) -> str:
    try:
        return commands.run(("git", *arguments), cwd=ROOT).stdout.strip()
    except click.ClickException as error:
        hint = "set REVISION and SOURCE_DATE_EPOCH to build without git"
        raise click.ClickException(f"{error.message}; {hint}") from None
