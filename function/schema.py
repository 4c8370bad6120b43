"""Give every model the same manners, and turn pydantic's errors into ours.

Models are frozen, camelCase outside, refuse unknown keys and do not coerce: `"3"` is not
a count and `1` is not a flag, as in Kubernetes. `parse` validates once and raises the
refusal it was told to blame, with all problems at once, each with its path.
Values are never repeated in a message, unless they are numbers or booleans and not private.
"""

import difflib
import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_origin

import pydantic
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from function.errors import Problem, Refusal

Flag = Annotated[bool, pydantic.Strict()]
Count = Annotated[int, pydantic.Strict()]
Number = Annotated[float, pydantic.Strict()]
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNSLabel = Annotated[str, pydantic.StringConstraints(pattern=DNS_LABEL, max_length=63)]
Change = Literal["in place", "rolling", "reboot", "replace", "refused"]

# What to say instead of a regular expression; a test finds patterns that lack it.
PATTERN_HINTS = {
    DNS_LABEL: "lower-case letters, digits and dashes, as in a DNS label",
    r"^1\.(0|[1-9]\d*)(\.(0|[1-9]\d*|x))?$": 'a version such as "1.34", "1.34.x" or "1.34.7"',
    r"^1\.\d+\.\d+$": 'an exact version such as "1.34.7"',
    r"^\d{4}-\d\d-\d\d$": 'a day such as "2026-10-27"',
    r"^https://[^\s]+$": "an https URL",
    r"^https://[^\s?#@]+$": "an https URL, without user, query or fragment",
    r"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$": "a public key in one line, such as "
    "ssh-ed25519 AAAAC3Nza name",
    r"^(\d{1,5})(?:-(\d{1,5}))?$": 'one port such as "443", or a range such as "8000-8099"',
    r"^(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$": 'a duration such as "10m" or "1h30m"',
    r"^(\d{1,2}|100)%$": 'a share such as "40%"',
    r"^([01]\d|2[0-3]):[0-5]\d$": 'a time of day such as "22:00"',
    r"^\S+( \S+){4}$": 'five fields of a cron schedule, such as "0 20 * * *"',
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$": "the key of a label, such as dedicated or "
    "example.com/role",
    r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$": "the value of a label: letters, digits and "
    "-_. between them",
    r"^spec(\.[a-zA-Z0-9]+(\[\])?)+$": "the path of a field, such as spec.nodePools[].replicas",
}


class Schema(pydantic.BaseModel):
    """Hold validated, frozen data; the base of every model."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
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


SchemaT = TypeVar("SchemaT", bound=Schema)
# Returns what names an entry of the list at a path, None if nothing does.
Entry = Callable[[str, Mapping[str, Any]], str | None]
# How pydantic marks that the key of a mapping is wrong, not its value.
_KEY = "[key]"


def ordered(  # one argument for each thing a field must state
    description: str,
    *,
    change: Change,
    default: Any = ...,
    private: bool = False,
    example: Any = None,
    **constraints: Any,
) -> Any:
    """Declare a field of a tenant's order.

    Args:
        description: What it is, its unit or format, and what the default does.
        change: What happens to a live resource when the tenant changes the field.
        default: Value when absent; `...` makes the field required.
        private: Whether its value may only be remembered as a digest.
        example: A value for the reference page.
        **constraints: Passed to `pydantic.Field`.
    """
    extra = {"change": change, "private": private, "example": example}
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


def parse(
    schema: type[SchemaT],
    data: object,
    *,
    at: str,
    blame: type[Refusal],
    entry: "Entry | None" = None,
) -> SchemaT:
    """Validate plain data.

    Args:
        schema: The model.
        data: What YAML held.
        at: Path of the data in its document, the prefix of every field path.
        blame: The refusal to raise; see `function.errors`.
        entry: What names the entry of a list in a path; its `name` if absent.

    Raises:
        Refusal: Of the class `blame`, with every problem.
    """
    try:
        return _validated(schema, data)
    except pydantic.ValidationError as error:
        found = [
            Problem(path(data, at, e["loc"], entry or _name), _message(schema, e))
            for e in error.errors(include_url=False)
        ]
    raise blame(*sorted(set(found), key=str))


def checker(annotation: Any) -> Callable[[object], str]:
    """Return a function that says what is wrong with a value of a type; nothing if it fits."""
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(annotation)

    def wrong(value: object) -> str:
        try:
            adapter.validate_python(value, by_alias=True, by_name=False)
        except pydantic.ValidationError as error:
            return _message(Schema, error.errors(include_url=False)[0])
        return ""

    return wrong


def unknown_fields(schema: type[Schema], data: object, at: str) -> tuple[str, ...]:
    """Return the paths of keys that the model does not know."""
    try:
        _validated(schema, data)
    except pydantic.ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return tuple(path(data, at, e["loc"]) for e in errors if e["type"] == "extra_forbidden")
    return ()


def _validated(schema: type[SchemaT], data: object) -> SchemaT:
    # The names of Python's attributes are ours alone: YAML has only camelCase.
    return schema.model_validate(data, by_alias=True, by_name=False)


def path(data: object, at: str, loc: Sequence[int | str], entry: "Entry | None" = None) -> str:
    """Write a location as people do: `spec.nodePools[web].flavor`.

    Entries of a list are named by their `name` where they have one, else by position.

    Args:
        data: What YAML held.
        at: Path of the data in its document.
        loc: Keys and positions, as pydantic gives them.
        entry: What names the entry of a list, if not its `name`.
    """
    text = at
    for step in loc:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list | tuple) and step < len(data) else None
            name = (entry or _name)(text, data) if isinstance(data, Mapping) else None
            text += f"[{step if name is None else name}]"
        elif step != _KEY:
            text += f".{step}" if text else step
            data = data.get(step) if isinstance(data, Mapping) else None
    return text


def _name(_: str, item: Mapping[str, Any]) -> str | None:
    return item["name"] if isinstance(item.get("name"), str) else None


def _message(schema: type[Schema], error: Any) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    match kind:
        case "missing":
            return "required"
        case "extra_forbidden":
            return f"unknown field{_did_you_mean(schema, error['loc'])}"
        case "literal_error":
            return f"must be one of {context['expected'].replace(' or ', ', ')}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"must be {PATTERN_HINTS.get(pattern, f'text that matches {pattern}')}"
        case "value_error":
            return str(context["error"])
        case "string_type" if isinstance(value, bool):
            return "must be text; YAML reads on, off, yes, no, true and false as booleans: quote it"
        case "string_type" if isinstance(value, int | float) and _is_private(schema, error["loc"]):
            return "must be text, but is a number in YAML: quote it"
        case "string_type" if isinstance(value, int | float):
            # Of 1.30 only 1.3 is left: what to write cannot be told from the number.
            example = value if isinstance(value, int) else "1.30"
            return f'must be text, but {value} is a number in YAML: quote it, as in "{example}"'
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            return "must not be empty"
    return _plain(kind, context)


def _is_private(schema: type[Schema], loc: Sequence[int | str]) -> bool:
    info = fields(schema).get(str(loc[0])) if loc else None
    return info is not None and bool(extra(info, "private"))


def _plain(kind: str, context: Mapping[str, Any]) -> str:
    plain = {
        "string_type": "must be text",
        "int_type": "must be a whole number, without quotes",
        "int_from_float": "must be a whole number",
        "bool_type": "must be true or false, without quotes",
        "float_type": "must be a number, without quotes",
        "tuple_type": "must be a list",
        "list_type": "must be a list",
        "dict_type": "must be a mapping of names to values",
        "model_type": "must be a mapping of fields to values",
        "string_too_short": "must have at least {min_length} characters",
        "string_too_long": "must have at most {max_length} characters",
        "too_long": "must have at most {max_length} entries",
        "too_short": "must have at least {min_length} entries",
        "greater_than_equal": "must be at least {ge}",
        "greater_than": "must be more than {gt}",
        "less_than_equal": "must be at most {le}",
        "less_than": "must be less than {lt}",
        "multiple_of": "must be a multiple of {multiple_of}",
    }
    shown = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in context.items()
    }
    return plain.get(kind, f"is not valid ({kind.replace('_', ' ')})").format(**shown)


def _did_you_mean(schema: type[Schema], loc: Sequence[int | str]) -> str:
    known = _known_fields(schema, loc[:-1])
    if not known:
        return ""
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f", did you mean {close[0]}?" if close else f"; known: {', '.join(sorted(known))}"


def _known_fields(schema: type[Schema], loc: Sequence[int | str]) -> list[str]:
    is_key = False
    for step in loc:
        if isinstance(step, int) or is_key:
            is_key = False
            continue
        info = fields(schema).get(step)
        inner = item_type(info) if info else None
        if info is None or inner is None:
            return []
        schema, is_key = inner, get_origin(info.annotation) is dict
    return list(fields(schema))


@functools.cache
def fields(schema: type[Schema]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the names used in YAML."""
    return {info.alias or name: info for name, info in schema.model_fields.items()}


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
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: object) -> str:
    """Return a short, stable digest of plain data."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


def masked(schema: type[Schema], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data with every private value replaced by its digest."""
    result: dict[str, Any] = {}
    known = fields(schema)
    for name, value in data.items():
        info = known.get(name)
        if info is not None and extra(info, "private"):
            # Nothing is nothing, however it is written.
            result |= {name: digest(value)} if value else {}
            continue
        inner = info and item_type(info)
        result[name] = _masked_inner(inner, value) if inner else value
    return result


def _masked_inner(schema: type[Schema], value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(schema, value)
    if isinstance(value, list | tuple):
        return [masked(schema, item) if isinstance(item, Mapping) else item for item in value]
    return value


@dataclass(frozen=True)
class Difference:
    """One field whose value is not what it was; absent fields have their default.

    Attributes:
        path: `spec.nodePools[web].zones`.
        info: What the model declares of the field.
        before: Value before.
        now: Value now.
    """

    path: str
    info: FieldInfo
    before: Any
    now: Any


def differences(
    schema: type[Schema], before: Mapping[str, Any], now: Mapping[str, Any], at: str
) -> Iterator[Difference]:
    """Yield every field that changed, entries of lists matched by name.

    Entries that came or went are not differences of a field, unless the list may not change:
    they are no change to something that lives.
    """
    for name, info in fields(schema).items():
        where = f"{at}.{name}"
        old, new = _value(info, before, name), _value(info, now, name)
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
            kept = {str(item.get("name")): item for item in old}
            for item in new:
                if item["name"] in kept:
                    yield from differences(
                        inner, kept[item["name"]], item, f"{where}[{item['name']}]"
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


def lookup(data: object, where: str) -> Any:
    """Return the value at a concrete path such as `nodePools[web].replicas`, or None."""
    for step in steps(where):
        if step.startswith("["):
            data = _entry(data, step[1:-1])
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data


def steps(where: str) -> list[str]:
    """Split `nodePools[web].replicas` into `nodePools`, `[web]`, `replicas`."""
    return re.findall(r"[^.\[\]]+|\[[^\]]*\]", where)


def _entry(data: object, name: str) -> Any:
    if not isinstance(data, list | tuple):
        return None
    for index, item in enumerate(data):
        if isinstance(item, Mapping) and item.get("name", str(index)) == name:
            return item
    return data[int(name)] if name.isdigit() and int(name) < len(data) else None


def expand(data: object, pattern: str) -> list[str]:
    """Return the concrete paths that a pattern such as `nodePools[].replicas` has in the data.

    The last step need not be there; every entry of a list on the way is named.
    """
    head, bracket, rest = pattern.partition("[]")
    if not bracket:
        return [pattern]
    entries = lookup(data, head)
    if not isinstance(entries, list | tuple):
        return []
    found = []
    for index, item in enumerate(entries):
        name = item.get("name", str(index)) if isinstance(item, Mapping) else str(index)
        found += [
            f"{head}[{name}]{tail}" for tail in (expand(item, rest.lstrip(".")) if rest else [""])
        ]
    return [_dotted(where) for where in found]


def _dotted(where: str) -> str:
    return re.sub(r"\](?=[^.\[])", "].", where)


def replaced(data: Mapping[str, Any], where: str, value: Any) -> dict[str, Any]:
    """Return a copy of the data with the value at a concrete path, its parents made as needed."""
    result: dict[str, Any] = _replaced(data, steps(where), value)
    return result


def _replaced(data: Any, rest: Sequence[str], value: Any) -> Any:
    if not rest:
        return value
    step, tail = rest[0], rest[1:]
    if step.startswith("["):
        entry = _entry(data, step[1:-1])
        if entry is None:
            return data
        return [_replaced(item, tail, value) if item is entry else item for item in data]
    copy = dict(data) if isinstance(data, Mapping) else {}
    copy[step] = _replaced(copy.get(step), tail, value)
    return copy
