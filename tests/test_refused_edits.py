"""Refuse an edit of a live order, and read the conditions in the refusal."""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import local, refusal, responses
from function.bound import ANNOTATION
from function.contract import Mode
from function.labels import BACKEND_LABEL, TENANT_LABEL
from function.local import Observed
from function.model import API_VERSION
from tests import asking
from tests.asking import Manifest

UNREACHABLE = "observe failed: dial tcp 192.0.2.1:6443: connect: connection refused"
# Every backend with every kind that it answers: provider, order, its root.
SETUPS = {
    "capi": ("cluster-stacks", "cluster/minimal", "capi-cluster"),
    "capi v1beta1": ("kaas-only", "cluster/minimal", "capi-cluster"),
    "gardener": ("gardener", "cluster/minimal", "gardener-shoot"),
    "server": ("cluster-stacks", "server/minimal", "openstack-secgroup"),
    "network": ("cluster-stacks", "network/minimal", "openstack-network"),
}
WELL = {
    "Provisioned": ("True", "Provisioned"),
    "Current": ("True", "AsOrdered"),
    "BackendHealthy": ("True", "NoTrouble"),
}
each = pytest.mark.parametrize("name", SETUPS)


def built(name: str) -> tuple[Manifest, list[Manifest], dict[str, Observed]]:
    """Return an order, its environment, and all of it built."""
    provider, example, _ = SETUPS[name]
    order, layers = asking.order(example), asking.provider(provider)
    return order, layers, asking.built(order, layers)


def mistyped(order: Manifest) -> Manifest:
    """Return the order with a mistake in it."""
    return {**order, "spec": {**order["spec"], "deletionPolicy": "Keep"}}


def conditions(
    order: Manifest, layers: list[Manifest], observed: Mapping[str, Observed], **known: Any
) -> dict[str, tuple[str, str]]:
    """Return status and reason of each condition of a refusal.

    Args:
        order: The order.
        layers: Its environment.
        observed: The live objects.
        known: The conditions that the composite has, by type.
    """
    composite = local.composite_of({**order, "apiVersion": API_VERSION}, Mode.CLAIMS)
    composite["apiVersion"] = order["apiVersion"]
    conditions = [
        {"type": kind, "status": status, "reason": reason}
        for kind, (status, reason) in known.items()
    ]
    composite["status"] = {"conditions": conditions}
    outcome = asking.about(composite, layers, observed)
    assert outcome.fatal
    shown = {
        c["type"]: (c["status"], c["reason"]) for c in outcome.composite["status"]["conditions"]
    }
    assert shown.pop("Accepted")[0] == "False"
    return shown


def changed(
    live: dict[str, Observed], key: str, change: Callable[[Manifest], object]
) -> dict[str, Observed]:
    """Return the live objects, with one of them changed."""
    manifest = copy.deepcopy(live[key].manifest)
    change(manifest)
    return {**live, key: Observed(manifest, live[key].connection)}


def unreachable(manifest: Manifest) -> None:
    """Have the provider say that it cannot look at an object."""
    broken = {"type": "Synced", "status": "False", "reason": "ReconcileError"}
    manifest["status"]["conditions"] = [{**broken, "message": UNREACHABLE}]


CAUSES: dict[str, Callable[[Manifest, list[Manifest]], tuple[Manifest, list[Manifest]]]] = {
    "a mistake": lambda order, layers: (mistyped(order), layers),
    "a field that is not known": lambda order, layers: (
        {**order, "spec": {**order["spec"], "backups": 7}},
        layers,
    ),
    "another environment": lambda order, layers: (
        {**order, "spec": {**order["spec"], "environment": "nord"}},
        layers,
    ),
    "no environment": lambda order, _: (order, []),
    "a broken environment": lambda order, layers: (order, layers[1:] or [{"data": 3}]),
    "an API version that is not known": lambda order, layers: (
        {**order, "apiVersion": "api.scs.community/v9"},
        layers,
    ),
}


@each
@pytest.mark.parametrize("cause", CAUSES)
def test_what_runs_is_reported(name: str, cause: str) -> None:
    """Whatever the refusal is for: first that all is well, then that the provider has a problem."""
    order, layers, live = built(name)
    order, layers = CAUSES[cause](order, layers)
    assert conditions(order, layers, live) == WELL
    down = changed(live, SETUPS[name][2], unreachable)
    stale = conditions(order, layers, down, **WELL)
    assert stale == {**WELL, "BackendHealthy": ("False", "Unreachable")}


@each
def test_what_goes_is_reported(name: str) -> None:
    """An object that is gone is no longer there, and what is left is not all."""
    order, layers, live = built(name)
    root = SETUPS[name][2]
    others = {key: shown for key, shown in live.items() if key != root}
    rest = conditions(mistyped(order), layers, others, **WELL)
    if others:
        assert rest["BackendHealthy"] == ("True", "NoTrouble")
    else:
        assert rest == WELL
    last = sorted(others)[-1] if others else root
    gone = {key: shown for key, shown in live.items() if key != last}
    if name in ("server", "network"):
        assert conditions(mistyped(order), layers, gone, **WELL)["Provisioned"] == (
            "False",
            "Provisioning",
        )


@each
def test_a_lost_record(name: str) -> None:
    """What needs the order as it was accepted is sent again as it was; problems need no order."""
    order, layers, live = built(name)
    root = SETUPS[name][2]
    forgotten = changed(live, root, lambda one: one["metadata"]["annotations"].pop(ANNOTATION))
    down = changed(forgotten, root, unreachable)
    known = {"Provisioned": ("False", "Moving"), "Current": ("False", "Moving")}
    shown = conditions(mistyped(order), layers, down, **known, FullySupported=("True", "x"))
    assert shown["BackendHealthy"] == ("False", "Unreachable")
    assert shown["FullySupported"] == ("True", "x")
    if name in ("server", "network"):
        assert {kind: shown[kind] for kind in known} == known


@each
@pytest.mark.parametrize("label", [BACKEND_LABEL, TENANT_LABEL])
def test_a_lost_label(name: str, label: str) -> None:
    """It is unknown what belongs to the order: all conditions are sent again unchanged."""
    order, layers, live = built(name)
    root = SETUPS[name][2]
    down = changed(live, root, unreachable)
    lost = changed(down, root, lambda one: one["metadata"]["labels"].pop(label))
    assert conditions(mistyped(order), layers, lost, **WELL) == WELL


@each
def test_the_object_of_another(name: str) -> None:
    """Of what belongs to another tenant nothing is reported."""
    order, layers, live = built(name)
    down = changed(live, SETUPS[name][2], unreachable)
    other = {TENANT_LABEL: "globex"}
    taken = changed(down, SETUPS[name][2], lambda one: one["metadata"]["labels"].update(other))
    assert conditions(order, layers, taken, **WELL) == WELL
    assert conditions(order, layers, taken) == {}


def test_nothing_lives() -> None:
    """A new order has no conditions but that it is refused."""
    order, layers = mistyped(asking.order("cluster/minimal")), asking.provider("cluster-stacks")
    assert conditions(order, layers, {}) == {}


def test_a_version_in_steps() -> None:
    """A refusal takes no further step, so that the version is not reached."""
    order, layers, live = built("capi")

    def newer_version(manifest: Manifest) -> None:
        record = json.loads(manifest["metadata"]["annotations"][ANNOTATION])
        record["asked"]["version"] = "1.35"
        manifest["metadata"]["annotations"][ANNOTATION] = json.dumps(record)

    between = changed(live, "capi-cluster", newer_version)
    assert conditions(mistyped(order), layers, between) == {**WELL, "Current": ("False", "InSteps")}


def test_a_version_that_gardener_has_raised() -> None:
    """It refuses the former version from then on; nothing is wrong with the cluster."""
    order, layers, live = built("gardener")

    def raised(manifest: Manifest) -> None:
        live = manifest["status"]["atProvider"]["manifest"]
        live["spec"]["kubernetes"]["version"] = "1.34.99"
        manifest["status"]["conditions"] = [
            {
                "type": "Synced",
                "status": "False",
                "message": 'Shoot "hello" is invalid: spec.kubernetes.version: Forbidden: lower',
            }
        ]

    newer = changed(live, "gardener-shoot", raised)
    assert conditions(mistyped(order), layers, newer) == WELL


def test_a_bug_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is delivered all the same."""

    def broken(*_: Any) -> None:
        raise RuntimeError("password=hunter2")

    order, layers, live = built("capi")
    monkeypatch.setattr(refusal, "conditions", broken)
    assert conditions(mistyped(order), layers, live, **WELL) == WELL


def test_the_warning_comes_first() -> None:
    """Crossplane reads results up to the FATAL: a warning behind it would be no event."""
    rsp = responses.refuse(fnv1.RunFunctionRequest(), "InvalidOrder", "text", "public")
    assert [r.severity for r in rsp.results] == [fnv1.SEVERITY_WARNING, fnv1.SEVERITY_FATAL]
