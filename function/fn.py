"""Adapt Crossplane's RunFunction call to `compose`: the only server-side user of protobuf.

    request -> plain data -> environment -> compose -> response

The same two requirements are declared on every call, in the form that both Crossplane 1.20
and 2.x understand. Whatever goes wrong is one FATAL with a condition that the tenant sees:
nothing is applied, nothing is collected.
"""

import datetime
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import grpc
from crossplane.function import logging, response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from google.protobuf import struct_pb2

from function import environment as environments
from function import managed, names, plain
from function.backends import SETTINGS
from function.calls import Call, Observer, trace
from function.compose import Answer, Ask, compose, environment_name
from function.contract import Condition, Environment, Manifest, Mode, Resource
from function.errors import (
    EnvironmentInvalid,
    EnvironmentNotFound,
    FunctionOutdated,
    InvalidOrder,
    Problem,
    Refusal,
)
from function.guards import BACKEND_LABEL
from function.input import Input
from function.model import API_VERSION, KINDS
from function.parsing import parse
from function.past import moved
from function.schema import without_nulls

CONDITIONS = ("Accepted", "Provisioned", "Current", "BackendHealthy", "FullySupported")
UNEXPECTED = "InternalError"

# What Crossplane keeps in the spec of a composite, beside what the tenant wrote.
MACHINERY = frozenset(
    {
        "claimRef",
        "compositeDeletePolicy",
        "compositionRef",
        "compositionRevisionRef",
        "compositionRevisionSelector",
        "compositionSelector",
        "compositionUpdatePolicy",
        "crossplane",
        "environmentConfigRefs",
        "publishConnectionDetailsTo",
        "resourceRef",
        "resourceRefs",
        "writeConnectionSecretToRef",
    }
)
_BOTH = fnv1.TARGET_COMPOSITE_AND_CLAIM
_STATUS = {True: fnv1.STATUS_CONDITION_TRUE, False: fnv1.STATUS_CONDITION_FALSE}
_AT_ONCE = datetime.timedelta(0)
_KNOWN_ENVIRONMENTS = 64
_UNEXPECTED_PUBLIC = "an error of the provider's software; nothing was changed"


class FunctionRunner(grpcv1.FunctionRunnerServiceServicer):
    """Answer orders; holds nothing but parsed environments."""

    def __init__(self, *observers: Observer) -> None:
        """Start with no environment parsed.

        Args:
            observers: Told of every call, beside the log.
        """
        self.log = logging.get_logger()
        self._observers = observers
        self._environments: OrderedDict[tuple[object, ...], Environment] = OrderedDict()

    async def RunFunction(  # noqa: N802  # gRPC requires this name
        self, req: fnv1.RunFunctionRequest, _: grpc.aio.ServicerContext[Any, Any] | None
    ) -> fnv1.RunFunctionResponse:
        """Answer one call.

        Returns:
            The answer; on any error one FATAL that carries its condition.
        """
        started = time.perf_counter()
        facts: dict[str, Any] = {"outcome": "answered"}
        try:
            rsp = self._answer(req, facts)
        except Refusal as refusal:
            rsp = refuse(req, refusal.reason, str(refusal), refusal.public)
            facts |= {
                "outcome": "refused",
                "reason": refusal.reason,
                "problems": refusal.problems,
            }
        except Exception as error:  # noqa: BLE001  # a gRPC error would carry no condition
            rsp = refuse(
                req, UNEXPECTED, f"{type(error).__name__}, see the log", _UNEXPECTED_PUBLIC
            )
            facts |= {"outcome": "error", "reason": UNEXPECTED, "trace": trace(error)}
        if "selectors" in facts:
            _require(req, rsp, facts.pop("selectors"))
        self._tell(Call(**facts, seconds=time.perf_counter() - started))
        return rsp

    def _tell(self, call: Call) -> None:
        for observer in self._observers:
            observer(call)
        self.log.log(call.level, "call", **call.line())

    def _answer(
        self, req: fnv1.RunFunctionRequest, facts: dict[str, Any]
    ) -> fnv1.RunFunctionResponse:
        facts |= _subject(req)
        settings = _input(req)
        ask = read_ask(plain.to_manifest(req.observed.composite.resource, leave_out="status"))
        facts |= {"tenant": ask.tenant, "kind": ask.kind, "name": ask.name}
        observed = _observed(req, ask)
        name = environment_name(ask, observed, settings.environment)
        selectors = environments.selectors(name, ask.tenant)
        facts |= {"environment": name, "selectors": selectors}
        layers = {key: _resolved(req, key) for key in selectors}
        base, overlays = layers["environment"], layers["overlay"]
        if base is None or overlays is None:
            facts["outcome"] = "requirements"
            # Never cacheable: Crossplane before 2.2 caches inside its requirements loop.
            return response.to(req, ttl=_AT_ONCE)
        facts["environment_found"] = bool(base)
        try:
            environment = self._environment(name, base, overlays)
            environments.admit(environment, ask.tenant)
        except EnvironmentNotFound as refusal:
            raise moved(ask.written, observed) or refusal from None
        now = utc_now()
        answer = compose(ask, environment, observed, now.date())
        facts |= {"backend": answer.backend, "resources": len(answer.rendered.resources)}
        ttl = _ttl(answer, settings.refresh, now)
        return _respond(req, answer, environment.settings.secrets_namespace, ttl)

    def _environment(
        self, name: str, base: list[fnv1.Resource], overlays: list[fnv1.Resource]
    ) -> Environment:
        """Return the parsed environment; parsed once per version of its layers."""
        versions = _versions([*base, *overlays])
        key = (name, len(base), versions)
        if versions and key in self._environments:
            self._environments.move_to_end(key)
            return self._environments[key]
        found = environments.assemble(
            name,
            [plain.to_manifest(layer.resource) for layer in base],
            [plain.to_manifest(layer.resource) for layer in overlays],
            SETTINGS,
        )
        if versions:
            self._environments[key] = found
            if len(self._environments) > _KNOWN_ENVIRONMENTS:
                self._environments.popitem(last=False)
        return found


def utc_now() -> datetime.datetime:
    """Return the time; the only place where it enters."""
    return datetime.datetime.now(datetime.UTC)


def read_ask(composite: Manifest) -> Ask:
    """Return the order in a composite.

    Args:
        composite: The XR: of a claim, or namespaced and the tenant's own.

    Raises:
        InvalidOrder: Its kind is unknown, or it belongs to no tenant.
        FunctionOutdated: It is of an API version that this version does not know.
    """
    metadata, spec = composite.get("metadata") or {}, composite.get("spec") or {}
    metadata, spec = (part if isinstance(part, dict) else {} for part in (metadata, spec))
    claim = spec.get("claimRef")
    claim = claim if isinstance(claim, dict) else {}
    kind = str(composite.get("kind", "")).removeprefix("X")
    if kind not in KINDS:
        raise InvalidOrder(Problem("kind", f"must be one of {', '.join(KINDS)}"))
    if composite.get("apiVersion") != API_VERSION:
        text = f"only {API_VERSION} is known; upgrade the function first, then the API"
        raise FunctionOutdated(Problem("apiVersion", text))
    namespaced = bool(metadata.get("namespace"))
    tenant = metadata.get("namespace") or claim.get("namespace")
    name = metadata.get("name") if namespaced else claim.get("name")
    if not tenant or not name:
        text = "an order belongs to a tenant: its namespace, or that of its claim"
        raise InvalidOrder(Problem("metadata.namespace", text))
    return Ask(
        kind=kind,
        tenant=str(tenant),
        name=str(name),
        mode=Mode.NAMESPACED if namespaced else Mode.CLAIMS,
        uid=str(metadata.get("uid", "")),
        written=without_nulls(
            KINDS[kind], {key: value for key, value in spec.items() if key not in MACHINERY}
        ),
    )


def refuse(
    req: fnv1.RunFunctionRequest, reason: str, text: str, public: str
) -> fnv1.RunFunctionResponse:
    """Return the one FATAL: nothing is applied, and the tenant sees why.

    Args:
        req: The request.
        reason: CamelCase reason of the condition.
        text: What is wrong, for who reads the composite; in a namespaced install that is the
            tenant, who gets the public sentence.
        public: The sentence for the tenant.
    """
    rsp = response.to(req, ttl=_AT_ONCE)
    composite = req.observed.composite.resource
    namespaced = bool(plain.text_at(composite, "metadata", "namespace"))
    rsp.results.append(
        fnv1.Result(
            severity=fnv1.SEVERITY_FATAL, message=f"{reason}: {public if namespaced else text}"
        )
    )
    rsp.results.append(
        fnv1.Result(severity=fnv1.SEVERITY_WARNING, reason=reason, message=public, target=_BOTH)
    )
    _condition(rsp, Condition("Accepted", False, reason, public))
    # What is not sent again becomes Unknown.
    for known in _conditions(composite):
        if known.get("type") in CONDITIONS and known["type"] != "Accepted":
            status = {"True": True, "False": False}.get(str(known.get("status")))
            reason, message = (str(known.get(part) or "") for part in ("reason", "message"))
            _condition(rsp, Condition(known["type"], status, reason, message))
    return rsp


def _conditions(composite: struct_pb2.Struct) -> list[Manifest]:
    """Return the conditions of a composite, whatever else its status holds."""
    status = plain.to_dict(composite).get("status")
    found = status.get("conditions") if isinstance(status, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _subject(req: fnv1.RunFunctionRequest) -> dict[str, str]:
    """Return what to call an order before it is known to be one."""
    composite = req.observed.composite.resource
    namespaced = bool(plain.text_at(composite, "metadata", "namespace"))
    owner = ("metadata",) if namespaced else ("spec", "claimRef")
    return {
        "tenant": plain.text_at(composite, *owner, "namespace"),
        "kind": plain.text_at(composite, "kind").removeprefix("X"),
        "name": plain.text_at(composite, *owner, "name"),
    }


def _input(req: fnv1.RunFunctionRequest) -> Input:
    data = plain.to_dict(req.input)
    return parse(Input, data, at="input", blame=EnvironmentInvalid)


def _observed(req: fnv1.RunFunctionRequest, ask: Ask) -> dict[str, Resource]:
    """Return our observed resources; others are another step's and never looked at.

    Ours have our label, or the name that we gave them if the label is lost.
    """
    return {
        key: managed.neutral(key, plain.to_manifest(found.resource), found.connection_details)
        for key, found in req.observed.resources.items()
        if plain.text_at(found.resource, "metadata", "labels", BACKEND_LABEL)
        or plain.text_at(found.resource, "metadata", "name")
        == names.composed(ask.tenant, ask.kind, ask.name, key)
    }


def _resolved(req: fnv1.RunFunctionRequest, name: str) -> list[fnv1.Resource] | None:
    """Return what Crossplane found for a requirement; None if it has not looked yet."""
    for answers in (req.required_resources, req.extra_resources):
        if name in answers:
            return list(answers[name].items)
    return None


def _require(
    req: fnv1.RunFunctionRequest,
    rsp: fnv1.RunFunctionResponse,
    selectors: Mapping[str, dict[str, str]],
) -> None:
    """Declare the requirements, in both fields where Crossplane does not say what it knows."""
    modern = fnv1.CAPABILITY_REQUIRED_RESOURCES in req.meta.capabilities
    for name, labels in selectors.items():
        selector = fnv1.ResourceSelector(
            api_version=environments.KIND_API_VERSION,
            kind=environments.KIND,
            match_labels=fnv1.MatchLabels(labels=labels),
        )
        rsp.requirements.resources[name].CopyFrom(selector)
        if not modern:
            rsp.requirements.extra_resources[name].CopyFrom(selector)


def _respond(
    req: fnv1.RunFunctionRequest,
    answer: Answer,
    secrets_namespace: str,
    ttl: datetime.timedelta,
) -> fnv1.RunFunctionResponse:
    rendered = answer.rendered
    taken = sorted(r.key for r in rendered.resources if r.key in req.desired.resources)
    if taken:
        raise EnvironmentInvalid(f"another step of the pipeline composes: {', '.join(taken)}")
    rsp = response.to(req, ttl=ttl)
    for resource in rendered.resources:
        manifest = managed.envelope(resource, answer.order, secrets_namespace)
        target = rsp.desired.resources[resource.key]
        target.resource.CopyFrom(plain.to_struct(manifest))
        target.ready = fnv1.READY_TRUE if resource.ready else fnv1.READY_FALSE
    composite = rsp.desired.composite
    composite.resource.MergeFrom(plain.to_struct({"status": rendered.status}))
    composite.ready = fnv1.READY_TRUE if answer.ready else fnv1.READY_FALSE
    for name, value in rendered.connection.items():
        composite.connection_details[name] = value
    for condition in rendered.conditions:
        _condition(rsp, condition)
    return rsp


def _ttl(answer: Answer, refresh: int, now: datetime.datetime) -> datetime.timedelta:
    """Return when to ask again at the latest: at midnight where that changes the answer."""
    longest = datetime.timedelta(seconds=refresh)
    if answer.until is None:
        return longest
    midnight = datetime.datetime.combine(answer.until, datetime.time(), datetime.UTC)
    left = midnight + datetime.timedelta(days=1) - now
    return min(longest, max(left, datetime.timedelta(seconds=1)))


def _condition(rsp: fnv1.RunFunctionResponse, condition: Condition) -> None:
    """Add a condition that the tenant sees; the SDK's helpers cannot set the target."""
    rsp.conditions.append(
        fnv1.Condition(
            type=condition.type,
            status=fnv1.STATUS_CONDITION_UNKNOWN
            if condition.status is None
            else _STATUS[condition.status],
            reason=condition.reason,
            **({"message": condition.message} if condition.message else {}),
            target=_BOTH,
        )
    )


def _versions(layers: list[fnv1.Resource]) -> tuple[tuple[str, str], ...]:
    """Return uid and resourceVersion of each layer; empty if one lacks either."""
    found = tuple(
        (
            plain.text_at(layer.resource, "metadata", "uid"),
            plain.text_at(layer.resource, "metadata", "resourceVersion"),
        )
        for layer in layers
    )
    return found if all(uid and version for uid, version in found) else ()
