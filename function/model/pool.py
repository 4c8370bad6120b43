"""Declare the node pools of a `Cluster`."""

from typing import Literal

import pydantic

from function.model.order import Size
from function.model.values import Duration, FlavorName, LabelKey, LabelValue, PoolName, ZoneName
from function.schema import Count, DNSLabel, Schema, ordered


class RootVolume(Schema):
    """Ask for the root volume of each node."""

    size_gib: Count = ordered(
        "Size in GiB.", change="rolling", alias="sizeGiB", ge=10, le=65536, example=50
    )
    type: DNSLabel | None = ordered(
        "Offered volume type. The environment's default if absent.",
        change="rolling",
        default=None,
        example="ssd",
    )


class Autoscaling(Schema):
    """Let the number of nodes follow the load."""

    min: Count = ordered("Least number of nodes.", change="in place", ge=1, le=1000, example=3)
    max: Count = ordered("Greatest number of nodes.", change="in place", ge=1, le=1000, example=9)

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Autoscaling":
        if self.max < self.min:
            raise ValueError("max must be at least min")
        return self


class Taint(Schema):
    """Keep pods away from nodes that do not tolerate this."""

    key: LabelKey = ordered("Key.", change="in place", example="dedicated")
    value: LabelValue | None = ordered(
        "Value. Empty if absent.", change="in place", default=None, example="web"
    )
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = ordered(
        "What happens to pods that do not tolerate it.", change="in place", example="NoSchedule"
    )


class Update(Schema):
    """Say how nodes are replaced."""

    max_surge: Count = ordered(
        "Nodes that may exist beyond the wanted number. 1 if absent.",
        change="in place",
        default=1,
        ge=0,
        le=100,
    )
    max_unavailable: Count = ordered(
        "Nodes that may be missing from the wanted number. 0 if absent.",
        change="in place",
        default=0,
        ge=0,
        le=100,
    )

    @pydantic.model_validator(mode="after")
    def _one_can_move(self) -> "Update":
        if self.max_surge == self.max_unavailable == 0:
            raise ValueError("maxSurge and maxUnavailable must not both be 0")
        return self


class NodePool(Schema):
    """Ask for a group of equal worker nodes."""

    name: PoolName = ordered(
        "Name of the pool, its identity: another name is another pool.",
        change="replace",
        example="web",
    )
    flavor: FlavorName | None = ordered(
        "Offered flavor of each node, by its scs-0100 name. Exactly one of flavor and size.",
        change="rolling",
        default=None,
        example="SCS-4V-16",
    )
    size: Size | None = ordered(
        "Least size of each node. Exactly one of flavor and size.", change="rolling", default=None
    )
    replicas: Count | None = ordered(
        "Number of nodes. Exactly one of replicas and autoscaling.",
        change="in place",
        default=None,
        ge=0,
        le=1000,
        example=3,
    )
    autoscaling: Autoscaling | None = ordered(
        "Number of nodes that follows the load. Exactly one of replicas and autoscaling.",
        change="in place",
        default=None,
    )
    zones: tuple[ZoneName, ...] = ordered(
        "Availability zones over which the nodes are spread evenly. "
        "The environment's choice if absent.",
        change="refused",
        default=(),
        max_length=10,
        example=["az1", "az2"],
    )
    root_volume: RootVolume | None = ordered(
        "Root volume of each node. Disk of the flavor, or the environment's default, if absent.",
        change="rolling",
        default=None,
    )

    labels: dict[LabelKey, LabelValue] = ordered(
        "Labels of the nodes.", change="in place", default={}, max_length=32
    )
    taints: tuple[Taint, ...] = ordered(
        "Taints of the nodes.", change="in place", default=(), max_length=16
    )
    update: Update = ordered("How nodes are replaced.", change="in place", default=Update())
    drain_timeout: Duration | None = ordered(
        "How long a node may take to let its pods go, such as 10m. The environment's if absent.",
        change="in place",
        default=None,
        example="10m",
    )

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the least and the greatest number of nodes."""
        if self.autoscaling:
            return self.autoscaling.min, self.autoscaling.max
        return self.replicas or 0, self.replicas or 0

    @pydantic.model_validator(mode="after")
    def _exactly_one_of_each(self) -> "NodePool":
        if (self.flavor is None) == (self.size is None):
            raise ValueError("exactly one of flavor, size is required")
        if (self.replicas is None) == (self.autoscaling is None):
            raise ValueError("exactly one of replicas, autoscaling is required")
        return self

    @pydantic.field_validator("taints")
    @classmethod
    def _taints_are_distinct(cls, taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
        if len({(taint.key, taint.effect) for taint in taints}) != len(taints):
            raise ValueError("two taints have the same key and effect")
        return taints

    @pydantic.field_validator("zones")
    @classmethod
    def _zones_are_distinct(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(zones)) != len(zones):
            raise ValueError("names a zone twice")
        return zones
