"""List what can be run: a profile is servers and what is applied between them, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from function.contract import Mode
from testbed import garden, install, management, programs, providers
from testbed.install import Setup
from testbed.programs import Files, Program
from testbed.servers import (
    Server,
    apiserver,
    capi,
    controllers,
    crossplane,
    etcd,
    function,
    gardener,
    provider_kubernetes,
)
from testbed.site import TENANT

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


@dataclass(frozen=True)
class Core:
    """A release of Crossplane, and one of the ways to serve orders on it.

    Attributes:
        story: What it is, for people who choose.
        program: Crossplane.
        files: What is applied before it starts.
        mode: How orders are served.
    """

    story: str
    program: Program
    files: Files
    mode: Mode

    @property
    def needs(self) -> tuple[Program | Files, ...]:
        """Return what must be built."""
        return (programs.KUBE, self.program, self.files)

    def steps(self, environment: str = "cluster-stacks") -> tuple[Step, ...]:
        """Return what serves orders, in order."""
        return (
            *KUBERNETES,
            install.crossplane(self.files),
            function.SERVER,
            crossplane.server(self.program),
            install.orders(self.mode, environment=environment),
        )


CORES = {
    "core": Core(
        "Crossplane 2.3, orders as namespaced composites",
        programs.CROSSPLANE_2,
        programs.FILES_OF_2,
        Mode.NAMESPACED,
    ),
    "core-claims": Core(
        "Crossplane 2.3, orders as claims",
        programs.CROSSPLANE_2,
        programs.FILES_OF_2,
        Mode.CLAIMS,
    ),
    "core-1.20": Core(
        "Crossplane 1.20, orders as claims",
        programs.CROSSPLANE_1,
        programs.FILES_OF_1,
        Mode.CLAIMS,
    ),
}


def _provider(
    mode: Mode, backend: str, identity: str, server: Server = provider_kubernetes.SERVER
) -> tuple[Step, ...]:
    """Return provider-kubernetes, with the tenant's credentials for a backend."""
    return (
        providers.DEFINITIONS,
        server,
        providers.credentials(mode, backend, identity),
    )


def _capi(name: str, core: Core) -> Profile:
    """Return a control plane that is the management cluster as well."""
    return Profile(
        name,
        f"Cluster API 1.14 behind {core.story}",
        core.mode,
        (
            *core.needs, programs.PROVIDER_KUBERNETES, programs.FILES_OF_PROVIDER,
            *programs.CAPI, *programs.FILES_OF_CAPI,
        ),
        (
            *core.steps(),
            management.DEFINITIONS,
            *capi.MANAGERS,
            management.ADMISSION,
            *_provider(core.mode, "capi", f"{TENANT}.capi"),
            management.ENVIRONMENT,
        ),
    )  # fmt: skip


GARDEN: tuple[Step, ...] = (gardener.SERVER, garden.SETUP)
PROFILES = {
    profile.name: profile
    for profile in (
        *(
            Profile(name, core.story, core.mode, core.needs, core.steps())
            for name, core in CORES.items()
        ),
        *(_capi(name.replace("core", "capi"), core) for name, core in CORES.items()),
        Profile(
            "management",
            "Cluster API 1.14 alone, with cluster classes",
            Mode.NAMESPACED,
            (programs.KUBE, *programs.CAPI, *programs.FILES_OF_CAPI),
            (
                *KUBERNETES,
                management.DEFINITIONS,
                *capi.MANAGERS,
                management.ADMISSION,
            ),
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
            f"gardener-apiserver 1.149 behind {CORES['core'].story}",
            CORES["core"].mode,
            (
                *CORES["core"].needs,
                programs.PROVIDER_KUBERNETES,
                programs.FILES_OF_PROVIDER,
                programs.GARDENER_APISERVER,
            ),
            (
                *CORES["core"].steps("gardener"),
                *GARDEN,
                # A member of a project may not watch the Shoots of all.
                *_provider(
                    CORES["core"].mode,
                    "gardener",
                    f"{TENANT}.gardener",
                    provider_kubernetes.server(poll="2s"),
                ),
            ),
        ),
    )
}
