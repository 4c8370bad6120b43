"""Edit the settings of backends."""

from typing import Any

from tests.reaches.worlds import BASE, CAPI, CLUSTERS, SERVER, Case, Data, clusters

MOVED = "MoveRefused"
_GARDENER, _NETWORK = ("gardener",), ("network",)
_PREFIXED = {"variable": "login", "keys": {"issuerURL": "url", "usernamePrefix": "prefix"}}
_OWN = {"issuerURL": "https://own.example", "clientID": "own"}
_DASH = {"usernamePrefix": "-"}
_APART = {"spec.controlPlane.flavor": [], "spec.nodePools[].antiAffinity": ["false"]}
_NAMES = "spec.apiServer.extraNames"
_LISTED = {"variable": "names", "emptied": ["a"]}
_POOL = {"name": "more", "flavor": "m1", "replicas": 3}
_EMPTY = {"name": "more", "flavor": "m1", "autoscaling": {"min": 0, "max": 3}}


def _capi(field: str, edit: Data, **other: Any) -> Case:
    shows = other.pop("shows", CAPI)
    return Case(f"backends.capi.{field}", {"backends": {"capi": edit}}, shows, **other)


def _profile(field: str, **edit: Any) -> Case:
    return _capi(f"profiles.<name>.{field}", {"profiles": {"own": edit}})


def _target(name: str, at: str, why: str = "", **edit: Any) -> Case:
    fields = {f"spec.{at}": edit}
    field = f"profiles.<name>.fields.<name>.{name}"
    return _capi(field, {"profiles": {"own": {"fields": fields}}}, why=why or at)


def _gardener(field: str, edit: Data, **other: Any) -> Case:
    block = {"backends": {"gardener": edit}}
    return Case(f"backends.gardener.{field}", block, _GARDENER, **other)


def _openstack(field: str, edit: Data, shows: tuple[str, ...], **other: Any) -> Case:
    return Case(f"backends.openstack.{field}", {"backends": {"openstack": edit}}, shows, **other)


def _lan(name: str, value: str) -> Case:
    known = BASE["backends"]["openstack"]["networks"][0]
    edit = {"networks": [{**known, name: value}], "defaultNetwork": None}
    return _openstack(f"networks[].{name}", edit, SERVER)


CASES = [
    _capi("apiVersion", {"apiVersion": "v1beta1"}, shows=("capi",)),
    _capi("apiVersion", {"apiVersion": "v1beta2"}, shows=("capi-v1beta1",)),
    _capi("providerConfig", {"providerConfig": "{tenant}.new"}, refuses=MOVED),
    _capi("namespace", {"namespace": "new-{tenant}"}, refuses=MOVED),
    _capi("classNamespace", {"classNamespace": "other"}),
    _capi("labels", {"labels": {"team": "b", "more": "x"}}),
    _capi("network.pods", {"network": {"pods": "172.20.0.0/16"}}),
    _capi("network.services", {"network": {"services": "10.64.0.0/12"}}),
    _capi(
        "network.nodeCIDRMaskSize",
        {"network": {"nodeCIDRMaskSize": 18}},
        judged=clusters({"nodePools": [_POOL | {"replicas": 12}]}),
    ),
    _capi("autoscaler", {"autoscaler": False}),
    _capi(
        "taints",
        {"taints": False},
        judged=clusters({"nodePools": [_POOL | {"taints": [{"key": "a", "effect": "NoExecute"}]}]}),
    ),
    _capi(
        "scaleToZero",
        {"scaleToZero": True},
        judged=clusters({"nodePools": [_EMPTY]}),
    ),
    _capi("allLabels", {"allLabels": False}),
    _capi(
        "reservedLabels",
        {"reservedLabels": ["velero.io"]},
        judged=clusters({"nodePools": [_POOL | {"labels": {"velero.io/exclude": "true"}}]}),
    ),
    _capi("managementCIDRs", {"managementCIDRs": ["198.51.100.0/24"]}),
    _capi(
        "managementCIDRs",
        {"managementCIDRs": None},
        why="none",
        judged=clusters({"apiServer": {"allowedCIDRs": ["203.0.113.0/25"]}}),
    ),
    _profile("workerClass", workerClass="other"),
    _profile("classHealthCheck", classHealthCheck=False),
    Case(
        "backends.capi.profiles.<name>.classHealthCheck",
        {"backends": {"capi": {"profiles": {"own": {"classHealthCheck": True}}}}},
        CAPI,
        given={"backends": {"capi": {"profiles": {"own": {"classHealthCheck": False}}}}},
        why="true",
    ),
    Case(
        "backends.capi.profiles.<name>.nodeStartupTimeout",
        {"backends": {"capi": {"profiles": {"own": {"nodeStartupTimeout": "30m"}}}}},
        CAPI,
        orders=clusters({"healthCheck": {"unhealthyAfter": "9m"}}),
    ),
    _profile("controlPlaneMachines", controlPlaneMachines=False),
    _profile("availabilityFalls", availabilityFalls=True),
    _profile("variables", variables={"size": 2, "more": 3}),
    _profile("variables", variables={"size": None}),
    _profile("controlPlaneDisk", controlPlaneDisk="otherDisk"),
    _profile("family", family="other"),
    _profile("conflicts[].values", conflicts=[{"values": _APART, "reason": "No."}]),
    _capi(
        "profiles.<name>.conflicts[].reason",
        {"profiles": {"own": {"conflicts": [{"values": _APART, "reason": "Other."}]}}},
        given={
            "backends": {
                "capi": {"profiles": {"own": {"conflicts": [{"values": _APART, "reason": "No."}]}}}
            }
        },
    ),
    Case(
        "backends.capi.profiles.<name>.guarded",
        {"backends": {"capi": {"profiles": {"own": {"guarded": ["plan"]}}}}},
        CAPI,
        given={"classes": [{**BASE["classes"][0], "tenantVariables": ["*"]}]},
        orders=clusters({"variables": {"plan": "mine"}}),
        judged=clusters({"variables": {"plan": "yours"}}),
    ),
    Case(
        "backends.capi.profiles.<name>.variableTypes",
        {"backends": {"capi": {"profiles": {"own": {"variableTypes": {"plan": "integer"}}}}}},
        CAPI,
        given={"classes": [{**BASE["classes"][0], "tenantVariables": ["plan"]}]},
        orders=clusters({"variables": {"plan": "mine"}}),
        judged=clusters({"variables": {"plan": "yours"}}),
    ),
    Case(
        "backends.capi.profiles.<name>.fixed",
        {"backends": {"capi": {"profiles": {"own": {"fixed": ["plan"]}}}}},
        CAPI,
        given={"classes": [{**BASE["classes"][0], "tenantVariables": ["plan"]}]},
        orders=clusters({"variables": {"plan": "mine"}}),
        judged=clusters({"variables": {"plan": "yours"}}),
    ),
    _target("variable", "access.oidc", variable="other"),
    _target("variable", "controlPlane.flavor", variable="other"),
    _target("override", "nodePools[].flavor", override="other"),
    _target("override", "nodePools[].dataVolumes", override="other"),
    _capi(
        "profiles.<name>.fields.<name>.empty",
        {"profiles": {"own": {"fields": {"spec.access.oidc": _PREFIXED | {"empty": _DASH}}}}},
        given={
            "access": {"oidc": {"usernamePrefix": ""}},
            "backends": {
                "capi": {"profiles": {"own": {"fields": {"spec.access.oidc": _PREFIXED}}}}
            },
        },
        judged=clusters({"access": {"oidc": {**_OWN, "usernamePrefix": ""}}}),
        why="user names",
    ),
    _capi(
        "profiles.<name>.fields.<name>.emptied",
        {"profiles": {"own": {"fields": {_NAMES: {"variable": "names", "emptied": ["b"]}}}}},
        given={"backends": {"capi": {"profiles": {"own": {"fields": {_NAMES: _LISTED}}}}}},
        orders=clusters({"apiServer": {"extraNames": ["api.example.org"]}}),
        judged=clusters({"apiServer": {"extraNames": []}}),
        shows=(),
    ),
    _target("unsupported", "access.oidc", variable=None, keys=None, unsupported="No login."),
    _target("unsupported", "addons.harbor.enabled", unsupported="Other words."),
    _target("unsupported", "controlPlane.flavor", variable=None, unsupported="No machines."),
    _target("always", "addons.harbor.enabled", always=True),
    _target("keys", "access.oidc", keys={"issuerURL": "other"}),
    _target("keys", "nodePools[].dataVolumes", keys={"sizeGiB": "other"}),
    _target("defaults", "nodePools[].dataVolumes", defaults={"type": "other"}),
    _target("values", "addons.flux.enabled", values={"true": "other"}),
    _target("key", "nodePools[].rootVolume.sizeGiB", key="size"),
    _target("join", "apiServer.allowedCIDRs", join=","),
    _target("none", "nodePools[].rootVolume.sizeGiB", none="omit"),
    _target("also", "apiServer.allowedCIDRs", also={"door": "other"}),
    _gardener("providerConfig", {"providerConfig": "{tenant}.new"}, refuses=MOVED),
    _gardener("project", {"project": "p2"}, refuses=MOVED),
    _gardener("namespace", {"namespace": "other-{project}"}, refuses=MOVED),
    _gardener("cloudProfile.kind", {"cloudProfile": {"kind": "NamespacedCloudProfile"}}),
    _gardener("cloudProfile.name", {"cloudProfile": {"name": "other"}}),
    _gardener("credentialsBinding", {"credentialsBinding": "other"}),
    _gardener("region", {"region": "two"}),
    _gardener("purpose", {"purpose": "testing"}),
    _gardener("networking.type", {"networking": {"type": "calico"}}),
    _gardener("networking.nodes", {"networking": {"nodes": "10.240.0.0/16"}}),
    _gardener("networking.pods", {"networking": {"pods": "100.128.0.0/11"}}),
    _gardener("networking.services", {"networking": {"services": "100.72.0.0/13"}}),
    _gardener("openstack.floatingPoolName", {"openstack": {"floatingPoolName": "other"}}),
    _gardener("openstack.loadBalancerProvider", {"openstack": {"loadBalancerProvider": "ovn"}}),
    _gardener("openstack.serverGroupPolicy", {"openstack": {"serverGroupPolicy": "anti-affinity"}}),
    _gardener(
        "openstack.serverGroupPolicy", {"openstack": {"serverGroupPolicy": None}}, why="none"
    ),
    _gardener("machineTypes", {"machineTypes": {"m1": "x1.large"}}),
    _gardener("defaultVolume.sizeGiB", {"defaultVolume": {"sizeGiB": 60}}),
    _gardener("defaultVolume.type", {"defaultVolume": {"type": "NVME"}}),
    _gardener("defaultVolume.sizeGiB", {"defaultVolume": None}, why="none"),
    _gardener("addons.<name>.extension", {"addons": {"flux": {"extension": "other"}}}),
    _gardener("addons.<name>.providerConfig", {"addons": {"flux": {"providerConfig": {"a": 2}}}}),
    _gardener("addons.<name>.extension", {"addons": None}, why="none"),
    _gardener(
        "privateExposureClass",
        {"privateExposureClass": "other"},
        given={"backends": {"gardener": {"privateExposureClass": "private"}}},
        orders={"gardener": {"apiServer": {"exposure": "Private"}}},
    ),
    _gardener(
        "acl",
        {"acl": False},
        orders={"gardener": {"apiServer": None}},
        judged={"gardener": {"apiServer": {"allowedCIDRs": ["203.0.113.0/24"]}}},
    ),
    Case("backends.gardener.acl", {"backends": {"gardener": {"acl": False}}}, (), why="in use"),
    _openstack("providerConfig", {"providerConfig": "{tenant}.new"}, SERVER, refuses=MOVED),
    _openstack(
        "reservedLabels",
        {"reservedLabels": ["backup"]},
        SERVER,
        judged={"server": {"labels": {"backup": "never"}}},
    ),
    _openstack("externalNetwork.name", {"externalNetwork": {"name": "other"}}, SERVER),
    _openstack("externalNetwork.id", {"externalNetwork": {"id": "e2"}}, _NETWORK),
    _openstack("externalNetwork.name", {"externalNetwork": None}, (*SERVER, *_NETWORK), why="none"),
    _lan("name", "other"),
    _lan("id", "n2"),
    _lan("subnet", "s2"),
    _lan("ipv6Subnet", "s7"),
    Case(
        "backends.openstack.defaultNetwork",
        {"backends": {"openstack": {"defaultNetwork": "backend"}}},
        SERVER,
        given={
            "backends": {
                "openstack": {
                    "networks": [
                        *BASE["backends"]["openstack"]["networks"],
                        {"name": "backend", "id": "n2"},
                    ]
                }
            }
        },
        orders={"server": {"networks": None}},
    ),
    _openstack("dnsServers", {"dnsServers": ["198.51.100.53"]}, _NETWORK),
    _openstack("ipv6SubnetPool", {"ipv6SubnetPool": "p7"}, _NETWORK),
    _openstack("ipv6SubnetPool", {"ipv6SubnetPool": None}, _NETWORK, why="none"),
    _openstack("highAvailability.metadata", {"highAvailability": {"metadata": {"B": "1"}}}, SERVER),
    _openstack("highAvailability.metadata", {"highAvailability": None}, SERVER, why="none"),
]
_ = CLUSTERS
