"""What `tests/kubectl.py` says of kubectl, held against the real one; it needs no server."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testbed import build, programs
from tests import kubectl

from .conftest import shown

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def program(pytestconfig: pytest.Config) -> Path:
    """Build kubectl, if it is not there."""
    with shown(pytestconfig):
        build.ensure(programs.KUBE)
    return build.BUILT / "kubectl"


def read(program: Path, content: bytes) -> list[dict[str, Any]] | None:
    """Return the objects that kubectl reads in a file, None if it refuses the file."""
    command = (program, "annotate", "--local", "-o", "json", "-f", "-", "read=yes")
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    if done.returncode:
        return None
    text, objects = done.stdout.decode(), list[dict[str, Any]]()
    while text := text.lstrip():
        one, end = json.JSONDecoder().raw_decode(text)
        objects += one["items"] if one["kind"] == "List" else [one]
        text = text[end:]
    return objects


def document(*values: str) -> bytes:
    """Return an object that holds values."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\nspec:\n"
    lines = (f"  v{number}: {value}\n" for number, value in enumerate(values))
    return f"{head}{''.join(lines)}".encode()


def typed(data: Any) -> str:
    """Return data so that 1 and true differ."""
    return json.dumps(data, sort_keys=True)


def test_values(program: Path) -> None:
    """Read all values at once, and those that we read otherwise."""
    others = {**kubectl.STRICTER, **{k: v for k, v in kubectl.OTHERWISE.items() if v[0]}}
    wanted = {**kubectl.VALUES, **{text: value for text, (value, _) in others.items()}}
    objects = read(program, document(*wanted))
    assert objects is not None
    spec = {text: objects[0]["spec"][f"v{number}"] for number, text in enumerate(wanted)}
    assert {t: typed(float_of(v)) for t, v in spec.items()} == {
        t: typed(v) for t, v in wanted.items()
    }


def float_of(value: Any) -> Any:
    """Return what exceeds 64 bits as it is held in between."""
    is_large = isinstance(value, int) and not -(2**63) <= value < 2**63
    return float(value) if is_large else value


@pytest.mark.parametrize(
    "text",
    [*kubectl.REFUSED, *(text for text, (value, _) in kubectl.OTHERWISE.items() if value is None)],
    ids=repr,
)
def test_values_that_are_none(program: Path, text: str) -> None:
    """Read what it refuses."""
    assert read(program, document(text)) is None


@pytest.mark.parametrize(("content", "want"), kubectl.FILES.values(), ids=kubectl.FILES)
def test_files(program: Path, content: bytes, want: list[str] | None) -> None:
    """Read whole files."""
    objects = read(program, content)
    names = None if objects is None else [one["metadata"]["name"] for one in objects]
    assert names == want
