"""A client that others would generate from our OpenAPI document."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.asking import ROOT

# The name that the generator makes of the document's title.
PACKAGE = "scs_central_api_client"
CONFIG = ROOT / "docs" / "clients" / "openapi-python-client.yaml"


def generate(target: Path) -> str:
    """Generate the client into a directory that is not there yet, as docs/clients.md says.

    Returns:
        What the generator printed: its warnings.
    """
    program = Path(sys.executable).parent / "openapi-python-client"
    document = ROOT / "apis" / "openapi.json"
    arguments = ("--path", document, "--output-path", target, "--config", CONFIG)
    done = subprocess.run(
        [program, "generate", *arguments],
        capture_output=True, text=True, check=True, env={"PATH": str(program.parent)},
    )  # fmt: skip
    return done.stdout + done.stderr


def module(name: str) -> ModuleType:
    """Return a module of the generated package, whose parent is on `sys.path`."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def model(name: str) -> Any:
    """Return a class of the generated package."""
    return getattr(module("models"), name)
