"""What is served once everything is installed, and to whom."""

from collections.abc import Iterator
from typing import Any

import pytest

from function.model import API_GROUP, API_VERSION, KINDS
from function.model.status import STATUSES
from function.schema import fields
from testbed import ROOT
from testbed.install import definitions, documents, is_true
from testbed.kubernetes import APPLY, Manifest
from testbed.site import TENANT
from testbed.waiting import until

from .planes import CRDS, SEEN_SECONDS, Plane

pytestmark = pytest.mark.e2e

RULES = "x-kubernetes-validations"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
XRDS = "/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions"
FORBIDDEN = 403


def test_every_definition_is_established(plane: Plane) -> None:
    """Look at what Crossplane says of the XRDs, and at the kinds that tenants see."""
    claims = plane.profile.mode.value == "claims"
    for document in ours(plane):
        xrd = plane.operator.get(f"{XRDS}/{document['metadata']['name']}")
        assert is_true(xrd, "Established")
        assert is_true(xrd, "Offered") is claims
    served = plane.tenant.get(f"/apis/{API_VERSION}") or {}
    assert {one["kind"] for one in served["resources"]} >= set(KINDS)


def test_nothing_is_refused_for_its_cost(plane: Plane) -> None:
    """Look at the warnings of definitions: of a rule too expensive only an event tells."""
    about = until(lambda: events(plane), seconds=SEEN_SECONDS, what="events of definitions")
    warnings = [event["message"] for event in about if event["type"] != "Normal"]
    assert [text for text in warnings if "is invalid" in text or "cost" in text] == []


def test_every_rule_is_served(plane: Plane) -> None:
    """Find each rule of an XRD in the definition that Crossplane made of it."""
    for document in ours(plane):
        names = document["spec"].get("claimNames") or document["spec"]["names"]
        crd = plane.operator.get(f"{CRDS}/{names['plural']}.{API_GROUP}")
        assert crd is not None
        served = rules(crd["spec"]["versions"][0]["schema"])
        assert rules(document["spec"]["versions"][0]["schema"]) - served == set()


def test_policies_are_sound(plane: Plane) -> None:
    """Look for expressions that do not fit the kinds they judge."""
    policies = until(
        lambda: plane.operator.items(POLICIES),
        lambda found: found and all(map(is_checked, found)),
        seconds=SEEN_SECONDS,
        what="policies whose types are checked",
    )
    for policy in policies:
        checked = policy["status"].get("typeChecking") or {}
        assert checked.get("expressionWarnings", []) == [], policy["metadata"]["name"]


@pytest.mark.parametrize("directory", ["activation", "credentials"])
def test_what_is_applied_by_choice(directory: str, plane: Plane) -> None:
    """Every file for this install is taken as it is; Crossplane 1.20 activates nothing."""
    if directory == "activation" and plane.profile.name == "core-1.20":
        pytest.skip("Crossplane 1.20 serves all kinds of its providers")
    files = sorted((ROOT / "package" / "cluster" / directory).glob(f"{plane.profile.mode.value}*"))
    assert files
    for file in files:
        for manifest in documents(file):
            query = {"fieldManager": "test", "dryRun": "All", "fieldValidation": "Strict"}
            path = plane.operator.path(manifest)
            answer = plane.operator.request("PATCH", path, manifest, content=APPLY, query=query)
            assert answer.accepted, answer.message


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_explained(kind: str, plane: Plane) -> None:
    """Read what `kubectl explain` reads."""
    (schema,) = until(
        lambda: served_schemas(plane, kind),
        lambda found: len(found) == 1,
        seconds=SEEN_SECONDS,
        what=f"the schema of {kind}",
    )
    assert schema["description"]
    for part, model in (("spec", KINDS[kind]), ("status", STATUSES[kind])):
        served = schema["properties"][part]
        assert served["description"]
        known = {name: served["properties"][name] for name in fields(model)}
        assert list(unexplained({"properties": known}, part)) == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/secrets",
        f"/api/v1/namespaces/{TENANT}/secrets",
        "/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs",
        f"/apis/{API_VERSION}/xclusters",
        f"/apis/{API_VERSION}/namespaces/default/clusters",
        "/apis/kubernetes.crossplane.io/v1alpha2/objects",
        f"/apis/kubernetes.m.crossplane.io/v1alpha1/namespaces/{TENANT}/objects",
    ],
)
def test_a_tenant_reads_nothing_else(path: str, plane: Plane) -> None:
    """Ask for what is the provider's, or another tenant's."""
    assert plane.tenant.request("GET", path).status == FORBIDDEN


def events(plane: Plane) -> list[Manifest]:
    """Return the conditions of definitions."""
    return [
        one
        for one in plane.operator.items("/api/v1/events")
        if one["involvedObject"]["kind"] == "CompositeResourceDefinition"
    ]


def is_checked(policy: Manifest) -> bool:
    """Say whether the types of a policy were checked as it is now."""
    seen = (policy.get("status") or {}).get("observedGeneration")
    return bool(seen == policy["metadata"]["generation"])


def served_schemas(plane: Plane, kind: str) -> list[Manifest]:
    """Return the schemas of a kind that clients are given; they come after the kind itself."""
    answer = plane.tenant.request("GET", f"/openapi/v3/apis/{API_VERSION}")
    schemas = answer.body.get("components", {}).get("schemas", {})
    return [schema for schema in schemas.values() if is_of(schema, kind)]


def ours(plane: Plane) -> list[Manifest]:
    """Return the XRDs of the install."""
    return [d for path in definitions(plane.profile.mode) for d in documents(path)]


def rules(node: Any) -> set[str]:
    """Return all rules in a schema."""
    result = {rule["rule"] for rule in node.get(RULES, ())} if isinstance(node, dict) else set()
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            result |= rules(inner)
    return result


def is_of(schema: Manifest, kind: str) -> bool:
    """Say whether a schema is that of a kind."""
    kinds = schema.get("x-kubernetes-group-version-kind", ())
    return any(one["kind"] == kind and one["group"] == API_GROUP for one in kinds)


def unexplained(node: Manifest, at: str) -> Iterator[str]:
    """Yield the paths of fields without a description."""
    for name, field in node.get("properties", {}).items():
        if not field.get("description"):
            yield f"{at}.{name}"
        yield from unexplained(field, f"{at}.{name}")
        yield from unexplained(field.get("items", {}), f"{at}.{name}[]")
