"""Hold the input of a Shoot: the order, what was decided, and what is kept of the live Shoot.

Values in use that come from the environment rather than the order stay unchanged until the
version of the live Shoot changes, because most of them roll machines. Values that cannot be read
from the Shoot are remembered in annotations beside it (`TYPES`, `KEPT`).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from function import names, shapes
from function.backends.gardener.settings import (
    NAME,
    AddonExtension,
    DefaultVolume,
    GardenerSettings,
    Kept,
)
from function.backends.gardener.status import KEY, live_shoot, refused, workers
from function.contract import Manifest, Order, Resource
from function.model import API_GROUP, ClusterSpec
from function.model.pool import NodePool
from function.paths import lookup
from function.record import Bound
from function.schema import canonical
from function.settings import Settings

EXTENSION_API = "openstack.provider.extensions.gardener.cloud/v1alpha1"
TYPES = f"{API_GROUP}/machine-types"
KEPT = f"{API_GROUP}/environment-values"


def remembered_types(root: Resource | None) -> dict[str, list[str]]:
    """Return flavor and machine type by pool, where the root resource remembers them."""
    text = root.annotations.get(TYPES, "") if root else ""
    return shapes.mapping(shapes.fitting(shapes.parsed(text), {shapes.EACH: _is_pair}))


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, str]


@dataclass(frozen=True)
class Basis:
    """Hold the input from which the resources of one order are rendered."""

    order: Order[ClusterSpec]
    settings: Settings
    bound: Bound
    observed: Mapping[str, Resource]

    @functools.cached_property
    def own(self) -> GardenerSettings:
        """Return the settings of this backend."""
        return self.settings.block(NAME, GardenerSettings)

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
    def standing(self) -> bool:
        """Return whether the environment's values are kept, because the version is unchanged.

        A version that Gardener has raised on its own does not bring in new values: Gardener
        changes patch versions in place, and at a time of its own.
        """
        path = "spec.kubernetes.version"
        known = (self.stored, live_shoot(self.before))
        return any(lookup(shoot, path) == self.bound.version for shoot in known)

    @functools.cached_property
    def name(self) -> str:
        """Return the name of the Shoot."""
        known = lookup(self.stored, "metadata.name")
        return str(known or names.shoot(self.own.project, self.order.tenant, self.order.name))

    def fixed(self, field: str, value: Any) -> Any:
        """Return the value, or absence, that was rendered first: for Gardener it is immutable."""
        known = lookup(self.stored, f"spec.{field}")
        return known if self._shows_all else known or value

    def until_version(self, field: str, value: Any) -> Any:
        """Return the value, or absence, that was rendered before, until the version changes."""
        return self.fixed(field, value) if self.standing else value

    @property
    def _shows_all(self) -> bool:
        """Return whether a field that the stored Shoot lacks was never rendered."""
        return bool(self.stored) and self.before is not None and not self.before.garbled

    def stored_worker(self, pool: NodePool) -> Manifest:
        """Return a worker pool as previously rendered, with its live zones if it was refused."""
        found = next((w for w in workers(self.stored) if w["name"] == pool.name), {})
        live = next((w for w in workers(self.refused) if w["name"] == pool.name), {})
        return {**found, "zones": live["zones"]} if live.get("zones") else found

    @functools.cached_property
    def kept(self) -> Kept | None:
        """Return the remembered values of the environment; None if there are none, or lost."""
        text = self.before.annotations.get(KEPT, "") if self.before and self.standing else ""
        try:
            return Kept.model_validate(shapes.parsed(text)) if text else None
        except pydantic.ValidationError:
            return None

    @property
    def default_volume(self) -> DefaultVolume | None:
        """Return the root volume of nodes whose flavor has no disk."""
        return self.kept.default_volume if self.kept else self.own.default_volume

    @functools.cached_property
    def addons(self) -> dict[str, AddonExtension | None]:
        """Return the extension of each addon that the order mentions; None if not offered."""
        offered = {str(name): addon for name, addon in self.own.addons.items()}
        known = self.kept.addons if self.kept else {}
        # Older releases of the function did not record which addons were not offered.
        offers = {} if self.kept and self.kept.policies is None else offered
        return {name: known.get(name, offers.get(name)) for name in self.asked_addons}

    @functools.cached_property
    def policies(self) -> dict[str, str | None]:
        """Return the server group policy of each pool with `antiAffinity`; None if none.

        A changed policy would replace all nodes of a live pool.
        """
        spread = [pool for pool in self.order.spec.node_pools if pool.anti_affinity]
        return {pool.name: self._policy(pool) for pool in spread}

    def _policy(self, pool: NodePool) -> str | None:
        stored = self.stored_worker(pool) if self.standing else {}
        known = self.kept.policies if self.kept else None
        if stored and known is None:
            found: str | None = lookup(stored, "providerConfig.serverGroup.policy")
            return found
        return (known or {}).get(pool.name, self.own.openstack.server_group_policy)

    @functools.cached_property
    def asked_addons(self) -> dict[str, bool]:
        """Return the addons that the order mentions."""
        dumped = self.order.spec.addons.model_dump()
        return {n: a["enabled"] for n, a in sorted(dumped.items()) if a["enabled"] is not None}

    @functools.cached_property
    def machine_types(self) -> dict[str, list[str]]:
        """Return flavor and machine type by pool; a type is kept until its flavor changes."""
        known = remembered_types(self.before) if self.standing else {}
        found = {}
        for pool in self.order.spec.node_pools:
            flavor = self.bound.machines[pool.name].flavor
            before = known.get(pool.name)
            if before and before[0] == flavor:
                found[pool.name] = before
                continue
            found[pool.name] = [flavor, self.own.machine_types.get(flavor, flavor)]
        return found

    def remember(self) -> dict[str, str]:
        """Return the annotations that persist the kept values for the next call."""
        kept = Kept(addons=self.addons, policies=self.policies, default_volume=self.default_volume)
        dumped = kept.model_dump(mode="json", exclude_defaults=True)
        return {TYPES: canonical(self.machine_types), KEPT: canonical(dumped)}
