"""Run the server as its own process, as the package does, and call it over mTLS."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from function import demo
from tests import asking

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
    """A pod that is told to go goes, with exit code 0, well within its grace period."""
    files = demo.certificates(tmp_path)
    with demo.serving(files) as serving:
        os.kill(serving.pid, signal.SIGTERM)
        _, status = os.waitpid(serving.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_help_names_the_flags_of_the_sdk() -> None:
    """The server has the standard flags of the SDK."""
    program = Path(sys.executable).parent / "function-central-api"
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for flag in ("--tls-server-certs-dir", "--insecure", "--address", "--max-recv-message-size"):
        assert flag in told
