"""Say which settings a Shoot takes from its environment, today and when it was last applied.

What cannot be read from the applied Shoot is persisted in annotations beside it (`TYPES`, `KEPT`).
"""

from collections.abc import Mapping
from typing import Any

import pydantic

from function import shapes
from function.backends.gardener.live import LiveShoot, workers
from function.backends.gardener.settings import (
    NAME,
    AddonExtension,
    DefaultVolume,
    GardenerSettings,
    Kept,
)
from function.contract import Context, Manifest, Order, Resource
from function.effective import Effective, taken
from function.model import API_GROUP, ClusterSpec
from function.paths import lookup
from function.record import Bound
from function.schema import canonical
from function.settings import AccessDefaults, Settings

EXTENSION_API = "openstack.provider.extensions.gardener.cloud/v1alpha1"
TYPES = f"{API_GROUP}/machine-types"
KEPT = f"{API_GROUP}/environment-values"
# Where the Shoot has what it takes from the environment, by the attributes below.
_FIELDS = {
    "cloud_profile": "cloudProfile",
    "credentials_binding": "credentialsBindingName",
    "region": "region",
    "purpose": "purpose",
    "networking": "networking",
    "infrastructure": "provider.infrastructureConfig",
    "control_plane": "provider.controlPlaneConfig",
}


class ShootSettings(Effective):
    """Hold what a Shoot takes from its environment; None is what the environment does not have.

    Attributes:
        cloud_profile: Reference to the cloud profile.
        credentials_binding: Name of the CredentialsBinding.
        region: Region in the cloud profile.
        purpose: Purpose of the Shoot.
        networking: Network extension and ranges, those of the order included.
        infrastructure: The infrastructureConfig, and `control_plane` the controlPlaneConfig.
        exposure_class: ExposureClass of private API servers.
        project: Project of new Shoots.
        machine_types: Flavor and machine type by pool.
        default_volume: Root volume of nodes whose flavor has no disk.
        root_volumes: Root volumes of live pools, where the default that they were made with is
            lost.
        addons: Extension of each addon that the order mentions.
        policies: Server group policy of each pool with `antiAffinity`.
        acl: Whether access to API servers can be limited.
        extra_scopes: Scopes that kubeconfigs ask for.
    """

    cloud_profile: dict[str, Any] | None = taken(GardenerSettings, "cloudProfile")
    credentials_binding: str | None = taken(GardenerSettings, "credentialsBinding")
    region: str | None = taken(GardenerSettings, "region")
    purpose: str | None = taken(GardenerSettings, "purpose")
    networking: dict[str, Any] | None = taken(GardenerSettings, "networking")
    infrastructure: dict[str, Any] | None = taken(GardenerSettings, "openstack.floatingPoolName")
    control_plane: dict[str, Any] | None = taken(GardenerSettings, "openstack.loadBalancerProvider")
    exposure_class: str | None = taken(GardenerSettings, "privateExposureClass")
    project: str = taken(GardenerSettings, "project")
    machine_types: dict[str, list[str]] = taken(GardenerSettings, "machineTypes", each=True)
    default_volume: DefaultVolume | None = taken(GardenerSettings, "defaultVolume")
    root_volumes: dict[str, Manifest] = taken(GardenerSettings, "defaultVolume", default={})
    addons: dict[str, AddonExtension | None] = taken(GardenerSettings, "addons", each=True)
    policies: dict[str, str | None] = taken(
        GardenerSettings, "openstack.serverGroupPolicy", each=True
    )
    acl: bool = taken(GardenerSettings, "acl")
    extra_scopes: tuple[str, ...] = taken(AccessDefaults, "extraScopes")

    def remembered(self) -> dict[str, str]:
        """Return the annotations that persist what the Shoot does not show."""
        retained = Kept(
            addons=self.addons, policies=self.policies, default_volume=self.default_volume
        )
        dumped = retained.model_dump(mode="json", exclude_defaults=True)
        return {TYPES: canonical(self.machine_types), KEPT: canonical(dumped)}


ShootContext = Context[ClusterSpec, ShootSettings, LiveShoot]


def current(order: Order[ClusterSpec], settings: Settings, bound: Bound) -> ShootSettings:
    """Return what the environment gives a Shoot today."""
    config = settings.block(NAME, GardenerSettings)
    flavors = {pool.name: bound.machines[pool.name].flavor for pool in order.spec.node_pools}
    offered = {str(name): addon for name, addon in config.addons.items()}
    network = _networking(order, config)
    return ShootSettings(
        cloud_profile=config.cloud_profile.model_dump(),
        credentials_binding=config.credentials_binding,
        region=config.region,
        purpose=config.purpose,
        networking=network,
        infrastructure={
            "apiVersion": EXTENSION_API,
            "kind": "InfrastructureConfig",
            "floatingPoolName": config.openstack.floating_pool_name,
            "networks": {"workers": network["nodes"]},
        },
        control_plane={
            "apiVersion": EXTENSION_API,
            "kind": "ControlPlaneConfig",
            "loadBalancerProvider": config.openstack.load_balancer_provider,
        },
        exposure_class=config.private_exposure_class,
        project=config.project,
        machine_types={
            pool: [flavor, config.machine_types.get(flavor, flavor)]
            for pool, flavor in flavors.items()
        },
        default_volume=config.default_volume,
        addons={name: offered.get(name) for name in mentioned_addons(order.spec)},
        policies={
            pool.name: config.openstack.server_group_policy
            for pool in order.spec.node_pools
            if pool.anti_affinity
        },
        acl=config.acl,
        extra_scopes=settings.access.extra_scopes,
    )


def mentioned_addons(spec: ClusterSpec) -> dict[str, bool]:
    """Return the addons that an order mentions, and whether they are enabled."""
    dumped = spec.addons.model_dump()
    return {n: a["enabled"] for n, a in sorted(dumped.items()) if a["enabled"] is not None}


def _networking(order: Order[ClusterSpec], config: GardenerSettings) -> Manifest:
    requested, offered = order.spec.network, config.networking
    return {
        "type": offered.type,
        "ipFamilies": ["IPv4"],
        "nodes": requested.nodes or offered.nodes,
        "pods": requested.pods or offered.pods,
        "services": requested.services or offered.services,
    }


def applied(live: LiveShoot, _: Bound | None, today: ShootSettings) -> Mapping[str, Any] | None:
    """Return what the Shoot was last given, by attribute; None if it cannot exist yet."""
    root, stored = live.root, live.applied
    if root is None or not stored:
        return None
    shown = {name: lookup(stored, f"spec.{path}") for name, path in _FIELDS.items()}
    private = lookup(stored, "spec.exposureClassName")
    found = {
        # Of a Shoot that was garbled, parts are missing that were rendered.
        **{name: value for name, value in shown.items() if value or not root.malformed},
        **({"exposure_class": private} if private else {}),
        "machine_types": {
            pool: known
            for pool, known in remembered_types(root).items()
            # Another flavor has another machine type.
            if known[0] == today.machine_types.get(pool, known)[0]
        },
    }
    retained, pools = _kept(root), workers(stored)
    policies = {w["name"]: lookup(w, "providerConfig.serverGroup.policy") for w in pools}
    if retained is None:
        volumes = {w["name"]: w["volume"] for w in pools if w.get("volume")}
        return {**found, "policies": policies, "root_volumes": volumes}
    # Older releases of the function did not record which addons were not offered.
    absent = dict.fromkeys(today.addons) if retained.policies is None else {}
    return {
        **found,
        "addons": {**absent, **retained.addons},
        "policies": policies if retained.policies is None else retained.policies,
        "default_volume": retained.default_volume,
    }


def remembered_types(root: Resource | None) -> dict[str, list[str]]:
    """Return flavor and machine type by pool, where the root resource remembers them."""
    text = root.annotations.get(TYPES, "") if root else ""
    return shapes.mapping(shapes.fitting(shapes.parsed(text), {shapes.EACH: _is_pair}))


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [str, str]


def _kept(root: Resource) -> Kept | None:
    """Return the persisted values; None if there are none, or they are garbled."""
    text = root.annotations.get(KEPT, "")
    try:
        return Kept.model_validate(shapes.parsed(text)) if text else None
    except pydantic.ValidationError:
        return None
