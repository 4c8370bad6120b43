"""Break a world: environment, order, Composition input or observed resources.

Every fault is a function of a world and a source of chance. It returns the broken world,
or the same world where there is nothing to break.
"""

import copy
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from function.backends import BACKENDS, CLUSTER, SETTINGS
from function.contract import Manifest
from function.local import Observed
from function.managed import ALL_POLICIES
from function.model import API_GROUP
from tests.samples import public_key

from .strategies import ENVIRONMENT, layer
from .world import BACKEND_LABEL, BOUND, EXTERNAL_NAME, NAME, TENANT, World, at, is_ours

Fault = Callable[[World, Random], World]
Path = tuple[Any, ...]

ROOTS = {one.root for table in BACKENDS.values() for one in table.values()}
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0.5,
    1e300,
    2**60,
    "",
    "x",
    "\x00\x1b[31m\ud7ff",
    "{tenant",
    "{0}{foo}",
    "1.34",
    "az1",
    "SCS-99999V-1",
    [],
    {},
    [None],
    [[]],
    ["default", 7],
    [{"name": "x"}],
    [{"name": None}],
    {"": {"": []}},
    {"name": "default"},
)


def paths(value: Any, root: Path = ()) -> list[Path]:
    """Return every path below a value of plain data."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    if isinstance(value, list):
        items = list(enumerate(value))
    return [p for key, inner in items for p in ((*root, key), *paths(inner, (*root, key)))]


def changed(value: Any, path: Path, change: Callable[[Any, Any], None]) -> Any:
    """Return a copy with a change made to the container at the end of a path."""
    result = copy.deepcopy(value)
    inner = result
    for step in path[:-1]:
        inner = inner[step]
    change(inner, path[-1])
    return result


def _removed(container: Any, key: Any) -> None:
    del container[key]


def _junked(rng: Random) -> Callable[[Any, Any], None]:
    def change(container: Any, key: Any) -> None:
        container[key] = copy.deepcopy(rng.choice(JUNK))

    return change


def malformed(value: Any, rng: Random, times: int = 1) -> Any:
    """Return a copy with junk, or nothing, at some paths."""
    for _ in range(times):
        found = paths(value)
        if not found:
            return value
        change = _removed if rng.random() < 0.4 else _junked(rng)
        value = changed(value, rng.choice(found), change)
    return value


def nothing(world: World, _: Random) -> World:
    """Break nothing."""
    return world


# Environment


def _with_layer(world: World, index: int, data: Any) -> World:
    layers = list(world.layers)
    layers[index] = {**layers[index], "data": data}
    return replace(world, layers=tuple(layers))


def _with_root(world: World, **data: Any) -> World:
    return _with_layer(world, 0, {**world.layers[0]["data"], **data})


def layer_lost(world: World, rng: Random) -> World:
    """Lose one layer."""
    gone = rng.randrange(len(world.layers))
    return replace(world, layers=(*world.layers[:gone], *world.layers[gone + 1 :]))


def catalogue_lost(world: World, _: Random) -> World:
    """Lose the layer that the root names."""
    return replace(world, layers=(world.layers[0], *world.layers[2:]))


def root_lost(world: World, _: Random) -> World:
    """Lose the layer that holds kinds; a rest of it is in another."""
    rest = {k: v for k, v in world.layers[0]["data"].items() if k not in ("kinds", "layers")}
    data = {**world.layers[1]["data"], **rest}
    return replace(_with_layer(world, 1, data), layers=world.layers[1:])


def environment_lost(world: World, _: Random) -> World:
    """Lose every layer."""
    return replace(world, layers=())


def layer_duplicated(world: World, rng: Random) -> World:
    """Have one layer twice, under its name or another."""
    twin = copy.deepcopy(rng.choice(world.layers))
    if rng.random() < 0.5:
        twin["metadata"]["name"] = "twin"
    return replace(world, layers=(*world.layers, twin))


def layer_conflicting(world: World, rng: Random) -> World:
    """Have two layers say different things."""
    path = rng.choice(paths(world.layers[0]["data"]))
    part: Any = copy.deepcopy(rng.choice(JUNK))
    for step in reversed(path):
        part = {step: part} if isinstance(step, str) else [part]
    return _with_layer(world, 1, {**world.layers[1]["data"], **part})


def layer_half(world: World, rng: Random) -> World:
    """Lose keys and ends of lists of a layer."""
    index = rng.randrange(len(world.layers))
    data = world.layers[index]["data"]
    for _ in range(rng.randint(1, 4)):
        data = changed(data, rng.choice(paths(data) or [("x",)]), _halved)
    return _with_layer(world, index, data)


def _halved(container: Any, key: Any) -> None:
    if isinstance(container, dict) and isinstance(container.get(key), list):
        container[key] = container[key][: len(container[key]) // 2]
    elif isinstance(container, list) or key in container:
        del container[key]


def layer_nonsense(world: World, rng: Random) -> World:
    """Have junk anywhere in a layer."""
    index = rng.randrange(len(world.layers))
    data = malformed(world.layers[index]["data"], rng, rng.randint(1, 3))
    return _with_layer(world, index, data)


def layer_is_junk(world: World, rng: Random) -> World:
    """Have junk instead of a layer's data."""
    return _with_layer(world, rng.randrange(len(world.layers)), copy.deepcopy(rng.choice(JUNK)))


def overlay_changed(world: World, rng: Random) -> World:
    """Add, or take away, an overlay."""
    if len(world.layers) > 2:
        return replace(world, layers=world.layers[:2])
    data = malformed(world.layers[rng.randrange(2)]["data"], rng)
    data = {k: data[k] for k in data if rng.random() < 0.4}
    root = _with_root(world, overlays=rng.choice(("Optional", "Required", "None")))
    config = layer("overlay", data, overlay=ENVIRONMENT, tenant=TENANT)
    return replace(root, layers=(*root.layers, config))


def tenants_changed(world: World, rng: Random) -> World:
    """Name tenants that may use the environment."""
    return _with_root(world, tenants=rng.choice(([], ["other"], [TENANT], [TENANT, "other"])))


def kinds_changed(world: World, rng: Random) -> World:
    """Offer other kinds, or by other backends."""
    names = (*SETTINGS, "atlantis", "")
    kinds = {
        kind: rng.choice(names) for kind in ("Cluster", "Server", "Network") if rng.random() < 0.7
    }
    return _with_root(world, kinds=kinds)


def catalogue_changed(world: World, rng: Random) -> World:
    """Offer other things: entries gone, or other values in them."""
    data = copy.deepcopy(world.layers[1]["data"])
    for _ in range(rng.randint(1, 4)):
        entries = data[rng.choice(sorted(data))]
        if not entries:
            continue
        entry = rng.choice(entries)
        if rng.random() < 0.6:
            entries.remove(entry)
            continue
        key = rng.choice(sorted(entry))
        entry[key] = _other(entry[key], rng)
    return _with_layer(world, 1, data)


def _other(value: Any, rng: Random) -> Any:
    if isinstance(value, str):
        return rng.choice(("other", "deprecated", value + "x", "1.35.9"))
    if isinstance(value, dict):
        return {key: _other(inner, rng) for key, inner in value.items()}
    return value + 1


# What reaches live orders: with their next version, or at once.
_REACH_ON = {"profiles", "dnsServers", "highAvailability"}


def settings_changed(world: World, rng: Random) -> World:
    """Change zones, networks and other settings of the backends."""
    data = world.layers[0]["data"]
    config = {"zones": data["zones"], "backends": data["backends"], "access": data["access"]}
    for _ in range(rng.randint(1, 3)):
        found = [path for path in paths(config) if not _REACH_ON.intersection(path)]
        config = _reworded(config, rng.choice(found), rng)
    return _with_layer(world, 0, {**data, **config})


def profiles_changed(world: World, rng: Random) -> World:
    """Change how order fields reach a class, with the next version as it is declared."""
    data = world.layers[0]["data"]
    found = [path for path in paths(data) if "profiles" in path[:-3]]
    return _with_layer(world, 0, _reworded(data, rng.choice(found), rng))


def _reworded(data: Any, path: Path, rng: Random) -> Any:
    strings = isinstance(_value(data, path), str)
    return changed(data, path, _renamed if strings and rng.random() < 0.5 else _removed)


def _value(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _renamed(container: Any, key: Any) -> None:
    container[key] = f"{container[key]}-2"


_TIGHTER: tuple[Manifest, ...] = (
    {"field": "spec.replicas", "max": 1},
    {"field": "spec.replicas", "pin": 1},
    {"field": "spec.replicas", "default": 1},
    {"field": "spec.publicIP", "pin": False},
    {"field": "spec.publicIP", "default": False},
    {"field": "spec.running", "pin": False},
    {"field": "spec.image.name", "forbid": ["Debian"]},
    {"field": "spec.image.os", "allow": ["plan9"]},
    {"field": "spec.flavor", "allow": ["SCS-1V-1"]},
    {"field": "spec.nodePools[].flavor", "forbid": ["SCS-2V-4", "SCS-2V-8", "SCS-4V-16"]},
    {"field": "spec.nodePools[].replicas", "max": 0},
    {"field": "spec.nodePools[].zones", "allow": ["az9"]},
    {"field": "spec.nodePools[].rootVolume.sizeGiB", "default": 99},
    {"field": "spec.controlPlane.availability", "pin": "Zone"},
    {"field": "spec.version", "allow": ["1.99"]},
    {"field": "spec.class", "pin": "big"},
    {"field": "spec.deletionPolicy", "pin": "Orphan"},
    {"field": "spec.firewall.ingress[].ports", "forbid": ["22", "8000-8099"]},
    {"field": "spec.firewall.egress[].protocol", "forbid": ["any"]},
    {"field": "spec.size.cpu", "max": 1},
    {"field": "spec.sshKeys", "forbid": ["ssh-ed25519 AAAA"]},
    {"field": "spec.userData", "pin": "#!/bin/sh\nfalse\n"},
    {"field": "spec.zone", "pin": "az3"},
    {"field": "spec.environment", "allow": ["other"]},
    {"field": "spec.bootVolume.sizeGiB", "max": 10},
    {"field": "spec.networks[].name", "forbid": ["default", "backend", "own"]},
    {"field": "spec.volumes[].sizeGiB", "max": 1},
    {"field": "spec.volumes[].type", "allow": ["tape"]},
    {"field": "spec.placement.spread", "pin": "Soft"},
    {"field": "spec.highAvailability", "pin": False},
    {"field": "spec.cidr", "allow": ["172.16.0.0/24"]},
    {"field": "spec.ipv6", "pin": False},
    {"field": "spec.externalAccess", "pin": False},
    {"field": "spec.externalAccess", "default": False},
    {"field": "spec.mtu", "max": 1300},
    {"field": "spec.dnsServers", "default": ["192.0.2.1"]},
)


def policy_tightened(world: World, rng: Random) -> World:
    """Add rules that the order would not have met."""
    rules = [r for r in world.layers[0]["data"]["policy"] if rng.random() < 0.7]
    added = rng.sample(_TIGHTER, rng.randint(1, 5))
    known = {(r["field"], *_verbs(r)) for r in rules}
    fresh = [{**r, "reason": "Not here."} for r in added if (r["field"], *_verbs(r)) not in known]
    return _with_root(world, policy=[*rules, *fresh])


def _verbs(rule: Manifest) -> list[str]:
    return sorted(set(rule) - {"field", "reason", "kind"})


def policy_gone(world: World, _: Random) -> World:
    """Lose every rule, those that filled something in as well."""
    return _with_root(world, policy=[])


def policy_nonsense(world: World, rng: Random) -> World:
    """Have rules that make no sense for the field."""
    rule = {**rng.choice(_TIGHTER), "reason": "Odd."}
    verb = rng.choice(("pin", "default", "min", "max", "allow", "forbid"))
    value = rng.choice((0, 1e9, -1.5)) if verb in ("min", "max") else rng.choice(JUNK)
    plain = {"field": rule["field"].replace("[]", rng.choice(("[]", ""))), "reason": "Odd."}
    return _with_root(world, policy=[{**plain, verb: [value] if verb == "allow" else value}])


def limits_tightened(world: World, rng: Random) -> World:
    """Allow less than the order holds."""
    tight = {name: rng.choice((0, 1)) for name in ("cpu", "memoryGiB", "storageGiB", "gpus")}
    layers = tuple(
        {**doc, "data": {k: v for k, v in doc["data"].items() if k != "limits"}}
        for doc in world.layers
    )
    return _with_root(replace(world, layers=layers), limits=tight)


def place_changed(world: World, rng: Random) -> World:
    """Answer from another account or namespace."""
    data = copy.deepcopy(world.layers[0]["data"])
    for config in data["backends"].values():
        config["providerConfig"] = rng.choice(("{tenant}-2", "shared"))
    if rng.random() < 0.5:
        for name in CLUSTER:
            data["backends"][name]["namespace"] = "other-{tenant}"
    return _with_layer(world, 0, data)


def environment_renamed(world: World, rng: Random) -> World:
    """Let another name mean the environment, for the order or the whole Composition."""
    layers = tuple(
        {**doc, "metadata": _relabelled(doc["metadata"])} for doc in copy.deepcopy(world.layers)
    )
    both = (*world.layers, *layers)
    if rng.random() < 0.5:
        return replace(world, layers=both, spec={**world.spec, "environment": "other"})
    return replace(world, layers=both, step={"environment": "other"})


def _relabelled(metadata: Manifest) -> Manifest:
    labels = {k: "other" if v == ENVIRONMENT else v for k, v in metadata["labels"].items()}
    return {**metadata, "name": metadata["name"], "labels": labels}


def moved(world: World, rng: Random) -> World:
    """Answer from elsewhere, with the operator's leave."""
    place = {"providerConfig": "shared"}
    backend = world.backend
    move: Manifest = {
        "namespace": TENANT,
        "kind": world.kind,
        "name": NAME,
        "from": {"providerConfig": f"{TENANT}.{backend}"},
        "to": place,
    }
    root = copy.deepcopy(world.layers[0]["data"])
    root["backends"][backend] |= place
    if world.kind == "Cluster" and rng.random() < 0.7:
        config, block = CLUSTER[backend], root["backends"][backend]
        move["from"]["namespace"] = config.namespace(config.settings.model_validate(block), TENANT)
        block["namespace"] = "other-{tenant}"
        move["to"]["namespace"] = f"other-{TENANT}"
    return replace(_with_layer(world, 0, {**root, "moves": [move]}), moves=True)


# Order and input


def order_nonsense(world: World, rng: Random) -> World:
    """Have junk anywhere in the order."""
    return replace(world, spec=malformed(world.spec, rng, rng.randint(1, 2)))


def order_empty(world: World, _: Random) -> World:
    """Have an order without a spec."""
    return replace(world, spec={})


_REFUSED: dict[str, tuple[Manifest, ...]] = {
    "Server": (
        {"image": {"os": "debian", "version": "13"}},
        {"image": {"name": "Ubuntu"}},
        {"sshKeys": [public_key("other")]},
        {"sshKeys": []},
        {"userData": "#!/bin/sh\nfalse\n"},
        {"networks": [{"name": "backend"}, {"name": "default"}]},
        {"bootVolume": {"sizeGiB": 99}},
        {"zone": "az3"},
        {"environment": "other"},
        {"flavor": "metal", "size": None},
        {"placement": {"spread": "Soft"}},
        {"volumes": [{"name": "data", "sizeGiB": 1, "type": "tape"}]},
        {"volumes": []},
        {"replicas": 1},
        {"labels": {"scs-tenant": "other"}},
    ),
    "Network": (
        {"cidr": "10.99.0.0/24"},
        {"cidr": "2001:db8::/64"},
        {"ipv6": True},
        {"ipv6": False},
        {"dnsServers": ["2620:fe::fe"], "ipv6": False},
        {"environment": "other"},
    ),
    "Cluster": (
        {"version": "1.33"},
        {"version": "1.32"},
        {"class": "big"},
        {"class": "none"},
        {"controlPlane": {"availability": "None"}},
        {"controlPlane": {"availability": "Zone"}},
        {"environment": "other"},
    ),
}


def order_refused(world: World, rng: Random) -> World:
    """Change what may not change, or go to what is not offered."""
    spec = copy.deepcopy({**world.spec, **rng.choice(_REFUSED[world.kind])})
    for pool in spec.get("nodePools", []):
        if rng.random() < 0.3:
            pool["zones"] = ["az3"]
    return replace(world, spec={k: v for k, v in spec.items() if v is not None})


def order_rebuilt(world: World, _: Random) -> World:
    """Ask for what could only be had by rebuilding."""
    other: dict[str, Manifest] = {
        "Server": {"userData": "#!/bin/sh\nfalse\n"},
        "Cluster": _NOT_AVAILABLE,
        "Network": {"cidr": "10.99.0.0/24"},
    }
    return replace(world, spec={**world.spec, **other[world.kind]})


_NOT_AVAILABLE: Manifest = {"controlPlane": {"availability": "None"}}


def order_unknown(world: World, rng: Random) -> World:
    """Have a field that only a newer function knows."""
    spec = copy.deepcopy(world.spec)
    # Labels have no fields: any key is one.
    inner = [spec, *(v for k, v in spec.items() if isinstance(v, dict) and k != "labels")]
    rng.choice(inner)["backups"] = rng.choice(({"days": 7}, "", None, []))
    return replace(world, spec=spec)


def step_malformed(world: World, rng: Random) -> World:
    """Have junk in the input of the Composition's step."""
    step = {"environment": ENVIRONMENT, "refresh": 60, "kind": "Input", "metadata": {"name": "x"}}
    return replace(world, step=malformed({**step, "newer": 1}, rng, rng.randint(1, 3)))


# Observed


def _with_observed(world: World, key: str, manifest: Manifest) -> World:
    found = Observed(manifest, world.observed[key].connection)
    return replace(world, observed={**world.observed, key: found})


def _touched(world: World, rng: Random, touch: Callable[[Manifest], None]) -> World:
    """Change one observed resource of ours."""
    mine = sorted(key for key, found in world.observed.items() if is_ours(found.manifest))
    if not mine:
        return world
    key = rng.choice(mine)
    manifest = copy.deepcopy(world.observed[key].manifest)
    touch(manifest)
    return _with_observed(world, key, manifest)


def observed_gone(world: World, rng: Random) -> World:
    """Lose some of the observed resources."""
    share = rng.choice((0.2, 0.7))
    retained = {k: v for k, v in sorted(world.observed.items()) if rng.random() > share}
    return replace(world, observed=retained)


def observed_root_gone(world: World, _: Random) -> World:
    """Lose the resource that carries the record."""
    retained = {k: v for k, v in world.observed.items() if k not in ROOTS}
    return replace(world, observed=retained)


def foreign_unlabelled(world: World, rng: Random) -> World:
    """Have another pipeline step's resource."""
    name = rng.choice(("bucket", "openstack-extra", "capi-extra"))
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **rng.choice(({}, {"labels": {"team": "x"}}))},
    }
    return replace(world, observed={**world.observed, name: Observed(manifest)})


def foreign_labelled(world: World, rng: Random) -> World:
    """Have an object of our name that belongs to another order."""
    label = f"{API_GROUP}/{rng.choice(('tenant', 'name'))}"

    def touch(manifest: Manifest) -> None:
        labels = [manifest["metadata"]["labels"]]
        inner = at(manifest, "status", "atProvider", "manifest", "metadata", "labels")
        rng.choice(labels + [inner] * bool(inner))[label] = "someone-else"

    return _touched(world, rng, touch)


def backend_unknown(world: World, rng: Random) -> World:
    """Have a resource of a backend that only a newer function knows."""
    return _touched(
        world, rng, lambda m: m["metadata"]["labels"].update({BACKEND_LABEL: "atlantis"})
    )


def label_lost(world: World, rng: Random) -> World:
    """Have a resource of ours without the label that says so, or without any."""

    def touch(manifest: Manifest) -> None:
        labels = manifest["metadata"]["labels"]
        for label in [BACKEND_LABEL] if rng.random() < 0.5 else list(labels):
            del labels[label]

    return _touched(world, rng, touch)


def labels_malformed(world: World, rng: Random) -> World:
    """Have other values in our labels, or fewer labels; the backend's stays."""

    def touch(manifest: Manifest) -> None:
        labels = manifest["metadata"]["labels"]
        key = rng.choice(sorted(set(labels) - {BACKEND_LABEL}) or [BACKEND_LABEL])
        labels[key] = rng.choice(("", "other", "capi", "openstack"))
        if rng.random() < 0.5:
            del labels[key]

    return _touched(world, rng, touch)


def _rebound(world: World, change: Callable[[str], str | None]) -> World:
    """Change the record of what was decided."""
    for key, found in sorted(world.observed.items()):
        text = at(found.manifest, "metadata", "annotations", BOUND)
        if text is None:
            continue
        manifest = copy.deepcopy(found.manifest)
        current = change(text)
        manifest["metadata"]["annotations"][BOUND] = current
        if current is None:
            del manifest["metadata"]["annotations"][BOUND]
        return _with_observed(world, key, manifest)
    return world


def bound_lost(world: World, _: Random) -> World:
    """Lose the record."""
    return _rebound(world, lambda _: None)


def bound_malformed(world: World, rng: Random) -> World:
    """Have junk in the record, or for it."""

    def change(text: str) -> str:
        if rng.random() < 0.3:
            return rng.choice((text[: rng.randrange(len(text))], json.dumps(rng.choice(JUNK))))
        return json.dumps(malformed(json.loads(text), rng, rng.randint(1, 2)))

    return _rebound(world, change)


def bound_newer(world: World, rng: Random) -> World:
    """Have a record of a newer function."""
    more = rng.choice(({"format": 2}, {"backups": 7}, {"format": "1"}))
    return _rebound(world, lambda text: text[:-1] + json.dumps(more).replace("{", ","))


def payload_partly(world: World, rng: Random) -> World:
    """Observe resources of which parts are missing."""

    def touch(manifest: Manifest) -> None:
        parts = [
            (manifest, "status"),
            (manifest["spec"], "forProvider"),
            (manifest["spec"], "initProvider"),
            (manifest["spec"], "managementPolicies"),
            (manifest["spec"], "providerConfigRef"),
            (manifest.get("status") or {}, "atProvider"),
            (manifest.get("status") or {}, "conditions"),
        ]
        for container, key in rng.sample(parts, rng.randint(1, 3)):
            container.pop(key, None)

    for _ in range(rng.randint(1, len(world.observed) + 1)):
        world = _touched(world, rng, touch)
    return world


def payload_half(world: World, rng: Random) -> World:
    """Observe resources of which any keys below spec and status are missing."""

    def touch(manifest: Manifest) -> None:
        for _ in range(rng.randint(1, 4)):
            found = [p for p in paths(manifest) if p[0] in ("spec", "status") and len(p) > 1]
            if found:
                manifest.update(changed(manifest, rng.choice(found), _removed))

    return _touched(world, rng, touch)


def status_lost(world: World, _: Random) -> World:
    """Observe every resource before its provider has looked at it."""
    observed = {}
    for key, found in world.observed.items():
        manifest = {k: v for k, v in found.manifest.items() if k != "status"}
        observed[key] = Observed(manifest)
    return replace(world, observed=observed)


def resource_newer(world: World, rng: Random) -> World:
    """Observe a resource that only a newer function makes."""
    mine = sorted(key for key, found in world.observed.items() if is_ours(found.manifest))
    if not mine:
        return world
    manifest = copy.deepcopy(world.observed[rng.choice(mine)].manifest)
    manifest["metadata"].pop("annotations", None)
    backend = manifest["metadata"]["labels"][BACKEND_LABEL]
    other = rng.choice((f"{backend}-backup-0", "server-9", "openstack-server-x", "capi-2"))
    return replace(world, observed={**world.observed, other: Observed(manifest)})


def pool_newer(world: World, rng: Random) -> World:
    """Observe machines in a Cluster that no order ever asked for."""
    key = {"capi": "capi-cluster", "gardener": "gardener-shoot"}.get(world.backend, "")
    spec = ("spec", "forProvider", "manifest", "spec")
    if key not in world.observed or at(world.observed[key].manifest, *spec) is None:
        return world
    manifest = copy.deepcopy(world.observed[key].manifest)
    inner = manifest["spec"]["forProvider"]["manifest"]["spec"]
    if "topology" in inner:
        pool = {"name": "extra", "class": "default-worker", "replicas": rng.randint(0, 2)}
        workers = inner["topology"].setdefault("workers", {})
        workers.setdefault("machineDeployments", []).append(pool)
    elif "provider" in inner:
        pool = {"name": "extra", "minimum": 1, "maximum": 1}
        inner["provider"].setdefault("workers", []).append(pool)
    return _with_observed(world, key, manifest)


def server_newer(world: World, rng: Random) -> World:
    """Observe servers, addresses and volumes above what any order asked for."""
    first = re.compile(r"openstack-(server|floatingip|port|volume|attachment)-0")
    keys = [key for key in sorted(world.observed) if first.match(key)]
    if not keys:
        return world
    key = rng.choice(keys)
    manifest = copy.deepcopy(world.observed[key].manifest)
    other = key.replace("-0", "-40", 1)
    return replace(world, observed={**world.observed, other: Observed(manifest)})


def key_wrong(world: World, rng: Random) -> World:
    """Observe a resource of ours under the key of another of its kind."""
    mine = {key: found for key, found in sorted(world.observed.items()) if is_ours(found.manifest)}
    pairs = [
        (key, other)
        for key, other in itertools.permutations(mine, 2)
        if mine[key].manifest["kind"] == mine[other].manifest["kind"]
    ]
    if not pairs:
        return world
    key, other = rng.choice(pairs)
    retained = {name: found for name, found in world.observed.items() if name != key}
    return replace(world, observed={**retained, other: mine[key]})


def deleting(world: World, rng: Random) -> World:
    """Observe a resource that is being deleted."""
    return _touched(
        world, rng, lambda m: m["metadata"].update({"deletionTimestamp": "2026-06-01T00:00:00Z"})
    )


def external_name_lost(world: World, rng: Random) -> World:
    """Observe resources without the annotation that finds them again."""

    def touch(manifest: Manifest) -> None:
        manifest["metadata"].get("annotations", {}).pop(EXTERNAL_NAME, None)

    return _touched(world, rng, touch)


def orphaned(world: World, _: Random) -> World:
    """Observe policies without Delete."""
    observed = {}
    for key, found in world.observed.items():
        manifest = copy.deepcopy(found.manifest)
        policies = [p for p in ALL_POLICIES if p != "Delete"]
        manifest.get("spec", {})["managementPolicies"] = policies
        observed[key] = Observed(manifest, found.connection)
    return replace(world, observed=observed)


ENVIRONMENT_FAULTS: tuple[Fault, ...] = (
    layer_lost,
    catalogue_lost,
    root_lost,
    environment_lost,
    layer_duplicated,
    layer_conflicting,
    layer_half,
    layer_nonsense,
    layer_is_junk,
    overlay_changed,
    tenants_changed,
    kinds_changed,
    catalogue_changed,
    settings_changed,
    policy_tightened,
    policy_gone,
    policy_nonsense,
    limits_tightened,
    place_changed,
    environment_renamed,
    moved,
)
ORDER_FAULTS: tuple[Fault, ...] = (
    order_nonsense,
    order_empty,
    order_refused,
    order_rebuilt,
    order_unknown,
    step_malformed,
)
OBSERVED_FAULTS: tuple[Fault, ...] = (
    observed_gone,
    observed_root_gone,
    foreign_unlabelled,
    foreign_labelled,
    backend_unknown,
    label_lost,
    labels_malformed,
    bound_lost,
    bound_malformed,
    bound_newer,
    payload_partly,
    payload_half,
    status_lost,
    resource_newer,
    pool_newer,
    server_newer,
    key_wrong,
    deleting,
    external_name_lost,
    orphaned,
)
FAULTS = (*ENVIRONMENT_FAULTS, *ORDER_FAULTS, *OBSERVED_FAULTS)
# Faults after which the environment is still valid, so that others are met as well.
VALID_FAULTS: tuple[Fault, ...] = (
    catalogue_changed,
    settings_changed,
    policy_tightened,
    policy_gone,
    limits_tightened,
    place_changed,
    environment_renamed,
    moved,
)
