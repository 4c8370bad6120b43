"""Check what counts as existing: everything but what was refused for certain."""

from typing import Any

import pytest

from function import existence, managed
from function.contract import Resource
from tests import asking

NOON, LATER = "2026-11-20T12:00:00Z", "2026-11-20T12:00:30Z"
QUOTA = (
    "create failed: async create failed: failed to create the resource: [{0 Error creating "
    "openstack_networking_port_v2: Expected HTTP response code [201] when accessing [POST "
    'https://neutron.example.net/v2.0/ports], but got 409 instead: {"NeutronError": {}}  []}]'
)
TIMEOUT = QUOTA.replace("409", "504")
BARE = "create failed: async create failed"


def failing(text: str, attempt: str | None = None, **annotations: str) -> Resource:
    """Return a resource whose creation failed; what is said of the attempt is the same."""
    conditions = [
        {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": text},
        {
            "type": "LastAsyncOperation",
            "status": "False",
            "reason": "AsyncCreateFailure",
            "message": text if attempt is None else attempt,
        },
    ]
    return Resource(
        "a",
        "networking.openstack",
        "PortV2",
        {},
        annotations={f"crossplane.io/external-create-{k}": v for k, v in annotations.items()},
        status={"atProvider": {}, "conditions": conditions},
    )


def object_failing(text: str) -> Resource:
    """Return an Object of provider-kubernetes whose creation failed."""
    condition = {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": text}
    named = {managed.EXTERNAL_NAME: "hello"}
    status = {"atProvider": {}, "conditions": [condition]}
    return Resource("a", "kubernetes", "Object", {}, annotations=named, status=status)


def waiting(text: str, family: str = "networking.openstack") -> Resource:
    """Return a resource that was never asked for."""
    condition = {"type": "Synced", "status": "False", "message": text}
    return Resource("a", family, "K", {}, status={"conditions": [condition]})


DENIED = 'create failed: cannot create object: shoots.core.gardener.cloud "a" is forbidden: no'
UNRESOLVED = "cannot resolve references: mg.Spec.ForProvider.NetworkID: not yet"
STATES: dict[str, tuple[Resource, bool]] = {
    "nobody has looked": (Resource("a", "f", "K", {}), True),
    "all is well": (Resource("a", "f", "K", {}, status={"conditions": [
        {"type": "Synced", "status": "True"}]}), True),
    "refused": (failing(QUOTA), False),
    "refused, by the attempt": (failing(BARE, QUOTA), False),
    "failed, nobody says why": (failing(BARE, ""), True),
    "timed out": (failing(TIMEOUT), True),
    "refused, then timed out": (failing(TIMEOUT, QUOTA), True),
    "timed out, then refused": (failing(QUOTA, TIMEOUT), True),
    "not known why": (failing("create failed: out of luck"), True),
    "refused with all annotations": (
        failing(QUOTA, pending=NOON, failed=NOON, succeeded=NOON), False),
    "refused at once": (failing(QUOTA, pending=NOON, failed=LATER), False),
    "refused in the background": (failing(QUOTA, pending=NOON, succeeded=NOON), False),
    "asked again": (failing(QUOTA, pending=LATER, failed=NOON, succeeded=NOON), True),
    "asked for the first time": (failing(QUOTA, pending=NOON), True),
    "at a time that nobody can read": (failing(QUOTA, pending="noon", failed=NOON), True),
    "ended at a time that nobody can read": (failing(QUOTA, pending=NOON, failed="noon"), True),
    "without a time zone": (failing(QUOTA, pending="2026-11-20T12:00:00", failed=NOON), True),
    "an update that is refused": (failing(QUOTA.replace("create failed", "update failed")), True),
    "waits for a reference": (waiting(UNRESOLVED), False),
    "has no credentials": (waiting("connect failed: no ProviderConfig"), False),
    "cannot be looked at": (waiting("observe failed: got 500 instead"), True),
    "an Object without credentials": (waiting("connect failed: no", "kubernetes"), True),
    "an Object that is denied": (object_failing(DENIED), False),
    "an Object that is denied an update": (
        object_failing(DENIED.replace("create failed", "observe failed")), True),
    "an Object that timed out": (
        object_failing("create failed: cannot create object: context deadline exceeded"), True),
}  # fmt: skip


@pytest.mark.parametrize(("resource", "want"), STATES.values(), ids=STATES)
def test_states(resource: Resource, want: bool) -> None:
    """What is not known counts as existing."""
    assert existence.may_exist(resource) is want


@pytest.mark.parametrize(
    "seen",
    [
        {"status": {"atProvider": {"id": "a1"}}},
        {"status": {"atProvider": {"manifest": {"kind": "Shoot"}}}},
        {"annotations": {managed.EXTERNAL_NAME: "a1"}},
        {"status": {"conditions": [{"type": "Synced", "status": "True"}]}},
    ],
    ids=["id", "manifest", "external name", "running again"],
)
def test_what_was_seen_once_exists(seen: dict[str, Any]) -> None:
    """Whatever is said of it now: it may have been lost behind the provider's back."""
    refused = failing(QUOTA)
    status = {**refused.status, **seen.get("status", {})}
    if "conditions" in seen.get("status", {}):
        status["conditions"] = [*seen["status"]["conditions"], refused.status["conditions"][1]]
    found = Resource(
        "a", refused.family, "K", {}, annotations=seen.get("annotations", {}), status=status
    )
    assert not existence.may_exist(refused)
    assert existence.may_exist(found)


@pytest.mark.parametrize("file", ["openstack", "kubernetes"])
def test_texts(file: str) -> None:
    """What proves that nothing was made, and what does not."""
    wrong = []
    for entry in asking.texts(file):
        family = "kubernetes" if file == "kubernetes" else "compute.openstack"
        # Before it connects, a provider has not asked for anything.
        never = file == "openstack" and entry["text"].startswith("connect failed")
        text, want = entry["text"], not entry.get("unmade", never)
        if text.startswith("async create failed"):
            text = f"create failed: {text}"
        synced = {"type": "Synced", "status": "False", "message": text}
        found = existence.may_exist(Resource("a", family, "K", {}, status={"conditions": [synced]}))
        wrong += [] if found is want else [entry["name"]]
    assert wrong == []


RECORDS = {
    "floatingipv2-over-quota": False,
    "floatingipv2-unknown-pool": False,
    "instancev2-force-new-refused": True,
    "instancev2-over-quota": False,
    "instancev2-unknown-flavor": False,
    "instancev2-unknown-image": False,
    "instancev2-waiting-for-ref": False,
    "instancev2-web-0": True,
    "keypairv2-name-conflict-409": True,
    "networkv2-drift": True,
    "networkv2-no-providerconfig": False,
    "networkv2-wrong-credentials": False,
    "subnetv2-force-new-refused": True,
    "subnetv2-unresolved-ref": False,
    "subnetv2-waits-for-missing": False,
    "volumev3-over-quota": False,
}


def test_every_recorded_object_is_judged() -> None:
    """Also one that is recorded later."""
    assert asking.recordings("openstack") == [f"openstack/{name}" for name in sorted(RECORDS)]


@pytest.mark.parametrize(("name", "want"), RECORDS.items(), ids=RECORDS)
def test_recorded(name: str, want: bool) -> None:
    """Objects of a real provider: refused, waiting, and existing ones."""
    manifest = asking.recorded(f"openstack/{name}")
    assert existence.may_exist(asking.unscoped(name, manifest)) is want


@pytest.mark.parametrize("name", asking.recordings("openstack/ready"))
def test_recorded_when_ready(name: str) -> None:
    """Everything that is ready exists."""
    manifest = asking.recorded(name)
    assert existence.may_exist(asking.unscoped(name.rpartition("/")[2], manifest))
