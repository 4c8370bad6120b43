"""What is published, as far as no other program is needed; the rest is in tests/e2e."""

import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import click
import grimp
import pytest
import yaml
from packaging.utils import canonicalize_name

from function.contract import Mode
from function.model import KINDS
from release import PYTHON, ROOT, SUITE, bill, commands, debian, rootfs, scan, stamp
from testbed.install import definitions
from tests import asking

MADE = stamp.Stamp("0.1.0", "0123456789abcdef0123456789abcdef01234567", 1_700_000_000)
RECORD = """\
Package: libssl3t64
Source: openssl (3.5.7-1)
Version: 3.5.7-1~deb13u3
Architecture: amd64
Description: Secure Sockets Layer toolkit - shared libraries
 Long text follows: this is no field.
"""


def pins(name: str) -> set[str]:
    """Return the pins of a requirements file."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {line.split()[0] for line in lines if "==" in line and not line[0].isspace()}


def test_docker_builds_on_the_same_debian() -> None:
    """Both stages are one release: its base image, its packages, its Python."""
    froms = [
        line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if "FROM" in line
    ]
    base, *others = (line.split()[1] for line in froms)
    assert re.fullmatch(rf"debian:{SUITE}-[0-9]{{8}}-slim@sha256:[0-9a-f]{{64}}", base)
    assert others == ["scratch", "scratch"]
    assert f"libpython{PYTHON}-minimal" in debian.locked()


def test_the_user_is_the_same_in_image_and_accounts() -> None:
    """Kubernetes can tell a numeric user from root; the name is for people."""
    assert f"USER {rootfs.USER}:{rootfs.USER}" in (ROOT / "Dockerfile").read_text("utf-8")


def test_docker_gets_only_what_the_build_reads() -> None:
    """The list of what is sent to Docker names only files that are there."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert [name for name in allowed if not list(ROOT.glob(name))] == []
    assert lines[1] == "*"


def test_docker_builds_without_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The build stage has no git: what git would say has defaults."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    assert re.findall(r"^ARG \w+$", text, re.MULTILINE) == []
    for name in ("REVISION", "SOURCE_DATE_EPOCH"):
        monkeypatch.setenv(name, defaults[name])
    monkeypatch.setenv("PATH", "")
    assert stamp.read() == stamp.Stamp(defaults["VERSION"], "unknown", 1_580_601_600)


def test_debian_packages_are_pinned() -> None:
    """The list has what is wanted, each at one version."""
    locked = debian.locked()
    assert set(debian.WANTED) <= locked.keys()
    assert set(rootfs.INSTALLERS) <= locked.keys()
    assert all(locked.values())


def test_updates_of_debian_are_reported() -> None:
    """A package that is newer, gone or new in the archive is one line each."""
    reported = debian.outdated({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"})
    assert reported == [
        "b: 1 here, 2 in the archive",
        "c: 1 here, absent in the archive",
        "d: absent here, 1 in the archive",
    ]


@pytest.fixture
def archive_of_today(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give what Debian's archive has; it refuses every other version, as apt does."""
    offer = dict(debian.locked())

    def run(command: tuple[str, ...], *_: object) -> subprocess.CompletedProcess[str]:
        included = next(part for part in command if part.startswith("--include="))
        wanted = [name.partition("=") for name in included.split("=", 1)[1].split(",")]
        if gone := [name for name, _, version in wanted if version not in ("", offer.get(name))]:
            raise click.ClickException(f"E: Version for {gone[0]!r} was not found")
        lines = "".join(f"Inst {name} ({version} Debian)\n" for name, version in offer.items())
        return subprocess.CompletedProcess(command, 0, "", lines)

    monkeypatch.setattr(commands, "run", run)
    return offer


def test_debian_packages_are_those_of_the_list(archive_of_today: dict[str, str]) -> None:
    """While the archive has every version of the list, nothing else is installed."""
    archive_of_today["newcomer"] = "1"
    assert debian.versions(locked_only=True) == debian.locked()


def test_a_build_goes_on_when_debian_moves_on(
    archive_of_today: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The archive drops a version: today's is built, named, and refused with --locked."""
    archive_of_today["libssl3t64"] = "99"
    assert debian.versions() == archive_of_today
    assert "libssl3t64: " in capsys.readouterr().err
    with pytest.raises(click.ClickException, match=r"libssl3t64: .* 99 in the archive"):
        debian.versions(locked_only=True)


def test_a_silent_archive_is_no_new_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that does not answer fails the build with its own words."""

    def run(*_: object) -> subprocess.CompletedProcess[str]:
        raise click.ClickException("E: Could not resolve")

    monkeypatch.setattr(commands, "run", run)
    with pytest.raises(click.ClickException, match="Could not resolve"):
        debian.versions()


def test_the_wheel_holds_what_runs(tmp_path: Path) -> None:
    """The function as it is here, and nothing that builds, shows or tests it."""
    with zipfile.ZipFile(rootfs.wheel(tmp_path, MADE)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = [path for path in (ROOT / "function").rglob("*") if path.is_file()]
    here = {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}
    assert held == here


def test_what_runs_needs_only_what_is_installed_with_it() -> None:
    """Every library that the function imports is in the image's lock."""
    graph = grimp.build_graph("function", include_external_packages=True)
    config = {"function", *sys.stdlib_module_names}
    imported = {module.partition(".")[0] for module in graph.modules} - config
    installed = {canonicalize_name(pin.partition("==")[0]) for pin in pins("requirements.txt")}
    homes = metadata.packages_distributions()
    assert "pydantic" in imported
    assert [m for m in imported if installed.isdisjoint(map(canonicalize_name, homes[m]))] == []


def test_every_definition_is_in_one_package() -> None:
    """Each install has one XRD for each kind, and no XRD is in both or in none."""
    found = [definitions(mode) for mode in Mode]
    assert [len(paths) for paths in found] == [len(KINDS)] * len(Mode)
    everything = sorted((ROOT / "apis").glob("*/definition.yaml"))
    assert sorted(path for paths in found for path in paths) == everything


@pytest.mark.parametrize("name", ["function", *(f"configuration-{mode.value}" for mode in Mode)])
def test_candidates_and_builds_of_others_may_install(name: str) -> None:
    """A constraint without a suffix is met by no version that has one."""
    [written] = asking.documents(ROOT / "package" / name / "crossplane.yaml")
    oldest = "v2.0.0" if name == f"configuration-{Mode.NAMESPACED.value}" else "v1.20.0"
    assert written["spec"]["crossplane"]["version"] == f">={oldest}-0"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lacks a program reads what to install."""
    monkeypatch.setattr(shutil, "which", lambda program: program != "buildah" or None)
    with pytest.raises(click.ClickException) as error:
        commands.require(*commands.BUILDERS)
    assert error.value.message == (
        "packages are built with buildah; as root on Debian: "
        "apt-get install --no-install-recommends buildah"
    )


def test_a_failing_program_says_why() -> None:
    """What a program complained of is in the error."""
    with pytest.raises(click.ClickException, match="no such table"):
        commands.run((sys.executable, "-c", "import sys; sys.exit('no such table')"))


def test_the_stamp_needs_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git the environment says which commit it is."""
    monkeypatch.setenv("REVISION", MADE.revision)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(MADE.epoch))
    assert stamp.read() == MADE


def test_without_git_the_stamp_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, no traceback."""
    for name in ("REVISION", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(click.ClickException) as error:
        stamp.read()
    assert error.value.message == (
        "git is not installed; set REVISION and SOURCE_DATE_EPOCH to build without git"
    )


def test_the_bill_lists_both_kinds_of_packages(tmp_path: Path) -> None:
    """Debian's packages name their source, Python's their licence; nothing depends on when."""
    (tmp_path / rootfs.RECORDS).mkdir(parents=True)
    (tmp_path / rootfs.RECORDS / "libssl3t64").write_text(RECORD)
    for name, version, licence in (
        ("function-central-api", "0.1.0", "Apache-2.0"),
        ("Click", "8", "MIT"),
    ):
        info = tmp_path / rootfs.SITE / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        reported = ("Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}")
        (info / "METADATA").write_text("\n".join((*reported, f"License-Expression: {licence}\n")))
    written = []
    for name in ("one", "two"):
        bill.write(tmp_path, tmp_path / name, MADE)
        written.append((tmp_path / name).read_text("utf-8"))
    assert written[0] == written[1]
    read = json.loads(written[0])
    assert read["metadata"]["component"]["name"] == "function-central-api"
    assert read["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    assert [component["purl"] for component in read["components"]] == [
        "pkg:pypi/click@8",
        "pkg:deb/debian/libssl3t64@3.5.7-1~deb13u3?arch=amd64&distro=trixie&upstream=openssl",
    ]


def test_the_scan_sees_what_the_image_holds() -> None:
    """Only the pins for development are scanned; those of the image are among them."""
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@contextmanager
def advising(*known: str) -> Iterator[str]:
    """Serve advisories about these releases, as OSV does, and give the address."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requested = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = requested["package"]["name"], requested["version"]
            weak = {
                "id": "PYSEC-0",
                "affected": [
                    {
                        "package": {"name": name, "ecosystem": "PyPI"},
                        "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99"}]}],
                    }
                ],
            }
            body = json.dumps({"vulns": [weak]} if f"{name}=={version}" in known else {}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """Give a file of pins."""
    file = tmp_path / "requirements.txt"
    file.write_text("click==8.0.0\nclick-plugins==1.0\n")
    return file


def test_an_advisory_is_found(pinned: Path) -> None:
    """pip-audit reports a pin that the service knows, and no other."""
    with advising(scan.VULNERABLE, "click==8.0.0") as service:
        assert scan.advisories(pinned, service) == ["click 8.0.0: PYSEC-0, fixed in 99"]


def test_no_advisory_is_no_finding(pinned: Path) -> None:
    """A service that knows what is bad, and nothing of ours, is believed."""
    with advising(scan.VULNERABLE) as service:
        assert scan.advisories(pinned, service) == []


def test_an_ignorant_service_is_not_believed(pinned: Path) -> None:
    """A service that does not know what everybody knows has not scanned anything."""
    with advising() as service, pytest.raises(scan.Silent, match="knows nothing of jinja2"):
        scan.advisories(pinned, service)


def test_an_absent_service_is_not_believed(pinned: Path) -> None:
    """Where nobody answers, nothing was scanned."""
    with advising() as service:
        pass
    with pytest.raises(scan.Silent, match="ConnectionError"):
        scan.advisories(pinned, service)


def test_the_linter_finds_insecure_code() -> None:
    """The rules of the static scan are on, and can fail."""
    code = "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n"
    ruff = (Path(sys.executable).parent / "ruff", "check", "--select=S", "--output-format=concise")
    done = subprocess.run(
        [*ruff, "--stdin-filename=function/insecure.py", "-"],
        cwd=ROOT, input=code, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "S602" in done.stdout) == (1, True)


def test_examples_are_manifests() -> None:
    """Crossplane's command line takes every file below `examples` into a package."""
    for path in (ROOT / "examples").rglob("*.y*ml"):
        for manifest in yaml.safe_load_all(path.read_text("utf-8")):
            assert {"apiVersion", "kind", "metadata"} <= manifest.keys(), path
