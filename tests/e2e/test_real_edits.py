"""What an edit of an order replaces in real cluster classes is what the reference says of it.

The topology controller rotates a template whenever machines have to be replaced. So the templates
of control plane and pools before and after an edit show what it replaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from function import local, simulate
from function.backends.capi import KEY
from function.contract import Mode
from function.model import ClusterSpec
from function.paths import lookup, replaced
from function.schema import extra
from testbed.kubernetes import Manifest
from tests import asking, classes
from tests.classes import DISK, DISKLESS, ISSUER
from tests.holding import hold
from tools.generate import openapi, rules

from .oracles import inside
from .planes import Plane
from .test_real_classes import Computed, apply_class, computed, removed

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("plane", ["management"], indirect=True)]

CHANGES = {
    one.path: str(extra(one.info, "change"))
    for one in openapi.walk(ClusterSpec, "spec", change=rules.IN_PLACE)
}
ALLOWED = "spec.apiServer.allowedCIDRs"
MAIN, OTHER = "spec.nodePools[main]", "spec.nodePools[other]"
BASE: Manifest = {
    "deletionProtection": False,
    "controlPlane": {"flavor": "SCS-2V-8", "availability": "Node"},
    "apiServer": {"allowedCIDRs": ["203.0.113.0/24"]},
    "nodePools": [
        {
            "name": "main",
            "flavor": DISKLESS,
            "replicas": 1,
            "rootVolume": {"sizeGiB": 60},
            "labels": {"node.cluster.x-k8s.io/tier": "web"},
        },
        {"name": "other", "flavor": DISKLESS, "autoscaling": {"min": 1, "max": 3}},
    ],
}


@dataclass(frozen=True)
class Edit:
    """An edit of an order.

    Attributes:
        path: The field, as the reference has it.
        edits: New values, by concrete path.
        part: What the edit is about: `plane`, or a pool; what the reference calls rolling replaces
            the machines of this part.
    """

    path: str
    edits: Mapping[str, Any]
    part: str = ""

    @property
    def replaces(self) -> set[str]:
        """Return the parts whose machines the reference says are replaced."""
        return {self.part} if CHANGES[self.path] == "rolling" else set()


def _pool(name: str, value: Any, part: str = "main") -> Edit:
    where = MAIN if part == "main" else OTHER
    return Edit(f"spec.nodePools[].{name}", {f"{where}.{name}": value}, part)


EDITS = [
    Edit("spec.controlPlane.flavor", {"spec.controlPlane.flavor": "SCS-4V-8"}, "plane"),
    Edit("spec.controlPlane.flavor", {"spec.controlPlane.flavor": DISK}, "plane"),
    Edit(
        "spec.apiServer.allowedCIDRs",
        {"spec.apiServer.allowedCIDRs": ["203.0.113.0/24", "198.51.100.0/24"]},
    ),
    Edit(ALLOWED, {ALLOWED: None}),
    Edit("spec.apiServer.extraNames", {"spec.apiServer.extraNames": ["api.example.org"]}, "plane"),
    Edit("spec.access.oidc", {"spec.access.oidc": ISSUER}, "plane"),
    Edit("spec.healthCheck.unhealthyAfter", {"spec.healthCheck": {"unhealthyAfter": "9m"}}),
    _pool("replicas", 3),
    _pool("flavor", DISK),
    _pool("flavor", DISK, "other"),
    _pool("rootVolume.sizeGiB", 80),
    _pool("dataVolumes", [{"name": "cache", "sizeGiB": 20}]),
    _pool("labels", {"node.cluster.x-k8s.io/tier": "db"}),
    _pool("taints", [{"key": "dedicated", "value": "web", "effect": "NoSchedule"}]),
    _pool("drainTimeout", "7m"),
    _pool("update.maxSurge", 2),
    _pool("autoscaling.max", 6, "other"),
]
# Of each generation: snake case, released, unified variables, and variables that were renamed.
STACKS_OF = ("scs-1-32", "scs2-1-34-v2", "scs2-v1beta2", "pr259-scs-1-34")


def rotated(before: Computed, after: Computed) -> set[str]:
    """Return the parts whose machines are replaced."""
    found = {
        name
        for (name, zone), machine in before.machines.items()
        if after.machines[name, zone]["metadata"]["name"] != machine["metadata"]["name"]
        or _bootstrap(after.pools[name, zone]) != _bootstrap(before.pools[name, zone])
    }
    return found | ({"plane"} if _plane(before) != _plane(after) else set())


def _bootstrap(deployment: Manifest) -> Any:
    return lookup(deployment, "spec.template.spec.bootstrap.configRef.name")


def _plane(found: Computed) -> tuple[Any, Any, Any]:
    """Return what machines of the control plane are made from."""
    spec = found.plane["spec"]
    return found.plane_machine["metadata"]["name"], spec.get("kubeadmConfigSpec"), spec["version"]


def environment(name: str) -> list[Manifest]:
    """Return an environment that offers a class with what the edits order."""
    layers = classes.environment(classes.documents(name))
    flavors = [*layers[0]["data"]["flavors"], {"name": "SCS-4V-8"}]
    for path, value in {"data.flavors": flavors, "data.backends.capi.taints": True}.items():
        layers = [replaced(layer, path, value) for layer in layers]
    return layers


def spec_with(edits: Mapping[str, Any]) -> Manifest:
    """Return the order with edits."""
    found: Manifest = {"spec": BASE}
    for where, value in edits.items():
        found = replaced(found, where, value)
    return dict(found["spec"])


def answered(
    name: str,
    edits: Mapping[str, Any],
    observed: Mapping[str, local.Observed] | None = None,
) -> local.Outcome:
    """Return the answer to an order, without the limit of access that some classes refuse."""
    layers = environment(name)
    version = layers[0]["data"]["kubernetesVersions"][0]["version"].rpartition(".")[0]
    order = classes.order(f"edits-{name[-9:]}", spec_with(edits), version)
    outcome = asking.ask(order, layers, observed, mode=Mode.NAMESPACED)
    if outcome.fatal == f"InvalidOrder: {ALLOWED}: access to API servers cannot be limited here":
        return answered(name, {**edits, ALLOWED: None}, observed)
    assert outcome.fatal == ""
    return outcome


def is_expressed(edit: Edit, outcome: local.Outcome) -> bool:
    """Say whether the answer reports no gap in what is edited."""
    gaps = outcome.composite["status"].get("unsupported") or ()
    fields = [gap["field"].replace(f"[{edit.part}]", "[]") for gap in gaps]
    return not any(edit.path.startswith(one) for one in fields)


@pytest.mark.parametrize("name", STACKS_OF)
def test_what_edits_replace(plane: Plane, name: str) -> None:
    """What is accepted and expressed replaces what the reference says, and nothing else."""
    api = plane.operator
    apply_class(api, classes.documents(name))
    outcome = answered(name, {})
    base = inside(outcome.resources[KEY])
    try:

        def replaces(edit: Edit) -> None:
            nonlocal outcome
            # Taking the edit back is an edit, too: some classes fail with what it leaves.
            outcome = answered(name, {}, simulate.play(outcome.resources))
            found = computed(api, inside(outcome.resources[KEY]))
            outcome = after = answered(name, edit.edits, simulate.play(outcome.resources))
            made = computed(api, inside(after.resources[KEY]))
            expected = edit.replaces if is_expressed(edit, after) else set()
            assert rotated(found, made) == expected

        hold(replaces, [(f"{edit.path} of {edit.part}", edit) for edit in EDITS])
    finally:
        removed(api, base)
