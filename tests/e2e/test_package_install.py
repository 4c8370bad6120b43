"""What Crossplane installs from packages, upgrades, rolls back and removes, with orders in place.

Dependency resolution is on wherever it can be: Crossplane knows packages by the names that they
have in public, and an ImageConfig tells it where to pull them from. `skipDependencyResolution` is
needed only by whoever forces definitions of a release before its function, or pulls packages by
names that the Configuration does not depend on, without an ImageConfig.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from testbed import ROOT, packaged, packages
from testbed.install import documents
from testbed.kubernetes import condition
from testbed.packages import THIS, Release
from testbed.waiting import until
from tools.generate.definitions import INSTALLED
from tools.generate.protection import ALLOW

from .conftest import served
from .installs import FUNCTION, GONE_SECONDS, Install
from .planes import connected
from .trees import FIELD, later

pytestmark = pytest.mark.e2e

EXAMPLES = [ROOT / "examples" / kind / "minimal" / "claim.yaml" for kind in ("cluster", "server")]
REVISIONS = f"/apis/{packages.PACKAGES}/v1/configurationrevisions"
COUNTS = ("foundDependencies", "installedDependencies")
LOCK = f"/apis/{packages.PACKAGES}/v1beta1/locks/lock"


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Make a later release."""
    return later(tmp_path_factory.mktemp("later") / "source")


@pytest.fixture(
    scope="module",
    params=["core-1.20", "core-claims", "core", pytest.param("core-2.3", marks=pytest.mark.slow)],
)
def started(
    request: pytest.FixtureRequest, newer: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Install]:
    """Serve our kinds from packages, one core after the other."""
    profile = packaged.profile(request.param, (THIS, newer))
    with (
        served(profile, request.config, tmp_path_factory) as running,
        connected(running) as plane,
    ):
        yield Install(plane, THIS, newer)


@pytest.fixture
def install(started: Install) -> Install:
    """Give an install with the older release of both packages."""
    started.home()
    return started


@pytest.fixture
def orders(install: Install) -> Iterator[tuple[str, str]]:
    """Give a cluster and a server that live."""
    with ExitStack() as stack:
        cluster, server = (
            stack.enter_context(install.order(next(documents(path)))) for path in EXAMPLES
        )
        yield cluster, server


def test_everything_is_installed(install: Install, orders: tuple[str, str]) -> None:
    """Crossplane found the function that the Configuration depends on, and installed no other."""
    until(
        lambda: [one.get("status", {}) for one in install.api.items(REVISIONS)],
        lambda found: [[one.get(count) for count in COUNTS] for one in found] == [[1, 1]],
        seconds=packages.INSTALL_SECONDS,
        what="one dependency found and installed",
    )
    until(
        lambda: condition(install.api.get(LOCK), "Resolved"),
        lambda found: found.get("status") == "True",
        seconds=packages.INSTALL_SECONDS,
        what="resolved dependencies",
    )
    functions = install.api.items(FUNCTION.rpartition("/")[0])
    assert [one["metadata"]["name"] for one in functions] == [INSTALLED]
    for path in orders:
        assert install.answers(install.older, path)["status"] == "True"


def test_in_order(install: Install, orders: tuple[str, str]) -> None:
    """Upgrade the function, then the definitions, and roll back in reverse: nothing changes."""
    older, newer, previous = install.older, install.newer, install.lives(*orders)

    def check(release: Release, **spec: str) -> None:
        for path in orders:
            install.answers(release, path, **spec)
        assert install.lives(*orders) == previous

    install.function(newer)
    check(newer)
    install.definitions(newer)
    check(newer, **{FIELD: "green"})
    install.definitions(older)
    check(newer)
    for path in orders:
        install.forget(path)
    install.function(older)
    check(older)


def test_out_of_order(install: Install, orders: tuple[str, str]) -> None:
    """Nothing is lost either, and orders of what a function does not know are refused so long."""
    older, newer, previous = install.older, install.newer, install.lives(*orders)
    cluster, server = orders

    # Definitions first: Crossplane holds them back, because of what they depend on.
    install.api.apply(packages.configuration(install.mode, newer.version))
    until(
        lambda: f"is incompatible with constraint >=v{newer.version}" in reported(install),
        seconds=packages.INSTALL_SECONDS,
        what="a refused upgrade",
    )
    assert install.knowing() == set()
    install.answers(older, cluster)

    # They are forced.
    install.definitions(newer, skipDependencyResolution=True)
    install.answers(older, server)
    refused = install.answers(older, cluster, "FunctionOutdated", **{FIELD: "green"})
    assert f"spec.{FIELD}: unknown field" in refused["message"]
    assert install.lives(*orders) == previous
    install.function(newer)
    install.answers(newer, cluster)

    # The function is rolled back first, and rolling the definitions back too does not help.
    install.function(older)
    install.answers(older, cluster, "FunctionOutdated")
    install.answers(older, server)
    install.definitions(older)
    install.answers(older, cluster, "FunctionOutdated")
    assert install.lives(*orders) == previous

    # The newer function writes the record again, and the older one can read it.
    install.function(newer)
    install.answers(newer, cluster)
    install.forget(cluster)
    install.function(older)
    install.answers(older, cluster)
    assert install.lives(*orders) == previous


def test_an_uninstall_deletes_nothing(install: Install, orders: tuple[str, str]) -> None:
    """Each deletion needs its own permission, and what orders are made of waits for a new owner."""
    previous = install.lives(*orders)
    for path in (install.configuration, FUNCTION, *install.stones, *install.crds):
        refused = install.api.request("DELETE", path)
        name = path.rpartition("/")[2]
        assert (refused.status, f"{name} {ALLOW}={name}" in refused.message) == (403, True)

    install.deleted(install.configuration)
    install.gone(install.configuration)
    log = install.plane.site.log("kube-controller-manager")
    until(
        lambda: "all its orders would go with it" in log.read_text(),
        seconds=GONE_SECONDS,
        what="the garbage collector refused",
    )
    for path in orders:
        install.answers(install.older, path)
    assert install.lives(*orders) == previous

    # Back again: what the former install left has an owner that is no more.
    install.api.apply(packages.configuration(install.mode, install.older.version))
    until(
        lambda: "is already controlled by ConfigurationRevision" in reported(install),
        seconds=packages.INSTALL_SECONDS,
        what="a refused install",
    )
    install.disown()
    install.definitions(install.older)
    for path in orders:
        install.answers(install.older, path)
    assert install.lives(*orders) == previous


def test_a_function_that_is_needed_comes_back(install: Install, orders: tuple[str, str]) -> None:
    """Crossplane installs what the Configuration depends on, in its newest release."""
    previous = install.lives(*orders)
    install.deleted(FUNCTION)
    until(
        lambda: packages.serve(install.api, install.plane.site) == {install.newer.version},
        seconds=packages.INSTALL_SECONDS,
        what="the newest function",
    )
    for path in orders:
        install.answers(install.newer, path)
    assert install.lives(*orders) == previous


def test_all_of_it_goes_when_no_order_lives(install: Install) -> None:
    """From the top: as long as something has an owner, that takes what we annotate away again."""
    install.deleted(install.configuration, *install.stones)
    install.let_go(*install.crds)
    install.gone(*install.stones)


def reported(install: Install) -> str:
    """Return what Crossplane says of the revisions of the Configuration."""
    return " ".join(
        str(one.get("message", ""))
        for revision in install.api.items(REVISIONS)
        for one in (revision.get("status") or {}).get("conditions") or ()
    )
