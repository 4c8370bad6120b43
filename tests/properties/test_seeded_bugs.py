"""Put bugs into the function, one at a time; the properties have to find each of them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from function import (
    backends,
    bound,
    environment,
    existence,
    guards,
    immutable,
    moving,
    past,
    plain,
    policy,
    refusal,
    report,
    requests,
    stale,
    versions,
)
from function.assembly import Assembly
from function.backends.openstack import firewall, instances, ports
from function.backends.openstack.live import LiveResources
from function.contract import Backend, Context, Order, Removal, Rendered, Resource
from tests import asking

from . import faults
from .faults import Fault
from .strategies import Case, worlds
from .test_corrections import check_correction
from .test_liveness import check_settles
from .test_moves import check_move
from .test_protection import check_protected
from .test_refused import check_agreement, check_fresh
from .test_safety import check_one
from .test_stale_reads import check_late_reads
from .test_tightening import check_unchanged
from .test_verdicts import check_answered, check_refused
from .world import RUNNER, World

Check = Callable[[World, Random], None]
Seed = Callable[[pytest.MonkeyPatch], None]
ENOUGH = 300


@dataclass(frozen=True)
class Bug:
    """One bug, and the property that finds it.

    Attributes:
        name: What is wrong.
        seed: Puts it in.
        check: The property.
        kind: Kind of the orders that show it.
    """

    name: str
    seed: Seed
    check: Check
    kind: str | None = None


def broken(target: object, name: str, value: object) -> Seed:
    """Replace an attribute."""
    return lambda patch: patch.setattr(target, name, value)


def both(*seeds: Seed) -> Seed:
    """Put in several bugs, where one alone is stopped by another line of defence."""

    def seed(patch: pytest.MonkeyPatch) -> None:
        for each in seeds:
            each(patch)

    return seed


def rendering(kind: str, change: Callable[[Rendered, Mapping[str, Resource]], Rendered]) -> Seed:
    """Change what the backend of a kind renders."""

    def seed(patch: pytest.MonkeyPatch) -> None:
        table = backends.BACKENDS[kind]
        for name, backend in dict(table).items():
            patch.setitem(table, name, _changed(backend, change))

    return seed


def _changed(
    backend: Backend[Any], change: Callable[[Rendered, Mapping[str, Resource]], Rendered]
) -> Backend[Any]:
    def render(context: Context[Any, Any, Any]) -> Rendered:
        return change(backend.render(context), context.live.observed)

    return replace(backend, render=render)


def _without_last_pool(rendered: Rendered, _: object) -> Rendered:
    cluster = rendered.resources[0]
    payload: Any = copy.deepcopy(cluster.payload)
    spec = payload["manifest"]["spec"]
    workers = spec["topology"].get("workers", {}) if "topology" in spec else spec["provider"]
    for pools in workers.values():
        if isinstance(pools, list):
            pools.pop()
    return replace(rendered, resources=(replace(cluster, payload=payload), *rendered.resources[1:]))


def _removed_by_order(rendered: Rendered, observed: Mapping[str, Resource]) -> Rendered:
    """Say of everything that is missing that the order no longer asks for it."""
    wanted = {r.key for r in rendered.resources}
    gone = [r for key, r in observed.items() if key not in wanted]
    removals = [Removal(i, "order", "spec.nowhere") for r in gone for i in r.identities]
    return replace(rendered, removals=tuple(removals))


def _later(*parts: str) -> Callable[[Rendered, object], Rendered]:
    """Plan resources for a later wave, whether they are there or not."""

    def change(rendered: Rendered, _: object) -> Rendered:
        late = {r.key for r in rendered.resources if any(part in r.key for part in parts)}
        retained = tuple(r for r in rendered.resources if r.key not in late)
        return replace(rendered, resources=retained, planned=rendered.planned | late)

    return change


def _without_unseen(part: str) -> Callable[[Rendered, Mapping[str, Resource]], Rendered]:
    """Forget resources of a kind until their provider has looked at them."""

    def change(rendered: Rendered, observed: Mapping[str, Resource]) -> Rendered:
        seen = {key for key, r in observed.items() if r.at_provider}
        retained = tuple(r for r in rendered.resources if part not in r.key or r.key in seen)
        return replace(rendered, resources=retained)

    return change


def _only_what_is_built(rendered: Rendered, observed: Mapping[str, Resource]) -> Rendered:
    """Forget what is there while its provider has not looked at it."""
    late = {r.key for r in rendered.resources if r.key in observed and not r.at_provider}
    lost = {key for key in late if not observed[key].at_provider and "secgroup" not in key}
    retained = tuple(r for r in rendered.resources if r.key not in lost)
    return replace(rendered, resources=retained, planned=rendered.planned | lost)


def _root_only(name: str, base: list[Any], schemas: Any, real: Any = environment.foundation) -> Any:
    return real(name, [doc for doc in base if "kinds" in doc["data"]], schemas)


def _everything(observed: Mapping[str, Resource], _: object) -> dict[str, Resource]:
    return dict(observed)


def _our_keys(observed: Mapping[str, Resource], _: object) -> dict[str, Resource]:
    return {key: r for key, r in observed.items() if key.startswith(("openstack-s", "capi-c"))}


def _unfiltered(req: Any, *_: object) -> dict[str, Resource]:
    found = req.observed.resources.items()
    return {
        key: asking.unscoped(key, plain.to_manifest(r.resource), r.connection_details)
        for key, r in found
    }


def _observed(live: LiveResources, key: str) -> Resource | None:
    return live.get(key)


def _let_go(_order: object, backend: Backend[Any], _observed: object) -> Rendered:
    return Rendered(planned=frozenset({backend.root}))


def _nothing(*_: object) -> None:
    return None


def after(*broken_by: Fault) -> Check:
    """Return the safety property for given faults."""
    return lambda world, rng: check_one(world, rng, *broken_by)


def refused(fault: Fault) -> Check:
    """Return the property that a fault is refused."""
    return lambda world, rng: check_refused(world, rng, fault)


def answered(fault: Fault) -> Check:
    """Return the property that a fault is survived."""
    return lambda world, rng: check_answered(world, rng, fault)


def unchanged(*changed_by: Fault) -> Check:
    """Return the property that a change of the offer does not reach live orders."""
    return lambda world, rng: check_unchanged(world, rng, *changed_by)


def settles(world: World, rng: Random) -> None:
    """Let a world settle after two legal edits."""
    check_settles(world, rng, 2)


def fresh(world: World, rng: Random) -> None:
    """Refuse an edit, and see what runs."""
    check_fresh(world, rng, faults.order_rebuilt)


_no_deletion_guard = broken(guards, "nothing_vanishes", _nothing)
_no_wave_guard = broken(guards, "waves_only_gate_creation", _nothing)

BUGS = (
    # Guards, each a no-op.
    Bug("ours", broken(guards, "ours", _everything), refused(faults.backend_unknown)),
    Bug("labels", broken(guards, "labels_are_kept", _nothing), refused(faults.label_lost)),
    Bug("names", broken(guards, "names_are_free", _nothing), refused(faults.foreign_labelled)),
    Bug("place", broken(guards, "stays_in_place", _nothing), after(faults.place_changed)),
    Bug(
        "refused fields",
        broken(immutable, "refused_fields_are_unchanged", _nothing),
        refused(faults.order_rebuilt),
    ),
    Bug("vanishing resource", _no_deletion_guard, after(faults.resource_newer)),
    Bug("vanishing pool", _no_deletion_guard, after(faults.pool_newer), "Cluster"),
    Bug("duplicate names", broken(guards, "keys_are_sound", _nothing), after(faults.key_wrong)),
    Bug(
        "waves",
        both(_no_wave_guard, rendering("Server", _only_what_is_built), _no_deletion_guard),
        after(faults.status_lost),
        "Server",
    ),
    Bug("reasons", broken(guards, "_why_not", lambda *_: ""), after(faults.pool_newer), "Cluster"),
    Bug(
        "asked before",
        broken(guards, "_asked_before", lambda *_: True),
        after(faults.pool_newer),
        "Cluster",
    ),
    Bug("may delete", broken(guards, "may_delete", lambda _: False), check_move),
    Bug("without delete", broken(guards, "without_delete", lambda r, _: r), check_move),
    # Environment.
    Bug("layer dropped", broken(environment, "foundation", _root_only), settles),
    Bug(
        "layers unchecked",
        broken(environment, "_check_layers", _nothing),
        refused(faults.catalogue_lost),
    ),
    Bug(
        "any root",
        both(
            broken(environment, "_root", lambda _, found: found[0]),
            broken(environment, "_check_layers", _nothing),
        ),
        refused(faults.layer_duplicated),
    ),
    Bug("rules not kept", broken(policy, "_kept", lambda *_: {}), after(faults.policy_gone)),
    Bug(
        "rules judge all",
        broken(policy, "_is_unchanged", lambda *_: False),
        unchanged(faults.policy_tightened),
    ),
    # Memory.
    Bug("record ignored", broken(bound, "read", _nothing), after(faults.place_changed)),
    Bug(
        "record decides nothing",
        broken(bound, "read", _nothing),
        unchanged(faults.policy_tightened),
    ),
    Bug("newer record", broken(bound, "decode", _nothing), refused(faults.bound_newer)),
    Bug(
        "version decided again",
        broken(
            versions,
            "version",
            lambda order, config, _, progress, real=versions.version: real(
                order, config, None, progress
            ),
        ),
        unchanged(faults.catalogue_changed),
        "Cluster",
    ),
    Bug(
        "older version accepted",
        broken(stale, "older_versions_change_nothing", _nothing),
        check_late_reads,
    ),
    Bug("generation forgotten", broken(stale, "remembered", _nothing), check_late_reads),
    Bug(
        "generation follows",
        broken(stale, "remembered", lambda current, *_: current),
        check_late_reads,
    ),
    # What the tenant asks for.
    Bug("requests nothing", broken(Order, "requests", lambda *_: False), settles),
    Bug("requests everything", broken(Order, "requests", lambda *_: True), settles),
    # Backends.
    Bug("pool dropped", rendering("Cluster", _without_last_pool), settles, "Cluster"),
    Bug(
        "pool dropped unguarded",
        both(rendering("Cluster", _without_last_pool), _no_deletion_guard),
        settles,
        "Cluster",
    ),
    Bug("wave forgotten", rendering("Server", _later("server-", "floatingip")), settles, "Server"),
    Bug(
        "observed is forgotten",
        rendering("Server", _only_what_is_built),
        answered(faults.status_lost),
        "Server",
    ),
    Bug(
        "identity is random",
        broken(firewall, "title", lambda *_: str(Random().random())),  # noqa: S311  # that is the bug
        settles,
        "Server",
    ),
    Bug(
        "wrong reason",
        both(rendering("Server", _removed_by_order), broken(guards, "_why_not", lambda *_: "")),
        after(faults.resource_newer),
        "Server",
    ),
    Bug("volume forgotten", rendering("Server", _later("volume")), settles, "Server"),
    Bug(
        "volume dropped on a wave",
        both(_no_wave_guard, rendering("Server", _later("volume")), _no_deletion_guard),
        settles,
        "Server",
    ),
    Bug(
        "attachment lost",
        both(rendering("Server", _without_unseen("attachment")), _no_deletion_guard),
        answered(faults.status_lost),
        "Server",
    ),
    Bug(
        "spread forgotten",
        broken(instances, "FIXED", tuple(f for f in instances.FIXED if f != "schedulerHints")),
        settles,
        "Server",
    ),
    Bug(
        "ports follow the offer",
        broken(ports, "_kept", lambda *_: {}),
        unchanged(faults.settings_changed),
        "Server",
    ),
    Bug("data not kept", broken(guards, "data_is_kept", _nothing), check_protected, "Server"),
    Bug(
        "router dropped",
        both(rendering("Network", _later("router")), _no_wave_guard, _no_deletion_guard),
        settles,
        "Network",
    ),
    # What exists.
    Bug("nothing exists", broken(past, "may_exist", lambda _: False), check_correction),
    Bug("under way", broken(existence, "_is_under_way", lambda _: False), check_correction),
    Bug(
        "lost is refused", broken(existence, "_is_unmade", lambda *_, **__: True), check_correction
    ),
    Bug(
        "nothing is held",
        broken(immutable, "held_paths", lambda *_: frozenset({"spec.nothing"})),
        check_correction,
    ),
    Bug(
        "all is held",
        broken(immutable, "held_paths", lambda *_: frozenset({"spec"})),
        check_correction,
    ),
    Bug(
        "kept though refused", broken(LiveResources, "find", _observed), check_correction, "Server"
    ),
    # Other steps and moves.
    Bug(
        "foreign resource taken",
        both(
            broken(requests, "observed_resources", _unfiltered), broken(guards, "ours", _everything)
        ),
        answered(faults.foreign_unlabelled),
    ),
    Bug(
        "labelled resource swallowed", broken(guards, "ours", _our_keys), after(faults.server_newer)
    ),
    Bug("let go at once", broken(moving, "left", _let_go), check_move),
    # Conditions, phase and message.
    Bug("frozen conditions", broken(refusal, "conditions", lambda *_: ()), fresh),
    Bug("ready whatever happens", broken(report, "_unsettled", lambda *_: {}), check_agreement),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_bug_is_found(bug: Bug) -> None:
    """Find the bug when it comes with an update; without it the same property holds."""

    @settings(max_examples=ENOUGH)
    @given(worlds(bug.kind, least=1))
    def holds(case: Case) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RUNNER, "_assembly", Assembly(backends.SETTINGS))
            bug.seed(patch)
            bug.check(*case)

    with pytest.raises(AssertionError):
        holds()
