"""Answer one order: bind, policy, resolve, receive, render, guard. Pure; the heart of the function.

    Ask + Environment + observed -> Answer

Every step either goes on with a complete picture or raises a refusal from `errors`; there
is no way to answer with less than all live resources.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from function import (
    backends,
    bound,
    excerpts,
    guards,
    handover,
    immutable,
    moving,
    outdated,
    past,
    placing,
    policy,
    report,
    resolve,
    sizes,
    stale,
    stalled,
    stamp,
    texts,
    versions,
)
from function.__version__ import __version__
from function.contract import (
    Backend,
    Context,
    Environment,
    Mode,
    Order,
    Remark,
    Rendered,
    Resource,
)
from function.effective import Effective, as_received
from function.errors import (
    EnvironmentInvalid,
    FunctionOutdated,
    InvalidOrder,
    NotOffered,
    Problem,
    all_of,
)
from function.model import KINDS, OrderSpec
from function.model.metadata import name_problem
from function.parsing import parse, unknown_fields
from function.paths import expand, is_given
from function.record import Bound, Machine, with_fills
from function.schema import masked
from function.settings import Settings

DEFAULT_ENVIRONMENT = "default"


@dataclass(frozen=True)
class ReceivedOrder:
    """One order as it arrived.

    Attributes:
        kind: Kind of the order.
        tenant: Namespace of the tenant.
        name: Name of the tenant's object.
        mode: Which install asks.
        uid: UID of the composite.
        written: `spec` without what Crossplane put there.
        generation: `metadata.generation` of the composite; 0 if it has none.
    """

    kind: str
    tenant: str
    name: str
    mode: Mode
    uid: str
    written: Mapping[str, Any]
    generation: int = 0


@dataclass(frozen=True)
class Answer:
    """The result for an order.

    Attributes:
        order: The order with its effective values.
        rendered: Resources, status and conditions, complete and guarded.
        ready: Whether every planned resource is emitted and ready.
        backend: The backend that answered.
        turns: Moments at which time alone changes the answer.
        stalled: Keys of the resources that make it a stalled one.
    """

    order: Order[Any]
    rendered: Rendered
    ready: bool
    backend: str
    turns: tuple[datetime.datetime, ...] = ()
    stalled: tuple[str, ...] = ()


def environment_name(ask: ReceivedOrder, observed: Mapping[str, Resource], default: str) -> str:
    """Return which environment answers: the order's, else the previous one, else the default.

    Raises:
        BindingLost: Observed resources name more than one previous environment.
    """
    written = ask.written.get("environment")
    if isinstance(written, str) and written:
        return written
    return bound.environment_of(observed) or default or DEFAULT_ENVIRONMENT


def compose(
    ask: ReceivedOrder,
    environment: Environment,
    observed: Mapping[str, Resource],
    now: datetime.datetime,
) -> Answer:
    """Answer an order.

    Args:
        ask: The order as it arrived.
        environment: The environment that answers it.
        observed: Every observed composed resource by key, other steps' included.
        now: The time in UTC, for what time alone changes.

    Raises:
        Refusal: See `function.errors`; nothing may be applied then.
    """
    settings = environment.settings
    written = _parsed(ask)
    ours = guards.ours(observed, backends.SETTINGS)
    former = past.former_backend(ask.kind, ours)
    backend = _backend(ask, environment, former, ours)
    outdated.versions_are_known(ours, former or backend)
    last = past.read(ask.kind, ask.written, former or backend, ours)
    mine, request = last.resources, masked(KINDS[ask.kind], ask.written)
    revision = stale.revision_of(ask.uid, ask.generation)
    stale.older_versions_change_nothing(revision, request, last.recorded)
    filled = policy.fill(ask.kind, ask.written, settings.policy, last.binding)
    order = _order(ask, written, filled)
    guards.labels_are_kept(order, observed)
    guards.names_are_free(order, mine)
    _check_environment(environment, last.record)
    _check_name(ask, last.record)
    place = placing.place(backend, environment, ask.tenant)
    if guards.stays_in_place(order, place, last.record, settings.moves):
        return Answer(order, moving.left(order, backend, mine), False, backend.name)
    resolution = _resolve(order, (written, request), filled, backend, settings, last)
    record = Bound(
        place=place,
        requested=request,
        filled=filled,
        revision=stale.remembered(revision, request, last.recorded),
        **resolution.decided.decisions(),
    )
    received = _received(order, backend, settings, record, last)
    bare = backend.render(Context(order, received, record, last.live))
    sized = (order, record.machines, bare.volumes)
    estimate = _sized(settings, resolution, sized, last.binding, request)
    changed = last.record is None or last.record.requested != request
    if changed:
        sizes.check(order, bare, last.record, mine, backend)
    record = record.model_copy(
        update={
            "estimate": {name: float(size) for name, size in estimate.items()},
            "size": sizes.remembered(sizes.of(order, bare)),
        }
    )
    rendered = stamp.stamped(bare, order, backend, record, mine)
    sizes.check_annotations(rendered, mine, changed=changed)
    guards.keys_are_sound(rendered, backend)
    guards.waves_only_gate_creation(rendered, mine)
    guards.nothing_vanishes(order, rendered, mine, backend, last.record)
    guards.nothing_is_replaced(rendered, last.seen, backend, last.binding)
    gaps = _gaps(with_fills(order.written, filled), backend, rendered)
    ready = not rendered.planned and all(r.ready for r in rendered.resources)
    ended = versions.ended(record.version, resolution.status, now.date())
    ignored = {gap.field for gap in gaps}
    every = (*resolution.notes, *ended, *rendered.notes)
    notes = tuple(note for note in every if note.field not in ignored)
    current = handover.current(rendered.conditions, rendered.resources, mine)
    rendered = replace(rendered, unsupported=gaps, notes=notes, conditions=current)
    shown, stalls, waiting = stalled.judge(
        report.conditions(rendered, resolution),
        rendered.resources,
        mine,
        settings.stalled_after,
        now,
    )
    status = report.status(environment, resolution, rendered, shown, mine) | _estimated(estimate)
    connection = report.connection(status)
    final = replace(rendered, status=status, connection=connection, conditions=shown)
    turns = tuple(turn for turn in (versions.end(resolution.status), stalls) if turn)
    return Answer(order, final, ready, backend.name, turns, waiting)


def _parsed(ask: ReceivedOrder) -> OrderSpec:
    """Return what was written; refuse what this version does not know, then what is wrong.

    Raises:
        FunctionOutdated: There is a field that the model does not have.
        InvalidOrder: Fields are missing or wrong.
    """
    schema = KINDS[ask.kind]
    try:
        return parse(schema, ask.written, at="spec", blame=InvalidOrder)
    except InvalidOrder as refusal:
        unknown = unknown_fields(schema, ask.written, "spec")
        if not unknown:
            raise
        found = [p for p in refusal.problems if p.field in unknown]
        hint = f"function {__version__} does not know it; upgrade the function first, then the API"
        raise FunctionOutdated(
            *(Problem(p.field, f"{p.message} ({hint})") for p in found),
            public="; ".join(excerpts.problems(found)),
        ) from None


def _check_name(ask: ReceivedOrder, previous: Bound | None) -> None:
    """Refuse names that no API server or label accepts, before anything gets such a name.

    Raises:
        InvalidOrder: It is such a name.
    """
    text = name_problem(ask.name) if previous is None else ""
    if text:
        raise InvalidOrder(Problem("metadata.name", text))


def _check_environment(environment: Environment, previous: Bound | None) -> None:
    """Refuse new orders where the environment holds what violates a constraint.

    Raises:
        EnvironmentInvalid: It does. Live orders were answered with it, and continue.
    """
    if previous is None and environment.flaws:
        raise EnvironmentInvalid(*environment.flaws)


def _backend(
    ask: ReceivedOrder,
    environment: Environment,
    former: Backend[Any] | None,
    mine: Mapping[str, Resource],
) -> Backend[Any]:
    """Return the offered backend; for live orders of a kind no longer offered, the previous one.

    Raises:
        InvalidOrder: There is none, and the tenant has named a different environment.
        NotOffered: There is none.
    """
    try:
        return _offered(ask.kind, environment, former)
    except NotOffered as refusal:
        raise past.moved(ask.written, mine) or refusal from None


def _offered(kind: str, environment: Environment, former: Backend[Any] | None) -> Backend[Any]:
    name = environment.settings.backend_of(kind)
    if name is None and former and former.name in environment.settings.backends:
        return former
    offered = ", ".join(sorted(environment.settings.kinds))
    public = f"kind {kind} is not offered in environment {environment.name}; offered: {offered}"
    if name is None:
        raise NotOffered(
            f"EnvironmentConfig {environment.root}: kinds has no {kind}", public=public
        )
    backend = backends.BACKENDS[kind].get(name)
    if backend is None:
        able = ", ".join(sorted(backends.BACKENDS[kind]))
        text = f"kinds.{kind}: {name} cannot answer it, able: {able}"
        raise NotOffered(f"EnvironmentConfig {environment.root}: {text}", public=public)
    return backend


def _order(ask: ReceivedOrder, spec: OrderSpec, filled: Mapping[str, Any]) -> Order[Any]:
    if filled:
        effective = with_fills(ask.written, filled)
        spec = parse(KINDS[ask.kind], effective, at="spec", blame=InvalidOrder)
    return Order(ask.kind, ask.tenant, ask.name, ask.mode, ask.uid, ask.written, spec)


def _resolve(  # noqa: PLR0913  # all that an order resolves to depends on
    order: Order[Any],
    requested: tuple[OrderSpec, Mapping[str, Any]],
    filled: Mapping[str, Any],
    backend: Backend[Any],
    settings: Settings,
    last: past.Past,
) -> resolve.Resolution:
    """Return what an order resolves to, after checking everything about it.

    Values that were accepted before are checked again if nothing live is bound to them. Texts and
    constraints are the exception: they are checked only where a value is new.

    Args:
        order: The order, with what policy filled in.
        requested: What the tenant wrote, parsed, and as plain data with private values masked.
        filled: What policy filled in.
        backend: The backend.
        settings: The settings of the environment.
        last: What remains of the last answer.
    """
    kind, previous = order.kind, last.binding
    (spec, request), effective = requested, order.spec.model_dump(mode="json")
    written, merged = (with_fills(one, filled) for one in (order.written, request))
    decided = bound.still(previous, merged, last.held)
    resolution: resolve.Resolution
    *_, resolution = all_of(
        lambda: immutable.refused_fields_are_unchanged(
            order, merged, previous, backend.revertible(last.live), last.held
        ),
        lambda: guards.data_is_kept(order, merged, previous),
        lambda: texts.judge(kind, written, filled, last.record),
        lambda: resolve.check_constraints(kind, spec, merged, last.record),
        lambda: policy.judge(kind, effective, merged, settings.policy, previous),
        lambda: resolve.RESOLVERS[kind](order, settings, decided, backend.progress(last.live)),
    )
    texts.judge_issuer(resolution.decided.oidc, last.record)
    return replace(
        resolution,
        notes=(*policy.notes(kind, filled, settings.policy), *resolution.notes),
        status={**resolution.status, **last.immutable_fields(kind, merged)},
    )


def _received(
    order: Order[Any], backend: Backend[Any], settings: Settings, record: Bound, last: past.Past
) -> Effective:
    """Return the settings that apply to an order, as it last received them."""
    today = backend.current(order, settings, record)
    applied = backend.applied(last.live, last.record, today)
    same = backend.is_same_version(last.live, record)
    return as_received(today, applied, is_same_version=same)


def _sized(
    settings: Settings,
    resolution: resolve.Resolution,
    sized: tuple[Order[Any], Mapping[str, Machine], Mapping[str, int]],
    previous: Bound | None,
    request: Mapping[str, Any],
) -> dict[str, float]:
    """Return the size of an order, checked against the limits unless the tenant changed nothing.

    A function that counts differently from its previous version strands nobody.

    Raises:
        PolicyViolation: It is too large.
    """
    estimate = resolve.with_given(*sized, resolution.estimate)
    if previous is None or previous.requested != request:
        policy.judge_limits(settings.limits, estimate, resolve.recorded(*sized, previous))
    return estimate


def _estimated(estimate: Mapping[str, float]) -> dict[str, Any]:
    return {"estimate": {n: size for n, size in estimate.items() if n != resolve.GIVEN}}


def _gaps(spec: Mapping[str, Any], backend: Backend[Any], rendered: Rendered) -> tuple[Remark, ...]:
    """Return the fields that the tenant wrote, or policy filled, and the backend does not support.

    Raises:
        InvalidOrder: Ignoring such a field would be unsafe.
    """
    declared = {**backend.gaps, **{gap.field: gap.text for gap in rendered.unsupported}}
    found = [
        (field, Remark(f"spec.{where}", reason))
        for field, reason in sorted(declared.items())
        for where in expand(spec, field.removeprefix("spec."))
        if is_given(spec, where)
    ]
    unsafe = [
        Problem(gap.field, f"not offered here: {gap.text}")
        for field, gap in found
        if field in backend.refuses
    ]
    if unsafe:
        raise InvalidOrder(*unsafe)
    return tuple(gap for _, gap in found)
