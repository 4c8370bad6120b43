"""Remember what was decided for an order: one annotation on its root resource.

Status is output and never memory. The record is canonical JSON, written on every answer
and read back from what Crossplane observed. A record of an unknown format was written by
a newer function; one that is gone or garbled is rebuilt from what the observed resources
show, and nothing may leave the desired state while it is.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pydantic

from function.contract import BOUND_FORMAT, Backend, Bound, Resource
from function.errors import BindingLost, FunctionOutdated
from function.model import API_GROUP, OrderSpec
from function.paths import is_below, replaced
from function.schema import canonical, masked
from function.settings import Place

ANNOTATION = f"{API_GROUP}/bound"
ENVIRONMENT_LABEL = f"{API_GROUP}/environment"


def encode(bound: Bound) -> str:
    """Return the record as canonical JSON."""
    data = bound.model_dump(mode="json", exclude_defaults=True)
    return canonical({**data, "format": BOUND_FORMAT})


def decode(text: str) -> Bound | None:
    """Return the record, or None if it is garbled.

    Raises:
        FunctionOutdated: A newer function wrote it.
    """
    try:
        data = json.loads(text)
        if isinstance(data, dict) and data.get("format") != BOUND_FORMAT and "place" in data:
            raise FunctionOutdated(f"{ANNOTATION}: its format is not known, upgrade the function")
        return Bound.model_validate(data)
    except pydantic.ValidationError as error:
        if any(e["type"] == "extra_forbidden" for e in error.errors(include_url=False)):
            raise FunctionOutdated(
                f"{ANNOTATION}: has fields that are not known, upgrade the function"
            ) from None
        return None
    except (ValueError, RecursionError):
        return None


def with_fills(written: Mapping[str, Any], fills: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was written with what policy added, by concrete path."""
    data = dict(written)
    for where in sorted(fills):
        data = replaced(data, where, fills[where])
    return data


def remembered(bound: Bound) -> dict[str, Any]:
    """Return what was asked at the last answer, with what policy had added."""
    return with_fills(bound.asked, bound.filled)


def still(before: Bound | None, now: Mapping[str, Any], held: Collection[str]) -> Bound | None:
    """Return the record without what was decided for servers and volumes that do not exist.

    A key or a flavor that was refused is corrected before anything is built of it, and may need
    another image, or another disk to boot from.

    Args:
        before: What was decided at the last answer; None for a new order.
        now: What was written and filled, private values masked.
        held: Paths of fields that something live holds.
    """
    if before is None:
        return None
    old = remembered(before)
    changed = {name for name in (*old, *now) if old.get(name) != now.get(name)}
    update: dict[str, Any] = {}
    if not is_below("spec.image", held) and changed & {"image", "bootVolume", "size", "flavor"}:
        update = {"image": None, "boot": None}
    types = {entry.get("name"): entry.get("type") for entry in old.get("volumes") or ()}
    free = {
        entry.get("name")
        for entry in now.get("volumes") or ()
        if not is_below(f"spec.volumes[{entry.get('name')}]", held)
        and entry.get("type") != types.get(entry.get("name"))
    }
    if free:
        kept = {name: kind for name, kind in before.volume_types.items() if name not in free}
        update["volume_types"] = kept
    return before.model_copy(update=update) if update else before


def environment_of(observed: Mapping[str, Resource]) -> str:
    """Return the environment that answered an order before; empty for a new order.

    Raises:
        BindingLost: The observed resources name more than one.
    """
    names = sorted(
        {r.labels[ENVIRONMENT_LABEL] for r in observed.values() if ENVIRONMENT_LABEL in r.labels}
    )
    if len(names) > 1:
        raise BindingLost(f"observed resources name several environments: {', '.join(names)}")
    return names[0] if names else ""


def read(
    backend: Backend[Any],
    schema: type[OrderSpec],
    written: Mapping[str, Any],
    observed: Mapping[str, Resource],
) -> Bound | None:
    """Return what was decided for an order; None if nothing of it exists yet.

    Args:
        backend: The backend whose resources were observed.
        schema: Model of the order.
        written: What the tenant wrote, the best guess at what was asked if the record is lost.
        observed: Our observed resources by key.

    Raises:
        FunctionOutdated: A newer function wrote the record.
        BindingLost: It is lost, and what was observed does not show it.
    """
    if not observed:
        return None
    root = observed.get(backend.root)
    text = root.annotations.get(ANNOTATION, "") if root else ""
    return decode(text) or _recall(backend, schema, written, observed)


def _recall(
    backend: Backend[Any],
    schema: type[OrderSpec],
    written: Mapping[str, Any],
    observed: Mapping[str, Resource],
) -> Bound:
    fields = backend.recall(observed)
    labelled = sorted({r.labels.get(ENVIRONMENT_LABEL, "") for r in observed.values()})
    configs = sorted({r.provider_config for r in observed.values()})
    if fields is None or len(labelled) != 1 or not labelled[0] or len(configs) != 1:
        raise BindingLost(
            f"annotation {ANNOTATION} of {backend.root} is lost, and the observed resources do not "
            f"show what was decided; restore the annotation, from a backup or the logs of the API "
            f"server (observed: {', '.join(sorted(observed))})"
        )
    place = Place(
        environment=labelled[0],
        backend=backend.name,
        provider_config=configs[0],
        namespace=fields.pop("namespace", ""),
    )
    return Bound(place=place, asked=masked(schema, written), rebuilt=True, **fields)
