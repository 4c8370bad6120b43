"""Orders, records and resources of a backend that no provider has, for tests of the guards."""

from typing import Any

from function.contract import Backend, Mode, Order, Rendered, Resource
from function.model import KINDS
from function.record import Bound, Recalled
from function.schema import Schema, masked
from function.settings import Place

Data = dict[str, Any]
PLACE = Place(environment="default", backend="test", provider_config="acme", namespace="")


_LEAST: dict[str, Data] = {
    "Server": {"image": {"name": "Ubuntu"}, "flavor": "SCS-2V-4"},
    "Cluster": {"version": "1.34"},
}


class OwnSettings(Schema):
    """Have no settings."""


def backend(**fields: Any) -> Backend[Any]:
    """Build a backend that renders nothing."""
    return Backend(
        name="test",
        package="tests",
        settings=OwnSettings,
        composes={},
        root="test-root",
        render=lambda *_: Rendered(),
        identities=lambda resource: frozenset({resource.key}),
        recall=lambda _: Recalled(),
        namespace=lambda *_: "",
        provider_config=lambda *_: "",
        **fields,
    )


def order(kind: str, **spec: Any) -> Order[Any]:
    """Build an order of the tenant acme, named shop."""
    written = {**_LEAST[kind], **spec}
    parsed = KINDS[kind].model_validate(written)
    return Order(kind, "acme", "shop", Mode.CLAIMS, "u", written, parsed)


def bound(requested: Order[Any], *, rebuilt: bool = False, **filled: Any) -> Bound:
    """Build what is remembered of an order."""
    reported = masked(KINDS[requested.kind], requested.written)
    return Bound(place=PLACE, requested=reported, filled=filled, rebuilt=rebuilt)


def resource(key: str, **fields: Any) -> Resource:
    """Build a resource with one identity, its key."""
    found = {"identities": frozenset({key}), **fields}
    return Resource(key=key, family="test", kind="Test", payload={}, **found)


def by_key(*resources: Resource) -> dict[str, Resource]:
    """Return resources as they are observed."""
    return {found.key: found for found in resources}


def disk(size: int, name: str = "data") -> Data:
    """Build a volume."""
    return {"name": name, "sizeGiB": size}
