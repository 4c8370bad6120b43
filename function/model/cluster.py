"""Declare the order `Cluster`: a Kubernetes cluster."""

from typing import Annotated, Literal

import pydantic

from function.model.order import OrderSpec, Size
from function.schema import DNS_LABEL, Count, DNSLabel, Schema, ordered

PoolName = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=15)]
FlavorName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255)]
ZoneName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=63)]
GroupName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253)]
HTTPSURL = Annotated[str, pydantic.StringConstraints(pattern=r"^https://[^\s]+$", max_length=512)]


class ControlPlane(Schema):
    """Ask for a control plane by the failure that it survives."""

    availability: Literal["None", "Node", "Zone"] = ordered(
        "Failure that the control plane survives: None, the loss of a Node, the loss of a Zone. "
        "Node if absent.",
        change="refused",
        default="Node",
    )


class RootVolume(Schema):
    """Ask for the root volume of each node."""

    size_gib: Count = ordered(
        "Size in GiB.", change="rolling", alias="sizeGiB", ge=10, le=65536, example=50
    )
    type: DNSLabel | None = ordered(
        "Offered volume type. The environment's default if absent.",
        change="rolling",
        default=None,
        example="ssd",
    )


class NodePool(Schema):
    """Ask for a group of equal worker nodes."""

    name: PoolName = ordered(
        "Name of the pool, its identity: another name is another pool.",
        change="replace",
        example="web",
    )
    flavor: FlavorName | None = ordered(
        "Offered flavor of each node, by its scs-0100 name. Exactly one of flavor and size.",
        change="rolling",
        default=None,
        example="SCS-4V-16",
    )
    size: Size | None = ordered(
        "Least size of each node. Exactly one of flavor and size.", change="rolling", default=None
    )
    replicas: Count = ordered("Number of nodes.", change="in place", ge=0, le=1000, example=3)
    zones: tuple[ZoneName, ...] = ordered(
        "Availability zones over which the nodes are spread evenly. "
        "The environment's choice if absent.",
        change="refused",
        default=(),
        max_length=10,
        example=["az1", "az2"],
    )
    root_volume: RootVolume | None = ordered(
        "Root volume of each node. Disk of the flavor, or the environment's default, if absent.",
        change="rolling",
        default=None,
    )

    @pydantic.model_validator(mode="after")
    def _exactly_one_of_flavor_and_size(self) -> "NodePool":
        if (self.flavor is None) == (self.size is None):
            raise ValueError("exactly one of flavor, size is required")
        return self

    @pydantic.field_validator("zones")
    @classmethod
    def _zones_are_distinct(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(zones)) != len(zones):
            raise ValueError("names a zone twice")
        return zones


class Oidc(Schema):
    """Name the OpenID Connect issuer whose users may log in."""

    issuer_url: HTTPSURL = ordered(
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
    control_plane: ControlPlane = ordered(
        "The control plane.", change="in place", default=ControlPlane()
    )
    node_pools: tuple[NodePool, ...] = ordered(
        "Groups of worker nodes; may be empty.",
        change="in place",
        default=(),
        max_length=50,
    )
    access: Access = ordered("Who may use the cluster.", change="in place", default=Access())

    @pydantic.field_validator("node_pools")
    @classmethod
    def _pool_names_are_distinct(cls, pools: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
        names = [pool.name for pool in pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have the same name")
        return pools
