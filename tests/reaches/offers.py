"""Edit what an environment offers: zones, flavors, images, volume types, versions, classes."""

from typing import Any

from tests.reaches.worlds import ARM, BASE, CAPI, CLUSTERS, PROFILE, Case, Data, clusters
from tests.samples import CERTIFICATES, UBUNTU

_SPARE = {"name": "SCS-4V-16-100"}
_SIZE: Data = {"cpu": 2, "memoryGiB": 4, "diskGiB": 20, "cpuType": "C", **ARM}
_GPU = {"vendor": "nvidia", "count": 1, "memoryGiB": 24}
# A flavor of which all is said that can be said, and orders for all of it.
FULL: Data = {"name": "full", **_SIZE, "gpu": _GPU}
_SIZED: Data = {"flavor": None, "size": {**_SIZE, "gpu": _GPU}}
_ARM_CLASS: Data = {**BASE["classes"][0], "machines": [{"name": "arm", **ARM}]}
ARM_GIVEN: Data = {
    "classes": [_ARM_CLASS],
    "flavors": [FULL, _SPARE],
    "images": [{**UBUNTU, **ARM}],
}
ARM_ORDERS: dict[str, Data] = {
    **clusters(
        {
            "nodePools": [{"name": "web", "replicas": 3, **_SIZED}],
            "controlPlane": {"flavor": "SCS-4V-16-100"},
        }
    ),
    "server": _SIZED,
}
_ALL = (*CLUSTERS, "server")


def _flavor(field: str, **other: Any) -> Case:
    """Return the edit of a flavor that alone has all that is ordered."""
    edit = {"flavors": [{**FULL, **other}, _SPARE]}
    return Case(f"flavors[].{field}", edit, _ALL, given=ARM_GIVEN, orders=ARM_ORDERS)


def _gpu(name: str, value: Any) -> Case:
    return _flavor(f"gpu.{name}", gpu={**_GPU, name: value})


def _image(name: str, value: Any) -> Case:
    return Case(f"images[].{name}", {"images": [{**UBUNTU, name: value}]}, ("server",))


def _volume_type(name: str, value: Any, *shows: str) -> Case:
    kind = {"name": "ssd", "backendName": "SSD", name: value}
    return Case(f"volumeTypes[].{name}", {"volumeTypes": [kind]}, shows)


def _versions(name: str, value: Any, shows: tuple[str, ...] = CLUSTERS) -> Case:
    """Return the edit of every offered version."""
    edited = [{**version, name: value} for version in BASE["kubernetesVersions"]]
    return Case(f"kubernetesVersions[].{name}", {"kubernetesVersions": edited}, shows)


def _version_class(name: str, value: Any) -> Case:
    """Return the edit of what the class is for every offered version."""
    edited = [
        {**version, "classes": {"default": {"name": version["classes"]["default"], name: value}}}
        for version in BASE["kubernetesVersions"]
    ]
    edit = {"kubernetesVersions": edited}
    return Case(f"kubernetesVersions[].classes.<name>.{name}", edit, CAPI)


def offered(**edit: Any) -> Data:
    """Return an environment with its class edited."""
    return {"classes": [{**BASE["classes"][0], **edit}]}


def _pinned(name: str, value: Any, reason: str = "Ours.") -> Data:
    return offered(pinned={name: {"value": value, "reason": reason}})


_MINE = clusters({"variables": {"plan": "mine"}})
_YOURS = clusters({"variables": {"plan": "yours"}})


def _oidc(name: str, value: str, shows: tuple[str, ...] = CLUSTERS) -> Case:
    return Case(f"access.oidc.{name}", {"access": {"oidc": {name: value}}}, shows)


CASES = [
    Case(
        "zones[].name",
        {"zones": [{"name": "az4"}, {"name": "az2"}, {"name": "az3"}]},
        _ALL,
        stays=("gardener",),
    ),
    _flavor("name", name="other", cpu=1),
    _flavor("cpu", cpu=1),
    _flavor("memoryGiB", memoryGiB=2),
    _flavor("diskGiB", diskGiB=10),
    _flavor("cpuType", cpuType="V"),
    _flavor("architecture", architecture="amd64"),
    _gpu("vendor", "amd"),
    _gpu("count", 2),
    _gpu("memoryGiB", 12),
    _image("os", "debian"),
    _image("version", "26.04"),
    _image("name", "Ubuntu"),
    _image("id", "other"),
    _image("user", "root"),
    _image("minDiskGiB", 60),
    _image("architecture", "arm64"),
    _volume_type("name", "fast", *_ALL),
    _volume_type("backendName", "NVME", *_ALL),
    _volume_type("encrypted", True),
    Case(
        "kubernetesVersions[].version",
        {
            "kubernetesVersions": [
                {"version": "1.34.8", "classes": {"default": "c-1-34"}},
                {"version": "1.35.5", "classes": {"default": "c-1-35"}},
            ]
        },
        CLUSTERS,
    ),
    _version_class("name", "other"),
    Case(
        "kubernetesVersions[].classes.<name>.profile",
        _version_class("profile", "next").edit,
        CAPI,
        given={"backends": {"capi": {"profiles": {"next": {**PROFILE, "workerClass": "next"}}}}},
    ),
    _version_class("variables", {"plan": "c"}),
    _versions("state", "preview"),
    _versions("endOfLife", "2027-01-01"),
    Case("classes[].name", offered(name="other"), CLUSTERS, stays=("gardener",)),
    Case(
        "classes[].profile",
        offered(profile="next"),
        CAPI,
        given={"backends": {"capi": {"profiles": {"next": {**PROFILE, "workerClass": "next"}}}}},
    ),
    Case("classes[].variables", offered(variables={"plan": "c"}), CAPI),
    Case(
        "classes[].tenantVariables",
        offered(tenantVariables=[]),
        CAPI,
        given=offered(tenantVariables=["plan"]),
        orders=_MINE,
        judged=_YOURS,
    ),
    Case("classes[].pinned.<name>.value", _pinned("plan", "d"), CAPI, given=_pinned("plan", "c")),
    Case("classes[].pinned.<name>.value", _pinned("door", 7), CAPI, why="of what a field drives"),
    Case(
        "classes[].pinned.<name>.reason",
        _pinned("plan", "c", "Still ours."),
        CAPI,
        given=_pinned("plan", "c"),
        judged=_YOURS,
    ),
    Case(
        "classes[].variableTypes",
        offered(tenantVariables=["plan"], variableTypes={"plan": "integer"}),
        CAPI,
        given=offered(tenantVariables=["plan"]),
        orders=_MINE,
        judged=_YOURS,
    ),
    Case("classes[].family", offered(family="other"), CAPI),
    Case(
        "classes[].nodeStartupTimeout",
        offered(nodeStartupTimeout="30m"),
        CAPI,
        orders=clusters({"healthCheck": {"unhealthyAfter": "9m"}}),
    ),
    *(
        Case("classes[].unsupported", offered(unsupported={f"spec.{at}": "No."}), CAPI, why=at)
        for at in (
            "access.oidc",
            "controlPlane.flavor",
            "addons.flux.enabled",
            "nodePools[].dataVolumes",
        )
    ),
    Case(
        "classes[].unsupported",
        offered(unsupported={"spec.healthCheck": "No."}),
        CAPI,
        orders=clusters({"healthCheck": {"enabled": False}}),
        why="what no profile maps",
    ),
    _oidc("issuerURL", "https://other.example"),
    _oidc("clientID", "other"),
    _oidc("usernameClaim", "sub", ("gardener",)),
    _oidc("groupsClaim", "roles", ("gardener",)),
    _oidc("usernamePrefix", "x:", ("gardener",)),
    _oidc("groupsPrefix", "x:", ("gardener",)),
    Case(
        "access.oidc.caBundle",
        {"access": {"oidc": {"caBundle": CERTIFICATES[0]}}},
        CLUSTERS,
        stays=CAPI,
    ),
    Case("access.extraScopes", {"access": {"extraScopes": ["groups"]}}, CLUSTERS),
]
