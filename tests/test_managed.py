"""Check the envelopes of both installs, and that what is observed is read whatever it holds."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from function import managed
from function.contract import Mode, Order, Resource
from function.model import OrderSpec
from tests import asking

CLAIMS, NAMESPACED = Mode.CLAIMS, Mode.NAMESPACED


def order(mode: Mode) -> Order[Any]:
    """Build an order; only its mode and tenant matter here."""
    return Order("Server", "acme", "web", mode, "uid", {}, OrderSpec())


OBJECT = Resource(
    key="capi-cluster",
    family="kubernetes",
    kind="Object",
    payload={"manifest": {"kind": "Cluster"}},
    options={"readiness": {"policy": "DeriveFromCelQuery"}, "watch": True},
    secret=True,
    policies=("*",),
    ready=True,
    name="acme-shop-1",
    labels={"api.scs.community/backend": "capi"},
    annotations={"api.scs.community/bound": "{}"},
    provider_config="acme.capi",
)
INSTANCE = Resource(
    key="openstack-server-0",
    family="compute.openstack",
    kind="InstanceV2",
    payload={"flavorName": "SCS-2V-4"},
    initial={"imageId": "1"},
    policies=("Observe", "Create", "Update", "Delete"),
    name="acme-web-2",
    labels={"a": "b"},
    annotations={managed.EXTERNAL_NAME: "id"},
    provider_config="acme.openstack",
)
PORT = Resource(
    key="openstack-port-0",
    family="networking.openstack",
    kind="PortV2",
    payload={},
    name="acme-web-3",
    provider_config="acme.openstack",
)
VOLUME = Resource(
    key="openstack-volume-0-data",
    family="blockstorage.openstack",
    kind="VolumeV3",
    payload={"size": 1},
    name="acme-web-4",
    provider_config="acme.openstack",
)

ENVELOPES: dict[str, tuple[Resource, Mode, dict[str, Any]]] = {
    "Object, claims": (
        OBJECT,
        CLAIMS,
        {
            "apiVersion": "kubernetes.crossplane.io/v1alpha2",
            "kind": "Object",
            "metadata": {
                "name": "acme-shop-1",
                "labels": {"api.scs.community/backend": "capi"},
                "annotations": {"api.scs.community/bound": "{}"},
            },
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"name": "acme.capi"},
                "writeConnectionSecretToRef": {"namespace": "secrets", "name": "acme-shop-1-conn"},
                "readiness": {"policy": "DeriveFromCelQuery"},
                "watch": True,
                "forProvider": {"manifest": {"kind": "Cluster"}},
            },
        },
    ),
    "Object, namespaced": (
        OBJECT,
        NAMESPACED,
        {
            "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
            "kind": "Object",
            "metadata": {
                "name": "acme-shop-1",
                "namespace": "acme",
                "labels": {"api.scs.community/backend": "capi"},
                "annotations": {"api.scs.community/bound": "{}"},
            },
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "acme.capi"},
                "writeConnectionSecretToRef": {"name": "acme-shop-1-conn"},
                "readiness": {"policy": "DeriveFromCelQuery"},
                "watch": True,
                "forProvider": {"manifest": {"kind": "Cluster"}},
            },
        },
    ),
    "compute, claims": (
        INSTANCE,
        CLAIMS,
        {
            "apiVersion": "compute.openstack.crossplane.io/v1alpha1",
            "kind": "InstanceV2",
            "metadata": {
                "name": "acme-web-2",
                "labels": {"a": "b"},
                "annotations": {"crossplane.io/external-name": "id"},
            },
            "spec": {
                "managementPolicies": ["Observe", "Create", "Update", "Delete"],
                "providerConfigRef": {"name": "acme.openstack"},
                "initProvider": {"imageId": "1"},
                "forProvider": {"flavorName": "SCS-2V-4"},
            },
        },
    ),
    "compute, namespaced": (
        INSTANCE,
        NAMESPACED,
        {
            "apiVersion": "compute.openstack.m.crossplane.io/v1alpha1",
            "kind": "InstanceV2",
            "metadata": {
                "name": "acme-web-2",
                "namespace": "acme",
                "labels": {"a": "b"},
                "annotations": {"crossplane.io/external-name": "id"},
            },
            "spec": {
                "managementPolicies": ["Observe", "Create", "Update", "Delete"],
                "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "acme.openstack"},
                "initProvider": {"imageId": "1"},
                "forProvider": {"flavorName": "SCS-2V-4"},
            },
        },
    ),
    "networking, claims": (
        PORT,
        CLAIMS,
        {
            "apiVersion": "networking.openstack.crossplane.io/v1alpha1",
            "kind": "PortV2",
            "metadata": {"name": "acme-web-3", "labels": {}},
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"name": "acme.openstack"},
                "forProvider": {},
            },
        },
    ),
    "networking, namespaced": (
        PORT,
        NAMESPACED,
        {
            "apiVersion": "networking.openstack.m.crossplane.io/v1alpha1",
            "kind": "PortV2",
            "metadata": {"name": "acme-web-3", "namespace": "acme", "labels": {}},
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "acme.openstack"},
                "forProvider": {},
            },
        },
    ),
    "block storage, claims": (
        VOLUME,
        CLAIMS,
        {
            "apiVersion": "blockstorage.openstack.crossplane.io/v1alpha1",
            "kind": "VolumeV3",
            "metadata": {"name": "acme-web-4", "labels": {}},
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"name": "acme.openstack"},
                "forProvider": {"size": 1},
            },
        },
    ),
    "block storage, namespaced": (
        VOLUME,
        NAMESPACED,
        {
            "apiVersion": "blockstorage.openstack.m.crossplane.io/v1alpha1",
            "kind": "VolumeV3",
            "metadata": {"name": "acme-web-4", "namespace": "acme", "labels": {}},
            "spec": {
                "managementPolicies": ["*"],
                "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "acme.openstack"},
                "forProvider": {"size": 1},
            },
        },
    ),
}


@pytest.mark.parametrize(("resource", "mode", "want"), ENVELOPES.values(), ids=ENVELOPES)
def test_envelope(resource: Resource, mode: Mode, want: dict[str, Any]) -> None:
    """The whole manifest, as this install needs it; `deletionPolicy` is never set."""
    assert asking.enveloped(resource, order(mode), "secrets") == want


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("resource", [OBJECT, INSTANCE, PORT, VOLUME], ids=lambda r: r.kind)
def test_there_and_back(resource: Resource, mode: Mode) -> None:
    """What was rendered is read back as the same resource; readiness is to be seen, not read."""
    manifest = asking.enveloped(resource, order(mode), "secrets")
    retained = "secrets" if resource.secret and mode is Mode.CLAIMS else ""
    found = asking.unscoped(resource.key, manifest)
    assert found == replace(resource, ready=False, secret_namespace=retained)


def test_a_connection_secret_stays_where_it_is() -> None:
    """Another namespace in the environment is for those that are new."""
    previous = asking.unscoped(OBJECT.key, asking.enveloped(OBJECT, order(Mode.CLAIMS), "one"), {})
    reference = asking.enveloped(previous, order(Mode.CLAIMS), "two")["spec"][
        "writeConnectionSecretToRef"
    ]
    assert reference["namespace"] == "one"


def test_observed() -> None:
    """Status, connection details and a pending deletion come with what was observed."""
    manifest = asking.enveloped(PORT, order(CLAIMS), "secrets")
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    manifest["spec"]["deletionPolicy"] = "Delete"
    manifest["status"] = {"atProvider": {"id": "1"}, "conditions": []}
    assert asking.unscoped("k", manifest, {"ca": b"x"}) == replace(
        PORT,
        key="k",
        status={"atProvider": {"id": "1"}, "conditions": []},
        connection={"ca": b"x"},
        deleting=True,
    )


def test_recorded() -> None:
    """A real object is read in full."""
    manifest = asking.recorded("openstack/instancev2-web-0")
    found = asking.unscoped("openstack-server-0", manifest)
    assert (found.family, found.kind, found.name) == ("compute.openstack", "InstanceV2", "web-0")
    assert (found.policies, found.provider_config) == (("*",), "openstack")
    assert found.initial == {"imageName": "Ubuntu 24.04"}
    assert found.payload == manifest["spec"]["forProvider"]
    assert found.options == {}
    assert managed.external_name(found) == "0c3bc482-b0d6-40fd-bf44-7563db527040"


GARBAGE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "nulls": {"apiVersion": None, "kind": None, "metadata": None, "spec": None, "status": None},
    "numbers": {"apiVersion": 1, "kind": 2, "metadata": 3, "spec": 4, "status": 5},
    "lists": {"metadata": [], "spec": [], "status": []},
    "text inside": {
        "metadata": {"name": 1, "labels": "x", "annotations": ["x"]},
        "spec": {
            "forProvider": "x",
            "initProvider": 1,
            "managementPolicies": "Observe",
            "providerConfigRef": "x",
        },
        "status": {"atProvider": "x", "conditions": "x"},
    },
    "numbers inside": {
        "metadata": {"labels": {"a": 1}, "annotations": {"b": None}},
        "spec": {"managementPolicies": 5, "providerConfigRef": {"name": 1}},
        "status": {"atProvider": 1},
    },
    "empty policies": {"spec": {"managementPolicies": []}},
}


@pytest.mark.parametrize("manifest", GARBAGE.values(), ids=GARBAGE)
def test_garbage(manifest: dict[str, Any]) -> None:
    """What is garbled is read as empty; policies that say nothing mean all, as in Crossplane."""
    found = asking.unscoped("k", manifest)
    assert found.policies == ("*",)
    assert (found.payload, found.initial, found.at_provider) == ({}, {}, {})
    assert managed.external_name(found) == ""


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)  # fmt: skip
PARTS = ("forProvider", "initProvider", "managementPolicies", "providerConfigRef", "atProvider")


# The first text of a fresh checkout takes seconds: hypothesis reads all of Unicode for it.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({}, optional={
        "apiVersion": ANYTHING,
        "kind": ANYTHING,
        "metadata": ANYTHING | st.dictionaries(
            st.sampled_from(["name", "labels", "annotations"]), ANYTHING
        ),
        "spec": ANYTHING | st.dictionaries(st.sampled_from(PARTS), ANYTHING),
        "status": ANYTHING | st.dictionaries(st.sampled_from(PARTS), ANYTHING),
    })
)  # fmt: skip
def test_nothing_observed_raises(manifest: dict[str, Any]) -> None:
    """Another step of the pipeline may compose anything."""
    managed.external_name(asking.unscoped("k", manifest))


@pytest.mark.parametrize(
    ("annotations", "status", "want"),
    [
        ({}, {}, ""),
        ({}, {"atProvider": {"id": "seen"}}, "seen"),
        ({managed.EXTERNAL_NAME: "known"}, {}, "known"),
        ({managed.EXTERNAL_NAME: "known"}, {"atProvider": {"id": "seen"}}, "seen"),
        ({managed.EXTERNAL_NAME: ""}, {"atProvider": {"id": "seen"}}, "seen"),
        ({}, {"atProvider": {"id": ""}}, ""),
        ({}, {"atProvider": {"id": None}}, ""),
    ],
    ids=["unknown", "seen", "annotated", "rebuilt", "annotated empty", "seen empty", "null"],
)
def test_external_name(annotations: dict[str, str], status: dict[str, Any], want: str) -> None:
    """The id that was seen says it; the annotation does where there is no status, as restored."""
    assert managed.external_name(replace(PORT, annotations=annotations, status=status)) == want


def test_external_name_of_nothing() -> None:
    """What is not there has no name."""
    assert managed.external_name(None) == ""
