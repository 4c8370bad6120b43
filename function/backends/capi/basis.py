"""Hold the input of a Cluster: the order, its settings, what was decided, and the live one."""

import functools
from dataclasses import dataclass
from typing import Any

from function.backends.capi import status
from function.backends.capi.effective import ClusterSettings
from function.backends.capi.forms import newest
from function.backends.capi.profile import Profile, Target
from function.contract import Manifest, Order, Resource
from function.errors import EnvironmentInvalid, Problem
from function.model import ClusterSpec
from function.paths import is_below, lookup
from function.record import Bound
from function.settings import VariableType


@dataclass(frozen=True)
class Basis:
    """Hold the input from which a Cluster is rendered.

    Attributes:
        order: The order.
        settings: What it takes from the environment, as it last received it.
        bound: What was decided.
        before: The observed Object of the Cluster; None if there is none.
    """

    order: Order[ClusterSpec]
    settings: ClusterSettings
    bound: Bound
    before: Resource | None

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
        """Return the profile of the class.

        Raises:
            EnvironmentInvalid: There is none.
        """
        if self.settings.profile is None:
            raise EnvironmentInvalid(Problem("classes", self.settings.unknown_profile))
        return self.settings.profile

    @property
    def fixed(self) -> tuple[str, ...]:
        """Return the variables that a live cluster keeps, by the currently configured profile."""
        todays = self.settings.todays_profile
        return todays.fixed if todays else ()

    @property
    def class_health_check(self) -> bool | None:
        """Return whether the class has health checks, by the currently configured profile."""
        todays = self.settings.todays_profile
        return todays.class_health_check if todays else None

    def type_of(self, variable: str) -> VariableType | None:
        """Return the type of a variable; None if the provider does not declare it."""
        todays = self.settings.todays_profile
        known = self.settings.variable_types.get(variable)
        return known or (todays.type_of(variable) if todays else None)

    def target(self, field: str) -> Target:
        """Return the target of a field, with the current profile's replacements of empty texts."""
        target, todays = self.profile.target(field), self.settings.todays_profile
        empty = todays.target(field).empty if todays else {}
        return target.model_copy(update={"empty": empty}) if empty else target

    def asks(self, field: str) -> bool:
        """Return whether the tenant wrote a field."""
        return lookup(self.order.written, field.removeprefix("spec.")) not in (None, [], {})
