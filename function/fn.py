"""Adapt Crossplane's RunFunction call to `compose`; with `responses` all that speaks protobuf.

    request -> plain data -> environment -> compose -> response

The same two requirements are declared on every call, in the form that both Crossplane 1.20
and 2.x understand. Whatever goes wrong is one FATAL with a condition that the tenant sees:
nothing is applied, nothing is collected.
"""

import datetime
import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import environment as environments
from function import refusal, requests, responses
from function.assembly import Assembly
from function.backends import SETTINGS
from function.calls import Call, Observer, trace
from function.compose import ReceivedOrder, compose, environment_name
from function.contract import Condition, Mode
from function.conversions import Conversions
from function.errors import EnvironmentNotFound, OperatorRefusal, Refusal
from function.frozen import changed
from function.past import moved
from function.responses import Period
from function.wire import Unreadable

if TYPE_CHECKING:
    import grpc

UNEXPECTED = "InternalError"

_UNEXPECTED_PUBLIC = "an error of the provider's software; nothing was changed"


@dataclass(frozen=True)
class Reply:
    """One answer, before it is logged.

    Attributes:
        response: The response.
        call: What log and metrics say of it; its time is not known yet.
        valid: When the same request gets the same answer; None if that is unknown.
    """

    response: fnv1.RunFunctionResponse
    call: Call
    valid: Period | None


class FunctionRunner:
    """Answer orders; holds nothing but parsed environments and converted objects.

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
        self._conversions = Conversions()

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
        await self.check_client(req, context)
        reply = await self.reply(req, utc_now())
        self.log_call(reply.call, started)
        return reply.response

    async def check_client(
        self, req: fnv1.RunFunctionRequest, context: "grpc.aio.ServicerContext[Any, Any] | None"
    ) -> None:
        """End a call whose client is gone."""
        if context is None or not _is_cancelled(context):
            return
        subject: dict[str, Any] = {**requests.subject(req)}
        self.log_call(Call("cancelled", **subject), time.perf_counter())
        import grpc  # noqa: PLC0415  # only callers with a context have gRPC

        # An error, because an empty response would delete everything.
        await context.abort(grpc.StatusCode.CANCELLED, "the client is gone")

    async def reply(self, req: fnv1.RunFunctionRequest, now: datetime.datetime) -> Reply:
        """Answer one request at a time, and log nothing."""
        facts: dict[str, Any] = {"outcome": "answered"}
        valid: Period | None = None
        try:
            rsp, valid = await self._answer(req, now, facts)
        except Refusal as refused:
            fresh = self._fresh(req)
            rsp = responses.refuse(req, refused.reason, str(refused), refused.public, fresh or ())
            facts |= _refused(refused)
            valid = None if fresh is None else responses.day(now)
        except Exception as error:  # noqa: BLE001  # a gRPC error would carry no condition
            text = f"{type(error).__name__}, see the log"
            fresh = self._fresh(req) or ()
            rsp = responses.refuse(req, UNEXPECTED, text, _UNEXPECTED_PUBLIC, fresh)
            facts |= {
                "outcome": "error",
                "reason": UNEXPECTED,
                "actor": OperatorRefusal.actor,
                "trace": trace(error),
            }
        if "selectors" in facts:
            responses.require(req, rsp, facts.pop("selectors"))
        return Reply(rsp, Call(**facts), valid)

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
        facts: dict[str, Any] = {**requests.subject(req.rest), **_refused(req.refusal)}
        refused, fresh = req.refusal, self._fresh(req.rest) or ()
        rsp = responses.refuse(req.rest, refused.reason, str(refused), refused.public, fresh)
        self.log_call(Call(**facts), started)
        return rsp

    def log_call(self, call: Call, started: float, *, cached: bool | None = None) -> None:
        """Log and count a call that ends now.

        Args:
            call: The call.
            started: When it started, by `time.perf_counter`.
            cached: Whether it was answered from the cache; None if the cache was not asked.
        """
        call = changed(call, seconds=time.perf_counter() - started, cached=cached)
        for observer in self._observers:
            observer(call)
        if not self._alone:
            self.log.log(call.level, "call", **call.line())

    async def _answer(
        self, req: fnv1.RunFunctionRequest, now: datetime.datetime, facts: dict[str, Any]
    ) -> tuple[fnv1.RunFunctionResponse, Period]:
        facts |= requests.subject(req)
        settings = requests.step_input(req)
        ask = requests.requested(req)
        facts |= {"tenant": ask.tenant, "kind": ask.kind, "name": ask.name}
        observed = requests.observed_resources(req, ask, self._conversions)
        name = environment_name(ask, observed, settings.environment)
        selectors = environments.selectors(name, ask.tenant)
        facts |= {"environment": name, "selectors": selectors}
        base, overlays = (requests.resolved(req, requirement) for requirement in selectors)
        if base is None or overlays is None:
            facts["outcome"] = "requirements"
            # Never cacheable: Crossplane before 2.2 caches inside its requirements loop.
            return response.to(req, ttl=responses.NEVER_CACHED), responses.day(now)
        facts["environment_found"] = bool(base)
        try:
            layers = requests.layers_of(base), requests.layers_of(overlays)
            environment = await self._assembly.environment(name, *layers)
            environments.admit(environment, ask.tenant)
        except EnvironmentNotFound as not_found:
            raise moved(ask.written, observed) or not_found from None
        answer = compose(ask, environment, observed, now)
        facts |= {
            "backend": answer.backend,
            "resources": len(answer.rendered.resources),
            "stalled": answer.stalled,
        }
        ttl = responses.ttl(answer, settings.refresh, now)
        secrets = environment.settings.secrets_namespace
        rsp = responses.answered(req, answer, secrets, ttl, self._conversions)
        return rsp, responses.validity(answer, settings.refresh, now)

    def _fresh(self, req: fnv1.RunFunctionRequest) -> tuple[Condition, ...] | None:
        """Return the conditions of the live resources; None if they cannot be determined."""
        subject = requests.subject(req)
        # The order itself may be unreadable.
        kind, tenant, name = (subject[part] for part in ("kind", "tenant", "name"))
        unread = ReceivedOrder(kind, tenant, name, Mode.CLAIMS, uid="", written={})
        try:
            observed = requests.observed_resources(req, unread, self._conversions)
            return refusal.conditions(unread, observed)
        except Exception as error:  # noqa: BLE001  # the refusal itself has to be delivered
            self.log.error("conditions are not fresh", **subject, trace=trace(error))
            return None


def utc_now() -> datetime.datetime:
    """Return the current time; the only place that reads the clock."""
    return datetime.datetime.now(datetime.UTC)


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
