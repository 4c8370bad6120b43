"""What a claim's connection Secret holds: how the thing is reached, and nothing secret."""

import base64

import pytest

from function import local, simulate
from function.contract import Mode
from tests import asking


def built(name: str, provider: str, mode: Mode = Mode.CLAIMS) -> local.Outcome:
    """Return the answer once everything is built."""
    order, layers = asking.order(name), asking.with_login(asking.provider(provider))
    outcome = asking.ask(order, layers, mode=mode)
    for _ in range(5):
        assert not outcome.fatal, outcome.fatal
        outcome = asking.ask(order, layers, simulate.play(outcome.resources), mode)
    return outcome


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("provider", asking.PROVIDERS)
def test_a_cluster(provider: str, mode: Mode) -> None:
    """The same as the status says, under the names of Crossplane's own providers."""
    outcome = built("cluster/minimal", provider, mode)
    status = outcome.composite["status"]
    assert outcome.connection == {
        "endpoint": status["endpoint"].encode(),
        "clusterCA": base64.b64decode(status["certificateAuthorityData"]),
        "kubeconfig": status["kubeconfig"].encode(),
    }
    assert outcome.connection["clusterCA"].startswith(b"-----BEGIN CERTIFICATE-----")


def test_a_server() -> None:
    """Its public address, else its first one, and the user that logs in with the keys."""
    web = built("server/web", "cluster-stacks")
    server = web.composite["status"]["servers"][0]
    user = web.composite["status"]["sshUser"]
    assert web.connection == {"endpoint": server["publicIP"].encode(), "username": user.encode()}
    plain = built("server/minimal", "cluster-stacks")
    address = plain.composite["status"]["servers"][0]["addresses"][0]["address"]
    assert plain.connection["endpoint"] == address.encode()


def test_what_is_not_there_yet_has_no_key() -> None:
    """An empty value would look like an answer."""
    for name in ("cluster/minimal", "network/minimal"):
        outcome = asking.ask(asking.order(name), asking.provider("cluster-stacks"))
        assert outcome.connection == {}
    assert built("network/minimal", "cluster-stacks").connection == {}


def test_a_refusal_says_nothing() -> None:
    """Nothing is applied then, and the Secret stays as it is."""
    order = asking.order("cluster/minimal")
    wrong = {**order, "spec": {**order["spec"], "version": "0"}}
    outcome = asking.ask(wrong, asking.provider("cluster-stacks"))
    assert (bool(outcome.fatal), outcome.connection) == (True, {})
