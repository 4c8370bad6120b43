"""Values of an environment that came to be refused after environments were released.

No new order is answered with them. What is live was answered with them once, and goes on.
"""

from typing import Any

import pytest

from function import simulate
from function.paths import replaced
from tests import asking
from tests.asking import Manifest
from tests.samples import CERTIFICATES

IMAGE = {"os": "ubuntu", "version": "24.04", "name": "Ubuntu", "user": "ubuntu", "minDiskGiB": 8}
CUT = CERTIFICATES[0].replace("\n", "\nAAAA", 1)
# Path in the root layer, value, and what is said of it.
FLAWS: dict[str, tuple[str, Any, str]] = {
    "no host": (
        "backends.openstack.dnsServers",
        ["192.0.2.53", "127.0.0.53"],
        "backends.openstack.dnsServers[1]: must be an address that a host can have",
    ),
    "no certificate": (
        "access.oidc.caBundle",
        CUT,
        "access.oidc.caBundle: holds text that is no certificate; copy them again",
    ),
    "a dash": (
        "access.oidc.usernamePrefix",
        "-",
        "access.oidc.usernamePrefix: must be another text than -",
    ),
    "no network": (
        "backends.capi.managementCIDRs",
        ["192.0.2.1/28"],
        "backends.capi.managementCIDRs[0]: must be a network such as 192.0.2.0/24",
    ),
    "pods nowhere": (
        "backends.capi.network.pods",
        "240.0.0.0/12",
        "backends.capi.network.pods: holds addresses that no host can have",
    ),
    "no label": (
        "backends.capi.labels",
        {"a b": "c"},
        "backends.capi.labels.a b: must be the key of a label",
    ),
    "no value of a label": (
        "backends.capi.labels",
        {"a": "b c"},
        "backends.capi.labels.a: must be the value of a label",
    ),
    "a rule with zero": (
        "policy",
        [{"field": "spec.nodePools[].drainTimeout", "pin": "0s", "reason": "Ours."}],
        "policy[spec.nodePools[].drainTimeout/pin].pin: must be at least 1s",
    ),
}


def layers(path: str = "", value: Any = None) -> list[Manifest]:
    """Return the example provider with another value in its root."""
    return asking.provider("cluster-stacks", {path: value} if path else {})


def with_images(*images: Manifest) -> list[Manifest]:
    """Return the example provider with other images."""
    return [
        replaced(layer, "data.images", list(images)) if "images" in layer["data"] else layer
        for layer in asking.provider("cluster-stacks")
    ]


@pytest.mark.parametrize(("path", "value", "text"), FLAWS.values(), ids=FLAWS)
def test_new_orders_are_refused(path: str, value: Any, text: str) -> None:
    """With path, and the layer that says it."""
    fatal = asking.ask(asking.order("cluster/minimal"), layers(path, value)).fatal
    assert fatal.startswith(f"EnvironmentInvalid: {text}")
    assert fatal.endswith("(EnvironmentConfig cluster-stacks)")


@pytest.mark.parametrize("name", ["cluster/minimal", "server/minimal", "network/minimal"])
@pytest.mark.parametrize(("path", "value", "text"), FLAWS.values(), ids=FLAWS)
def test_live_orders_go_on(name: str, path: str, value: Any, text: str) -> None:
    """Also those that another tenant edits."""
    assert text
    order = asking.order(name)
    live = simulate.play(asking.ask(order, layers()).resources)
    assert asking.ask(order, layers(path, value), live).fatal == ""


def test_a_day_that_no_calendar_has() -> None:
    """Tenants would read it as the end of support."""
    given = asking.provider("kaas-only")
    given[0]["data"]["kubernetesVersions"][1]["endOfLife"] = "2026-02-30"
    fatal = asking.ask(asking.order("cluster/minimal"), given).fatal
    assert "kubernetesVersions[1.34.7].endOfLife: must be a day that there is" in fatal


TWO = ({**IMAGE, "id": "a"}, {**IMAGE, "version": "25.04", "id": "b"})


def test_a_name_of_two_images() -> None:
    """Which of them a server gets would depend on their order in a list."""
    order = replaced(asking.order("server/minimal"), "spec.image", {"name": "Ubuntu"})
    assert asking.ask(order, with_images(*TWO)).fatal.startswith(
        "EnvironmentInvalid: images: Ubuntu is the name of 2 images for amd64"
    )


@pytest.mark.parametrize(
    "images",
    [
        ({**IMAGE, "id": "a"}, {**IMAGE, "version": "latest", "id": "a"}),
        ({**IMAGE, "id": "a"}, {**IMAGE, "architecture": "arm64", "id": "b"}),
    ],
    ids=["two words for one", "two architectures"],
)
def test_a_name_that_says_which_image_it_is(images: tuple[Manifest, ...]) -> None:
    """One image by two versions, or one for each architecture."""
    order = replaced(asking.order("server/minimal"), "spec.image", {"name": "Ubuntu"})
    assert asking.ask(order, with_images(*images)).fatal == ""
