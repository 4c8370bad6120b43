"""Orders from the first answer to the last trace of them, with the providers' part played."""

from dataclasses import dataclass
from typing import Any

import pytest

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
        told: What status says before the edit.
    """

    name: str
    example: str
    environment: str
    edit: Manifest
    seen: tuple[str, str]
    value: Any
    told: tuple[str, ...]


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
            lambda: life.told("Accepted").get("status") == "True",
            seconds=SECONDS,
            what="accepted",
        )
        assert life.told("Provisioned")["status"] == "False"
        assert life.status["phase"] in ("Pending", "Provisioning")
        life.settle()
        life.becomes(lambda: set(story.told) <= set(life.status), "told")
        key, path = story.seen
        before = len(life.cloud.log)
        life.edit(story.edit)
        life.becomes(lambda: life.shown(key, path) == story.value, path)
        life.settle()
        assert len(life.cloud.log) == before == len(set(life.cloud.log))
        life.delete()
        assert life.cloud.built == set()
