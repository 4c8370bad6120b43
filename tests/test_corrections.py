"""Correct an order of which nothing was built: a key, an address, a range, on every backend.

Each field is tried in three worlds: where the cloud has refused what would hold it, where that is
still under way, and where it is built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from function import local, simulate
from function.managed import EXTERNAL_NAME
from function.paths import lookup, replaced
from tests import asking
from tests.asking import Manifest
from tests.samples import manifest, public_key

KEYS = [public_key(name) for name in ("ana", "ben")]
POST = (
    "create failed: async create failed: failed to create the resource: [{0 Error creating it: "
    "Expected HTTP response code [201] when accessing [POST https://cloud.example.net/v2.0/ports], "
    'but got 400 instead: {"badRequest": {"code": 400, "message": "no"}}  []}]'
)
DENIED = 'create failed: cannot create object: clusters.example.com "a" is forbidden: no'
FIXED = "spec.forProvider.fixedIp[0].ipAddress"
SERVER = {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-2V-4"}
NETWORKS = [{"name": "backend", "ipAddress": "10.0.0.9"}, {"name": "storage"}]
POOL = {"name": "web", "flavor": "SCS-4V-16", "replicas": 3}
CLUSTER = {"version": "1.34", "nodePools": [POOL]}
INNER = "spec.forProvider.manifest.spec"
WORKERS = f"{INNER}.topology.workers.machineDeployments"


@dataclass(frozen=True)
class Field:
    """A field that is immutable, and what holds it.

    Attributes:
        kind: Kind of the order.
        previous: What is ordered first.
        edit: What is ordered then, by path.
        holder: Prefixes of the keys of what holds it, by a bar.
        seen: Key and path of what is rendered of it, and its value.
        provider: The example provider.
        environment: Edits of the provider's last layer.
    """

    kind: str
    previous: Mapping[str, Any]
    edit: Mapping[str, Any]
    holder: str
    seen: tuple[str, str, Any]
    provider: str = "cluster-stacks"

    @property
    def path(self) -> str:
        """Return the field that the refusal names first."""
        return next(iter(self.edit))


def server(edit: Mapping[str, Any], holder: str, *seen: Any, **spec: Any) -> Field:
    """Return a field of a server."""
    return Field(
        "Server", {**SERVER, **spec}, edit, f"openstack-{holder}", (seen[0], seen[1], seen[2])
    )


def cluster(edit: Mapping[str, Any], path: str, value: Any, provider: str, **spec: Any) -> Field:
    """Return a field of a cluster."""
    root = {"gardener": "gardener-shoot"}.get(provider, "capi-cluster")
    return Field("Cluster", {**CLUSTER, **spec}, edit, root, (root, path, value), provider)


KEYPAIR, PORT, ROOT = "openstack-keypair", "openstack-port-0-0", "openstack-server-0"
FIELDS = {
    "sshKeys": server({"sshKeys": KEYS[1:]}, "keypair", KEYPAIR, "spec.forProvider.publicKey",
                      KEYS[1], sshKeys=KEYS[:1]),
    "sshKeys, none any more": server({"sshKeys": []}, "keypair", KEYPAIR, "kind", None,
                                     sshKeys=KEYS[:1]),
    "userData": server({"userData": "#!/bin/sh\n"}, "server-", ROOT, "spec.forProvider.userData",
                       "#!/bin/sh\n", userData="#!/bin/bash\n"),
    "image": server({"image": {"os": "debian", "version": "13"}}, "server-", ROOT,
                    "spec.forProvider.blockDevice[0].uuid", "9be1c9d2-6a53-4c5f-8f0e-1a2b3c4d5e6f"),
    "zone": server({"zone": "az2"}, "server-", ROOT, "spec.forProvider.availabilityZone", "az2",
                   zone="az1"),
    "zone of a volume": server({"zone": "az2"}, "", "openstack-volume-0-data",
                               "spec.forProvider.availabilityZone", "az2", zone="az1",
                               volumes=[{"name": "data", "sizeGiB": 9}]),
    "bootVolume": server({"bootVolume.sizeGiB": 30}, "server-", ROOT,
                         "spec.forProvider.blockDevice[0].volumeSize", 30,
                         bootVolume={"sizeGiB": 20}),
    "placement": server({"placement.spread": "Strict"}, "server", "openstack-servergroup",
                        "spec.forProvider.policies", ["anti-affinity"],
                        placement={"spread": "Soft"}),
    "placement, none any more": server({"placement.spread": "None"}, "server",
                                       "openstack-servergroup", "kind", None,
                                       placement={"spread": "Soft"}),
    "type of a volume": server({"volumes[data].type": "encrypted"}, "volume-",
                               "openstack-volume-0-data", "spec.forProvider.volumeType",
                               "ssd-luks", volumes=[{"name": "data", "sizeGiB": 9}]),
    "size of a volume": server({"volumes[data].sizeGiB": 5}, "volume-", "openstack-volume-0-data",
                               "spec.forProvider.size", 5,
                               volumes=[{"name": "data", "sizeGiB": 9}]),
    "an address": server({"networks[backend].ipAddress": "10.0.0.8"}, "port-", PORT, FIXED,
                         "10.0.0.8", networks=NETWORKS[:1]),
    "an address, none any more": server({"networks[backend].ipAddress": None}, "port-", PORT,
                                        FIXED, None, networks=NETWORKS[:1]),
    "networks": server({"networks": [{"name": "storage"}]}, "port-", PORT,
                       "spec.forProvider.networkIdSelector.matchLabels.api\\.scs", None,
                       networks=NETWORKS[:1]),
    "cidr": Field("Network", {"cidr": "10.20.0.0/24"}, {"cidr": "10.21.0.0/24"},
                  "openstack-subnet-", ("openstack-subnet-ipv4", "spec.forProvider.cidr",
                                        "10.21.0.0/24")),
    "ipv6": Field("Network", {"cidr": "10.20.0.0/24", "ipv6": True}, {"ipv6": False},
                  "openstack-subnet-ipv6|openstack-interface-ipv6",
                  ("openstack-subnet-ipv6", "kind", None)),
    "ranges on Cluster API": cluster({"network.pods": "10.64.0.0/14"},
                                     f"{INNER}.clusterNetwork.pods.cidrBlocks", ["10.64.0.0/14"],
                                     "cluster-stacks", network={"pods": "10.32.0.0/14"}),
    "nodes on Cluster API": cluster({"network.nodes": "10.9.0.0/20"},
                                    f"{INNER}.topology.variables[nodeCIDR].value", "10.9.0.0/20",
                                    "cluster-stacks"),
    "exposure on Cluster API": cluster(
        {"apiServer.exposure": "Private"},
        f"{INNER}.topology.variables[disableAPIServerFloatingIP].value", True, "cluster-stacks"),
    "availability on Cluster API": cluster(
        {"controlPlane.availability": "None"}, f"{INNER}.topology.controlPlane.replicas", 1,
        "cluster-stacks", controlPlane={"availability": "Zone"}),
    "zones on Cluster API": cluster(
        {"nodePools[web].zones": ["az2"]}, f"{WORKERS}[web].failureDomain", "az2",
        "cluster-stacks", nodePools=[{**POOL, "zones": ["az1"]}]),
    "a version on Cluster API": cluster({"version": "1.34"}, f"{INNER}.topology.version", "v1.34.7",
                                        "cluster-stacks", version="1.35"),
    "ranges on Gardener": cluster({"network.pods": "10.64.0.0/14"}, f"{INNER}.networking.pods",
                                  "10.64.0.0/14", "gardener", network={"pods": "10.32.0.0/14"}),
    "availability on Gardener": cluster({"controlPlane.availability": "None"},
                                        f"{INNER}.controlPlane", None, "gardener",
                                        controlPlane={"availability": "Zone"}),
    "zones on Gardener": cluster(
        {"nodePools[web].zones": ["az2"]}, f"{INNER}.provider.workers[web].zones", ["az2"],
        "gardener", nodePools=[{**POOL, "zones": ["az1"]}]),
}  # fmt: skip

each_field = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)


def order(field: Field, spec: Mapping[str, Any]) -> Manifest:
    """Return an order."""
    return manifest(field.kind, dict(spec), "kiosk")


def edited(field: Field) -> Manifest:
    """Return the order after the edit; what is None is taken out."""
    spec: Any = dict(field.previous)
    for path, value in field.edit.items():
        spec = replaced(spec, path, value)
    return order(field, _without_none(spec))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list) else value


def built(field: Field) -> dict[str, local.Observed]:
    """Return what is observed once all of it is built."""
    result: dict[str, local.Observed] = {}
    for _ in range(5):
        outcome = ask(field, order(field, field.previous), result)
        assert not outcome.fatal, outcome.fatal
        result = simulate.play(outcome.resources)
    return result


def refused(field: Field, **annotations: str) -> dict[str, local.Observed]:
    """Return what is observed where the cloud has refused what would hold the field.

    What needs it in turn was never asked for.
    """
    found, holders = built(field), tuple(field.holder.split("|"))
    later = tuple(f"openstack-{part}-" for part in ("server", "floatingip", "attachment"))
    return {
        key: _refused(one, **annotations) if key.startswith(holders) else one
        for key, one in found.items()
        if key.startswith(holders) or not key.startswith(later)
    }


def _refused(one: local.Observed, **annotations: str) -> local.Observed:
    manifest = one.manifest
    metadata = manifest["metadata"]
    known = {k: v for k, v in metadata["annotations"].items() if k != EXTERNAL_NAME}
    known |= {f"crossplane.io/external-create-{k}": v for k, v in annotations.items()}
    text = DENIED if manifest["kind"] == "Object" else POST
    condition = {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": text}
    status = {"atProvider": {}, "conditions": [condition]}
    metadata = {**metadata, "annotations": known}
    return local.Observed({**manifest, "metadata": metadata, "status": status})


def ask(field: Field, manifest: Manifest, observed: Mapping[str, local.Observed]) -> local.Outcome:
    """Ask about an order."""
    return asking.ask(manifest, asking.provider(field.provider), observed)


@each_field
def test_what_was_refused_is_corrected(field: Field) -> None:
    """The edit is accepted, and what is rendered follows it."""
    outcome = ask(field, edited(field), refused(field))
    assert not outcome.fatal, outcome.fatal
    key, path, value = field.seen
    if key in outcome.resources:
        assert lookup(outcome.resources[key], path) == value
    else:
        assert value is None or key == ROOT, "it is not rendered any more"
    held = outcome.composite["status"].get("immutableFields", [])
    assert f"spec.{field.path}" not in held


@each_field
def test_what_is_refused_comes_to_an_end(field: Field) -> None:
    """Once it is corrected all of it is built, as a new order would be."""
    observed = refused(field)
    for _ in range(6):
        outcome = ask(field, edited(field), observed)
        assert not outcome.fatal, outcome.fatal
        observed = simulate.play(outcome.resources)
    fresh: dict[str, local.Observed] = {}
    for _ in range(6):
        new = ask(field, edited(field), fresh)
        fresh = simulate.play(new.resources)
    assert outcome.complete
    key, path, value = field.seen
    assert sorted(outcome.resources) == sorted(new.resources)
    assert value is None or lookup(outcome.resources[key], path) == value


@each_field
def test_what_is_under_way_counts_as_built(field: Field) -> None:
    """A creation has begun again, and nobody knows how it ends."""
    times = {"failed": "2026-11-20T12:00:00Z", "pending": "2026-11-20T12:00:30Z"}
    outcome = ask(field, edited(field), refused(field, **times))
    assert field.path in outcome.fatal


@each_field
def test_what_is_built_is_kept(field: Field) -> None:
    """The refusal names the field, and status has named it before."""
    observed = built(field)
    assert field.path in ask(field, edited(field), observed).fatal
    status = ask(field, order(field, field.previous), observed).composite["status"]
    fixed = status["immutableFields"]
    top = f"spec.{field.path}".partition("[")[0].partition(".sizeGiB")[0]
    grows = ("sizeGiB", "zones", "availability", "version")
    assert field.path.endswith(grows) or any(one.startswith(top) for one in fixed)
