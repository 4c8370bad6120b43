"""Refuse what would endanger something live. Each guard is one function.

`compose` calls them, so that no backend can forget them. Crossplane deletes what leaves the
desired state: an answer is only given when every observed resource is either still desired,
or leaves for a reason that this module has checked itself.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from function import shapes
from function.bound import ANNOTATION, accepted_spec
from function.contract import Backend, Order, Removal, Rendered, Resource
from function.errors import (
    BindingLost,
    DeletionRefused,
    FunctionOutdated,
    InvalidOrder,
    MoveRefused,
    NameTaken,
    Problem,
)
from function.excerpts import cut, few
from function.labels import BACKEND_LABEL, KIND_LABEL, NAME_LABEL, TENANT_LABEL
from function.model import KINDS
from function.names import composed
from function.paths import lookup
from function.record import Bound
from function.schema import canonical, extra, fields
from function.settings import Move, Place

EVERYTHING = "*"
DELETE = "Delete"


def ours(observed: Mapping[str, Resource], known: Iterable[str]) -> dict[str, Resource]:
    """Return the observed resources that carry our label, whatever their key.

    Unlabelled ones are another pipeline step's; see `labels_are_kept`.

    Raises:
        FunctionOutdated: A backend that this version does not know made one.
    """
    result = {key: r for key, r in observed.items() if BACKEND_LABEL in r.labels}
    backends = set(known)
    for key, resource in sorted(result.items()):
        if resource.labels[BACKEND_LABEL] not in backends:
            raise FunctionOutdated(
                f"observed resource {key} is of backend {resource.labels[BACKEND_LABEL]}, which "
                f"this version does not know; upgrade the function"
            )
    return result


def labels_are_kept(order: Order[Any], observed: Mapping[str, Resource]) -> None:
    """Refuse to continue if a resource has a name that we gave but no longer has our label.

    It would count as another pipeline step's, and be rendered as if new, or deleted.

    Raises:
        BindingLost: With each of them.
    """
    lost = [
        Problem(key, f"label {BACKEND_LABEL} is lost; set it again to the backend that made it")
        for key, resource in sorted(observed.items())
        if BACKEND_LABEL not in resource.labels
        and resource.name == composed(order.tenant, order.kind, order.name, key)
    ]
    if lost:
        raise BindingLost(*lost)


def names_are_free(order: Order[Any], observed: Mapping[str, Resource]) -> None:
    """Refuse to take over an object that carries another order's labels.

    Both the composed resource and the object inside it are checked.

    Raises:
        NameTaken: One does.
    """
    mine = {TENANT_LABEL: order.tenant, KIND_LABEL: order.kind, NAME_LABEL: order.name}
    for key, resource in sorted(observed.items()):
        # An Object that is deleted and created again adopts what is inside by its name alone.
        inner = lookup(resource.at_provider, "manifest.metadata.labels")
        for labels in (resource.labels, shapes.mapping(inner)):
            other = {
                name: labels[name] for name in mine if name in labels and labels[name] != mine[name]
            }
            if other:
                raise NameTaken(f"{key}: the object of this name belongs to another order: {other}")


def stays_in_place(
    order: Order[Any], current: Place, previous: Bound | None, moves: Iterable[Move]
) -> bool:
    """Refuse to answer an order from a different place than before; say whether it moves.

    Returns:
        Whether the operator lists this move, so that the existing resources are orphaned.
        Also False if the ProviderConfig is just another name for the same account.

    Raises:
        InvalidOrder: The tenant has named a different environment, and the operator lists no such
            move.
        MoveRefused: The place differs otherwise, and the operator does not list the move.
    """
    if previous is None:
        return False
    aspects = ("environment", "backend", "provider_config", "namespace")
    changed = [a for a in aspects if getattr(previous.place, a) != getattr(current, a)]
    if not changed:
        return False
    for move in moves:
        if (move.namespace, move.kind, move.name) != (order.tenant, order.kind, order.name):
            continue
        if all(
            getattr(move.origin, a) == getattr(previous.place, a)
            and getattr(move.to, a) == getattr(current, a)
            for a in changed
        ):
            return changed != ["provider_config"]
    texts = [
        f"{to_camel(a)} {getattr(previous.place, a)!r} -> {getattr(current, a)!r}" for a in changed
    ]
    listed = f"list it under moves in the root of environment {current.environment}"
    if _names_another(order, current, previous):
        problem = other_environment(str(previous.place.environment))
        text = f"{problem.message} (it would move: {', '.join(texts)}; {listed} to have that)"
        raise InvalidOrder(Problem(problem.field, text), public=str(problem))
    public = "the order is answered by another environment than before; set it back"
    public = public if "environment" in changed else ""
    what = (
        "if both are names of one account: what exists then stays as it is"
        if changed == ["provider_config"]
        else "to have it rebuilt there: what exists is then orphaned, never deleted, and its "
        "data stay behind"
    )
    raise MoveRefused(
        f"{order.kind} {order.tenant}/{order.name} would move: {', '.join(texts)}; undo this, "
        f"or {listed} {what}",
        public=public,
    )


def _names_another(order: Order[Any], current: Place, previous: Bound) -> bool:
    """Say whether the tenant has named another environment since the last answer."""
    named = order.written.get("environment")
    return named == current.environment and named not in (
        previous.place.environment,
        previous.request.get("environment"),
    )


def other_environment(previous: str) -> Problem:
    """Return the problem of an order that names a different environment than it is built in."""
    text = "cannot be changed once something is built, set it back to"
    return Problem(
        "spec.environment", f"{text} {canonical(previous)}, or ask your provider to move the order"
    )


def data_is_kept(order: Order[Any], current: Mapping[str, Any], previous: Bound | None) -> None:
    """Refuse an edit that destroys data while the order is protected.

    The API server refuses it first where `package/cluster` is installed.

    Args:
        order: The order.
        current: What was written and filled, private values masked.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        InvalidOrder: With each such field.
    """
    if previous is None or not order.spec.deletion_protection:
        return
    old = previous.request
    problems = [
        Problem(f"spec.{name}", f"{text}; set spec.deletionProtection to false first")
        for name, info in fields(KINDS[order.kind]).items()
        for text in [_loss(info, old.get(name), current.get(name))]
        if text
    ]
    if problems:
        raise InvalidOrder(*problems)


def _loss(info: FieldInfo, previous: Any, current: Any) -> str:
    """Return what an edit of a field destroys; empty if nothing."""
    match extra(info, "loses"):
        case "fewer" if (current or info.default) < (previous or info.default):
            return f"fewer than {previous} would destroy the data of the rest"
        case "removed":
            retained = {entry.get("name") for entry in current or ()}
            names = (str(entry.get("name")) for entry in previous or ())
            gone = [name for name in names if name not in retained]
            return f"without {few(gone)} its data would be destroyed" if gone else ""
    return ""


def nothing_vanishes(
    order: Order[Any],
    rendered: Rendered,
    observed: Mapping[str, Resource],
    backend: Backend[Any],
    previous: Bound | None,
) -> None:
    """Refuse an answer in which something live is missing without an allowed reason.

    Args:
        order: The order.
        rendered: The answer, identities stamped.
        observed: Our observed resources, identities stamped.
        backend: The backend that rendered it.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        DeletionRefused: With everything that would vanish.
        BindingLost: The tenant may have asked for it, but the previous request is lost.
    """
    desired = {identity for r in rendered.resources for identity in r.identities}
    missing = {
        identity: resource
        for _, resource in sorted(observed.items())
        for identity in sorted(resource.identities - desired)
        # Nothing that we render can keep an object whose deletion the API server has accepted.
        if not resource.deleting
    }
    reasons = {removal.identity: removal for removal in rendered.removals}
    former = _former(order, previous) if missing else None
    ready = {identity for r in rendered.resources if r.ready for identity in r.identities}
    problems = []
    for identity, resource in missing.items():
        removal = reasons.get(identity)
        refusal = (
            _why_not(removal, resource, order, previous, former, ready, backend)
            if removal
            else "no reason given"
        )
        if refusal:
            problems.append(Problem(identity, f"would be deleted: {refusal}"))
        elif previous is not None and previous.rebuilt and removal and removal.reason == "order":
            raise BindingLost(
                f"{identity} would be deleted because {removal.detail} no longer asks for it, but "
                f"the record of what was asked before is lost; {_remedy(rendered, observed)}"
            )
    if problems:
        raise DeletionRefused(*problems)


def nothing_is_replaced(
    rendered: Rendered,
    observed: Mapping[str, Resource],
    backend: Backend[Any],
    previous: Bound | None,
) -> None:
    """Refuse to replace machines or their disks while the record is a rebuilt one.

    The catalogue may have changed since the order was decided: another disk of the same flavor,
    or another type behind the name of a volume type, would replace every machine that has it.

    Args:
        rendered: What the backend rendered.
        observed: Our observed resources, without parts whose type is not the expected one.
        backend: The backend that rendered it.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        BindingLost: Something would be replaced.
    """
    if previous is None or not previous.rebuilt:
        return
    for resource in rendered.resources:
        if resource.key not in observed:
            continue
        desired, live = (backend.replacing(r) for r in (resource, observed[resource.key]))
        for identity in sorted(desired.keys() & live.keys()):
            current, was = desired[identity], live[identity]
            names = sorted(current.keys() | was.keys())
            name = next((n for n in names if current.get(n) != was.get(n)), None)
            if name is not None:
                values = f"{canonical(current.get(name))} instead of {canonical(was.get(name))}"
                raise BindingLost(
                    f"{identity} would be replaced: its {name} would become {cut(values)}, and the "
                    f"record of what was decided is lost; {_remedy(rendered, observed)}"
                )


def _remedy(rendered: Rendered, observed: Mapping[str, Resource]) -> str:
    """Return how to restore a lost record: with its resource, if that is gone too."""
    root = next((r.key for r in rendered.resources if ANNOTATION in r.annotations), "")
    if not root or root in observed:
        return "restore the annotation, or undo the change"
    return f"{root} is gone with it; undo the change, and it is created again with a new record"


def _why_not(  # noqa: PLR0913  # a reason may speak of any of them
    removal: Removal,
    resource: Resource,
    order: Order[Any],
    previous: Bound | None,
    former: Order[Any] | None,
    ready: Collection[str],
    backend: Backend[Any],
) -> str:
    """Return why a reason does not hold; empty if it does."""
    match removal.reason:
        case "order" if order.requests(removal.detail):
            return f"{removal.detail} still asks for it"
        case "order":
            requested = _asked_before(former, previous, removal.detail)
            return "" if requested else f"{removal.detail} never asked for it"
        case "superseded":
            # Otherwise there would be neither for a while. Only observed resources can be ready.
            done = removal.detail in ready
            return "" if done else f"its successor {removal.detail} is not ready"
        case "helper":
            return "" if set(resource.policies) == {"Observe"} else "it is not only observed"
        case "retired":
            retired = any(removal.identity.startswith(prefix) for prefix in backend.retired)
            return "" if retired else "this version did not retire it"
        case _:
            # Orphaned; an unknown reason would have to meet the same condition.
            return "its observed policies still contain Delete" if may_delete(resource) else ""


def _asked_before(former: Order[Any] | None, previous: Bound | None, path: str) -> bool:
    """Say whether the order asked for it at the last answer, so that the tenant changed it.

    What it did not ask for came from elsewhere, such as a newer function. True if unknown.
    """
    if previous is not None and previous.rebuilt:
        return True
    return former is not None and former.requests(path)


def _former(order: Order[Any], previous: Bound | None) -> Order[Any] | None:
    """Return the previous order; None if it is not known.

    Parsed once per call, because every resource that leaves is looked up in it.
    """
    if previous is None or previous.rebuilt:
        return None
    spec = accepted_spec(KINDS[order.kind], previous)
    return replace(order, spec=spec) if spec is not None else None


def may_delete(resource: Resource) -> bool:
    """Say whether deleting the composed resource deletes the live resource behind it."""
    return EVERYTHING in resource.policies or DELETE in resource.policies


def without_delete(resource: Resource, all_policies: tuple[str, ...]) -> Resource:
    """Return the resource with policies under which deleting it leaves the live thing alone."""
    # "*" with an exception cannot be written: each other policy is listed.
    policies = all_policies if EVERYTHING in resource.policies else resource.policies
    return replace(resource, policies=tuple(p for p in policies if p != DELETE))


def waves_only_gate_creation(rendered: Rendered, observed: Mapping[str, Resource]) -> None:
    """Refuse an answer that defers to a later wave what already exists.

    Raises:
        DeletionRefused: A key is both observed and only planned.
    """
    emitted = {resource.key for resource in rendered.resources}
    exists = {key for key, resource in observed.items() if resource.exists}
    late = sorted((rendered.planned - emitted) & exists)
    if late:
        raise DeletionRefused(
            *(Problem(key, "exists, and was only planned for later") for key in late)
        )


def keys_are_sound(rendered: Rendered, backend: Backend[Any]) -> None:
    """Refuse an answer with duplicate keys or names, or without the root that carries the record.

    Names are duplicate where an object is observed under another object's key.

    Raises:
        DeletionRefused: It has.
    """
    keys = [resource.key for resource in rendered.resources]
    if len(set(keys)) != len(keys):
        raise DeletionRefused("two resources have the same key")
    named: dict[tuple[str, str, str], str] = {}
    # The key is an annotation that anybody may edit who may edit the object; Crossplane finds the
    # object by it, and would then apply two resources to one name.
    for resource in rendered.resources:
        other = named.setdefault((resource.family, resource.kind, resource.name), resource.key)
        if other != resource.key:
            text = "correct crossplane.io/composition-resource-name of that object"
            raise DeletionRefused(Problem(resource.key, f"has the name of {other}; {text}"))
    if backend.root not in keys:
        raise DeletionRefused(Problem(backend.root, "the root resource is missing"))
