"""Write how one answer of the function differs from another, by path, and apply that again.

    status:
      phase: Updating
      conditions[Current].reason: Updating
    resources:
      capi-cluster:
        metadata.annotations[api.scs.community/bound].version: 1.35.4
        spec.forProvider.manifest.spec.topology.version: v1.35.4
      capi-other: (removed)

A path leads through mappings by key, in brackets if the key holds a dot, through lists by the
`name`, `type` or `field` of their entries, and into annotations that hold JSON. The value is the
new one. Any other list is compared as a whole.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from function.paths import steps

Data = dict[str, Any]
# Parts of an answer that are written by path. The others are written as a whole.
BY_PATH, EACH_BY_PATH = "status", "resources"
IDENTITIES = ("name", "type", "field")
REMOVED = "(removed)"


def difference(old: Data, new: Data) -> Data:
    """Return what a new answer has that an old one has not, as `applied` takes it."""
    whole = {
        key: value
        for key, value in new.items()
        if key not in (BY_PATH, EACH_BY_PATH) and _text(value) != _text(old.get(key))
    }
    previous, after = old[EACH_BY_PATH], new[EACH_BY_PATH]
    each = {
        name: dict(_changes(previous.get(name, {}), after[name])) if name in after else REMOVED
        for name in sorted({*previous, *after})
    }
    parts = {
        BY_PATH: dict(_changes(old[BY_PATH], new[BY_PATH])),
        EACH_BY_PATH: {name: changes for name, changes in each.items() if changes},
    }
    return whole | {key: part for key, part in parts.items() if part}


def applied(old: Data, found: Data) -> Data:
    """Return the answer that differs from an old one as `difference` found."""
    resources = dict(old[EACH_BY_PATH])
    for name, changes in found.get(EACH_BY_PATH, {}).items():
        if changes == REMOVED:
            del resources[name]
        else:
            resources[name] = _changed(resources.get(name, {}), _by_steps(changes))
    status = _changed(old[BY_PATH], _by_steps(found.get(BY_PATH, {})))
    return {**old, **found, BY_PATH: status, EACH_BY_PATH: resources}


def _changes(old: Any, new: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of all that is not the same."""
    previous, after = _entries(old), _entries(new)
    if previous is None or after is None or not _alike(old, new):
        if _text(old) != _text(new):
            yield at, new
        return
    for name in {**after, **previous}:
        bracketed = isinstance(new, list) or "." in name
        where = f"{at}[{name}]" if bracketed else f"{at}.{name}" if at else name
        if name not in after:
            yield where, REMOVED
        elif name not in previous:
            yield where, after[name]
        else:
            yield from _changes(previous[name], after[name], where)


Change = tuple[Sequence[str], Any]


def _by_steps(changes: Mapping[str, Any]) -> list[Change]:
    return [([step.strip("[]") for step in steps(path)], value) for path, value in changes.items()]


def _changed(old: Any, changes: list[Change]) -> Any:
    """Return data after changes, each with its steps from here."""
    entries = dict(_entries(old) or {})
    inside: dict[str, list[Change]] = {}
    for (name, *rest), value in changes:
        if rest:
            inside.setdefault(name, []).append((rest, value))
        elif value == REMOVED:
            del entries[name]
        else:
            entries[name] = value
    for name, deeper in inside.items():
        entries[name] = _changed(entries[name], deeper)
    if isinstance(old, list):
        return list(entries.values())
    return _json(entries) if isinstance(old, str) else entries


def _entries(data: Any) -> Data | None:
    """Return what is inside by name; None if the data are compared as a whole."""
    if isinstance(data, dict):
        return data if all(_is_step(key) for key in data) else None
    if isinstance(data, list):
        identity = _identity(data)
        return {entry[identity]: entry for entry in data} if identity else None
    return _memory(data) if isinstance(data, str) and data.startswith("{") else None


def _is_step(name: Any) -> bool:
    return isinstance(name, str) and name != "" and not set("[]") & set(name)


def _memory(text: str) -> Data | None:
    """Return what an annotation holds, if it is written as the function writes it."""
    try:
        found: Data = json.loads(text)
    except ValueError:
        return None
    return _entries(found) if _json(found) == text else None


def _json(data: Data) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _identity(data: list[Any]) -> str | None:
    """Return the key whose values identify the entries of a list."""
    for key in IDENTITIES:
        names = [entry.get(key) for entry in data if isinstance(entry, dict)]
        if all(_is_step(name) for name in names) and len(set(names)) == len(data) > 0:
            return key
    return None


def _alike(old: Any, new: Any) -> bool:
    """Say whether data differ by entries only; those of a list stay in order, new ones last."""
    if not isinstance(old, list) or not isinstance(new, list):
        return type(old) is type(new)
    key = _identity(new)
    if key is None or key != _identity(old):
        return False
    previous, after = ([entry[key] for entry in entries] for entries in (old, new))
    retained = [name for name in previous if name in after]
    return [*retained, *(name for name in after if name not in previous)] == after


def _text(data: Any) -> str:
    """Return data as text, so that neither 1 and 1.0 nor 1 and true are the same."""
    return json.dumps(data, sort_keys=True)
