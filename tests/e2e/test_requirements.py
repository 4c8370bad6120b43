"""What Crossplane does with the EnvironmentConfigs that the function requires.

Crossplane 2.4 watches them, and sends on the first call what the call before required. Up to 2.3
they come with a second call, and are looked at again when an answer has become old.
"""

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from function.contract import Mode
from function.model import API_GROUP
from function.paths import replaced
from testbed import ROOT
from testbed.install import documents
from testbed.kubernetes import MERGE, Manifest
from testbed.site import TENANT
from testbed.waiting import TimedOut, until

from .lives import SECONDS, Life, environment_of, living, offered
from .planes import Plane

pytestmark = pytest.mark.e2e

NETWORK = ROOT / "examples" / "network" / "minimal" / "claim.yaml"
COMPOSITIONS = "/apis/apiextensions.crossplane.io/v1/compositions"
REVISIONS = "/apis/apiextensions.crossplane.io/v1/compositionrevisions"
SERVERS = "spec.forProvider.dnsNameservers"
OLD_SECONDS = 3600
WATCHES = {"core": True, "core-2.3": False}
# Several times what an edit takes where it is watched.
UNSEEN_SECONDS = 20.0
# Longer than an event waits on a busy machine.
QUIET_SECONDS = 5.0
CALLS = re.compile(
    r'^central_api_calls_total\{.*kind="Network",outcome="requirements"\} (\S+)$', re.MULTILINE
)


def test_a_move_is_judged_by_the_environment_it_goes_to(plane: Plane) -> None:
    """Not by the layers of the one that it leaves, which Crossplane 2.4 sends first."""
    with (
        offered(plane, "cluster-stacks") as left,
        offered(plane, "cluster-stacks") as entered,
        living(plane, network(), environment_of(left)) as life,
    ):
        accepted_in(life, environment_of(left))
        root = entered["cluster-stacks"]
        move = {
            "namespace": TENANT,
            "kind": "Network",
            "name": life.name,
            "from": {"environment": environment_of(left)},
            "to": {"environment": environment_of(entered)},
        }
        root["data"] = {**root["data"], "moves": [move]}
        plane.operator.apply(root)
        life.edit({"environment": None})
        # A claim that is edited twice before Crossplane looks would change it in one step.
        life.becomes(lambda: unnamed(life), "an order that names no environment")
        life.edit({"environment": environment_of(entered)})
        accepted_in(life, environment_of(entered))
        life.settle()


@pytest.mark.parametrize("plane", WATCHES, indirect=True)
def test_an_edit_of_an_environment_is_seen_at_once(plane: Plane) -> None:
    """By Crossplane 2.4, which makes one call for it; before, when an answer has become old."""
    watched = WATCHES[plane.profile.name]
    with (
        kept_for(plane, OLD_SECONDS),
        offered(plane, "cluster-stacks") as layers,
        living(plane, network(), environment_of(layers)) as life,
    ):
        life.settle()
        previous = quiet(plane)
        root = layers["cluster-stacks"]
        root["data"] = replaced(root["data"], "backends.openstack.dnsServers", ["192.0.2.77"])
        plane.operator.apply(root)

        def seen() -> bool:
            return bool(life.shown("openstack-subnet-ipv4", SERVERS) == ["192.0.2.77"])

        if not watched:
            with pytest.raises(TimedOut):
                until(seen, seconds=UNSEEN_SECONDS, what="an edit that nobody watches")
            life.edit({"dnsServers": []})
        until(seen, seconds=SECONDS, what="the edit")
        assert (asked_twice(plane) == previous) is watched


def network() -> Manifest:
    """Return the smallest order of a network."""
    return next(documents(NETWORK))


def accepted_in(life: Life, environment: str) -> None:
    """Wait until an order is answered by an environment."""
    life.becomes(
        lambda: (
            life.reported("Accepted").get("status") == "True"
            and life.status.get("environment") == environment
        ),
        f"accepted in {environment}",
    )


def unnamed(life: Life) -> bool:
    """Say whether the composite names no environment."""
    return "environment" not in (life.composite() or {"spec": {"environment": ""}})["spec"]


@contextmanager
def kept_for(plane: Plane, seconds: int) -> Iterator[None]:
    """Let answers for networks be kept for so long."""
    name = network_composition(plane)
    path = f"{COMPOSITIONS}/{name}"
    live = plane.operator.get(path)
    assert live is not None
    previous = live["spec"]["pipeline"]
    try:
        refresh(plane, name, [replaced(previous[0], "input.refresh", seconds)])
        yield
    finally:
        refresh(plane, name, previous)


def refresh(plane: Plane, name: str, pipeline: list[Manifest]) -> None:
    """Change a Composition, and wait for the revision that new orders use."""
    patch = {"spec": {"pipeline": pipeline}}
    answer = plane.operator.request("PATCH", f"{COMPOSITIONS}/{name}", patch, content=MERGE)
    assert answer.accepted, answer.message
    until(
        lambda: newest_revision(plane, name),
        lambda revision: revision["spec"]["pipeline"][0]["input"] == pipeline[0]["input"],
        seconds=SECONDS,
        what=f"a revision of {name}",
    )


def newest_revision(plane: Plane, name: str) -> Manifest:
    """Return the newest revision of a Composition."""
    selector = f"labelSelector=crossplane.io/composition-name%3D{name}"
    revisions = plane.operator.items(f"{REVISIONS}?{selector}")
    return max(revisions, key=lambda revision: int(revision["spec"]["revision"]))


def network_composition(plane: Plane) -> str:
    """Return the name of the Composition for networks."""
    return f"{'x' if plane.profile.mode is Mode.CLAIMS else ''}networks.{API_GROUP}"


def quiet(plane: Plane) -> float:
    """Wait until nothing of an earlier event is left to be answered, and return the calls so far.

    Such an answer would read the edit, although nobody watches it.
    """
    calls = [asked_twice(plane)]

    def unchanged() -> bool:
        time.sleep(QUIET_SECONDS)
        calls.append(asked_twice(plane))
        return calls[-1] == calls[-2]

    until(unchanged, seconds=SECONDS, what="an order that is left alone")
    return calls[-1]


def asked_twice(plane: Plane) -> float:
    """Return for how many reconciles of networks the function had to say what it requires."""
    connection = http.client.HTTPConnection(plane.site.address("function-metrics"), timeout=30)
    with closing(connection):
        connection.request("GET", "/metrics")
        figures = connection.getresponse().read().decode()
    return sum(map(float, CALLS.findall(figures)))
