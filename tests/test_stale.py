"""Check that an older version of an order, read late, changes nothing that was answered since."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from function import bound, local, simulate, stale
from function.backends import BACKENDS
from function.contract import Mode
from function.errors import StaleRead
from function.fn import FunctionRunner
from function.record import Bound, Revision
from function.settings import Place
from tests import asking
from tests.samples import manifest

Data = dict[str, Any]
Observed = Mapping[str, local.Observed]
PLACE = Place(environment="default", backend="test", provider_config="acme", namespace="ns")
OLD: Data = {"nodePools": [{"name": "web"}]}
NEW: Data = {"nodePools": [{"name": "web"}, {"name": "db"}]}
FIFTH = Revision(uid="u", generation=5)


def record(revision: Revision | None) -> Bound:
    """Build the record of an order that was last answered as `NEW`."""
    return Bound(place=PLACE, requested=NEW, revision=revision)


@pytest.mark.parametrize(
    ("uid", "generation", "spec", "previous"),
    [
        pytest.param("u", 1, OLD, None, id="new order"),
        pytest.param("u", 6, OLD, record(FIFTH), id="newer"),
        pytest.param("u", 5, OLD, record(FIFTH), id="same generation"),
        pytest.param("u", 1, NEW, record(FIFTH), id="older, nothing else is requested"),
        pytest.param("other", 1, OLD, record(FIFTH), id="restored under another UID"),
        pytest.param("u", 1, OLD, record(None), id="record of an older function"),
        pytest.param("u", 0, OLD, record(FIFTH), id="no generation"),
        pytest.param("", 1, OLD, record(FIFTH), id="no UID"),
    ],
)
def test_reads_that_pass(uid: str, generation: int, spec: Data, previous: Bound | None) -> None:
    """Pass what is no older version of the same order, or requests the same."""
    stale.older_versions_change_nothing(stale.revision_of(uid, generation), spec, previous)


def test_older_version_is_refused() -> None:
    """Refuse an older version that requests something else, for nobody to act on."""
    with pytest.raises(StaleRead) as refusal:
        stale.older_versions_change_nothing(Revision(uid="u", generation=4), OLD, record(FIFTH))
    assert str(refusal.value) == (
        "generation 4 of the order was read after generation 5 was answered; nothing is changed "
        "until Crossplane reads the newer one"
    )
    assert refusal.value.public == (
        "an older version of this order was read; nothing was changed, and it is tried again"
    )


SEVENTH = Revision(uid="u", generation=7)


@pytest.mark.parametrize(
    ("current", "spec", "previous", "remembered"),
    [
        pytest.param(SEVENTH, NEW, None, SEVENTH, id="new order"),
        pytest.param(SEVENTH, OLD, record(FIFTH), SEVENTH, id="the request changed"),
        pytest.param(SEVENTH, NEW, record(FIFTH), FIFTH, id="only the generation grew"),
        pytest.param(
            Revision(uid="u", generation=1), NEW, record(FIFTH), FIFTH, id="an older version"
        ),
        pytest.param(
            Revision(uid="new", generation=1),
            NEW,
            record(FIFTH),
            Revision(uid="new", generation=1),
            id="restored under another UID",
        ),
        pytest.param(SEVENTH, NEW, record(None), SEVENTH, id="record of an older function"),
        pytest.param(None, NEW, record(FIFTH), FIFTH, id="no generation, nothing changed"),
        pytest.param(None, OLD, record(FIFTH), None, id="no generation, the request changed"),
        pytest.param(None, NEW, record(None), None, id="never a generation"),
    ],
)
def test_what_is_remembered(
    current: Revision | None, spec: Data, previous: Bound | None, remembered: Revision | None
) -> None:
    """Remember where the request last changed, and write nothing while it does not."""
    assert stale.remembered(current, spec, previous) == remembered


def test_record_without_a_revision_is_as_before() -> None:
    """Write no new field for a composite without a generation."""
    assert "revision" not in bound.encode(record(None))
    assert '"revision":{"generation":5,"uid":"u"}' in bound.encode(record(FIFTH))


# The whole way: an order with its XR, answered and built, then read as it was before.

POOL: Data = {"flavor": "SCS-2V-8", "replicas": 3}
CLUSTER: Data = {"version": "1.34", "nodePools": [{"name": "web", **POOL}]}
SERVER: Data = {"image": {"os": "ubuntu", "version": "24.04"}, "flavor": "SCS-2V-4"}
NETWORK: Data = {"cidr": "10.20.0.0/24"}
VOLUME: Data = {"name": "data", "sizeGiB": 10}
# What was ordered first, and what was changed then.
EDITS: dict[str, tuple[str, Data, Data]] = {
    "a pool was added": (
        "Cluster",
        {},
        {"nodePools": [{"name": n, **POOL} for n in ("web", "db")]},
    ),
    "a pool was scaled": ("Cluster", {}, {"nodePools": [{"name": "web", **POOL, "replicas": 5}]}),
    "the version was raised": ("Cluster", {}, {"version": "1.35"}),
    "the cluster is protected": (
        "Cluster",
        {"deletionProtection": False},
        {"deletionProtection": True},
    ),
    "the cluster is orphaned": ("Cluster", {}, {"deletionPolicy": "Orphan"}),
    "servers were added": ("Server", {"deletionProtection": False}, {"replicas": 3}),
    "servers are protected": (
        "Server",
        {"replicas": 1, "deletionProtection": False},
        {"replicas": 3, "deletionProtection": True},
    ),
    "a volume was added": ("Server", {"deletionProtection": False}, {"volumes": [VOLUME]}),
    "a volume was enlarged": (
        "Server",
        {"volumes": [VOLUME]},
        {"volumes": [{**VOLUME, "sizeGiB": 20}]},
    ),
    "an address was added": ("Server", {}, {"publicIP": True}),
    "a port was opened": (
        "Server",
        {},
        {"firewall": {"ingress": [{"protocol": "tcp", "ports": "22"}]}},
    ),
    "servers were stopped": ("Server", {}, {"running": False}),
    "servers are orphaned": ("Server", {}, {"deletionPolicy": "Orphan"}),
    "the network was opened": ("Network", {"externalAccess": False}, {"externalAccess": True}),
    "the network is protected": (
        "Network",
        {"deletionProtection": False},
        {"deletionProtection": True},
    ),
    "the network is orphaned": ("Network", {}, {"deletionPolicy": "Orphan"}),
}
LEAST = {"Cluster": CLUSTER, "Server": SERVER, "Network": NETWORK}
CASES = [
    pytest.param(edit, mode, id=f"{name}, {mode.value}")
    for mode, edits in ((Mode.CLAIMS, EDITS), (Mode.NAMESPACED, list(EDITS)[::5]))
    for name, edit in EDITS.items()
    if name in edits
]
LAYERS = asking.versioned(asking.provider("cluster-stacks"))
RUNNER = FunctionRunner()


def composite(
    kind: str, spec: Data, generation: Any, mode: Mode = Mode.CLAIMS, **metadata: Any
) -> Data:
    """Return the XR of an order at a generation."""
    xr = local.composite_of(manifest(kind, {**LEAST[kind], **spec}), mode)
    return {**xr, "metadata": {**xr["metadata"], "generation": generation, **metadata}}


def built(composite: Data, observed: Observed | None = None) -> Observed:
    """Answer an XR and build what it requests until nothing changes any more."""
    outcome = ask(composite, observed or {})
    assert not outcome.fatal
    current = simulate.play(outcome.resources)
    return current if current == observed else built(composite, current)


def ask(composite: Data, observed: Observed, layers: list[Data] = LAYERS) -> local.Outcome:
    """Ask about an XR."""
    return asyncio.run(
        local.answer(lambda req: RUNNER.RunFunction(req, None), composite, layers, observed)
    )


def remembered(observed: Observed, kind: str) -> Revision | None:
    """Return the revision in the record."""
    root = next(iter(BACKENDS[kind].values())).root
    record = bound.decode(observed[root].manifest["metadata"]["annotations"][bound.ANNOTATION])
    assert record is not None
    return record.revision


@pytest.mark.parametrize(("edit", "mode"), CASES)
def test_late_read_changes_nothing(edit: tuple[str, Data, Data], mode: Mode) -> None:
    """Refuse the order as it was before an edit, and answer the edited one as if nothing was.

    The same request at a later generation is the tenant's wish, as far as it may be one.
    """
    kind, first, then = edit
    old = composite(kind, first, 1, mode)
    new = composite(kind, {**first, **then}, 5, mode)
    observed = built(new, built(old))
    previous = ask(new, observed)
    late = ask(old, observed)
    assert late.fatal.startswith("StaleRead: ")
    assert not late.resources
    assert ask(new, observed) == previous
    back = composite(kind, first, 6, mode)
    assert not ask(back, observed).fatal.startswith("StaleRead")


def test_the_same_request_is_answered_and_writes_nothing() -> None:
    """Answer whatever generation is read while the request is the same, and write nothing."""
    observed = built(composite("Cluster", {}, 5))
    known = ask(composite("Cluster", {}, 5), observed)
    for generation in (1, 4, 6, 900):
        machinery = {"compositionRevisionRef": {"name": f"x-{generation}"}}
        assert ask(composite("Cluster", machinery, generation), observed) == known


def test_a_restored_order_is_answered() -> None:
    """Go by the new UID of an order that came back from a backup, whose generation is 1 again."""
    observed = built(composite("Cluster", {}, 5))
    edit = EDITS["a pool was added"][2]
    observed = built(composite("Cluster", edit, 1, uid="restored"), observed)
    assert remembered(observed, "Cluster") == Revision(uid="restored", generation=1)


@pytest.mark.parametrize("generation", [None, "5", 1.5, -1, True, [], {}, 0])
def test_no_generation_is_none(generation: Any) -> None:
    """Remember nothing of a composite that has no generation, such as one on a command line."""
    outcome = ask(composite("Network", {}, generation), {})
    assert remembered(simulate.play(outcome.resources), "Network") is None


def test_edits_between_two_answers_count_as_one() -> None:
    """Remember the generation that was answered, not that of an edit before it."""
    observed = built(composite("Network", {}, 2))
    observed = built(composite("Network", {"mtu": 1400}, 9), observed)
    assert remembered(observed, "Network") == Revision(
        uid=composite("Network", {}, 2)["metadata"]["uid"], generation=9
    )
    unseen = composite("Network", {"mtu": 1300}, 8)
    assert ask(unseen, observed).fatal.startswith("StaleRead: ")


def test_an_order_that_moved_is_not_read_back() -> None:
    """Refuse an order from before its move as late, not as a move back."""
    old = composite("Cluster", {"environment": "default"}, 1)
    observed = built(old)
    new = composite("Cluster", {"environment": "two"}, 5)
    two = [_in_two(layer) for layer in LAYERS]
    for _ in range(4):
        outcome = ask(new, observed, two)
        assert not outcome.fatal
        observed = simulate.play(outcome.resources)
    assert outcome.complete
    assert ask(old, observed).fatal.startswith("StaleRead: ")


def _in_two(layer: Data) -> Data:
    """Return an EnvironmentConfig of another environment, to which the order may move."""
    labels = {k: "two" if v == "default" else v for k, v in layer["metadata"]["labels"].items()}
    listed = {"namespace": "acme", "kind": "Cluster", "name": "shop"}
    move = {**listed, "from": {"environment": "default"}, "to": {"environment": "two"}}
    moves = {"moves": [move]} if "kinds" in layer["data"] else {}
    metadata = {**layer["metadata"], "labels": labels, "resourceVersion": "2"}
    return {**layer, "metadata": metadata, "data": {**layer["data"], **moves}}
