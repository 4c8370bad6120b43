"""Crossplane itself is upgraded while orders live.

Crossplane 2.4 names revisions of packages in another way: after the upgrade each package has a new
revision of the same content, and what is installed gets another owner.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from testbed import ROOT, install, packaged, packages, programs
from testbed.install import documents
from testbed.packages import THIS
from testbed.running import running
from testbed.servers import crossplane
from testbed.waiting import until

from .installs import Install
from .planes import connected

pytestmark = pytest.mark.e2e

EXAMPLES = [ROOT / "examples" / kind / "minimal" / "claim.yaml" for kind in ("cluster", "server")]


SKIPPING = pytest.mark.xfail(
    reason="Crossplane 2.4 does not take the definitions from the revision that 1.20 has made"
)


@pytest.mark.parametrize(
    "name", ["core-2.3", pytest.param("core-1.20", marks=[pytest.mark.slow, SKIPPING])]
)
def test_orders_outlive_an_upgrade_of_crossplane(name: str, tmp_path: Path) -> None:
    """Nothing that is composed is touched, and edits are answered as before."""
    with (
        running(packaged.profile(name), tmp_path / "site") as started,
        connected(started) as plane,
        ExitStack() as stack,
    ):
        installed = Install(plane, THIS, THIS)
        orders = [stack.enter_context(installed.order(next(documents(path)))) for path in EXAMPLES]
        previous, former = installed.lives(*orders), active(installed)
        started.kill("crossplane")
        install.crossplane(programs.FILES_OF_2, announced=False).run(started.site)
        started.revive("crossplane", crossplane.server(programs.CROSSPLANE_2))
        until(
            lambda: packages.serve(installed.api, plane.site) and active(installed),
            lambda revisions: len(revisions) == 1 and revisions.isdisjoint(former),
            seconds=packages.INSTALL_SECONDS,
            what="another revision of the function",
        )
        packages.install_configuration(installed.api, installed.mode, THIS)
        for path in orders:
            installed.answers(THIS, path, environment="default")
        assert installed.lives(*orders) == previous


def active(installed: Install) -> set[str]:
    """Return the names of the revisions of the function that may answer."""
    return {
        revision["metadata"]["name"]
        for revision in installed.api.items(packages.REVISIONS)
        if revision["spec"]["desiredState"] == "Active"
    }
