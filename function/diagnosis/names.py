"""Remove names, ids and addresses from a text, which say nothing about what is wrong.

A name may consist of any words, including those of a reason. A name that a tenant or a provider
gave to a resource says nothing about what is wrong with it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from function.contract import Resource

# It matches only at the beginning of a run of such characters: tried at each of them, it would
# take quadratic time.
_ADDRESS = re.compile(r"(?<![\w+.-])[\w+.-]+://[^\s\"'<>\])]+")
_TOKEN = re.compile(r"\w[\w.-]*")
_ID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|(?=.*\d)[0-9a-f]{8,}")
_WORD = re.compile(r"[A-Za-z]+")
_PARTS = re.compile(r"[._-]")
# Words that are followed by a name, quoted or not.
_BEFORE = frozenset(
    {"group", "instance", "lookup", "name", "named", "namespace", "network", "router", "secret",
     "server", "subnet", "user", "volume"}
)  # fmt: skip
_QUOTES = "\"'`"
# Fields of a resource that hold names.
_NAMING = re.compile(r"(?:name|id|pool|zone|type|keyPair)$", re.IGNORECASE)


def of(resource: Resource) -> frozenset[str]:
    """Return the names of an observed resource and of what belongs to it."""
    labels = (value for key, value in resource.labels.items() if key.endswith(("/name", "/tenant")))
    found = {resource.name, resource.provider_config, *labels}
    seen = {key: value for key, value in resource.at_provider.items() if isinstance(value, str)}
    for part in (resource.payload, resource.initial, seen):
        found |= set(_values(part))
    return frozenset(name for name in found if name)


def without(text: str, names: Iterable[str]) -> str:
    """Return a text without addresses, ids and the given names.

    A name that is a plain word counts only where a name is expected: in quotes, in a path, after
    a word such as "namespace", or as a part of a longer name.
    """
    known = {name for name in names if name in text}
    words = {name for name in known if _WORD.fullmatch(name)}
    composed = known - words
    text = _ADDRESS.sub("", text)
    retained, end, previous = [], 0, ""
    for match in _TOKEN.finditer(text):
        token = match[0].rstrip(".-")
        stop = match.start() + len(token)
        if (
            _ID.fullmatch(token)
            or _is_part(token, composed)
            or (token in words and _is_unchanged(text, match.start(), stop, previous))
            or (token not in words and not words.isdisjoint(_PARTS.split(token)))
        ):
            retained.append(text[end : match.start()])
            end = stop
        previous = token
    return "".join((*retained, text[end:]))


def _is_part(token: str, names: Iterable[str]) -> bool:
    """Return whether a token is one of these names, or has one between dashes, dots or its ends."""
    for name in names:
        start = token.find(name)
        stop = start + len(name)
        if (
            start >= 0
            and not token[start - 1 : start].isalnum()
            and not token[stop : stop + 1].isalnum()
        ):
            return True
    return False


def _is_unchanged(text: str, start: int, stop: int, previous: str) -> bool:
    """Return whether a word is at a position where a name is expected."""
    left, right = text[start - 1 : start] if start else "", text[stop : stop + 1]
    quoted = bool(left) and left in _QUOTES and right == left
    named = previous.lower() in _BEFORE or previous.startswith("openstack_")
    return quoted or named or "/" in (left, right) or left == "="


def _values(value: Any, field: str = "") -> Iterable[str]:
    """Yield the text in every field that holds a name, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, field)
    elif isinstance(value, str) and _NAMING.search(field):
        yield value
