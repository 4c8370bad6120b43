"""Define what documents and tests show of one backend; the server never loads it.

Each backend has one in its module `example`. What an operator applies is generated from it, and
tests answer orders with its settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from function.contract import Family, Manifest


@dataclass(frozen=True)
class Provider:
    """A Crossplane provider that acts for a backend.

    Attributes:
        name: Name of its package.
        version: Newest release that the tests have run, or whose recorded objects they hold.
        configs: API versions of its ProviderConfig.
    """

    name: str
    version: str
    configs: Family


@dataclass(frozen=True)
class Gap:
    """A field that is unsupported with some settings.

    Attributes:
        field: Path of the field.
        reason: The reason for the tenant.
        always: The only value that is supported; None if no value is.
    """

    field: str
    reason: str
    always: Any = None


@dataclass(frozen=True)
class Example:
    """One backend as it is shown.

    Attributes:
        least: The smallest valid block of settings in an environment.
        full: A block that offers all that an order can ask for.
        provider: The provider that it needs.
        credentials: Content of a tenant's Secret, as one key and its text.
        runtime: Name of the DeploymentRuntimeConfig of the provider; empty for the default.
        flags: Flags of the provider in it.
        gaps: Further gaps, by the settings that have them.
        gaps_story: What the table of gaps has to explain of these.
    """

    least: Manifest
    full: Manifest
    provider: Provider
    credentials: tuple[str, str]
    runtime: str = ""
    flags: tuple[str, ...] = ()
    gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)
    gaps_story: str = ""


# Without watches a change of a cluster is seen only when the provider polls.
WATCH = "--enable-watches"
# Shared by backends whose objects are in another cluster.
KUBERNETES = Provider(
    name="provider-kubernetes",
    version="v1.3.1",
    configs=Family(
        "kubernetes", "kubernetes.crossplane.io/v1alpha1", "kubernetes.m.crossplane.io/v1alpha1"
    ),
)
KUBECONFIG = ("kubeconfig", "<a kubeconfig of the tenant's service account>")
