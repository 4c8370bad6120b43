"""Profiles where Crossplane installs everything itself, from packages in a registry."""

from collections.abc import Sequence
from contextlib import closing

from function.contract import Mode
from testbed import install, packages, programs
from testbed.install import Setup
from testbed.packages import THIS, Release
from testbed.profiles import CORE_1, CORE_2, KUBERNETES, Profile
from testbed.programs import Files, Program
from testbed.servers import crossplane, function, registry
from testbed.site import Site

Core = tuple[Program, Files]
CORES: dict[str, tuple[Core, Mode]] = {
    "core-1.20": (CORE_1, Mode.CLAIMS),
    "core-claims": (CORE_2, Mode.CLAIMS),
    "core": (CORE_2, Mode.NAMESPACED),
}


def profile(name: str, releases: Sequence[Release] = (THIS,)) -> Profile:
    """Return a profile that is installed from packages.

    Args:
        name: The profile that is installed by hand otherwise.
        releases: What is published; the first is installed. All functions run.
    """
    (program, files), mode = CORES[name]
    return Profile(
        f"{name}-packages",
        f"{name}, installed from packages",
        mode,
        (programs.KUBE, programs.REGISTRY, programs.CLI_OF_2, program, files),
        (
            *KUBERNETES,
            registry.SERVER,
            install.crossplane(files, announced=False),
            *(function.server(release.server, release.source) for release in releases),
            crossplane.server(program),
            install.orders(mode, served=False),
            _published(mode, releases),
            _installed(mode, releases[0]),
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
