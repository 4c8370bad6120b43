"""Orders from the first answer to the last trace of them, with the providers' part played."""

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from function.contract import Mode
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import Manifest
from testbed.waiting import until

from .lives import SECONDS, environment_of, living, offered
from .planes import Plane

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Story:
    """An order of an example, how its tenant edits it, and where that is seen.

    Attributes:
        name: Kind and backend, for people.
        example: Below `examples/`.
        environment: The example that offers it.
        edit: What the tenant writes later.
        seen: Key and path of what is composed that the edit changes.
        value: What it is then.
        reported: What status says before the edit.
    """

    name: str
    example: str
    environment: str
    edit: Manifest
    seen: tuple[str, str]
    value: Any
    reported: tuple[str, ...]


MANIFEST = "spec.forProvider.manifest.spec"
POOLS = f"{MANIFEST}.topology.workers.machineDeployments"
STORIES = [
    Story(
        "Cluster of Cluster API",
        "cluster/minimal",
        "cluster-stacks",
        {"nodePools": [{"name": "main", "size": {"cpu": 2, "memoryGiB": 8}, "replicas": 4}]},
        ("capi-cluster", f"{POOLS}[0].replicas"),
        4,
        ("version", "kubeconfig", "endpoint", "nodePools"),
    ),
    Story(
        "Cluster of Gardener",
        "cluster/minimal",
        "gardener",
        {"nodePools": [{"name": "main", "size": {"cpu": 2, "memoryGiB": 8}, "replicas": 4}]},
        ("gardener-shoot", f"{MANIFEST}.provider.workers[0].maximum"),
        4,
        ("version", "kubeconfig", "endpoint", "nodePools"),
    ),
    Story(
        "Server",
        "server/web",
        "cluster-stacks",
        {"running": False},
        ("openstack-server-0", "spec.forProvider.powerState"),
        "shutoff",
        ("servers", "flavor", "image", "sshUser"),
    ),
    Story(
        "Network",
        "network/minimal",
        "cluster-stacks",
        {"dnsServers": ["192.0.2.7"]},
        ("openstack-subnet-ipv4", "spec.forProvider.dnsNameservers"),
        ["192.0.2.7"],
        ("cidr",),
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_an_order_lives_and_goes(plane: Plane, story: Story) -> None:
    """Order, have it built, read what a tenant reads, edit it, delete it, and find nothing left."""
    manifest = next(documents(EXAMPLES / story.example / "claim.yaml"))
    with (
        offered(plane, story.environment) as layers,
        living(plane, manifest, environment_of(layers)) as life,
    ):
        # Refused until Crossplane knows of the environment, which is a moment older.
        until(
            lambda: life.reported("Accepted").get("status") == "True",
            seconds=SECONDS,
            what="accepted",
        )
        assert life.reported("Provisioned")["status"] == "False"
        assert life.status["phase"] in ("Pending", "Provisioning")
        life.settle()
        life.becomes(lambda: set(story.reported) <= set(life.status), "reported")
        key, path = story.seen
        previous = len(life.cloud.log)
        life.edit(story.edit)
        life.becomes(lambda: life.shown(key, path) == story.value, path)
        life.settle()
        assert len(life.cloud.log) == previous == len(set(life.cloud.log))
        life.delete()
        assert life.cloud.built == set()


def test_a_claim_gets_its_connection_secret(plane: Plane) -> None:
    """It holds what the status says; in a namespaced install Crossplane writes none."""
    if plane.profile.mode is not Mode.CLAIMS:
        pytest.skip("orders are no claims here")
    manifest = next(documents(EXAMPLES / "cluster" / "minimal" / "claim.yaml"))
    manifest["spec"]["writeConnectionSecretToRef"] = {"name": "kubeconfig-of-hello"}
    with (
        offered(plane, "cluster-stacks") as layers,
        living(plane, manifest, environment_of(layers)) as life,
    ):
        life.settle()
        where = f"{life.path.partition('/namespaces/')[2].partition('/')[0]}"
        secret = f"/api/v1/namespaces/{where}/secrets/kubeconfig-of-hello"
        life.becomes(lambda: "kubeconfig" in _data(plane, secret), "the Secret")
        # Crossplane may write the Secret of a claim before it copies the status to the claim.
        shown = {"endpoint", "certificateAuthorityData", "kubeconfig"}
        life.becomes(lambda: shown <= life.order()["status"].keys(), "the status")
        status = life.order()["status"]
        assert _data(plane, secret) == {
            "endpoint": status["endpoint"],
            "clusterCA": base64.b64decode(status["certificateAuthorityData"]).decode(),
            "kubeconfig": status["kubeconfig"],
        }
        life.delete()


def _data(plane: Plane, path: str) -> dict[str, str]:
    """Return what a Secret holds; nothing if there is none."""
    secret = plane.operator.get(path) or {}
    data = secret.get("data") or {}
    return {name: base64.b64decode(value).decode() for name, value in data.items()}
