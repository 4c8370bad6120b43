"""What a class does not express is reported, whoever asked for it, and nothing says otherwise."""

from typing import Any

import pytest

from tests import asking
from tests.asking import Manifest

FLAVOR, AVAILABILITY = "spec.nodePools[].flavor", "spec.controlPlane.availability"
SIZED = {"name": "web", "size": {"cpu": 4, "memoryGiB": 16}, "replicas": 1}


def layers(fields: Manifest, **edits: Any) -> list[Manifest]:
    """Return the example provider of clusters with a profile of these fields."""
    profile = {"workerClass": "worker", "variables": {}, "fields": fields}
    return asking.provider("kaas-only", {"backends.capi.profiles.kaas": profile, **edits})


def answer(spec: Manifest, fields: Manifest, **edits: Any) -> Manifest:
    """Return the status of an order."""
    order = asking.order("cluster/minimal")
    order = {**order, "spec": {**order["spec"], **spec}}
    outcome = asking.ask(order, layers(fields, **edits))
    assert outcome.fatal == ""
    status: Manifest = outcome.composite["status"]
    return status


def gaps(status: Manifest) -> list[str]:
    """Return the fields that have no effect."""
    return [gap["field"] for gap in status.get("unsupported", ())]


@pytest.mark.parametrize(
    ("availability", "fields", "reported"),
    [
        ("Zone", {}, True),
        ("Node", {}, False),
        ("Zone", {AVAILABILITY: {"variable": "zones"}}, False),
        ("Zone", {AVAILABILITY: {"unsupported": "one zone"}}, True),
    ],
    ids=["left out", "a number", "expressed", "declared"],
)
def test_zones_of_a_control_plane(availability: str, fields: Manifest, *, reported: bool) -> None:
    """Three machines are no three zones."""
    spec = {"controlPlane": {"availability": availability}}
    found = gaps(answer(spec, {FLAVOR: {"override": "machine"}, **fields}))
    assert (AVAILABILITY in found) is reported


def test_a_size_without_effect_is_not_answered_with_a_flavor() -> None:
    """The class chooses the machines, so that a flavor in a note would be untrue."""
    spec = {"nodePools": [SIZED], "controlPlane": {"availability": "Node"}}
    expressed = answer(spec, {FLAVOR: {"override": "machine"}})
    field = "spec.nodePools[web].size"
    assert field not in gaps(expressed)
    assert field in [note["field"] for note in expressed["notes"]]
    status = answer(spec, {FLAVOR: {"unsupported": "machines are all alike"}})
    assert field in gaps(status)
    assert field not in [note["field"] for note in status.get("notes", ())]


def test_what_policy_fills_is_reported_too() -> None:
    """A default of the provider that its class does not express has no effect either."""
    rule = {"field": "spec.controlPlane.availability", "default": "Zone", "reason": "safe"}
    spec: Manifest = {"controlPlane": {}}
    fields = {FLAVOR: {"override": "machine"}}
    assert AVAILABILITY in gaps(answer(spec, fields, policy=[rule]))


LOGIN = "spec.access.oidc"
KEYS = {"issuerURL": "issuerURL", "clientID": "clientID"}


@pytest.mark.parametrize(
    ("target", "is_possible"),
    [({"variable": "login", "keys": KEYS}, True), ({"unsupported": "no logins here"}, False)],
)
@pytest.mark.parametrize("by", ["order", "environment"])
def test_a_login_that_a_class_does_not_have(
    by: str, target: Manifest, *, is_possible: bool
) -> None:
    """A kubeconfig that nobody can log in with would be worse than none, and silence too."""
    issuer = {"issuerURL": "https://login.example.com", "clientID": "kubernetes"}
    order = asking.order("cluster/minimal")
    spec = {"access": {"oidc": issuer}} if by == "order" else {}
    order = {**order, "spec": {**order["spec"], **spec}}
    edits = {} if by == "order" else {"access": {"oidc": issuer}}
    provider = layers({FLAVOR: {"override": "machine"}, LOGIN: target}, **edits)
    outcome = asking.ask(order, provider, asking.built(order, provider))
    status = outcome.composite["status"]
    assert status["endpoint"]
    assert ("kubeconfig" in status) is is_possible
    notes = {note["field"]: note["message"] for note in status.get("notes", ())}
    if is_possible:
        assert LOGIN not in {*notes, *gaps(status)}
    elif by == "order":
        assert LOGIN in gaps(status)
    else:
        assert notes[LOGIN] == "no logins here: there is no kubeconfig here"
