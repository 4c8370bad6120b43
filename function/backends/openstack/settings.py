"""Declare what a provider configures for OpenStack."""

import pydantic

from function.model import API_GROUP
from function.model.values import IPAddress, LabelKey
from function.schema import DNSLabel, Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_CHANGE, ConfigTemplate, Name


class OfferedNetwork(Schema):
    """Offer a network to servers."""

    name: DNSLabel = configured(
        "Name for tenants, such as backend. A server gets this network even where the tenant "
        "has a Network of the same name; new Networks of this name are refused.",
        reaches=NEW_ORDERS,
    )
    id: str = configured("UUID of the network.", reaches=NEW_ORDERS)
    subnet: str | None = configured(
        "UUID of its IPv4 subnet. Optional; if absent, there are no fixed addresses, and there is "
        "no IPv6 beside IPv4.",
        reaches=NEW_ORDERS,
        default=None,
    )
    ipv6_subnet: str | None = configured(
        "UUID of its IPv6 subnet. Optional; if absent, there is no IPv6.",
        reaches=NEW_ORDERS,
        default=None,
    )


class ExternalNetwork(Schema):
    """Name the network that public addresses come from."""

    name: str = configured("Name of the network, such as public.", reaches=NEW_ORDERS)
    id: str | None = configured(
        "UUID of the network, for the routers of Networks. Optional; if absent, Networks have no "
        "external access.",
        reaches=NEW_ORDERS,
        default=None,
    )


class HighAvailability(Schema):
    """Say how a server is marked for restart on another host."""

    metadata: dict[Name, Name] = configured(
        "Metadata of such a server that the service which restarts it looks for, such as "
        "HA_Enabled.",
        reaches=AT_ONCE,
    )

    @pydantic.field_validator("metadata")
    @classmethod
    def _is_something(cls, metadata: dict[str, str]) -> dict[str, str]:
        if not metadata:
            raise ValueError("must have an entry")
        return metadata


class OpenStackSettings(Schema):
    """Configure the backend `openstack` of an environment."""

    provider_config: ConfigTemplate = configured(
        "ProviderConfig of provider-openstack, in which {tenant} is replaced by the namespace of "
        "the order. The result must be a DNS name of at most 253 characters. Defaults to "
        "{tenant}.openstack.",
        reaches=NEW_ORDERS,
        default="{tenant}.openstack",
    )
    external_network: ExternalNetwork | None = configured(
        "Network that public addresses come from. Optional; if absent, no public addresses are "
        "offered.",
        reaches=NEW_ORDERS,
        default=None,
    )
    networks: tuple[OfferedNetwork, ...] = configured(
        "Offered networks. Defaults to none.", reaches=NEW_ORDERS, default=()
    )
    default_network: str | None = configured(
        "Name of the network for servers that name none, such as backend. It must be one of those "
        "offered. Optional; if absent, orders must name one.",
        reaches=NEW_ORDERS,
        default=None,
    )
    dns_servers: tuple[IPAddress, ...] = configured(
        "Addresses of the name servers of Networks that name none, such as 9.9.9.9. Defaults to "
        "those of the cloud.",
        reaches=AT_ONCE,
        default=(),
        alias="dnsServers",
    )
    ipv6_subnet_pool: str | None = configured(
        "UUID of the subnet pool for the IPv6 ranges of Networks. Optional; if absent, Networks "
        "have no IPv6.",
        reaches=NEW_ORDERS,
        default=None,
    )
    reserved_labels: tuple[LabelKey, ...] = configured(
        "Keys and domains of labels, such as backup or example.com, by which tools of yours "
        "select servers: labels of an order are metadata of its servers. A domain covers all its "
        "keys and those of the domains below it. A live server keeps the labels that it has. "
        f"{API_GROUP} is always reserved. Defaults to no others.",
        reaches=NEXT_CHANGE,
        default=(),
    )
    high_availability: HighAvailability | None = configured(
        "How servers are restarted on another host. Optional; if absent, highAvailability is not "
        "offered.",
        reaches=AT_ONCE,
        default=None,
    )

    @pydantic.model_validator(mode="after")
    def _default_is_offered(self) -> "OpenStackSettings":
        if self.default_network not in (None, *(network.name for network in self.networks)):
            raise ValueError("defaultNetwork is not one of networks")
        return self

    def offer(self, name: str) -> OfferedNetwork | None:
        """Return the offered network of a name; None if there is none."""
        return next((offer for offer in self.networks if offer.name == name), None)
