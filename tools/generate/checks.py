"""Say in CEL what the validators of the models say in Python.

The API server tells a tenant the same, in the same words, before the function is asked.
"""

from dataclasses import dataclass

from function.model import ssh, values


@dataclass(frozen=True)
class Check:
    """What a validator of the models says, in CEL."""

    rule: str
    message: str


_PORT_RANGE = (
    "!has(self.ports) || (self.ports.split('-').all(p, int(p) >= 1 && int(p) <= 65535) && "
    "self.ports.split('-').map(p, int(p)).isSorted())"
)


def _network(text: str) -> str:
    """Return a rule for a network, or an address: it is the first address of its range.

    Kubernetes 1.31 knows no bound for what `==` of two ranges or addresses costs, and
    refuses a definition with it. So a range of the address alone is asked whether it holds the
    first one.
    """
    address = f"{text}.substring(0, {text}.indexOf('/'))"
    alone = f"cidr({address} + ({text}.contains(':') ? '/128' : '/32'))"
    return f"isIP({text}) || (isCIDR({text}) && {alone}.containsIP(cidr({text}).masked().ip()))"


_NETWORK = _network("self")
_NETWORKS = f"self.all(x, {_network('x')})"
# Lists of ranges as `model.values` has them.
_NO_HOST, _NO_PEER = list(values.NO_HOSTS), list(values.NO_PEERS)
_WHOLE_ED25519 = "^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}( .*)?$"


def _within(one: str, other: str) -> str:
    """Return a rule that a range lies in another.

    `containsCIDR` is not asked: in Kubernetes 1.31 it says no to 10.1.0.0/16 in 10.0.0.0/8.
    """
    return (
        f"cidr({other}).containsIP(cidr({one}).ip()) && "
        f"cidr({other}).prefixLength() <= cidr({one}).prefixLength()"
    )


def _apart(one: str, other: str) -> Check:
    """Return a check that two ranges have nothing in common.

    Of two that overlap one holds the first address of the other.
    """
    there = f"!has(self.{one}) || !has(self.{other})"
    ranges = f"!isCIDR(self.{one}) || !isCIDR(self.{other})"
    inside = (
        f"cidr(self.{one}).containsIP(cidr(self.{other}).ip()) || "
        f"cidr(self.{other}).containsIP(cidr(self.{one}).ip())"
    )
    return Check(f"{there} || {ranges} || !({inside})", f"{one} and {other} overlap")


def _of_a_family(name: str) -> Check:
    listed = "(has(self.ipFamilies) ? self.ipFamilies : ['IPv4'])"
    family = f"(self.{name}.contains(':') ? 'IPv6' : 'IPv4')"
    return Check(
        f"!has(self.{name}) || {family} in {listed}", f"{name} is not of a family in ipFamilies"
    )


# By the name of the validator. Empty: the schema says it without a rule, or CEL cannot.
CHECKS: dict[str, tuple[Check, ...]] = {
    "_are_networks": (
        Check(
            _NETWORKS, "must be networks such as 203.0.113.0/24 or 2001:db8::/32, no host bits set"
        ),
    ),
    "_by_os_or_by_name": (
        Check("has(self.os) != has(self.name)", "exactly one of os, name is required"),
        Check("has(self.os) == has(self.version)", "os and version go together"),
    ),
    "_allows_some": (
        Check(
            "self != '0%' && self != '00%'",
            "must be at least 1%; to replace no nodes, set healthCheck.enabled to false",
        ),
    ),
    "_cron_ascends": (),
    "_does_something": (
        Check("has(self.start) || has(self.end)", "at least one of start, end is required"),
    ),
    "_address": (Check("isIP(self)", "must be an address such as 9.9.9.9 or 2620:fe::fe"),),
    "_are_of_the_families": (
        Check(
            "!has(self.ipFamilies) || self.ipFamilies.size() < 2 || "
            "self.ipFamilies[0] != self.ipFamilies[1]",
            "ipFamilies contains a duplicate family",
        ),
        _of_a_family("pods"),
        _of_a_family("services"),
        _of_a_family("nodes"),
    ),
    "_exactly_one_of_each": (
        Check("has(self.flavor) != has(self.size)", "exactly one of flavor, size is required"),
        Check(
            "has(self.replicas) != has(self.autoscaling)",
            "exactly one of replicas, autoscaling is required",
        ),
    ),
    "_fields_fit": (
        Check("has(self.size) != has(self.flavor)", "exactly one of size, flavor is required"),
        Check(
            "!has(self.replicas) || self.replicas == 1 || !has(self.networks) || "
            "self.networks.all(n, !has(n.ipAddress))",
            "networks[].ipAddress goes with one replica only",
        ),
    ),
    "_has_room": (
        Check(
            "isCIDR(self) && cidr(self).ip().family() == 4 && "
            "cidr(self).prefixLength() >= 8 && cidr(self).prefixLength() <= 28",
            "must be of IPv4, from /8 to /28",
        ),
    ),
    "_host_can_have": (
        Check(
            f"!isIP(self) || {_NO_HOST}.all(c, !cidr(c).containsIP(self))",
            "must be an address that a host can have",
        ),
    ),
    "_in_order": (Check("self.min <= self.max", "max must be at least min"),),
    "_drains_for_a_while": (
        Check(
            "duration(self) >= duration('1s')",
            "must be at least 1s; leave it out for the provider's own limit",
        ),
    ),
    "_is_a_window": (
        Check(
            "duration(self) >= duration('30m') && duration(self) <= duration('6h')",
            "must lie between 30m and 6h",
        ),
    ),
    "_is_a_service_range": (
        Check(
            "isCIDR(self) && (cidr(self).ip().family() == 4 ? "
            "cidr(self).prefixLength() >= 12 && cidr(self).prefixLength() <= 28 : "
            "cidr(self).prefixLength() >= 108 && cidr(self).prefixLength() <= 124)",
            "must be from /12 to /28, of IPv6 from /108 to /124",
        ),
    ),
    "_is_an_address": (Check("isIP(self) && ip(self).family() == 4", "must be an IPv4 address"),),
    "_is_no_flag_value": (
        Check("self != '-'", "must be another text than -; write an empty text for no prefix"),
    ),
    "_name_is_reachable": (
        Check(
            "!self.contains(':') || isIP(self)",
            "must be an address such as 2001:db8::6, or a DNS name",
        ),
    ),
    "_network": (Check(_NETWORK, "must be a network such as 10.0.0.0/16, no host bits set"),),
    "_one_can_move": (
        Check(
            "!has(self.maxSurge) || self.maxSurge > 0 || "
            "(has(self.maxUnavailable) && self.maxUnavailable > 0)",
            "maxSurge and maxUnavailable must not both be 0",
        ),
    ),
    "_one_way_or_the_other": (
        Check(
            "!has(self.enabled) || !self.enabled || !has(self.schedules) || "
            "self.schedules.size() == 0",
            "enabled goes without schedules: they switch it themselves",
        ),
    ),
    "_peer_can_have": (
        Check(
            f"isIP(self) ? {_NO_PEER}.all(c, !cidr(c).containsIP(self)) : "
            f"!isCIDR(self) || {_NO_PEER}.all(c, !({_within('self', 'c')}))",
            "must be a network that others can be in; everywhere is 0.0.0.0/0 or ::/0",
        ),
    ),
    "_pool_names_are_distinct": (),
    "_ports_fit": (
        Check(
            "!has(self.ports) || self.protocol in ['tcp', 'udp']",
            "ports go with tcp and udp only",
        ),
        Check(_PORT_RANGE, "ports must lie between 1 and 65535, the lower first"),
    ),
    "_prefix_is_short": (
        Check("self.indexOf('/') <= 253", "must have at most 253 characters before the slash"),
    ),
    "_ranges_are_apart": (
        _apart("pods", "services"),
        _apart("pods", "nodes"),
        _apart("services", "nodes"),
    ),
    "_taints_are_distinct": (
        Check(
            "self.all(x, self.exists_one(y, x.key == y.key && x.effect == y.effect))",
            "two taints have the same key and effect",
        ),
    ),
    # An error counts as no: the server knows the zones that it is built with.
    "_timezone": (
        Check(
            "self != '' && self != 'Local' && !self.contains(':') && "
            "timestamp('2026-01-15T00:00:00Z').getHours(self) >= 0",
            "must be a time zone such as UTC or Europe/Berlin",
        ),
    ),
    "_volume_names_are_distinct": (),
    "_waits_for_a_while": (Check("duration(self) >= duration('30s')", "must be at least 30s"),),
    "are_certificates": (),
    # Of other types only the function knows what a whole key is.
    "is_public_key": (
        Check(f"!self.startsWith('ssh-ed25519 ') || self.matches('{_WHOLE_ED25519}')", ssh.BROKEN),
    ),
    "_zones_are_distinct": (
        Check("self.all(x, self.exists_one(y, x == y))", "contains a duplicate zone"),
    ),
}
