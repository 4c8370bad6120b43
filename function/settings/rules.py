"""Declare the rules and limits that an environment sets for orders."""

from typing import Any, ClassVar

import pydantic

from function.schema import Count, Schema, configured
from function.settings.values import AT_ONCE, NEW_ORDERS, NEXT_CHANGE, FieldPath, KindName, Name


class Limits(Schema):
    """Limit what one order may hold."""

    cpu: Count | None = configured(
        "Number of vCPUs, without those of control planes. Defaults to no limit.",
        reaches=NEXT_CHANGE,
        default=None,
        ge=0,
    )
    memory_gib: Count | None = configured(
        "Memory in GiB, without that of control planes. Defaults to no limit.",
        reaches=NEXT_CHANGE,
        default=None,
        alias="memoryGiB",
        ge=0,
    )
    storage_gib: Count | None = configured(
        "Size of all volumes and disks in GiB, such as the root volumes of nodes that the "
        "environment sets, without those of control planes. Defaults to no limit.",
        reaches=NEXT_CHANGE,
        default=None,
        alias="storageGiB",
        ge=0,
    )
    gpus: Count | None = configured(
        "Number of GPUs. Defaults to no limit.", reaches=NEXT_CHANGE, default=None, ge=0
    )


class PolicyRule(Schema):
    """Fill, bound or forbid one field of the orders."""

    verbs: ClassVar[tuple[str, ...]] = ("pin", "default", "min", "max", "allow", "forbid")

    field: FieldPath = configured(
        "Path of the field, such as spec.nodePools[].replicas.", reaches=NEXT_CHANGE
    )
    kind: KindName | None = configured(
        "Kind that the rule applies to: Cluster, Server or Network. Defaults to all kinds that "
        "have the field.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    pin: Any = configured(
        "The only value that may be used. It is filled in where the order has none. Set exactly "
        "one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    default: Any = configured(
        "Value that is filled in where the order has none. Set exactly one of pin, default, min, "
        "max, allow and forbid.",
        reaches=NEW_ORDERS,
        default=None,
    )
    min: Any = configured(
        "Minimum value, a number in the unit of the field, or text such as 5m or 40%. Set exactly "
        "one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    max: Any = configured(
        "Maximum value, a number in the unit of the field, or text such as 5m or 40%. Set exactly "
        "one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
    )
    allow: tuple[Any, ...] | None = configured(
        "The values that may be used. Set exactly one of pin, default, min, max, allow and forbid.",
        reaches=NEXT_CHANGE,
        default=None,
        min_length=1,
    )
    forbid: tuple[Any, ...] | None = configured(
        "Values that may not be used. Set exactly one of pin, default, min, max, allow and forbid.",
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
