"""Try what is newer than what is pinned, and say what breaks: `make newest`.

Everything happens in a copy of the project, with an environment and build results of its own. Only
logs are left, in `out/newest`.

| what | how |
|---|---|
| Python packages | the newest that `pyproject.toml` allows; then linters and tests |
| Go modules | the newest release that is served; then each program is built |

A newer program that builds is not known to work: `make e2e` says that, once its pin is moved.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release import ROOT, commands
from testbed import newest

LOGS = ROOT / "out" / "newest"
LOCK = "requirements-dev.txt"
# pip's own, and what the project itself is installed as.
NOT_OURS = frozenset({"function-central-api", "pip", "setuptools"})
# The lock itself is what is set aside here.
TESTS = ("-q", "-m", "not e2e", "-n", "2", "--deselect", "tests/test_lock.py")
CHECKS = {
    "ruff": ("ruff", "check", "--quiet", "."),
    "mypy": ("mypy",),
    "import-linter": ("lint-imports",),
    "generate": ("python", "-m", "tools.generate", "--check"),
    "tests": ("pytest", *TESTS),
}


@click.command()
@click.option("--python/--no-python", "wants_python", default=True, help="Try Python packages.")
@click.option("--go/--no-go", "wants_go", default=True, help="Try Go modules; needs Go.")
def main(*, wants_python: bool, wants_go: bool) -> None:
    """Try newer pins in a copy of the project, and say what breaks."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    broken = 0
    with tempfile.TemporaryDirectory() as scratch:
        source = copied(Path(scratch, "source"))
        if wants_python:
            click.echo("Python packages:")
            for line in python(source):
                broken += "BROKEN" in line
                click.echo(f"  {line}")
        if wants_go:
            click.echo("Go modules:")
            for attempt in newest.attempts(source / "testbed" / "go"):
                broken += bool(attempt.broken)
                click.echo(f"  {attempt}")
    if broken:
        raise click.ClickException(f"{broken} of what is newer cannot be taken as it is")


def copied(target: Path) -> Path:
    """Copy what git knows of the project, or would."""
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, commands.run(listing, cwd=ROOT).stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name, follow_symlinks=False)
    return target


def python(source: Path) -> Iterator[str]:
    """Install the newest Python packages for a copy of the project, and check it with them."""
    programs = source / ".venv" / "bin"
    commands.run((sys.executable, "-m", "venv", programs.parent))
    pip = (programs / "pip", "--disable-pip-version-check")
    commands.run((*pip, "install", "--upgrade", "-e", ".[dev]"), cwd=source)
    listed = json.loads(commands.run((*pip, "list", "--format=json")).stdout)
    installed = {str(canonicalize_name(one["name"])): str(one["version"]) for one in listed}
    yield from newer(installed) or ["all are the newest that pyproject.toml allows"]
    for name, (program, *arguments) in CHECKS.items():
        log = LOGS / f"{name}.log"
        with log.open("wb") as out:
            done = subprocess.run(  # noqa: S603  # a program of the copy
                (programs / program, *arguments),
                cwd=source, stdout=out, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        yield f"{name}: {f'BROKEN, see {log.relative_to(ROOT)}' if done.returncode else 'passes'}"


def newer(installed: dict[str, str]) -> list[str]:
    """Return which packages differ from the lock."""
    text = (ROOT / LOCK).read_text("utf-8").replace("\\\n", " ")
    lines = (line.partition(" --hash")[0] for line in text.splitlines())
    entries = [Requirement(line) for line in lines if line.strip()]
    pinned = {
        str(canonicalize_name(one.name)): next(iter(one.specifier)).version
        for one in entries
        if one.marker is None or one.marker.evaluate()
    }
    return [
        f"{name} {pinned.get(name, 'not locked')} -> {installed.get(name, 'not installed')}"
        for name in sorted({*pinned, *installed} - NOT_OURS)
        if pinned.get(name) != installed.get(name)
    ]


if __name__ == "__main__":
    main()
