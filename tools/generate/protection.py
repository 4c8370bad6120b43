"""Say what may not be deleted or edited by accident: admission policies of `package/cluster`.

They are ValidatingAdmissionPolicies, because a webhook needs a pod that runs. Each is judged
with the identity of the request, and each message names the one command that lifts it. What
couples a transition with a second field is a policy here and no rule of the XRDs, where edits that
arrive together would wedge a claim at its composite.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from function.labels import TENANT_LABEL
from function.machinery import CLAIM, DELETE_POLICY, NAMESPACED, SECRET, TIES
from function.model import API_GROUP, KINDS
from function.schema import Schema, extra, fields, item_type
from tools.generate import rules, steering
from tools.generate.rules import Change

POLICY_VERSION = "admissionregistration.k8s.io/v1"
ALLOW = f"{API_GROUP}/allow-delete"
CROSSPLANE = "system:serviceaccount:crossplane-system:crossplane"
# What Crossplane writes on a claim, and on a composite of its own kind.
MACHINERY = sorted((CLAIM | NAMESPACED) - {DELETE_POLICY, SECRET})
# The API server fills it in on every new claim.
FOREGROUND = "Foreground"
UNLOCK = "set spec.deletionProtection to false first"
PLURALS = [f"{kind.lower()}s" for kind in KINDS]
COMPOSITES = [f"x{plural}" for plural in PLURALS]

_UNPROTECTED = (
    "has(oldObject.spec.deletionProtection) && oldObject.spec.deletionProtection == false"
)
_PROTECTED = "!has(object.spec.deletionProtection) || object.spec.deletionProtection"
_ALLOWED = (
    f"has(oldObject.metadata.annotations) && '{ALLOW}' in oldObject.metadata.annotations && "
    f"oldObject.metadata.annotations['{ALLOW}'] == oldObject.metadata.name"
)
_IS_CROSSPLANE = f"request.userInfo.username == '{CROSSPLANE}'"
_OURS = (
    "has(oldObject.metadata.labels) && "
    f"oldObject.metadata.labels.exists(l, l.startsWith('{API_GROUP}/'))"
)

Manifest = dict[str, Any]


def documents() -> Iterator[tuple[str, list[Manifest]]]:
    """Yield each policy with its binding, by file name."""
    policies = (
        _orders(),
        _composites(),
        *_machinery(),
        *_steering(),
        _namespaces(),
        *_definitions(),
        *_data(),
        *_immutable(),
    )
    for policy in policies:
        yield policy["metadata"]["name"].partition(".")[0], [policy, _binding(policy)]


def _orders() -> Manifest:
    """Protect orders against everybody, and hold back a deletion that does not orphan yet."""
    resource, name = f"request.resource.resource + '.{API_GROUP} '", "oldObject.metadata.name"
    command = (
        f"'it is protected; to delete it, first run: kubectl patch ' + {resource} + {name} + "
        "' -n ' + oldObject.metadata.namespace + "
        "' --type merge -p \\'{\"spec\":{\"deletionProtection\":false}}\\''"
    )
    orphaned = (
        "!has(oldObject.spec.deletionPolicy) || oldObject.spec.deletionPolicy != 'Orphan' || "
        "(has(oldObject.status) && has(oldObject.status.deletionPolicy) && "
        "oldObject.status.deletionPolicy == 'Orphan')"
    )
    return _policy(
        "orders",
        [_rule(API_GROUP, PLURALS, "DELETE")],
        [
            {"expression": _UNPROTECTED, "messageExpression": command},
            {
                "expression": orphaned,
                "message": "what was built would still be deleted: wait until "
                "status.deletionPolicy says Orphan",
            },
            *steering.kept_when_deleted(),
            steering.finalized(),
        ],
    )


def _composites() -> Manifest:
    """Let a composite go with its claim only, one by one.

    When an XRD is removed, Crossplane deletes all composites in one request, without a name.
    """
    by_name = f"{_IS_CROSSPLANE} && has(request.name) && request.name != ''"
    return _policy(
        "composites",
        [_rule(API_GROUP, COMPOSITES, "DELETE")],
        [
            {
                "expression": f"({_UNPROTECTED}) || ({by_name})",
                "message": "it belongs to an order and goes with it: delete the order in the "
                "tenant's namespace",
            },
            *steering.kept_when_deleted(),
        ],
    )


def _machinery() -> Iterator[Manifest]:
    """Leave to Crossplane what ties an order to its composite and its Composition.

    A composite may be created with it, as a restore does. Without it live resources are not
    observed, and everything is decided again.
    """
    checks = {field: _unchanged(f"spec.{field}") for field in MACHINERY}
    checks[DELETE_POLICY] = _is_foreground(f"object.spec.{DELETE_POLICY}")
    rule = _rule(API_GROUP, PLURALS, "CREATE", "UPDATE")
    yield _untouched("machinery", rule, checks, steering.connection_secret())
    yield _untouched(
        "machinery-of-composites",
        _rule(API_GROUP, COMPOSITES, "UPDATE"),
        {field: _unchanged(f"spec.{field}") for field in sorted(TIES)},
    )


def _steering() -> Iterator[Manifest]:
    """Leave to operators the metadata that steer Crossplane, and to Crossplane the status."""
    yield _policy(
        "metadata",
        [_rule(API_GROUP, PLURALS, "CREATE", "UPDATE")],
        steering.checks(),
        variables=[steering.OPERATOR, *steering.changes()],
    )
    yield _policy(
        "status",
        [_rule(API_GROUP, [f"{plural}/status" for plural in PLURALS], "UPDATE")],
        [steering.STATUS],
        variables=[steering.OPERATOR],
    )


def _untouched(name: str, rule: Manifest, checks: Mapping[str, str], *more: Manifest) -> Manifest:
    return _policy(
        name,
        [rule],
        [
            {
                "expression": expression,
                "message": f"spec.{field} is Crossplane's: leave it out of a new order, and as it "
                "is in one that lives; use kubectl apply or patch, not replace",
            }
            for field, expression in sorted(checks.items())
        ]
        + list(more),
        conditions=[("not-crossplane", f"!({_IS_CROSSPLANE})")],
    )


def _unchanged(field: str) -> str:
    there, was_there = f"has(object.{field})", f"oldObject != null && has(oldObject.{field})"
    return f"{there} == ({was_there}) && (!{there} || object.{field} == oldObject.{field})"


def _is_foreground(value: str) -> str:
    return f"!has({value}) || {value} == '{FOREGROUND}'"


def _namespaces() -> Manifest:
    """Protect the namespaces of tenants, with which all their orders would go."""
    selector = {"matchExpressions": [{"key": TENANT_LABEL, "operator": "Exists"}]}
    return _policy(
        "namespaces",
        [_rule("", ["namespaces"], "DELETE")],
        [_annotated("namespace", "all orders of the tenant live in it")],
        selector=selector,
    )


def _definitions() -> Iterator[Manifest]:
    """Protect what orders are made of; without an XRD or a CRD all its objects are gone."""
    crossplane = "apiextensions.crossplane.io"
    group = "oldObject.spec.group"
    yield _policy(
        "customresourcedefinitions",
        [_rule("apiextensions.k8s.io", ["customresourcedefinitions"], "DELETE")],
        [_annotated("crd", "all its objects would go with it, and what they stand for")],
        conditions=[
            ("ours", f"{group} == '{API_GROUP}' || {group}.endsWith('.crossplane.io')"),
        ],
    )
    yield _policy(
        "compositeresourcedefinitions",
        [_rule(crossplane, ["compositeresourcedefinitions"], "DELETE")],
        [_annotated("xrd", "all its orders would go with it")],
        conditions=[("ours", f"{group} == '{API_GROUP}'")],
    )
    yield _policy(
        "compositions",
        [_rule(crossplane, ["compositions"], "DELETE")],
        [_annotated("composition", "orders would no longer be answered")],
        conditions=[
            ("ours", f"oldObject.spec.compositeTypeRef.apiVersion.startsWith('{API_GROUP}/')")
        ],
    )
    yield _policy(
        "environmentconfigs",
        [_rule(crossplane, ["environmentconfigs"], "DELETE")],
        [_annotated("environmentconfig", "orders of the environment would be refused")],
        conditions=[("ours", _OURS)],
    )
    yield _policy(
        "packages",
        [_rule("pkg.crossplane.io", ["configurations", "functions", "providers"], "DELETE")],
        [_annotated("", "orders would no longer be answered, or be lost with their definitions")],
    )


def _data() -> Iterator[Manifest]:
    """Refuse edits that destroy data while the order is protected, as `guards.data_is_kept`."""
    for kind, schema in KINDS.items():
        checks = list(_losses(schema))
        if checks:
            yield _policy(
                f"data-of-{kind.lower()}s",
                [_rule(API_GROUP, [f"{kind.lower()}s"], "UPDATE")],
                checks,
                # An order that is being deleted only loses its finalizers.
                conditions=[("lives", "!has(object.metadata.deletionTimestamp)")],
                variables=[{"name": "protected", "expression": _PROTECTED}],
            )


def _immutable() -> Iterator[Manifest]:
    """Refuse edits of what something holds that was built, before the function does.

    The order tells what that is, in `status.immutableFields`. An order that was refused may be
    edited as its tenant likes: what matters is what was accepted, and only the function knows it.
    """
    fixed = "oldObject.status.immutableFields"
    known = "has(oldObject.status) && has(oldObject.status.phase)"
    refused = (
        "has(oldObject.status) && has(oldObject.status.conditions) && "
        "oldObject.status.conditions.exists(c, c.type == 'Accepted' && c.status == 'False')"
    )
    for kind, schema in KINDS.items():
        yield _policy(
            f"fields-of-{kind.lower()}s",
            [_rule(API_GROUP, [f"{kind.lower()}s"], "UPDATE")],
            [*_fixed_fields(schema), *_fixed_entries(schema)],
            conditions=[
                ("lives", "!has(object.metadata.deletionTimestamp)"),
                ("accepted", f"!({refused})"),
            ],
            variables=[
                {"name": "known", "expression": known},
                {
                    "name": "fixed",
                    "expression": f"has(oldObject.status) && has({fixed}) ? {fixed} : []",
                },
            ],
        )


def _fixed_fields(schema: type[Schema]) -> Iterator[Manifest]:
    for change in rules.on_changes(schema, "object.spec", "oldObject.spec"):
        yield _fixed(f"'spec.{change.holder}'", change.rule, f"spec.{change.path}")


def _fixed_entries(schema: type[Schema]) -> Iterator[Manifest]:
    """Yield the checks on the entries of lists, which are matched by name."""
    for name, info in fields(schema).items():
        inner = item_type(info)
        if inner is None or not rules.is_keyed(info):
            continue
        whole = extra(info, "change") == rules.REFUSED
        current, previous = f"object.spec.{name}", f"oldObject.spec.{name}"
        for change in rules.on_changes(inner, "n", "o"):
            if change.path == "name":
                continue
            holder = f"'spec.{name}'" if whole else _entry(name, change)
            same = f"{current}.all(n, n.name != o.name || ({change.rule}))"
            retained = f"{previous}.all(o, {_free(holder)} || {same})"
            rule = f"!has({current}) || !has({previous}) || {retained}"
            message = f"spec.{name}[].{change.path}: {rules.REASON}"
            yield {"expression": rule, "message": message}


def _entry(name: str, change: Change) -> str:
    return f"'spec.{name}[' + o.name + '].{change.holder}'"


def _fixed(holder: str, rule: str, path: str) -> Manifest:
    return {"expression": f"{_free(holder)} || ({rule})", "message": f"{path}: {rules.REASON}"}


def _free(holder: str) -> str:
    """Return the question whether nothing holds a field, as far as anything is known."""
    return f"(variables.known && !({holder} in variables.fixed))"


def _losses(schema: type[Schema]) -> Iterator[Manifest]:
    for name, info in fields(schema).items():
        match extra(info, "loses"):
            case "fewer":
                current, previous = (
                    _number(r, name, info.default) for r in ("object", "oldObject")
                )
                yield _loss(
                    f"{current} >= {previous}", f"the last of spec.{name} would go with its data"
                )
            case "removed":
                there = f"has(object.spec.{name}) && object.spec.{name}.exists(n, n.name == o.name)"
                retained = f"!has(oldObject.spec.{name}) || oldObject.spec.{name}.all(o, {there})"
                yield _loss(retained, f"what is taken out of spec.{name} would go with its data")


def _number(root: str, name: str, default: int) -> str:
    return f"(has({root}.spec.{name}) ? {root}.spec.{name} : {default})"


def _loss(retained: str, message: str) -> Manifest:
    return {
        "expression": f"!variables.protected || ({retained})",
        "message": f"{message}; {UNLOCK}",
    }


def _annotated(resource: str, consequence: str) -> Manifest:
    named = f"'{resource}'" if resource else "request.resource.resource + '.pkg.crossplane.io'"
    name = "oldObject.metadata.name"
    command = (
        f"'{consequence}; to delete it all the same, first run: kubectl annotate ' + {named} + "
        f"' ' + {name} + ' {ALLOW}=' + {name}"
    )
    return {"expression": _ALLOWED, "messageExpression": command}


def _rule(group: str, resources: Sequence[str], *operations: str) -> Manifest:
    return {
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": list(operations),
        "resources": list(resources),
    }


def _policy(  # noqa: PLR0913  # one argument for each part of a policy
    name: str,
    rules: Sequence[Manifest],
    validations: Sequence[Manifest],
    *,
    conditions: Iterable[tuple[str, str]] = (),
    variables: Sequence[Manifest] = (),
    selector: Manifest | None = None,
) -> Manifest:
    matched = [{"name": title, "expression": rule} for title, rule in conditions]
    return {
        "apiVersion": POLICY_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": f"{name}.{API_GROUP}"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": list(rules),
                **({"objectSelector": selector} if selector else {}),
            },
            **({"matchConditions": matched} if matched else {}),
            **({"variables": list(variables)} if variables else {}),
            "validations": [{**check, "reason": "Forbidden"} for check in validations],
        },
    }


def _binding(policy: Manifest) -> Manifest:
    name = policy["metadata"]["name"]
    return {
        "apiVersion": POLICY_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
