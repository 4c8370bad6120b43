"""Define the frozen types that carry an order through the function.

    Order, Environment -> Bound -> Rendered(Resource ...)

A backend is one pure function per kind, `Context -> Rendered`: the order, the settings that apply
to it (`effective`), the record, and the backend's own view of what is observed. It sees nothing
else: no mode, no clock, no guard. Observed resources come as `Resource` too, so that what is
desired and what is observed are compared like with like. The file is long because every type here
is made of the others.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from function.effective import Effective
from function.errors import Problem
from function.frozen import changed
from function.labels import UID_LABEL, labels_of
from function.model import OrderSpec
from function.paths import is_given
from function.record import Bound, Recalled
from function.schema import Schema
from function.settings import Settings
from function.shapes import Shape, fitting

# The path of all that can be ordered.
WHOLE = frozenset({"spec"})
SpecT = TypeVar("SpecT", bound=OrderSpec)
SettingsT = TypeVar("SettingsT", bound=Effective)
LiveT = TypeVar("LiveT")
Manifest = dict[str, Any]


class Mode(enum.Enum):
    """Say which of the two installs asks."""

    CLAIMS = "claims"
    NAMESPACED = "namespaced"


@dataclass(frozen=True)
class Order(Generic[SpecT]):
    """One order of one tenant.

    Attributes:
        kind: Kind the tenant wrote, `Cluster` or `Server`.
        tenant: Namespace of the tenant.
        name: Name of the tenant's object, never the random name of a claim's XR.
        mode: Which install asks; for `managed` only.
        uid: UID of the composite.
        written: What the tenant wrote in `spec`, and only that.
        spec: Effective values: written, then filled by policy, then the model's defaults.
    """

    kind: str
    tenant: str
    name: str
    mode: Mode
    uid: str
    written: Mapping[str, Any]
    spec: SpecT

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of every object that is made for the order."""
        return {**labels_of(self.tenant, self.kind, self.name), UID_LABEL: self.uid}

    def wrote(self, path: str) -> bool:
        """Say whether the tenant wrote a field; one that is empty counts as not written."""
        return is_given(self.written, path.removeprefix("spec."))

    def requests(self, path: str) -> bool:
        """Say whether the order asks for what is at a path.

        `spec.replicas[2]` asks if there are more than two replicas; `spec.nodePools[web]` if
        there is such a pool; `spec.publicIP` if it is true.
        """
        value: object = self.spec
        steps = path.replace("]", "").replace("[", ".[").split(".")[1:]
        for index, step in enumerate(steps):
            if step.startswith("["):
                # A key may hold dots: it is the last step.
                return _holds(value, ".".join(steps[index:])[1:])
            value = _attribute(value, step)
        return bool(value)


def _holds(value: object, key: str) -> bool:
    if isinstance(value, int):
        return key.isdigit() and int(key) < value
    if isinstance(value, tuple):
        return any(key in item.keys() for item in value if isinstance(item, Schema))  # noqa: SIM118  # a method of Schema
    return False


def _attribute(value: object, alias: str) -> object:
    names = (
        {info.alias: name for name, info in type(value).model_fields.items()}
        if isinstance(value, Schema)
        else {}
    )
    return getattr(value, names.get(alias, alias), None)


@dataclass(frozen=True)
class Environment:
    """One environment as one tenant sees it.

    Attributes:
        name: Name that orders use.
        root: EnvironmentConfig that holds `kinds`.
        layers: All EnvironmentConfigs, in the order of the merge.
        settings: The merged and validated data.
        provenance: Path of each value to the EnvironmentConfig that set it.
        flaws: Values that block new orders, while live ones continue.
    """

    name: str
    root: str
    layers: tuple[str, ...]
    settings: Settings
    provenance: Mapping[str, str]
    flaws: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One composed resource, desired or observed, without scope.

    Attributes:
        key: Its name in the composition, its identity: never renamed.
        family: API family, such as `kubernetes` or `compute.openstack`; where this version does not
            know it, `apiVersion` as it was observed.
        kind: Kind, such as `Object` or `InstanceV2`.
        payload: `spec.forProvider`.
        initial: `spec.initProvider`, applied on creation only.
        options: Other fields of `spec`, such as `readiness`.
        secret: Whether it writes a connection secret.
        secret_namespace: Where that is; the environment's choice if empty.
        policies: `spec.managementPolicies`.
        ready: Whether it is ready; set on observed resources only.
        identities: Identities of all live resources behind it; see `guards`.
        name: `metadata.name`.
        labels: `metadata.labels`.
        annotations: `metadata.annotations`.
        provider_config: Name of its ProviderConfig.
        status: `status`, of an observed resource.
        connection: Connection details, of an observed resource.
        generation: `metadata.generation` of an observed resource; 0 if that is not known.
        created: `metadata.creationTimestamp` of an observed resource; empty if that is not known.
        deleting: Whether the observed resource is being deleted.
        exists: Whether something may exist behind the observed resource.
        malformed: Whether a part was dropped because its type is not the one its backend reads.
    """

    key: str
    family: str
    kind: str
    payload: Mapping[str, Any]
    initial: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    secret: bool = False
    secret_namespace: str = ""
    policies: tuple[str, ...] = ("*",)
    ready: bool = False
    identities: frozenset[str] = frozenset()
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    provider_config: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, bytes] = field(default_factory=dict)
    generation: int = 0
    created: str = ""
    deleting: bool = False
    exists: bool = True
    malformed: bool = False

    @property
    def at_provider(self) -> Mapping[str, Any]:
        """Return `status.atProvider`, empty until the provider has looked."""
        result: Mapping[str, Any] = self.status.get("atProvider") or {}
        return result

    def checked(self, reads: Mapping[str, Shape]) -> "Resource":
        """Return the resource without parts whose type is not the one its backend reads.

        Args:
            reads: Shapes by the name of the attribute; see `Backend.reads`.
        """
        parts = {part: fitting(dict(getattr(self, part)), reads[part]) for part in sorted(reads)}
        malformed = any(retained != getattr(self, part) for part, retained in parts.items())
        return changed(self, **parts, malformed=True) if malformed else self


@dataclass(frozen=True)
class Family:
    """Kinds of a provider that share an API group.

    Attributes:
        name: Name, `Resource.family`.
        claims: API version of the cluster-scoped kinds.
        namespaced: API version of the namespaced kinds.
    """

    name: str
    claims: str
    namespaced: str

    def api_version(self, mode: Mode) -> str:
        """Return the API version of what an install composes."""
        return self.claims if mode is Mode.CLAIMS else self.namespaced


@dataclass(frozen=True)
class Removal:
    """Say why something live leaves the desired state.

    Attributes:
        identity: What leaves; see `Resource.identities`.
        reason: One of the reasons defined in `guards`.
        detail: For `order` the path that no longer asks for it, for `superseded` the identity
            of the successor, for `retired` the version that retired it.
    """

    identity: str
    reason: Literal["order", "superseded", "helper", "retired", "orphaned"]
    detail: str = ""


@dataclass(frozen=True)
class Condition:
    """One condition of the order."""

    type: str
    status: bool | None
    reason: str
    message: str = ""


@dataclass(frozen=True)
class Remark:
    """Report something about one field to the tenant."""

    field: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """What a backend renders for an order.

    Attributes:
        resources: All desired resources of the current wave.
        planned: Keys of later waves that are not emitted yet.
        planned_bytes: Size of the planned resources, beyond a few hundred bytes each.
        removals: Reasons for resources that leave the desired state.
        status: `status` of the order, without what the core adds.
        conditions: `Provisioned`, `Current`, `BackendHealthy`; the core adds the others.
        connection: Connection details of the order.
        unsupported: Fields that the tenant wrote and the backend does not support.
        notes: What the tenant should know about how a field was read.
        volumes: GiB of all volumes per node, by pool, including those of the environment.
    """

    resources: tuple[Resource, ...] = ()
    planned: frozenset[str] = frozenset()
    planned_bytes: int = 0
    removals: tuple[Removal, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    connection: Mapping[str, bytes] = field(default_factory=dict)
    unsupported: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()
    volumes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted(Generic[SpecT]):
    """An order as it was last accepted, and what was decided for it then."""

    order: Order[SpecT]
    bound: Bound


@dataclass(frozen=True)
class View:
    """What observed resources show of an order, regardless of what is ordered now.

    Attributes:
        conditions: `Current` and `BackendHealthy`, as far as they can be known.
        wanted: Keys of all resources that belong to the order; None if unknown.
        ready: Keys of ready resources.
    """

    conditions: tuple[Condition, ...]
    wanted: frozenset[str] | None = None
    ready: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Progress:
    """What the live cluster reports about its version.

    Attributes:
        version: Highest version seen, or empty.
        settled: Whether the last change of version is finished.
    """

    version: str = ""
    settled: bool = True


@dataclass(frozen=True)
class Context(Generic[SpecT, SettingsT, LiveT]):
    """Hold all that one order is rendered from.

    Attributes:
        order: The order.
        settings: What it takes from the environment, as it last received it.
        bound: What was decided.
        live: The backend's view of the observed resources; see `Backend.live`.
    """

    order: Order[SpecT]
    settings: SettingsT
    bound: Bound
    live: LiveT


Observed = Mapping[str, Resource]
Look = Callable[[Accepted[SpecT] | None, Any], View]


@dataclass(frozen=True)
class Backend(Generic[SpecT]):
    """Everything that the core knows about one backend for one kind.

    Attributes:
        name: Name in `kinds` and in the label of every resource.
        package: Its Python package; see `backends.parts`.
        settings: Model of its block in the environment.
        root: Key of the resource that carries the bound record; in the first wave, never removed.
        composes: Kinds of its resources, by API family.
        live: Its view of observed resources, by key, which is made once per call and handed to all
            that follow.
        current: What the environment gives an order today, as an `Effective` model of its own.
        applied: What the order was last given, by attribute of that model, from its view, the
            previous record and today's values; None if nothing exists.
        render: The pure function.
        identities: Identities of all live resources behind a composed resource.
        recall: What the view shows of a lost bound record, as its fields; None if it shows too
            little.
        namespace: Namespace or project in the backend, from its settings and the tenant.
        provider_config: Name of the ProviderConfig, likewise.
        is_same_version: Whether an order keeps the version and class that were applied before.
        gaps: Order fields that it does not support, with the reason for the tenant.
        refuses: Gaps that refuse the order, because ignoring the field would be unsafe.
        progress: What the view reports about the cluster's version.
        revertible: Where the backend refused the last change, the live values, by path, of fields
            that cannot be changed back.
        unmade: The identities of an observed resource that do not exist yet.
        replacing: What of a resource cannot change without replacing machines behind it,
            by identity and by name.
        holds: Paths of fields in the last order that can no longer change because they belong to
            something that exists or may exist; fields below a path are held with it.
        retired: Identities by key prefix that this version no longer composes, with the version.
        look: What the view shows of the order as it was last accepted, None if that is lost. It
            needs no settings: the environment itself may be invalid.
        field_of: Order field that a resource is composed for, by key; empty if there is none.
        reads: Shapes of the data it reads from observed resources, by attribute of `Resource`.
        writes: API versions of the manifests that it puts into Objects.
    """

    name: str
    package: str
    settings: type[Schema]
    root: str
    composes: Mapping[Family, tuple[str, ...]]
    render: Callable[[Context[SpecT, Any, Any]], Rendered]
    identities: Callable[[Resource], frozenset[str]]
    recall: Callable[[Any], Recalled | None]
    namespace: Callable[[Any, str], str]
    provider_config: Callable[[Any, str], str]
    live: Callable[[Observed], Any] = lambda observed: observed
    current: Callable[[Order[SpecT], Settings, Bound], Effective] = lambda *_: Effective()
    applied: Callable[[Any, Bound | None, Any], Mapping[str, Any] | None] = lambda *_: None
    is_same_version: Callable[[Any, Bound], bool] = lambda *_: True
    gaps: Mapping[str, str] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()
    progress: Callable[[Any], Progress] = lambda _: Progress()
    revertible: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    unmade: Callable[[Resource], frozenset[str]] = lambda _: frozenset()
    replacing: Callable[[Resource], Mapping[str, Mapping[str, Any]]] = lambda _: {}
    holds: Callable[[Any, Mapping[str, Any]], frozenset[str]] = lambda *_: WHOLE
    retired: Mapping[str, str] = field(default_factory=dict)
    look: Look[SpecT] = lambda *_: View(())
    field_of: Callable[[str], str] = lambda _: ""
    reads: Mapping[str, Shape] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
