"""The last name of an API server goes without leaving an object that its definition refuses."""

from typing import Any

import pytest

from function import local, simulate
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

FLAVOR = "SCS-4V-16-50"


def layers(profile: str = "scs2", **variables: Any) -> list[Manifest]:
    """Return a provider of a class with a built-in profile."""
    edits = {
        "flavors": [{"name": FLAVOR}],
        "classes": [{"name": "default", "profile": profile, "variables": variables}],
    }
    return asking.provider("kaas-only", edits)


def order(*names: str) -> Manifest:
    """Return an order for a cluster whose API server has such names."""
    found = asking.order("cluster/minimal")
    pool = {"name": "main", "flavor": FLAVOR, "replicas": 1}
    spec = {"apiServer": {"extraNames": list(names)}, "nodePools": [pool]}
    return {**found, "spec": {**found["spec"], **spec}}


def names(outcome: local.Outcome) -> Any:
    """Return the names that the class gets."""
    assert outcome.fatal == ""
    cluster = lookup(outcome.resources["capi-cluster"], "spec.forProvider.manifest")
    listed = lookup(cluster, "spec.topology.variables")
    [found] = [one["value"] for one in listed if one["name"] == "certSANs"]
    return found


def test_a_name_that_the_certificate_has_anyway_stays() -> None:
    """It stays from then on, through every other edit, until there are names again."""
    provider = layers()
    assert names(asking.ask(order(), provider)) == []
    made = asking.settled(order("api.example.org"), provider)
    emptied = asking.settled(order(), provider, made)
    assert names(emptied) == ["kubernetes"]
    assert names(asking.settled(order(), provider, emptied)) == ["kubernetes"]
    again = asking.settled(order("other.example.org"), provider, emptied)
    assert names(again) == ["other.example.org"]


def test_names_of_the_provider_come_back() -> None:
    """Then the object has something in it."""
    provider = layers(certSANs=["api.provider.example"])
    made = asking.settled(order("api.example.org"), provider)
    assert names(asking.settled(order(), provider, made)) == ["api.provider.example"]


@pytest.mark.parametrize("profile", ["kamaji", "k0smotron"])
def test_other_classes_get_an_empty_list(profile: str) -> None:
    """Theirs is an object of its own."""
    made = asking.settled(order("api.example.org"), layers(profile))
    assert names(asking.settled(order(), layers(profile), made)) == []


def test_it_reaches_clusters_that_exist() -> None:
    """The profile beside a live Cluster does not have it: a cluster of an earlier function."""
    made = asking.settled(order("api.example.org"), layers())
    observed = simulate.play(made.resources)
    profile = observed["capi-cluster"].manifest["metadata"]["annotations"][
        "api.scs.community/profile"
    ]
    assert "emptied" not in profile
    assert names(asking.ask(order(), layers(), observed)) == ["kubernetes"]
