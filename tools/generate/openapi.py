"""Turn models into structural OpenAPI schemas, as CustomResourceDefinitions want them.

No defaults: after the API server had filled them in, nobody could tell an order from a
default. No `additionalProperties: false`: the API server prunes what it does not know.
A constraint that is not known here is an error, so that none is lost on the way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from function.schema import Schema, fields, item_type
from tools.generate import conditions, rules

VALIDATIONS = "x-kubernetes-validations"
_KEPT = (
    "type",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "maxProperties",
)
# A list that one writer owns as a whole, said although it is what an API server assumes.
_ATOMIC = {"x-kubernetes-list-type": "atomic"}
_DROPPED = frozenset({"title", "default", "description", "propertyNames"})
_DECLARED = frozenset({"change", "private", "loses", "example", "reaches"})
_TRANSLATED = frozenset(
    {
        "additionalProperties",
        "anyOf",
        "const",
        "exclusiveMinimum",
        "items",
        "patternProperties",
    }
)


@dataclass(frozen=True)
class Field:
    """One field of a model, with what it has become.

    Attributes:
        path: `spec.nodePools[].zones`.
        info: What the model declares.
        around: What the fields around it declare, innermost last.
        node: Its structural schema.
    """

    path: str
    info: FieldInfo
    around: tuple[FieldInfo, ...]
    node: Mapping[str, Any]


def spec_schema(schema: type[Schema]) -> dict[str, Any]:
    """Return the schema of an order's `spec`, with its rules."""
    spoken: dict[str, Any] = _spoken(_object(schema, rules.IN_PLACE))
    return {"description": _story(schema), **spoken}


def status_schema(schema: type[Schema]) -> dict[str, Any]:
    """Return the schema of an order's `status`, which describes its conditions too."""
    return {"description": f"{_story(schema)}\n{conditions.story()}", **_object(schema, "")}


def plain_schema(schema: type[Schema]) -> dict[str, Any]:
    """Return the schema of a model that is no order."""
    return _object(schema, "")


def walk(
    schema: type[Schema], at: str, around: tuple[FieldInfo, ...] = (), *, change: str = ""
) -> Iterator[Field]:
    """Yield every field of a model, parents before their fields."""
    for name, node in _object(schema, change)["properties"].items():
        info, path = fields(schema)[name], f"{at}.{name}" if at else name
        yield Field(path, info, around, node)
        inner = item_type(info)
        if inner is not None:
            step = {"array": "[]", "object": ""}[node["type"]]
            step = ".<name>" if "additionalProperties" in node else step
            yield from walk(inner, path + step, (*around, info), change=change)


def _story(schema: type[Schema]) -> str:
    return (schema.__doc__ or "").partition("\n")[0]


def _spoken(node: Any) -> Any:
    """Return a schema in which rules stand for patterns: a tenant reads a sentence, no pattern."""
    if isinstance(node, list):
        return [_spoken(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    said = {key: _spoken(value) for key, value in node.items() if key != "pattern"}
    if not isinstance(node.get("pattern"), str):
        return said if "pattern" not in node else {**said, "pattern": _spoken(node["pattern"])}
    return {**said, VALIDATIONS: [rules.on_pattern(node["pattern"]), *node.get(VALIDATIONS, ())]}


def _object(schema: type[Schema], around: str) -> dict[str, Any]:
    """Return the schema of an object.

    Args:
        schema: Its model.
        around: What happens on changes of the object as a whole; empty if it is no order.
    """
    raw = schema.model_json_schema()["properties"]
    required = [name for name, info in fields(schema).items() if info.is_required()]
    checks = rules.on_object(schema) if around else []
    return {
        "type": "object",
        **({"required": required} if required else {}),
        "properties": {
            name: _field(schema, name, info, raw[name], around)
            for name, info in fields(schema).items()
        },
        **({VALIDATIONS: checks} if checks else {}),
    }


def _field(
    schema: type[Schema], name: str, info: FieldInfo, raw: Mapping[str, Any], around: str
) -> dict[str, Any]:
    change = rules.change_of(info, around) if around else ""
    value = _value(info, raw, change)
    checks = value.pop(VALIDATIONS, []) + (rules.on_field(schema, name) if around else [])
    said = f"Change: {change}." if change and _says_change(info, change) else ""
    return {
        "description": " ".join(filter(None, (info.description, said))),
        **value,
        **({VALIDATIONS: checks} if checks else {}),
    }


def _says_change(info: FieldInfo, change: str) -> bool:
    """Say whether the sentence helps: of an object that changes in place, its fields tell."""
    return change != rules.IN_PLACE or item_type(info) is None or rules.is_list(info)


def _value(info: FieldInfo, raw: Mapping[str, Any], change: str) -> dict[str, Any]:
    inner, node = item_type(info), _alternative(raw)
    if inner is None:
        whole = _ATOMIC if change and rules.is_list(info) else {}
        return {**_leaf(info, structural(node), rules.on_type(info) if change else []), **whole}
    if rules.is_list(info):
        limits: dict[str, Any] = {key: node[key] for key in ("minItems", "maxItems") if key in node}
        return {"type": "array", **limits, **_items(info, inner, change)}
    if "additionalProperties" in node:
        return {"type": "object", "additionalProperties": _object(inner, change)}
    return _object(inner, change)


def _leaf(
    info: FieldInfo, node: dict[str, Any], checks: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return a value with the rules of its type, which in a list are those of the entries."""
    if not checks:
        return node
    if rules.is_list(info):
        return {**node, "items": _leaf_ruled(node["items"], checks)}
    return _leaf_ruled(node, checks)


def _leaf_ruled(node: dict[str, Any], checks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {**node, VALIDATIONS: [*node.get(VALIDATIONS, ()), *checks]}


def _items(info: FieldInfo, inner: type[Schema], change: str) -> dict[str, Any]:
    if not change:
        return {"items": _object(inner, change)}
    if not rules.is_keyed(info):
        return {**_ATOMIC, "items": _object(inner, change)}
    return {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": _object(inner, change),
    }


def structural(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without models in it as a structural schema.

    Raises:
        ValueError: It has a keyword that is not known here.
    """
    node = _alternative(raw)
    unknown = set(node) - _DROPPED - _DECLARED - _TRANSLATED - set(_KEPT)
    if unknown:
        raise ValueError(f"keywords without a translation: {', '.join(sorted(unknown))}")
    result = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        result["enum"] = [node["const"]]
    if "exclusiveMinimum" in node:
        result |= {"minimum": node["exclusiveMinimum"], "exclusiveMinimum": True}
    if isinstance(node.get("multipleOf"), float):
        result |= {VALIDATIONS: rules.on_step(result.pop("multipleOf"))}
    if "items" in node:
        result["items"] = structural(node["items"])
    # Names that follow a pattern are judged by the function alone: their length has no bound
    # here, and a rule on them would be too expensive.
    values = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    if isinstance(values[0], Mapping) and values[0]:
        result["additionalProperties"] = structural(values[0])
    elif "type" not in node or node.get("additionalProperties"):
        result["x-kubernetes-preserve-unknown-fields"] = True
    return result


def _alternative(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that may be null as that of the value."""
    others = [one for one in raw.get("anyOf", ()) if one.get("type") != "null"]
    if len(others) > 1:
        raise ValueError("a field has one type")
    outer = {key: value for key, value in raw.items() if key != "anyOf"}
    return {**others[0], **outer} if others else outer
