"""What a tenant sees with kubectl alone: tables, events, descriptions, and how to wait."""

import copy
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from function.contract import Mode
from function.model import KINDS
from testbed import ROOT
from testbed.install import documents, named
from testbed.kubernetes import Manifest
from testbed.site import TENANT
from testbed.waiting import until
from tools.generate.definitions import SHORT_NAMES

from . import shell
from .conftest import Tell
from .lives import SECONDS, Life, living, placed
from .planes import Plane

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"
# Of a terminal that people use; only names and what Crossplane adds may go beyond.
WIDTH = 120
NOT_OFFERED = "spec.version: not offered here; offered: 1.34.7, 1.35.4"
REFUSED = {"version": "1.99"}


@pytest.fixture
def cluster(plane: Plane) -> Iterator[Life]:
    """Yield a cluster that is ready."""
    with living(plane, example("cluster")) as life:
        life.settle()
        yield life


@pytest.fixture
def refused(plane: Plane) -> Iterator[Life]:
    """Yield an order of which nothing was ever built."""
    order = example("cluster")
    order["spec"] |= REFUSED
    with living(plane, order) as life:
        until(
            lambda: life.reported("Accepted").get("status") == "False",
            seconds=SECONDS,
            what="refused",
        )
        yield life


def test_a_refused_order_is_seen(plane: Plane, refused: Life, tmp_path: Path) -> None:
    """By reason in a table, by sentence in a wide one, in an event and in a description."""
    [row] = table(plane, f"kubectl get scscl {refused.name}", tmp_path)
    assert (row["PHASE"], row["REASON"]) == ("", "InvalidOrder")
    [row] = table(plane, f"kubectl get scscl {refused.name} -o wide", tmp_path)
    assert row["MESSAGE"] == NOT_OFFERED
    waited = f"kubectl wait scscl/{refused.name} --for=condition=Accepted=false --timeout=60s"
    assert "condition met" in typed(plane, waited, tmp_path)
    until(lambda: "InvalidOrder" in events(plane, refused, tmp_path), seconds=SECONDS, what="event")
    said = typed(plane, f"kubectl describe scscl {refused.name}", tmp_path)
    assert re.search(rf"Warning +InvalidOrder .*{re.escape(NOT_OFFERED)}", said), said


def test_tables_of_all_kinds(
    plane: Plane, cluster: Life, refused: Life, tmp_path: Path, tell: Tell
) -> None:
    """They fit a terminal, whatever one is refused for, and tell what runs from the rest."""
    others = [placed(plane, example(kind)) for kind in ("network", "server")]
    try:
        for life in others:
            life.becomes(lambda life=life: life.reported("Accepted"), "answered")  # type: ignore[misc]
        together = typed(plane, "kubectl get scs", tmp_path)
        tell(f"\n{together}\n{typed(plane, 'kubectl get scs -o wide', tmp_path)}")
        for name in SHORT_NAMES.values():
            shown = typed(plane, f"kubectl get {name}", tmp_path)
            assert max(map(len, shown.splitlines())) <= WIDTH, shown
        rows = {row["NAME"]: row for row in table(plane, "kubectl get scscl", tmp_path)}
        running, other = rows[cluster.name], rows[refused.name]
        assert (running["PHASE"], running["REASON"], running["HEALTHY"]) == (
            "Ready",
            "Accepted",
            "True",
        )
        assert (other["PHASE"], other["REASON"], other["HEALTHY"]) == ("", "InvalidOrder", "")
    finally:
        for life in others:
            life.delete()


def test_a_refused_edit_does_not_hide_what_breaks(
    plane: Plane, cluster: Life, tmp_path: Path
) -> None:
    """The conditions follow what runs, and nothing of what is composed is written meanwhile."""
    cluster.edit(REFUSED)
    until(
        lambda: cluster.reported("Accepted")["status"] == "False", seconds=SECONDS, what="refused"
    )
    refusal = f"kubectl wait scscl/{cluster.name} --for=condition=Accepted=false --timeout=60s"
    assert "condition met" in typed(plane, refusal, tmp_path)
    for kind in ("Provisioned", "Current", "BackendHealthy"):
        assert cluster.reported(kind)["status"] == "True", kind
    # A reconcile that began before the first edit may write Ready with the generation of the edit,
    # because Crossplane reads the composite again when it applies it. None began before this one.
    cluster.edit({"version": "1.98"})
    cluster.edit(REFUSED)
    ready = f"kubectl wait scscl/{cluster.name} --for=condition=Ready --timeout=2s"
    ended = shell.attempt(plane.site, ready, tmp_path, "tenant").returncode == 0
    # A composite keeps the generation that was ready last; a claim counts as ready at once.
    assert ended is (plane.profile.mode is Mode.CLAIMS)
    [composed] = cluster.composed().values()
    down = broken(composed)
    plane.operator.set_status(composed, down["status"])
    until(
        lambda: cluster.reported("BackendHealthy")["status"] == "False",
        seconds=SECONDS,
        what="a problem",
    )
    assert cluster.reported("BackendHealthy")["reason"] == "Unreachable"
    until(
        lambda: cluster.reported("Provisioned")["status"] == "False", seconds=SECONDS, what="down"
    )
    assert cluster.reported("Accepted")["message"] == NOT_OFFERED
    [row] = table(plane, f"kubectl get scscl {cluster.name}", tmp_path)
    assert (row["REASON"], row["HEALTHY"]) == ("InvalidOrder", "False")
    [after] = cluster.composed().values()
    assert written(after) == written(composed)
    cluster.edit({"version": "1.34"})
    until(
        lambda: cluster.reported("Accepted")["status"] == "True", seconds=SECONDS, what="accepted"
    )
    until(lambda: cluster.order()["status"]["phase"] == "Degraded", seconds=SECONDS, what="phase")
    until(lambda: cluster.reported("Ready")["status"] == "False", seconds=SECONDS, what="not ready")


def test_a_viewer_reads_events_of_home_only(plane: Plane, refused: Life, tmp_path: Path) -> None:
    """Both roles do: without events a description says nothing of what happened."""
    user = f"viewer-{uuid.uuid4().hex[:6]}"
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": "central-api-tenant-viewer"}
    subjects = [{"apiGroup": group, "kind": "User", "name": user}]
    place = {"namespace": TENANT}
    binding = named(f"{group}/v1", "RoleBinding", user, place, roleRef=role, subjects=subjects)
    plane.operator.apply(binding)
    try:
        command = f"kubectl --as {user} describe scscl {refused.name} -n {TENANT}"
        until(
            lambda: "InvalidOrder " in shell.attempt(plane.site, command, tmp_path).stdout,
            seconds=SECONDS,
            what="a description with events",
        )
        elsewhere = shell.attempt(plane.site, f"kubectl --as {user} get events -A", tmp_path)
        assert "forbidden" in elsewhere.stderr
    finally:
        plane.operator.delete(plane.operator.path(binding))


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_are_explained(plane: Plane, kind: str, tmp_path: Path) -> None:
    """With `status`, since Crossplane declares its conditions itself; every field has its text."""
    said = typed(plane, f"kubectl explain {SHORT_NAMES[kind]}.status", tmp_path)
    for word in ("Accepted:", "InvalidOrder", "BackendHealthy:", "QuotaExceeded", "InSteps"):
        assert word in said, said
    assert max(map(len, said.splitlines())) <= WIDTH
    fields = said.partition("FIELDS:")[2]
    config = [part for part in re.split(r"\n  (?=\w)", fields) if not part.startswith(CROSSPLANES)]
    assert len(config) > len(CROSSPLANES)
    assert not [part for part in config if "<no description>" in part], fields


# Of `status`, what Crossplane declares.
CROSSPLANES = ("conditions", "connectionDetails", "claimConditionTypes")


def example(kind: str) -> Manifest:
    """Return the smallest order of a kind."""
    return next(documents(EXAMPLES / kind / "minimal" / "claim.yaml"))


def typed(plane: Plane, command: str, directory: Path) -> str:
    """Return what a tenant reads."""
    return shell.run(plane.site, command, directory, "tenant")


def table(plane: Plane, command: str, directory: Path) -> list[dict[str, str]]:
    """Return the rows of a table that kubectl prints, by the titles of its columns."""
    head, *lines = typed(plane, command, directory).splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", head)]
    columns = list(zip(starts, [*starts[1:], None], strict=True))
    return [
        {head[a:b].strip(): line[a:b].strip() for a, b in columns}
        for line in (line.ljust(len(head)) for line in lines)
    ]


def events(plane: Plane, life: Life, directory: Path) -> str:
    """Return the events of an order."""
    of = f"--field-selector involvedObject.name={life.name}"
    return typed(plane, f"kubectl get events -n {TENANT} {of}", directory)


def broken(composed: Manifest) -> Manifest:
    """Return an Object whose cluster is not available, and that cannot be looked at any more."""
    down = copy.deepcopy(composed)
    conditions = down["status"]["atProvider"]["manifest"]["status"]["conditions"]
    for one in conditions:
        if one["type"] == "Available":
            one["status"] = "False"
    text = "observe failed: dial tcp 192.0.2.1:6443: connect: connection refused"
    for one in down["status"]["conditions"]:
        if one["type"] == "Synced":
            one |= {"status": "False", "reason": "ReconcileError", "message": text}
    return down


def written(composed: Manifest) -> Manifest:
    """Return what is not status of an object, without the mark of its last write."""
    metadata = {k: v for k, v in composed["metadata"].items() if k not in MARKS}
    return {**composed, "status": None, "metadata": metadata}


MARKS = ("resourceVersion", "managedFields")
