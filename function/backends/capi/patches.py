"""Read the JSON patches of a ClusterClass: what each variable reaches, and which patches fail."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from function import shapes
from function.contract import Manifest
from function.paths import lookup

# What the names of resources of the provider are written to.
_GUARDED = (
    *("externalNetwork", "gateway", "identityRef", "image", "securityGroups", "serverGroup"),
    "sshKeyName",
)
# How a hosted control plane runs and is reached is decided by the provider, too.
_GUARDED_IF_HOSTED = ("apiServerLoadBalancer", "disableAPIServerFloatingIP", "replicas")
# What cluster-api-provider-openstack 0.12 to 0.14 lets change in an OpenStackCluster.
_MUTABLE = (
    *("apiServerLoadBalancer/allowedCIDRs", "controlPlaneAvailabilityZones", "identityRef"),
    "controlPlaneOmitAvailabilityZone",
)
_SUBNETS, _RANGE = "managedSubnets", re.compile(r"\bcidr:.*")
_SPEC = "/spec/template/spec/"


@dataclass(frozen=True)
class Operation:
    """One JSON patch, with the variables that it needs."""

    kind: str
    places: frozenset[str]
    path: str
    condition: str
    value: str
    written: Any

    def writes(self, name: str) -> bool:
        """Return whether its value has a variable."""
        return _has(self.value, name)

    def uses(self, name: str) -> bool:
        """Return whether its value or its condition has a variable."""
        return self.writes(name) or _has(self.condition, name)


def operations(spec: Manifest) -> Iterator[Operation]:
    """Yield the JSON patches of a class in the order in which they are applied."""
    for patch in shapes.mappings(spec.get("patches")):
        for definition in shapes.mappings(patch.get("definitions")):
            matches = lookup(definition, "selector.matchResources") or {}
            places = {
                place for place in ("controlPlane", "infrastructureCluster") if matches.get(place)
            }
            if lookup(matches, "machineDeploymentClass.names"):
                places.add("workers")
            for one in shapes.mappings(definition.get("jsonPatches")):
                given = one.get("valueFrom") or {}
                variable = str(given.get("variable") or "")
                yield Operation(
                    kind=str(lookup(definition, "selector.kind")),
                    places=frozenset(places),
                    path=str(one.get("path")),
                    condition=str(patch.get("enabledIf") or ""),
                    value=f".{variable}" if variable else str(given.get("template") or ""),
                    written=one.get("value"),
                )


def _has(text: str, name: str) -> bool:
    return re.search(rf"\.{re.escape(name)}\b", text) is not None


def is_guarded(name: str, operations: Iterable[Operation], *, hosted: bool) -> bool:
    """Return whether a variable names what is the provider's, or says how it is run.

    Args:
        name: The variable.
        operations: The patches of the class.
        hosted: Whether control planes run on no machines.
    """
    heads = (*_GUARDED, *(_GUARDED_IF_HOSTED if hosted else ()))
    return any(
        one.path.removeprefix(_SPEC).split("/")[0] in heads for one in operations if one.uses(name)
    )


def is_fixed(name: str, operations: Iterable[Operation]) -> bool:
    """Return whether a variable reaches a part of an OpenStackCluster that is immutable."""
    return any(
        _is_immutable(one, name)
        for one in operations
        if one.kind == "OpenStackClusterTemplate" and one.uses(name)
    )


def _is_immutable(operation: Operation, name: str) -> bool:
    path = operation.path.removeprefix(_SPEC)
    if path == _SUBNETS:
        # Name servers of a subnet may change, its range may not.
        return any(_has(line, name) for line in _RANGE.findall(operation.value))
    return path not in _MUTABLE


def replaces(name: str, operations: Iterable[Operation]) -> str:
    """Return what is replaced by a change of a variable; empty for nothing that runs."""
    places = {
        place
        for one in operations
        if one.uses(name) and "Cluster" not in one.kind
        for place in one.places
    }
    words = {"controlPlane": "the control plane", "workers": "the nodes of pools"}
    return " and ".join(words[place] for place in sorted(places & words.keys()))


def broken(
    spec: Manifest,
    operations: Iterable[Operation],
    schemas: Mapping[str, Any],
    templates: Mapping[Any, Manifest],
) -> dict[str, str]:
    """Return the variables whose patch fails, with the path that the template does not have.

    A JSON patch adds to an object that is there: Cluster API then builds nothing of the cluster.
    """
    found: dict[str, str] = {}
    bodies = {kind: _paths(body) for kind, body in _bodies(spec, templates).items()}
    for one in operations:
        known = bodies.get(one.kind)
        if not known or len(known) == 1:
            continue
        parent = one.path.rpartition("/")[0]
        if parent not in known:
            found |= {name: parent for name in schemas if one.uses(name)}
        else:
            known |= {one.path, *_paths(one.written, one.path)}
    return found


def alone(
    spec: Manifest, operations: Iterable[Operation], templates: Mapping[Any, Manifest]
) -> set[str]:
    """Return the paths of what patches write into an object that is empty in the template.

    With the last of them gone, server-side apply makes the object null, which its definition
    refuses: Cluster API then changes nothing of the cluster any more.
    """
    bodies = _bodies(spec, templates)
    known = {kind: (_paths(body), _leaves(body)) for kind, body in bodies.items()}
    found = set[str]()
    for one in operations:
        parent = one.path.rpartition("/")[0]
        paths, leaves = known.get(one.kind, (set(), set()))
        if parent in paths and not any(leaf.startswith(f"{parent}/") for leaf in leaves):
            found.add(one.path)
    return found


def _bodies(spec: Manifest, templates: Mapping[Any, Manifest]) -> dict[str, Manifest | None]:
    """Return the templates of infrastructure and control plane, by kind."""
    return {
        reference["kind"]: templates.get((reference["kind"], reference["name"]))
        for reference in _references(spec)
    }


def _references(spec: Manifest) -> Iterator[dict[str, str]]:
    parts = [spec.get("infrastructure"), spec.get("controlPlane")]
    for part in filter(None, parts):
        for reference in (part.get("templateRef"), part.get("ref")):
            if isinstance(reference, dict) and {"kind", "name"} <= reference.keys():
                yield reference


def _leaves(value: Any, at: str = "") -> set[str]:
    """Return the JSON pointer of everything in a value that is neither object nor list."""
    if not isinstance(value, dict | list):
        return {at}
    return set[str]().union(*(_leaves(one, where) for where, one in _entries(value, at).items()))


def _paths(value: Any, at: str = "") -> set[str]:
    """Return the JSON pointer of every object and list in a value, and of the value itself."""
    return {at}.union(*(_paths(one, where) for where, one in _entries(value, at).items()))


def _entries(value: Any, at: str) -> dict[str, Any]:
    """Return what an object or a list holds, by JSON pointer."""
    if isinstance(value, dict):
        return {f"{at}/{name}": one for name, one in value.items()}
    return {f"{at}/{n}": one for n, one in enumerate(value)} if isinstance(value, list) else {}
