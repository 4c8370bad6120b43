"""Build the real Crossplane engines from Go modules.

Each directory below `go/` is a wrapper module that pins one release, so the ordinary Go client
fetches exactly these sources and checks them against `go.sum`. Binaries and the custom resource
definitions of Crossplane itself land in `.e2e/` at the project root, and are made again only when
the pins change or a file is gone. Runs from the tests, and by hand:

    python tests/e2e/build.py
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRAPPERS = Path(__file__).parent / "go"
CACHE = ROOT / ".e2e"
LDFLAGS = "-s -w -X {variable}={version}"
CORE_V1 = "github.com/crossplane/crossplane"
CORE_V2 = "github.com/crossplane/crossplane/v2"
CLI_V2 = "github.com/crossplane/cli/v2"
VERSION_V1 = "github.com/crossplane/crossplane/internal/version.version"
VERSION_V2 = "github.com/crossplane/crossplane-runtime/v2/pkg/version.version"


@dataclass(frozen=True)
class Binary:
    """One program: the wrapper that pins it, its module and package, and where its version goes."""

    name: str
    wrapper: str
    module: str
    package: str
    variable: str


@dataclass(frozen=True)
class Engines:
    """Where everything that was built is."""

    cli_v1: Path
    cli_v2: Path
    core_v2: Path
    crds_v1: Path
    crds_v2: Path


# The 1.20 CLI renders in its own process; the 2.x CLI asks a core binary to do it.
BINARIES = (
    Binary("crossplane-cli-v1", "xp1", CORE_V1, "cmd/crank", VERSION_V1),
    Binary("crossplane-v2", "xp2", CORE_V2, "cmd/crossplane", VERSION_V2),
    Binary("crossplane-cli-v2", "xpcli", CLI_V2, "cmd/crossplane", VERSION_V2),
)
CRDS = {"crds-v1": ("xp1", CORE_V1), "crds-v2": ("xp2", CORE_V2)}


def ensure() -> Engines:
    """Build what is missing or outdated, and return where it is."""
    CACHE.mkdir(exist_ok=True)
    with locked(CACHE / "lock"):
        for binary in BINARIES:
            if outdated(CACHE / binary.name, pins(binary.wrapper, *vars(binary).values())):
                build(binary)
        for name, (wrapper, module) in CRDS.items():
            if outdated(CACHE / name, pins(wrapper, module)):
                copy_crds(CACHE / name, wrapper, module)
    return Engines(
        cli_v1=CACHE / "crossplane-cli-v1",
        cli_v2=CACHE / "crossplane-cli-v2",
        core_v2=CACHE / "crossplane-v2",
        crds_v1=CACHE / "crds-v1",
        crds_v2=CACHE / "crds-v2",
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process build at a time; the file stays, the lock goes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pins(wrapper: str, *more: str) -> str:
    """Hash all that decides what a build of this wrapper yields."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((WRAPPERS / wrapper / name).read_bytes())
    digest.update("\n".join((LDFLAGS, *more)).encode())
    return digest.hexdigest()


def outdated(target: Path, digest: str) -> bool:
    """Tell whether the target is absent or was made from other pins."""
    stamp = stamp_of(target)
    return not (target.exists() and stamp.exists() and stamp.read_text() == digest)


def stamp_of(target: Path) -> Path:
    """Return the file that records what a target was made from."""
    return target.with_name(f"{target.name}.sha256")


def build(binary: Binary) -> None:
    """Build one program and replace the old one in a single step."""
    version = go(binary.wrapper, "list", "-m", "-f", "{{.Version}}", binary.module)
    say(f"building {binary.name} {version}; minutes the first time")
    start = time.monotonic()
    fresh = CACHE / f"{binary.name}.new"
    ldflags = LDFLAGS.format(variable=binary.variable, version=version)
    options = ("-mod=readonly", "-trimpath", "-ldflags", ldflags)
    go(binary.wrapper, "build", *options, "-o", str(fresh), f"{binary.module}/{binary.package}")
    fresh.replace(CACHE / binary.name)
    stamp_of(CACHE / binary.name).write_text(pins(binary.wrapper, *vars(binary).values()))
    say(f"built {binary.name} in {time.monotonic() - start:.0f} s")


def copy_crds(target: Path, wrapper: str, module: str) -> None:
    """Copy Crossplane's own custom resource definitions out of its module."""
    say(f"copying {target.name}")
    go(wrapper, "mod", "download", module)
    source = Path(go(wrapper, "list", "-m", "-f", "{{.Dir}}", module)) / "cluster" / "crds"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in sorted(source.glob("*.yaml")):
        # Only the content: files of the module cache are read-only.
        shutil.copyfile(file, target / file.name)
    stamp_of(target).write_text(pins(wrapper, module))


def go(wrapper: str, *arguments: str) -> str:
    """Run the Go client in a wrapper module and return what it prints."""
    # A workspace file somewhere above would replace the pinned versions.
    environment = {**os.environ, "GOWORK": "off"}
    done = subprocess.run(
        ("go", *arguments),
        cwd=WRAPPERS / wrapper,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def say(line: str) -> None:
    """Print progress at once; a build is silent for minutes."""
    sys.stderr.write(f"e2e: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    ensure()
