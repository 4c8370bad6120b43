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


def _crossplane(
    program: Program,
    files: Files,
    mode: Mode,
    environment: str = "cluster-stacks",
    refresh: int = 5,
) -> tuple[Step, ...]:
    return (
        *KUBERNETES,
        install.crossplane(files),
        function.SERVER,
        crossplane.server(program),
        install.orders(mode, environment=environment, refresh=refresh),
    )


def _provider(
    mode: Mode, backend: str, identity: str, server: Server = provider_kubernetes.SERVER
) -> tuple[Step, ...]:
    """Return provider-kubernetes, with the tenant's credentials for a backend."""
    return (
        providers.DEFINITIONS,
        server,
        providers.credentials(mode, backend, identity),
    )


def _capi(name: str, story: str, core: tuple[Program, Files], mode: Mode) -> Profile:
    """Return a control plane that is the management cluster as well."""
    return Profile(
        name,
        f"Cluster API 1.14 behind {story}",
        mode,
        (
            programs.KUBE, *core, programs.PROVIDER_KUBERNETES, programs.FILES_OF_PROVIDER,
            *programs.CAPI, *programs.FILES_OF_CAPI,
        ),
        (
            *_crossplane(*core, mode, refresh=5),
            management.DEFINITIONS,
            *capi.MANAGERS,
            management.ADMISSION,
            *_provider(mode, "capi", f"{TENANT}.capi"),
            management.ENVIRONMENT,
        ),
    )  # fmt: skip


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
        _capi("capi", "Crossplane 2.3, orders as namespaced composites", CORE_2, Mode.NAMESPACED),
        _capi("capi-claims", "Crossplane 2.3, orders as claims", CORE_2, Mode.CLAIMS),
        _capi("capi-1.20", "Crossplane 1.20, orders as claims", CORE_1, Mode.CLAIMS),
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
            "gardener-apiserver 1.149 behind Crossplane 2.3, orders as namespaced composites",
            Mode.NAMESPACED,
            (
                programs.KUBE,
                *CORE_2,
                programs.PROVIDER_KUBERNETES,
                programs.FILES_OF_PROVIDER,
                programs.GARDENER_APISERVER,
            ),
            (
                *_crossplane(*CORE_2, Mode.NAMESPACED, "gardener"),
                *GARDEN,
                # A member of a project may not watch the Shoots of all.
                *_provider(
                    Mode.NAMESPACED,
                    "gardener",
                    f"{TENANT}.gardener",
                    provider_kubernetes.server(poll="2s"),
                ),
            ),
        ),
    )
}
