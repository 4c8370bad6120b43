"""Render the further volumes of servers, and their attachments.

A volume depends on no other resource. It is attached once server and volume have ids; an existing
attachment keeps the ids it was created with while one of them is not observed.
"""

from function.backends.openstack import keys
from function.backends.openstack.effective import ServerContext
from function.backends.openstack.keys import COMPUTE, STORAGE
from function.backends.openstack.live import LiveResources
from function.backends.openstack.naming import metadata
from function.contract import Manifest, Resource
from function.model.server import Volume


def render_volumes(context: ServerContext, index: int) -> list[Resource | str]:
    """Return the volumes of a server and their attachments; only the key of one in a later wave."""
    return [
        part
        for ask in context.order.spec.volumes
        for part in (_volume(context, index, ask), _attachment(context, index, ask.name))
    ]


def _volume(context: ServerContext, index: int, ask: Volume) -> Resource:
    key, live = keys.volume(index, ask.name), context.live
    return Resource(
        key=key,
        family=STORAGE,
        kind="VolumeV3",
        payload={
            "name": f"{context.order.name}-{index}-{ask.name}",
            # The block storage service cannot shrink a volume, whoever enlarged it.
            "size": max(ask.size_gib, live.applied(key).get("size", 0), _seen(live, key)),
            "enableOnlineResize": True,
            **_fixed(context, key, ask),
            "metadata": metadata(context.order),
        },
        ready=bool(live.id(key)),
    )


def _seen(live: LiveResources, key: str) -> int:
    found = live.get(key)
    return int(found.at_provider.get("size") or 0) if found else 0


def _fixed(context: ServerContext, key: str, ask: Volume) -> Manifest:
    """Return the immutable fields of a volume."""
    wanted = {
        "availabilityZone": context.order.spec.zone,
        "volumeType": context.bound.volume_types.get(ask.name),
    }
    return {name: value for name, value in wanted.items() if value} | context.live.retained(
        key, *wanted
    )


def _attachment(context: ServerContext, index: int, name: str) -> Resource | str:
    key, live = keys.attachment(index, name), context.live
    seen = {
        "instanceId": live.id(keys.server(index)),
        "volumeId": live.id(keys.volume(index, name)),
    }
    if live.find(key) is None and not all(seen.values()):
        return key
    return Resource(
        key=key,
        family=COMPUTE,
        kind="VolumeAttachV2",
        payload=context.live.retained(key, *seen)
        | {field: known for field, known in seen.items() if known},
        ready=bool(context.live.id(key)),
    )
