"""Check the characters of new text, but not of values that were accepted before.

Consumers put the text of an order between quotation marks, or show it to people on terminals. A
text type declares with `NewText` which characters it may hold.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from function.errors import EnvironmentInvalid, InvalidOrder, Problem
from function.model import KINDS
from function.model.cluster import Oidc
from function.paths import is_below
from function.record import Bound
from function.schema import HINTS, NewText, Schema, digest, extra, fields, item_type


@dataclass(frozen=True)
class _Text:
    """One text of an order.

    Attributes:
        path: Where it is: `spec.access.adminGroups[0]`.
        field: Of which field it is, whatever its place in lists is.
        value: The text.
        constraint: What it may hold.
    """

    path: str
    field: str
    value: str
    constraint: NewText


def judge(
    kind: str, current: Mapping[str, Any], filled: Mapping[str, Any], previous: Bound | None
) -> None:
    """Refuse new text with characters that its type does not take.

    Args:
        kind: Kind of the order.
        current: What was written and filled.
        filled: What policy added to it, by concrete path below `spec`.
        previous: What was decided at the last answer; None for a new order.

    Raises:
        InvalidOrder: The tenant wrote such text.
        EnvironmentInvalid: The environment's policy did.
    """
    schema, old = KINDS[kind], previous.request if previous else {}
    changed = {
        name: value
        for name, value in current.items()
        if (digest(value) if _is_private(schema, name) else value) != old.get(name)
    }
    if not changed:
        return
    problems = _problems(schema, changed, old, "spec")
    fills = [f"spec.{at}" for at in filled]
    of_policy = [problem for problem in problems if is_below(problem.field, fills)]
    if of_policy:
        raise EnvironmentInvalid(*(Problem(f"policy: {p.field}", p.message) for p in of_policy))
    if problems:
        raise InvalidOrder(*problems)


def judge_issuer(issuer: Oidc | None, previous: Bound | None) -> None:
    """Refuse an issuer of the environment with such text, if an order is about to get it.

    Raises:
        EnvironmentInvalid: It has such text.
    """
    if issuer is None or (previous is not None and previous.rebuilt):
        return
    known = previous.oidc if previous else None
    problems = _problems(Oidc, _dumped(issuer), _dumped(known), "access.oidc")
    if problems:
        raise EnvironmentInvalid(*problems)


def _problems(
    schema: type[Schema], current: Mapping[str, Any], previous: Mapping[str, Any], at: str
) -> list[Problem]:
    known = {(text.field, text.value) for text in _texts(schema, previous, at, at)}
    problems = {
        Problem(text.path, f"must be {HINTS[text.constraint.pattern]}")
        for text in _texts(schema, current, at, at)
        if not text.constraint.fits(text.value) and (text.field, text.value) not in known
    }
    return sorted(problems, key=str)


def _texts(schema: type[Schema], data: Mapping[str, Any], at: str, field: str) -> Iterator[_Text]:
    for name, info in fields(schema).items():
        value, inner = data.get(name), item_type(info)
        where, what = f"{at}.{name}", f"{field}.{name}"
        if inner is None:
            for constraint in _constraints(info):
                yield from (_Text(p, what, v, constraint) for p, v in _strings(value, where))
        elif isinstance(value, Mapping):
            yield from _texts(inner, value, where, what)
        elif isinstance(value, list | tuple):
            for index, entry in enumerate(value):
                if isinstance(entry, Mapping):
                    name_of = entry.get("name", index)
                    yield from _texts(inner, entry, f"{where}[{name_of}]", what)


def _strings(value: object, at: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a value, keys of mappings included, with its path."""
    pending = [(at, value)]
    while pending:
        where, one = pending.pop()
        if isinstance(one, str):
            yield where, one
        elif isinstance(one, Mapping):
            yield from ((where, key) for key in one if isinstance(key, str))
            pending.extend((f"{where}.{key}", inner) for key, inner in one.items())
        elif isinstance(one, list | tuple):
            pending.extend((f"{where}[{index}]", inner) for index, inner in enumerate(one))


@functools.cache
def _constraints(info: FieldInfo) -> tuple[NewText, ...]:
    constraints, pending = [], [info.annotation, *info.metadata]
    while pending:
        part = pending.pop()
        if isinstance(part, NewText):
            constraints.append(part)
        pending.extend(getattr(part, "__args__", ()))
        pending.extend(getattr(part, "__metadata__", ()))
    return tuple(constraints)


@functools.cache
def _is_private(schema: type[Schema], name: str) -> bool:
    info = fields(schema).get(name)
    return info is not None and bool(extra(info, "private"))


def _dumped(issuer: Oidc | None) -> dict[str, Any]:
    return issuer.model_dump(mode="json") if issuer else {}
