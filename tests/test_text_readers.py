"""Reading a text takes a time that grows with its length, never with the square of it.

What providers and API servers write reaches the function at a length that nobody here chooses, and
one slow match holds up the orders of all tenants. Every pattern in the package is tried, at its
full length: that messages are cut on their way in is a second line of defence.
"""

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest

import function
from function import diagnosis, excerpts, existence, flavors, metrics, paths, progress
from function.backends import capi, gardener
from function.backends.capi import derive, health, live, status
from function.backends.capi.live import LiveCluster
from function.backends.gardener import status as shoots
from function.backends.gardener.live import LiveShoot
from function.contract import Manifest, Resource
from function.diagnosis import names
from function.diagnosis.rules import RULES
from tests import asking

SIZES = (4 * 1024, 16 * 1024, 64 * 1024)
# Each is four times as long, and may take as much, with room for a busy machine; a square takes 16
# times as much. What is below the least, or above the most, is not measured again.
RATIO, LEAST, MOST = 10, 0.002, 0.2
# What is only ever matched as a whole, or from the beginning.
ANCHORED = {
    metrics._ADDRESS.pattern,
    flavors._NAME.pattern,
    names._ID.pattern,
    derive._STACK.pattern,
}
# Functions of `re` whose first argument is a pattern.
READERS = {"compile", "findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}


def held(value: Any) -> Iterator[re.Pattern[str]]:
    """Yield the patterns in what a module defines."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from held(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from held(inner)


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern that the package holds or writes out, by its text."""
    found: list[re.Pattern[str]] = []
    for module in pkgutil.walk_packages(function.__path__, "function."):
        found += held(tuple(vars(importlib.import_module(module.name)).values()))
    found += map(re.compile, written_out())
    found += (rule.pattern for rule in RULES)
    return {pattern.pattern: pattern for pattern in found}


def written_out() -> Iterator[str]:
    """Yield the patterns that are written where they are used."""
    for path in (asking.ROOT / "function").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and (node.func.value.id, node.func.attr in READERS) == ("re", True)
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)


PATTERNS = patterns()


def attacks(pattern: str) -> Iterable[Callable[[int], str]]:
    """Yield texts that make a pattern begin often, or go back far: of its own words, repeated."""
    words = {" ".join(found.split()) for found in re.findall(r"[A-Za-z\"* ]{3,}", pattern)}
    parts = ["x", "1", " ", "\n", "[", "]", "-", "a-", "a.", "* "]
    parts += [text for word in sorted(words) for text in (word, f"{word} ")]
    heads = {
        " ": "is forbidden: 1 errors occurred:",
        "\n ": "* InfrastructureReady:",
        "1": "SCS-1V-",
    }
    for head, part in [*((head, part) for part, head in heads.items()), *(("", p) for p in parts)]:
        yield lambda size, head=head, part=part: (head + part * size)[:size]  # type: ignore[misc]


def seconds(read: Callable[[str], object], text: str) -> float:
    """Return the CPU time that reading a text takes, at best."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        read(text)
        best = min(best, time.process_time() - started)
        if not LEAST < best < MOST:
            break
    return best


def check_grows(read: Callable[[str], object], attack: Callable[[int], str]) -> None:
    """A text four times as long takes no more than about four times as long to read."""
    short, *longer = SIZES
    base = max(seconds(read, attack(short)), LEAST)
    for size in longer:
        taken = seconds(read, attack(size))
        assert taken < base * RATIO, f"{attack(40)!r}: {base} s, then {taken} s"
        base = max(taken, LEAST)


def check_pattern(pattern: re.Pattern[str]) -> None:
    """A pattern finds what it looks for in time."""

    def read(text: str) -> object:
        if pattern.pattern in ANCHORED:
            return pattern.match(text)
        return sum(1 for _ in pattern.finditer(text))

    for attack in attacks(pattern.pattern):
        check_grows(read, attack)


def test_all_patterns_are_tried() -> None:
    """Those of tables and those that are written out are among them."""
    known = (flavors._NAME, live._AWAITED, names._ADDRESS, names._ID, existence._REFUSED)
    assert {pattern.pattern for pattern in known} <= set(PATTERNS)
    assert {rule.expression for rule in RULES} <= set(PATTERNS)
    assert r"([0-9]+)" in PATTERNS
    assert len(PATTERNS) > 15


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=range(len(PATTERNS)))
def test_patterns(pattern: re.Pattern[str]) -> None:
    """Every pattern, against texts made of its own words."""
    check_pattern(pattern)


@pytest.mark.parametrize("quadratic", [r"\d+ available", r"^\s*\* Node", r"exceeds.*limit"])
def test_a_pattern_that_is_quadratic_is_found(quadratic: str) -> None:
    """These were in use; the measure tells them from others."""
    with pytest.raises(AssertionError, match=r"\d s, then"):
        check_pattern(re.compile(quadratic, re.MULTILINE))


def cluster(kind: str, text: str) -> Manifest:
    """Return a live Cluster with one condition that does not hold."""
    found = {"type": kind, "status": "False", "reason": "X", "message": text}
    counters = {"desiredReplicas": 1}
    return {
        "metadata": {"name": "shop-1", "generation": 1},
        "status": {
            "conditions": [found],
            "initialization": {"controlPlaneInitialized": True},
            "workers": counters,
        },
    }


def read_health(kind: str, text: str) -> object:
    """Read the health of a Cluster."""
    return health.of(observed(cluster(kind, text), {}), paused=False)


def read_phase(kind: str, text: str) -> object:
    """Read the state of a Cluster."""
    manifest = cluster(kind, text)
    return status.current(status.Moment(manifest, manifest, observed(manifest, manifest)))


def read_deletion(kind: str, text: str) -> object:
    """Read what a Cluster that goes waits for."""
    manifest = cluster(kind, text)
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return status.current(status.Moment(manifest, manifest, observed(manifest, manifest)))


def observed(live: Manifest, rendered: Manifest) -> LiveCluster:
    """Return the view of a Cluster, and of what was rendered."""
    seen = {"atProvider": {"manifest": live}}
    found = Resource(capi.KEY, "kubernetes", "Object", {"manifest": rendered}, status=seen)
    return LiveCluster({capi.KEY: found})


def read_nodes(text: str) -> object:
    """Read how many nodes a Shoot has, which only a message says."""
    said = {"type": "EveryNodeReady", "status": "False", "message": text}
    live = {"status": {"conditions": [said], "lastOperation": {"type": "Create"}}}
    seen = {"atProvider": {"manifest": live}}
    found = Resource(gardener.KEY, "kubernetes", "Object", {}, status=seen)
    return shoots._far("", LiveShoot({gardener.KEY: found}), "Create")


def failing(family: str, text: str, **payload: str) -> Resource:
    """Return a resource whose creation failed with a text."""
    said = {"type": "Synced", "status": "False", "message": f"create failed: {text}"}
    return Resource("a", family, "K", payload, status={"conditions": [said]})


def read_names(text: str) -> object:
    """Read a text that may hold each of many names."""
    return names.without(text, ["shop-1", "a-a", "x", *(f"pool-{n}" for n in range(100))])


KINDS = ("InfrastructureReady", "WorkersAvailable", "WorkerMachinesReady", "TopologyReconciled")
WHOLE: dict[str, Callable[[str], object]] = {
    "classify": diagnosis.classify,
    "without names": read_names,
    "diagnosis": lambda text: diagnosis.of(failing("compute.openstack", text)),
    "existence": lambda text: existence.may_exist(failing("compute.openstack", text)),
    "existence of an Object": lambda text: existence.may_exist(failing("kubernetes", text)),
    "nodes of a Shoot": read_nodes,
    "shape": lambda text: progress.remembered({progress.COMPLETE: text}),
    "flavor": flavors.normalise,
    "flavor offered": lambda text: flavors.find(text, [flavors.Flavor("m1", 1, 1)]),
    "path": paths.steps,
    "names": lambda text: excerpts.listed([text, "a"], text),
    **{f"health {kind}": partial(read_health, kind) for kind in KINDS},
    **{f"status {kind}": partial(read_phase, kind) for kind in KINDS},
    **{f"deletion {kind}": partial(read_deletion, kind) for kind in KINDS},
}


@pytest.mark.parametrize("read", WHOLE.values(), ids=WHOLE)
def test_readers(read: Callable[[str], object]) -> None:
    """Every function that reads what others wrote."""
    for part in (
        *("x", "1", " ", "\n", "shop-1", "exceeds ", "admission webhook ", "SCS-", "["),
        *(
            "a.",
            "a-a-",
            "http",
            "://",
            "[POST ",
            "call webhook ",
            "(1/",
            '"',
            "* InfrastructureReady:",
        ),
    ):
        check_grows(read, lambda size, part=part: (part * size)[:size])  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_a_huge_message_costs_no_more_than_a_short_one(kind: str) -> None:
    """A condition holds up to 32 KiB; five seconds went by for each call of such a cluster."""
    for part in ("x", "1", "\n", "shop-1", "* a\n"):
        message = (part * 32768)[:32768]
        assert seconds(partial(read_health, kind), message) < 0.05
