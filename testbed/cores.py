"""Define profiles (servers and what is applied between them, in order), and the cores."""

from collections.abc import Iterator
from dataclasses import dataclass

from function.contract import Mode
from testbed import install, programs
from testbed.install import Setup
from testbed.programs import Files, Program
from testbed.servers import Server, apiserver, controllers, crossplane, etcd, function

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


def kubernetes(program: Program = programs.KUBE) -> tuple[Step, ...]:
    """Return a release of Kubernetes without nodes, in order."""
    return tuple(part.server(program) for part in (etcd, apiserver, controllers))


@dataclass(frozen=True)
class Core:
    """A release of Crossplane, and one of the ways to serve orders on it.

    Attributes:
        story: What it is, for people who choose.
        program: Crossplane.
        files: What is applied before it starts.
        mode: How orders are served.
        kube: The release of Kubernetes below it.
    """

    story: str
    program: Program
    files: Files
    mode: Mode
    kube: Program = programs.KUBE

    @property
    def needs(self) -> tuple[Program | Files, ...]:
        """Return what must be built."""
        return (self.kube, self.program, self.files)

    def steps(self, environment: str = "cluster-stacks") -> tuple[Step, ...]:
        """Return what serves orders, in order."""
        return (
            *kubernetes(self.kube),
            install.crossplane(self.files),
            function.SERVER,
            crossplane.server(self.program),
            install.orders(self.mode, environment=environment),
        )


CORES = {
    "core": Core(
        "Crossplane 2.4, orders as namespaced composites",
        programs.CROSSPLANE_2,
        programs.FILES_OF_2,
        Mode.NAMESPACED,
    ),
    "core-claims": Core(
        "Crossplane 2.4, orders as claims",
        programs.CROSSPLANE_2,
        programs.FILES_OF_2,
        Mode.CLAIMS,
    ),
    "core-2.3": Core(
        "Crossplane 2.3, orders as namespaced composites",
        programs.CROSSPLANE_2_3,
        programs.FILES_OF_2_3,
        Mode.NAMESPACED,
    ),
    # The lower end of all that is supported, in one control plane.
    "core-1.20": Core(
        "Crossplane 1.20 on Kubernetes 1.31, orders as claims",
        programs.CROSSPLANE_1,
        programs.FILES_OF_1,
        Mode.CLAIMS,
        programs.KUBE_OLDEST,
    ),
}
