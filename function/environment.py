"""Ask for the EnvironmentConfigs of an environment, and merge them into one.

The base layers carry the label `api.scs.community/environment`, a tenant's overlay the
labels `api.scs.community/overlay` and `/tenant`. Exactly one base layer is the root: it
holds `kinds` and names the other base layers, so that a lost layer is detected and never
yields a smaller, valid environment.
Layers are sorted by name first: Crossplane 1.20 delivers them in any order.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from function import policy, shapes
from function.constraints import violations
from function.contract import Environment, Manifest
from function.errors import EnvironmentInvalid, EnvironmentNotFound, Problem, Refusal
from function.excerpts import few
from function.labels import ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL
from function.merge import Blame, Merge, entry_key
from function.nesting import LEVELS, unfit
from function.parsing import SchemaT, parse, path
from function.paths import lookup
from function.schema import Schema
from function.settings import Block, Settings

KIND = "EnvironmentConfig"
KIND_API_VERSION = "apiextensions.crossplane.io/v1beta1"
ROOT_ONLY = ("kinds", "layers", "overlays", "tenants", "moves")
# Fields with free-form values, and how deeply each of their entries may be nested.
_FREE, _LEVELS = ("backends", "classes", "policy"), LEVELS + 3
_ATTRIBUTES = {info.alias or name: name for name, info in Settings.model_fields.items()}


def selectors(name: str, tenant: str) -> dict[str, dict[str, str]]:
    """Return the labels of base layers, then of overlays, by the name of their requirement.

    The name identifies the environment. On the first call, Crossplane 2.4 sends what the previous
    call required: after a move, these are layers of the previous environment, under its name.
    """
    return {
        f"environment {name}": {ENVIRONMENT_LABEL: name},
        f"overlay {name}": {OVERLAY_LABEL: name, TENANT_LABEL: tenant},
    }


@dataclass(frozen=True)
class Foundation:
    """Hold the base layers of an environment, merged and parsed once for all tenants.

    Attributes:
        name: Name that orders use.
        root: EnvironmentConfig that holds `kinds`.
        layers: The base layers, in the order of the merge.
        merge: The merged data.
        settings: The parsed data; None if the base layers alone are not valid.
        refusal: Why they are not; None if they are.
        flaws: Their values that violate constraints.
    """

    name: str
    root: "_Layer"
    layers: tuple["_Layer", ...]
    merge: Merge
    settings: Settings | None = None
    refusal: Refusal | None = None
    flaws: tuple[Problem, ...] = ()


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
    return tailored(foundation(name, base, schemas), overlays, schemas)


def foundation(
    name: str, base: Iterable[Manifest], schemas: Mapping[str, type[Schema]]
) -> Foundation:
    """Merge and parse the base layers of an environment.

    Args:
        name: Name that orders use.
        base: EnvironmentConfigs with the label of the environment.
        schemas: Model of each backend's block.

    Raises:
        EnvironmentNotFound: There is none.
        EnvironmentInvalid: They contradict each other, or one is missing. What an overlay could
            complete is reported by `tailored`.
    """
    layers = tuple(sorted((_Layer.read(doc) for doc in base), key=lambda layer: layer.name))
    if not layers:
        raise EnvironmentNotFound(
            f"no EnvironmentConfig has the label {ENVIRONMENT_LABEL}: {name}",
            public=_not_available(name),
        )
    _check_doubles(layers)
    root = _root(name, layers)
    _check_layers(root, layers)
    merge = Merge()
    for layer in layers:
        merge.add(layer.name, layer.data, overlay=False)
    if merge.problems:
        raise EnvironmentInvalid(*merge.problems)
    merged = Foundation(name, root, layers, merge)
    try:
        settings = _validate(merge, schemas, merged)
        return replace(merged, settings=settings, flaws=_flaws(merge, root, settings))
    except EnvironmentInvalid as refusal:
        return replace(merged, refusal=refusal.again())


def tailored(
    base: Foundation, overlays: Iterable[Manifest], schemas: Mapping[str, type[Schema]]
) -> Environment:
    """Return an environment as one tenant sees it; what its overlay does not change is shared.

    Args:
        base: The base layers.
        overlays: EnvironmentConfigs with the labels of environment and tenant.
        schemas: Model of each backend's block.

    Raises:
        EnvironmentInvalid: The layers do not add up to one valid environment.
    """
    config = sorted((_Layer.read(doc) for doc in overlays), key=lambda layer: layer.name)
    _check_doubles([*base.layers, *config])
    _check_overlays(base.root, config)
    merge = base.merge.over() if config else base.merge
    for layer in config:
        merge.add(layer.name, layer.data, overlay=True)
    if base.refusal and not config:
        raise base.refusal.again()
    settings = _validate(merge, schemas, base) if config or not base.settings else base.settings
    return Environment(
        name=base.name,
        root=base.root.name,
        layers=tuple(layer.name for layer in [*base.layers, *config]),
        settings=settings,
        provenance=merge.provenance,
        flaws=_flaws(merge, base.root, settings) if config else base.flaws,
    )


def admit(environment: Environment, tenant: str) -> None:
    """Refuse a tenant that the environment is not for.

    Raises:
        EnvironmentNotFound: Its root names tenants, but not this one; worded as if there were no
            such environment.
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
        name = shapes.text(lookup(doc, "metadata.name")) or "without a name"
        data = doc.get("data")
        if not isinstance(data, dict):
            raise EnvironmentInvalid(f"EnvironmentConfig {name}: data: must be a mapping")
        return cls(name, data)


def _check_doubles(layers: Sequence[_Layer]) -> None:
    counted = Counter(layer.name for layer in layers)
    duplicates = sorted(name for name, count in counted.items() if count > 1)
    if duplicates:
        raise EnvironmentInvalid(*(f"EnvironmentConfig {name}: duplicate" for name in duplicates))


def _root(name: str, layers: Sequence[_Layer]) -> _Layer:
    roots = [layer for layer in layers if "kinds" in layer.data]
    if len(roots) == 1:
        return roots[0]
    found = _names(roots or layers)
    what = "no EnvironmentConfig holds kinds" if not roots else "more than one holds kinds"
    raise EnvironmentInvalid(f"environment {name}: {what} among: {found}")


def _names(layers: Sequence[_Layer]) -> str:
    return few([layer.name for layer in layers])


def _check_layers(root: _Layer, layers: Sequence[_Layer]) -> None:
    listed = root.data.get("layers", [])
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: layers: must be a list of names")
    names = {layer.name: None for layer in layers if layer is not root}
    expected = set(listed)
    problems = [
        Problem("", f"EnvironmentConfig {root.name}: layers: {layer} is listed but not there")
        for layer in listed
        if layer not in names
    ]
    problems += [
        Problem("", f"EnvironmentConfig {name}: is not listed in layers of {root.name}")
        for name in names
        if name not in expected
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


def _check_overlays(root: _Layer, overlays: Sequence[_Layer]) -> None:
    wanted = root.data.get("overlays", "None")
    if wanted == "Required" and not overlays:
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: overlays: Required, none found")
    if wanted == "None" and overlays:
        found = _names(overlays)
        raise EnvironmentInvalid(f"EnvironmentConfig {root.name}: overlays: None, found: {found}")
    if len(overlays) > 1:
        raise EnvironmentInvalid(f"more than one overlay for one tenant: {_names(overlays)}")
    problems = [
        Problem("", f"EnvironmentConfig {layer.name}: {key}: an overlay may not set it")
        for layer in overlays
        for key in ROOT_ONLY
        if key in layer.data
    ]
    if problems:
        raise EnvironmentInvalid(*problems)


def _validate(merge: Merge, schemas: Mapping[str, type[Schema]], base: Foundation) -> Settings:
    if merge.problems:
        raise EnvironmentInvalid(*merge.problems)
    problems = list(_unfit(merge.data, base))
    settings = _parsed(Settings, _with_parsed(merge.data, base), "", problems)
    blocks = _blocks(merge.data, schemas, base, problems)
    if settings is not None:
        problems += policy.misfits(settings.policy)
        answering = [blocks.get(name) for name in sorted(set(settings.kinds.values()))]
        problems += [p for b in answering if isinstance(b, Block) for p in b.problems(settings)]
    if problems or settings is None:
        blame = Blame(merge.provenance)
        raise EnvironmentInvalid(*(_located(blame, base.root, problem) for problem in problems))
    return settings.model_copy(update={**_untouched(merge.data, base), "backends": blocks})


def _unfit(data: Manifest, base: Foundation) -> Iterator[Problem]:
    """Yield values that are nested too deeply to be observed once they are rendered."""
    known = _untouched(data, base)
    for key in (name for name in _FREE if name not in known):
        value = data.get(key)
        parts = value.items() if isinstance(value, dict) else enumerate(_list(value))
        for name, part in parts:
            text = unfit(part, _LEVELS)
            if text:
                yield Problem(path(data, "", (key, name), entry_key), text)


def _with_parsed(data: Manifest, base: Foundation) -> Manifest:
    """Return the data with the parsed values of the base layers where no overlay changes them.

    They are neither parsed nor stored again, entries of lists included.
    """
    if base.settings is None:
        return data
    result = dict(data)
    for key, value in base.merge.data.items():
        parsed = getattr(base.settings, _ATTRIBUTES[key])
        if data[key] is value:
            result[key] = parsed
        elif isinstance(value, list) and isinstance(data[key], list):
            known = {id(item): one for item, one in zip(value, parsed, strict=True)}
            result[key] = [known.get(id(item), item) for item in data[key]]
    return result


def _untouched(data: Manifest, base: Foundation) -> dict[str, Any]:
    """Return the parsed fields that no overlay changes, by attribute."""
    known = base.merge.data.items() if base.settings else ()
    return {
        _ATTRIBUTES[key]: getattr(base.settings, _ATTRIBUTES[key])
        for key, value in known
        if data[key] is value
    }


def _flaws(merge: Merge, root: "_Layer", settings: Settings) -> tuple[Problem, ...]:
    """Return the values that violate constraints, which are newer than released environments."""
    violated = [*violations(settings, ""), *policy.violations(settings.policy)]
    blame = Blame(merge.provenance) if violated else Blame({})
    return tuple(_located(blame, root, Problem(one.field, one.message)) for one in violated)


def _parsed(
    schema: type[SchemaT], data: object, at: str, problems: list[Problem]
) -> SchemaT | None:
    try:
        return parse(schema, data, at=at, blame=EnvironmentInvalid, entry=entry_key)
    except EnvironmentInvalid as refusal:
        problems += refusal.problems
        return None


def _located(blame: Blame, root: _Layer, problem: Problem) -> Problem:
    layer = blame.of(problem.field) or root.name
    return Problem(problem.field, f"{problem.message} (EnvironmentConfig {layer})")


def _blocks(
    data: Manifest,
    schemas: Mapping[str, type[Schema]],
    base: Foundation,
    problems: list[Problem],
) -> dict[str, Schema]:
    """Return the parsed blocks of the backends; a value that is no mapping was reported earlier."""
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
    previous = _mapping(base.merge.data, "backends")
    parsed = base.settings.backends if base.settings else {}
    found = {
        name: parsed[name]
        if name in parsed and previous[name] is block
        else _parsed(schemas[name], block, f"backends.{name}", problems)
        for name, block in sorted(blocks.items())
        if name in schemas
    }
    return {name: block for name, block in found.items() if block is not None}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(data: Manifest, key: str) -> Manifest:
    return shapes.mapping(data.get(key))
