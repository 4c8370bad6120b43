"""Break what surrounds live clusters, as people and outages do, and repair it again.

Live objects on the management cluster are compared by UID and generation while a fault lasts, and
after it is over.
"""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from function.model import API_GROUP
from testbed.install import NAMESPACE as SYSTEM
from testbed.kubernetes import MERGE, Manifest
from testbed.management import NAMESPACE, classes, environment_layers
from testbed.waiting import TimedOut, until

from .clusters import Live, await_settled
from .conftest import Tell
from .planes import Plane, delete_allowed

CONFIGS = "/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs"
SECRET = f"/api/v1/namespaces/{SYSTEM}/secrets/acme.capi"
BINDING = (
    f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings/central-api-clusters"
)
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
GUARD = f"{HOOKS}/capi-core-validating-webhook-configuration"
CLASS = "openstack-scs2-1-34-v2"
CLASSES = "/apis/cluster.x-k8s.io/v1beta2/namespaces/cluster-stacks/clusterclasses"
LABEL = f"{API_GROUP}/environment"
REPORTED_SECONDS = 240.0
Breaks = Callable[[Plane], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: What it is.
        breaks: Makes it, and ends it.
        reported: Condition, reason and words by which the tenant learns of it.
        everywhere: Whether it strikes orders of other environments too.
    """

    name: str
    breaks: Breaks
    reported: tuple[str, str, str]
    everywhere: bool = False


@contextmanager
def without_config(plane: Plane, name: str) -> Iterator[None]:
    """Delete an EnvironmentConfig as an administrator who means it."""
    path = f"{CONFIGS}/{name}"
    assert not plane.operator.request("DELETE", path).accepted
    delete_allowed(plane.operator, path)
    try:
        yield
    finally:
        plane.operator.apply(layer(name))


@contextmanager
def edited_config(plane: Plane, name: str, patch: Manifest) -> Iterator[None]:
    """Edit an EnvironmentConfig."""
    answer = plane.operator.request("PATCH", f"{CONFIGS}/{name}", patch, content=MERGE)
    assert answer.accepted, answer.message
    try:
        yield
    finally:
        plane.operator.apply(layer(name))


@contextmanager
def without(plane: Plane, path: str) -> Iterator[None]:
    """Delete an object for a time."""
    retained = plane.operator.get(path)
    assert retained is not None
    plane.operator.delete(path)
    touch(plane)
    try:
        yield
    finally:
        put_back(plane, retained)


@contextmanager
def unreachable(plane: Plane) -> Iterator[None]:
    """Let the credentials name an API server where nobody listens."""
    retained = plane.operator.get(SECRET)
    assert retained is not None
    text = base64.b64decode(retained["data"]["kubeconfig"]).decode()
    other = text.replace(plane.site.url, "https://127.0.0.1:1")
    patch = {"data": {"kubeconfig": base64.b64encode(other.encode()).decode()}}
    assert plane.operator.request("PATCH", SECRET, patch, content=MERGE).accepted
    touch(plane)
    try:
        yield
    finally:
        put_back(plane, retained)


@contextmanager
def without_class(plane: Plane) -> Iterator[None]:
    """Delete a ClusterClass that is in use, which Cluster API itself refuses."""
    path = f"{CLASSES}/{CLASS}"
    assert not plane.operator.request("DELETE", path).accepted
    guard = plane.operator.get(GUARD)
    assert guard is not None
    plane.operator.delete(GUARD)
    until(
        lambda: plane.operator.request("DELETE", path).accepted,
        seconds=REPORTED_SECONDS,
        what=f"{CLASS} deleted",
    )
    put_back(plane, guard)
    try:
        yield
    finally:
        for manifest in classes(CLASS):
            plane.operator.apply(manifest)


ENVIRONMENT_FAULTS = [
    Fault(
        "environment deleted",
        lambda plane: without_config(plane, "cluster-stacks"),
        ("Accepted", "EnvironmentInvalid", "provider has to act"),
    ),
    Fault(
        "layer deleted",
        lambda plane: without_config(plane, "cluster-stacks-catalogue"),
        ("Accepted", "EnvironmentInvalid", "provider has to act"),
    ),
    Fault(
        "layer mislabelled",
        lambda plane: edited_config(
            plane, "cluster-stacks-catalogue", {"metadata": {"labels": {LABEL: "defualt"}}}
        ),
        ("Accepted", "EnvironmentInvalid", "provider has to act"),
    ),
    Fault(
        "layer emptied",
        lambda plane: edited_config(plane, "cluster-stacks-catalogue", {"data": None}),
        ("Accepted", "EnvironmentInvalid", "provider has to act"),
    ),
]
BACKEND_FAULTS = [
    Fault(
        "class gone",
        without_class,
        ("BackendHealthy", "NotFound", "provider has to act"),
        everywhere=True,
    ),
    Fault(
        "credentials gone",
        lambda plane: without(plane, SECRET),
        ("BackendHealthy", "CredentialsInvalid", "provider has to act"),
        everywhere=True,
    ),
    Fault(
        "namespace forbidden",
        lambda plane: without(plane, BINDING),
        ("BackendHealthy", "CredentialsInvalid", "provider has to act"),
        everywhere=True,
    ),
    Fault(
        "management cluster unreachable",
        unreachable,
        ("BackendHealthy", "Unreachable", "cannot be reached"),
        everywhere=True,
    ),
]


def strike(plane: Plane, pair: list[Live], fault: Fault, tell: Tell) -> None:
    """Let a fault strike: the tenant reads why, nothing live is touched, and it heals.

    Args:
        plane: Where.
        pair: An order of the environment `default`, and one of another.
        fault: What goes wrong.
        tell: Prints how long it took.
    """
    await_settled(pair)
    previous = [live.living() for live in pair]
    kind, reason, words = fault.reported
    started = time.monotonic()
    with fault.breaks(plane):
        for live in pair if fault.everywhere else pair[:1]:
            hears(live, kind, reason, words)
        reported = time.monotonic() - started
        assert [live.living() for live in pair] == previous
        if not fault.everywhere:
            await_settled(pair[1:])
    started = time.monotonic()
    await_settled(pair)
    healed = time.monotonic() - started
    tell(f"{fault.name}: reported after {reported:.0f} s, healed after {healed:.0f} s")
    assert [live.living() for live in pair] == previous


def hears(live: Live, kind: str, reason: str, words: str = "") -> None:
    """Wait until a tenant reads of a fault, in these words."""

    def reported() -> bool:
        status, why, message = live.says(kind)
        return (status, why) == ("False", reason) and words in message

    try:
        until(reported, seconds=REPORTED_SECONDS, what=reason)
    except TimedOut:
        seen = [one["status"]["conditions"] for one in live.objects()]
        raise AssertionError((live.status["conditions"], seen)) from None


def layer(name: str) -> Manifest:
    """Return an EnvironmentConfig as it was installed."""
    found = (one for one in environment_layers("default") if one["metadata"]["name"] == name)
    return next(found)


def touch(plane: Plane) -> None:
    """Let provider-kubernetes look at every Object now, and not after minutes."""
    for one in plane.operator.items("/apis/kubernetes.m.crossplane.io/v1alpha1/objects"):
        patch = {"metadata": {"annotations": {"testbed/touched": str(time.time())}}}
        plane.operator.request("PATCH", plane.operator.path(one), patch, content=MERGE)


def put_back(plane: Plane, retained: Manifest) -> None:
    """Make an object again, or make it again what it was."""
    metadata = {
        k: v for k, v in retained["metadata"].items() if k in ("name", "namespace", "labels")
    }
    plane.operator.apply({**retained, "metadata": metadata})
