"""List what can be run: a profile is servers and what is applied between them, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from function.contract import Mode
from testbed import garden, install, programs
from testbed.install import Setup
from testbed.programs import Files, Program
from testbed.servers import Server, apiserver, controllers, crossplane, etcd, function, gardener

Step = Server | Setup


@dataclass(frozen=True)
class Profile:
    """One control plane.

    Attributes:
        name: What people call it.
        story: What it is, for people who choose.
        mode: How orders are served on it.
        needs: What must be built.
        steps: What is started and applied, in order.
    """

    name: str
    story: str
    mode: Mode
    needs: tuple[Program | Files, ...]
    steps: tuple[Step, ...]

    @property
    def servers(self) -> Iterator[Server]:
        """Yield the servers."""
        return (step for step in self.steps if isinstance(step, Server))

    @property
    def ports(self) -> list[str]:
        """Return the purposes of all ports."""
        return [purpose for server in self.servers for purpose in server.ports]


KUBERNETES: tuple[Step, ...] = (etcd.SERVER, apiserver.SERVER, controllers.SERVER)


def _crossplane(
    program: Program, files: Files, mode: Mode, environment: str = "cluster-stacks"
) -> tuple[Step, ...]:
    return (
        *KUBERNETES,
        install.crossplane(files),
        function.SERVER,
        crossplane.server(program),
        install.orders(mode, environment=environment),
    )


GARDEN: tuple[Step, ...] = (gardener.SERVER, garden.SETUP)
CORE_1 = (programs.CROSSPLANE_1, programs.FILES_OF_1)
CORE_2 = (programs.CROSSPLANE_2, programs.FILES_OF_2)
PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "core",
            "Crossplane 2.3, orders as namespaced composites",
            Mode.NAMESPACED,
            (programs.KUBE, *CORE_2),
            _crossplane(*CORE_2, Mode.NAMESPACED),
        ),
        Profile(
            "core-claims",
            "Crossplane 2.3, orders as claims",
            Mode.CLAIMS,
            (programs.KUBE, *CORE_2),
            _crossplane(*CORE_2, Mode.CLAIMS),
        ),
        Profile(
            "core-1.20",
            "Crossplane 1.20, orders as claims",
            Mode.CLAIMS,
            (programs.KUBE, *CORE_1),
            _crossplane(*CORE_1, Mode.CLAIMS),
        ),
        Profile(
            "garden",
            "gardener-apiserver 1.149 alone, with a landscape",
            Mode.NAMESPACED,
            (programs.KUBE, programs.GARDENER_APISERVER),
            (etcd.SERVER, apiserver.SERVER, *GARDEN),
        ),
        Profile(
            "gardener",
            "Crossplane 2.3 beside gardener-apiserver 1.149, orders as namespaced composites",
            Mode.NAMESPACED,
            (programs.KUBE, programs.GARDENER_APISERVER, *CORE_2),
            (*_crossplane(*CORE_2, Mode.NAMESPACED, "gardener"), *GARDEN),
        ),
    )
}
