"""Values that are nested too deep: refused by admission, and by the function where that is not.

protobuf reads a hundred levels of messages, which thirty levels of an order exceed: the function
would never be called, and the tenant would read nothing.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from function.model import API_GROUP
from function.nesting import LEVELS
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import MERGE, Manifest, condition
from testbed.waiting import until
from tools.generate.nesting import VERSION

from .lives import COLLECTED_SECONDS, SECONDS
from .planes import Plane

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "cluster" / "minimal" / "claim.yaml"
BINDING = f"/apis/{VERSION}/validatingadmissionpolicybindings/nesting-of-clusters.{API_GROUP}"
TOO_DEEP = f"nested too deeply; at most {LEVELS} levels are accepted"


def nested(levels: int, *, lists: bool = False) -> object:
    """Return a value that is nested in so many levels."""
    value: object = "x"
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


def order(value: object) -> Manifest:
    """Return the smallest example with a variable."""
    manifest = next(documents(EXAMPLE))
    return {**manifest["spec"], "variables": {"dnsNameservers": value, "other": 1}}


@pytest.mark.parametrize("lists", [False, True], ids=["mappings", "lists"])
@pytest.mark.parametrize(
    ("levels", "accepted"), [(0, True), (1, True), (LEVELS, True), (LEVELS + 1, False), (40, False)]
)
def test_admission(plane: Plane, levels: int, lists: bool, accepted: bool) -> None:
    """New orders, and edits of the values of live ones."""
    value = nested(levels, lists=lists)
    answer = plane.create("Cluster", order(value))
    assert answer.accepted is accepted, answer.message
    assert accepted or TOO_DEEP in answer.message
    with plane.existing("Cluster", order("x")) as path:
        assert plane.edit(path, order(value)).accepted is accepted


def test_many_values_are_within_the_budget_of_the_rule(plane: Plane) -> None:
    """A policy that is too expensive to judge would refuse the order."""
    wide = {f"k{n}": {"a": [str(m) for m in range(20)], "b": {"c": n}} for n in range(200)}
    answer = plane.create("Cluster", order(wide))
    assert answer.accepted, answer.message


def test_orders_that_live_with_deep_values_go_on(plane: Plane) -> None:
    """Only a change of the values is judged: an edit of anything else is accepted, and deletion."""
    with without_policy(plane), plane.existing("Cluster", order(nested(LEVELS + 3))) as path:
        bound(plane)
        edit = {"spec": {"deletionProtection": False}}
        until(
            lambda: not plane.edit(path, order(nested(LEVELS + 4))).accepted,
            seconds=SECONDS,
            what="the policy",
        )
        assert plane.tenant.request("PATCH", path, edit, content=MERGE).accepted


def test_the_function_says_so_where_admission_does_not(plane: Plane) -> None:
    """Its tenant reads the field and what is accepted, and a live order reads on with the rest."""
    manifest = next(documents(EXAMPLE))
    manifest["metadata"]["name"] = f"deep-{uuid.uuid4().hex[:8]}"
    path = plane.tenant.path(manifest)
    with without_policy(plane):
        posted = plane.tenant.request("POST", plane.tenant.collection(manifest), manifest)
        assert posted.accepted, posted.message
        try:
            until(
                lambda: condition(plane.tenant.get(path), "Accepted").get("status") == "True",
                seconds=SECONDS,
                what="the order",
            )
            previous = condition(plane.tenant.get(path), "FullySupported")
            deep = {"spec": {"variables": {"dnsNameservers": nested(40)}}}
            assert plane.tenant.request("PATCH", path, deep, content=MERGE).accepted
            until(
                lambda: condition(plane.tenant.get(path), "Accepted").get("status") == "False",
                seconds=SECONDS,
                what="the refusal",
            )
            live = plane.tenant.get(path)
            reported = condition(live, "Accepted")
            assert reported["reason"] == "InvalidOrder"
            assert reported["message"] == f"spec.variables.dnsNameservers: is {TOO_DEEP}"
            assert condition(live, "FullySupported")["reason"] == previous["reason"]
        finally:
            undo = {"spec": {"variables": None, "deletionProtection": False}}
            plane.tenant.request("PATCH", path, undo, content=MERGE)
            plane.tenant.request("DELETE", path)
            until(
                lambda: plane.tenant.get(path) is None, seconds=COLLECTED_SECONDS, what="deletion"
            )


@contextmanager
def without_policy(plane: Plane) -> Iterator[None]:
    """Take the policy out of force, and put it back."""
    plane.operator.delete(BINDING)
    until(
        lambda: plane.create("Cluster", order(nested(40))).accepted,
        seconds=SECONDS,
        what="the end of the policy",
    )
    try:
        yield
    finally:
        bound(plane)
        until(
            lambda: not plane.create("Cluster", order(nested(40))).accepted,
            seconds=SECONDS,
            what="the policy",
        )


def bound(plane: Plane) -> None:
    """Put the policy in force."""
    shipped = documents(ROOT / "package" / "cluster" / "limit-nesting-of-clusters.yaml")
    for manifest in shipped:
        plane.operator.apply(manifest)
