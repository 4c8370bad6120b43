"""Whatever a manifest holds, it is answered, or refused by a rule that people can read.

Orders are made from the published schema itself, so that what an API server lets through is
what the function is asked about.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from function.contract import Manifest, Mode
from function.errors import InvalidOrder
from function.model import KINDS
from function.parsing import parse, unknown_fields
from function.schema import without_nulls
from tests.reaches.worlds import BASE, EVERY, ORDERS
from tests.reaches.worlds import KINDS as KIND_OF
from tools.generate import openapi

from .strategies import examples, layer
from .world import World, ask, check_answer

KEYS = ("role", "example.com/role", "a.b", "x")
# What the API server cannot say of a mapping's names, only the function does.
BY_NAME = ("labels", "annotations")
# Nor does it know time zones.
ALONE = {"must be a time zone such as UTC or Europe/Berlin"}
each_kind = pytest.mark.parametrize("kind", KINDS)
QUOTED = re.compile(
    r'must be text, but .* is a number in YAML: quote it: ".*"( if that is what you wrote)?'
)


def nodes(node: Any) -> Iterator[Manifest]:
    """Yield a schema and every schema in it."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


def rules(kind: str) -> set[str]:
    """Return what the API server says of orders that no type, size or choice refuses."""
    return {
        rule["message"]
        for node in nodes(openapi.spec_schema(KINDS[kind]))
        for rule in node.get("x-kubernetes-validations", ())
    }


SCHEMAS = {kind: openapi.plain_schema(model) for kind, model in KINDS.items()}
RULES = {kind: rules(kind) for kind in KINDS}

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def valid(node: Manifest) -> st.SearchStrategy[Any]:
    """Return what a schema accepts."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node.get("type"):
        case "object" if "properties" in node:
            required = {name: valid(node["properties"][name]) for name in node.get("required", ())}
            rest = {n: valid(inner) for n, inner in node["properties"].items() if n not in required}
            return st.fixed_dictionaries(required, optional=rest)
        case "object":
            inner = node.get("additionalProperties")
            values = valid(inner) if inner else anything
            return st.dictionaries(st.sampled_from(KEYS), values, max_size=2)
        case "array":
            return _lists(node)
        case "string":
            return _texts(node)
        case "integer":
            return st.integers(node.get("minimum", -99), node.get("maximum", 10**6))
        case "number":
            return st.integers(1, 64).map(lambda half: half / 2)
        case "boolean":
            return st.booleans()
    return anything


def _lists(node: Manifest) -> st.SearchStrategy[Any]:
    keyed = "name" in node["items"].get("properties", {})
    return st.lists(
        valid(node["items"]),
        min_size=node.get("minItems", 0),
        max_size=min(node.get("maxItems", 2), max(2, node.get("minItems", 0))),
        unique_by=(lambda entry: entry.get("name")) if keyed else None,
    )


def _texts(node: Manifest) -> st.SearchStrategy[Any]:
    low, high = node.get("minLength", 0), node.get("maxLength", 20)
    if "pattern" not in node:
        return st.text(min_size=low, max_size=min(high, 20))
    # \d means ASCII to the API server.
    found = st.from_regex(re.compile(node["pattern"], re.ASCII), fullmatch=True)
    return found.filter(lambda text: low <= len(text) <= high)


SPECS = {kind: valid(schema) for kind, schema in SCHEMAS.items()}
# So that each kind has a count and a list of limited length.
MORE: dict[str, Manifest] = {"network": {"mtu": 1400, "dnsServers": ["9.9.9.9"]}}
FULL = {KIND_OF[world]: ORDERS[world] | MORE.get(world, {}) for world in EVERY}


def places(node: Manifest, data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Manifest]]:
    """Yield every place of an order that a schema speaks of, with its schema."""
    yield at, node
    if isinstance(data, dict):
        for name, inner in node.get("properties", {}).items():
            if name in data:
                yield from places(inner, data[name], (*at, name))
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from places(node["items"], item, (*at, index))


def replaced(data: Any, at: tuple[Any, ...], value: Any) -> Any:
    """Return a copy with another value at a place."""
    if not at:
        return value
    result = copy.copy(data)
    result[at[0]] = replaced(result[at[0]], at[1:], value)
    return result


def named(data: Any, at: tuple[Any, ...]) -> str:
    """Return a place as people write it."""
    text = "spec"
    for step in at:
        data = data[step]
        name = data.get("name") if isinstance(data, dict) else None
        entry = name if isinstance(name, str) else step
        text += f"[{entry}]" if isinstance(step, int) else f".{step}"
    return text


def problems(kind: str, spec: Any) -> dict[str, str]:
    """Return what is wrong with an order, by field."""
    try:
        parse(KINDS[kind], without_nulls(KINDS[kind], spec), at="spec", blame=InvalidOrder)
    except InvalidOrder as refusal:
        return {problem.field: problem.message for problem in refusal.problems}
    return {}


def world(kind: str, spec: Any) -> World:
    """Return an order in an environment that offers every kind."""
    return World(kind, Mode.CLAIMS, spec, (layer("root", BASE, environment="default"),))


@each_kind
@settings(max_examples=examples() * 4)
@given(data=st.data())
def test_what_the_schema_accepts(kind: str, data: st.DataObject) -> None:
    """It is an order, or a published rule refuses it; what is an order is read as it was meant."""
    spec = data.draw(SPECS[kind])
    found = problems(kind, spec)
    for field, message in found.items():
        if any(f".{name}." in field or field.endswith(f".{name}") for name in BY_NAME):
            continue
        assert message in RULES[kind] | ALONE, (field, message)
    if not found:
        read = KINDS[kind].model_validate(without_nulls(KINDS[kind], spec))
        assert KINDS[kind].model_validate(read.model_dump(mode="json")) == read


@each_kind
@given(data=st.data())
def test_every_order_is_answered_or_refused(kind: str, data: st.DataObject) -> None:
    """Through the real adapter, with nothing that lives: never an error of ours."""
    found = world(kind, data.draw(SPECS[kind]))
    check_answer(found, ask(found))


@each_kind
@given(data=st.data())
def test_unknown_fields_are_reported_by_path(kind: str, data: st.DataObject) -> None:
    """Wherever they are; the tenant reads which, the operator what to upgrade."""
    spec = FULL[kind]
    objects = [at for at, node in places(SCHEMAS[kind], spec) if "properties" in node]
    at = data.draw(st.sampled_from(objects))
    inner = spec
    for step in at:
        inner = inner[step]
    wrong = replaced(spec, at, {**inner, "colour": data.draw(anything)})
    assert unknown_fields(KINDS[kind], wrong, "spec") == (f"{named(spec, at)}.colour",)
    reply = ask(world(kind, wrong))
    assert reply.fatal.startswith(f"FunctionOutdated: {named(spec, at)}.colour: unknown field")


_TYPES: dict[str, Any] = {
    "string": [],
    "integer": "7",
    "number": "7",
    "boolean": "yes",
    "array": {"a": 1},
    "object": [],
}


@each_kind
@given(data=st.data())
def test_wrong_types_are_reported_by_path(kind: str, data: st.DataObject) -> None:
    """Each field says for itself what it takes."""
    spec = FULL[kind]
    at, node = data.draw(st.sampled_from([p for p in places(SCHEMAS[kind], spec) if p[0]]))
    assume("type" in node)
    wrong = replaced(spec, at, _TYPES[node["type"]])
    found = problems(kind, wrong)
    assert found.pop(named(wrong, at)).startswith("must be ")
    assert not found


@each_kind
@given(data=st.data())
def test_null_is_as_if_it_were_not_there(kind: str, data: st.DataObject) -> None:
    """As an API server does it, before anybody looks; also from the command line."""
    spec = FULL[kind]
    at, node = data.draw(st.sampled_from([p for p in places(SCHEMAS[kind], spec) if p[0]]))
    assume(isinstance(at[-1], str))
    null, gone = replaced(spec, at, None), copy.deepcopy(spec)
    inner = gone
    for step in at[:-1]:
        inner = inner[step]
    del inner[at[-1]]
    assert without_nulls(KINDS[kind], null) == gone, node
    assert ask(world(kind, null)).fatal == ask(world(kind, gone)).fatal


@each_kind
def test_null_where_the_schema_looks_away(kind: str) -> None:
    """Of a class's variables, entries of lists and fields that are not known null is kept."""
    model = KINDS[kind]
    assert without_nulls(model, {"colour": None, "x": {"y": None}}) == {
        "colour": None,
        "x": {"y": None},
    }
    if kind == "Cluster":
        spec = {
            "variables": {"a": None},
            "nodePools": [None, {"zones": [None], "labels": {"a": None}}],
        }
        assert without_nulls(model, spec) == {
            "variables": {"a": None},
            "nodePools": [None, {"zones": [None], "labels": {}}],
        }


@each_kind
@given(data=st.data())
def test_numbers_that_are_whole_are_whole(kind: str, data: st.DataObject) -> None:
    """3.0 is 3, as JSON has it; 3.5 is refused where a count is wanted."""
    spec = FULL[kind]
    counts = [at for at, node in places(SCHEMAS[kind], spec) if node.get("type") == "integer"]
    at = data.draw(st.sampled_from(counts))
    value: Any = spec
    for step in at:
        value = value[step]
    assert not ask(world(kind, replaced(spec, at, float(value)))).fatal
    found = problems(kind, replaced(spec, at, value + 0.5))
    assert found == {named(spec, at): "must be a whole number, without quotes"}


@each_kind
@given(data=st.data())
def test_huge_lists_are_refused(kind: str, data: st.DataObject) -> None:
    """With the number that is accepted."""
    spec = FULL[kind]
    lists = [
        (at, node)
        for at, node in places(SCHEMAS[kind], spec)
        if node.get("type") == "array" and "maxItems" in node
    ]
    at, node = data.draw(st.sampled_from(lists))
    value: Any = spec
    for step in at:
        value = value[step]
    found = problems(kind, replaced(spec, at, [value[0]] * 5000))
    assert found == {named(spec, at): f"must have at most {node['maxItems']} entries"}


@each_kind
@given(data=st.data())
def test_yaml_1_1_is_reported(kind: str, data: st.DataObject) -> None:
    """What YAML takes for a number, a flag or nothing, where text is meant."""
    spec = FULL[kind]
    texts = [at for at, node in places(SCHEMAS[kind], spec) if node.get("type") == "string"]
    texts = [at for at in texts if at and "enum" not in dict(_by_place(kind, spec))[at]]
    at = data.draw(st.sampled_from(texts))
    written = data.draw(
        st.sampled_from(("1.30", "24.04", "10", "0x10", "1_000", "on", "No", "yes"))
    )
    value = yaml.safe_load(f"a: {written}")["a"]
    wrong = replaced(spec, at, value)
    message = problems(kind, wrong)[named(wrong, at)]
    if isinstance(value, bool):
        assert message.endswith("booleans: quote it")
    else:
        assert QUOTED.fullmatch(message), message
    reply = ask(world(kind, wrong))
    assert reply.reason == "InvalidOrder"
    assert "quote it" in reply.fatal


def _by_place(kind: str, spec: Any) -> list[tuple[Any, Manifest]]:
    return list(places(SCHEMAS[kind], spec))


def test_a_minor_version_without_quotes() -> None:
    """The one that everybody writes once."""
    spec = yaml.safe_load("version: 1.30")
    assert problems("Cluster", spec) == {
        "spec.version": "must be text, but 1.3 is a number in YAML: quote it: "
        '"1.3", or "1.30" if that is what you wrote'
    }


@each_kind
@given(text=st.text(min_size=1, max_size=20))
def test_names_in_any_script(kind: str, text: str) -> None:
    """Digits of other scripts are no digits, letters no letters of a DNS name."""
    assume(not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", text))
    found = problems(kind, {**FULL[kind], "environment": text})
    assert list(found) == ["spec.environment"]


def test_digits_of_other_scripts() -> None:
    """Python would read them; neither the API server nor a version does."""
    for version in ("1.٣٤", "１.34", "1.3४"):
        found = problems("Cluster", {**FULL["Cluster"], "version": version})
        assert list(found) == ["spec.version"], version


def test_the_full_orders_are_orders() -> None:
    """Every refusal above comes from what was done to them."""
    for kind, spec in FULL.items():
        assert not problems(kind, spec)
        assert not ask(replace(world(kind, spec))).fatal
