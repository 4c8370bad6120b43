"""Declare where orders live, and the orders that may leave for another place."""

from typing import ClassVar

from function.schema import Schema, configured
from function.settings.values import AT_ONCE, KindName, Name


class Place(Schema):
    """Say where an order lives; in a move, only what changes is given."""

    environment: Name | None = configured(
        "Name of the environment, such as region-one. Optional; if absent, it stays the same.",
        reaches=AT_ONCE,
        default=None,
    )
    backend: Name | None = configured(
        "Name of the backend, such as capi. Optional; if absent, it stays the same.",
        reaches=AT_ONCE,
        default=None,
    )
    provider_config: Name | None = configured(
        "Name of the ProviderConfig, such as acme.capi. Optional; if absent, it stays the same.",
        reaches=AT_ONCE,
        default=None,
    )
    namespace: str | None = configured(
        "Name of the namespace or project in the backend, such as acme. Optional; if absent, it "
        "stays the same.",
        reaches=AT_ONCE,
        default=None,
    )


class Move(Schema):
    """Allow one order to change its place; what it leaves is orphaned, never deleted."""

    key_fields: ClassVar[tuple[str, ...]] = ("namespace", "kind", "name")

    namespace: Name = configured("Tenant namespace of the order, such as acme.", reaches=AT_ONCE)
    kind: KindName = configured("Kind of the order: Cluster, Server or Network.", reaches=AT_ONCE)
    name: Name = configured("Name of the order, such as shop.", reaches=AT_ONCE)
    origin: Place = configured("Place that the order leaves.", reaches=AT_ONCE, alias="from")
    to: Place = configured("Place that the order moves to.", reaches=AT_ONCE)
