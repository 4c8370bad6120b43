"""Add a backend by one package and one line: it is answered, guarded, simulated and shown.

`tests/toy` is the package. Nothing in `function` or `tools` knows of it.
"""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from function import backends, simulate
from function.contract import Mode, Rendered
from tests import asking, toy
from tests.samples import config, manifest
from tools import generate

DATA = {"displayName": "Toys", "kinds": {"Network": "toy"}, "backends": {"toy": {"color": "red"}}}
LAYERS = [config("toys", DATA, environment="default")]

# What is generated for it, by path.
SHOWN = (
    ("docs/reference/network.md", "| `spec.ipv6` | expressed | toys have one range |"),
    ("docs/status.md", "| `Network` | `toy` | `spec.dnsServers`, `spec.ipv6` |"),
    ("docs/reference/environment.md", "| `color` | text | **required** | *at once* | Color of"),
    ("apis/schemas/environment-root.schema.json", '"ToySettings"'),
    ("package/providers/toy.yaml", "provider-toy:v0.0.1"),
    ("package/cluster/credentials/claims.yaml", "name: acme.toy"),
    ("package/cluster/activation/namespaced.yaml", "- doors.toy.m.crossplane.io"),
    ("package/cluster/rights-crossplane.yaml", "- toy.crossplane.io"),
)


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the line."""
    monkeypatch.setitem(backends.NETWORK, toy.NAME, toy.BACKEND)


def order(**spec: Any) -> asking.Manifest:
    """Return an order for a network."""
    return manifest("Network", {"cidr": "10.20.0.0/24", "deletionProtection": False, **spec})


@pytest.mark.parametrize("mode", Mode)
def test_an_order_is_rendered(mode: Mode) -> None:
    """In the API group of each install, with the credentials of the tenant."""
    outcome = asking.ask(order(ipv6=True), LAYERS, mode=mode)
    lan = outcome.resources["toy-lan"]
    assert lan["apiVersion"] == toy.FAMILY.api_version(mode)
    assert lan["spec"]["providerConfigRef"]["name"] == "acme.toy"
    assert lan["spec"]["forProvider"] == {"cidr": "10.20.0.0/24", "color": "red"}
    gaps = outcome.composite["status"]["unsupported"]
    assert gaps == [{"field": "spec.ipv6", "reason": "toys have one range"}]


def test_it_is_simulated_until_ready() -> None:
    """Its module for this is found by the name of its package."""
    outcome = asking.settled(order(), LAYERS)
    assert outcome.complete
    assert outcome.composite["status"]["phase"] == "Ready"
    seen = simulate.play(outcome.resources)["toy-door"].manifest
    assert seen["status"]["atProvider"]["painted"] is True


def test_settings_are_checked() -> None:
    """Like those of every other backend."""
    data = {**DATA, "backends": {"toy": {"colour": "red"}}}
    fatal = asking.ask(order(), [config("toys", data, environment="default")]).fatal
    assert fatal.startswith("EnvironmentInvalid: backends.toy.color: required")


def test_a_removal_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard accepts the one that the order gives, and nothing without one."""
    built = asking.built(order(), LAYERS)
    assert "toy-door" in built
    edit = order(externalAccess=False)
    assert "toy-door" not in asking.ask(edit, LAYERS, built).resources

    def forgetful(*given: Any) -> Rendered:
        return replace(toy.render(*given), removals=())

    monkeypatch.setitem(backends.NETWORK, toy.NAME, replace(toy.BACKEND, render=forgetful))
    fatal = asking.ask(edit, LAYERS, built).fatal
    assert fatal == "DeletionRefused: toy-door: would be deleted: no reason given"


def test_an_older_function_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rollback the line is gone, and live resources stay."""
    built = asking.built(order(), LAYERS)
    monkeypatch.delitem(backends.NETWORK, toy.NAME)
    fatal = asking.ask(order(), asking.provider("cluster-stacks"), built).fatal
    assert fatal.startswith("FunctionOutdated: observed resource toy-door is of backend toy")


def test_rules_for_every_backend_hold() -> None:
    """Tests that iterate over the table take it in: each field, each kind, its settings."""
    program = (
        "import sys, pytest; from function import backends; from tests import toy; "
        "backends.NETWORK[toy.NAME] = toy.BACKEND; sys.exit(pytest.main(sys.argv[1:]))"
    )
    tests = ("tests/test_matrix.py", "tests/test_backends.py")
    command = (
        sys.executable,
        "-c",
        program,
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-k",
        "toy",
    )
    done = subprocess.run(
        (*command, *tests), cwd=asking.ROOT, capture_output=True, text=True, check=False
    )
    # With none of its own it would fail, too.
    assert done.returncode == 0, done.stdout


def test_what_is_generated_shows_it() -> None:
    """Support, settings, schemas, providers, credentials and rights."""
    files = generate.files(asking.ROOT)
    for path, text in SHOWN:
        assert text in files[path], path
