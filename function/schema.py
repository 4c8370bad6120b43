"""Give every model the same manners, and compare data by what the models declare.

Models are frozen, camelCase outside, refuse unknown keys and do not coerce: `"3"` is not
a count and `1` is not a flag, as in Kubernetes.
"""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import pydantic
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from function import shapes

Flag = Annotated[bool, pydantic.Strict()]
Count = Annotated[int, pydantic.Strict()]
Number = Annotated[float, pydantic.Strict()]
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# What to say of text that does not match a pattern; `text` fills it.
HINTS: dict[str, str] = {}
# Kept, because making one takes longer than writing a small value.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def text(pattern: str, hint: str, **limits: int) -> pydantic.StringConstraints:
    """Constrain text to a pattern.

    Args:
        pattern: Regular expression for the whole text.
        hint: What to say instead of it: "must be ..."
        **limits: `min_length` and `max_length`.
    """
    HINTS[pattern] = hint
    return pydantic.StringConstraints(
        pattern=pattern, min_length=limits.get("min_length"), max_length=limits.get("max_length")
    )


@dataclass(frozen=True)
class NewText:
    """Constrain text where it is new or has changed, and not where a live order has it already.

    The schema of an API server has the pattern, because it does not judge what is unchanged. A
    model does not: a live order would be refused for a value that was accepted once. `texts`
    judges it, which knows the previous order.

    Attributes:
        pattern: Regular expression for the whole text, the same in Python, Go and JavaScript.
    """

    pattern: str

    def fits(self, value: str) -> bool:
        """Say whether the text is accepted."""
        return re.fullmatch(self.pattern, value) is not None

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the pattern to the schema of text; another value may hold text, and has none."""
        node = handler(core)
        return {**node, "pattern": self.pattern} if node.get("type") == "string" else node


def new_text(pattern: str, hint: str) -> NewText:
    """Constrain text to a pattern where it is new or has changed.

    Args:
        pattern: Regular expression for the whole text.
        hint: What to say instead of it: "must be ..."
    """
    HINTS[pattern] = hint
    return NewText(pattern)


@dataclass(frozen=True)
class Constraint:
    """Say what a new or changed value of a type must meet beyond the type itself.

    Parsing never gets stricter, because a live order that was accepted with such a value would be
    refused as a whole. A constraint is checked by `function.constraints` instead, and by the API
    server, which does not look at unchanged values again either.

    Attributes:
        violation: Returns what is wrong with a value, empty if nothing is. By its name
            `tools.generate.checks` finds the same in CEL.
    """

    violation: Callable[[Any], str]

    @property
    def name(self) -> str:
        """Return the name under which generators find it."""
        return str(getattr(self.violation, "__name__", ""))


DNSLabel = Annotated[
    str, text(DNS_LABEL, "lower-case letters, digits and dashes, as in a DNS label", max_length=63)
]
Change = Literal["in place", "grows", "once", "rolling", "reboot", "replace", "refused"]
# What a field that is chosen once can be changed from.
NOTHING = "None"
# What of a value, when it is taken back, destroys data.
Loss = Literal["fewer", "removed"]


class Schema(pydantic.BaseModel):
    """Hold validated, frozen data; the base of every model."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        # JSON has neither NaN nor infinity.
        allow_inf_nan=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
    # Names of the fields that identify an entry in a list of such entries.
    key_fields: ClassVar[tuple[str, ...]] = ("name",)

    def keys(self) -> frozenset[str]:
        """Return the names by which a path may address this entry of a list."""
        return frozenset(str(getattr(self, f)) for f in self.key_fields if hasattr(self, f))

    def violations(self) -> Iterator[tuple[str, str]]:
        """Yield field and message of each constraint that several values violate together."""
        yield from ()


def ordered(  # noqa: PLR0913  # one argument for each thing a field must state
    description: str,
    *,
    change: Change,
    default: Any = ...,
    private: bool = False,
    loses: Loss | None = None,
    example: Any = None,
    **constraints: Any,
) -> Any:
    """Declare a field of a tenant's order.

    Args:
        description: What it is, its unit or format, and what the default does.
        change: What happens to a live resource when the tenant changes the field. A list that
            grows gains entries at its end; what can be chosen once is `NOTHING` before.
        default: Value when absent; `...` makes the field required.
        private: Whether its value may only be remembered as a digest.
        loses: Which edit destroys data, and is refused while the order is protected: `fewer`, a
            smaller number; `removed`, a list with an entry less.
        example: A value for the reference page.
        **constraints: Passed to `pydantic.Field`.
    """
    extra = {"change": change, "private": private, "loses": loses, "example": example}
    return pydantic.Field(default, description=description, json_schema_extra=extra, **constraints)


def configured(description: str, *, reaches: str, default: Any = ..., **constraints: Any) -> Any:
    """Declare a field of an environment.

    Args:
        description: What it is, its unit or format, and what the default does.
        reaches: Which orders an edit reaches, and when.
        default: Value when absent; `...` makes the field required.
        **constraints: Passed to `pydantic.Field`.
    """
    extra: dict[str, Any] = {"reaches": reaches}
    return pydantic.Field(default, description=description, json_schema_extra=extra, **constraints)


def extra(info: FieldInfo, name: str) -> Any:
    """Return what a field declares beside its type, or None."""
    return info.json_schema_extra.get(name) if isinstance(info.json_schema_extra, dict) else None


@functools.cache
def fields(schema: type[Schema]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the names used in YAML."""
    return {info.alias or name: info for name, info in schema.model_fields.items()}


@functools.cache
def item_type(info: FieldInfo) -> type[Schema] | None:
    """Return the model in a field, whether alone, optional or in a list; None for a scalar."""
    pending = [info.annotation]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, Schema):
            return annotation
        pending.extend(getattr(annotation, "__args__", ()))
    return None


def canonical(value: object) -> str:
    """Return JSON that is the same for the same value, whatever the order of its keys."""
    return _ENCODER.encode(value)


def mapping(text: str) -> dict[str, Any]:
    """Return a mapping that `canonical` wrote; empty if there is no text, or it is garbled."""
    return shapes.mapping(shapes.parsed(text))


def digest(value: object) -> str:
    """Return a short, stable digest of plain data."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


def masked(schema: type[Schema], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data with every private value replaced by its digest."""
    result: dict[str, Any] = {}
    private, models = _private_and_models(schema)
    for name, value in data.items():
        if name in private:
            # Nothing is nothing, however it is written.
            if value:
                result[name] = digest(value)
        elif name in models:
            result[name] = _masked_inner(models[name], value)
        else:
            result[name] = value
    return result


@functools.cache
def _private_and_models(schema: type[Schema]) -> tuple[frozenset[str], dict[str, type[Schema]]]:
    """Return the names of private fields, and those of fields with models."""
    private = frozenset(name for name, info in fields(schema).items() if extra(info, "private"))
    models = {name: item_type(info) for name, info in fields(schema).items()}
    return private, {name: model for name, model in models.items() if model}


def _masked_inner(schema: type[Schema], value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(schema, value)
    if isinstance(value, list | tuple):
        return [masked(schema, item) if isinstance(item, Mapping) else item for item in value]
    return value


def without_nulls(schema: type[Schema], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data as an API server stores them: a field that is null is not there.

    Entries of lists stay, and what is below a mapping of any values.
    """
    known, (_, models), named = fields(schema), _private_and_models(schema), _named_values(schema)
    result: dict[str, Any] = {}
    for name, value in data.items():
        if value is None and name in known:
            continue
        if name in models:
            result[name] = _without_nulls(models[name], value)
        elif name in named and isinstance(value, Mapping):
            result[name] = {key: found for key, found in value.items() if found is not None}
        else:
            result[name] = value
    return result


def _without_nulls(inner: type[Schema], value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_nulls(inner, value)
    if isinstance(value, list | tuple):
        return [without_nulls(inner, v) if isinstance(v, Mapping) else v for v in value]
    return value


@functools.cache
def _named_values(schema: type[Schema]) -> frozenset[str]:
    """Return the names of fields that map names to values of one type."""
    return frozenset(
        name
        for name, info in fields(schema).items()
        if get_origin(info.annotation) is dict and get_args(info.annotation)[1] is not Any
    )


@dataclass(frozen=True)
class Difference:
    """One field whose value is not what it was; absent fields have their default.

    Attributes:
        path: `spec.nodePools[web].zones`.
        info: What the model declares of the field.
        previous: Value before.
        current: Value now.
    """

    path: str
    info: FieldInfo
    previous: Any
    current: Any


def differences(
    schema: type[Schema], previous: Mapping[str, Any], current: Mapping[str, Any], at: str
) -> Iterator[Difference]:
    """Yield every field that changed, entries of lists matched by name.

    Added or removed entries are not differences of a field, unless the list may not change: they
    do not change a live resource.
    """
    for name, info in fields(schema).items():
        where = f"{at}.{name}"
        old, new = _value(info, previous, name), _value(info, current, name)
        if old == new:
            continue
        inner = item_type(info)
        alike = isinstance(old, Mapping) is isinstance(new, Mapping)
        if inner is None or not alike or not _nested(old) or not _nested(new):
            yield Difference(where, info, old, new)
        elif isinstance(old, Mapping):
            yield from differences(inner, old, new, where)
        elif "name" not in fields(inner) or _fixed_entries(info, old, new):
            yield Difference(where, info, old, new)
        else:
            retained = {str(item.get("name")): item for item in old}
            for item in new:
                if item["name"] in retained:
                    yield from differences(
                        inner, retained[item["name"]], item, f"{where}[{item['name']}]"
                    )


def _fixed_entries(info: FieldInfo, old: list[Any], new: list[Any]) -> bool:
    """Say whether a list that may not change has other entries, or another order of them."""
    names = [[item.get("name") for item in entries] for entries in (old, new)]
    return bool(extra(info, "change") == "refused") and names[0] != names[1]


def _value(info: FieldInfo, data: Mapping[str, Any], name: str) -> Any:
    if data.get(name) is not None:
        return data[name]
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    if isinstance(default, Schema):
        return default.model_dump(mode="json", exclude_unset=True)
    return list(default) if isinstance(default, tuple) else default


def _nested(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)
