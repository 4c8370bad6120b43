"""Limit the nesting of free-form values: an admission policy of `package/cluster`.

The rules of an XRD cannot see values that are preserved without a schema; a policy can. CEL has no
recursion, so the expression spells out each level.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from function.model import API_GROUP, KINDS
from function.nesting import LEVELS
from function.schema import Schema, fields

Manifest = dict[str, Any]
VERSION = "admissionregistration.k8s.io/v1"


def documents() -> Iterator[tuple[str, list[Manifest]]]:
    """Yield a policy with its binding for each kind that has free-form fields, by file name."""
    for kind, schema in KINDS.items():
        names = free(schema)
        if names:
            name = f"nesting-of-{kind.lower()}s"
            yield name, [_policy(name, kind, names), _binding(name)]


def free(schema: type[Schema]) -> list[str]:
    """Return the names of the fields of an order that hold free-form values."""
    return [
        name
        for name, info in fields(schema).items()
        if get_origin(info.annotation) is dict and get_args(info.annotation)[1] is Any
    ]


def is_flat(value: str, levels: int) -> str:
    """Return an expression that holds for a value with at most so many levels of nesting."""
    if levels == 0:
        return f"type({value}) != map && type({value}) != list"
    inner = f"v{levels}"
    values = f"type({value}) == map ? {value}.map(k, {value}[k]) : type({value}) == list ? {value}"
    return f"({values} : []).all({inner}, {is_flat(inner, levels - 1)})"


def _policy(name: str, kind: str, names: list[str]) -> Manifest:
    return {
        "apiVersion": VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": f"{name}.{API_GROUP}"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [API_GROUP],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": [f"{kind.lower()}s"],
                    }
                ]
            },
            # Live orders keep deeper values; an order that is being deleted only loses finalizers.
            "matchConditions": [
                {"name": "not-deleted", "expression": "!has(object.metadata.deletionTimestamp)"},
                {"name": "changed", "expression": " || ".join(map(_changed, names))},
            ],
            "validations": [
                {
                    "expression": f"!has(object.spec.{field}) || "
                    + is_flat(f"object.spec.{field}", LEVELS + 1),
                    "message": f"spec.{field}: a value is nested too deeply; at most {LEVELS} "
                    "levels are accepted",
                    "reason": "Invalid",
                }
                for field in names
            ],
        },
    }


def _changed(field: str) -> str:
    there, was = f"has(object.spec.{field})", f"has(oldObject.spec.{field})"
    same = f"oldObject != null && {was} && object.spec.{field} == oldObject.spec.{field}"
    return f"({there} && !({same}))"


def _binding(name: str) -> Manifest:
    return {
        "apiVersion": VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": f"{name}.{API_GROUP}"},
        "spec": {"policyName": f"{name}.{API_GROUP}", "validationActions": ["Deny"]},
    }
