"""List the metadata of an order by which Crossplane and the garbage collector are steered.

Only an operator may write them, and Crossplane itself: whoever may update the definitions of
orders. A tenant who pauses an order or removes its finalizers, and then deletes it, would leave
behind what was built. What is unchanged is accepted, so that a live order stays editable.
"""

from collections.abc import Iterator
from typing import Any

from function.model import API_GROUP

# Labels of the first reach everything that is composed; annotations pause, rename and adopt.
DOMAINS = ("crossplane.io", API_GROUP)
# By these the garbage collector decides what becomes of the dependents of an object.
COLLECTOR_FINALIZERS = ("orphan", "foregroundDeletion")
TO_ORPHAN = (
    "to leave what was built with the provider, set spec.deletionPolicy to Orphan and wait until "
    "status.deletionPolicy says Orphan"
)

_OPERATOR = (
    "authorizer.group('apiextensions.crossplane.io').resource('compositeresourcedefinitions')"
    ".check('update').allowed()"
)
_NAMES = "|".join(domain.replace(".", "[.]") for domain in DOMAINS)
_RESERVED = f"^([^/]*[.])?({_NAMES})(/.*)?$"
_DNS_NAME = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_COLLECTOR = f"[{', '.join(map(repr, COLLECTOR_FINALIZERS))}]"
_ORPHANED = (
    "has(request.options) && ("
    "(has(request.options.propagationPolicy) && request.options.propagationPolicy == 'Orphan') || "
    "(has(request.options.orphanDependents) && request.options.orphanDependents))"
)
_FINALIZED = (
    "has(oldObject.metadata.finalizers) && "
    f"oldObject.metadata.finalizers.exists(f, f.matches('{_RESERVED}'))"
)

Manifest = dict[str, Any]

OPERATOR: Manifest = {"name": "operator", "expression": _OPERATOR}
STATUS: Manifest = {
    "expression": "variables.operator",
    "message": "only Crossplane writes status; change spec instead",
}


def checks() -> list[Manifest]:
    """Return what a tenant may not change of the metadata of an order."""
    return [
        *(_of_provider(field) for field in ("labels", "annotations")),
        _kept(
            "finalizers",
            "only Crossplane adds or removes ",
            "its own finalizer",
            ", so that nothing stays behind when the order is deleted; if a deletion hangs, "
            "contact your provider",
        ),
        _kept(
            "collected",
            "only the API server adds or removes ",
            " and ".join(COLLECTOR_FINALIZERS),
            f"; {TO_ORPHAN}",
            field="finalizers",
        ),
        {
            "expression": "variables.owners.all(o, o in variables.oldOwners) || variables.operator",
            "message": "metadata.ownerReferences: an order may not gain an owner, because the "
            "garbage collector would delete it together with that owner; leave the field out",
        },
    ]


def kept_when_deleted() -> list[Manifest]:
    """Return what an order and its composite have to be deleted with, so that nothing stays."""
    return [
        {
            "expression": f"!({_ORPHANED})",
            "message": "what was built would stay without its order: delete without "
            f"--cascade=orphan; {TO_ORPHAN}",
        }
    ]


def finalized() -> Manifest:
    """Return the check that Crossplane hears of the deletion of a claim that has a composite."""
    return {
        "expression": f"!has(oldObject.spec.resourceRef) || ({_FINALIZED})",
        "message": "what was built would stay behind, because the finalizer of Crossplane is "
        "missing: wait until Crossplane has added it again, or contact your provider",
    }


def connection_secret() -> Manifest:
    """Return the check that a new name of a connection secret can be that of a Secret."""
    field = "spec.writeConnectionSecretToRef"
    same = f"oldObject.{field} == object.{field}"
    return {
        "expression": f"!has(object.{field}) || "
        f"(oldObject != null && has(oldObject.{field}) && {same}) || "
        f"(object.{field}.name.size() <= 253 && object.{field}.name.matches('{_DNS_NAME}'))",
        "message": f"{field}.name must be the name of a Secret: lower-case letters, digits, dashes "
        "and dots, beginning and ending with a letter or digit, at most 253 characters",
    }


def changes() -> Iterator[Manifest]:
    """Yield variables with the metadata before and after a request, and what it changes of them."""
    yield _variable("reserved", f"'{_RESERVED}'")
    for field in ("labels", "annotations"):
        old = f"old{field.capitalize()}"
        yield _variable(field, _value("object", field, "{}"))
        yield _variable(old, _value("oldObject", field, "{}"))
        yield _variable(
            f"{field}Changed",
            f"variables.{field}.filter(k, k.matches(variables.reserved) && "
            f"(!(k in variables.{old}) || variables.{old}[k] != variables.{field}[k])) + "
            f"variables.{old}.filter(k, k.matches(variables.reserved) && "
            f"!(k in variables.{field}))",
        )
    for name, field in (("finalizers", "finalizers"), ("owners", "ownerReferences")):
        yield _variable(name, _value("object", field, "[]"))
        yield _variable(f"old{name.capitalize()}", _value("oldObject", field, "[]"))
    for name, protected in (
        ("finalizersChanged", "f.matches(variables.reserved)"),
        ("collectedChanged", f"f in {_COLLECTOR}"),
    ):
        current, previous = "variables.finalizers", "variables.oldFinalizers"
        yield _variable(
            name,
            f"{current}.filter(f, {protected} && !(f in {previous})) + "
            f"{previous}.filter(f, {protected} && !(f in {current}))",
        )


def _of_provider(field: str) -> Manifest:
    return _kept(
        field,
        "only your provider sets ",
        f"those of {' and '.join(DOMAINS)}",
        "; leave such keys out of a new order and unchanged in an existing one",
    )


def _kept(changed: str, previous: str, names: str, after: str, field: str = "") -> Manifest:
    """Return a check that lists what has changed; without names where they are too long."""
    prefix = f"metadata.{field or changed}: {previous}"
    return {
        "expression": f"variables.{changed}Changed == [] || variables.operator",
        "messageExpression": f"'{prefix}' + variables.{changed}Changed.join(', ') + '{after}'",
        "message": f"{prefix}{names}{after}",
    }


def _variable(name: str, expression: str) -> Manifest:
    return {"name": name, "expression": expression}


def _value(root: str, field: str, default: str) -> str:
    there = f"has({root}.metadata.{field})"
    there = f"{root} != null && {there}" if root == "oldObject" else there
    return f"{there} ? {root}.metadata.{field} : {default}"
