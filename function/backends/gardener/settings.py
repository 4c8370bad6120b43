"""Declare what a provider configures for the backend `gardener`."""

from typing import Annotated, Any, Literal

import pydantic

from function.model.cluster import check_apart
from function.model.values import Network, UsableRange
from function.schema import Count, DNSLabel, Schema, configured
from function.settings import (
    NEW_ORDERS,
    NEXT_CHANGE,
    NEXT_VERSION,
    ConfigTemplate,
    ProjectTemplate,
)

NAME = "gardener"
AddonName = Literal["ingressNginx", "certManager", "flux", "harbor", "monitoring"]
# Shoot and project together have 21 characters.
ProjectName = Annotated[DNSLabel, pydantic.StringConstraints(max_length=10)]


class CloudProfile(Schema):
    """Name the cloud profile of the shoots."""

    kind: Literal["CloudProfile", "NamespacedCloudProfile"] = configured(
        "Kind of the profile. CloudProfile: one for all projects; NamespacedCloudProfile: one in "
        "the project. Defaults to CloudProfile.",
        reaches=NEW_ORDERS,
        default="CloudProfile",
    )
    name: str = configured("Name of the profile, such as openstack.", reaches=NEW_ORDERS)


class Networking(Schema):
    """Set the network of the shoots."""

    type: Literal["calico", "cilium"] = configured(
        "Network extension: calico or cilium. Defaults to cilium.",
        reaches=NEW_ORDERS,
        default="cilium",
    )
    nodes: Annotated[Network, UsableRange] = configured(
        "Range of nodes in CIDR form, such as 10.250.0.0/16.", reaches=NEW_ORDERS
    )
    pods: Annotated[Network, UsableRange] = configured(
        "Range of pods in CIDR form, such as 100.96.0.0/11.", reaches=NEW_ORDERS
    )
    services: Annotated[Network, UsableRange] = configured(
        "Range of services in CIDR form, such as 100.64.0.0/13.", reaches=NEW_ORDERS
    )

    @pydantic.model_validator(mode="after")
    def _are_of_ipv4_and_apart(self) -> "Networking":
        ranges = {name: getattr(self, name) for name in ("nodes", "pods", "services")}
        if any(":" in cidr for cidr in ranges.values()):
            raise ValueError("nodes, pods and services must be networks of IPv4")
        check_apart(ranges)
        return self


class OpenStack(Schema):
    """Configure shoots on OpenStack."""

    floating_pool_name: str = configured(
        "Floating pool in the cloud profile, such as public.", reaches=NEW_ORDERS
    )
    load_balancer_provider: str = configured(
        "Load balancer provider in the cloud profile, such as amphora.", reaches=NEW_ORDERS
    )
    server_group_policy: str | None = configured(
        "Policy in the cloud profile for the server groups of pools that are ordered with "
        "antiAffinity, such as soft-anti-affinity. Optional; if absent, antiAffinity is not "
        "offered.",
        reaches=NEXT_VERSION,
        default=None,
    )


class DefaultVolume(Schema):
    """Set the root volume of nodes whose flavor has no disk."""

    size_gib: Count = configured("Size in GiB.", reaches=NEXT_VERSION, alias="sizeGiB", ge=10)
    type: str | None = configured(
        "Volume type in the cloud profile, such as ssd. Defaults to the default of the profile.",
        reaches=NEXT_VERSION,
        default=None,
    )


class AddonExtension(Schema):
    """Offer an addon as an extension."""

    extension: str = configured("Type of the extension, such as shoot-flux.", reaches=NEXT_VERSION)
    provider_config: dict[str, Any] = configured(
        "The providerConfig of the extension. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )


class Kept(Schema):
    """Hold what the environment offered a live Shoot, until its version changes.

    None is a value: what was not offered when it was ordered does not come by itself later.

    Attributes:
        addons: Extension of each addon that was ordered.
        policies: Policy of the server groups of each pool that was ordered with `antiAffinity`;
            None in records of functions that did not write it.
        default_volume: Root volume of nodes whose flavor has no disk.
    """

    addons: dict[str, AddonExtension | None] = {}
    policies: dict[str, str | None] | None = None
    default_volume: DefaultVolume | None = None


class GardenerSettings(Schema):
    """Configure the backend `gardener` of an environment."""

    provider_config: ConfigTemplate = configured(
        "ProviderConfig of provider-kubernetes for the garden, in which {tenant} is replaced by "
        "the namespace of the order. The result must be a DNS name of at most 253 characters. "
        "Defaults to {tenant}.gardener.",
        reaches=NEW_ORDERS,
        default="{tenant}.gardener",
    )
    project: ProjectName = configured(
        "Project of the shoots, with at most 10 characters, such as acme. Set it per tenant, in "
        "the overlay of the tenant.",
        reaches=NEW_ORDERS,
    )
    namespace: ProjectTemplate = configured(
        "Namespace of the project, in which {project} and {tenant} are replaced. The result must "
        "be a DNS label of at most 63 characters. Defaults to garden-{project}.",
        reaches=NEW_ORDERS,
        default="garden-{project}",
    )
    cloud_profile: CloudProfile = configured("Cloud profile.", reaches=NEW_ORDERS)
    credentials_binding: str = configured(
        "CredentialsBinding of the project. Defaults to openstack.",
        reaches=NEW_ORDERS,
        default="openstack",
    )
    region: str = configured("Region in the cloud profile, such as RegionOne.", reaches=NEW_ORDERS)
    purpose: Literal["evaluation", "testing", "development", "production"] = configured(
        "Purpose of the shoots, as Gardener defines it: evaluation, testing, development or "
        "production. Defaults to production.",
        reaches=NEXT_VERSION,
        default="production",
    )
    networking: Networking = configured("Network of the shoots.", reaches=NEW_ORDERS)
    openstack: OpenStack = configured("Configuration of shoots on OpenStack.", reaches=NEW_ORDERS)
    machine_types: dict[str, str] = configured(
        "Machine type by offered flavor, such as SCS-4V-16: m1.large. Defaults to the flavor's "
        "own name.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    default_volume: DefaultVolume | None = configured(
        "Root volume of nodes whose flavor has no disk. Defaults to that of the machine type.",
        reaches=NEXT_VERSION,
        default=None,
    )
    addons: dict[AddonName, AddonExtension] = configured(
        "Extensions by addon: ingressNginx, certManager, flux, harbor, monitoring. An addon that "
        "is left out is not offered; metrics-server is always available. A live shoot keeps the "
        "extensions that it uses until its version changes. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    private_exposure_class: str | None = configured(
        "ExposureClass of API servers that are ordered Private, such as internal. Optional; if "
        "absent, Private is not offered.",
        reaches=NEW_ORDERS,
        default=None,
    )
    acl: bool = configured(
        "Whether the extension acl is installed, for allowedCIDRs. Defaults to false.",
        reaches=NEXT_CHANGE,
        default=False,
    )
