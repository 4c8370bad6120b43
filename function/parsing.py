"""Validate plain data once, and turn pydantic's errors into ours.

`parse` raises the refusal given as `blame`, with all problems at once, each with its
path. Values are never repeated in a message, unless they are numbers or booleans and not
private.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_origin

import pydantic

from function.errors import Problem, Refusal
from function.schema import HINTS, Schema, extra, fields, item_type

SchemaT = TypeVar("SchemaT", bound=Schema)
# Returns what names an entry of the list at a path, None if nothing does.
Entry = Callable[[str, Mapping[str, Any]], str | None]
_FLAGS = {"yes": "true", "on": "true", "true": "true"} | dict.fromkeys(
    ("no", "off", "false"), "false"
)
# How pydantic marks that the key of a mapping is wrong, not its value.
_KEY = "[key]"
# What pydantic calls a value that is of the right type.
_LIMITS = frozenset(
    {
        "extra_forbidden",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "literal_error",
        "missing",
        "multiple_of",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "too_long",
        "too_short",
        "value_error",
    }
)
# Names that are compared letter by letter, which takes a few microseconds each.
_COMPARED = 500


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


def is_mistyped(schema: type[Schema], data: object) -> bool:
    """Say whether data have a field of another type than the model.

    What is missing, too large or unknown does not count: an older or a newer model may allow it.
    An entry of a list without the `name` that identifies it has never been allowed.
    """
    try:
        _validated(schema, data)
    except pydantic.ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return any(e["type"] not in _LIMITS or e["loc"][-1:] == ("name",) for e in errors)
    return False


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
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "missing":
            return "required"
        case "extra_forbidden":
            return f"unknown field{_did_you_mean(schema, error['loc'])}"
        case "literal_error":
            return f"must be one of {context['expected'].replace(' or ', ', ')}"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"must be {HINTS.get(pattern, f'text that matches {pattern}')}"
        case "value_error":
            return str(context["error"])
        case "string_type" | "int_type" | "float_type" | "bool_type" | "model_type":
            return _of_wrong_type(schema, error)
        case "string_too_short" | "too_short" if context["min_length"] == 1:
            return "must not be empty"
    return _plain(kind, context)


def _of_wrong_type(schema: type[Schema], error: Any) -> str:
    """Return what a value of another type must be, and how to write the value itself."""
    kind, value = error["type"], error.get("input")
    is_private = _is_private(schema, error["loc"])
    match kind, value:
        case "string_type", bool():
            return "must be text; YAML reads on, off, yes, no, true and false as booleans: quote it"
        case "string_type", int() | float():
            if is_private:
                return "must be text, but is a number in YAML: quote it"
            return f"must be text, but {value} is a number in YAML: quote it: {_quoted(value)}"
        case "model_type", _:
            known = ", ".join(sorted(_known_fields(schema, error["loc"])))
            return f"must be a mapping of fields: {known}" if known else _plain(kind, {})
        case _, str() if not is_private:
            return _plain(kind, {}) + _unquoted(kind, value)
    return _plain(kind, {})


def _quoted(number: float) -> str:
    """Return a number as the text that it was meant to be; of 1.30 only 1.3 is left in YAML."""
    text = str(number)
    lost = isinstance(number, float) and len(text.partition(".")[2]) == 1
    return f'"{text}", or "{text}0" if that is what you wrote' if lost else f'"{text}"'


def _unquoted(kind: str, text: str) -> str:
    """Return what to write instead of a text; nothing if the text does not say it."""
    if kind == "bool_type":
        return f": write {_FLAGS[text.lower()]}" if text.lower() in _FLAGS else ""
    number = re.match(r"[0-9]+(\.[0-9]+)?", text)
    if number is None:
        return ""
    unit = "" if number[0] == text else " and without a unit"
    return f"{unit}: write {number[0]}"


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Return a question about the nearest of what is known; empty if nothing is near."""
    names = sorted(known)
    close = [name for name in names if name.casefold() == written.casefold()]
    if not close and len(names) <= _COMPARED:
        close = difflib.get_close_matches(written, names, n=1, cutoff=0.8)
    return f", did you mean {close[0]}?" if close else ""


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
        "finite_number": "must be a finite number",
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
