"""Declare what a provider (CSP) configures for an environment, in EnvironmentConfigs.

Every field says what an edit *reaches*. The default is the most careful that works:
what an order got stays as it is, because one edit must not roll five hundred clusters.
Blocks below `backends` are declared by the backends themselves; `block` hands them out.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import pydantic

from function import flavors
from function.errors import Problem
from function.flavors import Flavor
from function.model.cluster import Oidc
from function.model.order import Architecture, Gpu
from function.model.values import HTTPSURL
from function.schema import Count, DNSLabel, Flag, Number, Schema, configured, text

NEW_ORDERS = "new orders only"
NEXT_VERSION = "new orders, and others with their next version change"
NEXT_CHANGE = "new orders, and others when the field it judges changes"
AT_ONCE = "every order, within the refresh interval"

KindName = Literal["Cluster", "Server", "Network"]
Name = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253)]
ExactVersion = Annotated[str, text(r"^1\.[0-9]+\.[0-9]+$", 'an exact version such as "1.34.7"')]
Day = Annotated[str, text(r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$", 'a day such as "2026-10-27"')]
FieldPath = Annotated[
    str,
    text(
        r"^spec(\.[a-zA-Z0-9]+(\[\])?)+$",
        "the path of a field, such as spec.nodePools[].replicas",
    ),
]


def only(*placeholders: str) -> Callable[[str], str]:
    """Return a validator of text in which these placeholders, and no others, are replaced."""

    def check(value: str) -> str:
        try:
            value.format(**dict.fromkeys(placeholders, "x"))
        except (LookupError, ValueError, AttributeError):
            known = ", ".join(f"{{{name}}}" for name in placeholders)
            raise ValueError(f"must use no placeholder but {known}") from None
        return value

    return check


TenantTemplate = Annotated[
    str, pydantic.StringConstraints(min_length=1), pydantic.AfterValidator(only("tenant"))
]
BlockT = TypeVar("BlockT", bound=Schema)
# Types of a ClusterClass's variables, by the names that it has for them.
VariableType = Literal["string", "integer", "number", "boolean", "array", "object"]
# Stands for every variable in `tenantVariables`.
EVERY = "*"


class Zone(Schema):
    """Offer an availability zone."""

    name: Name = configured("Name, as the backend knows it, such as az1.", reaches=NEXT_VERSION)


class FlavorOffer(Schema):
    """Offer a flavor; an scs-0100 name speaks for itself, others say what they are."""

    name: Name = configured("Name, as the backend knows it, such as SCS-4V-16.", reaches=NEW_ORDERS)
    cpu: Count | None = configured(
        "Number of vCPUs. What the name says if absent; required where that is not of scs-0100.",
        reaches=NEW_ORDERS,
        default=None,
        ge=1,
    )
    memory_gib: Number | None = configured(
        "Memory in GiB. What the name says if absent; required where that is not of scs-0100.",
        reaches=NEW_ORDERS,
        default=None,
        alias="memoryGiB",
        gt=0,
    )
    disk_gib: Count | None = configured(
        "Root disk in GiB. What an scs-0100 name says, or none, if absent.",
        reaches=NEW_ORDERS,
        default=None,
        alias="diskGiB",
        ge=1,
    )
    cpu_type: Literal["L", "V", "T", "C"] = configured(
        "Kind of vCPU (scs-0100). L: a crowded core; V: a shared core; T: a dedicated thread; "
        "C: a dedicated core. V if absent.",
        reaches=NEW_ORDERS,
        default="V",
    )
    architecture: Architecture = configured(
        "Processor architecture: amd64 (also called x86-64), arm64 or riscv64. amd64 if absent.",
        reaches=NEW_ORDERS,
        default="amd64",
    )
    gpu: Gpu | None = configured(
        "GPUs of a machine. None if absent.", reaches=NEW_ORDERS, default=None
    )

    @pydantic.model_validator(mode="after")
    def _is_described(self) -> "FlavorOffer":
        parsed = flavors.parse(self.name)
        if parsed is None and (self.cpu is None or self.memory_gib is None):
            raise ValueError("cpu and memoryGiB are required where the name is not of scs-0100")
        return self

    @functools.cached_property
    def flavor(self) -> Flavor:
        """Return what the offer holds."""
        parsed = flavors.parse(self.name)
        if parsed is not None:
            return parsed
        gpu = None
        if self.gpu:
            gpu = flavors.Gpu(self.gpu.vendor, passthrough=True, memory_gib=self.gpu.memory_gib)
        return Flavor(
            name=self.name,
            cpu=self.cpu or 0,
            memory_gib=self.memory_gib or 0,
            disk_gib=self.disk_gib,
            cpu_type=self.cpu_type,
            architecture=self.architecture,
            gpu=gpu,
            gpus=self.gpu.count if self.gpu else 0,
        )


class ImageOffer(Schema):
    """Offer an operating system image for servers."""

    key_fields: ClassVar[tuple[str, ...]] = ("os", "version", "architecture")

    os: DNSLabel = configured("Distribution, such as ubuntu.", reaches=NEW_ORDERS)
    version: Name = configured('Version of the distribution, such as "24.04".', reaches=NEW_ORDERS)
    name: Name = configured("Name in the image service, such as Ubuntu 24.04.", reaches=NEW_ORDERS)
    id: Name = configured("UUID in the image service.", reaches=NEW_ORDERS)
    user: Name = configured("User that may log in, such as ubuntu.", reaches=NEW_ORDERS)
    min_disk_gib: Count = configured(
        "Least root disk in GiB.", reaches=NEW_ORDERS, alias="minDiskGiB", ge=1
    )
    architecture: Architecture = configured(
        "Processor architecture: amd64 (also called x86-64), arm64 or riscv64. amd64 if absent.",
        reaches=NEW_ORDERS,
        default="amd64",
    )


class VolumeType(Schema):
    """Offer a type of volume."""

    name: DNSLabel = configured("Name for tenants, such as ssd.", reaches=NEW_ORDERS)
    backend_name: Name = configured(
        "Name, as the backend knows it, such as __DEFAULT__. A live server keeps its own.",
        reaches=NEXT_VERSION,
    )
    encrypted: Flag = configured(
        "Whether data are encrypted. false if absent.", reaches=NEW_ORDERS, default=False
    )


class KubernetesVersion(Schema):
    """Offer a Kubernetes version."""

    key_fields: ClassVar[tuple[str, ...]] = ("version",)

    version: ExactVersion = configured("Exact version, such as 1.34.7.", reaches=NEXT_VERSION)
    classes: dict[str, Name] = configured(
        "Offered class to the backend's name of it, for this version, such as default: "
        "openstack-scs2-1-34-v2. None if absent.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    state: Literal["preview", "supported", "deprecated"] = configured(
        "Who gets it. preview and deprecated: only orders that name the exact version; "
        "supported: also those that leave the patch open. supported if absent.",
        reaches=NEXT_VERSION,
        default="supported",
    )
    end_of_life: Day | None = configured(
        "Day of the end of support, such as 2026-10-27. Not told to tenants if absent.",
        reaches=AT_ONCE,
        default=None,
    )

    @property
    def minor(self) -> int:
        """Return the minor version, 34 of 1.34.7."""
        return int(self.version.split(".")[1])

    @property
    def order(self) -> tuple[int, ...]:
        """Return what versions are compared by."""
        return tuple(int(part) for part in self.version.split("."))


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
        "Values for variables of the class, over those of the profile. None if absent.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    tenant_variables: tuple[Name, ...] = configured(
        'Variables that tenants may set in spec.variables, such as nodeCIDR. "*" opens each '
        "that stands in the profile, in variables or in variableTypes, and is neither pinned, "
        "nor guarded by the profile, nor driven by an order field. None if absent.",
        reaches=NEXT_CHANGE,
        default=(),
    )
    pinned: dict[str, PinnedVariable] = configured(
        "Variables that no tenant sets, neither in spec.variables nor by an order field. None "
        "if absent.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    variable_types: dict[str, VariableType] = configured(
        "Types of variables, as in the class itself, so that a wrong one is refused by its "
        "path: string, integer, number, boolean, array or object. None if absent.",
        reaches=NEXT_CHANGE,
        default_factory=dict,
    )
    unsupported: dict[str, Name] = configured(
        "Order fields that this class cannot express although its profile does, such as "
        "spec.network.nodes, with the reason that the tenant reads. A live cluster keeps what "
        "it has until its version changes. None if absent.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )


class AccessDefaults(Schema):
    """Say how tenants log in where they do not say it themselves."""

    oidc: Oidc | None = configured(
        "Issuer of clusters whose orders name none. None if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    extra_scopes: tuple[Name, ...] = configured(
        "Scopes that a login asks for beside openid, such as groups. None if absent.",
        reaches=AT_ONCE,
        default=(),
    )


class Limits(Schema):
    """Limit what one order may hold."""

    cpu: Count | None = configured(
        "Number of vCPUs. No limit if absent.", reaches=NEXT_CHANGE, default=None, ge=0
    )
    memory_gib: Count | None = configured(
        "Memory in GiB. No limit if absent.",
        reaches=NEXT_CHANGE,
        default=None,
        alias="memoryGiB",
        ge=0,
    )
    storage_gib: Count | None = configured(
        "Size of all volumes in GiB. No limit if absent.",
        reaches=NEXT_CHANGE,
        default=None,
        alias="storageGiB",
        ge=0,
    )
    gpus: Count | None = configured(
        "Number of GPUs. No limit if absent.", reaches=NEXT_CHANGE, default=None, ge=0
    )


class PolicyRule(Schema):
    """Fill, bound or forbid one field of the orders."""

    verbs: ClassVar[tuple[str, ...]] = ("pin", "default", "min", "max", "allow", "forbid")

    field: FieldPath = configured("Path, such as spec.nodePools[].replicas.", reaches=NEXT_CHANGE)
    kind: KindName | None = configured(
        "Kind it is for: Cluster, Server or Network. All that have the field if absent.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    pin: Any = configured(
        "The one value; it is filled in where the order has none. Exactly one of pin, default, "
        "min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    default: Any = configured(
        "Value that is filled in where the order has none. Exactly one of pin, default, min, "
        "max, allow and forbid.",
        reaches=NEW_ORDERS,
        default=None,
    )
    min: Any = configured(
        "Least value, a number in the unit of the field, or such as 5m or 40%. Exactly one of "
        "pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    max: Any = configured(
        "Greatest value, a number in the unit of the field, or such as 5m or 40%. Exactly one of "
        "pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    allow: tuple[Any, ...] | None = configured(
        "The values that may be used. Exactly one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
        min_length=1,
    )
    forbid: tuple[Any, ...] | None = configured(
        "Values that may not be used. Exactly one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
        min_length=1,
    )
    reason: Name = configured("Sentence that the tenant reads.", reaches=AT_ONCE)

    @pydantic.model_validator(mode="after")
    def _exactly_one_verb(self) -> "PolicyRule":
        if sum(getattr(self, verb) is not None for verb in self.verbs) != 1:
            raise ValueError(f"exactly one of {', '.join(self.verbs)} is required")
        return self

    @property
    def verb(self) -> str:
        """Return which of the verbs this rule uses."""
        return next(verb for verb in self.verbs if getattr(self, verb) is not None)

    @property
    def key(self) -> str:
        """Return what names this rule, such as `spec.replicas/max/Server`."""
        return "/".join(part for part in (self.field, self.verb, self.kind) if part)


class Place(Schema):
    """Say where an order lives; in a move, only what changes is given."""

    environment: Name | None = configured(
        "Name of the environment, such as region-one. It stays if absent.",
        reaches=AT_ONCE,
        default=None,
    )
    backend: Name | None = configured(
        "Name of the backend, such as capi. It stays if absent.", reaches=AT_ONCE, default=None
    )
    provider_config: Name | None = configured(
        "Name of the ProviderConfig, such as acme.capi. It stays if absent.",
        reaches=AT_ONCE,
        default=None,
    )
    namespace: str | None = configured(
        "Name of the namespace or project in the backend, such as acme. It stays if absent.",
        reaches=AT_ONCE,
        default=None,
    )


class Move(Schema):
    """Allow one order to change its place; what it leaves is orphaned, never deleted."""

    key_fields: ClassVar[tuple[str, ...]] = ("namespace", "kind", "name")

    namespace: Name = configured("Tenant namespace of the order, such as acme.", reaches=AT_ONCE)
    kind: KindName = configured("Kind of the order: Cluster, Server or Network.", reaches=AT_ONCE)
    name: Name = configured("Name of the order, such as shop.", reaches=AT_ONCE)
    origin: Place = configured("What it leaves.", reaches=AT_ONCE, alias="from")
    to: Place = configured("What it goes to.", reaches=AT_ONCE)


class Block(Schema):
    """Configure one backend; the base of the settings that backends declare."""

    def problems(self, settings: "Settings") -> Iterator[Problem]:
        """Yield what is wrong with the environment if this backend answers a kind."""
        del settings
        yield from ()


class Settings(Schema):
    """Hold the merged data of one environment."""

    display_name: Name = configured(
        "Name for people, such as Example Cloud, region one.", reaches=AT_ONCE
    )
    links: dict[Literal["status", "support", "documentation"], HTTPSURL] = configured(
        "Pages for tenants by what they show (status, support or documentation), each an https "
        "URL. None if absent.",
        reaches=AT_ONCE,
        default_factory=dict,
    )
    layers: tuple[Name, ...] = configured(
        "Names of the EnvironmentConfigs that are the other base layers of this environment, "
        "such as catalogue. None if absent.",
        reaches=AT_ONCE,
        default=(),
    )
    overlays: Literal["None", "Optional", "Required"] = configured(
        "Whether tenants have a layer of their own. None: no tenant has one; Optional: a tenant "
        "may have one; Required: the orders of a tenant without one are refused. None if "
        "absent.",
        reaches=AT_ONCE,
        default="None",
    )
    tenants: tuple[Name, ...] | None = configured(
        "Namespaces that may use the environment, such as acme. All if absent.",
        reaches=AT_ONCE,
        default=None,
    )
    kinds: dict[KindName, Name] = configured(
        "Offered kinds (Cluster, Server, Network) and the backend that answers each, such as "
        "capi. A kind left out is not offered; what lives of it goes on, while the settings of "
        "its backend stay.",
        reaches=NEW_ORDERS,
    )
    zones: tuple[Zone, ...] = configured(
        "Offered availability zones. Pools and servers stay in theirs; a control plane may follow "
        "with its version. None if absent.",
        reaches=NEXT_VERSION,
        default=(),
    )
    flavors: tuple[FlavorOffer, ...] = configured(
        "Offered flavors. None if absent.", reaches=NEW_ORDERS, default=()
    )
    images: tuple[ImageOffer, ...] = configured(
        "Offered images for servers. None if absent.", reaches=NEW_ORDERS, default=()
    )
    volume_types: tuple[VolumeType, ...] = configured(
        "Offered volume types. None if absent.", reaches=NEW_ORDERS, default=()
    )
    kubernetes_versions: tuple[KubernetesVersion, ...] = configured(
        "Offered Kubernetes versions. None if absent.", reaches=NEXT_VERSION, default=()
    )
    classes: tuple[ClusterClass, ...] = configured(
        "Offered cluster classes. None if absent.", reaches=NEXT_VERSION, default=()
    )
    access: AccessDefaults = configured(
        "How tenants log in.", reaches=NEXT_VERSION, default=AccessDefaults()
    )
    limits: Limits = configured("Limits of one order.", reaches=NEXT_CHANGE, default=Limits())
    policy: tuple[PolicyRule, ...] = configured(
        "Rules for fields of orders. None if absent.", reaches=NEXT_CHANGE, default=()
    )
    moves: tuple[Move, ...] = configured(
        "Orders that may change their place. None if absent.", reaches=AT_ONCE, default=()
    )
    secrets_namespace: DNSLabel = configured(
        "Namespace for connection secrets of composed resources, in claims mode; no tenant may "
        "read it. crossplane-system if absent.",
        reaches=NEW_ORDERS,
        default="crossplane-system",
    )
    backends: dict[str, Any] = configured(
        "Settings of the backends named in kinds, by name of the backend. None if absent.",
        reaches="see the fields of each backend",
        default_factory=dict,
    )

    def backend_of(self, kind: str) -> str | None:
        """Return the backend that answers a kind; None if it is not offered."""
        return next((name for offered, name in self.kinds.items() if offered == kind), None)

    def block(self, name: str, schema: type[BlockT]) -> BlockT:
        """Return the settings of one backend.

        Raises:
            LookupError: The environment has no such block; `environment.assemble` checks it.
        """
        found = self.backends.get(name)
        if not isinstance(found, schema):
            raise LookupError(f"no settings for backend {name}")
        return found

    @functools.cached_property
    def offered_flavors(self) -> tuple[Flavor, ...]:
        """Return what the offered flavors hold."""
        return tuple(offer.flavor for offer in self.flavors)
