"""The real engines, built when missing, and our function as a server on the loopback interface."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import build
from .engines import Lab, program

START_SECONDS = 20.0


@pytest.fixture(scope="session")
def engines(pytestconfig: pytest.Config) -> build.Engines:
    """Build what is missing and let its progress be seen; this takes minutes the first time."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        return build.ensure()


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve our function without TLS on a free port of 127.0.0.1."""
    number = free_port()
    log = tmp_path_factory.mktemp("function") / "log"
    address = f"127.0.0.1:{number}"
    command = (program("function-central-api"), "--no-metrics", "--insecure", "--address", address)
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as server:
        try:
            wait_until_open(number, server, log)
            yield number
        finally:
            server.kill()


@pytest.fixture(scope="session")
def lab(engines: build.Engines, port: int, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Give access to the engines, our command line and our running function."""
    return Lab(engines, port, tmp_path_factory.mktemp("lab"))


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(number: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers, and say what it wrote if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the function does not serve:\n{log.read_text()}")
