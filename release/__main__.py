"""Build everything that is published, into `out/packages`."""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

import click

from function.contract import Mode
from release import ROOT, archive, bill, commands, image, rootfs, stamp, xpkg
from tools.generate.definitions import FUNCTION, package

OUT = ROOT / "out" / "packages"
SUMS = "SHA256SUMS"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="A directory of its own.")
@click.option(
    "--locked", is_flag=True, help="Fail where Debian's archive has dropped a locked version."
)
def main(out: Path, *, locked: bool) -> None:
    """Build the function's image, the packages of both installs, and the bill of the image."""
    commands.require(*commands.BUILDERS)
    started = time.monotonic()
    made = stamp.read()
    build(out, made, locked=locked)
    click.echo(f"{made.version}, commit {made.revision}, in {time.monotonic() - started:.0f} s")
    for line in (out / SUMS).read_text("utf-8").splitlines():
        digest, name = line.split()
        size = (out / name).stat().st_size
        click.echo(f"{size / 1e6:7.1f} MB  {digest}  {name}")
    click.echo(f"image ID: sha256:{archive.read(out / f'{FUNCTION}.tar').digest}")


def build(out: Path, made: stamp.Stamp, *, locked: bool = False) -> None:
    """Build all of it into a directory, whose previous content is removed."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    packed = out / f"{FUNCTION}.tar"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "rootfs"
        rootfs.build(root, made, locked=locked)
        image.build(root, packed, made)
        bill.write(root, out / f"{FUNCTION}.cdx.json", made)
    xpkg.build_function(packed, out / f"{FUNCTION}.xpkg", made)
    for mode in Mode:
        xpkg.build_configuration(mode, out / f"{package(mode)}.xpkg", made)
    _sum(out)


def _sum(out: Path) -> None:
    files = sorted(out.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (out / SUMS).write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
