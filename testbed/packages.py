"""Build packages of a source tree, publish them in the local registry, and install them.

Packages keep the names that they have elsewhere: an ImageConfig tells Crossplane to pull them from
the registry of this machine, as an operator does who keeps a mirror. Functions run as processes, so
that Crossplane is told to leave them to others (`--package-runtime=External`), and what those
others must do is done here: say where a revision of the function listens.
"""

import os
import subprocess
import sys
from pathlib import Path

from function.contract import Mode
from function.generate.definitions import FUNCTION, REGISTRY
from testbed import build
from testbed.kubernetes import Kubernetes, Manifest
from testbed.programs import CLI_OF_2
from testbed.site import Site

PACKAGES = "pkg.crossplane.io"
REVISIONS = f"/apis/{PACKAGES}/v1/functionrevisions"
OWNER = REGISTRY.rpartition("/")[2]
# What a package is built with; it needs a commit, and there may be none.
STAMP = {"REVISION": "testbed", "SOURCE_DATE_EPOCH": "0"}
BUILD = """
import sys
from pathlib import Path
from function.contract import Mode
from release import stamp, xpkg
xpkg.build_configuration(Mode(sys.argv[1]), Path(sys.argv[2]), stamp.read())
"""


def name(mode: Mode) -> str:
    """Return the name of the package of an install."""
    return f"configuration-central-api-{mode.value}"


def reference(package: str, version: str) -> str:
    """Return the name under which a release of a package is published."""
    return f"{REGISTRY}/{package}:v{version}"


def build_configuration(source: Path, mode: Mode, target: Path) -> Path:
    """Build the package of an install as a release does, from any source tree."""
    command = (sys.executable, "-c", BUILD, mode.value, str(target))
    subprocess.run(command, cwd=source, env={**os.environ, **STAMP}, check=True)
    return target


def build_function(source: Path, target: Path) -> Path:
    """Build the function's package without an image: a process serves it here."""
    build.ensure(CLI_OF_2)
    command = (
        str(build.path(CLI_OF_2)), "xpkg", "build",
        f"--package-root={source / 'package' / 'function'}", f"--package-file={target}",
    )  # fmt: skip
    subprocess.run(command, capture_output=True, check=True)
    return target


def publish(site: Site, file: Path, package: str, version: str) -> None:
    """Push a package to the registry, with Crossplane's command line."""
    address = f"{site.address('registry')}/{OWNER}/{package}:v{version}"
    command = (str(build.path(CLI_OF_2)), "xpkg", "push", f"--package-files={file}", address)
    subprocess.run(command, capture_output=True, check=True)


def mirror(site: Site) -> Manifest:
    """Return what makes Crossplane pull from the registry of this machine."""
    return {
        "apiVersion": f"{PACKAGES}/v1beta1",
        "kind": "ImageConfig",
        "metadata": {"name": "testbed-mirror"},
        "spec": {
            "matchImages": [{"type": "Prefix", "prefix": REGISTRY}],
            "rewriteImage": {"prefix": f"{site.address('registry')}/{OWNER}"},
        },
    }


def function(version: str) -> Manifest:
    """Return the function as an operator installs it."""
    return _package("Function", FUNCTION, version, runtimeConfigRef={"name": FUNCTION})


def configuration(mode: Mode, version: str, **spec: object) -> Manifest:
    """Return the package of an install as an operator installs it."""
    return _package("Configuration", name(mode), version, **spec)


def serve(api: Kubernetes, site: Site, servers: dict[str, str]) -> bool:
    """Say of each revision of the function where it listens; say whether one is active.

    Args:
        api: The API server, seen by the operator.
        site: Where the servers are.
        servers: Name of the server of each version.
    """
    active = False
    for revision in api.items(REVISIONS):
        server = servers[revision["spec"]["image"].rpartition(":v")[2]]
        endpoint = f"localhost:{site.ports[server]}"
        if (revision.get("status") or {}).get("endpoint") != endpoint:
            named = {"apiVersion": f"{PACKAGES}/v1", "kind": "FunctionRevision"}
            api.set_status({**named, "metadata": revision["metadata"]}, {"endpoint": endpoint})
        active = active or revision["spec"]["desiredState"] == "Active"
    return active


def _package(kind: str, package: str, version: str, **spec: object) -> Manifest:
    return {
        "apiVersion": f"{PACKAGES}/v1",
        "kind": kind,
        "metadata": {"name": package},
        "spec": {"package": reference(package, version), **spec},
    }
