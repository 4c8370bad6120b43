"""Make the root file system of the image: Debian's Python, our dependencies, the function.

Nothing of it is ever run here: Debian packages are unpacked without their scripts, wheels are
chosen for the image's Python, not for the one that runs this. By hand, and in the Dockerfile:

    python -m release.rootfs DIRECTORY
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from release import PYTHON, ROOT, commands, debian, stamp

RECORDS = Path("var/lib/dpkg/status.d")
# Where Debian's Python looks for what is not Debian's.
SITE = Path(f"usr/local/lib/python{PYTHON}/dist-packages")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
USER = 65532
ACCOUNTS = {
    "etc/passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n"
    f"nonroot:x:{USER}:{USER}:nonroot:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nnonroot:x:{USER}:\n",
}
# Packages that others need only to be installed; the time zones are those of PyPI's tzdata.
INSTALLERS = (
    "debconf", "dpkg", "libacl1", "libmd0", "libpcre2-8-0", "libselinux1", "mawk", "tar", "tzdata",
)  # fmt: skip
# What nothing reads in the image. Licences (usr/share/doc/*/copyright) stay.
UNUSED = (
    "dev/*", "etc/apt", "etc/cron.daily", "etc/hostname", "etc/logrotate.d", "etc/machine-id",
    "etc/resolv.conf", "etc/skel", "etc/update-motd.d",
    "usr/lib/python3*/ensurepip", "usr/lib/python3*/idlelib", "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/test", "usr/lib/python3*/turtledemo", "usr/lib/systemd",
    "usr/lib/x86_64-linux-gnu/gconv", "usr/libexec/*", "usr/sbin/*",
    "usr/share/bug", "usr/share/debconf", "usr/share/doc-base", "usr/share/info",
    "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/zoneinfo",
    "usr/share/doc/*/[!c]*", "usr/share/doc/*/c[!o]*",
    "var/backups", "var/cache/*", "var/lib/apt", "var/lib/dpkg/[!s]*", "var/lib/dpkg/status*[!d]",
    "var/log/*",
    f"{SITE}/bin", f"{SITE}/*.dist-info/RECORD", f"{SITE}/*.dist-info/direct_url.json",
    "**/__pycache__",
)  # fmt: skip
# Run by mmdebstrap, with the root file system as argument: of each package its control file, as
# scanners of images read it where there is no dpkg, and the names of its files.
RECORD = """\
set -e
records="$1/var/lib/dpkg/status.d"
mkdir -p "$records"
for deb in "$1"/var/cache/apt/archives/*.deb; do
  name=$(dpkg-deb --field "$deb" Package)
  dpkg-deb --field "$deb" > "$records/$name"
  dpkg-deb --fsys-tarfile "$deb" | tar --list > "$records/$name.list"
done
"""


def build(target: Path, made: stamp.Stamp, *, locked: bool = False) -> None:
    """Make the root file system in a directory that is not there yet.

    Args:
        target: The directory.
        made: The commit that is built.
        locked: Whether to fail where Debian's archive has dropped a locked version.

    Raises:
        click.ClickException: A program failed, or is missing.
    """
    commands.require("mmdebstrap")
    # Modes of files do not depend on who builds.
    previous = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _unpack_debian(debian.versions(locked_only=locked), target, Path(scratch), made)
            _install(target / SITE, Path(scratch), made)
        _trim(target)
    finally:
        os.umask(previous)


def _unpack_debian(
    versions: debian.Versions, target: Path, scratch: Path, made: stamp.Stamp
) -> None:
    archive, hook = scratch / "debian.tar", scratch / "record"
    hook.write_text(RECORD, "utf-8")
    # mmdebstrap may work as another user, in a user namespace.
    scratch.chmod(0o755)
    pinned = tuple(f"{name}={version}" for name, version in versions.items())
    commands.run(
        (
            *debian.command(pinned), f"--extract-hook=sh {hook} \"$1\"",
            *debian.source("-"),
        ),
        made.environment, output=archive,
    )  # fmt: skip
    target.mkdir(parents=True)
    owned = ("--no-same-owner", "--same-permissions")
    commands.run(("tar", "-xf", archive, "-C", target, *owned, "--exclude=./dev/*"))
    unpacked = {path.name for path in (target / RECORDS).iterdir() if path.suffix != ".list"}
    if unpacked != versions.keys():
        raise click.ClickException(f"{debian.LOCK.name} lacks {unpacked - versions.keys()}")


def _install(site: Path, scratch: Path, made: stamp.Stamp) -> None:
    """Install what is pinned by hash, and then the wheel of the function."""
    site.mkdir(parents=True)
    into = (
        "install", "--target", str(site), "--no-compile", "--no-deps", "--only-binary=:all:",
        "--implementation=cp", f"--python-version={PYTHON}",
        *(f"--platform={platform}" for platform in PLATFORMS),
    )  # fmt: skip
    commands.run((*PIP, *into, "--require-hashes", "-r", ROOT / "requirements.txt"))
    commands.run((*PIP, *into, wheel(scratch, made)))


def wheel(directory: Path, made: stamp.Stamp) -> Path:
    """Build the wheel of the function into a directory, without a network."""
    build = ("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={directory}", ROOT)
    commands.run((*PIP, *build), made.environment)
    return next(directory.glob("*.whl"))


def _trim(root: Path) -> None:
    for name in INSTALLERS:
        _uninstall(root, name)
    for pattern in (*UNUSED, f"{RECORDS}/*.list"):
        for path in sorted(root.glob(pattern)):
            _remove(path)
    # Programs of Debian that are not Python's, and links to them, would only serve an intruder.
    for path in (root / "usr/bin").iterdir():
        if not path.name.startswith("python3"):
            path.unlink()
    for name, content in ACCOUNTS.items():
        (root / name).write_text(content, "utf-8")


def _uninstall(root: Path, name: str) -> None:
    record = root / RECORDS / name
    for line in record.with_name(f"{name}.list").read_text("utf-8").splitlines():
        path = root / line
        if path.is_symlink() or path.is_file():
            path.unlink()
    record.unlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@click.command()
@click.argument("target", type=click.Path(path_type=Path, exists=False))
def main(target: Path) -> None:
    """Make the root file system in a new directory."""
    build(target, stamp.read())


if __name__ == "__main__":
    main()
