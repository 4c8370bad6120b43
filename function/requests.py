"""Read requests: the order, what is observed, the environment's layers; as plain data."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import backends, machinery, managed, names, plain, shapes
from function.assembly import Layers
from function.compose import ReceivedOrder
from function.contract import Manifest, Mode, Resource
from function.conversions import Conversions
from function.errors import EnvironmentInvalid, FunctionOutdated, InvalidOrder, Problem
from function.input import Input
from function.labels import BACKEND_LABEL
from function.model import API_VERSION, KINDS
from function.parsing import checker, did_you_mean, parse
from function.schema import DNSLabel, without_nulls

_wrong_label = checker(DNSLabel)


def requested(req: fnv1.RunFunctionRequest) -> ReceivedOrder:
    """Return the order of a request; see `read_ask`."""
    return read_ask(plain.to_manifest(req.observed.composite.resource, leave_out="status"))


def read_ask(composite: Manifest) -> ReceivedOrder:
    """Return the order in a composite.

    Args:
        composite: The XR: of a claim, or namespaced and the tenant's own.

    Raises:
        InvalidOrder: Its kind is unknown, or it belongs to no tenant.
        FunctionOutdated: It is of an API version that this version does not know.
    """
    metadata, spec = (shapes.mapping(composite.get(part)) for part in ("metadata", "spec"))
    claim = shapes.mapping(spec.get("claimRef"))
    kind = shapes.text(composite.get("kind")).removeprefix("X")
    if kind not in KINDS:
        raise InvalidOrder(
            Problem("kind", f"must be one of {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
        )
    if composite.get("apiVersion") != API_VERSION:
        text = f"only {API_VERSION} is known; upgrade the function first, then the API"
        raise FunctionOutdated(Problem("apiVersion", text))
    namespaced = bool(metadata.get("namespace"))
    owner = metadata if namespaced else claim
    tenant, name = shapes.text(owner.get("namespace")), shapes.text(owner.get("name"))
    if not name or _wrong_label(tenant):
        text = "an order belongs to a tenant: its namespace, or that of its claim"
        raise InvalidOrder(Problem("metadata.namespace", text))
    return ReceivedOrder(
        kind=kind,
        tenant=tenant,
        name=name,
        mode=Mode.NAMESPACED if namespaced else Mode.CLAIMS,
        uid=shapes.text(metadata.get("uid")),
        generation=shapes.count(metadata.get("generation")),
        written=without_nulls(
            KINDS[kind], {key: value for key, value in spec.items() if key not in machinery.SPEC}
        ),
    )


def subject(req: fnv1.RunFunctionRequest) -> dict[str, str]:
    """Return what to call an order before it is known to be one."""
    composite = req.observed.composite.resource
    namespaced = bool(plain.text_at(composite, "metadata", "namespace"))
    owner = ("metadata",) if namespaced else ("spec", "claimRef")
    return {
        "tenant": plain.text_at(composite, *owner, "namespace"),
        "kind": plain.text_at(composite, "kind").removeprefix("X"),
        "name": plain.text_at(composite, *owner, "name"),
    }


def step_input(req: fnv1.RunFunctionRequest) -> Input:
    """Return the input of the Composition's step."""
    data = plain.to_dict(req.input)
    return parse(Input, data, at="input", blame=EnvironmentInvalid)


def observed_resources(
    req: fnv1.RunFunctionRequest, ask: ReceivedOrder, conversions: Conversions
) -> dict[str, Resource]:
    """Return our observed resources; those of other steps are never read.

    Ours have our label, or the name that we gave them if the label is lost.

    Args:
        req: The request.
        ask: The order.
        conversions: Converts each of them.
    """
    families = backends.family_names()
    return {
        key: managed.of_fitted(
            key, conversions.observed(found.resource), found.connection_details, families
        )
        for key, found in req.observed.resources.items()
        if plain.text_at(found.resource, "metadata", "labels", BACKEND_LABEL)
        or plain.text_at(found.resource, "metadata", "name")
        == names.composed(ask.tenant, ask.kind, ask.name, key)
    }


def resolved(req: fnv1.RunFunctionRequest, name: str) -> list[fnv1.Resource] | None:
    """Return what Crossplane found for a requirement; None if it has not resolved it yet."""
    for answers in (req.required_resources, req.extra_resources):
        if name in answers:
            return list(answers[name].items)
    return None


def layers_of(resources: list[fnv1.Resource]) -> Layers:
    """Return EnvironmentConfigs with what identifies their versions."""
    versions = frozenset(
        (
            plain.text_at(layer.resource, "metadata", "uid"),
            plain.text_at(layer.resource, "metadata", "resourceVersion"),
        )
        for layer in resources
    )
    return Layers(
        read=lambda: [plain.to_manifest(layer.resource) for layer in resources],
        count=len(resources),
        size=sum(layer.ByteSize() for layer in resources),
        versions=versions if all(all(one) for one in versions) else None,
    )
