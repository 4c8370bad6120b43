"""What `tests/written.py` says of API servers, held against real ones, through the real kubectl."""

import subprocess

import pytest

from testbed import build, programs
from tests.written import CASES, Case

from .planes import Plane

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("plane", ["core", "core-claims"], indirect=True)
def test_api_server_says_what_the_table_says(case: Case, plane: Plane) -> None:
    """Send the file as a dry run."""
    program = build.path(programs.KUBE).parent / "kubectl"
    command = [str(program), "--kubeconfig", str(plane.site.kubeconfig("operator"))]
    command += ["create", "--dry-run=server", "-f", "-"]
    command += ["-n", case.namespace] if case.namespace else []
    done = subprocess.run(command, input=case.content, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert bool(done.returncode) is bool(case.server), said
    assert case.server in said
