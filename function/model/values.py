"""Define the kinds of text that orders and environments hold: names, networks, durations."""

import functools
import ipaddress
import re
import zoneinfo
from typing import Annotated

import pydantic

from function.schema import DNS_LABEL

PoolName = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=15)]
DURATION = re.compile(r"^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$")
FlavorName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=255)]
ZoneName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=63)]
GroupName = Annotated[str, pydantic.StringConstraints(min_length=1, max_length=253)]
HTTPSURL = Annotated[str, pydantic.StringConstraints(pattern=r"^https://[^\s]+$", max_length=512)]
# An API server does not start with an issuer that has a user, a query or a fragment.
IssuerURL = Annotated[
    str, pydantic.StringConstraints(pattern=r"^https://[^\s?#@]+$", max_length=512)
]


Duration = Annotated[
    str, pydantic.StringConstraints(pattern=DURATION.pattern, min_length=2, max_length=12)
]
TimeOfDay = Annotated[
    str, pydantic.StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", max_length=5)
]
Cron = Annotated[str, pydantic.StringConstraints(pattern=r"^\S+( \S+){4}$", max_length=64)]
LabelKey = Annotated[
    str,
    pydantic.StringConstraints(
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        max_length=317,
    ),
]
LabelValue = Annotated[
    str,
    pydantic.StringConstraints(
        pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63
    ),
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
    """Say whether this is a network in CIDR form, or one address; a netmask is neither."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return value.partition("/")[2].isdigit() or "/" not in value


def _network(value: str) -> str:
    if not is_network(value):
        raise ValueError("must be a network such as 10.0.0.0/16, no host bits set")
    return str(ipaddress.ip_network(value))


Network = Annotated[
    str, pydantic.StringConstraints(max_length=43), pydantic.AfterValidator(_network)
]
