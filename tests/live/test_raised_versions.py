"""A version that Gardener raised by itself: for a moment it refuses what was asked before."""

from typing import Any

import pytest

from function import simulate
from function.backends.gardener import KEY
from function.local import Observed
from function.paths import lookup, replaced
from testbed.kubernetes import Manifest, condition
from tests import asking

DEFAULT_VOLUME = "data.backends.gardener.defaultVolume.sizeGiB"
ASKED = "spec.forProvider.manifest.spec.kubernetes.version"
# As gardener-apiserver 1.149 said it to provider-kubernetes 1.3.
REFUSAL = {
    "type": "Synced",
    "status": "False",
    "reason": "ReconcileError",
    "message": 'observe failed: cannot apply object: Shoot.core.gardener.cloud "hello" is invalid: '
    "spec.kubernetes.version: Forbidden: kubernetes version downgrade is not supported",
}


def test_the_previous_version_is_no_problem() -> None:
    """The version that runs is asked for now; nothing is wrong, and nothing is under way."""
    reported = reported_of("1.35.4")
    assert reason(reported, "BackendHealthy") == "NoTrouble"
    assert reason(reported, "Current") == "AsOrdered"
    assert reported["status"]["version"] == "1.35.4"


def test_every_other_refusal_is_a_problem() -> None:
    """Where the same version runs, a refusal is of what is asked still."""
    reported = reported_of("1.34.7")
    assert reason(reported, "BackendHealthy") == "ConfigurationProblem"
    assert reason(reported, "Current") == "Updating"


@pytest.mark.parametrize("version", ["1.34.8", "1.35.4"])
def test_nothing_comes_with_it_that_waits_for_a_version(version: str) -> None:
    """Gardener raises in a window of its own, a patch without a new node: ours would roll all."""
    order, layers = asking.order("cluster/minimal"), asking.provider("gardener")
    made = simulate.play(asking.ask(order, layers).resources)
    live = "status.atProvider.manifest.spec.kubernetes.version"
    raised = {**made, KEY: Observed(replaced(made[KEY].manifest, live, version))}
    resource = asking.ask(order, [enlarged(layer) for layer in layers], raised).resources[KEY]
    assert lookup(resource, ASKED) == version
    assert sizes(resource) == sizes(made[KEY].manifest) != []


def test_what_waits_comes_with_an_ordered_version() -> None:
    """It rolls the nodes anyway."""
    order, layers = asking.order("cluster/minimal"), asking.provider("gardener")
    made = simulate.play(asking.ask(order, layers).resources)
    requested = {**order, "spec": {**order["spec"], "version": "1.35"}}
    found = asking.ask(requested, [enlarged(layer) for layer in layers], made)
    assert sizes(found.resources[KEY]) == ["80Gi"]


def enlarged(layer: Manifest) -> Manifest:
    """Return a layer of an environment, with another default for volumes if it has one."""
    return replaced(layer, DEFAULT_VOLUME, 80) if lookup(layer, DEFAULT_VOLUME) else layer


def sizes(resource: Manifest) -> list[str]:
    """Return the sizes of the root volumes of the nodes."""
    pools = lookup(resource, "spec.forProvider.manifest.spec.provider.workers")
    return [str(lookup(pool, "volume.size")) for pool in pools]


def reported_of(version: str) -> Manifest:
    """Return the composite while a version runs and the last request was refused."""
    order, layers = asking.order("cluster/minimal"), asking.provider("gardener")
    observed = simulate.play(asking.ask(order, layers).resources)
    root: dict[str, Any] = observed[KEY].manifest
    assert lookup(root, ASKED) == "1.34.7"
    root = replaced(root, "status.atProvider.manifest.spec.kubernetes.version", version)
    root = replaced(root, "status.conditions", [REFUSAL])
    outcome = asking.ask(order, layers, {**observed, KEY: Observed(root)})
    assert not outcome.fatal
    assert lookup(outcome.resources[KEY], ASKED) == version
    return outcome.composite


def reason(reported: Manifest, kind: str) -> str:
    """Return the reason of a condition."""
    return str(condition(reported, kind)["reason"])
