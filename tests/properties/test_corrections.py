"""An order may be corrected where nothing exists, and nowhere else.

What exists is drawn for each composed resource: built, refused, under way, lost in a time-out, not
looked at. Which of them hold a field is said here once more, without the function's own list.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given, settings

from function import simulate
from function.contract import Manifest
from function.local import Observed

from .strategies import KEYS, Case, examples, worlds
from .world import EXTERNAL_NAME, STATE, World, ask, check_nothing_lost, settle

NOON, LATER = "2026-11-20T12:00:00Z", "2026-11-20T12:00:30Z"
ATTEMPT = (
    "create failed: async create failed: failed to create the resource: [{0 Error creating it: "
    "Expected HTTP response code [201] when accessing [POST https://cloud.example.net/v2.0/ports], "
    "but got %s instead: no  []}]"
)
OBJECT = {
    "400": 'create failed: cannot create object: clusters.example.com "a" is forbidden: no',
    "504": "create failed: cannot create object: context deadline exceeded",
}
EDITS: Mapping[str, tuple[Manifest, ...]] = {
    "Server": (
        {"userData": "#!/bin/sh\nfalse\n"},
        {"sshKeys": [f"{KEYS[0]}more"]},
        {"zone": "az3"},
    ),
    "Network": ({"cidr": "10.99.0.0/24"},),
    "Cluster": ({"network": {"pods": "10.128.0.0/13"}},),
}
HOLDERS = {
    "userData": ("openstack-server-",),
    "sshKeys": ("openstack-server-", "openstack-keypair"),
    "zone": ("openstack-server-", "openstack-volume-"),
    "cidr": ("openstack-subnet-ipv4",),
    "network": ("capi-cluster", "gardener-shoot"),
}


# What shows the new value, and how.
FOLLOWS = {
    "sshKeys": ("openstack-keypair", f"{KEYS[0]}more"),
    "zone": ("openstack-volume-", '"az3"'),
    "cidr": ("openstack-subnet-ipv4", "10.99.0.0/24"),
    "network": ("capi-cluster", "10.128.0.0/13"),
}


def drawn(world: World, rng: Random) -> World:
    """Return a world in which each resource is in a state of its own."""
    states = ("built", "refused", "refused", "again", "lost", "unseen")
    mostly = rng.choice(states)
    observed = {
        key: _in_state(key, found, mostly if rng.random() < 0.7 else rng.choice(states))
        for key, found in world.observed.items()
    }
    return replace(world, observed=observed)


def _in_state(key: str, found: Observed, state: str) -> Observed:
    if state == "built":
        return found
    manifest = {name: value for name, value in found.manifest.items() if name != "status"}
    metadata = manifest["metadata"]
    retained = {k: v for k, v in metadata["annotations"].items() if k != EXTERNAL_NAME}
    manifest["metadata"] = {**metadata, "annotations": retained}
    if state == "unseen":
        return simulate.created(key, manifest)
    text = OBJECT if manifest["kind"] == "Object" else {c: ATTEMPT % c for c in OBJECT}
    said = text["504" if state == "lost" else "400"]
    condition = {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": said}
    times = {"failed": NOON, "pending": LATER if state == "again" else NOON}
    retained |= {f"crossplane.io/external-create-{name}": time for name, time in times.items()}
    retained |= {STATE: "true"} if state == "refused" else {}
    return Observed({**manifest, "status": {"atProvider": {}, "conditions": [condition]}})


def check_correction(world: World, rng: Random) -> None:
    """Edit what is immutable: it is refused if something holds it, and answered if nothing does."""
    world = drawn(settle(world)[0], rng)
    edit = rng.choice(EDITS[world.kind])
    (field,) = edit
    if world.spec.get(field) == edit[field]:
        return
    exists = {
        key
        for key, found in world.observed.items()
        if STATE not in found.manifest["metadata"]["annotations"]
    }
    held = {key for key in exists if key.startswith(HOLDERS[field])}
    world = replace(world, spec={**world.spec, **edit})
    reply = ask(world)
    if held:
        assert reply.reason == "InvalidOrder", reply.fatal or f"answered: {sorted(held)} exist"
        return
    assert not reply.fatal, reply.fatal
    check_nothing_lost(world, reply)
    if follower := FOLLOWS.get(field):
        key, value = follower
        shown = [json.dumps(m["spec"]) for k, m in reply.desired.items() if k.startswith(key)]
        assert all(value in text for text in shown), f"{field}: what was refused stays"


@settings(max_examples=examples(2))
@given(worlds())
def test_what_does_not_exist_may_be_corrected(case: Case) -> None:
    """Whatever the state of everything else."""
    check_correction(*case)
