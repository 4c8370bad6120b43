"""Hold the input of a Cluster: the order, what was decided, and what is kept of the live one.

Values that come from the environment rather than the order stay unchanged until the class or
version of the live Cluster changes, because most of them roll machines.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from function import shapes
from function.backends.capi import status
from function.backends.capi.forms import newest
from function.backends.capi.profile import Profile, Target
from function.backends.capi.settings import NAME, CapiSettings
from function.contract import Manifest, Order, Resource
from function.model import API_GROUP, ClusterSpec
from function.paths import is_below, lookup
from function.record import Bound
from function.schema import canonical
from function.settings import ClusterClass, PinnedVariable, Settings, VariableType

PROFILE = f"{API_GROUP}/profile"


def remembered_profile(root: Resource | None) -> Profile | None:
    """Return the profile that the root resource remembers; None if there is none, or garbled."""
    text = root.annotations.get(PROFILE, "") if root else ""
    try:
        return Profile.model_validate(shapes.parsed(text)) if text else None
    except pydantic.ValidationError:
        return None


@dataclass(frozen=True)
class Basis:
    """Hold the input from which a Cluster is rendered."""

    order: Order[ClusterSpec]
    settings: Settings
    bound: Bound
    before: Resource | None

    @functools.cached_property
    def own(self) -> CapiSettings:
        """Return the settings of this backend."""
        return self.settings.block(NAME, CapiSettings)

    @functools.cached_property
    def offer(self) -> ClusterClass | None:
        """Return the offered class; None if it is no longer offered."""
        return next((c for c in self.settings.classes if c.name == self.bound.cluster_class), None)

    @functools.cached_property
    def stored(self) -> Manifest:
        """Return the previously rendered Cluster; empty for one that cannot exist yet."""
        exists = self.before is not None and self.before.exists
        return newest(self.before.payload.get("manifest")) if self.before and exists else {}

    @functools.cached_property
    def held(self) -> frozenset[str]:
        """Return the paths of order fields that existing parts of the cluster hold."""
        return status.holds(self.before) if self.before and self.stored else frozenset()

    def holds(self, field: str) -> bool:
        """Return whether an existing part of the cluster holds a field of the order."""
        return is_below(field, self.held)

    @property
    def name(self) -> str:
        """Return the name that the Cluster has; empty for a new one."""
        known = lookup(self.before.payload, "manifest.metadata.name") if self.before else None
        return str(known or "")

    @functools.cached_property
    def standing(self) -> Manifest:
        """Return the previously rendered Cluster if class and version are unchanged, else empty."""
        topology = lookup(self.stored, "spec.topology") or {}
        now = (f"v{self.bound.version}", self.bound.class_name)
        same = (topology.get("version"), lookup(topology, "classRef.name")) == now
        return self.stored if same else {}

    @functools.cached_property
    def stored_control_planes(self) -> int:
        """Return the previously rendered number of control plane machines."""
        found: int = lookup(self.stored, "spec.topology.controlPlane.replicas") or 0
        return found

    @functools.cached_property
    def stored_variables(self) -> dict[str, Any]:
        """Return the variables of the previously rendered Cluster."""
        listed = lookup(self.stored, "spec.topology.variables") or ()
        return {v["name"]: v.get("value") for v in listed if "name" in v}

    @functools.cached_property
    def profile(self) -> Profile:
        """Return the profile of the class; the one in use is kept until version or class change."""
        known = remembered_profile(self.before) if self.standing else None
        return known or self.offered_profile

    @functools.cached_property
    def offered_profile(self) -> Profile:
        """Return the currently configured profile, with overrides of the offered class."""
        name = self.bound.profile
        if self.offer and self.own.find(name) is None:
            name = self.offer.profile
        found = self.own.profile(name)
        gaps = self.offer.unsupported if self.offer else {}
        less = {field: Target(unsupported=reason) for field, reason in gaps.items()}
        startup = self.offer.node_startup_timeout if self.offer else None
        edits = {
            **({"fields": {**found.fields, **less}} if less else {}),
            **({"node_startup_timeout": startup} if startup else {}),
        }
        return found.model_copy(update=edits) if edits else found

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the variables that a live cluster keeps, by the currently configured profile."""
        return self._todays.fixed if self._todays else ()

    @property
    def class_health_check(self) -> bool | None:
        """Return whether the class has health checks, by the currently configured profile."""
        return self._todays.class_health_check if self._todays else None

    def type_of(self, variable: str) -> VariableType | None:
        """Return the type of a variable; None if the provider does not declare it."""
        known = self.offer.variable_types.get(variable) if self.offer else None
        return known or (self._todays.type_of(variable) if self._todays else None)

    def target(self, field: str) -> Target:
        """Return the target of a field, with the current profile's replacements of empty texts."""
        target = self.profile.target(field)
        empty = self._todays.target(field).empty if self._todays else {}
        return target.model_copy(update={"empty": empty}) if empty else target

    @functools.cached_property
    def _todays(self) -> Profile | None:
        return self.own.find(self.offer.profile if self.offer else self.bound.profile)

    @property
    def values(self) -> dict[str, Any]:
        """Return the environment's current value of every variable."""
        own = self.offer.variables if self.offer else {}
        pins = {name: pin.value for name, pin in self.pinned.items()}
        return {**self.profile.variables, **own, **pins}

    @property
    def pinned(self) -> Mapping[str, PinnedVariable]:
        """Return the variables that no tenant may set."""
        return self.offer.pinned if self.offer else {}

    def asks(self, field: str) -> bool:
        """Return whether the tenant wrote a field."""
        return lookup(self.order.written, field.removeprefix("spec.")) not in (None, [], {})

    def remembered_profile(self) -> str:
        """Return the profile as it is persisted in an annotation beside the Cluster."""
        todays: dict[str, Any] = dict.fromkeys(
            ("guarded", "fixed", "class_health_check", "variable_types"), True
        )
        todays["fields"] = {"__all__": {"empty"}}
        dumped = self.profile.model_dump(mode="json", exclude_defaults=True, exclude=todays)
        return canonical(dumped)
