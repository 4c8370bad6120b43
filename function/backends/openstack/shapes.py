"""Declare the types of the fields that are read from OpenStack resources.

One shape serves all kinds: a field name has the same type in all of them.
"""

import ipaddress
from typing import Any

from function.shapes import EACH, Shape

_NARROWEST = 30


def _is_range(value: Any) -> bool:
    """Return whether a value is an IPv4 range that has room for a gateway and a host."""
    try:
        return isinstance(value, str) and ipaddress.IPv4Network(value).prefixlen <= _NARROWEST
    except ValueError:
        return False


_PAYLOAD: dict[str, Shape] = {
    "availabilityZone": str,
    "blockDevice": [{"uuid": str, "volumeSize": int, "volumeType": str}],
    "cidr": _is_range,
    "dnsNameservers": [str],
    "externalNetworkId": str,
    "fixedIp": [{"subnetId": str, "subnetIdSelector": dict}],
    "flavorName": str,
    "instanceId": str,
    "keyPair": str,
    "metadata": {EACH: str},
    "name": str,
    "network": [dict],
    "networkId": str,
    "networkIdSelector": dict,
    "pool": str,
    "portId": str,
    "routerId": str,
    "schedulerHints": [dict],
    "securityGroupId": str,
    "securityGroupIds": [str],
    "size": int,
    "subnetId": str,
    "subnetpoolId": str,
    "userData": str,
    "volumeId": str,
    "volumeType": str,
}
_SEEN: dict[str, Shape] = {
    "address": str,
    "cidr": str,
    "flavorName": str,
    "gatewayIp": str,
    "id": str,
    "mtu": int,
    "network": [{"fixedIpV4": str, "fixedIpV6": str}],
    "powerState": str,
    "size": int,
}
READS: dict[str, Shape] = {
    "payload": _PAYLOAD,
    "initial": {"imageId": str},
    "status": {"atProvider": _SEEN},
}
