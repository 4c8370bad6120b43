"""Declare the order `Cluster`: a Kubernetes cluster."""

import ipaddress
from typing import Annotated, Any, Literal

import pydantic

from function.model.operation import HealthCheck, Hibernation, Maintenance
from function.model.order import OrderSpec
from function.model.pool import NodePool
from function.model.values import FlavorName, GroupName, IssuerURL, Network
from function.schema import DNSLabel, Schema, ordered


class ControlPlane(Schema):
    """Ask for a control plane by the failure that it survives."""

    flavor: FlavorName | None = ordered(
        "Offered flavor of its machines, a hint: some providers run control planes otherwise. "
        "The environment's choice if absent.",
        change="rolling",
        default=None,
        example="SCS-4V-8",
    )
    availability: Literal["None", "Node", "Zone"] = ordered(
        "Failure that the control plane survives: None, the loss of a Node, the loss of a Zone. "
        "Node if absent.",
        change="refused",
        default="Node",
    )


class Oidc(Schema):
    """Name the OpenID Connect issuer whose users may log in."""

    issuer_url: IssuerURL = ordered(
        "Issuer, an https URL.",
        change="rolling",
        alias="issuerURL",
        example="https://idp.example.com/realms/acme",
    )
    client_id: GroupName = ordered(
        "Client that the tokens are made for.",
        change="rolling",
        alias="clientID",
        example="kubectl",
    )
    username_claim: GroupName = ordered(
        "Claim that names the user. preferred_username if absent.",
        change="rolling",
        default="preferred_username",
    )
    groups_claim: GroupName = ordered(
        "Claim that lists the groups. groups if absent.", change="rolling", default="groups"
    )
    username_prefix: Annotated[str, pydantic.StringConstraints(max_length=63)] = ordered(
        'Prefix of user names. "oidc:" if absent.', change="rolling", default="oidc:"
    )
    groups_prefix: Annotated[str, pydantic.StringConstraints(max_length=63)] = ordered(
        'Prefix of group names. "oidc:" if absent.', change="rolling", default="oidc:"
    )


class Access(Schema):
    """Say who may use the cluster."""

    oidc: Oidc | None = ordered(
        "Login by OpenID Connect. The environment's issuer if absent.",
        change="rolling",
        default=None,
    )
    admin_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that administer the cluster, without prefix.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-admins"],
    )
    viewer_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that may read the cluster, without prefix.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-viewers"],
    )


class ClusterNetwork(Schema):
    """Choose the address ranges of the cluster."""

    pods: Network | None = ordered(
        "Range of pods, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.0.0.0/16",
    )
    services: Network | None = ordered(
        "Range of services, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.1.0.0/16",
    )
    nodes: Network | None = ordered(
        "Range of nodes, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.8.0.0/20",
    )
    ip_families: tuple[Literal["IPv4", "IPv6"], ...] = ordered(
        "Families of addresses in the cluster. [IPv4] if absent.",
        change="refused",
        default=("IPv4",),
        min_length=1,
        max_length=2,
    )

    @pydantic.model_validator(mode="after")
    def _ranges_are_apart(self) -> "ClusterNetwork":
        named = {"pods": self.pods, "services": self.services, "nodes": self.nodes}
        ranges = [(name, ipaddress.ip_network(cidr)) for name, cidr in named.items() if cidr]
        for index, (name, one) in enumerate(ranges):
            for other_name, other in ranges[index + 1 :]:
                if one.overlaps(other):
                    raise ValueError(f"{name} and {other_name} overlap")
        return self


class ApiServer(Schema):
    """Say how the API server is reached."""

    exposure: Literal["Public", "Private"] = ordered(
        "Whether it has a public address. Public if absent.", change="refused", default="Public"
    )
    allowed_cidrs: tuple[Network, ...] = ordered(
        "Networks that may reach it. All if absent.",
        change="in place",
        default=(),
        alias="allowedCIDRs",
        max_length=50,
        example=["203.0.113.0/24"],
    )
    extra_names: tuple[GroupName, ...] = ordered(
        "Further names in its certificate.",
        change="rolling",
        default=(),
        max_length=20,
        example=["api.shop.example.org"],
    )


class ClusterSpec(OrderSpec):
    """Ask for a Kubernetes cluster."""

    version: Annotated[
        str,
        pydantic.StringConstraints(pattern=r"^1\.(0|[1-9]\d*)(\.(0|[1-9]\d*|x))?$", max_length=16),
    ] = ordered(
        "Kubernetes version. 1.34 or 1.34.x: the newest supported patch when first answered, then "
        "kept; 1.34.7: exactly that. Never goes down; minors are taken one at a time.",
        change="rolling",
        example="1.34",
    )
    cluster_class: DNSLabel = ordered(
        "Offered cluster class. default if absent.",
        change="rolling",
        default="default",
        alias="class",
    )
    variables: dict[str, Any] = ordered(
        "Variables of the class; only those that the class opens to tenants.",
        change="rolling",
        default={},
        max_length=50,
        example={"nodeCIDR": "10.9.0.0/20"},
    )
    control_plane: ControlPlane = ordered(
        "The control plane.", change="in place", default=ControlPlane()
    )
    node_pools: tuple[NodePool, ...] = ordered(
        "Groups of worker nodes; may be empty.",
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
        "When and what the provider may change by itself.",
        change="in place",
        default=Maintenance(),
    )
    hibernation: Hibernation = ordered(
        "Whether the cluster sleeps.", change="in place", default=Hibernation()
    )
    health_check: HealthCheck = ordered(
        "Whether nodes that are not healthy are replaced.",
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
