"""Describe environments and the orders that live in them, each using as much of it as can be."""

import dataclasses
from typing import Any

from tests.samples import GARDENER, UBUNTU

Data = dict[str, Any]
CLUSTERS = ("capi", "capi-v1beta1", "gardener")
CAPI = ("capi", "capi-v1beta1")
SERVER = ("server",)
EVERY = (*CLUSTERS, "server", "network")

ARM = {"architecture": "arm64"}
PROFILE: Data = {
    "workerClass": "worker",
    "variables": {"plan": "a", "size": 1, "plane": "x", "disk": 50, "door": False},
    "controlPlaneDisk": "disk",
    "fields": {
        "spec.controlPlane.flavor": {"variable": "plane"},
        "spec.controlPlane.availability": {"variable": "zones"},
        "spec.access.oidc": {"variable": "login", "keys": {"issuerURL": "url", "clientID": "id"}},
        "spec.apiServer.allowedCIDRs": {"variable": "allowed", "also": {"door": True}},
        "spec.addons.flux.enabled": {"variable": "gitops", "values": {"true": "on", "false": ""}},
        "spec.nodePools[].flavor": {"override": "machine"},
        "spec.nodePools[].rootVolume.sizeGiB": {"override": "root"},
        "spec.nodePools[].rootVolume.type": {"override": "rootType"},
        "spec.nodePools[].dataVolumes": {
            "override": "disks",
            "keys": {"name": "name", "type": "type", "sizeGiB": "size"},
            "defaults": {"type": "hdd"},
        },
        "spec.addons.harbor.enabled": {"unsupported": "No registry here.", "always": False},
    },
}
BASE: Data = {
    "displayName": "Cloud",
    "links": {"status": "https://status.example"},
    "kinds": {"Cluster": "capi", "Server": "openstack", "Network": "openstack"},
    "zones": [{"name": "az1"}, {"name": "az2"}, {"name": "az3"}],
    "flavors": [{"name": "m1", "cpu": 2, "memoryGiB": 4}, {"name": "SCS-4V-16-100"}],
    "images": [UBUNTU],
    "volumeTypes": [{"name": "ssd", "backendName": "SSD"}],
    "kubernetesVersions": [
        {"version": "1.34.7", "classes": {"default": "c-1-34"}},
        {"version": "1.35.4", "classes": {"default": "c-1-35"}},
    ],
    "classes": [{"name": "default", "profile": "own", "variables": {"plan": "b"}}],
    "access": {"oidc": {"issuerURL": "https://id.example", "clientID": "k8s"}},
    "backends": {
        "capi": {
            "classNamespace": "stacks",
            "labels": {"team": "a"},
            "network": {"pods": "172.16.0.0/16", "services": "10.96.0.0/12"},
            "autoscaler": True,
            "taints": True,
            "allLabels": True,
            "managementCIDRs": ["192.0.2.0/24"],
            "profiles": {"own": PROFILE},
        },
        "gardener": {
            **GARDENER,
            "openstack": {**GARDENER["openstack"], "serverGroupPolicy": "soft-anti-affinity"},
            "defaultVolume": {"sizeGiB": 50, "type": "SSD"},
            "addons": {"flux": {"extension": "flux", "providerConfig": {"a": 1}}},
            "acl": True,
        },
        "openstack": {
            "externalNetwork": {"name": "public", "id": "e1"},
            "networks": [{"name": "lan", "id": "n1", "subnet": "s1", "ipv6Subnet": "s6"}],
            "defaultNetwork": "lan",
            "dnsServers": ["192.0.2.53"],
            "ipv6SubnetPool": "p6",
            "highAvailability": {"metadata": {"HA": "True"}},
        },
    },
}
# What the environments of the worlds have beside that.
ENVIRONMENTS: dict[str, Data] = {
    "capi": {},
    "capi-v1beta1": {"backends": {"capi": {"apiVersion": "v1beta1"}}},
    "gardener": {"kinds": {"Cluster": "gardener"}},
    "server": {},
    "network": {},
}
_POOL: Data = {
    "name": "web",
    "flavor": "m1",
    "replicas": 3,
    "rootVolume": {"sizeGiB": 50, "type": "ssd"},
    "dataVolumes": [{"name": "cache", "sizeGiB": 10}, {"name": "log", "sizeGiB": 9, "type": "ssd"}],
    "taints": [{"key": "dedicated", "effect": "NoSchedule"}],
    "labels": {"role": "web"},
    "antiAffinity": True,
}
# It has neither a volume of its own nor zones, so that it gets the environment's.
_PLAIN: Data = {"name": "plain", "flavor": "m1", "autoscaling": {"min": 3, "max": 6}}
_CLUSTER: Data = {
    "version": "1.34",
    "nodePools": [_POOL, _PLAIN],
    "controlPlane": {"availability": "Zone", "flavor": "m1"},
    "apiServer": {"allowedCIDRs": ["203.0.113.0/24"]},
    "addons": {"flux": {"enabled": True}},
}
ORDERS: dict[str, Data] = {
    **dict.fromkeys(CLUSTERS, _CLUSTER),
    "server": {
        "image": {"os": "ubuntu", "version": "24.04"},
        "flavor": "m1",
        "replicas": 2,
        "zone": "az1",
        "publicIP": True,
        "networks": [{"name": "lan", "ipv6": True}],
        "volumes": [{"name": "data", "sizeGiB": 10, "type": "ssd"}],
        "highAvailability": True,
    },
    "network": {"cidr": "10.20.0.0/24", "ipv6": True},
}
KINDS = {**dict.fromkeys(CLUSTERS, "Cluster"), "server": "Server", "network": "Network"}
# An edit of the order that has nothing to do with any of the environment's.
OTHER: dict[str, Data] = {
    **{name: {"healthCheck": {"unhealthyAfter": "7m"}} for name in CLUSTERS},
    "server": {"labels": {"a": "b"}},
    "network": {"mtu": 1400},
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One edit of an environment.

    Attributes:
        field: What is edited, as the reference page has it.
        edit: What the environment says then, merged over what it said; None takes away.
        shows: The worlds that must show it, where the declaration of the field says so.
        given: What the environments say beside `BASE` before.
        orders: What the live order says beside `ORDERS`, by world.
        then: What the environment says after the order was answered, with the edit or without.
        judged: Edit of the order that makes it judged, or reached, again, by world.
        refuses: Refusal that live orders get; nothing is changed then.
        elsewhere: Whether the order goes to another environment of the same data.
        stays: Those of them that get it with no version, but only where they are new.
        why: What is special, where a field has several cases.
    """

    field: str
    edit: Data
    shows: tuple[str, ...]
    given: Data = dataclasses.field(default_factory=dict)
    orders: dict[str, Data] = dataclasses.field(default_factory=dict)
    then: Data = dataclasses.field(default_factory=dict)
    judged: dict[str, Data] = dataclasses.field(default_factory=dict)
    refuses: str = ""
    elsewhere: bool = False
    stays: tuple[str, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        """Return what names the case."""
        return f"{self.field} {self.why}".strip()


def merged(data: Any, edit: Any) -> Any:
    """Return data with an edit: mappings deep, all else replaced, None taken away."""
    if not isinstance(data, dict) or not isinstance(edit, dict):
        return edit
    found = {key: merged(data.get(key, {}), value) for key, value in edit.items()}
    return {k: v for k, v in {**data, **found}.items() if v is not None}


def overlaid(data: Any, edit: Any) -> Any:
    """Return one edit for two, the second over the first; None stays."""
    if not isinstance(data, dict) or not isinstance(edit, dict):
        return edit
    return {**data, **{key: overlaid(data.get(key), value) for key, value in edit.items()}}


def at(data: Any, where: tuple[str, ...]) -> Any:
    """Return the value at a path, None if there is none."""
    for name in where:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def put(where: tuple[str, ...], value: Any) -> Any:
    """Return an edit that sets the value at a path."""
    for name in reversed(where):
        value = {name: value}
    return value


def clusters(spec: Data) -> dict[str, Data]:
    """Return the same for the order of each cluster."""
    return dict.fromkeys(CLUSTERS, spec)
