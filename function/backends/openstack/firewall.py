"""Render the security group of an order and its rules; rules are immutable."""

from function.backends.openstack.effective import ServerContext
from function.backends.openstack.keys import GROUP, NETWORKING, RULE
from function.backends.openstack.naming import reference, tags, title
from function.contract import Resource
from function.model import ServerSpec
from function.model.firewall import Rule
from function.model.values import ip_network
from function.schema import digest


def render_group(context: ServerContext) -> Resource:
    """Return the security group; its own rules replace those a cloud would add."""
    return Resource(
        key=GROUP,
        family=NETWORKING,
        kind="SecgroupV2",
        payload={
            "name": title(context.order, GROUP),
            "description": f"Server {context.order.tenant}/{context.order.name}",
            "deleteDefaultRules": True,
            "tags": tags(context.order),
        },
        ready=bool(context.live.id(GROUP)),
    )


def render_rules(context: ServerContext) -> list[Resource]:
    """Return a rule for each protocol, range of ports and peer."""
    flat = _flat(context.order.spec)
    return [_rule(context, key, *flat[key]) for key in sorted(flat)]


def rule_keys(spec: ServerSpec) -> set[str]:
    """Return the keys of the rules that an order needs."""
    return {_key(flat) for flat in _flat(spec)}


def path(resource: Resource) -> str:
    """Return the order path that a rule was rendered for."""
    payload = resource.payload
    low, high = payload.get("portRangeMin", ""), payload.get("portRangeMax", "")
    protocol = str(payload.get("protocol") or "any").removeprefix("ipv6-")
    flat = f"{protocol}/{low}-{high}/{payload.get('remoteIpPrefix')}"
    return f"spec.firewall.{payload.get('direction')}[{flat}]"


def _flat(spec: ServerSpec) -> dict[str, tuple[str, Rule, str]]:
    firewall = spec.firewall
    return {
        f"{direction}/{key}": (direction, rule, peer)
        for direction, rules in (("ingress", firewall.ingress), ("egress", firewall.egress))
        for rule in rules
        for key, peer in rule.flat().items()
    }


def _key(flat: str) -> str:
    return f"{RULE}{digest(flat)[7:17]}"


def _rule(context: ServerContext, flat: str, direction: str, rule: Rule, peer: str) -> Resource:
    network = ip_network(peer)
    key = _key(flat)
    low, high = rule.port_range or (None, None)
    return Resource(
        key=key,
        family=NETWORKING,
        kind="SecgroupRuleV2",
        payload={
            "direction": direction,
            "ethertype": f"IPv{network.version}",
            **_protocol(rule.protocol, network.version),
            **({"portRangeMin": low, "portRangeMax": high} if low else {}),
            "remoteIpPrefix": str(network),
            "securityGroupIdRef": {"name": reference(context.order, context.live, GROUP)},
            **context.live.resolved(key, "securityGroupId", GROUP),
        },
        # Rules are immutable, and a changed comment is not worth an interruption.
        initial={"description": rule.description} if rule.description else {},
        ready=bool(context.live.id(key)),
    )


def _protocol(protocol: str, version: int) -> dict[str, str]:
    """Return neutron's name of the protocol; if omitted, that of all protocols."""
    if protocol == "any":
        return {}
    return {"protocol": "ipv6-icmp" if (protocol, version) == ("icmp", 6) else protocol}
