"""Run commands as an operator types them, with the kubectl that the testbed builds."""

import os
import subprocess
from pathlib import Path

from testbed import ROOT, build
from testbed.programs import KUBE
from testbed.site import Site

# More than the commands of the guide wait for by themselves.
TIMEOUT_SECONDS = 1500.0


def run(site: Site, command: str, directory: Path, identity: str = "operator") -> str:
    """Run commands of a shell, and return what they print.

    Args:
        site: The control plane that they talk to.
        command: What is typed.
        directory: Where it is typed.
        identity: Who types it.
    """
    done = attempt(site, command, directory, identity)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(
    site: Site, command: str, directory: Path, identity: str = "operator"
) -> subprocess.CompletedProcess[str]:
    """Run commands of a shell that may be refused."""
    places = (build.path(KUBE).parent, ROOT / ".venv" / "bin")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]]),
        "KUBECONFIG": str(site.kubeconfig(identity)),
        # What a former control plane served is of no use here.
        "KUBECACHEDIR": str(site.directory / "kubectl"),
    }
    return subprocess.run(
        ["bash", "-euc", command],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
