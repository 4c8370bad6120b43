"""Look for known weaknesses of what is pinned.

| what | who is asked |
|---|---|
| Debian packages | Debian's archive: is there a newer one, such as a security update? |
| Python packages | the package index: have their makers withdrawn (yanked) the release? |
| Python packages | a service of advisories in the form of OSV, by pip-audit |

Debian's updates are listed and do not fail the scan: a build takes them, see `release.debian`.
A source that is silent finds nothing, so the index and the service are first asked about a
release that is known to be bad. Advisories that cannot be had are said to be missing, and fail
the scan only if they are required:

    python -m release.scan --require-advisories
"""

import json
import sys
import tempfile
from pathlib import Path

import click

from release import ROOT, commands, debian

OSV = "https://api.osv.dev"
# It holds every pin of requirements.txt too.
PINS = ROOT / "requirements-dev.txt"
# As much of an error as is read.
REASON_LENGTH = 160
# Yanked for conflicting with the mitigation of CVE-2024-35195.
WITHDRAWN = "requests==2.32.0"
# CVE-2020-28493 and several later ones.
VULNERABLE = "jinja2==2.11.2"


class Silent(click.ClickException):
    """A source does not answer, or does not know what it must know."""


def debian_updates() -> list[str]:
    """Return the Debian packages of which the archive has another version."""
    commands.require("mmdebstrap")
    return debian.outdated(debian.locked(), debian.offered())


def withdrawn(requirements: Path) -> list[str]:
    """Return the pins that their makers have withdrawn from the index.

    Raises:
        Silent: The index does not mark what is known to be withdrawn.
    """
    with tempfile.TemporaryDirectory() as scratch:
        canary = Path(scratch, "canary.txt")
        canary.write_text(f"{WITHDRAWN}\n", "utf-8")
        if not _yanked(canary):
            raise Silent(f"the package index does not mark {WITHDRAWN} as withdrawn")
    return _yanked(requirements)


def advisories(requirements: Path, service: str = OSV) -> list[str]:
    """Return what is published about the pins.

    Raises:
        Silent: The service does not answer, or does not know a release that is known to be bad.
    """
    with tempfile.TemporaryDirectory() as scratch:
        canary = Path(scratch, "canary.txt")
        canary.write_text(f"{VULNERABLE}\n", "utf-8")
        if not _audited(canary, service):
            raise Silent(f"{service} knows nothing of {VULNERABLE}")
    return _audited(requirements, service)


def _yanked(requirements: Path) -> list[str]:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    options = ("--dry-run", "--ignore-installed", "--no-deps", "--report=-")
    report = json.loads(commands.run((*pip, *options, "-r", requirements)).stdout)
    return [
        f"{item['metadata']['name']} {item['metadata']['version']} is withdrawn"
        for item in report["install"]
        if item.get("is_yanked")
    ]


def _audited(requirements: Path, service: str) -> list[str]:
    audit = (sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format=json")
    source = ("--vulnerability-service=osv", f"--osv-url={service}/v1/query", "--timeout=10")
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch, "found.json")
        try:
            commands.run((*audit, *source, "--requirement", requirements, "--output", found))
        except click.ClickException as error:
            # It fails if it finds something, and also if nobody answers.
            if not found.exists():
                raise Silent(
                    f"{service}: {error.message.splitlines()[-1][:REASON_LENGTH]}"
                ) from None
        dependencies = json.loads(found.read_text("utf-8"))["dependencies"]
    if skipped := [found["name"] for found in dependencies if "skip_reason" in found]:
        raise Silent(f"{service} does not answer for {', '.join(skipped)}")
    return [
        f"{package['name']} {package['version']}: {weakness['id']}, fixed in "
        f"{', '.join(weakness['fix_versions']) or 'no release'}"
        for package in dependencies
        for weakness in package["vulns"]
    ]


@click.command()
@click.option(
    "--osv", default=OSV, envvar="OSV", show_default=True, help="A service of advisories."
)
@click.option("--require-advisories", is_flag=True, help="Fail if advisories cannot be had.")
def main(*, osv: str, require_advisories: bool) -> None:
    """Scan what requirements*.txt and package/debian.lock pin."""
    _reported(debian.LOCK.name, "updates", debian_updates())
    bad = _reported(PINS.name, "withdrawn", withdrawn(PINS))
    try:
        bad |= _reported(PINS.name, "advisories", advisories(PINS, osv))
    except Silent as reason:
        click.echo(f"{PINS.name}, advisories: NOT SCANNED, {reason.message}", err=True)
        bad |= require_advisories
    sys.exit(int(bad))


def _reported(name: str, what: str, found: list[str]) -> bool:
    click.echo(f"{name}, {what}: {len(found) or 'none'}")
    for line in found:
        click.echo(f"  {line}")
    return bool(found)


if __name__ == "__main__":
    main()
