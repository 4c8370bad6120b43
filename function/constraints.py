"""Find values that violate constraints of their types; see `schema.Constraint`."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from function.schema import Constraint, Schema, canonical


@dataclass(frozen=True)
class Violation:
    """One value that violates a constraint.

    Attributes:
        field: Path of the value, such as `spec.nodePools[web].drainTimeout`.
        place: The same for every entry that only its position names, such as `spec.sshKeys[]`.
        value: The value as canonical JSON, by which an unchanged value is recognised.
        message: What is wrong, and what is accepted.
    """

    field: str
    place: str
    value: str
    message: str


@dataclass(frozen=True)
class _Path:
    """Where a value is: by position, and whatever its position is."""

    field: str
    place: str

    def step(self, name: str) -> "_Path":
        return _Path(*(f"{path}.{name}" if path else name for path in (self.field, self.place)))

    def entry(self, index: int, item: object) -> "_Path":
        keys = item.key_fields if isinstance(item, Schema) else ()
        name = "/".join(str(getattr(item, key)) for key in keys if hasattr(item, key))
        if name:
            return _Path(f"{self.field}[{name}]", f"{self.place}[{name}]")
        return _Path(f"{self.field}[{index}]", f"{self.place}[]")


def violations(model: Schema, at: str) -> list[Violation]:
    """Return every violation in a model.

    Args:
        model: A parsed order, or settings.
        at: Path of the model in its document.
    """
    return list(_of_model(model, _Path(at, at)))


def violations_of(annotation: Any, value: object, at: str) -> list[Violation]:
    """Return every violation in a value of a type."""
    return list(_of_value(annotation, (), value, _Path(at, at)))


@functools.cache
def _constrained_fields(schema: type[Schema]) -> dict[str, FieldInfo]:
    """Return the fields with a constraint, or with models, which declare their own."""
    return {
        name: info
        for name, info in schema.model_fields.items()
        if _is_constrained((info.annotation, *info.metadata))
    }


def _is_constrained(parts: Iterable[Any]) -> bool:
    return any(
        part is Any
        or isinstance(part, Constraint)
        or (isinstance(part, type) and issubclass(part, Schema))
        or _is_constrained(get_args(part))
        for part in parts
    )


def _of_model(model: Schema, at: _Path) -> Iterator[Violation]:
    for name, info in _constrained_fields(type(model)).items():
        value = getattr(model, name)
        if value is not None:
            where = at.step(info.alias or name)
            yield from _of_value(info.annotation, info.metadata, value, where)
    for field, message in model.violations():
        where = at.step(field)
        yield Violation(where.field, where.place, canonical(model.model_dump(mode="json")), message)


def _of_value(
    annotation: Any, metadata: Iterable[object], value: object, at: _Path
) -> Iterator[Violation]:
    """Yield the violations of a value, and of what is inside it."""
    if value is None:
        return
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        metadata = (*metadata, *inner)
    for constraint in metadata:
        message = constraint.violation(value) if isinstance(constraint, Constraint) else ""
        if message:
            yield Violation(at.field, at.place, canonical(value), message)
    if isinstance(value, Schema):
        yield from _of_model(value, at)
        return
    for part, item, where in _inside(annotation, value, at):
        yield from _of_value(part, (), item, where)


def _inside(annotation: Any, value: object, at: _Path) -> Iterator[tuple[Any, object, _Path]]:
    """Yield type, value and path of what is inside a value, by the type of the whole."""
    parts, origin = get_args(annotation), get_origin(annotation)
    if origin is dict and isinstance(value, Mapping):
        for key, item in value.items():
            where = at.step(str(key))
            yield from ((parts[0], key, where), (parts[1], item, where))
    elif origin is tuple and isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield parts[0], item, at.entry(index, item)
    else:
        yield from ((part, value, at) for part in parts)
