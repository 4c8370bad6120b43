"""Declare what a provider (CSP) configures for an environment, in EnvironmentConfigs.

Every field says what an edit *reaches*. The default is the most careful that works:
what an order got stays as it is, because one edit must not roll five hundred clusters.
Blocks below `backends` are declared by the backends themselves; `block` hands them out.
"""

import functools
from collections.abc import Iterator
from typing import Any, Literal, TypeVar

from function.errors import Problem
from function.flavors import Flavor
from function.model.cluster import Oidc
from function.model.values import HTTPSURL
from function.schema import DNSLabel, Schema, configured
from function.settings.classes import EVERY, ClusterClass, PinnedVariable, VariableType
from function.settings.machines import MachineRule, NodeTaint
from function.settings.offers import (
    FlavorOffer,
    ImageOffer,
    KubernetesVersion,
    VersionedClass,
    VolumeType,
    Zone,
)
from function.settings.places import Move, Place
from function.settings.rules import Limits, PolicyRule
from function.settings.templates import (
    NAMESPACE,
    PROVIDER_CONFIG,
    ConfigTemplate,
    Form,
    NamespaceTemplate,
    ProjectTemplate,
    filled,
)
from function.settings.values import (
    AT_ONCE,
    NEW_ORDERS,
    NEXT_CHANGE,
    NEXT_VERSION,
    KindName,
    LabelKeyText,
    LabelValueText,
    Name,
    NetworkText,
    StartupTimeout,
)

__all__ = [
    "AT_ONCE",
    "Block",
    "ClusterClass",
    "ConfigTemplate",
    "EVERY",
    "Form",
    "ImageOffer",
    "KubernetesVersion",
    "LabelKeyText",
    "LabelValueText",
    "MachineRule",
    "Limits",
    "Move",
    "NEW_ORDERS",
    "NEXT_CHANGE",
    "NEXT_VERSION",
    "NAMESPACE",
    "Name",
    "NamespaceTemplate",
    "NetworkText",
    "NodeTaint",
    "PROVIDER_CONFIG",
    "PinnedVariable",
    "Place",
    "PolicyRule",
    "ProjectTemplate",
    "Settings",
    "StartupTimeout",
    "VariableType",
    "VersionedClass",
    "VolumeType",
    "filled",
]

BlockT = TypeVar("BlockT", bound=Schema)


class AccessDefaults(Schema):
    """Say how tenants log in where they do not say it themselves."""

    oidc: Oidc | None = configured(
        "Issuer of clusters whose orders name none. Defaults to none.",
        reaches=NEXT_VERSION,
        default=None,
    )
    extra_scopes: tuple[Name, ...] = configured(
        "Scopes that a login asks for beside openid, such as groups. Defaults to none.",
        reaches=AT_ONCE,
        default=(),
    )


class Block(Schema):
    """Configure one backend; the base of the settings that backends declare."""

    def problems(self, settings: "Settings") -> Iterator[Problem]:
        """Yield what is wrong with the environment if this backend answers a kind."""
        del settings
        yield from ()


class Settings(Schema):
    """Hold the merged data of one environment."""

    display_name: Name = configured(
        "Name for people, such as Example Cloud, region one.", reaches=AT_ONCE
    )
    links: dict[Literal["status", "support", "documentation"], HTTPSURL] = configured(
        "Pages for tenants by what they show (status, support or documentation), each an https "
        "URL. Defaults to none.",
        reaches=AT_ONCE,
        default_factory=dict,
    )
    layers: tuple[Name, ...] = configured(
        "Names of the EnvironmentConfigs that are the other base layers of this environment, such "
        "as catalogue. Defaults to none.",
        reaches=AT_ONCE,
        default=(),
    )
    overlays: Literal["None", "Optional", "Required"] = configured(
        "Whether tenants have a layer of their own. None: no tenant has one; Optional: a tenant "
        "may have one; Required: the orders of a tenant without one are refused. Defaults to None.",
        reaches=AT_ONCE,
        default="None",
    )
    tenants: tuple[Name, ...] | None = configured(
        "Namespaces that may use the environment, such as acme. Defaults to all namespaces.",
        reaches=AT_ONCE,
        default=None,
    )
    kinds: dict[KindName, Name] = configured(
        "Offered kinds (Cluster, Server, Network) and the backend that answers each, such as "
        "capi. A kind that is left out is not offered; its live orders are still answered as long "
        "as the settings of its backend remain.",
        reaches=NEW_ORDERS,
    )
    zones: tuple[Zone, ...] = configured(
        "Offered availability zones. Pools and servers stay in their zones; a control plane may "
        "follow with its version. Defaults to none.",
        reaches=NEXT_VERSION,
        default=(),
    )
    flavors: tuple[FlavorOffer, ...] = configured(
        "Offered flavors. Defaults to none.", reaches=NEW_ORDERS, default=()
    )
    images: tuple[ImageOffer, ...] = configured(
        "Offered images for servers. Defaults to none.", reaches=NEW_ORDERS, default=()
    )
    volume_types: tuple[VolumeType, ...] = configured(
        "Offered volume types. Defaults to none.", reaches=NEW_ORDERS, default=()
    )
    kubernetes_versions: tuple[KubernetesVersion, ...] = configured(
        "Offered Kubernetes versions. Defaults to none.", reaches=NEXT_VERSION, default=()
    )
    classes: tuple[ClusterClass, ...] = configured(
        "Offered cluster classes. Defaults to none.", reaches=NEXT_VERSION, default=()
    )
    access: AccessDefaults = configured(
        "How tenants log in.", reaches=NEXT_VERSION, default=AccessDefaults()
    )
    limits: Limits = configured("Limits of one order.", reaches=NEXT_CHANGE, default=Limits())
    policy: tuple[PolicyRule, ...] = configured(
        "Rules for fields of orders. Defaults to none.", reaches=NEXT_CHANGE, default=()
    )
    stalled_after: StartupTimeout = configured(
        "How long a resource may take to become ready, from 30s, such as 2h. Later its order "
        "reports BackendHealthy=False with the reason Stalled, if no problem is reported. Defaults "
        "to 1h.",
        reaches=AT_ONCE,
        default="1h",
    )
    moves: tuple[Move, ...] = configured(
        "Orders that may change their place. In another environment, backend or namespace they "
        "are rebuilt, and the existing resources are left with the provider; if only the "
        "ProviderConfig changes, which must be of the same account, the existing resources stay "
        "as they are. Defaults to none.",
        reaches=AT_ONCE,
        default=(),
    )
    secrets_namespace: DNSLabel = configured(
        "Namespace for connection secrets of composed resources, in claims mode. No tenant may "
        "read it. Defaults to crossplane-system.",
        reaches=NEW_ORDERS,
        default="crossplane-system",
    )
    backends: dict[str, Any] = configured(
        "Settings of the backends named in kinds, by name of the backend. Defaults to none.",
        reaches="see the fields of each backend",
        default_factory=dict,
    )

    def violations(self) -> Iterator[tuple[str, str]]:
        """Yield names of images that more than one image has."""
        ids: dict[tuple[str, str], set[str]] = {}
        for offer in self.images:
            ids.setdefault((offer.name, offer.architecture), set()).add(offer.id)
        for (name, architecture), distinct in sorted(ids.items()):
            if len(distinct) > 1:
                text = f"{name} is the name of {len(distinct)} images for {architecture}"
                yield "images", f"{text}; an order that names it could get any of them"

    def backend_of(self, kind: str) -> str | None:
        """Return the backend that answers a kind; None if it is not offered."""
        return next((name for offered, name in self.kinds.items() if offered == kind), None)

    def class_of(self, name: str, version: str = "") -> ClusterClass | None:
        """Return an offered class, as it is for a version; None if it is not offered."""
        offer = next((one for one in self.classes if one.name == name), None)
        versions = (one for one in self.kubernetes_versions if one.version == version)
        versioned = next((one.classes[name] for one in versions if name in one.classes), None)
        if offer is None or versioned is None:
            return offer
        return offer.model_copy(
            update={
                "profile": versioned.profile or offer.profile,
                "variables": {**offer.variables, **versioned.variables},
                "machines": versioned.machines or offer.machines,
            }
        )

    def block(self, name: str, schema: type[BlockT]) -> BlockT:
        """Return the settings of one backend.

        Raises:
            LookupError: The environment has no such block; `environment.assemble` checks it.
        """
        result = self.backends.get(name)
        if not isinstance(result, schema):
            raise LookupError(f"no settings for backend {name}")
        return result

    @functools.cached_property
    def offered_flavors(self) -> tuple[Flavor, ...]:
        """Return what the offered flavors hold."""
        return tuple(offer.flavor for offer in self.flavors)
