"""Apply what makes a management cluster of Cluster API, and environments that order from it.

The classes, in `objects/class.yaml`, are those that `examples/environments/cluster-stacks` names.
Two environments differ in the version of the API that they write: `default` and `v1beta1`.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import yaml

from testbed import build, programs
from testbed.install import (
    KUSTOMIZATION,
    PATIENCE_SECONDS,
    Setup,
    await_condition,
    await_definitions,
    documents,
    layers,
    operator,
)
from testbed.kubernetes import Manifest
from testbed.programs import ClusterAPI
from testbed.servers import Server
from testbed.servers.capi import managers
from testbed.site import TENANT, Site
from tools.generate.backends import cluster_roles

OBJECTS = Path(__file__).parent / "objects"
EXAMPLE = "cluster-stacks"
NAMESPACE = f"clusters-{TENANT}"
CLASSES = ("openstack-scs2-1-33-v5", "openstack-scs2-1-34-v2", "openstack-scs2-1-35-v1")
OLDER = "v1beta1"
# Labels with the name of the environment in the example.
_LABELS = ("api.scs.community/environment", "api.scs.community/overlay")


def cluster_api(release: ClusterAPI) -> tuple[Server | Setup, ...]:
    """Return a release of Cluster API with cluster classes, in order."""

    def define(site: Site) -> None:
        with closing(operator(site)) as api:
            definitions = list(_definitions(site, release))
            for manifest in definitions:
                api.apply(manifest, patience=PATIENCE_SECONDS)
            await_definitions(api, definitions)

    def admit(site: Site) -> None:
        objects = (*cluster_roles(), *documents(OBJECTS / "capi.yaml"), *classes(*CLASSES))
        with closing(operator(site)) as api:
            for manifest in (*_webhooks(site, release), *objects):
                api.apply(manifest, patience=PATIENCE_SECONDS)
            for manifest in objects:
                if manifest["kind"] == "ClusterClass":
                    # Until then, variables of clusters are not validated.
                    await_condition(api, api.path(manifest), "VariablesReady")

    return (
        Setup("definitions of Cluster API", define),
        *managers(release),
        Setup("its webhooks, cluster classes, a tenant's namespace", admit),
    )


def _openstack(site: Site) -> None:
    directory = build.path(programs.FILES_OF_CAPO)
    labels = _contracts(directory)
    definitions = list(documents(directory / "bases"))
    with closing(operator(site)) as api:
        for manifest in definitions:
            manifest["metadata"].setdefault("labels", {}).update(labels)
            api.apply(manifest, patience=PATIENCE_SECONDS)
        await_definitions(api, definitions)


OPENSTACK = Setup("definitions of cluster-api-provider-openstack", _openstack)


def _offer(site: Site) -> None:
    with closing(operator(site)) as api:
        for environment in ("default", OLDER):
            for manifest in environment_layers(environment):
                api.apply(manifest, patience=PATIENCE_SECONDS)


ENVIRONMENT = Setup("environments for both versions of Cluster API", _offer)


def environment_layers(environment: str) -> Iterator[Manifest]:
    """Yield the layers of the example for an environment of this name."""
    for layer in layers(EXAMPLE):
        metadata, data = layer["metadata"], layer["data"]
        for label in _LABELS:
            if label in metadata["labels"]:
                metadata["labels"][label] = environment
        if environment == OLDER:
            metadata["name"] = f"{OLDER}-{metadata['name']}"
            if "layers" in data:
                data["layers"] = [f"{OLDER}-{name}" for name in data["layers"]]
        if "kinds" in data:
            data["backends"]["capi"]["namespace"] = "clusters-{tenant}"
            if environment == OLDER:
                data["backends"]["capi"]["apiVersion"] = OLDER
        yield layer


def classes(*names: str) -> Iterator[Manifest]:
    """Yield cluster classes with their templates."""
    text = (OBJECTS / "class.yaml").read_text()
    for name in names:
        yield from yaml.safe_load_all(text.replace("CLASS", name))


def _definitions(site: Site, release: ClusterAPI) -> Iterator[Manifest]:
    """Yield the definitions as installed: with contract labels and conversion webhooks."""
    for server, files in zip(managers(release), release.files, strict=True):
        directory = build.path(files) / "crd"
        labels = _contracts(directory)
        for manifest in documents(directory / "bases"):
            manifest["metadata"].setdefault("labels", {}).update(labels)
            client = _client(site, server.ports[1], "/convert")
            manifest["spec"]["conversion"] = {
                "strategy": "Webhook",
                "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client},
            }
            yield manifest


def _contracts(directory: Path) -> dict[str, str]:
    """Return the labels by which Cluster API knows which version of a kind it may use."""
    listed = yaml.safe_load((directory / KUSTOMIZATION).read_text())
    pairs = [labels["pairs"] for labels in listed.get("labels", ())]
    return {name: value for found in pairs for name, value in found.items()}


def _webhooks(site: Site, release: ClusterAPI) -> Iterator[Manifest]:
    """Yield the webhooks, called by address where they have a service elsewhere."""
    for server, files in zip(managers(release), release.files, strict=True):
        for manifest in documents(build.path(files) / "webhook" / "manifests.yaml"):
            manifest["metadata"]["name"] = f"{server.name}-{manifest['metadata']['name']}"
            for webhook in manifest["webhooks"]:
                path = webhook["clientConfig"]["service"]["path"]
                webhook["clientConfig"] = _client(site, server.ports[1], path)
            yield manifest


def _client(site: Site, port: str, path: str) -> dict[str, str]:
    return {"url": f"https://{site.address(port)}{path}", "caBundle": site.authority}
