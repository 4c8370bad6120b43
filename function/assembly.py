"""Assemble environments once per version of their layers, without blocking other calls.

Base layers are merged and parsed once for all tenants, a tenant's overlay once. Refusals are cached
like results. Large layers are parsed on a thread, so that calls for other environments are answered
in the meantime; concurrent calls for the same layers share one parse.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from function import environment
from function.contract import Environment, Manifest
from function.environment import Foundation
from function.errors import Refusal
from function.schema import Schema

if TYPE_CHECKING:
    import asyncio

# Layers of more bytes are parsed on a thread, which costs more than parsing small ones.
_LARGE = 32 * 1024
# Bytes of layers whose results are cached. Parsed, they take up to thirty times as much.
_KEPT = 4 * 1024 * 1024
# Weight of a tenant's view beside its overlay: references to the shared base layers.
_SHARE, _LEAST = 64, 512
_Result = Environment | Foundation
ResultT = TypeVar("ResultT", bound=_Result)


@dataclass(frozen=True)
class Layers:
    """EnvironmentConfigs as they were delivered.

    Attributes:
        read: Returns them as plain data.
        count: How many there are.
        size: Their bytes.
        versions: UID and resourceVersion of each; None if one lacks either.
    """

    read: Callable[[], list[Manifest]]
    count: int
    size: int
    versions: frozenset[tuple[str, str]] | None


class Assembly:
    """Cache assembled environments and refusals, and evict the least recently used."""

    def __init__(self, schemas: Mapping[str, type[Schema]], *, waits: bool = True) -> None:
        """Start with an empty cache.

        Args:
            schemas: Model of each backend's block.
            waits: Whether large layers are parsed on a thread; needs an event loop.
        """
        self._waits = waits
        self._schemas = schemas
        self._kept: OrderedDict[Hashable, tuple[int, _Result | Refusal]] = OrderedDict()
        self._size = 0
        self._running: dict[Hashable, asyncio.Future[_Result | Refusal]] = {}

    async def environment(self, name: str, base: Layers, overlays: Layers) -> Environment:
        """Return an environment as one tenant sees it.

        Args:
            name: Name that orders use.
            base: EnvironmentConfigs with the label of the environment.
            overlays: EnvironmentConfigs with the labels of environment and tenant.

        Raises:
            EnvironmentNotFound: There is no base layer.
            EnvironmentInvalid: The layers do not add up to one valid environment.
        """
        # Tenants can name any environment: those that do not exist take no memory.
        known = base.count > 0 and base.versions is not None
        key = (name, base.count, base.versions) if known else None
        foundation = await self._once(
            key,
            base.size,
            base.size,
            lambda: environment.foundation(name, base.read(), self._schemas),
        )
        if overlays.count == 0:
            return environment.tailored(foundation, (), self._schemas)
        known = known and overlays.versions is not None
        return await self._once(
            (key, overlays.count, overlays.versions) if known else None,
            overlays.size + base.size // _SHARE + _LEAST,
            overlays.size + base.size,
            lambda: environment.tailored(foundation, overlays.read(), self._schemas),
        )

    async def _once(
        self, key: Hashable | None, weight: int, size: int, make: Callable[[], ResultT]
    ) -> ResultT:
        """Return the cached result of a key, or compute it once for all concurrent calls."""
        if key in self._kept:
            self._kept.move_to_end(key)
            result = self._kept[key][1]
        elif size < _LARGE or not self._waits:
            result = self._keep(key, weight, _attempt(make))
        else:
            result = await self._shared(key, weight, make)
        if isinstance(result, Refusal):
            raise result.again()
        return result  # type: ignore[return-value]  # the type of a result follows from its key

    async def _shared(
        self, key: Hashable | None, weight: int, make: Callable[[], ResultT]
    ) -> _Result | Refusal:
        import asyncio  # noqa: PLC0415  # the command line starts without

        if key is None:
            return await asyncio.to_thread(_attempt, make)
        running = self._running.get(key)
        if running is None:
            running = asyncio.ensure_future(self._on_thread(key, weight, make))
            self._running[key] = running
            running.add_done_callback(lambda _: self._running.pop(key))
        # One client may cancel its call while others wait for the result.
        return await asyncio.shield(running)

    async def _on_thread(
        self, key: Hashable, weight: int, make: Callable[[], ResultT]
    ) -> _Result | Refusal:
        import asyncio  # noqa: PLC0415  # the command line starts without

        return self._keep(key, weight, await asyncio.to_thread(_attempt, make))

    def _keep(
        self, key: Hashable | None, weight: int, result: _Result | Refusal
    ) -> _Result | Refusal:
        if key is not None:
            self._kept[key] = (weight, result)
            self._size += weight
            while self._size > _KEPT and len(self._kept) > 1:
                _, (less, _) = self._kept.popitem(last=False)
                self._size -= less
        return result


def _attempt(make: Callable[[], ResultT]) -> ResultT | Refusal:
    try:
        return make()
    except Refusal as refusal:
        return refusal.again()
