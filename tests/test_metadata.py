"""Names of orders: what an API server takes, and what the labels of what is composed can hold."""

import pytest

from function import simulate
from function.contract import Mode
from function.model.metadata import name_problem
from tests import asking

LONG = "must have at most 63 characters: it becomes the value of labels"


@pytest.mark.parametrize(
    "name", ["a", "shop", "3orchards", "www.kiosk.example.org", "a" * 63, "0", "a.b-c.d"]
)
def test_names_that_orders_may_have(name: str) -> None:
    """As a DNS subdomain (RFC 1123)."""
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("Orchard_North", "orchard-north"),
        ("Hello", "hello"),
        ("-a", "a"),
        ("a-", "a"),
        ("a..b", "a.b"),
        ("a.-b", "a.b"),
        (".a", "a"),
        ("a b", "a-b"),
        ("größe", "gr-e"),
        ("a\n", "a"),
        ("_", "shop"),
    ],
)
def test_names_that_no_api_server_takes(name: str, suggested: str) -> None:
    """With one that it takes."""
    assert name_problem(name).endswith(f"as in a DNS name, such as {suggested}")
    assert name_problem(suggested) == ""


def test_names_that_no_label_holds() -> None:
    """One more is one too many."""
    assert name_problem("a" * 64) == LONG


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", ["cluster", "server", "network"])
def test_orders_of_such_names(kind: str, mode: Mode) -> None:
    """Refused before anything is called so; labels of what is composed can hold the others."""
    order, layers = asking.order(f"{kind}/minimal"), asking.provider("cluster-stacks")
    for name in ("Hello", "a" * 64):
        renamed = {**order, "metadata": {**order["metadata"], "name": name}}
        fatal = asking.ask(renamed, layers, mode=mode).fatal
        assert fatal == f"InvalidOrder: metadata.name: {name_problem(name)}"
    longest = {**order, "metadata": {**order["metadata"], "name": "a" * 63}}
    outcome = asking.ask(longest, layers, mode=mode)
    assert not outcome.fatal
    for manifest in outcome.resources.values():
        assert all(len(value) <= 63 for value in manifest["metadata"]["labels"].values())


def test_a_live_order_is_not_judged() -> None:
    """It has a name that could be stored."""
    order, layers = asking.order("cluster/minimal"), asking.provider("cluster-stacks")
    renamed = {**order, "metadata": {**order["metadata"], "name": "a" * 64}}
    seen = simulate.play(asking.ask(order, layers).resources)
    for one in seen.values():
        one.manifest["metadata"]["labels"]["api.scs.community/name"] = "a" * 64
        labels = one.manifest["status"]["atProvider"]["manifest"]["metadata"]["labels"]
        labels["api.scs.community/name"] = "a" * 64
    assert asking.ask(renamed, layers, seen).fatal == ""
