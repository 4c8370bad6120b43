"""What real cluster classes make of an order with every field, as the topology controller computes.

No cloud is behind it: the objects for OpenStack and kubeadm are computed and compared, field by
field, with what was ordered. A field is expressed, reported or refused; none is silently lost.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import simulate
from function.backends.capi import KEY
from function.backends.capi.derive import CLASS, derive
from function.contract import Mode
from function.paths import lookup, replaced
from testbed.kubernetes import APPLY, Kubernetes, Manifest, condition
from testbed.management import NAMESPACE
from testbed.waiting import until
from tests import asking, classes
from tests.classes import DISK, DISKLESS, ISSUER, STACKS

from . import shell
from .oracles import inside
from .planes import Plane

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("plane", ["management"], indirect=True)]

CLASSES = "/apis/cluster.x-k8s.io/v1beta2/clusterclasses"
VARIABLES = "spec.topology.variables"


@dataclass(frozen=True)
class Computed:
    """What the topology controller computed of a Cluster.

    Attributes:
        cluster: The Cluster.
        infrastructure: What is made of it in OpenStack.
        plane: Its control plane.
        plane_machine: Template of the machines of the control plane.
        pools: MachineDeployments by name and zone.
        machines: Templates of their machines.
    """

    cluster: Manifest
    infrastructure: Manifest
    plane: Manifest
    plane_machine: Manifest
    pools: dict[tuple[str, str], Manifest]
    machines: dict[tuple[str, str], Manifest]

    def machine(self, pool: str, path: str) -> Any:
        """Return a value of the machines of a pool."""
        [found] = {
            key[0]: lookup(one, f"spec.template.spec.{path}")
            for key, one in self.machines.items()
            if key[0] == pool
        }.values()
        return found

    @property
    def arguments(self) -> str:
        """Return the arguments of the API server, as text: the versions of kubeadm differ."""
        return str(lookup(self.plane, "spec.kubeadmConfigSpec.clusterConfiguration.apiServer"))


# What is ordered, by field, and whether the computed objects have it.
_ALL: dict[str, Callable[[Computed], Any]] = {
    "spec.controlPlane.flavor": lambda c: (
        lookup(c.plane_machine, "spec.template.spec.flavor") == "SCS-2V-8"
    ),
    "spec.controlPlane.availability": lambda c: (
        lookup(c.infrastructure, "spec.controlPlaneAvailabilityZones") == ["az1", "az2", "az3"]
        and lookup(c.plane, "spec.replicas") == 3
    ),
    "spec.access.oidc": lambda c: ISSUER["issuerURL"] in c.arguments and "email" in c.arguments,
    "spec.network.nodes": lambda c: (
        lookup(c.infrastructure, "spec.managedSubnets")[0]["cidr"] == "10.9.0.0/20"
    ),
    "spec.network.pods": lambda c: (
        lookup(c.cluster, "spec.clusterNetwork.pods.cidrBlocks") == ["10.32.0.0/12"]
    ),
    "spec.network.services": lambda c: (
        lookup(c.cluster, "spec.clusterNetwork.services.cidrBlocks") == ["10.64.0.0/16"]
    ),
    "spec.apiServer.allowedCIDRs": lambda c: (
        "203.0.113.0/24" in str(lookup(c.infrastructure, "spec.apiServerLoadBalancer.allowedCIDRs"))
    ),
    "spec.apiServer.extraNames": lambda c: "api.shop.example.org" in c.arguments,
    "spec.nodePools[plain].flavor": lambda c: c.machine("plain", "flavor") == DISKLESS,
    "spec.nodePools[disk].flavor": lambda c: c.machine("disk", "flavor") == DISK,
    "spec.nodePools[root].rootVolume.sizeGiB": lambda c: (
        c.machine("root", "rootVolume.sizeGiB") == 80
    ),
    "spec.nodePools[root].replicas": lambda c: lookup(c.pools["root", ""], "spec.replicas") == 2,
    "spec.nodePools[data].dataVolumes": lambda c: (
        [
            {"name": v["name"], "sizeGiB": v["sizeGiB"], "type": lookup(v, "storage.volume.type")}
            for v in c.machine("data", "additionalBlockDevices") or ()
        ]
        == [{"name": "images", "sizeGiB": 100, "type": "SSD"}]
    ),
    "spec.nodePools[zoned].zones": lambda c: (
        {
            zone: lookup(one, "spec.replicas")
            for (name, zone), one in c.pools.items()
            if name == "zoned"
        }
        == {"az1": 2, "az2": 1}
    ),
    "spec.nodePools[auto].autoscaling": lambda c: (
        {
            key.rpartition("-node-group-")[2]: value
            for key, value in lookup(c.pools["auto", ""], "metadata.annotations").items()
            if "autoscaler" in key
        }
        == {"min-size": "1", "max-size": "5"}
    ),
    "spec.nodePools[spread].antiAffinity": lambda c: c.machine("spread", "serverGroup"),
    "spec.nodePools[typed].rootVolume.type": lambda c: (
        c.machine("typed", "rootVolume.type") == "SSD"
    ),
    "spec.nodePools[typed].labels": lambda c: (
        "web" in lookup(c.pools["typed", ""], "spec.template.metadata.labels").values()
    ),
    "spec.nodePools[typed].drainTimeout": lambda c: (
        lookup(c.pools["typed", ""], "spec.template.spec.deletion.nodeDrainTimeoutSeconds") == 300
    ),
}
_PRIVATE: dict[str, Callable[[Computed], Any]] = {
    "spec.apiServer.exposure": lambda c: lookup(
        c.infrastructure, "spec.disableAPIServerFloatingIP"
    ),
    "spec.controlPlane.availability": lambda c: lookup(c.plane, "spec.replicas") == 3,
}


@pytest.fixture(params=[name for name in classes.CLASSES if "hcp" not in name])
def served(plane: Plane, request: pytest.FixtureRequest) -> str:
    """Apply a class with its templates; of other control planes no definitions are served."""
    name = str(request.param)
    apply_class(plane.operator, classes.documents(name))
    return name


def apply_class(api: Kubernetes, documents: list[Manifest]) -> None:
    """Apply a class with its templates, and wait until it can be used."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STACKS}})
    # Templates first: a class without them is not ready until it looks again.
    for manifest in sorted(documents, key=lambda one: one["kind"] == CLASS):
        applied = api.apply(replaced(manifest, "metadata.namespace", STACKS))
    where = api.path({**applied, "apiVersion": "cluster.x-k8s.io/v1beta2"})
    until(
        lambda: condition(api.get(where), "VariablesReady").get("status") == "True",
        seconds=60.0,
        what=f"the class {applied['metadata']['name']}",
    )


EXPECTED = {"all": _ALL, "private": _PRIVATE}


def computed(api: Kubernetes, manifest: Manifest) -> Computed:
    """Apply a Cluster, and return what is computed of it.

    Raises:
        AssertionError: It is refused, or its topology cannot be computed.
    """
    path = api.path(manifest)
    query = {"fieldManager": "provider-kubernetes", "force": "true"}
    answer = api.request("PATCH", path, manifest, content=APPLY, query=query)
    assert answer.accepted, answer.message

    def reconciled() -> bool:
        cluster = api.get(path) or {}
        found = condition(cluster, "TopologyReconciled")
        if found.get("observedGeneration") != lookup(cluster, "metadata.generation"):
            return False
        assert found.get("reason") != "ReconcileFailed", found["message"]
        return found.get("status") == "True"

    until(reconciled, seconds=60.0, what=f"the topology of {path}")
    cluster = api.get(path) or {}

    def referred(reference: Manifest) -> Manifest:
        group = reference["apiGroup"]
        version = "v1beta1" if group.startswith("infrastructure") else "v1beta2"
        found = {"apiVersion": f"{group}/{version}", "kind": reference["kind"]}
        named = {"name": reference["name"], "namespace": NAMESPACE}
        return api.get(api.path({**found, "metadata": named})) or {}

    plane = referred(cluster["spec"]["controlPlaneRef"])
    label = f"cluster.x-k8s.io/cluster-name%3D{cluster['metadata']['name']}"
    pools = {
        (
            one["metadata"]["labels"]["topology.cluster.x-k8s.io/deployment-name"].partition("-az")[
                0
            ],
            lookup(one, "spec.template.spec.failureDomain") or "",
        ): one
        for one in api.items(
            f"/apis/cluster.x-k8s.io/v1beta2/namespaces/{NAMESPACE}/machinedeployments"
            f"?labelSelector={label}"
        )
    }
    return Computed(
        cluster=cluster,
        infrastructure=referred(cluster["spec"]["infrastructureRef"]),
        plane=plane,
        plane_machine=referred(lookup(plane, "spec.machineTemplate.spec.infrastructureRef")),
        pools=pools,
        machines={
            key: referred(lookup(one, "spec.template.spec.infrastructureRef"))
            for key, one in pools.items()
        },
    )


def removed(api: Kubernetes, manifest: Manifest) -> None:
    """Delete a Cluster; no other has its name, so that nobody waits."""
    api.delete(api.path(manifest))


@pytest.mark.parametrize("which", classes.ORDERED)
def test_every_field_is_expressed_or_reported(plane: Plane, served: str, which: str) -> None:
    """Nothing of an order is lost in a real class."""
    answer = classes.answer(served, which)
    manifest = inside(answer.outcome.resources[KEY])
    found = computed(plane.operator, manifest)
    try:
        for field, holds in EXPECTED[which].items():
            assert bool(holds(found)) is (answer.cell(field) == "expressed"), field
        assert found.machine("plain", "rootVolume.sizeGiB"), "no disk for a flavor without one"
    finally:
        removed(plane.operator, manifest)


@pytest.mark.parametrize("served", ["scs2-1-34-v2"], indirect=True)
def test_derive_from_a_management_cluster(plane: Plane, tmp_path: Path, served: str) -> None:
    """The command of the documentation reads the classes of a server."""
    page = (asking.ROOT / "docs" / "command-line.md").read_text("utf-8")
    [command] = [line for line in page.splitlines() if line.endswith("| central-api profile -")]
    [printed] = yaml.safe_load_all(shell.run(plane.site, command, tmp_path))
    offered = [
        one if isinstance(one, str) else one["name"]
        for version in printed["data"]["kubernetesVersions"]
        for one in version["classes"].values()
    ]
    known = {one["metadata"]["name"] for one in plane.operator.items(CLASSES)}
    assert derive(classes.documents(served))[0].class_name in known
    assert offered
    assert set(offered) <= known


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("oidcConfig", {"clientID": "shop", "issuerURL": "https://login.example.com"}),
        ("oidc_config", {"client_id": "shop", "issuer_url": "https://login.example.com"}),
        ("certSANs", ["api.example.org"]),
    ],
)
def test_what_fails_is_derived(plane: Plane, served: str, variable: str, value: Any) -> None:
    """That a patch fails is known without a server, and no other one is said to fail."""
    [found] = derive(classes.documents(served))
    if variable not in found.types:
        pytest.skip("the class has no such variable")
    manifest = inside(classes.answer(served, "private").outcome.resources[KEY])
    name = f"{manifest['metadata']['name']}-{variable[:4]}".lower()
    manifest = replaced(manifest, "metadata.name", name)
    listed = [one for one in lookup(manifest, VARIABLES) if one["name"] != variable]
    edited = replaced(manifest, VARIABLES, [*listed, {"name": variable, "value": value}])
    try:
        if any(text.startswith(f"{variable} fails") for text in found.left):
            with pytest.raises(AssertionError, match="doc is missing path"):
                computed(plane.operator, edited)
        else:
            assert "example" in computed(plane.operator, edited).arguments
    finally:
        removed(plane.operator, edited)


ARM, GPU = "SCS-4V-16-50_a", "SCS-8V-32-100_GNa-64"
RULES: list[Manifest] = [
    {"name": "arm", "architecture": "arm64", "variables": {"imageName": "ubuntu-arm64"}},
    {
        "name": "gpu",
        "gpu": True,
        "workerClass": "gpu-worker",
        "labels": {"node.cluster.x-k8s.io/gpu": "nvidia"},
        "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
    },
]


CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/"
CLASS_OF_RULES = "openstack-with-gpus"


def with_rules(name: str) -> list[Manifest]:
    """Return an environment whose class has a second worker class, and rules for machines."""
    layers = classes.environment(classes.documents(name))
    [version] = layers[0]["data"]["kubernetesVersions"]
    edits = {
        "data.flavors": [{"name": flavor} for flavor in (DISK, ARM, GPU)],
        "data.classes[default].machines": RULES,
        "data.kubernetesVersions": [{**version, "classes": {"default": CLASS_OF_RULES}}],
        "data.backends.capi.taints": True,
        "data.backends.capi.scaleToZero": True,
    }
    for path, value in edits.items():
        layers = [replaced(layer, path, value) for layer in layers]
    return layers


@pytest.fixture
def second(plane: Plane, served: str) -> str:
    """Apply a copy of a class that has a second worker class, and return the name of the class."""
    found = next(one for one in classes.documents(served) if one["kind"] == CLASS)
    [worker] = lookup(found, "spec.workers.machineDeployments")
    # Patches name the worker classes that they are for.
    one, both = '"names": ["default-worker"]', '"names": ["default-worker", "gpu-worker"]'
    found = json.loads(json.dumps(found).replace(one, both))
    found = replaced(found, "metadata", {"name": CLASS_OF_RULES})
    workers = [worker, {**worker, "class": "gpu-worker"}]
    apply_class(plane.operator, [replaced(found, "spec.workers.machineDeployments", workers)])
    return served


@pytest.mark.parametrize("served", ["scs2-1-34-v2"], indirect=True)
def test_rules_for_machines(plane: Plane, second: str) -> None:
    """A pool takes image, worker class, labels and taints with its flavor, and leaves them."""
    api, layers, outcome = plane.operator, with_rules(second), None
    try:
        for flavor, worker_class, image in (
            (DISK, "default-worker", "ubuntu-capi-image"),
            (GPU, "gpu-worker", "ubuntu-capi-image"),
            (ARM, "default-worker", "ubuntu-arm64"),
        ):
            pool = {"name": "main", "flavor": flavor, "autoscaling": {"min": 0, "max": 2}}
            spec = {"controlPlane": {"flavor": flavor}, "nodePools": [pool]}
            order = classes.order("rules", spec, "1.34")
            observed = simulate.play(outcome.resources) if outcome else None
            outcome = asking.ask(order, layers, observed, mode=Mode.NAMESPACED)
            assert not outcome.fatal
            manifest = inside(outcome.resources[KEY])
            made, is_gpu = computed(api, manifest), worker_class == "gpu-worker"
            made_pool = made.pools["main", ""]
            assert made.machine("main", "flavor") == flavor
            [topology] = lookup(made.cluster, "spec.topology.workers.machineDeployments")
            assert topology["class"] == worker_class
            assert image in lookup(made.plane_machine, "spec.template.spec.image.filter.name")
            assert image in made.machine("main", "image.filter.name")
            labels = lookup(made_pool, "spec.template.metadata.labels")
            assert ("node.cluster.x-k8s.io/gpu" in labels) is is_gpu
            assert bool(lookup(made_pool, "spec.template.spec.taints")) is is_gpu
            annotations = lookup(made_pool, "metadata.annotations")
            assert (f"{CAPACITY}gpu-count" in annotations) is is_gpu
            assert annotations[f"{CAPACITY}cpu"] == flavor[len("SCS-")]
            assert lookup(made_pool, "spec.replicas") == 0
    finally:
        removed(api, manifest)
