"""Build packages of a source tree, publish them in the local registry, and install them.

Packages keep their public names: an ImageConfig makes Crossplane pull them from the registry of
this machine, as it does for an operator who keeps a mirror. Functions run as processes, so that
Crossplane is configured not to run them itself (`--package-runtime=External`). This module does
what an external runtime must do: publish where a revision of the function listens.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from function.__version__ import __version__
from function.contract import Mode
from function.model import API_GROUP, API_VERSION
from testbed import ROOT, build
from testbed.install import DEFINITIONS, definitions
from testbed.kubernetes import MERGE, Kubernetes, Manifest
from testbed.programs import CLI_OF_2
from testbed.site import Site
from testbed.waiting import until
from tools.generate.definitions import FUNCTION, INSTALLED, REGISTRY, package, served

PACKAGES = "pkg.crossplane.io"
REVISIONS = f"/apis/{PACKAGES}/v1/functionrevisions"
CONFIGURATION_REVISIONS = f"/apis/{PACKAGES}/v1/configurationrevisions"
CONFIGURATIONS = f"/apis/{PACKAGES}/v1/configurations"
COMPOSITIONS = DEFINITIONS.replace("compositeresourcedefinitions", "compositions")
OWNER = REGISTRY.rpartition("/")[2]
INSTALL_SECONDS = 240.0
# Written more often, the annotation would conflict with Crossplane's writes.
NUDGE_SECONDS = 4
# Build stamp of a package: the build needs a commit, and there may be none.
STAMP = {"REVISION": "testbed", "SOURCE_DATE_EPOCH": "0"}
BUILD = """
import sys
from pathlib import Path
from function.contract import Mode
from release import stamp, xpkg
xpkg.build_configuration(Mode(sys.argv[1]), Path(sys.argv[2]), stamp.read())
"""


@dataclass(frozen=True)
class Release:
    """A version of the function and of what is installed with it.

    Attributes:
        version: Its version.
        source: The tree that it is built from.
    """

    version: str
    source: Path

    @property
    def server(self) -> str:
        """Return the name of the process that is its function, and of that process's port."""
        return f"function-{self.version}"


THIS = Release(__version__, ROOT)


def reference(name: str, version: str) -> str:
    """Return the name under which a release of a package is published."""
    return f"{REGISTRY}/{name}:v{version}"


def publish(site: Site, release: Release, mode: Mode) -> None:
    """Build what an operator of an install needs, and push it to the registry."""
    build.ensure(CLI_OF_2)
    with tempfile.TemporaryDirectory() as scratch:
        for name, built in (
            (FUNCTION, _build_function(release, Path(scratch))),
            (package(mode), _build_configuration(release, mode, Path(scratch))),
        ):
            address = f"{site.address('registry')}/{OWNER}/{name}:v{release.version}"
            _crossplane("push", f"--package-files={built}", address)


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
    return _package("Function", INSTALLED, FUNCTION, version, runtimeConfigRef={"name": FUNCTION})


def configuration(mode: Mode, version: str, **spec: object) -> Manifest:
    """Return the package of an install as an operator installs it."""
    return _package("Configuration", package(mode), package(mode), version, **spec)


def install_function(api: Kubernetes, site: Site, release: Release) -> None:
    """Install the function or bring it to a version, and wait until it is the one that answers."""
    api.apply(function(release.version))
    until(
        lambda: serve(api, site) == {release.version},
        seconds=INSTALL_SECONDS,
        what=f"{FUNCTION} {release.version}",
    )


def install_configuration(api: Kubernetes, mode: Mode, release: Release, **spec: object) -> None:
    """Install what serves orders or bring it to a version, and wait until all of it is there."""
    wanted = configuration(mode, release.version, **spec)
    api.apply(wanted)
    until(
        lambda: (is_established(api, wanted) and is_served(api, mode)) or _nudge(api),
        seconds=INSTALL_SECONDS,
        what=f"{package(mode)} {release.version}",
    )


def serve(api: Kubernetes, site: Site) -> set[str]:
    """Publish where each revision of the function listens; return the active versions."""
    active = set()
    for revision in api.items(REVISIONS):
        version = revision["spec"]["image"].rpartition(":v")[2]
        endpoint = f"localhost:{site.ports[Release(version, ROOT).server]}"
        if (revision.get("status") or {}).get("endpoint") != endpoint:
            named = {"apiVersion": f"{PACKAGES}/v1", "kind": "FunctionRevision"}
            api.set_status({**named, "metadata": revision["metadata"]}, {"endpoint": endpoint})
        if revision["spec"]["desiredState"] == "Active":
            active.add(version)
    return active


def is_established(api: Kubernetes, wanted: Manifest) -> bool:
    """Say whether the revision of a Configuration controls every definition and Composition."""
    live = api.get(api.path(wanted)) or {}
    status = live.get("status") or {}
    if status.get("currentIdentifier") != wanted["spec"]["package"]:
        return False
    revision = api.get(f"{CONFIGURATION_REVISIONS}/{status['currentRevision']}") or {}
    refs = (revision.get("status") or {}).get("objectRefs") or [{"kind": ""}]
    mode = next(mode for mode in Mode if package(mode) == wanted["metadata"]["name"])
    found = [
        api.get(f"{collection}/{path.parent.name}.{API_GROUP}")
        for path in definitions(mode)
        for collection in (DEFINITIONS, COMPOSITIONS)
    ]
    return all(_controller(one) == status["currentRevision"] for one in found) and all(
        ref["kind"] for ref in refs
    )


def is_served(api: Kubernetes, mode: Mode) -> bool:
    """Say whether the API server serves all kinds of an install."""
    found = (api.get(f"/apis/{API_VERSION}") or {}).get("resources", ())
    return served(mode) <= {one["kind"] for one in found}


def _nudge(api: Kubernetes) -> bool:
    """Make Crossplane reconcile again, now and then: after each failure it would wait longer.

    Core 1.20 needs that even after a success: it does not remember the kinds of objects that it has
    just created, and could not release them at an upgrade ("Object 'Kind' is missing") until it has
    reconciled again.
    """
    patch = {"metadata": {"annotations": {"testbed/nudged": str(int(time.time() / NUDGE_SECONDS))}}}
    for revision in api.items(CONFIGURATION_REVISIONS):
        path = f"{CONFIGURATION_REVISIONS}/{revision['metadata']['name']}"
        api.request("PATCH", path, patch, content=MERGE)
    return False


def _controller(manifest: Manifest | None) -> str:
    owners = ((manifest or {}).get("metadata") or {}).get("ownerReferences") or ()
    return next((owner["name"] for owner in owners if owner.get("controller")), "")


def _build_configuration(release: Release, mode: Mode, scratch: Path) -> Path:
    """Build as a release does, from its own tree."""
    target = scratch / f"{package(mode)}.xpkg"
    command = (sys.executable, "-c", BUILD, mode.value, str(target))
    subprocess.run(command, cwd=release.source, env={**os.environ, **STAMP}, check=True)
    return target


def _build_function(release: Release, scratch: Path) -> Path:
    """Build without an image, because a process serves it here.

    An image would make each version a different package; here an annotation does that instead.
    """
    root, target = scratch / "function", scratch / f"{FUNCTION}.xpkg"
    root.mkdir()
    metadata = yaml.safe_load(
        (release.source / "package" / "function" / "crossplane.yaml").read_text()
    )
    metadata["metadata"]["annotations"]["testbed/version"] = release.version
    (root / "crossplane.yaml").write_text(yaml.safe_dump(metadata))
    _crossplane("build", f"--package-root={root}", f"--package-file={target}")
    return target


def _crossplane(*arguments: str) -> None:
    command: Sequence[str] = (str(build.path(CLI_OF_2)), "xpkg", *arguments)
    subprocess.run(command, capture_output=True, check=True)


def _package(kind: str, installed: str, name: str, version: str, **spec: object) -> Manifest:
    return {
        "apiVersion": f"{PACKAGES}/v1",
        "kind": kind,
        "metadata": {"name": installed},
        "spec": {"package": reference(name, version), **spec},
    }
