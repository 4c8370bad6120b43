"""Show the main job: orders answered by the real server, for several providers.

Starts `function-central-api` with throw-away certificates on a free port, calls it over
gRPC as Crossplane would, plays the waves by marking resources built, and shows the results
on one screen. No Docker, no cluster, no network.
"""

import asyncio
import contextlib
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import grpc
import trustme
import yaml
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from function import local, manifests, simulate
from function.contract import Manifest, Mode
from tools import overview

HOST = "127.0.0.1"
# The order that every example provider answers.
PORTABLE = "cluster/minimal"
REPORT = "report.txt"
Played = simulate.Played
START_SECONDS = 20
SERVER = (str(Path(sys.executable).parent / "function-central-api"), "--no-metrics")


@dataclass(frozen=True)
class Certificates:
    """Files of a throw-away authority, and of one server and one client that it signed."""

    directory: Path
    authority: bytes
    client_key: bytes
    client_certificate: bytes

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials that a client needs."""
        return grpc.ssl_channel_credentials(
            self.authority, self.client_key, self.client_certificate
        )


@click.command()
@click.option("--examples", type=click.Path(path_type=Path), default=Path("examples"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/demo"))
@click.option("-v", "--verbose", is_flag=True, help="Print the report, too.")
def main(examples: Path, out: Path, *, verbose: bool) -> None:
    """Answer every example order for every example provider, through the real server."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that a terminal cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    started = time.monotonic()
    orders = sorted(examples.glob("*/*/claim.yaml"))
    providers = sorted(path for path in (examples / "environments").iterdir() if path.is_dir())
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch, serving(certificates(Path(scratch))) as channel:
        results = asyncio.run(_play_all(channel, orders, providers, out))
    seconds = time.monotonic() - started
    report = overview.report(results)
    (out / REPORT).write_text(report, "utf-8")
    screen = overview.Screen(highlight=False, soft_wrap=True)
    if verbose:
        screen.print(report, markup=False)
    overview.show(screen, results, PORTABLE)
    summary = f"{len(results)} answers in {seconds:.1f} s: {overview.totals(results)}."
    screen.print(f"{summary} More: {out}, or make demo V=1")


async def _play_all(
    channel: "Channel", orders: list[Path], providers: list[Path], out: Path
) -> dict[tuple[str, str], Played]:
    played = {}
    async with channel.open() as opened:
        stub = grpcv1.FunctionRunnerServiceStub(opened)  # type: ignore[no-untyped-call]  # generated
        for path in orders:
            order = load(path)[0]
            for provider in providers:
                layers = [d for file in sorted(provider.glob("*.yaml")) for d in load(file)]
                example = f"{path.parent.parent.name}/{path.parent.name}"
                one = await play(stub.RunFunction, order, layers)
                played[example, provider.name] = one
                _write(out / provider.name / f"{example.replace('/', '-')}.yaml", one)
    return played


async def play(run: local.Run, order: Manifest, layers: list[Manifest]) -> Played:
    """Call the function until nothing changes, each time with the previous resources built."""
    composite = local.composite_of(order, Mode.CLAIMS)
    return await local.held(run, simulate.until_settled(composite, layers))


def load(path: Path) -> list[Manifest]:
    """Return the objects of a YAML file."""
    return list(manifests.read(path.read_bytes()))


def _write(path: Path, played: Played) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = [played.outcome.composite, *played.outcome.resources.values()]
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True), "utf-8")


@dataclass(frozen=True)
class Channel:
    """Where a server listens, the client's credentials, and its process."""

    target: str
    credentials: grpc.ChannelCredentials
    pid: int

    def open(self) -> grpc.aio.Channel:
        """Return a channel; to be opened inside the event loop that uses it."""
        return grpc.aio.secure_channel(self.target, self.credentials)


@contextlib.contextmanager
def serving(files: Certificates, program: Sequence[str] = SERVER) -> Iterator[Channel]:
    """Run a server as its own process with mTLS on a free port, and stop it afterwards.

    Args:
        files: Where its certificates are.
        program: The function to run; our own if not given.
    """
    target = f"{HOST}:{free_port()}"
    log = files.directory / "server.log"
    command = [*program, "--tls-certs-dir", str(files.directory), "--address", target]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:  # noqa: S603  # our own program
        try:
            _wait(server, target, log)
            yield Channel(target, files.credentials(), server.pid)
        finally:
            server.terminate()


def _wait(server: subprocess.Popen[bytes], target: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    host, _, port = target.partition(":")
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not start:\n{log.read_text('utf-8')}")


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def certificates(directory: Path) -> Certificates:
    """Write `ca.crt`, `tls.crt` and `tls.key` of a server; return them and a client's."""
    authority = trustme.CA()
    server, client = authority.issue_cert("localhost", HOST), authority.issue_cert("crossplane")
    authority.cert_pem.write_to_path(directory / "ca.crt")
    server.cert_chain_pems[0].write_to_path(directory / "tls.crt")
    server.private_key_pem.write_to_path(directory / "tls.key")
    return Certificates(
        directory,
        authority=authority.cert_pem.bytes(),
        client_key=client.private_key_pem.bytes(),
        client_certificate=client.cert_chain_pems[0].bytes(),
    )


if __name__ == "__main__":
    main()
