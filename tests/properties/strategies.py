"""Make environments, orders, legal edits of the tenant, and worlds of every age.

Hypothesis draws one number for each case, and everything is decided from it: no two cases
are alike, and none is more likely for being small.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from function.backends import BACKENDS, parts
from function.contract import Manifest, Mode
from tests.samples import config, public_key

from .world import TENANT, World, advance, ask

ENVIRONMENT = "default"
# Every backend with every kind that it answers.
ANSWERS = tuple((name, kind) for kind, table in BACKENDS.items() for name in table)
DISKLESS = ("SCS-2V-4", "SCS-2V-8", "SCS-4V-16")
WITH_DISK = ("SCS-2V-4-20s", "SCS-2V-8-50s", "SCS-4V-16-100s")
VERSIONS = ("1.33.10", "1.34.7", "1.35.4", "1.36.1")
KEYS = [public_key(name) for name in ("ops", "backup")]
Edit = Callable[[Manifest, Random], Manifest]
Case = tuple[World, Random]

_CATALOGUE: Manifest = {
    "flavors": [{"name": name} for name in (*DISKLESS, *WITH_DISK)]
    + [{"name": "metal", "cpu": 32, "memoryGiB": 256, "diskGiB": 960}],
    "images": [
        {"os": "ubuntu", "version": "24.04", "name": "Ubuntu", "id": "u", "user": "ubuntu"}
        | {"minDiskGiB": 8},
        {"os": "debian", "version": "13", "name": "Debian", "id": "d", "user": "debian"}
        | {"minDiskGiB": 8},
    ],
    "volumeTypes": [
        {"name": "ssd", "backendName": "__DEFAULT__"},
        {"name": "fast", "backendName": "nvme"},
    ],
    "kubernetesVersions": [
        {"version": version, "classes": {name: f"{name}-{version}" for name in ("default", "big")}}
        for version in VERSIONS
    ],
    "classes": [
        {"name": "default", "profile": "scs2", "variables": {"controlPlaneRootDisk": 0}},
        {"name": "big", "profile": "own"},
    ],
}
_PROFILE: Manifest = {
    "workerClass": "worker",
    "variables": {"plan": "managed"},
    "fields": {
        "spec.nodePools[].flavor": {"override": "machineFlavor"},
        "spec.access.oidc": {"variable": "login", "keys": {"issuerURL": "issuer"}},
    },
}
_ROOT: Manifest = {
    "displayName": "Example Cloud",
    "zones": [{"name": name} for name in ("az1", "az2", "az3")],
    "access": {"oidc": {"issuerURL": "https://login.example.com", "clientID": "k8s"}},
    "limits": {"cpu": 100000, "memoryGiB": 1000000},
    "backends": {
        **{name: part.EXAMPLE.least for name, part in parts("example").items()},
        "capi": {
            "classNamespace": "stacks",
            "labels": {"managed-secret": "clouds-yaml"},
            "network": {"pods": "172.16.0.0/16", "services": "10.96.0.0/12"},
            "profiles": {"own": _PROFILE},
        },
        "openstack": {
            "externalNetwork": {"name": "public", "id": "e1"},
            "dnsServers": ["192.0.2.53", "2001:db8::53"],
            "ipv6SubnetPool": "p6",
            "highAvailability": {"metadata": {"HA_Enabled": "True"}},
            "defaultNetwork": "default",
            "networks": [
                {"name": "default", "id": "n1", "subnet": "s1", "ipv6Subnet": "s6"},
                {"name": "backend", "id": "n2", "subnet": "s2"},
            ],
        },
    },
}
_RULES: tuple[Manifest, ...] = (
    {"field": "spec.replicas", "kind": "Server", "default": 3, "reason": "Three."},
    {"field": "spec.publicIP", "default": True, "reason": "Public."},
    {"field": "spec.nodePools[].rootVolume.sizeGiB", "default": 60, "reason": "Roomy."},
    {"field": "spec.controlPlane.availability", "pin": "Node", "reason": "Nodes."},
    {"field": "spec.nodePools[].replicas", "max": 50, "reason": "Ask."},
    {"field": "spec.version", "default": "1.34", "reason": "Proven."},
    {"field": "spec.highAvailability", "default": True, "reason": "Safe."},
    {"field": "spec.mtu", "default": 1400, "reason": "Tunnels."},
)


def layer(name: str, data: Manifest, **labels: str) -> Manifest:
    """Return an EnvironmentConfig."""
    return config(name, copy.deepcopy(data), **labels)


def environment(
    rules: tuple[Manifest, ...] = (), overlays: str = "None", **kinds: str
) -> tuple[Manifest, ...]:
    """Return the layers of an environment: root, catalogue and perhaps an overlay.

    Args:
        rules: Rules of its policy.
        overlays: Whether it has overlays.
        **kinds: Backends by kind, where it is not the first.
    """
    first = {kind: next(iter(table)) for kind, table in BACKENDS.items()}
    root = {**_ROOT, "kinds": {**first, **kinds}, "layers": ["catalogue"], "overlays": overlays}
    root["policy"] = list(rules)
    base = (
        layer("root", root, environment=ENVIRONMENT),
        layer("catalogue", _CATALOGUE, environment=ENVIRONMENT),
    )
    if overlays == "None":
        return base
    own = {"zones": [{"name": "az4"}], "limits": {"cpu": 50000}}
    return (*base, layer("overlay", own, overlay=ENVIRONMENT, tenant=TENANT))


def environments(rng: Random, **kinds: str) -> tuple[Manifest, ...]:
    """Return an environment with some of the rules, with or without an overlay."""
    rules = rng.sample(_RULES, rng.randint(0, 4))
    return environment(tuple(rules), rng.choice(("None", "Optional", "Required")), **kinds)


def _some(rng: Random, **fields: Sequence[Any]) -> Manifest:
    """Return about half of the fields, each with one of its values."""
    return {name: rng.choice(values) for name, values in fields.items() if rng.random() < 0.5}


_TRAFFIC = (
    {"protocol": "tcp", "ports": "22"},
    {"protocol": "tcp", "ports": "8000-8099"},
    {"protocol": "udp", "ports": "53"},
    {"protocol": "icmp"},
)
_SERVER_MACHINES: tuple[Manifest, ...] = (
    *({"flavor": name} for name in (*DISKLESS[:2], *WITH_DISK[:2])),
    {"size": {"cpu": 2, "memoryGiB": 4}},
    {"size": {"cpu": 1, "memoryGiB": 2, "diskGiB": 20}},
)
_NODES: tuple[Manifest, ...] = (
    *({"flavor": name} for name in DISKLESS),
    {"size": {"cpu": 2, "memoryGiB": 8}},
)
_OIDC = {"issuerURL": "https://idp.example.org", "clientID": "own"}


def servers(rng: Random) -> Manifest:
    """Return an order for servers that the environment offers."""
    traffic = [rng.sample(_TRAFFIC, rng.randint(0, 3)) for _ in range(2)]
    return {
        "image": rng.choice(({"os": "ubuntu", "version": "24.04"}, {"name": "Debian"})),
        **rng.choice(_SERVER_MACHINES),
        **_some(
            rng,
            replicas=(1, 2, 3, 4),
            sshKeys=(KEYS[:1], KEYS),
            userData=("#!/bin/sh\ntrue\n",),
            networks=(
                [{"name": "backend"}],
                [{"name": "default", "ipv6": True}],
                [{"name": "own"}, {"name": "default"}],
                [{"name": "own", "ipv6": True}],
            ),
            publicIP=(True, False),
            firewall=(_some(rng, ingress=traffic[:1], egress=traffic[1:]),),
            bootVolume=(_some(rng, sizeGiB=(80,), type=("ssd",)),),
            volumes=([volume(rng) for _ in range(rng.randint(0, 3))],),
            zone=("az1", "az2"),
            placement=({"spread": "Soft"}, {"spread": "Strict"}, {"spread": "None"}, {}),
            running=(True, False),
            highAvailability=(True, False),
            labels=({"role": "web"}, {"example.org/role": "db"}),
            deletionProtection=(True, False),
            deletionPolicy=("Delete", "Orphan"),
            environment=(ENVIRONMENT,),
        ),
    }


def volume(rng: Random) -> Manifest:
    """Return a further volume; no two are likely to have the same name."""
    name = f"v{rng.randint(0, 10**6)}"
    return {"name": name, "sizeGiB": rng.randint(1, 99), **_some(rng, type=("ssd", "fast"))}


def networks(rng: Random) -> Manifest:
    """Return an order for a network."""
    ipv6 = rng.random() < 0.5
    return {
        "cidr": rng.choice(("10.20.0.0/24", "10.0.0.0/8", "192.168.7.16/28")),
        **({"ipv6": True} if ipv6 else {}),
        **_some(
            rng,
            dnsServers=(["9.9.9.9"], ["9.9.9.9", "2620:fe::fe"] if ipv6 else []),
            externalAccess=(True, False),
            mtu=(1400, 8950),
            deletionProtection=(True, False),
            deletionPolicy=("Delete", "Orphan"),
            environment=(ENVIRONMENT,),
        ),
    }


def node_pool(rng: Random, name: str, least: int) -> Manifest:
    """Return a pool."""
    return {
        "name": name,
        "replicas": rng.randint(least, 5),
        **rng.choice(_NODES),
        **_some(rng, zones=(["az1"], ["az1", "az2"]), rootVolume=({"sizeGiB": 40},)),
    }


def clusters(rng: Random, backend: str) -> Manifest:
    """Return an order for a cluster; Gardener needs a pool, and a node for each zone."""
    pools, nodes = (1, 4) if backend == "gardener" else (0, 0)
    names = rng.sample(("web", "db", "ml", "ci"), rng.randint(pools, 3))
    return {
        "version": rng.choice(("1.33", "1.34", "1.34.x", "1.34.7", "1.35.4")),
        "nodePools": [node_pool(rng, name, nodes) for name in names],
        **_some(
            rng,
            controlPlane=({"availability": "Node"}, {}),
            access=({"oidc": _OIDC}, {"adminGroups": ["ops"]}),
            deletionPolicy=("Delete", "Orphan"),
            environment=(ENVIRONMENT,),
            **{"class": ("default", "big")},
        ),
    }


def is_protected(spec: Manifest) -> bool:
    """Say whether an order is protected from edits that destroy data."""
    return spec.get("deletionProtection") is not False


def _scaled(spec: Manifest, rng: Random) -> Manifest:
    """Ask for more or fewer servers; for fewer only where that is allowed."""
    # Where the order says nothing a rule may say three.
    least = spec.get("replicas", 3) if is_protected(spec) else 1
    return {**spec, "replicas": rng.randint(least, max(least, 5))}


def _stored(spec: Manifest, rng: Random) -> Manifest:
    """Ask for another volume, larger ones, or where that is allowed for fewer."""
    retained = list(spec.get("volumes") or [])
    match rng.choice(("more", "larger", "fewer")):
        case "fewer" if retained and not is_protected(spec):
            retained.pop(rng.randrange(len(retained)))
        case "larger":
            retained = [{**one, "sizeGiB": one["sizeGiB"] + rng.randint(0, 9)} for one in retained]
        case _:
            retained = [*retained, volume(rng)]
    return {**spec, "volumes": retained}


def _labelled(spec: Manifest, rng: Random) -> Manifest:
    keys = rng.sample(("role", "stage", "example.org/role"), rng.randint(0, 3))
    return {**spec, "labels": {key: rng.choice(("", "a", "b")) for key in keys}}


def _named(spec: Manifest, rng: Random) -> Manifest:
    """Ask for other name servers; those of IPv6 go with IPv6."""
    known = ["9.9.9.9", "192.0.2.9", *(["2620:fe::fe"] if spec.get("ipv6") else [])]
    return {**spec, "dnsServers": rng.sample(known, rng.randint(0, len(known)))}


def _toggled(field: str, *values: object) -> Edit:
    return lambda spec, rng: {**spec, field: rng.choice(values)}


def _resized(spec: Manifest, rng: Random) -> Manifest:
    """Ask for another flavor of the same sort, never with a smaller disk."""
    if spec.get("flavor") in WITH_DISK:
        return {**spec, "flavor": rng.choice(WITH_DISK[WITH_DISK.index(spec["flavor"]) :])}
    if spec.get("flavor") in DISKLESS:
        return {**spec, "flavor": rng.choice(DISKLESS)}
    return {**spec, "size": {**spec["size"], "cpu": rng.choice((1, 2, 4))}}


def _filtered(spec: Manifest, rng: Random) -> Manifest:
    rules = [{"protocol": "tcp", "ports": "443"}, {"protocol": "icmp"}, {"protocol": "any"}]
    side = rng.choice(("ingress", "egress"))
    chosen = rng.sample(rules, rng.randint(0, 3))
    return {**spec, "firewall": {**(spec.get("firewall") or {}), side: chosen}}


def _pool_added(spec: Manifest, rng: Random) -> Manifest:
    pool = {"name": f"new{rng.randint(0, 9)}", "flavor": rng.choice(DISKLESS), "replicas": 2}
    known = [p for p in spec.get("nodePools", []) if p["name"] != pool["name"]]
    return {**spec, "nodePools": known + [pool] * (len(known) == len(spec.get("nodePools", [])))}


def _pool_removed(spec: Manifest, rng: Random) -> Manifest:
    retained = list(spec.get("nodePools", []))
    if retained:
        retained.pop(rng.randrange(len(retained)))
    return {**spec, "nodePools": retained}


def _pools_changed(least: int) -> Edit:
    def changed(pool: Manifest, rng: Random) -> Manifest:
        if rng.random() < 0.5:
            return {**pool, "replicas": rng.randint(least, 6)}
        plain = {k: v for k, v in pool.items() if k not in ("flavor", "size")}
        return {**plain, "flavor": rng.choice(DISKLESS)}

    return lambda spec, rng: {
        **spec,
        "nodePools": [changed(pool, rng) for pool in spec.get("nodePools", [])],
    }


def _spread(spec: Manifest, _: Random) -> Manifest:
    """Ask for a zone more in each pool that names some."""
    more = [
        {**pool, "zones": list(dict.fromkeys([*pool["zones"], "az3"]))} if "zones" in pool else pool
        for pool in spec.get("nodePools", [])
    ]
    return {**spec, "nodePools": more}


def _unless_last(edit: Edit) -> Edit:
    return lambda spec, rng: edit(spec, rng) if len(spec.get("nodePools", [])) > 1 else spec


def _raised(spec: Manifest, rng: Random) -> Manifest:
    """Ask for a version one or two minors up."""
    minors = [version.rpartition(".")[0] for version in VERSIONS]
    current = minors.index(".".join(spec["version"].split(".")[:2]))
    return {**spec, "version": minors[min(current + rng.randint(1, 2), len(minors) - 1)]}


_CLUSTER_EDITS: dict[str, Edit] = {
    "pool added": _pool_added,
    "pool removed": _pool_removed,
    "pools changed": _pools_changed(0),
    "zones": _spread,
    "version": _raised,
    "deletion policy": _toggled("deletionPolicy", "Delete", "Orphan"),
    "groups": lambda spec, _: {**spec, "access": {**spec.get("access", {}), "adminGroups": ["x"]}},
    "issuer": lambda spec, rng: {
        **spec,
        "access": {"oidc": {**_OIDC, "clientID": rng.choice(("k8s", "own"))}},
    },
}
_LIFT = _toggled("deletionProtection", False)
# To be protected again, an order has to be answered as it is.
PROTECT = "protection"
_EDITS: dict[str, dict[str, Edit]] = {
    "Cluster": _CLUSTER_EDITS,
    "Server": {
        "replicas": _scaled,
        "volumes": _stored,
        "labels": _labelled,
        "high availability": _toggled("highAvailability", True, False),
        "no protection": _LIFT,
        PROTECT: _toggled("deletionProtection", True),
        "flavor": _resized,
        "firewall": _filtered,
        "public address": _toggled("publicIP", True, False),
        "running": _toggled("running", True, False),
        "deletion policy": _toggled("deletionPolicy", "Delete", "Orphan"),
    },
    "Network": {
        "name servers": _named,
        "access": _toggled("externalAccess", True, False),
        "packets": _toggled("mtu", 1280, 1400, 9000),
        "no protection": _LIFT,
        PROTECT: _toggled("deletionProtection", True),
        "deletion policy": _toggled("deletionPolicy", "Delete", "Orphan"),
    },
}
EDITS: dict[tuple[str, str], dict[str, Edit]] = {
    **{(name, kind): _EDITS[kind] for name, kind in ANSWERS},
    ("gardener", "Cluster"): {
        **_CLUSTER_EDITS,
        "pool removed": _unless_last(_pool_removed),
        "pools changed": _pools_changed(4),
    },
}


def new_world(rng: Random, kind: str | None = None) -> World:
    """Return an order that was never answered, and its environment."""
    backend, kind = rng.choice([pair for pair in ANSWERS if kind in (None, pair[1])])
    specs: dict[str, Callable[[], Manifest]] = {
        "Cluster": lambda: clusters(rng, backend),
        "Server": lambda: servers(rng),
        "Network": lambda: networks(rng),
    }
    return World(
        kind=kind,
        mode=rng.choice(list(Mode)),
        spec=specs[kind](),
        layers=environments(rng, **{kind: backend}),
        backend=backend,
    )


def edited(world: World, rng: Random) -> World:
    """Let the tenant make a legal edit."""
    edits = EDITS[world.backend, world.kind]
    name = rng.choice(sorted(edits))
    if name == PROTECT and world.spec != world.answered:
        return world
    spec, past = edits[name](world.spec, rng), {**world.past, world.generation: world.spec}
    return replace(world, spec=spec, past=past, generation=world.generation + 2)


def aged(world: World, rng: Random, passes: int) -> World:
    """Let a world pass through some waves, any part of it built, and perhaps be edited."""
    for _ in range(passes):
        reply = ask(world)
        assert not reply.fatal, f"refused without a fault: {reply.fatal}"
        share = rng.choice((0.3, 0.8, 1))
        world = advance(world, reply, frozenset(k for k in reply.desired if rng.random() < share))
        if rng.random() < 0.2:
            world = edited(world, rng)
    return world


def worlds(kind: str | None = None, least: int = 0) -> st.SearchStrategy[Case]:
    """Draw a world of any age, and chance for what becomes of it."""

    def build(seed: int) -> tuple[World, Random]:
        rng = Random(seed)  # noqa: S311  # cases are to be played again
        return aged(new_world(rng, kind), rng, rng.randint(least, 5)), rng

    return st.integers(0, 2**32 - 1).map(build)


def examples(divisor: int = 1) -> int:
    """Return how many cases a property gets: the profile's number, or a share of it."""
    profile = settings.default
    assert profile is not None
    return max(profile.max_examples // divisor, 10)
