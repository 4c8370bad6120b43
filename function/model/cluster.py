"""Declare the order `Cluster`: a Kubernetes cluster."""

import datetime
import functools
import ipaddress
import re
import zoneinfo
from typing import Annotated, Any, Literal

import pydantic

from function.model.order import OrderSpec, Size
from function.schema import DNS_LABEL, Count, DNSLabel, Flag, Schema, ordered

PoolName = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=15)]
DURATION = re.compile(r"^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$")
MINUTES_OF_A_DAY = 24 * 60
SHORTEST_WINDOW, LONGEST_WINDOW = 30 * 60, 6 * 60 * 60
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


class ControlPlane(Schema):
    """Ask for a control plane by the failure that it survives."""

    flavor: FlavorName | None = ordered(
        "Offered flavor of its machines, a hint: some providers run control planes otherwise. "
        "The environment's choice if absent.",
        change="rolling",
        default=None,
        example="SCS-4V-8",
    )
    availability: Literal["None", "Node", "Zone"] = ordered(
        "Failure that the control plane survives: None, the loss of a Node, the loss of a Zone. "
        "Node if absent.",
        change="refused",
        default="Node",
    )


class RootVolume(Schema):
    """Ask for the root volume of each node."""

    size_gib: Count = ordered(
        "Size in GiB.", change="rolling", alias="sizeGiB", ge=10, le=65536, example=50
    )
    type: DNSLabel | None = ordered(
        "Offered volume type. The environment's default if absent.",
        change="rolling",
        default=None,
        example="ssd",
    )


class Autoscaling(Schema):
    """Let the number of nodes follow the load."""

    min: Count = ordered("Least number of nodes.", change="in place", ge=1, le=1000, example=3)
    max: Count = ordered("Greatest number of nodes.", change="in place", ge=1, le=1000, example=9)

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Autoscaling":
        if self.max < self.min:
            raise ValueError("max must be at least min")
        return self


class Taint(Schema):
    """Keep pods away from nodes that do not tolerate this."""

    key: LabelKey = ordered("Key.", change="in place", example="dedicated")
    value: LabelValue | None = ordered(
        "Value. Empty if absent.", change="in place", default=None, example="web"
    )
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = ordered(
        "What happens to pods that do not tolerate it.", change="in place", example="NoSchedule"
    )


class Update(Schema):
    """Say how nodes are replaced."""

    max_surge: Count = ordered(
        "Nodes that may exist beyond the wanted number. 1 if absent.",
        change="in place",
        default=1,
        ge=0,
        le=100,
    )
    max_unavailable: Count = ordered(
        "Nodes that may be missing from the wanted number. 0 if absent.",
        change="in place",
        default=0,
        ge=0,
        le=100,
    )

    @pydantic.model_validator(mode="after")
    def _one_can_move(self) -> "Update":
        if self.max_surge == self.max_unavailable == 0:
            raise ValueError("maxSurge and maxUnavailable must not both be 0")
        return self


class NodePool(Schema):
    """Ask for a group of equal worker nodes."""

    name: PoolName = ordered(
        "Name of the pool, its identity: another name is another pool.",
        change="replace",
        example="web",
    )
    flavor: FlavorName | None = ordered(
        "Offered flavor of each node, by its scs-0100 name. Exactly one of flavor and size.",
        change="rolling",
        default=None,
        example="SCS-4V-16",
    )
    size: Size | None = ordered(
        "Least size of each node. Exactly one of flavor and size.", change="rolling", default=None
    )
    replicas: Count | None = ordered(
        "Number of nodes. Exactly one of replicas and autoscaling.",
        change="in place",
        default=None,
        ge=0,
        le=1000,
        example=3,
    )
    autoscaling: Autoscaling | None = ordered(
        "Number of nodes that follows the load. Exactly one of replicas and autoscaling.",
        change="in place",
        default=None,
    )
    zones: tuple[ZoneName, ...] = ordered(
        "Availability zones over which the nodes are spread evenly. "
        "The environment's choice if absent.",
        change="refused",
        default=(),
        max_length=10,
        example=["az1", "az2"],
    )
    root_volume: RootVolume | None = ordered(
        "Root volume of each node. Disk of the flavor, or the environment's default, if absent.",
        change="rolling",
        default=None,
    )

    labels: dict[LabelKey, LabelValue] = ordered(
        "Labels of the nodes.", change="in place", default={}, max_length=32
    )
    taints: tuple[Taint, ...] = ordered(
        "Taints of the nodes.", change="in place", default=(), max_length=16
    )
    update: Update = ordered("How nodes are replaced.", change="in place", default=Update())
    drain_timeout: Duration | None = ordered(
        "How long a node may take to let its pods go, such as 10m. The environment's if absent.",
        change="in place",
        default=None,
        example="10m",
    )

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the least and the greatest number of nodes."""
        if self.autoscaling:
            return self.autoscaling.min, self.autoscaling.max
        return self.replicas or 0, self.replicas or 0

    @pydantic.model_validator(mode="after")
    def _exactly_one_of_each(self) -> "NodePool":
        if (self.flavor is None) == (self.size is None):
            raise ValueError("exactly one of flavor, size is required")
        if (self.replicas is None) == (self.autoscaling is None):
            raise ValueError("exactly one of replicas, autoscaling is required")
        return self

    @pydantic.field_validator("taints")
    @classmethod
    def _taints_are_distinct(cls, taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
        if len({(taint.key, taint.effect) for taint in taints}) != len(taints):
            raise ValueError("two taints have the same key and effect")
        return taints

    @pydantic.field_validator("zones")
    @classmethod
    def _zones_are_distinct(cls, zones: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(zones)) != len(zones):
            raise ValueError("names a zone twice")
        return zones


class Oidc(Schema):
    """Name the OpenID Connect issuer whose users may log in."""

    issuer_url: IssuerURL = ordered(
        "Issuer, an https URL.",
        change="rolling",
        alias="issuerURL",
        example="https://idp.example.com/realms/acme",
    )
    client_id: GroupName = ordered(
        "Client that the tokens are made for.",
        change="rolling",
        alias="clientID",
        example="kubectl",
    )
    username_claim: GroupName = ordered(
        "Claim that names the user. preferred_username if absent.",
        change="rolling",
        default="preferred_username",
    )
    groups_claim: GroupName = ordered(
        "Claim that lists the groups. groups if absent.", change="rolling", default="groups"
    )
    username_prefix: Annotated[str, pydantic.StringConstraints(max_length=63)] = ordered(
        'Prefix of user names. "oidc:" if absent.', change="rolling", default="oidc:"
    )
    groups_prefix: Annotated[str, pydantic.StringConstraints(max_length=63)] = ordered(
        'Prefix of group names. "oidc:" if absent.', change="rolling", default="oidc:"
    )


class Access(Schema):
    """Say who may use the cluster."""

    oidc: Oidc | None = ordered(
        "Login by OpenID Connect. The environment's issuer if absent.",
        change="rolling",
        default=None,
    )
    admin_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that administer the cluster, without prefix.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-admins"],
    )
    viewer_groups: tuple[GroupName, ...] = ordered(
        "Groups of the issuer that may read the cluster, without prefix.",
        change="in place",
        default=(),
        max_length=50,
        example=["acme-viewers"],
    )


class ClusterNetwork(Schema):
    """Choose the address ranges of the cluster."""

    pods: Network | None = ordered(
        "Range of pods, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.0.0.0/16",
    )
    services: Network | None = ordered(
        "Range of services, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.1.0.0/16",
    )
    nodes: Network | None = ordered(
        "Range of nodes, CIDR. The environment's if absent.",
        change="refused",
        default=None,
        example="10.8.0.0/20",
    )
    ip_families: tuple[Literal["IPv4", "IPv6"], ...] = ordered(
        "Families of addresses in the cluster. [IPv4] if absent.",
        change="refused",
        default=("IPv4",),
        min_length=1,
        max_length=2,
    )

    @pydantic.model_validator(mode="after")
    def _ranges_are_apart(self) -> "ClusterNetwork":
        named = {"pods": self.pods, "services": self.services, "nodes": self.nodes}
        ranges = [(name, ipaddress.ip_network(cidr)) for name, cidr in named.items() if cidr]
        for index, (name, one) in enumerate(ranges):
            for other_name, other in ranges[index + 1 :]:
                if one.overlaps(other):
                    raise ValueError(f"{name} and {other_name} overlap")
        return self


class ApiServer(Schema):
    """Say how the API server is reached."""

    exposure: Literal["Public", "Private"] = ordered(
        "Whether it has a public address. Public if absent.", change="refused", default="Public"
    )
    allowed_cidrs: tuple[Network, ...] = ordered(
        "Networks that may reach it. All if absent.",
        change="in place",
        default=(),
        alias="allowedCIDRs",
        max_length=50,
        example=["203.0.113.0/24"],
    )
    extra_names: tuple[GroupName, ...] = ordered(
        "Further names in its certificate.",
        change="rolling",
        default=(),
        max_length=20,
        example=["api.shop.example.org"],
    )


class Window(Schema):
    """Name the time in which the provider may change things."""

    begin: TimeOfDay = ordered("Begin, such as 22:00.", change="in place", example="22:00")
    duration: Duration = ordered("How long it is open, 30m to 6h.", change="in place", example="1h")
    timezone: Timezone = ordered(
        "Time zone of begin. UTC if absent.", change="in place", default="UTC"
    )
    days: tuple[Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ...] = ordered(
        "Days on which it opens. Every day if absent.", change="in place", default=(), max_length=7
    )

    @property
    def span(self) -> tuple[int, int]:
        """Return begin and end in minutes after midnight."""
        hours, minutes = (int(part) for part in self.begin.split(":"))
        begin = hours * 60 + minutes
        return begin, (begin + seconds(self.duration) // 60) % MINUTES_OF_A_DAY

    @property
    def winter_offset(self) -> str:
        """Return the offset of the time zone in winter, such as +0100."""
        winter = datetime.datetime(2026, 1, 15, tzinfo=zoneinfo.ZoneInfo(self.timezone))
        return f"{winter:%z}"[:5]

    @pydantic.field_validator("duration")
    @classmethod
    def _is_a_window(cls, value: str) -> str:
        if not SHORTEST_WINDOW <= seconds(value) <= LONGEST_WINDOW:
            raise ValueError("must lie between 30m and 6h")
        return value


class AutoUpdate(Schema):
    """Say what the provider may update by itself."""

    kubernetes: Flag = ordered(
        "New patches of the Kubernetes version. true if absent.", change="in place", default=True
    )
    machine_image: Flag = ordered(
        "New images of the nodes. true if absent.", change="in place", default=True
    )


class Maintenance(Schema):
    """Say when and what the provider may change by itself."""

    window: Window | None = ordered(
        "When. The provider's choice if absent.", change="in place", default=None
    )
    auto_update: AutoUpdate = ordered("What.", change="in place", default=AutoUpdate())


class HibernationSchedule(Schema):
    """Put the cluster to sleep and wake it, by the clock."""

    start: Cron | None = ordered(
        "When it falls asleep, as a cron expression.",
        change="in place",
        default=None,
        example="0 20 * * *",
    )
    end: Cron | None = ordered(
        "When it wakes, as a cron expression.",
        change="in place",
        default=None,
        example="0 6 * * *",
    )
    timezone: Timezone = ordered(
        "Time zone of both. UTC if absent.", change="in place", default="UTC"
    )

    @pydantic.model_validator(mode="after")
    def _does_something(self) -> "HibernationSchedule":
        if self.start is None and self.end is None:
            raise ValueError("at least one of start, end is required")
        return self


class Hibernation(Schema):
    """Let the cluster sleep: no machines run, its data are kept."""

    enabled: Flag = ordered(
        "Sleep now. Goes without schedules. false if absent.", change="in place", default=False
    )
    schedules: tuple[HibernationSchedule, ...] = ordered(
        "Sleep by the clock.", change="in place", default=(), max_length=10
    )

    @pydantic.model_validator(mode="after")
    def _one_way_or_the_other(self) -> "Hibernation":
        if self.enabled and self.schedules:
            raise ValueError("enabled goes without schedules: they switch it themselves")
        return self


class HealthCheck(Schema):
    """Replace nodes that are not healthy."""

    enabled: Flag = ordered(
        "Whether they are replaced. true if absent.", change="in place", default=True
    )
    unhealthy_after: Duration = ordered(
        "How long a node may be out of order. 5m if absent.", change="in place", default="5m"
    )
    max_unhealthy: Annotated[
        str, pydantic.StringConstraints(pattern=r"^(\d{1,2}|100)%$", max_length=4)
    ] = ordered(
        "Share of a pool beyond which none is replaced, because the trouble lies elsewhere. "
        "40% if absent.",
        change="in place",
        default="40%",
    )


class ClusterSpec(OrderSpec):
    """Ask for a Kubernetes cluster."""

    version: Annotated[
        str,
        pydantic.StringConstraints(pattern=r"^1\.(0|[1-9]\d*)(\.(0|[1-9]\d*|x))?$", max_length=16),
    ] = ordered(
        "Kubernetes version. 1.34 or 1.34.x: the newest supported patch when first answered, then "
        "kept; 1.34.7: exactly that. Never goes down; minors are taken one at a time.",
        change="rolling",
        example="1.34",
    )
    cluster_class: DNSLabel = ordered(
        "Offered cluster class. default if absent.",
        change="rolling",
        default="default",
        alias="class",
    )
    variables: dict[str, Any] = ordered(
        "Variables of the class; only those that the class opens to tenants.",
        change="rolling",
        default={},
        max_length=50,
        example={"nodeCIDR": "10.9.0.0/20"},
    )
    control_plane: ControlPlane = ordered(
        "The control plane.", change="in place", default=ControlPlane()
    )
    node_pools: tuple[NodePool, ...] = ordered(
        "Groups of worker nodes; may be empty.",
        change="in place",
        default=(),
        max_length=50,
    )
    network: ClusterNetwork = ordered(
        "Address ranges of the cluster.", change="in place", default=ClusterNetwork()
    )
    api_server: ApiServer = ordered(
        "How the API server is reached.", change="in place", default=ApiServer()
    )
    access: Access = ordered("Who may use the cluster.", change="in place", default=Access())
    maintenance: Maintenance = ordered(
        "When and what the provider may change by itself.",
        change="in place",
        default=Maintenance(),
    )
    hibernation: Hibernation = ordered(
        "Whether the cluster sleeps.", change="in place", default=Hibernation()
    )
    health_check: HealthCheck = ordered(
        "Whether nodes that are not healthy are replaced.",
        change="in place",
        default=HealthCheck(),
    )

    @pydantic.field_validator("node_pools")
    @classmethod
    def _pool_names_are_distinct(cls, pools: tuple[NodePool, ...]) -> tuple[NodePool, ...]:
        names = [pool.name for pool in pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have the same name")
        return pools
