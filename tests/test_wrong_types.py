"""Check that data of other types than they should have are never an error of ours.

What is observed counts as not observed, a record as lost; nothing live changes because of it.
"""

import copy
import functools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from function import environment, local, simulate
from function.backends import SETTINGS
from function.bound import ANNOTATION
from function.fn import FunctionRunner
from function.paths import replaced
from tests import asking

Data = dict[str, Any]
Seen = Mapping[str, local.Observed]
VOLUME = {"name": "data", "sizeGiB": 20}
SERVER = {**asking.order("server/minimal")}
SERVER["spec"] = {**SERVER["spec"], "volumes": [VOLUME]}
CLUSTER, NETWORK = asking.order("cluster/minimal"), asking.order("network/minimal")
# With what is compared with what a live pool has.
CLUSTER = replaced(CLUSTER, "spec.nodePools[main].labels", {"tier": "web"})
ROOTS = {"Cluster": "capi-cluster", "Server": "openstack-secgroup", "Network": "openstack-network"}
LAYERS = {name: asking.versioned(asking.provider(name)) for name in ("cluster-stacks", "gardener")}
ask = functools.partial(asking.ask, runner=FunctionRunner())


def built(order: Data, provider: str = "cluster-stacks") -> Seen:
    """Return what there is of an order after all waves."""
    seen: Seen = {}
    for _ in range(5):
        outcome = ask(order, LAYERS[provider], seen)
        assert not outcome.fatal
        seen = simulate.play(outcome.resources)
    return seen


SEEN = {
    ("capi-cluster", "cluster-stacks"): (CLUSTER, built(CLUSTER)),
    ("gardener-shoot", "gardener"): (CLUSTER, built(CLUSTER, "gardener")),
    ("openstack-volume-0-data", "cluster-stacks"): (SERVER, built(SERVER)),
    ("openstack-server-0", "cluster-stacks"): (SERVER, built(SERVER)),
    ("openstack-subnet-ipv4", "cluster-stacks"): (NETWORK, built(NETWORK)),
}
LIVE, STORED, SHOWN = "status.atProvider.manifest", "spec.forProvider.manifest", "status.atProvider"
# A path in an observed resource, values that no provider writes, and how the order is answered.
WRONG: list[tuple[str, str, str, tuple[Any, ...]]] = [
    ("openstack-volume-0-data", "spec.forProvider.size", "", ("20", None, 1.5, [], {"a": 1})),
    ("openstack-volume-0-data", f"{SHOWN}.size", "", ("x", "20", None, [20])),
    ("openstack-volume-0-data", f"{SHOWN}.id", "", (7, {"a": 1}, [])),
    ("openstack-server-0", f"{SHOWN}.network", "", ("x", [1], [{"fixedIpV4": 7}], {})),
    ("openstack-server-0", f"{SHOWN}.powerState", "", (True, ["active"])),
    ("openstack-server-0", "status.conditions", "", ("x", [1], [{"type": [], "status": {}}])),
    ("openstack-subnet-ipv4", "spec.forProvider.cidr", "", ("10.30.0.0/31", "x", "", 7, "::/64")),
    ("openstack-subnet-ipv4", f"{SHOWN}.cidr", "", (7, [], None)),
    ("capi-cluster", LIVE, "", ("x", 7, [], None)),
    ("capi-cluster", f"{LIVE}.status", "", ("x", [], {"conditions": 1, "workers": "x"})),
    ("capi-cluster", f"{LIVE}.status.workers", "", ({"versions": [1]}, {"readyReplicas": []})),
    ("capi-cluster", f"{LIVE}.spec.topology.version", "", (True, "x", "v1.34.\u00b2", [])),
    ("capi-cluster", f"{LIVE}.spec.topology.workers", "", ("x", {"machineDeployments": [None]})),
    (
        "capi-cluster",
        f"{LIVE}.spec.topology.workers.machineDeployments",
        "",
        ([{"name": "main", "replicas": None}], [{"name": [], "replicas": "3"}], {}),
    ),
    ("capi-cluster", f"{STORED}.spec.topology.version", "", (True, "x", None)),
    ("capi-cluster", f"{STORED}.spec.topology.variables", "", ("x", [1], [{"name": {}}])),
    ("capi-cluster", f"{STORED}.spec.topology.controlPlane", "", ("x", {"replicas": "3"})),
    ("capi-cluster", STORED, "DeletionRefused", ("x", 7, [], {"kind": 1})),
    ("gardener-shoot", LIVE, "", ("x", 7, [])),
    ("gardener-shoot", f"{LIVE}.status", "", ("x", {"lastOperation": 1, "lastErrors": [{}]})),
    ("gardener-shoot", f"{LIVE}.status.advertisedAddresses", "", ("x", [1], [{"name": []}])),
    ("gardener-shoot", f"{LIVE}.status.lastOperation", "", ({"progress": "x"}, [], "Create")),
    ("gardener-shoot", f"{LIVE}.spec.kubernetes.version", "", (True, "x", [], "999.1.1.1/8")),
    ("gardener-shoot", f"{LIVE}.spec.kubernetes.version", "", ("1.34.7+x", "v1.34.7-rc.1")),
    ("capi-cluster", f"{LIVE}.spec.topology.version", "", ("v1.34.7+rke2r1", "v1.34.7.1")),
    ("gardener-shoot", f"{STORED}.spec.provider.workers", "DeletionRefused", ([{"name": 7}],)),
    ("gardener-shoot", f"{STORED}.spec.provider.workers[main].labels", "", ("x", [1], {"a": 1})),
    ("gardener-shoot", f"{STORED}.spec.cloudProfile", "", ("x", 7)),
    ("gardener-shoot", f"{STORED}.spec.purpose", "", (7, [])),
    ("gardener-shoot", f"{STORED}.spec.extensions", "", ("x", [{"type": 7}], [1])),
]
CASES = [
    pytest.param(key, path, reason, value, id=f"{key} {path} {value!a}")
    for key, path, reason, values in WRONG
    for value in values
]


def changed(manifest: Data, path: str, value: Any) -> Data:
    """Return a manifest with another value at a path."""
    return replaced(copy.deepcopy(manifest), path, value)


@pytest.mark.parametrize(("key", "path", "reason", "value"), CASES)
def test_observed(key: str, path: str, reason: str, value: Any) -> None:
    """Take it for what nobody has looked at yet, and ask the same of the provider."""
    provider = next(name for known, name in SEEN if known == key)
    order, seen = SEEN[key, provider]
    previous = ask(order, LAYERS[provider], seen)
    manifest = changed(seen[key].manifest, path, value)
    broken = {**seen, key: local.Observed(manifest, seen[key].connection)}
    outcome = ask(order, LAYERS[provider], broken)
    assert outcome.fatal.partition(":")[0] == reason
    if not reason:
        assert {k: r["spec"] for k, r in outcome.resources.items()} == {
            k: r["spec"] for k, r in previous.resources.items()
        }


@pytest.mark.parametrize("value", [7, True, ["x"], "x", {"sizeGiB": "x"}, [{"sizeGiB": "x"}]])
def test_values_of_a_class(value: Any) -> None:
    """They are free: what is applied stays, and what of it cannot be counted is not."""
    order, seen = SEEN["capi-cluster", "cluster-stacks"]
    at = f"{STORED}.spec.topology.variables[workerAdditionalBlockDevices].value"
    manifest = changed(seen["capi-cluster"].manifest, at, value)
    outcome = ask(order, LAYERS["cluster-stacks"], {"capi-cluster": local.Observed(manifest)})
    assert not outcome.fatal
    assert (
        outcome.resources["capi-cluster"]["spec"]["forProvider"] == manifest["spec"]["forProvider"]
    )


JUNK: tuple[Any, ...] = (None, True, 7, "x", [], [{}], {"x": {"y": 1}}, "\ud800")


def record(order: Data, path: str, value: Any, provider: str = "cluster-stacks") -> local.Outcome:
    """Answer an order whose record has another value at a path."""
    root = "gardener-shoot" if provider == "gardener" else ROOTS[order["kind"]]
    seen = next(s for (_, name), (o, s) in SEEN.items() if o is order and name == provider)
    manifest = copy.deepcopy(seen[root].manifest)
    text = manifest["metadata"]["annotations"][ANNOTATION]
    broken = json.dumps(replaced(json.loads(text), path, value))
    manifest["metadata"]["annotations"][ANNOTATION] = broken
    return ask(order, LAYERS[provider], {**seen, root: local.Observed(manifest)})


RECORDS: list[tuple[Data, str, str]] = [
    *(
        (CLUSTER, provider, path)
        for provider in LAYERS
        for path in (
            *("asked", "asked.nodePools", "asked.nodePools[main].zones", "asked.version"),
            *("asked.nodePools[main].replicas", "asked.nodePools[main].size", "asked.access"),
            *("filled", "filled.version", "filled.nodePools", "version", "machines.main"),
            *("machines.main.cpu", "machines.main.flavor", "estimate.cpu", "zones", "place"),
            *("place.environment", "place.providerConfig", "revision", "oidc", "profile"),
        )
    ),
    *(
        (SERVER, "cluster-stacks", path)
        for path in (
            *("asked.replicas", "asked.volumes", "asked.volumes[data].name", "asked.image"),
            *("asked.volumes[data].sizeGiB", "asked.firewall", "boot", "boot.sizeGiB", "image"),
            *("image.id", "volumeTypes", "machines.server", "machines.server.diskGiB"),
        )
    ),
    *((NETWORK, "cluster-stacks", path) for path in ("asked.cidr", "asked.dnsServers", "filled")),
]


@pytest.mark.parametrize(
    ("order", "provider", "path"), RECORDS, ids=[f"{o['kind']} {n} {p}" for o, n, p in RECORDS]
)
def test_records(order: Data, provider: str, path: str) -> None:
    """Rebuild what the rest shows, or refuse for the operator to act; it is no error of ours."""
    reasons = {record(order, path, value, provider).fatal.partition(":")[0] for value in JUNK}
    operators = {"BindingLost", "FunctionOutdated", "MoveRefused", "EnvironmentInvalid"}
    assert reasons <= {"", "InvalidOrder", *operators}


def test_a_record_of_other_types_is_rebuilt() -> None:
    """Answer the live order, and write a complete record again."""
    outcome = record(CLUSTER, "asked.nodePools[main].replicas", [1])
    assert not outcome.fatal
    annotations = outcome.resources["capi-cluster"]["metadata"]["annotations"]
    assert json.loads(annotations[ANNOTATION])["asked"] == CLUSTER["spec"]


def test_a_fill_of_an_unknown_field_is_newer() -> None:
    """Do not forget what a newer function's policy has filled in."""
    outcome = record(CLUSTER, "filled", {"backups.days": 7})
    assert outcome.fatal.startswith("FunctionOutdated: api.scs.community/bound: policy filled")


@pytest.mark.parametrize("value", ["x", 7, [], None, {}, {"name": 7}, {"name": ["x"]}])
def test_environments(value: Any) -> None:
    """Take an EnvironmentConfig whose metadata make no sense for one without a name."""
    layer = {**asking.provider("kaas-only")[0], "metadata": value}
    assert environment.assemble("default", [layer], [], SETTINGS).root == "without a name"


@pytest.mark.parametrize("value", [5, "x", {"a": 1}, [1], [["x"]], True])
def test_volumes_of_a_class(value: Any) -> None:
    """Say of a variable that pools add to what it must be, before anything is added to it."""
    layers = copy.deepcopy(LAYERS["cluster-stacks"])
    classes = next(layer["data"]["classes"] for layer in layers if "classes" in layer["data"])
    classes[0]["variables"] = {"workerAdditionalBlockDevices": value}
    order = copy.deepcopy(CLUSTER)
    order["spec"]["nodePools"][0]["dataVolumes"] = [VOLUME]
    assert asking.ask(order, layers).fatal == (
        "EnvironmentInvalid: classes[default].variables: variable workerAdditionalBlockDevices "
        "must be a list of volumes, each a mapping"
    )


@pytest.mark.parametrize("part", ["namespace", "name"])
@pytest.mark.parametrize("value", [7, True, [], {}, None, "", {"a": "b"}, "UPPER", "a.b", "x" * 64])
def test_owners(part: str, value: Any) -> None:
    """Refuse a composite that belongs to no tenant, and one whose tenant is no namespace."""
    composite = local.claimed(CLUSTER, "acme")
    composite["spec"]["claimRef"][part] = value
    fatal = ask(composite, LAYERS["cluster-stacks"]).fatal
    valid = part == "name" and isinstance(value, str) and value
    assert valid or fatal.startswith("InvalidOrder: metadata.namespace: an order belongs to")
