"""The JSON schemas that editors use take our examples, and notice mistakes where they are made."""

import copy
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from function.labels import ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL
from function.model import API_VERSION, KINDS
from tests import samples
from tests.asking import EXAMPLES, ROOT, Manifest, documents, order, provider
from tools.generate import schemas

ORDERS = sorted(EXAMPLES.glob("*/*/claim.yaml"))
LAYERS = sorted(EXAMPLES.glob("environments/*/*.yaml"))
MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$")


def named(path: Path) -> Path:
    """Return the schema that the first line of a file names, as an editor reads it."""
    match = MODELINE.match(path.read_text("utf-8").partition("\n")[0])
    assert match, f"{path.relative_to(ROOT)}: its first line names no schema"
    return (path.parent / match[1]).resolve()


@functools.cache
def judge(path: Path) -> jsonschema.Draft202012Validator:
    """Return a validator by a schema on disk."""
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complaints(name: str, document: Manifest) -> list[str]:
    """Return the places of a document that a schema complains of."""
    errors = judge(ROOT / schemas.path(name)).iter_errors(document)
    leaves = [leaf for error in errors for leaf in error.context or [error]]
    return sorted({".".join(map(str, leaf.absolute_path)) or "." for leaf in leaves})


@pytest.mark.parametrize("path", ORDERS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_orders_fit_the_schema_that_they_name(path: Path) -> None:
    """Each example order names the schema of its kind, and is taken."""
    [manifest] = documents(path)
    assert named(path) == ROOT / schemas.path(manifest["kind"].lower())
    judge(named(path)).validate(manifest)


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: "/".join(path.parts[-2:]))
def test_layers_fit_the_schema_that_they_name(path: Path) -> None:
    """Each file of an example environment names the schema of its sort, and is taken."""
    [config] = documents(path)
    sort = "overlay" if OVERLAY_LABEL in config["metadata"]["labels"] else "layer"
    sort = "root" if "kinds" in config["data"] else sort
    assert named(path) == ROOT / schemas.path(f"environment-{sort}")
    judge(named(path)).validate(config)


def test_every_schema_is_used_by_an_example() -> None:
    """None is published that no file has been held against."""
    assert {named(path) for path in (*ORDERS, *LAYERS)} == {ROOT / path for path in schemas.files()}


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_is_judged_where_it_is_wrong(kind: str) -> None:
    """Unknown fields, missing parts, wrong types and another API are noticed."""
    manifest = order(f"{kind.lower()}/minimal")
    wrong: list[tuple[Callable[[Manifest], object], str]] = [
        (lambda m: m["spec"].update(colour="red"), "spec"),
        (lambda m: m.update(specs={}), "."),
        (lambda m: m.pop("spec"), "."),
        (lambda m: m.update(apiVersion="v1"), "apiVersion"),
        (lambda m: m["metadata"].pop("name"), "metadata"),
        (lambda m: m["spec"].update(deletionProtection="no"), "spec.deletionProtection"),
    ]
    for change, at in wrong:
        document = copy.deepcopy(manifest)
        change(document)
        assert complaints(kind.lower(), document) == [at]
    # What the machinery adds to an order that was exported is none of an editor's business.
    assert complaints(kind.lower(), {**manifest, "status": {"phase": "Ready"}}) == []
    exported = {**manifest["spec"], "compositionRef": {"name": "x"}}
    assert complaints(kind.lower(), {**manifest, "spec": exported}) == []
    assert manifest["apiVersion"] == API_VERSION


def config(labels: dict[str, str], data: Manifest) -> Manifest:
    """Return an EnvironmentConfig."""
    found = samples.config("x", data)
    return {**found, "metadata": {**found["metadata"], "labels": labels}}


WRONG = {"flavors": [{"cpu": 1}], "backends": {"capi": {"labelz": {}}}, "limits": {"cpu": "1"}}
AT = ["data.backends.capi", "data.flavors.0", "data.limits.cpu"]
BASE = {ENVIRONMENT_LABEL: "default"}
OWN = {OVERLAY_LABEL: "default", TENANT_LABEL: "acme"}


@pytest.mark.parametrize(("sort", "labels"), [("layer", BASE), ("overlay", OWN)])
def test_a_layer_is_judged_where_it_is_wrong(sort: str, labels: dict[str, str]) -> None:
    """Nothing is required of it but what names entries; what only the root may set is refused."""
    assert complaints(f"environment-{sort}", config(labels, {})) == []
    assert complaints(f"environment-{sort}", config(labels, WRONG)) == AT
    rooted = config(labels, {"kinds": {"Network": "openstack"}})
    assert complaints(f"environment-{sort}", rooted) == ["data"]
    typed = {name.replace("environment", "enviroment"): value for name, value in labels.items()}
    typed.pop(TENANT_LABEL, None)
    assert complaints(f"environment-{sort}", config(typed, {})) == ["metadata.labels"]


def test_a_root_alone_must_be_complete() -> None:
    """What nobody else can bring is missed; with other layers it may come from there."""
    data = {"kinds": {"Network": "openstack"}}
    assert complaints("environment-root", config(BASE, data)) == ["data"]
    assert complaints("environment-root", config(BASE, {**data, "layers": ["more"]})) == []
    assert complaints("environment-root", config(BASE, {**data, "overlays": "Required"})) == []
    whole = {**data, "displayName": "X", "backends": {"openstack": {}}}
    assert complaints("environment-root", config(BASE, whole)) == []
    for others in ({}, {"layers": ["more"]}):
        wrong = config(BASE, {**whole, **others, "limits": {"cpu": "1"}})
        assert complaints("environment-root", wrong) == ["data.limits.cpu"]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("environments/*")))
def test_a_layer_of_another_sort_is_refused(name: str) -> None:
    """A root is no layer, and an overlay is no root."""
    for document in provider(name):
        sorts = [
            sort
            for sort in ("root", "layer", "overlay")
            if not complaints(f"environment-{sort}", document)
        ]
        assert len(sorts) == 1
