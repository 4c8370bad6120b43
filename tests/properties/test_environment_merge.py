"""However an environment is cut into layers, the same environment comes of them.

One valid environment is cut at random: every mapping and every list of entries may be spread
over several layers, and what is not cut may be said more than once.
"""

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function import environment
from function.backends import SETTINGS
from function.contract import Environment, Manifest
from function.environment import ROOT_ONLY
from function.errors import EnvironmentInvalid
from function.merge import entry_key
from tests import asking
from tests.reaches.worlds import BASE, ENVIRONMENTS, merged

from .strategies import environment as layers_of

seeds = st.integers(0, 2**32 - 1)


def wholes() -> list[Manifest]:
    """Return the data of valid environments, each in one piece."""
    roots = [merged(BASE, more) for more in ENVIRONMENTS.values()]
    for layers in (
        *map(asking.provider, asking.PROVIDERS),
        layers_of(),
        layers_of(Cluster="gardener"),
    ):
        whole: Manifest = {}
        for layer in layers:
            whole = _joined("", whole, layer["data"])
        roots.append({k: v for k, v in whole.items() if k not in ("layers", "overlays")})
    return roots


def _joined(at: str, one: Any, other: Any) -> Any:
    """Return two parts of an environment as one, in the simplest way there is."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {**one, **other}
        return {
            k: _joined(f"{at}.{k}" if at else k, one[k], other[k]) if k in one and k in other else v
            for k, v in both.items()
        }
    if not isinstance(one, list) or not one or not isinstance(one[0], dict):
        return other
    retained = {entry_key(at, entry): entry for entry in one}
    for entry in other:
        key = entry_key(at, entry)
        retained[key] = _joined(f"{at}[{key}]", retained[key], entry) if key in retained else entry
    return list(retained.values())


WHOLES = wholes()


def cut(value: Any, at: str, parts: int, rng: Random) -> list[Any]:
    """Return what each of several layers says of a value; `_NOTHING` where it says nothing."""
    if isinstance(value, dict) and value:
        pieces = {key: cut(value[key], f"{at}.{key}" if at else key, parts, rng) for key in value}
        found = [_without({k: piece[n] for k, piece in pieces.items()}) for n in range(parts)]
        return [one or _NOTHING for one in found]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        keys = [entry_key(at, entry) for entry in value]
        if None not in keys:
            return _cut_entries(value, at, parts, rng)
    takers = rng.sample(range(parts), rng.choice((1, 1, 1, min(2, parts))))
    return [copy.deepcopy(value) if n in takers else _NOTHING for n in range(parts)]


_KEYS = {
    "images": ("os", "version", "architecture"),
    "kubernetesVersions": ("version",),
    "moves": ("namespace", "kind", "name"),
}


def _cut_entries(entries: list[Any], at: str, parts: int, rng: Random) -> list[Any]:
    """Return the entries of each layer; whoever says something of one says its key."""
    found: list[list[Any]] = [[] for _ in range(parts)]
    names = _KEYS.get(at, ("name",))
    for entry in entries:
        config = {name: entry[name] for name in names if name in entry}
        rest = {name: value for name, value in entry.items() if name not in config}
        pieces = cut(rest, f"{at}[{entry_key(at, entry)}]", parts, rng)
        if at == "policy" or all(piece is _NOTHING for piece in pieces):
            pieces = [_NOTHING] * parts
            pieces[rng.randrange(parts)] = rest
        for n, piece in enumerate(pieces):
            if piece is not _NOTHING:
                found[n].append({**config, **piece})
    return [one or _NOTHING for one in found]


_NOTHING: Any = object()


def _without(data: Manifest) -> Manifest:
    return {key: value for key, value in data.items() if value is not _NOTHING}


def spread(whole: Manifest, rng: Random) -> list[Manifest]:
    """Return the layers of an environment, in the order in which they happen to come."""
    parts = rng.randint(1, 4)
    names = rng.sample(("a", "b", "c", "d"), parts)
    shared = {key: value for key, value in whole.items() if key not in ROOT_ONLY}
    found = [one if isinstance(one, dict) else {} for one in cut(shared, "", parts, rng)]
    found[0] |= {key: whole[key] for key in ROOT_ONLY if key in whole}
    found[0]["layers"] = sorted(names[1:])
    layers = [
        {"metadata": {"name": name}, "data": data} for name, data in zip(names, found, strict=True)
    ]
    rng.shuffle(layers)
    return layers


def assembled(layers: list[Manifest], *overlays: Manifest) -> Environment:
    """Merge layers."""
    return environment.assemble("default", layers, overlays, SETTINGS)


def plain(found: Environment) -> Any:
    """Return what an environment says, entries in the order of their names."""
    data = found.settings.model_dump(mode="json", exclude={"layers", "overlays"})
    data["backends"] = {n: b.model_dump(mode="json") for n, b in found.settings.backends.items()}
    return _sorted("", data)


def _sorted(at: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(f"{at}.{key}" if at else key, inner) for key, inner in value.items()}
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return sorted((_sorted(f"{at}[]", entry) for entry in value), key=repr)
    return value


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    """Return the value at each path of a layer, as provenance names them."""
    if isinstance(value, dict) and value:
        parts = [leaves(inner, f"{at}.{key}" if at else key) for key, inner in value.items()]
    elif (
        isinstance(value, list)
        and value
        and all(isinstance(one, dict) and entry_key(at, one) is not None for one in value)
    ):
        parts = [leaves(one, f"{at}[{entry_key(at, one)}]") for one in value]
    else:
        return {at: value}
    return {path: leaf for part in parts for path, leaf in part.items()}


@pytest.mark.parametrize("whole", WHOLES, ids=range(len(WHOLES)))
@given(seed=seeds)
def test_layers_add_up_to_the_whole(whole: Manifest, seed: int) -> None:
    """Whoever says what, and in whatever order it comes, it is the same environment."""
    rng = Random(seed)  # noqa: S311  # cases are to be played again
    layers = spread(whole, rng)
    found = assembled(layers)
    assert plain(found) == plain(assembled([{"metadata": {"name": "one"}, "data": whole}]))
    rng.shuffle(layers)
    again = assembled(layers)
    assert (again.settings, again.provenance) == (found.settings, found.provenance)


@pytest.mark.parametrize("whole", WHOLES, ids=range(len(WHOLES)))
@given(seed=seeds)
def test_every_leaf_knows_its_layer(whole: Manifest, seed: int) -> None:
    """Provenance has every value, and a layer that says just that."""
    layers = spread(whole, Random(seed))  # noqa: S311  # cases are to be played again
    found = assembled(layers)
    said = {layer["metadata"]["name"]: leaves(layer["data"]) for layer in layers}
    everything = {path for config in said.values() for path in config}
    assert set(found.provenance) == everything
    for path, name in found.provenance.items():
        assert path in said[name]


@pytest.mark.parametrize("whole", WHOLES, ids=range(len(WHOLES)))
@given(seed=seeds)
def test_an_overlay_has_the_last_word(whole: Manifest, seed: int) -> None:
    """What a tenant's layer says replaces what is there, and nothing else changes."""
    rng = Random(seed)  # noqa: S311  # cases are to be played again
    config = {
        "displayName": "Of the tenant",
        "limits": {"cpu": rng.randint(1, 99)},
        "flavors": [{**copy.deepcopy(rng.choice(whole["flavors"])), "cpu": 77, "memoryGiB": 5}],
    }
    overlay = {"metadata": {"name": "acme"}, "data": config}
    layers = spread({**whole, "overlays": "Required"}, rng)
    found = assembled(layers, overlay)
    for path, value in leaves(config).items():
        assert found.provenance[path] == "acme", value
    alone = assembled(
        [
            {**one, "data": {**one["data"], "overlays": "Optional"}}
            if "kinds" in one["data"]
            else one
            for one in layers
        ]
    )
    changed = {path for path in found.provenance if found.provenance[path] == "acme"}
    assert changed == set(leaves(config))
    retained = {path: name for path, name in found.provenance.items() if path not in changed}
    assert retained == {p: n for p, n in alone.provenance.items() if p in retained}


@pytest.mark.parametrize("whole", WHOLES, ids=range(len(WHOLES)))
@given(seed=seeds)
def test_layers_that_disagree_are_both_named(whole: Manifest, seed: int) -> None:
    """Whichever of them comes first; of those that agree, one is named."""
    rng = Random(seed)  # noqa: S311  # cases are to be played again
    layers = spread({**whole, "limits": {"gpus": 3}}, rng)
    first = {one["metadata"]["name"] for one in layers if "gpus" in one["data"].get("limits", {})}
    root = next(one for one in layers if "kinds" in one["data"])
    root["data"]["layers"] = [*root["data"]["layers"], "other"]
    other = {"metadata": {"name": "other"}, "data": {"limits": {"gpus": 4}}}
    layers.insert(rng.randint(0, len(layers)), other)
    with pytest.raises(EnvironmentInvalid) as caught:
        assembled(layers)
    names = [n for n in caught.value.problems if n.field == "limits.gpus"]
    assert list(caught.value.problems) == names
    reported = {word for problem in names for word in problem.message.split()}
    assert "other" in reported
    assert first & reported
