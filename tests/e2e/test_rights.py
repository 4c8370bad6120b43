"""Who may do what, asked of the API server that judges by roles."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from function.backends import definitions
from function.model import API_GROUP
from testbed import ROOT
from testbed.install import documents, named
from testbed.site import CROSSPLANE_USER, TENANT
from testbed.waiting import until
from tools.generate import backends
from tools.generate.protection import PLURALS

from . import guide, shell
from .lives import SECONDS
from .planes import DRY, Plane

pytestmark = pytest.mark.e2e

RBAC = "rbac.authorization.k8s.io"
CLUSTER_API = "cluster.x-k8s.io"
REVIEWS = "/apis/authorization.k8s.io/v1"
READ, WRITE = ("get", "list", "watch"), ("create", "update", "patch", "delete")
# What is the provider's, by group: whoever writes it acts with the credentials of others.
FOREIGN = (
    ("kubernetes.crossplane.io", "objects"),
    ("kubernetes.m.crossplane.io", "objects"),
    ("kubernetes.m.crossplane.io", "clusterproviderconfigs"),
    ("openstack.crossplane.io", "providerconfigs"),
    ("compute.openstack.m.crossplane.io", "instancev2s"),
    ("apiextensions.crossplane.io", "environmentconfigs"),
    ("apiextensions.crossplane.io", "compositions"),
    ("pkg.crossplane.io", "functions"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("", "secrets"),
    ("", "namespaces"),
    (API_GROUP, "xclusters"),
)


@pytest.fixture
def viewer(plane: Plane) -> Iterator[str]:
    """Yield a user who may only look."""
    user = f"viewer-{uuid.uuid4().hex[:6]}"
    binding = named(
        f"{RBAC}/v1",
        "RoleBinding",
        user,
        {"namespace": TENANT},
        roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "central-api-tenant-viewer"},
        subjects=[{"apiGroup": RBAC, "kind": "User", "name": user}],
    )
    plane.operator.apply(binding)
    until(
        lambda: may(plane, user, "get", API_GROUP, PLURALS[0], TENANT),
        seconds=SECONDS,
        what="the binding noticed",
    )
    yield user
    plane.operator.delete(plane.operator.path(binding))


@pytest.mark.parametrize("plural", PLURALS)
def test_a_tenant_orders_at_home(plane: Plane, plural: str) -> None:
    """With every verb, and nowhere else."""
    for verb in (*READ, *WRITE):
        assert may_i(plane, verb, API_GROUP, plural, TENANT), verb
        assert not may_i(plane, verb, API_GROUP, plural, "default"), verb
        assert not may_i(plane, verb, API_GROUP, plural, ""), verb
        assert not may_i(plane, verb, API_GROUP, f"{plural}/status", TENANT), verb


@pytest.mark.parametrize(("group", "plural"), FOREIGN)
def test_a_tenant_has_no_other_rights(plane: Plane, group: str, plural: str) -> None:
    """Neither to look, nor to write, in the own namespace or in all."""
    for verb in (*READ, *WRITE):
        for namespace in (TENANT, ""):
            assert not may_i(plane, verb, group, plural, namespace), (verb, namespace)


def test_a_viewer_looks(plane: Plane, viewer: str) -> None:
    """And changes nothing."""
    for plural in PLURALS:
        for verb in (*READ, *WRITE):
            allowed = may(plane, viewer, verb, API_GROUP, plural, TENANT)
            assert allowed is (verb in READ), (verb, plural)
    assert not may(plane, viewer, "get", "", "secrets", TENANT)


def test_crossplane_composes(plane: Plane) -> None:
    """Every kind of this install, by the role that is aggregated to its own."""
    namespace = TENANT if plane.profile.mode.value == "namespaced" else ""
    for definition in definitions(plane.profile.mode):
        plural, _, group = definition.partition(".")
        for verb in (*READ, *WRITE):
            assert may(plane, CROSSPLANE_USER, verb, group, plural, namespace), (verb, plural)


def test_providers_are_taken(plane: Plane) -> None:
    """Packages and flags of the manifests fit what Crossplane knows of them."""
    for manifest in documents(ROOT / backends.PROVIDERS):
        collection = plane.operator.collection(manifest)
        answer = plane.operator.request("POST", collection, manifest, query=DRY)
        assert answer.accepted, answer.message


@pytest.fixture
def account(plane: Plane) -> Iterator[str]:
    """Prepare a tenant on a management cluster, and yield the user of its service account."""
    manifests = list(documents(ROOT / backends.BACKENDS / "cluster-api.yaml"))
    for manifest in manifests:
        plane.operator.apply(manifest)
    user = f"system:serviceaccount:{backends.TENANT}:{backends.ACCOUNT}"
    until(
        lambda: may(plane, user, "get", CLUSTER_API, "clusters", backends.TENANT),
        seconds=SECONDS,
        what="the binding noticed",
    )
    yield user
    for manifest in manifests:
        if manifest["kind"] != "Namespace":
            plane.operator.delete(plane.operator.path(manifest))


def test_a_service_account_orders_clusters(plane: Plane, account: str) -> None:
    """In the tenant's namespace; elsewhere it only watches, and it reads no Secret by listing."""

    def allowed(plural: str, namespace: str, group: str = "") -> set[str]:
        verbs = (*READ, *WRITE)
        return {verb for verb in verbs if may(plane, account, verb, group, plural, namespace)}

    home = {"get", "create", "patch", "delete", "list", "watch"}
    assert allowed("clusters", backends.TENANT, CLUSTER_API) == home
    assert allowed("clusters", "default", CLUSTER_API) == {"list", "watch"}
    assert allowed("secrets", backends.TENANT) == {"get"}
    assert allowed("secrets", "default") == set()
    assert allowed("namespaces", "") == set()


@pytest.mark.usefixtures("account")
def test_the_guide_makes_a_kubeconfig(plane: Plane, tmp_path: Path) -> None:
    """With the token of the service account, and no other credentials in it."""
    directory = guide.checkout(tmp_path / "checkout")
    printed = shell.run(plane.site, guide.prompted("kubectl apply -f package/backends"), directory)
    assert f"system:serviceaccount:{backends.TENANT}:{backends.ACCOUNT}" in printed
    made = yaml.safe_load((directory / "acme.kubeconfig").read_text("utf-8"))
    assert [user["name"] for user in made["users"]] == [backends.ACCOUNT]
    assert list(made["users"][0]["user"]) == ["token"]


def may_i(plane: Plane, verb: str, group: str, plural: str, namespace: str) -> bool:
    """Ask as the tenant."""
    review = named("authorization.k8s.io/v1", "SelfSubjectAccessReview", "")
    spec = {"resourceAttributes": requested(verb, group, plural, namespace)}
    path = f"{REVIEWS}/selfsubjectaccessreviews"
    answer = plane.tenant.request("POST", path, {**review, "spec": spec})
    assert answer.accepted, answer.message
    return bool(answer.body["status"]["allowed"])


def may(plane: Plane, user: str, verb: str, group: str, plural: str, namespace: str) -> bool:  # noqa: PLR0913  # what a review asks
    """Ask as the operator, for somebody else."""
    review = named("authorization.k8s.io/v1", "SubjectAccessReview", "")
    spec = {"user": user, "resourceAttributes": requested(verb, group, plural, namespace)}
    path = f"{REVIEWS}/subjectaccessreviews"
    answer = plane.operator.request("POST", path, {**review, "spec": spec})
    assert answer.accepted, answer.message
    return bool(answer.body["status"]["allowed"])


def requested(verb: str, group: str, plural: str, namespace: str) -> dict[str, str]:
    """Return what a review is about; a subresource follows the kind."""
    resource, _, part = plural.partition("/")
    return {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": part,
        "namespace": namespace,
    }
