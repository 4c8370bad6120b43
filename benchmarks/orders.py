"""Make the requests that are measured: the last one of an order, with all of it observed."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function.contract import Manifest
from function.fn import FunctionRunner
from tools import demo

EXAMPLES = Path("examples")
CAPI, GARDENER = "cluster-stacks", "gardener"
NEW, SEEN = "new", "seen"
_number = itertools.count(1)


@dataclass(frozen=True)
class Asked:
    """One request, asked again and again.

    Attributes:
        name: What the order is.
        request: The request.
    """

    name: str
    request: fnv1.RunFunctionRequest

    def data(self, content: str) -> Callable[[], bytes]:
        """Return what makes the bytes of a call: as seen before, or with a new resourceVersion."""
        if content == SEEN:
            seen = self.request.SerializeToString()
            return lambda: seen
        return self._fresh

    def _fresh(self) -> bytes:
        metadata = self.request.observed.composite.resource.fields["metadata"].struct_value
        metadata.fields["resourceVersion"].string_value = str(next(_number))
        return self.request.SerializeToString()


def example(name: str) -> Manifest:
    """Return an example order, such as `cluster/full`."""
    return demo.load(EXAMPLES / name / "claim.yaml")[0]


def layers(provider: str) -> list[Manifest]:
    """Return the EnvironmentConfigs of an example provider, as an API server holds them."""
    files = sorted((EXAMPLES / "environments" / provider).glob("*.yaml"))
    return [stored(document) for file in files for document in demo.load(file)]


def stored(layer: Manifest) -> Manifest:
    """Return an EnvironmentConfig as an API server holds it, so that it is parsed once."""
    identity = {"uid": layer["metadata"]["name"], "resourceVersion": "1"}
    return {**layer, "metadata": {**layer["metadata"], **identity}}


def servers(replicas: int) -> Manifest:
    """Return an order of some servers, with a firewall of ten rules."""
    ports = [{"protocol": "tcp", "ports": str(8000 + n), "from": ["10.0.0.0/8"]} for n in range(10)]
    order = example("server/web")
    return {
        **order,
        "spec": {**order["spec"], "replicas": replicas, "firewall": {"ingress": ports}},
    }


def settled(name: str, order: Manifest, environment: list[Manifest]) -> Asked:
    """Return the last request of an order that was played until nothing changed."""
    requests: list[fnv1.RunFunctionRequest] = []
    runner = FunctionRunner(alone=True)

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        requests.append(req)
        return await runner.RunFunction(req, None)

    played = asyncio.run(demo.play(run, order, environment))
    if played.outcome.fatal:
        raise ValueError(f"{name}: {played.outcome.fatal}")
    return Asked(name, requests[-1])


def measured() -> dict[str, Asked]:
    """Return what is measured, by name."""
    full = example("cluster/full")
    orders: dict[str, tuple[Any, str]] = {
        "full Cluster, Cluster API": (full, CAPI),
        "full Cluster, Gardener": (full, GARDENER),
        "full Server": (example("server/full"), CAPI),
        "50 resources": (servers(12), CAPI),
    }
    return {name: settled(name, order, layers(by)) for name, (order, by) in orders.items()}
