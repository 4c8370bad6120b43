"""What is locked is all that is installed, on every Python and at any later time."""

import ensurepip
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release import ROOT

LOCKS = {"requirements.txt": (), "requirements-dev.txt": ("dev",)}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Files that install a lock.
INSTALLERS = ("Makefile", "Dockerfile", "release/rootfs.py")
NEWER = "9999"


@functools.cache
def locked(name: str) -> dict[str, Requirement]:
    """Return the entries of a lock by normalised name."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    lines = (line.partition(" --hash")[0] for line in text.splitlines())
    requirements = map(Requirement, filter(str.strip, lines))
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def environment(python: str) -> dict[str, str]:
    """Return what markers are evaluated against."""
    return {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
    }


def applies(requirement: Requirement, python: str, extras: Iterable[str] = ()) -> bool:
    """Say whether a requirement is for this Python, with any of these extras."""
    marker, at = requirement.marker, environment(python)
    return marker is None or any(marker.evaluate({**at, "extra": e}) for e in ("", *extras))


def missing(lock: dict[str, Requirement], roots: list[Requirement], python: str) -> Iterator[str]:
    """Yield each requirement that the lock does not meet, following extras and markers.

    Yields every entry of the lock that nothing requires, too.
    """
    pending = [(root, "pyproject.toml") for root in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    while pending:
        requirement, origin = pending.pop()
        name = canonicalize_name(requirement.name)
        entry = lock.get(name)
        if entry is None or not applies(entry, python):
            yield f"{requirement}, required by {origin}"
            continue
        if not requirement.specifier.contains(entry_version(entry), prereleases=True):
            yield f"{requirement}, required by {origin}, but {entry}"
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        below = map(Requirement, metadata.requires(name) or ())
        pending += [(one, name) for one in below if applies(one, python, requirement.extras)]
    reached = {name for name, _ in seen}
    yield from (f"{e}: nothing requires it" for n, e in lock.items() if n not in reached)


def entry_version(entry: Requirement) -> str:
    """Return the one version of an entry."""
    (specifier,) = entry.specifier
    assert specifier.operator == "=="
    return specifier.version


def roots(extras: tuple[str, ...]) -> list[Requirement]:
    """Return what pyproject.toml asks for, by itself and for the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = [*project["dependencies"]]
    for extra in extras:
        listed += project["optional-dependencies"][extra]
    return [Requirement(text) for text in listed]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_is_closed(name: str, python: str) -> None:
    """Nothing is left to resolve, and nothing is in the lock without need."""
    lock = {n: entry for n, entry in locked(name).items() if applies(entry, python)}
    assert list(missing(lock, roots(LOCKS[name]), python)) == []


def test_an_open_lock_is_noticed() -> None:
    """A requirement that only an extra brings is missed like any other."""
    lock = {n: entry for n, entry in locked("requirements-dev.txt").items() if n != "coverage"}
    found = list(missing(lock, roots(("dev",)), PYTHONS[0]))
    assert any(line.startswith("coverage[toml]") for line in found)


def options(name: str) -> list[str]:
    """Return the options with which a file installs a lock."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    parts = [text] if name.endswith(".py") else re.split(r"\n|&&", text)
    (found,) = [part for part in parts if re.search(r"\binstall\b.*requirements", part, re.DOTALL)]
    return re.findall(r"--[a-z-]+", found)


@pytest.mark.parametrize("name", INSTALLERS)
def test_every_installation_takes_the_lock_alone(name: str) -> None:
    """No place that installs a lock lets pip look for more."""
    assert {"--no-deps", "--require-hashes"} <= set(options(name))


def pips() -> list[str]:
    """Return the pip of the lock and the one that this Python brings to a new environment."""
    bundled = resources.files(ensurepip) / "_bundled"
    wheels = [str(file) for file in bundled.iterdir() if file.name.startswith("pip-")]
    return ["-m pip", *(f"{wheel}/pip" for wheel in wheels)]


def wheel(directory: Path, name: str, version: str, reported: list[str]) -> str:
    """Write a wheel without content, and return its hash."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = directory / f"{stem}-py3-none-any.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *reported]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{stem}.dist-info/WHEEL", tags)
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an index that offers a newer version beside every locked one, and its lock."""
    directory = tmp_path_factory.mktemp("index")
    lines = []
    for name, entry in locked("requirements-dev.txt").items():
        here = applies(entry, f"{sys.version_info.major}.{sys.version_info.minor}")
        about = metadata.metadata(name) if here else None
        reported = [
            f"{field}: {value}"
            for field in ("Requires-Dist", "Provides-Extra")
            for value in (about.get_all(field) or () if about else ())
        ]
        digest = wheel(directory, name, entry_version(entry), reported)
        wheel(directory, name, NEWER, reported)
        lines.append(f"{entry} --hash=sha256:{digest}")
    (directory / "lock.txt").write_text("\n".join(lines), "utf-8")
    return directory


@pytest.mark.parametrize("pip", pips(), ids=lambda pip: Path(pip).parent.name or "locked")
def test_newer_releases_change_nothing(index: Path, pip: str) -> None:
    """The documented installation takes the locked versions, whatever is published later."""
    report = ("install", "--dry-run", "--ignore-installed", "--quiet", "--report=-")
    lock = (*options("Makefile"), "-r", str(index / "lock.txt"))
    done = subprocess.run(
        [sys.executable, *pip.split(), *report, *lock],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    installed = {
        canonicalize_name(item["metadata"]["name"]): item["metadata"]["version"]
        for item in json.loads(done.stdout)["install"]
    }
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert installed == {
        name: entry_version(entry)
        for name, entry in locked("requirements-dev.txt").items()
        if applies(entry, python)
    }
