"""Make an image of a root file system, with the last stage of the Dockerfile, without a daemon."""

import tempfile
from pathlib import Path

from release import ROOT, commands, stamp
from tools.generate.definitions import FUNCTION


def build(rootfs: Path, target: Path, made: stamp.Stamp) -> None:
    """Write the image as the archive that `docker load`, skopeo and Crossplane read."""
    commands.require("buildah")
    name = f"localhost/{FUNCTION}:{made.version}"
    with tempfile.TemporaryDirectory() as scratch:
        store, context = Path(scratch, "store"), Path(scratch, "context")
        context.mkdir()
        buildah = (
            "buildah", f"--root={store}", f"--runroot={scratch}/run", "--storage-driver=vfs",
        )  # fmt: skip
        recipe = (
            "build", "--isolation=chroot", "--pull=never", f"--file={ROOT / 'Dockerfile'}",
            # Takes the place of the stage of this name; what only that stage needs is left out.
            f"--build-context=rootfs={rootfs}",
            f"--build-arg=VERSION={made.version}", f"--build-arg=REVISION={made.revision}",
            # Times of files and of the image; and no word about buildah's own version.
            f"--timestamp={made.epoch}", "--identity-label=false",
            f"--tag={name}", context,
        )  # fmt: skip
        commands.run((*buildah, *recipe))
        target.unlink(missing_ok=True)
        commands.run((*buildah, "push", name, f"docker-archive:{target}:{name}"))
