"""Render a `Server`: all its resources, and why resources may be removed."""

from collections.abc import Mapping
from typing import Any

from function.backends.openstack import (
    firewall,
    instances,
    keys,
    login,
    ports,
    status,
    volumes,
)
from function.backends.openstack.effective import CloudSettings, ServerContext
from function.backends.openstack.live import LiveResources
from function.backends.openstack.removals import removals
from function.backends.openstack.settings import OpenStackSettings
from function.contract import Accepted, Context, Order, Rendered, Resource, View
from function.managed import named
from function.model import ServerSpec
from function.paths import lookup
from function.record import Boot, BoundImage, Machine, Recalled

# The fields that determine the number of resources, by the prefix of their keys.
_FIELDS = (
    (keys.RULE, "spec.firewall"),
    (keys.PORT, "spec.networks"),
    (keys.SERVER, "spec.replicas"),
    (keys.FLOATING_IP, "spec.publicIP"),
    (keys.VOLUME, "spec.volumes"),
    (keys.ATTACHMENT, "spec.volumes"),
)

# Fields that a server is built from.
_OF_SERVERS = frozenset(
    f"spec.{name}"
    for name in (
        "bootVolume",
        "image",
        "networks",
        "placement",
        "sshKeys",
        "userData",
        "zone",
    )
)


def render(context: ServerContext) -> Rendered:
    """Render an order for servers.

    Raises:
        InvalidOrder: It asks for a network, an address or a label that is not offered, or passes
            its servers more metadata or user data than they accept.
    """
    order, observed = context.order, context.live.observed
    instances.check_labels(context)
    login.check_user_data(context)
    parts: list[Resource | str] = [
        firewall.render_group(context),
        *login.render_keypair(context),
        *firewall.render_rules(context),
        *instances.render_spread(context),
        *(part for index in range(order.spec.replicas) for part in _server(context, index)),
    ]
    planned = [part for part in parts if isinstance(part, str)]
    wanted = {part if isinstance(part, str) else part.key for part in parts}
    current = status.current(context, wanted)
    return Rendered(
        resources=tuple(
            named(part, observed.get(part.key)) for part in parts if not isinstance(part, str)
        ),
        planned=frozenset(planned),
        planned_bytes=sum(instances.longer(context, key) for key in planned),
        removals=removals(wanted, observed, lambda resource: _path(resource, order)),
        status=status.status(context, current),
        conditions=(current, status.health(observed)),
        unsupported=instances.unsupported(context),
        notes=(*instances.notes(context), *login.notes(context)),
    )


def look(accepted: Accepted[ServerSpec] | None, live: LiveResources) -> View:
    """Return the state of the observed servers, compared with the last accepted order."""
    health = status.health(live.observed)
    if accepted is None:
        return View((health,))
    context = Context(
        accepted.order, CloudSettings(config=OpenStackSettings()), accepted.bound, live
    )
    wanted = _wanted(accepted.order.spec, accepted.order.written)
    return View(
        conditions=(status.current(context, wanted), health),
        wanted=frozenset(wanted),
        ready=frozenset(key for key in wanted if status.is_ready(context, key)),
    )


def recall(live: LiveResources) -> Recalled | None:
    """Return what can be restored of a lost record from the observed servers.

    Before the first server exists, volume types are the only decisions in use.
    """
    types = _volume_types(live.observed)
    servers = [r for key, r in sorted(live.observed.items()) if key.startswith(keys.SERVER)]
    if not servers:
        return Recalled(volume_types=types)
    payload, initial = servers[0].payload, servers[0].initial
    devices = payload.get("blockDevice") or [{}]
    image = initial.get("imageId") or devices[0].get("uuid")
    if not payload.get("flavorName") or not image:
        return None
    boot = Boot(
        volume="blockDevice" in payload,
        size_gib=int(devices[0].get("volumeSize", 0)),
        volume_type=devices[0].get("volumeType", ""),
    )
    return Recalled(
        machines={"server": Machine(requested={}, flavor=payload["flavorName"])},
        image=BoundImage(id=image, name=""),
        boot=boot,
        volume_types=types,
    )


def holds(live: LiveResources, requested: Mapping[str, Any]) -> frozenset[str]:
    """Return the order paths that its resources hold, except those that were refused.

    A resource that is not observed yet may be under way, unless one that it needs was refused.
    """
    shared = [keys.GROUP]
    held: set[str] = set()
    for part, field, wanted in (
        (keys.KEYPAIR, "spec.sshKeys", bool(requested.get("sshKeys"))),
        (
            keys.SPREAD,
            "spec.placement",
            lookup(requested, "placement.spread") in instances.SPREAD_POLICIES,
        ),
    ):
        shared += [part] * wanted
        held |= {field} if wanted and not live.is_refused(part) else set()
    for index in range(requested.get("replicas") or 1):
        held |= _held_by(live, requested, index, shared)
    return frozenset(held)


def _held_by(
    live: LiveResources, requested: Mapping[str, Any], index: int, shared: list[str]
) -> set[str]:
    """Return the paths that the resources of one server hold; each needs the shared ones."""
    held: set[str] = set()
    networks = requested.get("networks") or [{}]
    ports = [keys.port(index, n) for n in range(len(networks))]
    for part, network in zip(ports, networks, strict=True):
        if part in live.observed or not live.is_refused(keys.GROUP):
            named = f"[{network['name']}]" if network else ""
            held |= set() if live.is_refused(part) else {f"spec.networks{named}"}
    server = keys.server(index)
    needed = [server] if server in live.observed else [*shared, *ports]
    if not any(live.is_refused(part) for part in needed):
        held |= _OF_SERVERS
    for volume in requested.get("volumes") or ():
        if not live.is_refused(keys.volume(index, volume["name"])):
            held |= {"spec.zone", f"spec.volumes[{volume['name']}]"}
    return held


def field_of(key: str) -> str:
    """Return the order field that a resource is composed for; empty if there is none."""
    return next((field for part, field in _FIELDS if key.startswith(part)), "")


def _server(context: ServerContext, index: int) -> list[Resource | str]:
    """Return the resources of one server; only the key of one that belongs to a later wave."""
    attached = ports.render_ports(context, index)
    return [
        *attached,
        instances.render_instance(context, index, len(attached)),
        *([ports.render_floating_ip(context, index)] if context.order.spec.public_ip else []),
        *volumes.render_volumes(context, index),
    ]


def _wanted(spec: ServerSpec, written: Mapping[str, Any]) -> set[str]:
    """Return the keys of all resources of an order, as `render` uses them."""
    # The record holds only digests of private values, so they are missing from the spec.
    keypair = {keys.KEYPAIR} if written.get("sshKeys") else set()
    spread = {keys.SPREAD} if spec.placement.spread in instances.SPREAD_POLICIES else set()
    return {keys.GROUP, *keypair, *spread, *firewall.rule_keys(spec)}.union(
        *(_server_keys(spec, index) for index in range(spec.replicas))
    )


def _server_keys(spec: ServerSpec, index: int) -> set[str]:
    return {
        keys.server(index),
        *(keys.port(index, n) for n in range(len(spec.networks) or 1)),
        *([keys.floating_ip(index)] if spec.public_ip else []),
        *(keys.volume(index, ask.name) for ask in spec.volumes),
        *(keys.attachment(index, ask.name) for ask in spec.volumes),
    }


def _volume_types(observed: Mapping[str, Resource]) -> dict[str, str]:
    """Return the type of each volume, by the name that the tenant gave it."""
    return {
        key.removeprefix(keys.VOLUME).partition("-")[2]: str(resource.payload["volumeType"])
        for key, resource in sorted(observed.items(), reverse=True)
        if key.startswith(keys.VOLUME) and "volumeType" in resource.payload
    }


def _path(resource: Resource, order: Order[ServerSpec]) -> str:
    """Return the order path that a resource was rendered for; empty if there is none."""
    if resource.key.startswith(keys.RULE):
        return firewall.path(resource)
    for prefix in (keys.PORT, keys.SERVER, keys.FLOATING_IP, keys.VOLUME, keys.ATTACHMENT):
        index, _, rest = resource.key.removeprefix(prefix).partition("-")
        if not resource.key.startswith(prefix) or not index.isdigit():
            continue
        if prefix == keys.FLOATING_IP and int(index) < order.spec.replicas:
            return "spec.publicIP"
        if prefix in (keys.VOLUME, keys.ATTACHMENT) and order.requests(f"spec.replicas[{index}]"):
            return f"spec.volumes[{rest}]"
        return f"spec.replicas[{index}]"
    return ""
