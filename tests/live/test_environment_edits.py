"""Edit the environment of a live cluster: nothing changes before the version of the cluster does.

Each edit touches what the cluster uses. The same edit reaches a new cluster at once, and the
live one with its next version, so that no test passes because the edit means nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from function import local, simulate
from function.backends.capi import KEY
from function.bound import ANNOTATION
from function.model import API_GROUP
from function.paths import replaced
from tests import asking
from tests.asking import Manifest, inner, settled
from tests.samples import CERTIFICATES

PROFILE = f"{API_GROUP}/profile"
CACHE = {"name": "cache", "sizeGiB": 100}
TYPED = {**CACHE, "type": "encrypted"}
CERT = {"certManager": {"enabled": True}}
OTHER_CERT = {"certManager": {"extension": "other-cert"}}
VOLUMES = "spec.nodePools[].dataVolumes"
AFFINITY = "spec.nodePools[].antiAffinity"
DISK = "spec.nodePools[].rootVolume.sizeGiB"
KEYS = {"name": "name", "type": "type"}
TARGET = {"override": "disks", "keys": KEYS, "defaults": {"type": "a"}}


@dataclass(frozen=True)
class Edit:
    """One edit of an environment, and the order whose cluster it must not reach.

    Attributes:
        name: What is edited.
        provider: Example provider.
        edits: New values of the environment by path.
        spec: What the order says beside version and pools.
        pool: What its pool says.
        given: Values of the environment before, by path.
        refused: Whether a new order is refused after the edit.
        arrives: Whether the next version brings it.
    """

    name: str
    provider: str
    edits: Mapping[str, Any]
    spec: Mapping[str, Any] = field(default_factory=dict)
    pool: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    arrives: bool = True


def encrypted(name: str) -> Manifest:
    """Return the value of an environment that names the backend's type of volumes."""
    return {"volumeTypes": [{"name": "encrypted", "backendName": name}]}


def profile(**targets: Any) -> Manifest:
    """Return the value of an environment that is a profile of its class."""
    fields = {"spec.nodePools[].flavor": {"override": "machine"}, **targets}
    found = {"workerClass": "worker", "variables": {"plan": "a"}, "fields": fields}
    return {"backends.capi.profiles.kaas": found}


def offered(**values: Any) -> Manifest:
    """Return the value of an environment that is its only class."""
    return {"classes": [{"name": "default", "profile": "kaas", **values}]}


VARIABLES = {"variables": {"plan": "b"}}
GROUP = {"override": "group", "values": {"true": "one", "false": ""}}
EDITS = [
    Edit(
        "the type of a further volume",
        "kaas-only",
        encrypted("other"),
        pool={"dataVolumes": [TYPED]},
        given={**encrypted("ssd"), **profile(**{VOLUMES: TARGET})},
    ),
    Edit(
        "a type that is no longer offered",
        "kaas-only",
        {"volumeTypes": []},
        pool={"dataVolumes": [TYPED]},
        given={**encrypted("ssd"), **profile(**{VOLUMES: TARGET})},
        refused=True,
        arrives=False,
    ),
    Edit(
        "the default type of the profile",
        "kaas-only",
        profile(**{VOLUMES: {**TARGET, "defaults": {"type": "b"}}}),
        pool={"dataVolumes": [CACHE]},
        given=profile(**{VOLUMES: TARGET}),
    ),
    Edit(
        "a profile that maps volumes no longer",
        "kaas-only",
        profile(),
        pool={"dataVolumes": [CACHE]},
        given=profile(**{VOLUMES: TARGET}),
    ),
    Edit(
        "a class that declares volumes unsupported",
        "kaas-only",
        offered(unsupported={VOLUMES: "not here"}),
        pool={"dataVolumes": [CACHE]},
        given=profile(**{VOLUMES: TARGET}),
    ),
    Edit(
        "a server group of the profile",
        "kaas-only",
        profile(**{AFFINITY: {**GROUP, "values": {"true": "two", "false": ""}}}),
        pool={"antiAffinity": True},
        given=profile(**{AFFINITY: GROUP}),
    ),
    Edit(
        "volumes of the class",
        "kaas-only",
        offered(variables={"disks": [{"name": "more"}]}),
        pool={"dataVolumes": [CACHE]},
        given={**profile(**{VOLUMES: TARGET}), **offered(variables={"disks": []})},
    ),
    Edit(
        "a variable, opened and changed",
        "kaas-only",
        offered(tenantVariables=["plan"], **VARIABLES),
        given=profile(),
    ),
    Edit(
        "a variable, pinned to another value",
        "kaas-only",
        offered(pinned={"plan": {"value": "b", "reason": "b it is"}}),
        given=profile(),
    ),
    Edit(
        "a variable that is new",
        "kaas-only",
        offered(tenantVariables=["*"], variables={"more": 1}),
        given=profile(),
    ),
    Edit(
        "an addon of the profile",
        "kaas-only",
        profile(),
        spec={"addons": {"flux": {"enabled": True}}},
        given=profile(**{"spec.addons.flux.enabled": {"variable": "gitops"}}),
    ),
    Edit(
        "the type of a root volume",
        "gardener",
        encrypted("other"),
        pool={"rootVolume": {"sizeGiB": 50, "type": "encrypted"}},
    ),
    Edit(
        "the type of a data volume",
        "gardener",
        encrypted("other"),
        pool={"dataVolumes": [TYPED]},
    ),
    Edit(
        "the default volume",
        "gardener",
        {"backends.gardener.defaultVolume": {"sizeGiB": 80, "type": "other"}},
        pool={"dataVolumes": [CACHE]},
    ),
    Edit(
        "the policy of server groups",
        "gardener",
        {"backends.gardener.openstack.serverGroupPolicy": "anti-affinity"},
        pool={"antiAffinity": True},
    ),
    Edit(
        "a policy that is gone",
        "gardener",
        {"backends.gardener.openstack.serverGroupPolicy": None},
        pool={"antiAffinity": True},
    ),
    Edit(
        "the extension of an addon",
        "gardener",
        {"backends.gardener.addons": OTHER_CERT},
        spec={"addons": CERT},
    ),
    Edit(
        "an addon that is gone",
        "gardener",
        {"backends.gardener.addons": {}},
        spec={"addons": CERT},
    ),
    Edit(
        "the issuer's certificates",
        "gardener",
        {"access.oidc.caBundle": CERTIFICATES[0]},
    ),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.provider}-{edit.name}")
def test_an_edit_waits_for_a_version(edit: Edit) -> None:
    """A live cluster stays as it is until its version changes; a new one gets the edit."""
    previous = layers(edit.provider, edit.given)
    after = layers(edit.provider, {**edit.given, **edit.edits})
    order = order_of(edit, "1.34")
    made = settled(order, previous)
    assert inner(settled(order, after, made)) == inner(made), "an edit reached a live cluster"
    new = asking.ask(order, after)
    assert new.fatal if edit.refused else inner(new) != inner(asking.ask(order, previous))
    later = settled(order_of(edit, "1.35"), after, made)
    fresh = settled(order_of(edit, "1.35"), after if edit.arrives else previous)
    assert inner(later) == inner(fresh)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.provider}-{edit.name}")
def test_an_order_may_be_changed_in_between(edit: Edit) -> None:
    """Another edit of the order, such as one more node, does not bring the environment's along."""
    previous = layers(edit.provider, edit.given)
    after = layers(edit.provider, {**edit.given, **edit.edits})
    more = replaced(order_of(edit, "1.34"), "spec.nodePools[web].replicas", 4)
    made = settled(order_of(edit, "1.34"), previous)
    assert inner(settled(more, after, made)) == inner(settled(more, previous, made))


# Which issuer a cluster has is not read back: people log in elsewhere then, nothing is rebuilt.
REACHES_WITHOUT_RECORD = ("the issuer's certificates",)


@pytest.mark.parametrize(
    "edit",
    [edit for edit in EDITS if edit.name not in REACHES_WITHOUT_RECORD],
    ids=lambda edit: f"{edit.provider}-{edit.name}",
)
def test_an_edit_waits_where_the_record_is_lost(edit: Edit) -> None:
    """Two faults at once: live resources stay as they are, or the order is refused."""
    previous = layers(edit.provider, edit.given)
    after = layers(edit.provider, {**edit.given, **edit.edits})
    order = order_of(edit, "1.34")
    made = settled(order, previous)
    lost = simulate.play(made.resources)
    for one in lost.values():
        one.manifest["metadata"]["annotations"].pop(ANNOTATION, None)
    outcome = asking.ask(order, after, lost)
    assert outcome.fatal.startswith("BindingLost") or inner(outcome) == inner(made)


@pytest.mark.parametrize("retained", [True, False], ids=["recorded", "lost"])
@pytest.mark.parametrize(
    "edit", [e for e in EDITS if e.provider == "kaas-only" and not e.refused], ids=lambda e: e.name
)
def test_a_cluster_that_has_never_run_follows_its_environment(
    edit: Edit, *, retained: bool
) -> None:
    """What made it fail may be repaired; nothing runs that an edit would replace."""
    previous = layers(edit.provider, edit.given)
    after = layers(edit.provider, {**edit.given, **edit.edits})
    order = order_of(edit, "1.34")
    found = under_way(settled(order, previous))
    if not retained:
        found[KEY].manifest["metadata"]["annotations"].pop(ANNOTATION)
    outcome = asking.ask(order, after, found)
    assert not outcome.fatal
    assert inner(outcome) == inner(asking.ask(order, after)) != inner(asking.ask(order, previous))


def under_way(made: local.Outcome, **status: Any) -> dict[str, local.Observed]:
    """Return a cluster whose machines were begun, and whose control plane never responded."""
    result = simulate.play(made.resources)
    live = result[KEY].manifest["status"]["atProvider"]["manifest"]
    live["spec"]["infrastructureRef"] = {"kind": "OpenStackCluster", "name": "shop"}
    live["status"] = {"initialization": {"infrastructureProvisioned": True}, **status}
    return result


def test_a_class_is_repaired_under_clusters_that_have_never_run() -> None:
    """They get what the class is called today, and what its profile says; others keep theirs."""
    given = asking.provider("cluster-stacks")
    repaired = [
        replaced(
            layer,
            "data.kubernetesVersions",
            [
                {**offer, "classes": {n: f"{c}-repaired" for n, c in offer["classes"].items()}}
                for offer in layer["data"]["kubernetesVersions"]
            ],
        )
        if "kubernetesVersions" in layer["data"]
        else layer
        for layer in given
    ]
    made = settled(stacked("1.34"), given)
    was = inner(made)[0]["spec"]["topology"]["classRef"]["name"]
    for found, want in ((under_way(made), f"{was}-repaired"), (simulate.play(made.resources), was)):
        outcome = asking.ask(stacked("1.34"), repaired, found)
        assert inner(outcome)[0]["spec"]["topology"]["classRef"]["name"] == want


def test_a_flavor_that_is_withdrawn_meanwhile_is_kept() -> None:
    """The cluster may come up with it, and another would have to be ordered."""
    order = asking.order("cluster/minimal")
    given = profile()
    previous, after = (
        layers("kaas-only", given | {"flavors": [{"name": name}]})
        for name in ("SCS-8V-32-50", "SCS-1V-2-10")
    )
    made = settled(order, previous)
    outcome = asking.ask(order, after, under_way(made))
    assert inner(outcome) == inner(made)


@pytest.mark.parametrize("name", ["machineType", "machine", "workerFlavor"])
@pytest.mark.parametrize(
    "lost", [(ANNOTATION,), (ANNOTATION, PROFILE)], ids=["record", "record and profile"]
)
def test_nodes_keep_their_flavor_where_the_record_is_lost(name: str, lost: tuple[str, ...]) -> None:
    """Whatever the class calls it, and whatever is offered since for the size that was ordered."""
    given = profile(**{"spec.nodePools[].flavor": {"override": name}})
    order = asking.order("cluster/minimal")
    previous, after = (
        layers("kaas-only", given | {"flavors": [{"name": flavor} for flavor in offers]})
        for offers in (["SCS-8V-32-50"], ["SCS-2V-8-20", "SCS-8V-32-50"])
    )
    made = settled(order, previous)
    found = simulate.play(made.resources)
    for one in found.values():
        for annotation in lost:
            one.manifest["metadata"]["annotations"].pop(annotation, None)
    outcome = asking.ask(order, after, found)
    if PROFILE in lost:
        # Nothing says which of the overrides is the flavor.
        assert outcome.fatal.startswith("BindingLost")
    else:
        assert not outcome.fatal
        assert inner(outcome) == inner(made)


def test_flavors_that_a_class_names_otherwise_are_read_back() -> None:
    """The profile says what is written for each of them; two of one form are ambiguous."""
    forms = {"SCS-8V-32-50": "large", "SCS-2V-8-20": "small"}
    flavors = [{"name": name} for name in forms]
    order = asking.order("cluster/minimal")
    target = {"override": "machine", "values": forms}
    previous = layers(
        "kaas-only", profile(**{"spec.nodePools[].flavor": target}) | {"flavors": flavors[:1]}
    )
    made = settled(order, previous)
    after = layers(
        "kaas-only", profile(**{"spec.nodePools[].flavor": target}) | {"flavors": flavors}
    )
    outcome = asking.ask(order, after, without_record(made))
    assert not outcome.fatal
    assert inner(outcome) == inner(made)
    alike = target | {"values": dict.fromkeys(forms, "large")}
    twins = layers(
        "kaas-only", profile(**{"spec.nodePools[].flavor": alike}) | {"flavors": flavors}
    )
    outcome = asking.ask(order, after, without_record(settled(order, twins)))
    assert outcome.fatal.startswith("BindingLost")


@pytest.mark.parametrize(
    ("name", "given"),
    [("gardener", {}), ("kaas-only", profile(**{DISK: {"override": "disk"}}))],
    ids=["gardener", "capi"],
)
def test_no_disk_is_replaced_where_the_record_is_lost(name: str, given: Manifest) -> None:
    """Where the same flavor is offered without a disk, nodes would get a volume instead."""
    flavor = {"name": "own.large", "cpu": 4, "memoryGiB": 16}
    previous, after = (
        layers(name, {**given, "flavors": [offer]}) for offer in ({**flavor, "diskGiB": 50}, flavor)
    )
    order = order_of(Edit("", name, {}, pool={"flavor": "own.large"}), "1.34")
    made = settled(order, previous)
    outcome = asking.ask(order, after, without_record(made))
    assert outcome.fatal.startswith("BindingLost")
    assert "would be replaced: its" in outcome.fatal
    assert inner(asking.ask(order, previous, without_record(made))) == inner(made)


def without_record(made: local.Outcome) -> dict[str, local.Observed]:
    """Return what was made of an order, without the record of what was decided."""
    result = simulate.play(made.resources)
    for one in result.values():
        one.manifest["metadata"]["annotations"].pop(ANNOTATION, None)
    return result


# What cluster-api-provider-openstack 0.12 to 0.14 refuses of an OpenStackCluster that is there.
FIXED = {
    "apiServerLoadBalancer": "none",
    "disableAPIServerFloatingIP": True,
    "networkExternalID": "e2a1c7d4-6b1f-4a53-9d3c-7f20c1b8a9e6",
    "networkMTU": 1400,
    "nodeCIDR": "10.20.0.0/20",
}
ALLOWED = "apiServerLoadBalancerOctaviaAmphoraAllowedCIDRs"
LIMITED = {"apiServer": {"allowedCIDRs": ["203.0.113.0/24"]}}


@pytest.mark.parametrize("name", FIXED)
def test_what_the_infrastructure_keeps_comes_with_no_version(name: str) -> None:
    """Else the upgrade would be refused by the infrastructure, and every change after it."""
    made = settled(stacked("1.34"), asking.provider("cluster-stacks"))
    after = [
        replaced(layer, f"data.classes[default].variables.{name}", FIXED[name])
        if layer["metadata"]["name"] == "cluster-stacks-catalogue"
        else layer
        for layer in asking.provider("cluster-stacks")
    ]
    was = variables(made).get(name)
    assert variables(asking.ask(stacked("1.34"), after))[name] == FIXED[name] != was
    later = settled(stacked("1.35"), after, made)
    assert inner(later)[0]["spec"]["topology"]["version"].startswith("v1.35")
    assert variables(later).get(name) == was


@pytest.mark.parametrize("lost", [False, True], ids=["", "lost"])
@pytest.mark.parametrize(
    ("previous", "after", "field"),
    [
        ({}, LIMITED, "spec.apiServer.allowedCIDRs"),
        ({}, {"apiServer": {"exposure": "Private"}}, "spec.apiServer.exposure"),
        ({}, {"network": {"nodes": "10.20.0.0/20"}}, "spec.network.nodes"),
    ],
    ids=["allowed", "exposure", "nodes"],
)
def test_an_order_cannot_change_what_the_infrastructure_keeps(
    previous: Manifest, after: Manifest, field: str, *, lost: bool
) -> None:
    """It is refused by field, with the record of what was asked or without."""
    given = asking.provider("cluster-stacks")
    found = simulate.play(settled(stacked("1.34", **previous), given).resources)
    if lost:
        found[KEY].manifest["metadata"]["annotations"].pop(ANNOTATION)
    outcome = asking.ask(stacked("1.34", **after), given, found)
    assert outcome.fatal.startswith(f"InvalidOrder: {field}: cannot be changed")


@pytest.mark.parametrize(
    ("previous", "after"),
    [((), ("az1",)), (("az1",), ("az2",)), (("az1",), ()), (("az1", "az2"), ("az1",))],
)
def test_nodes_are_moved_to_no_zone_where_the_record_is_lost(
    previous: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """The previous order cannot be compared then, but the zones of the nodes are observed."""
    given = asking.provider("cluster-stacks")
    found = simulate.play(settled(zoned(*previous), given).resources)
    found[KEY].manifest["metadata"]["annotations"].pop(ANNOTATION)
    outcome = asking.ask(zoned(*after), given, found)
    assert outcome.fatal.startswith("InvalidOrder: spec.nodePools[web].zones: nodes of this pool")
    assert not asking.ask(zoned(*previous), given, found).fatal
    assert not previous or not asking.ask(zoned(*previous, "az3"), given, found).fatal


def zoned(*zones: str) -> Manifest:
    """Return an order whose pool names zones, or none."""
    pool = {"name": "web", "flavor": "SCS-4V-8", "replicas": 3}
    return stacked("1.34", nodePools=[{**pool, "zones": list(zones)} if zones else pool])


def test_networks_that_were_limited_once_stay_changeable() -> None:
    """The load balancer that can limit them stays, also where none is named any more."""
    given = asking.provider("cluster-stacks")
    made = settled(stacked("1.34", **LIMITED), given)
    other = {"apiServer": {"allowedCIDRs": ["198.51.100.0/24"]}}
    for spec, count in ((other, 2), ({}, 0), (LIMITED, 2)):
        made = settled(stacked("1.34", **spec), given, made)
        assert variables(made)["apiServerLoadBalancer"] == "octavia-amphora"
        assert len(variables(made).get(ALLOWED, ())) == count


GROUPS = "backends.gardener.openstack.serverGroupPolicy"
KEPT = f"{API_GROUP}/environment-values"
SPREAD = Edit("", "gardener", {}, pool={"antiAffinity": True}, spec={"addons": CERT})
OFFERED = {GROUPS: "soft-anti-affinity", "backends.gardener.addons": OTHER_CERT}


def test_what_is_offered_later_can_be_ordered_at_once() -> None:
    """By another pool, or as another addon; what was ordered before waits for its version."""
    previous = layers("gardener", {GROUPS: None, "backends.gardener.addons": {}})
    after = layers("gardener", OFFERED | {"backends.gardener.addons.flux": {"extension": "flux"}})
    order = order_of(SPREAD, "1.34")
    made = settled(order, previous)
    (pool,) = order["spec"]["nodePools"]
    pools = [pool, {**pool, "name": "more"}]
    addons = {**CERT, "flux": {"enabled": True}}
    more = {**order, "spec": {**order["spec"], "nodePools": pools, "addons": addons}}
    for version, groups, types in (
        ("1.34", [False, True], ["flux"]),
        ("1.35", [True, True], ["other-cert", "flux"]),
    ):
        more["spec"]["version"] = version
        (shoot,) = (one for one in inner(settled(more, after, made)) if one["kind"] == "Shoot")
        workers = shoot["spec"]["provider"]["workers"]
        assert ["providerConfig" in worker for worker in workers] == groups
        assert [one["type"] for one in shoot["spec"]["extensions"]] == types


def test_what_an_older_function_never_rendered_waits_for_a_version() -> None:
    """A setting that it did not know is not in its Shoots, nor in what it remembered of them."""
    previous = layers("gardener", {GROUPS: None, "backends.gardener.addons": {}})
    order = order_of(SPREAD, "1.34")
    older = simulate.play(settled(order, previous).resources)
    root = older["gardener-shoot"].manifest
    del root["spec"]["forProvider"]["manifest"]["spec"]["purpose"]
    retained = json.loads(root["metadata"]["annotations"][KEPT])
    known = {"defaultVolume": retained["defaultVolume"]}
    root["metadata"]["annotations"][KEPT] = json.dumps(known)
    outcome = asking.ask(order, layers("gardener", OFFERED), older)
    assert not outcome.fatal
    (shoot,) = (one for one in inner(outcome) if one["kind"] == "Shoot")
    assert shoot == root["spec"]["forProvider"]["manifest"]


def test_a_profile_that_is_named_later_is_not_recorded() -> None:
    """The record of a live cluster changes with the next version only."""
    order = order_of(SPREAD, "1.34")
    classes = [{"name": "default", "profile": "scs2"}]
    versions = [
        {"version": version, "classes": {"default": "c"}} for version in ("1.34.7", "1.35.4")
    ]
    made = settled(order, layers("gardener", {"kubernetesVersions": versions}))
    edits = {"kubernetesVersions": versions, "classes": classes}
    assert settled(order, layers("gardener", edits), made).resources == made.resources


def stacked(version: str, **spec: Any) -> Manifest:
    """Return an order for `cluster-stacks`."""
    order = asking.order("cluster/minimal")
    return {**order, "spec": {**order["spec"], "version": version, **spec}}


def variables(outcome: local.Outcome) -> dict[str, Any]:
    """Return the variables of the Cluster of an answer."""
    (cluster,) = inner(outcome)
    return {found["name"]: found["value"] for found in cluster["spec"]["topology"]["variables"]}


def order_of(edit: Edit, version: str) -> Manifest:
    """Return the order of an edit."""
    flavor = {"kaas-only": "SCS-4V-16-50", "gardener": "SCS-4V-16"}[edit.provider]
    order = asking.order("cluster/minimal")
    pool = {"name": "web", "flavor": flavor, "replicas": 3, **edit.pool}
    return {**order, "spec": {"version": version, "nodePools": [pool], **edit.spec}}


def layers(provider: str, edits: Mapping[str, Any]) -> list[Manifest]:
    """Return an example provider, its root layer edited, with a version to go to."""
    result = asking.provider(provider, edits)
    for layer in result:
        for version in layer["data"].get("kubernetesVersions", ()):
            version.pop("state", None)
    return result
