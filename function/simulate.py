"""Simulate providers: say what a composed resource would report once it is built.

`central-api render` plays an order through its waves with it, and so do the demo and the tests;
the server never loads it. The forms are those that provider-openstack 0.9, provider-kubernetes 1.3
and Cluster API 1.14 were seen to report.
"""

import copy
import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from function.contract import Manifest
from function.local import KEY_ANNOTATION, Exchange, Observed, Outcome, exchange
from function.managed import EXTERNAL_NAME

MAX_PASSES = 10

CA_CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"
# What a cloud chooses by default.
MTU, IPV6_RANGE = 1442, "2001:db8:7::/64"
_DONE: tuple[Manifest, ...] = (
    {"type": "Ready", "status": "True", "reason": "Available"},
    {"type": "Synced", "status": "True", "reason": "ReconcileSuccess"},
)


class Unsettled(RuntimeError):
    """The answers to an order keep changing."""


@dataclass(frozen=True)
class Played:
    """How an order fared while its provider was played.

    Attributes:
        passes: Answers that changed something, until all was built.
        outcome: The last answer.
        observed: What it was given of the order, by key.
    """

    passes: int
    outcome: Outcome
    observed: Mapping[str, Observed] = field(default_factory=dict)


def until_settled(
    composite: Manifest,
    environments: Iterable[Manifest],
    observed: Mapping[str, Observed] | None = None,
) -> Exchange[Played]:
    """Call the function until its answer is stable, each time with all desired resources built.

    Args:
        composite: The XR.
        environments: Every EnvironmentConfig of the control plane.
        observed: What is there at first, by key.

    Raises:
        Unsettled: It keeps changing.
    """
    layers, known = list(environments), dict(observed or {})
    outcome = yield from exchange(composite, layers, known)
    for passes in range(1, MAX_PASSES):
        if outcome.fatal:
            return Played(passes, outcome, known)
        known = play(outcome.resources)
        following = yield from exchange(composite, layers, known)
        if following == outcome:
            return Played(passes, outcome, known)
        outcome = following
    raise Unsettled(f"{composite['metadata']['name']} does not settle in {MAX_PASSES} passes")


def further(
    composite: Manifest, environments: Iterable[Manifest], outcome: Outcome
) -> Exchange[bool]:
    """Say whether more resources follow once those of an answer are built."""
    layers = list(environments)
    for _ in range(MAX_PASSES):
        following = yield from exchange(composite, layers, play(outcome.resources))
        if following == outcome or following.fatal:
            return False
        if following.resources.keys() - outcome.resources.keys():
            return True
        outcome = following
    return False


def created(key: str, manifest: Manifest) -> Observed:
    """Return a resource as Crossplane sees it right after it was applied."""
    found = copy.deepcopy(manifest)
    metadata = found["metadata"]
    metadata["uid"] = identifier(str(metadata.get("name")))
    metadata.setdefault("annotations", {})[KEY_ANNOTATION] = key
    return Observed(found)


def built(key: str, manifest: Manifest) -> Observed:
    """Return a resource as it looks once its provider has built it."""
    found = created(key, manifest).manifest
    if found["kind"] == "Object":
        return _object(found)
    payload = found["spec"]["forProvider"] = _resolved(found["spec"]["forProvider"])
    external = _named_after(found["kind"], payload)
    external = external or found["metadata"]["annotations"].get(EXTERNAL_NAME)
    external = external or identifier(found["metadata"]["name"])
    if (
        "*" in found["spec"]["managementPolicies"]
        or "LateInitialize" in found["spec"]["managementPolicies"]
    ):
        found["metadata"]["annotations"][EXTERNAL_NAME] = external
    shown = {**found["spec"].get("initProvider", {}), **payload, "id": external}
    found["status"] = {
        "atProvider": shown | _seen(found["kind"], payload, external),
        "conditions": list(_DONE),
    }
    return Observed(found)


def identifier(text: str) -> str:
    """Return a UUID that is the same for the same text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def play(
    resources: Mapping[str, Manifest], finished: frozenset[str] | None = None
) -> dict[str, Observed]:
    """Return every applied resource as observed; those in `finished` are built, all if None."""
    return {
        key: built(key, manifest) if finished is None or key in finished else created(key, manifest)
        for key, manifest in resources.items()
    }


def _resolved(payload: Manifest) -> Manifest:
    """Return a payload with the ids that the provider writes beside references and selectors."""
    found: Manifest = {}
    for name, value in payload.items():
        if name == "fixedIp" and isinstance(value, list):
            found[name] = [_resolved(entry) for entry in value]
            continue
        found[name] = value
        field, is_reference, _ = name.partition("IdRef")
        if is_reference:
            found.setdefault(f"{field}Id", identifier(value["name"]))
        field, is_selector, _ = name.partition("IdSelector")
        if is_selector:
            target = "-".join(value["matchLabels"].values())
            found.setdefault(f"{field}IdRef", {"name": target})
            found.setdefault(f"{field}Id", identifier(target))
    return found


def _named_after(kind: str, payload: Manifest) -> str:
    """Return the id of what is called by its fields; empty for what gets one of its own."""
    if kind == "KeypairV2":
        return str(payload["name"])
    if kind == "VolumeAttachV2":
        return f"{payload['instanceId']}/{payload['volumeId']}"
    return ""


def _seen(kind: str, payload: Manifest, external: str) -> Manifest:
    match kind:
        case "FloatingipV2":
            return {"address": _address("198.18.0.0", external)}
        case "InstanceV2":
            return {"network": [_attached(net["port"]) for net in payload["network"]]}
        case "NetworkV2":
            return {"mtu": payload.get("mtu", MTU)}
        case "SubnetV2":
            return {"cidr": payload.get("cidr", IPV6_RANGE)}
    return {}


def _attached(port: str) -> Manifest:
    return {"port": port, "fixedIpV4": _address("10.20.0.0", port), "fixedIpV6": ""}


def _address(first: str, text: str) -> str:
    number = int(hashlib.sha256(text.encode()).hexdigest()[:4], 16)
    return str(ipaddress.IPv4Address(first) + number)


def _object(found: Manifest) -> Observed:
    """Return an Object whose inner object is built as asked."""
    live = copy.deepcopy(found["spec"]["forProvider"]["manifest"])
    live["metadata"] |= {"uid": identifier(live["metadata"]["name"]), "generation": 1}
    build = {"Cluster": _cluster, "Shoot": _shoot}.get(live["kind"])
    if build:
        build(live)
    found["status"] = {"atProvider": {"manifest": live}, "conditions": list(_DONE)}
    connected = "connectionDetails" in found["spec"]
    return Observed(found, {"ca.crt": CA_CERTIFICATE} if connected else {})


def _shoot(live: Manifest) -> None:
    kinds = (
        "APIServerAvailable",
        "ControlPlaneHealthy",
        "EveryNodeReady",
        "SystemComponentsHealthy",
    )
    asleep = live["spec"].get("hibernation", {}).get("enabled", False)
    live["status"] = {
        "observedGeneration": 1,
        "conditions": [{"type": kind, "status": "True", "reason": "Healthy"} for kind in kinds],
        "lastOperation": {"type": "Reconcile", "state": "Succeeded", "progress": 100},
        "advertisedAddresses": [{"name": "external", "url": "https://192.0.2.20"}],
        "hibernated": asleep,
    }


def _cluster(live: Manifest) -> None:
    topology = live["spec"]["topology"]
    pools = topology.get("workers", {}).get("machineDeployments", [])
    plane = _counters(topology["controlPlane"]["replicas"], topology["version"])
    workers = _counters(sum(pool.get("replicas", 1) for pool in pools), topology["version"])
    conditions = [
        {"type": "Available", "status": "True", "reason": "Available"},
        {"type": "TopologyReconciled", "status": "True", "reason": "ReconcileSucceeded"},
    ]
    live["spec"]["controlPlaneEndpoint"] = {"host": "192.0.2.10", "port": 6443}
    live["status"] = {"observedGeneration": 1, "phase": "Provisioned"}
    if live["apiVersion"].endswith("/v1beta1"):
        live["status"] |= {
            "infrastructureReady": True,
            "controlPlaneReady": True,
            "conditions": [{"type": "Ready", "status": "True"}],
            "v1beta2": {"conditions": conditions, "controlPlane": plane, "workers": workers},
        }
        return
    live["status"] |= {
        "initialization": {"infrastructureProvisioned": True, "controlPlaneInitialized": True},
        "conditions": conditions,
        "controlPlane": plane,
        "workers": workers,
    }


def _counters(count: int, version: str) -> Manifest:
    names = (
        "desiredReplicas",
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "upToDateReplicas",
    )
    versions = [{"version": version, "replicas": count}] if count else []
    return {**dict.fromkeys(names, count), "versions": versions}
