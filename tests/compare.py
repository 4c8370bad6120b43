"""Compare the answers of this checkout with those of another, such as the previous commit's.

    python -m tests.compare ../other-checkout

Every example order is answered in every example environment and both modes, along a history of
edits: of the order, of its version, and of each kind of setting of the environment. Both checkouts
answer the orders and environments of this one. Prints what differs, and exits with 1 if it does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import asking
from tests.asking import Manifest
from tests.reaches.worlds import merged

# Edits of an order, by path in `spec`, each made and taken back while it is live.
ORDER_EDITS: dict[str, tuple[Manifest, ...]] = {
    "cluster": (
        {"deletionPolicy": "Orphan"},
        {"healthCheck": {"unhealthyAfter": "9m"}},
        {"addons": {"flux": {"enabled": True}}},
        {"version": "1.35"},
    ),
    "server": ({"deletionPolicy": "Orphan"}, {"labels": {"a": "b"}}, {"replicas": 2}),
    "network": ({"deletionPolicy": "Orphan"}, {"dnsServers": ["192.0.2.8"]}),
}
# Edits of the last layer of an environment while an order is live.
ENVIRONMENT_EDITS: tuple[Manifest, ...] = (
    {},
    {"zones": [{"name": "elsewhere"}], "flavors": [], "images": [], "volumeTypes": []},
    {"access": {"oidc": {"issuerURL": "https://other.example", "clientID": "other"}}},
    {
        # Of these, those that the environment has.
        "backends": {
            "capi": {"labels": {"new": "label"}, "classNamespace": "elsewhere"},
            "gardener": {
                "purpose": "testing",
                "region": "elsewhere",
                "defaultVolume": {"sizeGiB": 99, "type": "other"},
                "machineTypes": {"SCS-2V-8": "m9", "SCS-4V-16": "m8"},
                "addons": {"flux": {"extension": "other-flux"}},
            },
            "openstack": {"dnsServers": ["192.0.2.7"], "defaultNetwork": None},
        }
    },
)


def histories() -> Iterator[tuple[str, Manifest, list[Manifest], str, Manifest]]:
    """Yield name, order, environment, mode and edit of the environment of each history."""
    for provider in asking.PROVIDERS:
        for order in asking.ORDERS:
            for mode in ("claims", "namespaced"):
                for number, edit in enumerate(ENVIRONMENT_EDITS):
                    layers = asking.provider(provider)
                    name = f"{provider} {order} {mode} {number}"
                    yield name, offered(asking.order(order), layers), layers, mode, edit


def edited(layer: Manifest, edit: Manifest) -> Manifest:
    """Return the last layer of an environment with an edit, of its own backends only."""
    known = layer["data"].get("backends", {})
    blocks = {name: block for name, block in edit.get("backends", {}).items() if name in known}
    return {**layer, "data": merged(layer["data"], {**edit, "backends": blocks})}


def offered(order: Manifest, layers: list[Manifest]) -> Manifest:
    """Return an order whose pools have flavors of the environment."""
    names = [flavor["name"] for layer in layers for flavor in layer["data"].get("flavors", ())]
    pools = [
        {**pool, "flavor": names[0]} if pool.get("flavor") not in (None, *names) else pool
        for pool in order["spec"].get("nodePools", ())
    ]
    return {**order, "spec": {**order["spec"], **({"nodePools": pools} if pools else {})}}


# Runs in either checkout, and uses only what both have.
_ANSWER = """
import json, sys
from function import local, simulate
from function.contract import Mode
from tests import asking

out = {}
for name, order, steps, mode in json.load(sys.stdin):
    seen, answers = {}, []
    for spec, layers in steps:
        one = {**order, "spec": {**order["spec"], **spec}}
        for _ in range(2):
            found = asking.ask(one, layers, seen, Mode(mode))
            status = found.composite.get("status")
            answers.append([found.fatal, found.complete, sorted(found.ready), status,
                            dict(found.resources)])
            if not found.fatal:
                seen = simulate.play(found.resources)
    out[name] = answers
json.dump(out, sys.stdout, sort_keys=True)
"""


def answers(checkout: Path) -> dict[str, list[Any]]:
    """Return all answers of a checkout, by history."""
    requested = []
    for name, order, layers, mode, edit in histories():
        last = edited(layers[-1], edit)
        steps: list[tuple[Manifest, list[Manifest]]] = [({}, layers), ({}, [*layers[:-1], last])]
        for change in ORDER_EDITS[order["kind"].lower()]:
            steps.append((change, [*layers[:-1], last]))
            steps.append(({}, [*layers[:-1], last]))
        requested.append((name, order, steps, mode))
    done = subprocess.run(
        [sys.executable, "-c", _ANSWER],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
        input=json.dumps(requested),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: {done.stderr.strip()}")
    result: dict[str, list[Any]] = json.loads(done.stdout)
    return result


def main(arguments: list[str]) -> int:
    """Print the histories whose answers differ, and how many answers were compared."""
    if len(arguments) != 1:
        raise SystemExit("usage: python -m tests.compare CHECKOUT")
    ours, theirs = (answers(path) for path in (asking.ROOT, Path(arguments[0])))
    differing = [name for name in ours if ours[name] != theirs[name]]
    for name in differing:
        numbers = [
            i
            for i, pair in enumerate(zip(ours[name], theirs[name], strict=True))
            if pair[0] != pair[1]
        ]
        sys.stdout.write(f"differs: {name}, answers {numbers}\n")
    total = sum(map(len, ours.values()))
    refused = sum(bool(answer[0]) for found in ours.values() for answer in found)
    sys.stdout.write(
        f"{total} answers ({refused} refusals) in {len(ours)} histories compared, "
        f"{len(differing)} histories differ\n"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
