"""Write a JSON schema for each file that people write: orders, and the layers of environments.

A file names its schema in a first line such as `# yaml-language-server: $schema=...`. A root layer
must be complete where it names no other layer; what another layer may bring is not required of it.
"""

import json
from collections.abc import Collection
from typing import Any

from pydantic.json_schema import models_json_schema

from function import machinery
from function.backends import SETTINGS
from function.environment import KIND, KIND_API_VERSION, ROOT_ONLY
from function.labels import ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL
from function.model import API_VERSION, KINDS
from function.schema import Schema, item_type
from function.settings import PolicyRule, Settings
from tools.generate import openapi
from tools.generate.documents import HEADER

DIRECTORY = "apis/schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOISE = frozenset({"title", "change", "private", "loses", "example", "reaches"})
_PART = "Part"
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}

JSONSchema = dict[str, Any]


def files() -> dict[str, str]:
    """Return every schema by its path."""
    found = {
        **{kind.lower(): order(kind) for kind in KINDS},
        "environment-root": root(),
        "environment-layer": layer(),
        "environment-overlay": overlay(),
    }
    return {path(name): _text(schema) for name, schema in found.items()}


def path(name: str) -> str:
    """Return the path of a schema, by the kind of an order or the sort of a layer."""
    return f"{DIRECTORY}/{name}.schema.json"


def order(kind: str) -> JSONSchema:
    """Return the schema of a tenant's manifest."""
    spec = _described(KINDS[kind].model_json_schema())
    definitions = spec.pop("$defs", {})
    # What Crossplane adds to the spec of an order is none of ours to judge.
    spec["properties"] |= dict.fromkeys(sorted(machinery.SPEC), True)
    title = f"{kind} of the SCS Central API"
    return _document(title, kind, API_VERSION, {"spec": spec}, definitions)


def root() -> JSONSchema:
    """Return the schema of the layer with `kinds`."""
    complete, partial = merged(), _partial()
    parts = partial.pop("$defs")
    definitions = {
        **complete.pop("$defs"),
        # Beside the complete ones, under names of their own.
        **{f"{name}{_PART}": _renamed(node) for name, node in parts.items()},
    }
    others = {
        "anyOf": [
            {"properties": {"layers": {"type": "array", "minItems": 1}}, "required": ["layers"]},
            {"properties": {"overlays": {"const": "Required"}}, "required": ["overlays"]},
        ]
    }
    data = {
        "description": "What this layer says of the environment.",
        "required": ["kinds"],
        "if": others,
        "then": _renamed(partial),
        "else": complete,
    }
    return _environment("Root layer", [ENVIRONMENT_LABEL], data, definitions)


def layer() -> JSONSchema:
    """Return the schema of another base layer, which may hold any part but what is the root's."""
    return _beside_the_root("Layer", [ENVIRONMENT_LABEL])


def overlay() -> JSONSchema:
    """Return the schema of one tenant's overlay."""
    return _beside_the_root("Overlay", [OVERLAY_LABEL, TENANT_LABEL])


def merged() -> JSONSchema:
    """Return the schema of the merged data of an environment."""
    models: list[type[Schema]] = [Settings, *(SETTINGS[name] for name in sorted(SETTINGS))]
    references, found = models_json_schema([(model, "validation") for model in models])
    named = {model: references[model, "validation"] for model in models}
    data = _described({"$defs": found["$defs"]})["$defs"]
    whole: JSONSchema = data.pop(named[Settings]["$ref"].rpartition("/")[2])
    whole["properties"]["backends"] |= {
        "additionalProperties": False,
        "properties": {name: named[SETTINGS[name]] for name in sorted(SETTINGS)},
    }
    return {**whole, "$defs": data}


def _beside_the_root(title: str, labels: Collection[str]) -> JSONSchema:
    data = _partial()
    definitions = data.pop("$defs")
    for name in ROOT_ONLY:
        del data["properties"][name]
    return _environment(title, labels, data, definitions)


def _partial() -> JSONSchema:
    """Return the schema of any part of the data, where only what names entries is required."""
    schema = merged()
    blocks: list[type[Schema]] = [Settings, *SETTINGS.values()]
    entries = {
        model.__name__: model
        for block in blocks
        for field in openapi.walk(block, "")
        if field.node.get("type") == "array" and (model := item_type(field.info))
    }
    for name, node in schema["$defs"].items():
        keys = _key_names(entries[name]) if name in entries else ()
        retained = [key for key in node.pop("required", ()) if key in keys]
        node.update({"required": retained} if retained else {})
    del schema["required"]
    return schema


def _key_names(model: type[Schema]) -> tuple[str, ...]:
    """Return what names an entry of a list; a rule is named by its verb too, one of several."""
    return ("field",) if model is PolicyRule else model.key_fields


def _environment(
    title: str, labels: Collection[str], data: JSONSchema, definitions: JSONSchema
) -> JSONSchema:
    schema = _document(
        f"{title} of an environment of the SCS Central API",
        KIND,
        KIND_API_VERSION,
        {"data": data},
        definitions,
    )
    schema["properties"]["metadata"] |= {
        "required": ["name", "labels"],
        "properties": {
            "name": {"type": "string"},
            "labels": {**_TEXTS, "required": list(labels)},
        },
    }
    return schema


def _document(
    title: str, kind: str, api_version: str, content: JSONSchema, definitions: JSONSchema
) -> JSONSchema:
    """Return the schema of a Kubernetes object; the API server knows more of its metadata."""
    return {
        "$schema": _DIALECT,
        "$comment": HEADER,
        "title": title,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", *content],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": api_version},
            "kind": {"const": kind},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            },
            **content,
            "status": True,
        },
        "$defs": definitions,
    }


def _renamed(node: Any) -> Any:
    """Return a schema that refers to the definitions of parts."""
    if isinstance(node, list):
        return [_renamed(one) for one in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {**node, "$ref": f"{node['$ref']}{_PART}"}
    return {key: _renamed(value) for key, value in node.items()}


def _described(node: Any) -> Any:
    """Return a JSON schema without titles; descriptions say what we declare beside them."""
    if isinstance(node, list):
        return [_described(one) for one in node]
    if not isinstance(node, dict):
        return node
    retained = {key: _inner(key, value) for key, value in node.items() if key not in _NOISE}
    if isinstance(node.get("reaches"), str):
        retained["description"] = f"{node['description']} An edit reaches: {node['reaches']}."
    if node.get("default", ...) is None:
        del retained["default"]
    return retained


def _inner(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: _described(one) for name, one in value.items()}
    return value if key in ("default", "enum", "required") else _described(value)


def _text(schema: JSONSchema) -> str:
    return json.dumps(schema, indent=2) + "\n"
