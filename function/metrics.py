"""Count calls for Prometheus, and serve the figures over HTTP.

    central_api_calls_total             calls by kind, environment and outcome
    central_api_refusals_total          refusals by kind, environment, reason and who can act
    central_api_stalled_answers_total   answers to stalled orders by kind, environment and backend
    central_api_call_duration_seconds   latency by kind and outcome
    central_api_resources               resources of an answer by kind, environment and backend
    central_api_answer_cache_lookups_total  calls by whether the cache had their answer
    central_api_answer_cache_bytes      what the cached answers take
    central_api_build_info              the version

Memory, CPU and file descriptors are there as `process_*`.

No label holds values that a tenant can make up, so that the number of time series is bounded:
an unknown kind is `unknown`, and the environment is empty until an EnvironmentConfig
of that name was found. Tenants and orders are in the log, not here.
"""

import contextlib
import re
from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from function.__version__ import __version__
from function.calls import Call
from function.model import KINDS

UNKNOWN = "unknown"
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
RESOURCES = (1, 2, 5, 10, 20, 50, 100, 200, 500)

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:\s]+):(?P<port>\d{1,5})")
_PORTS = range(1, 65536)


class Metrics:
    """Keep the figures of one server."""

    def __init__(self, registry: CollectorRegistry, cache_size: Callable[[], float] = int) -> None:
        """Declare the metrics.

        Args:
            registry: Where they are collected; holds nothing else.
            cache_size: Returns the bytes of cached answers.
        """
        self._calls = Counter(
            "central_api_calls",
            "Calls of RunFunction. Crossplane makes two for one reconcile, 2.4 for the first one "
            "of an order only: the first call has the outcome requirements.",
            ("kind", "environment", "outcome"),
            registry=registry,
        )
        self._refusals = Counter(
            "central_api_refusals",
            "Calls that ended with Accepted=False, by its reason; InternalError is a bug.",
            ("kind", "environment", "reason", "actor"),
            registry=registry,
        )
        self._stalled = Counter(
            "central_api_stalled_answers",
            "Answers to orders of which something is not ready for too long, while no problem is "
            "reported.",
            ("kind", "environment", "backend"),
            registry=registry,
        )
        # By outcome, because the many short calls that only ask would hide the others.
        self._seconds = Histogram(
            "central_api_call_duration_seconds",
            "Time from a request to its response, without gRPC.",
            ("kind", "outcome"),
            buckets=SECONDS,
            registry=registry,
        )
        # A histogram: the same resources are rendered again in every reconcile, so that their
        # sum says little, while the size of an answer drives its cost and has limits.
        self._resources = Histogram(
            "central_api_resources",
            "Resources rendered in one answer.",
            ("kind", "environment", "backend"),
            buckets=RESOURCES,
            registry=registry,
        )
        self._lookups = Counter(
            "central_api_answer_cache_lookups",
            "Calls by whether the cache had the answer: hit or miss.",
            ("result",),
            registry=registry,
        )
        for result in ("hit", "miss"):
            self._lookups.labels(result)
        Gauge(
            "central_api_answer_cache_bytes",
            "Memory of cached answers, at most --answer-cache-size.",
            registry=registry,
        ).set_function(cache_size)
        Info("central_api_build", "The running version.", registry=registry).info(
            {"version": __version__}
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def observe(self, call: Call) -> None:
        """Count one call."""
        kind = call.kind if call.kind in KINDS else UNKNOWN
        environment = call.environment if call.environment_found else ""
        self._calls.labels(kind, environment, call.outcome).inc()
        self._seconds.labels(kind, call.outcome).observe(call.seconds)
        if call.cached is not None:
            self._lookups.labels("hit" if call.cached else "miss").inc()
        if call.reason:
            self._refusals.labels(kind, environment, call.reason, call.actor).inc()
        if call.outcome == "answered":
            if call.stalled:
                self._stalled.labels(kind, environment, call.backend).inc()
            self._resources.labels(kind, environment, call.backend).observe(call.resources)


@contextlib.contextmanager
def serving(address: str, registry: CollectorRegistry) -> Iterator[None]:
    """Serve the figures over plain HTTP, on a thread of their own.

    Args:
        address: `HOST:PORT`, an IPv6 host in brackets.
        registry: What to serve.

    Raises:
        ValueError: The address is malformed.
        OSError: Nothing can listen there.
    """
    host, port = _split(address)
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _split(address: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) not in _PORTS:
        raise ValueError("must be HOST:PORT, such as 0.0.0.0:8080 or [::]:8080")
    return match["host"].strip("[]"), int(match["port"])
