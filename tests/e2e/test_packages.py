"""Build everything that is published, twice, read it back, and start what is in it."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from function.contract import Mode
from function.model import KINDS
from release import ROOT, archive, commands, debian, rootfs, scan, stamp
from tests import asking
from tools import demo
from tools.generate.definitions import FUNCTION, package

from .trees import copied

MISSING = commands.missing(*commands.BUILDERS)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

MEGABYTE = 1_000_000
FILES = [
    *(f"{package(mode)}.xpkg" for mode in Mode),
    f"{FUNCTION}.cdx.json",
    f"{FUNCTION}.tar",
    f"{FUNCTION}.xpkg",
]


def built(source: Path, made: stamp.Stamp, umask: int) -> Path:
    """Build from a copy of the project, in a process of its own."""
    environment = {"REVISION": made.revision, "SOURCE_DATE_EPOCH": str(made.epoch)}
    subprocess.run(
        [sys.executable, "-m", "release"],
        cwd=source, env={**os.environ, **environment}, umask=umask, check=True,
    )  # fmt: skip
    return source / "out" / "packages"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build twice from the same sources, in other places and as other people would."""
    made = stamp.read()
    first = copied(tmp_path_factory.mktemp("first") / "source")
    second = tmp_path_factory.mktemp("second") / "elsewhere"
    shutil.copytree(first, second, symlinks=True)
    return built(first, made, 0o022), built(second, made, 0o077)


@pytest.fixture(scope="module")
def packages(builds: tuple[Path, Path]) -> Path:
    """Give the directory of the first build."""
    return builds[0]


@pytest.fixture(scope="module")
def unpacked(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the image in the function's package, as a node does that runs it."""
    root = tmp_path_factory.mktemp("unpacked")
    root.chmod(0o755)
    archive.read(packages / f"{FUNCTION}.xpkg").unpack(root)
    return root


def base(packages: Path, name: str) -> list[dict[str, Any]]:
    """Return what Crossplane installs from a package."""
    return archive.read(packages / f"{name}.xpkg").layer("base")


def names(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return kind and name of each document, in order."""
    return sorted((document["kind"], document["metadata"]["name"]) for document in documents)


def test_the_same_commit_gives_the_same_files(builds: tuple[Path, Path]) -> None:
    """No file says where, when or by whom it was built."""
    first, second = ((build / "SHA256SUMS").read_text("utf-8") for build in builds)
    assert [line.split()[1] for line in first.splitlines()] == FILES
    assert first == second


def test_the_function_is_packaged(packages: Path) -> None:
    """The package of the function holds its metadata and the schema of its input."""
    assert names(base(packages, FUNCTION)) == [
        ("CustomResourceDefinition", "inputs.central-api.fn.scs.community"),
        ("Function", FUNCTION),
    ]


@pytest.mark.parametrize("mode", Mode, ids=[mode.value for mode in Mode])
def test_an_install_is_packaged(packages: Path, mode: Mode) -> None:
    """The package of an install holds its XRDs and Compositions, and examples beside them."""
    name = package(mode)
    x = "x" if mode is Mode.CLAIMS else ""
    owned = [f"{x}{kind.lower()}s.api.scs.community" for kind in KINDS]
    assert names(base(packages, name)) == sorted(
        [("Configuration", name)]
        + [(k, n) for n in owned for k in ("CompositeResourceDefinition", "Composition")]
    )
    examples = archive.read(packages / f"{name}.xpkg").layer("upbound")
    assert len(examples) == len(asking.ORDERS)


@pytest.mark.parametrize("name", [file.removesuffix(".xpkg") for file in FILES if "xpkg" in file])
def test_a_package_says_what_it_is(packages: Path, name: str) -> None:
    """Exactly one object of a package is its metadata, as the repository has it."""
    found = [d for d in base(packages, name) if d["apiVersion"].startswith("meta.pkg.")]
    directory = name.replace("-central-api", "")
    (written,) = asking.documents(ROOT / "package" / directory / "crossplane.yaml")
    assert [(d["metadata"]["annotations"], d["spec"]) for d in found] == [
        (written["metadata"]["annotations"], written["spec"])
    ]


def test_the_package_runs_as_the_image_does(packages: Path) -> None:
    """The embedded image has user, entrypoint, ports, labels and files of the image itself."""
    image = archive.read(packages / f"{FUNCTION}.tar")
    package = archive.read(packages / f"{FUNCTION}.xpkg")
    assert image.layers.keys() <= package.layers.keys()
    assert image.settings["Labels"].items() <= package.settings["Labels"].items()
    for settings in (image.settings, package.settings):
        assert settings["User"] == f"{rootfs.USER}:{rootfs.USER}"
        assert settings["Entrypoint"] == ["/usr/bin/python3", "-Iu", "-m", "function.main"]
        assert settings["ExposedPorts"].keys() == {"8080/tcp", "9443/tcp"}
    labels = {k.rpartition(".")[2]: v for k, v in image.settings["Labels"].items()}
    made = stamp.read()
    assert (labels["version"], labels["revision"]) == (made.version, made.revision)
    assert (labels["licenses"], labels["source"]) == (
        "Apache-2.0",
        "https://github.com/SovereignCloudStack/central-api",
    )


def test_the_image_is_small(packages: Path) -> None:
    """What grows it beyond this is to be looked at."""
    assert (packages / f"{FUNCTION}.tar").stat().st_size < 80 * MEGABYTE
    assert (packages / f"{FUNCTION}.xpkg").stat().st_size < 35 * MEGABYTE


def test_the_image_holds_no_tools(unpacked: Path) -> None:
    """Nobody who gets in finds a shell, a package manager or a program that makes him root."""
    programs = sorted(path.name for path in (unpacked / "usr" / "bin").iterdir())
    assert programs == ["python3", "python3.13"]
    files = [path for path in unpacked.rglob("*") if not path.is_symlink()]
    assert [path for path in files if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)] == []
    unwanted = {"pip", "setuptools", "ensurepip", "__pycache__", "machine-id", "RECORD"}
    assert [path for path in files if path.name in unwanted] == []
    assert [path for path in files if path.suffix == ".pyc"] == []


def test_files_belong_to_root(unpacked: Path) -> None:
    """The function cannot write to its own program."""
    writable = {
        p for p in unpacked.rglob("*") if not p.is_symlink() and p.stat().st_mode & stat.S_IWOTH
    }
    assert {path.relative_to(unpacked).as_posix() for path in writable} <= {
        "tmp",
        "var/tmp",
        "run/lock",
    }


def test_the_bill_is_complete(packages: Path, unpacked: Path) -> None:
    """Every Debian package and every pin is in the bill, at its version."""
    bill = json.loads((packages / f"{FUNCTION}.cdx.json").read_text("utf-8"))
    listed = {(component["name"], component["version"]) for component in bill["components"]}
    retained = {path.name for path in (unpacked / rootfs.RECORDS).iterdir()}
    versions = debian.versions()
    assert retained == versions.keys() - set(rootfs.INSTALLERS)
    python = {
        (found.name, found.version)
        for found in metadata.distributions(path=[str(unpacked / rootfs.SITE)])
        if found.name != FUNCTION
    }
    assert listed == python | {(n, v) for n, v in versions.items() if n in retained}
    assert {f"{name.lower()}=={version}".replace("_", "-") for name, version in python} == {
        line.split()[0]
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if "==" in line
    }


@pytest.fixture
def files(unpacked: Path, tmp_path: Path) -> Iterator[demo.Certificates]:
    """Give the image what a node gives: certificates, at the same path as outside, and devices."""
    found = demo.certificates(tmp_path)
    inside = unpacked / tmp_path.relative_to("/")
    shutil.copytree(tmp_path, inside)
    inside.chmod(0o755)
    random = unpacked / "dev" / "urandom"
    os.mknod(random, stat.S_IFCHR, os.makedev(1, 9))
    random.chmod(0o666)
    yield found
    random.unlink()
    shutil.rmtree(inside)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root directory")
def test_the_image_answers(packages: Path, unpacked: Path, files: demo.Certificates) -> None:
    """The server in the package starts as its user, from its entrypoint, and answers an order."""
    settings = archive.read(packages / f"{FUNCTION}.xpkg").settings
    inside = ("chroot", f"--userspec={settings['User']}", str(unpacked), *settings["Entrypoint"])

    async def played(channel: demo.Channel) -> demo.Played:
        async with channel.open() as opened:
            stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
            return await demo.play(
                stub.RunFunction, asking.order("cluster/minimal"), asking.provider("cluster-stacks")
            )

    with demo.serving(files, (*inside, "--no-metrics")) as channel:
        outcome = asyncio.run(played(channel)).outcome
    assert (outcome.complete, outcome.composite["status"]["phase"]) == (True, "Ready")


def test_a_withdrawn_pin_is_found(tmp_path: Path) -> None:
    """The index marks what its makers have withdrawn, and the scan tells."""
    pins = tmp_path / "requirements.txt"
    pins.write_text(f"click==8.1.8\n{scan.WITHDRAWN}\n")
    assert scan.withdrawn(pins) == ["requests 2.32.0 is withdrawn"]


def test_an_outdated_debian_package_is_found() -> None:
    """The archive is asked, and a version that it has no more is reported."""
    offer = debian.offered()
    old = {**offer, "libssl3t64": "3.5.1-1"}
    assert [line.split(":")[0] for line in debian.outdated(old, offer)] == ["libssl3t64"]
