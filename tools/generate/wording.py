"""Say in words what a schema demands: types, limits, defaults, rules."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from function.schema import HINTS, item_type
from tools.generate import markdown, rules
from tools.generate.openapi import VALIDATIONS, Field

REQUIRED, OPTIONAL = "**required**", "optional"
# What validators say that CEL does not; see `checks.CHECKS`.
UNCHECKED = {
    "_cron_ascends": "must have ranges that begin with the lower value",
    "are_certificates": "must be certificates that can be read",
}


def type_of(node: Mapping[str, Any]) -> str:
    """Return type and limits of a value."""
    if "enum" in node:
        return ", ".join(markdown.code(value) for value in node["enum"])
    match node.get("type"):
        case "array":
            return f"list{_range(node, 'Items', ' entries')}{_of(node['items'])}"
        case "object" if "additionalProperties" in node:
            return f"mapping{_most(node)}{_of(node['additionalProperties'])}"
        case "object" if "properties" not in node:
            return f"mapping{_most(node)}"
        case "string":
            return f"text{_range(node, 'Length', ' characters')}"
        case "integer" | "number" as name:
            step = f", a multiple of {node['multipleOf']}" if "multipleOf" in node else ""
            return f"{'whole number' if name == 'integer' else 'number'}{_bounds(node)}{step}"
        case "boolean":
            return "`true`, `false`"
        case None:
            return "any"
        case name:
            return str(name)


def default_of(field: Field) -> str:
    """Return what counts where a field is absent, if that is one value."""
    if field.info.is_required():
        return REQUIRED
    value = field.info.get_default(call_default_factory=True)
    plain = pydantic.RootModel[Any](value).model_dump(mode="json", exclude_unset=True)
    return OPTIONAL if plain in (None, [], {}) else markdown.value(plain)


def meaning_of(field: Field) -> str:
    """Return the description without the default, each value of an enumeration on its own line."""
    text, default = str(field.info.description), default_of(field).strip('`"')
    text = re.sub(rf' Defaults to "?{re.escape(default)}"?\.$', "", text)
    values = "|".join(re.escape(str(value)) for value in field.node.get("enum", ()))
    return re.sub(rf" ({values}): ", r"<br>`\1`: ", text) if values else text


def rules_of(field: Field) -> Iterator[str]:
    """Yield what is said of a value that is refused, as one reads it after its name."""
    yield from _said(field.node)
    inner = field.node.get("items", field.node.get("additionalProperties"))
    if item_type(field.info) is None and isinstance(inner, Mapping):
        yield from (f"each entry {text}" for text in _said(inner))
    if "x-kubernetes-list-map-keys" in field.node:
        yield "no two entries have the same name"
    yield from (f"each key must be {HINTS[found]}" for found in _key_patterns(field.info))
    validators = rules.type_validators(field.info)
    yield from (UNCHECKED[name] for name in validators if name in UNCHECKED)


def rules_within(node: Mapping[str, Any]) -> list[str]:
    """Return what is said of an object in which fields do not go together."""
    found = node.get("items", node.get("additionalProperties", node))
    return [rule["message"] for rule in found.get(VALIDATIONS, ()) if not _on_change(rule)]


def _said(node: Mapping[str, Any]) -> Iterator[str]:
    if "pattern" in node:
        yield f"must be {HINTS[node['pattern']]}"
    if "properties" not in node:
        yield from (rule["message"] for rule in node.get(VALIDATIONS, ()) if not _on_change(rule))


def _on_change(rule: Mapping[str, Any]) -> bool:
    return "oldSelf" in rule["rule"]


def _key_patterns(info: FieldInfo) -> list[str]:
    annotation: Any = info.annotation
    if getattr(annotation, "__origin__", None) is not dict:
        return []
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(annotation)
    return [found for found in adapter.json_schema().get("patternProperties", ()) if found in HINTS]


def _of(items: Mapping[str, Any]) -> str:
    return "" if "properties" in items else f" of {type_of(items)}"


def _most(node: Mapping[str, Any]) -> str:
    return f", at most {node['maxProperties']} entries" if "maxProperties" in node else ""


def _range(node: Mapping[str, Any], what: str, unit: str) -> str:
    low, high = node.get(f"min{what}"), node.get(f"max{what}")
    if low is None and high is None:
        return ""
    if low is None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if high is None else f", {low} to {high}{unit}"


def _bounds(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None and not node.get("exclusiveMinimum"):
        return f", {low} to {high}"
    above = "more than" if node.get("exclusiveMinimum") else "at least"
    parts = [f"{above} {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return "".join(f", {part}" for part in parts)
