"""Say where one order field goes in a ClusterClass, and which values exclude each other."""

from collections.abc import Mapping
from typing import Any

import pydantic

from function.excerpts import few
from function.model.addons import Addons
from function.paths import expand, is_given, lookup, replaced
from function.schema import Schema, canonical, configured, fields
from function.settings import NEXT_CHANGE, NEXT_VERSION, Name

OIDC = "spec.access.oidc"
AVAILABILITY = "spec.controlPlane.availability"
CONTROL_PLANE_FLAVOR = "spec.controlPlane.flavor"
NODES = "spec.network.nodes"
PRIVATE = "spec.apiServer.exposure"
ALLOWED = "spec.apiServer.allowedCIDRs"
EXTRA_NAMES = "spec.apiServer.extraNames"
ADDONS = tuple(f"spec.addons.{name}.enabled" for name in fields(Addons))
POOL_FLAVOR = "spec.nodePools[].flavor"
POOL_DISK = "spec.nodePools[].rootVolume.sizeGiB"
POOL_DISK_TYPE = "spec.nodePools[].rootVolume.type"
POOL_VOLUMES = "spec.nodePools[].dataVolumes"
POOL_AFFINITY = "spec.nodePools[].antiAffinity"
# What may be a variable of the cluster, and what a variable that each pool overrides.
CLUSTER_FIELDS = (
    *(OIDC, AVAILABILITY, CONTROL_PLANE_FLAVOR, NODES, PRIVATE, ALLOWED, EXTRA_NAMES),
    *ADDONS,
)
# What a change of replaces the nodes of a pool.
MACHINE_FIELDS = (POOL_FLAVOR, POOL_DISK, POOL_DISK_TYPE, POOL_VOLUMES)
POOL_FIELDS = (*MACHINE_FIELDS, POOL_AFFINITY)
NO_SETTING = "this class has no such setting"
_OMIT = "omit"


class Target(Schema):
    """Say where one order field goes in a class; exactly one of the first three."""

    variable: str | None = configured(
        "Cluster-wide variable, such as nodeCIDR. If spec.controlPlane.flavor goes to a variable "
        "that pools override too, the control plane overrides it as well. Set exactly one of "
        "variable, override and unsupported.",
        reaches=NEXT_VERSION,
        default=None,
    )
    override: str | None = configured(
        "Variable that is overridden for each pool, such as workerFlavor. Set exactly one of "
        "variable, override and unsupported.",
        reaches=NEXT_VERSION,
        default=None,
    )
    unsupported: str | None = configured(
        "Sentence that explains to the tenant why the class cannot express the field. Set exactly "
        "one of variable, override and unsupported.",
        reaches=NEXT_VERSION,
        default=None,
    )
    always: Any = configured(
        "Value that every cluster of the class has anyway. Allowed only with unsupported, which "
        "is reported for any other value. Defaults to none.",
        reaches=NEXT_VERSION,
        default=None,
    )
    key: str | None = configured(
        "Where in an object the value goes, such as size for a variable bootVolume, which keeps "
        "its other keys. Defaults to none: the variable is the value.",
        reaches=NEXT_VERSION,
        default=None,
    )
    join: str | None = configured(
        "Text between the items of a list, such as a comma, for a variable that is one text. "
        "Defaults to none: a list stays a list.",
        reaches=NEXT_VERSION,
        default=None,
    )
    none: Any = configured(
        "What is written for a machine that boots from the disk of its flavor, for the size of "
        "root volumes and for controlPlaneDisk: omit writes nothing, so that the value of the "
        "class applies. Defaults to 0.",
        reaches=NEXT_VERSION,
        default=0,
    )
    object_keys: dict[str, str] = configured(
        "Keys of an object, or of each object in a list, from our name to the class's, such as "
        "sizeGiB: sizeGiB. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
        alias="keys",
    )
    defaults: dict[str, Any] = configured(
        "Values of these keys, by our names, that apply where neither the order nor the volume "
        "type has one. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    empty: dict[str, Any] = configured(
        "Values of these keys, by our names, that are written instead of an empty text, such as "
        "usernamePrefix: - where the class turns it into a flag. Defaults to the empty text.",
        reaches=NEXT_CHANGE,
        default_factory=dict,
    )
    emptied: Any = configured(
        "Value of the class that is written when a live cluster had a list and has none any more, "
        "such as [kubernetes] for names that are in the certificate anyway: classes whose template "
        "has nothing else in that object compute one that its definition refuses. Defaults to the "
        "value of the environment.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    values: dict[str, Any] = configured(
        'What is written for each value of the field, such as "true". Any other value is not '
        "expressed. Defaults to the value itself.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    also: dict[str, Any] = configured(
        "Other variables that the field requires, with the values that they are set to. Defaults "
        "to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )

    @pydantic.model_validator(mode="after")
    def _exactly_one(self) -> "Target":
        if sum(x is not None for x in (self.variable, self.override, self.unsupported)) != 1:
            raise ValueError("exactly one of variable, override, unsupported is required")
        if self.always is not None and self.unsupported is None:
            raise ValueError("always goes with unsupported only")
        return self

    @property
    def name(self) -> str | None:
        """Return the variable, cluster-wide or overridden; None if the field is unsupported."""
        return self.variable or self.override

    @property
    def names(self) -> frozenset[str]:
        """Return every variable that the field requires."""
        return frozenset(name for name in (self.name, *self.also) if name)

    @property
    def no_disk(self) -> Any:
        """Return what is written for the disk of a flavor; None if nothing is."""
        return None if self.none == _OMIT else self.none

    def gap(self, value: Any) -> str:
        """Return why the class cannot express a value; empty if it can."""
        if self.unsupported:
            return "" if self.always is not None and value == self.always else self.unsupported
        known = ", ".join(sorted(self.values))
        return "" if self._knows(value) else f"this class can have only: {known}"

    def form(self, value: Any) -> Any:
        """Return a value in the form of the class."""
        if self.values:
            return self.values[_key(value)]
        if isinstance(value, list):
            items = [self.form(item) for item in value]
            return items if self.join is None else self.join.join(map(str, items))
        if not isinstance(value, Mapping):
            return value
        known = self.defaults | {ours: v for ours, v in value.items() if v is not None}
        known |= {ours: text for ours, text in self.empty.items() if known.get(ours) == ""}
        return {theirs: known[ours] for ours, theirs in self.object_keys.items() if ours in known}

    def writes(self, value: Any, within: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables or overrides for a value; none where it is not expressed.

        Args:
            value: The value of the field.
            within: Variables as they are without it, of which an object keeps its other keys.
        """
        if self.name is None or not self._knows(value):
            return {}
        form = self.form(value)
        if self.key is not None:
            given = within.get(self.name)
            form = replaced(given if isinstance(given, dict) else {}, self.key, form)
        return {self.name: form, **self.also}

    def read(self, variables: Mapping[str, Any]) -> Any:
        """Return the value of the field that variables have; None if that is unknown."""
        written = variables.get(self.name) if self.name else None
        if self.key is not None:
            written = lookup(written, self.key)
        if self.join is not None and isinstance(written, str):
            return written.split(self.join) if written else []
        if not self.values:
            return written
        found = [value for value, form in self.values.items() if form == written]
        return found[0] if len(found) == 1 else None

    def _knows(self, value: Any) -> bool:
        return not self.values or _key(value) in self.values


class Conflict(Schema):
    """Say which values of order fields a class cannot have together."""

    values: dict[str, tuple[str, ...]] = configured(
        "Values that exclude each other, by order field, such as spec.apiServer.exposure: "
        "[Private]. An empty list means any value.",
        reaches=NEXT_VERSION,
    )
    reason: Name = configured("Sentence that the tenant reads.", reaches=NEXT_VERSION)

    @pydantic.field_validator("values")
    @classmethod
    def _are_known(cls, values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        odd = sorted(values.keys() - {*CLUSTER_FIELDS, *POOL_FIELDS})
        if odd:
            raise ValueError(f"{odd[0]} is no field of a profile")
        if len(values) < 2:  # noqa: PLR2004  # one alone excludes nothing
            raise ValueError("must be two fields or more")
        return values

    @property
    def refusal(self) -> tuple[str, str]:
        """Return the first field, by name, and why its value is refused."""
        first, *others = sorted(self.values)
        texts = [" ".join((field, ", ".join(self.values[field]))).rstrip() for field in others]
        return first, f"not together with {few(texts)}: {self.reason.rstrip('.')}"

    def applies_to(self, spec: Mapping[str, Any]) -> bool:
        """Return whether an order has one of the values of each field."""
        return all(
            any(_is_among(spec, where, values) for where in expand(spec, field[len("spec.") :]))
            for field, values in self.values.items()
        )


def _is_among(spec: Mapping[str, Any], where: str, values: tuple[str, ...]) -> bool:
    return _key(lookup(spec, where)) in values if values else is_given(spec, where)


def _key(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)
