"""Build the Shoot of an order, and the ConfigMap by which its users log in.

Only fields that we own are rendered: Gardener fills in the rest. What comes from the environment is
what the Shoot last received (`effective`). The ConfigMap has the hash of its content in its name,
because only a change of the Shoot's spec makes Gardener read it again.
"""

import functools
import json

import yaml

from function import names
from function.backends.gardener.effective import ShootContext
from function.backends.gardener.extensions import extensions
from function.backends.gardener.live import KEY, READY_QUERY, workers
from function.backends.gardener.login import authentication
from function.backends.gardener.operation import hibernation, maintenance
from function.backends.gardener.workers import pools
from function.contract import Manifest, Resource
from function.errors import InvalidOrder, Problem
from function.kubeconfig import CA_DETAIL
from function.managed import inside
from function.model import ClusterSpec
from function.model.cluster import ClusterNetwork
from function.parsing import parse
from function.paths import lookup
from function.record import Bound
from function.resolve import Room, check_room
from function.schema import NOTHING, canonical, digest

LOGIN = "gardener-login"
SHOOT_API = "core.gardener.cloud/v1beta1"
AVAILABILITY = "spec.controlPlane.availability"
CONFIRMATION = "confirmation.gardener.cloud/deletion"
CONFIG_MAP = "spec.kubernetes.kubeAPIServer.structuredAuthentication.configMapName"


def resource(context: ShootContext, login: Resource | None) -> Resource:
    """Return the Object of the Shoot."""
    live = context.live
    known = live.root.options.get("connectionDetails") if live.root else None
    details = _connection_details(context) if live.endpoint else known
    return Resource(
        key=KEY,
        family="kubernetes",
        kind="Object",
        payload={"manifest": manifest(context, login)},
        options={
            "watch": True,
            "readiness": {"policy": "DeriveFromCelQuery", "celQuery": READY_QUERY},
            **({"connectionDetails": details} if details else {}),
        },
        secret=bool(details),
        annotations=context.settings.remembered(),
        ready=live.is_ready,
    )


def manifest(context: ShootContext, login: Resource | None) -> Manifest:
    """Return the Shoot."""
    spec = context.order.spec
    _check_room(context)
    return {
        "apiVersion": SHOOT_API,
        "kind": "Shoot",
        "metadata": {
            "name": name(context),
            "namespace": context.bound.place.namespace,
            # Required before a deletion, and nothing is updated any more once that is in progress.
            "annotations": {CONFIRMATION: "true"},
            "labels": context.order.labels,
        },
        "spec": {
            **_of_environment(context),
            **_control_plane(context),
            **_exposure(context),
            "kubernetes": {"version": context.bound.version, **_api_server(login)},
            **_network(context),
            "provider": {
                "type": "openstack",
                **_infrastructure(context),
                "workers": pools(context),
            },
            "maintenance": maintenance(spec, context.live.applied),
            **hibernation(spec, context.live.inside),
            **extensions(context),
        },
    }


def name(context: ShootContext) -> str:
    """Return the name of the Shoot."""
    known, order = lookup(context.live.applied, "metadata.name"), context.order
    return str(known or names.shoot(context.settings.project, order.tenant, order.name))


def _of_environment(context: ShootContext) -> Manifest:
    """Return fields set by the environment alone; those a live Shoot never had are omitted."""
    given = context.settings
    found = {
        "cloudProfile": given.cloud_profile,
        "credentialsBindingName": given.credentials_binding,
        "region": given.region,
        "purpose": given.purpose,
    }
    return {name: value for name, value in found.items() if value is not None}


def login(context: ShootContext) -> Resource | None:
    """Return the Object of the authentication ConfigMap; none without an issuer."""
    content = _login_content(context.bound, context.order.spec)
    if content is None:
        return None
    mark = _mark(content)
    key = f"{LOGIN}-{mark}"
    previous = context.live.observed.get(key)
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name(context)}-login-{mark}",
            "namespace": context.bound.place.namespace,
            "labels": context.order.labels,
        },
        "data": {"config.yaml": content},
    }
    return Resource(
        key=key,
        family="kubernetes",
        kind="Object",
        payload={"manifest": config_map},
        ready=previous is not None and is_made(previous),
    )


def login_key(bound: Bound, spec: ClusterSpec) -> str | None:
    """Return the key of the Object of the authentication ConfigMap; none without an issuer."""
    content = _login_content(bound, spec)
    return f"{LOGIN}-{_mark(content)}" if content else None


def is_made(observed: Resource) -> bool:
    """Return whether the object inside an Object exists."""
    return bool(lookup(inside(observed), "metadata.uid"))


def _login_content(bound: Bound, spec: ClusterSpec) -> str | None:
    issuer = bound.issuer(spec)
    return _dumped(canonical(authentication(issuer, spec))) if issuer else None


@functools.lru_cache(maxsize=128)
def _dumped(configuration: str) -> str:
    """Return a configuration as YAML; writing it takes a quarter of a call."""
    return yaml.safe_dump(json.loads(configuration), sort_keys=True)


def _mark(content: str) -> str:
    return digest(content)[7:15]


def former_logins(context: ShootContext, login: Resource | None) -> list[Resource]:
    """Return previous ConfigMaps that the live Shoot still reads."""
    used = lookup(context.live.inside, CONFIG_MAP)
    successor = context.live.observed.get(login.key) if login else None
    done = successor is not None and is_made(successor)
    return [
        Resource(
            key=key,
            family="kubernetes",
            kind="Object",
            payload={"manifest": found.payload["manifest"]},
            ready=True,
        )
        for key, found in sorted(context.live.observed.items())
        if key.startswith(f"{LOGIN}-")
        and (login is None or key != login.key)
        and "manifest" in found.payload
        and (not done or lookup(found.payload, "manifest.metadata.name") == used)
    ]


def survives(shoot: Manifest) -> str:
    """Return the type of failure that the control plane of a Shoot tolerates; empty if none."""
    return str(lookup(shoot, "spec.controlPlane.highAvailability.failureTolerance.type") or "")


def _control_plane(context: ShootContext) -> Manifest:
    stored = lookup(context.live.applied, "spec.controlPlane") or {}
    if context.live.refused and not survives(context.live.refused):
        stored = {}
    wanted = context.order.spec.control_plane.availability
    # Never changed on a live Shoot that has one, even if the record of the request is lost.
    if wanted != NOTHING and not stored:
        if context.live.applied and _sleeps(context):
            text = "cannot be raised while the cluster sleeps; wake it first"
            raise InvalidOrder(Problem(AVAILABILITY, text))
        stored = {"highAvailability": {"failureTolerance": {"type": wanted.lower()}}}
    return {"controlPlane": stored} if stored else {}


def _sleeps(context: ShootContext) -> bool:
    live = context.live.inside
    requested = context.order.spec.hibernation
    # With schedules, Gardener itself changes `enabled`.
    wanted = lookup(live, "spec.hibernation.enabled") if requested.schedules else requested.enabled
    return bool(wanted or lookup(live, "status.hibernated"))


def _exposure(context: ShootContext) -> Manifest:
    if context.order.spec.api_server.exposure == "Public":
        return {}
    private = context.settings.exposure_class
    if not private:
        text = "private API servers are not offered here; accepted: Public"
        raise InvalidOrder(Problem("spec.apiServer.exposure", text))
    return {"exposureClassName": private}


def _check_room(context: ShootContext) -> None:
    """Refuse more nodes than there is room for; control planes run elsewhere.

    Raises:
        InvalidOrder: There are more.
    """
    pods, nodes = (str(lookup(_network(context), f"networking.{n}")) for n in ("pods", "nodes"))
    applied = (worker.get("maximum") for worker in workers(context.live.applied))
    former = sum(most for most in applied if isinstance(most, int))
    check_room(context.order, Room(pods, nodes, former=former))


def _network(context: ShootContext) -> Manifest:
    network, requested = context.settings.networking or {}, context.order.written
    ranges = {name: network.get(name) for name in ("pods", "services", "nodes")}
    if any(lookup(requested, f"network.{name}") for name in ranges) and not context.live.applied:
        # They must not overlap with the environment's ranges either.
        parse(ClusterNetwork, ranges, at="spec.network", blame=InvalidOrder)
    return {"networking": context.settings.networking}


def _infrastructure(context: ShootContext) -> Manifest:
    return {
        "infrastructureConfig": context.settings.infrastructure,
        "controlPlaneConfig": context.settings.control_plane,
    }


def _connection_details(context: ShootContext) -> list[Manifest]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "namespace": context.bound.place.namespace,
            "name": f"{name(context)}.ca-cluster",
            "fieldPath": "data[ca.crt]",
            "toConnectionSecretKey": CA_DETAIL,
        }
    ]


def _api_server(login: Resource | None) -> Manifest:
    if login is None:
        return {}
    name = lookup(login.payload, "manifest.metadata.name")
    return {"kubeAPIServer": {"structuredAuthentication": {"configMapName": name}}}
