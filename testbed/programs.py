"""List the programs and files that are built or taken from Go modules.

Each directory below `go/` is a wrapper module that pins one release: the ordinary Go client
fetches exactly these sources and checks them against `go.sum`. Another
version is another pin. A directory without a version in its name holds the newest release; one
with a version holds that line for the tests that need it.
"""

from dataclasses import dataclass
from typing import NamedTuple

CORE_1 = "github.com/crossplane/crossplane"
CORE_2 = "github.com/crossplane/crossplane/v2"
CLI_2 = "github.com/crossplane/cli/v2"
CLUSTER_API = "sigs.k8s.io/cluster-api"
PROVIDER = "github.com/crossplane-contrib/provider-kubernetes"
VERSION_1 = "github.com/crossplane/crossplane/internal/version.version={version}"
VERSION_2 = "github.com/crossplane/crossplane-runtime/v2/pkg/version.version={version}"
KUBE_VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        name: Its name in the cache.
        wrapper: The directory below `go/` that pins it.
        module: The module whose version is its version.
        package: What to build; `.` is the wrapper itself.
        variables: What the linker writes into it.
        aliases: Names under which it does other work.
    """

    name: str
    wrapper: str
    module: str
    package: str
    variables: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Files:
    """A directory of a module, copied because the module cache is no place to point people to."""

    name: str
    wrapper: str
    module: str
    directory: str


def _kube(name: str, *aliases: str) -> Program:
    return Program(
        name=name,
        wrapper=name,
        module="k8s.io/kubernetes",
        package=".",
        variables=(
            f"{KUBE_VERSION}.gitVersion={{version}}",
            f"{KUBE_VERSION}.gitMajor=1",
            f"{KUBE_VERSION}.gitMinor={{minor}}",
        ),
        aliases=aliases,
    )


def _core_2(name: str) -> Program:
    return Program(name, name, CORE_2, f"{CORE_2}/cmd/crossplane", (VERSION_2,))


# The oldest that the XRDs install on: they need `cidr()` of CEL.
KUBE, KUBE_OLDEST = _kube("kube", "kubectl"), _kube("kube-1.31")
CROSSPLANE_1 = Program(
    "crossplane-1", "crossplane-1", CORE_1, f"{CORE_1}/cmd/crossplane", (VERSION_1,)
)
# The last line that does not watch what functions require.
CROSSPLANE_2, CROSSPLANE_2_3 = _core_2("crossplane-2"), _core_2("crossplane-2.3")
# The 1.20 command line renders in its own process; the 2.x one asks a core to do it.
CLI_OF_1 = Program("crossplane-cli-1", "crossplane-1", CORE_1, f"{CORE_1}/cmd/crank", (VERSION_1,))
CLI_OF_2 = Program(
    "crossplane-cli-2", "crossplane-cli", CLI_2, f"{CLI_2}/cmd/crossplane", (VERSION_2,)
)
REGISTRY = Program("registry", "registry", "github.com/google/go-containerregistry", ".", ())
GARDENER_APISERVER = Program(
    "gardener-apiserver",
    "gardener",
    "github.com/gardener/gardener",
    "github.com/gardener/gardener/cmd/gardener-apiserver",
    (f"{KUBE_VERSION}.gitVersion={{version}}",),
)


class ClusterAPI(NamedTuple):
    """A release of Cluster API.

    Attributes:
        managers: Its four programs; the last one plays machines in memory.
        files: The definitions and webhooks of each.
    """

    managers: tuple[Program, ...]
    files: tuple[Files, ...]

    @property
    def needs(self) -> tuple[Program | Files, ...]:
        """Return what must be built."""
        return (*self.managers, *self.files)


def _cluster_api(wrapper: str, core: str) -> ClusterAPI:
    parts = {
        "core": (CLUSTER_API, core),
        "bootstrap": (CLUSTER_API, "/bootstrap/kubeadm"),
        "control-plane": (CLUSTER_API, "/controlplane/kubeadm"),
        "infrastructure": (f"{CLUSTER_API}/test", "/infrastructure/docker"),
    }
    return ClusterAPI(
        tuple(
            Program(f"{wrapper}-{name}", wrapper, module, f"{module}{directory}", ())
            for name, (module, directory) in parts.items()
        ),
        tuple(
            Files(f"{wrapper}-{name}-files", wrapper, module, f"{directory}/config".lstrip("/"))
            for name, (module, directory) in parts.items()
        ),
    )


# The second is the oldest that serves `v1beta2`.
CAPI, CAPI_OLDEST = _cluster_api("capi", "/core"), _cluster_api("capi-1.11", "")
PROVIDER_KUBERNETES = Program(
    "provider-kubernetes",
    "provider-kubernetes",
    PROVIDER,
    f"{PROVIDER}/cmd/provider",
    (f"{PROVIDER}/internal/version.Version={{version}}",),
)
FILES_OF_PROVIDER = Files(
    "provider-kubernetes-files", "provider-kubernetes", PROVIDER, "package/crds"
)
# Its definitions alone: the topology of a Cluster is computed without the provider.
FILES_OF_CAPO = Files(
    "capo-files", "capo", "sigs.k8s.io/cluster-api-provider-openstack", "config/crd"
)
FILES_OF_1 = Files("crossplane-1-files", "crossplane-1", CORE_1, "cluster")
FILES_OF_2, FILES_OF_2_3 = (
    Files(f"{core.name}-files", core.wrapper, CORE_2, "cluster")
    for core in (CROSSPLANE_2, CROSSPLANE_2_3)
)
# What `make e2e` runs, in the order in which it is needed: packages are made with the first.
GATE: tuple[Program | Files, ...] = (
    CLI_OF_2, KUBE, CROSSPLANE_2, KUBE_OLDEST, CROSSPLANE_1, CLI_OF_1, CROSSPLANE_2_3, REGISTRY,
    *CAPI.managers, PROVIDER_KUBERNETES, GARDENER_APISERVER,
    FILES_OF_1, FILES_OF_2, FILES_OF_2_3, *CAPI.files, FILES_OF_PROVIDER,
    FILES_OF_CAPO,
)  # fmt: skip
# And what only `make e2e-all` runs.
ALL: tuple[Program | Files, ...] = (*GATE, *CAPI_OLDEST.needs)
