"""Know scope: the only place that distinguishes cluster scoped from namespaced installs.

    claims       cluster scoped kinds, `ProviderConfig`
    namespaced   `*.m.*` kinds in the tenant's namespace, `ClusterProviderConfig`

API versions are no part of it: a backend declares them for each `Family` that it composes.
`wrapped` wraps a `Resource` for Crossplane, `of_fitted` unwraps what was observed.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from function import shapes
from function.contract import Family, Manifest, Mode, Observed, Order, Resource
from function.frozen import changed
from function.paths import lookup
from function.shapes import CONDITIONS, EACH, Shape

EXTERNAL_NAME = "crossplane.io/external-name"
ALL_POLICIES = ("Observe", "Create", "Update", "Delete", "LateInitialize")

# Objects of provider-kubernetes, which several backends compose.
KUBERNETES = Family(
    "kubernetes", "kubernetes.crossplane.io/v1alpha2", "kubernetes.m.crossplane.io/v1alpha1"
)
# Kind of what holds a tenant's credentials for a backend.
CONFIGS = {Mode.CLAIMS: "ProviderConfig", Mode.NAMESPACED: "ClusterProviderConfig"}
# What is read of every resource, whatever it is.
_COMMON: Shape = {
    "apiVersion": str,
    "kind": str,
    "metadata": {
        "name": str,
        "creationTimestamp": str,
        "labels": {EACH: str},
        "annotations": {EACH: str},
    },
    "spec": {
        "forProvider": dict,
        "initProvider": dict,
        "managementPolicies": [str],
        "providerConfigRef": {"name": str},
        "writeConnectionSecretToRef": {"namespace": str},
    },
    "status": {"atProvider": {"id": str}, "conditions": CONDITIONS},
}
# What observed resources are made from, because `__init__` of frozen data takes long.
_NOTHING = Resource(key="", family="", kind="", payload={})
_COMMON_FIELDS = {
    "forProvider",
    "initProvider",
    "managementPolicies",
    "providerConfigRef",
    "writeConnectionSecretToRef",
    "deletionPolicy",
}


def wrapped(
    resource: Resource, order: Order[Any], secrets_namespace: str, api_version: str
) -> Manifest:
    """Return the manifest of a resource for the install that asks.

    Args:
        resource: The resource.
        order: The order, for its mode and tenant.
        secrets_namespace: Namespace of new connection secrets in claims mode.
        api_version: That of its family in this install.
    """
    namespaced = order.mode is Mode.NAMESPACED
    reference = {"name": resource.provider_config}
    metadata: Manifest = {
        "name": resource.name,
        **({"namespace": order.tenant} if namespaced else {}),
        "labels": dict(resource.labels),
        **({"annotations": dict(resource.annotations)} if resource.annotations else {}),
    }
    return {
        "apiVersion": api_version,
        "kind": resource.kind,
        "metadata": metadata,
        "spec": {
            "managementPolicies": list(resource.policies),
            "providerConfigRef": {"kind": CONFIGS[order.mode], **reference}
            if namespaced
            else reference,
            **(
                {"writeConnectionSecretToRef": _secret(resource, namespaced, secrets_namespace)}
                if resource.secret
                else {}
            ),
            **resource.options,
            **({"initProvider": resource.initial} if resource.initial else {}),
            "forProvider": resource.payload,
        },
    }


def fitted(manifest: Manifest) -> Manifest:
    """Return the parts of an observed manifest that are of the types that are read."""
    retained: Manifest = shapes.fitting(manifest, _COMMON)
    return retained


def of_fitted(
    key: str, manifest: Manifest, connection: Mapping[str, bytes], families: Mapping[str, str]
) -> Resource:
    """Return an observed resource without scope, of a manifest that was `fitted`.

    Its contents are taken as they are: it may belong to another pipeline step, or be garbled.

    Args:
        key: Its name in the composition.
        manifest: The manifest.
        connection: Its connection details.
        families: Names of families by API version.
    """
    metadata, spec = manifest.get("metadata") or {}, manifest.get("spec") or {}
    version: str = manifest.get("apiVersion", "")
    return changed(
        _NOTHING,
        key=key,
        family=families.get(version, version),
        kind=manifest.get("kind", ""),
        payload=spec.get("forProvider") or {},
        initial=spec.get("initProvider") or {},
        options={name: value for name, value in spec.items() if name not in _COMMON_FIELDS},
        secret="writeConnectionSecretToRef" in spec,
        secret_namespace=(spec.get("writeConnectionSecretToRef") or {}).get("namespace", ""),
        policies=tuple(spec.get("managementPolicies") or ("*",)),
        name=metadata.get("name", ""),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        provider_config=(spec.get("providerConfigRef") or {}).get("name", ""),
        status=manifest.get("status") or {},
        connection=connection,
        generation=shapes.count(metadata.get("generation")),
        created=metadata.get("creationTimestamp", ""),
        deleting="deletionTimestamp" in metadata,
    )


@dataclass(frozen=True)
class LiveObject:
    """View an order whose root is an Object: what was applied inside it, and what is live.

    Attributes:
        KEY: Key of the root.
        observed: The observed resources by key.
    """

    KEY: ClassVar[str]

    observed: Observed

    @staticmethod
    def form(manifest: Manifest) -> Manifest:
        """Return a manifest in the API version in which the backend reads it."""
        return manifest

    @functools.cached_property
    def root(self) -> Resource | None:
        """Return the observed Object."""
        return self.observed.get(self.KEY)

    @functools.cached_property
    def rendered(self) -> Manifest:
        """Return the previously rendered manifest, whether or not it was accepted."""
        return self.form((self.root.payload.get("manifest") if self.root else None) or {})

    @property
    def applied(self) -> Manifest:
        """Return the previously rendered manifest; empty for what cannot exist yet."""
        return self.rendered if self.root and self.root.exists else {}

    @functools.cached_property
    def inside(self) -> Manifest:
        """Return the live object inside the Object; empty until it was observed."""
        return self.form(inside(self.root))

    @property
    def status(self) -> Mapping[str, Any]:
        """Return the status of the live object."""
        result: Mapping[str, Any] = self.inside.get("status") or {}
        return result

    @property
    def is_deleting(self) -> bool:
        """Return whether the live object is being deleted."""
        return bool(lookup(self.inside, "metadata.deletionTimestamp"))


def inside(observed: Resource | None) -> Manifest:
    """Return the live object inside an observed Object; empty until it was observed."""
    return (observed.at_provider.get("manifest") if observed else None) or {}


def inner_identity(manifest: object) -> str:
    """Return group, kind, namespace and name of the object in an Object.

    The version of its API is no part of it, because one object is served in several.
    """
    group = str(lookup(manifest, "apiVersion")).rpartition("/")[0]
    where = (lookup(manifest, path) for path in ("kind", "metadata.namespace", "metadata.name"))
    return "/".join((group, *map(str, where)))


def external_name(observed: Resource | None) -> str:
    """Return the name by which the provider finds the live resource; empty until it is known.

    Where late initialisation is off, the provider never writes the annotation itself, not even when
    it re-creates what was deleted behind its back. So the id that it last observed comes first.
    """
    if observed is None:
        return ""
    return observed.at_provider.get("id") or observed.annotations.get(EXTERNAL_NAME, "")


def kept_name(observed: Resource | None) -> str:
    """Return the external name of a resource that its provider names; empty until it is known.

    Where late initialisation is on, the provider writes the annotation, also when it creates again
    what was deleted behind its back, and an operator may correct it: so it comes first. Where it is
    lost, a restarted provider would create a duplicate, so the id takes its place.
    """
    return (observed and observed.annotations.get(EXTERNAL_NAME)) or external_name(observed)


def named(resource: Resource, observed: Resource | None) -> Resource:
    """Return a resource with its external name, unless its backend has set one."""
    name = kept_name(observed)
    if not name or EXTERNAL_NAME in resource.annotations:
        return resource
    return changed(resource, annotations={**resource.annotations, EXTERNAL_NAME: name})


def _secret(resource: Resource, namespaced: bool, secrets_namespace: str) -> Manifest:
    name = {"name": f"{resource.name}-conn"}
    if namespaced:
        return name
    return {"namespace": resource.secret_namespace or secrets_namespace, **name}
