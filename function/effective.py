"""Decide which settings of an environment apply to an order: as it last received them.

An edit of an environment reaches a live order at the moment that the field declares in `reaches`.
Until then the order keeps the value, or the absence, that it was last answered with. A backend
declares what its orders take from the environment as an `Effective` model, and reads it from
today's settings (`Backend.current`) and from what it applied before (`Backend.applied`). Only this
module chooses between the two, so that no backend can let an edit through.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic
from pydantic.fields import FieldInfo

from function.schema import Schema, extra, fields, item_type
from function.settings import AT_ONCE, NEXT_CHANGE, NEXT_VERSION

# Reaches of which today's value applies: the second kind judges what a tenant changes.
_TODAY = (AT_ONCE, NEXT_CHANGE)


class Effective(Schema):
    """Hold the settings that apply to one order; the base of each backend's model."""


EffectiveT = TypeVar("EffectiveT", bound=Effective)


def taken(schema: type[Schema], path: str, *, each: bool = False, default: Any = ...) -> Any:
    """Declare a value that orders take from one setting, which says what an edit reaches.

    Args:
        schema: Model of the settings.
        path: Path of the setting in it, such as `openstack.serverGroupPolicy`.
        each: Whether each entry of the mapping is received on its own: a new entry, such as that
            of a new pool, gets today's value, and an existing one keeps its own.
        default: Value where the environment has none; `...` makes the field required.

    Raises:
        KeyError: There is no such setting.
    """
    found, model = "", schema
    for name in path.split("."):
        info: FieldInfo = fields(model)[name]
        found = extra(info, "reaches") or found
        model = item_type(info) or model
    return reaching(found, each=each, default=default)


def reaching(reach: str, *, each: bool = False, default: Any = ...) -> Any:
    """Declare a value that orders take from several settings.

    Args:
        reach: Which orders an edit reaches, and when, such as `AT_ONCE`.
        each: As in `taken`.
        default: As in `taken`.
    """
    return pydantic.Field(default, json_schema_extra={"reaches": reach, "each": each})


def as_received(
    current: EffectiveT, applied: Mapping[str, Any] | None, *, is_same_version: bool
) -> EffectiveT:
    """Return the settings that apply to an order.

    Args:
        current: What the environment says today.
        applied: What the order was last answered with, by attribute; None is an absence. An
            attribute that is missing is unknown, or was not needed until now: it gets today's
            value. None if nothing live is bound to it.
        is_same_version: Whether the order keeps its version and class.
    """
    if applied is None:
        return current
    update: dict[str, Any] = {}
    for name, info in type(current).model_fields.items():
        reach = extra(info, "reaches")
        if reach in _TODAY or (reach == NEXT_VERSION and not is_same_version):
            continue
        if name in applied:
            update[name] = _kept(info, getattr(current, name), applied[name])
    return current.model_copy(update=update)


def _kept(info: FieldInfo, current: Any, applied: Any) -> Any:
    if not extra(info, "each"):
        return applied
    return {key: applied.get(key, value) for key, value in current.items()}
