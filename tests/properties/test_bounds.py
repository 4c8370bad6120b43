"""However large orders and environments are, answers arrive and can be stored, and texts are read.

Every dimension of an order is either small or at the limit of the model, and so is what the
environment offers and what providers report. What is too large is refused with figures.
"""

import asyncio
import copy
import functools
import json
from collections.abc import Callable, Mapping
from random import Random

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given, settings
from hypothesis import strategies as st

from function import excerpts, fn, local, plain, report, simulate, sizes
from function.contract import Manifest, Mode
from tests import asking
from tests.samples import manifest

from .strategies import examples

MIB = 2**20
LETTERS = "abcdefghijklmnopqrstuvwxyz"
RUNNER = fn.FunctionRunner()


def long(number: int, length: int) -> str:
    """Return a DNS label of a length, another for each number."""
    return f"{number:03}".translate(str.maketrans("0123456789", LETTERS[:10])) + "x" * (length - 3)


def at_most(rng: Random, limit: int, least: int = 0) -> int:
    """Return a number that is either small or at its limit."""
    return rng.choice((least, min(least + 1, limit), limit))


def keys(rng: Random, limit: int, length: int) -> dict[str, str]:
    """Return labels or annotations with keys as long as they may be."""
    prefix = ".".join(long(n, 63) for n in range(3)) + "." + long(3, 61)
    count = at_most(rng, limit)
    return {f"{prefix}/{long(n, 63)}": "v" * length for n in range(count)}


def pool(rng: Random, number: int, zones: int, wrong: bool) -> Manifest:
    """Return a node pool."""
    return {
        "name": long(number, 15),
        "flavor": long(number, 255) if wrong else "SCS-2V-8",
        "replicas": 30,
        "zones": [long(n + 500 * wrong, 63) for n in range(zones)],
        "labels": keys(rng, 32, 63),
        "annotations": keys(rng, 32, 1024),
        "taints": [
            {"key": long(n, 63), "value": "v" * 63, "effect": "NoSchedule"}
            for n in range(at_most(rng, 16))
        ],
        "rootVolume": {"sizeGiB": 50},
        "dataVolumes": [
            {"name": long(n, 15), "sizeGiB": 10, "type": long(n + 500 * wrong, 63)}
            for n in range(at_most(rng, 10))
        ],
    }


def cluster(rng: Random, *, classes: bool) -> Manifest:
    """Return an order for a cluster."""
    zones, wrong = at_most(rng, 10), rng.random() < 0.3
    text = "ä" * rng.choice((1, 1000))
    variables = {"dnsNameservers": [text] * at_most(rng, 300, 1)}
    more = {long(n, 200): {"a": text} for n in range(49)} if wrong else {}
    return {
        "version": "1.9" if wrong else "1.34",
        "nodePools": [pool(rng, n, zones, wrong) for n in range(at_most(rng, 50, 1))],
        **({"variables": {**variables, **more}} if classes else {}),
        "access": {
            "adminGroups": [long(n, 253) for n in range(at_most(rng, 50))],
            "viewerGroups": [long(n, 253) for n in range(at_most(rng, 50))],
        },
    }


def rules(rng: Random, peers: str) -> list[Manifest]:
    """Return rules of a firewall."""
    count, width = at_most(rng, 50), at_most(rng, 50, 1)
    return [
        {
            "protocol": "tcp",
            "ports": f"{10000 + n}-{20000 + n}",
            peers: [f"2001:db8:{n:x}:{peer:x}::/64" for peer in range(width)],
            "description": "ä" * rng.choice((1, 255)),
        }
        for n in range(count)
    ]


def server(rng: Random) -> Manifest:
    """Return an order for servers."""
    wrong = rng.random() < 0.2
    key = f"ssh-rsa {'A' * 2000}"
    access = rng.choice(
        ({"sshKeys": [f"{key} {n}" for n in range(20)]}, {"userData": "#" + "x" * 32000})
    )
    return {
        "replicas": at_most(rng, 50, 1),
        "flavor": long(0, 255) if wrong else "SCS-2V-4",
        "image": {"os": long(0, 63) if wrong else "ubuntu", "version": "24.04"},
        **access,
        "networks": [{"name": long(n, 63)} for n in range(at_most(rng, 8))],
        "publicIP": rng.random() < 0.5,
        "firewall": {"ingress": rules(rng, "from"), "egress": rules(rng, "to")},
        "volumes": [
            {"name": long(n, 32), "sizeGiB": 1, "type": long(n + 500 * wrong, 63)}
            for n in range(at_most(rng, 20))
        ],
        "labels": keys(rng, 32, 63),
        "deletionProtection": False,
    }


def network(rng: Random) -> Manifest:
    """Return an order for a network."""
    return {"cidr": "10.20.0.0/24", "dnsServers": [f"9.9.9.{n}" for n in range(at_most(rng, 5))]}


ORDERS: dict[tuple[str, str], Callable[[Random], Manifest]] = {
    ("Cluster", "cluster-stacks"): functools.partial(cluster, classes=True),
    ("Cluster", "gardener"): functools.partial(cluster, classes=False),
    ("Server", "cluster-stacks"): server,
    ("Network", "cluster-stacks"): network,
}


@functools.cache
def layers(provider: str) -> tuple[Manifest, ...]:
    """Return an example provider that offers five thousand flavors, and much of all else."""
    found = asking.provider(provider)
    for layer in found:
        layer["metadata"] |= {"uid": provider + layer["metadata"]["name"], "resourceVersion": "1"}
        for name in ("limits", "policy"):
            layer["data"].pop(name, None)
    root = next(layer for layer in found if "kinds" in layer["data"])
    catalogue = next(layer for layer in found if "flavors" in layer["data"])
    catalogue["data"]["flavors"] += [
        {"name": f"{'f' * 200}{n}", "cpu": 2, "memoryGiB": 4} for n in range(5000)
    ]
    catalogue["data"]["kubernetesVersions"] += [
        {"version": f"1.34.{n}", "classes": {"default": "x"}} for n in range(100, 1100)
    ]
    root["data"]["zones"] = [{"name": long(n, 63)} for n in range(200)]
    catalogue["data"]["volumeTypes"] += [
        {"name": long(n, 63), "backendName": "b" * 200} for n in range(200)
    ]
    return tuple(found)


def composite(kind: str, mode: Mode, rng: Random, spec: Manifest) -> Manifest:
    """Return the XR of an order with a name as long as it may be."""
    return local.composite_of(manifest(kind, spec, long(1, rng.choice((3, 57)))), mode)


def answered(
    xr: Manifest, provider: str, observed: Mapping[str, local.Observed]
) -> tuple[fnv1.RunFunctionResponse, local.Outcome]:
    """Return the last response of one reconcile, and what it says."""
    responses = []

    async def run(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        responses.append(await RUNNER.RunFunction(req, None))
        return responses[-1]

    outcome = asyncio.run(local.answer(run, xr, layers(provider), observed))
    return responses[-1], outcome


def check_bounds(rsp: fnv1.RunFunctionResponse, namespaced: bool) -> None:
    """Crossplane receives it, etcd stores what it is made of, and people can read its texts."""
    assert rsp.ByteSize() <= 3 * MIB
    texts = [r.message for r in rsp.results] + [c.message for c in rsp.conditions]
    assert max(len(text.encode()) for text in texts) <= excerpts.TEXT_OUT
    assert len(rsp.desired.resources) <= sizes.RESOURCES
    references = [
        json.dumps(
            {"apiVersion": m["apiVersion"], "kind": m["kind"], "name": m["metadata"]["name"]}
        )
        for m in (plain.to_manifest(r.resource) for r in rsp.desired.resources.values())
    ]
    assert max(map(len, references), default=0) <= 170
    status = plain.to_dict(rsp.desired.composite.resource).get("status", {})
    assert len(json.dumps(status)) <= report.LARGEST
    for found in rsp.desired.resources.values():
        manifest = plain.to_manifest(found.resource)
        assert found.resource.ByteSize() < MIB
        annotations = manifest["metadata"].get("annotations", {})
        assert sum(len(f"{k}{v}".encode()) for k, v in annotations.items()) <= sizes.STORED
        assert ("namespace" in manifest["metadata"]) is namespaced


def failing_parts(observed: dict[str, local.Observed], rng: Random) -> dict[str, local.Observed]:
    """Return observed resources that report at great length."""
    result = dict(observed)
    for key in rng.sample(sorted(result), min(3, len(result))):
        manifest = copy.deepcopy(result[key].manifest)
        text = rng.choice(("quota ", "x", "admission webhook ", "1")) * 200_000
        manifest["status"]["conditions"] = [
            {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": text}
        ]
        manifest["status"]["atProvider"] |= (
            {"address": text, "cidr": text} if rng.random() < 0.5 else {}
        )
        result[key] = local.Observed(manifest, result[key].connection)
    return result


@pytest.mark.parametrize(("kind", "provider"), ORDERS, ids=map("-".join, ORDERS))
@settings(max_examples=examples() // 5)
@given(seed=st.integers(0, 2**32 - 1))
def test_everything_is_bounded(kind: str, provider: str, seed: int) -> None:
    """New orders, and what becomes of those that are answered, pass after pass."""
    rng = Random(seed)  # noqa: S311  # cases are to be played again
    mode = rng.choice(list(Mode))
    xr = composite(kind, mode, rng, ORDERS[kind, provider](rng))
    observed: dict[str, local.Observed] = {}
    # Servers come in waves.
    for _ in range(3 if kind == "Server" else 1):
        rsp, outcome = answered(xr, provider, observed)
        check_bounds(rsp, mode is Mode.NAMESPACED)
        if outcome.fatal:
            assert outcome.fatal.startswith("InvalidOrder: ")
            return
        observed = simulate.play(outcome.resources)
    rsp, _ = answered(xr, provider, failing_parts(observed, rng))
    check_bounds(rsp, mode is Mode.NAMESPACED)
