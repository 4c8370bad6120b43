"""Make specs from what the models and the XRDs declare: good ones, and ones that are nearly so.

Nothing here knows a kind or a field: a new one is tried as soon as it is declared.
"""

import copy
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pydantic

from function.contract import Mode
from function.model import KINDS
from function.schema import Schema, extra, fields, item_type
from testbed.install import definitions, documents
from tests.samples import public_key

from .verdicts import Spec

Node = Mapping[str, Any]
ATTEMPTS = 60
SOME = 0.35
# Texts at which two implementations of one rule may well part.
TEXTS = (
    "", " ", "a", "A", "a-", "-a", "a.b", "a_b", "é", "區", "a\n", "a" * 63, "a" * 64, "0", "1.34",
    "1.34.x", "1.034", "1.34.7\n", "0m", "30m", "360m", "6h", "6h1m", "90s", "1h30m", "999h", "5",
    "443", "0", "65535", "65536", "80-79", "80-80", "1-65535", "00443", "22:00", "23:59", "24:00",
    "0%", "100%", "101%", "0 20 * * *", "*/5 * * * mon-fri", "* * * *", "10.0.0.0/8", "10.0.0.1/8",
    "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "010.0.0.0/8", "0.0.0.0/0", "10.96.0.0/12",
    "10.96.0.0/28", "10.96.0.0/29", "::/0", "::1", "2001:db8::/32", "2001:DB8::/112",
    "2001:db8::1/32", "fd00::/108", "1.2.3", "1.2.3.4.5", "9.9.9.9", "https://a", "http://a",
    "https://u@a", "https://a?b", "a/b", "a/b/c", "example.com/role", "*.example.org", "UTC",
    public_key("me"), "ssh-ed25519 AAAA me", "ssh-ed25519  AAAA", "#!/bin/sh\ntrue\n",
)  # fmt: skip
NUMBERS = (-1, 0, 1, 2, 3, 7, 8, 9, 10, 16, 28, 50, 51, 100, 1000, 1001, 65536, 65537, 0.5, 1.3)


@dataclass(frozen=True)
class Place:
    """Where something is in a spec: its container, and its key or position there."""

    holder: Any
    key: Any
    schema: type[Schema] | None


class Specs:
    """Makes specs of one kind."""

    def __init__(self, kind: str, rng: Random) -> None:
        """Read what is declared of the kind."""
        self.schema, self.node, self.rng = KINDS[kind], _nodes()[kind], rng

    def good(self) -> Spec:
        """Return a spec that the model takes."""
        return dict(self._object(self.schema, self.node))

    def changed(self, spec: Spec, edits: int) -> Spec:
        """Return a spec with some changes, of which most are no improvement."""
        copied = copy.deepcopy(spec)
        ways = (self._replace, self._replace, self._remove, self._add, self._shuffle)
        for _ in range(edits):
            way = self.rng.choice(ways) if copied else self._add
            way(copied)
        return copied

    def edited(self, spec: Spec, edits: int) -> Spec:
        """Return a spec as a tenant might change it, that the model takes."""
        for _ in range(ATTEMPTS):
            changed = self.changed(spec, edits)
            if changed != spec and _fits(self.schema, changed):
                return changed
        return spec

    def _object(self, schema: type[Schema], node: Node) -> Any:
        """Return an object that its model takes: drawn again until it does."""
        value: Any = {}
        for _ in range(ATTEMPTS):
            value = {
                name: self._fitting(name, schema, node["properties"][name])
                for name, info in fields(schema).items()
                if info.is_required() or self.rng.random() < SOME
            }
            if _fits(schema, value):
                return value
        return value

    def _fitting(self, name: str, schema: type[Schema], node: Node) -> Any:
        """Return a value of a field that nothing is wrong with, seen alone."""
        for _ in range(ATTEMPTS):
            value = self._value(name, schema, node)
            if _fits(schema, {name: value}, name):
                return value
        return value

    def _value(self, name: str, schema: type[Schema], node: Node) -> Any:
        info = fields(schema)[name]
        inner, count = item_type(info), self.rng.randint(0, 3)
        if inner is None:
            example = extra(info, "example")
            known = [example] if example is not None and self.rng.random() < SOME else []
            return self._leaf(node, known)
        if node["type"] == "array":
            return [self._object(inner, node["items"]) for _ in range(count)]
        return self._object(inner, node)

    def _leaf(self, node: Node, known: Sequence[Any]) -> Any:
        if known:
            return copy.deepcopy(known[0])
        match node.get("type"):
            case "boolean":
                return self.rng.random() < SOME
            case "integer" | "number":
                bounds = [node[bound] for bound in ("minimum", "maximum") if bound in node]
                return self.rng.choice([*bounds, *NUMBERS])
            case "string":
                return self.rng.choice(node.get("enum", TEXTS))
            case "array":
                count = self.rng.randint(0, 2)
                return [self._leaf(node["items"], ()) for _ in range(count)]
            case "object" if "additionalProperties" in node:
                return {self.rng.choice(TEXTS): self._leaf(node["additionalProperties"], ())}
        return {}

    def _replace(self, spec: Spec) -> None:
        place = self.rng.choice(list(_places(spec, self.schema)))
        old = place.holder[place.key]
        place.holder[place.key] = self._other(old)

    def _other(self, old: Any) -> Any:
        if isinstance(old, bool):
            return self.rng.choice((not old, not old, "true", 1))
        if isinstance(old, int | float):
            return self.rng.choice((*NUMBERS, old + 1, old - 1, str(old)))
        if isinstance(old, str):
            return self.rng.choice((*TEXTS, *self._misspelt(old), 1, True))
        if isinstance(old, list):
            return self.rng.choice(([], old * 2, {}, "a"))
        return self.rng.choice(({}, [], "a"))

    def _misspelt(self, text: str) -> list[str]:
        at, other = self.rng.randint(0, len(text)), self.rng.choice("aA0-./:*% é\n")
        whole = [text + other, text[:at] + other + text[at:], text[:at] + text[at + 1 :]]
        return [text.upper(), *whole * 5]

    def _remove(self, spec: Spec) -> None:
        place = self.rng.choice(list(_places(spec, self.schema)))
        del place.holder[place.key]

    def _add(self, spec: Spec) -> None:
        holders: list[tuple[Any, type[Schema], Node]] = [(spec, self.schema, self.node)]
        for place in _places(spec, self.schema):
            value = place.holder[place.key]
            if place.schema is not None and isinstance(value, dict):
                node = _node_of(place.schema)
                holders.append((value, place.schema, node) if node else holders[0])
        holder, schema, node = self.rng.choice(holders)
        name = self.rng.choice(sorted(fields(schema)))
        holder[name] = self._value(name, schema, node["properties"][name])

    def _shuffle(self, spec: Spec) -> None:
        places = _places(spec, self.schema)
        lists = [p.holder[p.key] for p in places if isinstance(p.holder[p.key], list)]
        for entries in lists:
            self.rng.shuffle(entries)


def _fits(schema: type[Schema], value: Any, name: str = "") -> bool:
    """Say whether a model takes a value, or has nothing against one field of it."""
    try:
        schema.model_validate(value, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        where = {e["loc"][:1] for e in error.errors(include_url=False, include_context=False)}
        return bool(name) and (name,) not in where
    return True


def _places(value: Any, schema: type[Schema] | None) -> Iterator[Place]:
    """Yield every place in a spec, with the model of what is there."""
    known = fields(schema) if schema else {}
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(entries):
        inner = item_type(known[key]) if key in known else None
        inner = schema if isinstance(value, list) else inner
        yield Place(value, key, inner)
        if isinstance(item, dict | list):
            yield from _places(item, inner)


@functools.cache
def _nodes() -> dict[str, Node]:
    return {
        document["spec"]["names"]["kind"]: document["spec"]["versions"][0]["schema"][
            "openAPIV3Schema"
        ]["properties"]["spec"]
        for path in definitions(Mode.NAMESPACED)
        for document in documents(path)
    }


@functools.cache
def _node_of(schema: type[Schema]) -> Node | None:
    """Return the node of a model, wherever in a kind it is."""
    pending: list[tuple[type[Schema], Node]] = [
        (KINDS[kind], node) for kind, node in _nodes().items()
    ]
    for model, node in pending:
        if model is schema:
            return node
        for name, info in fields(model).items():
            inner, below = item_type(info), node["properties"][name]
            if inner is not None:
                pending.append((inner, below.get("items", below)))
    return None
