"""Render a `Network`: network, subnets, and a router for external access, all in one wave.

All resources refer to each other by name. Those that a Server selects carry the labels of the
order, which the core sets; a subnet also has a label for its address family.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from function import diagnosis
from function.backends.openstack import keys
from function.backends.openstack.effective import CloudSettings, NetworkContext
from function.backends.openstack.keys import IPV4, IPV6, NETWORK, NETWORKING, ROUTER, SUBNET
from function.backends.openstack.live import LiveResources
from function.backends.openstack.naming import reference, tags
from function.backends.openstack.network_status import current, status
from function.backends.openstack.ports import FAMILY_LABEL
from function.backends.openstack.removals import removals
from function.backends.openstack.settings import OpenStackSettings
from function.contract import Accepted, Context, Manifest, Order, Remark, Rendered, Resource, View
from function.errors import InvalidOrder, Problem
from function.managed import named
from function.model import NetworkSpec
from function.record import Recalled


def render(context: NetworkContext) -> Rendered:
    """Render an order for a network.

    Raises:
        InvalidOrder: It asks for what is not offered, or has the name of an offered network.
    """
    order, observed = context.order, context.live.observed
    _check(context)
    families = _families(order.spec)
    resources = (
        _network(context),
        _ipv4_subnet(context),
        *([_ipv6_subnet(context)] if order.spec.ipv6 else []),
        *([_router(context)] if order.spec.external_access else []),
        *(_interface(context, family) for family in families if order.spec.external_access),
    )
    wanted = {resource.key for resource in resources}
    waiting = frozenset(key for key in wanted - observed.keys() if _waits(observed, key))
    return Rendered(
        resources=tuple(
            named(resource, observed.get(resource.key))
            for resource in resources
            if resource.key not in waiting
        ),
        planned=waiting,
        removals=removals(wanted, observed, _path),
        status=status(context, resources),
        conditions=(current(context, resources), diagnosis.health(observed.values())),
        notes=_notes(order),
    )


def _waits(observed: Mapping[str, Resource], key: str) -> bool:
    """Return whether a resource would be built on one that is being deleted.

    It would keep that one from being deleted, and so itself from being of any use.
    """
    family = key.rpartition("-")[2]
    needed = {
        f"{SUBNET}{family}": (NETWORK,),
        f"{keys.INTERFACE}{family}": (NETWORK, ROUTER, f"{SUBNET}{family}"),
    }
    return any(observed[one].deleting for one in needed.get(key, ()) if one in observed)


def look(accepted: Accepted[NetworkSpec] | None, live: LiveResources) -> View:
    """Return the state of the observed network, compared with the last accepted order."""
    observed = live.observed
    health = diagnosis.health(observed.values())
    if accepted is None:
        return View((health,))
    context = Context(
        accepted.order, CloudSettings(config=OpenStackSettings()), accepted.bound, live
    )
    wanted = [observed.get(key) or _unseen(key) for key in _wanted(accepted.order.spec)]
    return View(
        conditions=(current(context, wanted), health),
        wanted=frozenset(resource.key for resource in wanted),
        ready=frozenset(resource.key for resource in wanted if context.live.id(resource.key)),
    )


def recall(_: LiveResources) -> Recalled:
    """Return an empty record: nothing is decided for a network."""
    return Recalled()


def holds(live: LiveResources, requested: Mapping[str, Any]) -> frozenset[str]:
    """Return the order paths that its resources hold, except those that were refused."""
    # A network that was built without IPv6 stays without.
    held = {"spec.cidr": IPV4, "spec.ipv6": IPV6 if requested.get("ipv6") else IPV4}
    refused = {family for family in (IPV4, IPV6) if live.is_refused(f"{SUBNET}{family}")}
    return frozenset(path for path, family in held.items() if family not in refused)


def _check(context: NetworkContext) -> None:
    """Refuse what is not offered; existing resources were offered when they were created.

    Raises:
        InvalidOrder: With every problem.
    """
    spec, config, observed = context.order.spec, context.settings.config, context.live.observed
    external = config.external_network and config.external_network.id
    pool = config.ipv6_subnet_pool or context.live.applied(f"{SUBNET}{IPV6}").get("subnetpoolId")
    problems = []
    if config.offer(context.order.name) and NETWORK not in observed:
        text = "the environment offers a network of this name to servers; choose another"
        problems.append(Problem("metadata.name", text))
    if spec.external_access and not external and ROUTER not in observed:
        problems.append(Problem("spec.externalAccess", "not offered here; set it to false"))
    if spec.ipv6 and not pool:
        problems.append(Problem("spec.ipv6", "not offered here"))
    if not spec.ipv6 and any(":" in server for server in spec.dns_servers):
        problems.append(Problem("spec.dnsServers", "an IPv6 address goes with spec.ipv6 only"))
    if problems:
        raise InvalidOrder(*problems)


def _families(spec: NetworkSpec) -> tuple[str, ...]:
    return (IPV4, IPV6) if spec.ipv6 else (IPV4,)


def _wanted(spec: NetworkSpec) -> list[str]:
    """Return the keys of all resources of an order, as `render` uses them."""
    families = _families(spec)
    routed = [ROUTER, *(f"{keys.INTERFACE}{family}" for family in families)]
    subnets = [f"{SUBNET}{family}" for family in families]
    return [NETWORK, *subnets, *(routed if spec.external_access else [])]


def _unseen(key: str) -> Resource:
    return Resource(key=key, family=NETWORKING, kind="", payload={})


def _network(context: NetworkContext) -> Resource:
    mtu = context.order.spec.mtu
    return Resource(
        key=NETWORK,
        family=NETWORKING,
        kind="NetworkV2",
        payload={
            # Floating IPs are requested by network name: no tenant's network may have the same.
            "name": reference(context.order, context.live, NETWORK),
            "description": f"Network {context.order.tenant}/{context.order.name}",
            **({"mtu": mtu} if mtu else {}),
            "tags": tags(context.order),
        },
        ready=bool(context.live.id(NETWORK)),
    )


def _ipv4_subnet(context: NetworkContext) -> Resource:
    """Return the IPv4 subnet.

    Gateway and pool are set explicitly: a pool that the cloud chose without a gateway would leave
    no room for one later, and servers would route through a gateway address that nobody answers.
    Both the gateway and `noGateway` are set, because the provider fills in an omitted field with
    its previous value and would then change the subnet back and forth permanently; it treats an
    empty gateway as none.
    """
    key = f"{SUBNET}{IPV4}"
    cidr = context.live.applied(key).get("cidr", context.order.spec.cidr)
    hosts = ipaddress.IPv4Network(cidr)
    out = context.order.spec.external_access
    return _subnet(
        context,
        IPV4,
        {
            "cidr": cidr,
            "ipVersion": 4,
            "gatewayIp": str(hosts[1]) if out else "",
            "noGateway": not out,
            "allocationPool": [{"start": str(hosts[2]), "end": str(hosts[-2])}],
        },
    )


def _ipv6_subnet(context: NetworkContext) -> Resource:
    pool = {"subnetpoolId": context.settings.config.ipv6_subnet_pool}
    return _subnet(
        context,
        IPV6,
        {
            "ipVersion": 6,
            **(pool | context.live.retained(f"{SUBNET}{IPV6}", *pool)),
            "ipv6AddressMode": "slaac",
            "ipv6RaMode": "slaac",
        },
    )


def _subnet(context: NetworkContext, family: str, config: Manifest) -> Resource:
    key = f"{SUBNET}{family}"
    servers = context.order.spec.dns_servers or context.settings.config.dns_servers
    # The network service refuses duplicates.
    distinct = dict.fromkeys(servers)
    fitting = [server for server in distinct if (":" in server) == (family == IPV6)]
    # The provider fills in an omitted list with its previous value: an empty list clears it.
    listed = bool(fitting) or "dnsNameservers" in context.live.applied(key)
    return Resource(
        key=key,
        family=NETWORKING,
        kind="SubnetV2",
        payload={
            "name": f"{context.order.name}-{family}",
            "networkIdRef": {"name": reference(context.order, context.live, NETWORK)},
            **context.live.resolved(key, "networkId", NETWORK),
            **config,
            **({"dnsNameservers": fitting} if listed else {}),
            "tags": tags(context.order),
        },
        labels={FAMILY_LABEL: family},
        ready=bool(context.live.id(key)),
    )


def _router(context: NetworkContext) -> Resource:
    external = context.settings.config.external_network
    wanted = {"externalNetworkId": external.id} if external and external.id else {}
    return Resource(
        key=ROUTER,
        family=NETWORKING,
        kind="RouterV2",
        payload={
            "name": context.order.name,
            **(wanted | context.live.retained(ROUTER, "externalNetworkId")),
            "tags": tags(context.order),
        },
        ready=bool(context.live.id(ROUTER)),
    )


def _interface(context: NetworkContext, family: str) -> Resource:
    key = f"{keys.INTERFACE}{family}"
    return Resource(
        key=key,
        family=NETWORKING,
        kind="RouterInterfaceV2",
        payload={
            "routerIdRef": {"name": reference(context.order, context.live, ROUTER)},
            "subnetIdRef": {"name": reference(context.order, context.live, f"{SUBNET}{family}")},
            **context.live.resolved(key, "routerId", ROUTER),
            **context.live.resolved(key, "subnetId", f"{SUBNET}{family}"),
            # If omitted, the provider would fill it in, and cannot re-create an interface that
            # has both a port and a subnet.
            "portId": "",
        },
        ready=bool(context.live.id(key)),
    )


def _path(resource: Resource) -> str:
    """Return the order path that a resource was rendered for; empty if there is none."""
    routes = resource.key == ROUTER or resource.key.startswith(keys.INTERFACE)
    return "spec.externalAccess" if routes else ""


def _notes(order: Order[NetworkSpec]) -> tuple[Remark, ...]:
    if not order.spec.ipv6 or order.spec.external_access:
        return ()
    text = "no router announces the range while externalAccess is false"
    return (Remark("spec.ipv6", text),)
