"""Run other programs, and say clearly which are missing."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

# What builds packages; Debian has each program in a package of the same name.
BUILDERS = ("mmdebstrap", "buildah")


def missing(*programs: str) -> list[str]:
    """Return which programs are not here."""
    return [program for program in programs if shutil.which(program) is None]


def require(*programs: str) -> None:
    """Stop if a program is missing.

    Raises:
        click.ClickException: Names what to install.
    """
    if wanted := missing(*programs):
        raise click.ClickException(
            f"packages are built with {' and '.join(wanted)}; as root on Debian: "
            f"apt-get install --no-install-recommends {' '.join(wanted)}"
        )


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it says is shown only if it fails.

    Args:
        command: The program and its arguments.
        environment: What is added to ours.
        cwd: Where it runs.
        output: A file for what it prints.

    Raises:
        click.ClickException: The program failed, or is not installed.
    """
    with contextlib.ExitStack() as stack:
        try:
            done = subprocess.run(  # noqa: S603  # every command is one of this package
                command, env={**os.environ, **(environment or {})}, cwd=cwd, text=True, check=False,
                stdout=stack.enter_context(output.open("wb")) if output else subprocess.PIPE,
                stderr=subprocess.PIPE,
            )  # fmt: skip
        except FileNotFoundError:
            raise click.ClickException(f"{command[0]} is not installed") from None
    if done.returncode:
        reported = "\n".join(((done.stdout or "") + done.stderr).strip().splitlines()[-15:])
        raise click.ClickException(
            f"{Path(command[0]).name} failed ({done.returncode}):\n{reported}"
        )
    return done
