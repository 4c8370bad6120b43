"""Describe the tenant API as one OpenAPI document: for clients, editors and portals.

Once installed, the API server publishes the same and more under `/openapi/v3`; this one can be
read before. It is OpenAPI 3.0, as the schemas of CustomResourceDefinitions are. What an order
holds is exactly the schema of the XRDs; what every Kubernetes object has is kept short.
"""

import json
from typing import Any

from function.model import API_GROUP, API_VERSION, KINDS
from function.model.status import STATUSES
from tools.generate import openapi, rest_paths
from tools.generate.documents import HEADER

PATH = "apis/openapi.json"
OPENAPI = "3.0.3"
_DESCRIPTION = (
    "Orders of a tenant, in the namespace of the tenant. They are Kubernetes objects: kubectl and "
    "every client of the Kubernetes API can write them. " + HEADER
)
# Longer than any that an API server accepts.
_NAME = {"type": "string", "maxLength": 253}

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the document by its path."""
    return {PATH: json.dumps(document(), indent=2, ensure_ascii=False) + "\n"}


def document() -> Schema:
    """Return the document."""
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "SCS Central API",
            "version": API_VERSION.rpartition("/")[2],
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "tags": [{"name": kind, "description": story(kind)} for kind in KINDS],
        "security": [{"bearer": []}],
        "paths": {path: item for kind in KINDS for path, item in rest_paths.of_kind(kind)},
        "components": {
            "schemas": {**_orders(), **_machinery()},
            "parameters": rest_paths.PARAMETERS,
            "responses": rest_paths.RESPONSES,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def story(kind: str) -> str:
    """Return what a kind is, in one sentence."""
    return str(KINDS[kind].__doc__).partition("\n")[0]


def _orders() -> Schema:
    result: Schema = {}
    for kind in KINDS:
        result |= {
            kind: _object(kind),
            f"{kind}List": _list(kind),
            f"{kind}Spec": openapi.spec_schema(KINDS[kind]),
            f"{kind}Status": _status(kind),
        }
    return result


def _object(kind: str) -> Schema:
    return {
        "type": "object",
        "description": story(kind),
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            **_typed(API_VERSION, kind),
            "metadata": _ref("ObjectMeta"),
            "spec": _ref(f"{kind}Spec"),
            "status": _ref(f"{kind}Status"),
        },
        "x-kubernetes-group-version-kind": [_group_version_kind(kind)],
    }


def _status(kind: str) -> Schema:
    """Return the status of a kind, with the conditions that Crossplane adds to it."""
    schema = openapi.status_schema(STATUSES[kind])
    conditions = {
        "type": "array",
        "description": "Aspects of the state; Crossplane adds Synced and Ready to ours.",
        "items": _ref("Condition"),
    }
    return {**schema, "properties": {**schema["properties"], "conditions": conditions}}


def _list(kind: str) -> Schema:
    return {
        "type": "object",
        "description": f"Orders of the kind {kind}.",
        "required": ["apiVersion", "kind", "metadata", "items"],
        "properties": {
            **_typed(API_VERSION, f"{kind}List"),
            "metadata": _ref("ListMeta"),
            "items": {"type": "array", "items": _ref(kind)},
        },
        "x-kubernetes-group-version-kind": [_group_version_kind(f"{kind}List")],
    }


def _machinery() -> Schema:
    """Return what every Kubernetes object has, as far as a tenant needs it."""
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    when = {"type": "string", "format": "date-time"}
    return {
        "ObjectMeta": {
            "type": "object",
            "description": "Metadata of an object; what is not listed here is kept.",
            "properties": {
                "name": {**_NAME, "description": "Name, unique in the namespace for its kind."},
                "namespace": {**_NAME, "description": "Namespace of the tenant."},
                "labels": texts,
                "annotations": texts,
                "uid": {"type": "string", "readOnly": True},
                "resourceVersion": {
                    "type": "string",
                    "description": "State that was read; of a PUT, the one that it replaces.",
                },
                "generation": {"type": "integer", "format": "int64", "readOnly": True},
                "creationTimestamp": {**when, "readOnly": True},
                "deletionTimestamp": {**when, "readOnly": True},
                "finalizers": {"type": "array", "items": {"type": "string"}},
            },
            "additionalProperties": True,
        },
        "ListMeta": _text_fields("Metadata of a list.", "resourceVersion", "continue"),
        "MergePatch": {
            "type": "object",
            "description": "Fields to change, with their new values; null removes a field.",
            "additionalProperties": True,
        },
        "Condition": _condition(when),
        "Failure": _failure(),
    }


def _condition(when: Schema) -> Schema:
    return {
        "type": "object",
        "description": "One aspect of the state of an order.",
        "required": ["type", "status", "reason", "lastTransitionTime"],
        "properties": {
            "type": {"type": "string", "description": "Aspect, such as Ready or Accepted."},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "reason": {"type": "string", "description": "Why, in one word, such as InvalidOrder."},
            "message": {"type": "string", "description": "Why, in sentences for a person."},
            "lastTransitionTime": when,
            "observedGeneration": {"type": "integer", "format": "int64"},
        },
    }


def _failure() -> Schema:
    """Return what an API server answers where it does not do what it is asked."""
    reported = _text_fields("Why a request was not done.", "status", "message", "reason")
    reported["properties"] |= {
        **_typed("v1", "Status"),
        "code": {"type": "integer"},
        "details": {"type": "object", "additionalProperties": True},
    }
    return reported


def _text_fields(description: str, *names: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {name: {"type": "string"} for name in names},
    }


def _typed(api_version: str, kind: str) -> Schema:
    return {
        "apiVersion": {"type": "string", "enum": [api_version]},
        "kind": {"type": "string", "enum": [kind]},
    }


def _group_version_kind(kind: str) -> Schema:
    return {"group": API_GROUP, "version": API_VERSION.rpartition("/")[2], "kind": kind}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
