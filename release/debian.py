"""Keep the list of Debian packages in the image, each at one version.

A version in Debian's archive never changes its content, and apt checks its signature; so the list
decides what is in the image. The archive keeps only the newest: once it has moved on, a build from
the old list stops and says so, and the list is made anew:

    python -m release.debian --write

Whoever has older states of the archive names them in a file of apt sources, by `DEBIAN_SOURCES`.
"""

import os
import re

import click

from release import ARCHITECTURE, ROOT, SUITE, commands

LOCK = ROOT / "package" / "debian.lock"
# The stdlib and its interpreter, what wheels of C++ need, and the name of the release.
WANTED = ("base-files", "libpython3-stdlib", "libstdc++6", "python3-minimal")
HEADER = f"# Debian packages in the image: {SUITE}, {ARCHITECTURE}. See release/debian.py.\n"
# What `mmdebstrap --simulate --verbose` says of each package: Inst NAME (VERSION ...
CHOSEN = re.compile(r"^Inst (\S+) \((\S+) ", re.MULTILINE)

Versions = dict[str, str]


def locked() -> Versions:
    """Return the packages of the list, with their versions."""
    lines = LOCK.read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pairs}


def offered() -> Versions:
    """Return what Debian's archive would give today, security updates included."""
    done = commands.run((*command(WANTED), "--simulate", "--verbose", *source("/dev/null")))
    return dict(sorted(CHOSEN.findall(done.stderr)))


def outdated(have: Versions, offer: Versions) -> list[str]:
    """Return a line for each package that the archive has otherwise."""
    names = sorted(have.keys() | offer.keys())
    return [
        f"{name}: {have.get(name, 'absent')} here, {offer.get(name, 'absent')} in the archive"
        for name in names
        if have.get(name) != offer.get(name)
    ]


def command(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Return how mmdebstrap is called: packages are unpacked, and none of their scripts run."""
    architecture = f"--architectures={ARCHITECTURE}"
    return ("mmdebstrap", "--variant=extract", architecture, f"--include={','.join(packages)}")


def source(target: str) -> tuple[str, ...]:
    """Return the last arguments of mmdebstrap: what to build, to where, from which archive."""
    sources = os.environ.get("DEBIAN_SOURCES")
    return (SUITE, target, *((sources,) if sources else ()))


@click.command()
@click.option("--write", is_flag=True, help="Write the list anew.")
def main(*, write: bool) -> None:
    """Compare the list with Debian's archive."""
    commands.require("mmdebstrap")
    offer = offered()
    changes = outdated(locked() if LOCK.exists() else {}, offer)
    for line in changes:
        click.echo(line)
    if write:
        LOCK.write_text(HEADER + "".join(f"{n}={v}\n" for n, v in offer.items()), "utf-8")
    elif changes:
        raise click.ClickException("python -m release.debian --write takes these versions")


if __name__ == "__main__":
    main()
