"""Check that what a provider needs to find a live thing again is written back when it is lost."""

import copy
import functools
from collections.abc import Mapping
from typing import Any

import pytest

from function import local, simulate
from function.backends import definitions
from function.contract import Mode
from function.fn import FunctionRunner
from function.managed import EXTERNAL_NAME
from tests import asking

KINDS = {
    name.partition(".")[0].removesuffix("s")
    for name in definitions(Mode.CLAIMS)
    if ".openstack." in name
}
Seen = Mapping[str, local.Observed]
LAYERS = asking.versioned(asking.provider("cluster-stacks"))
ask = functools.partial(asking.ask, runner=FunctionRunner())


def recorded() -> list[asking.Manifest]:
    """Return the recorded objects that a provider has built."""
    documents = [
        asking.recorded(name)
        for under in ("openstack", "openstack/ready")
        for name in asking.recordings(under)
    ]
    return [doc for doc in documents if (doc.get("status") or {}).get("atProvider", {}).get("id")]


def test_the_id_is_the_name_of_every_kind() -> None:
    """See in recorded objects of each kind that the provider finds it by the id that it shows."""
    names = {
        doc["kind"].lower(): (
            doc["metadata"].get("annotations", {}).get(EXTERNAL_NAME),
            doc["status"]["atProvider"]["id"],
        )
        for doc in recorded()
    }
    assert set(names) >= KINDS
    assert {kind: name for kind, (name, shown) in names.items() if name != shown} == {}


def orders() -> list[asking.Manifest]:
    """Return orders that together become resources of every kind."""
    full = copy.deepcopy(asking.order("server/full"))
    full["spec"]["placement"] = {"spread": "Soft"}
    return [full, asking.order("network/full")]


def built(order: asking.Manifest, mode: Mode = Mode.CLAIMS) -> Seen:
    """Return what there is of an order after all waves."""
    seen: Seen = {}
    for _ in range(5):
        outcome = ask(order, LAYERS, seen, mode)
        assert not outcome.fatal
        seen = simulate.play(outcome.resources)
    return seen


BUILT = [(order, mode, built(order, mode)) for order in orders() for mode in Mode]
EACH = pytest.mark.parametrize(
    ("order", "mode", "seen"), BUILT, ids=[f"{o['kind']}-{m.value}" for o, m, _ in BUILT]
)


def name_of(resource: asking.Manifest) -> str | None:
    """Return the external name in a manifest."""
    name: str | None = resource["metadata"].get("annotations", {}).get(EXTERNAL_NAME)
    return name


def changed(seen: Seen, name: str | None, **status: Any) -> Seen:
    """Return what is seen with another external name, or none, and with parts of its status."""
    copies = copy.deepcopy(dict(seen))
    for resource in copies.values():
        metadata = resource.manifest["metadata"]
        metadata["annotations"].pop(EXTERNAL_NAME, None)
        metadata["annotations"] |= {} if name is None else {EXTERNAL_NAME: name}
        resource.manifest["status"] |= status
    return copies


def test_every_kind_is_ordered() -> None:
    """Have each kind in what the other tests look at."""
    assert {one.manifest["kind"].lower() for _, _, seen in BUILT for one in seen.values()} == (
        KINDS
    )


@EACH
@pytest.mark.parametrize("name", [None, ""], ids=["lost", "empty"])
def test_a_lost_name_is_written_back(
    order: asking.Manifest, mode: Mode, seen: Seen, name: str | None
) -> None:
    """Write the id that the provider has shown, and go on writing it."""
    lost = changed(seen, name)
    ids = {key: one.manifest["status"]["atProvider"]["id"] for key, one in seen.items()}
    outcome = ask(order, LAYERS, lost, mode)
    assert not outcome.fatal
    assert {key: name_of(one) for key, one in outcome.resources.items()} == ids
    again = ask(order, LAYERS, simulate.play(outcome.resources), mode)
    assert again.resources == outcome.resources


@EACH
def test_a_name_without_a_status_stays(order: asking.Manifest, mode: Mode, seen: Seen) -> None:
    """Keep it while the provider has not looked, as after a restore from a backup."""
    restored = changed(seen, "restored", atProvider={})
    outcome = ask(order, LAYERS, restored, mode)
    assert {name_of(one) for one in outcome.resources.values()} == {"restored"}


@EACH
def test_a_name_that_the_provider_wrote_goes_first(
    order: asking.Manifest, mode: Mode, seen: Seen
) -> None:
    """Keep the name of a replacement, or an operator's correction; only we write an instance's."""
    outcome = ask(order, LAYERS, changed(seen, "newer"), mode)
    for key, resource in outcome.resources.items():
        shown = seen[key].manifest["status"]["atProvider"]["id"]
        assert name_of(resource) == (shown if resource["kind"] == "InstanceV2" else "newer")


@pytest.mark.parametrize("order", orders(), ids=lambda order: order["kind"])
def test_what_is_not_built_has_no_name(order: asking.Manifest) -> None:
    """Leave the name of what is new to its provider."""
    outcome = ask(order, LAYERS)
    applied = simulate.play(outcome.resources, frozenset())
    for answer in (outcome, ask(order, LAYERS, applied)):
        assert {name_of(one) for one in answer.resources.values()} == {None}


def test_objects_are_found_by_the_manifest_in_them() -> None:
    """Write no name of an Object: its manifest says which object it is."""
    order = asking.order("cluster/minimal")
    outcome = ask(order, LAYERS, changed(built(order), None))
    assert {name_of(one) for one in outcome.resources.values()} == {None}


@pytest.mark.parametrize("order", orders(), ids=lambda order: order["kind"])
def test_a_move_leaves_nothing_without_a_name(order: asking.Manifest) -> None:
    """Write it back also while an order leaves: what it leaves would be created twice."""
    seen = built(order)
    layers = copy.deepcopy(LAYERS)
    for layer in layers:
        labels = layer["metadata"]["labels"]
        labels |= {name: "two" for name, value in labels.items() if value == "default"}
        if "kinds" in layer["data"]:
            layer["data"]["moves"] = [
                {
                    "namespace": order["metadata"]["namespace"],
                    "kind": order["kind"],
                    "name": order["metadata"]["name"],
                    "from": {"environment": "default"},
                    "to": {"environment": "two"},
                }
            ]
    moved = {**order, "spec": {**order["spec"], "environment": "two"}}
    outcome = asking.ask(moved, layers, changed(seen, None))
    assert not outcome.fatal
    ids = {key: one.manifest["status"]["atProvider"]["id"] for key, one in seen.items()}
    assert {key: name_of(one) for key, one in outcome.resources.items()} == ids
