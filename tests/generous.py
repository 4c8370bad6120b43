"""Play orders in an environment of one backend that offers more than the examples do."""

import copy
import functools
import json
from typing import Any

from function import local, simulate
from function.backends import parts
from function.bound import ANNOTATION
from function.model import API_GROUP
from function.paths import replaced
from tests import asking
from tests.fields import BASE
from tests.samples import manifest


def play(kind: str, backend: str, edits: dict[str, Any]) -> local.Outcome:
    """Answer the base order of a kind with edits, until nothing changes. Do not edit the answer."""
    return _played(kind, backend, json.dumps(edits))


@functools.lru_cache(maxsize=1024)
def _played(kind: str, backend: str, edits: str) -> local.Outcome:
    requested = order(kind, json.loads(edits))
    return settled(requested, backend, asking.ask(requested, generous(kind, backend)))


def settled(requested: dict[str, Any], backend: str, outcome: local.Outcome) -> local.Outcome:
    """Answer an order while providers follow, until it is refused or nothing changes."""
    layers = generous(requested["kind"], backend)
    for _ in range(local.MAX_CALLS):
        if outcome.fatal:
            return outcome
        former, outcome = outcome, asking.ask(requested, layers, simulate.play(outcome.resources))
        if outcome.resources == former.resources and outcome.composite == former.composite:
            return outcome
    raise AssertionError("never settled")


def order(kind: str, edits: dict[str, Any]) -> dict[str, Any]:
    """Return the base order of a kind with edits."""
    spec = {**copy.deepcopy(BASE[kind]), **edits}
    return manifest(kind, {key: value for key, value in spec.items() if value is not None}, "x")


@functools.cache
def generous(kind: str, backend: str) -> list[dict[str, Any]]:
    """Return the first example provider with more of everything, for one backend."""
    repaired = asking.with_login(asking.provider("cluster-stacks"))
    layers = {layer["metadata"]["name"]: layer for layer in repaired}
    catalogue, root = layers["cluster-stacks-catalogue"], layers["cluster-stacks"]
    blocks = {name: part.EXAMPLE.full for name, part in parts("example").items()}
    root = replaced(root, "data.limits", {})
    root = replaced(root, "data.backends", blocks)
    root = replaced(root, "data.kinds", {**root["data"]["kinds"], kind: backend})
    data = catalogue["data"]
    names = ["SCS-2V-4_a", "SCS-2C-4", "SCS-2V-4-100s", "SCS-4V-16-100"]
    gpus = [
        {"name": f"gpu.{n}", "cpu": 2, "memoryGiB": 4, "gpu": gpu}
        for n, gpu in enumerate(
            [
                {"vendor": "nvidia", "memoryGiB": 24},
                {"vendor": "nvidia", "count": 2, "memoryGiB": 24},
                {"vendor": "nvidia", "memoryGiB": 80},
                {"vendor": "amd", "memoryGiB": 24},
            ]
        )
    ]
    images = [
        {**data["images"][0], "version": "22.04", "name": "Ubuntu 22.04", "id": "jammy"},
        {**data["images"][0], "architecture": "arm64", "id": "arm"},
    ]
    both = [
        {**v, "classes": {**v["classes"], "other": "another-class"}}
        for v in data["kubernetesVersions"]
    ]
    default = {**data["classes"][0], "tenantVariables": ["open"]}
    other = {**default, "name": "other"}
    data = {
        **data,
        "flavors": [*data["flavors"], *({"name": name} for name in names), *gpus],
        "images": [*data["images"], *images],
        "classes": [default, other],
        "kubernetesVersions": both,
    }
    return [{**catalogue, "data": data}, root]


def substance(outcome: local.Outcome) -> dict[str, Any]:
    """Return the resources without what the function remembers beside them."""
    result = copy.deepcopy(dict(outcome.resources))
    for resource in result.values():
        for name in (ANNOTATION, f"{API_GROUP}/environment-values"):
            resource["metadata"]["annotations"].pop(name, None)
    return result
