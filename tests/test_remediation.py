"""Health checks of machines: the order's, else the class's, and none is lost or gained by itself.

A definition in a Cluster takes the place of the class's as a whole (Cluster API 1.14,
`MachineDeploymentMachineHealthCheckClass`); `enabled` alone does not.
"""

import copy
from typing import Any

import pytest

from function import local, simulate
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest

# What the first release wrote into every cluster, in both forms.
RELEASED = {
    "cluster-stacks": {
        "enabled": True,
        "checks": {
            "unhealthyNodeConditions": [
                {"type": "Ready", "status": "Unknown", "timeoutSeconds": 300},
                {"type": "Ready", "status": "False", "timeoutSeconds": 300},
            ]
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": "40%"}},
    },
    "kaas-only": {
        "enable": True,
        "unhealthyConditions": [
            {"type": "Ready", "status": "Unknown", "timeout": "5m0s"},
            {"type": "Ready", "status": "False", "timeout": "5m0s"},
        ],
        "maxUnhealthy": "40%",
    },
}
FIELD = {"cluster-stacks": "healthCheck", "kaas-only": "machineHealthCheck"}
FLAVOR = {"cluster-stacks": "SCS-2V-8", "kaas-only": "SCS-2V-8-20"}
each_provider = pytest.mark.parametrize("provider", FIELD)
each_class = pytest.mark.parametrize("has_own", [None, True, False])


def layers(provider: str, **profile: Any) -> list[Manifest]:
    """Return an example provider whose class is described by a profile of its own."""
    config = {"workerClass": "worker", "variables": {}, "fields": {}}
    config["fields"] = {"spec.nodePools[].flavor": {"override": "machine"}}
    said = {name: value for name, value in profile.items() if value is not None}
    result = []
    for layer in asking.provider(provider):
        if "kinds" in layer["data"]:
            layer = replaced(layer, "data.backends.capi.profiles", {"own": {**config, **said}})  # noqa: PLW2901  # edit by edit
        for one in layer["data"].get("classes", []):
            if one["name"] == "default":
                one |= {"profile": "own", "variables": {}, "tenantVariables": []}
        for version in layer["data"].get("kubernetesVersions", []):
            version.pop("state", None)
        result.append(layer)
    return result


def order(provider: str, version: str = "1.34", **spec: Any) -> Manifest:
    """Return an order with one pool."""
    pool = {"name": "web", "flavor": FLAVOR[provider], "replicas": 3}
    manifest = asking.order("cluster/minimal")
    return {**manifest, "spec": {"version": version, "nodePools": [pool], **spec}}


def topology(outcome: local.Outcome) -> Manifest:
    """Return the topology of the Cluster of an answer."""
    assert not outcome.fatal, outcome.fatal
    where = "spec.forProvider.manifest.spec.topology"
    result: Manifest = lookup(outcome.resources["capi-cluster"], where)
    return result


def checks(outcome: local.Outcome, provider: str) -> list[Any]:
    """Return the health checks of control plane and pools; None where there is none."""
    found = topology(outcome)
    parts = [found["controlPlane"], *found["workers"]["machineDeployments"]]
    return [part.get(FIELD[provider]) for part in parts]


def built_by_the_release(provider: str, manifest: Manifest) -> dict[str, local.Observed]:
    """Return what the first release made of an order that said nothing: its default, written."""
    outcome = asking.ask(manifest, layers(provider, classHealthCheck=False))
    for _ in range(3):
        outcome = asking.ask(
            manifest, layers(provider, classHealthCheck=False), simulate.play(outcome.resources)
        )
    assert checks(outcome, provider) == [RELEASED[provider]] * 2
    return dict(simulate.play(outcome.resources))


@each_provider
@each_class
def test_an_order_that_says_nothing(provider: str, has_own: bool | None) -> None:
    """The class's check stays, with the time that its machines have to start."""
    outcome = asking.ask(order(provider), layers(provider, classHealthCheck=has_own))
    wanted = RELEASED[provider] if has_own is False else None
    assert checks(outcome, provider) == [wanted] * 2
    empty = asking.ask(order(provider, healthCheck={}), layers(provider, classHealthCheck=has_own))
    assert checks(empty, provider) == [wanted] * 2


@each_provider
@each_class
def test_an_order_that_says_something(provider: str, has_own: bool | None) -> None:
    """What it leaves out has its default; the time to start is the environment's."""
    given = layers(provider, classHealthCheck=has_own, nodeStartupTimeout="30m")
    outcome = asking.ask(order(provider, healthCheck={"unhealthyAfter": "9m"}), given)
    startup = {
        "cluster-stacks": lookup(checks(outcome, provider)[1], "checks.nodeStartupTimeoutSeconds"),
        "kaas-only": checks(outcome, provider)[1].get("nodeStartupTimeout"),
    }
    assert startup[provider] == {"cluster-stacks": 1800, "kaas-only": "30m0s"}[provider]
    assert checks(outcome, provider)[0] == checks(outcome, provider)[1]
    assert "40%" in str(checks(outcome, provider))


@each_provider
@each_class
@pytest.mark.parametrize("enabled", [True, False])
def test_a_switch_alone(provider: str, has_own: bool | None, *, enabled: bool) -> None:
    """Off is off; on leaves the class's in place where there is one, else Cluster API refuses."""
    given = layers(provider, classHealthCheck=has_own)
    outcome = asking.ask(order(provider, healthCheck={"enabled": enabled}), given)
    name = {"cluster-stacks": "enabled", "kaas-only": "enable"}[provider]
    alone = {name: enabled}
    wanted = RELEASED[provider] if enabled and not has_own else alone
    assert checks(outcome, provider) == [wanted] * 2


@each_provider
@each_class
def test_a_live_cluster_keeps_its_check_until_its_version_changes(
    provider: str, has_own: bool | None
) -> None:
    """And after that, unless the class is known to have one: else no machine would be replaced."""
    given = layers(provider, classHealthCheck=has_own)
    live = built_by_the_release(provider, order(provider))
    assert checks(asking.ask(order(provider), given, live), provider) == [RELEASED[provider]] * 2
    upgraded = asking.ask(order(provider, "1.35"), given, live)
    assert topology(upgraded)["version"].startswith("v1.35")
    wanted = None if has_own else RELEASED[provider]
    assert checks(upgraded, provider) == [wanted] * 2


@each_provider
def test_what_is_applied_does_not_flap(provider: str) -> None:
    """Every answer after the first is the same, whatever the profile says meanwhile."""
    for previous, after in ((None, False), (True, False), (False, True), (False, None)):
        outcome = asking.ask(order(provider), layers(provider, classHealthCheck=previous))
        first = checks(outcome, provider)
        for _ in range(3):
            seen = simulate.play(outcome.resources)
            outcome = asking.ask(order(provider), layers(provider, classHealthCheck=after), seen)
            assert checks(outcome, provider) == first, (previous, after)


@each_provider
def test_a_check_that_is_taken_back(provider: str) -> None:
    """An order that stops saying something gets what one has that never said anything."""
    for has_own, wanted in ((None, None), (True, None), (False, RELEASED[provider])):
        given = layers(provider, classHealthCheck=has_own)
        off = order(provider, healthCheck={"enabled": False})
        live = simulate.play(asking.ask(off, given).resources)
        assert checks(asking.ask(order(provider), given, live), provider) == [wanted] * 2


@each_provider
def test_a_new_pool_of_a_live_cluster(provider: str) -> None:
    """It has what new clusters have."""
    live = built_by_the_release(provider, order(provider))
    more = copy.deepcopy(order(provider))
    more["spec"]["nodePools"].append({**more["spec"]["nodePools"][0], "name": "new"})
    for has_own, wanted in ((None, None), (False, RELEASED[provider])):
        outcome = asking.ask(more, layers(provider, classHealthCheck=has_own), live)
        assert checks(outcome, provider) == [RELEASED[provider], RELEASED[provider], wanted]


def test_a_class_names_its_own_time_to_start() -> None:
    """Also where its profile is built in."""
    given = asking.provider("cluster-stacks")
    for layer in given:
        for one in layer["data"].get("classes", []):
            if one["name"] == "default":
                one["nodeStartupTimeout"] = "45m"
    outcome = asking.ask(order("cluster-stacks"), given)
    found = [
        lookup(c, "checks.nodeStartupTimeoutSeconds") for c in checks(outcome, "cluster-stacks")
    ]
    assert found == [2700, 2700]


def test_bare_metal_of_the_example_is_left_to_its_class() -> None:
    """Machines that take half an hour to start are not deleted before they join."""
    pool = {"name": "train", "flavor": "metal.gpu", "replicas": 1}
    outcome = asking.ask(order("kaas-only", nodePools=[pool]), asking.provider("kaas-only"))
    assert checks(outcome, "kaas-only") == [None, None]


def test_a_rule_of_the_provider_counts_as_said() -> None:
    """What policy fills in is as if the order had it, with every backend."""
    rule = {"field": "spec.healthCheck.unhealthyAfter", "pin": "9m", "reason": "Ours."}
    for provider in ("kaas-only", "gardener"):
        given = asking.provider(provider)
        root = next(layer for layer in given if "kinds" in layer["data"])
        root["data"].setdefault("policy", []).append(rule)
        pool = {
            "name": "web",
            "flavor": {**FLAVOR, "gardener": "SCS-2V-8"}[provider],
            "replicas": 3,
        }
        outcome = asking.ask(order("cluster-stacks", nodePools=[pool]), given)
        assert not outcome.fatal
        assert "9m" in str(outcome.resources)
