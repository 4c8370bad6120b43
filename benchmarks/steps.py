"""Count what a call executes: a measure of cost that does not depend on what else the machine does.

Bytecode instructions, and calls into C, of one call with new content whose objects were seen
before. The same code counts the same to one percent, by the order of sets; time differs by ten and
more. What a single call into C costs is not counted: `python -m benchmarks run` measures time.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from benchmarks import orders
from function.fn import FunctionRunner

FILE = Path("benchmarks/steps.json")
# The counts differ between versions of Python.
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# A count above the recorded one by more than this is a regression.
BAND = 0.05
_WARM = 3
Counts = dict[str, dict[str, int]]


def counted(call: Callable[[], object]) -> dict[str, int]:
    """Return the bytecode instructions, and the calls into C, of a call in this thread."""
    counts = {"instructions": 0, "calls into C": 0}

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counts["instructions"] += event == "opcode"
        return trace

    def profile(_: FrameType, event: str, __: Any) -> None:
        counts["calls into C"] += event == "c_call"

    former = sys.gettrace(), sys.getprofile()
    sys.setprofile(profile)
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(former[0])
        sys.setprofile(former[1])
    return counts


def measured() -> Counts:
    """Return the counts of each order that is measured."""
    return {name: counted(_call(asked)) for name, asked in orders.measured().items()}


def _call(asked: orders.Asked) -> Callable[[], object]:
    """Return a call of an order whose environment and objects were seen before."""
    runner, data = FunctionRunner(alone=True), asked.data(orders.NEW)

    def call(request: fnv1.RunFunctionRequest) -> None:
        # Nothing in it waits, so that it needs no event loop.
        answer = runner.RunFunction(request, None)
        try:
            answer.send(None)
        except StopIteration:
            return
        raise RuntimeError("a call waits")

    for _ in range(_WARM):
        call(fnv1.RunFunctionRequest.FromString(data()))
    last = fnv1.RunFunctionRequest.FromString(data())
    return lambda: call(last)


def recorded() -> Counts | None:
    """Return the recorded counts of this version of Python; None if there are none."""
    found: dict[str, Counts] = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return found.get(VERSION)


def record(counts: Counts) -> None:
    """Make counts the recorded ones of this version of Python."""
    found = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    text = json.dumps({**found, VERSION: counts}, indent=2, sort_keys=True)
    FILE.write_text(f"{text}\n", "utf-8")


def regressions(previous: Mapping[str, Mapping[str, int]], current: Counts) -> Iterator[str]:
    """Yield each count that is higher than the recorded one by more than the band."""
    for order, counts in current.items():
        for unit, count in counts.items():
            known = previous.get(order, {}).get(unit)
            if known is None:
                yield f"{order}: {unit} are not recorded"
            elif count > known * (1 + BAND):
                more = f"{100 * (count / known - 1):.1f} %"
                yield f"{order}: {count} {unit} instead of {known}, {more} more"
