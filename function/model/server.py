"""Declare the order `Server`: one virtual machine, or several alike."""

import ipaddress
from typing import Annotated, Literal

import pydantic

from function.model.firewall import Firewall
from function.model.order import OrderSpec, Size
from function.model.values import (
    FlavorName,
    HostAddress,
    ImageName,
    ImageVersion,
    LabelKey,
    LabelValue,
    PublicKey,
    VolumeName,
    ZoneName,
)
from function.schema import Count, DNSLabel, Flag, Schema, ordered

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc example"


class ServerSize(Size):
    """Ask for a machine by its size, with a wish for its local disk."""

    disk_type: Literal["hdd", "ssd", "nvme", "network"] | None = ordered(
        "Kind of the flavor's own disk (scs-0100). hdd: a local disk; ssd: a local SSD; nvme: a "
        "local NVMe; network: storage over the network. Defaults to a boot volume of the wanted "
        "size.",
        change="reboot",
        default=None,
    )


class Image(Schema):
    """Name an operating system of the environment's catalogue."""

    os: DNSLabel | None = ordered(
        "Distribution, such as ubuntu; goes with version. Set exactly one of os and name.",
        change="refused",
        default=None,
        example="ubuntu",
    )
    version: ImageVersion | None = ordered(
        'Version of the distribution, such as "24.04"; goes with os.',
        change="refused",
        default=None,
        example="24.04",
    )
    name: ImageName | None = ordered(
        "Name in the environment's catalogue, such as Ubuntu 24.04. Set exactly one of os and "
        "name.",
        change="refused",
        default=None,
    )

    @pydantic.model_validator(mode="after")
    def _by_os_or_by_name(self) -> "Image":
        if (self.os is None) == (self.name is None):
            raise ValueError("exactly one of os, name is required")
        if (self.os is None) != (self.version is None):
            raise ValueError("os and version go together")
        return self


class Attachment(Schema):
    """Attach each server to a network."""

    name: DNSLabel = ordered(
        "Name of a Network of your namespace, or of a network that the environment offers, such "
        "as backend.",
        change="refused",
        example="backend",
    )
    ip_address: Annotated[str, HostAddress] | None = ordered(
        "Fixed IPv4 address, such as 10.0.0.10. It is allowed only with one replica. Defaults to "
        "an address that the network chooses.",
        change="refused",
        default=None,
        max_length=15,
        example="10.0.0.10",
    )
    ipv6: Flag = ordered(
        "Whether the server also has an IPv6 address on this network. Defaults to false.",
        change="refused",
        default=False,
    )

    @pydantic.field_validator("ip_address")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ipaddress.IPv4Address(value)
            except ValueError:
                raise ValueError("must be an IPv4 address") from None
        return value


class BootVolume(Schema):
    """Boot from a volume of its own."""

    size_gib: Count | None = ordered(
        "Size in GiB. Defaults to size.diskGiB, or to what the image needs.",
        change="refused",
        default=None,
        alias="sizeGiB",
        ge=1,
        le=65536,
        example=20,
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. Defaults to the environment's default.",
        change="refused",
        default=None,
        example="ssd",
    )
    delete_with_server: Flag = ordered(
        "Whether the volume is deleted with its server. Defaults to true.",
        change="refused",
        default=True,
    )


class Volume(Schema):
    """Ask for a volume of each server, which outlives it only with the order."""

    name: VolumeName = ordered(
        "Name of the volume, such as data. The name is its identity: a different name is a "
        "different volume.",
        change="replace",
        example="data",
    )
    size_gib: Count = ordered(
        "Size in GiB. It can only grow.",
        change="grows",
        alias="sizeGiB",
        ge=1,
        le=65536,
        example=100,
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. Defaults to the environment's default.",
        change="refused",
        default=None,
        example="ssd",
    )


class Placement(Schema):
    """Say how the servers are spread over hosts."""

    spread: Literal["None", "Soft", "Strict"] = ordered(
        "Hosts on which the servers run. None: wherever there is room; Soft: on different hosts "
        "as far as there are enough; Strict: only on different hosts. Defaults to None.",
        change="refused",
        default="None",
    )


class ServerSpec(OrderSpec):
    """Ask for one virtual machine, or several alike."""

    replicas: Count = ordered(
        "Number of servers, which are named by index. A smaller number deletes the servers with "
        "the highest index, with their data. Defaults to 1.",
        change="in place",
        default=1,
        loses="fewer",
        ge=1,
        le=50,
    )
    image: Image = ordered("Operating system from the environment's catalogue.", change="refused")
    size: ServerSize | None = ordered(
        "Minimum size of each server. Set exactly one of size and flavor.",
        change="reboot",
        default=None,
    )
    flavor: FlavorName | None = ordered(
        "Name of an offered flavor, such as SCS-2V-4 (scs-0100). Set exactly one of size and "
        "flavor.",
        change="reboot",
        default=None,
        example="SCS-2V-4",
    )
    ssh_keys: tuple[PublicKey, ...] = ordered(
        "Public keys that may log in as the image's user, such as ssh-ed25519 AAAAC3Nza example. "
        "Defaults to none.",
        change="refused",
        default=(),
        private=True,
        max_length=20,
        example=[_KEY],
    )
    user_data: str | None = ordered(
        "cloud-init user data. It is not secret: the provider can read it. Defaults to none.",
        change="refused",
        default=None,
        private=True,
        max_length=32768,
    )
    networks: tuple[Attachment, ...] = ordered(
        "Networks that each server is attached to. The first one carries the default route. "
        "Defaults to the environment's default network.",
        change="refused",
        default=(),
        max_length=8,
    )
    public_ip: Flag = ordered(
        "Whether each server has a public IPv4 address, on its first network. Defaults to false.",
        change="in place",
        default=False,
        alias="publicIP",
    )
    firewall: Firewall = ordered(
        "Traffic that is allowed. Defaults to nothing in and everything out.",
        change="in place",
        default=Firewall(),
    )
    boot_volume: BootVolume | None = ordered(
        "Volume to boot from. If absent, there is one only where the flavor has no disk.",
        change="refused",
        default=None,
    )
    volumes: tuple[Volume, ...] = ordered(
        "Additional volumes of each server. A volume that is removed from the list is deleted, "
        "with its data. Defaults to none.",
        change="in place",
        default=(),
        loses="removed",
        max_length=20,
    )
    zone: ZoneName | None = ordered(
        "Name of the availability zone of servers and volumes, such as az1. Defaults to the "
        "provider's choice.",
        change="refused",
        default=None,
        example="az1",
    )
    placement: Placement = ordered(
        "How the servers are spread over hosts.", change="in place", default=Placement()
    )
    running: Flag = ordered(
        "Whether the servers run. Defaults to true.", change="in place", default=True
    )
    high_availability: Flag = ordered(
        "Whether the servers are restarted on another host when their host fails. Defaults to "
        "false.",
        change="in place",
        default=False,
    )
    labels: dict[LabelKey, LabelValue] = ordered(
        "Labels, passed to the servers as metadata, such as role: web. Defaults to none.",
        change="in place",
        default={},
        max_length=32,
        example={"role": "web"},
    )

    @pydantic.field_validator("volumes")
    @classmethod
    def _volume_names_are_distinct(cls, volumes: tuple[Volume, ...]) -> tuple[Volume, ...]:
        if len({volume.name for volume in volumes}) != len(volumes):
            raise ValueError("two volumes have the same name")
        return volumes

    @pydantic.model_validator(mode="after")
    def _fields_fit(self) -> "ServerSpec":
        if (self.size is None) == (self.flavor is None):
            raise ValueError("exactly one of size, flavor is required")
        names = [network.name for network in self.networks]
        if len(set(names)) != len(names):
            raise ValueError("networks contains a duplicate network")
        if self.replicas > 1 and any(network.ip_address for network in self.networks):
            raise ValueError("networks[].ipAddress goes with one replica only")
        return self
