"""Check the names that a provider builds from a tenant's: templates, and what comes of them."""

import copy
import re

import pytest

from function import local
from function.settings import NAMESPACE, PROVIDER_CONFIG, Form
from function.settings.templates import template
from tests import asking

TENANT = "t" * 63
CLUSTER, SERVER, NETWORK = "cluster/minimal", "server/minimal", "network/minimal"
# Every template that there is, with a provider that sets it and an order that it answers.
TEMPLATES = [
    ("cluster-stacks", "capi", "providerConfig", CLUSTER),
    ("cluster-stacks", "capi", "namespace", CLUSTER),
    ("gardener", "gardener", "providerConfig", CLUSTER),
    ("gardener", "gardener", "namespace", CLUSTER),
    ("cluster-stacks", "openstack", "providerConfig", SERVER),
    ("cluster-stacks", "openstack", "providerConfig", NETWORK),
]
EACH = pytest.mark.parametrize(
    ("provider", "backend", "field", "order"), TEMPLATES, ids=lambda part: part.replace("/", "-")
)
HINTS = {
    "{tenant:.4}": "must have only a name between braces: {tenant}",
    "{tenant!r}": "must have only a name between braces: {tenant}",
    "{tenant:0>70}": "must have only a name between braces: {tenant}",
    "{tenant.x}": "must have only a name between braces: {tenant}",
    "{tenant[0]}": "must have only a name between braces: {tenant}",
    "{{tenant}}": "must have single braces around a placeholder: {tenant}",
    "{{{tenant}}}": "must have single braces around a placeholder: {tenant}",
    "a{{b": "must have single braces around a placeholder: {tenant}",
    "{tenant": "must have braces only around a placeholder: {tenant}",
    "tenant}": "must have braces only around a placeholder: {tenant}",
    "a{": "must have braces only around a placeholder: {tenant}",
    "{}": "must use no placeholder but {tenant}",
    "{0}": "must use no placeholder but {tenant}",
    "{Tenant}": "must use no placeholder but {tenant}",
    "{region}-{tenant}": "must use no placeholder but {tenant}",
    "UPPER-{tenant}": "must be lower-case letters, digits",
    "a b": "must be lower-case letters, digits",
    "{tenant}-": "must be lower-case letters, digits",
    "-{tenant}": "must be lower-case letters, digits",
    "{tenant}_x": "must be lower-case letters, digits",
    "{tenant}\n": "must be lower-case letters, digits",
    "ü-{tenant}": "must be lower-case letters, digits",
}


def answer(  # noqa: PLR0913  # a template, its place, and who orders what
    provider: str, backend: str, field: str, value: str, order: str, tenant: str = "acme"
) -> local.Outcome:
    """Answer an order of a tenant where a template is set like this."""
    layers = asking.provider(provider)
    for layer in layers:
        config = (layer["data"].get("backends") or {}).get(backend)
        if config is not None and "kinds" in layer["data"]:
            config[field] = value
        if "api.scs.community/tenant" in layer["metadata"]["labels"]:
            layer["metadata"]["labels"]["api.scs.community/tenant"] = tenant
    manifest = copy.deepcopy(asking.order(order))
    manifest["metadata"]["namespace"] = tenant
    return asking.ask(manifest, layers)


@pytest.mark.parametrize("form", [NAMESPACE, PROVIDER_CONFIG], ids=["namespace", "config"])
@pytest.mark.parametrize("value", HINTS)
def test_bad_templates(value: str, form: Form) -> None:
    """Say what is accepted, before a name comes of it for anybody."""
    with pytest.raises(ValueError, match=re.escape(HINTS[value])):
        template(form, "tenant")(value)


def test_every_placeholder_is_named() -> None:
    """Say all that a field knows."""
    with pytest.raises(ValueError, match=re.escape("no placeholder but {project}, {tenant}")):
        template(NAMESPACE, "project", "tenant")("{region}")


@EACH
@pytest.mark.parametrize("value", ["{tenant:.4}", ""])
def test_bad_templates_are_refused(
    provider: str, backend: str, field: str, order: str, value: str
) -> None:
    """Name the field and the EnvironmentConfig, wherever a template may be."""
    fatal = answer(provider, backend, field, value, order).fatal
    known = "{project}, {tenant}" if (backend, field) == ("gardener", "namespace") else "{tenant}"
    problem = f"must have only a name between braces: {known}" if value else "must not be empty"
    assert fatal == (
        f"EnvironmentInvalid: backends.{backend}.{field}: {problem} "
        f"(EnvironmentConfig {layer_of(provider)})"
    )


@EACH
def test_dots(provider: str, backend: str, field: str, order: str) -> None:
    """Accept a dot in the name of a ProviderConfig, and in no namespace."""
    fatal = answer(provider, backend, field, "a.{tenant}", order).fatal
    if field == "namespace":
        assert "must be lower-case letters, digits and dashes, as in a DNS label" in fatal
    else:
        assert not fatal


@EACH
def test_names_that_are_too_long_for_everybody(
    provider: str, backend: str, field: str, order: str
) -> None:
    """Refuse a template that has too many characters by itself."""
    fatal = answer(provider, backend, field, "x" * 260, order).fatal
    assert fatal.startswith(f"EnvironmentInvalid: backends.{backend}.{field}: must have at most ")


@EACH
def test_names_that_are_too_long_for_one_tenant(
    provider: str, backend: str, field: str, order: str
) -> None:
    """Answer tenants with short names, and say of the others why not and what to do."""
    limit = 63 if field == "namespace" else 253
    value = "{tenant}-" + "x" * (limit - 64 + 5)
    if field == "namespace":
        value = "kaas-{tenant}"
    assert not answer(provider, backend, field, value, order).fatal
    outcome = answer(provider, backend, field, value, order, TENANT)
    assert outcome.fatal == (
        f"EnvironmentInvalid: backends.{backend}.{field}: has {limit + 5} characters for tenant "
        f"{TENANT}, at most {limit} are accepted; shorten it, or give this tenant a name of its "
        f"own in an overlay (EnvironmentConfig {layer_of(provider)})"
    )
    assert TENANT not in outcome.warnings[0]


def layer_of(provider: str) -> str:
    """Return the EnvironmentConfig that holds kinds."""
    roots = [layer for layer in asking.provider(provider) if "kinds" in layer["data"]]
    name: str = roots[0]["metadata"]["name"]
    return name


@EACH
def test_longest_names_are_answered(provider: str, backend: str, field: str, order: str) -> None:
    """Answer a tenant of 63 characters where nothing is added to its name."""
    assert not answer(provider, backend, field, "{tenant}", order, TENANT).fatal


def test_two_tenants_never_share() -> None:
    """Put each tenant's name in whole."""
    names = {
        tenant: answer(
            "cluster-stacks", "capi", "providerConfig", "a-{tenant}", CLUSTER, tenant
        ).resources["capi-cluster"]["spec"]["providerConfigRef"]["name"]
        for tenant in ("acme", "acmecorp")
    }
    assert names == {"acme": "a-acme", "acmecorp": "a-acmecorp"}


def test_several_placeholders() -> None:
    """Replace each of those that a field knows, however often it is used."""
    outcome = answer("gardener", "gardener", "namespace", "{project}-{tenant}-{tenant}", CLUSTER)
    assert not outcome.fatal
    shoot = outcome.resources["gardener-shoot"]["spec"]["forProvider"]["manifest"]
    project = next(
        d["data"]["backends"]["gardener"]["project"]
        for d in asking.provider("gardener")
        if "project" in (d["data"].get("backends") or {}).get("gardener", {})
        and d["metadata"]["labels"].get("api.scs.community/tenant") == "acme"
    )
    assert shoot["metadata"]["namespace"] == f"{project}-acme-acme"
