"""Build packages for Crossplane, with its own command line.

A package holds exactly one object of `meta.pkg.crossplane.io` and what it installs, so each is
built from a directory of its own: whatever YAML lies below it would be swallowed.
"""

import shutil
import tempfile
from pathlib import Path

from function.contract import Mode
from release import ROOT, commands, stamp
from testbed import build, programs
from testbed.install import definitions


def build_function(image: Path, target: Path, made: stamp.Stamp) -> None:
    """Build the function's package: its metadata, the schema of its input, and its image."""
    with tempfile.TemporaryDirectory() as scratch:
        root, examples = _directories(Path(scratch))
        shutil.copytree(ROOT / "package" / "function", root, dirs_exist_ok=True)
        _build(root, examples, target, made, f"--embed-runtime-image-tarball={image}")


def build_configuration(mode: Mode, target: Path, made: stamp.Stamp) -> None:
    """Build the package of an install: XRDs, Compositions, and the tenants' examples."""
    with tempfile.TemporaryDirectory() as scratch:
        root, examples = _directories(Path(scratch))
        shutil.copy(ROOT / "package" / f"configuration-{mode.value}" / "crossplane.yaml", root)
        for definition in definitions(mode):
            name = definition.parent.name
            shutil.copy(definition, root / f"{name}-definition.yaml")
            shutil.copy(ROOT / "compositions" / f"{name}.yaml", root / f"{name}-composition.yaml")
        for claim in sorted((ROOT / "examples").glob("*/*/claim.yaml")):
            kind, name = claim.parts[-3:-1]
            shutil.copy(claim, examples / f"{kind}-{name}.yaml")
        _build(root, examples, target, made)


def _directories(scratch: Path) -> tuple[Path, Path]:
    root, examples = scratch / "package", scratch / "examples"
    root.mkdir()
    examples.mkdir()
    return root, examples


def _build(root: Path, examples: Path, target: Path, made: stamp.Stamp, *more: str) -> None:
    build.ensure(programs.CLI_OF_2)
    command = (build.path(programs.CLI_OF_2), "xpkg", "build")
    where = (f"--package-root={root}", f"--examples-root={examples}", f"--package-file={target}")
    commands.run((*command, *where, *more), made.environment)
