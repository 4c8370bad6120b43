"""Read manifests as kubectl does: the same documents, and the same value for every plain scalar.

kubectl reads neither YAML 1.1 nor 1.2 but the mixture of sigs.k8s.io/yaml: `on` and `y` are
booleans and `0777` is octal, but `22:00` and dates are text. PyYAML's parser is used without its
resolver and constructor: see ADR 20.
"""

import base64
import binascii
import contextlib
import copy
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

import yaml

# The parser in C is that of kubectl, which is a translation of it; PyYAML has it on all platforms
# that it publishes wheels for.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Deeper than a request to the function can be; kubectl itself stops at 10,000.
MAX_DEPTH = 100
# Aliases of aliases grow a short text to any size.
MAX_VALUES = 1_000_000
_TAG = "tag:yaml.org,2002:"
_PLAIN: dict[str, bool | float | None] = {
    **dict.fromkeys(
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True
    ),
    **dict.fromkeys(
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False
    ),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
}
_INTEGER = re.compile(
    r"[-+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|"
    r"(?P<dec>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
# Of 64 bits, with sign and prefix; Python refuses to convert what has thousands of digits.
_LONGEST = 67
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BETWEEN = re.compile(r"(?<=[0-9])_(?=[0-9])")
# What a Kubernetes object holds of whole numbers; larger ones become floating point.
_INT64 = range(-(2**63), 2**63)
# After `---` on the same line, kubectl accepts comments only.
_SEPARATOR = re.compile(r"^---[ \t]+[^#\s]", re.MULTILINE)


class Unreadable(ValueError):
    """The text is no YAML or JSON that kubectl would send."""


def read(content: bytes) -> list[Any]:
    """Return the documents of a file as plain JSON data; empty ones are left out.

    Raises:
        Unreadable: With what is wrong, and where.
    """
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text") from None
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        # What is no JSON may still be YAML.
        with contextlib.suppress(json.JSONDecodeError):
            return list(_json(text))
    return [document for document in _yaml(text) if document is not None]


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield an object, or those of a List, as `kubectl get -o yaml` prints several.

    Raises:
        Unreadable: It holds something else.
    """
    if not isinstance(document, dict):
        raise Unreadable("must hold Kubernetes objects")
    items = document.get("items")
    if not str(document.get("kind")).endswith("List") or not isinstance(items, list):
        yield document
        return
    for item in items:
        yield from objects(item)


def _json(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_pairs,
        parse_int=_int,
        parse_float=_float,
        parse_constant=_no_constant,
    )
    position = 0
    while rest := text[position:].lstrip():
        try:
            document, end = decoder.raw_decode(rest)
        except RecursionError:
            raise _too_deep() from None
        if _is_deep(document, MAX_DEPTH):
            raise _too_deep()
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Unreadable("is not JSON: holds half a character") from None
        position = len(text) - len(rest) + end
        yield document


def _no_constant(name: str) -> None:
    # Such as NaN, which is JSON to Python alone: kubectl reads it as YAML, and so as text.
    raise json.JSONDecodeError("no JSON", name, 0)


def _is_deep(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deep(one, levels - 1) for one in inner)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for key in keys if keys.count(key) > 1)
        raise Unreadable(f"is not JSON: duplicate key {duplicate}")
    return mapping


def _yaml(text: str) -> Iterator[Any]:
    if match := _SEPARATOR.search(text, text.find("\n") + 1):
        line = text.count("\n", 0, match.start()) + 1
        raise Unreadable(f"is not YAML: line {line}, column 1: only a comment may follow ---")
    try:
        yield from _Documents(yaml.parse(text, _LOADER))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(f"is not YAML: {_located(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        code = f"U+{error.character:04X}"
        raise Unreadable(f"is not YAML: line {line}: {code} is not allowed") from None


def _located(error: yaml.MarkedYAMLError) -> str:
    """Return what is wrong in one line, and where, without the excerpt that PyYAML adds."""
    problem = " ".join(str(error.problem).split())
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


class _Documents(Iterable[Any]):
    """Build the documents from the parser's events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def __iter__(self) -> Iterator[Any]:
        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            if event.version or event.tags:
                raise _wrong(event, "directives such as %YAML are not read")
            self._anchors = {}
            yield self._value(next(self._events), 0)

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _too_deep()
        previous = self._values
        self._count(1)
        value: Any
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        if anchor and not isinstance(event, yaml.AliasEvent):
            # A value does not contain itself.
            self._anchors.pop(anchor, None)
        match event:
            case yaml.AliasEvent():
                return self._alias(event)
            case yaml.MappingStartEvent():
                value = self._mapping(depth)
            case yaml.SequenceStartEvent():
                items = self._until(yaml.SequenceEndEvent)
                value = [self._value(item, depth + 1) for item in items]
            case yaml.ScalarEvent():
                value = _scalar(event)
        if anchor:
            self._anchors[anchor] = value, self._values - previous
        return value

    def _alias(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise _wrong(event, f"undefined alias {event.anchor}")
        value, count = self._anchors[event.anchor]
        self._count(count)
        return copy.deepcopy(value)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise Unreadable(f"holds more than {MAX_VALUES} values")

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        written = set[str]()
        for event in self._until(yaml.MappingEndEvent):
            if _is_merge(event):
                for merged in self._merged(depth):
                    mapping |= merged
                continue
            key = _key(event, self._value(event, depth + 1))
            if key in written:
                raise _wrong(event, f"duplicate key {key}")
            written.add(key)
            mapping[key] = self._value(next(self._events), depth + 1)
        return mapping

    def _merged(self, depth: int) -> list[dict[str, Any]]:
        """Return the mappings that `<<` names, the last first: the first counts."""
        event = next(self._events)
        value = self._value(event, depth + 1)
        merged = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in merged):
            raise _wrong(event, "<< merges a mapping, or a list of mappings")
        return merged[::-1]

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        while not isinstance(event := next(self._events), end):
            yield event


def _is_merge(event: yaml.Event) -> bool:
    plain = _is_plain(event) or getattr(event, "tag", "") == f"{_TAG}merge"
    return plain and isinstance(event, yaml.ScalarEvent) and event.value == "<<"


def _is_plain(event: yaml.Event) -> TypeGuard[yaml.ScalarEvent]:
    return isinstance(event, yaml.ScalarEvent) and bool(event.implicit[0])


def _key(event: yaml.Event, value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        raise _wrong(event, "a key must be text")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _scalar(event: yaml.ScalarEvent) -> Any:
    """Return a scalar as JSON holds it.

    A tag other than those of YAML is ignored, as by kubectl.
    """
    tag = (event.tag or "").removeprefix(_TAG)
    if tag == "binary":
        return _binary(event)
    if not event.implicit[0] and tag not in ("bool", "int", "float", "null"):
        return event.value
    value = _resolved(event.value)
    kinds = {"bool": bool, "int": int, "float": int | float, "null": type(None)}
    wrong_bool = isinstance(value, bool) and tag != "bool"
    if tag in kinds and (wrong_bool or not isinstance(value, kinds[tag])):
        raise _wrong(event, f"value does not fit its tag, {tag}")
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(event, f"{event.value} is no number in JSON: quote it")
    return value


def _binary(event: yaml.ScalarEvent) -> str:
    try:
        return base64.b64decode("".join(event.value.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _wrong(event, "!!binary must be base64 of text") from None


def _resolved(text: str) -> Any:
    """Return what an unquoted scalar means."""
    if text in _PLAIN:
        return _PLAIN[text]
    if not text.startswith((*"+-.0123456789",)):
        return text
    digits = _BETWEEN.sub("", text) if text.startswith(".") else text.replace("_", "")
    match = _INTEGER.fullmatch(digits) if len(digits) <= _LONGEST else None
    if match and match.lastgroup:
        size = int(match[match.lastgroup], _BASES[match.lastgroup])
        if size < 2**64:
            return _whole(-size if digits.startswith("-") else size)
    if _FLOAT.fullmatch(digits) and math.isfinite(number := float(digits)):
        return _number(number)
    return text


def _number(number: float) -> int | float:
    """Return a number as the API server gets it: `3.0` is sent as 3."""
    return int(number) if number.is_integer() and int(number) in _INT64 else number


def _whole(number: int) -> int | float:
    return number if number in _INT64 else float(number)


def _int(digits: str) -> int | float:
    return _float(digits) if len(digits) > len(str(2**63)) else _whole(int(digits))


def _float(digits: str) -> int | float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable("is not JSON: holds too large a number")
    return _number(number)


def _wrong(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # the stubs know the marks of one parser only


def _too_deep() -> Unreadable:
    return Unreadable(f"is nested more than {MAX_DEPTH} levels deep")
