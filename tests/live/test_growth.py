"""Check what of a live cluster may become more, never other: zones of a pool, availability."""

from collections.abc import Mapping
from typing import Any

import pytest

from function import local, simulate
from function.backends.gardener import KEY
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest, inner, settled

PROVIDERS = ("cluster-stacks", "gardener")
AT = "spec.controlPlane.availability"


def order(version: str = "1.34", availability: str = "None", **pool: Any) -> Manifest:
    """Return an order for a cluster with one pool of three nodes."""
    made = asking.order("cluster/minimal")
    pool = {"name": "web", "flavor": "SCS-2V-8", "replicas": 3, **pool}
    chosen = {"controlPlane": {"availability": availability}}
    return {**made, "spec": {"version": version, **chosen, "nodePools": [pool]}}


def layers(provider: str, data: Mapping[str, Any]) -> list[Manifest]:
    """Return an example provider with other data where it has such."""
    return [
        {**layer, "data": {**layer["data"], **{k: data[k] for k in data if k in layer["data"]}}}
        for layer in asking.provider(provider)
    ]


def edited(provider: str, previous: Manifest, *current: Manifest) -> Manifest:
    """Return the root object after an order was built, and edited."""
    given = layers(provider, {})
    made = settled(previous, given)
    for one in current:
        made = settled(one, given, made)
    (result,) = (m for m in inner(made) if m["kind"] in ("Cluster", "Shoot"))
    return result


def refused(
    provider: str, previous: Manifest, current: Manifest, data: Mapping[str, Any] | None = None
) -> str:
    """Return why an edit is refused that the environment of today is asked about."""
    made = settled(previous, layers(provider, {}))
    return asking.ask(current, layers(provider, data or {}), simulate.play(made.resources)).fatal


def deployments(cluster: Manifest) -> dict[str, tuple[str, int]]:
    """Return zone and nodes of each MachineDeployment topology by its name."""
    listed = lookup(cluster, "spec.topology.workers.machineDeployments")
    return {d["name"]: (d.get("failureDomain", ""), d["replicas"]) for d in listed}


@pytest.mark.parametrize(
    ("previous", "current", "want"),
    [
        (["az1"], ["az1", "az2"], {"web": ("az1", 2), "web-az2": ("az2", 1)}),
        (
            ["az2", "az1"],
            ["az2", "az1", "az3"],
            {"web-az2": ("az2", 1), "web-az1": ("az1", 1), "web-az3": ("az3", 1)},
        ),
    ],
    ids=["a second", "a third"],
)
def test_another_zone_on_cluster_api(
    previous: list[str], current: list[str], want: dict[str, tuple[str, int]]
) -> None:
    """Nodes of a zone keep the name of theirs, also after an upgrade."""
    first, then = order(zones=previous), order(zones=current)
    assert deployments(edited("cluster-stacks", first, then)) == want
    upgraded = edited("cluster-stacks", first, then, order("1.35", zones=current))
    assert deployments(upgraded) == want


def test_another_zone_on_gardener() -> None:
    """It comes after those that are there."""
    shoot = edited("gardener", order(zones=["az3", "az1"]), order(zones=["az3", "az1", "az2"]))
    assert lookup(shoot, "spec.provider.workers[web].zones") == ["az3", "az1", "az2"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("previous", "current", "text"),
    [
        ([], ["az1"], "cannot be changed once it is built"),
        (["az1"], [], 'can only gain entries at its end, after ["az1"]'),
        (["az1"], ["az2", "az1"], 'can only gain entries at its end, after ["az1"]'),
        (["az1", "az2"], ["az1"], 'can only gain entries at its end, after ["az1","az2"]'),
        (["az1"], ["az1", "az9"], "not offered here; offered: az1, az2, az3"),
    ],
    ids=["named for the first time", "taken back", "before", "fewer", "not offered"],
)
def test_zones_are_not_exchanged(
    provider: str, previous: list[str], current: list[str], text: str
) -> None:
    """Nodes would have to move."""
    reported = refused(provider, order(zones=previous), order(zones=current))
    assert reported == f"InvalidOrder: spec.nodePools[web].zones: {text}"


def test_a_zone_that_was_refused_is_taken_back() -> None:
    """What counts is what was accepted, not what was written last."""
    given = layers("gardener", {})
    made = settled(order(zones=["az1"]), given)
    observed = simulate.play(made.resources)
    assert asking.ask(order(zones=["az1", "az9"]), given, observed).fatal
    assert not asking.ask(order(zones=["az1"]), given, observed).fatal


@pytest.mark.parametrize("wanted", ["Node", "Zone"])
def test_availability_on_cluster_api(wanted: str) -> None:
    """Two machines more; their zones are chosen with them, and kept from then on."""
    cluster = edited("cluster-stacks", order(), order(availability=wanted))
    assert lookup(cluster, "spec.topology.controlPlane.replicas") == 3
    fresh = edited("cluster-stacks", order(availability=wanted))
    assert cluster["spec"] == fresh["spec"]
    last = order("1.35", wanted)
    upgraded = edited("cluster-stacks", order(), order(availability=wanted), last)
    assert upgraded["spec"] == edited("cluster-stacks", order(availability=wanted), last)["spec"]


@pytest.mark.parametrize("wanted", ["Node", "Zone"])
def test_availability_on_gardener(wanted: str) -> None:
    """It is said for the first time."""
    shoot = edited("gardener", order(), order(availability=wanted))
    assert lookup(shoot, "spec.controlPlane") == {
        "highAvailability": {"failureTolerance": {"type": wanted.lower()}}
    }


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("previous", "current"), [("Node", "Zone"), ("Zone", "Node"), ("Node", "None")]
)
def test_availability_is_chosen_once(provider: str, previous: str, current: str) -> None:
    """Gardener never changes it, and an order means the same everywhere."""
    reported = refused(provider, order(availability=previous), order(availability=current))
    assert reported == (
        f'InvalidOrder: {AT}: cannot be changed once it is built, set it back to "{previous}"'
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_zone_availability_needs_three_zones_then(provider: str) -> None:
    """What an environment cannot give to a new order, it cannot give later either."""
    reported = refused(provider, order(), order(availability="Zone"), {"zones": [{"name": "az1"}]})
    assert reported == (
        f"InvalidOrder: {AT}: Zone needs 3 zones, this environment has 1; accepted: None, Node"
    )


def test_availability_waits_for_a_cluster_that_sleeps() -> None:
    """Gardener refuses it so long, in words of its own."""
    asleep, wish = order(), order(availability="Node")
    for one in (asleep, wish):
        one["spec"]["hibernation"] = {"enabled": True}
    text = f"InvalidOrder: {AT}: cannot be raised while the cluster sleeps; wake it first"
    assert refused("gardener", asleep, wish) == text
    # It sleeps until it is awake, whatever is wished.
    assert refused("gardener", asleep, order(availability="Node")) == text
    # Whoever had one before it slept keeps it.
    both = order(availability="Node"), wish
    assert lookup(edited("gardener", *both), "spec.controlPlane.highAvailability")


# As gardener-apiserver says it, by provider-kubernetes.
REFUSAL = {
    "type": "Synced",
    "status": "False",
    "reason": "ReconcileError",
    "message": 'observe failed: cannot apply object: shoots.core.gardener.cloud "hello" is '
    "forbidden: the seed has too few zones",
}
GREW = [
    (order(zones=["az1"]), order(zones=["az1"], availability="Zone"), AT),
    (order(zones=["az1"]), order(zones=["az1", "az2"]), "spec.nodePools[web].zones"),
]


@pytest.mark.parametrize(("previous", "current", "at"), GREW, ids=["availability", "zones"])
def test_growth_that_gardener_refuses_is_taken_back(
    previous: Manifest, current: Manifest, at: str
) -> None:
    """Nothing else of the cluster could be changed any more; what was taken is not taken back."""
    given = layers("gardener", {})
    made = settled(previous, given)
    root = settled(current, given, made).resources[KEY]
    live = "status.atProvider.manifest.spec"
    seen = simulate.play({KEY: root})[KEY].manifest
    taken = {KEY: local.Observed(replaced(seen, "status.conditions", [REFUSAL]))}
    spec = lookup(made.resources[KEY], "spec.forProvider.manifest.spec")
    refused = {KEY: local.Observed(replaced(taken[KEY].manifest, live, spec))}
    again = asking.ask(current, given, refused)
    assert manifest_of(again.resources[KEY]) == manifest_of(root)
    back = asking.ask(previous, given, refused)
    assert manifest_of(back.resources[KEY]) == manifest_of(made.resources[KEY])
    assert asking.ask(previous, given, taken).fatal.startswith(f"InvalidOrder: {at}: ")
    unasked = {KEY: local.Observed(replaced(seen, live, spec))}
    assert asking.ask(previous, given, unasked).fatal.startswith(f"InvalidOrder: {at}: ")


def manifest_of(root: Manifest) -> Manifest:
    """Return the object inside an Object."""
    result: Manifest = lookup(root, "spec.forProvider.manifest")
    return result
