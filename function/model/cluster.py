"""Declare the order `Cluster`: a Kubernetes cluster."""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from function.model.addons import Addons
from function.model.operation import HealthCheck, Hibernation, Maintenance
from function.model.order import OrderSpec
from function.model.pool import NodePool
from function.model.values import (
    PRINTABLE_LINES,
    Certificates,
    FlavorName,
    GroupName,
    IssuerURL,
    KubernetesVersion,
    Network,
    OidcName,
    OidcPrefix,
    PeerNetwork,
    ServerName,
    ip_network,
)
from function.schema import DNSLabel, Schema, ordered

# Longest and shortest prefix that an API server takes as its range of services, by family.
SERVICE_RANGES = {4: (12, 28), 6: (108, 124)}


def check_apart(named: Mapping[str, str | None]) -> None:
    """Refuse ranges of addresses that overlap.

    Raises:
        ValueError: Two do.
    """
    ranges = [(name, ip_network(cidr)) for name, cidr in named.items() if cidr]
    for (name, one), (other_name, other) in itertools.combinations(ranges, 2):
        if one.overlaps(other):
            raise ValueError(f"{name} and {other_name} overlap")


class ControlPlane(Schema):
    """Ask for a control plane by the failure that it survives."""

    flavor: FlavorName | None = ordered(
        "Name of an offered flavor for the machines of the control plane, such as SCS-4V-8. It is "
        "a hint, because some providers run control planes differently. Defaults to the "
        "environment's choice.",
        change="rolling",
        default=None,
        example="SCS-4V-8",
    )
    availability: Literal["None", "Node", "Zone"] = ordered(
        "Failure that the control plane survives. None: no failure; Node: the loss of a node; "
        "Zone: the loss of an availability zone. Defaults to Node.",
        change="once",
        default="Node",
    )


class Oidc(Schema):
    """Name the OpenID Connect issuer whose users may log in."""

    issuer_url: IssuerURL = ordered(
        "Issuer, an https URL, such as https://idp.example.com/realms/acme.",
        change="rolling",
        alias="issuerURL",
        example="https://idp.example.com/realms/acme",
    )
    client_id: OidcName = ordered(
        "Client that the tokens are issued for, such as kubectl.",
        change="rolling",
        alias="clientID",
        example="kubectl",
    )
    username_claim: OidcName = ordered(
        "Claim that names the user. Defaults to preferred_username.",
        change="rolling",
        default="preferred_username",
    )
    groups_claim: OidcName = ordered(
        "Claim that lists the groups. Defaults to groups.", change="rolling", default="groups"
    )
    username_prefix: OidcPrefix = ordered(
        'Prefix of user names. Empty means no prefix. Defaults to "oidc:".',
        change="rolling",
        default="oidc:",
    )
    groups_prefix: OidcPrefix = ordered(
        'Prefix of group names. Empty means no prefix. Defaults to "oidc:".',
        change="rolling",
        default="oidc:",
    )
    ca_bundle: Certificates | None = ordered(
        "Certificates in PEM form, by which the issuer is verified. Defaults to the public "
        "certificates.",
        change="rolling",
        default=None,
    )


class Access(Schema):
    """Say who may use the cluster."""

    oidc: Oidc | None = ordered(
        "Login by OpenID Connect. Defaults to the environment's issuer.",
        change="rolling",
        default=None,
    )
    admin_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that administer the cluster, without prefix, such as acme-admins. "
        "Defaults to none.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-admins"],
    )
    viewer_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that may read the cluster, without prefix, such as acme-viewers. "
        "Defaults to none.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-viewers"],
    )


class ClusterNetwork(Schema):
    """Choose the address ranges of the cluster."""

    pods: Network | None = ordered(
        "Range of pods in CIDR form, such as 10.0.0.0/16. Defaults to the environment's range.",
        change="refused",
        default=None,
        example="10.0.0.0/16",
    )
    services: Network | None = ordered(
        "Range of services in CIDR form, such as 10.1.0.0/16. Defaults to the environment's range.",
        change="refused",
        default=None,
        example="10.1.0.0/16",
    )
    nodes: Network | None = ordered(
        "Range of nodes in CIDR form, such as 10.8.0.0/20. Defaults to the environment's range.",
        change="refused",
        default=None,
        example="10.8.0.0/20",
    )
    ip_families: tuple[Literal["IPv4", "IPv6"], ...] = ordered(
        "Families of addresses in the cluster: IPv4, IPv6 or both. Defaults to [IPv4].",
        change="refused",
        default=("IPv4",),
        min_length=1,
        max_length=2,
    )

    @pydantic.field_validator("services")
    @classmethod
    def _is_a_service_range(cls, value: str | None) -> str | None:
        if value is None:
            return value
        network = ip_network(value)
        largest, smallest = SERVICE_RANGES[network.version]
        if not largest <= network.prefixlen <= smallest:
            raise ValueError("must be from /12 to /28, of IPv6 from /108 to /124")
        return value

    @pydantic.model_validator(mode="after")
    def _are_of_the_families(self) -> "ClusterNetwork":
        if len(set(self.ip_families)) != len(self.ip_families):
            raise ValueError("ipFamilies contains a duplicate family")
        for name in ("pods", "services", "nodes"):
            cidr = getattr(self, name)
            if cidr and f"IPv{ip_network(cidr).version}" not in self.ip_families:
                raise ValueError(f"{name} is not of a family in ipFamilies")
        return self

    @pydantic.model_validator(mode="after")
    def _ranges_are_apart(self) -> "ClusterNetwork":
        check_apart({"pods": self.pods, "services": self.services, "nodes": self.nodes})
        return self


class ApiServer(Schema):
    """Say how the API server is reached."""

    exposure: Literal["Public", "Private"] = ordered(
        "Whether the API server has a public address. Public: it has one; Private: it has none. "
        "Defaults to Public.",
        change="refused",
        default="Public",
    )
    allowed_cidrs: tuple[Annotated[Network, PeerNetwork], ...] = ordered(
        "Networks that may reach the API server, in CIDR form, such as 203.0.113.0/24. Defaults "
        "to all networks.",
        change="in place",
        default=(),
        alias="allowedCIDRs",
        max_length=50,
        example=["203.0.113.0/24"],
    )
    extra_names: tuple[ServerName, ...] = ordered(
        "Additional names and addresses in the certificate of the API server, such as "
        "api.shop.example.org. Defaults to none.",
        change="rolling",
        default=(),
        max_length=20,
        example=["api.shop.example.org"],
    )


class ClusterSpec(OrderSpec):
    """Ask for a Kubernetes cluster."""

    version: KubernetesVersion = ordered(
        'Kubernetes version, in quotes. "1.34" or "1.34.x" selects the newest supported patch '
        'when it is first answered, and then keeps it; "1.34.7" selects exactly that version. The '
        "version cannot be lowered, and minor versions are upgraded one at a time.",
        change="rolling",
        example="1.34",
    )
    cluster_class: DNSLabel = ordered(
        "Name of an offered cluster class. Defaults to default.",
        change="rolling",
        default="default",
        alias="class",
    )
    variables: Annotated[dict[str, Any], PRINTABLE_LINES] = ordered(
        "Variables of the class by name, such as nodeCIDR. Only those that the class opens to "
        "tenants are accepted. Defaults to none.",
        change="rolling",
        default={},
        max_length=50,
        example={"nodeCIDR": "10.9.0.0/20"},
    )
    control_plane: ControlPlane = ordered(
        "Which failure the control plane survives, and what it runs on.",
        change="in place",
        default=ControlPlane(),
    )
    node_pools: tuple[NodePool, ...] = ordered(
        "Groups of identical worker nodes. Defaults to none; some providers refuse a cluster "
        "without node pools.",
        change="in place",
        default=(),
        max_length=50,
    )
    network: ClusterNetwork = ordered(
        "Address ranges of the cluster.", change="in place", default=ClusterNetwork()
    )
    api_server: ApiServer = ordered(
        "How the API server is reached.", change="in place", default=ApiServer()
    )
    access: Access = ordered("Who may use the cluster.", change="in place", default=Access())
    maintenance: Maintenance = ordered(
        "What the provider may change by itself, and when.",
        change="in place",
        default=Maintenance(),
    )
    hibernation: Hibernation = ordered(
        "Hibernation, in which no machines run and data are kept.",
        change="in place",
        default=Hibernation(),
    )
    addons: Addons = ordered(
        "What the provider installs in the cluster.", change="in place", default=Addons()
    )
    health_check: HealthCheck = ordered(
        "Replacement of unhealthy nodes. Defaults to the provider's own rules, which also apply "
        "if it is empty.",
        change="in place",
        default=HealthCheck(),
    )

    @pydantic.field_validator("node_pools")
    @classmethod
    def _pool_names_are_distinct(cls, pools: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
        names = [pool.name for pool in pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have the same name")
        return pools
