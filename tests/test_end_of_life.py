"""Follow an order over the day on which support of its Kubernetes version ends."""

import datetime
from typing import Any

import pytest

from function import fn, simulate
from function.bound import ANNOTATION
from tests import asking
from tests.calling import Case, request, run

LAST = "2026-10-27"
ENDED = {"field": "spec.version", "message": f"support of 1.34.7 ended on {LAST}; upgrade to "}


def stop(monkeypatch: pytest.MonkeyPatch, time: str) -> None:
    """Stop the function's clock at a time in UTC."""
    now = datetime.datetime.fromisoformat(time).replace(tzinfo=datetime.UTC)
    monkeypatch.setattr(fn, "utc_now", lambda: now)


def notes(outcome: Any) -> list[dict[str, str]]:
    """Return what an answered order notes on its version."""
    assert not outcome.fatal, outcome.fatal
    listed = outcome.composite["status"].get("notes", ())
    return [note for note in listed if note["field"] == "spec.version"]


@pytest.mark.parametrize(
    ("time", "ended"),
    [
        ("2026-06-01T00:00:00", False),
        (f"{LAST}T00:00:00", False),
        (f"{LAST}T23:59:59", False),
        ("2026-10-28T00:00:00", True),
        ("2026-11-27T03:00:00", True),
        ("2031-01-01T00:00:00", True),
    ],
)
@pytest.mark.parametrize("provider", asking.PROVIDERS)
def test_the_note(
    monkeypatch: pytest.MonkeyPatch, provider: str, time: str, *, ended: bool
) -> None:
    """Note that support has ended from the next day on, and what to upgrade to."""
    order, layers = asking.order("cluster/minimal"), asking.provider(provider)
    previous = asking.ask(order, layers)
    stop(monkeypatch, time)
    new = asking.ask(order, layers)
    later = asking.ask(order, layers, simulate.play(previous.resources))
    for outcome in (new, later):
        assert outcome.composite["status"]["versionEndOfLife"] == LAST
        if ended:
            newest = outcome.composite["status"]["availableUpgrades"][-1]
            assert notes(outcome) == [{**ENDED, "message": f"{ENDED['message']}{newest}"}]
        else:
            assert notes(outcome) == []
    assert new.resources == previous.resources, "nothing else depends on the day"
    [record] = [
        one["metadata"]["annotations"][ANNOTATION]
        for one in later.resources.values()
        if ANNOTATION in one["metadata"]["annotations"]
    ]
    assert LAST not in record


@pytest.mark.parametrize(
    ("offers", "text"),
    [
        pytest.param(["1.34.7"], "no newer one is offered here yet", id="none"),
        pytest.param(["1.34.7", "1.35.4", "1.35.9"], "upgrade to 1.35.9", id="the newest"),
        pytest.param(["1.34.7", "1.34.9", "1.36.1"], "upgrade to 1.34.9", id="within reach"),
    ],
)
def test_what_to_do(monkeypatch: pytest.MonkeyPatch, offers: list[str], text: str) -> None:
    """Name the newest version that the cluster can be upgraded to at once."""
    [layer] = asking.provider("kaas-only")
    versions = [
        {"version": offer, "classes": {"default": "c"}, "endOfLife": LAST} for offer in offers
    ]
    layer = {**layer, "data": {**layer["data"], "kubernetesVersions": versions}}
    order = asking.order("cluster/minimal")
    order["spec"]["version"] = "1.34.7"
    stop(monkeypatch, "2026-10-28T00:00:00")
    said = f"support of 1.34.7 ended on {LAST}; {text}"
    assert notes(asking.ask(order, [layer])) == [{"field": "spec.version", "message": said}]


def test_an_upgrade_removes_the_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note nothing of the version that is left."""
    order, layers = asking.order("cluster/minimal"), asking.provider("cluster-stacks")
    stop(monkeypatch, "2026-10-28T00:00:00")
    old = asking.ask(order, layers)
    assert notes(old)
    live = simulate.play(asking.ask(order, layers, simulate.play(old.resources)).resources)
    order["spec"]["version"] = "1.35"
    new = asking.ask(order, layers, live)
    assert (new.composite["status"]["versionEndOfLife"], notes(new)) == ("2027-02-28", [])


def test_a_server_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note nothing of the versions of another kind."""
    stop(monkeypatch, "2031-01-01T00:00:00")
    outcome = asking.ask(asking.order("server/web"), asking.provider("cluster-stacks"))
    assert notes(outcome) == []


@pytest.mark.parametrize(
    ("time", "refresh", "seconds"),
    [
        ("2026-06-01T12:00:00", 60, 60),
        (f"{LAST}T12:00:00", 3600, 3600),
        (f"{LAST}T23:30:00", 3600, 1800),
        (f"{LAST}T23:59:30", 60, 30),
        (f"{LAST}T23:59:59.500000", 60, 1),
        ("2026-10-28T00:00:00", 3600, 3600),
        ("2026-11-27T23:59:59", 60, 60),
    ],
)
def test_the_answer_is_fresh_on_the_day(
    monkeypatch: pytest.MonkeyPatch, time: str, refresh: int, seconds: float
) -> None:
    """Ask again at midnight where that changes the answer, and never at once."""
    stop(monkeypatch, time)
    layers = asking.provider("cluster-stacks")
    rsp = run(request(Case("", {}, layers=layers, input={"refresh": refresh})))
    assert rsp.meta.ttl.ToTimedelta() == datetime.timedelta(seconds=seconds)
