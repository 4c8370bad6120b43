"""Measure how the time of one call grows with each input, in process.

CPU time of the process, the best of some repetitions; without the cache of answers.
"""

import asyncio
import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from benchmarks import environments, orders
from benchmarks.figures import Growth
from function import local
from function.contract import Manifest, Mode
from function.fn import FunctionRunner

REPEATED = 10
RESOURCES = (1, 5, 20, 50, 100, 200, 350, 500)
FLAVORS = (10, 50, 100, 500, 1000, 2500, 5000)
OBSERVED = (0, 20, 50, 100, 200, 350, 500)
POOLS = (1, 2, 5, 10, 20, 35, 50)
Build = Callable[[int], Manifest]


def measured() -> list[Growth]:
    """Return each axis."""
    many = orders.settled("rules", rules(OBSERVED[-1]), orders.layers(orders.CAPI)).request
    return [
        _axis("resources of an order, none observed", RESOURCES, lambda n: first(rules(n))),
        _axis("resources observed, of 500", OBSERVED, lambda n: observed(many, n)),
        _axis("node pools of a Cluster", POOLS, lambda n: first(pools(n))),
        _axis("flavors of an environment, parsed", FLAVORS, offered, parsed=True),
        _axis("flavors of an environment, known", FLAVORS, offered),
    ]


def rules(count: int) -> Manifest:
    """Return an order of one server whose firewall takes so many resources."""
    peers = [f"10.{n // 250}.{n % 250}.0/24" for n in range(count)]
    chunks = [peers[at : at + 50] for at in range(0, count, 50)]
    ingress = [
        {"protocol": "tcp", "ports": str(8000 + n), "from": chunk} for n, chunk in enumerate(chunks)
    ]
    order = orders.example("server/minimal")
    return {**order, "spec": {**order["spec"], "firewall": {"ingress": ingress, "egress": []}}}


def pools(count: int) -> Manifest:
    """Return an order of a cluster with so many pools."""
    order = orders.example("cluster/minimal")
    [pool] = order["spec"]["nodePools"]
    made = [{**pool, "name": f"pool{n}"} for n in range(count)]
    return {**order, "spec": {**order["spec"], "nodePools": made}}


def first(order: Manifest) -> fnv1.RunFunctionRequest:
    """Return the request of a new order, its environment found."""
    return requested(order, orders.layers(orders.CAPI))


def requested(order: Manifest, layers: list[Manifest]) -> fnv1.RunFunctionRequest:
    """Return the last request of a new order with these layers."""
    requests: list[fnv1.RunFunctionRequest] = []
    runner = FunctionRunner(alone=True)

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        requests.append(copy.deepcopy(req))
        return await runner.RunFunction(req, None)

    outcome = asyncio.run(local.answer(run, local.composite_of(order, Mode.CLAIMS), layers))
    if outcome.fatal:
        raise ValueError(outcome.fatal)
    return requests[-1]


def observed(settled: fnv1.RunFunctionRequest, count: int) -> fnv1.RunFunctionRequest:
    """Return a request in which that many of the composed resources are observed."""
    req = copy.deepcopy(settled)
    # The root first, which holds the record.
    keys = sorted(req.observed.resources, key=lambda key: (key != "openstack-secgroup", key))
    for key in keys[count:]:
        del req.observed.resources[key]
    return req


def offered(count: int) -> fnv1.RunFunctionRequest:
    """Return the request of a new order in an environment of that many flavors."""
    layers = environments.environment(count, environments.good)
    return requested(orders.example("server/minimal"), [orders.stored(layer) for layer in layers])


def _axis(
    name: str,
    sizes: Sequence[int],
    build: Callable[[int], fnv1.RunFunctionRequest],
    *,
    parsed: bool = False,
) -> Growth:
    requests = [build(size) for size in sizes]
    best = [float("inf")] * len(requests)
    with asyncio.Runner() as loop:
        runner = FunctionRunner(alone=True)
        for repetition in range(REPEATED + 1):
            for at, req in enumerate(requests):
                taken = _taken(loop, FunctionRunner(alone=True) if parsed else runner, req)
                if repetition or parsed:
                    best[at] = min(best[at], taken)
    return Growth(name, tuple(sizes), tuple(round(one, 3) for one in best))


def _taken(loop: Any, runner: FunctionRunner, req: fnv1.RunFunctionRequest) -> float:
    """Return the CPU milliseconds of one call."""
    started = time.process_time()
    rsp = loop.run(runner.RunFunction(req, None))
    taken = (time.process_time() - started) * 1000
    if rsp.results:
        raise ValueError(rsp.results[-1].message)
    return float(taken)
