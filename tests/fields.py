"""Every field of every order, each with two values that differ by that field alone.

`tests/test_matrix.py` fails until a new field is here.
"""

from collections.abc import Iterator
from typing import Any

from function.schema import Schema, fields, item_type
from tests.samples import CERTIFICATES, public_key

# Fields that are answered before a backend sees the order, with the reason.
CORE = {
    "spec.environment": "chooses which settings the backend gets",
    "spec.deletionProtection": "is enforced by admission, on the tenant's own object",
}
BASE: dict[str, dict[str, Any]] = {
    "Cluster": {
        "version": "1.34",
        "nodePools": [{"name": "web", "flavor": "SCS-2V-4", "replicas": 2}],
    },
    "Server": {
        "image": {"os": "ubuntu", "version": "24.04"},
        "flavor": "SCS-2V-4",
        "sshKeys": [public_key("one")],
        "networks": [{"name": "backend"}],
    },
    "Network": {"cidr": "10.20.0.0/24"},
}
SIZE = {"cpu": 2, "memoryGiB": 4}
GPU = {"vendor": "nvidia"}
POOL = {"name": "web", "flavor": "SCS-2V-4", "replicas": 2}
RULE = {"protocol": "tcp", "ports": "80", "from": ["10.0.0.0/8"]}
OUT = {"protocol": "tcp", "ports": "80", "to": ["10.0.0.0/8"]}
VOLUME = {"name": "data", "sizeGiB": 10}
TAINT = {"key": "dedicated", "effect": "NoSchedule"}
BUNDLE = CERTIFICATES[0]
OIDC = {"issuerURL": "https://a.example", "clientID": "a"}


def pool(**values: Any) -> dict[str, Any]:
    """Return edits that make the only pool of a cluster."""
    found = {**POOL, **values}
    return {"nodePools": [{k: v for k, v in found.items() if v is not None}]}


def sized(**values: Any) -> dict[str, Any]:
    """Return edits that make a pool by size."""
    return pool(flavor=None, size={**SIZE, **values})


def box(**values: Any) -> dict[str, Any]:
    """Return edits that make a server by size."""
    return {"flavor": None, "size": {**SIZE, **values}}


def window(**values: Any) -> dict[str, Any]:
    """Return edits that make a maintenance window."""
    return {"maintenance": {"window": {"begin": "22:00", "duration": "1h", **values}}}


def sleeping(**values: Any) -> dict[str, Any]:
    """Return edits that make a hibernation schedule."""
    schedule = {"start": "0 20 * * *", "end": "0 6 * * *", **values}
    return {"hibernation": {"schedules": [schedule]}}


def oidc(**values: Any) -> dict[str, Any]:
    """Return edits that make an issuer."""
    return {"access": {"oidc": {**OIDC, **values}}}


def cache(**values: Any) -> dict[str, Any]:
    """Return edits that give the nodes of a pool one more volume."""
    return pool(dataVolumes=[{"name": "cache", "sizeGiB": 100, **values}])


def addon(name: str, *, enabled: bool) -> dict[str, Any]:
    """Return edits that ask for an addon, or for none."""
    return {"addons": {name: {"enabled": enabled}}}


PAIRS: dict[str, dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "Cluster": {
        "deletionPolicy": ({}, {"deletionPolicy": "Orphan"}),
        "version": ({}, {"version": "1.35"}),
        "class": ({}, {"class": "other"}),
        "controlPlane.availability": ({}, {"controlPlane": {"availability": "None"}}),
        "nodePools[].name": ({}, pool(name="api")),
        "nodePools[].flavor": ({}, pool(flavor="SCS-4V-8")),
        "nodePools[].size.cpu": (sized(), sized(cpu=4)),
        "nodePools[].size.memoryGiB": (sized(), sized(memoryGiB=16)),
        "nodePools[].size.diskGiB": (sized(), sized(diskGiB=90)),
        "nodePools[].size.cpuType": (sized(), sized(cpuType="C")),
        "nodePools[].size.architecture": (sized(), sized(architecture="arm64")),
        "nodePools[].size.gpu.vendor": (sized(gpu=GPU), sized(gpu={"vendor": "amd"})),
        "nodePools[].size.gpu.count": (sized(gpu=GPU), sized(gpu={**GPU, "count": 2})),
        "nodePools[].size.gpu.memoryGiB": (sized(gpu=GPU), sized(gpu={**GPU, "memoryGiB": 80})),
        "variables": ({}, {"variables": {"open": "x"}}),
        "controlPlane.flavor": ({}, {"controlPlane": {"flavor": "SCS-4V-8"}}),
        "nodePools[].replicas": ({}, pool(replicas=3)),
        "nodePools[].autoscaling.min": (
            pool(replicas=None, autoscaling={"min": 2, "max": 5}),
            pool(replicas=None, autoscaling={"min": 3, "max": 5}),
        ),
        "nodePools[].autoscaling.max": (
            pool(replicas=None, autoscaling={"min": 2, "max": 5}),
            pool(replicas=None, autoscaling={"min": 2, "max": 6}),
        ),
        "nodePools[].labels": ({}, pool(labels={"node.cluster.x-k8s.io/a": "b"})),
        "nodePools[].taints[].key": ({}, pool(taints=[TAINT])),
        "nodePools[].taints[].value": (
            pool(taints=[TAINT]),
            pool(taints=[{**TAINT, "value": "v"}]),
        ),
        "nodePools[].taints[].effect": (
            pool(taints=[TAINT]),
            pool(taints=[{**TAINT, "effect": "NoExecute"}]),
        ),
        "nodePools[].annotations": ({}, pool(annotations={"example.com/a": "b"})),
        "nodePools[].antiAffinity": ({}, pool(antiAffinity=True)),
        "nodePools[].dataVolumes[].name": (cache(), cache(name="data")),
        "nodePools[].dataVolumes[].sizeGiB": (cache(), cache(sizeGiB=200)),
        "nodePools[].dataVolumes[].type": (cache(), cache(type="encrypted")),
        "nodePools[].update.maxSurge": ({}, pool(update={"maxSurge": 2})),
        "nodePools[].update.maxUnavailable": ({}, pool(update={"maxUnavailable": 1})),
        "nodePools[].drainTimeout": ({}, pool(drainTimeout="10m")),
        "network.pods": ({}, {"network": {"pods": "10.0.0.0/16"}}),
        "network.services": ({}, {"network": {"services": "10.1.0.0/16"}}),
        "network.nodes": ({}, {"network": {"nodes": "10.9.0.0/20"}}),
        "network.ipFamilies": ({}, {"network": {"ipFamilies": ["IPv4", "IPv6"]}}),
        "apiServer.exposure": ({}, {"apiServer": {"exposure": "Private"}}),
        "apiServer.allowedCIDRs": ({}, {"apiServer": {"allowedCIDRs": ["203.0.113.0/24"]}}),
        "apiServer.extraNames": ({}, {"apiServer": {"extraNames": ["api.example.org"]}}),
        "maintenance.window.begin": (window(), window(begin="21:00")),
        "maintenance.window.duration": (window(), window(duration="2h")),
        "maintenance.window.timezone": (window(), window(timezone="Europe/Berlin")),
        "maintenance.window.days": (window(), window(days=["Mon"])),
        "maintenance.autoUpdate.kubernetes": (
            {},
            {"maintenance": {"autoUpdate": {"kubernetes": False}}},
        ),
        "maintenance.autoUpdate.machineImage": (
            {},
            {"maintenance": {"autoUpdate": {"machineImage": False}}},
        ),
        "hibernation.enabled": ({}, {"hibernation": {"enabled": True}}),
        "hibernation.schedules[].start": (sleeping(), sleeping(start="0 21 * * *")),
        "hibernation.schedules[].end": (sleeping(), sleeping(end="0 7 * * *")),
        "hibernation.schedules[].timezone": (sleeping(), sleeping(timezone="Europe/Berlin")),
        "healthCheck.enabled": ({}, {"healthCheck": {"enabled": False}}),
        "healthCheck.unhealthyAfter": ({}, {"healthCheck": {"unhealthyAfter": "9m"}}),
        "healthCheck.maxUnhealthy": ({}, {"healthCheck": {"maxUnhealthy": "20%"}}),
        "nodePools[].zones": ({}, pool(zones=["az1"])),
        "nodePools[].rootVolume.sizeGiB": (
            pool(rootVolume={"sizeGiB": 30}),
            pool(rootVolume={"sizeGiB": 40}),
        ),
        "nodePools[].rootVolume.type": (
            pool(rootVolume={"sizeGiB": 30}),
            pool(rootVolume={"sizeGiB": 30, "type": "encrypted"}),
        ),
        "access.oidc.issuerURL": (oidc(), oidc(issuerURL="https://b.example")),
        "access.oidc.clientID": (oidc(), oidc(clientID="b")),
        "access.oidc.usernameClaim": (oidc(), oidc(usernameClaim="email")),
        "access.oidc.groupsClaim": (oidc(), oidc(groupsClaim="roles")),
        "access.oidc.usernamePrefix": (oidc(), oidc(usernamePrefix="x:")),
        "access.oidc.groupsPrefix": (oidc(), oidc(groupsPrefix="x:")),
        "access.oidc.caBundle": (oidc(), oidc(caBundle=BUNDLE)),
        "addons.metricsServer.enabled": ({}, addon("metricsServer", enabled=False)),
        "addons.ingressNginx.enabled": ({}, addon("ingressNginx", enabled=True)),
        "addons.certManager.enabled": ({}, addon("certManager", enabled=True)),
        "addons.flux.enabled": ({}, addon("flux", enabled=True)),
        "addons.harbor.enabled": ({}, addon("harbor", enabled=True)),
        "addons.monitoring.enabled": ({}, addon("monitoring", enabled=True)),
        "access.adminGroups": ({}, {"access": {"adminGroups": ["a"]}}),
        "access.viewerGroups": ({}, {"access": {"viewerGroups": ["a"]}}),
    },
    "Server": {
        "deletionPolicy": ({}, {"deletionPolicy": "Orphan"}),
        "replicas": ({}, {"replicas": 2}),
        "image.os": ({}, {"image": {"os": "debian", "version": "13"}}),
        "image.version": ({}, {"image": {"os": "ubuntu", "version": "22.04"}}),
        "image.name": ({}, {"image": {"name": "Debian 13"}}),
        "size.cpu": (box(), box(cpu=4)),
        "size.memoryGiB": (box(), box(memoryGiB=16)),
        "size.diskGiB": (box(), box(diskGiB=90)),
        "size.cpuType": (box(), box(cpuType="C")),
        "size.architecture": (box(), box(architecture="arm64")),
        "size.gpu.vendor": (box(gpu=GPU), box(gpu={"vendor": "amd"})),
        "size.gpu.count": (box(gpu=GPU), box(gpu={**GPU, "count": 2})),
        "size.gpu.memoryGiB": (box(gpu=GPU), box(gpu={**GPU, "memoryGiB": 80})),
        "size.diskType": (box(), box(diskType="ssd")),
        "flavor": ({}, {"flavor": "SCS-4V-8"}),
        "sshKeys": ({}, {"sshKeys": [public_key("one"), public_key("two")]}),
        "userData": ({}, {"userData": "#cloud-config"}),
        "networks[].name": ({}, {"networks": [{"name": "default"}]}),
        "networks[].ipAddress": (
            {},
            {"networks": [{"name": "backend", "ipAddress": "10.0.0.9"}]},
        ),
        "networks[].ipv6": (
            {"networks": [{"name": "default"}]},
            {"networks": [{"name": "default", "ipv6": True}]},
        ),
        "publicIP": ({}, {"publicIP": True}),
        "firewall.ingress[].protocol": (
            {"firewall": {"ingress": [RULE]}},
            {"firewall": {"ingress": [{**RULE, "protocol": "udp"}]}},
        ),
        "firewall.ingress[].ports": (
            {"firewall": {"ingress": [RULE]}},
            {"firewall": {"ingress": [{**RULE, "ports": "80-81"}]}},
        ),
        "firewall.ingress[].from": (
            {"firewall": {"ingress": [RULE]}},
            {"firewall": {"ingress": [{**RULE, "from": ["::/0"]}]}},
        ),
        "firewall.ingress[].description": (
            {"firewall": {"ingress": [RULE]}},
            {"firewall": {"ingress": [{**RULE, "description": "web"}]}},
        ),
        "firewall.egress[].protocol": (
            {"firewall": {"egress": [OUT]}},
            {"firewall": {"egress": [{**OUT, "protocol": "udp"}]}},
        ),
        "firewall.egress[].ports": (
            {"firewall": {"egress": [OUT]}},
            {"firewall": {"egress": [{**OUT, "ports": "80-81"}]}},
        ),
        "firewall.egress[].to": (
            {"firewall": {"egress": [OUT]}},
            {"firewall": {"egress": [{**OUT, "to": ["::/0"]}]}},
        ),
        "firewall.egress[].description": (
            {"firewall": {"egress": [OUT]}},
            {"firewall": {"egress": [{**OUT, "description": "web"}]}},
        ),
        "bootVolume.sizeGiB": ({"bootVolume": {"sizeGiB": 9}}, {"bootVolume": {"sizeGiB": 10}}),
        "bootVolume.type": ({}, {"bootVolume": {"type": "encrypted"}}),
        "bootVolume.deleteWithServer": ({}, {"bootVolume": {"deleteWithServer": False}}),
        "volumes[].name": ({"volumes": [VOLUME]}, {"volumes": [{**VOLUME, "name": "wal"}]}),
        "volumes[].sizeGiB": ({"volumes": [VOLUME]}, {"volumes": [{**VOLUME, "sizeGiB": 11}]}),
        "volumes[].type": ({"volumes": [VOLUME]}, {"volumes": [{**VOLUME, "type": "encrypted"}]}),
        "zone": ({}, {"zone": "az1"}),
        "placement.spread": ({}, {"placement": {"spread": "Soft"}}),
        "running": ({}, {"running": False}),
        "highAvailability": ({}, {"highAvailability": True}),
        "labels": ({}, {"labels": {"role": "web"}}),
    },
    "Network": {
        "deletionPolicy": ({}, {"deletionPolicy": "Orphan"}),
        "cidr": ({}, {"cidr": "10.30.0.0/24"}),
        "ipv6": ({}, {"ipv6": True}),
        "dnsServers": ({}, {"dnsServers": ["9.9.9.9"]}),
        "externalAccess": ({}, {"externalAccess": False}),
        "mtu": ({}, {"mtu": 1400}),
    },
}


def leaves(schema: type[Schema], at: str = "") -> Iterator[str]:
    """Yield the path of every field that holds a value of its own."""
    for name, info in fields(schema).items():
        inner = item_type(info)
        many = "[]" if "tuple" in str(info.annotation) and inner else ""
        if inner:
            yield from leaves(inner, f"{at}{name}{many}.")
        else:
            yield f"{at}{name}"
