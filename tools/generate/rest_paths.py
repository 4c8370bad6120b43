"""Say by which requests a tenant lists, writes and deletes orders: those of Kubernetes."""

from collections.abc import Iterator, Mapping
from typing import Any

from function.model import API_VERSION

_JSON = "application/json"
# JSON Patch is served too. Generated clients fail on its body, a list, beside the other two.
_MERGE, _APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
_REPLACE = (
    "Send back all that you read, with its resourceVersion: what Crossplane wrote must stay as it "
    "is. PATCH is simpler."
)
_DELETE = (
    "Refused while spec.deletionProtection is not false. What was built goes too, unless "
    "status.deletionPolicy says Orphan."
)
_APPLIED = (
    "With application/apply-patch+yaml the order is created if there is none, and fieldManager is "
    "required."
)

Item = dict[str, Any]


def _query(name: str, description: str, schema: Item) -> Item:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _in_path(name: str, description: str) -> Item:
    schema = {"type": "string", "maxLength": 253}
    required = {"required": True, "schema": schema}
    return {"name": name, "in": "path", "description": description, **required}


_TEXT, _FLAG = {"type": "string"}, {"type": "boolean"}
PARAMETERS: dict[str, Item] = {
    "namespace": _in_path("namespace", "Namespace of the tenant."),
    "name": _in_path("name", "Name of the order."),
    "labelSelector": _query("labelSelector", "Labels that are wanted, such as role=web.", _TEXT),
    "limit": _query("limit", "Greatest number of orders in one answer.", {"type": "integer"}),
    "continue": _query("continue", "Where the list goes on, as metadata.continue says.", _TEXT),
    "watch": _query("watch", "Whether to go on with what changes.", _FLAG),
    "resourceVersion": _query("resourceVersion", "State from which to watch.", _TEXT),
    "dryRun": _query(
        "dryRun", "All: judge the order, and store nothing.", {**_TEXT, "enum": ["All"]}
    ),
    "fieldValidation": _query(
        "fieldValidation",
        "What becomes of unknown fields. Ignore: they are dropped; Warn: that is said; Strict: "
        "the order is refused.",
        {**_TEXT, "enum": ["Ignore", "Warn", "Strict"]},
    ),
    "fieldManager": _query("fieldManager", "Name of who writes, such as a pipeline.", _TEXT),
    "force": _query("force", "Whether to take over the fields of other managers.", _FLAG),
}


def _failed(description: str) -> Item:
    schema = {"$ref": "#/components/schemas/Failure"}
    return {"description": description, "content": {_JSON: {"schema": schema}}}


RESPONSES: dict[str, Item] = {
    "Unauthorized": _failed("The token is missing or not valid."),
    "Forbidden": _failed("No right to do so, or the order is protected."),
    "NotFound": _failed("There is no such order, or this control plane does not serve its kind."),
    "Conflict": _failed("There is one already, or it changed since it was read."),
    "Invalid": _failed("A field is wrong, or may not change; the message says which and why."),
}
_BY_CODE = {
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "422": "Invalid",
}
_WRITING = ("dryRun", "fieldValidation", "fieldManager")


def of_kind(kind: str) -> Iterator[tuple[str, Item]]:
    """Yield the paths of a kind: the list, and one order."""
    path = f"/apis/{API_VERSION}/namespaces/{{namespace}}/{kind.lower()}s"
    listed = ("labelSelector", "limit", "continue", "watch", "resourceVersion")
    yield (
        path,
        {
            "parameters": _parameters("namespace"),
            "get": _operation("list", kind, {"200": f"{kind}List"}, listed),
            "post": _operation("create", kind, {"201": kind}, _WRITING, {_JSON: kind}),
        },
    )
    patches = {_MERGE: "MergePatch", _APPLY: kind}
    made = {"200": kind, "201": kind}
    gone = {"200": kind, "202": kind}
    yield (
        f"{path}/{{name}}",
        {
            "parameters": _parameters("namespace", "name"),
            "get": _operation("read", kind, {"200": kind}),
            "put": _operation("replace", kind, {"200": kind}, _WRITING, {_JSON: kind}, _REPLACE),
            "patch": _operation("patch", kind, made, (*_WRITING, "force"), patches, _APPLIED),
            "delete": _operation("delete", kind, gone, ("dryRun",), about=_DELETE),
        },
    )


def _operation(  # noqa: PLR0913  # one argument for each part of an operation
    verb: str,
    kind: str,
    answers: Mapping[str, str],
    parameters: tuple[str, ...] = (),
    body: Mapping[str, str] | None = None,
    about: str = "",
) -> Item:
    refused = list(_BY_CODE) if body else ["401", "403", "404"]
    return {
        "operationId": f"{verb}{kind}",
        "summary": f"{verb.capitalize()} {f'{kind}s' if verb == 'list' else f'a {kind}'}.",
        **({"description": about} if about else {}),
        "tags": [kind],
        **({"parameters": _parameters(*parameters)} if parameters else {}),
        **({"requestBody": _body(body)} if body else {}),
        "responses": {
            **{code: _answer(name) for code, name in answers.items()},
            **{code: {"$ref": f"#/components/responses/{_BY_CODE[code]}"} for code in refused},
        },
    }


def _parameters(*names: str) -> list[Item]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _body(content: Mapping[str, str]) -> Item:
    return {
        "required": True,
        "content": {media: {"schema": _schema(name)} for media, name in content.items()},
    }


def _answer(name: str) -> Item:
    return {"description": f"The {name}.", "content": {_JSON: {"schema": _schema(name)}}}


def _schema(name: str) -> Item:
    return {"$ref": f"#/components/schemas/{name}"}
