"""Profiles where Crossplane installs everything itself, from packages in a registry."""

from collections.abc import Sequence
from contextlib import closing

from function.contract import Mode
from testbed import install, packages, programs
from testbed.cores import CORES, Profile, kubernetes
from testbed.install import Setup
from testbed.packages import THIS, Release
from testbed.servers import crossplane, function, registry
from testbed.site import Site


def profile(name: str, releases: Sequence[Release] = (THIS,)) -> Profile:
    """Return a profile that is installed from packages.

    Args:
        name: The equivalent profile that is installed by hand.
        releases: What is published; the first is installed. All functions run.
    """
    mode = CORES[name].mode
    return beside(
        name,
        "packages",
        "installed from packages",
        releases,
        (
            install.orders(mode, by_hand=False),
            _published(mode, releases),
            _installed(mode, releases[0]),
        ),
    )


def beside(
    name: str, purpose: str, story: str, releases: Sequence[Release], setups: tuple[Setup, ...]
) -> Profile:
    """Return a core beside a registry, with the functions of releases as processes.

    Args:
        name: The core.
        purpose: What the profile's name ends with.
        story: How it differs from the core.
        releases: Those whose functions run.
        setups: What is done once all servers run.
    """
    core = CORES[name]
    return Profile(
        f"{name}-{purpose}",
        f"{core.story}, {story}",
        core.mode,
        (*core.needs, programs.REGISTRY, programs.CLI_OF_2),
        (
            *kubernetes(core.kube),
            registry.SERVER,
            install.crossplane(core.files, announced=False),
            *(function.server(release.server, release.source) for release in releases),
            crossplane.server(core.program),
            *setups,
        ),
    )


def _published(mode: Mode, releases: Sequence[Release]) -> Setup:
    def run(site: Site) -> None:
        for release in releases:
            packages.publish(site, release, mode)

    versions = ", ".join(release.version for release in releases)
    return Setup(f"packages of {versions}, published", run)


def _installed(mode: Mode, release: Release) -> Setup:
    def run(site: Site) -> None:
        with closing(install.operator(site)) as api:
            api.apply(packages.mirror(site))
            packages.install_function(api, site, release)
            packages.install_configuration(api, mode, release)

    return Setup(f"packages of {release.version} ({mode.value}), installed by Crossplane", run)
