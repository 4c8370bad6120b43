"""Look for newer releases of what the wrapper modules pin, and try to build them elsewhere."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed import build
from testbed.programs import ALL, Program

RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
# A directory such as `kube-1.31` pins a minor release, and takes only its patch releases.
LINE = re.compile(r"-(\d+)\.(\d+)$")
KUBERNETES = "k8s.io/kubernetes"
# How many releases are asked for one by one where the proxy refuses to list them.
AHEAD = 3
REASON_LENGTH = 200

Version = tuple[int, int, int]
Go = Callable[..., str]


class Failed(Exception):
    """The Go client failed."""


@dataclass(frozen=True)
class Attempt:
    """A release that was tried.

    Attributes:
        wrapper: The directory below `go/`.
        old: The version that is pinned.
        new: The newest that is served; the same if there is no newer one.
        broken: Why it cannot be taken; empty if it builds.
    """

    wrapper: str
    old: str
    new: str
    broken: str = ""

    def __str__(self) -> str:
        """Return the result in one line."""
        if self.new == self.old:
            return f"{self.wrapper:<22}{self.old} is the newest that is served"
        return f"{self.wrapper:<22}{self.old} -> {self.new}: {self.broken or 'builds'}"


def attempts(wrappers: Path) -> Iterator[Attempt]:
    """Try each wrapper module with newer pins.

    Args:
        wrappers: A copy of `go/`, whose pins are changed.
    """
    modules: dict[str, str] = {}
    for target in ALL:
        modules.setdefault(target.wrapper, target.module)
    for wrapper, module in modules.items():
        yield _attempt(wrappers, wrapper, module)


def _attempt(wrappers: Path, wrapper: str, module: str) -> Attempt:
    go = _client(wrappers / wrapper)
    old = go("list", "-m", "-f", "{{.Version}}", module)
    new = newest(module, old, wrapper, go)
    if new == old:
        return Attempt(wrapper, old, new)
    try:
        for edit in edits(json.loads(go("mod", "edit", "-json")), moved(module, old, new)):
            go("mod", "edit", edit)
        go("mod", "tidy")
        programs = [one for one in ALL if isinstance(one, Program) and one.wrapper == wrapper]
        for program in programs:
            go("build", "-o", "/dev/null", program.package)
    except Failed as failure:
        return Attempt(wrapper, old, new, f"BROKEN: {failure}")
    return Attempt(wrapper, old, new)


def newest(module: str, old: str, wrapper: str, go: Go) -> str:
    """Return the newest release that is served, and belongs to the wrapper."""
    try:
        listed = go("list", "-m", "-versions", "-f", "{{range .Versions}}{{.}} {{end}}", module)
        served = listed.split()
    except Failed:
        served = [version for version in following(old) if _is_served(module, version, go)]
    line = LINE.search(wrapper)
    known = [found for version in (old, *served) if (found := parsed(version))]
    fitting = [one for one in known if line is None or one[:2] == (int(line[1]), int(line[2]))]
    return written(max(fitting))


def following(old: str) -> list[str]:
    """Return the releases that may come next, where the proxy does not list them."""
    major, minor, patch = parsed(old) or (0, 0, 0)
    patches = [(major, minor, patch + step) for step in range(1, AHEAD + 1)]
    minors = [(major, minor + 1, step) for step in range(AHEAD)]
    return [written(version) for version in (*patches, *minors)]


def parsed(version: str) -> Version | None:
    """Return a release as numbers; None for a candidate or an untagged commit."""
    found = RELEASE.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def written(version: Version) -> str:
    """Return a release as Go writes it."""
    return f"v{version[0]}.{version[1]}.{version[2]}"


def moved(module: str, old: str, new: str) -> Mapping[str, str]:
    """Return the versions that go along with a release: those of modules tagged with it."""
    both = {old: new}
    if module == KUBERNETES:
        # Its staging modules are tagged v0.37.2 where it is tagged v1.37.2.
        both[f"v0{old[2:]}"] = f"v0{new[2:]}"
    return both


def edits(pins: Mapping[str, Any], along: Mapping[str, str]) -> list[str]:
    """Return the arguments of `go mod edit` that move all pins of one release to another."""
    result = []
    for require in pins.get("Require") or ():
        path, version = str(require["Path"]), str(require["Version"])
        if version in along:
            result.append(f"-require={path}@{along[version]}")
    for replace in pins.get("Replace") or ():
        path, version = replace["New"]["Path"], replace["New"].get("Version", "")
        if version in along:
            result.append(f"-replace={replace['Old']['Path']}={path}@{along[version]}")
    return result


def _is_served(module: str, version: str, go: Go) -> bool:
    try:
        go("list", "-m", f"{module}@{version}")
    except Failed:
        return False
    return True


def _client(directory: Path) -> Go:
    def go(*arguments: str) -> str:
        done = subprocess.run(
            ("go", *arguments), cwd=directory, env=build.environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "downloading" not in line]
            raise Failed(" ".join(" ".join(said[-2:]).split())[:REASON_LENGTH])
        return done.stdout.strip()

    return go
