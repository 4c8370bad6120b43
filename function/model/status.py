"""Declare what the function tells a tenant of an order, below `status`.

The API server drops what is not declared here. Conditions are missing on purpose:
Crossplane adds them to the schema itself. Nothing here is memory: see `function.bound`.
"""

from typing import Literal

import pydantic

from function.schema import Schema

Phase = Literal[
    "Pending",
    "Provisioning",
    "Ready",
    "Updating",
    "Hibernated",
    "Degraded",
    "Failed",
    "Deleting",
]
MachinePhase = Literal[
    "Pending", "Provisioning", "Running", "Stopped", "Paused", "Failed", "Deleting"
]


class Unsupported(Schema):
    """Name a field that has no effect in this environment."""

    field: str = pydantic.Field(description="Path of the field, such as spec.nodePools[web].zones.")
    reason: str = pydantic.Field(description="Why the field has no effect, in one sentence.")


class Note(Schema):
    """Say how a field was read."""

    field: str = pydantic.Field(description="Path of the field, such as spec.nodePools[web].size.")
    message: str = pydantic.Field(
        description="How the field was interpreted, in one sentence, such as a size that was "
        "rounded up."
    )


class Estimate(Schema):
    """Add up what the order holds at most, as limits count it, without control planes."""

    cpu: int | None = pydantic.Field(None, description="Number of vCPUs.")
    memory_gib: float | None = pydantic.Field(None, description="Memory in GiB.", alias="memoryGiB")
    storage_gib: int | None = pydantic.Field(
        None,
        description="Size of all volumes and disks in GiB, including those that the environment "
        "sets.",
        alias="storageGiB",
    )
    gpus: int | None = pydantic.Field(None, description="Number of GPUs.")


class OrderStatus(Schema):
    """Hold the status of orders of every kind."""

    phase: Phase | None = pydantic.Field(
        None,
        description="State in one word. Pending: nothing exists yet; Provisioning: it is being "
        "built; Ready: it is as ordered; Updating: it runs, and is being changed; "
        "Hibernated: it sleeps, as ordered; Degraded: it runs, but not all of it, or "
        "the provider reports a problem; Failed: it could not be built or changed, and "
        "the provider has to act; Deleting: the resources that were built are being "
        "deleted although the order remains.",
    )
    message: str | None = pydantic.Field(None, description="State in one sentence for a person.")
    environment: str | None = pydantic.Field(
        None, description="Name of the environment that answers the order."
    )
    deletion_policy: Literal["Delete", "Orphan"] | None = pydantic.Field(
        None,
        description="What deleting the order would do at this moment. Delete: the resources that "
        "were built are removed, with their data; Orphan: they stay with the "
        "provider. It follows spec.deletionPolicy as soon as the provider has "
        "applied it.",
    )
    immutable_fields: tuple[str, ...] = pydantic.Field(
        (),
        description="Fields of the order that can no longer be changed, because a resource that "
        "was built depends on them, such as spec.sshKeys. Until then they can be "
        "corrected.",
    )
    unsupported: tuple[Unsupported, ...] = pydantic.Field(
        (), description="Fields of the order that have no effect in this environment."
    )
    notes: tuple[Note, ...] = pydantic.Field(
        (), description="Notes on how fields of the order were interpreted."
    )
    estimate: Estimate | None = pydantic.Field(
        None, description="Size of the whole order, as limits count it."
    )


class PoolStatus(Schema):
    """Tell of one node pool."""

    name: str = pydantic.Field(description="Name of the pool, such as web.")
    flavor: str | None = pydantic.Field(
        None, description="Name of the flavor of its nodes, such as SCS-4V-16."
    )
    replicas: int | None = pydantic.Field(None, description="Number of nodes that were ordered.")
    ready: int | None = pydantic.Field(
        None,
        description="Minimum number of nodes that are ready. It is absent where the provider "
        "does not count them, as in pools that scale by themselves.",
    )
    version: str | None = pydantic.Field(
        None, description="Kubernetes version of its nodes, such as 1.34.7."
    )


class ClusterStatus(OrderStatus):
    """Report the state of a Kubernetes cluster."""

    version: str | None = pydantic.Field(
        None, description="Exact Kubernetes version, such as 1.34.7."
    )
    available_upgrades: tuple[str, ...] = pydantic.Field(
        (), description="Exact versions to which the cluster can be upgraded next, such as 1.35.2."
    )
    version_end_of_life: str | None = pydantic.Field(
        None, description="Day on which support of the version ends, such as 2026-10-27."
    )
    endpoint: str | None = pydantic.Field(
        None, description="URL of the API server, such as https://203.0.113.7:6443."
    )
    certificate_authority_data: str | None = pydantic.Field(
        None,
        description="Certificate authority of the API server, PEM in base64, as in a kubeconfig.",
    )
    kubeconfig: str | None = pydantic.Field(
        None,
        description="kubeconfig in YAML that logs in through the issuer. It needs the kubectl "
        "plugin oidc-login, and holds no secret.",
    )
    node_pools: tuple[PoolStatus, ...] = pydantic.Field((), description="State of each node pool.")


class Address(Schema):
    """Tell one address of a server."""

    type: Literal["IPv4", "IPv6"] = pydantic.Field(
        description="Family of the address: IPv4 or IPv6."
    )
    address: str = pydantic.Field(description="The address itself, such as 10.20.0.5.")


class VolumeStatus(Schema):
    """Tell of one volume of a server."""

    name: str = pydantic.Field(description="Name of the volume, such as data.")
    size_gib: int | None = pydantic.Field(None, description="Size in GiB.", alias="sizeGiB")
    attached: bool = pydantic.Field(description="Whether the volume is attached to the server.")


class MachineStatus(Schema):
    """Tell of one server."""

    name: str = pydantic.Field(
        description="Name of the server, which is the order's name and an index, such as web-0."
    )
    phase: MachinePhase | None = pydantic.Field(
        None,
        description="State in one word. Pending: it does not exist yet; Provisioning: it is "
        "being built; Running: it runs; Stopped: it is shut down; Paused: the "
        "provider has paused it; Failed: it could not be built, or has failed since; "
        "Deleting: it is being deleted although the order remains.",
    )
    addresses: tuple[Address, ...] = pydantic.Field(
        (), description="Addresses in the server's networks, in the order of the networks."
    )
    public_ip: str | None = pydantic.Field(
        None, description="Public IPv4 address, such as 203.0.113.20.", alias="publicIP"
    )
    volumes: tuple[VolumeStatus, ...] = pydantic.Field(
        (), description="Additional volumes of the server."
    )


class ServerStatus(OrderStatus):
    """Report the state of one virtual machine, or several alike."""

    flavor: str | None = pydantic.Field(
        None, description="Name of the flavor of the servers, such as SCS-2V-4."
    )
    image: str | None = pydantic.Field(
        None,
        description="Name of the image that the servers were built from, such as Ubuntu 24.04.",
    )
    ssh_user: str | None = pydantic.Field(
        None, description="User that may log in with the keys, such as ubuntu."
    )
    servers: tuple[MachineStatus, ...] = pydantic.Field((), description="State of each server.")


class NetworkStatus(OrderStatus):
    """Report the state of a private network."""

    cidr: str | None = pydantic.Field(
        None,
        description="Range of the network's IPv4 addresses in CIDR form, such as 10.20.0.0/24.",
    )
    gateway: str | None = pydantic.Field(
        None, description="Address of the network's router, such as 10.20.0.1."
    )
    ipv6_cidr: str | None = pydantic.Field(
        None,
        description="Range of the network's IPv6 addresses in CIDR form, such as 2001:db8::/64.",
        alias="ipv6CIDR",
    )
    mtu: int | None = pydantic.Field(None, description="Largest packet in bytes.")


STATUSES: dict[str, type[OrderStatus]] = {
    "Cluster": ClusterStatus,
    "Server": ServerStatus,
    "Network": NetworkStatus,
}
