"""Check what an order on OpenStack does over time, as its environment changes, and when it is seen.

One answer alone is a golden case; these are stories of several, and of recorded objects.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from function import fn, local, managed, simulate
from function.backends import openstack
from function.backends.openstack import keys
from function.backends.openstack.instances import MOST_KEYS
from function.backends.openstack.status import instance_phase
from function.bound import ANNOTATION
from function.contract import Context, Mode, Order, Resource
from function.model import KINDS
from function.paths import lookup, replaced
from function.record import Bound
from function.settings import Place, Settings
from tests import asking
from tests.asking import Manifest
from tests.samples import public_key

BLOCK = "backends.openstack"
OWN: dict[str, Any] = {
    "networks": [{"name": "default", "id": "n1"}],
    "defaultNetwork": "default",
    "externalNetwork": {"name": "public", "id": "e1"},
}
Seen = Mapping[str, local.Observed]


def layers(**edits: Any) -> list[Manifest]:
    """Return the first example provider, with values of the block replaced by path.

    The first is the catalogue, the last the root.
    """
    found = asking.provider(
        "cluster-stacks", {f"{BLOCK}.{path}": value for path, value in edits.items()}
    )
    return sorted(found, key=lambda one: ("kinds" in one["data"], "images" not in one["data"]))


OFFER = layers()


def server(**edits: Any) -> Manifest:
    """Return the example server on a network of the tenant, with fields replaced."""
    order = asking.order("server/private")
    return {**order, "spec": {**order["spec"], **edits}}


def built(order: Manifest, environment: list[Manifest], passes: int = 5) -> Seen:
    """Return what there is of an order after some passes."""
    seen: Seen = {}
    for _ in range(passes):
        outcome = asking.ask(order, environment, seen)
        assert outcome.fatal == ""
        seen = simulate.play(outcome.resources)
    return seen


def without_types() -> list[Manifest]:
    """Return the provider after it withdrew every type of volume."""
    return [replaced(OFFER[0], "data.volumeTypes", []), *OFFER[1:]]


def payload(outcome: local.Outcome, key: str) -> Manifest:
    """Return what is asked of the provider for one resource."""
    assert outcome.fatal == ""
    result: Manifest = outcome.resources[key]["spec"]["forProvider"]
    return result


def payload_of(seen: Seen, key: str) -> Manifest:
    """Return what was asked of the provider for one resource that is seen."""
    result: Manifest = seen[key].manifest["spec"]["forProvider"]
    return result


class TestNetworksOfServers:
    """A server stays where it is, and others of its order join it there."""

    def test_a_name_that_is_offered_later(self) -> None:
        """Further servers join the tenant's Network; new orders get what is offered."""
        seen = built(server(), OFFER)
        offered = [*OFFER[-1]["data"]["backends"]["openstack"]["networks"]]
        later = layers(networks=[*offered, {"name": "private", "id": "n9"}])
        grown = asking.ask(server(replicas=3), later, seen)
        old, new = (payload(grown, keys.port(index, 0)) for index in (0, 2))
        assert new["networkIdSelector"] == old["networkIdSelector"]
        [address] = new["fixedIp"]
        assert list(address) == ["subnetIdSelector"], "what was found for another is its own"
        fresh = asking.ask(server(), later, built(server(), later, 1))
        assert payload(fresh, keys.port(0, 0))["networkId"] == "n9"

    def test_an_offer_that_changes(self) -> None:
        """Further servers get the network of the first, though its offer has another id."""
        order = server(networks=[{"name": "default", "ipv6": True}])
        seen = built(order, OFFER)
        previous = seen[keys.port(0, 0)].manifest["spec"]["forProvider"]
        offer = {"name": "default", "id": "n9", "subnet": "s9", "ipv6Subnet": "s9"}
        grown = asking.ask(
            {**order, "spec": {**order["spec"], "replicas": 3}}, layers(networks=[offer]), seen
        )
        place = payload(grown, keys.port(2, 0))
        assert (place["networkId"], place["fixedIp"]) == (
            previous["networkId"],
            previous["fixedIp"],
        )

    def test_an_offer_that_goes(self) -> None:
        """Servers that named no network grow on where there is no default any more."""
        order = server(networks=[])
        seen = built(order, OFFER)
        gone = layers(networks=[], defaultNetwork=None)
        grown = asking.ask({**order, "spec": {**order["spec"], "replicas": 3}}, gone, seen)
        places = {payload(grown, keys.port(index, 0))["networkId"] for index in range(3)}
        assert len(places) == 1
        refused = "InvalidOrder: spec.networks: required here: name a Network of yours"
        assert asking.ask(order, gone).fatal == refused

    def test_a_fixed_address_is_one_server_s(self) -> None:
        """An address goes to no other port, whatever becomes of the number of servers."""
        fixed = [{"name": "private", "ipAddress": "10.20.0.9"}]
        seen = built(server(replicas=1, networks=fixed), OFFER)
        found = asking.ask(server(replicas=2, networks=fixed), OFFER, seen)
        assert found.fatal == "InvalidOrder: spec: networks[].ipAddress goes with one replica only"


def labels_of(kind: str, network: Manifest) -> dict[str, Manifest]:
    """Return the labels of what is composed of a kind for a network, by key."""
    outcome = asking.ask(network, OFFER)
    found = outcome.resources.items()
    return {key: m["metadata"]["labels"] for key, m in found if m["kind"] == kind}


class TestSelectors:
    """What a Server looks for is what a Network carries, and nothing else."""

    PLACE = payload(
        asking.ask(server(networks=[{"name": "private", "ipv6": True}]), OFFER, built(
            server(networks=[{"name": "private", "ipv6": True}]), OFFER, 1)),
        keys.port(0, 0),
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("edits", "found"),
        [
            ({}, True),
            ({"metadata.namespace": "other"}, False),
            ({"metadata.name": "else"}, False),
        ],
        ids=["the Network", "of another tenant", "of another name"],
    )
    def test_networks(self, edits: Manifest, found: bool) -> None:
        """The tenant's own Network of that name is found."""
        order = asking.order("network/minimal")
        for path, value in edits.items():
            order = replaced(order, path, value)
        wanted = self.PLACE["networkIdSelector"]["matchLabels"].items()
        [labels] = labels_of("NetworkV2", order).values()
        assert (wanted <= labels.items()) is found

    def test_subnets(self) -> None:
        """Each address comes from the subnet of its family."""
        order = asking.order("network/minimal")
        subnets = labels_of("SubnetV2", {**order, "spec": {**order["spec"], "ipv6": True}})
        found = [
            [key for key, labels in subnets.items() if wanted.items() <= labels.items()]
            for entry in self.PLACE["fixedIp"]
            for wanted in [entry["subnetIdSelector"]["matchLabels"]]
        ]
        assert found == [[f"{keys.SUBNET}{keys.IPV4}"], [f"{keys.SUBNET}{keys.IPV6}"]]

    def test_another_environment(self) -> None:
        """A Network in another cloud has no id that counts here."""
        wanted = self.PLACE["networkIdSelector"]["matchLabels"]
        assert wanted["api.scs.community/environment"] == "default"


class TestVolumes:
    """What was decided for a volume stays; its type is one for all servers of the order."""

    def test_a_type_that_is_withdrawn(self) -> None:
        """A further server gets the type that the order has, whatever it is called by now."""
        typed = [{"name": "data", "sizeGiB": 10, "type": "encrypted"}]
        seen = built(server(networks=[], volumes=typed), OFFER)
        catalogue = without_types()
        grown = server(networks=[], volumes=typed, replicas=3)
        found = asking.ask(grown, catalogue, seen)
        types = [payload(found, keys.volume(index, "data"))["volumeType"] for index in range(3)]
        assert types == ["ssd-luks"] * 3
        refused = "InvalidOrder: spec.volumes[data].type: not offered here; offered: none"
        assert asking.ask(grown, catalogue).fatal == refused

    def test_a_lost_record(self) -> None:
        """The type is read back from what is there."""
        typed = [{"name": "data", "sizeGiB": 10, "type": "encrypted"}]
        order = server(networks=[], volumes=typed)
        seen = dict(built(order, OFFER))
        root = seen[keys.GROUP].manifest
        del root["metadata"]["annotations"][ANNOTATION]
        found = asking.ask(order, without_types(), seen)
        assert payload(found, keys.volume(0, "data"))["volumeType"] == "ssd-luks"

    def test_a_lost_record_and_a_smaller_size(self) -> None:
        """The edit is not noticed then; the volume keeps its size nevertheless."""
        seen = dict(built(server(), OFFER))
        del seen[keys.GROUP].manifest["metadata"]["annotations"][ANNOTATION]
        found = asking.ask(server(volumes=[{"name": "scratch", "sizeGiB": 5}]), OFFER, seen)
        assert payload(found, keys.volume(0, "scratch"))["size"] == 50

    def test_a_volume_that_was_enlarged_in_the_cloud(self) -> None:
        """It stays as large: to shrink it is refused, and nothing else of it could change."""
        seen, key = dict(built(server(), OFFER)), keys.volume(0, "scratch")
        larger = replaced(seen[key].manifest, "status.atProvider.size", 80)
        found = asking.ask(server(), OFFER, {**seen, key: local.Observed(larger)})
        assert payload(found, key)["size"] == 80

    def test_an_attachment_that_is_not_seen(self) -> None:
        """It keeps the ids that it was made with; no lost id is written over them."""
        seen = built(server(), OFFER)
        previous = seen[keys.attachment(0, "scratch")].manifest["spec"]["forProvider"]
        blind = {
            key: local.Observed({k: v for k, v in found.manifest.items() if k != "status"})
            for key, found in seen.items()
        }
        found = asking.ask(server(), OFFER, blind)
        assert payload(found, keys.attachment(0, "scratch")) == previous

    def test_a_server_that_was_built_again(self) -> None:
        """What attached the volume went with the old server: it is attached to the new one."""
        seen = dict(built(server(), OFFER))
        seen[keys.server(0)].manifest["status"]["atProvider"]["id"] = "another"
        port = {"deviceId": "gone", "deviceOwner": "compute:nova"}
        seen[keys.port(0, 0)].manifest["spec"]["forProvider"].update(port)
        found = asking.ask(server(), OFFER, seen)
        assert payload(found, keys.attachment(0, "scratch"))["instanceId"] == "another"
        annotations = found.resources[keys.server(0)]["metadata"]["annotations"]
        assert annotations[managed.EXTERNAL_NAME] == "another", "or a restart builds it once more"
        port = payload(found, keys.port(0, 0))
        assert (port["deviceId"], port["deviceOwner"]) == ("", ""), "or it stays the old server's"


class TestWhatIsMadeAnew:
    """What the provider wrote back of a thing is no order for the next, should this be deleted."""

    def test_a_public_address(self) -> None:
        """Only the cloud's operators may ask for one address."""
        order, key = server(publicIP=True), keys.floating_ip(0)
        seen = built(order, OFFER)
        given = {"address": "203.0.113.142", "fixedIp": "10.20.0.204"}
        seen[key].manifest["spec"]["forProvider"].update(given)
        found = payload(asking.ask(order, OFFER, seen), key)
        assert (found["address"], found["fixedIp"]) == ("", "")

    @pytest.mark.parametrize("gone", [False, True], ids=["failing", "restored"])
    def test_a_port_of_a_server_that_is_not_made(self, gone: bool) -> None:
        """The server follows its ports until it is made, or it never gets one."""
        key, seen = keys.server(0), dict(built(server(), OFFER))
        waiting = replaced(seen[key].manifest, "status", {"atProvider": {}})
        port = replaced(
            seen[keys.port(0, 0)].manifest, "status.atProvider.id", "" if gone else "new"
        )
        previous = seen | {key: local.Observed(waiting), keys.port(0, 0): local.Observed(port)}
        found = payload(asking.ask(server(), OFFER, previous), key)["network"]
        assert found == (payload_of(seen, key)["network"] if gone else [{"port": "new"}])

    def test_a_server_that_is_made_keeps_its_port(self) -> None:
        """A port cannot be changed on a live server: the provider would refuse all of it."""
        key, seen = keys.server(0), dict(built(server(), OFFER))
        port = replaced(seen[keys.port(0, 0)].manifest, "status.atProvider.id", "new")
        found = asking.ask(server(), OFFER, {**seen, keys.port(0, 0): local.Observed(port)})
        assert payload(found, key)["network"] == payload_of(seen, key)["network"]

    @pytest.mark.parametrize("key", [keys.port(1, 0), keys.SPREAD], ids=["port", "group"])
    def test_what_is_on_its_way_out(self, key: str) -> None:
        """A server that is ordered again at once waits for what is its own."""
        seen = dict(built(server(), OFFER))
        del seen[keys.server(1)]
        leaving = replaced(seen[key].manifest, "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
        found = asking.ask(server(), OFFER, {**seen, key: local.Observed(leaving)})
        assert found.fatal == ""
        assert keys.server(1) not in found.resources

    def test_an_interface(self) -> None:
        """It is of a subnet or of a port, never of both."""
        order, key = asking.order("network/minimal"), f"{keys.INTERFACE}{keys.IPV4}"
        seen = built(order, OFFER)
        seen[key].manifest["spec"]["forProvider"]["portId"] = "gone"
        assert payload(asking.ask(order, OFFER, seen), key)["portId"] == ""


class TestHighAvailability:
    """The provider's metadata reach live servers; a label never takes precedence."""

    def test_an_edit_of_the_environment(self) -> None:
        """Another service looks for other metadata, and finds them on every server."""
        order = server(networks=[], highAvailability=True)
        seen = built(order, OFFER)
        other = layers(highAvailability={"metadata": {"restart": "yes"}})
        reported = payload(asking.ask(order, other, seen), keys.server(0))["metadata"]
        assert (reported["restart"], reported["HA_Enabled"]) == ("yes", "")

    def test_a_key_that_becomes_the_provider_s(self) -> None:
        """An accepted label is not refused later, but it gives way."""
        order = server(networks=[], labels={"restart": "no"})
        seen = built(order, OFFER)
        other = layers(highAvailability={"metadata": {"restart": "yes"}})
        reported = payload(asking.ask(order, other, seen), keys.server(0))["metadata"]
        assert reported["restart"] == "no"
        requested = {**order, "spec": {**order["spec"], "highAvailability": True}}
        reported = payload(asking.ask(requested, other, seen), keys.server(0))["metadata"]
        assert reported["restart"] == "yes"
        assert "spec.labels[restart]: is kept for the provider" in asking.ask(order, other).fatal


class TestNetworks:
    """A Network goes on whatever is no longer offered, and follows what reaches it at once."""

    def test_what_is_no_longer_offered(self) -> None:
        """Router, IPv6 range and name are kept; only new orders are refused."""
        order = asking.order("network/full")
        seen = built(order, OFFER)
        taken = [{"name": "services", "id": "n9"}]
        gone = layers(
            externalNetwork=None, ipv6SubnetPool=None, networks=taken, defaultNetwork=None
        )
        found = asking.ask(order, gone, seen)
        previous = {key: observed.manifest["spec"] for key, observed in seen.items()}
        for key, field in (
            (keys.ROUTER, "externalNetworkId"),
            (f"{keys.SUBNET}{keys.IPV6}", "subnetpoolId"),
        ):
            assert payload(found, key)[field] == previous[key]["forProvider"][field]
        assert {problem.split(":")[0] for problem in asking.ask(order, gone).fatal.split("; ")} >= {
            "InvalidOrder",
            "spec.ipv6",
        }

    def test_name_servers_of_the_environment(self) -> None:
        """They reach every Network that names none, each family its own subnet."""
        order = asking.order("network/minimal")
        seen = built(order, OFFER)
        other = layers(dnsServers=["198.51.100.7", "2001:db8::7"])
        found = asking.ask(order, other, seen)
        subnet = payload(found, f"{keys.SUBNET}{keys.IPV4}")
        assert subnet["dnsNameservers"] == ["198.51.100.7"]
        status = found.composite["status"]
        assert (status["phase"], status["message"]) == ("Updating", "the network is being changed")

    @pytest.mark.parametrize(
        ("previous", "now"), [(True, False), (False, True)], ids=["closed", "opened"]
    )
    def test_a_way_out_that_changes(self, previous: bool, now: bool) -> None:
        """Nothing is left for the provider to write back as it was: it would never settle."""
        order = asking.order("network/minimal")
        seen = built({**order, "spec": {**order["spec"], "externalAccess": previous}}, OFFER)
        changed = {**order, "spec": {**order["spec"], "externalAccess": now}}
        subnet = payload(asking.ask(changed, OFFER, seen), f"{keys.SUBNET}{keys.IPV4}")
        gateway = "10.20.0.1" if now else ""
        assert (subnet["gatewayIp"], subnet["noGateway"]) == (gateway, not now)

    def test_name_servers_that_go(self) -> None:
        """The provider would write back a list that is left out; the last is taken away by none."""
        order, key = asking.order("network/minimal"), f"{keys.SUBNET}{keys.IPV4}"
        seen = dict(built(order, OFFER))
        none = layers(dnsServers=[])
        found = asking.ask(order, none, seen)
        assert payload(found, key)["dnsNameservers"] == []
        assert found.composite["status"]["phase"] == "Updating"
        done = replaced(found.resources[key], "status", seen[key].manifest["status"])
        del done["status"]["atProvider"]["dnsNameservers"]
        again = asking.ask(order, none, {**seen, key: local.Observed(done)})
        assert payload(again, key)["dnsNameservers"] == []
        assert again.composite["status"]["phase"] == "Ready"
        assert "dnsNameservers" not in payload(asking.ask(order, none), key)

    def test_a_lost_record_and_another_range(self) -> None:
        """The edit is not noticed then; the subnet keeps its range, gateway and pool."""
        order = asking.order("network/minimal")
        seen = dict(built(order, OFFER))
        del seen[keys.NETWORK].manifest["metadata"]["annotations"][ANNOTATION]
        found = asking.ask({**order, "spec": {"cidr": "10.99.0.0/24"}}, OFFER, seen)
        subnet = payload(found, f"{keys.SUBNET}{keys.IPV4}")
        assert (subnet["cidr"], subnet["gatewayIp"]) == ("10.20.0.0/24", "10.20.0.1")

    @pytest.mark.parametrize("cidr", ["0.0.0.0/8", "127.0.0.0/24", "224.0.0.0/8", "169.254.0.0/16"])
    def test_a_range_that_no_host_can_have(self, cidr: str) -> None:
        """The cloud would refuse it later, and leave a network without addresses."""
        order = asking.order("network/minimal")
        found = asking.ask({**order, "spec": {"cidr": cidr}}, OFFER).fatal
        assert found == "InvalidOrder: spec.cidr: holds addresses that no host can have"

    def test_ipv6_without_a_way_out(self) -> None:
        """Nobody announces the range then, and the tenant reads so."""
        order = asking.order("network/full")
        spec = {**order["spec"], "externalAccess": False}
        found = asking.ask({**order, "spec": spec}, OFFER).composite["status"]["notes"]
        assert [note["field"] for note in found] == ["spec.ipv6"]

    def test_name_servers_of_ipv6_go_with_it(self) -> None:
        """A name server that no server could reach is refused."""
        order = asking.order("network/minimal")
        spec = {**order["spec"], "dnsServers": ["2620:fe::fe"]}
        found = asking.ask({**order, "spec": spec}, OFFER).fatal
        assert found == "InvalidOrder: spec.dnsServers: an IPv6 address goes with spec.ipv6 only"

    @pytest.mark.parametrize(
        ("key", "touch", "want"),
        [
            (keys.ROUTER, {"metadata.deletionTimestamp": "2026-01-01T00:00:00Z"}, "Deleting"),
            (keys.ROUTER, {"status.atProvider": {}}, "Provisioning"),
            (
                keys.ROUTER,
                {
                    "status.atProvider": {},
                    "status.conditions": [
                        {"type": "Synced", "status": "False", "message": "Quota exceeded"}
                    ],
                },
                "Failed",
            ),
            (keys.NETWORK, {"status.atProvider.mtu": 9000}, "Ready"),
        ],
        ids=["deleting", "not there", "failed", "not ordered"],
    )
    def test_phases(self, key: str, touch: Manifest, want: str) -> None:
        """One word has its state."""
        order = asking.order("network/minimal")
        seen = dict(built(order, OFFER))
        manifest = seen[key].manifest
        for path, value in touch.items():
            manifest = replaced(manifest, path, value)
        seen[key] = local.Observed(manifest)
        assert asking.ask(order, OFFER, seen).composite["status"]["phase"] == want


FAILED = [{"type": "Synced", "status": "False", "message": "Quota exceeded"}]


@pytest.mark.parametrize(
    ("touch", "phases", "want"),
    [
        ({"metadata.deletionTimestamp": "2026"}, ["Deleting", "Running"], "Deleting"),
        ({"status": {"conditions": FAILED}}, ["Failed", "Running"], "Degraded"),
        ({"status": {}}, ["Provisioning", "Running"], "Provisioning"),
        ({"status.atProvider.powerState": "paused"}, ["Paused", "Running"], "Updating"),
        ({"status.atProvider.powerState": "build"}, ["Provisioning", "Running"], "Provisioning"),
        ({"status.atProvider.powerState": "migrating"}, ["Running", "Running"], "Ready"),
        ({"status.atProvider.powerState": "shelved"}, ["Stopped", "Running"], "Updating"),
    ],
    ids=["deleting", "failed", "not looked at", "paused", "build", "migrating", "shelved"],
)
def test_phases_of_servers(touch: Manifest, phases: list[str], want: str) -> None:
    """One word for each server, and one for the order."""
    seen = dict(built(server(), OFFER))
    manifest = seen[keys.server(0)].manifest
    for path, value in touch.items():
        manifest = replaced(manifest, path, value)
    seen[keys.server(0)] = local.Observed(manifest)
    status = asking.ask(server(), OFFER, seen).composite["status"]
    assert ([found["phase"] for found in status["servers"]], status["phase"]) == (phases, want)


def test_a_volume_that_is_being_deleted() -> None:
    """Its data are about to go, and nobody ordered that: not all is well."""
    seen, key = dict(built(server(), OFFER)), keys.volume(1, "scratch")
    going = replaced(seen[key].manifest, "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
    status = asking.ask(server(), OFFER, {**seen, key: local.Observed(going)}).composite["status"]
    assert status["phase"] == "Deleting"
    assert status["message"] == "a volume is being deleted although the order was not deleted"
    [current] = [c for c in status["conditions"] if c["type"] == "Current"]
    assert current["status"] == "False"


@pytest.mark.parametrize("prefix", [keys.RULE, keys.FLOATING_IP], ids=["rule", "public address"])
def test_what_surrounds_a_server(prefix: str) -> None:
    """Not all is as ordered while a server runs without what it was ordered with."""
    order = server(publicIP=True, firewall={"ingress": [{"protocol": "tcp", "ports": "22"}]})
    seen = dict(built(order, OFFER))
    assert asking.ask(order, OFFER, seen).composite["status"]["phase"] == "Ready"
    key = next(key for key in sorted(seen) if key.startswith(prefix))
    failed = replaced(seen[key].manifest, "status", {"atProvider": {}, "conditions": FAILED})
    found = asking.ask(order, OFFER, {**seen, key: local.Observed(failed)}).composite["status"]
    text = "2 of 2 servers run; addresses or firewall are being changed"
    assert (found["phase"], found["message"]) == ("Updating", text)
    [current] = [c for c in found["conditions"] if c["type"] == "Current"]
    assert (current["status"], current["message"]) == ("False", text)


def test_a_server_in_error() -> None:
    """Its provider is content with it: only the state says that no host took it."""
    seen = dict(built(server(replicas=1), OFFER))
    key = keys.server(0)
    failed = replaced(seen[key].manifest, "status.atProvider.powerState", "error")
    found = asking.ask(server(replicas=1), OFFER, {**seen, key: local.Observed(failed)})
    status = found.composite["status"]
    assert (status["phase"], status["servers"][0]["phase"]) == ("Failed", "Failed")
    assert status["message"] == "a server has failed in the cloud"
    [healthy] = [c for c in status["conditions"] if c["type"] == "BackendHealthy"]
    assert (healthy["status"], healthy["reason"]) == ("False", "ConfigurationProblem")
    assert not found.complete


def test_a_key_pair_of_another_name() -> None:
    """What a release called otherwise keeps its name, for further servers too."""
    order = server(replicas=1, sshKeys=[public_key("me")])
    seen = dict(built(order, OFFER))
    former = replaced(seen[keys.KEYPAIR].manifest, "spec.forProvider.name", "former")
    grown = {**order, "spec": {**order["spec"], "replicas": 2}}
    found: Seen = {**seen, keys.KEYPAIR: local.Observed(former)}
    for _ in range(3):
        outcome = asking.ask(grown, OFFER, found)
        found = {**simulate.play(outcome.resources), keys.KEYPAIR: local.Observed(former)}
    assert payload(outcome, keys.KEYPAIR)["name"] == "former"
    assert payload(outcome, keys.server(1))["keyPair"] == "former"


def test_user_data_that_no_server_can_get() -> None:
    """They are counted as they are sent, with the keys; live user data is not checked again."""
    order = server(userData="ü" * 32768)
    found = asking.ask(order, OFFER).fatal
    assert found == (
        "InvalidOrder: spec.userData: 87384 characters of base64 with all keys, at most 65535 are "
        "accepted"
    )
    keyed = server(userData="x" * 32768, sshKeys=[f"{public_key('me')} {'x' * 1900}"] * 10)
    assert "spec.userData" in asking.ask(keyed, OFFER).fatal
    assert asking.ask(server(userData="x" * 32768), OFFER).fatal == ""


SETTINGS = {
    "default not offered": (
        {"defaultNetwork": "nowhere"},
        "backends.openstack: defaultNetwork is not one of networks",
    ),
    "nothing to tell": (
        {"highAvailability": {"metadata": {}}},
        "backends.openstack.highAvailability.metadata: must have an entry",
    ),
    "no address": (
        {"dnsServers": ["dns.example"]},
        "backends.openstack.dnsServers[0]: must be an address such as 9.9.9.9 or 2620:fe::fe",
    ),
}


@pytest.mark.parametrize(("edits", "want"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_are_refused(edits: Manifest, want: str) -> None:
    """A mistake of the provider is reported to the provider, and to no tenant as theirs."""
    found = asking.ask(server(), layers(**edits))
    assert found.fatal == f"EnvironmentInvalid: {want} (EnvironmentConfig cluster-stacks)"


def recorded(**names: str) -> dict[str, Resource]:
    """Return recorded objects under the keys that we would give them."""
    return {
        key: asking.unscoped(key, asking.recorded(f"openstack/ready/{name}"))
        for key, name in names.items()
    }


def answered(kind: str, spec: Manifest, seen: Mapping[str, Resource], **decided: Any) -> Manifest:
    """Return the status of an order whose parts are what was recorded."""
    config = openstack.OpenStackSettings.model_validate(OWN)
    data = {"displayName": "x", "kinds": {kind: "openstack"}, "backends": {"openstack": config}}
    settings = Settings.model_validate(data)
    order = Order(kind, "acme", "net", Mode.NAMESPACED, "u", spec, KINDS[kind].model_validate(spec))
    backend: Any = {"Server": openstack.SERVER_BACKEND, "Network": openstack.NETWORK_BACKEND}[kind]
    bound = Bound(place=Place(), **decided)
    received = backend.current(order, settings, bound)
    rendered = backend.render(Context(order, received, bound, backend.live(seen)))
    assert rendered.removals == ()
    return dict(rendered.status)


def test_a_recorded_network() -> None:
    """What a real provider reports of a network is read in full."""
    seen = recorded(
        **{
            keys.NETWORK: "networkv2-net",
            f"{keys.SUBNET}{keys.IPV4}": "subnetv2-subnet",
            keys.ROUTER: "routerv2-router",
            f"{keys.INTERFACE}{keys.IPV4}": "routerinterfacev2-router-subnet",
        }
    )
    spec = {"cidr": "10.20.0.0/24", "dnsServers": ["192.0.2.53"]}
    assert answered("Network", spec, seen) == {
        "phase": "Ready",
        "message": "the network is as ordered",
        "cidr": "10.20.0.0/24",
        "gateway": "10.20.0.1",
        "mtu": lookup(dict(seen[keys.NETWORK].status), "atProvider.mtu"),
    }


def gone() -> dict[str, Resource]:
    """Return a recorded network whose router was deleted in the cloud, and is created again."""
    paths = asking.OBSERVED.glob("openstack/gone/*v2-*.yaml")
    found = [asking.documents(path)[0] for path in paths if "instance" not in path.name]
    name = "crossplane.io/composition-resource-name"
    keyed = {one["metadata"]["annotations"][name]: one for one in found}
    return {key: asking.unscoped(key, one) for key, one in keyed.items()}


def test_a_router_that_is_gone() -> None:
    """Its provider reports the last id until it is created again; nothing is as ordered then."""
    live = openstack.NETWORK_BACKEND.live(gone())
    router, interface = keys.ROUTER, f"{keys.INTERFACE}{keys.IPV4}"
    assert [bool(live.id(key)) for key in (keys.NETWORK, router, interface)] == [True, False, False]
    asked = asking.order("network/full")["spec"]
    found = answered("Network", asked, gone())
    assert found["phase"] == "Degraded"
    assert found["message"].startswith("a part of the network was deleted in the cloud")


def test_what_refers_to_a_router_that_was_created_again() -> None:
    """A provider resolves a reference once, so that the new id has to be written."""
    seen = gone()
    interface = f"{keys.INTERFACE}{keys.IPV4}"
    router = seen[keys.ROUTER]
    ready = [{"type": "Ready", "status": "True", "reason": "Available"}]
    status = {"atProvider": {**router.at_provider, "id": "new"}, "conditions": ready}
    live = openstack.NETWORK_BACKEND.live({**seen, keys.ROUTER: replace(router, status=status)})
    assert live.resolved(interface, "routerId", keys.ROUTER) == {"routerId": "new"}
    assert live.resolved(interface, "subnetId", f"{keys.SUBNET}{keys.IPV4}") == {}
    assert openstack.NETWORK_BACKEND.live(seen).resolved(interface, "routerId", keys.ROUTER) == {}


def test_a_server_that_the_provider_suspended() -> None:
    """The previous state is still reported, beside an error of the observation."""
    server = asking.unscoped(keys.server(0), asking.recorded("openstack/gone/instancev2-suspended"))
    live = openstack.SERVER_BACKEND.live({keys.server(0): server})
    assert server.at_provider["powerState"] == "active"
    assert instance_phase(live, keys.server(0)) == "Paused"


def test_a_label_that_is_removed_leaves_an_empty_key() -> None:
    """A key that the provider fails to delete once keeps it from every later change."""
    seen = built(server(labels={"colour": "red"}), OFFER)
    for spec, want in (({}, ""), ({"labels": {"colour": "blue"}}, "blue")):
        outcome = asking.ask(server(**spec), OFFER, seen)
        assert payload(outcome, keys.server(0))["metadata"]["colour"] == want
        seen = simulate.play(outcome.resources)


def test_emptied_keys_are_bounded() -> None:
    """The compute service limits how many a server has; what is ordered comes first."""
    seen = dict(built(server(), OFFER))
    where = "spec.forProvider.metadata"
    many = {f"key{number}": "" for number in range(200)}
    seen[keys.server(0)] = local.Observed(replaced(seen[keys.server(0)].manifest, where, many))
    found = payload(asking.ask(server(labels={"colour": "red"}), OFFER, seen), keys.server(0))
    assert len(found["metadata"]) == MOST_KEYS
    assert found["metadata"]["colour"] == "red"
    assert "scs-uid" in found["metadata"]


@pytest.mark.parametrize("part", [keys.NETWORK, f"{keys.SUBNET}{keys.IPV4}"])
def test_nothing_is_built_on_what_is_being_deleted(part: str) -> None:
    """An interface in a subnet that goes would keep it, and itself be of no use."""
    order = asking.order("network/minimal")
    seen = dict(built(order, OFFER))
    interface = f"{keys.INTERFACE}{keys.IPV4}"
    del seen[interface]
    assert interface in asking.ask(order, OFFER, seen).resources
    when = "metadata.deletionTimestamp"
    seen[part] = local.Observed(replaced(seen[part].manifest, when, "2026-01-01T00:00:00Z"))
    outcome = asking.ask(order, OFFER, seen)
    assert not outcome.fatal
    assert interface not in outcome.resources
    assert outcome.composite["status"]["phase"] == "Deleting"


def test_a_recorded_volume() -> None:
    """The status has size and attachment of a real volume, and a larger one is still to come."""
    seen = recorded(
        **{
            keys.volume(0, "data"): "volumev3-data",
            keys.attachment(0, "data"): "volumeattachv2-web-0-data",
        }
    )
    machine = {"server": {"asked": {}, "flavor": "SCS-2V-4"}}
    spec = {
        "image": {"name": "Ubuntu"},
        "flavor": "SCS-2V-4",
        "volumes": [{"name": "data", "sizeGiB": 2}],
    }
    [found] = answered("Server", spec, seen, machines=machine)["servers"]
    assert found["volumes"] == [{"name": "data", "sizeGiB": 1, "attached": True}]


def test_a_label_that_is_longer_than_a_key_of_metadata() -> None:
    """Kubernetes takes 317 characters, the compute service 255; what servers have stays."""
    key = f"{'p' * 62}.{'p' * 62}.{'p' * 62}.{'p' * 52}/{'n' * 20}"
    fatal = asking.ask(server(labels={key: "v"}), OFFER).fatal
    assert fatal == f"InvalidOrder: spec.labels[{key}]: must have at most 255 characters here"
    assert not asking.ask(server(labels={key[-255:]: "v"}), OFFER).fatal
    seen = dict(built(server(), OFFER))
    instance = seen[keys.server(0)].manifest
    where = "spec.forProvider.metadata"
    labelled = {**instance["spec"]["forProvider"]["metadata"], key.replace("/", ":"): "v"}
    seen[keys.server(0)] = local.Observed(replaced(instance, where, labelled))
    assert not asking.ask(server(labels={key: "v"}), OFFER, seen).fatal


def test_name_servers_are_distinct() -> None:
    """The network service refuses one that is named twice."""
    order = asking.order("network/minimal")
    twice = replaced(order, "spec.dnsServers", ["9.9.9.9", "149.112.112.112", "9.9.9.9"])
    resources = asking.ask(twice, asking.provider("cluster-stacks")).resources
    subnet = resources["openstack-subnet-ipv4"]["spec"]["forProvider"]
    assert subnet["dnsNameservers"] == ["9.9.9.9", "149.112.112.112"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"backends.openstack.networks": []}, "required here: name a Network of yours"),
        ({}, "required here: name a Network of yours, or one of backend, default"),
        (
            {"kinds": {"Cluster": "capi", "Server": "openstack"}},
            "required here; offered: backend, default",
        ),
    ],
    ids=["none offered", "some offered", "no Networks to order"],
)
def test_a_server_that_names_no_network(data: dict[str, Any], text: str) -> None:
    """Where the environment has no default, it is said what can be named."""
    layers = asking.provider("cluster-stacks", {f"{BLOCK}.defaultNetwork": None, **data})
    fatal = asking.ask(server(networks=None), layers).fatal
    assert fatal == f"InvalidOrder: spec.networks: {text}"


@pytest.mark.parametrize(
    ("edits", "text"),
    [
        ({"flavor": "scs-2v-8", "size": None}, "did you mean SCS-2V-8?; offered: "),
        ({"zone": "AZ1"}, "spec.zone: not offered here, did you mean az1?; offered: az1, az2, az3"),
        (
            {"bootVolume": {"type": "encryptd"}},
            "spec.bootVolume.type: not offered here, did you mean encrypted?; offered: encrypted",
        ),
    ],
    ids=["flavor", "zone", "volume type"],
)
def test_what_may_have_been_meant(edits: dict[str, Any], text: str) -> None:
    """Of names that are nearly those of an offer."""
    assert text in asking.ask(server(**edits), asking.provider("cluster-stacks")).fatal


def test_a_kind_that_may_have_been_meant() -> None:
    """Names of kinds have capitals."""
    order = asking.order("cluster/minimal")
    composite = {**local.composite_of(order, Mode.NAMESPACED), "kind": "cluster"}
    runner = fn.FunctionRunner()
    outcome = asyncio.run(
        local.answer(
            lambda req: runner.RunFunction(req, None), composite, asking.provider("cluster-stacks")
        )
    )
    text = "InvalidOrder: kind: must be one of Cluster, Server, Network, did you mean Cluster?"
    assert outcome.fatal == text
