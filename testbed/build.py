"""Build programs from Go modules, once for each set of pins.

The name of a build result contains the hash of all its inputs: other pins yield another file, and
a file that exists is the right one. One process builds a target; others wait for that one only.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click

from testbed import CACHE, locks
from testbed.programs import Files, Program

WRAPPERS = Path(__file__).parent / "go"
BUILT = CACHE / "bin"
REPORT_SECONDS = 10.0


def path(target: Program | Files) -> Path:
    """Return where a program or a directory is once it is built."""
    return BUILT / f"{target.name}-{pins(target)}"


def pins(target: Program | Files) -> str:
    """Hash everything that determines the result of a build."""
    digest = hashlib.sha256(repr(target).encode())
    wrapper = WRAPPERS / target.wrapper
    for file in sorted(path for path in wrapper.rglob("*") if path.is_file()):
        digest.update(file.relative_to(wrapper).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def ensure(*targets: Program | Files) -> None:
    """Build what is missing, in this order."""
    BUILT.mkdir(parents=True, exist_ok=True)
    for target in targets:
        if not path(target).exists():
            with locks.held(BUILT / f"{target.name}.lock", f"builds {target.name}", say):
                _make(target)
        for alias in target.aliases if isinstance(target, Program) else ():
            _link(BUILT / alias, path(target))


def _make(target: Program | Files) -> None:
    """Build a target, unless another process has just done so."""
    if path(target).exists():
        return
    if shutil.which("go") is None:
        raise click.ClickException(f"{target.name} is built from source: install Go")
    if isinstance(target, Program):
        _compile(target)
    else:
        _copy(target)
    _forget_older(target)


def say(line: str) -> None:
    """Print progress at once; a build is silent for minutes."""
    click.echo(f"testbed: {line}", err=True)


def _compile(program: Program) -> None:
    version = _go(program.wrapper, "list", "-m", "-f", "{{.Version}}", program.module)
    say(f"building {program.name} {version}; minutes the first time")
    start = time.monotonic()
    fresh = _fresh(program)
    facts = {"version": version, "minor": version.split(".")[1]}
    variables = " ".join(f"-X {variable.format(**facts)}" for variable in program.variables)
    options = ("-mod=readonly", "-trimpath", "-ldflags", f"-s -w {variables}", "-v")
    command = ("go", "build", *options, "-o", str(fresh), program.package)
    with subprocess.Popen(
        command, cwd=WRAPPERS / program.wrapper, env=environment(),
        stderr=subprocess.PIPE, text=True,
    ) as build:  # fmt: skip
        said = list(_reported(build.stderr or (), program.name))
    if build.returncode:
        # Its output includes the names of packages that compiled, one a line.
        wrong = [line for line in said if " " in line]
        raise click.ClickException(f"{program.name} does not build:\n" + "".join(wrong[:20]))
    fresh.replace(path(program))
    say(f"built {program.name} in {time.monotonic() - start:.0f} s")


def _reported(lines: Iterator[str] | tuple[()], name: str) -> Iterator[str]:
    """Pass on the compiler's output, a line for each package, and count from time to time."""
    last = time.monotonic()
    for count, line in enumerate(lines, 1):
        if time.monotonic() - last > REPORT_SECONDS:
            last = time.monotonic()
            say(f"  {name}: {count} packages, now {line.strip()}")
        yield line


def _copy(files: Files) -> None:
    say(f"copying {files.name}")
    _go(files.wrapper, "mod", "download", files.module)
    source = Path(_go(files.wrapper, "list", "-m", "-f", "{{.Dir}}", files.module))
    fresh = _fresh(files)
    shutil.rmtree(fresh, ignore_errors=True)
    for file in sorted((source / files.directory).rglob("*.yaml")):
        target = fresh / file.relative_to(source / files.directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only the content: files of the module cache are read-only.
        shutil.copyfile(file, target)
    fresh.replace(path(files))


def _fresh(target: Program | Files) -> Path:
    """Return where a target is built; names hold versions, so that no suffix is replaced."""
    return path(target).with_name(f"{path(target).name}.new")


def _forget_older(target: Program | Files) -> None:
    for other in BUILT.glob(f"{target.name}-{'?' * 12}"):
        if other == path(target):
            continue
        if other.is_dir():
            shutil.rmtree(other)
        else:
            other.unlink()


def _link(alias: Path, target: Path) -> None:
    if alias.is_symlink() and alias.readlink() == Path(target.name):
        return
    fresh = alias.with_suffix(f".{os.getpid()}")
    fresh.symlink_to(target.name)
    fresh.replace(alias)


def _go(wrapper: str, *arguments: str) -> str:
    """Run the Go client in a wrapper module and return what it prints."""
    done = subprocess.run(
        ("go", *arguments),
        cwd=WRAPPERS / wrapper,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """Return the environment of the Go client."""
    # A workspace file somewhere above would replace the pinned versions.
    return {**os.environ, "GOWORK": "off"}
