"""Judge manifests by the CRDs of the kinds that are rendered.

The structural schema of a CRD is nearly JSON schema. What Kubernetes adds is applied here:
unknown fields are errors unless the schema keeps them, and integers may be floats.
"""

import functools
import json
from typing import Any

import jsonschema
import yaml

from tests.asking import ROOT, Loader, Manifest

# Kinds of Kubernetes itself.
WITHOUT_CRD = ("ConfigMap",)
SCHEMAS = ROOT / "tests" / "schemas"


@functools.cache
def validator(api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a kind.

    Raises:
        LookupError: There is no schema for it.
    """
    if kind == "Shoot":
        return jsonschema.Draft202012Validator(
            json.loads((SCHEMAS / "shoot.schema.json").read_text())
        )
    group, _, version = api_version.partition("/")
    for crd in definitions():
        spec = crd["spec"]
        if (spec["group"], spec["names"]["kind"]) != (group, kind):
            continue
        for offered in spec["versions"]:
            if offered["name"] == version:
                return jsonschema.Draft202012Validator(
                    _closed(offered["schema"]["openAPIV3Schema"], top=True)
                )
    raise LookupError(f"no schema for {api_version} {kind} in {SCHEMAS.name}")


@functools.cache
def definitions() -> list[Manifest]:
    """Return all CRDs."""
    texts = (path.read_text("utf-8") for path in sorted(SCHEMAS.glob("*.yaml")))
    return [yaml.load(text, Loader) for text in texts]  # noqa: S506  # a safe one


def problems(manifest: Manifest) -> list[str]:
    """Return what the CRD of a manifest's kind says against it, the object inside included."""
    result = [
        f"{error.json_path}: {error.message}"
        for error in validator(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest)
    ]
    inner = manifest.get("spec", {}).get("forProvider", {}).get("manifest")
    if not inner or inner["kind"] in WITHOUT_CRD:
        return result
    return result + problems(inner)


def _closed(schema: Any, *, top: bool = False) -> Any:
    """Return the schema with unknown fields refused, except where it keeps them."""
    if not isinstance(schema, dict):
        return schema
    result = {key: _closed_part(key, value) for key, value in schema.items()}
    if top:
        result["properties"]["metadata"] = {"type": "object"}
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    retained = (
        schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    )
    if "properties" in schema and not retained:
        result["additionalProperties"] = False
    return result


def _closed_part(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _closed(inner) for name, inner in value.items()}
    if key in ("items", "additionalProperties", "not"):
        return _closed(value)
    if key in ("allOf", "anyOf", "oneOf"):
        # These only narrow; they never say which fields there are.
        return value
    return value
