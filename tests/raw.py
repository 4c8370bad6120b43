"""Write requests byte by byte, such as protobuf would never write or read."""

import struct
from collections.abc import Mapping

from function import local
from function.contract import Mode
from tests.asking import Manifest
from tests.samples import manifest

META, OBSERVED, DESIRED, INPUT, CONTEXT, REQUIRED = 1, 2, 3, 4, 5, 8


def deep(levels: int, *, lists: bool = False) -> object:
    """Return a value that is nested in so many levels."""
    value: object = "x"
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


class Encoded(bytes):
    """A value that is written already."""


def deepest(levels: int) -> Encoded:
    """Return a value that is nested deeper than Python recurses."""
    data = _field(3, b"x")
    for _ in range(levels):
        data = _field(5, _field(1, _field(1, b"a") + _field(2, data)))
    return Encoded(data)


def order(spec: Manifest, mode: Mode = Mode.CLAIMS, **more: object) -> Manifest:
    """Return the XR of an order that was answered once."""
    conditions = [
        {"type": "Accepted", "status": "True", "reason": "Accepted"},
        {"type": "Current", "status": "False", "reason": "Updating", "message": "under way"},
        {"type": "Ready", "status": "True", "reason": "Available"},
    ]
    xr = local.composite_of(manifest("Cluster", spec), mode)
    return {**xr, "status": {"conditions": conditions}, **more}


def request(
    composite: Manifest,
    observed: Mapping[str, object] | None = None,
    layers: Mapping[str, list[Manifest]] | None = None,
) -> bytes:
    """Return a request."""
    resources = b"".join(_entry(2, key, _resource(one)) for key, one in (observed or {}).items())
    required = b"".join(
        _entry(REQUIRED, name, b"".join(_field(1, _resource(one)) for one in found))
        for name, found in (layers or {}).items()
    )
    state = _field(1, _resource(composite)) + resources
    return _field(META, _field(1, b"tag")) + _field(OBSERVED, state) + required


def field(number: int, data: object) -> bytes:
    """Return a field of a request that holds an object, or a mapping."""
    return _field(number, _struct(data))


def _entry(number: int, key: str, data: bytes) -> bytes:
    return _field(number, _field(1, key.encode()) + _field(2, data))


def _resource(manifest: object) -> bytes:
    return _field(1, _struct(manifest))


def _struct(data: object) -> bytes:
    assert isinstance(data, Mapping)
    parts = (
        _field(1, _field(1, key if isinstance(key, bytes) else key.encode()) + _field(2, _value(v)))
        for key, v in data.items()
    )
    return b"".join(parts)


def _value(value: object) -> bytes:
    if isinstance(value, Encoded):
        return value
    if isinstance(value, Mapping):
        return _field(5, _struct(value))
    if isinstance(value, list):
        return _field(6, b"".join(_field(1, _value(item)) for item in value))
    if isinstance(value, str | bytes):
        return _field(3, value if isinstance(value, bytes) else value.encode())
    assert isinstance(value, int | float)
    return b"\x11" + struct.pack("<d", value)


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
