"""Simulate provider-openstack: ids, addresses and ranges, as release 0.9 reports them."""

import hashlib
import ipaddress

from function.backends.openstack.keys import COMPUTE, NETWORKING
from function.contract import Manifest

# What a cloud chooses by default.
MTU, IPV6_RANGE = 1442, "2001:db8:7::/64"


def build(live: Manifest) -> None:
    """Add what the provider reports of a resource that is built."""
    if live["apiVersion"].startswith((f"{COMPUTE}.", f"{NETWORKING}.")):
        shown = live["status"]["atProvider"]
        shown |= _seen(live["kind"], live["spec"]["forProvider"], shown["id"])


def _seen(kind: str, payload: Manifest, external: str) -> Manifest:
    match kind:
        case "FloatingipV2":
            return {"address": _address("198.18.0.0", external)}
        case "InstanceV2":
            return {"network": [_attached(net["port"]) for net in payload["network"]]}
        case "KeypairV2":
            return {"id": str(payload["name"])}
        case "NetworkV2":
            return {"mtu": payload.get("mtu", MTU)}
        case "SubnetV2":
            return {"cidr": payload.get("cidr", IPV6_RANGE)}
        case "VolumeAttachV2":
            return {"id": f"{payload['instanceId']}/{payload['volumeId']}"}
    return {}


def _attached(port: str) -> Manifest:
    return {"port": port, "fixedIpV4": _address("10.20.0.0", port), "fixedIpV6": ""}


def _address(first: str, text: str) -> str:
    number = int(hashlib.sha256(text.encode()).hexdigest()[:4], 16)
    return str(ipaddress.IPv4Address(first) + number)
