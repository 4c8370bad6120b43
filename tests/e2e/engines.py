"""Drive the real engines and our own command line.

Three rails: the 1.20 engine and the 2.x engine with the XR of a claim, and the 2.x engine with the
tenant's own manifest, which is the XR where XRDs are namespaced. Nothing here needs Docker or a
network: the function is a process on the loopback interface, schemas are files.
"""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from testbed import ROOT, build, programs
from tools.generate.definitions import INSTALLED

from .outcome import Manifest, Outcome, Refusal, key_of, read_ours, read_theirs, reported


@dataclass(frozen=True)
class Engines:
    """Where everything that was built is."""

    cli_v1: Path
    cli_v2: Path
    core_v2: Path
    crds_v1: Path
    crds_v2: Path


ENGINES = (
    programs.CLI_OF_1,
    programs.CLI_OF_2,
    programs.CROSSPLANE_2,
    programs.FILES_OF_1,
    programs.FILES_OF_2,
)
BUILT = Engines(
    cli_v1=build.path(programs.CLI_OF_1),
    cli_v2=build.path(programs.CLI_OF_2),
    core_v2=build.path(programs.CROSSPLANE_2),
    crds_v1=build.path(programs.FILES_OF_1) / "crds",
    crds_v2=build.path(programs.FILES_OF_2) / "crds",
)
Reader = Callable[[subprocess.CompletedProcess[str]], Outcome | Refusal]

# The 2.x engine invents a uid for an XR without one; ours must get the same.
UID = "5f1d7e3a-0c9b-4b52-9a57-0d5c1e6b7a10"


@dataclass(frozen=True)
class Rail:
    """One engine in one mode."""

    name: str
    line: str
    namespaced: bool


RAILS = (
    Rail("1.20-claims", "1.20", namespaced=False),
    Rail("2.x-claims", "2.x", namespaced=False),
    Rail("2.x-namespaced", "2.x", namespaced=True),
)


@dataclass(frozen=True)
class Case:
    """An example order, the environment of one CSP, and the rail to send it down."""

    example: Path
    environment: Path
    rail: Rail

    def __str__(self) -> str:
        """Name the case in test ids."""
        kind = self.example.parent.name
        return f"{self.rail.name}-{self.environment.name}-{kind}-{self.example.name}"


class Lab:
    """Runs orders through the engines and through our command line; remembers first passes."""

    def __init__(self, engines: Engines, port: int, scratch: Path) -> None:
        """Lay out the scratch directory: the functions file, schemas, orders with a uid."""
        self.engines = engines
        self.scratch = scratch
        self.functions = scratch / "functions.yaml"
        self.functions.write_text(json.dumps(development_function(port)))
        self.first: dict[tuple[Reader, Case], Outcome | Refusal] = {}

    def ours(self, case: Case, observed: Path | None = None) -> Outcome | Refusal:
        """Render with our own command line."""
        command = [program("central-api"), "render", str(self.order(case)), "-o", "yaml"]
        command += ["-e", str(case.environment)]
        command += ["--mode", "namespaced" if case.rail.namespaced else "claims"]
        if observed:
            command += ["--observed", str(observed)]
        return self.remember(case, command, observed, read_ours)

    def theirs(self, case: Case, observed: Path | None = None) -> Outcome | Refusal:
        """Render with the case's engine."""
        composition = composition_of(load(self.order(case))[0]["kind"])
        command = [*self.render_command(case.rail, composition), "-x", "-r"]
        command += ["-e", str(case.environment)]
        command += [str(self.order(case)), str(composition), str(self.functions)]
        if observed:
            command += ["-o", str(observed)]
        return self.remember(case, command, observed, read_theirs)

    def render_command(self, rail: Rail, composition: Path) -> list[str]:
        """Return the rail's engine with what only this engine needs."""
        if rail.line == "1.20":
            return [str(self.engines.cli_v1), "render"]
        definition = ROOT / "apis" / composition.stem / "definition.yaml"
        command = [str(self.engines.cli_v2), "composition", "render"]
        # Without the XRD the engine takes every XR for a namespaced one.
        return [*command, f"--crossplane-binary={self.engines.core_v2}", f"--xrd={definition}"]

    def remember(
        self, case: Case, command: Sequence[str], observed: Path | None, read: Reader
    ) -> Outcome | Refusal:
        """Run a render, unless it is a first pass that was run before."""
        if observed:
            return read(self.run(command))
        if (read, case) not in self.first:
            self.first[read, case] = read(self.run(command))
        return self.first[read, case]

    def order(self, case: Case) -> Path:
        """Return the file that is the XR on this rail."""
        if not case.rail.namespaced:
            return case.example / "xr.yaml"
        path = self.scratch / f"{case.example.parent.name}-{case.example.name}.yaml"
        if not path.exists():
            claim = load(case.example / "claim.yaml")[0]
            claim["metadata"]["uid"] = UID
            dump(path, [claim])
        return path

    def observe(self, case: Case, documents: Sequence[Manifest]) -> Path:
        """Write composed resources as a control plane would report them a moment later."""
        directory = self.scratch / f"observed-{case}"
        directory.mkdir(exist_ok=True)
        dump(directory / "observed.yaml", [reported(d) for d in documents if key_of(d)])
        return directory

    def validate(
        self, rail: Rail, documents: Sequence[Manifest]
    ) -> subprocess.CompletedProcess[str]:
        """Judge documents with the engine's own `validate`; no schema is an error."""
        path = self.scratch / "validate.yaml"
        dump(path, documents)
        extensions = str(self.extensions(rail))
        cache = self.scratch / f"cache-{rail.name}"
        command = [str(self.engines.cli_v2), "resource", "validate", "--crossplane-image="]
        if rail.line == "1.20":
            # This release insists on an image for core's kinds; one that is cached is not pulled.
            fill(cache / "local", self.engines.crds_v1)
            command = [str(self.engines.cli_v1), "beta", "validate", "--crossplane-image=local"]
        else:
            extensions += f",{self.engines.crds_v2}"
        command += ["--error-on-missing-schemas", f"--cache-dir={cache}", extensions, str(path)]
        return self.run(command)

    def extensions(self, rail: Rail) -> Path:
        """Gather the XRDs of the rail's mode and the CRDs of what we render."""
        directory = self.scratch / f"extensions-{'namespaced' if rail.namespaced else 'claims'}"
        if not directory.exists():
            fill(directory, ROOT / "tests" / "schemas")
            for schema in sorted((ROOT / "package" / "function" / "input").glob("*.yaml")):
                (directory / schema.name).write_bytes(schema.read_bytes())
            for definition in definitions(rail):
                name = f"definition-{definition.parent.name}.yaml"
                (directory / name).write_bytes(definition.read_bytes())
        return directory

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program with a home of its own, and without proxies or a Docker host."""
        environment = {"HOME": str(self.scratch), "PATH": os.defpath, "COLUMNS": "1000"}
        return subprocess.run(
            command,
            cwd=self.scratch,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


def program(name: str) -> str:
    """Return a program that is installed beside the running Python."""
    return str(Path(sys.executable).parent / name)


def development_function(port: int) -> Manifest:
    """Describe our function as one that already runs."""
    runtime = "render.crossplane.io/runtime"
    return {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Function",
        "metadata": {
            "name": INSTALLED,
            "annotations": {
                runtime: "Development",
                f"{runtime}-development-target": f"dns:///127.0.0.1:{port}",
            },
        },
        "spec": {"package": "example.org/function-central-api:v0.0.0"},
    }


@functools.cache
def composition_of(kind: str) -> Path:
    """Find the Composition for an XR kind; its file is named like its XRD's directory."""
    for path in sorted((ROOT / "compositions").glob("*.yaml")):
        if load(path)[0]["spec"]["compositeTypeRef"]["kind"] == kind:
            return path
    raise LookupError(f"no Composition below compositions/ is for kind {kind!r}")


def definitions(rail: Rail) -> Iterator[Path]:
    """List the XRDs of the rail's mode; the kinds of claims mode begin with an x."""
    for path in sorted((ROOT / "apis").glob("*/definition.yaml")):
        if path.parent.name.startswith("x") is not rail.namespaced:
            yield path


def load(path: Path) -> list[Manifest]:
    """Read the documents of a YAML file."""
    return [d for d in yaml.safe_load_all(path.read_text()) if d]


def dump(path: Path, documents: Sequence[Manifest]) -> None:
    """Write documents as JSON, which is YAML without its ambiguities."""
    path.write_text("\n---\n".join(json.dumps(d) for d in documents))


def fill(directory: Path, source: Path) -> None:
    """Copy YAML files into a directory, once."""
    if directory.exists():
        return
    directory.mkdir(parents=True)
    for file in sorted(source.glob("*.yaml")):
        (directory / file.name).write_bytes(file.read_bytes())
