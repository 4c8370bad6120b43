"""Convert protobuf Structs to plain data and back, once, at the edge.

All numbers of a Struct are doubles; integral ones become ints here, so that `3.0` never
reaches a name or a manifest. `metadata.managedFields`, most of an observed object, is
skipped.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

# Above this, a double cannot represent every integer.
_EXACT = 2**53
# The first is checked in a tenth of the time.
_MAPPINGS = (dict, Mapping)


def to_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a Struct as plain data."""
    return _fields(struct)


def to_manifest(struct: struct_pb2.Struct, leave_out: str = "") -> dict[str, Any]:
    """Return a Kubernetes object as plain data, without `metadata.managedFields`.

    Args:
        struct: The object.
        leave_out: A top-level key that is not needed, to save the time.
    """
    return {
        key: _metadata(value) if key == "metadata" else _plain(value)
        for key, value in struct.fields.items()
        if key != leave_out
    }


def to_struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return plain data as a Struct."""
    struct = struct_pb2.Struct()
    fill(struct, data)
    return struct


def fill(struct: struct_pb2.Struct, data: Mapping[str, Any]) -> None:
    """Write plain data into an empty Struct."""
    fields = struct.fields
    for key, value in data.items():
        _set(fields[key], value)


def text_at(struct: struct_pb2.Struct, *path: str) -> str:
    """Return the text at a path, or nothing; unlike indexing it adds no keys on the way."""
    for step in path[:-1]:
        if step not in struct.fields:
            return ""
        struct = struct.fields[step].struct_value
    return struct.fields[path[-1]].string_value if path[-1] in struct.fields else ""


def _metadata(value: struct_pb2.Value) -> Any:
    if not value.HasField("struct_value"):
        return _plain(value)
    fields = value.struct_value.fields
    return {key: _plain(fields[key]) for key in fields if key != "managedFields"}


def _fields(struct: struct_pb2.Struct) -> dict[str, Any]:
    # `items` of a protobuf map goes through Python for each entry; its keys do not.
    fields = struct.fields
    return {key: _plain(fields[key]) for key in fields}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "struct_value":
            return _fields(value.struct_value)
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) <= _EXACT else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_plain(inner) for inner in value.list_value.values]
    return None


def _set(target: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, _MAPPINGS):
        inner = target.struct_value
        inner.SetInParent()
        fill(inner, value)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        values = target.list_value.values
        for item in value:
            _set(values.add(), item)
    else:
        target.null_value = struct_pb2.NULL_VALUE
