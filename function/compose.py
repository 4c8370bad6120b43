"""Answer one order: bind, policy, resolve, render, guard. Pure; the heart of the function.

    Ask + Environment + observed -> Answer

Every step either goes on with a complete picture or raises a refusal from `errors`; there
is no way to answer with less than everything that lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from function import (
    backends,
    bound,
    excerpts,
    guards,
    names,
    outdated,
    placing,
    policy,
    report,
    resolve,
    sizes,
    stale,
    texts,
)
from function.__version__ import __version__
from function.contract import (
    Backend,
    Bound,
    Condition,
    Environment,
    Mode,
    Order,
    Remark,
    Removal,
    Rendered,
    Resource,
)
from function.errors import (
    EnvironmentInvalid,
    FunctionOutdated,
    InvalidOrder,
    NotOffered,
    Problem,
    all_of,
)
from function.managed import ALL_POLICIES, named
from function.model import API_GROUP, KINDS
from function.model.metadata import name_problem
from function.parsing import parse, unknown_fields
from function.paths import expand, lookup
from function.schema import masked

DEFAULT_ENVIRONMENT = "default"


@dataclass(frozen=True)
class Ask:
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
    """What becomes of an order.

    Attributes:
        order: The order with its effective values.
        rendered: Resources, status and conditions, complete and guarded.
        ready: Whether every planned resource is emitted and ready.
        backend: The backend that answered.
    """

    order: Order[Any]
    rendered: Rendered
    ready: bool
    backend: str


def environment_name(ask: Ask, observed: Mapping[str, Resource], default: str) -> str:
    """Return which environment answers: the order's, else the former one, else the default.

    Raises:
        BindingLost: Observed resources name more than one former environment.
    """
    written = ask.written.get("environment")
    if isinstance(written, str) and written:
        return written
    return bound.environment_of(observed) or default or DEFAULT_ENVIRONMENT


def compose(ask: Ask, environment: Environment, observed: Mapping[str, Resource]) -> Answer:
    """Answer an order.

    Args:
        ask: The order as it arrived.
        environment: The environment that answers it.
        observed: Every observed composed resource by key, other steps' included.

    Raises:
        Refusal: See `function.errors`; nothing may be applied then.
    """
    settings = environment.settings
    _check_written(ask)
    mine = guards.ours(observed, backends.SETTINGS)
    former = _former(ask.kind, mine)
    backend = _backend(ask.kind, environment, former)
    outdated.versions_are_known(mine, former or backend)
    seen = {key: resource.checked((former or backend).reads) for key, resource in mine.items()}
    before = bound.read(former or backend, KINDS[ask.kind], ask.written, seen)
    request = masked(KINDS[ask.kind], ask.written)
    revision = stale.revision_of(ask.uid, ask.generation)
    stale.older_versions_change_nothing(revision, request, before)
    filled = policy.fill(ask.kind, ask.written, settings.policy, before)
    order = _order(ask, filled)
    guards.labels_are_kept(order, observed)
    guards.names_are_free(order, mine)
    _check_environment(environment, before)
    _check_name(ask, before)
    place = placing.place(backend, environment, ask.tenant)
    if guards.stays_in_place(order, place, before, settings.moves):
        return _leave(order, backend, mine)
    now = bound.with_fills(request, filled)
    *_, resolution = all_of(
        lambda: guards.refused_fields_are_unchanged(order, now, before, backend.standing(seen)),
        lambda: guards.data_is_kept(order, now, before),
        lambda: texts.judge(ask.kind, bound.with_fills(ask.written, filled), filled, before),
        lambda: resolve.check_constraints(order, now, before),
        lambda: policy.judge(ask.kind, _effective(order), now, settings.policy, before),
        lambda: resolve.RESOLVERS[ask.kind](order, settings, before, backend.progress(seen)),
    )
    texts.judge_issuer(resolution.decided.get("oidc"), before)
    told = policy.notes(ask.kind, filled, settings.policy)
    resolution = replace(resolution, notes=(*told, *resolution.notes))
    revision = stale.remembered(revision, request, before)
    record = Bound(
        place=place, asked=request, filled=filled, revision=revision, **resolution.decided
    )
    # Identities come from the whole resource, also from parts that do not fit their shapes.
    mine = {key: _identified(resource, backend) for key, resource in mine.items()}
    seen = {key: replace(r, identities=mine[key].identities) for key, r in seen.items()}
    bare = backend.render(order, settings, record, seen)
    changed = before is None or before.asked != request
    sized = (order, record.machines, bare.volumes)
    estimate = resolve.with_given(*sized, resolution.estimate)
    # A function that counts otherwise than the one before it strands nobody.
    if changed:
        policy.judge_limits(settings.limits, estimate, resolve.recorded(*sized, before))
        sizes.check(order, bare, before, mine, backend)
    record = record.model_copy(
        update={
            "estimate": {name: float(size) for name, size in estimate.items()},
            "size": sizes.remembered(sizes.of(order, bare)),
        }
    )
    rendered = _complete(bare, order, backend, record, mine)
    sizes.check_annotations(rendered, mine, changed=changed)
    guards.keys_are_sound(rendered, backend)
    guards.waves_only_gate_creation(rendered, mine)
    guards.nothing_vanishes(order, rendered, mine, backend, before)
    guards.types_are_in_use(record, rendered, mine, before)
    gaps = _gaps(order, backend, rendered)
    ready = not rendered.planned and all(r.ready for r in rendered.resources)
    rendered = replace(rendered, unsupported=gaps, notes=(*resolution.notes, *rendered.notes))
    shown = report.conditions(rendered, resolution)
    status = report.status(environment, resolution, rendered, shown, mine) | _estimated(estimate)
    connection = report.connection(status)
    final = replace(rendered, status=status, connection=connection, conditions=shown)
    return Answer(order, final, ready, backend.name)


def _check_written(ask: Ask) -> None:
    """Refuse what this version does not know, then what is wrong.

    Raises:
        FunctionOutdated: There is a field that the model does not have.
        InvalidOrder: Fields are missing or wrong.
    """
    schema = KINDS[ask.kind]
    unknown = unknown_fields(schema, ask.written, "spec")
    try:
        parse(schema, ask.written, at="spec", blame=InvalidOrder)
    except InvalidOrder as refusal:
        if not unknown:
            raise
        found = [p for p in refusal.problems if p.field in unknown]
        hint = f"function {__version__} does not know it; upgrade the function first, then the API"
        raise FunctionOutdated(
            *(Problem(p.field, f"{p.message} ({hint})") for p in found),
            public="; ".join(excerpts.problems(found)),
        ) from None


def _check_name(ask: Ask, before: Bound | None) -> None:
    """Refuse names that no API server stores, or no label holds, before anything is named so.

    Raises:
        InvalidOrder: It is such a name.
    """
    text = name_problem(ask.name) if before is None else ""
    if text:
        raise InvalidOrder(Problem("metadata.name", text))


def _check_environment(environment: Environment, before: Bound | None) -> None:
    """Refuse new orders where the environment holds what violates a constraint.

    Raises:
        EnvironmentInvalid: It does. What is live was answered with it, and goes on.
    """
    if before is None and environment.flaws:
        raise EnvironmentInvalid(*environment.flaws)


def _backend(kind: str, environment: Environment, former: Backend[Any] | None) -> Backend[Any]:
    """Return the backend that is offered; for what lives of a kind that is no more, the former.

    Raises:
        NotOffered: There is none.
    """
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


def _former(kind: str, mine: Mapping[str, Resource]) -> Backend[Any] | None:
    """Return the backend that answered before, by the labels of what it made."""
    labels = {resource.labels[guards.BACKEND_LABEL] for resource in mine.values()}
    return backends.BACKENDS[kind].get(labels.pop()) if len(labels) == 1 else None


def _order(ask: Ask, filled: Mapping[str, Any]) -> Order[Any]:
    spec = parse(
        KINDS[ask.kind], bound.with_fills(ask.written, filled), at="spec", blame=InvalidOrder
    )
    return Order(ask.kind, ask.tenant, ask.name, ask.mode, ask.uid, ask.written, spec)


def _effective(order: Order[Any]) -> dict[str, Any]:
    dumped: dict[str, Any] = order.spec.model_dump(mode="json")
    return dumped


def _estimated(estimate: Mapping[str, float]) -> dict[str, Any]:
    return {"estimate": {n: size for n, size in estimate.items() if n != resolve.GIVEN}}


def _identified(resource: Resource, backend: Backend[Any]) -> Resource:
    return replace(resource, identities=backend.identities(resource))


def _complete(
    rendered: Rendered,
    order: Order[Any],
    backend: Backend[Any],
    record: Bound,
    mine: Mapping[str, Resource],
) -> Rendered:
    """Stamp what every resource carries: name, labels, record, policies, identities."""
    resources = tuple(
        _stamped(resource, order, backend, record, mine.get(resource.key))
        for resource in rendered.resources
    )
    return replace(rendered, resources=resources)


def _stamped(
    resource: Resource,
    order: Order[Any],
    backend: Backend[Any],
    record: Bound,
    before: Resource | None,
) -> Resource:
    annotations = dict(resource.annotations)
    if resource.key == backend.root:
        annotations[bound.ANNOTATION] = bound.encode(record)
    name = before.name if before else ""
    found = replace(
        resource,
        name=name or names.composed(order.tenant, order.kind, order.name, resource.key),
        labels={
            **resource.labels,
            guards.BACKEND_LABEL: backend.name,
            bound.ENVIRONMENT_LABEL: str(record.place.environment),
            guards.TENANT_LABEL: order.tenant,
            guards.KIND_LABEL: order.kind,
            guards.NAME_LABEL: order.name,
            f"{API_GROUP}/uid": order.uid,
        },
        annotations=annotations,
        provider_config=str(record.place.provider_config),
        secret_namespace=before.secret_namespace if before else "",
        ready=resource.ready and before is not None,
    )
    if order.spec.deletion_policy == "Orphan":
        found = guards.without_delete(found, ALL_POLICIES)
    return _identified(found, backend)


def _leave(order: Order[Any], backend: Backend[Any], mine: Mapping[str, Resource]) -> Answer:
    """Orphan what is left behind by a move: first take Delete away, then let go.

    The new place is answered as a new order once nothing of the old one is observed.
    """
    former = _former(order.kind, mine) or backend
    known = {key: _identified(resource, former) for key, resource in sorted(mine.items())}
    kept = any(guards.may_delete(resource) for resource in known.values())
    resources = tuple(_as_observed(r) for r in known.values()) if kept else ()
    removals = (
        ()
        if kept
        else tuple(
            Removal(identity, "orphaned")
            for r in known.values()
            for identity in sorted(r.identities)
        )
    )
    rendered = Rendered(
        resources=resources,
        planned=frozenset({backend.root}),
        removals=removals,
        status={"phase": "Updating", "message": "the order moves to another place"},
        conditions=(
            Condition("Accepted", True, "Accepted"),
            Condition("Provisioned", False, "Moving", "what exists is left with the provider"),
            Condition("Current", False, "Moving"),
        ),
    )
    guards.nothing_vanishes(order, rendered, known, former, None)
    return Answer(order, rendered, False, backend.name)


def _as_observed(resource: Resource) -> Resource:
    orphaned = replace(
        guards.without_delete(resource, ALL_POLICIES),
        annotations={k: v for k, v in resource.annotations.items() if k == bound.ANNOTATION},
        labels={k: v for k, v in resource.labels.items() if k.startswith(API_GROUP)},
        ready=False,
    )
    return named(orphaned, resource)


def _gaps(order: Order[Any], backend: Backend[Any], rendered: Rendered) -> tuple[Remark, ...]:
    """Return what the tenant wrote and the backend cannot express.

    Raises:
        InvalidOrder: Ignoring such a field would be unsafe.
    """
    declared = {**backend.gaps, **{gap.field: gap.text for gap in rendered.unsupported}}
    found = [
        (field, Remark(f"spec.{where}", reason))
        for field, reason in sorted(declared.items())
        for where in expand(order.written, field.removeprefix("spec."))
        if lookup(order.written, where) not in (None, [], {})
    ]
    unsafe = [
        Problem(gap.field, f"not offered here: {gap.text}")
        for field, gap in found
        if field in backend.refuses
    ]
    if unsafe:
        raise InvalidOrder(*unsafe)
    return tuple(gap for _, gap in found)
