"""Declare the order `Network`: a private network for servers."""

import ipaddress

import pydantic

from function.model.order import OrderSpec
from function.model.values import IPAddress, Network, ip_network
from function.schema import Count, Flag, ordered

# What is left beside the router and the addresses of the services of a network.
SMALLEST, LARGEST = 28, 8


class NetworkSpec(OrderSpec):
    """Ask for a private network, with a way out if wanted."""

    cidr: Network = ordered(
        "Range of the network's IPv4 addresses in CIDR form, from /8 to /28, such as 10.20.0.0/24.",
        change="refused",
        example="10.20.0.0/24",
    )
    ipv6: Flag = ordered(
        "Whether the network also has IPv6 addresses, from a range that the provider chooses. "
        "Defaults to false.",
        change="refused",
        default=False,
    )
    dns_servers: tuple[IPAddress, ...] = ordered(
        "Addresses of the name servers that servers use, such as 9.9.9.9. Defaults to the "
        "environment's name servers.",
        change="in place",
        default=(),
        alias="dnsServers",
        max_length=5,
        example=["9.9.9.9"],
    )
    external_access: Flag = ordered(
        "Whether servers can reach the internet and may have public addresses. Defaults to true.",
        change="in place",
        default=True,
    )
    mtu: Count | None = ordered(
        "Largest packet in bytes. Defaults to the provider's choice.",
        change="in place",
        default=None,
        ge=1280,
        le=9216,
        example=1450,
    )

    @pydantic.field_validator("cidr")
    @classmethod
    def _has_room(cls, value: str) -> str:
        network = ip_network(value)
        if (
            not isinstance(network, ipaddress.IPv4Network)
            or not LARGEST <= network.prefixlen <= SMALLEST
        ):
            raise ValueError(f"must be of IPv4, from /{LARGEST} to /{SMALLEST}")
        return value
