"""Build the Shoot of an order, and the ConfigMap by which its users log in.

Only fields that we own are rendered: Gardener fills in the rest. What comes from the environment is
what the Shoot last received (`effective`). The ConfigMap has the hash of its content in its name,
because only a change of the Shoot's spec makes Gardener read it again.
"""

import yaml

from function.backends.gardener.basis import Basis
from function.backends.gardener.extensions import extensions
from function.backends.gardener.login import authentication
from function.backends.gardener.operation import hibernation, maintenance
from function.backends.gardener.status import (
    KEY,
    READY_QUERY,
    endpoint,
    live_shoot,
    ready,
    workers,
)
from function.backends.gardener.workers import pools
from function.contract import Manifest, Resource
from function.errors import InvalidOrder, Problem
from function.kubeconfig import CA_DETAIL
from function.model import ClusterSpec
from function.model.cluster import ClusterNetwork
from function.parsing import parse
from function.paths import lookup
from function.record import Bound
from function.resolve import Room, check_room
from function.schema import NOTHING, digest

LOGIN = "gardener-login"
SHOOT_API = "core.gardener.cloud/v1beta1"
AVAILABILITY = "spec.controlPlane.availability"
CONFIRMATION = "confirmation.gardener.cloud/deletion"
CONFIG_MAP = "spec.kubernetes.kubeAPIServer.structuredAuthentication.configMapName"


def resource(basis: Basis, login: Resource | None) -> Resource:
    """Return the Object of the Shoot."""
    live = live_shoot(basis.before)
    known = basis.before.options.get("connectionDetails") if basis.before else None
    details = _connection_details(basis) if endpoint(live) else known
    return Resource(
        key=KEY,
        family="kubernetes",
        kind="Object",
        payload={"manifest": manifest(basis, login)},
        options={
            "watch": True,
            "readiness": {"policy": "DeriveFromCelQuery", "celQuery": READY_QUERY},
            **({"connectionDetails": details} if details else {}),
        },
        secret=bool(details),
        annotations=basis.settings.remembered(),
        ready=ready(live),
    )


def manifest(basis: Basis, login: Resource | None) -> Manifest:
    """Return the Shoot."""
    spec = basis.order.spec
    _check_room(basis)
    return {
        "apiVersion": SHOOT_API,
        "kind": "Shoot",
        "metadata": {
            "name": basis.name,
            "namespace": basis.bound.place.namespace,
            # Required before a deletion, and nothing is updated any more once that is in progress.
            "annotations": {CONFIRMATION: "true"},
            "labels": basis.order.labels,
        },
        "spec": {
            **_of_environment(basis),
            **_control_plane(basis),
            **_exposure(basis),
            "kubernetes": {"version": basis.bound.version, **_api_server(login)},
            **_network(basis),
            "provider": {"type": "openstack", **_infrastructure(basis), "workers": pools(basis)},
            "maintenance": maintenance(spec, basis.stored),
            **hibernation(spec, live_shoot(basis.before)),
            **extensions(basis),
        },
    }


def _of_environment(basis: Basis) -> Manifest:
    """Return fields set by the environment alone; those a live Shoot never had are omitted."""
    given = basis.settings
    found = {
        "cloudProfile": given.cloud_profile,
        "credentialsBindingName": given.credentials_binding,
        "region": given.region,
        "purpose": given.purpose,
    }
    return {name: value for name, value in found.items() if value is not None}


def login(basis: Basis) -> Resource | None:
    """Return the Object of the authentication ConfigMap; none without an issuer."""
    content = _login_content(basis.bound, basis.order.spec)
    if content is None:
        return None
    mark = _mark(content)
    key = f"{LOGIN}-{mark}"
    before = basis.observed.get(key)
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{basis.name}-login-{mark}",
            "namespace": basis.bound.place.namespace,
            "labels": basis.order.labels,
        },
        "data": {"config.yaml": content},
    }
    return Resource(
        key=key,
        family="kubernetes",
        kind="Object",
        payload={"manifest": config_map},
        ready=before is not None and is_made(before),
    )


def login_key(bound: Bound, spec: ClusterSpec) -> str | None:
    """Return the key of the Object of the authentication ConfigMap; none without an issuer."""
    content = _login_content(bound, spec)
    return f"{LOGIN}-{_mark(content)}" if content else None


def is_made(observed: Resource) -> bool:
    """Return whether the object inside an Object exists."""
    return bool(lookup(live_shoot(observed), "metadata.uid"))


def _login_content(bound: Bound, spec: ClusterSpec) -> str | None:
    issuer = bound.issuer(spec)
    return yaml.safe_dump(authentication(issuer, spec), sort_keys=True) if issuer else None


def _mark(content: str) -> str:
    return digest(content)[7:15]


def former_logins(basis: Basis, login: Resource | None) -> list[Resource]:
    """Return previous ConfigMaps that the live Shoot still reads."""
    used = lookup(live_shoot(basis.before), CONFIG_MAP)
    successor = basis.observed.get(login.key) if login else None
    done = successor is not None and is_made(successor)
    return [
        Resource(
            key=key,
            family="kubernetes",
            kind="Object",
            payload={"manifest": found.payload["manifest"]},
            ready=True,
        )
        for key, found in sorted(basis.observed.items())
        if key.startswith(f"{LOGIN}-")
        and (login is None or key != login.key)
        and "manifest" in found.payload
        and (not done or lookup(found.payload, "manifest.metadata.name") == used)
    ]


def survives(shoot: Manifest) -> str:
    """Return the type of failure that the control plane of a Shoot tolerates; empty if none."""
    return str(lookup(shoot, "spec.controlPlane.highAvailability.failureTolerance.type") or "")


def _control_plane(basis: Basis) -> Manifest:
    stored = lookup(basis.stored, "spec.controlPlane") or {}
    if basis.refused and not survives(basis.refused):
        stored = {}
    wanted = basis.order.spec.control_plane.availability
    # Never changed on a live Shoot that has one, even if the record of the request is lost.
    if wanted != NOTHING and not stored:
        if basis.stored and _sleeps(basis):
            text = "cannot be raised while the cluster sleeps; wake it first"
            raise InvalidOrder(Problem(AVAILABILITY, text))
        stored = {"highAvailability": {"failureTolerance": {"type": wanted.lower()}}}
    return {"controlPlane": stored} if stored else {}


def _sleeps(basis: Basis) -> bool:
    live = live_shoot(basis.before)
    asked = basis.order.spec.hibernation
    # With schedules, Gardener itself changes `enabled`.
    wanted = lookup(live, "spec.hibernation.enabled") if asked.schedules else asked.enabled
    return bool(wanted or lookup(live, "status.hibernated"))


def _exposure(basis: Basis) -> Manifest:
    if basis.order.spec.api_server.exposure == "Public":
        return {}
    private = basis.settings.exposure_class
    if not private:
        text = "private API servers are not offered here; accepted: Public"
        raise InvalidOrder(Problem("spec.apiServer.exposure", text))
    return {"exposureClassName": private}


def _check_room(basis: Basis) -> None:
    """Refuse more nodes than there is room for; control planes run elsewhere.

    Raises:
        InvalidOrder: There are more.
    """
    pods, nodes = (str(lookup(_network(basis), f"networking.{n}")) for n in ("pods", "nodes"))
    applied = (worker.get("maximum") for worker in workers(basis.stored))
    former = sum(most for most in applied if isinstance(most, int))
    check_room(basis.order, Room(pods, nodes, former=former))


def _network(basis: Basis) -> Manifest:
    network, asked = basis.settings.networking or {}, basis.order.written
    ranges = {name: network.get(name) for name in ("pods", "services", "nodes")}
    if any(lookup(asked, f"network.{name}") for name in ranges) and not basis.stored:
        # They must not overlap with the environment's ranges either.
        parse(ClusterNetwork, ranges, at="spec.network", blame=InvalidOrder)
    return {"networking": basis.settings.networking}


def _infrastructure(basis: Basis) -> Manifest:
    return {
        "infrastructureConfig": basis.settings.infrastructure,
        "controlPlaneConfig": basis.settings.control_plane,
    }


def _connection_details(basis: Basis) -> list[Manifest]:
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "namespace": basis.bound.place.namespace,
            "name": f"{basis.name}.ca-cluster",
            "fieldPath": "data[ca.crt]",
            "toConnectionSecretKey": CA_DETAIL,
        }
    ]


def _api_server(login: Resource | None) -> Manifest:
    if login is None:
        return {}
    name = lookup(login.payload, "manifest.metadata.name")
    return {"kubeAPIServer": {"structuredAuthentication": {"configMapName": name}}}
