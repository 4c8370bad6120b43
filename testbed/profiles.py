"""List what can be run."""

from function.contract import Mode
from testbed import garden, management, packaged, programs, providers
from testbed.cores import CORES, Core, Profile, Step, kubernetes
from testbed.programs import ClusterAPI
from testbed.servers import Server, gardener, provider_kubernetes
from testbed.site import TENANT


def _provider(
    mode: Mode, backend: str, identity: str, server: Server = provider_kubernetes.SERVER
) -> tuple[Step, ...]:
    """Return provider-kubernetes, with the tenant's credentials for a backend."""
    return (
        providers.DEFINITIONS,
        server,
        providers.credentials(mode, backend, identity),
    )


def _capi(name: str, core: Core, release: ClusterAPI = programs.CAPI) -> Profile:
    """Return a control plane that is the management cluster as well."""
    return Profile(
        name,
        f"Cluster API {VERSIONS[release]} behind {core.story}",
        core.mode,
        (
            *core.needs, programs.PROVIDER_KUBERNETES, programs.FILES_OF_PROVIDER,
            *release.needs,
        ),
        (
            *core.steps(),
            *management.cluster_api(release),
            *_provider(core.mode, "capi", f"{TENANT}.capi"),
            management.ENVIRONMENT,
        ),
    )  # fmt: skip


VERSIONS = {programs.CAPI: "1.14", programs.CAPI_OLDEST: "1.11"}
GARDEN: tuple[Step, ...] = (gardener.SERVER, garden.SETUP)
PROFILES = {
    profile.name: profile
    for profile in (
        *(
            Profile(name, core.story, core.mode, core.needs, core.steps())
            for name, core in CORES.items()
        ),
        *(packaged.profile(name) for name in CORES),
        *(_capi(name.replace("core", "capi"), core) for name, core in CORES.items()),
        _capi("capi-1.11", CORES["core-1.20"], programs.CAPI_OLDEST),
        Profile(
            "management",
            "Cluster API 1.14 alone, with cluster classes, and definitions for OpenStack",
            Mode.NAMESPACED,
            (programs.KUBE, *programs.CAPI.needs, programs.FILES_OF_CAPO),
            (*kubernetes(), management.OPENSTACK, *management.cluster_api(programs.CAPI)),
        ),
        Profile(
            "garden",
            "gardener-apiserver 1.150 alone, with a landscape",
            Mode.NAMESPACED,
            (programs.KUBE, programs.GARDENER_APISERVER),
            (*kubernetes()[:2], *GARDEN),
        ),
        Profile(
            "gardener",
            f"gardener-apiserver 1.150 behind {CORES['core'].story}",
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
