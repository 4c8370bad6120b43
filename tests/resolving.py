"""Resolve orders in an environment that offers a bit of everything, with no backend."""

from typing import Any

import pytest

from function import resolve
from function.contract import Mode, Order, Progress
from function.errors import InvalidOrder
from function.model import KINDS
from function.record import Bound
from function.resolve import Resolution
from function.settings import Place, Settings

Data = dict[str, Any]


def image(os: str, version: str, **more: Any) -> Data:
    """Build an offered image; its id tells which it is."""
    architecture = more.get("architecture", "amd64")
    named = {"os": os, "version": version, "name": f"{os.title()} {version}"}
    return named | {"id": f"{os}-{architecture}", "user": os, "minDiskGiB": 8} | more


def release(version: str, state: str = "supported", **more: Any) -> Data:
    """Build an offered Kubernetes version."""
    classes = {"default": f"class-{version.replace('.', '-')}"}
    return {"version": version, "state": state, "classes": classes} | more


FLAVORS = ("SCS-1V-2", "SCS-2V-4", "SCS-2V-4-20s", "SCS-4V-8", "SCS-4V-16-50s", "SCS-2V-8-20_a")
BASE: Data = {
    "displayName": "Cloud",
    "kinds": {},
    "zones": [{"name": "az1"}, {"name": "az2"}, {"name": "az3"}],
    "flavors": [
        *({"name": name} for name in FLAVORS),
        {"name": "m1.large", "cpu": 8, "memoryGiB": 16, "diskGiB": 40},
    ],
    "images": [
        image("ubuntu", "24.04"),
        image("ubuntu", "24.04", architecture="arm64"),
        image("debian", "13", minDiskGiB=30),
    ],
    "volumeTypes": [{"name": "ssd", "backendName": "SSD-3"}],
    "kubernetesVersions": [
        release("1.32.9", "deprecated"),
        release("1.33.5"),
        release("1.34.2"),
        release("1.34.7", endOfLife="2026-10-27"),
        release("1.34.8", "preview"),
        release("1.35.1"),
        release("1.36.0"),
    ],
    "classes": [{"name": "default", "profile": "scs2"}],
    "access": {"oidc": {"issuerURL": "https://id.example", "clientID": "k8s"}},
}


def settings(**changes: Any) -> Settings:
    """Build an environment; the backends are never looked at."""
    return Settings.model_validate(BASE | changes)


OFFER = settings()
SETTLED = Progress()


def answered(
    kind: str,
    written: Data,
    offer: Settings = OFFER,
    previous: Bound | None = None,
    progress: Progress = SETTLED,
) -> Resolution:
    """Resolve an order."""
    spec = KINDS[kind].model_validate(written)
    order = Order(kind, "acme", "order", Mode.CLAIMS, "uid", written, spec)
    return resolve.RESOLVERS[kind](order, offer, previous, progress)


def refusals(
    kind: str,
    written: Data,
    offer: Settings = OFFER,
    previous: Bound | None = None,
    progress: Progress = SETTLED,
) -> list[str]:
    """Return why an order cannot be resolved."""
    with pytest.raises(InvalidOrder) as caught:
        answered(kind, written, offer, previous, progress)
    return [str(problem) for problem in caught.value.problems]


def remember(written: Data, resolution: Resolution) -> Bound:
    """Return what is bound after an answer."""
    return Bound(
        place=Place(),
        requested=written,
        estimate=resolution.estimate,
        **resolution.decided.decisions(),
    )


def chosen(resolution: Resolution) -> tuple[str, str, str, str]:
    """Return version and class of a cluster, with the backend's name and the profile."""
    found = resolution.decided
    return found.version, found.cluster_class, found.class_name, found.profile


def lives(kind: str, written: Data, offer: Settings = OFFER) -> Bound:
    """Return what is bound of an order that was answered once."""
    return remember(written, answered(kind, written, offer))


def runs(version: str, **fields: Any) -> Bound:
    """Return what is bound of a cluster that asked for exactly the version that it runs."""
    offer = settings(kubernetesVersions=[release(version)])
    return lives("Cluster", cluster(version), offer).model_copy(update=fields)


def cluster(version: str = "1.34", *pools: Data, **fields: Any) -> Data:
    """Build the spec of a Cluster."""
    return {"version": version, "nodePools": list(pools)} | fields


def pool(name: str = "web", **fields: Any) -> Data:
    """Build a node pool."""
    if "size" not in fields:
        fields = {"flavor": "SCS-2V-4"} | fields
    return {"name": name, "replicas": 2} | fields


def server(**fields: Any) -> Data:
    """Build the spec of a Server."""
    if "size" not in fields:
        fields = {"flavor": "SCS-2V-4"} | fields
    return {"image": {"os": "ubuntu", "version": "24.04"}} | fields


def volume(name: str, size: int, **fields: Any) -> Data:
    """Build a further volume of a server."""
    return {"name": name, "sizeGiB": size} | fields


def size(cpu: int, memory: float, **fields: Any) -> Data:
    """Build a size."""
    return {"cpu": cpu, "memoryGiB": memory} | fields


def flavor_of(resolution: Resolution, name: str = "server") -> str:
    """Return the flavor that was chosen."""
    result: str = resolution.decided.machines[name].flavor
    return result
