"""Answers are held within their bound, given again whole, and never where they might differ."""

import asyncio
import datetime
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from function import cache, calls, fn, metrics, refusal, responses, wire
from function.calls import Call
from function.errors import InvalidOrder, Problem
from tests import asking, raw
from tests.calling import Case, request
from tests.conftest import NOON
from tests.server import counted, raw_call, scraped
from tools import demo

READ = wire.reader(2**25)
DAY = responses.day(NOON)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def answer(size: int = 0, **facts: Any) -> cache.Answer:
    """Return an answer of some size."""
    return cache.Answer(b"", b"x" * size, Call("answered", **facts), DAY)


class Asked:
    """Ask a cached function, and record its calls."""

    def __init__(self, limit: int = 2**20) -> None:
        """Start with an empty cache."""
        self.calls: list[Call] = []
        self.registry = CollectorRegistry()
        self.cache = cache.Cache(limit)
        count = metrics.Metrics(self.registry, lambda: self.cache.size).observe
        runner = fn.FunctionRunner(self.calls.append, count)
        self.runner = cache.CachedRunner(runner, self.cache, READ)

    def __call__(self, data: bytes, *, cancelled: bool = False) -> fnv1.RunFunctionResponse:
        """Send a request."""
        gone = mock.AsyncMock(side_effect=grpc.aio.AbortError)
        context = mock.Mock(cancelled=lambda: cancelled, time_remaining=lambda: None, abort=gone)
        return fnv1.RunFunctionResponse.FromString(asyncio.run(self.runner.answer(data, context)))

    @property
    def cached(self) -> list[bool | None]:
        """Return for each call whether it came from the cache."""
        return [call.cached for call in self.calls]


def written(case: Case, tag: str = "t") -> bytes:
    """Return the request of a case as bytes."""
    req = request(case)
    req.meta.tag = tag
    return req.SerializeToString()


LAYERS = asking.provider("cluster-stacks")
CASES: Mapping[str, Case] = {
    "requirements": Case("asks", {}),
    "answered": Case("answers", {}, layers=LAYERS),
    "refused": Case("refuses", {}, spec={"version": "1.99"}, layers=LAYERS),
}


@pytest.mark.parametrize(("outcome", "case"), CASES.items(), ids=CASES)
def test_a_hit_is_logged_and_counted_like_any_call(outcome: str, case: Case) -> None:
    """Only its time differs, and that it says where it came from."""
    requested = Asked()
    with capture_logs() as lines:
        first, second = requested(written(case)), requested(written(case, "u"))
    assert requested.cached == [False, True]
    assert (first.meta.tag, second.meta.tag) == ("t", "u")
    assert requested.calls[0].outcome == outcome
    second.meta.tag = "t"
    assert first == second
    one, other = ({**line, "milliseconds": 0} for line in lines)
    assert other == {**one, "cached": True}
    assert set(counted(requested.registry, "central_api_calls_total").values()) == {2}
    assert counted(requested.registry, "central_api_answer_cache_lookups_total") == {
        'result="hit"': 1,
        'result="miss"': 1,
    }
    assert counted(requested.registry, "central_api_answer_cache_bytes") == {
        "": requested.cache.size
    }
    assert requested.cache.size > first.ByteSize()


def test_an_error_of_ours_is_computed_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may pass, and until then each call says where it comes from."""
    requested = Asked()
    with monkeypatch.context() as patch:
        patch.setattr(fn, "compose", lambda *_: 1 / 0)
        assert [requested(written(CASES["answered"])).results[-1].severity for _ in range(2)] == [
            fnv1.SEVERITY_FATAL,
            fnv1.SEVERITY_FATAL,
        ]
        assert all(call.trace for call in requested.calls)
    assert not requested(written(CASES["answered"])).results
    assert requested.cached == [False, False, False]


def test_a_refusal_without_fresh_conditions_is_computed_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error behind that is logged for each call, as without a cache."""
    requested = Asked()
    monkeypatch.setattr(refusal, "conditions", lambda *_: 1 / 0)
    with capture_logs() as lines:
        for _ in range(2):
            requested(written(CASES["refused"]))
    assert requested.cached == [False, False]
    assert [line["event"] for line in lines] == ["conditions are not fresh", "call"] * 2


def test_what_protobuf_cannot_read_is_refused_as_ever() -> None:
    """Such requests have no canonical form."""
    requested = Asked()
    data = raw.request(raw.order({"version": "1.34", "variables": {"x": raw.deep(40)}}))
    for _ in range(2):
        assert requested(data).conditions[0].reason == "InvalidOrder"
    assert requested.cached == [None, None]


def test_a_client_that_is_gone_is_not_looked_up() -> None:
    """Whether the answer is cached or not."""
    requested = Asked()
    requested(written(CASES["answered"]))
    with pytest.raises(grpc.aio.AbortError):
        requested(written(CASES["answered"]), cancelled=True)
    assert [call.outcome for call in requested.calls] == ["answered", "cancelled"]
    assert requested.cached == [False, None]


def test_another_day_is_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the clock is set back; the new answer takes the place of the other."""
    requested, sizes = Asked(), set()
    for days in (0, 1, 1, 0, 0):
        monkeypatch.setattr(fn, "utc_now", lambda at=NOON + datetime.timedelta(days): at)
        requested(written(CASES["answered"]))
        sizes.add(requested.cache.size)
    assert requested.cached == [False, False, True, False, True]
    assert len(sizes) == 1


def test_each_part_of_a_request_but_the_tag_counts() -> None:
    """Requests that differ in anything else have different keys."""
    req = request(CASES["answered"])
    keys = [cache.key_of(req)]
    for change in (
        lambda: req.meta.capabilities.append(fnv1.CAPABILITY_CREDENTIALS),
        lambda: req.observed.composite.connection_details.update({"a": b"1"}),
        lambda: req.observed.resources.get_or_create("x"),
        lambda: req.desired.resources.get_or_create("x"),
        lambda: req.input.update({"refresh": 61}),
        lambda: req.context.update({"a": 1}),
        lambda: req.extra_resources.get_or_create("x"),
        lambda: req.required_resources.get_or_create("x"),
        lambda: req.credentials["x"].credential_data.data.update({"a": b"1"}),
        lambda: req.required_schemas["x"].openapi_v3.update({"a": 1}),
    ):
        change()
        keys.append(cache.key_of(req))
    assert len(set(keys)) == len(keys)
    req.meta.tag = "other"
    assert (cache.key_of(req), req.meta.tag) == (keys[-1], "other")
    assert cache.key_of(fnv1.RunFunctionRequest()) != keys[-1]


@given(tag=TEXTS, seconds=st.integers(0, 3600), texts=st.lists(TEXTS), key=TEXTS)
def test_a_tag_is_added_as_protobuf_writes_it(
    tag: str, seconds: int, texts: list[str], key: str
) -> None:
    """Byte for byte, whatever the tag and the rest of the response."""
    rsp = fnv1.RunFunctionResponse()
    rsp.meta.ttl.FromTimedelta(datetime.timedelta(seconds=seconds))
    rsp.desired.resources[key].resource.update({"texts": texts})
    rsp.results.extend(fnv1.Result(message=text) for text in texts)
    rsp.meta.tag = tag
    want = rsp.SerializeToString()
    stored = cache._stored(rsp, Call("answered"), DAY)
    assert stored.tagged(tag.encode()) == want


def test_the_least_recently_used_leaves_first() -> None:
    """And what would take all the room never enters."""
    held = cache.Cache(3 * answer(100).size)
    for name in (b"a", b"b", b"c"):
        held.put(name, answer(100))
    held.get(b"a", NOON)
    held.put(b"d", answer(100))
    assert [name for name in b"abcd" if held.get(bytes((name,)), NOON)] == [*b"acd"]
    held.put(b"c", answer(held.size))
    assert [name for name in b"abcd" if held.get(bytes((name,)), NOON)] == [*b"ad"]
    assert held.size == 2 * answer(100).size


PROBLEMS = tuple(Problem(f"spec.nodePools[{n}].flavor", "ü" * 100) for n in range(50))


@pytest.mark.parametrize("problems", [0, 50])
@pytest.mark.parametrize("size", [0, 500, 20_000])
def test_it_takes_no_more_memory_than_it_says(size: int, problems: int) -> None:
    """Whatever the entries are: many small ones, large ones, or refusals of many problems."""
    limit = 4 * 2**20
    held = cache.Cache(limit)
    tracemalloc.start()
    try:
        for n in range(limit // answer(size).size):
            names = {key: f"{key}-{n}" for key in ("tenant", "name", "environment", "reason")}
            reported = InvalidOrder(*(replace(p, message=f"{p.message}{n}") for p in PROBLEMS))
            some = {"problems": reported.problems} if problems else {}
            held.put(n.to_bytes(32), answer(size, **names, **some))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held.size <= limit
    assert taken < 1.05 * held.size


def test_a_server_answers_again(tmp_path: Path) -> None:
    """Over mTLS, and its metrics say so; without the cache it answers the same."""
    data = raw.request(raw.order({"version": "1.34"}))
    answers, lookups = [], []
    for size in ("1", "0"):
        address = f"{demo.HOST}:{demo.free_port()}"
        flags = ("--metrics-address", address, "--answer-cache-size", size)
        directory = tmp_path / size
        directory.mkdir()
        with demo.serving(demo.certificates(directory), (demo.SERVER[0], *flags)) as channel:
            answers += [raw_call(channel, data) for _ in range(2)]
            found = scraped(address, "central_api_answer_cache_lookups_total")
            lookups.append((found['result="hit"'], found['result="miss"']))
    assert lookups == [(1, 1), (0, 0)]
    assert answers[1:] == answers[:-1]


def test_calls_without_a_lookup_are_not_counted_as_one() -> None:
    """A server without a cache has no misses."""
    registry = CollectorRegistry()
    metrics.Metrics(registry).observe(calls.Call("answered"))
    assert sum(counted(registry, "central_api_answer_cache_lookups_total").values()) == 0
