"""What zero, nothing and empty mean: the same with every backend, or they are refused.

Each field that a tenant may write is walked with every value of its type that may be taken for
nothing. A field that is added is tried as well.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from function import backends
from function.model import KINDS
from function.paths import lookup, replaced
from tests.fields import BASE, PAIRS
from tests.generous import play, substance
from tests.holding import hold
from tools.generate import openapi, rules

# Values that may be taken for nothing, by JSON type.
NOTHING: dict[str, tuple[Any, ...]] = {
    "string": ("", "-", "0s", "0%"),
    "integer": (0,),
    "number": (0,),
    "array": ([],),
    "object": ({},),
}
REFUSED, ABSENT = "refused", "as if absent"
# What is neither, with what it means wherever it is expressed.
MEANS = {
    "Cluster": {
        ("access.oidc.usernamePrefix", ""): "no prefix",
        ("access.oidc.groupsPrefix", ""): "no prefix",
        ("nodePools[].replicas", "0"): "no nodes",
        ("nodePools[].autoscaling.min", "0"): "no nodes while nothing needs them",
    },
    "Server": {("firewall.egress", "[]"): "nothing may go out"},
    "Network": {},
}
# Text of which any is as good as another.
FREE = (".name", ".key", ".value", "userData", ".description", ".clientID", "Claim")


def walked() -> Iterator[tuple[str, str, Any]]:
    """Yield kind, field and value of everything that may be taken for nothing."""
    for kind, schema in KINDS.items():
        for field in openapi.walk(schema, "", change=rules.IN_PLACE):
            for value in NOTHING.get(field.node.get("type", ""), ()):
                known = ("", "-") if field.path.endswith("Prefix") else ("",)
                free = field.path.endswith((*FREE, "Prefix")) and value not in known
                if "enum" not in field.node and not free:
                    yield kind, field.path, value


WALKED = list(walked())


def spec_with(kind: str, field: str) -> tuple[dict[str, Any], str]:
    """Return an order in which the object around a field is there, and the path of the field."""
    near = [n for n in PAIRS[kind] if n == field or n.startswith((f"{field}.", f"{field}[]"))]
    one, other = PAIRS[kind][near[0]] if near else ({}, {})
    where = field.replace("[]", "[0]")
    parent = where.rpartition(".")[0]
    for edits in (other, one):
        spec = {**BASE[kind], **edits}
        if not parent or lookup(spec, parent) is not None:
            return spec, where
    raise LookupError(f"no order of tests/fields.py has what is around {field}")


def without(data: dict[str, Any], where: str) -> dict[str, Any]:
    """Return an order without a field."""
    return replaced(data, where, None)


def meaning(kind: str, backend: str, field: str, value: Any) -> str:
    """Return what a value means to a backend."""
    spec, where = spec_with(kind, field)
    result = rendered(kind, backend, json.dumps(replaced(spec, where, value)))
    if result == rendered(kind, backend, json.dumps(without(spec, where))):
        return ABSENT
    if isinstance(result, str):
        return REFUSED
    return str(MEANS[kind].get((field, str(value)), "something that no table says"))


@functools.lru_cache(maxsize=1024)
def rendered(kind: str, backend: str, spec: str) -> str | dict[str, Any]:
    """Return what a backend renders of an order, or the refusal."""
    outcome = play(kind, backend, json.loads(spec))
    return outcome.fatal or substance(outcome)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_means_one_thing(kind: str) -> None:
    """Whatever the backend: that of the table, or of an absent field; or it is refused."""
    values = [(f"{one[1]} {one[2]!r}", *one) for one in WALKED if one[0] == kind]
    hold(means_one_thing, values)


def means_one_thing(kind: str, field: str, value: Any) -> None:
    """Check that a value means the same to every backend that takes it."""
    found = {name: meaning(kind, name, field, value) for name in backends.BACKENDS[kind]}
    assert "something that no table says" not in found.values(), found
    assert len(set(found.values()) - {REFUSED}) <= 1, found


def test_the_table_is_of_values_that_are_walked() -> None:
    """An entry that nothing tries would say nothing."""
    known = {(kind, field, str(value)) for kind, field, value in WALKED}
    assert {(kind, *entry) for kind, table in MEANS.items() for entry in table} <= known
