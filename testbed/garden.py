"""Apply what makes a garden: the API of Gardener, and a landscape that tenants order from.

The landscape, in `objects/garden.yaml`, matches `examples/environments/gardener`.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from testbed.certificates import GARDENER_SERVICE
from testbed.install import ESTABLISHED_SECONDS, PATIENCE_SECONDS, Setup, documents, operator
from testbed.kubernetes import Kubernetes, Manifest
from testbed.site import Site
from testbed.waiting import until

LANDSCAPE = Path(__file__).parent / "objects" / "garden.yaml"
SERVED = (
    ("core.gardener.cloud", "v1beta1", 20),
    ("core.gardener.cloud", "v1", 10),
    ("seedmanagement.gardener.cloud", "v1alpha1", 10),
    ("operations.gardener.cloud", "v1alpha1", 10),
    ("security.gardener.cloud", "v1alpha1", 10),
)


def _run(site: Site) -> None:
    with closing(operator(site)) as api:
        for manifest in _registration(site):
            api.apply(manifest, patience=PATIENCE_SECONDS)
        for group, version, _ in SERVED:
            _await_served(api, f"/apis/{group}/{version}")
        for manifest in documents(LANDSCAPE):
            api.apply(manifest, patience=PATIENCE_SECONDS)


SETUP = Setup("the API of Gardener, a landscape and a project", _run)


def _registration(site: Site) -> Iterator[Manifest]:
    """Yield the objects that make the API server forward requests, by a service for localhost."""
    name, namespace = GARDENER_SERVICE.split(".")[:2]
    port = site.ports["gardener"]
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "type": "ExternalName",
            "externalName": "localhost",
            "ports": [{"port": port, "protocol": "TCP"}],
        },
    }
    for group, version, priority in SERVED:
        yield {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{version}.{group}"},
            "spec": {
                "group": group,
                "version": version,
                "groupPriorityMinimum": 10000,
                "versionPriority": priority,
                "service": {"name": name, "namespace": namespace, "port": port},
                "caBundle": site.authority,
            },
        }


def _await_served(api: Kubernetes, path: str) -> None:
    """Wait until requests are forwarded; the condition of the APIService holds before that."""
    until(
        lambda: api.request("GET", path).accepted,
        seconds=ESTABLISHED_SECONDS,
        what=f"{path} served",
    )
