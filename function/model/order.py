"""Declare what the orders of every kind have in common."""

from typing import Literal

from function.schema import Count, DNSLabel, Flag, Number, Schema, ordered

Architecture = Literal["amd64", "arm64", "riscv64"]


class Gpu(Schema):
    """Ask for graphics processors."""

    vendor: Literal["nvidia", "amd", "intel"] = ordered(
        "Maker of the GPU: nvidia, amd or intel.", change="rolling", example="nvidia"
    )
    count: Count = ordered(
        "Number of GPUs. Defaults to 1.", change="rolling", default=1, ge=1, le=16
    )
    memory_gib: Count | None = ordered(
        "Minimum memory of one GPU in GiB. Defaults to any amount.",
        change="rolling",
        default=None,
        alias="memoryGiB",
        ge=1,
        le=1024,
    )


class Size(Schema):
    """Ask for a machine by its size; the environment resolves it to an offered flavor.

    The numbers are the least that will do: the resolver rounds up.
    """

    cpu: Count = ordered("Minimum number of vCPUs.", change="rolling", ge=1, le=512, example=4)
    memory_gib: Number = ordered(
        "Minimum memory in GiB, in steps of 0.5.",
        change="rolling",
        alias="memoryGiB",
        gt=0,
        le=16384,
        multiple_of=0.5,
        example=16,
    )
    disk_gib: Count | None = ordered(
        "Minimum size of the root disk in GiB. Defaults to what the image and the environment "
        "need.",
        change="rolling",
        default=None,
        alias="diskGiB",
        ge=1,
        le=65536,
        example=50,
    )
    cpu_type: Literal["L", "V", "T", "C"] = ordered(
        "Minimum kind of vCPU (scs-0100). L: a crowded core; V: a shared core; T: a dedicated "
        "thread; C: a dedicated core. Defaults to V.",
        change="rolling",
        default="V",
    )
    architecture: Architecture = ordered(
        "Processor architecture: amd64 (also called x86-64), arm64 or riscv64. Defaults to amd64.",
        change="rolling",
        default="amd64",
    )
    gpu: Gpu | None = ordered(
        "GPUs of each machine. Defaults to none.", change="rolling", default=None
    )


class OrderSpec(Schema):
    """Hold the fields that every kind of order has."""

    environment: DNSLabel | None = ordered(
        "Name of the offered environment (a provider or one of its regions) that answers the "
        "order, such as region-one. Defaults to the provider's default.",
        change="refused",
        default=None,
        example="default",
    )
    deletion_protection: Flag = ordered(
        "Whether deletion of this order, and edits that destroy its data, are refused. Set it to "
        "false first to allow them. Defaults to true.",
        change="in place",
        default=True,
    )
    deletion_policy: Literal["Delete", "Orphan"] = ordered(
        "What deleting the order does to the resources that were built. Delete: they are removed, "
        "with their data; Orphan: they stay with the provider, and in force, as does what an edit "
        "removes, such as a firewall rule. Wait until status.deletionPolicy says Orphan before "
        "you delete the order. Defaults to Delete.",
        change="in place",
        default="Delete",
    )
