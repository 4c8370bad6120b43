"""What is generated is on disk, is what the models say, and is what the API server takes."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from function import local
from function.contract import Mode
from function.model import KINDS
from function.model.status import STATUSES
from function.schema import HINTS, Schema, extra, fields, item_type
from tests.asking import ORDERS, PROVIDERS, ROOT, Manifest, ask, order, provider
from tests.generated import FILES
from tests.holding import hold
from tools.generate import checks, definitions, openapi, protection, rules
from tools.generate.__main__ import main

INSTALLS = [(kind, mode) for kind in KINDS for mode in Mode]
VALIDATIONS = "x-kubernetes-validations"
# Crossplane adds them to the status of every order itself.
FROM_CORE = {"conditions"}

each_kind = pytest.mark.parametrize("kind", KINDS)
each_install = pytest.mark.parametrize(
    ("kind", "mode"), INSTALLS, ids=[f"{kind}-{mode.value}" for kind, mode in INSTALLS]
)


def test_a_file_is_what_the_models_say() -> None:
    """`make generate` repairs a drifted file."""

    def is_generated(path: str) -> None:
        assert (ROOT / path).read_text("utf-8") == FILES[path]

    hold(is_generated, [(path, path) for path in sorted(FILES)])


def test_nothing_else_is_where_files_are_generated() -> None:
    """A file that is no longer generated has to be deleted."""
    found = [path for top in ("apis", "compositions") for path in (ROOT / top).rglob("*.yaml")]
    assert {path.relative_to(ROOT).as_posix() for path in found} <= set(FILES)


def test_check_names_what_has_drifted(tmp_path: Path) -> None:
    """A missing file has drifted; writing restores it and says so."""
    refused = CliRunner().invoke(main, [str(tmp_path), "--check"])
    assert refused.exit_code == 1
    assert "apis/clusters/definition.yaml: drifted, run make generate" in refused.stderr
    written = CliRunner().invoke(main, [str(tmp_path)])
    assert "apis/clusters/definition.yaml: written" in written.stdout
    agreed = CliRunner().invoke(main, [str(tmp_path), "--check"])
    assert (agreed.exit_code, agreed.output) == (0, "")


@each_install
def test_a_schema_holds_only_what_a_structural_schema_may(kind: str, mode: Mode) -> None:
    """No defaults, no references, no alternatives, no numbers as exclusive bounds."""
    for node in nodes(openapi_of(kind, mode)):
        forbidden = {"default", "$ref", "anyOf", "allOf", "oneOf", "title", "const"}
        assert not forbidden & set(node), node
        assert node.get("additionalProperties") is not False
        assert isinstance(node.get("exclusiveMinimum", True), bool)
        assert not isinstance(node.get("multipleOf"), float), "read as 0 for whole numbers"
        assert "type" in node or node.get("x-kubernetes-preserve-unknown-fields")


@each_install
def test_both_installs_have_the_same_schema(kind: str, mode: Mode) -> None:
    """A tenant's manifest is the same in both."""
    assert openapi_of(kind, mode) == definitions.schema(kind)


@each_kind
@pytest.mark.parametrize("mode", Mode)
def test_a_table_shows_a_refusal(kind: str, mode: Mode) -> None:
    """By conditions, which are there without any other status; the long sentence when asked."""
    [version] = definitions.definition(kind, mode)["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    titles = [column["name"] for column in columns]
    assert len(set(titles)) == len(titles)
    wide = {column["name"] for column in columns if column.get("priority")}
    assert "REASON" not in wide
    assert "MESSAGE" in wide
    paths = {column["name"]: column["jsonPath"] for column in columns}
    accepted = '.status.conditions[?(@.type=="Accepted")]'
    assert (paths["REASON"], paths["MESSAGE"]) == (f"{accepted}.reason", f"{accepted}.message")


@each_kind
def test_everything_a_tenant_writes_is_bounded(kind: str) -> None:
    """The API server estimates the cost of rules by these bounds."""
    for node in nodes(spec_of(kind)):
        if node.get("type") == "string" and "enum" not in node:
            assert "maxLength" in node, node
        if node.get("type") == "array":
            assert "maxItems" in node, node
        if isinstance(node.get("additionalProperties"), dict):
            assert "maxProperties" in node, node


def refused_fields() -> Iterator[tuple[str, str]]:
    """Return kind and path of each field whose change is refused."""
    for kind, schema in KINDS.items():
        for field in openapi.walk(schema, "spec", change=rules.IN_PLACE):
            group = bool(item_type(field.info)) and not rules.is_list(field.info)
            always = group and field.info.is_required()
            identity = field.path.endswith("[].name")
            if extra(field.info, "change") == "refused" and not always and not identity:
                yield kind, field.path


def checks_on_changes(kind: str) -> dict[str, str]:
    """Return what the API server asks of an edit, by the sentence in which it refuses one."""
    policies = {name: policy for name, (policy, _) in protection.documents()}
    policy = policies[f"fields-of-{kind.lower()}s"]
    return {check["message"]: check["expression"] for check in policy["spec"]["validations"]}


def test_a_refused_field_has_a_check() -> None:
    """It compares with the order before, and accepts a change of what nothing holds."""
    hold(has_a_check, [(" ".join(one), *one) for one in sorted(refused_fields())])


def has_a_check(kind: str, path: str) -> None:
    """Check that the policy refuses changes of a field."""
    expression = checks_on_changes(kind)[f"{path}: {rules.REASON}"]
    free, _, rule = expression.partition(" || ")
    entry = "[]" in path
    assert "in variables.fixed)" in (expression if entry else free)
    assert ("o." if entry else f"oldObject.{path}") in rule


@each_kind
def test_no_other_field_has_a_check(kind: str) -> None:
    """What may change in place is nobody's business."""
    paths = {path for found, path in refused_fields() if found == kind}
    assert set(checks_on_changes(kind)) == {f"{path}: {rules.REASON}" for path in paths}


@each_kind
def test_no_rule_of_the_schema_looks_at_the_order_before(kind: str) -> None:
    """It would keep a tenant from correcting an order of which nothing is built yet."""
    for node in nodes(spec_of(kind)):
        assert not [rule for rule in node.get(VALIDATIONS, []) if "oldSelf" in rule["rule"]]


@each_kind
def test_rules_avoid_what_the_api_server_cannot_estimate(kind: str) -> None:
    """Optional values have no known size: a real server refuses such definitions."""
    for node in nodes(spec_of(kind)):
        for rule in node.get(VALIDATIONS, []):
            assert ".?" not in rule["rule"]
            assert "orValue" not in rule["rule"]


@each_kind
def test_no_rule_stands_on_the_root(kind: str) -> None:
    """Crossplane 1.20 drops it there."""
    assert VALIDATIONS not in definitions.schema(kind)


def test_every_check_belongs_to_a_validator() -> None:
    """A renamed validator loses no rule: unknown names fail here, and missing ones on generate."""
    models = [model for kind in KINDS.values() for model in models_of(kind)]
    found = set()
    for model in models:
        decorators = model.__pydantic_decorators__
        found |= {*decorators.model_validators, *decorators.field_validators}
        found |= {name for info in fields(model).values() for name in rules.type_validators(info)}
    assert sorted(set(checks.CHECKS) - found) == []


def lists() -> Iterator[tuple[str, openapi.Field]]:
    """Yield kind and field of each list that a tenant may write."""
    for kind, schema in KINDS.items():
        for field in openapi.walk(schema, "spec", change=rules.IN_PLACE):
            if rules.is_list(field.info):
                yield kind, field


def test_a_list_says_how_it_is_merged() -> None:
    """Entries with names keep their identity when others come and go; other lists are one value."""
    hold(says_how_it_is_merged, [(f"{kind}/{field.path}", field) for kind, field in lists()])


def says_how_it_is_merged(field: openapi.Field) -> None:
    """Check the type of a list in the schema."""
    if not rules.is_keyed(field.info):
        assert field.node["x-kubernetes-list-type"] == "atomic"
        return
    assert field.node["x-kubernetes-list-type"] == "map"
    assert field.node["x-kubernetes-list-map-keys"] == ["name"]
    assert "name" in field.node["items"]["required"]


@each_kind
def test_a_tenant_reads_sentences_and_no_patterns(kind: str) -> None:
    """Where a model has a pattern, the API server says what is accepted."""
    said = {rule["message"] for node in nodes(spec_of(kind)) for rule in node.get(VALIDATIONS, [])}
    assert not [node for node in nodes(spec_of(kind)) if isinstance(node.get("pattern"), str)]
    declared = openapi.walk(KINDS[kind], "spec", change="in place")
    patterns = {field.node["pattern"] for field in declared if "pattern" in field.node}
    assert patterns
    assert {f"must be {HINTS[pattern]}" for pattern in patterns} <= said


def losing_fields() -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and loss of each field whose edit may destroy data."""
    for kind, schema in KINDS.items():
        for name, info in fields(schema).items():
            if extra(info, "loses"):
                yield kind, name, extra(info, "loses")


def test_what_destroys_data_is_known() -> None:
    """The list that the tests of the guard and of the policy begin with."""
    assert sorted(losing_fields()) == [
        ("Server", "replicas", "fewer"),
        ("Server", "volumes", "removed"),
    ]


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in losing_fields()}))
def test_edits_that_destroy_data_meet_a_policy(kind: str) -> None:
    """On the tenant's kind, also in claims mode, and bound to deny."""
    policy, binding = dict(protection.documents())[f"data-of-{kind.lower()}s"]
    [rule] = policy["spec"]["matchConstraints"]["resourceRules"]
    assert (rule["resources"], rule["operations"]) == ([f"{kind.lower()}s"], ["UPDATE"])
    checked = [check["expression"] for check in policy["spec"]["validations"]]
    for _, name, _ in (found for found in losing_fields() if found[0] == kind):
        assert [e for e in checked if f"oldObject.spec.{name}" in e and "variables.protected" in e]
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert binding["spec"]["validationActions"] == ["Deny"]


@pytest.mark.parametrize("name", ORDERS)
def test_an_example_fits_the_schema(name: str) -> None:
    """Every field of an example is known, and within its limits."""
    manifest = order(name)
    closed_spec(manifest["kind"]).validate(manifest["spec"])


def test_a_misspelt_field_does_not_fit() -> None:
    """Prove that the check above can fail."""
    manifest = order("cluster/minimal")
    with pytest.raises(jsonschema.ValidationError, match="nodePool"):
        closed_spec("Cluster").validate({**manifest["spec"], "nodePool": []})


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("of", PROVIDERS)
def test_status_survives_pruning(name: str, of: str) -> None:
    """What the function says is declared, on the first answer and when everything is built."""
    manifest, layers = order(name), provider(of)
    first = ask(manifest, layers)
    if first.fatal:
        assert not first.resources
        return
    observed = {key: local.Observed(built(found)) for key, found in first.resources.items()}
    for outcome in (first, ask(manifest, layers, observed)):
        reported = {k: v for k, v in outcome.composite["status"].items() if k not in FROM_CORE}
        closed(openapi.status_schema(STATUSES[manifest["kind"]])).validate(reported)


def built(resource: Manifest) -> Manifest:
    """Return a composed resource as its provider shows it once it is built."""
    payload = resource["spec"].get("forProvider", {})
    at_provider = {**payload, "id": "id", "powerState": "active", "address": "192.0.2.1"}
    if "manifest" in payload:
        cluster = {
            "status": {
                "initialization": {"controlPlaneInitialized": True},
                "conditions": [{"type": "Available", "status": "True"}],
            }
        }
        at_provider["manifest"] = {**payload["manifest"], **cluster}
    if "network" in payload:
        at_provider["network"] = [{"fixedIpV4": "10.0.0.1", "fixedIpV6": "[2001:db8::1]"}]
    return {**resource, "status": {"atProvider": at_provider}}


def test_the_input_of_compositions_fits_its_schema() -> None:
    """The CRD of the input is in the package of the function."""
    path = next(path for path in FILES if path.startswith("package/function/input/"))
    [version] = yaml.safe_load(FILES[path])["spec"]["versions"]
    for kind, mode in INSTALLS:
        [step] = definitions.composition(kind, mode)["spec"]["pipeline"]
        closed(version["schema"]["openAPIV3Schema"]).validate(step["input"])


def openapi_of(kind: str, mode: Mode) -> Manifest:
    """Return the schema in the XRD on disk."""
    [path] = [
        path
        for path in FILES
        if path.startswith("apis/")
        and path.split("/")[1] == f"{'x' if mode is Mode.CLAIMS else ''}{kind.lower()}s"
    ]
    [version] = yaml.safe_load((ROOT / path).read_text("utf-8"))["spec"]["versions"]
    result: Manifest = version["schema"]["openAPIV3Schema"]
    return result


def spec_of(kind: str) -> Manifest:
    """Return the schema of an order's `spec`."""
    return openapi.spec_schema(KINDS[kind])


def models_of(schema: type[Schema]) -> Iterator[type[Schema]]:
    """Yield a model and every model in it."""
    yield schema
    for info in fields(schema).values():
        inner = item_type(info)
        if inner is not None:
            yield from models_of(inner)


def nodes(node: Manifest) -> Iterator[Manifest]:
    """Yield a schema and every schema in it."""
    yield node
    for inner in node.get("properties", {}).values():
        yield from nodes(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from nodes(node[key])


@functools.cache
def closed_spec(kind: str) -> jsonschema.Draft202012Validator:
    """Return a validator of `spec`."""
    return closed(spec_of(kind))


def closed(schema: Manifest) -> jsonschema.Draft202012Validator:
    """Return a validator that also refuses what the API server would prune."""
    return jsonschema.Draft202012Validator(_closed(schema))


def _closed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    result = {**node}
    if node.get("exclusiveMinimum") is True:
        # OpenAPI 3.0 has a flag where JSON schema has a number.
        result["exclusiveMinimum"] = result.pop("minimum")
    for key in ("items", "additionalProperties"):
        result |= {key: _closed(node[key])} if key in node else {}
    if "properties" in node:
        result["properties"] = {name: _closed(one) for name, one in node["properties"].items()}
        result["additionalProperties"] = False
    return result


# What Kubernetes 1.31 has no bound for, or answers wrongly: `==` of ranges or addresses, and
# whether a range holds another.
UNKNOWN_TO_1_31 = re.compile(r"containsCIDR|(\.masked\(\)|\.ip\(\)|\b(cidr|ip)\([\w.]+\)) *[!=]=")


@pytest.mark.parametrize("path", sorted((ROOT / "apis").glob("*/definition.yaml")), ids=str)
def test_rules_are_known_to_the_oldest_kubernetes(path: Path) -> None:
    """A definition with an unbounded rule is refused there, and nobody would see it but there."""
    found = list(rules_in(yaml.safe_load(path.read_text("utf-8"))))
    assert found
    assert [rule for rule in found if UNKNOWN_TO_1_31.search(rule)] == []
    assert UNKNOWN_TO_1_31.search("isCIDR(self) && cidr(self) == cidr(self).masked()")


def rules_in(node: Any) -> Iterator[str]:
    """Yield every rule of a definition."""
    inner = list(node.values()) if isinstance(node, dict) else node
    if isinstance(node, dict) and isinstance(node.get("rule"), str):
        yield node["rule"]
    for one in inner if isinstance(inner, list) else ():
        yield from rules_in(one)
