"""Read `docs/install.md`, and set the stage on which its commands are run."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path

from function.backends import definitions
from testbed import ROOT, install, packaged, packages
from testbed.cores import CORES, Profile
from testbed.install import SCHEMAS, Setup, documents
from testbed.kubernetes import Kubernetes, Refused
from testbed.packages import Release
from testbed.site import Site

from . import shell
from .clouds import Cloud
from .planes import CRDS

GUIDE = ROOT / "docs" / "install.md"
SETTINGS = "INSTALL|ORDERS|VERSION|PACKAGES|FUNCTION|CONFIGURATION"
PAUSE_SECONDS = 0.3


def sections() -> dict[str, list[str]]:
    """Return the commands of the guide by heading, block by block."""
    result: dict[str, list[str]] = {}
    for part in re.split(r"^## ", GUIDE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        if blocks:
            result[title] = blocks
    return result


def prompted(start: str) -> str:
    """Return the commands of the block that begins with one, without their prompts."""
    text = GUIDE.read_text("utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if block.startswith(f"$ {start}")]
    return re.sub(r"^\$ ", "", found, flags=re.MULTILINE)


def typed(site: Site, directory: Path, block: str) -> str:
    """Run a block where the ones before it were run, with the settings that they left."""
    settings = directory / ".settings"
    settings.touch()
    retained = f"set | grep -E '^({SETTINGS})=' > .settings || true"
    return shell.run(site, f". ./.settings\n{block}\n{retained}", directory)


def checkout(directory: Path) -> Path:
    """Return a directory that looks like the project to who types there."""
    directory.mkdir()
    for name in ("package", "examples"):
        (directory / name).symlink_to(ROOT / name)
    return directory


def bare(name: str, releases: tuple[Release, ...]) -> Profile:
    """Return a profile on which nothing of ours is installed, and packages to install it from."""
    mode = CORES[name].mode

    def publish(site: Site) -> None:
        with closing(install.operator(site)) as api:
            for file in sorted(SCHEMAS.glob("*.crossplane.io_*.yaml")):
                for manifest in documents(file):
                    api.apply(manifest)
            api.apply(packages.mirror(site))
        for release in releases:
            packages.publish(site, release, mode)

    setup = Setup("packages, and what providers define", publish)
    return packaged.beside(name, "guide", "with nothing of ours", releases, (setup,))


@contextmanager
def staffed(site: Site, profile: Profile) -> Iterator[Cloud]:
    """Let providers and what runs functions work in the background."""
    cloud, ended = Cloud(), threading.Event()

    def work() -> None:
        with closing(install.operator(site)) as api:
            where = list(_collections(api, profile))
            while not ended.wait(PAUSE_SECONDS):
                try:
                    packages.serve(api, site)
                    for path in where:
                        cloud.act(api, api.items(path))
                except (Refused, OSError, HTTPException):
                    # Something went between two requests, or was late; the next round sees that.
                    continue

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield cloud
    finally:
        ended.set()
        thread.join()


def _collections(api: Kubernetes, profile: Profile) -> Iterator[str]:
    """Yield the paths of everything that can be composed, in all namespaces."""
    for name in definitions(profile.mode):
        definition = api.get(f"{CRDS}/{name}")
        assert definition is not None
        spec = definition["spec"]
        plural, group = spec["names"]["plural"], spec["group"]
        version = next(one["name"] for one in spec["versions"] if one["storage"])
        yield f"/apis/{group}/{version}/{plural}"
