"""Convert objects between protobuf and plain data, by looking up those that were converted before.

From one call to the next most objects of an order are the same, and converting them takes a third
of a call. What is kept is bytes, so that each caller gets data of its own, and the memory that it
takes is known.
"""

import hashlib
import marshal
from typing import Any

from google.protobuf import struct_pb2

from function import managed, plain
from function.memo import Memo

# Bytes of converted objects that are kept, for each direction.
LIMIT = 8 * 1024 * 1024
# What an entry takes beside its bytes.
_OVERHEAD = 320
# The last version in which equal data are equal bytes: later ones depend on reference counts.
_VERSION = 2


class Conversions:
    """Convert objects, each of which is computed once as long as it is kept."""

    def __init__(self, limit: int = LIMIT) -> None:
        """Start with nothing converted.

        Args:
            limit: Bytes that are kept for each direction.
        """
        self._observed = Memo[bytes](limit)
        self._structs = Memo[bytes](limit)

    def observed(self, struct: struct_pb2.Struct) -> dict[str, Any]:
        """Return an observed object as plain data, as `managed.fitted` leaves it."""
        key = _digest(struct.SerializeToString(deterministic=True))
        found = self._observed.get(key)
        if found is not None:
            retained: dict[str, Any] = marshal.loads(found)  # noqa: S302  # written below
            return retained
        made = managed.fitted(plain.to_manifest(struct))
        data = marshal.dumps(made, _VERSION)
        self._observed.put(key, data, len(data) + _OVERHEAD)
        return made

    def fill(self, struct: struct_pb2.Struct, manifest: dict[str, Any]) -> None:
        """Write plain data into an empty Struct; see `plain.fill`."""
        try:
            key = _digest(marshal.dumps(manifest, _VERSION))
        except ValueError:
            # A type of its own, such as another mapping, has no such form.
            plain.fill(struct, manifest)
            return
        found = self._structs.get(key)
        if found is not None:
            struct.MergeFromString(found)
            return
        plain.fill(struct, manifest)
        data = struct.SerializeToString()
        self._structs.put(key, data, len(data) + _OVERHEAD)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
