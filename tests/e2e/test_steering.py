"""Who may write the metadata that steer Crossplane and the garbage collector, on a real API server.

Each refusal is a whole sentence. What a policy refuses is accepted once its binding is gone, so
that no test passes because something else refuses the request.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from function.contract import Mode
from function.model import API_GROUP, API_VERSION
from testbed import ROOT
from testbed.install import documents, named
from testbed.kubernetes import APPLY, MERGE, Answer, Kubernetes, Manifest
from testbed.site import TENANT
from testbed.waiting import until
from tools.generate.protection import PLURALS

from .planes import DRY, PAUSED, Plane, new
from .shell import attempt

pytestmark = pytest.mark.e2e

FORBIDDEN, INVALID = 403, 422
NETWORK = {"cidr": "10.20.0.0/24"}
UNPROTECTED = NETWORK | {"deletionProtection": False}
CLAIM, COMPOSITE = "finalizer.apiextensions.crossplane.io", "composite.apiextensions.crossplane.io"
# An order of each kind.
ORDERS: dict[str, Manifest] = {
    "Cluster": {"version": "1.34"},
    "Server": {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-2V-4"},
    "Network": NETWORK,
}
# What orphans an order by what is read of it, by the form of the patch.
JSON_PATCH = "application/json-patch+json"
STATUSES = {
    MERGE: {"status": {"deletionPolicy": "Orphan"}},
    JSON_PATCH: [{"op": "add", "path": "/status", "value": {"deletionPolicy": "Orphan"}}],
}
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "6c1c9b7e"}
COLLECTOR = "system:serviceaccount:kube-system:generic-garbage-collector"
NAMESPACES = "system:serviceaccount:kube-system:namespace-controller"
# Who has every right on orders and their status, and no other, as by Crossplane's own role.
EDITOR = "editor"
TENANTS = ("tenant", EDITOR)
OPERATORS = ("operator", "crossplane", "controllers", COLLECTOR)
RBAC = "rbac.authorization.k8s.io"
NOTICED_SECONDS = 60.0

ORPHAN = (
    "to leave what was built with the provider, set spec.deletionPolicy to Orphan and wait until "
    "status.deletionPolicy says Orphan"
)
CASCADE = f"what was built would stay without its order: delete without --cascade=orphan; {ORPHAN}"
UNFINALIZED = (
    "what was built would stay behind, because the finalizer of Crossplane is missing: wait until "
    "Crossplane has added it again, or contact your provider"
)
STATUS = "only Crossplane writes status; change spec instead"
OWNERS = (
    "metadata.ownerReferences: an order may not gain an owner, because the garbage collector would "
    "delete it together with that owner; leave the field out"
)
UNNAMED = (
    "spec.writeConnectionSecretToRef.name must be the name of a Secret: lower-case letters, "
    "digits, dashes and dots, beginning and ending with a letter or digit, at most 253 characters"
)


def of_provider(where: str, key: str) -> str:
    """Return what a tenant reads of a label or an annotation."""
    return (
        f"metadata.{where}: only your provider sets {key}; leave such keys out of a new order and "
        "unchanged in an existing one"
    )


def of_crossplane(name: str) -> str:
    """Return what a tenant reads of a finalizer of Crossplane."""
    return (
        f"metadata.finalizers: only Crossplane adds or removes {name}, so that nothing stays "
        "behind when the order is deleted; if a deletion hangs, contact your provider"
    )


def of_collector(name: str) -> str:
    """Return what a tenant reads of a finalizer of the garbage collector."""
    return f"metadata.finalizers: only the API server adds or removes {name}; {ORPHAN}"


@dataclass(frozen=True)
class Write:
    """A change of metadata, and how it is refused; nothing if it is accepted.

    Attributes:
        name: What it does, for people.
        written: The metadata that are merged into those of the order.
        refusal: What a tenant reads.
        previous: The metadata that the order has already.
    """

    name: str
    written: Manifest
    refusal: str = ""
    previous: Manifest = field(default_factory=dict)


ANNOTATIONS = (
    "crossplane.io/paused",
    "crossplane.io/external-name",
    "crossplane.io/external-create-pending",
    "crossplane.io/external-create-succeeded",
    "crossplane.io/external-create-failed",
    "crossplane.io/composition-resource-name",
    "crossplane.io/composition-name",
    "crossplane.io/poll-interval",
    "usage.crossplane.io/deletion-attempt-with-policy",
    f"{API_GROUP}/bound",
    f"deep.{API_GROUP}/x",
)
LABELS = (
    "crossplane.io/composite",
    "crossplane.io/claim-name",
    "crossplane.io/claim-namespace",
    "apiextensions.crossplane.io/composite",
    f"{API_GROUP}/tenant",
    f"{API_GROUP}/environment",
)
# What tenants, and tools that act as tenants, write every day, and keys that only look reserved.
HARMLESS = [
    Write("a label", {"labels": {"team": "web"}}),
    Write("Helm", {"labels": {"app.kubernetes.io/managed-by": "Helm"}}),
    Write("Argo CD", {"annotations": {"argocd.argoproj.io/tracking-id": "a:b/C:d/e"}}),
    Write("Flux", {"labels": {"kustomize.toolkit.fluxcd.io/name": "orders"}}),
    Write("apply", {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}),
    Write("a longer domain", {"labels": {"notcrossplane.io/paused": "true"}}),
    Write("a domain below another", {"labels": {"crossplane.io.example.com/paused": "true"}}),
    Write("a name", {"annotations": {"example.com/crossplane.io": "x"}}),
    Write("a finalizer of one's own", {"finalizers": ["example.com/backup"]}),
    Write(
        "a finalizer of one's own, removed",
        {"finalizers": None},
        previous={"finalizers": ["example.com/backup"]},
    ),
    Write("an owner less", {"ownerReferences": None}, previous={"ownerReferences": [OWNER]}),
]
REFUSED = [
    *(
        Write(f"sets {k}", {"annotations": {k: "x"}}, of_provider("annotations", k))
        for k in ANNOTATIONS
    ),
    *(Write(f"labels {k}", {"labels": {k: "x"}}, of_provider("labels", k)) for k in LABELS),
    Write("a finalizer of a claim", {"finalizers": [CLAIM]}, of_crossplane(CLAIM)),
    Write("a finalizer of a composite", {"finalizers": [COMPOSITE]}, of_crossplane(COMPOSITE)),
    Write("orphan", {"finalizers": ["orphan"]}, of_collector("orphan")),
    Write("foreground", {"finalizers": ["foregroundDeletion"]}, of_collector("foregroundDeletion")),
    Write("an owner", {"ownerReferences": [OWNER]}, OWNERS),
]
# Of a live order. What cannot be in a new one is not tried there.
EDITS = [
    Write(
        "unpauses",
        {"annotations": {"crossplane.io/paused": None}},
        of_provider("annotations", "crossplane.io/paused"),
    ),
    Write(
        "changes a label",
        {"labels": {"crossplane.io/composite": "victim"}},
        of_provider("labels", "crossplane.io/composite"),
        previous={"labels": {"crossplane.io/composite": "mine"}},
    ),
    Write(
        "removes all labels",
        {"labels": None},
        of_provider("labels", "crossplane.io/composite"),
        previous={"labels": {"crossplane.io/composite": "mine", "team": "web"}},
    ),
    Write(
        "removes finalizers",
        {"finalizers": None},
        of_crossplane(CLAIM),
        previous={"finalizers": [CLAIM, "example.com/backup"]},
    ),
    Write(
        "empties finalizers",
        {"finalizers": []},
        of_crossplane(COMPOSITE),
        previous={"finalizers": [COMPOSITE]},
    ),
    Write(
        "replaces finalizers",
        {"finalizers": ["example.com/backup"]},
        of_crossplane(CLAIM),
        previous={"finalizers": [CLAIM]},
    ),
    Write(
        "changes an owner",
        {"ownerReferences": [OWNER | {"blockOwnerDeletion": True}]},
        OWNERS,
        previous={"ownerReferences": [OWNER]},
    ),
]

each_tenant = pytest.mark.parametrize("identity", TENANTS)
each_operator = pytest.mark.parametrize("identity", OPERATORS)
each_refused = pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.name)


@pytest.fixture(scope="module")
def identities(plane: Plane) -> Iterator[dict[str, Kubernetes]]:
    """Yield the API server as seen by each."""
    operator, address = plane.site.identity("operator"), plane.site.address("api")
    clients = {
        name: Kubernetes(address, plane.site.identity(name))
        for name in ("tenant", "operator", "crossplane", "controllers")
    } | {
        user: Kubernetes(address, operator, impersonated=user)
        for user in (EDITOR, COLLECTOR, NAMESPACES)
    }
    parts = [*PLURALS, *(f"{plural}/status" for plural in PLURALS)]
    rules = [{"apiGroups": [API_GROUP], "resources": parts, "verbs": ["*"]}]
    role = named(f"{RBAC}/v1", "Role", EDITOR, {"namespace": TENANT}, rules=rules)
    binding = named(
        f"{RBAC}/v1",
        "RoleBinding",
        EDITOR,
        {"namespace": TENANT},
        roleRef={"apiGroup": RBAC, "kind": "Role", "name": EDITOR},
        subjects=[{"apiGroup": RBAC, "kind": "User", "name": EDITOR}],
    )
    for manifest in (role, binding):
        plane.operator.apply(manifest)
    until(
        lambda: clients[EDITOR].request("GET", orders()).accepted,
        seconds=NOTICED_SECONDS,
        what="the rights of an editor",
    )
    yield clients
    for manifest in (binding, role):
        plane.operator.delete(plane.operator.path(manifest))
    for client in clients.values():
        client.close()


class TestMetadata:
    """Only an operator, and Crossplane, write what steers Crossplane and the garbage collector."""

    @each_tenant
    @each_refused
    def test_a_tenant_does_not_order_with_it(
        self, identities: dict[str, Kubernetes], identity: str, write: Write
    ) -> None:
        """Refused at once, so that nothing is built which nobody sees."""
        assert_refused(created(identities[identity], write.written), "metadata", write.refusal)

    @each_tenant
    @pytest.mark.parametrize("write", [*REFUSED, *EDITS], ids=lambda write: write.name)
    def test_a_tenant_does_not_change_it(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, write: Write
    ) -> None:
        """Neither added, nor changed, nor removed."""
        with plane.existing("Network", NETWORK, write.previous | paused(write.previous)) as path:
            answer = patched(identities[identity], path, write.written)
            assert_refused(answer, "metadata", write.refusal)

    @each_operator
    @pytest.mark.parametrize("write", [*REFUSED, *EDITS], ids=lambda write: write.name)
    def test_an_operator_changes_it(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, write: Write
    ) -> None:
        """To pause an order, to end a deletion that hangs; the collector removes its finalizers."""
        with plane.existing("Network", NETWORK, write.previous | paused(write.previous)) as path:
            answer = patched(identities[identity], path, write.written)
            assert answer.accepted, answer.message

    @each_tenant
    @pytest.mark.parametrize("write", HARMLESS, ids=lambda write: write.name)
    def test_a_tenant_writes_other_metadata(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, write: Write
    ) -> None:
        """On a new order, and on one that an operator has paused, which stays editable."""
        client = identities[identity]
        if not write.previous:
            answer = created(client, write.written)
            assert answer.accepted, answer.message
        with plane.existing("Network", NETWORK, write.previous | paused(write.previous)) as path:
            answer = patched(client, path, write.written)
            assert answer.accepted, answer.message

    def test_what_is_there_stays_editable(
        self, plane: Plane, identities: dict[str, Kubernetes]
    ) -> None:
        """Whoever wrote it, and whichever way the order is edited."""
        client = identities["tenant"]
        metadata = {
            "annotations": dict.fromkeys(ANNOTATIONS, "true"),
            "labels": dict.fromkeys(LABELS, "mine"),
            "finalizers": [CLAIM, "orphan"],
            "ownerReferences": [OWNER],
        }
        with plane.existing("Network", NETWORK, metadata) as path:
            edited = NETWORK | {"dnsServers": ["192.0.2.8"]}
            answer = plane.edit(path, edited)
            assert answer.accepted, answer.message
            applied = {
                "apiVersion": API_VERSION,
                "kind": "Network",
                "metadata": {"name": path.rpartition("/")[2], **metadata},
                "spec": edited,
            }
            forced = {**DRY, "fieldManager": "kubectl", "force": "true"}
            answer = client.request("PATCH", path, applied, content=APPLY, query=forced)
            assert answer.accepted, answer.message

    def test_a_generated_name_is_accepted(self, identities: dict[str, Kubernetes]) -> None:
        """And judged as any other."""
        client, order = identities["tenant"], new("Network", NETWORK)
        order["metadata"] = {"generateName": "order-", "namespace": TENANT}
        answer = client.request("POST", orders(), order, query=DRY)
        assert answer.accepted, answer.message
        order["metadata"]["annotations"] = PAUSED
        answer = client.request("POST", orders(), order, query=DRY)
        assert_refused(answer, "metadata", of_provider("annotations", "crossplane.io/paused"))

    def test_many_keys_are_judged(self, identities: dict[str, Kubernetes]) -> None:
        """As many as an object may have; more of ours than fit in a sentence have a shorter one."""
        client = identities["tenant"]
        many = {f"example.com/{'k' * 50}-{n}": "v" for n in range(2000)}
        assert created(client, {"labels": many, "annotations": many}).accepted
        ours = {f"crossplane.io/{'k' * 50}-{n}": "v" for n in range(200)}
        domains = f"those of crossplane.io and {API_GROUP}"
        answer = created(client, {"labels": ours})
        assert_refused(answer, "metadata", of_provider("labels", domains))

    @each_refused
    def test_only_this_policy_refuses_it(
        self, plane: Plane, identities: dict[str, Kubernetes], write: Write
    ) -> None:
        """Without it the same request is accepted."""
        client = identities["tenant"]
        with without(plane, "metadata"):
            until(
                lambda: created(client, write.written).accepted,
                seconds=NOTICED_SECONDS,
                what="the policy gone",
            )


class TestDeletion:
    """An order goes together with what was built, or not at all."""

    @pytest.mark.parametrize("identity", [*TENANTS, *OPERATORS, NAMESPACES])
    @pytest.mark.parametrize(
        "options",
        [{"propagationPolicy": "Orphan"}, {"orphanDependents": True}],
        ids=["propagationPolicy", "orphanDependents"],
    )
    def test_nobody_leaves_behind_what_was_built(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, options: Manifest
    ) -> None:
        """Neither of one order nor of all, by the field of today and by the former one."""
        with plane.existing("Network", UNPROTECTED) as path:
            answer = deleted(identities[identity], path, options)
            assert_refused(answer, "orders", CASCADE)
            if identity != COLLECTOR:
                # Which has no right to delete all of them.
                answer = deleted(identities[identity], path.rpartition("/")[0], options)
                assert_refused(answer, "orders", CASCADE)
            assert plane.operator.get(path) is not None

    @pytest.mark.parametrize("identity", [*TENANTS, *OPERATORS, NAMESPACES])
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"propagationPolicy": "Background"},
            {"propagationPolicy": "Foreground"},
            {"orphanDependents": False},
            {"gracePeriodSeconds": 0},
        ],
        ids=["plain", "background", "foreground", "not orphaned", "now"],
    )
    def test_everybody_deletes_in_another_way(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str, options: Manifest
    ) -> None:
        """As kubectl, the garbage collector and the namespace controller do."""
        with plane.existing("Network", UNPROTECTED) as path:
            answer = deleted(identities[identity], path, options)
            assert answer.accepted, answer.message

    @pytest.mark.parametrize("identity", [*TENANTS, *OPERATORS])
    def test_nobody_deletes_a_claim_of_which_crossplane_would_not_hear(
        self, plane: Plane, identities: dict[str, Kubernetes], identity: str
    ) -> None:
        """With the finalizer the same is accepted; a composite needs none."""
        claims = plane.profile.mode is Mode.CLAIMS
        bound = {"resourceRef": {"apiVersion": API_VERSION, "kind": "XNetwork", "name": "x"}}
        with plane.existing("Network", UNPROTECTED) as path:
            if claims:
                crossplane = identities["crossplane"]
                spec = {"spec": bound}
                assert crossplane.request("PATCH", path, spec, content=MERGE).accepted
                answer = deleted(identities[identity], path, {})
                assert_refused(answer, "orders", UNFINALIZED)
                finalizers = {"metadata": {"finalizers": [CLAIM]}}
                assert crossplane.request("PATCH", path, finalizers, content=MERGE).accepted
            assert deleted(identities[identity], path, {}).accepted

    def test_only_this_policy_refuses_it(
        self, plane: Plane, identities: dict[str, Kubernetes]
    ) -> None:
        """Without it the same request is accepted."""
        with plane.existing("Network", UNPROTECTED) as path, without(plane, "orders"):
            until(
                lambda: (
                    deleted(identities["tenant"], path, {"propagationPolicy": "Orphan"}).accepted
                ),
                seconds=NOTICED_SECONDS,
                what="the policy gone",
            )


class TestStatus:
    """Only Crossplane writes what tenants, and policies, read in the status."""

    @pytest.mark.parametrize("plural", PLURALS)
    def test_an_editor_does_not_write_it(
        self, plane: Plane, identities: dict[str, Kubernetes], plural: str
    ) -> None:
        """An Orphan that is not in force would let what was built go."""
        kind = next(kind for kind in ORDERS if plural == f"{kind.lower()}s")
        with plane.existing(kind, ORDERS[kind]) as path:
            for content, body in STATUSES.items():
                answer = status_written(identities[EDITOR], path, body, content)
                assert_refused(answer, "status", STATUS)
                for name in OPERATORS:
                    answer = status_written(identities[name], path, body, content)
                    assert answer.accepted, (name, answer.message)

    def test_only_this_policy_refuses_it(
        self, plane: Plane, identities: dict[str, Kubernetes]
    ) -> None:
        """Without it the same request is accepted."""
        status = {"status": {"deletionPolicy": "Orphan"}}
        with plane.existing("Network", NETWORK) as path, without(plane, "status"):
            until(
                lambda: (
                    identities[EDITOR]
                    .request("PATCH", f"{path}/status", status, content=MERGE, query=DRY)
                    .accepted
                ),
                seconds=NOTICED_SECONDS,
                what="the policy gone",
            )

    def test_there_is_no_scale(self, plane: Plane, identities: dict[str, Kubernetes]) -> None:
        """Which would be a way around what is judged of a whole order."""
        with plane.existing("Network", NETWORK) as path:
            for name in (EDITOR, "operator"):
                assert identities[name].request("GET", f"{path}/scale").status in (FORBIDDEN, 404)


class TestConnectionSecret:
    """The name of a connection secret is one that a Secret may have."""

    @pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a..b", "../x", "a/b", "a" * 254])
    def test_a_claim_names_no_impossible_secret(
        self, plane: Plane, identities: dict[str, Kubernetes], name: str
    ) -> None:
        """Crossplane would retry endlessly; a claim that has such a name already stays editable."""
        if plane.profile.mode is not Mode.CLAIMS:
            pytest.skip("a composite of this kind has no connection secret")
        spec, client = {"writeConnectionSecretToRef": {"name": name}}, identities["tenant"]
        order = new("Network", NETWORK | spec)
        answer = client.request("POST", orders(), order, query=DRY)
        assert_refused(answer, "machinery", UNNAMED)
        with plane.existing("Network", NETWORK) as path:
            crossplane = identities["crossplane"]
            assert crossplane.request("PATCH", path, {"spec": spec}, content=MERGE).accepted
            more = {"spec": {**spec, "dnsServers": ["192.0.2.8"]}}
            answer = client.request("PATCH", path, more, content=MERGE, query=DRY)
            assert answer.accepted, answer.message

    @pytest.mark.parametrize("name", ["a", "shop", "shop-conn", "shop.conn", "0", "a" * 253])
    def test_a_claim_names_a_secret(self, identities: dict[str, Kubernetes], name: str) -> None:
        """Any other name; a composite drops what it does not know."""
        order = new("Network", NETWORK | {"writeConnectionSecretToRef": {"name": name}})
        answer = identities["tenant"].request("POST", orders(), order, query={"dryRun": "All"})
        assert answer.accepted, answer.message


@dataclass(frozen=True)
class Command:
    """What a tenant types, and how it is refused; nothing if it works."""

    typed: str
    refusal: str = ""


PATCH = "kubectl patch network $NAME --dry-run=server --type"
COMMANDS = [
    Command("kubectl delete network $NAME --cascade=orphan --dry-run=server", CASCADE),
    Command("kubectl delete network --all --cascade=orphan --dry-run=server", CASCADE),
    Command(
        "kubectl annotate network $NAME crossplane.io/paused=false --overwrite --dry-run=server",
        of_provider("annotations", "crossplane.io/paused"),
    ),
    Command(
        "kubectl annotate network $NAME crossplane.io/paused- --dry-run=server",
        of_provider("annotations", "crossplane.io/paused"),
    ),
    Command(
        "kubectl label network $NAME crossplane.io/composite=victim --dry-run=server",
        of_provider("labels", "crossplane.io/composite"),
    ),
    Command(PATCH + """=merge -p '{"metadata":{"finalizers":null}}'""", of_crossplane(CLAIM)),
    Command(
        PATCH + """=json -p '[{"op":"remove","path":"/metadata/finalizers"}]'""",
        of_crossplane(CLAIM),
    ),
    Command(
        PATCH + """=json -p '[{"op":"add","path":"/metadata/finalizers/-","value":"orphan"}]'""",
        of_collector("orphan"),
    ),
    Command(
        "kubectl get network $NAME -o yaml | grep -v apiextensions.crossplane.io "
        "| kubectl replace --dry-run=server -f -",
        of_crossplane(CLAIM),
    ),
    Command(
        "kubectl get network $NAME -o json | sed 's|crossplane.io/paused|crossplane.io/poll|' "
        "| kubectl replace --dry-run=server -f -",
        "metadata.annotations: only your provider sets ",
    ),
    Command(
        "kubectl get network $NAME -o yaml --show-managed-fields=false "
        "| sed 's|crossplane.io/paused: .*|crossplane.io/paused: \"no\"|' "
        "| kubectl apply --server-side --force-conflicts --dry-run=server -f -",
        of_provider("annotations", "crossplane.io/paused"),
    ),
    Command(
        "EDITOR=\"sed -i '/apiextensions.crossplane.io/d'\" kubectl edit network $NAME",
        of_crossplane(CLAIM),
    ),
    Command("EDITOR=\"sed -i 's|team: web|team: db|'\" kubectl edit network $NAME"),
    Command("kubectl label network $NAME team=db --overwrite --dry-run=server"),
    Command("kubectl annotate network $NAME note=x --dry-run=server"),
    Command("kubectl delete network $NAME --cascade=foreground --dry-run=server"),
    Command("kubectl delete network $NAME --now --dry-run=server"),
    Command("kubectl delete network --all --dry-run=server"),
    Command("kubectl get network $NAME -o yaml | kubectl apply --dry-run=server -f -"),
    Command(
        "kubectl get network $NAME -o yaml --show-managed-fields=false "
        "| kubectl apply --server-side --force-conflicts --dry-run=server -f -"
    ),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.typed)
def test_kubectl(plane: Plane, command: Command, tmp_path: Path) -> None:
    """As a tenant types it, for an order that the operator has paused, and Crossplane finalizes."""
    metadata = {"finalizers": [CLAIM], "labels": {"team": "web"}}
    with plane.existing("Network", UNPROTECTED, metadata) as path:
        name = path.rpartition("/")[2]
        done = attempt(
            plane.site, f"set -o pipefail; NAME={name}; {command.typed}", tmp_path, "tenant"
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is bool(command.refusal), said
        assert command.refusal in said


@contextmanager
def without(plane: Plane, policy: str) -> Iterator[None]:
    """Take a policy out of force, and put it back."""
    file = ROOT / "package" / "cluster" / f"protect-{policy}.yaml"
    binding = next(one for one in documents(file) if one["kind"].endswith("Binding"))
    plane.operator.delete(plane.operator.path(binding))
    try:
        yield
    finally:
        plane.operator.apply(binding)
        until(lambda: in_force(plane, policy), seconds=NOTICED_SECONDS, what=f"{policy} in force")


def in_force(plane: Plane, policy: str) -> bool:
    """Say whether a policy refuses what it is for."""
    with plane.existing("Network", UNPROTECTED) as path:
        match policy:
            case "metadata":
                return not created(plane.tenant, {"annotations": PAUSED}).accepted
            case "orders":
                orphan = {"propagationPolicy": "Orphan"}
                return not deleted(plane.tenant, path, orphan).accepted
            case "status":
                site = plane.site
                editor = Kubernetes(site.address("api"), site.identity("operator"), EDITOR)
                answer = status_written(editor, path, STATUSES[MERGE], MERGE)
                editor.close()
                return not answer.accepted
    raise LookupError(policy)


def orders() -> str:
    """Return the path of all networks of the tenant."""
    return f"/apis/{API_VERSION}/namespaces/{TENANT}/networks"


def paused(previous: Manifest) -> Manifest:
    """Return the annotations of an order that Crossplane leaves alone."""
    return {"annotations": {**PAUSED, **previous.get("annotations", {})}}


def created(client: Kubernetes, metadata: Manifest) -> Answer:
    """Ask whether an order with these metadata may be created."""
    order = new("Network", NETWORK)
    order["metadata"] |= {"name": f"order-{uuid.uuid4().hex[:12]}", **metadata}
    return client.request("POST", orders(), order, query=DRY)


def patched(client: Kubernetes, path: str, metadata: Manifest) -> Answer:
    """Ask whether the metadata of an order may be changed to this."""
    return client.request("PATCH", path, {"metadata": metadata}, content=MERGE, query=DRY)


def deleted(client: Kubernetes, path: str, options: Manifest) -> Answer:
    """Ask whether an order, or all of them, may be deleted with these options."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"], **options}
    return client.request("DELETE", path, body)


def status_written(client: Kubernetes, path: str, body: object, content: str) -> Answer:
    """Ask whether the status of an order may be changed."""
    return client.request("PATCH", f"{path}/status", body, content=content, query=DRY)


def assert_refused(answer: Answer, policy: str, sentence: str) -> None:
    """Hold an answer against the one policy, and the whole sentence, by which it is refused."""
    assert answer.status == FORBIDDEN, answer.body
    assert f"ValidatingAdmissionPolicy '{policy}.{API_GROUP}'" in answer.message
    assert answer.message.endswith(f"denied request: {sentence}"), answer.message
