"""Say which settings a Cluster takes from its environment, today and when it was last applied.

What cannot be read from the applied Cluster is persisted in annotations beside it: the profile of
its class (`PROFILE`), and the environment's value of variables that an order can set (`BASE`).
"""

from collections.abc import Mapping
from typing import Any

from function.backends.capi.forms import VERSIONS
from function.backends.capi.live import LiveCluster, deployments
from function.backends.capi.profile import Profile
from function.backends.capi.settings import NAME, CapiSettings
from function.backends.capi.targets import AVAILABILITY, Target
from function.contract import Context, Manifest, Order, Resource
from function.effective import Effective, reaching, taken
from function.errors import EnvironmentInvalid, Problem
from function.model import API_GROUP, ClusterSpec
from function.paths import lookup
from function.record import Bound
from function.schema import canonical, mapping
from function.settings import (
    AT_ONCE,
    NEXT_VERSION,
    AccessDefaults,
    ClusterClass,
    PinnedVariable,
    Settings,
    VariableType,
)

BASE = f"{API_GROUP}/base-variables"


class ClusterSettings(Effective):
    """Hold what a Cluster takes from its environment; None is what the environment does not have.

    Attributes:
        api_version: Version of the Cluster API to write.
        class_namespace: Namespace of the class.
        labels: Labels of the Cluster.
        network: `spec.clusterNetwork`, the ranges of the order included.
        node_mask: Prefix length of the part of the pod range that each node takes.
        zones: Zones of a control plane that is spread over them.
        profile: Profile of the class, with the overrides of the offered class.
        todays_profile: Profile as it is configured today, without them; None if it is gone.
        unknown_profile: Why there is no profile; empty if there is one.
        variables: Value of each variable of the class.
        persisted_variables: Those of them whose value `BASE` has already.
        listed_variables: Variables that the provider lists today.
        tenant_variables: Variables that tenants may set; None if the class is no longer offered.
        pinned: Variables that no tenant may set.
        variable_types: Types of variables that the offered class declares.
        unsupported: Fields that the offered class declares as unsupported.
        worker_classes: Worker class of each live MachineDeployment.
        is_kept: Whether the Cluster keeps what it last received.
        autoscaler: Whether cluster-autoscaler runs.
        scale_to_zero: Whether cluster-autoscaler may take the last node of a pool.
        taints: Whether taints are offered.
        all_labels: Whether every label reaches nodes.
        reserved_labels: Keys and domains of labels that tenants may not set.
        management_cidrs: Networks that always reach API servers.
        extra_scopes: Scopes that kubeconfigs ask for.
    """

    api_version: str = taken(CapiSettings, "apiVersion")
    class_namespace: str | None = taken(CapiSettings, "classNamespace")
    labels: dict[str, str] = taken(CapiSettings, "labels")
    network: dict[str, Any] = taken(CapiSettings, "network.pods")
    node_mask: int | None = taken(CapiSettings, "network.nodeCIDRMaskSize")
    zones: tuple[str, ...] | None = taken(Settings, "zones")
    profile: Profile | None = taken(CapiSettings, "profiles")
    todays_profile: Profile | None = reaching(AT_ONCE)
    unknown_profile: str = reaching(AT_ONCE)
    variables: dict[str, Any] = taken(ClusterClass, "variables")
    persisted_variables: frozenset[str] = reaching(NEXT_VERSION, default=frozenset())
    listed_variables: frozenset[str] = taken(ClusterClass, "tenantVariables")
    tenant_variables: tuple[str, ...] | None = taken(ClusterClass, "tenantVariables")
    pinned: dict[str, PinnedVariable] = reaching(AT_ONCE)
    variable_types: dict[str, VariableType] = taken(ClusterClass, "variableTypes")
    unsupported: dict[str, str] = reaching(AT_ONCE)
    worker_classes: dict[str, str] = reaching(NEXT_VERSION, default={})
    is_kept: bool = reaching(NEXT_VERSION, default=False)
    autoscaler: bool = taken(CapiSettings, "autoscaler")
    scale_to_zero: bool = taken(CapiSettings, "scaleToZero")
    taints: bool = taken(CapiSettings, "taints")
    all_labels: bool = taken(CapiSettings, "allLabels")
    reserved_labels: tuple[str, ...] = taken(CapiSettings, "reservedLabels")
    management_cidrs: tuple[str, ...] = taken(CapiSettings, "managementCIDRs")
    extra_scopes: tuple[str, ...] = taken(AccessDefaults, "extraScopes")

    @property
    def class_profile(self) -> Profile:
        """Return the profile of the class.

        Raises:
            EnvironmentInvalid: There is none.
        """
        if self.profile is None:
            raise EnvironmentInvalid(Problem("classes", self.unknown_profile))
        return self.profile

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the variables that a live cluster keeps, by the currently configured profile."""
        return self.todays_profile.fixed if self.todays_profile else ()

    @property
    def class_health_check(self) -> bool | None:
        """Return whether the class has health checks, by the currently configured profile."""
        return self.todays_profile.class_health_check if self.todays_profile else None

    def type_of(self, variable: str) -> VariableType | None:
        """Return the type of a variable; None if the provider does not declare it."""
        todays = self.todays_profile
        known = self.variable_types.get(variable)
        return known or (todays.type_of(variable) if todays else None)

    def target(self, field: str) -> Target:
        """Return the target of a field, with what the current profile writes for empty values."""
        target = self.class_profile.target(field)
        if self.todays_profile is None:
            return target
        todays = self.todays_profile.target(field)
        is_same = (todays.empty, todays.emptied) == (target.empty, target.emptied)
        if is_same or (not todays.empty and todays.emptied is None):
            return target
        return target.model_copy(update={"empty": todays.empty, "emptied": todays.emptied})


ClusterContext = Context[ClusterSpec, ClusterSettings, LiveCluster]


def current(order: Order[ClusterSpec], settings: Settings, bound: Bound) -> ClusterSettings:
    """Return what the environment gives a Cluster today."""
    config = settings.block(NAME, CapiSettings)
    offer = settings.class_of(bound.cluster_class, bound.version)
    name = offer.profile if offer and config.find(bound.profile) is None else bound.profile
    found = config.find(name)
    pinned = offer.pinned if offer else {}
    variables = {
        **(found.variables if found else {}),
        **(offer.variables if offer else {}),
        **{name: pin.value for name, pin in pinned.items()},
    }
    types = offer.variable_types if offer else {}
    return ClusterSettings(
        api_version=config.api_version,
        class_namespace=config.class_namespace,
        labels=config.labels,
        network=_network(order, config),
        node_mask=config.network.node_mask if config.network else None,
        zones=tuple(zone.name for zone in settings.zones),
        profile=_with_overrides(found, offer) if found else None,
        todays_profile=config.find(offer.profile if offer else bound.profile),
        unknown_profile="" if found else config.unknown(name),
        variables=variables,
        listed_variables=frozenset((*variables, *types)),
        tenant_variables=offer.tenant_variables if offer else None,
        pinned=pinned,
        variable_types=types,
        unsupported=offer.unsupported if offer else {},
        autoscaler=config.autoscaler,
        scale_to_zero=config.scale_to_zero,
        taints=config.taints,
        all_labels=config.all_labels,
        reserved_labels=config.reserved_labels,
        management_cidrs=config.management_cidrs,
        extra_scopes=settings.access.extra_scopes,
    )


def _network(order: Order[ClusterSpec], config: CapiSettings) -> Manifest:
    requested, offered = order.spec.network, config.network
    ranges = {
        "pods": requested.pods or (offered.pods if offered else None),
        "services": requested.services or (offered.services if offered else None),
    }
    return {name: {"cidrBlocks": [cidr]} for name, cidr in ranges.items() if cidr}


def _with_overrides(profile: Profile, offer: ClusterClass | None) -> Profile:
    """Return a profile with what the offered class says beside it."""
    gaps = offer.unsupported if offer else {}
    less = {field: Target(unsupported=reason) for field, reason in gaps.items()}
    startup = offer.node_startup_timeout if offer else None
    family = offer.family if offer else None
    machines = offer.machines if offer else ()
    edits: dict[str, Any] = {
        **({"fields": {**profile.fields, **less}} if less else {}),
        **({"node_startup_timeout": startup} if startup else {}),
        **({"family": family} if family else {}),
        **({"machines": machines} if machines else {}),
    }
    return profile.model_copy(update=edits) if edits else profile


def applied(
    live: LiveCluster, record: Bound | None, today: ClusterSettings
) -> Mapping[str, Any] | None:
    """Return what the Cluster was last given, by attribute; None if it cannot exist yet."""
    root, stored = live.root, live.applied
    if root is None or not stored:
        return None
    version, profile = stored.get("apiVersion"), live.profile
    labels = lookup(stored, "metadata.labels")
    if not live.is_started:
        # The network is immutable from the moment that it exists; nothing else is in use.
        return {**_network_as_applied(live), **_zones(live, profile or today.profile)}
    base, driven = _base_and_driven(root, record, profile or today.profile, today)
    has_variables = lookup(stored, "spec.topology.variables") is not None
    # Variables that the order set have the environment's value in `BASE`, or it has none of them.
    given = {name: value for name, value in live.variables.items() if name not in driven}
    return {
        **({"api_version": VERSIONS[version]} if version in VERSIONS else {}),
        "class_namespace": lookup(stored, "spec.topology.classRef.namespace"),
        **({"labels": labels} if labels else {}),
        **_network_as_applied(live),
        **({"profile": profile} if profile else {}),
        **_zones(live, profile or today.profile),
        "variables": {**(given if has_variables else today.variables), **base},
        "persisted_variables": frozenset(base),
        "worker_classes": {d["name"]: d["class"] for d in deployments(stored) if "class" in d},
        "is_kept": True,
    }


def _network_as_applied(live: LiveCluster) -> dict[str, Any]:
    found = lookup(live.applied, "spec.clusterNetwork") or {}
    return {"network": found} if live.holds("spec.network.pods") else {}


def _zones(live: LiveCluster, profile: Profile | None) -> dict[str, Any]:
    """Return the zones of the control plane; unknown until they are needed, and then fixed."""
    target = profile.target(AVAILABILITY) if profile else None
    if live.control_planes == 1 or not live.holds("spec.controlPlane"):
        return {}
    return {"zones": target.read(live.variables)} if target and target.variable else {}


def _base_and_driven(
    root: Resource, record: Bound | None, profile: Profile | None, today: ClusterSettings
) -> tuple[dict[str, Any], set[str]]:
    """Return the persisted values, and the variables that do not have the environment's value.

    A variable that pools override too is not driven cluster-wide, unless the order sets it by
    name. An earlier function wrote the control plane's value there, and pools took their default
    disk from it: the live value stays until the version changes, or their nodes would be replaced.
    """
    written = lookup(record.request, "variables") if record else None
    named = set(written) if isinstance(written, dict) else set()
    overridden = (profile.shared if profile else frozenset()) - named
    driven = {*(profile.driven if profile else ()), *named} - overridden
    persisted = mapping(root.annotations.get(BASE, ""))
    # Of a lost base, what the environment still has is taken from the Cluster.
    driven = driven if root.annotations.get(BASE) else driven - today.variables.keys()
    return {name: v for name, v in persisted.items() if name not in overridden}, driven


def profile_text(profile: Profile) -> str:
    """Return a profile as `PROFILE` persists it, without what always applies as of today."""
    todays: dict[str, Any] = dict.fromkeys(
        ("guarded", "fixed", "class_health_check", "variable_types"), True
    )
    todays["fields"] = {"__all__": {"empty", "emptied"}}
    return canonical(profile.model_dump(mode="json", exclude_defaults=True, exclude=todays))
