"""Run the server as its own process, as the package does, and call it over mTLS."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from function import environment
from function.contract import Mode
from tests import asking, raw
from tests.server import raw_call, untyped
from tools import demo

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[demo.Channel]:
    """Give access to a server with throw-away certificates."""
    files = demo.certificates(tmp_path_factory.mktemp("certificates"))
    with demo.serving(files) as serving:
        yield serving


def call(channel: demo.Channel, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    """Call RunFunction once."""

    async def once() -> fnv1.RunFunctionResponse:
        async with channel.open() as opened:
            stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
            answered: fnv1.RunFunctionResponse = await stub.RunFunction(req, timeout=10)
            return answered

    return asyncio.run(once())


def test_an_order_is_answered(channel: demo.Channel) -> None:
    """An order is played to the end over the socket, as the demo does."""

    async def played() -> demo.Played:
        async with channel.open() as opened:
            stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
            return await demo.play(
                stub.RunFunction, asking.order("server/web"), asking.provider("cluster-stacks")
            )

    outcome = asyncio.run(played()).outcome
    assert (outcome.complete, outcome.composite["status"]["phase"]) == (True, "Ready")


def test_garbage_gets_a_fatal_not_an_error(channel: demo.Channel) -> None:
    """An empty request is answered with a FATAL; a gRPC error would carry no condition."""
    rsp = call(channel, fnv1.RunFunctionRequest())
    assert [result.severity for result in rsp.results] == [
        fnv1.SEVERITY_WARNING,
        fnv1.SEVERITY_FATAL,
    ]


def test_requests_above_4_mib_are_read(channel: demo.Channel) -> None:
    """The largest order that may be written is answered when all of it is observed."""
    req = fnv1.RunFunctionRequest()
    req.observed.composite.resource.fields["padding"].string_value = "x" * (31 * 1024 * 1024)
    assert call(channel, req).results[-1].severity == fnv1.SEVERITY_FATAL


def test_clients_without_a_certificate_are_turned_away(channel: demo.Channel) -> None:
    """Only who holds a certificate of the authority is let in."""
    stranger = demo.Channel(channel.target, grpc.ssl_channel_credentials(b""), channel.pid)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        call(stranger, fnv1.RunFunctionRequest())
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


def test_sigterm_ends_the_server(tmp_path: Path) -> None:
    """A pod that is terminated exits, with exit code 0, well within its grace period."""
    files = demo.certificates(tmp_path)
    with demo.serving(files) as serving:
        os.kill(serving.pid, signal.SIGTERM)
        _, status = os.waitpid(serving.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_help_names_the_flags_of_the_sdk() -> None:
    """The server has the standard flags of the SDK."""
    program = Path(sys.executable).parent / "function-central-api"
    reported = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=True
    ).stdout
    for flag in ("--tls-server-certs-dir", "--insecure", "--address", "--max-recv-message-size"):
        assert flag in reported


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("mode", Mode)
def test_what_protobuf_does_not_read_gets_a_condition(
    channel: demo.Channel, mode: Mode, version: str
) -> None:
    """Both conditions are on the claim: why the order is refused, and how it was before."""
    spec = {"version": "1.34", "variables": {"dnsNameservers": raw.deep(40)}}
    rsp = raw_call(channel, raw.request(raw.order(spec, mode)), version)
    text = "spec.variables.dnsNameservers: is nested too deeply; at most 16 levels are accepted"
    assert [result.message for result in rsp.results] == [text, f"InvalidOrder: {text}"]
    assert [(c.type, c.reason, c.target) for c in rsp.conditions] == [
        ("Accepted", "InvalidOrder", fnv1.TARGET_COMPOSITE_AND_CLAIM),
        ("Current", "Updating", fnv1.TARGET_COMPOSITE_AND_CLAIM),
    ]


def test_both_versions_of_the_service_answer(channel: demo.Channel) -> None:
    """Crossplane asks the newer one first; older ones know the other only."""
    data = raw.request(raw.order({"version": "1.34"}))
    answers = [raw_call(channel, data, version) for version in ("v1", "v1beta1")]
    assert answers[0] == answers[1]
    names = environment.selectors("default", "acme").keys()
    assert answers[0].requirements.resources.keys() == names


@pytest.mark.parametrize(
    ("megabytes", "reason"), [(31, ""), (33, "RequestUnreadable"), (60, "RequestUnreadable")]
)
def test_requests_that_are_too_large_get_a_condition(
    channel: demo.Channel, megabytes: int, reason: str
) -> None:
    """What is observed of an order can outgrow what is read; its tenant reads so."""
    observed = {"theirs": {"kind": "ConfigMap", "data": {"a": "x" * (megabytes * 1024 * 1024)}}}
    rsp = raw_call(channel, raw.request(raw.order({"version": "1.34"}), observed))
    assert [c.reason for c in rsp.conditions] == ([reason, "Updating"] if reason else [])


def test_requests_beyond_that_are_not_received(channel: demo.Channel) -> None:
    """The memory of the server has a limit too."""
    observed = {"theirs": {"data": {"a": "x" * (65 * 1024 * 1024)}}}
    with pytest.raises(grpc.aio.AioRpcError) as error:
        raw_call(channel, raw.request(raw.order({"version": "1.34"}), observed))
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_an_honest_order_beside_a_large_broken_environment(channel: demo.Channel) -> None:
    """It is answered while the other is parsed, and does not wait for it."""
    broken = [{"name": f"m1.n{n}", "cpu": "two"} for n in range(20_000)]
    identity = {"name": "large", "uid": "large", "resourceVersion": "1"}
    layer = {"metadata": identity, "data": {"kinds": {"Server": "openstack"}, "flavors": broken}}
    base, overlays = environment.selectors("default", "acme")
    layers: dict[str, list[Any]] = {base: [layer], overlays: []}
    large = raw.request(raw.order({"version": "1.34"}), layers=layers)
    honest = raw.request(raw.order({"version": "1.34"}))

    async def both() -> list[str]:
        ended: list[str] = []
        async with channel.open() as opened:
            method = untyped(opened)

            async def one(name: str, data: bytes) -> None:
                await method(data, timeout=20)
                ended.append(name)

            first = asyncio.create_task(one("large", large))
            await asyncio.sleep(0.1)
            await one("honest", honest)
            await first
        return ended

    assert asyncio.run(both()) == ["honest", "large"]


def test_a_server_without_credentials_says_what_is_missing() -> None:
    """It is not served openly by accident."""
    program = Path(sys.executable).parent / "function-central-api"
    ended = subprocess.run([program, "--no-metrics"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no credentials: give --tls-server-certs-dir, or --insecure" in ended.stderr
