"""Define the kinds of text that orders and environments hold: names, networks, durations.

What a type refuses was refused by its first release; what was added since is a `Constraint`.
"""

import functools
import ipaddress
import re
import zoneinfo
from typing import Annotated

import pydantic

from function.model import pem, ssh
from function.schema import DNS_LABEL, Constraint, new_text, text

# What people do not see in a text: controls of C0 and C1, separators of lines, marks that change
# the direction of writing, spaces without width. Not what joins letters and emoji.
_LINES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_UNSEEN = "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_CONTROLS = rf"\x00-\x1f\x7f-\x9f{_UNSEEN}"
# What is a space to people, but not to the API server, whose `\s` is of ASCII.
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
PRINTABLE = new_text(rf"^[^{_CONTROLS}]*$", "printable text in one line")
PRINTABLE_LINES = new_text(rf"^[^{_LINES}{_UNSEEN}]*$", "printable text")
# Such text is put between quotes by what reads it: in the patches of a cluster class, in an
# expression, in a shell.
UNQUOTED = new_text(
    rf"^[^\x22\x27{_CONTROLS}]*$", "printable text in one line, without quotation marks"
)
# Of a patch in YAML a backslash escapes the quotation mark after it. Groups may have one, as in
# EXAMPLE\\admins: they are written as JSON.
UNESCAPED = new_text(
    rf"^[^\x22\x27\x5c{_CONTROLS}]*$",
    "printable text in one line, without quotation marks and backslashes",
)
PoolName = Annotated[
    str, text(DNS_LABEL, "lower-case letters, digits and dashes, as in a DNS label", max_length=15)
]
VolumeName = Annotated[
    str, text(DNS_LABEL, "lower-case letters, digits and dashes, as in a DNS label", max_length=32)
]
FlavorName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255), PRINTABLE]
ZoneName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=63), PRINTABLE]
ImageName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255), PRINTABLE]
ImageVersion = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=32), PRINTABLE]
GroupName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253), UNQUOTED]
OidcName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253), UNESCAPED]
HTTPSURL = Annotated[str, text(r"^https://[^\s]+$", "an https URL", max_length=512)]
# An API server does not start with an issuer that has a user, a query or a fragment.
IssuerURL = Annotated[
    str,
    text(r"^https://[^\s?#@]+$", "an https URL, without user, query or fragment", max_length=512),
    new_text(
        rf"^https://[^\s?#@\x22\x27\x5c{_CONTROLS}{_SPACES}]+$",
        "an https URL, without user, query or fragment, of printable characters other than "
        "quotation marks and backslashes",
    ),
]
KubernetesVersion = Annotated[
    str,
    text(
        r"^1\.(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*|x))?$",
        'a version such as "1.34", "1.34.x" or "1.34.7"',
        max_length=16,
    ),
]
Share = Annotated[str, text(r"^([0-9]{1,2}|100)%$", 'a share such as "40%"', max_length=4)]

DURATION = re.compile(r"^(?:([0-9]{1,3})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,5})s)?$")
Duration = Annotated[
    str,
    text(DURATION.pattern, 'a duration such as "10m" or "1h30m"', min_length=2, max_length=12),
]
TimeOfDay = Annotated[
    str, text(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", 'a time of day such as "22:00"', max_length=5)
]


def _cron_field(number: str, names: str = "") -> str:
    """Return the pattern of one field: `*`, numbers, ranges and steps, separated by commas."""
    one = f"(?:{number}|{names})" if names else f"(?:{number})"
    part = rf"(?:\*|{one}(?:-{one})?)(?:/[1-9][0-9]?)?"
    return f"{part}(?:,{part})*"


_MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_DAYS = "(?i:sun|mon|tue|wed|thu|fri|sat)"
_CRON = " ".join(
    (
        f"^{_cron_field('[0-5]?[0-9]')}",
        _cron_field("[01]?[0-9]|2[0-3]"),
        _cron_field("0?[1-9]|[12][0-9]|3[01]"),
        _cron_field("0?[1-9]|1[0-2]", _MONTHS),
        f"{_cron_field('[0-6]', _DAYS)}$",
    )
)

_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTH_NAMES = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_NUMBERS = {name: number for number, name in enumerate(_DAY_NAMES)} | {
    name: number for number, name in enumerate(_MONTH_NAMES, start=1)
}


def _cron_ascends(value: str) -> str:
    """Refuse ranges that end before they begin: no cron of a backend reads fri-mon."""
    ends = re.findall(r"(?<![\w/])(\w+)-(\w+)", value)
    if all(_cron_number(begin) <= _cron_number(end) for begin, end in ends):
        return ""
    return "must have ranges that begin with the lower value; Sunday is 0, the first day"


def _cron_number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text.lower()]


Cron = Annotated[
    str,
    text(
        _CRON,
        'five fields of a cron schedule, such as "0 20 * * *"; Sunday is 0 or sun',
        max_length=64,
    ),
    Constraint(_cron_ascends),
]

# Of a DNS subdomain, which the prefix of a key is.
_LONGEST_PREFIX = 253


def _prefix_is_short(key: str) -> str:
    """Refuse what every API server refuses as the key of a label, annotation or taint."""
    prefix = key.rpartition("/")[0]
    if len(prefix) <= _LONGEST_PREFIX:
        return ""
    return f"must have at most {_LONGEST_PREFIX} characters before the slash"


LabelKey = Annotated[
    str,
    text(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        "the key of a label, such as dedicated or example.com/role",
        max_length=317,
    ),
    Constraint(_prefix_is_short),
]
LabelValue = Annotated[
    str,
    text(
        r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        "the value of a label: letters, digits and -_. between them",
        max_length=63,
    ),
]
AnnotationValue = Annotated[str, pydantic.StringConstraints(max_length=1024), PRINTABLE_LINES]


def _name_is_reachable(value: str) -> str:
    """Refuse text that only looks like an address."""
    is_address = ":" not in value or is_network(value)
    return "" if is_address else "must be an address such as 2001:db8::6, or a DNS name"


_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
ServerName = Annotated[
    str,
    text(
        rf"^((\*\.)?{_LABEL}(\.{_LABEL})*|[0-9a-f]*:[0-9a-f:.]*)$",
        "a DNS name in lower case, such as api.example.org or *.example.org, or an address",
        max_length=253,
    ),
    Constraint(_name_is_reachable),
]
Certificates = Annotated[
    str,
    text(
        r"^(-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$",
        "one or more certificates in PEM form",
        max_length=32768,
    ),
    Constraint(pem.are_certificates),
]
PublicKey = Annotated[
    str,
    text(
        r"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$",
        "a public key in one line, such as ssh-ed25519 AAAAC3Nza name",
        max_length=2048,
    ),
    new_text(
        rf"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^{_CONTROLS}]*)?$",
        "a public key in one line, such as ssh-ed25519 AAAAC3Nza name",
    ),
    Constraint(ssh.is_public_key),
]

PORTS = re.compile(r"^([0-9]{1,5})(?:-([0-9]{1,5}))?$")
Ports = Annotated[
    str,
    text(PORTS.pattern, 'one port such as "443", or a range such as "8000-8099"', max_length=11),
]


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as `1h30m`."""
    found = DURATION.match(duration)
    hours, minutes, rest = (int(part or 0) for part in (found.groups() if found else (0, 0, 0)))
    return hours * 3600 + minutes * 60 + rest


def _drains_for_a_while(value: str) -> str:
    """Refuse zero, which means no limit to Cluster API and no time at all to Gardener."""
    return (
        "" if seconds(value) else "must be at least 1s; leave it out for the provider's own limit"
    )


def _waits_for_a_while(value: str) -> str:
    """Refuse to replace nodes that have had no time to start."""
    return "" if seconds(value) >= SHORTEST_PATIENCE else "must be at least 30s"


def _allows_some(value: str) -> str:
    """Refuse a share of nothing: no node would be replaced, while the check is on."""
    if int(value.removesuffix("%")):
        return ""
    return "must be at least 1%; to replace no nodes, set healthCheck.enabled to false"


# How long a node may take to let its pods go, and be unhealthy before it is replaced.
DrainTimeout = Annotated[Duration, Constraint(_drains_for_a_while)]
Patience = Annotated[Duration, Constraint(_waits_for_a_while)]
SHORTEST_PATIENCE = 30
UnhealthyShare = Annotated[Share, Constraint(_allows_some)]


def _is_no_flag_value(value: str) -> str:
    """Refuse what a flag of the API server reads as no prefix, and its configuration does not."""
    return "must be another text than -; write an empty text for no prefix" if value == "-" else ""


OidcPrefix = Annotated[
    str,
    pydantic.StringConstraints(max_length=63),
    UNESCAPED,
    Constraint(_is_no_flag_value),
]


@functools.cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _timezone(value: str) -> str:
    if value not in _timezones():
        raise ValueError("must be a time zone such as UTC or Europe/Berlin")
    return value


Timezone = Annotated[
    str, pydantic.StringConstraints(max_length=63), pydantic.AfterValidator(_timezone)
]


@functools.lru_cache(maxsize=4096)
def ip_network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a network; the same few are read at every call.

    Raises:
        ValueError: It is none, or has host bits set.
    """
    return ipaddress.ip_network(cidr)


@functools.lru_cache(maxsize=4096)
def is_network(value: str) -> bool:
    """Say whether this is a network in CIDR form, or one address, as an API server reads it.

    A netmask is neither, nor are IPv4 within IPv6, a zone, or a prefix with a zero before it.
    """
    try:
        network = ip_network(value)
    except ValueError:
        return False
    prefix = value.partition("/")[2]
    return _is_plain(network.network_address) and (
        "/" not in value or prefix == str(network.prefixlen)
    )


def _is_plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address.ipv4_mapped is None and address.scope_id is None


def _network(value: str) -> str:
    if not is_network(value):
        raise ValueError("must be a network such as 10.0.0.0/16, no host bits set")
    return str(ip_network(value))


Network = Annotated[
    str, pydantic.StringConstraints(max_length=43), pydantic.AfterValidator(_network)
]


def _address(value: str) -> str:
    if "/" in value or not is_network(value):
        raise ValueError("must be an address such as 9.9.9.9 or 2620:fe::fe")
    return str(ipaddress.ip_address(value))


# This host, loopback, multicast and above: no host answers there. Link-local is not among them,
# because a resolver may well be.
NO_HOSTS = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")
# No peer has such an address, though packets to multicast and broadcast addresses are sent.
NO_PEERS = ("0.0.0.0/8", "127.0.0.0/8", "::/127")


@functools.lru_cache(maxsize=4096)
def _is_inside(value: str, ranges: tuple[str, ...]) -> bool:
    network = ip_network(value)
    networks = (ip_network(cidr) for cidr in ranges)
    return any(
        network.version == one.version and network.subnet_of(one)  # type: ignore[arg-type]  # of one version
        for one in networks
    )


def _host_can_have(value: str) -> str:
    """Refuse addresses that no host can have."""
    return "must be an address that a host can have" if _is_inside(value, NO_HOSTS) else ""


def _peer_can_have(value: str) -> str:
    """Refuse networks at the other end in which nobody can be; the whole is written with /0."""
    if not is_network(value) or not _is_inside(value, NO_PEERS):
        return ""
    return "must be a network that others can be in; everywhere is 0.0.0.0/0 or ::/0"


# This host, loopback, link-local, multicast and above: no network works there.
UNUSABLE = (
    *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"),
    *("::/8", "fe80::/10", "ff00::/8"),
)
NO_HOST = "holds addresses that no host can have"


def is_unusable(cidr: str) -> bool:
    """Say whether a range holds addresses that no host can have."""
    network = ip_network(cidr)
    return any(network.overlaps(ip_network(taken)) for taken in UNUSABLE)


# Private use, carrier-grade translation, benchmarks and documentation: nobody is reached by these.
_PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"),
    *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "2001:db8::/32"),
)
PUBLIC = (
    "has addresses of the internet: who has them there cannot be reached from here; private are "
    "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and fc00::/7"
)


def is_private(cidr: str) -> bool:
    """Say whether a range has no address of somebody in the internet."""
    return _is_inside(cidr, _PRIVATE)


def _is_usable(cidr: str) -> str:
    return NO_HOST if is_network(cidr) and is_unusable(cidr) else ""


UsableRange = Constraint(_is_usable)
HostAddress = Constraint(_host_can_have)
PeerNetwork = Constraint(_peer_can_have)
IPAddress = Annotated[
    str, pydantic.StringConstraints(max_length=39), pydantic.AfterValidator(_address), HostAddress
]
