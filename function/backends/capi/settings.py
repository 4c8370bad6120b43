"""Declare what a provider configures for the backend `capi`, and the class profiles.

A profile says how order fields reach a ClusterClass. It is data: the built-in ones stand in
`profiles.yaml`, and an environment may add its own.
"""

from importlib import resources
from typing import Any, Literal

import pydantic
import yaml

from function.errors import EnvironmentInvalid, Problem
from function.schema import Flag, Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_VERSION, TenantTemplate

NAME = "capi"
OIDC = "spec.access.oidc"
AVAILABILITY = "spec.controlPlane.availability"
CONTROL_PLANE_FLAVOR = "spec.controlPlane.flavor"
POOL_FLAVOR = "spec.nodePools[].flavor"
POOL_DISK = "spec.nodePools[].rootVolume.sizeGiB"
NODES = "spec.network.nodes"
PRIVATE = "spec.apiServer.exposure"
ALLOWED = "spec.apiServer.allowedCIDRs"
EXTRA_NAMES = "spec.apiServer.extraNames"


class Target(Schema):
    """Say where one order field goes in a class; exactly one of the first three."""

    variable: str | None = configured("Cluster-wide variable.", reaches=NEXT_VERSION, default=None)
    override: str | None = configured(
        "Variable, overridden for each pool.", reaches=NEXT_VERSION, default=None
    )
    unsupported: str | None = configured(
        "Reason for the tenant why the class cannot express it.", reaches=AT_ONCE, default=None
    )
    object_keys: dict[str, str] = configured(
        "Keys of an object: ours to the class's.",
        reaches=NEXT_VERSION,
        default_factory=dict,
        alias="keys",
    )
    also: dict[str, Any] = configured(
        "Other variables that the field needs to have these values.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )

    @pydantic.model_validator(mode="after")
    def _exactly_one(self) -> "Target":
        if sum(x is not None for x in (self.variable, self.override, self.unsupported)) != 1:
            raise ValueError("exactly one of variable, override, unsupported is required")
        return self


class Profile(Schema):
    """Say how order fields reach a ClusterClass."""

    worker_class: str = configured("Worker class of the pools.", reaches=NEXT_VERSION)
    control_plane_machines: Flag = configured(
        "Whether control planes are machines, that can be flavored and replaced. true if absent.",
        reaches=NEXT_VERSION,
        default=True,
    )
    variables: dict[str, Any] = configured(
        "Every variable that has a default, rendered explicitly.", reaches=NEXT_VERSION
    )
    control_plane_disk: str | None = configured(
        "Variable of the control plane's root volume in GiB, 0 for the flavor's disk. "
        "Not set with a flavor if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    fields: dict[str, Target] = configured("Order field to its target.", reaches=NEXT_VERSION)

    def target(self, field: str) -> Target:
        """Return where a field goes; one that the profile leaves out is not expressed."""
        return self.fields.get(field) or Target(unsupported="this class has no such setting")


class Network(Schema):
    """Set the address ranges inside the clusters."""

    pods: str = configured("Range of pods, CIDR.", reaches=NEW_ORDERS)
    services: str = configured("Range of services, CIDR.", reaches=NEW_ORDERS)


class CapiSettings(Schema):
    """Configure the backend `capi` of an environment."""

    api_version: Literal["v1beta1", "v1beta2"] = configured(
        "Version of the Cluster API to write: v1beta1 for Cluster API up to 1.10. "
        "v1beta2 if absent. A live Cluster keeps its version.",
        reaches=NEW_ORDERS,
        default="v1beta2",
    )
    provider_config: TenantTemplate = configured(
        "ProviderConfig of provider-kubernetes; {tenant} stands for the namespace of the order. "
        "{tenant}.capi if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}.capi",
    )
    namespace: TenantTemplate = configured(
        "Namespace of the Clusters on the management cluster; {tenant} as above. "
        "{tenant} if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}",
    )
    class_namespace: str | None = configured(
        "Namespace of the ClusterClasses. The Cluster's own if absent.",
        reaches=NEXT_VERSION,
        default=None,
    )
    labels: dict[str, str] = configured(
        "Labels of each Cluster, such as those a ClusterResourceSet selects.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    network: Network | None = configured(
        "Address ranges inside the clusters. The class's if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )
    autoscaler: Flag = configured(
        "Whether cluster-autoscaler runs for the clusters. false if absent.",
        reaches=AT_ONCE,
        default=False,
    )
    taints: Flag = configured(
        "Whether Cluster API sets taints: 1.13 or later with the gate MachineTaintPropagation. "
        "false if absent.",
        reaches=AT_ONCE,
        default=False,
    )
    all_labels: Flag = configured(
        "Whether Cluster API syncs every label to nodes (--additional-sync-machine-labels), not "
        "only those of its own domains. false if absent.",
        reaches=AT_ONCE,
        default=False,
    )
    management_cidrs: tuple[str, ...] = configured(
        "Networks from which the management cluster reaches API servers, added to what tenants "
        "allow. Without them allowedCIDRs is not offered, because it would lock us out.",
        reaches=AT_ONCE,
        default=(),
        alias="managementCIDRs",
    )
    profiles: dict[str, Profile] = configured(
        "Class profiles beside the built-in ones.", reaches=NEXT_VERSION, default_factory=dict
    )

    def profile(self, name: str) -> Profile:
        """Return a profile, the environment's before the built-in ones.

        Raises:
            EnvironmentInvalid: There is none of this name.
        """
        found = self.profiles.get(name) or PROFILES.get(name)
        if found is None:
            known = ", ".join(sorted({*self.profiles, *PROFILES}))
            text = f"profile {name or 'of the class'} is not one of: {known}"
            raise EnvironmentInvalid(Problem("classes", text))
        return found


def _built_in() -> dict[str, Profile]:
    text = resources.files(__package__).joinpath("profiles.yaml").read_text("utf-8")
    return {name: Profile.model_validate(data) for name, data in yaml.safe_load(text).items()}


PROFILES = _built_in()
