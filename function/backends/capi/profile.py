"""Say how order fields reach a ClusterClass.

A profile is data: the built-in ones stand in `profiles.yaml`, and an environment may add its
own.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import pydantic

from function import manifests
from function.backends.capi.targets import (
    AVAILABILITY,
    CLUSTER_FIELDS,
    CONTROL_PLANE_FLAVOR,
    NO_SETTING,
    OIDC,
    POOL_FIELDS,
    POOL_VOLUMES,
    Conflict,
    Target,
)
from function.model.cluster import Oidc
from function.model.pool import DataVolume
from function.schema import Flag, Schema, configured, fields
from function.settings import (
    AT_ONCE,
    NEXT_CHANGE,
    NEXT_VERSION,
    MachineRule,
    Name,
    StartupTimeout,
    VariableType,
)

CA_BUNDLE = f"{OIDC}.caBundle"
# Fields that reach a class key by key: how their parts are named, and what they are.
OBJECTS: dict[str, tuple[str, type[Schema]]] = {
    OIDC: (OIDC, Oidc),
    POOL_VOLUMES: (f"{POOL_VOLUMES}[]", DataVolume),
}
DEFAULT_DISK = 50
_BUNDLE = "this class trusts issuers with public certificates only"
_NO_TARGET = Target(unsupported=NO_SETTING)


def type_of(default: Any) -> VariableType | None:
    """Return the type of a variable that its default says; None if it says none."""
    match default:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case dict():
            return "object"
        case [str(), *_]:
            return "array of string"
        case list():
            return "array"
    return None


class Profile(Schema):
    """Say how order fields reach a ClusterClass."""

    worker_class: str = configured(
        "Worker class of the pools, such as default-worker.", reaches=NEXT_VERSION
    )
    control_plane_machines: Flag = configured(
        "Whether control planes run on machines, which can have a flavor and be replaced. "
        "Defaults to true.",
        reaches=NEXT_VERSION,
        default=True,
    )
    availability_falls: Flag = configured(
        "Whether spec.controlPlane.availability of a live cluster may be lowered, because no "
        "member of a data store goes with the replicas of the control plane. Defaults to false.",
        reaches=NEXT_VERSION,
        default=False,
    )
    family: Name | None = configured(
        "What clusters cannot leave, such as scs2, where the class has no family of its own. "
        "Defaults to none: then a live cluster may change to any class whose control plane runs "
        "alike.",
        reaches=NEXT_VERSION,
        default=None,
    )
    machines: tuple[MachineRule, ...] = configured(
        "What machines of some flavors need beside the flavor, where the offered class has no "
        "rules. Defaults to none.",
        reaches=NEXT_VERSION,
        default=(),
    )
    conflicts: tuple[Conflict, ...] = configured(
        "Values of order fields that exclude each other. Defaults to none.",
        reaches=NEXT_VERSION,
        default=(),
    )
    class_health_check: Flag | None = configured(
        "Whether the class has health checks of its own, for control plane and workers. If true, "
        "orders without healthCheck get the health checks of the class; if false, they get the "
        "one that the defaults of healthCheck describe. Defaults to true for new clusters; live "
        "clusters keep what they have.",
        reaches=NEXT_VERSION,
        default=None,
    )
    node_startup_timeout: StartupTimeout | None = configured(
        "How long a machine may take to become a node, from 30s, such as 30m, for an order that "
        "has a health check, which replaces the class's as a whole. Defaults to 10m, as in "
        "Cluster API.",
        reaches=NEXT_VERSION,
        default=None,
    )
    variables: dict[str, Any] = configured(
        "Every variable that has a default, by name, such as certSANs. All of them are rendered "
        "explicitly.",
        reaches=NEXT_VERSION,
    )
    variable_types: dict[str, VariableType] = configured(
        "Types of variables, by name, as in variableTypes of a class, which takes precedence. "
        "Defaults to the type of the default in variables.",
        reaches=NEXT_CHANGE,
        default_factory=dict,
    )
    control_plane_disk: str | None = configured(
        "Variable for the size of the control plane's root volume in GiB, such as "
        "controlPlaneRootDisk; 0 means the flavor's disk. Optional; if absent, no size is set "
        "with a flavor.",
        reaches=NEXT_VERSION,
        default=None,
    )
    guarded: tuple[str, ...] = configured(
        'Variables that tenantVariables ["*"] leaves closed, because they name resources of the '
        "provider, such as identityRef. A class may open one by its name. Defaults to none.",
        reaches=NEXT_CHANGE,
        default=(),
    )
    fixed: tuple[str, ...] = configured(
        "Variables that a live cluster keeps, however the environment changes, because what they "
        "created cannot be changed, such as nodeCIDR. Defaults to none.",
        reaches=AT_ONCE,
        default=(),
    )
    fields: dict[str, Target] = configured(
        "Targets by order field, such as spec.network.nodes.", reaches=NEXT_VERSION
    )

    @pydantic.field_validator("fields")
    @classmethod
    def _fields_can_be_expressed(cls, targets: dict[str, Target]) -> dict[str, Target]:
        for way, known in (("variable", CLUSTER_FIELDS), ("override", POOL_FIELDS)):
            odd = [f for f, target in targets.items() if getattr(target, way) and f not in known]
            if odd:
                raise ValueError(f"{odd[0]} cannot go to a {way}; able: {', '.join(known)}")
        return targets

    def target(self, field: str) -> Target:
        """Return where a field goes; one that the profile leaves out is not expressed."""
        return self.fields.get(field) or _NO_TARGET

    def type_of(self, name: str) -> VariableType | None:
        """Return the type of a variable; None if neither a type nor a default says it."""
        return self.variable_types.get(name) or type_of(self.variables.get(name))

    @property
    def unsaid(self) -> dict[str, str]:
        """Return the parts of expressed objects that the class has no key for, with the reason."""
        found: dict[str, str] = {}
        for field, (part, schema) in OBJECTS.items():
            target = self.target(field)
            if not target.unsupported:
                missing = [name for name in fields(schema) if name not in target.object_keys]
                found |= {f"{part}.{name}": NO_SETTING for name in missing}
        return found | ({CA_BUNDLE: _BUNDLE} if CA_BUNDLE in found else {})

    @property
    def default_disk(self) -> Any:
        """Return the GiB of a control plane's root volume, for a flavor without a disk."""
        return self.variables.get(self.control_plane_disk or "", DEFAULT_DISK)

    @property
    def shared(self) -> frozenset[str]:
        """Return the variables that the control plane's flavor drives, and pools override too.

        Their cluster-wide values are the environment's: only so a change of the control plane
        leaves the nodes of pools alone.
        """
        pools = [target for target in map(self.target, POOL_FIELDS) if target.override]
        overridden = frozenset[str]().union(*(target.names for target in pools))
        return overridden & {*self.target(CONTROL_PLANE_FLAVOR).names, self.control_plane_disk}

    @property
    def driven(self) -> frozenset[str]:
        """Return the variables that order fields drive cluster-wide, except for the zones."""
        disk = {self.control_plane_disk} if self.control_plane_disk else set()
        return frozenset[str](disk).union(
            *(
                target.names
                for field, target in self.fields.items()
                if target.variable and field != AVAILABILITY
            )
        )

    @property
    def drivers(self) -> dict[str, str]:
        """Return the order field that drives each variable."""
        return {
            name: field for field, target in sorted(self.fields.items()) for name in target.names
        }


def _built_in() -> dict[str, Profile]:
    content = resources.files(__package__).joinpath("profiles.yaml").read_bytes()
    [profiles] = manifests.read(content)
    return {
        name: Profile.model_validate(_merged(profiles, data)) for name, data in profiles.items()
    }


def _merged(profiles: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in data.items() if name != "like"}
    if "like" not in data:
        return own
    other = profiles[data["like"]]
    return {**other, **own, "fields": {**other["fields"], **own["fields"]}}


PROFILES = _built_in()
