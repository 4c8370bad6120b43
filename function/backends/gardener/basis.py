"""Hold what a Shoot is built from: the order, what was decided, and what stands.

What comes from the environment rather than the order, and is in use, stands as it is while
the version of the live Shoot stays, because most of it rolls machines. What cannot be read
off the Shoot is remembered beside it (`TYPES`, `KEPT`).
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
from function.labels import UID_LABEL, labels_of
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
    """Return flavor and machine type by pool, as far as the root resource remembers them."""
    text = root.annotations.get(TYPES, "") if root else ""
    return shapes.mapping(shapes.fitting(shapes.parsed(text), {shapes.EACH: _is_pair}))


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, str]


@dataclass(frozen=True)
class Basis:
    """Hold what the resources of one order are rendered from."""

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
        """Return the Shoot as it was rendered before; empty for one that cannot exist yet."""
        exists = self.before is not None and self.before.exists
        return (self.before.payload.get("manifest") if self.before and exists else None) or {}

    @functools.cached_property
    def refused(self) -> Manifest:
        """Return the live Shoot where it was refused to become what was rendered last."""
        return refused(self.before)

    @functools.cached_property
    def standing(self) -> bool:
        """Return whether what the environment sets stands, because the version does.

        A version that Gardener has raised by itself brings nothing with it: it changes patches in
        place, and at a time of its own.
        """
        path = "spec.kubernetes.version"
        known = (self.stored, live_shoot(self.before))
        return any(lookup(shoot, path) == self.bound.version for shoot in known)

    @functools.cached_property
    def name(self) -> str:
        """Return the name of the Shoot."""
        known = lookup(self.stored, "metadata.name")
        return str(known or names.shoot(self.own.project, self.order.tenant, self.order.name))

    def labels(self) -> dict[str, str]:
        """Return the labels of every object in the garden."""
        order = self.order
        found = labels_of(order.tenant, order.kind, order.name)
        return {**found, UID_LABEL: order.uid}

    def fixed(self, field: str, value: Any) -> Any:
        """Return what was rendered first, if only its absence: Gardener never lets it change."""
        known = lookup(self.stored, f"spec.{field}")
        return known if self._shows_all else known or value

    def until_version(self, field: str, value: Any) -> Any:
        """Return what was rendered, if only its absence, until the version changes."""
        return self.fixed(field, value) if self.standing else value

    @property
    def _shows_all(self) -> bool:
        """Return whether what the stored Shoot has not was not rendered."""
        return bool(self.stored) and self.before is not None and not self.before.garbled

    def stored_worker(self, pool: NodePool) -> Manifest:
        """Return a worker pool as it was rendered before, in the zones in which it stands."""
        found = next((w for w in workers(self.stored) if w["name"] == pool.name), {})
        live = next((w for w in workers(self.refused) if w["name"] == pool.name), {})
        return {**found, "zones": live["zones"]} if live.get("zones") else found

    @functools.cached_property
    def kept(self) -> Kept | None:
        """Return what is remembered of the environment; None if that is nothing, or lost."""
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
        """Return the extension of each addon that the order speaks of; None if not offered."""
        offered = {str(name): addon for name, addon in self.own.addons.items()}
        known = self.kept.addons if self.kept else {}
        # Older functions did not write down what was not offered.
        offers = {} if self.kept and self.kept.policies is None else offered
        return {name: known.get(name, offers.get(name)) for name in self.asked_addons}

    @functools.cached_property
    def policies(self) -> dict[str, str | None]:
        """Return the policy of the server groups of each pool with `antiAffinity`; None if none.

        Another one would replace all nodes of a live pool.
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
        """Return the addons of which the order says something."""
        dumped = self.order.spec.addons.model_dump()
        return {n: a["enabled"] for n, a in sorted(dumped.items()) if a["enabled"] is not None}

    @functools.cached_property
    def machine_types(self) -> dict[str, list[str]]:
        """Return flavor and machine type by pool; a type stays while its flavor does."""
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
        """Return the annotations by which the next call knows what stands."""
        kept = Kept(addons=self.addons, policies=self.policies, default_volume=self.default_volume)
        dumped = kept.model_dump(mode="json", exclude_defaults=True)
        return {TYPES: canonical(self.machine_types), KEPT: canonical(dumped)}
