"""Check that what only a newer function composes is refused, and neither flipped nor dropped."""

import copy
import functools
from collections.abc import Mapping
from typing import Any

import pytest

from function import local, simulate
from function.contract import Mode
from tests import asking

Seen = Mapping[str, local.Observed]
TEXT = "is not known to this version; upgrade the function"


@functools.cache
def built(provider: str, order: str, mode: Mode) -> Seen:
    """Return what there is of an example order after all waves."""
    seen: Seen = {}
    for _ in range(4):
        outcome = asking.ask(asking.order(order), asking.provider(provider), seen, mode)
        assert not outcome.fatal
        seen = simulate.play(outcome.resources)
    return seen


def changed(seen: Seen, key: str, path: str, value: Any) -> Seen:
    """Return what is seen with another value at a path of one resource."""
    manifest = copy.deepcopy(seen[key].manifest)
    *steps, last = path.split(".")
    inner = manifest
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return {**seen, key: local.Observed(manifest, seen[key].connection)}


INSIDE, SEEN = (f"{part}.manifest.apiVersion" for part in ("spec.forProvider", "status.atProvider"))
NEWER = {
    "a Cluster": (
        ("cluster-stacks", "cluster/minimal", "capi-cluster", INSIDE),
        "cluster.x-k8s.io/v1beta3",
        "Cluster of cluster.x-k8s.io/v1beta3",
    ),
    "a live Cluster": (
        ("cluster-stacks", "cluster/minimal", "capi-cluster", SEEN),
        "cluster.x-k8s.io/v1beta3",
        "Cluster of cluster.x-k8s.io/v1beta3",
    ),
    "a Shoot": (
        ("gardener", "cluster/minimal", "gardener-shoot", INSIDE),
        "core.gardener.cloud/v1",
        "Shoot of core.gardener.cloud/v1",
    ),
    "an Object": (
        ("cluster-stacks", "cluster/minimal", "capi-cluster", "apiVersion"),
        "kubernetes.crossplane.io/v1beta1",
        "Object of kubernetes.crossplane.io/v1beta1",
    ),
    "a group": (
        ("cluster-stacks", "server/minimal", "openstack-secgroup", "apiVersion"),
        "networking.openstack.crossplane.io/v1beta1",
        "SecgroupV2 of networking.openstack.crossplane.io/v1beta1",
    ),
    "a kind": (
        ("cluster-stacks", "server/minimal", "openstack-server-0", "kind"),
        "ContainerV1",
        "ContainerV1 of compute.openstack",
    ),
    "a network": (
        ("cluster-stacks", "network/minimal", "openstack-network", "apiVersion"),
        "networking.example.org/v1",
        "NetworkV2 of networking.example.org/v1",
    ),
}


@pytest.mark.parametrize(("where", "value", "text"), NEWER.values(), ids=NEWER)
def test_what_is_newer_is_refused(where: tuple[str, ...], value: str, text: str) -> None:
    """Say what is not known, and to upgrade; the order waits, and nothing is applied."""
    provider, order, key, path = where
    seen = built(provider, order, Mode.CLAIMS)
    outcome = asking.ask(
        asking.order(order), asking.provider(provider), changed(seen, key, path, value)
    )
    assert outcome.fatal == f"FunctionOutdated: {key}: {text} {TEXT}"
    assert not outcome.resources
    assert "api" not in outcome.warnings[0]


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_both_versions_of_a_cluster_are_known(version: str, mode: Mode) -> None:
    """Go on with a live Cluster of either version, whatever the environment says by now."""
    layers = asking.provider("cluster-stacks", {"backends.capi.apiVersion": version})
    order = asking.order("cluster/minimal")
    seen = simulate.play(asking.ask(order, layers, mode=mode).resources)
    outcome = asking.ask(order, asking.provider("cluster-stacks"), seen, mode)
    manifest = outcome.resources["capi-cluster"]["spec"]["forProvider"]["manifest"]
    assert manifest["apiVersion"] == f"cluster.x-k8s.io/{version}"


@pytest.mark.parametrize("value", ["x/v1", "v1beta2", "", None, 7, {}])
@pytest.mark.parametrize(
    ("provider", "key"), [("cluster-stacks", "capi-cluster"), ("gardener", "gardener-shoot")]
)
def test_an_object_of_another_group_is_another_object(provider: str, key: str, value: Any) -> None:
    """Leave it to the guard of identities: it would vanish, whoever wrote it."""
    seen = built(provider, "cluster/minimal", Mode.CLAIMS)
    layers = asking.provider(provider)
    outcome = asking.ask(asking.order("cluster/minimal"), layers, changed(seen, key, INSIDE, value))
    reason = "FunctionOutdated" if (provider, value) == ("gardener", "v1beta2") else ""
    assert outcome.fatal.startswith(reason or "DeletionRefused")
