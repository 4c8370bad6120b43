"""Play Crossplane's part for one composite, without a control plane.

The command line and the demo share it with the tests: the same request that Crossplane
would send, the same loop over requirements, the same selection by label.
"""

import copy
import difflib
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import plain, shapes
from function.contract import Manifest, Mode
from function.model import API_GROUP, API_VERSION, KINDS
from function.paths import lookup

# Crossplane calls once, and then as often as the requirements change.
MAX_CALLS = 6
# Crossplane's name generator keeps this much of a claim's name, so that the result fits a label.
GENERATED_BASE = 57
KEY_ANNOTATION = "crossplane.io/composition-resource-name"

Run = Callable[[fnv1.RunFunctionRequest], Awaitable[fnv1.RunFunctionResponse]]
T = TypeVar("T")
# Yields requests, receives the responses, and returns the result.
Exchange = Generator[fnv1.RunFunctionRequest, fnv1.RunFunctionResponse, T]


class NotAnOrder(ValueError):
    """The document is no order that this function answers."""


@dataclass(frozen=True)
class Observed:
    """A composed resource as a control plane would show it.

    Attributes:
        manifest: The object.
        connection: Its connection details.
    """

    manifest: Manifest
    connection: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The result of an order.

    Attributes:
        composite: The XR with the status that the tenant would see.
        resources: Composed resources by key.
        ready: Keys that are ready.
        fatal: Text of the refusal; empty if there is none.
        warnings: Texts that the tenant sees as events.
        complete: Whether the XR is ready.
        connection: What a claim's connection Secret holds.
    """

    composite: Manifest
    resources: Mapping[str, Manifest]
    ready: frozenset[str]
    fatal: str
    warnings: tuple[str, ...]
    complete: bool
    connection: Mapping[str, bytes] = field(default_factory=dict)


def composite_of(order: Manifest, mode: Mode, namespace: str | None = None) -> Manifest:
    """Return the XR for a tenant's manifest; an XR is returned as it is.

    Args:
        order: The tenant's manifest, or an XR.
        mode: Which install to play; for the tenant's manifest only.
        namespace: Namespace of the tenant, where the manifest names none.

    Raises:
        NotAnOrder: The document is neither.
    """
    check_kind(order)
    kind, metadata = order["kind"], order.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise NotAnOrder("metadata.name: required, as text")
    if not isinstance(order.get("spec", {}), dict):
        raise NotAnOrder("spec: must be a mapping")
    if kind not in KINDS:
        return order
    tenant = metadata.get("namespace") or namespace
    if not isinstance(tenant, str):
        raise NotAnOrder("metadata.namespace: required, or give --namespace")
    if mode is Mode.NAMESPACED:
        metadata = {**metadata, "namespace": tenant}
        return {**order, "metadata": {**metadata, "uid": metadata.get("uid") or uid(tenant, order)}}
    return claimed(order, tenant)


def check_kind(order: Manifest) -> None:
    """Refuse what is neither a tenant's manifest nor an XR.

    Raises:
        NotAnOrder: With what it needs.
    """
    kinds = [*KINDS, *(f"X{name}" for name in KINDS)]
    if order.get("apiVersion") == API_VERSION and order.get("kind") in kinds:
        return
    kind = str(order.get("kind"))
    close = {name.lower(): name for name in kinds}.get(kind.lower(), "")
    close = close or next(iter(difflib.get_close_matches(kind, kinds, n=1)), "")
    hint = f"; did you mean {close} for {kind}?" if close and close != kind else ""
    raise NotAnOrder(f"needs apiVersion {API_VERSION} and kind {', '.join(kinds)}{hint}")


def claimed(order: Manifest, tenant: str) -> Manifest:
    """Return the XR that Crossplane makes for a claim, its name and UID derived, not random."""
    name = order["metadata"]["name"]
    identity = uid(tenant, order)
    return {
        "apiVersion": order["apiVersion"],
        "kind": f"X{order['kind']}",
        "metadata": {
            "name": f"{name[:GENERATED_BASE]}-{identity[:5]}",
            "uid": identity,
            "labels": {
                "crossplane.io/claim-name": name,
                "crossplane.io/claim-namespace": tenant,
            },
        },
        "spec": {
            "claimRef": {
                "apiVersion": order["apiVersion"],
                "kind": order["kind"],
                "name": name,
                "namespace": tenant,
            },
            **order.get("spec", {}),
        },
    }


def uid(tenant: str, order: Manifest) -> str:
    """Return a UID that is the same for the same order."""
    text = f"{API_GROUP}/{order['kind']}/{tenant}/{order['metadata']['name']}"
    # Not `uuid5`: rendered manifests that were committed or applied hold this value as a label.
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16]))


async def answer(
    run: Run,
    composite: Manifest,
    environments: Iterable[Manifest],
    observed: Mapping[str, Observed] | None = None,
    *,
    modern: bool = True,
) -> Outcome:
    """Call the function for one composite; see `exchange`."""
    return await held(run, exchange(composite, environments, observed, modern=modern))


async def held(run: Run, calls: Exchange[T]) -> T:
    """Hold an exchange with the function."""
    try:
        req = next(calls)
        while True:
            req = calls.send(await run(req))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # typed by `calls`


def held_here(run: Run, calls: Exchange[T]) -> T:
    """Hold an exchange with a function that waits for nothing; it needs no event loop."""
    try:
        held(run, calls).send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # typed by `calls`
    raise RuntimeError("the function waits, but there is no event loop")


def exchange(
    composite: Manifest,
    environments: Iterable[Manifest],
    observed: Mapping[str, Observed] | None = None,
    *,
    modern: bool = True,
) -> Exchange[Outcome]:
    """Call the function for one composite, as often as its requirements change.

    Args:
        composite: The XR.
        environments: Every EnvironmentConfig of the control plane.
        observed: Composed resources by key.
        modern: Whether to play Crossplane 2.2 or later, which advertises capabilities.
    """
    req = fnv1.RunFunctionRequest(meta=fnv1.RequestMeta(tag="local"))
    if modern:
        req.meta.capabilities.extend(
            (
                fnv1.CAPABILITY_CAPABILITIES,
                fnv1.CAPABILITY_REQUIRED_RESOURCES,
                fnv1.CAPABILITY_CONDITIONS,
            )
        )
    req.observed.composite.resource.CopyFrom(plain.to_struct(composite))
    for key, found in (observed or {}).items():
        req.observed.resources[key].resource.CopyFrom(plain.to_struct(found.manifest))
        for name, value in found.connection.items():
            req.observed.resources[key].connection_details[name] = value
    layers = list(environments)
    rsp, last = (yield req), None
    for _ in range(MAX_CALLS - 1):
        if _fatal(rsp) or rsp.requirements == last:
            break
        last = copy.deepcopy(rsp.requirements)
        _provide(req, rsp.requirements, layers, modern=modern)
        rsp = yield req
    return read(composite, rsp)


def read(composite: Manifest, rsp: fnv1.RunFunctionResponse) -> Outcome:
    """Return a response as plain data."""
    resources = {
        key: _ordered(_named(plain.to_manifest(found.resource), key))
        for key, found in sorted(rsp.desired.resources.items())
    }
    status = plain.to_dict(rsp.desired.composite.resource).get("status") or {}
    conditions = [_condition(found) for found in rsp.conditions]
    metadata = {k: v for k, v in composite["metadata"].items() if k in ("name", "namespace")}
    shown = _ordered(
        {
            "apiVersion": composite["apiVersion"],
            "kind": composite["kind"],
            "metadata": metadata,
            "status": {**status, "conditions": conditions},
        }
    )
    warnings = [r.message for r in rsp.results if r.severity == fnv1.SEVERITY_WARNING]
    return Outcome(
        composite=shown,
        resources=resources,
        ready=frozenset(
            key for key, found in rsp.desired.resources.items() if found.ready == fnv1.READY_TRUE
        ),
        fatal=_fatal(rsp),
        warnings=tuple(warnings),
        complete=rsp.desired.composite.ready == fnv1.READY_TRUE,
        connection=dict(rsp.desired.composite.connection_details),
    )


def matching(documents: Iterable[Manifest], labels: Mapping[str, str]) -> list[Manifest]:
    """Return the documents that carry all labels."""
    return [
        document
        for document in documents
        if labels.items() <= shapes.mapping(lookup(document, "metadata.labels")).items()
    ]


def _provide(
    req: fnv1.RunFunctionRequest, wanted: fnv1.Requirements, layers: list[Manifest], *, modern: bool
) -> None:
    for requested, answers in (
        (wanted.resources, req.required_resources if modern else None),
        (wanted.extra_resources, req.extra_resources),
    ):
        for name, selector in requested.items():
            if answers is None:
                continue
            # Present but empty means that nothing matched.
            answers[name].SetInParent()
            del answers[name].items[:]
            for layer in matching(layers, selector.match_labels.labels):
                answers[name].items.add().resource.CopyFrom(plain.to_struct(layer))


def _fatal(rsp: fnv1.RunFunctionResponse) -> str:
    return next((r.message for r in rsp.results if r.severity == fnv1.SEVERITY_FATAL), "")


def _condition(found: fnv1.Condition) -> Manifest:
    status = {fnv1.STATUS_CONDITION_TRUE: "True", fnv1.STATUS_CONDITION_FALSE: "False"}
    return {
        "type": found.type,
        "status": status.get(found.status, "Unknown"),
        "reason": found.reason,
        **({"message": found.message} if found.message else {}),
    }


def _ordered(manifest: Manifest) -> Manifest:
    """Return the manifest with its keys as people expect them; a Struct has no order."""
    head = [key for key in ("apiVersion", "kind", "metadata") if key in manifest]
    return {key: _sorted(manifest[key]) for key in [*head, *sorted(manifest.keys() - set(head))]}


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "apiVersion" in value and "metadata" in value:
        return _ordered(value)
    first = [key for key in ("name", "type") if key in value]
    return {key: _sorted(value[key]) for key in [*first, *sorted(value.keys() - set(first))]}


def _named(manifest: Manifest, key: str) -> Manifest:
    metadata: dict[str, Any] = manifest.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), KEY_ANNOTATION: key}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
