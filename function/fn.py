"""Adapt Crossplane's RunFunction call to `compose`; with `responses` all that speaks protobuf.

    request -> plain data -> environment -> compose -> response

The same two requirements are declared on every call, in the form that both Crossplane 1.20
and 2.x understand. Whatever goes wrong is one FATAL with a condition that the tenant sees:
nothing is applied, nothing is collected.
"""

import datetime
import functools
import time
from typing import TYPE_CHECKING, Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import environment as environments
from function import machinery, managed, names, plain, refusal, responses, shapes
from function.assembly import Assembly, Layers
from function.backends import SETTINGS
from function.calls import Call, Observer, trace
from function.compose import Ask, compose, environment_name
from function.contract import Condition, Manifest, Mode, Resource
from function.errors import (
    EnvironmentInvalid,
    EnvironmentNotFound,
    FunctionOutdated,
    InvalidOrder,
    OperatorRefusal,
    Problem,
    Refusal,
)
from function.input import Input
from function.labels import BACKEND_LABEL
from function.model import API_VERSION, KINDS
from function.parsing import checker, did_you_mean, parse
from function.past import moved
from function.schema import DNSLabel, without_nulls
from function.wire import Unreadable

if TYPE_CHECKING:
    import grpc

UNEXPECTED = "InternalError"

_wrong_label = checker(DNSLabel)
_UNEXPECTED_PUBLIC = "an error of the provider's software; nothing was changed"


class FunctionRunner:
    """Answer orders; holds nothing but parsed environments.

    It has the one method of gRPC's servicer without being one: the command line starts without
    gRPC and structlog, whose imports take longer than an order.
    """

    def __init__(self, *observers: Observer, alone: bool = False) -> None:
        """Start with no environment parsed.

        Args:
            observers: Called with every call, in addition to the log.
            alone: Whether there is a single caller: it writes no log and waits for nothing.
        """
        self._alone = alone
        self._observers = observers
        self._assembly = Assembly(SETTINGS, waits=not alone)

    @functools.cached_property
    def log(self) -> Any:
        """Return the logger."""
        from crossplane.function import logging  # noqa: PLC0415  # not needed if alone

        return logging.get_logger()

    async def RunFunction(  # noqa: N802  # gRPC requires this name
        self, req: fnv1.RunFunctionRequest, context: "grpc.aio.ServicerContext[Any, Any] | None"
    ) -> fnv1.RunFunctionResponse:
        """Answer one call.

        Returns:
            The answer; on any error one FATAL that carries its condition.
        """
        started = time.perf_counter()
        if context is not None and _is_cancelled(context):
            subject: dict[str, Any] = {**_subject(req)}
            self._tell(Call("cancelled", time.perf_counter() - started, **subject))
            import grpc  # noqa: PLC0415  # only callers with a context have gRPC

            # An error, because an empty response would delete everything.
            await context.abort(grpc.StatusCode.CANCELLED, "the client is gone")
        facts: dict[str, Any] = {"outcome": "answered"}
        try:
            rsp = await self._answer(req, facts)
        except Refusal as refused:
            fresh = self._fresh(req)
            rsp = responses.refuse(req, refused.reason, str(refused), refused.public, fresh)
            facts |= _refused(refused)
        except Exception as error:  # noqa: BLE001  # a gRPC error would carry no condition
            text = f"{type(error).__name__}, see the log"
            rsp = responses.refuse(req, UNEXPECTED, text, _UNEXPECTED_PUBLIC, self._fresh(req))
            facts |= {
                "outcome": "error",
                "reason": UNEXPECTED,
                "actor": OperatorRefusal.actor,
                "trace": trace(error),
            }
        if "selectors" in facts:
            responses.require(req, rsp, facts.pop("selectors"))
        self._tell(Call(**facts, seconds=time.perf_counter() - started))
        return rsp

    async def answer_any(
        self,
        req: fnv1.RunFunctionRequest | Unreadable,
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> fnv1.RunFunctionResponse:
        """Answer one call, including requests that protobuf cannot read in full.

        Returns:
            The answer; for an unreadable request one FATAL that carries its condition.
        """
        if not isinstance(req, Unreadable):
            return await self.RunFunction(req, context)
        started = time.perf_counter()
        facts: dict[str, Any] = {**_subject(req.rest), **_refused(req.refusal)}
        refused, fresh = req.refusal, self._fresh(req.rest)
        rsp = responses.refuse(req.rest, refused.reason, str(refused), refused.public, fresh)
        self._tell(Call(**facts, seconds=time.perf_counter() - started))
        return rsp

    def _tell(self, call: Call) -> None:
        for observer in self._observers:
            observer(call)
        if not self._alone:
            self.log.log(call.level, "call", **call.line())

    async def _answer(
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
        base, overlays = (_resolved(req, requirement) for requirement in selectors)
        if base is None or overlays is None:
            facts["outcome"] = "requirements"
            # Never cacheable: Crossplane before 2.2 caches inside its requirements loop.
            return response.to(req, ttl=responses.NEVER_CACHED)
        facts["environment_found"] = bool(base)
        try:
            environment = await self._assembly.environment(name, _layers(base), _layers(overlays))
            environments.admit(environment, ask.tenant)
        except EnvironmentNotFound as not_found:
            raise moved(ask.written, observed) or not_found from None
        now = utc_now()
        answer = compose(ask, environment, observed, now.date())
        facts |= {"backend": answer.backend, "resources": len(answer.rendered.resources)}
        ttl = responses.ttl(answer, settings.refresh, now)
        return responses.answered(req, answer, environment.settings.secrets_namespace, ttl)

    def _fresh(self, req: fnv1.RunFunctionRequest) -> tuple[Condition, ...]:
        """Return the conditions of the live resources; none if they cannot be determined."""
        subject = _subject(req)
        # The order itself may be unreadable.
        kind, tenant, name = (subject[part] for part in ("kind", "tenant", "name"))
        unread = Ask(kind, tenant, name, Mode.CLAIMS, uid="", written={})
        try:
            return refusal.conditions(unread, _observed(req, unread))
        except Exception as error:  # noqa: BLE001  # the refusal itself has to be delivered
            self.log.error("conditions are not fresh", **subject, trace=trace(error))
            return ()


def utc_now() -> datetime.datetime:
    """Return the current time; the only place that reads the clock."""
    return datetime.datetime.now(datetime.UTC)


def read_ask(composite: Manifest) -> Ask:
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
    return Ask(
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


def _is_cancelled(context: "grpc.aio.ServicerContext[Any, Any]") -> bool:
    """Return whether the client of a call has cancelled it, or its deadline has passed."""
    remaining = context.time_remaining()
    return context.cancelled() or (remaining is not None and remaining <= 0)


def _refused(refused: Refusal) -> dict[str, Any]:
    """Return the facts of a refusal for the log."""
    return {
        "outcome": "refused",
        "reason": refused.reason,
        "actor": refused.actor,
        "problems": refused.problems,
    }


def _input(req: fnv1.RunFunctionRequest) -> Input:
    data = plain.to_dict(req.input)
    return parse(Input, data, at="input", blame=EnvironmentInvalid)


def _observed(req: fnv1.RunFunctionRequest, ask: Ask) -> dict[str, Resource]:
    """Return our observed resources; those of other steps are never read.

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
    """Return what Crossplane found for a requirement; None if it has not resolved it yet."""
    for answers in (req.required_resources, req.extra_resources):
        if name in answers:
            return list(answers[name].items)
    return None


def _layers(resources: list[fnv1.Resource]) -> Layers:
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
