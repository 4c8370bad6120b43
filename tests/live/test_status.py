"""What a tenant reads of a live cluster, moment by moment, as `tests/live/moments.py` has it."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function import diagnosis, local, simulate
from tests import asking
from tests.live.moments import (
    AT,
    BACKENDS,
    BUILDING,
    CAPI,
    CAPI_MOMENTS,
    CAPI_V1BETA1,
    CHANGING,
    DELETING,
    FORMS,
    GARDENER,
    IN,
    MOMENTS,
    PARTLY,
    REFUSED,
    RETRIED,
    WAITING,
    Manifest,
    Row,
    layers_of,
    observed,
    operation,
    order_of,
    recorded,
    row,
    shown,
)


def test_every_recorded_object_is_judged() -> None:
    """A recorded object that nobody looks at proves nothing."""
    found = [name for backend in BACKENDS for name in asking.recordings(backend)]
    assert sorted(found) == sorted(map("/".join, MOMENTS))


@pytest.mark.parametrize(("name", "form"), CAPI_MOMENTS)
def test_capi(name: str, form: str) -> None:
    """Each moment of a Cluster, in both versions of the API."""
    want = {**CAPI, **CAPI_V1BETA1}[name] if form == "v1beta1" else CAPI[name]
    assert row("capi", recorded("capi", f"{name}.{form}")) == want


@pytest.mark.parametrize("name", [name for name, form in CAPI_MOMENTS if form == "v1beta1"])
def test_both_forms_say_the_same(name: str) -> None:
    """Cluster API keeps the v1beta2 form of the very same moment in an annotation of v1beta1."""
    older = recorded("capi", f"{name}.v1beta1")
    newer = json.loads(older["metadata"]["annotations"]["cluster.x-k8s.io/conversion-data"])
    assert newer["apiVersion"] == "cluster.x-k8s.io/v1beta2"
    assert row("capi", {**newer, "metadata": older["metadata"]}) == row("capi", older)


@pytest.mark.parametrize("name", GARDENER)
def test_gardener(name: str) -> None:
    """Each moment of a Shoot."""
    assert row("gardener", recorded("gardener", name)) == GARDENER[name]


# What was not recorded, made from what was.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("previous", "after", "message"),
    [
        ("20-cp-back-end", "21-scale-0", f"{CHANGING}: nodes 3 of 5"),
        (
            "26-scale-end",
            "27-upgrade-0",
            "upgrading to 1.35.4: control plane 0 of 3, nodes 0 of 5",
        ),
    ],
)
def test_stale_counters_are_not_believed(
    previous: str, after: str, message: str, form: str
) -> None:
    """All of status is from before a change, and says that it is of the present generation."""
    live, next_ = recorded("capi", f"{previous}.{form}"), recorded("capi", f"{after}.{form}")
    generation = next_["metadata"]["generation"]
    live["spec"], live["metadata"]["generation"] = next_["spec"], generation
    for found in _mappings(live["status"]):
        if "observedGeneration" in found:
            found["observedGeneration"] = generation
    want = replace(CAPI[previous], phase="Updating", message=message, current="Updating")
    assert row("capi", live) == replace(want, settled=False)


PARTS = {"controlPlane": "ControlPlane", "workers": "Worker"}
# One machine of the part is awaited.
AWAITED = {"controlPlane": "control plane 2 of 3", "workers": "nodes 4 of 5"}


def awaited(part: str) -> Row:
    """Return the status while one machine of a part is awaited."""
    return replace(CAPI["23-scale-2"], ready=True, message=f"{CHANGING}: {AWAITED[part]}")


COMES = {
    "comes": "* NodeHealthy: Waiting for a Node with spec.providerID inmemory://a to exist",
    "is new": "* Machine b: Condition Ready not yet reported",
    # Read while a control plane joined: its node was well, the order said Ready for 14 seconds.
    "joins": "* NodeKubeadmLabelsAndTaintsSet: Waiting for DevMachine to report spec.providerID\n"
    "  * Control plane components: Waiting for DevMachine to report spec.providerID\n"
    "  * EtcdMemberHealthy: Waiting for DevMachine to report spec.providerID",
    "joined": "* Control plane components: Pod does not exist\n"
    "  * EtcdMemberHealthy: Etcd doesn't have an etcd member for Node a",
    "is marked": "* NodeKubeadmLabelsAndTaintsSet: Node a does not have the "
    "node-role.kubernetes.io/control-plane label",
    "starts": "* APIServerPodHealthy: Waiting for startup or readiness probes",
}
FAILS = {
    "was there": "* NodeHealthy: Node.Ready: Kubelet stopped posting node status",
    "is given up": "* OwnerRemediated: Waiting for remediation",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("words", COMES.values(), ids=COMES)
def test_a_machine_that_comes(words: str, part: str, form: str) -> None:
    """One that is not ready yet belongs to the change, although the cluster is available."""
    live = _lacking(part, form, f"* Machine a:\n  {words}")
    assert row("capi", live) == awaited(part)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("words", FAILS.values(), ids=FAILS)
def test_a_machine_that_fails(words: str, part: str, form: str) -> None:
    """Nothing is being changed: what runs is what is ordered, and is it available or not."""
    live = _lacking(part, form, f"* Machine a:\n  {words}")
    assert row("capi", live) == CAPI["26-scale-end"]
    for found in _mappings(live["status"]):
        if found.get("type") == "Available":
            found |= {"status": "False", "reason": "NotAvailable"}
    want = replace(CAPI["26-scale-end"], phase="Degraded", message=PARTLY, ready=False)
    assert row("capi", live) == want


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
def test_machines_that_are_not_counted_yet(part: str, form: str) -> None:
    """Conditions call a machine ready up to two seconds before the counters do."""
    live = _lacking(part, form)
    assert row("capi", live) == awaited(part)


REMEDIATED = {
    "is deleted": ("Machine is deleting", None),
    "waits": ("Waiting for remediation", CAPI["26-scale-end"]),
    "is the only one": (
        "KubeadmControlPlane can't remediate if current replicas are less or equal to 1",
        CAPI["26-scale-end"],
    ),
    "would break etcd": (
        "KubeadmControlPlane can't remediate this Machine because this could result in loosing "
        "Kubernetes control plane components or in etcd quorum loss",
        CAPI["26-scale-end"],
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("said", "want"), REMEDIATED.values(), ids=REMEDIATED)
def test_a_machine_that_is_to_be_replaced(
    said: str, want: Row | None, part: str, form: str
) -> None:
    """Remediating is said from its failure on; where nothing can be done about it, without end."""
    want = want or awaited(part)
    live = _lacking(part, form, f"* Machine a:\n  {FAILS['was there']}")
    for conditions in _conditions(live):
        conditions["Remediating"] |= {"status": "True", "message": f"* Machine a: {said}"}
    assert row("capi", live) == replace(want, ready=True)
    for conditions in _conditions(live):
        conditions["Available"] |= {"status": "False", "reason": "NotAvailable"}
    if want.phase == "Ready":
        want = replace(want, phase="Degraded", message=PARTLY)
    assert row("capi", live) == replace(want, ready=False)


@pytest.mark.parametrize("form", FORMS)
def test_a_control_plane_of_pods(form: str) -> None:
    """It has no machines: a pod that is not ready is no change, and may stay so."""
    live = _lacking("controlPlane", form)
    for conditions in _conditions(live):
        conditions["ControlPlaneMachinesReady"] |= {"status": "True", "reason": "NoReplicas"}
    assert row("capi", live) == CAPI["26-scale-end"]
    for conditions in _conditions(live):
        conditions["Available"] |= {"status": "False", "reason": "NotAvailable"}
    want = replace(CAPI["26-scale-end"], phase="Degraded", message=PARTLY, ready=False)
    assert row("capi", live) == want


def _conditions(live: Manifest) -> Iterator[dict[str, Manifest]]:
    """Yield the conditions of a Cluster by type, those of the newer form only."""
    for place in (live["status"], live["status"].get("v1beta2") or {}):
        found = {one["type"]: one for one in place.get("conditions") or ()}
        if "Remediating" in found:
            yield found


def _lacking(part: str, form: str, said: str = "") -> Manifest:
    """Return a cluster of which one machine is not counted as ready, and what is said of it."""
    live = recorded("capi", f"26-scale-end.{form}")
    for found in _mappings(live["status"]):
        if said and found.get("type") == f"{PARTS[part]}MachinesReady":
            found |= {"status": "False", "message": said}
        if "desiredReplicas" in found.get(part, {}):
            counters = found[part]
            counters["readyReplicas"] = counters["availableReplicas"] = (
                counters["desiredReplicas"] - 1
            )
    return live


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("07-create-6", replace(CAPI["07-create-6"], message=BUILDING)),
        ("26-scale-end", CAPI["26-scale-end"]),
        ("27-upgrade-0", replace(CAPI["27-upgrade-0"], version="1.35.4", message=CHANGING)),
        ("66-upgrade-end", CAPI["66-upgrade-end"]),
        ("67-flavor-start-0", CAPI["67-flavor-start-0"]),
        ("83-delete-5", replace(CAPI["83-delete-5"], message=DELETING)),
    ],
)
def test_capi_before_it_counted(name: str, want: Row) -> None:
    """Cluster API up to 1.8 has neither counters nor versions; generations and reasons serve."""
    live = recorded("capi", f"{name}.v1beta1")
    del live["status"]["v1beta2"]
    assert row("capi", live) == want


def test_a_version_with_the_mark_of_a_distribution() -> None:
    """Control planes of k0s run v1.34.7+k0s.0 where v1.34.7 is asked for: that is reached."""
    live = recorded("capi", "26-scale-end.v1beta2")
    live["status"]["controlPlane"]["versions"][0]["version"] += "+k0s.0"
    assert row("capi", live) == CAPI["26-scale-end"]


@pytest.mark.parametrize(("backend", "name"), [("capi", "26-scale-end.v1beta2"),
                                               ("gardener", "life-05-created")])  # fmt: skip
@pytest.mark.parametrize(
    "edit",
    [
        lambda spec: spec.update(version="1.35"),
        lambda spec: _more(spec["nodePools"][0]),
        lambda spec: spec["nodePools"].append({**spec["nodePools"][0], "name": "late"}),
        lambda spec: spec["nodePools"][0].update(flavor="SCS-8V-32"),
    ],
    ids=["version", "replicas", "pool", "flavor"],
)
def test_an_order_ahead_of_the_live_cluster(
    backend: str, name: str, edit: Callable[[Manifest], Any]
) -> None:
    """An edit that is not applied yet is not `AsOrdered`, whatever the cluster says."""
    live = recorded(backend, name)
    if backend == "gardener":
        live["spec"]["kubernetes"]["version"] = "1.34.7"
    order = order_of(backend, live)
    want = row(backend, live)
    edit(order["spec"])
    found = row(backend, live, order)
    assert found == replace(want, phase="Updating", message=found.message, current="Updating")


def test_a_deletion_is_reported_before_a_version_that_waits() -> None:
    """Nothing follows on what is being deleted."""
    gone = {"metadata__deletionTimestamp": "2026-11-01T00:00:00Z"}
    live = recorded("capi", "21-scale-0.v1beta2", **gone)
    order = order_of("capi", live)
    order["spec"]["version"] = "1.35"
    want = replace(CAPI["21-scale-0"], phase="Deleting", message=DELETING, ready=False)
    assert row("capi", live, order) == replace(want, current="Deleting")


def _more(pool: Manifest) -> None:
    if "autoscaling" in pool:
        pool["autoscaling"] = {**pool["autoscaling"], "max": pool["autoscaling"]["max"] + 1}
    else:
        pool["replicas"] += 1


REFUSALS = [
    (
        "capi",
        "26-scale-end.v1beta2",
        'admission webhook "validation.cluster.cluster.x-k8s.io" denied the request: '
        'Cluster.cluster.x-k8s.io "hello-1a2b3c4d5e" is invalid: spec.topology: Forbidden: no',
    ),
    (
        "gardener",
        "life-05-created",
        'shoots.core.gardener.cloud "hello-abc" is forbidden: spec.kubernetes.version: Unsupported '
        'value: "1.35.99"',
    ),
]


@pytest.mark.parametrize(("backend", "name", "text"), REFUSALS, ids=["capi", "gardener"])
def test_a_refused_change(backend: str, name: str, text: str) -> None:
    """The Object says so; the cluster goes on as it was, but not as ordered."""
    live = recorded(backend, name)
    order = order_of(backend, live)
    found = observed(backend, live, order)
    _fail(found[BACKENDS[backend].root].manifest, f"cannot apply object: {text}")
    status = asking.ask(order, layers_of(backend, live), found).composite["status"]
    conditions = {one["type"]: one["reason"] for one in status["conditions"]}
    assert (status["phase"], status["message"]) == ("Updating", RETRIED)
    assert (conditions["Current"], conditions["BackendHealthy"]) == ("Updating", REFUSED)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_was_looked_at_yet(backend: str) -> None:
    """The Object is there, the cluster is not."""
    name = {"capi": "26-scale-end.v1beta2", "gardener": "life-05-created"}[backend]
    live = recorded(backend, name)
    order, layers = order_of(backend, live), layers_of(backend, live)
    first = asking.ask(order, layers)
    created = {key: simulate.created(key, found) for key, found in first.resources.items()}
    for found in ({}, created):
        outcome = asking.ask(order, layers, found)
        status = outcome.composite["status"]
        assert (status["phase"], status["message"]) == ("Pending", WAITING)
        assert not outcome.ready
        assert not {"endpoint", "version"} & status.keys()


_CREATED = GARDENER["life-05-created"]
_RETRIED = replace(_CREATED, phase="Degraded", message=RETRIED, current="Updating", settled=False)
_TROUBLED = replace(_RETRIED, healthy="ConfigurationProblem")
_BUILDING = replace(
    _CREATED, phase="Provisioning", ready=False, current="Provisioning", settled=False
)
_FAILED = "the cluster could not be built, and the provider has to act"
_STUCK = "the last change failed, and the provider has to act"
_CHANGED = replace(_CREATED, phase="Updating", message=CHANGING, current="Updating", settled=False)
_HALF = replace(_CHANGED, message=f"{CHANGING}, 50 % is done")


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        *(
            (operation("Create", "Processing", done), replace(_BUILDING, message=text))
            for done, text in (
                (0, f"{BUILDING}, 0 % is done"), (24, f"{BUILDING}, 0 % is done"),
                (25, f"{BUILDING}, 25 % is done"), (74, f"{BUILDING}, 50 % is done"),
                (99, f"{BUILDING}, 75 % is done"), (100, f"{BUILDING}, 100 % is done"),
            )
        ),
        (operation("Create", "Failed", 50, "ERR_CONFIGURATION_PROBLEM"),
         replace(_BUILDING, phase="Failed", message=_FAILED, current="Failed",
                 healthy="ConfigurationProblem")),
        (operation("Reconcile", "Error", failing=True), _TROUBLED),
        # Tried again, with the errors of the last attempt: nothing flips meanwhile.
        (operation("Reconcile", "Processing", failing=True), _TROUBLED),
        (operation("Reconcile", "Failed", failing=True),
         replace(_TROUBLED, phase="Failed", message=_STUCK, current="Failed")),
        # A new spec is tried at once.
        ({**operation("Reconcile", "Failed", failing=True), "metadata__generation": 3},
         replace(_CHANGED, healthy="ConfigurationProblem")),
        (operation("Reconcile", "Pending"), _HALF),
        # The control plane has left one seed, and is not on the other.
        (operation("Migrate", "Succeeded"), _CHANGED),
        (operation("Restore", "Succeeded"), _CREATED),
        *(
            (operation("Reconcile", "Error", 50, code), replace(_RETRIED, healthy=reason))
            for code, reason in (
                ("ERR_INFRA_UNAUTHENTICATED", "CredentialsInvalid"),
                ("ERR_INFRA_UNAUTHORIZED", "CredentialsInvalid"),
                ("ERR_INFRA_QUOTA_EXCEEDED", "QuotaExceeded"),
                ("ERR_INFRA_RATE_LIMITS_EXCEEDED", "RateLimited"),
                ("ERR_INFRA_RESOURCES_DEPLETED", "NoCapacity"),
                ("ERR_CONFIGURATION_PROBLEM", "ConfigurationProblem"),
                ("ERR_OF_A_LATER_RELEASE", "ConfigurationProblem"),
            )
        ),
    ],
)  # fmt: skip
def test_operations_of_a_shoot(changes: Manifest, want: Row) -> None:
    """Whatever Gardener can be doing, and what can go wrong with it."""
    assert row("gardener", recorded("gardener", "life-05-created", **changes)) == want


@pytest.mark.parametrize(
    ("kind", "state", "want"),
    [
        # Said of a cluster that is ready, while one of its parts is restarted.
        ("EveryNodeReady", "Progressing", _CREATED),
        ("EveryNodeReady", "False", replace(_CREATED, phase="Degraded", message=PARTLY,
                                            ready=False)),
        ("APIServerAvailable", "Unknown", replace(_CREATED, phase="Degraded", message=PARTLY,
                                                  ready=False)),
        # The provider's monitoring is not the tenant's cluster.
        ("ObservabilityComponentsHealthy", "False", _CREATED),
    ],
)  # fmt: skip
def test_conditions_of_a_shoot(kind: str, state: str, want: Row) -> None:
    """Four conditions count."""
    live = recorded("gardener", "life-05-created")
    for condition in live["status"]["conditions"]:
        if condition["type"] == kind:
            condition["status"] = state
    assert row("gardener", live) == want


@pytest.mark.parametrize(
    ("names", "want"),
    [
        (("external", "internal"), "https://external"),
        (("internal", "unmanaged"), "https://internal"),
        (("unmanaged", "wildcard-tls-seed-bound"), "https://unmanaged"),
        (("wildcard-tls-seed-bound", "service-account-issuer"), ""),
    ],
)
def test_which_address_is_the_api_server(names: tuple[str, ...], want: str) -> None:
    """Not every advertised address is one, and without one the cluster cannot be used."""
    expected = replace(_CREATED, endpoint=want)
    if not want:
        reported = "at least 50 % of it is ready"
        expected = replace(expected, phase="Updating", message=reported, ready=False)
    for order in itertools.permutations(names):
        addresses = [{"name": name, "url": f"https://{name}"} for name in order]
        live = recorded("gardener", "life-05-created", status__advertisedAddresses=addresses)
        assert row("gardener", live) == expected


def test_several_errors_at_once() -> None:
    """Their order changes with every attempt; the status does not."""
    codes = ("ERR_CONFIGURATION_PROBLEM", "ERR_INFRA_QUOTA_EXCEEDED", "ERR_INFRA_UNAUTHORIZED")
    for order in itertools.permutations(codes):
        errors = [{"codes": [code], "description": code} for code in order]
        change = {**operation("Reconcile", "Error"), "status__lastErrors": errors}
        live = recorded("gardener", "life-05-created", **change)
        assert row("gardener", live) == replace(_RETRIED, healthy="QuotaExceeded")


# What must hold of every moment.


@pytest.mark.parametrize(("backend", "name"), MOMENTS)
def test_asked_twice(backend: str, name: str) -> None:
    """The same object gives the same answer."""
    live = recorded(backend, name)
    assert shown(backend, live) == shown(backend, live)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MOMENTS), st.randoms(use_true_random=False))
def test_what_does_not_matter_changes_nothing(moment: tuple[str, str], random: Random) -> None:
    """Order of lists, times, ids, texts, and progress within a step do not reach the status."""
    backend, name = moment
    live = recorded(backend, name)
    want = shown(backend, live).composite["status"]
    # The recorded order asks for the same; only what providers write is disturbed.
    disturb(live["metadata"], random)
    disturb(live.get("status", {}), random)
    assert shown(backend, live).composite["status"] == want


_NOISE = {
    "creationTimestamp", "deletionTimestamp", "lastTransitionTime", "lastUpdateTime",
    "resourceVersion", "uid", "id", "taskID", "description", "technicalID", "clusterIdentity",
    "seedName",
}  # fmt: skip


def disturb(value: Any, random: Random) -> None:
    """Change in place what must not matter."""
    if isinstance(value, list):
        random.shuffle(value)
        for item in value:
            disturb(item, random)
    if not isinstance(value, dict):
        return
    for key, found in value.items():
        if key in _NOISE:
            value[key] = f"{random.getrandbits(64):x}"
        elif key == "progress" and found < 100:
            value[key] = found // 25 * 25 + random.randrange(25)
        else:
            disturb(found, random)


_FOREIGN = re.compile(
    r"[0-9a-f]{8}-|\d+\.\d+|https?:|://|[{}\[\]\"*]|x-k8s|kubeadm|machine|shoot|seed|gardener|"
    r"openstack|cluster api|webhook|etcd|infrastructure|quota exceeded",
    re.IGNORECASE,
)


@pytest.mark.parametrize(("backend", "name"), MOMENTS)
def test_nothing_of_the_backend_is_reported(backend: str, name: str) -> None:
    """No id, name, namespace or address of the provider is in what the tenant reads."""
    live = recorded(backend, name)
    status = shown(backend, live).composite["status"]
    texts = [status["message"], *_texts(status["conditions"])]
    # The versions of Kubernetes are the tenant's.
    texts = [re.sub(r"\b1\.\d+\.\d+", "", text) for text in texts]
    assert [found for text in texts for found in _FOREIGN.findall(text)] == []
    everything = {text for key, value in status.items() for text in _texts({key: value})}
    addresses = {AT, IN, status.get("endpoint", "")}
    for known in set(_identifiers(live)):
        leaks = [text for text in everything - addresses if re.search(rf"\b{known}\b", text)]
        assert leaks == [], known


def _identifiers(live: Manifest) -> Iterator[str]:
    yield from (str(live["metadata"][key]) for key in ("name", "namespace", "uid"))
    for found in _mappings(live):
        for key in ("seedName", "technicalID", "clusterIdentity", "taskID", "uid"):
            if found.get(key):
                yield re.escape(str(found[key]))
        if "kind" in found and "name" in found:
            yield re.escape(str(found["name"]))


def _texts(value: Any) -> Iterator[str]:
    return (found for found in _inside(value) if isinstance(found, str))


def _mappings(value: Any) -> Iterator[Manifest]:
    return (found for found in _inside(value) if isinstance(found, dict))


def _inside(value: Any) -> Iterator[Any]:
    """Return a value and everything in it."""
    yield value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _inside(item)


def _fail(manifest: Manifest, text: str) -> None:
    manifest["status"]["conditions"] = [
        {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": text}
    ]


# Texts of API servers and of their webhooks.

# Something that the environment names is not there.
_NOT_THERE = {"create-cloudprofile-unknown", "create-seed-unknown", "update-cloudprofile-change"}
# The ConfigMap of an order's issuer is applied together with its Shoot.
_WAITS = {"create-authn-configmap-missing"}


def _verdicts(backend: str) -> Mapping[str, str]:
    found = json.loads((asking.OBSERVED / backend / "verdicts.json").read_text("utf-8"))
    return {name: text for name, text in found.items() if not text.startswith("ACCEPTED")}


@pytest.mark.parametrize(
    ("backend", "name"), [(backend, name) for backend in BACKENDS for name in _verdicts(backend)]
)
def test_refusals_of_api_servers(backend: str, name: str) -> None:
    """They quote fields and values, and say "Forbidden": neither is about credentials or quota."""
    want = "NotFound" if name in _NOT_THERE else "ConfigurationProblem"
    # What kubectl printed, what a client of the API reads, and as a webhook hands it on.
    printed = _verdicts(backend)[name]
    text = re.sub(r"^(?:Warning: .*\n)*(?:Error from server(?: \(\w+\))?: )?", "", printed)
    read = re.sub(r"^The (\w+) ", r"\1.example.com ", text)
    webhook = f'admission webhook "validation.example.com" denied the request: {read}'
    for one in (printed, text, read):
        for prefix in (
            "",
            "create failed: cannot apply object: ",
            "observe failed: cannot dry-run: ",
        ):
            assert diagnosis.classify(prefix + one)[0] == want, one
    assert diagnosis.classify(webhook)[0] == "ConfigurationProblem"
    manifest: Manifest = {"status": {}}
    _fail(manifest, read)
    failing = asking.unscoped("a", manifest)
    assert (diagnosis.of(failing) is None) == (name in _WAITS)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            'clusters.cluster.x-k8s.io "a" is forbidden: User "system:serviceaccount:a:b" cannot '
            'patch resource "clusters" in API group "cluster.x-k8s.io" in the namespace "a"',
            "CredentialsInvalid",
        ),
        ('secrets "a" is forbidden: User "x" cannot get resource "secrets"', "CredentialsInvalid"),
        ("Unauthorized", "CredentialsInvalid"),
        (
            'clusters.cluster.x-k8s.io "a" is forbidden: exceeded quota: b, requested: count=1',
            "QuotaExceeded",
        ),
        (
            'shoots.core.gardener.cloud "a" is forbidden: quota limits exceeded. Unable to '
            "allocate further cpu",
            "QuotaExceeded",
        ),
        (
            'clusters.cluster.x-k8s.io "a" is forbidden: unable to create new content in '
            "namespace a because it is being terminated",
            "ConfigurationProblem",
        ),
        (
            'Cluster.cluster.x-k8s.io "quota-429" is invalid: spec.topology.variables[quota]: '
            "Forbidden: timeout",
            "ConfigurationProblem",
        ),
        (
            'admission webhook "validation.cluster.cluster.x-k8s.io" denied the request: '
            'Cluster.cluster.x-k8s.io "a" is invalid: spec.topology.class: Internal error: '
            "ClusterClass b/c not found",
            "ConfigurationProblem",
        ),
        (
            "error computing the desired state of the Cluster topology: context deadline exceeded",
            "Timeout",
        ),
        ("ClusterClass not reconciled. Please check ClusterClass status", "ConfigurationProblem"),
        ('Get "https://127.0.0.1:6443/version": net/http: TLS handshake timeout', "Timeout"),
        ("no matches for nowhere.example/v1, Resource=", "ConfigurationProblem"),
    ],
)
def test_other_texts_of_api_servers(text: str, want: str) -> None:
    """Missing rights and quotas come in the same words, and are distinguished."""
    assert diagnosis.classify(text)[0] == want
    assert diagnosis.classify(f"observe failed: cannot get object: {text}")[0] == want


@pytest.mark.parametrize("name", ["cluster/minimal", "server/web"])
def test_what_a_deletion_would_do(name: str) -> None:
    """Orphan only while it is in force: from when it is observed to when it is ordered no more."""
    layers, order = asking.provider("cluster-stacks"), asking.order(name)
    seen: dict[str, local.Observed] = {}
    reported = []
    for policy in ("Delete",) * 5 + ("Orphan",) * 2 + ("Delete",) * 2:
        order["spec"]["deletionPolicy"] = policy
        outcome = asking.ask(order, layers, seen)
        reported.append(outcome.composite["status"].get("deletionPolicy"))
        seen = simulate.play(outcome.resources)
    assert reported == [None, *["Delete"] * 5, "Orphan", *["Delete"] * 2]
