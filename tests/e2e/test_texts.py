"""Which characters the API server takes in new text, and that it leaves alone what is unchanged."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.kubernetes import MERGE, Answer, Kubernetes, Manifest
from testbed.site import TENANT
from testbed.waiting import until
from tests.characters import EVERY, FIELDS, Field, cluster, judged, server
from tools.generate import definitions

from .planes import CRDS, DRY, Plane

pytestmark = pytest.mark.e2e

# What only the function judges: the API server does not look into these.
FREE = "spec.variables"
GROUP = "earlier.example.org"
VALIDATIONS = "x-kubernetes-validations"
SERVED_SECONDS = 60.0


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.path)
def test_the_api_server_says_what_the_function_says(plane: Plane, field: Field) -> None:
    """Of every character, by its own engine; the sentence is the same."""
    for name, character in EVERY.items():
        spec = field.spec(f"{field.previous}{character}b")
        [*wanted] = [] if field.path.startswith(FREE) else judged(field.kind, spec)
        answer = plane.create(field.kind, spec)
        if wanted:
            assert not answer.accepted, name
            assert wanted[0].partition(": ")[2] in answer.message, (name, answer.message)
        elif name not in ("line feed", "carriage return", "tab", "space"):
            # These are refused by other rules of some fields.
            assert answer.accepted, (name, answer.message)


@dataclass(frozen=True)
class Edit:
    """An edit of an order that holds text which is no longer accepted.

    Attributes:
        name: What it does, for people.
        kind: Kind of the order.
        written: What is merged into its spec.
        accepted: Whether it is accepted.
    """

    name: str
    kind: str
    written: Manifest
    accepted: bool = True


BAD = 'a"\u202e'
LOGIN = {"issuerURL": "https://a'b", "clientID": BAD, "groupsPrefix": "\\"}
POOL = {"name": "web", "flavor": "SCS-2V-8", "replicas": 1, "annotations": {"a": "\x1b"}}
RULE = {"protocol": "tcp", "description": BAD}
ORDERS = {
    "Cluster": cluster(access={"oidc": LOGIN, "adminGroups": [BAD]}, nodePools=[POOL]),
    "Server": server(firewall={"ingress": [RULE]}, volumes=[{"name": "data", "sizeGiB": 1}]),
}
EDITS = [
    Edit("another field", "Cluster", {"deletionProtection": False}),
    Edit("a field beside it", "Cluster", {"access": {"oidc": {"usernamePrefix": "x:"}}}),
    Edit("a group less", "Cluster", {"access": {"adminGroups": None}}),
    Edit("what is accepted", "Cluster", {"access": {"oidc": {"clientID": "a"}}}),
    Edit(
        "a pool more", "Cluster", {"nodePools": [POOL, {**POOL, "name": "db", "annotations": {}}]}
    ),
    Edit("a pool scaled", "Cluster", {"nodePools": [{**POOL, "replicas": 2}]}),
    Edit("another volume", "Server", {"volumes": [{"name": "data", "sizeGiB": 2}]}),
    Edit("other text", "Cluster", {"access": {"oidc": {"clientID": f"{BAD}b"}}}, accepted=False),
    Edit("text elsewhere", "Cluster", {"access": {"viewerGroups": [BAD]}}, accepted=False),
    Edit("a list with it", "Cluster", {"access": {"adminGroups": [BAD, "b"]}}, accepted=False),
    Edit(
        "a rule beside it",
        "Server",
        {"firewall": {"ingress": [RULE, {"protocol": "udp"}]}},
        accepted=False,
    ),
]


@pytest.fixture(scope="module")
def earlier(plane: Plane) -> Iterator[Callable[[str], str]]:
    """Yield the paths of orders that were accepted before characters were judged."""
    paths = {}
    for kind, spec in ORDERS.items():
        plane.operator.apply(definition(kind, judging=False))
        order = {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": kind,
            "metadata": {"name": "earlier", "namespace": TENANT},
            "spec": spec,
        }
        paths[kind] = f"/apis/{GROUP}/v1alpha1/namespaces/{TENANT}/{kind.lower()}s/earlier"
        collection = paths[kind].rpartition("/")[0]

        def created(order: Manifest = order, at: str = collection, *, dry: bool) -> Answer:
            named = {
                **order,
                "metadata": {**order["metadata"], "name": "new" if dry else "earlier"},
            }
            return plane.operator.request("POST", at, named, query=DRY if dry else None)

        until(lambda: created(dry=False).accepted, seconds=SERVED_SECONDS, what=f"{kind} created")
        plane.operator.apply(definition(kind, judging=True))
        until(lambda: not created(dry=True).accepted, seconds=SERVED_SECONDS, what=f"{kind} judged")
    yield paths.__getitem__
    for kind in ORDERS:
        plane.operator.delete(f"{CRDS}/{kind.lower()}s.{GROUP}")


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.kind}: {edit.name}")
def test_what_is_unchanged_is_not_judged(
    plane: Plane, earlier: Callable[[str], str], edit: Edit
) -> None:
    """An order from before goes on and may be edited; the function is no stricter."""
    answer = patched(plane.operator, earlier(edit.kind), edit.written)
    assert answer.accepted is edit.accepted, answer.message
    if edit.accepted:
        assert judged(edit.kind, answer.body["spec"], ORDERS[edit.kind]) == []


def patched(client: Kubernetes, path: str, spec: Manifest) -> Answer:
    """Ask whether fields may be changed to these."""
    return client.request("PATCH", path, {"spec": spec}, content=MERGE, query=DRY)


def definition(kind: str, *, judging: bool) -> Manifest:
    """Return a definition of a kind with our schema, with or without its rules."""
    schema = copy.deepcopy(definitions.schema(kind))
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema if judging else unruled(schema)},
                }
            ],
        },
    }


def unruled(node: Any) -> Any:
    """Return a schema without rules."""
    if isinstance(node, list):
        return [unruled(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {key: unruled(value) for key, value in node.items() if key != VALIDATIONS}
