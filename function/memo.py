"""Keep values by key, up to a number of bytes, and evict the least recently used."""

from collections import OrderedDict
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class Memo(Generic[ValueT]):
    """Keep values whose size is known."""

    def __init__(self, limit: int) -> None:
        """Start empty.

        Args:
            limit: Bytes of all values.
        """
        self._limit = limit
        self._kept: OrderedDict[bytes, tuple[int, ValueT]] = OrderedDict()
        self.size = 0

    def get(self, key: bytes) -> ValueT | None:
        """Return the value of a key, which is the last to be evicted from now on."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: bytes, value: ValueT, size: int) -> None:
        """Keep a value in place of the previous one; one larger than the limit is not kept."""
        self._drop(key)
        if size > self._limit:
            return
        self._kept[key] = size, value
        self.size += size
        while self.size > self._limit:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        size, _ = self._kept.pop(key, (0, None))
        self.size -= size
