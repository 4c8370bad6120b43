"""Measure calls over gRPC beside an empty function of the same SDK, and memory.

    python -m benchmarks.calls [--calls 1000] [--soak 100000]

Both servers are processes of their own with mTLS on the loopback interface. Every order
is asked in its last pass, with all resources observed: the call that a control plane
repeats. Prints a table of milliseconds (p50, p99) and of resident memory (MiB).
"""

import asyncio
import contextlib
import statistics
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
from rich.console import Console
from rich.table import Table

from function.contract import Manifest
from tools import demo

EXAMPLES = Path("examples")
PROVIDER = EXAMPLES / "environments" / "cluster-stacks"
WARM_UP = 50
EMPTY = (sys.executable, "-m", "benchmarks.calls", "--empty")


class Empty(grpcv1.FunctionRunnerServiceServicer):
    """Answer every call with what it brought."""

    async def RunFunction(  # noqa: N802  # gRPC requires this name
        self, req: fnv1.RunFunctionRequest, _: grpc.aio.ServicerContext[Any, Any]
    ) -> fnv1.RunFunctionResponse:
        """Return the request's desired state."""
        return response.to(req)


@click.command()
@click.option("--calls", default=1000, show_default=True, help="Calls of each order.")
@click.option("--soak", default=0, show_default=True, help="Further calls, for memory.")
def main(calls: int, soak: int) -> None:
    """Measure the function beside an empty one."""
    layers = [stored(d) for file in sorted(PROVIDER.glob("*.yaml")) for d in demo.load(file)]
    orders = {
        "cluster/full": demo.load(EXAMPLES / "cluster/full/claim.yaml")[0],
        "server/full": demo.load(EXAMPLES / "server/full/claim.yaml")[0],
        "50 resources": fifty(demo.load(EXAMPLES / "server/web/claim.yaml")[0]),
    }
    table = Table(title=f"{calls} calls each, one at a time")
    for column in ("order", "resources", "p50 ms", "p99 ms", "empty p50 ms", "empty p99 ms"):
        table.add_column(column)
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(Path(scratch), "ours", demo.SERVER) as ours,
        serving(Path(scratch), "empty", EMPTY) as empty,
    ):
        for name, order in orders.items():
            request = asyncio.run(settled(ours, order, layers))
            count = len(request.observed.resources)
            figures = [quantiles(channel, request, calls) for channel in (ours, empty)]
            table.add_row(name, str(count), *(f"{ms:.2f}" for pair in figures for ms in pair))
        before = resident(ours.pid)
        if soak:
            quantiles(ours, request, soak)
        after = resident(ours.pid)
    Console().print(table)
    Console().print(f"resident memory {before:.0f} MiB, after {soak} more calls {after:.0f} MiB")


def stored(layer: Manifest) -> Manifest:
    """Return an EnvironmentConfig as an API server holds it, so that it is parsed once."""
    identity = {"uid": layer["metadata"]["name"], "resourceVersion": "1"}
    return {**layer, "metadata": {**layer["metadata"], **identity}}


def fifty(order: Manifest) -> Manifest:
    """Return an order of fifty resources: twelve servers with all that belongs to them."""
    ports = [{"protocol": "tcp", "ports": str(8000 + n), "from": ["10.0.0.0/8"]} for n in range(10)]
    spec = {**order["spec"], "replicas": 12, "firewall": {"ingress": ports}}
    return {**order, "spec": spec}


async def settled(
    channel: demo.Channel, order: Manifest, layers: list[Manifest]
) -> fnv1.RunFunctionRequest:
    """Return the last request of an order that was played until nothing changed."""
    requests: list[fnv1.RunFunctionRequest] = []
    async with channel.open() as opened:
        stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated

        async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
            requests.append(req)
            answered: fnv1.RunFunctionResponse = await stub.RunFunction(req)
            return answered

        await demo.play(run, order, layers)
    return requests[-1]


def quantiles(
    channel: demo.Channel, request: fnv1.RunFunctionRequest, calls: int
) -> tuple[float, float]:
    """Return p50 and p99 of calls in milliseconds, seen by the client."""

    async def measure() -> list[float]:
        times = []
        async with channel.open() as opened:
            stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
            for number in range(WARM_UP + calls):
                started = time.perf_counter()
                await stub.RunFunction(request)
                if number >= WARM_UP:
                    times.append((time.perf_counter() - started) * 1000)
        return times

    cuts = statistics.quantiles(asyncio.run(measure()), n=100)
    return cuts[49], cuts[98]


@contextlib.contextmanager
def serving(scratch: Path, name: str, program: Sequence[str]) -> Iterator[demo.Channel]:
    """Run a server with mTLS on a free port."""
    directory = scratch / name
    directory.mkdir()
    with demo.serving(demo.certificates(directory), program) as channel:
        yield channel


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
    if "--empty" in sys.argv:
        sys.argv.remove("--empty")
        serve_empty()
    else:
        main()
