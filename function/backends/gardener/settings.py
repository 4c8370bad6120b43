"""Declare what a provider configures for the backend `gardener`."""

from typing import Annotated, Literal

import pydantic

from function.schema import DNS_LABEL, Count, Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_VERSION, TenantTemplate, only

NAME = "gardener"
ProjectTemplate = Annotated[
    str,
    pydantic.StringConstraints(min_length=1),
    pydantic.AfterValidator(only("project", "tenant")),
]
# Shoot and project together have 21 characters.
ProjectName = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=10)]


class CloudProfile(Schema):
    """Name the cloud profile of the shoots."""

    kind: Literal["CloudProfile", "NamespacedCloudProfile"] = configured(
        "Kind of the profile. CloudProfile if absent.", reaches=NEW_ORDERS, default="CloudProfile"
    )
    name: str = configured("Name of the profile.", reaches=NEW_ORDERS)


class Networking(Schema):
    """Set the network of the shoots."""

    type: Literal["calico", "cilium"] = configured(
        "Network extension. cilium if absent.", reaches=NEW_ORDERS, default="cilium"
    )
    nodes: str = configured("Range of nodes, CIDR.", reaches=NEW_ORDERS)
    pods: str = configured("Range of pods, CIDR.", reaches=NEW_ORDERS)
    services: str = configured("Range of services, CIDR.", reaches=NEW_ORDERS)


class OpenStack(Schema):
    """Configure shoots on OpenStack."""

    floating_pool_name: str = configured("Floating pool, of the profile.", reaches=NEW_ORDERS)
    load_balancer_provider: str = configured(
        "Load balancer provider, of the profile.", reaches=NEW_ORDERS
    )


class DefaultVolume(Schema):
    """Set the root volume of nodes whose flavor has no disk."""

    size_gib: Count = configured("Size in GiB.", reaches=NEXT_VERSION, alias="sizeGiB", ge=10)
    type: str | None = configured(
        "Volume type, of the profile. Its default if absent.", reaches=NEXT_VERSION, default=None
    )


class GardenerSettings(Schema):
    """Configure the backend `gardener` of an environment."""

    provider_config: TenantTemplate = configured(
        "ProviderConfig of provider-kubernetes for the garden; {tenant} stands for the namespace "
        "of the order. {tenant}.gardener if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}.gardener",
    )
    project: ProjectName = configured(
        "Project of the shoots, at most 10 characters; per tenant in its overlay.",
        reaches=NEW_ORDERS,
    )
    namespace: ProjectTemplate = configured(
        "Namespace of the project; {project} and {tenant} are replaced. "
        "garden-{project} if absent.",
        reaches=NEW_ORDERS,
        default="garden-{project}",
    )
    cloud_profile: CloudProfile = configured("Cloud profile.", reaches=NEW_ORDERS)
    credentials_binding: str = configured(
        "CredentialsBinding of the project. openstack if absent.",
        reaches=NEW_ORDERS,
        default="openstack",
    )
    region: str = configured("Region, of the profile.", reaches=NEW_ORDERS)
    purpose: Literal["evaluation", "testing", "development", "production"] = configured(
        "Purpose of the shoots. production if absent.", reaches=NEXT_VERSION, default="production"
    )
    networking: Networking = configured("Network of the shoots.", reaches=NEW_ORDERS)
    openstack: OpenStack = configured("What shoots on OpenStack need.", reaches=NEW_ORDERS)
    machine_types: dict[str, str] = configured(
        "Machine type by offered flavor. The flavor's own name if it is not listed.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    default_volume: DefaultVolume | None = configured(
        "Root volume of nodes whose flavor has no disk. The machine type's if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    private_exposure_class: str | None = configured(
        "ExposureClass of API servers that are ordered Private. Not offered if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )
    acl: bool = configured(
        "Whether the extension acl is installed, for allowedCIDRs. false if absent.",
        reaches=AT_ONCE,
        default=False,
    )
