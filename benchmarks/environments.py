"""Measure what large and broken environments cost: one call that parses, and the next.

    python -m benchmarks.environments [--flavors 100 --flavors 1000 --flavors 5000]

Calls are made in process. Prints CPU milliseconds: the first call for versions of layers that
were never seen, and a repetition of the same call.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import click
import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from rich.console import Console
from rich.table import Table

from benchmarks.orders import EXAMPLES, stored
from function import local
from function.contract import Manifest, Mode
from function.fn import FunctionRunner
from function.model import API_GROUP
from tools import demo

PROVIDER = EXAMPLES / "environments" / "cluster-stacks"
ORDER = EXAMPLES / "server" / "web" / "claim.yaml"
TENANT = "globex"


def good(number: int) -> Manifest:
    """Return a flavor that is no SCS name."""
    return {"name": f"m1.n{number}", "cpu": number % 64 + 1, "memoryGiB": 8}


def wrong(number: int) -> Manifest:
    """Return a flavor of which a field is wrong."""
    return {**good(number), "cpu": "four"}


def unknown(number: int) -> Manifest:
    """Return a flavor with a field that does not exist."""
    return {**good(number), f"memory{number}": 8}


def larger(number: int) -> Manifest:
    """Return a flavor that differs from the good one."""
    return {"name": f"m1.n{number}", "memoryGiB": 16}


def environment(count: int, flavor: Callable[[int], Manifest]) -> list[Manifest]:
    """Return the layers of the example with that many flavors more."""
    layers = [d for file in sorted(PROVIDER.glob("*.yaml")) for d in demo.load(file)]
    root = next(layer for layer in layers if "kinds" in layer["data"])
    data = root["data"]
    more = [*data.get("flavors", ()), *map(flavor, range(count))]
    extended = {**root, "data": {**data, "overlays": "Optional", "flavors": more}}
    return [extended if layer is root else layer for layer in layers]


def contradicted(count: int) -> list[Manifest]:
    """Return an environment with a second base layer that sets each flavor differently."""
    layers = environment(count, good)
    root = next(layer for layer in layers if "kinds" in layer["data"])
    data = {**root["data"], "layers": [*root["data"].get("layers", ()), "other"]}
    other = {
        **root,
        "metadata": {**root["metadata"], "name": "other"},
        "data": {"flavors": [larger(number) for number in range(count)]},
    }
    return [*(layer for layer in layers if layer is not root), {**root, "data": data}, other]


def overlaid(count: int) -> list[Manifest]:
    """Return an environment with a tenant's overlay that replaces each flavor."""
    layers = environment(count, good)
    root = next(layer for layer in layers if "kinds" in layer["data"])
    name = root["metadata"]["labels"][f"{API_GROUP}/environment"]
    labels = {f"{API_GROUP}/overlay": name, f"{API_GROUP}/tenant": TENANT}
    overlay = {
        **root,
        "metadata": {"name": f"{TENANT}-overlay", "labels": labels},
        "data": {"flavors": [larger(number) for number in range(count)]},
    }
    return [*layers, overlay]


FORMS: dict[str, Callable[[int], list[Manifest]]] = {
    "good": lambda count: environment(count, good),
    "replaced by an overlay": overlaid,
    "set differently by two layers": contradicted,
    "each with a wrong value": lambda count: environment(count, wrong),
    "each with an unknown field": lambda count: environment(count, unknown),
}


def request(layers: list[Manifest]) -> fnv1.RunFunctionRequest:
    """Return the second request of a new order: the one that brings the layers."""
    requests: list[fnv1.RunFunctionRequest] = []
    runner = FunctionRunner()
    order = demo.load(ORDER)[0]
    order["metadata"]["namespace"] = TENANT

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        requests.append(req)
        if len(requests) > 1:
            # What comes of it is measured later.
            return await runner.RunFunction(requests[0], None)
        return await runner.RunFunction(req, None)

    composite = local.composite_of(order, Mode.CLAIMS)
    asyncio.run(local.answer(run, composite, [stored(layer) for layer in layers]))
    return requests[-1]


def calls(req: fnv1.RunFunctionRequest, count: int) -> Iterator[tuple[float, str]]:
    """Yield CPU milliseconds of calls to one function, and what became of them."""
    seen: list[Any] = []
    runner = FunctionRunner(seen.append)
    with asyncio.Runner() as loop:
        for _ in range(count):
            started = time.process_time()
            loop.run(runner.RunFunction(req, None))
            yield (time.process_time() - started) * 1000, seen[-1].reason or seen[-1].outcome


@click.command()
@click.option("--flavors", multiple=True, default=(100, 1000, 5000), show_default=True)
def main(flavors: tuple[int, ...]) -> None:
    """Measure environments of many flavors, good and broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    table = Table(title="CPU milliseconds of one call")
    for column in ("flavors", "form", "outcome", "first", "again"):
        table.add_column(column)
    for count in flavors:
        for name, build in FORMS.items():
            (first, outcome), (again, _) = calls(request(build(count)), 2)
            table.add_row(str(count), name, outcome, f"{first:.1f}", f"{again:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
