"""Render how servers are connected: a port for each network, and public addresses.

A port on a network that the environment offers refers to it by id. A port on a tenant's Network
selects it by labels and waits until it exists: ids of tenants' networks are never written.
Once a port exists, its network and addresses are copied from it, and the ports of further servers
use the same network.
"""

from function.backends.openstack import keys
from function.backends.openstack.effective import ServerContext
from function.backends.openstack.keys import GROUP, IPV4, IPV6, NETWORKING
from function.backends.openstack.naming import tags
from function.backends.openstack.settings import OfferedNetwork
from function.contract import Manifest, Resource
from function.errors import InvalidOrder, Problem
from function.excerpts import listed
from function.labels import ENVIRONMENT_LABEL, labels_of
from function.model import API_GROUP
from function.model.server import Attachment
from function.parsing import did_you_mean

# Label of subnets: the family of their addresses.
FAMILY_LABEL = f"{API_GROUP}/ip-family"
# If omitted, the provider would fill in the address that it got, and request this very address
# when it re-creates the floating IP: only the cloud's operators may do that.
_ANY_ADDRESS = {"address": "", "fixedIp": ""}
# Nova sets the owner of a port. If omitted, the provider would fill it in and bind the port to a
# server that is gone or was re-created; it takes an empty value to mean any server.
_FREE = {"deviceId": "", "deviceOwner": ""}


def render_ports(context: ServerContext, index: int) -> list[Resource | str]:
    """Return the ports of a server; the key of a port that belongs to a later wave.

    Raises:
        InvalidOrder: A network or address is not offered.
    """
    attachments = context.order.spec.networks or _default_network(context)
    return [_port(context, index, n, attached) for n, attached in enumerate(attachments)]


def render_floating_ip(context: ServerContext, index: int) -> Resource | str:
    """Return the public address of a server, or its key.

    Raises:
        InvalidOrder: Public addresses are not offered.
    """
    key = keys.floating_ip(index)
    previous = context.live.find(key)
    stored = context.live.applied(key)
    external = context.settings.config.external_network
    if external is None and "pool" not in stored:
        raise InvalidOrder(Problem("spec.publicIP", "public addresses are not offered here"))
    # The id that was applied: a port that is re-created has none for a while, and without one the
    # address would be taken from its server.
    port = context.live.id(keys.port(index, 0)) or stored.get("portId")
    if previous is None and not port:
        return key
    pool = stored.get("pool") or (external.name if external else "")
    return Resource(
        key=key,
        family=NETWORKING,
        kind="FloatingipV2",
        payload={
            "pool": pool,
            **({"portId": port} if port else {}),
            **_ANY_ADDRESS,
            "tags": tags(context.order),
        },
        ready=bool(context.live.address(key)),
    )


def awaited(context: ServerContext) -> list[str]:
    """Return the Networks of the tenant that ports wait for."""
    return [
        attached.name
        for n, attached in enumerate(context.order.spec.networks)
        if any(_waits(context, key) for key in _alike(context, n))
    ]


def _waits(context: ServerContext, key: str) -> bool:
    stored = context.live.applied(key)
    unresolved = "networkIdSelector" in stored and "networkId" not in stored
    return unresolved and not context.live.id(key)


def _default_network(context: ServerContext) -> tuple[Attachment, ...]:
    """Return the network of servers that name none; an existing port needs no name."""
    name = context.settings.config.default_network
    if name is None and not any(_kept(context, key) for key in _alike(context, 0)):
        raise InvalidOrder(Problem("spec.networks", _needed(context)))
    return (Attachment(name=name or "default"),)


def _alike(context: ServerContext, n: int) -> list[str]:
    """Return the key of the n-th port of each server."""
    return [keys.port(index, n) for index in range(context.order.spec.replicas)]


def _offered(context: ServerContext, requested: str) -> str:
    return listed((network.name for network in context.settings.config.networks), requested)


def _needed(context: ServerContext) -> str:
    """Return which network to name, where the environment has no default network."""
    offered = _offered(context, "")
    if not context.settings.has_networks:
        return f"required here; offered: {offered}"
    others = f", or one of {offered}" if context.settings.config.networks else ""
    return f"required here: name a Network of yours{others}"


def _port(context: ServerContext, index: int, n: int, attached: Attachment) -> Resource | str:
    key = keys.port(index, n)
    place = _place(context, index, n, attached)
    group = context.live.id(GROUP)
    if context.live.find(key) is None and not group:
        return key
    groups = [group] if group else context.live.applied(key).get("securityGroupIds", [])
    return Resource(
        key=key,
        family=NETWORKING,
        kind="PortV2",
        payload={
            "name": f"{context.order.name}-{index}-{n}",
            **place,
            "securityGroupIds": groups,
            **_FREE,
            "tags": tags(context.order),
        },
        ready=bool(context.live.id(key)),
    )


def _place(context: ServerContext, index: int, n: int, attached: Attachment) -> Manifest:
    """Return the network of a port: its current one, that of other servers, or as ordered."""
    retained = _kept(context, keys.port(index, n))
    if retained:
        return retained
    for other in _alike(context, n):
        like = _kept(context, other)
        if like:
            return _elsewhere(like)
    offer = context.settings.config.offer(attached.name)
    if offer:
        return _at_offered(attached, offer)
    if context.settings.has_networks:
        return _at_ordered(context, attached)
    meant = did_you_mean(attached.name, [offer.name for offer in context.settings.config.networks])
    text = f"not offered here{meant}; offered: {_offered(context, attached.name)}"
    raise InvalidOrder(Problem(f"spec.networks[{attached.name}]", text))


def _kept(context: ServerContext, key: str) -> Manifest:
    """Return the network of a live port, with the complete list of its addresses.

    That list holds what the provider resolved from a selector; without it, the provider would
    resolve the selector again on every call.
    """
    for network in ("networkIdSelector", "networkId"):
        retained = context.live.retained(key, network, "fixedIp")
        if network in retained:
            return retained
    return {}


def _elsewhere(place: Manifest) -> Manifest:
    """Return the network of another server's port, without that server's own addresses."""
    fixed = [
        {name: entry[name]}
        for entry in place.get("fixedIp", ())
        for name in ("subnetIdSelector", "subnetId")
        if name in entry and not (name == "subnetId" and "subnetIdSelector" in entry)
    ]
    return {**place, **({"fixedIp": fixed} if fixed else {})}


def _at_offered(attached: Attachment, offer: OfferedNetwork) -> Manifest:
    at = f"spec.networks[{attached.name}]"
    if attached.ip_address and not offer.subnet:
        raise InvalidOrder(Problem(f"{at}.ipAddress", "fixed addresses are not offered here"))
    if attached.ipv6 and not (offer.ipv6_subnet and offer.subnet):
        raise InvalidOrder(Problem(f"{at}.ipv6", "not offered in this network"))
    fixed = [{"subnetId": offer.subnet, **_address(attached)}]
    if attached.ipv6:
        fixed.append({"subnetId": offer.ipv6_subnet})
    wanted = attached.ip_address or attached.ipv6
    return {"networkId": offer.id, **({"fixedIp": fixed} if wanted else {})}


def _at_ordered(context: ServerContext, attached: Attachment) -> Manifest:
    """Return the network and subnets of a port in a Network of the tenant.

    The subnet is always selected, so that no port is created before the network has addresses.
    The environment is, too, so that a Network in another cloud does not match.
    """
    matched = {
        ENVIRONMENT_LABEL: str(context.bound.place.environment),
        **labels_of(context.order.tenant, "Network", attached.name),
    }
    subnets = [_selected({**matched, FAMILY_LABEL: IPV4}) | _address(attached)]
    if attached.ipv6:
        subnets.append(_selected({**matched, FAMILY_LABEL: IPV6}))
    return {"networkIdSelector": {"matchLabels": matched}, "fixedIp": subnets}


def _selected(labels: dict[str, str]) -> Manifest:
    return {"subnetIdSelector": {"matchLabels": labels}}


def _address(attached: Attachment) -> dict[str, str]:
    return {"ipAddress": attached.ip_address} if attached.ip_address else {}
