"""Merge the data of EnvironmentConfigs, and record which of them set each value.

Objects merge deep, lists of named objects entry by entry; everything else is one value. The result
shares what a layer does not change, so that a tenant's overlay over a large environment costs as
much as the overlay holds. The work is linear: the paths below a replaced value are derived from
that value, and never searched for among all paths.
"""

from bisect import bisect_left
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from function.contract import Manifest
from function.errors import Problem
from function.excerpts import few
from function.schema import canonical

# Keys of entries, by the path of their list; `name` for every other list of objects.
ENTRY_KEYS = {
    "images": ("os", "version", "architecture"),
    "kubernetesVersions": ("version",),
    "moves": ("namespace", "kind", "name"),
}


@dataclass
class Merge:
    """Collect layers, the origin of each value, and contradictions.

    Attributes:
        data: The merged result of the layers.
        provenance: Path of each value to the layer that set it.
        problems: Where layers contradict each other, or hold what cannot be merged.
    """

    data: Manifest = field(default_factory=dict)
    provenance: MutableMapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, layer: str, data: Manifest, *, overlay: bool) -> None:
        """Merge one layer over the previous ones.

        Args:
            layer: Name of the EnvironmentConfig.
            data: What it holds.
            overlay: Whether its values replace previous ones, rather than contradicting them.
        """
        self.data = self._objects(self.data, data, "", layer, overlay)

    def over(self) -> "Merge":
        """Return a merge that continues from here and leaves this one unchanged."""
        return Merge(self.data, ChainMap({}, self.provenance), list(self.problems))

    def _any(self, old: Any, new: Any, at: str, layer: str, overlay: bool) -> Any:
        if isinstance(old, dict) and isinstance(new, dict):
            return self._objects(old, new, at, layer, overlay)
        if _is_entries(at, old) and _is_entries(at, new) and (old or new):
            return self._entries(old, new, at, layer, overlay)
        replaced = list(_paths(old, at))
        if canonical(old) != canonical(new) and not overlay:
            first = few(sorted({self.provenance[p] for p in replaced if p in self.provenance}))
            self.problems.append(
                Problem(at, f"EnvironmentConfigs {first} and {layer} set it differently")
            )
        below = [path for path in replaced if path != at and path in self.provenance]
        if below and isinstance(self.provenance, ChainMap):
            # Other tenants share the paths of the base layers: only a copy can lose some.
            self.provenance = dict(self.provenance)
        for path in below:
            del self.provenance[path]
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
                self.problems.append(
                    Problem(f"{at}[{key}]", f"EnvironmentConfig {layer}: duplicate")
                )
                continue
            seen.add(key)
            where = f"{at}[{key}]"
            known = key in merged
            merged[key] = self._objects(
                merged.get(key, {}), item, where, layer, overlay if known else True
            )
        return list(merged.values())


def entry_key(at: str, item: Mapping[str, Any]) -> str | None:
    """Return the name of a list entry, such as `ubuntu/24.04/amd64`."""
    if at == "policy":
        verbs = sorted(set(item) - {"field", "reason", "kind"})
        parts = (item.get("field"), ",".join(verbs), item.get("kind"))
        return "/".join(str(part) for part in parts if part) if "field" in item else None
    if at == "images":
        item = {"architecture": "amd64", **item}
    values = [item.get(key) for key in ENTRY_KEYS.get(at, ("name",))]
    named = all(isinstance(value, str | int | float) for value in values)
    return "/".join(str(value) for value in values) if named else None


class Blame:
    """Name the EnvironmentConfigs that are responsible for paths."""

    def __init__(self, provenance: Mapping[str, str]) -> None:
        """Sort the paths once, so that each problem is located by bisection.

        Args:
            provenance: Path of each value to the layer that set it.
        """
        self._provenance = provenance
        self._paths = sorted(provenance)
        self._known: dict[str, str] = {}

    def of(self, at: str) -> str:
        """Return the layer that set the value at a path, or those of the nearest object."""
        while at:
            layers = self._provenance.get(at) or self._within(at)
            if layers:
                return layers
            at = at[: max(at.rfind("."), at.rfind("["), 0)]
        return ""

    def _within(self, at: str) -> str:
        if at not in self._known:
            layers = set()
            for prefix in (f"{at}.", f"{at}["):
                for index in range(bisect_left(self._paths, prefix), len(self._paths)):
                    if not self._paths[index].startswith(prefix):
                        break
                    layers.add(self._provenance[self._paths[index]])
            self._known[at] = few(sorted(layers))
        return self._known[at]


def _paths(value: Any, at: str) -> Iterator[str]:
    """Yield the path of a merged value and those of everything below it."""
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{at}.{key}" if at else str(key))
    elif _is_entries(at, value):
        for item in value:
            yield from _paths(item, f"{at}[{entry_key(at, item)}]")


def _is_entries(at: str, value: object) -> bool:
    """Say whether a list is merged entry by entry.

    Our own lists are, so that an entry without a name is reported; lists in what backends or
    classes hold are where every entry has a name, and count as one value otherwise.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    return "." not in at or all(entry_key(at, item) is not None for item in value)
