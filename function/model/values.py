"""Define the kinds of text that orders and environments hold: names, networks, durations."""

import functools
import ipaddress
import re
import zoneinfo
from typing import Annotated

import pydantic

from function.schema import DNS_LABEL, new_text, text

# What people do not see in a text: controls of C0 and C1, separators of lines, marks that change
# the direction of writing, spaces without width. Not what joins letters and emoji.
_LINES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_UNSEEN = "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_CONTROLS = rf"\x00-\x1f\x7f-\x9f{_UNSEEN}"
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
OidcPrefix = Annotated[str, pydantic.StringConstraints(max_length=63), UNESCAPED]
HTTPSURL = Annotated[str, text(r"^https://[^\s]+$", "an https URL", max_length=512)]
# An API server does not start with an issuer that has a user, a query or a fragment.
IssuerURL = Annotated[
    str,
    text(r"^https://[^\s?#@]+$", "an https URL, without user, query or fragment", max_length=512),
    new_text(
        rf"^https://[^\s?#@\x22\x27\x5c{_CONTROLS}]+$",
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
Cron = Annotated[
    str, text(_CRON, 'five fields of a cron schedule, such as "0 20 * * *"', max_length=64)
]

LabelKey = Annotated[
    str,
    text(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        "the key of a label, such as dedicated or example.com/role",
        max_length=317,
    ),
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

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
ServerName = Annotated[
    str,
    text(
        rf"^((\*\.)?{_LABEL}(\.{_LABEL})*|[0-9a-f]*:[0-9a-f:.]*)$",
        "a DNS name in lower case, such as api.example.org or *.example.org, or an address",
        max_length=253,
    ),
]
Certificates = Annotated[
    str,
    text(
        r"^(-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$",
        "one or more certificates in PEM form",
        max_length=32768,
    ),
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


def is_network(value: str) -> bool:
    """Say whether this is a network in CIDR form, or one address, as an API server reads it.

    A netmask is neither, nor are IPv4 within IPv6, a zone, or a prefix with a zero before it.
    """
    try:
        network = ipaddress.ip_network(value)
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
    return str(ipaddress.ip_network(value))


Network = Annotated[
    str, pydantic.StringConstraints(max_length=43), pydantic.AfterValidator(_network)
]


def _address(value: str) -> str:
    if "/" in value or not is_network(value):
        raise ValueError("must be an address such as 9.9.9.9 or 2620:fe::fe")
    return str(ipaddress.ip_address(value))


IPAddress = Annotated[
    str, pydantic.StringConstraints(max_length=39), pydantic.AfterValidator(_address)
]
