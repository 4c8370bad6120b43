"""Render the servers themselves, and how they are spread over hosts."""

from function import labels, names
from function.backends.openstack import keys
from function.backends.openstack.effective import ServerContext
from function.backends.openstack.keys import COMPUTE, KEYPAIR, SPREAD
from function.backends.openstack.login import user_data
from function.backends.openstack.naming import metadata, title
from function.backends.openstack.status import is_ready
from function.contract import Manifest, Remark, Resource
from function.errors import InvalidOrder, Problem
from function.managed import ALL_POLICIES, EXTERNAL_NAME, external_name
from function.model import API_GROUP

# Late initialisation would write the image into forProvider, and a renamed image would then
# rebuild the server. Without it the external name is ours to write.
INSTANCE_POLICIES = tuple(policy for policy in ALL_POLICIES if policy != "LateInitialize")
# Fields that the provider refuses to change on a live server.
FIXED = (
    "network",
    "keyPair",
    "userData",
    "blockDevice",
    "availabilityZone",
    "schedulerHints",
)
# Those of them that refer to other resources by id.
BY_ID = ("network", "schedulerHints")
# Prefix of our own metadata keys.
RESERVED = "scs-"
# The longest key of metadata that the compute service takes.
LONGEST_KEY = 255
# Fewer than the compute service allows a server by default, 128.
MOST_KEYS = 100
SPREAD_POLICIES = {"Soft": "soft-anti-affinity", "Strict": "anti-affinity"}


def render_spread(context: ServerContext) -> list[Resource]:
    """Return the server group that keeps the servers apart, if the order asks for it."""
    policy = SPREAD_POLICIES.get(context.order.spec.placement.spread)
    if policy is None:
        return []
    payload = {"name": title(context.order, SPREAD), "policies": [policy]}
    return [
        Resource(
            key=SPREAD,
            family=COMPUTE,
            kind="ServergroupV2",
            payload=payload | context.live.retained(SPREAD, *payload),
            ready=bool(context.live.id(SPREAD)),
        )
    ]


def render_instance(context: ServerContext, index: int, ports: int) -> Resource | str:
    """Return one server, or its key while a resource that it needs has no id."""
    key = keys.server(index)
    previous = context.live.find(key)
    needed = [context.live.id(keys.port(index, n)) for n in range(ports)]
    complete = all(needed + _once(context))
    if previous is None and not complete:
        return key
    is_made = previous is not None and bool(context.live.id(key) or previous.deleting)
    fixed = _fixed(context, needed) if complete and not is_made else {}
    if previous:
        # Until it is created, it follows the resources it needs: they may have been re-created.
        fixed = context.live.retained(key, *FIXED) | {n: fixed[n] for n in BY_ID if n in fixed}
    external = external_name(previous)
    return Resource(
        key=key,
        family=COMPUTE,
        kind="InstanceV2",
        payload={
            "name": f"{context.order.name}-{index}",
            "flavorName": context.bound.machines["server"].flavor,
            **fixed,
            "powerState": "active" if context.order.spec.running else "shutoff",
            "metadata": _metadata(context, key),
        },
        initial=previous.initial if previous and previous.initial else _image(context, fixed),
        policies=INSTANCE_POLICIES,
        annotations={EXTERNAL_NAME: external} if external else {},
        ready=is_ready(context, key),
    )


def longer(context: ServerContext, key: str) -> int:
    """Return the size in bytes of the user data in a planned resource."""
    return len(user_data(context.order.spec).encode()) if key.startswith(keys.SERVER) else 0


def unsupported(context: ServerContext) -> tuple[Remark, ...]:
    """Return the fields that the tenant set and this environment does not support."""
    if context.order.spec.high_availability and context.settings.config.high_availability is None:
        text = "this environment does not restart servers on another host"
        return (Remark("spec.highAvailability", text),)
    return ()


def notes(context: ServerContext) -> tuple[Remark, ...]:
    """Return notes to the tenant about labels whose metadata keys differ from their names."""
    return tuple(
        Remark(f"spec.labels[{label}]", f"servers see it as {_metadata_key(label)}")
        for label in sorted(context.order.spec.labels)
        if _metadata_key(label) != label
    )


def check_labels(context: ServerContext) -> None:
    """Refuse labels whose metadata keys are reserved by the provider.

    Raises:
        InvalidOrder: With each such label.
    """
    config, wanted = context.settings.config.high_availability, context.order.spec.labels
    stored = context.live.applied(keys.server(0)).get("metadata") or {}
    # Servers keep a key that they already have when the provider reserves it later.
    taken = set(config.metadata if config else ()) - set(stored)
    reserved = (API_GROUP, *context.settings.config.reserved_labels)
    new = {label for label, value in wanted.items() if stored.get(_metadata_key(label)) != value}
    problems = [
        Problem(f"spec.labels[{label}]", labels.RESERVED)
        for label in sorted(wanted)
        if label.startswith(RESERVED)
        or _metadata_key(label) in taken
        or (label in new and labels.is_within(label, reserved))
    ] + [
        Problem(f"spec.labels[{label}]", f"must have at most {LONGEST_KEY} characters here")
        for label in sorted(wanted)
        if len(label) > LONGEST_KEY and _metadata_key(label) not in stored
    ]
    if problems:
        raise InvalidOrder(*problems)


def _once(context: ServerContext) -> list[str]:
    """Return the ids of the resources that all servers share; empty if not known yet."""
    spec = context.order.spec
    return [context.live.id(KEYPAIR)] * bool(spec.ssh_keys) + [context.live.id(SPREAD)] * (
        spec.placement.spread in SPREAD_POLICIES
    )


def _fixed(context: ServerContext, ports: list[str]) -> Manifest:
    """Return the fields that are immutable on a live server."""
    spec, data = context.order.spec, user_data(context.order.spec)
    device, group = _boot_device(context), context.live.id(SPREAD)
    key = context.live.applied(KEYPAIR).get("name") or names.keypair(
        context.order.tenant, context.order.name
    )
    wanted: Manifest = {
        "availabilityZone": spec.zone,
        "keyPair": key if spec.ssh_keys else None,
        "network": [{"port": port} for port in ports],
        "blockDevice": [device] if device else None,
        "schedulerHints": [{"group": group}] if group else None,
        "userData": data or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _boot_device(context: ServerContext) -> Manifest:
    boot, image = context.bound.boot, context.bound.image
    if boot is None or image is None or not boot.volume:
        return {}
    wanted = context.order.spec.boot_volume
    return {
        "bootIndex": 0,
        "sourceType": "image",
        "uuid": image.id,
        "destinationType": "volume",
        "volumeSize": boot.size_gib,
        **({"volumeType": boot.volume_type} if boot.volume_type else {}),
        "deleteOnTermination": wanted.delete_with_server if wanted else True,
    }


def _image(context: ServerContext, fixed: Manifest) -> Manifest:
    """Return the image, unless the boot volume holds it."""
    image = context.bound.image
    return {} if "blockDevice" in fixed or image is None else {"imageId": image.id}


def _metadata(context: ServerContext, key: str) -> dict[str, str]:
    """Return labels, what asks for high availability, and the tags; the later go before."""
    spec, config = context.order.spec, context.settings.config.high_availability
    written = {_metadata_key(label): value for label, value in spec.labels.items()}
    requested = config.metadata if config and spec.high_availability else {}
    wanted = {**written, **requested, **metadata(context.order)}
    # The provider deletes a key with a call of its own. If that fails once, it forgets which server
    # it is about, and fails with every later change: a key is emptied instead.
    known = context.live.applied(key).get("metadata") or {}
    emptied = sorted(known.keys() - wanted.keys())[: MOST_KEYS - len(wanted)]
    return {**dict.fromkeys(emptied, ""), **wanted}


def _metadata_key(label: str) -> str:
    """Return the key of metadata for a label: the compute service allows no slash in it."""
    return label.replace("/", ":")
