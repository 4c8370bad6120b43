"""What values must meet beyond their types, and that no live order is judged by it again."""

import base64
import copy
from typing import Any

import pytest

from function import local, simulate
from function.constraints import violations
from function.errors import InvalidOrder
from function.model import KINDS, ssh
from function.model.values import NO_HOST
from function.parsing import parse
from tests import asking
from tests.asking import Manifest
from tests.samples import CERTIFICATES, public_key

HOST = "must be an address that a host can have"
PEER = "must be a network that others can be in; everywhere is 0.0.0.0/0 or ::/0"
PREFIX = f"{'p' * 63}.{'p' * 63}.{'p' * 63}.{'p' * 63}"
LONG = "must have at most 253 characters before the slash"
KEY = public_key("lena")
POOL = {"name": "web", "flavor": "SCS-2V-8", "replicas": 2}
CUT = CERTIFICATES[0].replace("\n", "\nAAAA", 1)


def pool(**values: Any) -> dict[str, Any]:
    """Return edits that make the only pool."""
    return {"nodePools": [{**POOL, **values}]}


def key(kind: str, *parts: bytes) -> str:
    """Return a public key of some parts."""
    blob = b"".join(len(p).to_bytes(4, "big") + p for p in (kind.encode(), *parts))
    return f"{kind} {base64.b64encode(blob).decode()} me"


EXPONENT, MODULUS = b"\x01\x00\x01", b"\x00\xc0" + b"\x01" * 255
POINT = b"\x04" + b"\x01" * 64
# Kind, edits of the order, field and what is said of it; nothing where it is taken.
CASES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a key": ("Server", {"sshKeys": [KEY]}, "", ""),
    "a key with words": ("Server", {"sshKeys": [f"{KEY}'s laptop (2026)  "]}, "", ""),
    "a key cut off": ("Server", {"sshKeys": [f"{KEY[:60]} me"]}, "sshKeys[0]", ssh.BROKEN),
    "a key without its end": ("Server", {"sshKeys": [f"{KEY[:76]} me"]}, "sshKeys[0]", ssh.BROKEN),
    "the second": ("Server", {"sshKeys": [KEY, KEY[:40]]}, "sshKeys[1]", ssh.BROKEN),
    "of another type": (
        "Server",
        {"sshKeys": [KEY.replace("ssh-ed25519", "ssh-rsa")]},
        "sshKeys[0]",
        "says another type in its content than before it; copy the key again",
    ),
    "with CR": (
        "Server",
        {"sshKeys": [f"{KEY}\r"]},
        "sshKeys[0]",
        "must be a public key in one line, such as ssh-ed25519 AAAAC3Nza name",
    ),
    "RSA": ("Server", {"sshKeys": [key("ssh-rsa", EXPONENT, MODULUS)]}, "", ""),
    "RSA too short": (
        "Server",
        {"sshKeys": [key("ssh-rsa", EXPONENT, MODULUS[:64])]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "RSA without modulus": (
        "Server",
        {"sshKeys": [key("ssh-rsa", EXPONENT)]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "ECDSA": (
        "Server",
        {"sshKeys": [key("ecdsa-sha2-nistp256", b"nistp256", POINT)]},
        "",
        "",
    ),
    "ECDSA of another curve": (
        "Server",
        {"sshKeys": [key("ecdsa-sha2-nistp256", b"nistp384", POINT)]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "ECDSA without its end": (
        "Server",
        {"sshKeys": [key("ecdsa-sha2-nistp256", b"nistp256", POINT[:-1])]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "ECDSA without a point": (
        "Server",
        {"sshKeys": [key("ecdsa-sha2-nistp256", b"nistp256")]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "on a token": (
        "Server",
        {"sshKeys": [key("sk-ssh-ed25519@openssh.com", b"a" * 32, b"ssh:")]},
        "",
        "",
    ),
    "on a token, ECDSA": (
        "Server",
        {"sshKeys": [key("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", POINT, b"ssh:")]},
        "",
        "",
    ),
    "on a token, cut off": (
        "Server",
        {"sshKeys": [key("sk-ssh-ed25519@openssh.com", b"a" * 32)]},
        "sshKeys[0]",
        ssh.BROKEN,
    ),
    "of a type that is not known": ("Server", {"sshKeys": [key("ssh-ed448", b"a" * 57)]}, "", ""),
    "nothing but a type": ("Server", {"sshKeys": [key("ssh-ed448")]}, "sshKeys[0]", ssh.BROKEN),
    "no address": (
        "Server",
        {"networks": [{"name": "backend", "ipAddress": "0.0.0.0"}]},
        "networks[backend].ipAddress",
        HOST,
    ),
    "multicast": (
        "Server",
        {"networks": [{"name": "backend", "ipAddress": "239.1.1.1"}]},
        "networks[backend].ipAddress",
        HOST,
    ),
    "from nowhere": (
        "Server",
        {"firewall": {"ingress": [{"protocol": "tcp", "from": ["10.0.0.0/8", "0.0.0.0"]}]}},
        "firewall.ingress[0].from[1]",
        PEER,
    ),
    "to the server itself": (
        "Server",
        {"firewall": {"egress": [{"protocol": "any", "to": ["127.0.0.0/8"]}]}},
        "firewall.egress[0].to[0]",
        PEER,
    ),
    "from the unspecified": (
        "Server",
        {"firewall": {"ingress": [{"protocol": "any", "from": ["::"]}]}},
        "firewall.ingress[0].from[0]",
        PEER,
    ),
    "from everywhere": (
        "Server",
        {"firewall": {"ingress": [{"protocol": "any", "from": ["0.0.0.0/0", "::/0"]}]}},
        "",
        "",
    ),
    "to the metadata, VRRP and DHCP": (
        "Server",
        {
            "firewall": {
                "egress": [
                    {
                        "protocol": "any",
                        "to": ["169.254.169.254", "224.0.0.18", "255.255.255.255", "ff02::/16"],
                    }
                ]
            }
        },
        "",
        "",
    ),
    "a long prefix of a label": (
        "Cluster",
        pool(labels={f"{PREFIX}/x": "v"}),
        f"nodePools[web].labels.{PREFIX}/x",
        LONG,
    ),
    "name servers": ("Network", {"dnsServers": ["9.9.9.9", "169.254.20.10"]}, "", ""),
    "no name server": ("Network", {"dnsServers": ["9.9.9.9", "0.0.0.0"]}, "dnsServers[1]", HOST),
    "a name server here": ("Network", {"dnsServers": ["127.0.0.53"]}, "dnsServers[0]", HOST),
    "a range nowhere": ("Network", {"cidr": "127.0.0.0/8"}, "cidr", NO_HOST),
    "drained at once": (
        "Cluster",
        pool(drainTimeout="0s"),
        "nodePools[web].drainTimeout",
        "must be at least 1s; leave it out for the provider's own limit",
    ),
    "drained at once in words": (
        "Cluster",
        pool(drainTimeout="0h0m0s"),
        "nodePools[web].drainTimeout",
        "must be at least 1s; leave it out for the provider's own limit",
    ),
    "drained for weeks": ("Cluster", pool(drainTimeout="999h9999m"), "", ""),
    "no patience": (
        "Cluster",
        {"healthCheck": {"unhealthyAfter": "29s"}},
        "healthCheck.unhealthyAfter",
        "must be at least 30s",
    ),
    "a share of nothing": (
        "Cluster",
        {"healthCheck": {"maxUnhealthy": "00%"}},
        "healthCheck.maxUnhealthy",
        "must be at least 1%; to replace no nodes, set healthCheck.enabled to false",
    ),
    "a long prefix of a taint": (
        "Cluster",
        pool(taints=[{"key": f"{PREFIX}/x", "effect": "NoSchedule"}]),
        "nodePools[web].taints[0].key",
        LONG,
    ),
    "a long prefix of an annotation": (
        "Cluster",
        pool(annotations={f"{PREFIX}/x": "v"}),
        f"nodePools[web].annotations.{PREFIX}/x",
        LONG,
    ),
    "the longest prefix": (
        "Cluster",
        pool(labels={f"{PREFIX[:253]}/{'n' * 63}": "v" * 63}),
        "",
        "",
    ),
    "no certificate": (
        "Cluster",
        {"access": {"oidc": {"issuerURL": "https://a.example", "clientID": "a", "caBundle": CUT}}},
        "access.oidc.caBundle",
        "holds text that is no certificate; copy them again",
    ),
    "a name that is no address": (
        "Cluster",
        {"apiServer": {"extraNames": ["api.example.org", "1:2:3"]}},
        "apiServer.extraNames[1]",
        "must be an address such as 2001:db8::6, or a DNS name",
    ),
    "allowed from nowhere": (
        "Cluster",
        {"apiServer": {"allowedCIDRs": ["0.0.0.0/8"]}},
        "apiServer.allowedCIDRs[0]",
        PEER,
    ),
    "from Friday to Monday": (
        "Cluster",
        {"hibernation": {"schedules": [{"start": "0 20 * * fri-mon"}]}},
        "hibernation.schedules[0].start",
        "must have ranges that begin with the lower value; Sunday is 0, the first day",
    ),
    "weekdays": (
        "Cluster",
        {"hibernation": {"schedules": [{"start": "0 20 1-7/2 feb-NOV MON-FRI"}]}},
        "",
        "",
    ),
}
EXAMPLE = {"Cluster": "cluster/minimal", "Server": "server/minimal", "Network": "network/minimal"}
PROVIDER = {"Cluster": "gardener", "Server": "cluster-stacks", "Network": "cluster-stacks"}


def order(kind: str, edits: dict[str, Any]) -> Manifest:
    """Return an example order with edits."""
    manifest = asking.order(EXAMPLE[kind])
    base = {**manifest["spec"], **(pool() if kind == "Cluster" else {})}
    return {**manifest, "spec": {**base, **edits}}


@pytest.mark.parametrize(("kind", "edits", "field", "text"), CASES.values(), ids=CASES)
def test_a_new_order(kind: str, edits: dict[str, Any], field: str, text: str) -> None:
    """It is refused by field, or answered."""
    found = asking.ask(order(kind, edits), asking.provider(PROVIDER[kind])).fatal
    if field:
        assert found == f"InvalidOrder: spec.{field}: {text}"
    else:
        assert "InvalidOrder" not in found or "not offered here" in found, found


@pytest.mark.parametrize(("kind", "edits", "field", "text"), CASES.values(), ids=CASES)
def test_parsing_is_as_it_was(kind: str, edits: dict[str, Any], field: str, text: str) -> None:
    """What the first release took is an order still, or live ones would be refused as a whole."""
    assert bool(field) is bool(text)
    parse(KINDS[kind], order(kind, edits)["spec"], at="spec", blame=InvalidOrder)


REFUSED = {name: case for name, case in CASES.items() if case[2]}


def accepted_once(kind: str, edits: dict[str, Any]) -> dict[str, local.Observed]:
    """Return the live resources of an order that was accepted without these constraints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("function.resolve.constraints.violations", lambda *_: [])
        patch.setattr("function.texts.judge", lambda *_: None)
        patch.setattr("function.resolve.networks.is_unusable", lambda _: False)
        outcome = asking.ask(order(kind, edits), asking.provider(PROVIDER[kind]))
        assert not outcome.fatal, outcome.fatal
        return dict(simulate.play(outcome.resources))


@pytest.mark.parametrize(("kind", "edits", "field", "text"), REFUSED.values(), ids=REFUSED)
def test_a_live_order(kind: str, edits: dict[str, Any], field: str, text: str) -> None:
    """What it was accepted with stays accepted, whatever else the tenant changes."""
    assert field
    assert text
    live = accepted_once(kind, edits)
    layers = asking.provider(PROVIDER[kind])
    assert asking.ask(order(kind, edits), layers, live).fatal == ""
    other = order(kind, {**copy.deepcopy(edits), "deletionProtection": False})
    assert asking.ask(other, layers, live).fatal == ""


def test_an_entry_that_moves_is_unchanged() -> None:
    """Entries without a name are known by what they hold."""
    rule = {"protocol": "tcp", "from": ["0.0.0.0"]}
    previous, more = {"ingress": [rule]}, {"ingress": [{"protocol": "icmp"}, rule]}
    live = accepted_once("Server", {"firewall": previous})
    layers = asking.provider("cluster-stacks")
    assert asking.ask(order("Server", {"firewall": more}), layers, live).fatal == ""


def test_another_value_is_new() -> None:
    """Also in the same field."""
    live = accepted_once("Cluster", pool(drainTimeout="0s"))
    changed = order("Cluster", pool(drainTimeout="0m"))
    fatal = asking.ask(changed, asking.provider("gardener"), live).fatal
    assert fatal.startswith("InvalidOrder: spec.nodePools[web].drainTimeout: must be at least 1s")


def test_the_same_value_elsewhere_is_new() -> None:
    """Another pool was not accepted with it."""
    live = accepted_once("Cluster", pool(drainTimeout="0s"))
    edits = pool(drainTimeout="0s")
    edits["nodePools"].append({**POOL, "name": "more", "drainTimeout": "0s"})
    fatal = asking.ask(order("Cluster", edits), asking.provider("gardener"), live).fatal
    assert fatal.startswith("InvalidOrder: spec.nodePools[more].drainTimeout:")


def test_what_policy_fills_in_is_not_the_tenant_s() -> None:
    """It is a flaw of the environment: a live order goes on with it."""
    layers = asking.provider("cluster-stacks")
    live = simulate.play(asking.ask(order("Network", {}), layers).resources)
    rule = {"field": "spec.dnsServers", "pin": ["0.0.0.0"], "reason": "Ours."}
    given = asking.provider("cluster-stacks", {"policy": [rule]})
    assert asking.ask(order("Network", {}), given, live).fatal == ""
    assert asking.ask(order("Network", {}), given).fatal.startswith("EnvironmentInvalid: policy")


def test_violations_have_a_path() -> None:
    """Named entries by name, others by position; one place for all positions."""
    taint = {"key": f"{PREFIX}/x", "effect": "NoExecute"}
    written = order("Cluster", pool(drainTimeout="0s", taints=[taint]))["spec"]
    spec = KINDS["Cluster"].model_validate(written)
    found = [(one.field, one.place) for one in violations(spec, "spec")]
    assert found == [
        ("spec.nodePools[web].taints[0].key", "spec.nodePools[web].taints[].key"),
        ("spec.nodePools[web].drainTimeout", "spec.nodePools[web].drainTimeout"),
    ]
