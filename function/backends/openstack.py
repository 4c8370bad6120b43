"""Render a `Server` into resources of provider-openstack, in three waves.

    1  key pair, security group, rules     nothing else is needed
    2  ports                               need the id of the group: PortV2 has no reference
    3  instances, floating IPs             need the ids of the ports

A wave gates creation only: what is observed is rendered whatever else is missing, and what
the compute service would only change by building anew is taken from the live resource.
"""

import ipaddress
from collections.abc import Mapping
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import yaml

from function import names, trouble
from function.contract import (
    Backend,
    Boot,
    Bound,
    BoundImage,
    Condition,
    Machine,
    Manifest,
    Order,
    Removal,
    Rendered,
    Resource,
)
from function.errors import InvalidOrder, Problem
from function.managed import ALL_POLICIES, EXTERNAL_NAME, external_name
from function.model import ServerSpec
from function.model.server import Attachment, Rule
from function.schema import DNSLabel, Schema, configured, digest
from function.settings import NEW_ORDERS, Settings, TenantTemplate

NAME = "openstack"
GROUP = "openstack-secgroup"
KEYPAIR = "openstack-keypair"
RULE = "openstack-rule"
PORT = "openstack-port"
SERVER = "openstack-server"
FLOATING_IP = "openstack-floatingip"
COMPUTE, NETWORKING = "compute.openstack", "networking.openstack"

# Late initialisation would write the image into forProvider, and a renamed image would then
# rebuild the server. Without it the external name is ours to write: see `_instance`.
INSTANCE_POLICIES = tuple(policy for policy in ALL_POLICIES if policy != "LateInitialize")
# What the provider refuses to change on a live server.
FIXED = ("network", "keyPair", "userData", "blockDevice", "availabilityZone")


class OfferedNetwork(Schema):
    """Offer a network to servers."""

    name: DNSLabel = configured("Name for tenants.", reaches=NEW_ORDERS)
    id: str = configured("UUID of the network.", reaches=NEW_ORDERS)
    subnet: str | None = configured(
        "UUID of its IPv4 subnet; without it no fixed addresses and no IPv6 beside IPv4.",
        reaches=NEW_ORDERS,
        default=None,
    )
    ipv6_subnet: str | None = configured(
        "UUID of its IPv6 subnet; no IPv6 if absent.", reaches=NEW_ORDERS, default=None
    )


class ExternalNetwork(Schema):
    """Name the network that public addresses come from."""

    name: str = configured("Name of the network.", reaches=NEW_ORDERS)


class OpenStackSettings(Schema):
    """Configure the backend `openstack` of an environment."""

    provider_config: TenantTemplate = configured(
        "ProviderConfig of provider-openstack; {tenant} stands for the namespace of the order. "
        "{tenant}.openstack if absent.",
        reaches=NEW_ORDERS,
        default="{tenant}.openstack",
    )
    external_network: ExternalNetwork | None = configured(
        "Network of public addresses. None are offered if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )
    networks: tuple[OfferedNetwork, ...] = configured(
        "Offered networks.", reaches=NEW_ORDERS, default=()
    )
    default_network: str | None = configured(
        "Network of servers that name none. Orders must name one if absent.",
        reaches=NEW_ORDERS,
        default=None,
    )


def render(
    order: Order[ServerSpec], settings: Settings, bound: Bound, observed: Mapping[str, Resource]
) -> Rendered:
    """Render an order for servers.

    Raises:
        InvalidOrder: It asks for a network or an address that is not offered.
    """
    stack = _Stack(order, settings.block(NAME, OpenStackSettings), bound, observed)
    resources = [stack.group(), *stack.keypair(), *stack.rules()]
    planned = set()
    for index in range(order.spec.replicas):
        for late in stack.server(index):
            if isinstance(late, str):
                planned.add(late)
            else:
                resources.append(late)
    return Rendered(
        resources=tuple(resources),
        planned=frozenset(planned),
        removals=_removals({r.key for r in resources} | planned, order, observed),
        status=_status(order, bound, observed),
        conditions=(_current(order, bound, observed), trouble.health(observed.values())),
    )


def identities(resource: Resource) -> frozenset[str]:
    """Return the resource, by kind and key."""
    return frozenset({f"{resource.kind}/{resource.key}"})


def recall(observed: Mapping[str, Resource]) -> dict[str, Any] | None:
    """Return what the observed servers show of a lost record.

    Before the first server exists nothing decided is in use, and it is decided anew.
    """
    live = [r for key, r in sorted(observed.items()) if key.startswith(f"{SERVER}-")]
    if not live:
        return {}
    payload, initial = live[0].payload, live[0].initial
    devices = payload.get("blockDevice") or [{}]
    image = initial.get("imageId") or devices[0].get("uuid")
    if not payload.get("flavorName") or not image:
        return None
    boot = Boot(
        volume="blockDevice" in payload,
        size_gib=int(devices[0].get("volumeSize", 0)),
        volume_type=devices[0].get("volumeType", ""),
    )
    return {
        "machines": {"server": Machine(asked={}, flavor=payload["flavorName"])},
        "image": BoundImage(id=image, name=""),
        "boot": boot,
    }


SERVER_BACKEND: Backend[ServerSpec] = Backend(
    name=NAME,
    settings=OpenStackSettings,
    root=GROUP,
    render=render,
    identities=identities,
    recall=recall,
    namespace=lambda _own, _tenant: "",
    provider_config=lambda own, tenant: str(own.provider_config).format(tenant=tenant),
)


class _Stack:
    """Hold what the resources of one order are rendered from."""

    def __init__(
        self,
        order: Order[ServerSpec],
        own: OpenStackSettings,
        bound: Bound,
        observed: Mapping[str, Resource],
    ) -> None:
        self.order, self.own, self.bound, self.observed = order, own, bound, observed
        self.tags = [
            f"scs-tenant={order.tenant}",
            f"scs-kind={order.kind}",
            f"scs-name={order.name}",
            f"scs-uid={order.uid}",
        ]

    def group(self) -> Resource:
        """Return the security group; its own rules replace those a cloud would add."""
        return Resource(
            key=GROUP,
            family=NETWORKING,
            kind="SecgroupV2",
            payload={
                "name": self._name(GROUP),
                "description": f"Server {self.order.tenant}/{self.order.name}",
                "deleteDefaultRules": True,
                "tags": self.tags,
            },
            ready=bool(self._id(GROUP)),
        )

    def keypair(self) -> list[Resource]:
        """Return the key pair of the first key; see `_user_data` for the others."""
        if not self.order.spec.ssh_keys:
            return []
        payload = {
            "name": names.keypair(self.order.tenant, self.order.name),
            "publicKey": self.order.spec.ssh_keys[0],
        }
        before = self.observed.get(KEYPAIR)
        if before is not None:
            payload |= {name: before.payload[name] for name in payload if name in before.payload}
        return [
            Resource(
                key=KEYPAIR,
                family=COMPUTE,
                kind="KeypairV2",
                payload=payload,
                ready=bool(self._id(KEYPAIR)),
            )
        ]

    def rules(self) -> list[Resource]:
        """Return a rule for each protocol, range of ports and peer; a rule never changes."""
        firewall = self.order.spec.firewall
        flat = {
            f"{direction}/{key}": (direction, rule, peer)
            for direction, rules in (("ingress", firewall.ingress), ("egress", firewall.egress))
            for rule in rules
            for key, peer in rule.flat().items()
        }
        return [self._rule(key, *flat[key]) for key in sorted(flat)]

    def _rule(self, key: str, direction: str, rule: Rule, peer: str) -> Resource:
        network = ipaddress.ip_network(peer)
        key = f"{RULE}-{digest(key)[7:17]}"
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
                "securityGroupIdRef": {"name": self._metadata_name(GROUP)},
            },
            # A rule cannot change, and is not worth an interruption for a comment.
            initial={"description": rule.description} if rule.description else {},
            ready=bool(self._id(key)),
        )

    def server(self, index: int) -> list[Resource | str]:
        """Return what one server consists of; a key where it is for a later wave."""
        attachments = self.order.spec.networks or self._default_network(index)
        ports = [self._port(index, n, attached) for n, attached in enumerate(attachments)]
        found: list[Resource | str] = [*ports, self._instance(index, len(ports))]
        if self.order.spec.public_ip:
            found.append(self._floating_ip(index))
        return found

    def _default_network(self, index: int) -> tuple[Attachment, ...]:
        name = self.own.default_network
        if name is None and f"{PORT}-{index}-0" not in self.observed:
            raise InvalidOrder(
                Problem("spec.networks", f"required here; offered: {self._offered_networks()}")
            )
        return (Attachment(name=name or "default"),)

    def _offered_networks(self) -> str:
        return ", ".join(sorted(network.name for network in self.own.networks)) or "none"

    def _port(self, index: int, n: int, attached: Attachment) -> Resource | str:
        key = f"{PORT}-{index}-{n}"
        before = self.observed.get(key)
        group = self._id(GROUP)
        if before is None and not group:
            self._network(attached)
            return key
        stored = dict(before.payload) if before else {}
        groups = [group] if group else stored.get("securityGroupIds", [])
        place: Manifest = (
            {name: stored[name] for name in ("networkId", "fixedIp") if name in stored}
            if before and "networkId" in stored
            else self._network(attached)
        )
        return Resource(
            key=key,
            family=NETWORKING,
            kind="PortV2",
            payload={
                "name": f"{self.order.name}-{index}-{n}",
                **place,
                "securityGroupIds": groups,
                "tags": self.tags,
            },
            ready=bool(self._id(key)),
        )

    def _network(self, attached: Attachment) -> Manifest:
        at = f"spec.networks[{attached.name}]"
        offer = next((o for o in self.own.networks if o.name == attached.name), None)
        if offer is None:
            text = f"not offered here; offered: {self._offered_networks()}"
            raise InvalidOrder(Problem(at, text))
        if attached.ip_address and not offer.subnet:
            raise InvalidOrder(Problem(f"{at}.ipAddress", "fixed addresses are not offered here"))
        if attached.ipv6 and not (offer.ipv6_subnet and offer.subnet):
            raise InvalidOrder(Problem(f"{at}.ipv6", "not offered in this network"))
        address = {"ipAddress": attached.ip_address} if attached.ip_address else {}
        fixed = [{"subnetId": offer.subnet, **address}] if address or attached.ipv6 else []
        if attached.ipv6:
            fixed.append({"subnetId": offer.ipv6_subnet})
        return {"networkId": offer.id, **({"fixedIp": fixed} if fixed else {})}

    def _instance(self, index: int, ports: int) -> Resource | str:
        key = f"{SERVER}-{index}"
        before = self.observed.get(key)
        ids = [self._id(f"{PORT}-{index}-{n}") for n in range(ports)]
        waiting = not all(ids) or bool(self.order.spec.ssh_keys and not self._id(KEYPAIR))
        if before is None and waiting:
            return key
        fixed = self._fixed(ids)
        if before is not None:
            fixed = {name: before.payload[name] for name in FIXED if name in before.payload}
        volume = "blockDevice" in fixed
        external = external_name(before)
        image = self.bound.image
        initial = {} if volume or image is None else {"imageId": image.id}
        return Resource(
            key=key,
            family=COMPUTE,
            kind="InstanceV2",
            payload={
                "name": f"{self.order.name}-{index}",
                "flavorName": self.bound.machines["server"].flavor,
                **fixed,
                "powerState": "active" if self.order.spec.running else "shutoff",
                "metadata": dict(tag.split("=", 1) for tag in self.tags),
            },
            initial=dict(before.initial) if before and before.initial else initial,
            policies=INSTANCE_POLICIES,
            annotations={EXTERNAL_NAME: external} if external else {},
            ready=_phase(before) in ("Running", "Stopped"),
        )

    def _fixed(self, ports: list[str]) -> Manifest:
        """Return what cannot change on a live server."""
        spec, data = self.order.spec, _user_data(self.order.spec)
        device = self._boot_device()
        key = names.keypair(self.order.tenant, self.order.name)
        return {
            **({"availabilityZone": spec.zone} if spec.zone else {}),
            **({"keyPair": key} if spec.ssh_keys else {}),
            "network": [{"port": port} for port in ports],
            **({"blockDevice": [device]} if device else {}),
            **({"userData": data} if data else {}),
        }

    def _boot_device(self) -> Manifest:
        boot, image = self.bound.boot, self.bound.image
        if boot is None or image is None or not boot.volume:
            return {}
        wanted = self.order.spec.boot_volume
        return {
            "bootIndex": 0,
            "sourceType": "image",
            "uuid": image.id,
            "destinationType": "volume",
            "volumeSize": boot.size_gib,
            **({"volumeType": boot.volume_type} if boot.volume_type else {}),
            "deleteOnTermination": wanted.delete_with_server if wanted else True,
        }

    def _floating_ip(self, index: int) -> Resource | str:
        key = f"{FLOATING_IP}-{index}"
        before = self.observed.get(key)
        stored = dict(before.payload) if before else {}
        external = self.own.external_network
        if external is None and "pool" not in stored:
            raise InvalidOrder(Problem("spec.publicIP", "public addresses are not offered here"))
        port = self._id(f"{PORT}-{index}-0") or stored.get("portId")
        if before is None and not port:
            return key
        pool = stored.get("pool") or (external.name if external else "")
        return Resource(
            key=key,
            family=NETWORKING,
            kind="FloatingipV2",
            payload={"pool": pool, **({"portId": port} if port else {}), "tags": self.tags},
            ready=bool(before and before.at_provider.get("address")),
        )

    def _id(self, key: str) -> str:
        """Return the id of a live resource; empty until it is observed."""
        found = self.observed.get(key)
        return str(found.at_provider.get("id") or "") if found else ""

    def _metadata_name(self, key: str) -> str:
        found = self.observed.get(key)
        return (
            found.name
            if found
            else names.composed(self.order.tenant, self.order.kind, self.order.name, key)
        )

    def _name(self, key: str) -> str:
        return f"{self.order.tenant}-{self.order.name}-{key.removeprefix('openstack-')}"


def _protocol(protocol: str, version: int) -> dict[str, str]:
    """Return the protocol as neutron names it; all of them if left out."""
    if protocol == "any":
        return {}
    return {"protocol": "ipv6-icmp" if (protocol, version) == ("icmp", 6) else protocol}


def _user_data(spec: ServerSpec) -> str:
    """Return the user data, with the keys that the key pair cannot hold.

    A key pair holds one key. More go into a cloud-config part before the tenant's own; the
    boundary is fixed, because user data can never change.
    """
    if len(spec.ssh_keys) < 2:  # noqa: PLR2004  # the key pair holds the first
        return spec.user_data or ""
    keys = yaml.safe_dump({"ssh_authorized_keys": list(spec.ssh_keys)}, width=4096)
    merge = "merge_how: [{name: list, settings: [append]}, {name: dict, settings: [recurse_list]}]"
    parts = [("cloud-config", f"#cloud-config\n{merge}\n{keys}")]
    if spec.user_data:
        parts.append((_part_type(spec.user_data), spec.user_data))
    message = MIMEMultipart(boundary="scs-central-api-part")
    for kind, text in parts:
        message.attach(MIMEText(text, kind, "utf-8" if not text.isascii() else "us-ascii"))
    return message.as_string()


def _part_type(text: str) -> str:
    """Return the subtype by which cloud-init knows a part; it looks into plain text itself."""
    first = text.partition("\n")[0]
    if first.startswith("#cloud-config"):
        return "cloud-config"
    return "x-shellscript" if first.startswith("#!") else "plain"


def _removals(
    wanted: set[str], order: Order[ServerSpec], observed: Mapping[str, Resource]
) -> tuple[Removal, ...]:
    """Return why observed resources are no longer wanted; the guard looks for itself."""
    return tuple(
        Removal(identity, "order", path)
        for key, resource in sorted(observed.items())
        if key not in wanted
        for path in [_path(resource, order)]
        for identity in sorted(identities(resource))
        if path
    )


def _path(resource: Resource, order: Order[ServerSpec]) -> str:
    """Return the path of the order that once asked for a resource; empty if none could."""
    payload = resource.payload
    if resource.key.startswith(f"{RULE}-"):
        low, high = payload.get("portRangeMin", ""), payload.get("portRangeMax", "")
        protocol = str(payload.get("protocol") or "any").removeprefix("ipv6-")
        flat = f"{protocol}/{low}-{high}/{payload.get('remoteIpPrefix')}"
        return f"spec.firewall.{payload.get('direction')}[{flat}]"
    for prefix in (PORT, SERVER, FLOATING_IP):
        index = resource.key.removeprefix(f"{prefix}-").partition("-")[0]
        if resource.key.startswith(f"{prefix}-") and index.isdigit():
            gone = int(index) >= order.spec.replicas
            if gone or prefix != FLOATING_IP:
                return f"spec.replicas[{index}]"
            return "spec.publicIP"
    return ""


def _phase(instance: Resource | None) -> str:
    if instance is None:
        return "Pending"
    if instance.deleting:
        return "Deleting"
    state = str(instance.at_provider.get("powerState") or "")
    known = {"active": "Running", "shutoff": "Stopped", "paused": "Paused"}.get(state)
    if known and instance.at_provider.get("id"):
        return known
    return "Failed" if trouble.of(instance) else "Provisioning"


def _current(order: Order[ServerSpec], bound: Bound, observed: Mapping[str, Resource]) -> Condition:
    wanted = ("active" if order.spec.running else "shutoff", bound.machines["server"].flavor)
    live = [observed.get(f"{SERVER}-{index}") for index in range(order.spec.replicas)]
    if any(server is None or not server.at_provider.get("id") for server in live):
        return Condition("Current", False, "Provisioning", "servers are being built")
    for server in live:
        seen = server.at_provider if server else {}
        if (seen.get("powerState"), seen.get("flavorName")) != wanted:
            return Condition("Current", False, "Updating", "servers are being changed")
    return Condition("Current", True, "AsOrdered")


def _status(order: Order[ServerSpec], bound: Bound, observed: Mapping[str, Resource]) -> Manifest:
    servers = [_server_status(order, index, observed) for index in range(order.spec.replicas)]
    phase, message = _overall([server["phase"] for server in servers], order, bound, observed)
    return {
        "phase": phase,
        "message": message,
        "flavor": bound.machines["server"].flavor,
        **({"image": bound.image.name} if bound.image and bound.image.name else {}),
        **({"sshUser": bound.image.user} if bound.image and bound.image.user else {}),
        "servers": servers,
    }


def _server_status(
    order: Order[ServerSpec], index: int, observed: Mapping[str, Resource]
) -> Manifest:
    instance = observed.get(f"{SERVER}-{index}")
    floating = observed.get(f"{FLOATING_IP}-{index}")
    nets = (instance.at_provider.get("network") or []) if instance else []
    addresses = [
        {"type": kind, "address": str(net[field]).strip("[]")}
        for net in nets
        for kind, field in (("IPv4", "fixedIpV4"), ("IPv6", "fixedIpV6"))
        if net.get(field)
    ]
    public = floating.at_provider.get("address") if floating else None
    return {
        "name": f"{order.name}-{index}",
        "phase": _phase(instance),
        **({"addresses": addresses} if addresses else {}),
        **({"publicIP": public} if public else {}),
    }


def _overall(
    phases: list[str], order: Order[ServerSpec], bound: Bound, observed: Mapping[str, Resource]
) -> tuple[str, str]:
    if not any(key.startswith(f"{SERVER}-") for key in observed):
        if observed:
            return "Provisioning", "the servers are being prepared"
        return "Pending", "the order is accepted, nothing is built yet"
    if "Deleting" in phases:
        return "Deleting", "a server is being deleted although the order stands"
    if all(phase in ("Running", "Stopped", "Paused") for phase in phases):
        if _current(order, bound, observed).status:
            return "Ready", "all servers are as ordered"
        return "Updating", "servers are being changed"
    if "Failed" in phases:
        up = any(phase in ("Running", "Stopped") for phase in phases)
        return ("Degraded" if up else "Failed"), "a server could not be built"
    return "Provisioning", "servers are being built"
