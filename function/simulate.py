"""Simulate providers: say what a composed resource would report once it is built.

`central-api render` plays an order through its waves with it, and so do the demo and the tests;
the server never loads it. Crossplane's part and that of provider-kubernetes, which several backends
share, are here. What else a provider reports is in the module `simulated` of its backend, whose
`build` completes a composed resource, or the object in an Object. It is imported by name, because
an import in the backend would load it into the server.
"""

import copy
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from function import backends
from function.contract import Manifest
from function.local import KEY_ANNOTATION, Exchange, Observed, Outcome, exchange
from function.managed import EXTERNAL_NAME

MAX_PASSES = 10

CA_CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"
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
    metadata, spec = found["metadata"], found["spec"]
    payload = spec["forProvider"] = _resolved(spec["forProvider"])
    external = metadata["annotations"].get(EXTERNAL_NAME) or metadata["uid"]
    shown = {**spec.get("initProvider", {}), **payload, "id": external}
    found["status"] = {"atProvider": shown, "conditions": list(_DONE)}
    _complete(found)
    if not {"*", "LateInitialize"}.isdisjoint(spec["managementPolicies"]):
        metadata["annotations"][EXTERNAL_NAME] = found["status"]["atProvider"]["id"]
    return Observed(found)


def identifier(text: str) -> str:
    """Return a UUID that is the same for the same text."""
    # Not `uuid5`: manifests that were rendered before hold this value, as ids of what exists.
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16]))


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
    result: Manifest = {}
    for name, value in payload.items():
        if name == "fixedIp" and isinstance(value, list):
            result[name] = [_resolved(entry) for entry in value]
            continue
        result[name] = value
        field, is_reference, _ = name.partition("IdRef")
        if is_reference:
            result.setdefault(f"{field}Id", identifier(value["name"]))
        field, is_selector, _ = name.partition("IdSelector")
        if is_selector:
            target = "-".join(value["matchLabels"].values())
            result.setdefault(f"{field}IdRef", {"name": target})
            result.setdefault(f"{field}Id", identifier(target))
    return result


def _object(found: Manifest) -> Observed:
    """Return an Object of provider-kubernetes whose inner object is built as asked."""
    live = copy.deepcopy(found["spec"]["forProvider"]["manifest"])
    live["metadata"] |= {"uid": identifier(live["metadata"]["name"]), "generation": 1}
    _complete(live)
    found["status"] = {"atProvider": {"manifest": live}, "conditions": list(_DONE)}
    connected = "connectionDetails" in found["spec"]
    return Observed(found, {"ca.crt": CA_CERTIFICATE} if connected else {})


def _complete(live: Manifest) -> None:
    """Let each backend add what its provider reports; it leaves what is not its own unchanged."""
    for part in backends.parts("simulated").values():
        part.build(live)
