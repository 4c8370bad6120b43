"""Check how EnvironmentConfigs add up to one environment, and when they are refused.

Most layers here are as small as an environment can be: a name for people, one kind, and
the empty block of its backend.
"""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function import environment, local
from function.backends import SETTINGS
from function.backends.capi import PROFILES
from function.contract import Environment
from function.errors import EnvironmentInvalid, EnvironmentNotFound
from function.excerpts import listed
from function.merge import Blame
from function.model import KINDS
from function.schema import fields
from tests import asking
from tests.samples import UBUNTU

Layer = dict[str, Any]


def layer(name: str, data: Any) -> Layer:
    """Build an EnvironmentConfig; labels do not matter once it was found."""
    return {"metadata": {"name": name}, "data": data}


def root(**data: Any) -> Layer:
    """Build a root layer that is valid on its own, with more or other keys."""
    least = {"displayName": "Cloud", "kinds": {"Cluster": "capi"}, "backends": {"capi": {}}}
    return layer("root", least | data)


def assembled(*base: Layer, overlays: tuple[Layer, ...] = ()) -> Environment:
    """Merge layers into the environment `default`."""
    return environment.assemble("default", base, overlays, SETTINGS)


def refused(*base: Layer, overlays: tuple[Layer, ...] = ()) -> list[str]:
    """Return the problems of layers that do not add up."""
    with pytest.raises(EnvironmentInvalid) as caught:
        assembled(*base, overlays=overlays)
    return [str(problem) for problem in caught.value.problems]


BACKENDS = ", ".join(sorted(SETTINGS))
KINDS_QUOTED = ", ".join(repr(kind) for kind in KINDS)
CAPI_FIELDS = ", ".join(sorted(fields(SETTINGS["capi"])))
NONE_LISTED = {"flavors": [{"name": "SCS-1V-2"}]}


def test_selectors() -> None:
    """Both name their environment; the overlay is for this tenant only."""
    assert environment.selectors("region-two", "acme") == {
        "environment region-two": {"api.scs.community/environment": "region-two"},
        "overlay region-two": {
            "api.scs.community/overlay": "region-two",
            "api.scs.community/tenant": "acme",
        },
    }


def test_one_root_is_an_environment() -> None:
    """A single layer says it all."""
    found = assembled(root())
    assert (found.name, found.root, found.layers) == ("default", "root", ("root",))
    assert found.provenance == {
        "displayName": "root",
        "kinds.Cluster": "root",
        "backends.capi": "root",
    }
    assert found.settings.backend_of("Cluster") == "capi"
    assert found.settings.backend_of("Server") is None


def test_no_layer_is_no_environment() -> None:
    """The operator reads which label was looked for, the tenant that there is nothing for it."""
    with pytest.raises(EnvironmentNotFound) as caught:
        environment.assemble("nowhere", [], [], SETTINGS)
    assert str(caught.value) == (
        "no EnvironmentConfig has the label api.scs.community/environment: nowhere"
    )
    assert caught.value.public == "environment nowhere is not available to you"


LAYER_RULES: dict[str, tuple[list[Layer], list[str]]] = {
    "no root": (
        [layer("a", NONE_LISTED), layer("b", {})],
        ["environment default: no EnvironmentConfig holds kinds among: a, b"],
    ),
    "two roots": (
        [root(), layer("other", {"kinds": {"Server": "openstack"}})],
        ["environment default: more than one holds kinds among: other, root"],
    ),
    "unlisted": (
        [root(), layer("flavors", NONE_LISTED)],
        ["EnvironmentConfig flavors: is not listed in layers of root"],
    ),
    "listed but absent": (
        [root(layers=["flavors"])],
        ["EnvironmentConfig root: layers: flavors is listed but not there"],
    ),
    "both at once": (
        [root(layers=["flavours"]), layer("flavors", NONE_LISTED)],
        [
            "EnvironmentConfig root: layers: flavours is listed but not there",
            "EnvironmentConfig flavors: is not listed in layers of root",
        ],
    ),
    "duplicate root": ([root(), root()], ["EnvironmentConfig root: duplicate"]),
    "duplicate layer": (
        [root(layers=["a"]), layer("a", {}), layer("a", {})],
        ["EnvironmentConfig a: duplicate"],
    ),
    "layers is text": (
        [root(layers="a"), layer("a", {})],
        ["EnvironmentConfig root: layers: must be a list of names"],
    ),
    "layers holds a number": (
        [root(layers=[1])],
        ["EnvironmentConfig root: layers: must be a list of names"],
    ),
    "keys of the root elsewhere": (
        [
            root(layers=["a"]),
            layer("a", {"layers": [], "overlays": "None", "tenants": [], "moves": []}),
        ],
        [
            "EnvironmentConfig a: layers: belongs into the root, root",
            "EnvironmentConfig a: overlays: belongs into the root, root",
            "EnvironmentConfig a: tenants: belongs into the root, root",
            "EnvironmentConfig a: moves: belongs into the root, root",
        ],
    ),
    "data is a list": (
        [root(), layer("a", [])],
        ["EnvironmentConfig a: data: must be a mapping"],
    ),
    "data is missing": (
        [{"metadata": {"name": "a"}}],
        ["EnvironmentConfig a: data: must be a mapping"],
    ),
    "no name": ([{"data": None}], ["EnvironmentConfig without a name: data: must be a mapping"]),
}


@pytest.mark.parametrize(("base", "want"), LAYER_RULES.values(), ids=LAYER_RULES)
def test_layers_that_do_not_add_up(base: list[Layer], want: list[str]) -> None:
    """A lost or foreign layer never means a smaller, valid environment."""
    assert refused(*base) == want


OVERLAY_RULES: dict[str, tuple[dict[str, Any], list[Layer], list[str]]] = {
    "none wanted by default": (
        {},
        [layer("acme", {})],
        ["EnvironmentConfig root: overlays: None, found: acme"],
    ),
    "none wanted": (
        {"overlays": "None"},
        [layer("acme", {})],
        ["EnvironmentConfig root: overlays: None, found: acme"],
    ),
    "required": (
        {"overlays": "Required"},
        [],
        ["EnvironmentConfig root: overlays: Required, none found"],
    ),
    "more than one": (
        {"overlays": "Optional"},
        [layer("b", {}), layer("a", {})],
        ["more than one overlay for one tenant: a, b"],
    ),
    "more than one though required": (
        {"overlays": "Required"},
        [layer("b", {}), layer("a", {})],
        ["more than one overlay for one tenant: a, b"],
    ),
    "keys of the root": (
        {"overlays": "Optional"},
        [layer("acme", {"kinds": {}, "layers": [], "overlays": "", "tenants": [], "moves": []})],
        [
            "EnvironmentConfig acme: kinds: an overlay may not set it",
            "EnvironmentConfig acme: layers: an overlay may not set it",
            "EnvironmentConfig acme: overlays: an overlay may not set it",
            "EnvironmentConfig acme: tenants: an overlay may not set it",
            "EnvironmentConfig acme: moves: an overlay may not set it",
        ],
    ),
    "not a choice": (
        {"overlays": "optional"},
        [],
        ["overlays: must be one of 'None', 'Optional', 'Required' (EnvironmentConfig root)"],
    ),
    "a boolean, as YAML reads no": (
        {"overlays": False},
        [],
        ["overlays: must be one of 'None', 'Optional', 'Required' (EnvironmentConfig root)"],
    ),
    "base layer that is an overlay too": (
        {"overlays": "Optional"},
        [root()],
        ["EnvironmentConfig root: duplicate"],
    ),
}


@pytest.mark.parametrize(("data", "overlays", "want"), OVERLAY_RULES.values(), ids=OVERLAY_RULES)
def test_overlays_that_are_refused(
    data: dict[str, Any], overlays: list[Layer], want: list[str]
) -> None:
    """The root says whether tenants have a layer of their own; they have one at most."""
    assert refused(root(**data), overlays=tuple(overlays)) == want


@pytest.mark.parametrize(
    ("wanted", "overlays"),
    [("None", ()), ("Optional", ()), ("Optional", ("acme",)), ("Required", ("acme",))],
)
def test_overlays_that_fit(wanted: str, overlays: tuple[str, ...]) -> None:
    """An overlay comes last of the layers, whatever its name."""
    config = tuple(layer(name, {}) for name in overlays)
    found = assembled(root(overlays=wanted, layers=["zz"]), layer("zz", {}), overlays=config)
    assert found.layers == ("root", "zz", *overlays)


def test_merge_of_base_layers() -> None:
    """Objects merge deep, lists of objects entry by entry, and each value knows its layer."""
    found = assembled(
        root(
            layers=["more"],
            limits={"cpu": 10},
            zones=[{"name": "az1"}],
            access={"oidc": {"issuerURL": "https://id.example"}},
            classes=[{"name": "default", "profile": "scs2", "variables": {"a": 1}}],
            kubernetesVersions=[{"version": "1.34.7", "classes": {"default": "x"}}],
            images=[UBUNTU],
            policy=[{"field": "spec.replicas", "max": 3, "reason": "r"}],
            volumeTypes=[],
        ),
        layer(
            "more",
            {
                "limits": {"gpus": 0},
                "zones": [{"name": "az2"}, {"name": "az1"}],
                "access": {"oidc": {"clientID": "k8s"}},
                "classes": [{"name": "default", "variables": {"b": [1, 2]}}],
                "kubernetesVersions": [
                    {"version": "1.34.7", "endOfLife": "2026-10-27"},
                    {"version": "1.35.4", "classes": {"default": "y"}},
                ],
                "images": [{**UBUNTU, "architecture": "arm64", "id": "other"}],
                "policy": [
                    {"field": "spec.replicas", "min": 1, "reason": "r"},
                    {"field": "spec.deletionPolicy", "kind": "Server", "pin": "Delete",
                     "reason": "r"},
                    {"field": "spec.deletionPolicy", "kind": "Cluster", "pin": "Orphan",
                     "reason": "r"},
                ],
                "volumeTypes": [{"name": "ssd", "backendName": "SSD"}],
            },
        ),
    )  # fmt: skip
    settings = found.settings.model_dump(exclude_defaults=True, exclude={"backends"})
    assert settings == {
        "displayName": "Cloud",
        "layers": ("more",),
        "kinds": {"Cluster": "capi"},
        "zones": ({"name": "az2"}, {"name": "az1"}),
        "limits": {"cpu": 10, "gpus": 0},
        "access": {"oidc": {"issuerURL": "https://id.example", "clientID": "k8s"}},
        "classes": ({"name": "default", "profile": "scs2", "variables": {"a": 1, "b": [1, 2]}},),
        "kubernetesVersions": (
            {
                "version": "1.34.7",
                "classes": {"default": {"name": "x"}},
                "endOfLife": "2026-10-27",
            },
            {"version": "1.35.4", "classes": {"default": {"name": "y"}}},
        ),
        "images": ({**UBUNTU, "architecture": "arm64", "id": "other"}, UBUNTU),
        "policy": (
            {"field": "spec.replicas", "min": 1.0, "reason": "r"},
            {"field": "spec.deletionPolicy", "kind": "Server", "pin": "Delete", "reason": "r"},
            {"field": "spec.deletionPolicy", "kind": "Cluster", "pin": "Orphan", "reason": "r"},
            {"field": "spec.replicas", "max": 3.0, "reason": "r"},
        ),
        "volumeTypes": ({"name": "ssd", "backendName": "SSD"},),
    }
    wanted = {
        "limits.cpu": "root",
        "limits.gpus": "more",
        "zones[az1].name": "root",
        "zones[az2].name": "more",
        "access.oidc.issuerURL": "root",
        "access.oidc.clientID": "more",
        "classes[default].profile": "root",
        "classes[default].variables.b": "more",
        "kubernetesVersions[1.34.7].endOfLife": "more",
        "kubernetesVersions[1.35.4].version": "more",
        "images[ubuntu/24.04/amd64].id": "root",
        "images[ubuntu/24.04/arm64].id": "more",
        "policy[spec.replicas/max].max": "root",
        "policy[spec.replicas/min].min": "more",
        "policy[spec.deletionPolicy/pin/Server].pin": "more",
        "policy[spec.deletionPolicy/pin/Cluster].pin": "more",
    }
    assert {path: found.provenance.get(path) for path in wanted} == wanted


CONFLICTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "scalar": (
        {"limits": {"cpu": 1}},
        {"limits": {"cpu": 2}},
        ["limits.cpu: EnvironmentConfigs more and root set it differently"],
    ),
    "scalar of an entry": (
        {"flavors": [{"name": "m1", "cpu": 1}]},
        {"flavors": [{"name": "m1", "cpu": 2}]},
        ["flavors[m1].cpu: EnvironmentConfigs more and root set it differently"],
    ),
    "list of scalars": (
        {"access": {"extraScopes": ["a", "b"]}},
        {"access": {"extraScopes": ["b", "a"]}},
        ["access.extraScopes: EnvironmentConfigs more and root set it differently"],
    ),
    "object and scalar": (
        {"limits": {"cpu": 1}},
        {"limits": 1},
        ["limits: EnvironmentConfigs more and root set it differently"],
    ),
    "image": (
        {"images": [UBUNTU]},
        {"images": [{**UBUNTU, "id": "another", "architecture": "amd64"}]},
        [
            "images[ubuntu/24.04/amd64].id: EnvironmentConfigs more and root set it differently",
        ],
    ),
    "rule": (
        {"policy": [{"field": "spec.replicas", "max": 1, "reason": "a"}]},
        {"policy": [{"field": "spec.replicas", "max": 2, "reason": "a"}]},
        [
            "policy[spec.replicas/max].max: "
            "EnvironmentConfigs more and root set it differently",
        ],
    ),
    "entry twice": (
        {"zones": [{"name": "az1"}, {"name": "az1"}]},
        {},
        ["zones[az1]: EnvironmentConfig root: duplicate"],
    ),
    "entry without a name": (
        {"zones": [{"name": "az1"}, {}]},
        {},
        ["zones: EnvironmentConfig root: an entry without what names it"],
    ),
    "image without a version": (
        {"images": [{"os": "ubuntu"}]},
        {"images": [UBUNTU]},
        ["images: EnvironmentConfig root: an entry without what names it"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "want"), CONFLICTS.values(), ids=CONFLICTS)
def test_conflicts_of_base_layers(
    one: dict[str, Any], other: dict[str, Any], want: list[str]
) -> None:
    """Two base layers that contradict each other are both named."""
    assert refused(root(layers=["more"], **one), layer("more", other)) == want


def test_base_layers_may_agree() -> None:
    """Saying the same thing twice is no contradiction."""
    same = {"limits": {"cpu": 1}, "zones": [{"name": "az1"}], "access": {"extraScopes": ["a"]}}
    assert assembled(root(layers=["more"], **same), layer("more", same)).layers == ("more", "root")


def test_overlay_replaces() -> None:
    """A tenant's layer wins over the base ones, entry by entry, and is named for it."""
    found = assembled(
        root(
            overlays="Optional",
            limits={"cpu": 10, "gpus": 0},
            policy=[{"field": "spec.replicas", "max": 3, "reason": "r"}],
            access={"extraScopes": ["groups"], "oidc": {"issuerURL": "https://a", "clientID": "k"}},
            flavors=[{"name": "m1", "cpu": 2, "memoryGiB": 4}],
        ),
        overlays=(
            layer(
                "acme",
                {
                    "limits": {"cpu": 20},
                    "policy": [{"field": "spec.replicas", "max": 9, "reason": "acme"}],
                    "access": {"extraScopes": [], "oidc": None},
                    "flavors": [{"name": "m1", "cpu": 3}, {"name": "SCS-1V-2"}],
                },
            ),
        ),
    )
    settings = found.settings.model_dump(exclude_defaults=True)
    assert {key: settings[key] for key in ("limits", "policy", "flavors")} == {
        "limits": {"cpu": 20, "gpus": 0},
        "policy": ({"field": "spec.replicas", "max": 9.0, "reason": "acme"},),
        "flavors": ({"name": "m1", "cpu": 3, "memoryGiB": 4.0}, {"name": "SCS-1V-2"}),
    }
    assert found.settings.access.oidc is None
    assert found.settings.access.extra_scopes == ()
    assert found.provenance == {
        "displayName": "root",
        "kinds.Cluster": "root",
        "backends.capi": "root",
        "overlays": "root",
        "limits.cpu": "acme",
        "limits.gpus": "root",
        "policy[spec.replicas/max].field": "acme",
        "policy[spec.replicas/max].max": "acme",
        "policy[spec.replicas/max].reason": "acme",
        "access.extraScopes": "acme",
        "access.oidc": "acme",
        "flavors[m1].name": "acme",
        "flavors[m1].cpu": "acme",
        "flavors[m1].memoryGiB": "root",
        "flavors[SCS-1V-2].name": "acme",
    }


def test_lists_inside_what_is_free_form() -> None:
    """A class variable may hold a list of objects without names; it counts as one value."""
    disks = [{"sizeGiB": 10}, {"sizeGiB": 20}]
    classes = [{"name": "default", "profile": "scs2", "variables": {"disks": disks}}]
    assert assembled(root(classes=classes)).settings.classes[0].variables == {"disks": disks}
    other = [{"name": "default", "variables": {"disks": disks[:1]}}]
    assert refused(root(classes=classes, layers=["a"]), layer("a", {"classes": other})) == [
        "classes[default].variables.disks: EnvironmentConfigs a and root set it differently"
    ]


@given(st.permutations(range(4)), st.randoms(use_true_random=False))
def test_order_of_layers_never_matters(order: list[int], random: Any) -> None:
    """Crossplane 1.20 delivers layers in any order; the answer is the same, refusals too."""
    parts = [
        root(layers=["a", "b", "c"], limits={"cpu": 1}),
        layer("a", {"flavors": [{"name": "SCS-1V-2"}, {"name": "SCS-4V-8"}]}),
        layer("b", {"flavors": [{"name": "SCS-2V-4"}], "zones": [{"name": "az1"}]}),
        layer("c", {"zones": [{"name": "az2"}], "limits": {"memoryGiB": 4}}),
    ]
    assert assembled(*(parts[i] for i in order)) == assembled(*parts)
    wrong = copy.deepcopy(parts)
    for part in random.sample(wrong[1:], 2):
        part["data"]["limits"] = {"cpu": part["metadata"]["name"]}
    assert refused(*(wrong[i] for i in order)) == refused(*wrong)


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown key": (
        {"flavours": []},
        ["flavours: unknown field, did you mean flavors? (EnvironmentConfig root)"],
    ),
    "unknown key of an entry": (
        {"zones": [{"name": "az1", "nmae": "x"}]},
        ["zones[az1].nmae: unknown field, did you mean name? (EnvironmentConfig root)"],
    ),
    "unknown key of an image": (
        {"images": [{**UBUNTU, "minDisk": 1}]},
        [
            "images[ubuntu/24.04/amd64].minDisk: unknown field, did you mean minDiskGiB? "
            "(EnvironmentConfig root)",
        ],
    ),
    "unknown key of a backend": (
        {"backends": {"capi": {"namespaec": "x", "network": {"pods": "10.0.0.0/8", "x": 1}}}},
        [
            "backends.capi.namespaec: unknown field, did you mean namespace? "
            "(EnvironmentConfig root)",
            "backends.capi.network.services: required (EnvironmentConfig root)",
            "backends.capi.network.x: unknown field; known: nodeCIDRMaskSize, pods, services "
            "(EnvironmentConfig root)",
        ],
    ),
    "unknown key of a profile": (
        {
            "backends": {
                "capi": {"profiles": {"own": {"workerClas": "w", "variables": {}, "fields": {}}}}
            }
        },
        [
            "backends.capi.profiles.own.workerClas: unknown field, did you mean workerClass? "
            "(EnvironmentConfig root)",
            "backends.capi.profiles.own.workerClass: required (EnvironmentConfig root)",
        ],
    ),
    "attribute of Python": (
        {"secrets_namespace": "x"},
        [
            "secrets_namespace: unknown field, did you mean secretsNamespace? "
            "(EnvironmentConfig root)",
        ],
    ),
    "unknown backend": (
        {"kinds": {"Cluster": "capy"}},
        [f"kinds.Cluster: capy is not one of: {BACKENDS} (EnvironmentConfig root)"],
    ),
    "backend without a block": (
        {"kinds": {"Cluster": "capi", "Server": "openstack"}},
        [
            "backends.openstack: required, because kinds.Server names it (EnvironmentConfig root)",
        ],
    ),
    "block of no backend": (
        {"backends": {"capi": {}, "magnum": {}}},
        [f"backends.magnum: is not one of: {BACKENDS} (EnvironmentConfig root)"],
    ),
    "block is null": (
        {"backends": {"capi": None}},
        [
            "backends.capi: must be a mapping of fields: allLabels, apiVersion, autoscaler, "
            "classNamespace, labels, managementCIDRs, namespace, network, profiles, "
            "providerConfig, reservedLabels, scaleToZero, taints (EnvironmentConfig root)"
        ],
    ),
    "unknown kind": (
        {"kinds": {"Cluster": "capi", "Databse": "x"}},
        [
            f"kinds.Databse: must be one of {KINDS_QUOTED} (EnvironmentConfig root)",
            f"kinds.Databse: x is not one of: {BACKENDS} (EnvironmentConfig root)",
        ],
    ),
    "tenants is text": (
        {"tenants": "acme"},
        ["tenants: must be a list (EnvironmentConfig root)"],
    ),
    "version is a number": (
        {"kubernetesVersions": [{"version": 1.34}]},
        [
            "kubernetesVersions[1.34].version: must be text, but 1.34 is a number in YAML: "
            'quote it: "1.34" (EnvironmentConfig root)',
        ],
    ),
    "version is a minor": (
        {"kubernetesVersions": [{"version": "1.34"}]},
        [
            'kubernetesVersions[1.34].version: must be an exact version such as "1.34.7" '
            "(EnvironmentConfig root)",
        ],
    ),
    "image version is a number": (
        {"images": [{**UBUNTU, "version": 24.04}]},
        [
            "images[ubuntu/24.04/amd64].version: must be text, but 24.04 is a number in YAML: "
            'quote it: "24.04" (EnvironmentConfig root)',
        ],
    ),
    "end of life is a number": (
        {"kubernetesVersions": [{"version": "1.34.7", "endOfLife": 20261027}]},
        [
            "kubernetesVersions[1.34.7].endOfLife: must be text, but 20261027 is a number in "
            'YAML: quote it: "20261027" (EnvironmentConfig root)',
        ],
    ),
    "end of life is no day": (
        {"kubernetesVersions": [{"version": "1.34.7", "endOfLife": "2026-10"}]},
        [
            'kubernetesVersions[1.34.7].endOfLife: must be a day such as "2026-10-27" '
            "(EnvironmentConfig root)",
        ],
    ),
    "on is a boolean": (
        {"displayName": True},
        [
            "displayName: must be text; YAML reads on, off, yes, no, true and false as "
            "booleans: quote it (EnvironmentConfig root)",
        ],
    ),
    "text for a flag": (
        {"volumeTypes": [{"name": "ssd", "backendName": "x", "encrypted": "yes"}]},
        [
            "volumeTypes[ssd].encrypted: must be true or false, without quotes: write true "
            "(EnvironmentConfig root)",
        ],
    ),
    "text for numbers": (
        {"flavors": [{"name": "m1", "cpu": "2", "memoryGiB": "4"}]},
        [
            "flavors[m1].cpu: must be a whole number, without quotes: write 2 "
            "(EnvironmentConfig root)",
            "flavors[m1].memoryGiB: must be a number, without quotes: write 4 "
            "(EnvironmentConfig root)",
        ],
    ),
    "text for a number of a rule": (
        {"policy": [{"field": "spec.replicas", "max": "3", "reason": "r"}]},
        [
            "policy[spec.replicas/max]: max: must be a number, without quotes: write 3 "
            "(EnvironmentConfig root)",
        ],
    ),
    "flavor of no standard": (
        {"flavors": [{"name": "m1"}, {"name": "SCS-2X-4"}]},
        [
            "flavors[SCS-2X-4]: flavor 'SCS-2X-4' does not begin with vCPUs, one of L, V, T, C, "
            "and memory, as SCS-2V-4 does (EnvironmentConfig root)",
            "flavors[m1]: cpu and memoryGiB are required where the name is not of scs-0100 "
            "(EnvironmentConfig root)",
        ],
    ),
    "rule without a verb": (
        {"policy": [{"field": "spec.replicas", "reason": "r"}]},
        [
            "policy[spec.replicas]: exactly one of pin, default, min, max, allow, forbid is "
            "required (EnvironmentConfig root)",
        ],
    ),
    "rule with two verbs": (
        {"policy": [{"field": "spec.replicas", "min": 1, "max": 3, "reason": "r"}]},
        [
            "policy[spec.replicas/max,min]: exactly one of pin, default, min, max, allow, "
            "forbid is required (EnvironmentConfig root)",
        ],
    ),
    "rule without a reason": (
        {"policy": [{"field": "spec.replicas", "max": 3}]},
        ["policy[spec.replicas/max].reason: required (EnvironmentConfig root)"],
    ),
    "rule for no field": (
        {"policy": [{"field": "spec.nodePool[].replicas", "max": 3, "reason": "r"}]},
        [
            "policy[spec.nodePool[].replicas/max]: no kind has it "
            "(EnvironmentConfig root)",
        ],
    ),
    "rule for no path": (
        {"policy": [{"field": "replicas", "max": 3, "reason": "r"}]},
        [
            "policy[replicas/max].field: must be the path of a field, such as "
            "spec.nodePools[].replicas (EnvironmentConfig root)",
        ],
    ),
    "link of no sort": (
        {"links": {"statsu": "https://x"}},
        [
            "links.statsu: must be one of 'status', 'support', 'documentation' "
            "(EnvironmentConfig root)",
        ],
    ),
    "link without TLS": (
        {"links": {"status": "http://x"}},
        ["links.status: must be an https URL (EnvironmentConfig root)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "want"), WRONG.values(), ids=WRONG)
def test_values_that_are_refused(data: dict[str, Any], want: list[str]) -> None:
    """All problems are reported at once, each with its path and EnvironmentConfig."""
    assert refused(root(**data)) == want


def test_the_layer_at_fault_is_named() -> None:
    """Of several layers the one that holds the value is blamed, whatever its place in the list."""
    base = (
        root(layers=["catalogue", "policy"], images=[UBUNTU]),
        layer(
            "catalogue", {"images": [{**UBUNTU, "os": "Debian"}], "backends": {"capi": {"x": 1}}}
        ),
        layer("policy", {"policy": [{"field": "spec.publicIP", "pin": 1, "max": 1}]}),
    )
    assert refused(*base) == [
        "images[Debian/24.04/amd64].os: must be lower-case letters, digits and dashes, as in a "
        "DNS label (EnvironmentConfig catalogue)",
        "policy[spec.publicIP/max,pin].reason: required (EnvironmentConfig policy)",
        f"backends.capi.x: unknown field; known: {CAPI_FIELDS} (EnvironmentConfig catalogue)",
    ]


def test_what_is_missing_is_missed_in_the_root() -> None:
    """A field that no layer sets is for the root to set."""
    assert refused(layer("root", {"kinds": {}})) == [
        "displayName: required (EnvironmentConfig root)"
    ]


def test_a_refusal_tells_the_tenant_nothing() -> None:
    """The tenant reads neither names of EnvironmentConfigs nor paths in them."""
    with pytest.raises(EnvironmentInvalid) as caught:
        assembled(root(flavours=[]))
    assert caught.value.public == (
        "your provider has to act before this order can be processed; nothing was changed"
    )


def test_a_profile_that_is_not_there() -> None:
    """Refused as soon as the layers are read, for the layer that names it, in any of them."""
    config = {"workerClass": "w", "variables": {}, "fields": {}}
    base = root(
        overlays="Optional",
        classes=[{"name": "default", "profile": "scs2"}, {"name": "own", "profile": "mine"}],
        backends={"capi": {"profiles": {"mine": config}}},
    )
    assert assembled(base).settings.classes[1].profile == "mine"
    overlay = layer("acme", {"classes": [{"name": "own", "profile": "yours"}]})
    assert refused(base, overlays=(overlay,)) == [
        f"classes[own].profile: yours is not one of: {listed({*PROFILES, 'mine'}, 'yours')} "
        "(EnvironmentConfig acme)"
    ]


def test_a_profile_that_nobody_uses() -> None:
    """Backends that answer no kind are not asked."""
    classes = [{"name": "default", "profile": "none"}]
    blocks: Layer = {"capi": {}, "openstack": {}}
    assert assembled(root(kinds={"Server": "openstack"}, classes=classes, backends=blocks))


@pytest.mark.parametrize(
    ("pods", "services", "want"),
    [
        ("10.0.0.0/16", "10.96.0.0/12", ""),
        ("10.0.0.1/16", "10.96.0.0/12", ".pods: must be a network such as 10.0.0.0/16, no host "
         "bits set"),
        ("10.0.0.0/8", "10.96.0.0/12", ": pods and services overlap"),
        ("10.0.0.0/16", "10.96.0.0/30", ".services: must be from /12 to /28, of IPv6 from /108 to "
         "/124"),
    ],
)  # fmt: skip
def test_ranges_of_clusters(pods: str, services: str, want: str) -> None:
    """Ranges that no cluster can have are refused before one is ordered."""
    base = root(backends={"capi": {"network": {"pods": pods, "services": services}}})
    if not want:
        assert assembled(base)
        return
    assert refused(base) == [f"backends.capi.network{want} (EnvironmentConfig root)"]


def test_lists_in_what_classes_hold_are_known_by_name() -> None:
    """Whatever they are called: the keys of our own lists are for these alone."""
    one, other = ([{"name": name, "size": 1}] for name in "ab")
    found = assembled(
        root(
            layers=["more"],
            classes=[{"name": "x", "profile": "scs2", "variables": {"images": one}}],
        ),
        layer("more", {"classes": [{"name": "x", "variables": {"images": other}}]}),
    )
    assert found.settings.classes[0].variables == {"images": [*other, *one]}
    assert found.provenance["classes[x].variables.images[a].size"] == "root"


def test_values_that_are_equal_to_python_alone() -> None:
    """A flag and a number are no agreement, whichever comes first."""
    flags = root(layers=["more"], classes=[{"name": "x", "variables": {"a": True}}])
    assert refused(flags, layer("more", {"classes": [{"name": "x", "variables": {"a": 1}}]})) == [
        "classes[x].variables.a: EnvironmentConfigs more and root set it differently"
    ]


PROVENANCE = {"a.b": "one", "a.c[x].d": "two", "ab": "three", "e": "four"}


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("a.b", "one"),
        ("a.b.deeper", "one"),
        ("a", "one, two"),
        ("a.c[x]", "two"),
        ("a.c[y].d", "two"),
        ("a.z", "one, two"),
        ("z", ""),
    ],
)
def test_blame(path: str, want: str) -> None:
    """The EnvironmentConfig of a path is that of the value, or of what is nearest around it."""
    assert Blame(PROVENANCE).of(path) == want


@pytest.mark.parametrize(
    ("tenants", "tenant", "admitted"),
    [(None, "acme", True), (["acme"], "acme", True), (["acme"], "acm", False), ([], "acme", False)],
    ids=["open", "listed", "prefix only", "for nobody"],
)
def test_admit(tenants: list[str] | None, tenant: str, admitted: bool) -> None:
    """Who is not listed reads what he would if there were no such environment."""
    found = assembled(root(**({} if tenants is None else {"tenants": tenants})))
    if admitted:
        environment.admit(found, tenant)
        return
    with pytest.raises(EnvironmentNotFound) as caught:
        environment.admit(found, tenant)
    assert str(caught.value) == f"EnvironmentConfig root: tenants does not list {tenant}"
    assert caught.value.public == "environment default is not available to you"


@pytest.mark.parametrize("name", asking.PROVIDERS)
def test_examples(name: str) -> None:
    """Every example environment is valid, and every value of it has one layer to blame."""
    layers = asking.provider(name)
    base, config = (
        local.matching(layers, labels)
        for labels in environment.selectors("default", "acme").values()
    )
    found = assembled(*base, overlays=tuple(config))
    assert sorted(found.layers) == sorted(part["metadata"]["name"] for part in [*base, *config])
    assert set(found.provenance.values()) == set(found.layers)
