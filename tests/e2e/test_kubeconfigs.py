"""Merge the kubeconfigs of several orders with the real kubectl, as people do who have several."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed import build
from testbed.programs import KUBE
from tests import asking

from .lives import LABELS

pytestmark = pytest.mark.e2e

# One name with two tenants, and with one tenant at two providers.
ORDERS = (
    ("cluster-stacks", "acme", "hello", "default"),
    ("cluster-stacks", "globex", "hello", "default"),
    ("gardener", "acme", "hello", "sued"),
    ("cluster-stacks", "acme", "shop", "default"),
)
NAMES = [f"{tenant}/{name}@{environment}" for _, tenant, name, environment in ORDERS]


@pytest.fixture(scope="module", autouse=True)
def kubectl() -> None:
    """Build it, if nobody has."""
    build.ensure(KUBE)


def test_merged(tmp_path: Path) -> None:
    """All are there under names of their own, each with its server and its user."""
    files = [tmp_path / f"{number}.kubeconfig" for number in range(len(ORDERS))]
    for file, order in zip(files, ORDERS, strict=True):
        file.write_text(kubeconfig_of(*order))
    merged = json.loads(run(files, "config", "view", "--merge", "--flatten", "-o", "json"))
    for part in ("clusters", "contexts", "users"):
        assert sorted(one["name"] for one in merged[part]) == sorted(NAMES)
    assert merged["current-context"] == NAMES[0]
    listed = run(files, "config", "get-contexts", "-o", "name")
    assert sorted(listed.split()) == sorted(NAMES)
    for name in NAMES:
        run(files, "config", "use-context", name)
        assert run(files, "config", "current-context").strip() == name
        shown = json.loads(run(files, "config", "view", "--minify", "-o", "json"))
        assert [one["name"] for one in shown["users"]] == [name]


def test_kubectl_takes_the_plugin(tmp_path: Path) -> None:
    """It reads the entry, and calls the plugin before it calls the cluster."""
    file = tmp_path / "kubeconfig"
    config = yaml.safe_load(kubeconfig_of(*ORDERS[0]))
    # That of a simulated cluster is no certificate.
    del config["clusters"][0]["cluster"]["certificate-authority-data"]
    file.write_text(yaml.safe_dump(config))
    plugin = tmp_path / "kubectl-oidc_login"
    plugin.write_text(f'#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" > {tmp_path}/asked\nexit 1\n')
    plugin.chmod(0o755)
    assert attempt([file], tmp_path, "get", "nodes").returncode
    requested: dict[str, Any] = json.loads((tmp_path / "asked").read_text())
    assert requested["apiVersion"] == "client.authentication.k8s.io/v1beta1"


def kubeconfig_of(provider: str, tenant: str, name: str, environment: str) -> str:
    """Return the kubeconfig of an order that is ready."""
    order, layers = asking.order("cluster/minimal"), asking.with_login(asking.provider(provider))
    order["metadata"] |= {"name": name, "namespace": tenant}
    order["spec"]["environment"] = environment
    for layer in layers:
        labels = layer["metadata"]["labels"]
        labels |= {label: environment for label in LABELS if label in labels}
    reported = asking.ask(order, layers, asking.built(order, layers)).composite["status"]
    return str(reported["kubeconfig"])


def run(files: list[Path], *words: str) -> str:
    """Return what kubectl says of kubeconfigs."""
    done = attempt(files, files[0].parent, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(files: list[Path], plugins: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Have kubectl do something that may fail."""
    path = os.pathsep.join((str(plugins), str(build.path(KUBE).parent), os.environ["PATH"]))
    environment = {
        "PATH": path,
        "HOME": str(plugins),
        "KUBECONFIG": os.pathsep.join(map(str, files)),
    }
    command = ["kubectl", *words]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
