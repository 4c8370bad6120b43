"""What a tenant cannot do to a live order by what Crossplane writes beside it, nor to another's."""

import uuid
from collections.abc import Iterator

import pytest

from function.bound import ANNOTATION
from function.contract import Mode
from function.model import API_GROUP
from testbed import ROOT
from testbed.install import documents, named
from testbed.kubernetes import MERGE, Answer, Manifest, condition
from testbed.site import TENANT
from testbed.waiting import until

from .lives import COLLECTED_SECONDS, SECONDS, Life, living, placed
from .planes import Plane, delete_allowed, judged

pytestmark = pytest.mark.e2e

NETWORK = ROOT / "examples" / "network" / "minimal" / "claim.yaml"
BURST = 10
FORBIDDEN = 403
# What a tenant could lose an order by; a claim has the first three, a composite the last.
MACHINERY = {
    Mode.CLAIMS: [
        {"resourceRef": None},
        {"resourceRef": {"apiVersion": f"{API_GROUP}/v1alpha1", "kind": "XNetwork", "name": "x"}},
        {"compositeDeletePolicy": "Background"},
    ],
    Mode.NAMESPACED: [
        {"crossplane": None},
        {"crossplane": {"resourceRefs": None}},
        {"crossplane": {"resourceRefs": []}},
        {"crossplane": {"compositionUpdatePolicy": "Manual"}},
        {"crossplane": {"compositionRef": {"name": "of-somebody-else"}}},
    ],
}


# With these an order could go, and all that was built stay; the last reaches all of that.
STEERING: list[Manifest] = [
    {"annotations": {"crossplane.io/paused": "true"}},
    {"finalizers": None},
    {"finalizers": []},
    {"finalizers": ["orphan"]},
    {"labels": {"crossplane.io/composite": "victim"}},
]
ORPHANING: list[Manifest] = [{"propagationPolicy": "Orphan"}, {"orphanDependents": True}]


@pytest.fixture
def life(plane: Plane) -> Iterator[Life]:
    """Yield a network that is built."""
    with living(plane, network()) as found:
        found.settle()
        yield found


def test_orders_unlocked_and_deleted_at_once_all_go(plane: Plane) -> None:
    """As a script does, on one connection; Crossplane has seen none of the edits by then."""
    lives = [placed(plane, network()) for _ in range(BURST)]
    for life in lives:
        life.settle()
    gone = [path for life in lives for path in (life.path, *life.paths())]
    composed = [one for life in lives for one in life.composed().values()]
    for life in lives:
        life.edit({"deletionProtection": False})
        assert plane.tenant.request("DELETE", life.path).accepted

    def collected() -> bool:
        left = [plane.operator.get(plane.operator.path(one)) for one in composed]
        lives[0].cloud.act(plane.operator, (one for one in left if one))
        return all(plane.operator.get(path) is None for path in gone)

    until(collected, seconds=COLLECTED_SECONDS, what=f"{BURST} orders collected")


def test_a_policy_is_not_late(plane: Plane) -> None:
    """Protected again, an order is protected: each request is judged by what is stored then."""
    life = placed(plane, network())
    for _ in range(BURST):
        life.edit({"deletionProtection": False})
        life.edit({"deletionProtection": True})
        answer = plane.tenant.request("DELETE", life.path)
        assert answer.status == FORBIDDEN
        assert f"{life.name} -n {TENANT} --type merge" in answer.message
    life.settle()
    life.delete()


def test_all_of_a_namespace_are_not_deleted(plane: Plane, life: Life) -> None:
    """`kubectl delete --all` takes what is not protected, and leaves the rest."""
    answer = plane.tenant.request("DELETE", life.path.rpartition("/")[0])
    assert not answer.accepted
    assert "deletionTimestamp" not in life.order()["metadata"]
    life.becomes(life.is_done, "ready as before")


def test_memory_is_not_lost(plane: Plane, life: Life) -> None:
    """By no field that ties an order to what is composed of it."""
    previous = life.composed()
    for written in MACHINERY[plane.profile.mode]:
        answer = plane.tenant.request("PATCH", life.path, {"spec": written}, content=MERGE)
        assert (answer.status, "is Crossplane's" in answer.message) == (FORBIDDEN, True), written
    assert replaced(plane, life).status == FORBIDDEN
    life.edit({"dnsServers": ["192.0.2.8"]})
    life.becomes(lambda: "192.0.2.8" in str(life.composed()), "edited")
    after = life.composed()
    assert {key: one["metadata"]["uid"] for key, one in after.items()} == {
        key: one["metadata"]["uid"] for key, one in previous.items()
    }
    assert ANNOTATION in after["openstack-network"]["metadata"]["annotations"]
    assert len(life.cloud.log) == len(set(life.cloud.log))


def test_what_was_built_is_not_left_behind(plane: Plane, life: Life) -> None:
    """By metadata that Crossplane and the garbage collector obey, on an order that may go."""
    previous, tenant = life.composed(), plane.tenant
    life.edit({"deletionProtection": False})
    for metadata in STEERING:
        answer = tenant.request("PATCH", life.path, {"metadata": metadata}, content=MERGE)
        assert (answer.status, "metadata." in answer.message) == (FORBIDDEN, True), metadata
    for options in ORPHANING:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", **options}
        answer = tenant.request("DELETE", life.path, body)
        assert (answer.status, "--cascade=orphan" in answer.message) == (FORBIDDEN, True), options
    assert "deletionTimestamp" not in life.order()["metadata"]
    # What is composed has the labels that it had, also once Crossplane has looked at it again.
    life.edit({"dnsServers": ["192.0.2.8"]})
    life.becomes(lambda: "192.0.2.8" in str(life.composed()["openstack-subnet-ipv4"]), "edited")
    assert labels_of(life.composed()) == labels_of(previous)
    life.delete()
    assert life.cloud.built == set()


def test_an_operator_pauses_an_order(plane: Plane, life: Life) -> None:
    """Its tenant edits it meanwhile, and the edit is carried out afterwards."""
    paused = {"crossplane.io/paused": "true"}
    pause(plane, life, paused)
    until(
        lambda: condition(life.order(), "Synced").get("reason") == "ReconcilePaused",
        seconds=SECONDS,
        what="paused",
    )
    life.edit({"dnsServers": ["192.0.2.8"]})
    answer = plane.tenant.request(
        "PATCH",
        life.path,
        {"metadata": {"annotations": dict.fromkeys(paused)}},
        content=MERGE,
    )
    assert answer.status == FORBIDDEN
    assert "192.0.2.8" not in str(life.composed()["openstack-subnet-ipv4"])
    pause(plane, life, dict.fromkeys(paused))
    life.becomes(lambda: "192.0.2.8" in str(life.composed()["openstack-subnet-ipv4"]), "edited")


def test_an_order_of_the_same_name_is_another(plane: Plane, life: Life) -> None:
    """Of another tenant, who is not to be reached, by no verb."""
    namespace = f"globex-{uuid.uuid4().hex[:6]}"
    plane.operator.apply(named("v1", "Namespace", namespace, tenants(namespace)))
    order = network()
    order["metadata"] = {"name": life.name, "namespace": namespace}
    plane.operator.apply(order)
    other = Life(plane, plane.operator.path(order))
    try:
        until(
            lambda: len(other.composed()) == len(life.composed()), seconds=SECONDS, what="composed"
        )
        mine, theirs = (found_names(one) for one in (life, other))
        assert mine.isdisjoint(theirs)
        for method, body in (("GET", None), ("PATCH", {"spec": {}}), ("DELETE", None)):
            answer = plane.tenant.request(method, other.path, body, content=MERGE)
            assert answer.status == FORBIDDEN, method
        for one in other.composed().values():
            assert plane.tenant.request("GET", plane.operator.path(one)).status == FORBIDDEN
    finally:
        unlocked = {"spec": {"deletionProtection": False}}
        plane.operator.request("PATCH", other.path, unlocked, content=MERGE)
        plane.operator.delete(other.path)
        until(
            lambda: plane.operator.get(other.path) is None,
            seconds=COLLECTED_SECONDS,
            what="its end",
        )
        delete_allowed(plane.operator, f"/api/v1/namespaces/{namespace}")


def pause(plane: Plane, life: Life, annotations: Manifest) -> None:
    """Annotate the order as the operator."""
    patch = {"metadata": {"annotations": annotations}}
    answer = plane.operator.request("PATCH", life.path, patch, content=MERGE)
    assert answer.accepted, answer.message


def labels_of(composed: dict[str, Manifest]) -> dict[str, Manifest]:
    """Return the labels of what is composed, by key."""
    return {key: one["metadata"]["labels"] for key, one in composed.items()}


def replaced(plane: Plane, life: Life) -> Answer:
    """Write the order as a file has it, as `kubectl replace` does."""

    def put() -> Answer:
        order, live = network(), life.order()["metadata"]
        order["metadata"] = {name: live[name] for name in ("name", "namespace", "resourceVersion")}
        return plane.tenant.request("PUT", life.path, order)

    return judged(put)


def found_names(life: Life) -> set[tuple[str, str]]:
    """Return kind and name of everything that is composed."""
    return {(one["kind"], one["metadata"]["name"]) for one in life.composed().values()}


def tenants(namespace: str) -> Manifest:
    """Return the labels of a tenant's namespace."""
    return {"labels": {f"{API_GROUP}/tenant": namespace}}


def network() -> Manifest:
    """Return the smallest order of a network."""
    return next(documents(NETWORK))
