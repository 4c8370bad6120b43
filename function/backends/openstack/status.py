"""Report the status of an order for servers."""

import re
from collections.abc import Iterable, Iterator, Mapping

from function import diagnosis
from function.backends.openstack import keys
from function.backends.openstack.effective import ServerContext
from function.backends.openstack.live import LiveResources
from function.backends.openstack.ports import awaited
from function.contract import Condition, Manifest, Resource
from function.model.server import Volume
from function.progress import Count

FAILED = "a server has failed in the cloud"
# States of the compute service; what its other states mean for users of a server is undocumented.
_STATES = {
    "active": "Running",
    "migrating": "Running",
    "shutoff": "Stopped",
    "shelved": "Stopped",
    "shelved_offloaded": "Stopped",
    "paused": "Paused",
    "error": "Failed",
}
_UNREADABLE = re.compile(r"observe failed: [^\n]{0,200}Invalid power_state")


def instance_phase(live: LiveResources, key: str) -> str:
    """Return the state of a server in one word."""
    instance = live.get(key)
    if instance is None:
        return "Pending"
    if instance.deleting:
        return "Deleting"
    known = _STATES.get(str(instance.at_provider.get("powerState") or ""))
    if known and live.id(key):
        return "Paused" if _is_unreadable(instance) else known
    return "Failed" if diagnosis.of(instance) else "Provisioning"


def _is_unreadable(instance: Resource) -> bool:
    """Return whether a server is in a state that the provider cannot read, such as suspended.

    It then keeps reporting the previous state.
    """
    synced = diagnosis.condition_of(instance.status, "Synced")
    return synced.get("status") == "False" and bool(_UNREADABLE.search(str(synced["message"])))


def is_ready(context: ServerContext, key: str) -> bool:
    """Return whether a resource of the order exists and works."""
    if key.startswith(keys.SERVER):
        return instance_phase(context.live, key) in ("Running", "Stopped")
    return bool(
        context.live.address(key) if key.startswith(keys.FLOATING_IP) else context.live.id(key)
    )


def health(observed: Mapping[str, Resource]) -> Condition:
    """Return the health of the observed resources.

    provider-openstack reports no error for a server that fails while it is built or later: the
    server was created, and nothing is left to do. Only its state shows it, without the cause.
    """
    result = diagnosis.health(observed.values())
    if result.status and _in_error(observed):
        text = f"{FAILED}; the provider has to act"
        return Condition(result.type, False, "ConfigurationProblem", text)
    return result


def current(context: ServerContext, wanted: Iterable[str]) -> Condition:
    """Return whether everything matches the order.

    Args:
        context: The order and its observed resources.
        wanted: Keys of all resources of the order.
    """
    spec = context.order.spec
    requested = ("Running" if spec.running else "Stopped", context.bound.machines["server"].flavor)
    live, far = context.live, _far(context)
    servers = {keys.server(index): live.get(keys.server(index)) for index in range(spec.replicas)}
    if any(server is None or not server.at_provider.get("id") for server in servers.values()):
        return Condition("Current", False, "Provisioning", far)
    done = sum(
        (instance_phase(live, key), server.at_provider.get("flavorName")) == requested
        for key, server in servers.items()
        if server
    )
    if done < spec.replicas:
        changed = f"servers are being changed: {_count(done, spec.replicas)} as ordered"
        return Condition("Current", False, "Updating", changed)
    if not all(_is_done(context, index, ask) for index, ask in _volumes(context)):
        return Condition("Current", False, "Updating", far)
    if not all(context.live.id(key) for key in wanted):
        text = f"{far}; addresses or firewall are being changed"
        return Condition("Current", False, "Updating", text)
    return Condition("Current", True, "AsOrdered")


def _far(context: ServerContext) -> str:
    """Return how many servers run, and the progress of their volumes."""
    spec = context.order.spec
    up = "Running" if spec.running else "Stopped"
    phases = [instance_phase(context.live, keys.server(index)) for index in range(spec.replicas)]
    running = (
        f"{_count(phases.count(up), spec.replicas)} servers {'run' if spec.running else 'stopped'}"
    )
    attached = [bool(context.live.id(keys.attachment(i, ask.name))) for i, ask in _volumes(context)]
    if not all(attached):
        return f"{running}; attaching volumes {_count(sum(attached), len(attached))}"
    large = [_is_done(context, index, ask) for index, ask in _volumes(context)]
    if not all(large):
        return f"{running}; enlarging volumes {_count(sum(large), len(large))}"
    return running


def _count(done: int, total: int) -> str:
    return str(Count("", done, total))


def status(context: ServerContext, found: Condition) -> Manifest:
    """Return `status` of the order.

    Args:
        context: The order and its observed resources.
        found: Condition `Current` of the order.
    """
    bound = context.bound
    servers = [_server(context, index) for index in range(context.order.spec.replicas)]
    phase, message = _overall([server["phase"] for server in servers], context, found)
    return {
        "phase": phase,
        "message": message,
        "flavor": bound.machines["server"].flavor,
        **({"image": bound.image.name} if bound.image and bound.image.name else {}),
        **({"sshUser": bound.image.user} if bound.image and bound.image.user else {}),
        "servers": servers,
    }


def _in_error(observed: Mapping[str, Resource]) -> bool:
    servers = (one for key, one in observed.items() if key.startswith(keys.SERVER))
    return any(server.at_provider.get("powerState") == "error" for server in servers)


def _volumes(context: ServerContext) -> Iterator[tuple[int, Volume]]:
    spec = context.order.spec
    return ((index, ask) for index in range(spec.replicas) for ask in spec.volumes)


def _is_done(context: ServerContext, index: int, ask: Volume) -> bool:
    """Return whether a volume is attached, and at least as large as ordered."""
    size = _size(context, index, ask)
    attached = bool(context.live.id(keys.attachment(index, ask.name)))
    large = size is not None and size >= ask.size_gib
    return attached and large and not _is_going(context, index, ask)


def _is_going(context: ServerContext, index: int, ask: Volume) -> bool:
    found = context.live.get(keys.volume(index, ask.name))
    return found is not None and found.deleting


def _size(context: ServerContext, index: int, ask: Volume) -> int | None:
    found = context.live.get(keys.volume(index, ask.name))
    size = found.at_provider.get("size") if found else None
    return int(size) if size is not None else None


def _server(context: ServerContext, index: int) -> Manifest:
    instance = context.live.get(keys.server(index))
    nets = (instance.at_provider.get("network") or []) if instance else []
    addresses = [
        {"type": kind, "address": str(net[field]).strip("[]")}
        for net in nets
        for kind, field in (("IPv4", "fixedIpV4"), ("IPv6", "fixedIpV6"))
        if net.get(field)
    ]
    public = context.live.address(keys.floating_ip(index))
    volumes = [_volume(context, index, ask) for ask in context.order.spec.volumes]
    reported = {"addresses": addresses, "publicIP": public, "volumes": volumes}
    return {
        "name": f"{context.order.name}-{index}",
        "phase": instance_phase(context.live, keys.server(index)),
        **{name: value for name, value in reported.items() if value},
    }


def _volume(context: ServerContext, index: int, ask: Volume) -> Manifest:
    size = _size(context, index, ask)
    return {
        "name": ask.name,
        **({} if size is None else {"sizeGiB": size}),
        "attached": bool(context.live.id(keys.attachment(index, ask.name))),
    }


def _overall(phases: list[str], context: ServerContext, found: Condition) -> tuple[str, str]:
    if not any(key.startswith(keys.SERVER) for key in context.live.observed):
        return _before_servers(context)
    if "Deleting" in phases:
        return "Deleting", _going(context, "a server")
    if any(_is_going(context, index, ask) for index, ask in _volumes(context)):
        return "Deleting", _going(context, "a volume")
    if all(phase in ("Running", "Stopped", "Paused") for phase in phases):
        return (
            ("Ready", "all servers are as ordered") if found.status else ("Updating", found.message)
        )
    if "Failed" in phases:
        up = any(phase in ("Running", "Stopped") for phase in phases)
        text = FAILED if _in_error(context.live.observed) else "a server could not be built"
        return ("Degraded" if up else "Failed"), text
    return "Provisioning", _far(context)


def _going(context: ServerContext, what: str) -> str:
    """Return what is being deleted, and what blocks the deletion."""
    going = [found for _, found in sorted(context.live.observed.items()) if found.deleting]
    return diagnosis.held(f"{what} is being deleted although the order was not deleted", going)


def _before_servers(context: ServerContext) -> tuple[str, str]:
    waiting = awaited(context)
    if waiting:
        return "Provisioning", f"waiting for Network {', '.join(waiting)} of this namespace"
    if context.live.observed:
        return "Provisioning", "the servers are being prepared"
    return "Pending", "nothing is built yet"
