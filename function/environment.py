"""Ask for the EnvironmentConfigs of an environment, and merge them into one.

The base layers carry the label `api.scs.community/environment`, a tenant's overlay the
labels `api.scs.community/overlay` and `/tenant`. Exactly one base layer is the root: it
holds `kinds` and names the other base layers, so that a lost layer is noticed and never
means a smaller, valid environment.
Layers are sorted by name first: Crossplane 1.20 delivers them in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from function import policy
from function.contract import Environment, Manifest
from function.errors import EnvironmentInvalid, EnvironmentNotFound, Problem
from function.model import API_GROUP
from function.parsing import SchemaT, parse
from function.schema import Schema, canonical
from function.settings import Block, Settings

KIND = "EnvironmentConfig"
KIND_API_VERSION = "apiextensions.crossplane.io/v1beta1"
BASE_LABEL = f"{API_GROUP}/environment"
OVERLAY_LABEL = f"{API_GROUP}/overlay"
TENANT_LABEL = f"{API_GROUP}/tenant"
ROOT_ONLY = ("kinds", "layers", "overlays", "tenants", "moves")

# Keys of entries, by the path of their list; `name` for every other list of objects.
ENTRY_KEYS = {
    "images": ("os", "version", "architecture"),
    "kubernetesVersions": ("version",),
    "moves": ("namespace", "kind", "name"),
}


def selectors(name: str, tenant: str) -> dict[str, dict[str, str]]:
    """Return the labels of base layers, then of overlays, by the name of their requirement.

    The name says which environment is meant. Crossplane 2.4 sends on the first call what the call
    before required: after a move these are layers of the previous environment, under its name.
    """
    return {
        f"environment {name}": {BASE_LABEL: name},
        f"overlay {name}": {OVERLAY_LABEL: name, TENANT_LABEL: tenant},
    }


def assemble(
    name: str,
    base: Iterable[Manifest],
    overlays: Iterable[Manifest],
    schemas: Mapping[str, type[Schema]],
) -> Environment:
    """Merge and validate the layers of an environment.

    Args:
        name: Name that orders use.
        base: EnvironmentConfigs with the label of the environment.
        overlays: EnvironmentConfigs with the labels of environment and tenant.
        schemas: Model of each backend's block.

    Raises:
        EnvironmentNotFound: There is no base layer.
        EnvironmentInvalid: The layers do not add up to one valid environment.
    """
    layers = sorted((_Layer.read(doc) for doc in base), key=lambda layer: layer.name)
    own = sorted((_Layer.read(doc) for doc in overlays), key=lambda layer: layer.name)
    if not layers:
        raise EnvironmentNotFound(
            f"no EnvironmentConfig has the label {BASE_LABEL}: {name}", public=_not_available(name)
        )
    _check_doubles([*layers, *own])
    root = _root(name, layers)
    _check_layers(root, layers)
    _check_overlays(root, own)
    merge = _Merge()
    for layer in layers:
        merge.add(layer, overlay=False)
    for layer in own:
        merge.add(layer, overlay=True)
    settings = _validate(merge, schemas, root)
    return Environment(
        name=name,
        root=root.name,
        layers=tuple(layer.name for layer in [*layers, *own]),
        settings=settings,
        provenance=merge.provenance,
    )


def admit(environment: Environment, tenant: str) -> None:
    """Refuse a tenant that the environment is not for.

    Raises:
        EnvironmentNotFound: Its root names tenants, and not this one; in the same words as if
            there were no such environment.
    """
    tenants = environment.settings.tenants
    if tenants is not None and tenant not in tenants:
        raise EnvironmentNotFound(
            f"EnvironmentConfig {environment.root}: tenants does not list {tenant}",
            public=_not_available(environment.name),
        )


def _not_available(name: str) -> str:
    return f"environment {name} is not available to you"


@dataclass(frozen=True)
class _Layer:
    name: str
    data: Manifest

    @classmethod
    def read(cls, doc: Manifest) -> "_Layer":
        name = str((doc.get("metadata") or {}).get("name") or "without a name")
        data = doc.get("data")
        if not isinstance(data, dict):
            raise EnvironmentInvalid(f"EnvironmentConfig {name}: data: must be a mapping")
        return cls(name, data)


def _check_doubles(layers: list[_Layer]) -> None:
    names = [layer.name for layer in layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise EnvironmentInvalid(*(f"EnvironmentConfig {name}: came twice" for name in twice))


def _root(name: str, layers: list[_Layer]) -> _Layer:
    roots = [layer for layer in layers if "kinds" in layer.data]
    if len(roots) == 1:
        return roots[0]
    found = ", ".join(layer.name for layer in roots or layers)
    what = "no EnvironmentConfig holds kinds" if not roots else "more than one holds kinds"
    raise EnvironmentInvalid(f"environment {name}: {what} among: {found}")


def _check_layers(root: _Layer, layers: list[_Layer]) -> None:
    listed = root.data.get("layers", [])
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: layers: must be a list of names")
    names = [layer.name for layer in layers if layer is not root]
    problems = [
        Problem("", f"EnvironmentConfig {root.name}: layers: {layer} is listed but not there")
        for layer in listed
        if layer not in names
    ]
    problems += [
        Problem("", f"EnvironmentConfig {name}: is not listed in layers of {root.name}")
        for name in names
        if name not in listed
    ]
    problems += [
        Problem("", f"EnvironmentConfig {layer.name}: {key}: belongs into the root, {root.name}")
        for layer in layers
        if layer is not root
        for key in ROOT_ONLY
        if key in layer.data
    ]
    if problems:
        raise EnvironmentInvalid(*problems)


def _check_overlays(root: _Layer, overlays: list[_Layer]) -> None:
    wanted = root.data.get("overlays", "None")
    if wanted == "Required" and not overlays:
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: overlays: Required, none found")
    if wanted == "None" and overlays:
        found = ", ".join(layer.name for layer in overlays)
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: overlays: None, found: {found}")
    if len(overlays) > 1:
        found = ", ".join(layer.name for layer in overlays)
        raise EnvironmentInvalid(f"more than one overlay for one tenant: {found}")
    problems = [
        Problem("", f"EnvironmentConfig {layer.name}: {key}: an overlay may not set it")
        for layer in overlays
        for key in ROOT_ONLY
        if key in layer.data
    ]
    if problems:
        raise EnvironmentInvalid(*problems)


@dataclass
class _Merge:
    """Collect layers; remember who set what, and who contradicts whom."""

    data: Manifest = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, layer: _Layer, *, overlay: bool) -> None:
        """Merge one layer over what is there."""
        self.data = self._objects(self.data, layer.data, "", layer.name, overlay)

    def _any(self, old: Any, new: Any, at: str, layer: str, overlay: bool) -> Any:
        if isinstance(old, dict) and isinstance(new, dict):
            return self._objects(old, new, at, layer, overlay)
        if _is_entries(at, old) and _is_entries(at, new) and (old or new):
            return self._entries(old, new, at, layer, overlay)
        if canonical(old) != canonical(new) and not overlay:
            first = blame(self.provenance, at)
            self.problems.append(
                Problem(at, f"EnvironmentConfigs {first} and {layer} set it differently")
            )
        for below in [path for path in self.provenance if _is_below(path, at)]:
            del self.provenance[below]
        self.provenance[at] = layer
        return new

    def _objects(
        self, old: Manifest, new: Manifest, at: str, layer: str, overlay: bool
    ) -> Manifest:
        merged = dict(old)
        for key, value in new.items():
            where = f"{at}.{key}" if at else str(key)
            if key in old:
                merged[key] = self._any(old[key], value, where, layer, overlay)
                continue
            merged[key] = self._fresh(value, where, layer)
        return merged

    def _fresh(self, value: Any, at: str, layer: str) -> Any:
        if _is_entries(at, value) and value:
            return self._entries([], value, at, layer, True)
        if isinstance(value, dict) and value:
            return self._objects({}, value, at, layer, True)
        self.provenance[at] = layer
        return value

    def _entries(
        self, old: list[Manifest], new: list[Manifest], at: str, layer: str, overlay: bool
    ) -> list[Manifest]:
        merged = {entry_key(at, item): item for item in old}
        seen = set()
        for item in new:
            key = entry_key(at, item)
            if key is None:
                self.problems.append(
                    Problem(at, f"EnvironmentConfig {layer}: an entry without what names it")
                )
                continue
            if key in seen:
                self.problems.append(Problem(f"{at}[{key}]", f"EnvironmentConfig {layer}: twice"))
                continue
            seen.add(key)
            where = f"{at}[{key}]"
            known = key in merged
            merged[key] = self._objects(
                merged.get(key, {}), item, where, layer, overlay if known else True
            )
        return list(merged.values())


def entry_key(at: str, item: Mapping[str, Any]) -> str | None:
    """Return what names an entry of a list, such as `ubuntu/24.04/amd64`."""
    if at == "policy":
        verbs = sorted(set(item) - {"field", "reason", "kind"})
        parts = (item.get("field"), ",".join(verbs), item.get("kind"))
        return "/".join(str(part) for part in parts if part) if "field" in item else None
    if at == "images":
        item = {"architecture": "amd64", **item}
    values = [item.get(key) for key in ENTRY_KEYS.get(at, ("name",))]
    named = all(isinstance(value, str | int | float) for value in values)
    return "/".join(str(value) for value in values) if named else None


def blame(provenance: Mapping[str, str], at: str) -> str:
    """Return the EnvironmentConfig that set the value at a path, or the nearest around it."""
    within = sorted({layer for path, layer in provenance.items() if _is_below(path, at)})
    if at in provenance:
        return provenance[at]
    if within:
        return ", ".join(within)
    parent = max(at.rfind("."), at.rfind("["))
    return blame(provenance, at[:parent]) if parent > 0 else ""


def _is_below(path: str, at: str) -> bool:
    return path.startswith((f"{at}.", f"{at}["))


def _is_entries(at: str, value: object) -> bool:
    """Say whether a list is merged entry by entry.

    Our own lists are, so that an entry without a name is told; lists in what backends or
    classes hold are where every entry has a name, and count as one value otherwise.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    return "." not in at or all(entry_key(at, item) is not None for item in value)


def _validate(merge: _Merge, schemas: Mapping[str, type[Schema]], root: _Layer) -> Settings:
    if merge.problems:
        raise EnvironmentInvalid(*merge.problems)
    problems: list[Problem] = []
    settings = _parsed(Settings, merge.data, "", problems)
    blocks = _blocks(merge.data, schemas, problems)
    if settings is not None:
        problems += policy.misfits(settings.policy)
        answering = [blocks.get(name) for name in sorted(set(settings.kinds.values()))]
        problems += [p for b in answering if isinstance(b, Block) for p in b.problems(settings)]
    if problems or settings is None:
        raise EnvironmentInvalid(*(_located(merge, root, problem) for problem in problems))
    return settings.model_copy(update={"backends": blocks})


def _parsed(
    schema: type[SchemaT], data: object, at: str, problems: list[Problem]
) -> SchemaT | None:
    try:
        return parse(schema, data, at=at, blame=EnvironmentInvalid, entry=entry_key)
    except EnvironmentInvalid as refusal:
        problems += refusal.problems
        return None


def _located(merge: _Merge, root: _Layer, problem: Problem) -> Problem:
    layer = blame(merge.provenance, problem.field) or root.name
    return Problem(problem.field, f"{problem.message} (EnvironmentConfig {layer})")


def _blocks(
    data: Manifest, schemas: Mapping[str, type[Schema]], problems: list[Problem]
) -> dict[str, Schema]:
    """Return the parsed blocks of the backends; what is no mapping was told before."""
    known = ", ".join(sorted(schemas))
    kinds = {k: b for k, b in _mapping(data, "kinds").items() if isinstance(b, str)}
    blocks = _mapping(data, "backends")
    problems += [
        Problem(f"kinds.{kind}", f"{backend} is not one of: {known}")
        for kind, backend in kinds.items()
        if backend not in schemas
    ]
    problems += [
        Problem(f"backends.{name}", f"is not one of: {known}")
        for name in blocks
        if name not in schemas
    ]
    problems += [
        Problem(f"backends.{backend}", f"required, because kinds.{kind} names it")
        for kind, backend in kinds.items()
        if backend in schemas and backend not in blocks
    ]
    found = {
        name: _parsed(schemas[name], block, f"backends.{name}", problems)
        for name, block in sorted(blocks.items())
        if name in schemas
    }
    return {name: block for name, block in found.items() if block is not None}


def _mapping(data: Manifest, key: str) -> Manifest:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
