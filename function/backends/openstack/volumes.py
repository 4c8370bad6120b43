"""Render the further volumes of servers, and their attachments.

A volume depends on no other resource. It is attached once server and volume have ids; an existing
attachment keeps the ids it was created with while one of them is not observed.
"""

from function.backends.openstack import keys
from function.backends.openstack.keys import COMPUTE, STORAGE
from function.backends.openstack.stack import Stack
from function.contract import Manifest, Resource
from function.model import ServerSpec
from function.model.server import Volume


def render_volumes(stack: Stack[ServerSpec], index: int) -> list[Resource | str]:
    """Return the volumes of a server and their attachments; only the key of one in a later wave."""
    return [
        part
        for ask in stack.order.spec.volumes
        for part in (_volume(stack, index, ask), _attachment(stack, index, ask.name))
    ]


def _volume(stack: Stack[ServerSpec], index: int, ask: Volume) -> Resource:
    key = keys.volume(index, ask.name)
    return Resource(
        key=key,
        family=STORAGE,
        kind="VolumeV3",
        payload={
            "name": f"{stack.order.name}-{index}-{ask.name}",
            # The block storage service cannot shrink a volume, whoever enlarged it.
            "size": max(ask.size_gib, stack.stored(key).get("size", 0), _seen(stack, key)),
            "enableOnlineResize": True,
            **_fixed(stack, key, ask),
            "metadata": stack.metadata,
        },
        ready=bool(stack.id(key)),
    )


def _seen(stack: Stack[ServerSpec], key: str) -> int:
    found = stack.observed.get(key)
    return int(found.at_provider.get("size") or 0) if found else 0


def _fixed(stack: Stack[ServerSpec], key: str, ask: Volume) -> Manifest:
    """Return the immutable fields of a volume."""
    wanted = {
        "availabilityZone": stack.order.spec.zone,
        "volumeType": stack.bound.volume_types.get(ask.name),
    }
    return {name: value for name, value in wanted.items() if value} | stack.kept(key, *wanted)


def _attachment(stack: Stack[ServerSpec], index: int, name: str) -> Resource | str:
    key = keys.attachment(index, name)
    seen = {
        "instanceId": stack.id(keys.server(index)),
        "volumeId": stack.id(keys.volume(index, name)),
    }
    if stack.live(key) is None and not all(seen.values()):
        return key
    return Resource(
        key=key,
        family=COMPUTE,
        kind="VolumeAttachV2",
        payload=stack.kept(key, *seen) | {field: known for field, known in seen.items() if known},
        ready=bool(stack.id(key)),
    )
