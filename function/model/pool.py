"""Declare the node pools of a `Cluster`."""

from typing import Literal

import pydantic

from function.model.order import Size
from function.model.values import (
    AnnotationValue,
    DrainTimeout,
    FlavorName,
    LabelKey,
    LabelValue,
    PoolName,
    ZoneName,
)
from function.schema import Count, DNSLabel, Flag, Schema, ordered


class RootVolume(Schema):
    """Ask for the root volume of each node."""

    size_gib: Count = ordered(
        "Size in GiB.", change="rolling", alias="sizeGiB", ge=10, le=65536, example=50
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. Defaults to the environment's default.",
        change="rolling",
        default=None,
        example="ssd",
    )


class DataVolume(Schema):
    """Ask for one more volume of each node, which goes when the node goes."""

    name: PoolName = ordered(
        "Name of the volume, such as cache.", change="rolling", example="cache"
    )
    size_gib: Count = ordered(
        "Size in GiB.", change="rolling", alias="sizeGiB", ge=1, le=65536, example=100
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. Defaults to the environment's default.",
        change="rolling",
        default=None,
        example="ssd",
    )


class Autoscaling(Schema):
    """Let the number of nodes follow the load."""

    min: Count = ordered(
        "Minimum number of nodes; 0 where the provider lets pools shrink to none.",
        change="in place",
        ge=0,
        le=1000,
        example=3,
    )
    max: Count = ordered("Maximum number of nodes.", change="in place", ge=1, le=1000, example=9)

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Autoscaling":
        if self.max < self.min:
            raise ValueError("max must be at least min")
        return self


class Taint(Schema):
    """Keep pods away from nodes that do not tolerate this."""

    key: LabelKey = ordered(
        "Key of the taint, such as dedicated or example.com/role.",
        change="in place",
        example="dedicated",
    )
    value: LabelValue | None = ordered(
        "Value of the taint, such as web. Defaults to empty.",
        change="in place",
        default=None,
        example="web",
    )
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = ordered(
        "What happens to pods that do not tolerate the taint. NoSchedule: no new ones are "
        "scheduled here; PreferNoSchedule: new ones are scheduled elsewhere where that is "
        "possible; NoExecute: those that already run here are evicted as well.",
        change="in place",
        example="NoSchedule",
    )


class Update(Schema):
    """Say how nodes are replaced."""

    max_surge: Count = ordered(
        "Number of nodes that may exist beyond the desired number. Defaults to 1.",
        change="in place",
        default=1,
        ge=0,
        le=100,
    )
    max_unavailable: Count = ordered(
        "Number of nodes that may be missing from the desired number. Defaults to 0.",
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
        "Name of the pool, such as web. The name is its identity: a different name is a different "
        "pool.",
        change="replace",
        example="web",
    )
    flavor: FlavorName | None = ordered(
        "Name of the offered flavor of each node, such as SCS-4V-16 (scs-0100). Set exactly one "
        "of flavor and size.",
        change="rolling",
        default=None,
        example="SCS-4V-16",
    )
    size: Size | None = ordered(
        "Minimum size of each node. Set exactly one of flavor and size.",
        change="rolling",
        default=None,
    )
    replicas: Count | None = ordered(
        "Number of nodes. Set exactly one of replicas and autoscaling.",
        change="in place",
        default=None,
        ge=0,
        le=1000,
        example=3,
    )
    autoscaling: Autoscaling | None = ordered(
        "Bounds of the number of nodes, which follows the load. Set exactly one of replicas and "
        "autoscaling.",
        change="in place",
        default=None,
    )
    zones: tuple[ZoneName, ...] = ordered(
        "Names of the availability zones over which the nodes are spread evenly, such as az1. "
        "Defaults to the environment's choice; zones can be added later only where some are named.",
        change="grows",
        default=(),
        max_length=10,
        example=["az1", "az2"],
    )
    root_volume: RootVolume | None = ordered(
        "Root volume of each node. Defaults to the disk of the flavor, or to the environment's "
        "default.",
        change="rolling",
        default=None,
    )
    data_volumes: tuple[DataVolume, ...] = ordered(
        "Additional volumes of each node. They are replaced with the node, and hold no persistent "
        "data. Defaults to none.",
        change="rolling",
        default=(),
        max_length=10,
    )
    labels: dict[LabelKey, LabelValue] = ordered(
        "Labels of the nodes, such as role: web. Defaults to none.",
        change="in place",
        default={},
        max_length=32,
    )
    annotations: dict[LabelKey, AnnotationValue] = ordered(
        "Annotations of the nodes, such as example.com/owner: web. Defaults to none.",
        change="in place",
        default={},
        max_length=32,
    )
    taints: tuple[Taint, ...] = ordered(
        "Taints of the nodes. Defaults to none.", change="in place", default=(), max_length=16
    )
    anti_affinity: Flag | None = ordered(
        "Whether nodes are kept on different hosts, as far as there are enough hosts. Defaults to "
        "the provider's choice.",
        change="rolling",
        default=None,
        example=True,
    )
    update: Update = ordered(
        "How many nodes are replaced at a time when a replacement is necessary.",
        change="in place",
        default=Update(),
    )
    drain_timeout: DrainTimeout | None = ordered(
        "How long draining a node may take, from 1s, such as 10m. Defaults to the environment's "
        "timeout.",
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

    @pydantic.field_validator("data_volumes")
    @classmethod
    def _volume_names_are_distinct(cls, volumes: tuple[DataVolume, ...]) -> tuple[DataVolume, ...]:
        if len({volume.name for volume in volumes}) != len(volumes):
            raise ValueError("two volumes have the same name")
        return volumes

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
            raise ValueError("contains a duplicate zone")
        return zones
