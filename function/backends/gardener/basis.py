"""Hold the input of a Shoot: the order, its settings, what was decided, and the live Shoot."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from function import names
from function.backends.gardener.effective import ShootSettings
from function.backends.gardener.status import KEY, refused, workers
from function.contract import Manifest, Order, Resource
from function.model import ClusterSpec
from function.model.pool import NodePool
from function.paths import lookup
from function.record import Bound


@dataclass(frozen=True)
class Basis:
    """Hold the input from which the resources of one order are rendered.

    Attributes:
        order: The order.
        settings: What it takes from the environment, as it last received it.
        bound: What was decided.
        observed: Our observed resources by key.
    """

    order: Order[ClusterSpec]
    settings: ShootSettings
    bound: Bound
    observed: Mapping[str, Resource]

    @functools.cached_property
    def before(self) -> Resource | None:
        """Return the observed Object of the Shoot."""
        return self.observed.get(KEY)

    @functools.cached_property
    def stored(self) -> Manifest:
        """Return the previously rendered Shoot; empty for one that cannot exist yet."""
        exists = self.before is not None and self.before.exists
        return (self.before.payload.get("manifest") if self.before and exists else None) or {}

    @functools.cached_property
    def refused(self) -> Manifest:
        """Return the live Shoot if what was rendered last was refused; else empty."""
        return refused(self.before)

    @functools.cached_property
    def name(self) -> str:
        """Return the name of the Shoot."""
        known = lookup(self.stored, "metadata.name")
        order = self.order
        return str(known or names.shoot(self.settings.project, order.tenant, order.name))

    def stored_worker(self, pool: NodePool) -> Manifest:
        """Return a worker pool as previously rendered, with its live zones if it was refused."""
        found = next((w for w in workers(self.stored) if w["name"] == pool.name), {})
        live = next((w for w in workers(self.refused) if w["name"] == pool.name), {})
        return {**found, "zones": live["zones"]} if live.get("zones") else found
