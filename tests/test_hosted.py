"""Control planes in pods: what they have of availability may fall where no data goes with it."""

import pytest

from function.backends.capi import PROFILES
from function.paths import lookup
from tests import asking
from tests.asking import Manifest


def layers(profile: str) -> list[Manifest]:
    """Return a provider of a class with a built-in profile."""
    edits = {
        "flavors": [{"name": "SCS-4V-16"}],
        "classes": [{"name": "default", "profile": profile}],
        "policy": [],
        "zones": [],
    }
    return asking.provider("kaas-only", edits)


def order(availability: str) -> Manifest:
    """Return an order for a cluster whose control plane survives a failure."""
    found = asking.order("cluster/minimal")
    pool = {"name": "main", "flavor": "SCS-4V-16", "replicas": 1}
    spec = {"controlPlane": {"availability": availability}, "nodePools": [pool]}
    return {**found, "spec": {**found["spec"], **spec}}


def replicas(observed: Manifest) -> int:
    """Return the replicas of a control plane."""
    manifest = observed["capi-cluster"].manifest
    return int(lookup(manifest, "spec.forProvider.manifest.spec.topology.controlPlane.replicas"))


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_availability_falls_only_where_no_data_goes(profile: str) -> None:
    """Replicas of Kamaji are pods without data; members of etcd go with all others."""
    provider = layers(profile)
    made = asking.settled(order("Node"), provider)
    outcome = asking.ask(order("None"), provider, observed := asking.built(order("Node"), provider))
    assert replicas(observed) == 3
    if not PROFILES[profile].availability_falls:
        text = "spec.controlPlane.availability: cannot be changed once it is built"
        assert outcome.fatal.startswith(f"InvalidOrder: {text}")
        return
    assert profile == "kamaji"
    cluster = outcome.resources["capi-cluster"]
    where = "spec.forProvider.manifest.spec.topology.controlPlane.replicas"
    assert lookup(cluster, where) == 1
    raised = asking.settled(order("Node"), provider, outcome)
    assert lookup(raised.resources["capi-cluster"], where) == 3
    assert raised.resources == made.resources


def test_zones_are_asked_for_when_it_rises() -> None:
    """As for a new cluster."""
    provider = layers("kamaji")
    outcome = asking.ask(order("Zone"), provider, asking.built(order("Node"), provider))
    assert outcome.fatal.startswith("InvalidOrder: spec.controlPlane.availability: Zone needs 3")


def test_all_else_of_a_hosted_cluster_is_held() -> None:
    """The field that may fall is the only one."""
    provider = layers("kamaji")
    observed = asking.built(order("Node"), provider)
    edited = order("None")
    edited["spec"]["network"] = {"pods": "10.200.0.0/16"}
    outcome = asking.ask(edited, provider, observed)
    assert outcome.fatal.startswith("InvalidOrder: spec.network.pods: ")
