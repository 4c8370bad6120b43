"""Declare the cluster classes that an environment offers."""

from typing import Any, Literal

from function.schema import DNSLabel, Schema, configured
from function.settings.machines import MachineRule
from function.settings.values import (
    AT_ONCE,
    NEXT_CHANGE,
    NEXT_VERSION,
    Name,
    StartupTimeout,
)

# Types of a ClusterClass's variables, by the names that it has for them.
VariableType = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "array",
    "array of string",
    "array of object",
    "object",
]
# Every variable, in `tenantVariables`.
EVERY = "*"


class PinnedVariable(Schema):
    """Keep a variable of a class at one value."""

    value: Any = configured("Value that the variable has.", reaches=NEXT_VERSION)
    reason: Name = configured("Sentence that the tenant reads.", reaches=AT_ONCE)


class ClusterClass(Schema):
    """Offer a cluster class."""

    name: DNSLabel = configured("Name for tenants, such as default.", reaches=NEXT_VERSION)
    profile: Name = configured(
        "How order fields reach the class: a built-in profile, such as scs2, or one of the "
        "backend's block.",
        reaches=NEXT_VERSION,
    )
    variables: dict[str, Any] = configured(
        "Values for variables of the class, which override those of the profile. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    machines: tuple[MachineRule, ...] = configured(
        "What machines of some flavors need beside the flavor, such as an image for arm64. "
        "Defaults to the rules of the profile.",
        reaches=NEXT_VERSION,
        default=(),
    )
    tenant_variables: tuple[Name, ...] = configured(
        'Variables that tenants may set in spec.variables, such as nodeCIDR. "*" opens each '
        "variable that is in the profile, in variables or in variableTypes, and is neither "
        "pinned, nor guarded by the profile, nor driven by an order field. Defaults to none.",
        reaches=NEXT_CHANGE,
        default=(),
    )
    pinned: dict[str, PinnedVariable] = configured(
        "Variables that no tenant sets, neither in spec.variables nor by an order field. Defaults "
        "to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    variable_types: dict[str, VariableType] = configured(
        "Types of variables, as in the class itself, so that a value of the wrong type is refused "
        "with its path: string, integer, number, boolean, array, array of string, array of object "
        "or object. Defaults to those of the profile.",
        reaches=NEXT_CHANGE,
        default_factory=dict,
    )
    node_startup_timeout: StartupTimeout | None = configured(
        "How long a machine of this class may take to become a node, from 30s, such as 30m, for "
        "an order that has a health check. Defaults to the profile's timeout.",
        reaches=NEXT_VERSION,
        default=None,
    )
    family: Name | None = configured(
        "What clusters cannot leave, such as scs2: a live cluster is refused a class of "
        "another family, and one whose control plane runs on machines a class where it does not. "
        "Defaults to the profile's family.",
        reaches=NEXT_VERSION,
        default=None,
    )
    unsupported: dict[str, Name] = configured(
        "Order fields that this class cannot express although its profile does, such as "
        "spec.network.nodes, with the reason that the tenant reads. A live cluster keeps what it "
        "has until its version changes. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
