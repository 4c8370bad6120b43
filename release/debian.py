"""Keep the list of Debian packages in the image, each at one version.

A version in Debian's archive never changes its content, and apt checks its signature; so the list
decides what is in the image. The archive keeps only the newest version of each package: once it
has dropped one of the list, a build takes what the archive has today and lists the differences, or
fails with `--locked`. The bill always lists what is inside. To update the list:

    python -m release.debian --write

To build an older state again, name an archive that keeps it in a file of apt sources, by
`DEBIAN_SOURCES`.
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

UPDATE = "python -m release.debian --write updates the list"

Versions = dict[str, str]


def locked() -> Versions:
    """Return the packages of the list, with their versions."""
    lines = LOCK.read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pairs}


def offered() -> Versions:
    """Return what Debian's archive would give today, security updates included."""
    return dict(sorted(CHOSEN.findall(_simulate(WANTED))))


def versions(*, locked_only: bool = False) -> Versions:
    """Return what to build with: the list, or today's archive where it no longer has all of that.

    Args:
        locked_only: Whether to fail instead.

    Raises:
        click.ClickException: The archive does not answer, or differs and may not.
    """
    listed = locked()
    pinned = tuple(f"{name}={version}" for name, version in listed.items())
    try:
        _simulate(pinned)
    except click.ClickException:
        offer = offered()
        changes = outdated(listed, offer)
        if not changes:
            raise
        text = "\n  ".join((f"Debian's archive no longer has all of {LOCK.name}:", *changes))
        if locked_only:
            raise click.ClickException(f"{text}\n{UPDATE}") from None
        click.echo(f"{text}\nbuilding with the archive's versions; {UPDATE}", err=True)
        return offer
    return listed


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


def _simulate(packages: tuple[str, ...]) -> str:
    """Return what mmdebstrap would install."""
    arguments = ("--simulate", "--verbose", *source("/dev/null"))
    return commands.run((*command(packages), *arguments)).stderr


@click.command()
@click.option("--write", is_flag=True, help="Update the list.")
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
        raise click.ClickException(UPDATE)


if __name__ == "__main__":
    main()
