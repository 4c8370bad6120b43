"""Measure calls over gRPC beside an empty function of the SDK, interleaved.

Both functions are processes of their own with mTLS on the loopback interface, and get the same
requests in turns of a few calls, so that a noisy neighbour disturbs both alike. CPU is that of
the server alone; its figure is the median of all turns.
"""

import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from benchmarks import orders, servers
from benchmarks.figures import Figure
from benchmarks.orders import NEW, SEEN, Asked
from tools import demo

TURN = 20
CONCURRENT = 16
CPU, P50, MEMORY = "CPU ms per call", "p50 ms", "resident MiB"
# MiB that the cache of answers and that of conversions may take.
BOUND = 32 + 16
# Most ratios to the empty function, by order: of new content, and of content seen before.
GOALS = {
    "full Cluster, Cluster API": (4, 1.5),
    "full Cluster, Gardener": (4, 1.5),
    "full Server": (4.5, 1.5),
    "50 resources": (7, 2),
}
Pair = tuple[demo.Channel, demo.Channel]


def rows(pair: Pair, calls: int) -> list[Figure]:
    """Measure each order, one call at a time."""
    result = []
    for name, requested in orders.measured().items():
        for content, limit in zip((NEW, SEEN), GOALS[name], strict=True):
            (cpu, p50), (empty_cpu, empty_p50) = asyncio.run(
                _alternating(pair, requested.data(content), calls)
            )
            result.append(Figure(name, content, CPU, cpu, empty_cpu, limit))
            result.append(Figure(name, content, P50, p50, empty_p50, limit))
    return result


async def _alternating(
    pair: Pair, data: Callable[[], bytes], calls: int
) -> list[tuple[float, float]]:
    """Return CPU and p50 of calls to each server in milliseconds, in turns."""
    spent: list[list[float]] = [[], []]
    times: list[list[float]] = [[], []]
    async with opened(pair) as methods:
        for turn in range(calls // TURN + 1):
            for server, (channel, call) in enumerate(zip(pair, methods, strict=True)):
                requests = [data() for _ in range(TURN)]
                previous = servers.cpu(channel.pid)
                taken = [await _timed(call, request) for request in requests]
                used = servers.cpu(channel.pid) - previous
                # The first turn warms up.
                if turn:
                    spent[server].append(used / TURN * 1000)
                    times[server] += taken
    return [
        (statistics.median(cpu), statistics.median(p50))
        for cpu, p50 in zip(spent, times, strict=True)
    ]


def neighbours(pair: Pair, calls: int) -> list[Figure]:
    """Measure a small order while a large one is asked about all the time."""
    large = orders.settled("large", orders.servers(50), orders.layers(orders.CAPI))
    small = _small()
    result = []
    for content in (NEW, SEEN):
        ours, empty = (asyncio.run(_beside(one, small, large.data(content), calls)) for one in pair)
        name = f"small Cluster beside 50 servers ({content})"
        result.append(Figure(name, NEW, P50, ours, empty, 2.5, "value"))
    return result


async def _beside(
    channel: demo.Channel, small: Asked, large: Callable[[], bytes], calls: int
) -> float:
    fresh = small.data(NEW)
    async with opened((channel, channel)) as (call, other):

        async def without_end() -> None:
            while True:
                await other(large())

        background = asyncio.create_task(without_end())
        times = []
        for _ in range(calls):
            times.append(await _timed(call, fresh()))
            # People do not ask in step with each other.
            await asyncio.sleep(0.001)
        background.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await background
    return statistics.median(times)


def throughput(pair: Pair, calls: int) -> list[Figure]:
    """Measure how many calls of a small order are answered in a second, sixteen at once."""
    small = _small()
    result = []
    for content, least in ((NEW, 0.3), (SEEN, 0.7)):
        # In turns, the best of each: a neighbour only makes it less.
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(3):
            for channel, reported in zip(pair, rates, strict=True):
                reported.append(asyncio.run(_rate(channel, small.data(content), calls)))
        best, empty = (max(reported) for reported in rates)
        name = f"small Cluster, {CONCURRENT} at once"
        result.append(Figure(name, content, "calls per second", best, empty, least, most=False))
    return result


async def _rate(channel: demo.Channel, data: Callable[[], bytes], calls: int) -> float:
    requests = [data() for _ in range(calls)]
    async with opened((channel,)) as (call,):
        waiting = iter(requests)

        async def one_after_another() -> None:
            for request in waiting:
                await call(request)

        started = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(CONCURRENT)))
        return calls / (time.perf_counter() - started)


def starts(soak: int) -> list[Figure]:
    """Measure servers that were just started: CPU of the first answer, and memory."""
    small = _small()
    (ours, first, then), (empty, empty_first, empty_then) = (
        _started(program, small, soak) for program in (servers.OURS, servers.EMPTY)
    )
    result = [
        Figure("first answer after the start", "", "CPU s", ours, empty, 0.5, "value"),
        Figure("after the first answer", "", MEMORY, first, empty_first, 60, "value"),
    ]
    if soak:
        name = f"after {soak} mixed calls"
        result.append(Figure(name, "", MEMORY, then, empty_then, 60 + BOUND, "value"))
    return result


def _started(program: Sequence[str], small: Asked, soak: int) -> tuple[float, float, float]:
    """Return CPU seconds and memory after the first answer, and memory after many others."""
    every = orders.measured().values() if soak else ()
    mixed = itertools.cycle(
        requested.data(content) for requested in every for content in (NEW, SEEN)
    )
    with servers.running(program) as channel:
        asyncio.run(_send(channel, [small.data(SEEN)]))
        spent, memory = servers.cpu(channel.pid), servers.resident(channel.pid)
        asyncio.run(_send(channel, itertools.islice(mixed, soak)))
        return spent, memory, servers.resident(channel.pid)


async def _send(channel: demo.Channel, requests: Iterable[Callable[[], bytes]]) -> None:
    async with opened((channel,)) as (call,):
        for data in requests:
            await call(data())


def _small() -> Asked:
    order = orders.example("cluster/minimal")
    return orders.settled("small Cluster", order, orders.layers(orders.CAPI))


@contextlib.asynccontextmanager
async def opened(channels: tuple[demo.Channel, ...]) -> AsyncIterator[list[Any]]:
    """Open a connection to each server, and give its RunFunction."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            servers.method(await stack.enter_async_context(channel.open())) for channel in channels
        ]


async def _timed(call: Any, data: bytes) -> float:
    started = time.perf_counter()
    await call(data)
    return (time.perf_counter() - started) * 1000
