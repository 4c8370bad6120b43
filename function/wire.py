"""Parse requests that protobuf rejects, as far as a refusal needs them.

protobuf reads at most a hundred levels of messages, which a value nested in thirty levels exceeds,
and no text that is not UTF-8. A gRPC error for such a request would carry no condition, and the
tenant would see nothing. So each part is parsed separately, down to the one that is rejected.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import message

from function import plain
from function.errors import (
    EnvironmentInvalid,
    InvalidOrder,
    Problem,
    Refusal,
    RequestUnreadable,
)
from function.nesting import LEVELS

Path = tuple[str, ...]
ORDER: Path = ("observed", "composite", "resource", "spec")
LAYERS = (("required_resources",), ("extra_resources",))
# Levels of an object whose parts are parsed separately: below `spec`, and below `variables`.
_LEVELS = 2
# Names of protobuf fields that do not occur in the path of a Kubernetes field.
_UNNAMED = {"fields", "value", "struct_value", "list_value", "string_value"}
_LENGTH_DELIMITED = 2
_FIXED = {1: 8, 5: 4}


@dataclass(frozen=True)
class Unreadable:
    """A request that cannot be read in full.

    Attributes:
        rest: The readable part; incomplete, so that it must never be answered as an order.
        refusal: The reason.
    """

    rest: fnv1.RunFunctionRequest
    refusal: Refusal


# Deserialises a request, and never raises.
Reader = Callable[[bytes], fnv1.RunFunctionRequest | Unreadable]


def reader(limit: int) -> Reader:
    """Return a deserialiser.

    Args:
        limit: Bytes of the largest request that is parsed in full.
    """

    def read(data: bytes) -> fnv1.RunFunctionRequest | Unreadable:
        if len(data) > limit:
            text = f"the request has {len(data)} bytes, at most {limit} are read"
            refusal = RequestUnreadable(f"{text}; see the observed resources of the order")
            return Unreadable(_rest(_essential(data))[0], refusal)
        try:
            return fnv1.RunFunctionRequest.FromString(data)
        except message.DecodeError:
            rest, lost = _rest(data)
            return Unreadable(rest, _refusal(rest, lost))

    return read


def _rest(data: bytes) -> tuple[fnv1.RunFunctionRequest, dict[Path, str]]:
    """Return the readable part, and the problem of each path that is not."""
    lost: dict[Path, str] = {}
    retained = _readable(fnv1.RunFunctionRequest.DESCRIPTOR, data, (), (), _LEVELS, lost)
    return fnv1.RunFunctionRequest.FromString(retained), lost


def _essential(data: bytes) -> bytes:
    """Return the part of a request that identifies the order."""
    numbers = fnv1.RunFunctionRequest.DESCRIPTOR.fields_by_name
    composite = fnv1.State.DESCRIPTOR.fields_by_name["composite"].number
    retained = bytearray()
    for number, payload, piece in _pieces(data):
        if number == numbers["meta"].number:
            retained += piece
        if number == numbers["observed"].number:
            mine = b"".join(part for named, _, part in _pieces(payload) if named == composite)
            retained += encoded(number, mine)
    return bytes(retained)


def _readable(  # noqa: PLR0913  # a position is both field numbers and a path
    descriptor: Any,
    data: bytes,
    numbers: tuple[int, ...],
    path: Path,
    levels: int,
    lost: dict[Path, str],
) -> bytes:
    """Return the data of a message without the fields that protobuf rejects."""
    retained, counts = bytearray(), dict[int, int]()
    for number, payload, piece in _pieces(data):
        counts[number] = counts.get(number, -1) + 1
        wrong = _wrong(numbers, piece)
        if not wrong:
            retained += piece
            continue
        field: Any = descriptor.fields_by_number.get(number)
        below = path + _step(field, payload, counts[number])
        inner = field.message_type if field else None
        is_value = descriptor.full_name == "google.protobuf.Struct"
        if inner is None or (is_value and levels == 0):
            lost[below] = wrong
            continue
        within = (*numbers, number)
        retained += encoded(
            number, _readable(inner, payload, within, below, levels - is_value, lost)
        )
    return bytes(retained)


def _step(field: Any, payload: bytes, index: int) -> Path:
    """Return the step of a path for a field of a message: its name, key or position."""
    if field is None:
        return ()
    if field.message_type and field.message_type.GetOptions().map_entry:
        key = next((bytes(text) for number, text, _ in _pieces(payload) if number == 1), b"")
        name = () if field.name in _UNNAMED else (field.name,)
        return (*name, key.decode("utf-8", "replace"))
    if field.name in ("values", "items"):
        return (str(index),)
    return () if field.name in _UNNAMED else (field.name,)


def _wrong(numbers: tuple[int, ...], piece: bytes) -> str:
    """Return why protobuf rejects a field at its depth in a request; empty if it does not."""
    for number in reversed(numbers):
        piece = encoded(number, piece)
    try:
        fnv1.RunFunctionRequest.FromString(piece)
    except message.DecodeError as error:
        if "MaxDepth" in str(error):
            return f"is nested too deeply; at most {LEVELS} levels are accepted"
        return "is not valid UTF-8" if "UTF-8" in str(error) else "is malformed"
    return ""


def _refusal(rest: fnv1.RunFunctionRequest, lost: dict[Path, str]) -> Refusal:
    """Return the refusal for the rejected paths, by who can correct them."""
    mine = [
        Problem(".".join(path[len(ORDER) - 1 :]), text)
        for path, text in lost.items()
        if path[: len(ORDER)] == ORDER
    ]
    if mine:
        return InvalidOrder(*mine)
    layers = [_in_layer(rest, path, text) for path, text in lost.items() if path[:1] in LAYERS]
    if layers:
        return EnvironmentInvalid(*layers)
    others = [Problem(".".join(path), text) for path, text in lost.items()]
    return RequestUnreadable(*others or [Problem("", "the request is malformed")])


def _in_layer(rest: fnv1.RunFunctionRequest, path: Path, text: str) -> Problem:
    """Return a problem of an EnvironmentConfig, with its name."""
    resolved, name = getattr(rest, path[0]), ""
    if len(path) > 2 and path[1] in resolved and int(path[2]) < len(resolved[path[1]].items):  # noqa: PLR2004  # requirement and position
        layer = resolved[path[1]].items[int(path[2])].resource
        name = plain.text_at(layer, "metadata", "name")
    where = ".".join(path[4:]).removeprefix("data.")
    return Problem(where, f"{text} (EnvironmentConfig {name or 'without a name'})")


def _pieces(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, payload and full encoding of each field, up to a malformed one."""
    position = 0
    while position < len(data):
        start = position
        tag, position = _varint(data, position)
        kind, size = tag & 7, 0
        if kind == _LENGTH_DELIMITED:
            size, position = _varint(data, position)
        elif kind == 0:
            size = max(_varint(data, position)[1] - position, 0)
        elif kind in _FIXED:
            size = _FIXED[kind]
        if position < 0 or kind not in (0, _LENGTH_DELIMITED, *_FIXED):
            return
        end = position + size
        if end > len(data):
            return
        yield tag >> 3, data[position:end], data[start:end]
        position = end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number and the position behind it, which is negative if it is malformed."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:  # noqa: PLR2004  # the last byte of a number
            return value, position
    return 0, -1


def encoded(number: int, payload: bytes) -> bytes:
    """Return a field that holds a message."""
    return _number(number << 3 | _LENGTH_DELIMITED) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    result = b""
    while value > 0x7F:  # noqa: PLR2004  # seven bits to a byte
        result += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return result + bytes((value,))
