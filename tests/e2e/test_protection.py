"""What `package/cluster` protects, tried by everyone who could delete it, on a real API server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from function.contract import Mode
from function.machinery import TIES
from function.model import API_GROUP, API_VERSION
from testbed.kubernetes import MERGE, Answer, Kubernetes, Manifest
from testbed.site import TENANT
from tests.samples import public_key
from tools.generate.definitions import INSTALLED

from .planes import CRDS, PAUSED, Plane, delete_allowed, new

pytestmark = pytest.mark.e2e

DRY = {"dryRun": "All"}
EVERYBODY = ("tenant", "operator", "crossplane", "controllers")
OPERATORS = EVERYBODY[1:]
ALLOW = f"{API_GROUP}/allow-delete"
VOLUMES = [{"name": "data", "sizeGiB": 10}, {"name": "log", "sizeGiB": 5}]
SERVER = {
    "image": {"os": "ubuntu", "version": "24.04"},
    "flavor": "SCS-2V-4",
    "replicas": 2,
    "volumes": VOLUMES,
}
NETWORK = {"cidr": "10.20.0.0/24"}
NETWORK_REF = {"apiVersion": API_VERSION, "kind": "Network"}
EXTENSIONS = "/apis/apiextensions.crossplane.io"

each_identity = pytest.mark.parametrize("identity", EVERYBODY)
each_operator = pytest.mark.parametrize("identity", OPERATORS)


@pytest.fixture
def identities(plane: Plane) -> Iterator[dict[str, Kubernetes]]:
    """Yield the API server as seen by each."""
    found = {
        name: Kubernetes(plane.site.address("api"), plane.site.identity(name)) for name in EVERYBODY
    }
    yield found
    for client in found.values():
        client.close()


@dataclass(frozen=True)
class Edit:
    """An edit of a live server that would destroy data, and how it is refused."""

    name: str
    written: Manifest
    refusal: str


EDITS = [
    Edit("a volume less", {"volumes": VOLUMES[:1]}, "spec.volumes"),
    Edit("no volume left", {"volumes": None}, "spec.volumes"),
    Edit(
        "another volume under its name", {"volumes": [{"name": "x", "sizeGiB": 9}]}, "spec.volumes"
    ),
    Edit("a server less", {"replicas": 1}, "spec.replicas"),
    Edit("servers by default", {"replicas": None}, "spec.replicas"),
]


class TestOrders:
    """Orders are deleted only while `spec.deletionProtection` is false."""

    @each_identity
    def test_nobody_deletes_a_protected_order(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """The message is a command that lifts the protection of this very order."""
        with plane.existing("Network", NETWORK) as path:
            name = path.rpartition("/")[2]
            answer = identities[identity].request("DELETE", path, query=DRY)
            command = f"kubectl patch networks.{API_GROUP} {name} -n {TENANT} --type merge -p "
            assert_refused(answer, command + '\'{"spec":{"deletionProtection":false}}\'')

    @each_identity
    def test_nobody_deletes_all_of_them(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """`kubectl delete --all` is judged order by order."""
        with plane.existing("Network", NETWORK) as path:
            answer = identities[identity].request("DELETE", path.rpartition("/")[0])
            assert not answer.accepted
            assert "deletionTimestamp" not in (plane.operator.get(path) or {})["metadata"]

    @each_identity
    def test_everybody_deletes_an_order_that_is_not_protected(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """The command in the message is enough."""
        with plane.existing("Network", NETWORK | {"deletionProtection": False}) as path:
            assert identities[identity].request("DELETE", path, query=DRY).accepted

    def test_an_order_is_orphaned_only_once_that_is_in_force(self, plane: Plane) -> None:
        """Switched and deleted in one second, what was built would go all the same."""
        orphan = {"deletionProtection": False, "deletionPolicy": "Orphan"}
        with plane.existing("Network", NETWORK | orphan) as path:
            answer = plane.tenant.request("DELETE", path, query=DRY)
            assert_refused(answer, "wait until status.deletionPolicy says Orphan")
            live = plane.operator.get(path)
            assert live is not None
            plane.operator.set_status(live, {"deletionPolicy": "Orphan"})
            assert plane.tenant.request("DELETE", path, query=DRY).accepted


class TestData:
    """Edits that destroy data need the protection to be off."""

    @pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
    def test_is_kept_while_protected(self, plane: Plane, edit: Edit) -> None:
        """And may go in the same edit that lifts the protection."""
        with plane.existing("Server", SERVER) as path:
            assert_refused(patched(plane.tenant, path, edit.written), edit.refusal)
            lifted = edit.written | {"deletionProtection": False}
            assert patched(plane.tenant, path, lifted).accepted


@dataclass(frozen=True)
class Stage:
    """How far an order is, and which edits are refused then."""

    name: str
    status: Manifest
    refused: tuple[str, ...] = ()


CORRECTIONS: dict[str, Manifest] = {
    "spec.image.version": {"image": {"os": "ubuntu", "version": "26.04"}},
    "spec.sshKeys": {"sshKeys": [public_key("other")]},
    "spec.networks": {"networks": [{"name": "other"}]},
    "spec.volumes[].type": {"volumes": [{**VOLUMES[0], "type": "other"}, VOLUMES[1]]},
    "spec.zone": {"zone": "other"},
}
REFUSED = {"type": "Accepted", "status": "False", "reason": "InvalidOrder"}
REFUSED["lastTransitionTime"] = "2026-01-01T00:00:00Z"
STAGES = [
    Stage("nothing is known of it", {}, tuple(CORRECTIONS)),
    Stage("nothing is built", {"phase": "Provisioning"}),
    Stage("it was refused", {"phase": "Ready", "immutableFields": ["spec.zone"],
                             "conditions": [REFUSED]}),
    Stage("a volume is built", {"phase": "Provisioning", "immutableFields": [
        "spec.volumes[data].type", "spec.zone"]}, ("spec.volumes[].type", "spec.zone")),
    Stage("another volume is built", {"phase": "Provisioning", "immutableFields": [
        "spec.volumes[log].type", "spec.zone"]}, ("spec.zone",)),
    Stage("the servers are built", {"phase": "Ready", "immutableFields": [
        "spec.image", "spec.networks", "spec.sshKeys", "spec.zone"]},
        ("spec.image.version", "spec.networks", "spec.sshKeys", "spec.zone")),
]  # fmt: skip


class TestCorrections:
    """A field is immutable from the moment that something built holds it."""

    @pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
    @pytest.mark.parametrize("field", CORRECTIONS)
    def test_what_nothing_holds_is_corrected(self, plane: Plane, stage: Stage, field: str) -> None:
        """And what something holds is refused, by the name of the field."""
        with plane.existing("Server", SERVER | {"sshKeys": [public_key("me")]}) as path:
            live = plane.operator.get(path)
            assert live is not None
            plane.operator.set_status(live, stage.status)
            answer = patched(plane.tenant, path, CORRECTIONS[field])
            if field in stage.refused:
                assert_refused(answer, f"{field}: cannot be changed")
            else:
                assert answer.accepted, answer.message

    @each_identity
    def test_nobody_changes_what_is_built(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """Whoever edits the order, the function would refuse it."""
        with plane.existing("Network", NETWORK) as path:
            live = plane.operator.get(path)
            assert live is not None
            plane.operator.set_status(live, {"phase": "Ready", "immutableFields": ["spec.cidr"]})
            answer = patched(identities[identity], path, {"cidr": "10.30.0.0/24"})
            assert_refused(answer, "spec.cidr: cannot be changed")


class TestMachinery:
    """What ties an order to its composite is Crossplane's."""

    @pytest.mark.parametrize("identity", ["tenant", "operator"])
    def test_nobody_else_writes_it(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """Neither on an order that lives, nor on a new one."""
        client, written = identities[identity], machinery(plane)
        with plane.existing("Network", NETWORK) as path:
            assert_refused(patched(client, path, written), "is Crossplane's")
        order = new("Network", NETWORK | written)
        answer = client.request("POST", client.collection(order), order, query=DRY)
        assert_refused(answer, "is Crossplane's")

    def test_crossplane_writes_it(self, plane: Plane, identities: dict[str, Kubernetes]) -> None:
        """By its service account."""
        with plane.existing("Network", NETWORK) as path:
            assert patched(identities["crossplane"], path, machinery(plane)).accepted


class TestComposites:
    """A composite goes with its claim, one by one."""

    @pytest.fixture
    def composite(self, plane: Plane) -> Iterator[str]:
        """Yield the path of a composite that has a claim."""
        if plane.profile.mode is not Mode.CLAIMS:
            pytest.skip("an order is its own composite")
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "XNetwork",
            "metadata": {"name": "protected", "annotations": PAUSED},
            "spec": NETWORK
            | {
                "claimRef": {**NETWORK_REF, "namespace": TENANT, "name": "protected"},
            },
        }
        plane.operator.apply(manifest)
        path = plane.operator.path(manifest)
        yield path
        patched(plane.operator, path, {"deletionProtection": False}, dry=False)
        plane.operator.delete(path)

    @pytest.mark.parametrize("identity", ["operator", "controllers"])
    def test_nobody_else_deletes_it(
        self, composite: str, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """Not even with the right to do anything."""
        answer = identities[identity].request("DELETE", composite, query=DRY)
        assert_refused(answer, "it belongs to an order")

    @pytest.mark.parametrize("identity", ["operator", "controllers"])
    @pytest.mark.parametrize("tie", sorted(TIES))
    def test_nobody_else_unties_it(
        self, composite: str, identities: dict[str, Kubernetes], identity: str, tie: str
    ) -> None:
        """Neither from its claim, nor from what is composed; everything else may be edited."""
        other = {**NETWORK_REF, "namespace": "of-somebody-else", "name": "protected"}
        written = {"claimRef": other, "resourceRefs": [other]}[tie]
        answer = patched(identities[identity], composite, {tie: written})
        assert_refused(answer, f"spec.{tie} is Crossplane's")
        assert patched(identities[identity], composite, {"dnsServers": ["192.0.2.8"]}).accepted

    def test_crossplane_ties_it(self, composite: str, identities: dict[str, Kubernetes]) -> None:
        """As it does on every call that composes something."""
        refs = [{**NETWORK_REF, "name": "composed"}]
        assert patched(identities["crossplane"], composite, {"resourceRefs": refs}).accepted

    def test_crossplane_deletes_it_by_name(
        self, composite: str, identities: dict[str, Kubernetes]
    ) -> None:
        """As it does when the claim is deleted."""
        assert identities["crossplane"].request("DELETE", composite, query=DRY).accepted

    def test_crossplane_deletes_no_collection(
        self, composite: str, identities: dict[str, Kubernetes]
    ) -> None:
        """As it does when the XRD is deleted."""
        answer = identities["crossplane"].request("DELETE", composite.rpartition("/")[0], query=DRY)
        assert_refused(answer, "it belongs to an order")


@dataclass(frozen=True)
class Stone:
    """Something that orders are built on."""

    name: str
    path: str


STONES = [
    Stone("our CRD", f"{CRDS}/networks.{API_GROUP}"),
    Stone("a provider's CRD", f"{CRDS}/objects.kubernetes.crossplane.io"),
    Stone("an XRD", f"{EXTENSIONS}/v1/compositeresourcedefinitions/{{}}networks.{API_GROUP}"),
    Stone("a Composition", f"{EXTENSIONS}/v1/compositions/{{}}networks.{API_GROUP}"),
    Stone("an EnvironmentConfig", f"{EXTENSIONS}/v1beta1/environmentconfigs/cluster-stacks"),
    Stone("the function", f"/apis/pkg.crossplane.io/v1/functions/{INSTALLED}"),
]


class TestFoundations:
    """What orders are built on is deleted only with an annotation that names it."""

    @pytest.mark.parametrize("stone", STONES, ids=lambda stone: stone.name)
    @each_operator
    def test_nobody_deletes_it(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, stone: Stone
    ) -> None:
        """Not even Crossplane, nor a controller of Kubernetes."""
        path = of_install(plane, stone).path
        assert plane.operator.get(path) is not None
        answer = identities[identity].request("DELETE", path, query=DRY)
        name = path.rpartition("/")[2]
        assert_refused(answer, f"{name} {ALLOW}={name}")

    @pytest.mark.parametrize("stone", STONES, ids=lambda stone: stone.name)
    def test_it_goes_with_the_annotation(self, plane: Plane, stone: Stone) -> None:
        """And not with that of another."""
        path = of_install(plane, stone).path
        try:
            annotate(plane.operator, path, "another")
            assert not plane.operator.request("DELETE", path, query=DRY).accepted
            delete_allowed(plane.operator, path, dry=True)
        finally:
            annotate(plane.operator, path, None)

    @pytest.mark.parametrize("identity", ["operator", "controllers"])
    def test_nobody_deletes_a_tenants_namespace(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """With it would go every order in it."""
        path = "/api/v1/namespaces/protected"
        labels = {f"{API_GROUP}/tenant": "protected"}
        plane.operator.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "protected", "labels": labels},
            }
        )
        answer = identities[identity].request("DELETE", path, query=DRY)
        assert_refused(answer, f"kubectl annotate namespace protected {ALLOW}=protected")

    def test_what_is_not_ours_goes(self, plane: Plane) -> None:
        """The policies are for orders alone."""
        manifest = {
            "apiVersion": "apiextensions.crossplane.io/v1beta1",
            "kind": "EnvironmentConfig",
            "metadata": {"name": "of-somebody-else"},
            "data": {},
        }
        plane.operator.apply(manifest)
        plane.operator.delete(plane.operator.path(manifest))


class TestRights:
    """A tenant orders in the own namespace, and sees nothing else."""

    @pytest.mark.parametrize(
        "path",
        [
            f"/apis/{API_VERSION}/networks",
            f"/apis/{API_VERSION}/namespaces/default/networks",
            "/apis/kubernetes.crossplane.io/v1alpha2/objects",
            f"/apis/kubernetes.m.crossplane.io/v1alpha1/namespaces/{TENANT}/objects",
            f"{EXTENSIONS}/v1beta1/environmentconfigs",
            f"/api/v1/namespaces/{TENANT}/secrets",
            "/api/v1/namespaces/crossplane-system/secrets",
            "/api/v1/namespaces",
        ],
    )
    def test_a_tenant_does_not_see(self, plane: Plane, path: str) -> None:
        """Refused by RBAC, and not empty."""
        assert plane.tenant.request("GET", path).status == 403

    def test_a_tenant_sees_orders(self, plane: Plane) -> None:
        """In the own namespace."""
        path = f"/apis/{API_VERSION}/namespaces/{TENANT}/networks"
        assert plane.tenant.request("GET", path).accepted


def of_install(plane: Plane, stone: Stone) -> Stone:
    """Return it under the name that it has in this install."""
    prefix = "x" if plane.profile.mode is Mode.CLAIMS else ""
    return replace(stone, path=stone.path.format(prefix))


def machinery(plane: Plane) -> Manifest:
    """Return what only Crossplane may write in this install."""
    if plane.profile.mode is Mode.CLAIMS:
        kind = {"apiVersion": API_VERSION, "kind": "XNetwork"}
        return {"resourceRef": {**kind, "name": "of-somebody-else"}}
    return {"crossplane": {"compositionUpdatePolicy": "Manual"}}


def patched(client: Kubernetes, path: str, spec: Manifest, *, dry: bool = True) -> Answer:
    """Change some fields of an order."""
    query = DRY if dry else None
    return client.request("PATCH", path, {"spec": spec}, content=MERGE, query=query)


def annotate(client: Kubernetes, path: str, value: str | None) -> None:
    """Set, or take away, the annotation that allows a deletion."""
    answer = client.request(
        "PATCH", path, {"metadata": {"annotations": {ALLOW: value}}}, content=MERGE
    )
    assert answer.accepted, answer.message


def assert_refused(answer: Answer, message: str) -> None:
    """Hold an answer against how it has to be refused."""
    assert answer.status == 403, answer.body
    assert message in answer.message
