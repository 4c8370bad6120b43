"""List the programs and files that are built or taken from Go modules.

Each directory below `go/` is a wrapper module that pins one release: the ordinary Go client
fetches exactly these sources and checks them against `go.sum`. Another
version is another pin.
"""

from dataclasses import dataclass

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


KUBE = Program(
    name="kube",
    wrapper="kube",
    module="k8s.io/kubernetes",
    package=".",
    variables=(
        f"{KUBE_VERSION}.gitVersion={{version}}",
        f"{KUBE_VERSION}.gitMajor=1",
        f"{KUBE_VERSION}.gitMinor={{minor}}",
    ),
    aliases=("kubectl",),
)
CROSSPLANE_1 = Program(
    "crossplane-1", "crossplane-1", CORE_1, f"{CORE_1}/cmd/crossplane", (VERSION_1,)
)
CROSSPLANE_2 = Program(
    "crossplane-2", "crossplane-2", CORE_2, f"{CORE_2}/cmd/crossplane", (VERSION_2,)
)
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
# Cluster API's four managers; the last one plays machines in memory.
CAPI_CORE, CAPI_BOOTSTRAP, CAPI_CONTROL_PLANE, CAPI_INFRASTRUCTURE = (
    Program(f"capi-{name}", "capi", module, f"{module}/{directory}", ())
    for name, module, directory in (
        ("core", CLUSTER_API, "core"),
        ("bootstrap", CLUSTER_API, "bootstrap/kubeadm"),
        ("control-plane", CLUSTER_API, "controlplane/kubeadm"),
        ("infrastructure", f"{CLUSTER_API}/test", "infrastructure/docker"),
    )
)
CAPI = (CAPI_CORE, CAPI_BOOTSTRAP, CAPI_CONTROL_PLANE, CAPI_INFRASTRUCTURE)
PROVIDER_KUBERNETES = Program(
    "provider-kubernetes",
    "provider-kubernetes",
    PROVIDER,
    f"{PROVIDER}/cmd/provider",
    (f"{PROVIDER}/internal/version.Version={{version}}",),
)
FILES_OF_CAPI = tuple(
    Files(f"{program.name}-files", "capi", program.module, f"{directory}/config")
    for program in CAPI
    for directory in [program.package.removeprefix(f"{program.module}/")]
)
FILES_OF_PROVIDER = Files(
    "provider-kubernetes-files", "provider-kubernetes", PROVIDER, "package/crds"
)
FILES_OF_1 = Files("crossplane-1-files", "crossplane-1", CORE_1, "cluster")
FILES_OF_2 = Files("crossplane-2-files", "crossplane-2", CORE_2, "cluster")
ALL: tuple[Program | Files, ...] = (
    KUBE, CROSSPLANE_1, CROSSPLANE_2, CLI_OF_1, CLI_OF_2, REGISTRY, GARDENER_APISERVER,
    *CAPI, PROVIDER_KUBERNETES, FILES_OF_1, FILES_OF_2, *FILES_OF_CAPI, FILES_OF_PROVIDER,
)  # fmt: skip
