"""Phase, message and conditions agree, and go on to report what runs while an order is refused."""

import copy
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import assume, given, note, settings

from function import diagnosis, plain
from function.contract import Manifest
from function.local import Observed

from . import faults
from .faults import Fault
from .strategies import Case, edited, examples, worlds
from .world import World, ask, at, check_refusal

# What an order can be refused for, with everything that was observed as it should be.
CAUSES: tuple[Fault, ...] = (
    faults.order_refused,
    faults.order_rebuilt,
    faults.order_unknown,
    faults.order_empty,
    faults.environment_lost,
    faults.catalogue_lost,
    faults.root_lost,
    faults.layer_duplicated,
    faults.place_changed,
    faults.environment_renamed,
    faults.step_malformed,
)
SENTENCES = {diagnosis.sentence(reason) for reason, _ in diagnosis.REASONS}
TEXTS = (
    "create failed: Quota exceeded for instances: Requested 1, but already used 1 of 1 instances",
    "observe failed: connection refused",
    "update failed: refuse to update the external resource because it requires replacing it",
    "something that nobody has seen before",
)


def _conditions(status: Manifest, **wanted: tuple[str, str]) -> None:
    """Set conditions, with their status and message."""
    retained = [one for one in status.get("conditions") or () if one["type"] not in wanted]
    status["conditions"] = retained + [
        {"type": kind, "status": state, "reason": "Played", "message": text}
        for kind, (state, text) in wanted.items()
    ]


def _unsynced(manifest: Manifest, rng: Random) -> None:
    _conditions(manifest.setdefault("status", {}), Synced=("False", rng.choice(TEXTS)))


def _live(manifest: Manifest) -> Manifest:
    result: Manifest = at(manifest, "status", "atProvider", "manifest") or {}
    return result


def _cluster_down(manifest: Manifest, rng: Random) -> None:
    """Have a Cluster, or a Shoot, that is not available, or only being changed."""
    status = _live(manifest).get("status")
    if status is None:
        return
    newest = status.get("v1beta2", status)
    kinds = [one["type"] for one in newest.get("conditions", ())] or ["Available"]
    _conditions(newest, **{rng.choice(kinds): ("False", "RemoteConnectionProbe failed")})
    if "lastOperation" in status and rng.random() < 0.5:
        status["lastOperation"]["state"] = rng.choice(("Processing", "Error", "Failed"))
    if rng.random() < 0.3:
        status["observedGeneration"] = 0


def _server_down(manifest: Manifest, rng: Random) -> None:
    if at(manifest, "status", "atProvider", "id") and manifest["kind"] == "InstanceV2":
        manifest["status"]["atProvider"]["powerState"] = rng.choice(("error", "paused", "shutoff"))


def _forgotten(manifest: Manifest, rng: Random) -> None:
    (manifest.get("status") or {}).pop(rng.choice(("atProvider", "conditions")), None)


def _leaving(manifest: Manifest, _: Random) -> None:
    manifest["metadata"]["deletionTimestamp"] = "2026-06-01T00:00:00Z"


TROUBLES: tuple[Callable[[Manifest, Random], None], ...] = (
    _unsynced,
    _cluster_down,
    _server_down,
    _forgotten,
    _leaving,
)


def failing_parts(world: World, rng: Random) -> World:
    """Let something happen to what runs."""
    observed = dict(world.observed)
    for key in rng.sample(sorted(observed), rng.randint(0, len(observed))):
        manifest = copy.deepcopy(observed[key].manifest)
        rng.choice(TROUBLES)(manifest, rng)
        observed[key] = Observed(manifest, observed[key].connection)
    return replace(world, observed=observed)


def check_fresh(world: World, rng: Random, cause: Fault) -> None:
    """Refuse an edit, and hold the conditions against those of the order as it was accepted."""
    world = failing_parts(replace(world, spec=world.answered or {}), rng)
    accepted, broken = ask(world), cause(world, rng)
    refused = ask(broken)
    assume(refused.fatal and not accepted.fatal)
    note(f"{broken}\n{refused.fatal}")
    check_refusal(broken, refused)
    want, got = (
        {c.type: (c.status, c.reason, c.message) for c in reply.response.conditions}
        for reply in (accepted, refused)
    )
    assert got["Provisioned"] == want["Provisioned"]
    if "InSteps" in (want["Current"][1], got["Current"][1]):
        # The answer takes a further step, which a refusal does not.
        assert got["Current"][0] == want["Current"][0]
        return
    assert (got["Current"], got["BackendHealthy"]) == (want["Current"], want["BackendHealthy"])


SETTLED = ("Ready", "Hibernated")


def check_agreement(world: World, rng: Random) -> None:
    """Let something happen, and hold phase, message and conditions against each other."""
    if rng.random() < 0.5:
        world = edited(world, rng)
    world = failing_parts(world, rng)
    reply = ask(world)
    assume(not reply.fatal)
    status = plain.to_dict(reply.response.desired.composite.resource)["status"]
    failing = {
        c.type: c for c in reply.response.conditions if c.status != fnv1.STATUS_CONDITION_TRUE
    }
    phase, message = status["phase"], status["message"]
    note(f"{world}\n{phase}: {message}\n{sorted(failing)}")
    # A refusal leaves both as they are: neither may speak of what only an answer can know.
    assert "accepted" not in message
    assert "refused" not in message
    building = failing.keys() & {"Provisioned", "Current"}
    if phase in SETTLED:
        assert not building
        assert ("BackendHealthy" in failing) is (message in SENTENCES)
        assert (phase, "BackendHealthy" in failing) != ("Ready", True)
    else:
        assert building or (phase, "BackendHealthy" in failing) == ("Degraded", True)
    assert reply.complete is ("Provisioned" not in failing)


@settings(max_examples=examples() * 4)
@given(worlds())
def test_phase_message_and_conditions_agree(case: Case) -> None:
    """Whatever happens to what runs, whatever the tenant edits, on every backend."""
    check_agreement(*case)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda fault: fault.__name__)
@settings(max_examples=examples(4))
@given(case=worlds(least=1))
def test_what_runs_is_reported(cause: Fault, case: Case) -> None:
    """Whatever an order is refused for, and whatever happens meanwhile."""
    world, rng = case
    check_fresh(world, rng, cause)
