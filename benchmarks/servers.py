"""Run functions as processes of their own with mTLS, and read what they have used.

Beside our function runs an empty one: the SDK's server, which answers with what it was asked.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import grpc
from crossplane.function import cli, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from tools import demo

OURS = demo.SERVER
EMPTY = (sys.executable, "-m", "benchmarks.servers")
METHOD = "/apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"


class Empty(grpcv1.FunctionRunnerServiceServicer):
    """Answer every call with what it brought."""

    async def RunFunction(  # noqa: N802  # gRPC requires this name
        self, req: fnv1.RunFunctionRequest, _: grpc.aio.ServicerContext[Any, Any]
    ) -> fnv1.RunFunctionResponse:
        """Return the request's desired state."""
        return response.to(req)


@contextlib.contextmanager
def running(program: Sequence[str]) -> Iterator[demo.Channel]:
    """Run a server on a free port of the loopback interface."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        demo.serving(demo.certificates(Path(scratch)), program) as channel,
    ):
        yield channel


def method(channel: grpc.aio.Channel) -> Any:
    """Return RunFunction as a method of bytes, so that the client costs as little as possible."""
    return channel.unary_unary(METHOD)


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used, all of its threads."""
    # The kernel's clock of another process; `/proc/PID/stat` counts hundredths of a second.
    return time.clock_gettime((~pid << 3) | 2)


def resident(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@click.command()
@cli.standard_options
def serve_empty(**options: Any) -> None:
    """Serve the empty function."""
    cli.run(Empty(), **options)


if __name__ == "__main__":
    serve_empty()
