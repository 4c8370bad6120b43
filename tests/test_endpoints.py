"""URLs of API servers: an IPv6 address is put in brackets, wherever it comes from."""

import pytest
import yaml

from function import local, simulate
from function.kubeconfig import url
from function.paths import replaced
from tests import asking


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("192.0.2.10", "https://192.0.2.10:6443"),
        ("api.example.org", "https://api.example.org:6443"),
        ("2001:db8:40::6", "https://[2001:db8:40::6]:6443"),
        ("[2001:db8:40::6]", "https://[2001:db8:40::6]:6443"),
        ("::1", "https://[::1]:6443"),
    ],
)
def test_url(host: str, wanted: str) -> None:
    """As Go's net.JoinHostPort writes it."""
    assert url(host, 6443) == wanted


@pytest.mark.parametrize("provider", ["cluster-stacks", "kaas-only"])
def test_a_cluster_that_is_reached_by_ipv6(provider: str) -> None:
    """Status and kubeconfig have the same URL, in both versions of Cluster API."""
    order, layers = asking.order("cluster/minimal"), asking.with_login(asking.provider(provider))
    outcome = asking.ask(order, layers)
    for _ in range(2):
        outcome = asking.ask(order, layers, simulate.play(outcome.resources))
    seen = dict(simulate.play(outcome.resources))
    where = "status.atProvider.manifest.spec.controlPlaneEndpoint"
    manifest = replaced(seen["capi-cluster"].manifest, where, {"host": "2001:db8::6", "port": 443})
    seen["capi-cluster"] = local.Observed(manifest, seen["capi-cluster"].connection)
    status = asking.ask(order, layers, seen).composite["status"]
    assert status["endpoint"] == "https://[2001:db8::6]:443"
    config = yaml.safe_load(status["kubeconfig"])
    assert config["clusters"][0]["cluster"]["server"] == "https://[2001:db8::6]:443"
