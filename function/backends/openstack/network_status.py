"""Report the status of an order for a network."""

from collections.abc import Sequence

from function import diagnosis
from function.backends.openstack.effective import NetworkContext
from function.backends.openstack.keys import IPV4, IPV6, NETWORK, SUBNET
from function.contract import Condition, Manifest, Resource

# Fields that can be changed in place and that the provider reports back as requested.
_SEEN = ("mtu", "dnsNameservers", "gatewayIp", "externalNetworkId")

_GONE = "a part of the network was deleted in the cloud, and is created again"


def current(context: NetworkContext, wanted: Sequence[Resource]) -> Condition:
    """Return whether the network matches the order."""
    if any(resource.key in context.live.gone for resource in wanted):
        return Condition("Current", False, "Updating", _GONE)
    if not all(context.live.id(resource.key) for resource in wanted):
        return Condition("Current", False, "Provisioning", "the network is being built")
    left = set(context.live.observed) - {resource.key for resource in wanted}
    if left or not all(_is_seen(context, resource) for resource in wanted):
        return Condition("Current", False, "Updating", "the network is being changed")
    return Condition("Current", True, "AsOrdered")


def status(context: NetworkContext, wanted: Sequence[Resource]) -> Manifest:
    """Return `status` of the order."""
    phase, message = _overall(context, wanted)
    seen = {
        "cidr": _reported(context, f"{SUBNET}{IPV4}", "cidr"),
        "gateway": _reported(context, f"{SUBNET}{IPV4}", "gatewayIp"),
        "ipv6CIDR": _reported(context, f"{SUBNET}{IPV6}", "cidr"),
        "mtu": _reported(context, NETWORK, "mtu"),
    }
    return {
        "phase": phase,
        "message": message,
        **{name: value for name, value in seen.items() if value},
    }


def _is_seen(context: NetworkContext, resource: Resource) -> bool:
    """Return whether the provider reports the desired values; it may omit empty ones."""
    seen = context.live.observed[resource.key].at_provider
    wanted = {name: resource.payload[name] for name in _SEEN if name in resource.payload}
    return all((seen.get(name) or None) == (value or None) for name, value in wanted.items())


def _reported(context: NetworkContext, key: str, field: str) -> object:
    found = context.live.get(key)
    return found.at_provider.get(field) if found else None


def _overall(context: NetworkContext, wanted: Sequence[Resource]) -> tuple[str, str]:
    if not context.live.observed:
        return "Pending", "nothing is built yet"
    going = [r for _, r in sorted(context.live.observed.items()) if r.deleting]
    if any(resource.key in {r.key for r in wanted} for resource in going):
        text = "a part of the network is being deleted although the order was not deleted"
        return "Deleting", diagnosis.held(text, going)
    found = current(context, wanted)
    if found.status:
        return "Ready", "the network is as ordered"
    if any(resource.key in context.live.gone for resource in wanted):
        return "Degraded", _GONE
    failed = [
        r
        for r in wanted
        if r.key in context.live.observed and diagnosis.of(context.live.observed[r.key])
    ]
    if any(not context.live.id(resource.key) for resource in failed):
        return "Failed", "a part of the network could not be built"
    return found.reason, found.message
