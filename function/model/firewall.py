"""Declare which traffic reaches and leaves the servers of an order."""

import functools
from typing import Annotated, Literal

import pydantic

from function.model.values import PORTS, UNQUOTED, PeerNetwork, Ports, ip_network, is_network
from function.schema import Schema, ordered

CIDR = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=43), PeerNetwork]
LAST_PORT = 65535


class Rule(Schema):
    """Let traffic pass."""

    protocol: Literal["tcp", "udp", "icmp", "any"] = ordered(
        "Protocol: tcp, udp, icmp (ICMPv6 for peers of IPv6), or any, which covers all of them.",
        change="in place",
        example="tcp",
    )
    ports: Ports | None = ordered(
        'One port, such as "443", or a range, such as "8000-8099". Defaults to all ports.',
        change="in place",
        default=None,
        example="443",
    )
    peers: tuple[CIDR, ...] = ordered(
        "Networks at the other end in CIDR form, such as 203.0.113.0/24. Defaults to everywhere, "
        "IPv4 and IPv6.",
        change="in place",
        default=("0.0.0.0/0", "::/0"),
        alias="from",
        min_length=1,
        max_length=50,
        example=["203.0.113.0/24"],
    )
    description: Annotated[str, UNQUOTED] | None = ordered(
        "Note for people, set when the rule is created. A later change of the note has no effect. "
        "Defaults to none.",
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
        match = PORTS.match(self.ports or "")
        return (int(match[1]), int(match[2] or match[1])) if match else None

    def flat(self) -> dict[str, str]:
        """Return the peers by the name of their flat rule, `tcp/443-443/203.0.113.0/24`."""
        low, high = self.port_range or ("", "")
        prefix = f"{self.protocol}/{low}-{high}"
        return {f"{prefix}/{ip_network(peer)}": peer for peer in self.peers}

    def keys(self) -> frozenset[str]:
        """Return the names of the flat rules, by which a path addresses them."""
        return self._keys

    @functools.cached_property
    def _keys(self) -> frozenset[str]:
        # Cached, because every rule that an edit removes is looked up in all others.
        return frozenset(self.flat())


class Egress(Rule):
    """Let traffic out."""

    peers: tuple[CIDR, ...] = ordered(
        "Networks at the other end in CIDR form, such as 203.0.113.0/24. Defaults to everywhere, "
        "IPv4 and IPv6.",
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
        "Inbound traffic that is allowed. Defaults to none.",
        change="in place",
        default=(),
        max_length=50,
    )
    egress: tuple[Egress, ...] = ordered(
        "Outbound traffic that is allowed. Defaults to everything; an empty list allows nothing.",
        change="in place",
        default=(Egress(protocol="any"),),
        max_length=50,
    )
