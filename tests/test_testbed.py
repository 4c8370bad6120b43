"""Parts of the testbed that need no server: pins, ports, identities, processes, texts."""

import fcntl
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme
import yaml
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from function.contract import Mode
from testbed import (
    ROOT,
    background,
    build,
    certificates,
    install,
    kubernetes,
    locks,
    processes,
    programs,
    site,
)
from testbed.__main__ import EXAMPLE, main
from testbed.kubernetes import Answer, Kubernetes, Manifest, Refused, condition
from testbed.processes import Child
from testbed.profiles import PROFILES
from testbed.programs import ClusterAPI, Files, Program
from testbed.running import Broken
from testbed.waiting import TimedOut, until
from tests.pages import consoles

TARGETS = programs.ALL
SLEEPER = "import time; print('awake', flush=True); time.sleep(600)"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """Start a process that does nothing."""
    started = processes.start("sleeper", (sys.executable, "-c", SLEEPER), {}, tmp_path / "log")
    yield started
    processes.stop(started)


def test_everything_is_listed() -> None:
    """Compare the list of all targets with what is defined, by itself or as a part."""
    values = vars(programs).values()
    releases = [one for one in values if isinstance(one, ClusterAPI)]
    defined = {one for one in values if isinstance(one, Program | Files)}
    assert set(TARGETS) == defined.union(*(release.needs for release in releases))
    assert len(set(TARGETS)) == len(TARGETS)


def test_profiles_of_the_gate_need_what_it_builds() -> None:
    """A profile that needs more is built, and run, by `make e2e-all` only."""
    late = {name for name, profile in PROFILES.items() if not {*profile.needs} <= {*programs.GATE}}
    assert late == {"capi-1.11"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_is_pinned(target: Program | Files) -> None:
    """Find the module of each target among the pins of its wrapper."""
    pins = (build.WRAPPERS / target.wrapper / "go.mod").read_text()
    assert f"{target.module} v" in pins
    assert f"{target.module} v" in (build.WRAPPERS / target.wrapper / "go.sum").read_text()


def test_no_two_targets_share_a_file() -> None:
    """Keep the names apart, however the pins change."""
    assert len({build.path(target) for target in TARGETS}) == len(TARGETS)


def test_other_pins_are_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Change a pin: what was built before is not taken for the new one."""
    (tmp_path / "kube").mkdir()
    (tmp_path / "kube" / "go.mod").write_text("one")
    monkeypatch.setattr(build, "WRAPPERS", tmp_path)
    previous = build.path(programs.KUBE)
    (tmp_path / "kube" / "go.mod").write_text("two")
    assert build.path(programs.KUBE) != previous


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_adds_up(name: str) -> None:
    """Give each port one purpose, and each server one name."""
    profile = PROFILES[name]
    servers = [server.name for server in profile.servers]
    assert profile.name == name
    assert len(set(profile.ports)) == len(profile.ports)
    assert len(set(servers)) == len(servers)


@pytest.mark.parametrize("name", PROFILES)
def test_every_command_can_be_written(name: str, tmp_path: Path) -> None:
    """Write all command lines: each port that a server names is one of its own or of another."""
    place = site.Site(tmp_path, dict.fromkeys(PROFILES[name].ports, 1234))
    for server in PROFILES[name].servers:
        assert all(isinstance(part, str) and part for part in server.command(place))


def test_ports_are_free_and_apart() -> None:
    """Choose ports for many purposes."""
    ports = site.free_ports(str(number) for number in range(20))
    assert len(set(ports.values())) == 20
    assert set(ports.values()) <= set(site.PORTS)


def test_processes_that_start_together_look_elsewhere() -> None:
    """Compare where fifty begin that follow each other: no profile reaches into another's ports."""
    steps = [number * site.APART % len(site.PORTS) for number in range(1, 50)]
    nearest = min(min(step, len(site.PORTS) - step) for step in steps)
    assert nearest > max(len(profile.ports) for profile in PROFILES.values())


def test_everyone_has_an_identity(tmp_path: Path) -> None:
    """Issue all certificates; a kubeconfig holds what it needs, for its owner alone."""
    place = site.prepare(tmp_path / "site", ["api"])
    for name, user, group in site.IDENTITIES:
        certificate = x509.load_pem_x509_certificate(
            (place.identity(name) / "tls.crt").read_bytes()
        )
        names = {part.oid: str(part.value) for part in certificate.subject}
        assert (names[NameOID.COMMON_NAME], names[NameOID.ORGANIZATION_NAME]) == (user, group)
        config = yaml.safe_load(place.kubeconfig(name).read_text())
        assert config["clusters"][0]["cluster"]["server"] == place.url
        for secret in (place.identity(name) / "tls.key", place.kubeconfig(name)):
            assert secret.stat().st_mode & 0o077 == 0


def test_a_certificate_is_of_its_authority(tmp_path: Path) -> None:
    """Verify a certificate, and tell its issuer from its owner: same names would be self-signed."""
    authority = trustme.CA()
    certificates.issue(authority, tmp_path / "one", "one")
    certificate = x509.load_pem_x509_certificate((tmp_path / "one" / "tls.crt").read_bytes())
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    certificate.verify_directly_issued_by(issuer)
    assert certificate.issuer != certificate.subject
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def test_a_child_writes_its_log_and_is_ended(child: Child) -> None:
    """Start, read and end a process."""
    until(lambda: "awake" in child.last_words(), seconds=60, what="a word")
    assert child.alive
    processes.stop(child)
    assert not child.alive


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    """Kill a parent in the hardest way: its child is gone too."""
    script = (
        "import sys, time, pathlib; from testbed import processes\n"
        f"log = pathlib.Path({str(tmp_path)!r}) / 'log'\n"
        "child = processes.start('sleeper', ('sleep', '600'), {}, log)\n"
        "print(child.process.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", script), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        assert lives(number)
        parent.kill()
    until(lambda: not lives(number), seconds=60, what="the end of the child")


def lives(number: int) -> bool:
    """Say whether a process is there, and not only because nobody asked how it ended."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"


def test_waiting_has_an_end() -> None:
    """Wait for what does not come: the error says what, and what went wrong last."""

    def refused() -> bool:
        raise ConnectionRefusedError("nobody there")

    start = time.monotonic()
    with pytest.raises(TimedOut, match=r"a server: not within 0 s \(nobody there\)"):
        until(refused, seconds=0, what="a server")
    assert time.monotonic() - start < 5


def test_the_first_value_that_holds_is_returned() -> None:
    """Look until it is there, and no more."""
    values = iter([0, 1, 2, 3])
    assert until(lambda: next(values), lambda value: value > 1, seconds=60, what="two") == 2
    assert next(values) == 3


def test_what_was_seen_last_is_reported() -> None:
    """A timeout names what was awaited."""
    with pytest.raises(TimedOut, match=r"^a phase: not within 0 s; last: \{'phase': 'Pending'\}$"):
        until(
            lambda: {"phase": "Pending"},
            lambda status: status["phase"] == "Ready",
            seconds=0,
            what="a phase",
        )


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[Kubernetes, list[str]]:
    """Return a client whose API server answers so, one by one, and what is sent to it."""
    queue, sent = list(answers), list[str]()

    def answer(_: Kubernetes, method: str, target: str, *__: object) -> Answer:
        sent.append(f"{method} {target}")
        return queue.pop(0)

    monkeypatch.setattr(Kubernetes, "_sent", answer)
    return Kubernetes("nobody", Path()), sent


CONFLICT, TAKEN = Answer(409, {"message": "modified"}), Answer(200, {"kind": "ConfigMap"})
KINDS = {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


def test_a_patch_that_collides_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it was meant for one version of the object: then that is the answer."""
    api, sent = answering(monkeypatch, CONFLICT, CONFLICT, TAKEN)
    patch: Manifest = {"metadata": {"labels": {"a": "b"}}}
    assert api.request("PATCH", "/x", patch, content=kubernetes.MERGE) == TAKEN
    assert len(sent) == 3
    api, sent = answering(monkeypatch, CONFLICT)
    patch = {"metadata": {"resourceVersion": "7"}}
    assert api.request("PATCH", "/x", patch, content=kubernetes.MERGE) == CONFLICT


def test_a_kind_may_be_served_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for it again, for so long; what is served is not looked for twice."""
    nothing, listed = Answer(404, {}), Answer(200, KINDS)
    api, sent = answering(monkeypatch, nothing, Answer(200, {"resources": []}), listed)
    assert api.path(CONFIG_MAP) == api.path(CONFIG_MAP) == "/api/v1/namespaces/default/configmaps/x"
    assert sent == ["GET /api/v1"] * 3
    monkeypatch.setattr(kubernetes, "SERVED_SECONDS", 0)
    api, _ = answering(monkeypatch, Answer(200, {"resources": []}))
    with pytest.raises(Refused, match="ConfigMap served below /api/v1: not within 0 s; last: "):
        api.path(CONFIG_MAP)


def test_a_set_up_is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an object refers to may be known a moment later; a test does not wait for it."""
    refused, listed = Answer(403, {"message": "no such class"}), Answer(200, KINDS)
    api, _ = answering(monkeypatch, listed, refused, TAKEN)
    assert api.apply(CONFIG_MAP, patience=60) == TAKEN.body
    api, _ = answering(monkeypatch, listed, refused)
    with pytest.raises(Refused, match="403 no such class"):
        api.apply(CONFIG_MAP)


def test_a_busy_api_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """To who waits that is a no, and not the end."""
    api, _ = answering(monkeypatch, Answer(503, {"message": "no leader"}), TAKEN)
    assert until(lambda: api.get("/x"), seconds=60, what="an answer") == TAKEN.body


def test_others_of_what_is_built_wait_for_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another process builds one target, in minutes; who wants it says for whom it waits."""
    monkeypatch.setattr(build, "BUILT", tmp_path)
    monkeypatch.setattr(build, "_make", lambda _: None)
    with (tmp_path / "kube.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ready = threading.Timer(0.3, fcntl.flock, (handle, fcntl.LOCK_UN))
        ready.start()
        build.ensure(programs.REGISTRY)
        assert capsys.readouterr().err == ""
        build.ensure(programs.KUBE)
        assert capsys.readouterr().err == (
            "testbed: waiting for another process, which builds kube\n"
        )
        ready.join()


def test_a_server_that_is_silent_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ask who takes calls and never answers: to who waits that is a no, and not the end."""
    monkeypatch.setattr(kubernetes, "ANSWER_SECONDS", 0.2)
    place = site.prepare(tmp_path / "site", ["api"])
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        closing(
            Kubernetes(f"127.0.0.1:{silent.getsockname()[1]}", place.identity("operator"))
        ) as api,
    ):
        for _ in range(2):
            with pytest.raises(TimedOut, match="timed out"):
                until(lambda: api.get("/readyz"), seconds=0, what="an answer")


def test_answers_are_distinguished() -> None:
    """Read the verdict and the message of an answer."""
    assert Answer(201, {}).accepted
    refused = Answer(422, {"message": "spec.cidr: Required value"})
    assert (refused.accepted, refused.message) == (False, "spec.cidr: Required value")
    assert Answer(404, {"text": "404 page not found"}).message == "404 page not found"


def test_conditions_are_found() -> None:
    """Look for a condition in objects with and without a status."""
    ready = {"type": "Ready", "status": "True"}
    assert condition({"status": {"conditions": [ready]}}, "Ready") == ready
    nothing: tuple[Manifest | None, ...] = (None, {}, {"status": {}})
    assert [condition(other, "Ready") for other in nothing] == [{}, {}, {}]


def test_an_install_serves_each_kind_once() -> None:
    """Tell the XRDs of both installs apart."""
    found = {mode: install.definitions(mode) for mode in Mode}
    assert len({len(paths) for paths in found.values()}) == 1
    assert not set(found[Mode.CLAIMS]) & set(found[Mode.NAMESPACED])


def test_nothing_runs_where_nothing_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ask for the status, and end what is not there."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    shown = CliRunner().invoke(main, ["status"], catch_exceptions=False)
    *lines, last = shown.output.splitlines()
    assert [line.split()[:2] for line in lines] == [[name, "down"] for name in PROFILES]
    assert last == "Nothing runs. `make up` starts core, `make up PROFILE=capi` another."
    for words, output in (
        (["down"], "Nothing runs: there is nothing to end.\n"),
        (["down", "core"], "core: does not run\n"),
    ):
        assert CliRunner().invoke(main, words, catch_exceptions=False).output == output


def test_a_profile_runs_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hold a profile: another supervisor is refused, and the state is believed while it is held."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    profile = PROFILES["core"]
    with background.held(profile):
        background.write(profile, background.Found(1234))
        assert background.find(profile) == background.Found(1234)
        with pytest.raises(Broken, match="core runs already"), background.held(profile):
            pass
    assert background.find(profile) is None


def test_a_caller_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start a profile while somebody looks whether it runs: that takes the lock for a moment."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    profile = PROFILES["core"]
    with (tmp_path / "core.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        asking = threading.Timer(0.3, fcntl.flock, (handle, fcntl.LOCK_UN))
        asking.start()
        with background.held(profile):
            background.write(profile, background.Found(1234))
            assert background.find(profile) == background.Found(1234)
        asking.join()


def test_who_waits_for_a_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start a profile that another process starts: that one is named, and waited for."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    monkeypatch.setattr(build, "ensure", lambda *_: None)
    profile = PROFILES["core"]
    ready = background.Found(1234, True, dict.fromkeys(profile.ports, 1))
    with background.held(profile):
        background.write(profile, background.Found(1234))
        timer = threading.Timer(0.5, background.write, (profile, ready))
        timer.start()
        shown = CliRunner().invoke(main, ["up", "core"], catch_exceptions=False)
        timer.join()
    assert shown.exit_code == 0
    assert shown.stderr == "testbed: waiting for process 1234, which starts core\n"
    assert "core is up" in shown.stdout


def test_what_to_type_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The guide for newcomers shows what is printed once a profile is up."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    monkeypatch.setattr(build, "ensure", lambda *_: None)
    profile = PROFILES["capi"]
    with background.held(profile):
        background.write(profile, background.Found(1, True, dict.fromkeys(profile.ports, 1)))
        said = CliRunner().invoke(main, ["up", "capi"], catch_exceptions=False).stdout
    (command, shown), (exported, _), *_ = consoles(
        (ROOT / "docs" / "getting-started.md").read_text("utf-8")
    )
    assert command == "make up PROFILE=capi"
    assert (shown[0], shown[-1]) == ("…", "…")
    said = said.replace(str(tmp_path), "$PWD/.testbed/state")
    assert "\n".join(shown[1:-1]) in said
    for value in exported.split()[1:]:
        assert f"export {value}" in said


def test_a_start_that_others_give_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Wait for a start that fails: its log is named."""
    monkeypatch.setattr(background, "STATES", tmp_path)
    with pytest.raises(Broken, match=r"core did not start; its log is .*core\.log"):
        background.await_start(PROFILES["core"])


def test_who_waits_for_a_build_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Build while another process does: it is named at once, and again from time to time."""
    monkeypatch.setattr(locks, "REPORT_SECONDS", 0.2)
    lock, said = tmp_path / "lock", list[str]()
    script = (
        "import sys, pathlib; from testbed import locks\n"
        f"with locks.held(pathlib.Path({str(lock)!r}), 'builds kube', print):\n"
        "    print('held', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", script), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        timer = threading.Timer(0.5, other.stdin.close)
        timer.start()
        with locks.held(lock, "builds kube", said.append):
            assert lock.read_text() != str(other.pid)
        timer.join()
    assert said[0] == f"waiting for process {other.pid}, which builds kube"
    assert len(said) > 1
    assert all(line.startswith(said[0]) for line in said)
    with locks.held(lock, "builds kube", said.append):
        pass
    assert not lock.read_text()


def test_who_misses_nothing_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Require what is built: the lock that another may hold is not taken."""

    def held(*_: object) -> None:
        pytest.fail("waits for a lock")

    monkeypatch.setattr(build, "BUILT", tmp_path)
    monkeypatch.setattr(locks, "held", held)
    build.path(programs.KUBE).touch()
    (tmp_path / "kubectl").symlink_to(build.path(programs.KUBE).name)
    build.ensure(programs.KUBE)


def test_the_example_exists() -> None:
    """Keep the line that says what a person does next."""
    assert (ROOT / EXAMPLE).is_file()
