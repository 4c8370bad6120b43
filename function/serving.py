"""Serve the function over gRPC like the SDK, with a deserialiser of our own, and a cache.

The SDK's server answers a request that protobuf cannot read with an error, which carries no
condition. With a cache, gRPC passes bytes on as they are. The messages of both versions of the
service are wire compatible.
"""

import asyncio
import signal
from typing import Any

import click
import grpc
from crossplane.function import logging, runtime
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1beta1 import run_function_pb2 as fnv1beta1
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]  # upstream

from function import wire
from function.cache import Cache, CachedRunner
from function.fn import FunctionRunner

MEGABYTE = 1024 * 1024
# How many times the size limit of requests is received, so that larger ones get a condition.
RECEIVED = 2
_SERVICES = tuple(
    api.DESCRIPTOR.services_by_name["FunctionRunnerService"].full_name for api in (fnv1, fnv1beta1)
)


def run(  # noqa: PLR0913  # the SDK's standard options
    runner: FunctionRunner,
    cache: Cache | None = None,
    *,
    debug: bool,
    address: str,
    tls_certs_dir: str | None,
    insecure: bool,
    max_recv_message_size: int,
    max_send_message_size: int | None,
) -> None:
    """Serve until SIGTERM, with a cache of answers if there is one.

    See `crossplane.function.cli.standard_options` for the keyword arguments.

    Raises:
        UsageError: There are neither credentials nor `--insecure`.
    """
    logging.configure(level=logging.Level.DEBUG if debug else logging.Level.INFO)
    credentials = runtime.load_credentials(tls_certs_dir) if tls_certs_dir else None
    if credentials is None and not insecure:
        raise click.UsageError("no credentials: give --tls-server-certs-dir, or --insecure")
    sent = max_recv_message_size if max_send_message_size is None else max_send_message_size
    options = (
        ("grpc.max_receive_message_length", RECEIVED * max_recv_message_size * MEGABYTE),
        ("grpc.max_send_message_length", sent * MEGABYTE),
    )
    limit = max_recv_message_size * MEGABYTE
    handler = _handler(runner, cache, wire.reader(limit))
    asyncio.run(_serve(handler, address, None if insecure else credentials, options))


def _handler(runner: FunctionRunner, cache: Cache | None, read: wire.Reader) -> Any:
    """Return RunFunction as gRPC calls it."""
    if cache:
        return grpc.unary_unary_rpc_method_handler(CachedRunner(runner, cache, read).answer)
    return grpc.unary_unary_rpc_method_handler(
        runner.answer_any,
        request_deserializer=read,
        response_serializer=fnv1.RunFunctionResponse.SerializeToString,
    )


async def _serve(
    handler: Any,
    address: str,
    credentials: grpc.ServerCredentials | None,
    options: tuple[tuple[str, int], ...],
) -> None:
    server = grpc.aio.server(options=options)
    for service in _SERVICES:
        handlers = grpc.method_handlers_generic_handler(service, {"RunFunction": handler})
        server.add_generic_rpc_handlers((handlers,))
    reflection.enable_server_reflection(runtime.SERVICE_NAMES, server)
    if credentials is None:
        server.add_insecure_port(address)
    else:
        server.add_secure_port(address, credentials)
    await server.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    try:
        await ended.wait()
    finally:
        await server.stop(grace=runtime.SHUTDOWN_GRACE_PERIOD_SECONDS)
