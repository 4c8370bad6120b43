"""Do what `docs/install.md` says, command by command, as an operator would."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from function.contract import Mode
from function.model import API_GROUP
from testbed import ROOT
from testbed.install import documents
from testbed.packages import THIS
from testbed.running import running
from testbed.waiting import until

from . import guide, shell
from .clouds import Cloud
from .lives import Life, placed
from .planes import Plane, connected
from .trees import LATER, later

pytestmark = pytest.mark.e2e

# What differs here from what is written there, beside what its first lines say. Crossplane calls a
# function healthy once it has given certificates to its pods, and there are none.
MAY_I = "kubectl auth can-i create clusters.api.scs.community -n acme --as=anna --as-group=acme"
EVERYWHERE = {
    "v0.2.0": f"v{LATER}",
    "kubectl wait function/$FUNCTION --for=condition=Healthy": (
        "kubectl wait function/$FUNCTION --for=condition=Installed"
    ),
    # A right is known a moment after it is given.
    f"{MAY_I}\n": f"until {MAY_I}; do sleep 1; done\n",
}
CHOICE = "INSTALL=claims ORDERS=composite,claim"
TABLE = {
    Mode.CLAIMS: EVERYWHERE,
    Mode.NAMESPACED: EVERYWHERE | {CHOICE: "INSTALL=namespaced ORDERS=composite"},
}
# What is done before there are orders, while they live, and to end it. `Restore` needs a second
# control plane: `test_restore.py` does that.
FIRST = (
    "What you need",
    "Install",
    "Offer an environment",
    "Let a tenant in",
    "Check that it works",
)
LIVING = ("Upgrade", "Roll back", "Back up")
ELSEWHERE = ("Restore",)
LAST = ("Uninstall, and leave what runs",)
LEFT = "kubectl get crd,validatingadmissionpolicy,clusterrole -o name"
# A refresh after each wave, and some patience.
BUILT_SECONDS = 600.0
ORDERS = ("cluster/minimal", "server/web")


def test_every_command_is_run() -> None:
    """A section that is added is run by one of the tests, in the order of the page."""
    assert tuple(guide.sections()) == (*FIRST, *LIVING, *ELSEWHERE, *LAST)


@pytest.mark.parametrize(
    "name", ["core-1.20", pytest.param("core-claims", marks=pytest.mark.slow), "core"]
)
def test_the_guide(name: str, tmp_path: Path) -> None:
    """From a cluster with Crossplane to one that is again without us, and what runs still there."""
    newer = later(tmp_path / "later")
    profile = guide.bare(name, (THIS, newer))
    directory = guide.checkout(tmp_path / "checkout")
    with (
        running(profile, tmp_path / "site") as started,
        connected(started) as plane,
        guide.staffed(started.site, profile) as cloud,
    ):
        play(plane, directory, FIRST)
        lives = settled(plane)
        previous = [uids(life) for life in lives]
        for title in LIVING:
            play(plane, directory, [title])
            assert [uids(life) for life in lives] == previous, title
        # The order that the guide deletes goes at once, what was composed of it in the background.
        built = until(
            lambda: set(cloud.built),
            lambda found: found == held(cloud, lives),
            seconds=BUILT_SECONDS,
            what="nothing but what the orders hold",
        )
        play(plane, directory, LAST)
        left = shell.run(plane.site, LEFT, directory)
        assert [line for line in left.splitlines() if line.endswith(API_GROUP)] == []
        assert cloud.built == built
        assert len(cloud.log) == len(set(cloud.log))


def play(plane: Plane, directory: Path, titles: Iterable[str]) -> None:
    """Type what sections say."""
    for title in titles:
        for block in guide.sections()[title]:
            text = block
            for written, here in TABLE[plane.profile.mode].items():
                text = text.replace(written, here)
            guide.typed(plane.site, directory, text)


def settled(plane: Plane) -> list[Life]:
    """Place orders as the tenant that the guide let in, and wait until they are built."""
    paths = [ROOT / "examples" / name / "claim.yaml" for name in ORDERS]
    lives = [placed(plane, next(documents(path))) for path in paths]
    for life in lives:
        until(life.is_done, seconds=BUILT_SECONDS, what=f"{life.name} built")
    return lives


def held(cloud: Cloud, lives: Iterable[Life]) -> set[str]:
    """Return the identities of everything that orders hold in the cloud."""
    return {cloud.known(one) for life in lives for one in life.composed().values()}


def uids(life: Life) -> dict[str, str]:
    """Return the UID of everything that is composed of an order."""
    return {key: one["metadata"]["uid"] for key, one in life.composed().items()}
