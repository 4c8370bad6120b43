"""Serve the function: the SDK's flags, our server, and metrics beside it."""

import contextlib
from typing import Any

import click
import prometheus_client
from crossplane.function import cli
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1

from function import metrics, serving
from function.__version__ import __version__
from function.cache import Cache
from function.fn import FunctionRunner

# In MB: a sixteenth of the memory limit in package/cluster/runtime.yaml.
DEFAULT_CACHE_SIZE = 32
DEFAULT_METRICS_ADDRESS = "0.0.0.0:8080"
# In MB. Fifty observed servers with all their volumes exceed the SDK's default of 4. A larger
# request is refused, and nothing that the tenant removes from the order makes it smaller.
_DEFAULTS = {"max_recv_message_size": 32}


class Servicer(FunctionRunner, grpcv1.FunctionRunnerServiceServicer):
    """The function as gRPC serves it."""


@click.command(context_settings={"default_map": _DEFAULTS})
@cli.standard_options
@click.option(
    "--metrics-address", default=DEFAULT_METRICS_ADDRESS, show_default=True,
    envvar="METRICS_ADDRESS",
    help="Address at which to serve Prometheus metrics over plain HTTP, as HOST:PORT.",
)  # fmt: skip
@click.option(
    "--no-metrics", is_flag=True, envvar="NO_METRICS",
    help="Count nothing, and serve no metrics.",
)  # fmt: skip
@click.option(
    "--answer-cache-size", type=click.IntRange(min=0), default=DEFAULT_CACHE_SIZE,
    show_default=True, envvar="ANSWER_CACHE_SIZE",
    help="Memory for answers to requests that are asked again, in MB; 0 turns the cache off.",
)  # fmt: skip
@click.version_option(__version__)
def main(*, metrics_address: str, no_metrics: bool, answer_cache_size: int, **options: Any) -> None:
    """Run the SCS Central API composition function."""
    cache = Cache(answer_cache_size * serving.MEGABYTE) if answer_cache_size else None
    if no_metrics:
        serving.run(FunctionRunner(), cache, **options)
        return
    # Prometheus does not need the creation times of series, which double their number.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # upstream
    registry = prometheus_client.CollectorRegistry()
    figures = metrics.Metrics(registry, (lambda: cache.size) if cache else int)
    runner = Servicer(figures.observe)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(metrics.serving(metrics_address, registry))
        except (ValueError, OSError) as error:
            text = error.strerror if isinstance(error, OSError) else error
            raise click.ClickException(f"--metrics-address {metrics_address!r}: {text}") from None
        serving.run(runner, cache, **options)


if __name__ == "__main__":
    main()
