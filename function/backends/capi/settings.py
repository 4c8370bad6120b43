"""Declare what a provider configures for the backend `capi`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from function import labels
from function.backends.capi.profile import PROFILES, Profile
from function.errors import EnvironmentInvalid, Problem
from function.excerpts import listed
from function.model import API_GROUP
from function.model.cluster import ClusterNetwork
from function.model.values import LabelKey, UsableRange
from function.parsing import parse
from function.resolve import SHARE
from function.schema import Count, Flag, Schema, configured
from function.settings import (
    AT_ONCE,
    NEW_ORDERS,
    NEXT_CHANGE,
    NEXT_VERSION,
    Block,
    ConfigTemplate,
    LabelKeyText,
    LabelValueText,
    MachineRule,
    NamespaceTemplate,
    NetworkText,
    Settings,
)

NAME = "capi"
# Cluster API finds Machines by labels of these domains.
OWN_LABELS = ("cluster.x-k8s.io", "topology.cluster.x-k8s.io")


class Network(Schema):
    """Set the address ranges inside the clusters."""

    pods: Annotated[str, UsableRange] = configured(
        "Range of pods in CIDR form, such as 192.168.0.0/16.", reaches=NEW_ORDERS
    )
    services: Annotated[str, UsableRange] = configured(
        "Range of services in CIDR form, such as 10.96.0.0/12.", reaches=NEW_ORDERS
    )
    node_mask: Count = configured(
        "Prefix length of the part of the pod range that each node takes, as the class configures "
        "it. It limits the number of nodes. Defaults to 24.",
        reaches=NEXT_CHANGE,
        default=SHARE,
        alias="nodeCIDRMaskSize",
        ge=16,
        le=30,
    )


class CapiSettings(Block):
    """Configure the backend `capi` of an environment."""

    api_version: Literal["v1beta1", "v1beta2"] = configured(
        "Version of the Cluster API to write. v1beta1: for Cluster API up to 1.10; v1beta2: for "
        "later ones. A live Cluster keeps its version. Defaults to v1beta2.",
        reaches=NEW_ORDERS,
        default="v1beta2",
    )
    provider_config: ConfigTemplate = configured(
        "ProviderConfig of provider-kubernetes, in which {tenant} is replaced by the namespace of "
        "the order. The result must be a DNS name of at most 253 characters. Defaults to "
        "{tenant}.capi.",
        reaches=NEW_ORDERS,
        default="{tenant}.capi",
    )
    namespace: NamespaceTemplate = configured(
        "Namespace of the Clusters on the management cluster, in which {tenant} is replaced by "
        "the namespace of the order. The result must be a DNS label of at most 63 characters. "
        "Defaults to {tenant}.",
        reaches=NEW_ORDERS,
        default="{tenant}",
    )
    class_namespace: str | None = configured(
        "Namespace of the ClusterClasses, such as cluster-classes. Defaults to the namespace of "
        "the Cluster.",
        reaches=NEXT_VERSION,
        default=None,
    )
    labels: dict[LabelKeyText, LabelValueText] = configured(
        "Labels of each Cluster, such as those a ClusterResourceSet selects. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )
    network: Network | None = configured(
        "Address ranges inside the clusters. Defaults to those of the class.",
        reaches=NEW_ORDERS,
        default=None,
    )
    autoscaler: Flag = configured(
        "Whether cluster-autoscaler runs for the clusters. Defaults to false.",
        reaches=AT_ONCE,
        default=False,
    )
    scale_to_zero: Flag = configured(
        "Whether cluster-autoscaler may take the last node of a pool. Such pools have annotations "
        "that say what their nodes would have. A live pool keeps the bounds that it has. Defaults "
        "to false.",
        reaches=NEXT_CHANGE,
        default=False,
    )
    taints: Flag = configured(
        "Whether Cluster API sets taints, which requires 1.13 or later with the gate "
        "MachineTaintPropagation. A live pool keeps the taints that it has. Defaults to false.",
        reaches=NEXT_CHANGE,
        default=False,
    )
    all_labels: Flag = configured(
        "Whether Cluster API syncs every label to nodes (--additional-sync-machine-labels), not "
        "only those of its own domains. Defaults to false.",
        reaches=AT_ONCE,
        default=False,
    )
    reserved_labels: tuple[LabelKey, ...] = configured(
        "Keys and domains of labels, such as velero.io or app.kubernetes.io/instance, by which "
        "tools of yours select objects on the management cluster: labels of pools reach Machines. "
        "A domain covers all its keys and those of the domains below it. A live pool keeps the "
        "labels that it has. x-k8s.io, except for node.cluster.x-k8s.io, and "
        f"{API_GROUP} are always reserved. Defaults to no others.",
        reaches=NEXT_CHANGE,
        default=(),
    )
    management_cidrs: tuple[NetworkText, ...] = configured(
        "Networks in CIDR form, such as 192.0.2.0/24, from which the management cluster reaches "
        "API servers, added to what tenants allow. Defaults to none; then allowedCIDRs is not "
        "offered, because it would lock us out, and a live cluster keeps what it has.",
        reaches=AT_ONCE,
        default=(),
        alias="managementCIDRs",
    )
    profiles: dict[str, Profile] = configured(
        "Class profiles in addition to the built-in ones, by name. Defaults to none.",
        reaches=NEXT_VERSION,
        default_factory=dict,
    )

    def problems(self, settings: Settings) -> Iterator[Problem]:
        """Yield classes of profiles that are not there, and address ranges that cannot be."""
        profiles = {f"classes[{offer.name}]": offer.profile for offer in settings.classes}
        profiles |= {
            f"kubernetesVersions[{version.version}].classes.{name}": offer.profile
            for version in settings.kubernetes_versions
            for name, offer in version.classes.items()
            if offer.profile
        }
        for at, profile in profiles.items():
            if self.find(profile) is None:
                text = f"{profile} is not one of: {self._known(profile)}"
                yield Problem(f"{at}.profile", text)
        if self.scale_to_zero and not self.autoscaler:
            yield Problem(f"backends.{NAME}.scaleToZero", f"requires backends.{NAME}.autoscaler")
        yield from self._rule_problems(settings)
        if self.network:
            ranges = self.network.model_dump(include={"pods", "services"})
            at = f"backends.{NAME}.network"
            try:
                parse(ClusterNetwork, ranges, at=at, blame=EnvironmentInvalid)
            except EnvironmentInvalid as refusal:
                yield from refusal.problems

    def _rule_problems(self, settings: Settings) -> Iterator[Problem]:
        """Yield what the cluster itself, or a backend without taints, keeps a rule from setting."""
        offers: dict[str, tuple[MachineRule, ...]] = {
            **{f"classes[{offer.name}]": offer.machines for offer in settings.classes},
            **{f"backends.{NAME}.profiles.{n}": one.machines for n, one in self.profiles.items()},
            **{
                f"kubernetesVersions[{version.version}].classes.{name}": offer.machines
                for version in settings.kubernetes_versions
                for name, offer in version.classes.items()
            },
        }
        for offered, rules in offers.items():
            for rule in rules:
                at = f"{offered}.machines[{rule.name}]"
                if rule.taints and not self.taints:
                    yield Problem(f"{at}.taints", f"requires backends.{NAME}.taints")
                for key in rule.labels:
                    if labels.domain(key) in OWN_LABELS:
                        yield Problem(f"{at}.labels.{key}", "is set by Cluster API")

    def find(self, name: str) -> Profile | None:
        """Return a profile, the environment's before the built-in ones."""
        return self.profiles.get(name) or PROFILES.get(name)

    def unknown(self, name: str) -> str:
        """Return what is wrong with the name of a profile that is not there."""
        return f"profile {name or 'of the class'} is not one of: {self._known(name)}"

    def _known(self, near: str) -> str:
        return listed({*self.profiles, *PROFILES}, near)
