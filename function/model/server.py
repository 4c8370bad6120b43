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
        "local NVMe; network: storage over the network. A boot volume of the wanted size if "
        "absent.",
        change="reboot",
        default=None,
    )


class Image(Schema):
    """Name an operating system of the environment's catalogue."""

    os: DNSLabel | None = ordered(
        "Distribution, such as ubuntu; goes with version. Exactly one of os and name.",
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
        "Name in the environment's catalogue, such as Ubuntu 24.04. Exactly one of os and name.",
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
        "Fixed IPv4 address, such as 10.0.0.10; only with one replica. Chosen by the network if "
        "absent.",
        change="refused",
        default=None,
        max_length=15,
        example="10.0.0.10",
    )
    ipv6: Flag = ordered(
        "Whether the server also has an IPv6 address there. false if absent.",
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
        "Size in GiB. size.diskGiB, or what the image needs, if absent.",
        change="refused",
        default=None,
        alias="sizeGiB",
        ge=1,
        le=65536,
        example=20,
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. The environment's default if absent.",
        change="refused",
        default=None,
        example="ssd",
    )
    delete_with_server: Flag = ordered(
        "Whether the volume is deleted with its server. true if absent.",
        change="refused",
        default=True,
    )


class Volume(Schema):
    """Ask for a volume of each server, which outlives it only with the order."""

    name: VolumeName = ordered(
        "Name of the volume, such as data. It is its identity: another name is another volume.",
        change="replace",
        example="data",
    )
    size_gib: Count = ordered(
        "Size in GiB; it can only grow.",
        change="grows",
        alias="sizeGiB",
        ge=1,
        le=65536,
        example=100,
    )
    type: DNSLabel | None = ordered(
        "Name of an offered volume type, such as ssd. The environment's default if absent.",
        change="refused",
        default=None,
        example="ssd",
    )


class Placement(Schema):
    """Say how the servers are spread over hosts."""

    spread: Literal["None", "Soft", "Strict"] = ordered(
        "Hosts on which the servers run. None: wherever there is room; Soft: on different hosts "
        "as far as there are enough; Strict: only on different hosts. None if absent.",
        change="refused",
        default="None",
    )


class ServerSpec(OrderSpec):
    """Ask for one virtual machine, or several alike."""

    replicas: Count = ordered(
        "Number of servers, named by index. A smaller number deletes the highest, with their "
        "data. 1 if absent.",
        change="in place",
        default=1,
        loses="fewer",
        ge=1,
        le=50,
    )
    image: Image = ordered("Operating system, from the environment's catalogue.", change="refused")
    size: ServerSize | None = ordered(
        "Least size of each server. Exactly one of size and flavor.", change="reboot", default=None
    )
    flavor: FlavorName | None = ordered(
        "Name of an offered flavor, such as SCS-2V-4 (scs-0100). Exactly one of size and flavor.",
        change="reboot",
        default=None,
        example="SCS-2V-4",
    )
    ssh_keys: tuple[PublicKey, ...] = ordered(
        "Public keys that may log in as the image's user, such as ssh-ed25519 AAAAC3Nza "
        "example. None if absent.",
        change="refused",
        default=(),
        private=True,
        max_length=20,
        example=[_KEY],
    )
    user_data: str | None = ordered(
        "cloud-init user data. Not secret: the provider can read it. None if absent.",
        change="refused",
        default=None,
        private=True,
        max_length=32768,
    )
    networks: tuple[Attachment, ...] = ordered(
        "Networks, the first carrying the default route. The environment's default if absent.",
        change="refused",
        default=(),
        max_length=8,
    )
    public_ip: Flag = ordered(
        "Whether each server has a public IPv4 address, on its first network. false if absent.",
        change="in place",
        default=False,
        alias="publicIP",
    )
    firewall: Firewall = ordered(
        "Traffic that may pass. Nothing in, everything out, if absent.",
        change="in place",
        default=Firewall(),
    )
    boot_volume: BootVolume | None = ordered(
        "Volume to boot from. If absent, there is one only where the flavor has no disk.",
        change="refused",
        default=None,
    )
    volumes: tuple[Volume, ...] = ordered(
        "Further volumes of each server. One that is taken out is deleted, with its data. None "
        "if absent.",
        change="in place",
        default=(),
        loses="removed",
        max_length=20,
    )
    zone: ZoneName | None = ordered(
        "Name of the availability zone of servers and volumes, such as az1. The provider's "
        "choice if absent.",
        change="refused",
        default=None,
        example="az1",
    )
    placement: Placement = ordered(
        "How the servers are spread over hosts.", change="in place", default=Placement()
    )
    running: Flag = ordered(
        "Whether the servers run. true if absent.", change="in place", default=True
    )
    high_availability: Flag = ordered(
        "Whether the servers are restarted on another host when theirs fails. false if absent.",
        change="in place",
        default=False,
    )
    labels: dict[LabelKey, LabelValue] = ordered(
        "Labels, told to the servers as metadata, such as role: web. None if absent.",
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
            raise ValueError("networks names one network twice")
        if self.replicas > 1 and any(network.ip_address for network in self.networks):
            raise ValueError("networks[].ipAddress goes with one replica only")
        return self
