"""Remember what was decided for an order: one annotation on its root resource.

Status is output and never memory. The record is canonical JSON, written on every answer
and read back from what Crossplane observed. A record of an unknown format was written by
a newer function; a lost or garbled record is rebuilt from what the observed resources
show, and nothing may leave the desired state while that lasts.
"""

from collections.abc import Collection, Mapping
from typing import Any

import pydantic

from function import shapes
from function.contract import Backend, Resource, SpecT
from function.errors import BindingLost, FunctionOutdated, InvalidOrder
from function.excerpts import few
from function.labels import ENVIRONMENT_LABEL
from function.memo import Memo
from function.model import API_GROUP, OrderSpec
from function.parsing import checker, is_mistyped, parse
from function.paths import is_below, steps
from function.record import BOUND_FORMAT, Bound
from function.schema import DNSLabel, canonical, extra, fields, masked
from function.settings import Place

ANNOTATION = f"{API_GROUP}/bound"
# How many of the remaining resources are named.
_NAMED = 10
_wrong_label = checker(DNSLabel)
# What decoded records may take, in bytes; each takes about eight times its text.
_OVERHEAD = 8
_DECODED: Memo[Bound] = Memo(8 * 2**20)


def encode(bound: Bound) -> str:
    """Return the record as canonical JSON."""
    data = bound.model_dump(mode="json", exclude_defaults=True)
    return canonical({**data, "format": BOUND_FORMAT})


def decode(text: str) -> Bound | None:
    """Return the record, or None if it is garbled.

    It is immutable, and remembered: an order has the same record in nearly every call.

    Raises:
        FunctionOutdated: A newer function wrote it.
    """
    key = text.encode(errors="surrogatepass")
    known = _DECODED.get(key)
    if known is not None:
        return known
    record = _decode(text)
    if record is not None:
        _DECODED.put(key, record, _OVERHEAD * len(key))
    return record


def _decode(text: str) -> Bound | None:
    data = shapes.mapping(shapes.parsed(text))
    if data.get("format") != BOUND_FORMAT and "place" in data:
        raise FunctionOutdated(f"{ANNOTATION}: its format is not known, upgrade the function")
    try:
        return Bound.model_validate(data)
    except pydantic.ValidationError as error:
        # A field that a newer function wrote means something there. Without it an older one would
        # decide again what was decided, after a rollback.
        if any(e["type"] == "extra_forbidden" for e in error.errors(include_url=False)):
            raise FunctionOutdated(
                f"{ANNOTATION}: has fields that are not known, upgrade the function"
            ) from None
        return None


def accepted_spec(schema: type[SpecT], bound: Bound) -> SpecT | None:
    """Return the order at the last answer, without private values; None if it is unknown."""
    private = {name for name, info in fields(schema).items() if extra(info, "private")}
    known = {name: value for name, value in bound.request.items() if name not in private}
    try:
        return parse(schema, known, at="spec", blame=InvalidOrder)
    except InvalidOrder:
        return None


def still(
    previous: Bound | None, current: Mapping[str, Any], held: Collection[str]
) -> Bound | None:
    """Return the record without what was decided for servers and volumes that do not exist.

    A refused key or flavor is corrected before anything is built from it, and may need a different
    image, or a different boot disk. A cluster that has never run is marked as such: it follows
    the environment, because an operator can repair it in no other way.

    Args:
        previous: What was decided at the last answer; None for a new order.
        current: What was written and filled, private values masked.
        held: Paths of fields that something live holds.
    """
    if previous is None:
        return None
    old = previous.request
    changed = {name for name in (*old, *current) if old.get(name) != current.get(name)}
    update: dict[str, Any] = {}
    if previous.version and not is_below("spec.version", held):
        update = {"started": False}
    if not is_below("spec.image", held) and changed & {"image", "bootVolume", "size", "flavor"}:
        update |= {"image": None, "boot": None}
    types = {entry.get("name"): entry.get("type") for entry in old.get("volumes") or ()}
    free = {
        entry.get("name")
        for entry in current.get("volumes") or ()
        if not is_below(f"spec.volumes[{entry.get('name')}]", held)
        and entry.get("type") != types.get(entry.get("name"))
    }
    if free:
        retained = {name: kind for name, kind in previous.volume_types.items() if name not in free}
        update["volume_types"] = retained
    return previous.model_copy(update=update) if update else previous


def environment_of(observed: Mapping[str, Resource]) -> str:
    """Return the environment that answered an order before; empty for a new order.

    Raises:
        BindingLost: The observed resources name more than one.
    """
    labelled = {r.labels.get(ENVIRONMENT_LABEL, "") for r in observed.values()}
    names = sorted(labelled - {""})
    if len(names) > 1:
        raise BindingLost(f"observed resources name several environments: {few(names)}")
    if names and _wrong_label(names[0]):
        raise BindingLost(f"label {ENVIRONMENT_LABEL} of observed resources names no environment")
    return names[0] if names else ""


def recorded(backend: Backend[Any], observed: Mapping[str, Resource]) -> Bound | None:
    """Return what the last answer wrote down; None if that is lost or garbled.

    Raises:
        FunctionOutdated: A newer function wrote it.
    """
    root = observed.get(backend.root)
    return decode(root.annotations.get(ANNOTATION, "")) if root else None


def read(
    backend: Backend[Any],
    schema: type[OrderSpec],
    written: Mapping[str, Any],
    observed: Mapping[str, Resource],
    record: Bound | None,
) -> Bound | None:
    """Return what was decided for an order; None if none of its resources exists yet.

    Args:
        backend: The backend whose resources were observed.
        schema: Model of the order.
        written: What the tenant wrote; a fallback for the previous request if the record is lost.
        observed: Our observed resources by key.
        record: What the last answer wrote down; None if that is lost or garbled.

    Raises:
        FunctionOutdated: Policy filled a field that this version does not have.
        BindingLost: The record is lost, and cannot be rebuilt from the observed resources.
    """
    if not observed:
        return None
    if record and _fits(record, schema):
        return record
    return _recall(backend, schema, written, observed)


def _fits(record: Bound, schema: type[OrderSpec]) -> bool:
    """Say whether the request in a record has the types that an order of the kind has.

    Raises:
        FunctionOutdated: Policy filled a field that this version does not have.
    """
    known = fields(schema)
    if any(next(iter(steps(where)), "") not in known for where in record.filled):
        raise FunctionOutdated(
            f"{ANNOTATION}: policy filled fields that are not known, upgrade the function"
        )
    # Private values are recorded as digests, whatever their type.
    private = {name for name, info in known.items() if extra(info, "private")}
    public = {name: value for name, value in record.request.items() if name not in private}
    return not is_mistyped(schema, public)


def _recall(
    backend: Backend[Any],
    schema: type[OrderSpec],
    written: Mapping[str, Any],
    observed: Mapping[str, Resource],
) -> Bound:
    labelled = {r.labels.get(ENVIRONMENT_LABEL, "") for r in observed.values()}
    configs = {r.provider_config for r in observed.values()}
    try:
        recalled = backend.recall(backend.live(observed))
        if recalled is None or len(labelled) != 1 or len(configs) != 1:
            raise BindingLost(_what_to_do(backend.root, observed))
        place = Place(
            environment=labelled.pop(),
            backend=backend.name,
            provider_config=configs.pop(),
            namespace=recalled.namespace,
        )
        known = recalled.decisions()
        return Bound(place=place, requested=masked(schema, written), rebuilt=True, **known)
    except pydantic.ValidationError:
        raise BindingLost(_what_to_do(backend.root, observed)) from None


def _what_to_do(root: str, observed: Mapping[str, Resource]) -> str:
    """Return what is lost, and how an operator restores it.

    A lost root is not re-created: the cluster behind it may exist, and would be changed to what the
    environment offers today.
    """
    if root in observed:
        return (
            f"annotation {ANNOTATION} of {root} is lost, and the observed resources do not "
            f"show what was decided; restore the annotation, from a backup or the logs of the API "
            f"server (observed: {few(sorted(observed))})"
        )
    names = [f"{resource.kind} {resource.name}" for _, resource in sorted(observed.items())]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{root} is gone, and with it the record of what was decided; nothing is created or "
        f"deleted meanwhile. If what it represents still exists, restore {root} with its "
        f"annotation {ANNOTATION} from a backup. If not, delete the rest of the order, which is "
        f"then answered as a new one: {', '.join(names[:_NAMED])}{more}"
    )
