"""The reference pages tell every field, and lead where they say; the schemas are valid."""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from function import environment
from function.backends import BACKENDS, SETTINGS
from function.contract import Mode
from function.merge import ENTRY_KEYS
from function.model import API_VERSION, KINDS
from function.model.status import STATUSES
from function.schema import extra, item_type
from function.settings import Settings
from tests.asking import ORDERS, ROOT, Manifest, ask, order, provider
from tests.generated import FILES
from tools import generate
from tools.generate import (
    definitions,
    environments,
    markdown,
    monitoring,
    openapi,
    outline,
    rest,
    rules,
    schemas,
    support,
)

PAGES = {path: text for path, text in FILES.items() if "/reference/" in path}
OPENAPI_SCHEMA = ROOT / "tests" / "schemas" / "openapi-3.0.schema.json"
DOCUMENT = rest.document()

each_kind = pytest.mark.parametrize("kind", KINDS)
each_page = pytest.mark.parametrize("path", PAGES)


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading of a page."""
    parts = re.split(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {parts[i].strip("`"): parts[i + 1] for i in range(1, len(parts), 2)}


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a table by the name of the field in the first cell."""
    result = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        named = re.match(r"\[?`([^`]+)`", cells[0]) if cells else None
        if named:
            result[named[1]] = cells
    return result


@each_kind
def test_every_field_of_an_order_has_a_row_in_the_section_of_its_object(kind: str) -> None:
    """A row says what a change does, and what counts where the field is absent."""
    found = sections(PAGES[f"docs/reference/{kind.lower()}.md"])
    fields = list(openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE))
    for block in outline.blocks(fields, "spec"):
        table = rows(found[block.path])
        assert set(table) >= {block.name(field) for field in block.fields}
        for field in block.fields:
            cells = table[block.name(field)]
            if item_type(field.info) is None:
                reported_by_xrd = str(in_xrd(kind, field.path)["description"])
                assert reported_by_xrd.endswith(f" Change: {cells[3]}.")
            required = field.info.is_required() and outline.must_be(field)
            assert (cells[2] == "**required**") == required
    reported = {
        block.path for block in outline.blocks(openapi.walk(STATUSES[kind], "status"), "status")
    }
    assert reported <= set(found)


SPECS = {kind: openapi.spec_schema(schema) for kind, schema in KINDS.items()}


def in_xrd(kind: str, path: str) -> Manifest:
    """Return the schema of a field of an order."""
    node = SPECS[kind]
    for step in path.removeprefix("spec.").split("."):
        node = node["properties"][step.removesuffix("[]")]
        node = node["items"] if step.endswith("[]") else node
    return node


@each_kind
def test_no_field_gets_lost_between_the_sections(kind: str) -> None:
    """Only an object that is shown as its one field has no row."""
    fields = list(openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE))
    shown = [field.path for block in outline.blocks(fields, "spec") for field in block.fields]
    assert sorted(shown) == sorted(f.path for f in fields if not outline.lonely(f))


def configured() -> Iterator[tuple[str, list[openapi.Field]]]:
    """Yield the fields of an environment, and of each backend's block."""
    yield environments.ROOT, list(openapi.walk(Settings, environments.ROOT))
    for name, schema in SETTINGS.items():
        at = f"{environments.ROOT}.backends.{name}"
        yield at, list(openapi.walk(schema, at))


@pytest.mark.parametrize(("at", "fields"), list(configured()), ids=[at for at, _ in configured()])
def test_every_setting_says_what_an_edit_reaches(at: str, fields: list[openapi.Field]) -> None:
    """In the words that the page explains."""
    found = sections(PAGES[environments.PAGE])
    words = {"*at once*", "*next change*", "*next version*", "*new orders*"}
    for block in outline.blocks(fields, at):
        table = rows(found[block.path])
        for field in block.fields:
            cells = table[block.name(field)]
            assert cells[3] in words or field.path == "data.backends"


@each_kind
def test_every_declared_gap_is_reported_with_its_reason(kind: str) -> None:
    """Per backend that answers the kind."""
    reported = sections(PAGES[f"docs/reference/{kind.lower()}.md"])["Support"]
    table = rows(reported)
    for name, backend in BACKENDS[kind].items():
        assert f"`{name}`" in reported
        for path, reason in backend.gaps.items():
            assert reason in table[path]
    declared = {path for found in support.gaps(kind).values() for path in found}
    assert {path for path in table if path.startswith("spec.")} == declared
    known = {f.path for f in openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE)}
    assert declared <= known


def test_what_a_class_does_not_express_of_the_full_example_is_reported() -> None:
    """What a tenant reads in `status.unsupported` for a built-in profile is in the table."""
    outcome = ask(order("cluster/full"), provider("cluster-stacks"))
    table = support.gaps("Cluster")["`capi`, class profile `scs2`"]
    for gap in outcome.composite["status"]["unsupported"]:
        path = re.sub(r"\[[^]]*\]", "[]", gap["field"])
        assert gap["reason"] in table[path]


@each_kind
def test_every_edit_that_destroys_data_is_reported(kind: str) -> None:
    """Apart from the tables, where one would look for it."""
    reported = sections(PAGES[f"docs/reference/{kind.lower()}.md"])["What destroys data"]
    for field in openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE):
        if extra(field.info, "loses"):
            assert f"`{field.path}`" in reported


@each_kind
def test_every_rule_is_reported_in_its_words(kind: str) -> None:
    """The page has what the API server says of a refused order."""
    page = PAGES[f"docs/reference/{kind.lower()}.md"]
    for node in nodes(openapi.spec_schema(KINDS[kind])):
        for rule in node.get("x-kubernetes-validations", ()):
            assert rule["message"] in page


def nodes(node: Manifest) -> Iterator[Manifest]:
    """Yield a schema and every schema in it."""
    yield node
    for inner in node.get("properties", {}).values():
        yield from nodes(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from nodes(node[key])


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What an edit reaches", "what-an-edit-reaches"),
        ("`spec.nodePools[].size`", "specnodepoolssize"),
        ("`data.classes[].pinned.<name>`", "dataclassespinnedname"),
        ("SCS Central API", "scs-central-api"),
    ],
)
def test_an_anchor_is_what_github_makes_of_a_heading(heading: str, anchor: str) -> None:
    """Lower case, dashes for spaces, no other punctuation."""
    assert markdown.anchor(heading) == anchor


@each_page
def test_links_of_a_page_lead_somewhere(path: str) -> None:
    """To a heading of the page, one of its name, or to a file."""
    headings = [markdown.anchor(h) for h in re.findall(r"^#+ (.*)$", PAGES[path], re.MULTILINE)]
    assert len(set(headings)) == len(headings)
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[path]):
        file, _, heading = target.partition("#")
        if file:
            assert ((ROOT / path).parent / file).exists(), target
        else:
            assert heading in headings, target


@each_page
def test_every_row_of_a_table_has_its_cells(path: str) -> None:
    """A bar in a text would end the cell."""
    width = 0
    for line in PAGES[path].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells


@pytest.mark.parametrize(
    "page", [generate.README, generate.STATUS, generate.OVERVIEW, generate.GUIDE]
)
def test_pages_that_people_write_hold_what_is_generated_between_marks(page: str) -> None:
    """Repaired when it has drifted; the rest of the page stays as it was written."""
    text = (ROOT / page).read_text("utf-8")
    tables = {
        generate.README: {"kinds": support.kinds()},
        generate.STATUS: {"support": support.matrix()},
        generate.OVERVIEW: {"decisions": generate.decisions(ROOT)},
        generate.GUIDE: {"alerts": monitoring.table()},
    }[page]
    for table in tables.values():
        assert table in text
        assert generate.filled(text.replace(table, "| old |\n"), tables) == text


def test_the_openapi_document_is_valid() -> None:
    """By the schema that its authors publish, and every reference leads to a component."""
    judge = jsonschema.Draft4Validator(json.loads(OPENAPI_SCHEMA.read_text("utf-8")))
    judge.validate(DOCUMENT)
    for reference_ in re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)):
        found: Any = DOCUMENT
        for step in reference_.removeprefix("#/").split("/"):
            found = found[step]
        assert found
    named = [op["operationId"] for item in DOCUMENT["paths"].values() for op in operations(item)]
    assert len(set(named)) == len(named) == 6 * len(KINDS)


def operations(item: Manifest) -> Iterator[Manifest]:
    """Yield the operations of a path."""
    for verb in ("get", "post", "put", "patch", "delete"):
        if verb in item:
            yield item[verb]


@pytest.mark.parametrize("mode", Mode)
@each_kind
def test_the_openapi_document_holds_what_the_xrds_hold(kind: str, mode: Mode) -> None:
    """Schemas are equal; paths are those under which the API server serves the kind."""
    xrd = definitions.definition(kind, mode)["spec"]
    [version] = xrd["versions"]
    served = version["schema"]["openAPIV3Schema"]["properties"]
    components = DOCUMENT["components"]["schemas"]
    assert components[f"{kind}Spec"] == served["spec"]
    # Crossplane adds the conditions when it serves the kind.
    properties = dict(components[f"{kind}Status"]["properties"])
    assert properties.pop("conditions")["items"] == {"$ref": "#/components/schemas/Condition"}
    assert {**components[f"{kind}Status"], "properties": properties} == served["status"]
    names = xrd["claimNames"] if mode is Mode.CLAIMS else xrd["names"]
    assert f"{xrd['group']}/{version['name']}" == API_VERSION
    path = f"/apis/{API_VERSION}/namespaces/{{namespace}}/{names['plural']}"
    assert {path, f"{path}/{{name}}"} <= set(DOCUMENT["paths"])


@functools.cache
def judge_of(kind: str) -> jsonschema.Draft4Validator:
    """Return a validator of orders by the document; 3.0 is near draft 4 of JSON schema."""
    return jsonschema.Draft4Validator({"$ref": f"#/components/schemas/{kind}", **DOCUMENT})


@pytest.mark.parametrize("name", ORDERS)
def test_an_example_fits_the_openapi_document(name: str) -> None:
    """As a client that was made from it would see it."""
    manifest = order(name)
    judge_of(manifest["kind"]).validate(manifest)


def test_a_wrong_order_does_not_fit_the_openapi_document() -> None:
    """Prove that the check above can fail."""
    manifest = order("cluster/minimal")
    with pytest.raises(jsonschema.ValidationError, match="version"):
        judge_of("Cluster").validate({**manifest, "spec": {"nodePools": []}})


def test_the_documents_on_disk_are_json() -> None:
    """Others read them with their own tools."""
    for path in (rest.PATH, *schemas.files()):
        assert json.loads((ROOT / path).read_text("utf-8"))
        assert yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_the_first_environment_answers_an_order() -> None:
    """An operator begins with text copied from the page, which says what each label is for."""
    text = PAGES["docs/reference/environment.md"]
    [example] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    outcome = ask(order("network/minimal"), [yaml.safe_load(example)])
    assert (outcome.fatal, outcome.composite["status"]["environment"]) == ("", "default")
    reported = sections(text)["Layers"]
    for labels in environment.selectors("<environment>", "<namespace>").values():
        assert all(f"`{name}: {value}`" in reported for name, value in labels.items())
    assert all(f"`{name}`" in reported for name in (*environment.ROOT_ONLY, *ENTRY_KEYS))
