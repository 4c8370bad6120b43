"""An answer from the cache is the answer that would be computed, whatever happened before."""

import datetime
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given

from function import cache, fn, wire
from function.calls import Call
from function.fn import FunctionRunner

from .faults import ENVIRONMENT_FAULTS, OBSERVED_FAULTS, ORDER_FAULTS
from .strategies import Case, edited, worlds
from .world import World, advance, ask

FAULTS = (*ENVIRONMENT_FAULTS, *ORDER_FAULTS, *OBSERVED_FAULTS)
LAST = datetime.date(2026, 10, 27)
NOON = datetime.datetime(2026, 10, 26, 12, tzinfo=datetime.UTC)
# Around the midnight after which a version is out of support, and the TTL before it.
HOURS = (0, 1, 11.98, 11.985, 12, 24, 35.982, 35.984, 35.99, 35.9999, 36, 36.5, 60)
SIZES = (30_000, 10_000_000)


class Both:
    """Have each request answered with and without the cache, and compare what comes of it."""

    def __init__(self, rng: Random) -> None:
        """Start with an empty cache, large or small."""
        self.rng = rng
        self.reported: tuple[list[Call], list[Call]] = [], []
        self.plain, behind = (FunctionRunner(reported.append) for reported in self.reported)
        for runner in (self.plain, behind):
            runner.log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
        answers = cache.Cache(rng.choice(SIZES))
        self.cached = cache.CachedRunner(behind, answers, wire.reader(2**25))

    async def RunFunction(  # noqa: N802  # as the runner
        self, req: fnv1.RunFunctionRequest, _: None
    ) -> fnv1.RunFunctionResponse:
        """Answer a request under a tag of its own, its maps in any order."""
        req.meta.tag = self.rng.choice(("", "a", "b" * 64, "ü"))
        data = shuffled(fnv1.RunFunctionRequest.DESCRIPTOR, req.SerializeToString(), self.rng)
        want = await self.plain.RunFunction(req, None)
        context = mock.Mock(cancelled=lambda: False, time_remaining=lambda: None)
        got = fnv1.RunFunctionResponse.FromString(await self.cached.answer(data, context))
        assert got == want
        one, other = (replace(reported[-1], seconds=0, cached=None) for reported in self.reported)
        assert one == other
        return want

    @property
    def hits(self) -> int:
        """Return how many answers came from the cache."""
        return sum(call.cached is True for call in self.reported[1])


def shuffled(descriptor: Any, data: bytes, rng: Random) -> bytes:
    """Return a message with the entries of each map in any order, as Go writes them."""
    pieces: list[tuple[int, float, bytes]] = []
    for number, payload, piece in wire._pieces(data):
        field = descriptor.fields_by_number[number]
        inner = field.message_type
        whole = wire.encoded(number, shuffled(inner, payload, rng)) if inner else piece
        is_map = inner is not None and inner.GetOptions().map_entry
        pieces.append((number, rng.random() if is_map else len(pieces), whole))
    return b"".join(whole for *_, whole in sorted(pieces))


def dated(world: World) -> World:
    """Return a world in whose environment support of every version ends."""
    root, catalogue, *rest = world.layers
    versions = [
        {**one, "endOfLife": LAST.isoformat()} for one in catalogue["data"]["kubernetesVersions"]
    ]
    data = {**catalogue["data"], "kubernetesVersions": versions}
    return replace(world, layers=(root, {**catalogue, "data": data}, *rest))


def check_history(world: World, rng: Random) -> None:
    """Play edits, faults, waves, repetitions and returns to what was, over some days."""
    both, known = Both(rng), [dated(world)]
    clock = mock.Mock(return_value=NOON)
    with mock.patch.object(fn, "utc_now", clock):
        for _ in range(rng.randint(5, 10)):
            clock.return_value = NOON + datetime.timedelta(hours=rng.choice(HOURS))
            world = rng.choice(known[-3:])
            reply = ask(world, both)  # type: ignore[arg-type]  # the one method that it needs
            match rng.choice(("again", "edit", "fault", "advance")):
                case "edit":
                    world = edited(world, rng)
                # Faults edit layers of an environment that still has all of them.
                case "fault" if len(world.layers) >= len(known[0].layers):
                    world = rng.choice(FAULTS)(world, rng)
                case "advance":
                    world = advance(world, reply)
            known.append(world)
        clock.return_value = NOON
        previous = both.hits
        for _ in range(2):
            ask(known[0], both)  # type: ignore[arg-type]  # see above
        assert both.hits > previous


@given(worlds())
def test_answers_are_those_of_a_function_without_a_cache(case: Case) -> None:
    """Through edits of order and environment, faults, and midnights."""
    check_history(*case)


def test_shuffled_is_the_same_message() -> None:
    """The property compares what it means to compare."""
    rng, req = Random(1), fnv1.RunFunctionRequest()  # noqa: S311  # the same each time
    req.context.update({str(n): {"a": [n, {"b": None}], "c": "x"} for n in range(9)})
    data = req.SerializeToString()
    forms = {shuffled(req.DESCRIPTOR, data, rng) for _ in range(9)}
    assert len(forms) == 9
    assert all(fnv1.RunFunctionRequest.FromString(form) == req for form in forms)
    keys = {cache.key_of(fnv1.RunFunctionRequest.FromString(form)) for form in forms}
    assert len(keys) == 1
