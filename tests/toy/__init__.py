"""A backend as small as it may be: a resource for a network, and one for its access.

It is registered by one line of `tests/test_toy_backend.py`, and by nothing else.
"""

from collections.abc import Iterator, Mapping

from function import diagnosis
from function.contract import (
    Backend,
    Condition,
    Context,
    Family,
    Observed,
    Order,
    Removal,
    Rendered,
    Resource,
)
from function.effective import Effective, taken
from function.managed import named
from function.model import NetworkSpec
from function.record import Bound, Recalled
from function.schema import Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS, ConfigTemplate, Settings, filled

NAME, LAN, DOOR = "toy", "toy-lan", "toy-door"
KINDS = {LAN: "Lan", DOOR: "Door"}
FAMILY = Family("toy", "toy.crossplane.io/v1alpha1", "toy.m.crossplane.io/v1alpha1")


class ToySettings(Schema):
    """Configure the backend `toy` of an environment."""

    provider_config: ConfigTemplate = configured(
        "ProviderConfig. Defaults to {tenant}.toy.", reaches=NEW_ORDERS, default="{tenant}.toy"
    )
    color: str = configured("Color of every network.", reaches=AT_ONCE)


class Painted(Effective):
    """Hold what networks take from their environment."""

    color: str = taken(ToySettings, "color")


def current(_order: Order[NetworkSpec], settings: Settings, _bound: Bound) -> Painted:
    """Return what the environment gives networks today."""
    return Painted(color=settings.block(NAME, ToySettings).color)


def render(given: Context[NetworkSpec, Painted, Observed]) -> Rendered:
    """Render an order for a network."""
    spec, observed = given.order.spec, given.live
    mtu = {"mtu": spec.mtu} if spec.mtu else {}
    found = {LAN: {"cidr": spec.cidr, "color": given.settings.color, **mtu}}
    found |= {DOOR: {}} if spec.external_access else {}
    built = {key for key in found if key in observed and observed[key].at_provider}
    done = built == set(found) == set(observed)
    return Rendered(
        resources=tuple(
            named(
                Resource(key, FAMILY.name, KINDS[key], payload, ready=key in built),
                observed.get(key),
            )
            for key, payload in found.items()
        ),
        removals=tuple(_removals(observed, found)),
        status={"phase": "Ready", "message": "built"}
        if done
        else {"phase": "Provisioning", "message": "not built yet"},
        conditions=(Condition("Current", done, "AsOrdered"), diagnosis.health(observed.values())),
    )


def _removals(observed: Mapping[str, Resource], wanted: Mapping[str, object]) -> Iterator[Removal]:
    for key, one in observed.items():
        if key not in wanted:
            yield from (Removal(name, "order", "spec.externalAccess") for name in identities(one))


def identities(resource: Resource) -> frozenset[str]:
    """Return the resource by its key."""
    return frozenset({resource.key})


BACKEND: Backend[NetworkSpec] = Backend(
    name=NAME,
    package=__name__,
    settings=ToySettings,
    root=LAN,
    composes={FAMILY: tuple(KINDS.values())},
    current=current,
    render=render,
    identities=identities,
    recall=lambda observed: Recalled() if LAN in observed else None,
    namespace=lambda *_: "",
    provider_config=lambda config, tenant: filled(config.provider_config, tenant=tenant),
    gaps={"spec.ipv6": "toys have one range", "spec.dnsServers": "toys name nothing"},
)
