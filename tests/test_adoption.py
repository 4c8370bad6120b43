"""Before a Cluster changes its class it owns what Cluster API has added to its variables."""

import copy
from typing import Any

import pytest

from function import local, simulate
from function.backends.capi.live import by_name, overrides
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

ADOPTED = "api.scs.community/adopted-variables"
VERSIONS = [
    {"version": "1.34.7", "classes": {"default": "c-1-34"}},
    {"version": "1.35.4", "classes": {"default": {"name": "c-1-35", "profile": "next"}}},
]
PROFILE: Manifest = {
    "workerClass": "default-worker",
    "variables": {"flavor": "SCS-2V-4", "identity": {"name": "openstack"}, "disks": []},
    "fields": {
        "spec.nodePools[].flavor": {"override": "flavor"},
        "spec.nodePools[].dataVolumes": {
            "override": "disks",
            "keys": {"name": "name", "sizeGiB": "size"},
        },
    },
}


@pytest.fixture(params=["v1beta1", "v1beta2"])
def layers(request: pytest.FixtureRequest) -> list[Manifest]:
    """Return a provider whose class has another profile in the next version."""
    edits = {
        "flavors": [{"name": "SCS-2V-4"}],
        "kubernetesVersions": VERSIONS,
        "classes": [{"name": "default", "profile": "own"}],
        "backends.capi.profiles": {"own": PROFILE, "next": PROFILE},
        "backends.capi.apiVersion": request.param,
    }
    return asking.provider("kaas-only", edits)


def order(version: str = "1.34", **more: Any) -> Manifest:
    """Return an order for a cluster of one pool."""
    found = asking.order("cluster/minimal")
    disks = [{"name": "cache", "sizeGiB": 10}]
    pool = {"name": "main", "flavor": "SCS-2V-4", "replicas": 2, "dataVolumes": disks, **more}
    return {**found, "spec": {**found["spec"], "version": version, "nodePools": [pool]}}


def cluster(manifest: Manifest) -> Manifest:
    """Return the Cluster of an Object."""
    found: Manifest = lookup(manifest, "spec.forProvider.manifest")
    return found


def live(observed: dict[str, local.Observed]) -> Manifest:
    """Return the live Cluster."""
    found: Manifest = lookup(observed["capi-cluster"].manifest, "status.atProvider.manifest")
    return found


def built(layers: list[Manifest]) -> dict[str, local.Observed]:
    """Return a cluster to whose variables Cluster API has added defaults."""
    observed = simulate.play(asking.settled(order(), layers).resources)
    with_defaults(live(observed))
    return observed


def class_of(topology: Manifest) -> str:
    """Return the class of a topology in either version of Cluster API."""
    return str(topology.get("class") or lookup(topology, "classRef.name"))


def with_defaults(found: Manifest) -> None:
    """Write defaults into a Cluster as the webhook of its class does."""
    topology = found["spec"]["topology"]
    names = {one["name"]: one for one in topology["variables"]}
    if class_of(topology) == "c-1-34":
        names["identity"]["value"].setdefault("type", "Secret")
        if "mtu" not in names:
            topology["variables"].append({"name": "mtu", "value": 1500})
        [pool] = topology["workers"]["machineDeployments"]
        for disk in by_name(pool["variables"]["overrides"])["disks"]:
            disk.setdefault("kind", "volume")


def applied(outcome: local.Outcome, observed: dict[str, local.Observed]) -> Any:
    """Return what Crossplane applied of an answer, before the provider looked at it."""
    assert outcome.fatal == ""
    found = copy.deepcopy(observed)
    for key, manifest in outcome.resources.items():
        known = found[key].manifest
        known["spec"] = copy.deepcopy(manifest["spec"])
        known["metadata"]["annotations"] = dict(manifest["metadata"]["annotations"])
    return found


def current(outcome: local.Outcome) -> tuple[str, str]:
    """Return whether an order is current, and why not."""
    conditions = outcome.composite["status"]["conditions"]
    [found] = [one for one in conditions if one["type"] == "Current"]
    return found["status"], found["reason"]


def test_a_change_of_class_adopts_first(layers: list[Manifest]) -> None:
    """Keys inside objects and lists, and whole variables, and the order is not current."""
    observed = built(layers)
    outcome = asking.ask(order("1.35"), layers, observed)
    step = cluster(outcome.resources["capi-cluster"])
    topology, found = step["spec"]["topology"], live(observed)["spec"]["topology"]
    assert topology["version"] == "v1.34.7"
    assert by_name(topology["variables"]) == by_name(found["variables"])
    [pool], [known] = (one["workers"]["machineDeployments"] for one in (topology, found))
    assert overrides(pool) == overrides(known)
    assert overrides(pool)["disks"] == [{"name": "cache", "size": 10, "kind": "volume"}]
    assert current(outcome) == ("False", "Updating")


def test_the_class_changes_once_the_provider_has_applied_it(layers: list[Manifest]) -> None:
    """As long as it has not, the same is asked for: Crossplane is faster than its provider."""
    observed = built(layers)
    first = asking.ask(order("1.35"), layers, observed)
    waiting = applied(first, observed)
    second = asking.ask(order("1.35"), layers, waiting)
    assert cluster(second.resources["capi-cluster"]) == cluster(first.resources["capi-cluster"])
    done = simulate.play(second.resources)
    with_defaults(live(done))
    changed = cluster(asking.ask(order("1.35"), layers, done).resources["capi-cluster"])
    assert class_of(changed["spec"]["topology"]) == "c-1-35"
    assert by_name(changed["spec"]["topology"]["variables"]) == PROFILE["variables"]
    assert ADOPTED not in (changed["metadata"].get("annotations") or {})


def test_nothing_to_adopt(layers: list[Manifest]) -> None:
    """The class changes at once."""
    observed = simulate.play(asking.settled(order(), layers).resources)
    outcome = asking.ask(order("1.35"), layers, observed)
    changed = cluster(outcome.resources["capi-cluster"])
    assert class_of(changed["spec"]["topology"]) == "c-1-35"


@pytest.mark.parametrize("edit", [{"replicas": 3}, {"drainTimeout": "5m"}])
def test_other_edits_leave_defaults_alone(edit: Manifest, layers: list[Manifest]) -> None:
    """They are Cluster API's as long as the class knows them."""
    outcome = asking.ask(order(**edit), layers, built(layers))
    found = cluster(outcome.resources["capi-cluster"])
    assert by_name(found["spec"]["topology"]["variables"]) == PROFILE["variables"]
    assert ADOPTED not in (found["metadata"].get("annotations") or {})


def test_a_pool_is_removed_at_once(layers: list[Manifest]) -> None:
    """The record has the order without it from now on, and could not explain it later."""
    more = {"name": "more", "flavor": "SCS-2V-4", "replicas": 1}
    requested = order()
    requested["spec"]["deletionProtection"] = False
    requested["spec"]["nodePools"].append(more)
    observed = simulate.play(asking.settled(requested, layers).resources)
    live(observed)["spec"]["topology"]["variables"].append({"name": "mtu", "value": 1500})
    later = order("1.35")
    later["spec"]["deletionProtection"] = False
    names = []
    for _ in range(2):
        outcome = asking.ask(later, layers, observed)
        assert outcome.fatal == ""
        topology = cluster(outcome.resources["capi-cluster"])["spec"]["topology"]
        pools = [one["name"] for one in topology["workers"]["machineDeployments"]]
        names.append((topology["version"], pools))
        observed = simulate.play(outcome.resources)
    assert names == [("v1.34.7", ["main"]), ("v1.35.4", ["main"])]
