"""The real engines, built when missing, our function as a server, and whole control planes.

With `--running` the tests use what `make up PROFILE="core core-claims core-1.20 garden"` has
started, and skip what it has not: nothing is started, so that a test can be tried in a second.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from testbed import background, build, processes
from testbed.cores import Profile
from testbed.install import operator
from testbed.profiles import PROFILES
from testbed.running import Running, running
from testbed.servers import capi
from testbed.site import free_ports
from testbed.waiting import until

from .engines import BUILT, ENGINES, Engines, Lab, program
from .gardens import Garden
from .planes import Plane, connected

START_SECONDS = 60.0
Tell = Callable[[str], None]


LOGS = pytest.StashKey[list[str]]()
# Those that cannot run side by side: what plays the machines of Cluster API has a fixed port.
ALONE = [
    name
    for name, profile in PROFILES.items()
    if capi.INFRASTRUCTURE in {server.name for server in profile.servers}
]
PROFILE = re.compile(rf"[\[-]({'|'.join(sorted(PROFILES, key=len, reverse=True))})[\]-]")


class ByServers(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Give one process the tests of a file that use the same servers, or cannot run side by side.

    They come profile by profile, so that each process starts each profile once.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, found = nodeid.partition("::")[0], PROFILE.search(nodeid)
        if found is None:
            return file
        return ALONE[0] if found[1] in ALONE else f"{file} {found[1]}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServers | None:
    """Schedule by servers where tests run in several processes."""
    return ByServers(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let people use what they have started."""
    parser.addoption("--running", action="store_true", help="use the profiles of `make up`")


def pytest_configure(config: pytest.Config) -> None:
    """Remember where servers write."""
    config.stash[LOGS] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that reports, if this is one of several that test."""
    if output := getattr(session.config, "workeroutput", None):
        output["logs"] = session.config.stash[LOGS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear where the servers of another process write."""
    node.config.stash[LOGS].extend(getattr(node, "workeroutput", {}).get("logs", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where the logs of the servers are, if something failed."""
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        for directory in config.stash[LOGS]:
            terminalreporter.write_line(f"logs of servers: {directory}")


@pytest.fixture(scope="session", params=["core-1.20", "core-claims", "core"])
def plane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plane]:
    """Serve our kinds with a real Crossplane, one profile after the other."""
    profile = PROFILES[request.param]
    with (
        served(profile, request.config, tmp_path_factory) as running,
        connected(running) as plane,
    ):
        yield plane


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Print figures while tests run."""

    def say(what: str) -> None:
        with shown(request.config):
            build.say(f"{request.node.name}: {what}")

    return say


@pytest.fixture(scope="module")
def garden(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Garden]:
    """Serve Shoots."""
    with (
        served(PROFILES["garden"], request.config, tmp_path_factory) as running,
        closing(operator(running.site)) as api,
    ):
        garden = Garden(api)
        garden.await_ready()
        yield garden


@contextmanager
def served(
    profile: Profile, config: pytest.Config, factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Start a profile, or use the one that runs, whose servers are another's children."""
    if config.getoption("--running", default=False):
        found = background.find(profile)
        if found is None or not found.ready:
            pytest.skip(f"{profile.name} does not run")
        yield Running(profile, background.site_of(profile, found), [])
        return
    directory = factory.mktemp(profile.name) / "site"
    config.stash[LOGS].append(str(directory / "log"))
    with ExitStack() as stack:
        with shown(config):
            started = stack.enter_context(running(profile, directory))
        yield started


@pytest.fixture(scope="session")
def engines(pytestconfig: pytest.Config) -> Engines:
    """Build what is missing and let its progress be seen; this takes minutes the first time."""
    with shown(pytestconfig):
        build.ensure(*ENGINES)
    return BUILT


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve our function without TLS on a free port of 127.0.0.1."""
    number = free_ports(["function"])["function"]
    flags = ("--no-metrics", "--insecure", "--address", f"127.0.0.1:{number}")
    command = (program("function-central-api"), *flags)
    server = processes.start("function", command, {}, tmp_path_factory.mktemp("function") / "log")
    try:
        until(lambda: serves(number), seconds=START_SECONDS, what=f"a function ({server.log})")
        yield number
    finally:
        processes.stop(server)


@pytest.fixture(scope="session")
def lab(engines: Engines, port: int, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Give access to the engines, our command line and our running function."""
    return Lab(engines, port, tmp_path_factory.mktemp("lab"))


def serves(number: int) -> bool:
    """Say whether somebody listens on a port."""
    socket.create_connection(("127.0.0.1", number), timeout=1).close()
    return True


@contextmanager
def shown(config: pytest.Config) -> Iterator[None]:
    """Let progress be seen while it is made."""
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        yield
