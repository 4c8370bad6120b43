"""A class may differ by Kubernetes version: in name, variables, and how fields reach it."""

from typing import Any

import pytest

from function import local, simulate
from function.paths import lookup
from tests import asking
from tests.asking import Manifest

NEXT = {
    "workerClass": "worker",
    "variables": {"flavor": "SCS-2V-4", "image": ""},
    "fields": {"spec.nodePools[].flavor": {"override": "flavor"}},
}
RENAMED = {"name": "stack-1-35-v1", "profile": "next", "variables": {"image": "node-1.35"}}


def layers(**classes: Any) -> list[Manifest]:
    """Return the example provider of clusters, with what the class is for each version."""
    versions = [
        {"version": version, "classes": {"default": classes.get(f"v{version[2:4]}", "stack")}}
        for version in ("1.34.7", "1.35.4")
    ]
    edits = {"kubernetesVersions": versions, "backends.capi.profiles.next": NEXT}
    return asking.provider("kaas-only", edits)


def order(version: str) -> Manifest:
    """Return an order for a version."""
    manifest = asking.order("cluster/minimal")
    return {**manifest, "spec": {**manifest["spec"], "version": version}}


def cluster(outcome: local.Outcome) -> tuple[str, dict[str, Any], list[str]]:
    """Return the class of an outcome, its variables, and what its pools override."""
    assert outcome.fatal == ""
    [composed] = outcome.resources.values()
    topology = lookup(composed, "spec.forProvider.manifest.spec.topology")
    reference = topology.get("class") or lookup(topology, "classRef.name")
    pools = lookup(topology, "workers.machineDeployments")
    overridden = {v["name"] for pool in pools for v in lookup(pool, "variables.overrides")}
    variables = {v["name"]: v["value"] for v in topology["variables"]}
    return reference, variables, sorted(overridden)


def test_variables_of_one_version() -> None:
    """They override those of the class, for this version only."""
    provider = layers(v35={"name": "stack-1-35-v1", "variables": {"image": "node-1.35"}})
    name, variables, _ = cluster(asking.ask(order("1.35"), provider))
    assert (name, variables["image"]) == ("stack-1-35-v1", "node-1.35")
    assert "image" not in cluster(asking.ask(order("1.34"), provider))[1]


def test_a_version_whose_variables_have_other_names() -> None:
    """The class and its profile change with the version, in one edit of a live cluster."""
    provider = layers(v35=RENAMED)
    made = asking.settled(order("1.34"), provider)
    assert cluster(made)[2] == ["machine"]
    later = asking.settled(order("1.35"), provider, made)
    assert cluster(later) == (
        "stack-1-35-v1",
        {"flavor": "SCS-2V-4", "image": "node-1.35"},
        ["flavor"],
    )


def test_a_live_cluster_keeps_what_its_version_was() -> None:
    """An edit of the entry reaches it with its next version."""
    live = simulate.play(asking.settled(order("1.34"), layers()).resources)
    edited = layers(v34={**RENAMED, "name": "stack-1-34-v2"})
    assert cluster(asking.ask(order("1.34"), edited, live)) == cluster(
        asking.ask(order("1.34"), layers(), live)
    )


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        ({"profile": "nxt"}, "classes.default.profile: nxt is not one of: "),
        ({"colour": "red"}, "classes.default.colour: "),
        ({"name": ""}, "classes.default.name: "),
    ],
)
def test_an_entry_that_is_wrong(edit: Manifest, refusal: str) -> None:
    """The operator reads the path of it."""
    fatal = asking.ask(order("1.34"), layers(v35={**RENAMED, **edit})).fatal
    assert fatal.startswith(f"EnvironmentInvalid: kubernetesVersions[1.35.4].{refusal}")


def test_the_classes_that_have_a_version() -> None:
    """A version that only another class has is not unknown."""
    provider = layers()
    root = provider[0]["data"]
    root["classes"] = [*root["classes"], {"name": "new", "profile": "next"}]
    root["kubernetesVersions"][1]["classes"] = {"new": "stack-1-35-v1"}
    assert asking.ask(order("1.35"), provider).fatal == (
        "InvalidOrder: spec.version: not offered here; offered: 1.34.7; of other classes new has "
        "1.35.4"
    )
