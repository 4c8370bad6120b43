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
    reason: str = pydantic.Field(description="Why it has no effect.")


class Note(Schema):
    """Say how a field was read."""

    field: str = pydantic.Field(description="Path of the field.")
    message: str = pydantic.Field(description="What became of it, such as a size rounded up.")


class Estimate(Schema):
    """Add up what the order holds, as limits count it."""

    cpu: int | None = pydantic.Field(None, description="vCPUs.")
    memory_gib: float | None = pydantic.Field(None, description="Memory in GiB.", alias="memoryGiB")
    storage_gib: int | None = pydantic.Field(
        None, description="Volumes in GiB.", alias="storageGiB"
    )
    gpus: int | None = pydantic.Field(None, description="GPUs.")


class OrderStatus(Schema):
    """Hold what the orders of every kind are told."""

    phase: Phase | None = pydantic.Field(
        None,
        description="State in one word. Deleting means that what was built is being deleted "
        "although the order stands.",
    )
    message: str | None = pydantic.Field(None, description="State in one sentence for a person.")
    environment: str | None = pydantic.Field(
        None, description="Environment that answers the order."
    )
    deletion_policy: Literal["Delete", "Orphan"] | None = pydantic.Field(
        None,
        description="What deleting the order would do at this moment. It follows "
        "spec.deletionPolicy as soon as the provider has taken it over.",
    )
    unsupported: tuple[Unsupported, ...] = pydantic.Field(
        (), description="Fields of the order that have no effect in this environment."
    )
    notes: tuple[Note, ...] = pydantic.Field(
        (), description="What to know of how fields of the order were read."
    )
    estimate: Estimate | None = pydantic.Field(None, description="Size of the whole order.")


class PoolStatus(Schema):
    """Tell of one node pool."""

    name: str = pydantic.Field(description="Name of the pool.")
    flavor: str | None = pydantic.Field(None, description="Flavor of its nodes.")
    replicas: int | None = pydantic.Field(None, description="Number of nodes ordered.")
    ready: int | None = pydantic.Field(
        None, description="Number of nodes that are ready; absent while pools are changing."
    )
    version: str | None = pydantic.Field(None, description="Kubernetes version of its nodes.")


class ClusterStatus(OrderStatus):
    """Tell of a Kubernetes cluster."""

    version: str | None = pydantic.Field(None, description="Exact Kubernetes version.")
    available_upgrades: tuple[str, ...] = pydantic.Field(
        (), description="Exact versions to which the cluster may go from here."
    )
    version_end_of_life: str | None = pydantic.Field(
        None, description="Day on which support of the version ends, such as 2026-10-27."
    )
    endpoint: str | None = pydantic.Field(None, description="URL of the API server.")
    certificate_authority_data: str | None = pydantic.Field(
        None, description="Certificate authority of the API server, PEM in base64."
    )
    kubeconfig: str | None = pydantic.Field(
        None,
        description="kubeconfig that logs in through the issuer; needs the kubectl plugin "
        "oidc-login. Holds no secret.",
    )
    node_pools: tuple[PoolStatus, ...] = pydantic.Field((), description="The node pools.")


class Address(Schema):
    """Tell one address of a server."""

    type: Literal["IPv4", "IPv6"] = pydantic.Field(description="Family of the address.")
    address: str = pydantic.Field(description="The address.")


class MachineStatus(Schema):
    """Tell of one server."""

    name: str = pydantic.Field(description="Name of the server: the order's, and an index.")
    phase: MachinePhase | None = pydantic.Field(None, description="State in one word.")
    addresses: tuple[Address, ...] = pydantic.Field(
        (), description="Addresses in its networks, in the order of the networks."
    )
    public_ip: str | None = pydantic.Field(
        None, description="Public IPv4 address.", alias="publicIP"
    )


class ServerStatus(OrderStatus):
    """Tell of one virtual machine, or several alike."""

    flavor: str | None = pydantic.Field(None, description="Flavor of the servers.")
    image: str | None = pydantic.Field(None, description="Image that the servers were built from.")
    ssh_user: str | None = pydantic.Field(None, description="User that may log in with the keys.")
    servers: tuple[MachineStatus, ...] = pydantic.Field((), description="The servers.")


STATUSES: dict[str, type[OrderStatus]] = {"Cluster": ClusterStatus, "Server": ServerStatus}
