"""Derive the profile of a ClusterClass from the class itself.

Variables, their defaults and types, worker classes, and what patches write are data of the class.
Which order field drives a variable is known by name only, of the Cluster Stacks of the Sovereign
Cloud Stack and the like: what is not known is left to the operator, and listed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from function import shapes
from function.backends.capi import patches
from function.backends.capi.patches import Operation
from function.backends.capi.profile import OBJECTS, PROFILES, Profile, type_of
from function.backends.capi.settings import NAME
from function.backends.capi.targets import (
    ADDONS,
    ALLOWED,
    AVAILABILITY,
    CLUSTER_FIELDS,
    CONTROL_PLANE_FLAVOR,
    EXTRA_NAMES,
    NODES,
    OIDC,
    POOL_AFFINITY,
    POOL_DISK,
    POOL_DISK_TYPE,
    POOL_FIELDS,
    POOL_FLAVOR,
    POOL_VOLUMES,
    PRIVATE,
)
from function.contract import Manifest
from function.model import API_GROUP
from function.paths import lookup
from function.schema import fields

CLASS = "ClusterClass"
# Names of the variables that an order field drives, the most special first.
_NAMES: dict[str, tuple[str, ...]] = {
    AVAILABILITY: ("controlPlaneAvailabilityZones",),
    CONTROL_PLANE_FLAVOR: ("controlPlaneFlavor", "controller_flavor", "flavor"),
    NODES: ("nodeCIDR", "node_cidr"),
    PRIVATE: ("disableAPIServerFloatingIP",),
    ALLOWED: (
        "apiServerLoadBalancerOctaviaAmphoraAllowedCIDRs",
        "apiServerAllowedCIDRs",
        "allowedCIDRs",
    ),
    EXTRA_NAMES: ("certSANs",),
    OIDC: ("oidcConfig", "oidc_config", "oidc"),
    POOL_FLAVOR: ("workerFlavor", "worker_flavor", "flavor"),
    POOL_DISK: ("workerRootDisk", "worker_root_disk", "rootDisk"),
    POOL_VOLUMES: ("workerAdditionalBlockDevices", "additionalBlockDevices"),
}
_DISKS = ("controlPlaneRootDisk", "controller_root_disk", "rootDisk")
_STACK = re.compile(r"[a-z0-9]+-(?P<stack>[a-z0-9]+)-(?P<minor>[0-9]+-[0-9]+)-v[0-9a-z.-]+")
_EQUAL = re.compile(r'eq \.(\w+) "([^"]*)"')

_TYPE = "root volumes of nodes have the type that this environment chose"
_HOSTS = "the provider decides on which hosts the nodes of this class run"
_METRICS = "metrics-server is a part of every cluster of this class"
_HOSTED = "control planes are no machines of yours here"
_REACHED = "API servers are reached by the means of the provider"
_LOGINS = "API servers of this class accept no logins by OpenID Connect"
_BROKEN = "this class fails with it"
# A name that kubeadm writes into every certificate.
_CERTIFIED = ["kubernetes"]


@dataclass(frozen=True)
class Derived:
    """A profile that was derived.

    Attributes:
        class_name: Name of the class.
        stack: Name of the Cluster Stack that the name of the class has, or of the class itself.
        minor: Minor version of Kubernetes that the name of the class has; empty without one.
        versions: Exact versions that the class lists.
        types: Type of each variable, by name.
        data: The profile, as in `backends.capi.profiles`.
        built_in: Name of the built-in profile that is the same; empty if none is.
        replaces: What a change of a variable replaces, by variable.
        left: What is left to the operator, a sentence each.
        is_offered: Whether no newer class is for the same version.
    """

    class_name: str
    stack: str
    minor: str
    versions: tuple[str, ...]
    types: dict[str, str]
    data: dict[str, Any]
    built_in: str
    replaces: dict[str, str]
    left: tuple[str, ...]
    is_offered: bool = True

    @property
    def replacing(self) -> tuple[str, ...]:
        """Return what changes of variables replace, a sentence for each kind of machine."""
        places = sorted(set(self.replaces.values()))
        return tuple(
            f"a change of one of these replaces {place}: "
            + ", ".join(name for name, found in self.replaces.items() if found == place)
            for place in places
        )

    @property
    def offered_for(self) -> tuple[str, ...]:
        """Return the versions that the class is for; only the minor one if it lists none."""
        return self.versions or (self.minor,)

    def is_like(self, other: "Derived") -> bool:
        """Return whether another class is of the same stack, and for one of its versions."""
        return self.stack == other.stack and not set(self.offered_for).isdisjoint(other.offered_for)


def derive(manifests: Iterable[Manifest]) -> list[Derived]:
    """Return the profile of each ClusterClass.

    Args:
        manifests: Classes, and the templates that they name.
    """
    known = list(manifests)
    templates = {(one.get("kind"), lookup(one, "metadata.name")): one for one in known}
    classes = [one for one in known if one.get("kind") == CLASS]
    return _newest([_derived(one, templates) for one in classes])


def _newest(found: list[Derived]) -> list[Derived]:
    """Return the classes, the newest first; of one stack and version only the newest is offered."""
    result: list[Derived] = []
    for one in sorted(found, key=lambda one: _natural(one.class_name), reverse=True):
        newer = [other for other in result if other.is_offered and other.is_like(one)]
        if newer:
            text = f"left out, because {newer[0].class_name} is newer and of the same version"
            result.append(replace(one, left=(text,), is_offered=False))
        else:
            result.append(one)
    return result


def _natural(name: str) -> list[Any]:
    """Return what names are sorted by: their numbers as numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name)]


def layer(found: Iterable[Derived]) -> Manifest:
    """Return a layer of an environment that offers classes: an offered class for each stack."""
    profiles: dict[str, Any] = {}
    versions: dict[str, dict[str, Any]] = {}
    offered: dict[str, str] = {}
    # The newest are first: an older version of a stack may have a profile of its own.
    for one in found:
        if not one.is_offered:
            continue
        profile = one.built_in or _named(one, profiles)
        if not one.built_in:
            profiles[profile] = one.data
        first = offered.setdefault(one.stack, profile)
        entry = one.class_name if profile == first else {"name": one.class_name, "profile": profile}
        for version in one.offered_for:
            versions.setdefault(version, {})[one.stack] = entry
    return {
        "apiVersion": "apiextensions.crossplane.io/v1beta1",
        "kind": "EnvironmentConfig",
        "metadata": {"name": "classes", "labels": {f"{API_GROUP}/environment": "default"}},
        "data": {
            "kubernetesVersions": [
                {"version": version, "classes": versions[version]}
                for version in sorted(versions, key=_natural)
            ],
            "classes": [{"name": name, "profile": profile} for name, profile in offered.items()],
            **({"backends": {NAME: {"profiles": profiles}}} if profiles else {}),
        },
    }


def _named(one: Derived, profiles: Mapping[str, Any]) -> str:
    """Return the name of a profile: that of an equal one, or of the stack, with its version."""
    equal = (name for name, data in profiles.items() if data == one.data)
    taken = one.stack in profiles or one.stack in PROFILES
    return next(equal, f"{one.stack}-{one.minor.replace('.', '-')}" if taken else one.stack)


def _derived(cluster_class: Manifest, templates: Mapping[Any, Manifest]) -> Derived:
    spec, name = cluster_class.get("spec") or {}, str(lookup(cluster_class, "metadata.name"))
    schemas = {
        one["name"]: lookup(one, "schema.openAPIV3Schema") or {}
        for one in shapes.mappings(spec.get("variables"))
    }
    operations = list(patches.operations(spec))
    broken = patches.broken(spec, operations, schemas, templates)
    targets = _targets(schemas, operations, broken)
    names, alone = targets.get(EXTRA_NAMES, {}), patches.alone(spec, operations, templates)
    if any(one.path in alone for one in operations if one.writes(str(names.get("variable")))):
        names["emptied"] = _CERTIFIED
    stack = _STACK.fullmatch(name)
    machines = bool(lookup(spec, "controlPlane.machineInfrastructure"))
    if not machines:
        targets |= {
            CONTROL_PLANE_FLAVOR: {"unsupported": _HOSTED},
            PRIVATE: {"unsupported": _REACHED},
            ALLOWED: {"unsupported": _REACHED},
        }
    if stack:
        targets["spec.addons.metricsServer.enabled"] = {"always": True, "unsupported": _METRICS}
    workers = [w["class"] for w in shapes.mappings(lookup(spec, "workers.machineDeployments"))]
    values = {n: _default(schema) for n, schema in schemas.items()}
    values = {n: value for n, value in sorted(values.items()) if value is not None}
    types = {n: found for n, schema in sorted(schemas.items()) if (found := _type(schema))}
    disk = _first(_DISKS, schemas) if machines else None
    data: dict[str, Any] = {
        "workerClass": workers[0] if workers else "",
        **({} if machines else {"controlPlaneMachines": False}),
        **({"family": stack["stack"]} if stack else {}),
        **({"controlPlaneDisk": disk} if disk else {}),
        "classHealthCheck": _has_health_check(spec),
        "variables": values,
        "variableTypes": {n: kind for n, kind in types.items() if type_of(values.get(n)) != kind},
        "guarded": sorted(
            n for n in schemas if patches.is_guarded(n, operations, hosted=not machines)
        ),
        "fixed": sorted(n for n in schemas if patches.is_fixed(n, operations)),
        "fields": {field: targets[field] for field in sorted(targets)},
    }
    profile = Profile.model_validate(data)
    return Derived(
        class_name=name,
        stack=stack["stack"] if stack else name,
        minor=stack["minor"].replace("-", ".") if stack else "",
        versions=tuple(str(v).removeprefix("v") for v in spec.get("kubernetesVersions") or ()),
        types=types,
        data=data,
        built_in=next((known for known, other in PROFILES.items() if other == profile), ""),
        replaces={n: text for n in sorted(schemas) if (text := patches.replaces(n, operations))},
        left=tuple(_left(spec, schemas, profile, workers, broken)),
    )


def _targets(
    schemas: Mapping[str, Any], operations: Iterable[Operation], broken: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return where each order field goes whose variable is known by name."""
    found: dict[str, dict[str, Any]] = {}
    for field, names in _NAMES.items():
        name = _first(names, schemas)
        if name is None:
            continue
        if name in broken:
            found[field] = {"unsupported": _LOGINS if field == OIDC else _BROKEN}
            continue
        found[field] = {"variable" if field in CLUSTER_FIELDS else "override": name}
        if field in OBJECTS:
            found[field] |= _keys(field, schemas[name])
    if POOL_DISK in found:
        if (schemas[found[POOL_DISK]["override"]].get("minimum") or 0) > 0:
            found[POOL_DISK]["none"] = "omit"
        found[POOL_DISK_TYPE] = {"unsupported": _TYPE}
    if any("serverGroup" in one.path for one in operations):
        found[POOL_AFFINITY] = {"unsupported": _HOSTS}
    if "variable" in found.get(ALLOWED, {}):
        name = found[ALLOWED]["variable"]
        conditions = [one.condition for one in operations if one.writes(name)]
        also = {n: value for text in conditions for n, value in _EQUAL.findall(text)}
        found[ALLOWED] |= {"also": also} if also else {}
    if "variable" in found.get(OIDC, {}) and any(map(_writes_flag, operations)):
        # The flag takes an empty prefix for <issuer>#, and this for none.
        found[OIDC]["empty"] = {"usernamePrefix": "-"}
    return found


def _writes_flag(operation: Operation) -> bool:
    return "oidc-username-prefix" in operation.path + operation.value


def _keys(field: str, schema: Manifest) -> dict[str, Any]:
    """Return how a class calls the keys of an object, or of each object in a list."""
    items = schema.get("items") or schema
    theirs = {_plain(name): name for name in items.get("properties") or {}}
    keys = {
        name: theirs[_plain(name)] for name in fields(OBJECTS[field][1]) if _plain(name) in theirs
    }
    kind = (
        lookup(items, f"properties.{keys.get('type')}.default") if field == POOL_VOLUMES else None
    )
    return {"keys": keys, **({"defaults": {"type": kind}} if kind is not None else {})}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _first(names: Iterable[str], schemas: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in schemas), None)


def _default(schema: Manifest) -> Any:
    """Return the default of a variable with those of all keys inside; None if it has none.

    Cluster API writes the inner ones into a Cluster, where they would belong to nobody.
    """
    return _completed(schema["default"], schema) if "default" in schema else None


def _completed(value: Any, schema: Manifest) -> Any:
    if isinstance(value, list):
        return [_completed(item, schema.get("items") or {}) for item in value]
    if not isinstance(value, dict):
        return value
    inner = schema.get("properties") or {}
    given = {name: one["default"] for name, one in inner.items() if "default" in one}
    return {n: _completed(one, inner.get(n) or {}) for n, one in {**given, **value}.items()}


def _type(schema: Manifest) -> str:
    """Return the type of a variable, in the words of `variableTypes`; empty if it has none."""
    kind, items = schema.get("type"), lookup(schema, "items.type")
    if kind == "array" and items in ("string", "object"):
        return f"array of {items}"
    return str(kind or "")


def _has_health_check(spec: Manifest) -> bool:
    pools = shapes.mappings(lookup(spec, "workers.machineDeployments"))
    return any(
        part.get(name)
        for part in (spec.get("controlPlane") or {}, *pools)
        for name in ("machineHealthCheck", "healthCheck")
    )


def _left(
    spec: Manifest,
    schemas: Mapping[str, Any],
    profile: Profile,
    workers: list[str],
    broken: Mapping[str, str],
) -> Iterator[str]:
    """Yield what is left to the operator."""
    if not spec.get("kubernetesVersions"):
        yield "the class names no exact version: complete kubernetesVersions[].version"
    required = [
        one["name"]
        for one in shapes.mappings(spec.get("variables"))
        if one.get("required") and one["name"] not in profile.variables
    ]
    if required:
        yield f"set in classes[].variables, because they are required: {', '.join(required)}"
    if len(workers) > 1:
        others = ", ".join(workers[1:])
        yield f"pools get the worker class {workers[0]}; the class also has {others}"
    expected = [field for field in (*CLUSTER_FIELDS, *POOL_FIELDS) if field not in ADDONS]
    missing = [field for field in expected if field not in profile.fields]
    if missing:
        yield f"no variable is known by name for: {', '.join(missing)}"
    known = {*profile.drivers, *profile.guarded, *broken, profile.control_plane_disk}
    other = sorted(name for name in schemas if name not in known)
    if other:
        yield f"no order field drives: {', '.join(other)}; tenantVariables may open them"
    for name, path in sorted(broken.items()):
        yield f"{name} fails, because the template of the class has no {path}"
