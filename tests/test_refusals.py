"""Read every refusal as the one does who has to act on it.

Each row is one mistake: the exact sentence has the path of the field, says what is accepted,
and begins with the reason that tells who acts. What a tenant reads of an operator's mistake
holds nothing of how the provider is set up.
"""

import re
from typing import Any

import pytest

from function import errors, local, simulate
from function.backends import BACKENDS, SETTINGS
from function.contract import Mode
from function.local import Observed
from function.model import API_GROUP
from function.paths import replaced
from tests import asking
from tests.asking import edited
from tests.samples import UBUNTU, config, manifest, public_key

Data = dict[str, Any]
Edits = dict[str, Any]

ENVIRONMENT: Data = config(
    "csp-root",
    {
        "displayName": "Cloud",
        "kinds": {"Cluster": "capi", "Server": "openstack"},
        "overlays": "Optional",
        "zones": [{"name": "az1"}, {"name": "az2"}],
        "flavors": [{"name": "SCS-2V-4"}, {"name": "SCS-2V-4-20s"}, {"name": "SCS-4V-16"}],
        "images": [UBUNTU],
        "volumeTypes": [{"name": "ssd", "backendName": "SSD-3"}],
        "kubernetesVersions": [
            {"version": "1.33.5", "classes": {"default": "c33"}},
            {"version": "1.34.7", "classes": {"default": "c34"}},
        ],
        "classes": [{"name": "default", "profile": "scs2"}],
        "access": {"oidc": {"issuerURL": "https://id.example", "clientID": "k8s"}},
        "limits": {"cpu": 40},
        "policy": [
            {
                "field": "spec.nodePools[].replicas",
                "max": 9,
                "reason": "Ask support for larger pools.",
            },
            {"field": "spec.publicIP", "pin": False, "reason": "No public addresses here."},
        ],
        "backends": {
            "capi": {},
            "openstack": {
                "defaultNetwork": "default",
                "networks": [{"name": "default", "id": "3f0a7f5e"}],
            },
        },
    },
    environment="default",
)
POOLS = [{"name": "web", "flavor": "SCS-2V-4", "replicas": 2}]
CLUSTER: Data = manifest("Cluster", {"version": "1.34", "nodePools": POOLS})
IMAGE = {"os": "ubuntu", "version": "24.04"}
SERVER: Data = manifest("Server", {"image": IMAGE, "flavor": "SCS-2V-4-20s"}, "box")
OVERLAY: Data = config("csp-acme", {}, overlay="default", tenant="acme")


def test_what_is_edited_is_valid() -> None:
    """Every refusal below comes from its edit."""
    for order in (CLUSTER, SERVER):
        assert asking.ask(order, [ENVIRONMENT]).fatal == ""


TENANT: dict[str, tuple[Data, Data, str]] = {
    "unquoted version": (
        CLUSTER,
        {"version": 1.34},
        'InvalidOrder: spec.version: must be text, but 1.34 is a number in YAML: quote it: "1.34"',
    ),
    "version with v": (
        CLUSTER,
        {"version": "v1.34"},
        'InvalidOrder: spec.version: must be a version such as "1.34", "1.34.x" or "1.34.7"',
    ),
    "version not offered": (
        CLUSTER,
        {"version": "1.30"},
        "InvalidOrder: spec.version: not offered here; offered: 1.33.5, 1.34.7",
    ),
    "version null": (CLUSTER, {"version": None}, "InvalidOrder: spec.version: required"),
    "pools as a mapping": (
        CLUSTER,
        {"nodePools": {}},
        "InvalidOrder: spec.nodePools: must be a list",
    ),
    "replicas as text": (
        CLUSTER,
        {"nodePools[web].replicas": "3"},
        "InvalidOrder: spec.nodePools[web].replicas: must be a whole number, without quotes: "
        "write 3",
    ),
    "replicas below none": (
        CLUSTER,
        {"nodePools[web].replicas": -1},
        "InvalidOrder: spec.nodePools[web].replicas: must be at least 0",
    ),
    "too many replicas": (
        CLUSTER,
        {"nodePools[web].replicas": 10},
        "PolicyViolation: spec.nodePools[web].replicas: must be at most 9. Ask support "
        "for larger pools.",
    ),
    "pool name": (
        CLUSTER,
        {"nodePools[web].name": "Web_1"},
        "InvalidOrder: spec.nodePools[Web_1].name: must be lower-case letters, digits "
        "and dashes, as in a DNS label",
    ),
    "long pool name": (
        CLUSTER,
        {"nodePools[web].name": "a-very-long-pool-name"},
        "InvalidOrder: spec.nodePools[a-very-long-pool-name].name: must have at most 15 characters",
    ),
    "pool twice": (
        CLUSTER,
        {
            "nodePools": [
                {"name": "a", "flavor": "SCS-2V-4", "replicas": 1},
                {"name": "a", "flavor": "SCS-2V-4", "replicas": 1},
            ]
        },
        "InvalidOrder: spec.nodePools: two pools have the same name",
    ),
    "flavor and size": (
        CLUSTER,
        {"nodePools[web].size": {"cpu": 1, "memoryGiB": 1}},
        "InvalidOrder: spec.nodePools[web]: exactly one of flavor, size is required",
    ),
    "neither flavor nor size": (
        CLUSTER,
        {"nodePools[web].flavor": None},
        "InvalidOrder: spec.nodePools[web]: exactly one of flavor, size is required",
    ),
    "flavor not offered": (
        CLUSTER,
        {"nodePools[web].flavor": "SCS-8V-32"},
        "InvalidOrder: spec.nodePools[web].flavor: not offered here; nearest: "
        "SCS-4V-16, SCS-2V-4, SCS-2V-4-20s",
    ),
    "foreign flavor not offered": (
        CLUSTER,
        {"nodePools[web].flavor": "m1.small"},
        "InvalidOrder: spec.nodePools[web].flavor: not offered here; offered: SCS-2V-4, "
        "SCS-2V-4-20s, SCS-4V-16",
    ),
    "flavor misspelt": (
        CLUSTER,
        {"nodePools[web].flavor": "SCS-2X-4"},
        "InvalidOrder: spec.nodePools[web].flavor: is no scs-0100 name: flavor "
        "'SCS-2X-4' does not begin with vCPUs, one of L, V, T, C, and memory, as "
        "SCS-2V-4 does",
    ),
    "memory as text": (
        CLUSTER,
        {"nodePools": [{"name": "a", "size": {"cpu": 1, "memoryGiB": "4"}, "replicas": 1}]},
        "InvalidOrder: spec.nodePools[a].size.memoryGiB: must be a number, without quotes: write 4",
    ),
    "memory in odd steps": (
        CLUSTER,
        {"nodePools": [{"name": "a", "size": {"cpu": 1, "memoryGiB": 0.7}, "replicas": 1}]},
        "InvalidOrder: spec.nodePools[a].size.memoryGiB: must be a multiple of 0.5",
    ),
    "size too large": (
        CLUSTER,
        {"nodePools": [{"name": "a", "size": {"cpu": 99, "memoryGiB": 1}, "replicas": 1}]},
        "InvalidOrder: spec.nodePools[a].size: no offered flavor has all of this; "
        "nearest: SCS-4V-16, SCS-2V-4, SCS-2V-4-20s",
    ),
    "zone not offered": (
        CLUSTER,
        {"nodePools[web].zones": ["az9"]},
        "InvalidOrder: spec.nodePools[web].zones: not offered here; offered: az1, az2",
    ),
    "zone twice": (
        CLUSTER,
        {"nodePools[web].zones": ["az1", "az1"]},
        "InvalidOrder: spec.nodePools[web].zones: contains a duplicate zone",
    ),
    "zones as text": (
        CLUSTER,
        {"nodePools[web].zones": "az1"},
        "InvalidOrder: spec.nodePools[web].zones: must be a list",
    ),
    "small root volume": (
        CLUSTER,
        {"nodePools[web].rootVolume": {"sizeGiB": 5}},
        "InvalidOrder: spec.nodePools[web].rootVolume.sizeGiB: must be at least 10",
    ),
    "too few zones": (
        CLUSTER,
        {"controlPlane.availability": "Zone"},
        "InvalidOrder: spec.controlPlane.availability: Zone needs 3 zones, this "
        "environment has 2; accepted: None, Node",
    ),
    "availability in lower case": (
        CLUSTER,
        {"controlPlane.availability": "zone"},
        "InvalidOrder: spec.controlPlane.availability: must be one of 'None', 'Node', 'Zone'",
    ),
    "null in a list": (
        CLUSTER,
        {"nodePools": [None]},
        "InvalidOrder: spec.nodePools[0]: must be a mapping of fields: annotations, antiAffinity, "
        "autoscaling, dataVolumes, drainTimeout, flavor, labels, name, replicas, rootVolume, size, "
        "taints, update, zones",
    ),
    "class not offered": (
        CLUSTER,
        {"class": "gpu"},
        "InvalidOrder: spec.class: not offered here; offered: default",
    ),
    "issuer without TLS": (
        CLUSTER,
        {"access.oidc": {"issuerURL": "http://id"}},
        "InvalidOrder: spec.access.oidc.clientID: required; spec.access.oidc.issuerURL: "
        "must be an https URL, without user, query or fragment",
    ),
    "group as a number": (
        CLUSTER,
        {"access.adminGroups": ["a", 5]},
        "InvalidOrder: spec.access.adminGroups[1]: must be text, but 5 is a number in "
        'YAML: quote it: "5"',
    ),
    "protection as text": (
        CLUSTER,
        {"deletionProtection": "no"},
        "InvalidOrder: spec.deletionProtection: must be true or false, without quotes: write false",
    ),
    "deletion policy": (
        CLUSTER,
        {"deletionPolicy": "Retain"},
        "InvalidOrder: spec.deletionPolicy: must be one of 'Delete', 'Orphan'",
    ),
    "over the limit": (
        CLUSTER,
        {
            "nodePools": [
                {"name": "p0", "flavor": "SCS-4V-16", "replicas": 6},
                {"name": "p1", "flavor": "SCS-4V-16", "replicas": 6},
            ]
        },
        "PolicyViolation: spec: asks for 48 cpu in all, at most 40 are allowed in one order",
    ),
    "policy and what is offered": (
        CLUSTER,
        {"version": "1.99", "nodePools[web].replicas": 99},
        "PolicyViolation: spec.nodePools[web].replicas: must be at most 9. Ask support "
        "for larger pools.; spec.version: not offered here; offered: 1.33.5, 1.34.7",
    ),
    "image version as a number": (
        SERVER,
        {"image": {"os": "ubuntu", "version": 24.04}},
        "InvalidOrder: spec.image.version: must be text, but 24.04 is a number in YAML: "
        'quote it: "24.04"',
    ),
    "image without version": (
        SERVER,
        {"image": {"os": "ubuntu"}},
        "InvalidOrder: spec.image: os and version go together",
    ),
    "empty image": (
        SERVER,
        {"image": {}},
        "InvalidOrder: spec.image: exactly one of os, name is required",
    ),
    "image not offered": (
        SERVER,
        {"image": {"os": "plan9", "version": "4"}},
        "InvalidOrder: spec.image: not offered here for amd64; offered: ubuntu 24.04",
    ),
    "image name not offered": (
        SERVER,
        {"image": {"name": "x"}},
        "InvalidOrder: spec.image: not offered here for amd64; offered: Ubuntu 24.04",
    ),
    "image as text": (
        SERVER,
        {"image": "ubuntu"},
        "InvalidOrder: spec.image: must be a mapping of fields: name, os, version",
    ),
    "neither size nor flavor": (
        SERVER,
        {"flavor": None},
        "InvalidOrder: spec: exactly one of size, flavor is required",
    ),
    "both size and flavor": (
        SERVER,
        {"size": {"cpu": 1, "memoryGiB": 1}},
        "InvalidOrder: spec: exactly one of size, flavor is required",
    ),
    "no replicas": (SERVER, {"replicas": 0}, "InvalidOrder: spec.replicas: must be at least 1"),
    "too many servers": (
        SERVER,
        {"replicas": 51},
        "InvalidOrder: spec.replicas: must be at most 50",
    ),
    "private key": (
        SERVER,
        {"sshKeys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]},
        "InvalidOrder: spec.sshKeys[0]: must be a public key in one line, such as "
        "ssh-ed25519 AAAAC3Nza name",
    ),
    "pinned": (
        SERVER,
        {"publicIP": True},
        "PolicyViolation: spec.publicIP: must be false. No public addresses here.",
    ),
    "flag as text": (
        SERVER,
        {"publicIP": "yes"},
        "InvalidOrder: spec.publicIP: must be true or false, without quotes: write true",
    ),
    "network not offered": (
        SERVER,
        {"networks": [{"name": "nope"}]},
        "InvalidOrder: spec.networks[nope]: not offered here; offered: default",
    ),
    "network twice": (
        SERVER,
        {"networks": [{"name": "default"}, {"name": "default"}]},
        "InvalidOrder: spec: networks contains a duplicate network",
    ),
    "address": (
        SERVER,
        {"networks": [{"name": "default", "ipAddress": "10.0.0.300"}]},
        "InvalidOrder: spec.networks[default].ipAddress: must be an IPv4 address",
    ),
    "address for two": (
        SERVER,
        {"replicas": 2, "networks": [{"name": "default", "ipAddress": "10.0.0.3"}]},
        "InvalidOrder: spec: networks[].ipAddress goes with one replica only",
    ),
    "port as a number": (
        SERVER,
        {"firewall.ingress": [{"protocol": "tcp", "ports": 443}]},
        "InvalidOrder: spec.firewall.ingress[0].ports: must be text, but 443 is a "
        'number in YAML: quote it: "443"',
    ),
    "ports the wrong way round": (
        SERVER,
        {"firewall.ingress": [{"protocol": "tcp", "ports": "443-80"}]},
        "InvalidOrder: spec.firewall.ingress[0]: ports must lie between 1 and 65535, "
        "the lower first",
    ),
    "ports of icmp": (
        SERVER,
        {"firewall.ingress": [{"protocol": "icmp", "ports": "443"}]},
        "InvalidOrder: spec.firewall.ingress[0]: ports go with tcp and udp only",
    ),
    "protocol in upper case": (
        SERVER,
        {"firewall.ingress": [{"protocol": "TCP"}]},
        "InvalidOrder: spec.firewall.ingress[0].protocol: must be one of 'tcp', 'udp', "
        "'icmp', 'any'",
    ),
    "network with host bits": (
        SERVER,
        {"firewall.ingress": [{"protocol": "tcp", "from": ["10.0.0.1/8"]}]},
        "InvalidOrder: spec.firewall.ingress[0].from: must be networks such as "
        "203.0.113.0/24 or 2001:db8::/32, no host bits set",
    ),
    "peers empty": (
        SERVER,
        {"firewall.ingress": [{"protocol": "tcp", "from": []}]},
        "InvalidOrder: spec.firewall.ingress[0].from: must not be empty",
    ),
    "boot volume too small": (
        SERVER,
        {"bootVolume.sizeGiB": 4},
        "InvalidOrder: spec.bootVolume.sizeGiB: must be at least 8",
    ),
    "volume type not offered": (
        SERVER,
        {"bootVolume.type": "nvme"},
        "InvalidOrder: spec.bootVolume.type: not offered here; offered: ssd",
    ),
    "server zone not offered": (
        SERVER,
        {"zone": "az9"},
        "InvalidOrder: spec.zone: not offered here; offered: az1, az2",
    ),
    "user data as a number": (
        SERVER,
        {"userData": 7},
        "InvalidOrder: spec.userData: must be text, but is a number in YAML: quote it",
    ),
    "servers over the limit": (
        SERVER,
        {"flavor": "SCS-4V-16", "replicas": 11},
        "PolicyViolation: spec: asks for 44 cpu in all, at most 40 are allowed in one order",
    ),
    "running as text": (
        SERVER,
        {"running": "on"},
        "InvalidOrder: spec.running: must be true or false, without quotes: write true",
    ),
}


@pytest.mark.parametrize(("order", "edits", "want"), TENANT.values(), ids=TENANT)
def test_what_the_tenant_corrects(order: Data, edits: Edits, want: str) -> None:
    """Whoever wrote the order reads the same sentence as who reads the composite."""
    outcome = asking.ask(edited(order, "spec", edits), [ENVIRONMENT])
    reason, _, sentence = want.partition(": ")
    assert outcome.fatal == want
    assert outcome.warnings == (sentence,)
    assert issubclass(getattr(errors, reason), errors.TenantRefusal)
    assert outcome.resources == {}


CHANGES: dict[str, tuple[Data, Edits, Edits, str]] = {
    "version down": (
        CLUSTER,
        {},
        {"version": "1.33"},
        "InvalidOrder: spec.version: versions never go down; the cluster runs 1.34.7",
    ),
    "availability": (
        CLUSTER,
        {},
        {"controlPlane.availability": "None"},
        "InvalidOrder: spec.controlPlane.availability: cannot be changed once it is built, set it "
        'back to "Node"',
    ),
    "new pool of a flavor that is not offered": (
        CLUSTER,
        {},
        {"nodePools": [*CLUSTER["spec"]["nodePools"], {"name": "b", "flavor": "SCS-1V-1",
                                                       "replicas": 1}]},
        "InvalidOrder: spec.nodePools[b].flavor: not offered here; nearest: SCS-2V-4, "
        "SCS-2V-4-20s, SCS-4V-16",
    ),
    "user data": (
        SERVER,
        {"userData": "#!/bin/sh secret"},
        {"userData": "#!/bin/sh"},
        "InvalidOrder: spec.userData: cannot be changed once it is built",
    ),
    "keys": (
        SERVER,
        {"sshKeys": [public_key("a")]},
        {"sshKeys": []},
        "InvalidOrder: spec.sshKeys: cannot be changed once it is built",
    ),
    "zone": (
        SERVER,
        {},
        {"zone": "az1"},
        "InvalidOrder: spec.zone: cannot be changed once it is built",
    ),
    "boot volume": (
        SERVER,
        {},
        {"bootVolume": {"sizeGiB": 20}},
        "InvalidOrder: spec.bootVolume: cannot be changed once it is built",
    ),
    "to a flavor without a disk": (
        SERVER,
        {},
        {"flavor": "SCS-4V-16"},
        "InvalidOrder: spec.flavor: the servers boot from the disk of their flavor; SCS-4V-16 "
        "has none",
    ),
    "everything at once": (
        SERVER,
        {"zone": "az1", "replicas": 2, "volumes": [{"name": "data", "sizeGiB": 9}]},
        {"zone": "az2", "replicas": 1, "publicIP": True, "flavor": "SCS-9V-9",
         "volumes": [{"name": "data", "sizeGiB": 8}]},
        'InvalidOrder: spec.volumes[data].sizeGiB: can only grow, set it back to 9 or more; '
        'spec.zone: cannot be changed once it is built, set it back to "az1"; '
        "spec.replicas: fewer than 2 would destroy the data of the rest; set "
        "spec.deletionProtection to false first; "
        "spec.publicIP: must be false. No public addresses here.; "
        "spec.flavor: not offered here; nearest: SCS-4V-16, SCS-2V-4, SCS-2V-4-20s",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("order", "first", "then", "want"), CHANGES.values(), ids=CHANGES)
def test_changes_that_the_tenant_takes_back(
    order: Data, first: Edits, then: Edits, want: str
) -> None:
    """A refused change names the current value, and never a private one."""
    previous = edited(order, "spec", first)
    observed = simulate.play(asking.ask(previous, [ENVIRONMENT]).resources)
    outcome = asking.ask(edited(previous, "spec", then), [ENVIRONMENT], observed)
    assert outcome.fatal == want
    assert outcome.warnings == (want.partition(": ")[2],)


def test_what_only_the_provider_mends_comes_last() -> None:
    """A tenant reads of their own mistakes as long as there are any."""
    layers = [edited(ENVIRONMENT, "data", {"kubernetesVersions": VERSIONS})]
    observed = simulate.play(asking.ask(CLUSTER, layers).resources)
    later = edited(CLUSTER, "spec", {"version": "1.36"})
    assert asking.ask(later, layers, observed).fatal.startswith("NotOffered: kubernetesVersions")
    wrong = edited(later, "spec", {"nodePools[web].replicas": 99})
    assert asking.ask(wrong, layers, observed).fatal == (
        "PolicyViolation: spec.nodePools[web].replicas: must be at most 9. Ask support for larger "
        "pools."
    )


VERSIONS = [
    {"version": "1.34.7", "classes": {"default": "c34"}},
    {"version": "1.36.1", "classes": {"default": "c36"}},
]


def test_what_policy_fills_in_is_reported() -> None:
    """In status, with the operator's reason, on every call."""
    first = asking.ask(SERVER, [ENVIRONMENT])
    for outcome in (first, asking.ask(SERVER, [ENVIRONMENT], simulate.play(first.resources))):
        assert {
            "field": "spec.publicIP",
            "message": "set to false, because you did not set it. No public addresses here.",
        } in outcome.composite["status"]["notes"]
    own = asking.ask(edited(SERVER, "spec", {"publicIP": False}), [ENVIRONMENT])
    assert "notes" not in own.composite["status"]


WAIT = "your provider has to act before this order can be processed; nothing was changed"
NOT_YOURS = "environment default is not available to you"
KNOWN = ", ".join(sorted(SETTINGS))
ABLE = ", ".join(sorted(BACKENDS["Cluster"]))

OPERATOR: dict[str, tuple[Data, Edits, list[Data], str, str]] = {
    "kind not offered": (
        CLUSTER,
        {"kinds": {"Server": "openstack"}},
        [],
        "NotOffered: EnvironmentConfig csp-root: kinds has no Cluster",
        "kind Cluster is not offered in environment default; offered: Server",
    ),
    "backend of another kind": (
        CLUSTER,
        {"kinds.Cluster": "openstack"},
        [],
        "NotOffered: EnvironmentConfig csp-root: kinds.Cluster: openstack cannot answer it, "
        f"able: {ABLE}",
        "kind Cluster is not offered in environment default; offered: Cluster, Server",
    ),
    "unknown backend": (
        CLUSTER,
        {"kinds.Cluster": "capy"},
        [],
        f"EnvironmentInvalid: kinds.Cluster: capy is not one of: {KNOWN} "
        "(EnvironmentConfig csp-root)",
        WAIT,
    ),
    "lost layer": (
        CLUSTER,
        {"layers": ["csp-flavors"]},
        [],
        "EnvironmentInvalid: EnvironmentConfig csp-root: layers: csp-flavors is listed but not "
        "there",
        WAIT,
    ),
    "foreign layer": (
        CLUSTER,
        {},
        [{**ENVIRONMENT, "metadata": {**ENVIRONMENT["metadata"], "name": "b"}, "data": {}}],
        "EnvironmentInvalid: EnvironmentConfig b: is not listed in layers of csp-root",
        WAIT,
    ),
    "overlay missing": (
        CLUSTER,
        {"overlays": "Required"},
        [],
        "EnvironmentInvalid: EnvironmentConfig csp-root: overlays: Required, none found",
        WAIT,
    ),
    "overlay not wanted": (
        CLUSTER,
        {"overlays": "None"},
        [OVERLAY],
        "EnvironmentInvalid: EnvironmentConfig csp-root: overlays: None, found: csp-acme",
        WAIT,
    ),
    "mistake in an overlay": (
        CLUSTER,
        {},
        [{**OVERLAY, "data": {"limits": {"cpu": "many"}}}],
        "EnvironmentInvalid: limits.cpu: must be a whole number, without quotes "
        "(EnvironmentConfig csp-acme)",
        WAIT,
    ),
    "root key in an overlay": (
        CLUSTER,
        {},
        [{**OVERLAY, "data": {"kinds": {}}}],
        "EnvironmentInvalid: EnvironmentConfig csp-acme: kinds: an overlay may not set it",
        WAIT,
    ),
    "for other tenants": (
        CLUSTER,
        {"tenants": ["umbrella"]},
        [],
        "EnvironmentNotFound: EnvironmentConfig csp-root: tenants does not list acme",
        NOT_YOURS,
    ),
    "tenants as text": (
        CLUSTER,
        {"tenants": "umbrella"},
        [],
        "EnvironmentInvalid: tenants: must be a list (EnvironmentConfig csp-root)",
        WAIT,
    ),
    "typo in a backend": (
        CLUSTER,
        {"backends.capi.namespaec": "secret-project"},
        [],
        "EnvironmentInvalid: backends.capi.namespaec: unknown field, did you mean namespace? "
        "(EnvironmentConfig csp-root)",
        WAIT,
    ),
    "backend of another order": (
        SERVER,
        {"backends.capi.labels": "x"},
        [],
        "EnvironmentInvalid: backends.capi.labels: must be a mapping of names to values "
        "(EnvironmentConfig csp-root)",
        WAIT,
    ),
    "rule of text": (
        CLUSTER,
        {"policy": [{"field": "spec.version", "min": 1.3, "reason": "No."}]},
        [],
        "EnvironmentInvalid: policy[spec.version/min]: min goes with numbers, durations "
        "and shares only (EnvironmentConfig csp-root)",
        WAIT,
    ),
    "rule without a list": (
        CLUSTER,
        {"policy": [{"field": "spec.nodePools.replicas", "max": 3, "reason": "No."}]},
        [],
        "EnvironmentInvalid: policy[spec.nodePools.replicas/max]: must be written "
        "spec.nodePools[].replicas, with [] after each list (EnvironmentConfig csp-root)",
        WAIT,
    ),
    "version as a number": (
        SERVER,
        {"kubernetesVersions": [{"version": 1.34}]},
        [],
        "EnvironmentInvalid: kubernetesVersions[1.34].version: must be text, but 1.34 is a "
        'number in YAML: quote it: "1.34" (EnvironmentConfig csp-root)',
        WAIT,
    ),
    "image without an id": (
        SERVER,
        {"images": [{k: v for k, v in ENVIRONMENT["data"]["images"][0].items() if k != "id"}]},
        [],
        "EnvironmentInvalid: images[ubuntu/24.04/amd64].id: required (EnvironmentConfig csp-root)",
        WAIT,
    ),
    "no name for people": (
        SERVER,
        {"displayName": None},
        [],
        "EnvironmentInvalid: displayName: must be text (EnvironmentConfig csp-root)",
        WAIT,
    ),
}

INTERNAL = re.compile(
    r"EnvironmentConfig|csp-|umbrella|secret|backends|capi|openstack|policy\[|[0-9a-f]{8}",
)


def requested(
    order: Data, edits: Edits, more: list[Data], mode: Mode = Mode.CLAIMS
) -> local.Outcome:
    """Ask about an order after an edit of the environment."""
    return asking.ask(order, [edited(ENVIRONMENT, "data", edits), *more], mode=mode)


@pytest.mark.parametrize(
    ("order", "edits", "more", "want", "public"), OPERATOR.values(), ids=OPERATOR
)
def test_what_the_operator_mends(
    order: Data, edits: Edits, more: list[Data], want: str, public: str
) -> None:
    """The operator reads path and EnvironmentConfig; the tenant a sentence without either."""
    outcome = requested(order, edits, more)
    assert outcome.fatal == want
    assert outcome.warnings == (public,)
    assert issubclass(getattr(errors, want.partition(": ")[0]), errors.OperatorRefusal)
    conditions = outcome.composite["status"]["conditions"]
    assert [(c["type"], c["status"], c["message"]) for c in conditions] == [
        ("Accepted", "False", public)
    ]
    assert outcome.resources == {}


@pytest.mark.parametrize(
    ("order", "edits", "more", "want", "public"), OPERATOR.values(), ids=OPERATOR
)
def test_where_the_tenant_reads_the_composite(
    order: Data, edits: Edits, more: list[Data], want: str, public: str
) -> None:
    """In a namespaced install nothing at all of the answer tells how the provider is set up."""
    outcome = requested(order, edits, more, Mode.NAMESPACED)
    reason = want.partition(": ")[0]
    assert outcome.fatal == f"{reason}: {public}"
    reported = [outcome.fatal, *outcome.warnings, str(outcome.composite["status"])]
    assert [INTERNAL.findall(text) for text in reported] == [[], [], []]


def test_an_environment_that_is_not_there() -> None:
    """Not there, and not for this tenant, read the same to him."""
    order = edited(CLUSTER, "spec", {"environment": "region-two"})
    outcome = asking.ask(order, [ENVIRONMENT])
    assert outcome.fatal == (
        "EnvironmentNotFound: no EnvironmentConfig has the label "
        "api.scs.community/environment: region-two"
    )
    assert outcome.warnings == ("environment region-two is not available to you",)


BACK = (
    'spec.environment: cannot be changed once something is built, set it back to "default", or ask '
    "your provider to move the order"
)


def other(**data: Any) -> Data:
    """Return another environment, with other data."""
    metadata = {"name": "other", "labels": {f"{API_GROUP}/environment": "region-two"}}
    layer: Data = {**ENVIRONMENT, "metadata": metadata}
    return {**layer, "data": {**layer["data"], **data}}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "more",
    [[], [other()], [other(kinds={"Server": "openstack"})], [other(tenants=["umbrella"])]],
    ids=["not there", "there", "without the kind", "for other tenants"],
)
def test_a_tenant_who_names_another_environment_acts(more: list[Data], mode: Mode) -> None:
    """No other order mentions it, whatever becomes of the other environment."""
    layers = [ENVIRONMENT, *more]
    built = simulate.play(asking.ask(CLUSTER, layers, mode=mode).resources)
    moved = edited(CLUSTER, "spec", {"environment": "region-two"})
    outcome = asking.ask(moved, layers, built, mode)
    assert outcome.fatal.startswith("InvalidOrder: spec.environment: cannot be changed")
    assert outcome.warnings == (BACK,)
    reported = [outcome.fatal] * (mode is Mode.NAMESPACED)
    assert [INTERNAL.findall(text) for text in (*reported, *outcome.warnings)] == [[]] * (
        len(reported) + 1
    )


def test_another_environment_is_named_where_nothing_is_built() -> None:
    """What the first one has refused to make holds nobody there."""
    layers = [ENVIRONMENT, other(displayName="Other")]
    made = simulate.play(asking.ask(CLUSTER, layers).resources)
    said = 'create failed: cannot create object: clusters.example.com "a" is forbidden: no'
    failed = {"type": "Synced", "status": "False", "message": said}
    status = {"atProvider": {}, "conditions": [failed]}
    refused = {key: Observed(replaced(one.manifest, "status", status)) for key, one in made.items()}
    moved = edited(CLUSTER, "spec", {"environment": "region-two"})
    outcome = asking.ask(moved, layers, refused)
    assert not outcome.fatal, outcome.fatal
    assert outcome.composite["status"]["environment"] == "region-two"
    [label] = {
        one["metadata"]["labels"][f"{API_GROUP}/environment"] for one in outcome.resources.values()
    }
    assert label == "region-two"


UNKNOWN: dict[str, tuple[Data, Edits, str]] = {
    "typo": (CLUSTER, {"versoin": "1"}, "spec.versoin: unknown field, did you mean version?"),
    "attribute of Python": (
        CLUSTER,
        {"node_pools": []},
        "spec.node_pools: unknown field, did you mean nodePools?",
    ),
    "in a pool": (
        CLUSTER,
        {"nodePools[web].flavour": "x"},
        "spec.nodePools[web].flavour: unknown field, did you mean flavor?",
    ),
    "of a server": (
        SERVER,
        {"image.ids": "x"},
        "spec.image.ids: unknown field; known: name, os, version",
    ),
}


@pytest.mark.parametrize(("order", "edits", "want"), UNKNOWN.values(), ids=UNKNOWN)
def test_fields_that_are_not_known(order: Data, edits: Edits, want: str) -> None:
    """A newer API asks for a newer function; to whoever mistyped, the right name is near."""
    outcome = asking.ask(edited(order, "spec", edits), [ENVIRONMENT])
    assert outcome.fatal.startswith(f"FunctionOutdated: {want} (function ")
    assert outcome.fatal.endswith("upgrade the function first, then the API)")
    assert outcome.warnings == (want,)
