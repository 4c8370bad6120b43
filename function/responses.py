"""Write the responses that Crossplane reads: answers, refusals, requirements."""

import datetime
from collections.abc import Iterable, Mapping

from crossplane.function import response
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2

from function import backends, managed, plain, shapes, sizes
from function import environment as environments
from function.compose import Answer
from function.contract import Condition, Manifest
from function.conversions import Conversions
from function.errors import EnvironmentInvalid, Refusal
from function.excerpts import cut, few
from function.versions import end_of

CONDITIONS = ("Accepted", "Provisioned", "Current", "BackendHealthy", "FullySupported")
NEVER_CACHED = datetime.timedelta(0)
# First moment, and first moment behind it.
Period = tuple[datetime.datetime, datetime.datetime]
_DAY = datetime.timedelta(days=1)
_BOTH = fnv1.TARGET_COMPOSITE_AND_CLAIM
_STATUS = {True: fnv1.STATUS_CONDITION_TRUE, False: fnv1.STATUS_CONDITION_FALSE}


def refuse(
    req: fnv1.RunFunctionRequest,
    reason: str,
    text: str,
    public: str,
    fresh: Iterable[Condition] = (),
) -> fnv1.RunFunctionResponse:
    """Return the one FATAL: nothing is applied, and the tenant sees why, and what runs.

    Args:
        req: The request.
        reason: CamelCase reason of the condition.
        text: What is wrong, for readers of the composite; in a namespaced install that is the
            tenant, who gets the public sentence.
        public: The sentence for the tenant.
        fresh: Conditions of what runs; others are sent again as they are.
    """
    rsp = response.to(req, ttl=NEVER_CACHED)
    composite = req.observed.composite.resource
    namespaced = bool(plain.text_at(composite, "metadata", "namespace"))
    # Crossplane reads no further than the FATAL.
    rsp.results.append(
        fnv1.Result(
            severity=fnv1.SEVERITY_WARNING, reason=reason, message=cut(public), target=_BOTH
        )
    )
    rsp.results.append(
        fnv1.Result(
            severity=fnv1.SEVERITY_FATAL, message=cut(f"{reason}: {public if namespaced else text}")
        )
    )
    _condition(rsp, Condition("Accepted", False, reason, public))
    # Conditions that are not sent again become Unknown.
    merged = {**_conditions(composite), **{condition.type: condition for condition in fresh}}
    for kind in CONDITIONS[1:]:
        if kind in merged:
            _condition(rsp, merged[kind])
    if rsp.ByteSize() > sizes.RECEIVED:
        # Crossplane ignores desired state after a FATAL, which has to be received.
        rsp.ClearField("desired")
        rsp.ClearField("context")
    return rsp


def _conditions(composite: struct_pb2.Struct) -> dict[str, Condition]:
    """Return the conditions of a composite by type, whatever else its status holds."""
    status = shapes.mapping(plain.to_dict(composite).get("status"))
    listed = shapes.mappings(status.get("conditions"))
    return {str(item.get("type")): _previous(item) for item in listed}


def _previous(item: Manifest) -> Condition:
    kind, reason, message = (str(item.get(part) or "") for part in ("type", "reason", "message"))
    status = {"True": True, "False": False}.get(str(item.get("status")))
    return Condition(kind, status, reason, message)


def require(
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


def answered(
    req: fnv1.RunFunctionRequest,
    answer: Answer,
    secrets_namespace: str,
    ttl: datetime.timedelta,
    conversions: Conversions,
) -> fnv1.RunFunctionResponse:
    """Return the response that applies an answer.

    Args:
        req: The request.
        answer: The answer.
        secrets_namespace: Where connection Secrets of cluster scoped resources are.
        ttl: How long Crossplane may keep it.
        conversions: Converts its resources.

    Raises:
        EnvironmentInvalid: Another step of the pipeline composes a resource of the same name.
        Refusal: Crossplane would not receive it.
    """
    rendered = answer.rendered
    taken = sorted(r.key for r in rendered.resources if r.key in req.desired.resources)
    if taken:
        raise EnvironmentInvalid(f"another step of the pipeline composes: {few(taken)}")
    rsp = response.to(req, ttl=ttl)
    families, mode = backends.families(), answer.order.mode
    for resource in rendered.resources:
        version = families[resource.family].api_version(mode)
        manifest = managed.wrapped(resource, answer.order, secrets_namespace, version)
        target = rsp.desired.resources[resource.key]
        conversions.fill(target.resource, manifest)
        target.ready = fnv1.READY_TRUE if resource.ready else fnv1.READY_FALSE
    composite = rsp.desired.composite
    composite.resource.MergeFrom(plain.to_struct({"status": rendered.status}))
    composite.ready = fnv1.READY_TRUE if answer.ready else fnv1.READY_FALSE
    for name, value in rendered.connection.items():
        composite.connection_details[name] = value
    for condition in rendered.conditions:
        _condition(rsp, condition)
    if rsp.ByteSize() > sizes.RECEIVED:
        raise _undeliverable(req, rsp)
    return rsp


def ttl(answer: Answer, refresh: int, now: datetime.datetime) -> datetime.timedelta:
    """Return the time to the next call at the latest, which is when time changes the answer."""
    longest = datetime.timedelta(seconds=refresh)
    left = min((turn - now for turn in answer.turns if turn > now), default=longest)
    return min(longest, max(left, datetime.timedelta(seconds=1)))


def day(now: datetime.datetime) -> Period:
    """Return the day in UTC, during which time changes nothing but a TTL."""
    end = end_of(now.date())
    return end - _DAY, end


def validity(answer: Answer, refresh: int, now: datetime.datetime) -> Period:
    """Return when the same request gets the same response, its TTL included.

    In the last `refresh` seconds before a change the TTL shrinks all the time: the period is over.
    """
    start, end = day(now)
    past = (turn for turn in answer.turns if turn <= now)
    still = datetime.timedelta(seconds=refresh)
    ahead = (turn - still for turn in answer.turns if turn > now)
    return max((start, *past)), min((end, *ahead))


def _undeliverable(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> Refusal:
    """Return the refusal of a response that Crossplane would not receive, by its cause."""
    size, theirs = rsp.ByteSize(), req.desired.ByteSize() + req.context.ByteSize()
    if size - theirs > sizes.RECEIVED or not theirs:
        return sizes.undeliverable(size)
    text = f"other steps of the pipeline desire {theirs} bytes, and this one {size - theirs}"
    return EnvironmentInvalid(f"{text}; Crossplane receives at most {sizes.RECEIVED} at once")


def _condition(rsp: fnv1.RunFunctionResponse, condition: Condition) -> None:
    """Add a condition that the tenant sees; the SDK's helpers cannot set the target."""
    rsp.conditions.append(
        fnv1.Condition(
            type=condition.type,
            status=fnv1.STATUS_CONDITION_UNKNOWN
            if condition.status is None
            else _STATUS[condition.status],
            reason=condition.reason,
            **({"message": cut(condition.message)} if condition.message else {}),
            target=_BOTH,
        )
    )
