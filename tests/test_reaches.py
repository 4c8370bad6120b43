"""Hold every field of an environment to what it says that an edit of it reaches.

Each edit is made under live, settled orders. What is rendered next is compared with what is
rendered without it. Every rule is one test for each world, which lists all cases that break it.
"""

import copy
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from function import compose, plain
from function.backends import SETTINGS
from function.bound import ANNOTATION
from function.contract import Mode
from function.effective import Effective, as_received
from function.schema import Schema, extra, item_type
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_CHANGE, NEXT_VERSION, Settings
from tests.holding import hold
from tests.properties.world import Reply, World, advance, ask, check_answer, settle
from tests.reaches import ABSENT, CASES
from tests.reaches.worlds import (
    BASE,
    CLUSTERS,
    ENVIRONMENTS,
    EVERY,
    KINDS,
    ORDERS,
    OTHER,
    Case,
    Data,
    merged,
)
from tests.samples import config
from tools.generate import openapi

REACHES = (NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE, AT_ONCE)


def declared() -> dict[str, str]:
    """Return what each field of an environment declares, as the reference page has it."""
    blocks: list[tuple[type[Schema], str]] = [(Settings, "")]
    blocks += [(schema, f"backends.{name}") for name, schema in SETTINGS.items()]
    return {
        field.path: next(
            found
            for info in (field.info, *reversed(field.around))
            if (found := extra(info, "reaches"))
        )
        for schema, at in blocks
        for field in openapi.walk(schema, at)
        if item_type(field.info) is None and field.path != "backends"
    }


DECLARED = declared()


def test_every_field_has_a_case() -> None:
    """A new field needs an edit in `tests/reaches/`; one that is gone needs none."""
    assert sorted({case.field for case in CASES}) == sorted(DECLARED)
    assert set(DECLARED.values()) <= set(REACHES)


def layers(world: str, case: Case, *edits: Data) -> tuple[Data, ...]:
    """Return the layers of an environment, and of a second one if the order goes there."""
    data = merged(merged(BASE, ENVIRONMENTS[world]), case.given)
    for edit in edits:
        data = merged(data, edit)
    names = ("default", "other") if case.elsewhere else ("default",)
    return tuple(config(name, data, environment=name) for name in names)


def new(world: str, case: Case, *edits: Data) -> World:
    """Return an order that was never answered."""
    return World(
        kind=KINDS[world],
        mode=Mode.NAMESPACED if world == "capi-v1beta1" else Mode.CLAIMS,
        spec=merged(ORDERS[world], case.orders.get(world, {})),
        layers=layers(world, case, *edits),
    )


def live(world: str, case: Case) -> World:
    """Return an order that is settled, as it was before the edit."""
    return _live(world, Before(case))


class Before:
    """What a case starts from; cases that start alike share what follows from it."""

    def __init__(self, case: Case) -> None:
        """Take what counts before the edit."""
        self.case = case
        given = (case.given, case.then, case.orders, case.elsewhere)
        self.key = json.dumps(given, sort_keys=True)

    def __eq__(self, other: object) -> bool:
        """Compare by what counts before the edit."""
        return isinstance(other, Before) and other.key == self.key

    def __hash__(self) -> int:
        """Hash what counts before the edit."""
        return hash(self.key)


@functools.lru_cache
def _live(world: str, previous: Before) -> World:
    return settle(new(world, previous.case))[0]


@functools.lru_cache
def _unedited(world: str, previous: Before, spec: str) -> tuple[Any, ...]:
    found = live(world, previous.case)
    return outcome(under(found, world, previous.case, edited=False, spec=json.loads(spec)))


@functools.lru_cache
def _answered(world: str, previous: Before) -> Mapping[str, Data]:
    return ask(under(live(world, previous.case), world, previous.case, edited=False)).desired


def unedited(world: str, case: Case, spec: Data) -> tuple[Any, ...]:
    """Return what becomes of a live order without the edit of the environment."""
    return _unedited(world, Before(case), json.dumps(spec, sort_keys=True))


def under(found: World, world: str, case: Case, *, edited: bool, spec: Data | None = None) -> World:
    """Return a world after the edit, or what it is compared with; its order edited too."""
    edits = (case.then, case.edit) if edited else (case.then,)
    more = {"environment": "other"} if case.elsewhere else {}
    requested = merged(merged(found.spec, spec or {}), more)
    moves = bool(case.then)
    return replace(found, layers=layers(world, case, *edits), spec=requested, moves=moves)


def outcome(found: World) -> tuple[Any, ...]:
    """Return what becomes of an order in the end: its resources, its status, or the refusal."""
    reply = ask(found)
    if not reply.fatal:
        found, reply = settle(found, reply)
    return reply.fatal, reply.desired, reported(reply)


def run(found: tuple[Any, ...]) -> Any:
    """Return what an outcome has providers run, without the record of what was decided."""
    fatal, desired, _ = copy.deepcopy(found)
    for manifest in desired.values():
        (manifest["metadata"].get("annotations") or {}).pop(ANNOTATION, None)
    return fatal, desired


def reported(reply: Reply) -> Any:
    """Return the status that the tenant reads, and the refusal."""
    conditions = [(c.type, c.reason, c.message) for c in reply.response.conditions]
    return plain.to_dict(reply.response.desired.composite.resource), conditions, reply.fatal


def shown_in(*reaches: str) -> pytest.MarkDecorator:
    """Parametrise by the worlds in which a case of some reaches shows."""
    worlds = {
        world for case in CASES if DECLARED.get(case.field) in reaches for world in case.shows
    }
    return pytest.mark.parametrize("world", [world for world in EVERY if world in worlds])


ALIKE = ("backends.capi.profiles", "classes[]", "flavors[]", "kubernetesVersions[].classes")


def held(
    rule: Callable[[Case, str], None],
    world: str,
    *reaches: str,
    everywhere: bool = False,
    cases: Iterable[Case] = CASES,
) -> None:
    """Hold a rule against the cases of some reaches: those that show in a world, or all of them."""
    chosen = [case for case in cases if DECLARED.get(case.field) in reaches]
    chosen = [case for case in chosen if everywhere or world in case.shows]
    if world == "capi-v1beta1":
        # The versions of Cluster API differ in how a Cluster is written, not in where values are.
        chosen = [case for case in chosen if not case.field.startswith(ALIKE)]
    # Cases that start alike follow each other, so that what they share is made once.
    chosen.sort(key=lambda case: Before(case).key)
    hold(rule, [(f"{case} in {world}", case, world) for case in chosen])


each_world = pytest.mark.parametrize("world", EVERY)


@each_world
def test_it_does_not_reach_live_orders(world: str) -> None:
    """What is rendered for a live order is the same to the byte, now and a call later."""
    held(unreached, world, NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE, everywhere=True)


def unreached(case: Case, world: str) -> None:
    """Check that a live order is rendered as before the edit."""
    previous = _answered(world, Before(case))
    found = under(live(world, case), world, case, edited=True)
    for _ in range(2):
        reply = ask(found)
        if case.refuses and reply.reason == case.refuses:
            return
        assert not reply.fatal, reply.fatal
        assert reply.desired == previous
        found = advance(found, reply)


@each_world
def test_it_does_not_come_with_another_edit(world: str) -> None:
    """An edit of the order that has nothing to do with it does not bring it along."""
    held(unreached_by_another, world, NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE, everywhere=True)


def unreached_by_another(case: Case, world: str) -> None:
    """Check that another edit of the order gives the same with the edit and without."""
    found, spec = live(world, case), OTHER[world]
    after = outcome(under(found, world, case, edited=True, spec=spec))
    if case.refuses and after[0].startswith(case.refuses):
        return
    assert after[:2] == unedited(world, case, spec)[:2]


@each_world
def test_what_was_absent_does_not_come_by_itself(world: str) -> None:
    """Neither with the refresh nor with another edit of the order, where that can be ordered."""
    held(unreached_from_absent, world, NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE, cases=ABSENT)


def unreached_from_absent(case: Case, world: str) -> None:
    """Check that what is set for the first time waits as an edit does."""
    without = ask(new(world, case))
    if without.fatal:
        assert without.reason in ("EnvironmentInvalid", "InvalidOrder", "NotOffered")
        return
    unreached(case, world)
    unreached_by_another(case, world)
    if DECLARED[case.field] == NEXT_VERSION and world in CLUSTERS and shown(case, world):
        reached_by_version(case, world)


def shown(case: Case, world: str) -> bool:
    """Say whether new orders differ by the edit: the default may be the same."""
    orders = [
        outcome(under(new(world, case), world, case, edited=edited)) for edited in (True, False)
    ]
    return bool(run(orders[0]) != run(orders[1]))


@each_world
def test_it_reaches_new_orders(world: str) -> None:
    """A new order is answered by what the environment says now."""
    held(reached_when_new, world, NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE)


def reached_when_new(case: Case, world: str) -> None:
    """Check that a new order differs by the edit."""
    spec = case.judged.get(world, {})
    after, previous = (
        under(new(world, case), world, case, edited=edited, spec=spec) for edited in (True, False)
    )
    after_it, before_it = outcome(after), outcome(previous)
    assert (run(after_it), after_it[2]) != (run(before_it), before_it[2])


@pytest.mark.parametrize("world", CLUSTERS)
def test_it_comes_with_the_next_version_or_not(world: str) -> None:
    """With another version comes what waits for one, and nothing else."""
    held(reached_by_version, world, NEW_ORDERS, NEXT_VERSION, NEXT_CHANGE, everywhere=True)


def reached_by_version(case: Case, world: str) -> None:
    """Check that another version brings the edit if it waits for one, and only then."""
    found, spec = live(world, case), {"version": "1.35"}
    after = outcome(under(found, world, case, edited=True, spec=spec))
    previous = unedited(world, case, spec)
    if case.refuses and after[0].startswith(case.refuses):
        return
    comes = DECLARED[case.field] == NEXT_VERSION and world in case.shows
    comes &= world not in case.stays
    assert (run(after) != run(previous)) == comes


@shown_in(NEXT_CHANGE)
def test_it_comes_when_what_it_judges_changes(world: str) -> None:
    """A live order is judged where it is changed."""
    held(reached_by_judged, world, NEXT_CHANGE)


def reached_by_judged(case: Case, world: str) -> None:
    """Check that an edit of what is judged is answered by the edit of the environment."""
    found, spec = live(world, case), case.judged[world]
    after, previous = (
        outcome(under(found, world, case, edited=edited, spec=spec)) for edited in (True, False)
    )
    assert after != previous


@each_world
def test_it_removes_nothing(world: str) -> None:
    """Whatever an edit reaches at once, live resources stay."""
    held(unharmed, world, AT_ONCE, everywhere=True)


def unharmed(case: Case, world: str) -> None:
    """Check that the answer to a live order is safe, and can be followed to the end."""
    found = under(live(world, case), world, case, edited=True)
    reply = ask(found)
    check_answer(found, reply)
    if reply.fatal:
        assert reply.reason == case.refuses
        return
    settle(found)


@shown_in(AT_ONCE)
def test_it_shows_at_once(world: str) -> None:
    """A live order shows it with the next call."""
    held(reached_at_once, world, AT_ONCE)


def reached_at_once(case: Case, world: str) -> None:
    """Check that the next call differs by the edit."""
    found, spec = live(world, case), case.judged.get(world, {})
    after, previous = (
        ask(under(found, world, case, edited=edited, spec=spec)) for edited in (True, False)
    )
    assert (reported(after), after.desired) != (reported(previous), previous.desired)


# What an order has no value of until it is needed: the project is in the name of a Shoot, and the
# volumes of live pools are read only where what the environment gave is lost.
NOT_ALWAYS = {"project", "exposure_class", "root_volumes", "zones"}


@pytest.mark.parametrize("world", CLUSTERS)
def test_each_value_is_read_from_what_was_applied(
    world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that `applied` forgets would follow every edit of the environment."""
    calls: list[tuple[Effective, Mapping[str, Any] | None]] = []

    def spy(today: Effective, applied: Mapping[str, Any] | None, **same: bool) -> Effective:
        calls.append((today, applied))
        return as_received(today, applied, **same)

    settled = live(world, CASES[0])
    monkeypatch.setattr(compose, "as_received", spy)
    ask(settled)
    [(today, applied)] = calls
    assert applied is not None
    late = {
        name
        for name, info in type(today).model_fields.items()
        if extra(info, "reaches") in (NEW_ORDERS, NEXT_VERSION)
    }
    assert late - applied.keys() <= NOT_ALWAYS
    assert applied.keys() <= late, "what applies at once is never kept"
