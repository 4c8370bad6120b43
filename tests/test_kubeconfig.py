"""Hold kubeconfigs of tenants against what kubectl and kubelogin take."""

import itertools
from typing import Any

import pytest
import yaml

from function import kubeconfig
from function.contract import Mode, Order
from function.model import ClusterSpec
from function.model.cluster import Oidc
from function.record import Bound
from function.settings import Place

ISSUER = Oidc.model_validate({"issuerURL": "https://login.example.com", "clientID": "k8s"})
PARTS = ("clusters", "users", "contexts")
# Names that would read alike if they were joined by what may be in a name.
ORDERS = list(itertools.product(("a", "a-b"), ("c", "b-c", "b.c"), ("default", "nord", "c")))


def context(tenant: str, name: str, environment: str) -> str:
    """Return the name of a context."""
    spec = ClusterSpec.model_validate({"version": "1.34"})
    order = Order("Cluster", tenant, name, Mode.CLAIMS, "", {}, spec)
    place = Place(environment=environment, backend="capi", provider_config="x", namespace="x")
    return kubeconfig.context(order, Bound(place=place))


def config(name: str) -> dict[str, Any]:
    """Return a kubeconfig."""
    text = kubeconfig.exec_kubeconfig(name, "https://192.0.2.1:6443", "Y2E=", ISSUER, ("groups",))
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def test_no_two_clusters_share_a_name() -> None:
    """Merged, the first of two contexts, clusters or users of one name would hide the other."""
    names = {context(*order) for order in ORDERS}
    assert len(names) == len(ORDERS)


@pytest.mark.parametrize("order", ORDERS, ids="/".join)
def test_one_name_for_all(order: tuple[str, str, str]) -> None:
    """Tenant, order and environment name context, cluster and user alike."""
    name = context(*order)
    parsed = config(name)
    assert name == "{}/{}@{}".format(*order)
    assert [one["name"] for part in PARTS for one in parsed[part]] == [name] * len(PARTS)
    assert parsed["contexts"][0]["context"] == {"cluster": name, "user": name}
    assert parsed["current-context"] == name


def test_every_kubelogin_understands_it() -> None:
    """Releases before 1.31 answer in v1beta1 only, and kubectl refuses an answer in another."""
    login = config("x")["users"][0]["user"]["exec"]
    assert login["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert login["args"][:2] == ["oidc-login", "get-token"]
