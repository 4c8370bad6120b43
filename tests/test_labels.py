"""Check which labels and annotations of an order reach objects of the provider, and which do not.

A key that is reserved later strands nothing: a live order keeps it, with the value that it has.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from function import labels, local, simulate
from function.model import API_GROUP
from function.paths import replaced
from tests import asking
from tests.asking import Manifest

KEPT = labels.RESERVED
Layers = list[Manifest]


@dataclass(frozen=True)
class Backend:
    """Where labels of an order end up.

    Attributes:
        provider: The example environment.
        block: Its settings.
        example: The order.
        at: Where its labels are.
        said: How a refusal names one of them.
    """

    provider: str
    block: str
    example: str
    at: str
    said: str

    def order(self, written: dict[str, str], **more: Any) -> Manifest:
        """Return the order with labels."""
        order = asking.order(self.example)
        for path, value in {self.at: written, **more}.items():
            order = replaced(order, path, value)
        return order

    def layers(self, *reserved: str) -> Layers:
        """Return the environment, with keys that its provider reserves."""
        block = f"backends.{self.block}.reservedLabels"
        return asking.provider(self.provider, {block: list(reserved)} if reserved else {})


POOL = "spec.nodePools[main]"
CAPI = Backend("cluster-stacks", "capi", "cluster/minimal", f"{POOL}.labels", f"{POOL}.labels.{{}}")
GARDENER = Backend(
    "gardener", "gardener", "cluster/minimal", f"{POOL}.labels", f"{POOL}.labels.{{}}"
)
NOTES = Backend(
    "gardener", "gardener", "cluster/minimal", f"{POOL}.annotations", f"{POOL}.annotations.{{}}"
)
SERVER = Backend("cluster-stacks", "openstack", "server/private", "spec.labels", "spec.labels[{}]")
OURS = (f"{API_GROUP}/tenant", f"deep.{API_GROUP}/x")
REFUSED = [
    *((CAPI, key) for key in OURS),
    *((GARDENER, key) for key in OURS),
    *((NOTES, key) for key in OURS),
    *((SERVER, key) for key in OURS),
    (CAPI, "x-k8s.io/a"),
    (CAPI, "machine.cluster.x-k8s.io/a"),
    (CAPI, "clusterctl.cluster.x-k8s.io/move"),
    (CAPI, "addons.cluster.x-k8s.io/a"),
    (CAPI, "run.cluster.x-k8s.io/a"),
    (CAPI, "gateway.networking.x-k8s.io/a"),
    (GARDENER, "gardener.cloud/role"),
    (GARDENER, "worker.gardener.cloud/pool"),
    (GARDENER, "node.machine.sapcloud.io/a"),
]  # fmt: skip
ACCEPTED = [
    *((one, key) for one in (CAPI, GARDENER, NOTES, SERVER) for key in (
        "team", "example.com/role", f"not{API_GROUP}/x", f"{API_GROUP}.example.com/x",
        "velero.io/exclude-from-backup", "argocd.argoproj.io/instance",
    )),
    (CAPI, "node.cluster.x-k8s.io/ring"),
    (CAPI, "deep.node.cluster.x-k8s.io/ring"),
    (CAPI, "node-role.kubernetes.io/worker"),
    (CAPI, "node-restriction.kubernetes.io/a"),
    (CAPI, "notx-k8s.io/a"),
    (CAPI, "x-k8s.io.example.com/a"),
    (GARDENER, "node-role.kubernetes.io/worker"),
    (GARDENER, "notgardener.cloud/a"),
]  # fmt: skip
# What a provider reserves, and what of it a tenant may not use.
RESERVED = [
    ("velero.io", "velero.io/exclude-from-backup", True),
    ("velero.io", "deep.velero.io/x", True),
    ("velero.io", "notvelero.io/x", False),
    ("velero.io", "velero.io.example.com/x", False),
    ("app.kubernetes.io/instance", "app.kubernetes.io/instance", True),
    ("app.kubernetes.io/instance", "app.kubernetes.io/name", False),
    ("backup", "backup", True),
    ("backup", "backups", False),
    ("backup", "example.com/backup", False),
]

each_reserving = pytest.mark.parametrize("backend", [CAPI, SERVER], ids=lambda one: one.block)


def name_of(value: object) -> str:
    """Return how a test calls a backend."""
    return f"{value.block} {value.at}" if isinstance(value, Backend) else str(value)


@pytest.mark.parametrize(("backend", "key"), REFUSED, ids=name_of)
def test_a_new_order_does_not_use_it(backend: Backend, key: str) -> None:
    """Refused by its path, with what to do."""
    outcome = asking.ask(backend.order({key: "x", "team": "web"}), backend.layers())
    assert outcome.fatal == f"InvalidOrder: {backend.said.format(key)}: {KEPT}"
    assert outcome.warnings[0] == f"{backend.said.format(key)}: {KEPT}"
    assert outcome.resources == {}


@pytest.mark.parametrize(("backend", "key"), ACCEPTED, ids=name_of)
def test_a_new_order_uses_another(backend: Backend, key: str) -> None:
    """What only looks like it, and what is meant for nodes."""
    assert asking.ask(backend.order({key: "x"}), backend.layers()).fatal == ""


@each_reserving
@pytest.mark.parametrize(("reserved", "key", "refused"), RESERVED)
def test_a_provider_reserves_keys_and_domains(
    backend: Backend, reserved: str, key: str, *, refused: bool
) -> None:
    """A domain with what is below it; a key that is written out is that key alone."""
    outcome = asking.ask(backend.order({key: "x"}), backend.layers("other.example.com", reserved))
    assert bool(outcome.fatal) is refused
    assert outcome.fatal in ("", f"InvalidOrder: {backend.said.format(key)}: {KEPT}")


@each_reserving
class TestLive:
    """An order with a key that its provider reserves later."""

    def test_it_goes_on(self, backend: Backend) -> None:
        """Unchanged, and with another edit; nothing of it changes."""
        order, previous = self.built(backend)
        later = backend.layers("velero.io")
        assert asking.ask(order, later, previous).fatal == ""
        assert (
            asking.ask(order, later, previous).resources
            == asking.ask(order, backend.layers(), previous).resources
        )
        protected = replaced(order, "spec.deletionProtection", False)
        assert asking.ask(protected, later, previous).fatal == ""

    def test_it_lets_go_of_the_key(self, backend: Backend) -> None:
        """Which cannot come back then."""
        _, previous = self.built(backend)
        without = backend.order({"team": "web"})
        outcome = asking.ask(without, backend.layers("velero.io"), previous)
        assert outcome.fatal == ""

    @pytest.mark.parametrize(
        ("written", "key"),
        [
            ({"velero.io/x": "b", "team": "web"}, "velero.io/x"),
            ({"velero.io/x": "a", "velero.io/y": "a"}, "velero.io/y"),
        ],
        ids=["another value", "another key"],
    )
    def test_it_gains_nothing(self, backend: Backend, written: dict[str, str], key: str) -> None:
        """Only what changes is judged, and named."""
        _, previous = self.built(backend)
        outcome = asking.ask(backend.order(written), backend.layers("velero.io"), previous)
        assert outcome.fatal == f"InvalidOrder: {backend.said.format(key)}: {KEPT}"

    def built(self, backend: Backend) -> tuple[Manifest, dict[str, local.Observed]]:
        """Return an order, and what there is of it after some passes."""
        order = backend.order({"velero.io/x": "a", "team": "web"})
        seen: dict[str, local.Observed] = {}
        for _ in range(5):
            outcome = asking.ask(order, backend.layers(), seen)
            assert outcome.fatal == ""
            seen = simulate.play(outcome.resources)
        return order, seen


def test_a_pool_that_spreads_over_more_zones_keeps_them() -> None:
    """Its labels are the same in a zone that it gains; those of another pool are judged."""
    labelled = {"velero.io/x": "a"}
    zones = {f"{POOL}.zones": ["az1"]}
    previous = simulate.play(asking.ask(CAPI.order(labelled, **zones), CAPI.layers()).resources)
    later = CAPI.layers("velero.io")
    wider = CAPI.order(labelled, **{f"{POOL}.zones": ["az1", "az2"]})
    assert asking.ask(wider, later, previous).fatal == ""
    [pool] = CAPI.order(labelled, **zones)["spec"]["nodePools"]
    both = replaced(CAPI.order(labelled), "spec.nodePools", [pool, {**pool, "name": "more"}])
    refusal = f"InvalidOrder: spec.nodePools[more].labels.velero.io/x: {KEPT}"
    assert asking.ask(both, later, previous).fatal == refusal


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_gardener_keeps_what_a_live_pool_has(field: str) -> None:
    """As an older function rendered it, before these keys were reserved."""
    key, order = f"{API_GROUP}/x", asking.order("cluster/minimal")
    played = simulate.play(asking.ask(order, GARDENER.layers()).resources)
    worker = "spec.forProvider.manifest.spec.provider.workers[main]"
    shoot = played["gardener-shoot"]
    live = replaced(shoot.manifest, f"{worker}.{field}", {key: "old"})
    seen = {**played, "gardener-shoot": local.Observed(live, shoot.connection)}
    retained = replaced(order, f"{POOL}.{field}", {key: "old"})
    assert asking.ask(retained, GARDENER.layers(), seen).fatal == ""
    changed = replaced(order, f"{POOL}.{field}", {key: "new"})
    refusal = f"InvalidOrder: {POOL}.{field}.{key}: {KEPT}"
    assert asking.ask(changed, GARDENER.layers(), seen).fatal == refusal
