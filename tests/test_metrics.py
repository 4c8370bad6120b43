"""Count calls in process, and scrape a real server."""

import asyncio
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from prometheus_client import CollectorRegistry

from function import fn, local, metrics
from function.__version__ import __version__
from function.contract import Mode
from tests import asking
from tests.server import counted, scraped
from tools import demo

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

PROGRAM = demo.SERVER[0]


def test_samples_of_a_sequence_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call is counted once, whatever became of it, and labels hold only known names."""
    registry = CollectorRegistry()
    runner = fn.FunctionRunner(metrics.Metrics(registry).observe)
    layers = asking.provider("cluster-stacks")
    small, web = asking.order("cluster/minimal"), asking.order("server/web")

    ask(runner, small, layers)
    ask(runner, small, layers)
    ask(runner, web, layers)
    ask(runner, edited(small, version="1.99"), layers)
    ask(runner, edited(small, environment="made-up-by-a-tenant"), layers)
    ask(runner, small, [{**layers[0], "data": []}])
    asyncio.run(runner.RunFunction(fnv1.RunFunctionRequest(), None))
    monkeypatch.setattr(fn, "compose", lambda *_: 1 / 0)
    ask(runner, web, layers)

    assert counted(registry, "central_api_calls_total") == {
        'environment="",kind="Cluster",outcome="requirements"': 5,
        'environment="",kind="Server",outcome="requirements"': 2,
        'environment="default",kind="Cluster",outcome="answered"': 2,
        'environment="default",kind="Server",outcome="answered"': 1,
        'environment="default",kind="Cluster",outcome="refused"': 2,
        'environment="",kind="Cluster",outcome="refused"': 1,
        'environment="",kind="unknown",outcome="refused"': 1,
        'environment="default",kind="Server",outcome="error"': 1,
    }
    assert counted(registry, "central_api_refusals_total") == {
        'actor="tenant",environment="default",kind="Cluster",reason="InvalidOrder"': 1,
        'actor="operator",environment="default",kind="Cluster",reason="EnvironmentInvalid"': 1,
        'actor="either",environment="",kind="Cluster",reason="EnvironmentNotFound"': 1,
        'actor="tenant",environment="",kind="unknown",reason="InvalidOrder"': 1,
        'actor="operator",environment="default",kind="Server",reason="InternalError"': 1,
    }
    assert counted(registry, "central_api_call_duration_seconds_count") == {
        'kind="Cluster",outcome="requirements"': 5,
        'kind="Server",outcome="requirements"': 2,
        'kind="Cluster",outcome="answered"': 2,
        'kind="Server",outcome="answered"': 1,
        'kind="Cluster",outcome="refused"': 3,
        'kind="unknown",outcome="refused"': 1,
        'kind="Server",outcome="error"': 1,
    }
    assert counted(registry, "central_api_resources_sum") == {
        'backend="capi",environment="default",kind="Cluster"': 2,
        'backend="openstack",environment="default",kind="Server"': 7,
    }
    assert counted(registry, "central_api_build_info") == {f'version="{__version__}"': 1}
    assert counted(registry, "process_resident_memory_bytes")[""] > 0


def test_what_tenants_make_up_adds_no_series() -> None:
    """Invented kinds, names and environments leave the number of series alone."""
    registry = CollectorRegistry()
    runner = fn.FunctionRunner(metrics.Metrics(registry).observe)
    small, layers = asking.order("cluster/minimal"), asking.provider("cluster-stacks")

    def series(number: int) -> int:
        order = edited(small, environment=f"region-{number}")
        order["metadata"] = {"name": f"order-{number}", "namespace": f"tenant-{number}"}
        ask(runner, order, layers)
        composite = local.composite_of(order, Mode.CLAIMS)
        send(runner, {**composite, "kind": f"XKind{number}"})
        return sum(1 for metric in registry.collect() for _ in metric.samples)

    assert len({series(number) for number in range(100)}) == 1


def test_duration_covers_a_millisecond_to_five_seconds() -> None:
    """A call falls into the bucket of its time, in seconds."""
    registry = CollectorRegistry()
    ask(
        fn.FunctionRunner(metrics.Metrics(registry).observe),
        asking.order("cluster/minimal"),
        asking.provider("cluster-stacks"),
    )
    labels = 'kind="Cluster",outcome="answered"'
    assert 0 < counted(registry, "central_api_call_duration_seconds_sum")[labels] < 5
    buckets = counted(registry, "central_api_call_duration_seconds_bucket")
    bounds = [re.search(r'le="([^"]+)"', key) for key in buckets if labels.split(",")[1] in key]
    reported = [bound[1] for bound in bounds if bound]
    assert (reported[0], reported[-2:]) == ("0.001", ["5.0", "+Inf"])


def test_a_server_is_scraped(tmp_path: Path) -> None:
    """Calls over mTLS are found at the port of the metrics, over plain HTTP."""
    address = f"{demo.HOST}:{demo.free_port()}"
    files = demo.certificates(tmp_path)
    with demo.serving(files, (PROGRAM, "--metrics-address", address)) as channel:
        assert scraped(address, "central_api_calls_total") == {}
        call(channel, fnv1.RunFunctionRequest())
        call(channel, fnv1.RunFunctionRequest())
        calls = scraped(address, "central_api_calls_total")
        assert scraped(address, "central_api_build_info") == {f'version="{__version__}"': 1}
        assert scraped(address, "process_resident_memory_bytes")[""] > 0
        assert scraped(address, "central_api_calls_created") == {}
    assert calls == {'environment="",kind="unknown",outcome="refused"': 2}


def test_sigterm_ends_a_server_with_metrics(tmp_path: Path) -> None:
    """The thread that serves metrics does not hold the process."""
    address = f"{demo.HOST}:{demo.free_port()}"
    files = demo.certificates(tmp_path)
    with demo.serving(files, (PROGRAM, "--metrics-address", address)) as channel:
        os.kill(channel.pid, signal.SIGTERM)
        _, status = os.waitpid(channel.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("switch", ["flag", "variable"])
def test_metrics_are_off_by_a_flag(
    switch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the flag, or its variable, nothing listens where metrics would be."""
    address = f"{demo.HOST}:{demo.free_port()}"
    flags = ["--no-metrics"] if switch == "flag" else []
    if switch == "variable":
        monkeypatch.setenv("NO_METRICS", "true")
    program = (PROGRAM, "--metrics-address", address, *flags)
    with demo.serving(demo.certificates(tmp_path), program), pytest.raises(OSError, match="refuse"):
        scraped(address, "central_api_calls_total")


def test_the_address_can_be_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the SDK's flags, a pod may be configured by its environment."""
    address = f"{demo.HOST}:{demo.free_port()}"
    monkeypatch.setenv("METRICS_ADDRESS", address)
    with demo.serving(demo.certificates(tmp_path), (PROGRAM,)):
        assert scraped(address, "central_api_build_info") == {f'version="{__version__}"': 1}


def test_a_taken_port_is_one_line() -> None:
    """Whoever starts a second server reads what is wrong, not a traceback."""
    with socket.socket() as taken:
        taken.bind((demo.HOST, 0))
        taken.listen()
        address = f"{demo.HOST}:{taken.getsockname()[1]}"
        assert started(address) == (
            1,
            f"Error: --metrics-address '{address}': Address already in use\n",
        )


@pytest.mark.parametrize(
    "address",
    ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:http", "::1:1"],
)
def test_a_malformed_address_is_one_line(address: str) -> None:
    """The line says what is accepted."""
    assert started(address) == (
        1,
        f"Error: --metrics-address '{address}': must be HOST:PORT, such as 0.0.0.0:8080 or "
        "[::]:8080\n",
    )


def test_help_names_the_flags() -> None:
    """--help says where metrics are, and how to turn them off."""
    reported = subprocess.run(
        [PROGRAM, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"--metrics-address .*?0\.0\.0\.0:8080", reported, re.DOTALL)
    assert "--no-metrics" in reported


def edited(order: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an order with other fields in its spec."""
    return {**order, "spec": {**order["spec"], **fields}}


def ask(runner: fn.FunctionRunner, order: dict[str, Any], layers: list[dict[str, Any]]) -> None:
    """Ask as Crossplane does: once for the requirements, once with them."""
    composite = local.composite_of(order, Mode.CLAIMS)
    asyncio.run(local.answer(lambda req: runner.RunFunction(req, None), composite, layers))


def send(runner: fn.FunctionRunner, composite: dict[str, Any]) -> None:
    """Ask once about a composite."""
    req = fnv1.RunFunctionRequest()
    req.observed.composite.resource.update(composite)
    asyncio.run(runner.RunFunction(req, None))


def call(channel: demo.Channel, req: fnv1.RunFunctionRequest) -> None:
    """Call RunFunction of a server once."""

    async def once() -> None:
        async with channel.open() as opened:
            stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
            await stub.RunFunction(req, timeout=10)

    asyncio.run(once())


def started(address: str) -> tuple[int, str]:
    """Start a server that cannot serve its metrics; return its exit code and what it says."""
    command = [PROGRAM, "--insecure", "--address", f"{demo.HOST}:{demo.free_port()}"]
    ended = subprocess.run(
        [*command, "--metrics-address", address],
        capture_output=True,
        text=True,
        check=False,
        timeout=demo.START_SECONDS,
    )
    return ended.returncode, ended.stdout + ended.stderr
