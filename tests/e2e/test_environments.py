"""Edits of an environment, seen on what is composed of orders that live: whom each one reaches.

Every field is held to what it says in `tests/test_reaches.py`, without a control plane. Here one
field of each kind is edited on a live one, where Crossplane has to notice the edit by itself.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from function.paths import replaced
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import Manifest

from .lives import Life, environment_of, living, offered
from .planes import Plane, delete_allowed

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"
CLUSTER = "spec.forProvider.manifest"
LABEL = "metadata.labels.offer"
POOLS = "spec.topology.workers.machineDeployments"
PODS = "spec.clusterNetwork.pods.cidrBlocks"
# What reaches every order at once and shows in its status: by it a test knows of an edit.
SEEN = "access.extraScopes"


@dataclass(frozen=True)
class Offer:
    """An environment of its own, and the order of a cluster that lives in it."""

    plane: Plane
    layers: dict[str, Manifest]
    life: Life

    def edit(self, path: str, value: Any, seen: str) -> None:
        """Change a setting of the root layer, and wait until the order was answered with it."""
        root = self.layers["cluster-stacks"]
        root["data"] = replaced(replaced(root["data"], path, value), SEEN, [seen])
        self.plane.operator.apply(root)
        self.life.becomes(lambda: seen in self.life.status.get("kubeconfig", ""), "seen")


@pytest.fixture
def offer(plane: Plane) -> Iterator[Offer]:
    """Offer the example, and let a cluster live in it."""
    with (
        offered(plane, "cluster-stacks") as layers,
        living(plane, cluster(), environment_of(layers)) as life,
    ):
        life.settle()
        life.becomes(lambda: "kubeconfig" in life.status, "kubeconfig")
        yield Offer(plane, layers, life)


def test_new_orders_only(offer: Offer) -> None:
    """The network of pods is a new one, for those who come later."""
    previous = composed(offer.life, PODS)
    offer.edit("backends.capi.network.pods", "172.24.0.0/16", "one")
    assert composed(offer.life, PODS) == previous != ["172.24.0.0/16"]
    with another(offer) as later:
        later.settle()
        assert composed(later, PODS) == ["172.24.0.0/16"]


def test_the_next_version(offer: Offer) -> None:
    """A label of Clusters is written when the tenant asks for another version."""
    offer.edit("backends.capi.labels", {"offer": "edited"}, "one")
    assert composed(offer.life, LABEL) is None
    offer.life.edit({"version": "1.35"})
    offer.life.becomes(lambda: composed(offer.life, LABEL) == "edited", "its label")
    assert composed(offer.life, "spec.topology.version") == "v1.35.4"


def test_the_next_change(offer: Offer) -> None:
    """A rule strands nobody who breaks it already, and judges the next edit of its field."""
    reason = "Three is a crowd."
    rule = {"field": "spec.nodePools[].replicas", "max": 1, "reason": reason}
    offer.edit("policy", [rule], "one")
    assert offer.life.reported("Accepted")["status"] == "True"
    assert composed(offer.life, f"{POOLS}[0].replicas") == 2
    offer.life.edit({"nodePools": [{**cluster()["spec"]["nodePools"][0], "replicas": 3}]})
    offer.life.becomes(lambda: offer.life.reported("Accepted")["status"] == "False", "refused")
    reported = offer.life.reported("Accepted")
    assert reported["reason"] == "PolicyViolation"
    assert reason in reported["message"]
    assert composed(offer.life, f"{POOLS}[0].replicas") == 2
    offer.life.edit({"nodePools": cluster()["spec"]["nodePools"]})
    offer.life.becomes(
        lambda: offer.life.reported("Accepted")["status"] == "True", "accepted again"
    )


def test_at_once(offer: Offer) -> None:
    """Name servers of networks are those of the provider, until it has others."""
    network = next(documents(EXAMPLES / "network" / "minimal" / "claim.yaml"))
    subnet, path = "openstack-subnet-ipv4", "spec.forProvider.dnsNameservers"
    with living(offer.plane, network, environment_of(offer.layers)) as life:
        life.settle()
        assert life.shown(subnet, path) == ["192.0.2.53"]
        offer.edit("backends.openstack.dnsServers", ["192.0.2.99"], "one")
        life.becomes(lambda: life.shown(subnet, path) == ["192.0.2.99"], path)
        assert len(life.cloud.log) == len(set(life.cloud.log))


def test_a_layer_that_is_lost(offer: Offer) -> None:
    """Orders are refused and say who acts; live objects stay, and all goes on with the layer."""
    previous = offer.life.composed()
    catalogue = offer.layers["cluster-stacks-catalogue"]
    delete_allowed(offer.plane.operator, offer.plane.operator.path(catalogue))
    offer.life.becomes(lambda: offer.life.reported("Accepted")["status"] == "False", "refused")
    assert offer.life.reported("Accepted")["reason"] == "EnvironmentInvalid"
    assert {key: one["metadata"]["uid"] for key, one in offer.life.composed().items()} == {
        key: one["metadata"]["uid"] for key, one in previous.items()
    }
    offer.plane.operator.apply(catalogue)
    offer.life.becomes(
        lambda: offer.life.reported("Accepted")["status"] == "True", "accepted again"
    )


def cluster() -> Manifest:
    """Return the smallest order of a cluster."""
    return next(documents(EXAMPLES / "cluster" / "minimal" / "claim.yaml"))


def another(offer: Offer) -> AbstractContextManager[Life]:
    """Place another order like it."""
    return living(offer.plane, cluster(), environment_of(offer.layers))


def composed(life: Life, path: str) -> Any:
    """Return something of the Cluster that is composed."""
    return life.shown("capi-cluster", f"{CLUSTER}.{path}")
