"""An order of which nothing becomes ready is reported, although nobody reports a problem."""

import asyncio
import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from function import local, responses, simulate, stalled, versions
from function.compose import Answer
from function.contract import Condition, Mode, Order, Rendered, Resource
from function.fn import FunctionRunner, Reply
from tests import asking
from tests.asking import Manifest

CREATED = datetime.datetime(2026, 11, 27, 10, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
HEALTHY = (Condition("BackendHealthy", True, "Healthy"),)
ORDERS = [
    ("cluster-stacks", "cluster/minimal"),
    ("gardener", "cluster/minimal"),
    ("cluster-stacks", "server/minimal"),
    ("cluster-stacks", "network/minimal"),
]


def written(time: datetime.datetime) -> str:
    """Return a time as an API server writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def found(
    status: str = "", since: datetime.datetime | None = None, **more: Any
) -> dict[str, Resource]:
    """Return an observed resource with such a condition `Ready`."""
    ready = {"type": "Ready", "status": status}
    ready |= {"lastTransitionTime": written(since)} if since else {}
    conditions = [ready] if status else []
    resource = Resource(
        "a", "f", "k", {}, status={"conditions": conditions}, created=written(CREATED)
    )
    return {"a": dataclasses.replace(resource, **more)}


def judged(
    mine: Mapping[str, Resource],
    now: datetime.datetime,
    shown: tuple[Condition, ...] = HEALTHY,
    *,
    ready: bool = False,
) -> stalled.Verdict:
    """Judge an order of one resource, which may take an hour."""
    rendered = [Resource("a", "f", "k", {}, ready=ready)]
    return stalled.judge(shown, rendered, mine, "1h", now)


def test_only_time_makes_the_difference() -> None:
    """At the moment itself the order is stalled, and not before."""
    assert judged(found(), CREATED + HOUR - datetime.timedelta(seconds=1)).conditions == HEALTHY
    verdict = judged(found(), CREATED + HOUR)
    assert verdict.conditions == (Condition("BackendHealthy", False, "Stalled", stalled.SENTENCE),)
    assert (verdict.moment, verdict.keys) == (CREATED + HOUR, ("a",))


def test_it_counts_since_it_is_not_ready() -> None:
    """An old resource that was ready until now has all of its time."""
    mine = found("False", CREATED + 9 * HOUR)
    assert judged(mine, CREATED + 9 * HOUR).moment == CREATED + 10 * HOUR
    assert judged(mine, CREATED + 10 * HOUR).keys == ("a",)


@pytest.mark.parametrize(
    ("mine", "ready"),
    [
        pytest.param({}, False, id="it does not exist yet"),
        pytest.param(found(), True, id="it is ready for us"),
        pytest.param(found("True", CREATED), False, id="it is ready for Crossplane"),
        pytest.param(found(deleting=True), False, id="it is being deleted"),
        pytest.param(found(created=""), False, id="nobody knows since when"),
        pytest.param(found(created="yesterday"), False, id="the time is garbled"),
        pytest.param(found(created="2026-11-27T10:00:00"), False, id="the time has no zone"),
        pytest.param(found(created="9999-12-31T23:59:59Z"), False, id="the time is at its end"),
    ],
)
def test_what_does_not_stall(mine: dict[str, Resource], ready: bool) -> None:
    """However late it is."""
    verdict = judged(mine, CREATED + 1000 * HOUR, ready=ready)
    assert verdict == stalled.Verdict(HEALTHY)


def test_a_reported_problem_says_more() -> None:
    """It stays as it is."""
    shown = (Condition("BackendHealthy", False, "QuotaExceeded", "the quota is used up"),)
    assert judged(found(), CREATED + 2 * HOUR, shown) == stalled.Verdict(shown)


def reply(
    provider: str,
    order: str,
    observed: Mapping[str, local.Observed],
    now: datetime.datetime,
    **edits: Any,
) -> tuple[local.Outcome, Reply]:
    """Answer an order at a time."""
    composite = local.composite_of(asking.order(order), Mode.CLAIMS)
    replies = list[Reply]()
    runner = FunctionRunner()

    async def run(req: Any) -> Any:
        replies.append(await runner.reply(req, now))
        return replies[-1].response

    calls = local.exchange(composite, asking.provider(provider, edits), observed)
    with asyncio.Runner() as loop:
        outcome = loop.run(local.held(run, calls))
    return outcome, replies[-1]


def applied(provider: str, order: str) -> dict[str, local.Observed]:
    """Return what was applied of an order, and never looked at by a provider."""
    outcome = asking.ask(asking.order(order), asking.provider(provider))
    assert not outcome.fatal
    observed = simulate.play(outcome.resources, frozenset())
    for one in observed.values():
        one.manifest["metadata"]["creationTimestamp"] = written(CREATED)
        one.manifest.pop("status", None)
    return observed


def health(outcome: local.Outcome) -> Manifest:
    """Return the condition of an outcome."""
    conditions = outcome.composite["status"]["conditions"]
    [condition] = [one for one in conditions if one["type"] == "BackendHealthy"]
    return dict(condition)


@pytest.mark.parametrize(("provider", "order"), ORDERS)
def test_every_backend(provider: str, order: str) -> None:
    """A provider that does not run is noticed; the log names what waits, and nothing else."""
    observed = applied(provider, order)
    outcome, early = reply(provider, order, observed, CREATED + HOUR / 2)
    assert (health(outcome)["status"], early.call.stalled) == ("True", ())
    assert early.valid
    assert early.valid[1] <= CREATED + HOUR
    outcome, late = reply(provider, order, observed, CREATED + HOUR)
    shown = health(outcome)
    assert (shown["status"], shown["reason"]) == ("False", "Stalled")
    assert set(late.call.stalled) <= set(observed)
    assert late.call.line()["stalled"] == list(late.call.stalled)
    assert late.valid
    assert late.valid[0] == CREATED + HOUR


def test_the_environment_says_how_long() -> None:
    """From the next call on."""
    observed = applied("cluster-stacks", "cluster/minimal")
    for after, stalls in (("29m", True), ("31m", False)):
        now = CREATED + HOUR / 2
        outcome, _ = reply("cluster-stacks", "cluster/minimal", observed, now, stalledAfter=after)
        assert (health(outcome)["reason"] == "Stalled") is stalls


def answer(*turns: datetime.datetime) -> Answer:
    """Return an answer that time changes at some moments."""
    order = Order[Any](**dict.fromkeys(Order.__dataclass_fields__))  # type: ignore[arg-type]
    return Answer(order, Rendered(resources=()), False, "capi", turns)


def test_an_answer_is_valid_between_its_turns() -> None:
    """And Crossplane asks again when the next one comes."""
    now = CREATED + HOUR
    whole_day = responses.day(now)
    assert responses.validity(answer(), 60, now) == whole_day
    minute = datetime.timedelta(minutes=1)
    turning = answer(CREATED, now + 30 * minute, now + 40 * HOUR)
    assert responses.validity(turning, 60, now) == (CREATED, now + 29 * minute)
    assert responses.ttl(turning, 60, now) == minute
    assert responses.ttl(turning, 3600, now) == 30 * minute
    assert responses.ttl(answer(now + minute / 1000), 60, now) == datetime.timedelta(seconds=1)


def test_the_end_of_a_version() -> None:
    """It is the first moment behind its last day, which the calendar may not have."""
    day = datetime.date(2026, 11, 27)
    moment = versions.end({"versionEndOfLife": str(day)})
    assert moment == datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
    assert versions.end({}) is None
    assert versions.end({"versionEndOfLife": "9999-12-31"}) is None
