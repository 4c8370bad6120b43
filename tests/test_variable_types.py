"""Variables of a class by their types: what the provider's webhook would refuse later."""

from typing import Any

import pytest

from function import simulate
from function.backends.capi import PROFILES
from function.paths import replaced
from tests import asking
from tests.asking import Manifest

# Of the ClusterClass openstack-scs2-1-34-v2 (SovereignCloudStack/cluster-stacks, Apache-2.0): types
# of its variables, and of their items.
CLASS = {
    "imageName": "string",
    "imageIsOrc": "boolean",
    "imageAddVersion": "boolean",
    "disableAPIServerFloatingIP": "boolean",
    "networkExternalID": "string",
    "networkMTU": "integer",
    "dnsNameservers": "array of string",
    "nodeCIDR": "string",
    "controlPlaneFlavor": "string",
    "controlPlaneRootDisk": "integer",
    "controlPlaneServerGroupID": "string",
    "controlPlaneAvailabilityZones": "array of string",
    "controlPlaneOmitAvailabilityZone": "boolean",
    "workerFlavor": "string",
    "workerRootDisk": "integer",
    "workerServerGroupID": "string",
    "workerAdditionalBlockDevices": "array of object",
    "sshKeyName": "string",
    "securityGroups": "array of string",
    "securityGroupIDs": "array of string",
    "workerSecurityGroups": "array of string",
    "workerSecurityGroupIDs": "array of string",
    "identityRef": "object",
    "certSANs": "array of string",
    "apiServerLoadBalancer": "string",
    "apiServerLoadBalancerOctaviaAmphoraAllowedCIDRs": "array of string",
    "oidcConfig": "object",
}
# A value of each type, which is none of any other.
VALUES: dict[str, Any] = {
    "string": "a",
    "integer": 9,
    "boolean": True,
    "array of string": ["192.0.2.53"],
    "array of object": [{"name": "a"}],
    "object": {"a": "b"},
}


def order(**variables: Any) -> Manifest:
    """Return an order that sets variables."""
    return replaced(asking.order("cluster/minimal"), "spec.variables", variables)


def layers(*opened: str, **offer: Any) -> list[Manifest]:
    """Return the example provider, with variables of its class open to tenants."""
    result = asking.provider("cluster-stacks")
    for layer in result:
        for one in layer["data"].get("classes", []):
            if one["name"] == "default":
                one |= {"tenantVariables": list(opened), **offer}
    return result


def test_the_profile_knows_the_types_of_its_class() -> None:
    """From the defaults, or said."""
    assert {name: PROFILES["scs2"].type_of(name) for name in CLASS} == CLASS
    assert set(PROFILES["scs2"].variables) <= set(CLASS)


@pytest.mark.parametrize("given", VALUES)
@pytest.mark.parametrize("name", ["dnsNameservers", "networkMTU", "certSANs", "imageIsOrc"])
def test_a_wrong_type_is_refused_by_its_path(name: str, given: str) -> None:
    """Text, numbers and lists of other things."""
    found = asking.ask(order(**{name: VALUES[given]}), layers(name)).fatal
    wrong = f"InvalidOrder: spec.variables.{name}: must be of type {CLASS[name]}"
    assert found == ("" if given == CLASS[name] else wrong)


@pytest.mark.parametrize("value", [[9], ["192.0.2.53", 9], [None], None, [["a"]]])
def test_entries_of_lists(value: Any) -> None:
    """Each of them is looked at."""
    found = asking.ask(order(dnsNameservers=value), layers("dnsNameservers")).fatal
    assert "spec.variables.dnsNameservers: must be of type array of string" in found


def test_a_class_goes_before_its_profile() -> None:
    """Who forked it knows better."""
    given = layers("dnsNameservers", variableTypes={"dnsNameservers": "string"})
    assert not asking.ask(order(dnsNameservers="192.0.2.53"), given).fatal


def test_a_live_order_is_not_judged() -> None:
    """A value that was taken goes on being taken."""
    previous = layers("dnsNameservers", variableTypes={"dnsNameservers": "string"})
    manifest = order(dnsNameservers="192.0.2.53")
    live = simulate.play(asking.ask(manifest, previous).resources)
    assert not asking.ask(manifest, layers("dnsNameservers"), live).fatal
    other = order(dnsNameservers="192.0.2.54")
    assert asking.ask(other, layers("dnsNameservers"), live).fatal
