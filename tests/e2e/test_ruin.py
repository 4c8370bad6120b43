"""Take away what orders are made of, with the annotation that allows it, while orders live.

The control plane is lost to other tests by that, so each has one of its own.
"""

from pathlib import Path

import pytest

from function.contract import Mode
from function.model import API_GROUP
from testbed import ROOT
from testbed.install import documents
from testbed.profiles import PROFILES
from testbed.running import running
from testbed.waiting import until

from . import shell
from .lives import SECONDS, Life, placed
from .planes import Plane, connected

pytestmark = pytest.mark.e2e

NETWORK = ROOT / "examples" / "network" / "minimal" / "claim.yaml"


@pytest.mark.parametrize("name", ["core-1.20", "core-claims", "core"])
def test_orders_outlive_the_deletion_of_their_xrd(name: str, tmp_path: Path) -> None:
    """Whoever means the definition does not mean the orders: they are protected one by one."""
    profile = PROFILES[name]
    xrd = f"{'x' if profile.mode is Mode.CLAIMS else ''}networks.{API_GROUP}"
    annotation = f"{API_GROUP}/allow-delete={xrd}"
    with running(profile, tmp_path / "site") as started, connected(started) as plane:
        life = placed(plane, next(documents(NETWORK)))
        life.settle()
        previous = alive(life)
        refused = shell.attempt(plane.site, f"kubectl delete xrd {xrd}", tmp_path)
        assert f"first run: kubectl annotate xrd {xrd} {annotation}" in refused.stderr
        shell.run(
            plane.site,
            f"kubectl annotate xrd {xrd} {annotation}; kubectl delete xrd {xrd} --wait=false",
            tmp_path,
        )
        until(lambda: held_back(plane, xrd), seconds=SECONDS, what="Crossplane held back")
        for kind in (f"networks.{API_GROUP}", xrd):
            refused = shell.attempt(plane.site, f"kubectl delete crd {kind}", tmp_path)
            assert f"first run: kubectl annotate crd {kind}" in refused.stderr
        assert alive(life) == previous
        life.edit({"dnsServers": ["192.0.2.9"]})
        life.becomes(lambda: "192.0.2.9" in str(life.order()["spec"]), "still an order")


def held_back(plane: Plane, xrd: str) -> bool:
    """Say whether Crossplane has tried to delete all orders, and none of them went.

    Claims and their composites are refused to it; of orders that are composites themselves it
    deletes none, and waits for them.
    """
    events = plane.operator.items("/api/v1/namespaces/default/events")
    about = [one["message"] for one in events if one["involvedObject"]["name"] == xrd]
    signs = ("denied request", "waiting for defined composite resources to be deleted")
    return any(sign in message for message in about for sign in signs)


def alive(life: Life) -> dict[str, str]:
    """Return the UIDs of the live objects of an order that are not being deleted."""
    found = {**life.composed(), "order": life.order(), "composite": life.composite() or {}}
    return {
        key: one["metadata"]["uid"]
        for key, one in found.items()
        if one and "deletionTimestamp" not in one["metadata"]
    }
