"""Declare the order `Server`: one virtual machine, or several alike."""

import ipaddress
import re
from typing import Annotated, Literal

import pydantic

from function.model.order import OrderSpec, Size
from function.model.values import FlavorName, ZoneName, is_network
from function.schema import Count, DNSLabel, Flag, Schema, ordered

CIDR = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=43)]
PublicKey = Annotated[
    str, pydantic.StringConstraints(pattern=r"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$")
]
LAST_PORT = 65535
_PORTS = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?$")


class ServerSize(Size):
    """Ask for a machine by its size, with a wish for its local disk."""

    disk_type: Literal["hdd", "ssd", "nvme", "network"] | None = ordered(
        "Kind of the flavor's own disk. A boot volume of the wanted size if absent.",
        change="reboot",
        default=None,
    )


class Image(Schema):
    """Name an operating system of the environment's catalogue."""

    os: DNSLabel | None = ordered(
        "Distribution. Goes with version; exactly one of os and name.",
        change="refused",
        default=None,
        example="ubuntu",
    )
    version: Annotated[str, pydantic.StringConstraints(min_length=1, max_length=32)] | None = (
        ordered("Version of the distribution.", change="refused", default=None, example="24.04")
    )
    name: Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255)] | None = ordered(
        "Name in the catalogue. Exactly one of os and name.", change="refused", default=None
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

    name: DNSLabel = ordered("Offered network.", change="refused", example="backend")
    ip_address: str | None = ordered(
        "Fixed IPv4 address; only with one replica. Chosen by the network if absent.",
        change="refused",
        default=None,
        max_length=15,
        example="10.0.0.10",
    )
    ipv6: Flag = ordered("Also an IPv6 address. false if absent.", change="refused", default=False)

    @pydantic.field_validator("ip_address")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ipaddress.IPv4Address(value)
            except ValueError:
                raise ValueError("must be an IPv4 address") from None
        return value


class Rule(Schema):
    """Let traffic pass."""

    protocol: Literal["tcp", "udp", "icmp", "any"] = ordered(
        "Protocol; any stands for all of them.", change="in place", example="tcp"
    )
    ports: Annotated[str, pydantic.StringConstraints(pattern=_PORTS.pattern)] | None = ordered(
        'One port, "443", or a range, "8000-8099". All ports if absent.',
        change="in place",
        default=None,
        max_length=11,
        example="443",
    )
    peers: tuple[CIDR, ...] = ordered(
        "Networks at the other end, in CIDR form. Everywhere, IPv4 and IPv6, if absent.",
        change="in place",
        default=("0.0.0.0/0", "::/0"),
        alias="from",
        min_length=1,
        max_length=50,
        example=["203.0.113.0/24"],
    )
    description: str | None = ordered(
        "Note for people, set when the rule is made; a later change of the note has no effect.",
        change="in place",
        default=None,
        max_length=255,
    )

    @pydantic.field_validator("peers")
    @classmethod
    def _are_networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_network(value) for value in values):
            raise ValueError(
                "must be networks such as 203.0.113.0/24 or 2001:db8::/32, no host bits set"
            )
        return values

    @pydantic.model_validator(mode="after")
    def _ports_fit(self) -> "Rule":
        if self.ports is None:
            return self
        if self.protocol in ("icmp", "any"):
            raise ValueError("ports go with tcp and udp only")
        low, high = self.port_range or (0, 0)
        if not 1 <= low <= high <= LAST_PORT:
            raise ValueError("ports must lie between 1 and 65535, the lower first")
        return self

    @property
    def port_range(self) -> tuple[int, int] | None:
        """Return lowest and highest port, or None for all."""
        match = _PORTS.match(self.ports or "")
        return (int(match[1]), int(match[2] or match[1])) if match else None

    def flat(self) -> dict[str, str]:
        """Return the peers by the name of their flat rule, `tcp/443-443/203.0.113.0/24`."""
        low, high = self.port_range or ("", "")
        prefix = f"{self.protocol}/{low}-{high}"
        return {f"{prefix}/{ipaddress.ip_network(peer)}": peer for peer in self.peers}

    def keys(self) -> frozenset[str]:
        """Return the names of the flat rules, by which a path addresses them."""
        return frozenset(self.flat())


class Egress(Rule):
    """Let traffic out."""

    peers: tuple[CIDR, ...] = ordered(
        "Networks at the other end, in CIDR form. Everywhere, IPv4 and IPv6, if absent.",
        change="in place",
        default=("0.0.0.0/0", "::/0"),
        alias="to",
        min_length=1,
        max_length=50,
        example=["0.0.0.0/0"],
    )


class Firewall(Schema):
    """Say which traffic reaches and leaves the servers."""

    ingress: tuple[Rule, ...] = ordered(
        "Traffic that may come in; nothing if absent.",
        change="in place",
        default=(),
        max_length=50,
    )
    egress: tuple[Egress, ...] = ordered(
        "Traffic that may go out. Everything if absent, nothing if empty.",
        change="in place",
        default=(Egress(protocol="any"),),
        max_length=50,
    )


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
        "Offered volume type. The environment's default if absent.",
        change="refused",
        default=None,
        example="ssd",
    )
    delete_with_server: Flag = ordered(
        "Delete the volume with its server. true if absent.", change="refused", default=True
    )


class ServerSpec(OrderSpec):
    """Ask for one virtual machine, or several alike."""

    replicas: Count = ordered(
        "Number of servers, named by index; the highest go first. 1 if absent.",
        change="in place",
        default=1,
        ge=1,
        le=50,
    )
    image: Image = ordered("Operating system.", change="refused")
    size: ServerSize | None = ordered(
        "Least size of each server. Exactly one of size and flavor.", change="reboot", default=None
    )
    flavor: FlavorName | None = ordered(
        "Offered flavor, by its scs-0100 name. Exactly one of size and flavor.",
        change="reboot",
        default=None,
        example="SCS-2V-4",
    )
    ssh_keys: tuple[Annotated[PublicKey, pydantic.StringConstraints(max_length=2048)], ...] = (
        ordered(
            "Public keys that may log in as the image's user.",
            change="refused",
            default=(),
            private=True,
            max_length=20,
            example=["ssh-ed25519 AAAAC3Nza example"],
        )
    )
    user_data: str | None = ordered(
        "cloud-init user data. Not secret: the provider can read it.",
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
        "A public IPv4 address for each server, on its first network. false if absent.",
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
        "Boot from a volume. If absent: where the flavor has no disk.",
        change="refused",
        default=None,
    )
    zone: ZoneName | None = ordered(
        "Availability zone. The provider's choice if absent.",
        change="refused",
        default=None,
        example="az1",
    )
    running: Flag = ordered(
        "Whether the servers run. true if absent.", change="in place", default=True
    )

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
