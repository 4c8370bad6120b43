"""Make real requests: examples and recorded objects, as Crossplane would send them."""

import copy
import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from function import local, simulate
from function.contract import Manifest, Mode
from function.environment import selectors
from tests import asking, golden

# Directories of the recorded objects, by the kind of the object inside an Object.
_LIVE = {"Cluster": "capi", "Shoot": "gardener"}
_PASSES = 5


@dataclass(frozen=True)
class Request:
    """What the function is sent for one order.

    Attributes:
        name: What it is a request for.
        composite: The XR.
        observed: Composed resources by key.
        layers: EnvironmentConfigs by requirement.
        step: Input of the Composition's step.
        connection: Connection details by key.
    """

    name: str
    composite: Manifest
    observed: Manifest = field(default_factory=dict)
    layers: Manifest = field(default_factory=dict)
    step: Manifest = field(default_factory=dict)
    connection: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


@functools.cache
def recorded(kind: str) -> tuple[Manifest, ...]:
    """Return the recorded objects of a kind that Objects contain."""
    documents = [asking.recorded(name) for name in asking.recordings(_LIVE[kind])]
    return tuple(doc for doc in documents if doc.get("kind") == kind)


@functools.cache
def examples(mode: Mode) -> tuple[Request, ...]:
    """Return requests for every example order of every example provider.

    Each comes twice: new, and built if it is not refused.
    """
    made = (
        _requests(f"{name} {order} {mode.value}", asking.provider(name), asking.order(order), mode)
        for name, order in itertools.product(asking.PROVIDERS, asking.ORDERS)
    )
    return tuple(itertools.chain(*made))


@functools.cache
def corpus() -> tuple[Request, ...]:
    """Return the requests for examples in both modes, and for every golden case."""
    cases = itertools.chain(*map(_case, golden.NAMES))
    return (*examples(Mode.CLAIMS), *examples(Mode.NAMESPACED), *cases)


def _case(name: str) -> Iterator[Request]:
    case = golden.case(name)
    return _requests(name, golden.layers(case), golden.order(case), Mode.CLAIMS)


def _requests(name: str, layers: list[Manifest], order: Manifest, mode: Mode) -> Iterator[Request]:
    composite = copy.deepcopy(local.composite_of(order, mode))
    composite["metadata"]["generation"] = 3
    environment = order["spec"].get("environment", "default")
    tenant = order["metadata"]["namespace"]
    provided: Manifest = {
        part: local.matching(layers, labels)
        for part, labels in selectors(environment, tenant).items()
    }
    step = {"environment": "default", "refresh": 60}
    yield Request(f"{name} new", composite, layers=provided, step=step)
    seen: Mapping[str, local.Observed] = {}
    for _ in range(_PASSES):
        outcome = asking.ask(composite, layers, seen, mode)
        if outcome.fatal:
            return
        seen = simulate.play(outcome.resources)
    yield Request(
        f"{name} built",
        {**composite, "status": outcome.composite["status"]},
        {key: one.manifest for key, one in seen.items()},
        provided,
        step,
        {key: one.connection for key, one in seen.items()},
    )
