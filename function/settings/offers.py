"""Declare what an environment offers: zones, flavors, images, volume types and versions."""

import functools
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from function import flavors
from function.flavors import Flavor
from function.model.order import Architecture, Gpu
from function.schema import Count, DNSLabel, Flag, Number, Schema, configured
from function.settings.machines import MachineRule
from function.settings.values import (
    AT_ONCE,
    NEW_ORDERS,
    NEXT_VERSION,
    Day,
    ExactVersion,
    Name,
)


class Zone(Schema):
    """Offer an availability zone."""

    name: Name = configured("Name in the backend, such as az1.", reaches=NEXT_VERSION)


class FlavorOffer(Schema):
    """Offer a flavor; an scs-0100 name speaks for itself, others say what they are."""

    name: Name = configured("Name in the backend, such as SCS-4V-16.", reaches=NEW_ORDERS)
    cpu: Count | None = configured(
        "Number of vCPUs. Defaults to what the name says; required where the name is not of "
        "scs-0100.",
        reaches=NEW_ORDERS,
        default=None,
        ge=1,
    )
    memory_gib: Number | None = configured(
        "Memory in GiB. Defaults to what the name says; required where the name is not of "
        "scs-0100.",
        reaches=NEW_ORDERS,
        default=None,
        alias="memoryGiB",
        gt=0,
    )
    disk_gib: Count | None = configured(
        "Root disk in GiB. Defaults to what an scs-0100 name says, or to none.",
        reaches=NEW_ORDERS,
        default=None,
        alias="diskGiB",
        ge=1,
    )
    cpu_type: Literal["L", "V", "T", "C"] = configured(
        "Kind of vCPU (scs-0100). L: a crowded core; V: a shared core; T: a dedicated thread; C: "
        "a dedicated core. Defaults to V.",
        reaches=NEW_ORDERS,
        default="V",
    )
    architecture: Architecture = configured(
        "Processor architecture: amd64 (also called x86-64), arm64 or riscv64. Defaults to amd64.",
        reaches=NEW_ORDERS,
        default="amd64",
    )
    gpu: Gpu | None = configured(
        "GPUs of a machine. Defaults to none.", reaches=NEW_ORDERS, default=None
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
        "Minimum root disk in GiB.", reaches=NEW_ORDERS, alias="minDiskGiB", ge=1
    )
    architecture: Architecture = configured(
        "Processor architecture: amd64 (also called x86-64), arm64 or riscv64. Defaults to amd64.",
        reaches=NEW_ORDERS,
        default="amd64",
    )


class VolumeType(Schema):
    """Offer a type of volume."""

    name: DNSLabel = configured("Name for tenants, such as ssd.", reaches=NEW_ORDERS)
    backend_name: Name = configured(
        "Name in the backend, such as __DEFAULT__. A live server keeps the type that it has.",
        reaches=NEXT_VERSION,
    )
    encrypted: Flag = configured(
        "Whether data are encrypted. Defaults to false.", reaches=NEW_ORDERS, default=False
    )


class VersionedClass(Schema):
    """Say what an offered class is for one version."""

    name: Name = configured(
        "The backend's name of the class, such as openstack-scs2-1-34-v2.", reaches=NEXT_VERSION
    )
    profile: Name | None = configured(
        "How order fields reach the class of this version, such as scs2-v1beta2. Defaults to the "
        "profile of the offered class.",
        reaches=NEXT_VERSION,
        default=None,
    )
    variables: dict[str, Any] = configured(
        "Values for variables of the class of this version, such as the image, which override "
        "those of the offered class. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    machines: tuple[MachineRule, ...] = configured(
        "What machines of some flavors need in this version, such as an image for arm64. Defaults "
        "to the rules of the offered class.",
        reaches=NEXT_VERSION,
        default=(),
    )


def _as_class(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


_ClassOfVersion = Annotated[
    VersionedClass,
    pydantic.BeforeValidator(_as_class, json_schema_input_type=Name | VersionedClass),
]


class KubernetesVersion(Schema):
    """Offer a Kubernetes version."""

    key_fields: ClassVar[tuple[str, ...]] = ("version",)

    version: ExactVersion = configured("Exact version, such as 1.34.7.", reaches=NEXT_VERSION)
    classes: dict[str, _ClassOfVersion] = configured(
        "What each offered class is for this version: the backend's name of it, such as default: "
        "openstack-scs2-1-34-v2, or the name with a profile and variables of its own. Defaults to "
        "none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    state: Literal["preview", "supported", "deprecated"] = configured(
        "Which orders get the version. preview: only orders that name the exact version; "
        "supported: also those that leave the patch open; deprecated: as preview, and to be "
        "withdrawn. Defaults to supported.",
        reaches=NEXT_VERSION,
        default="supported",
    )
    end_of_life: Day | None = configured(
        "Last day of support, such as 2026-10-27. Orders show it, and have a note from the day "
        "after. Optional; if absent, they have neither.",
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
