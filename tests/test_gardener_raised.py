"""A version that Gardener raised by itself: for a moment it refuses what was asked before."""

from typing import Any

from function import simulate
from function.backends.gardener import KEY
from function.local import Observed
from function.paths import lookup, replaced
from testbed.kubernetes import Manifest, condition
from tests import asking

ASKED = "spec.forProvider.manifest.spec.kubernetes.version"
# As gardener-apiserver 1.149 said it to provider-kubernetes 1.3.
REFUSAL = {
    "type": "Synced",
    "status": "False",
    "reason": "ReconcileError",
    "message": 'observe failed: cannot apply object: Shoot.core.gardener.cloud "hello" is invalid: '
    "spec.kubernetes.version: Forbidden: kubernetes version downgrade is not supported",
}


def test_the_former_version_is_no_trouble() -> None:
    """The version that runs is asked for now; nothing is wrong, and nothing is under way."""
    told = told_of("1.35.4")
    assert reason(told, "BackendHealthy") == "NoTrouble"
    assert reason(told, "Current") == "AsOrdered"
    assert told["status"]["version"] == "1.35.4"


def test_every_other_refusal_is_trouble() -> None:
    """Where the same version runs, a refusal is of what is asked still."""
    told = told_of("1.34.7")
    assert reason(told, "BackendHealthy") == "ConfigurationProblem"
    assert reason(told, "Current") == "Updating"


def told_of(version: str) -> Manifest:
    """Return what is told while a version runs and the last ask was refused."""
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


def reason(told: Manifest, kind: str) -> str:
    """Return the reason of a condition."""
    return str(condition(told, kind)["reason"])
