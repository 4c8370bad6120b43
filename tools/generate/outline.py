"""Divide the fields of a model into the objects that hold them, one section of a page each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from function.schema import fields, item_type
from tools.generate import markdown, rules
from tools.generate.openapi import Field


@dataclass(frozen=True)
class Block:
    """One object, whose section has a table of its fields.

    Attributes:
        path: `spec.nodePools[]`.
        holder: The field that holds it; None for the outermost.
        depth: How many objects are around it.
        fields: Its fields; where an object has one field only, that field instead of it.
    """

    path: str
    holder: Field | None
    depth: int
    fields: tuple[Field, ...]

    def name(self, field: Field) -> str:
        """Return the path of a field below this object."""
        return field.path[len(self.path) :].lstrip(".") if self.path else field.path


def blocks(found: Iterable[Field], root: str) -> list[Block]:
    """Return the objects, each before those inside it.

    Args:
        found: Every field of a model, as `openapi.walk` yields them.
        root: Path of the model itself.
    """
    listed = list(found)
    holders = {inside(field): field for field in listed if is_object(field) and not lonely(field)}
    held: dict[str, list[Field]] = {root: [], **{path: [] for path in holders}}
    for field in listed:
        if not lonely(field):
            held[_nearest(field.path, held)].append(field)
    return [
        Block(path, holders.get(path), _depth(path, root, held), tuple(inner))
        for path, inner in held.items()
    ]


def is_object(field: Field) -> bool:
    """Say whether a field holds fields."""
    return item_type(field.info) is not None


def lonely(field: Field) -> bool:
    """Say whether an object has only one field, which is then shown in its place."""
    return is_single(field.info)


def is_single(info: FieldInfo) -> bool:
    """Say whether a field holds one object with one field."""
    inner = item_type(info)
    plain = not rules.is_list(info) and getattr(info.annotation, "__origin__", None) is not dict
    return inner is not None and plain and len(fields(inner)) == 1


def inside(field: Field) -> str:
    """Return the path of the object in a field."""
    if field.node["type"] == "array":
        return f"{field.path}[]"
    return f"{field.path}.<name>" if "additionalProperties" in field.node else field.path


def contents(found: list[Block]) -> str:
    """Return the tree of objects, each linked to its section, with the fields that it holds."""
    lines = []
    for block in found:
        named = block.path if block.holder is None else _step(block)
        values = [_leaf(block, field) for field in block.fields if not is_object(field)]
        reported = f": {', '.join(values)}" if values else ""
        required = block.holder is not None and block.holder.info.is_required()
        linked = _bold(markdown.link(named, block.path), required)
        lines.append(f"{'  ' * block.depth}- {linked}{reported}\n")
    return "".join(lines)


def _leaf(block: Block, field: Field) -> str:
    return _bold(markdown.code(block.name(field)), must_be(field))


def must_be(field: Field) -> bool:
    """Say whether a field is required wherever its section is read."""
    optional = bool(field.around) and is_single(field.around[-1])
    return field.info.is_required() and not (optional and not field.around[-1].is_required())


def _bold(text: str, required: bool) -> str:
    return f"**{text}**" if required else text


def _step(block: Block) -> str:
    """Return the last step of the path of a block, such as `nodePools[]`."""
    step = block.path.rpartition(".")
    return f"{step[0].rpartition('.')[2]}.<name>" if step[2] == "<name>" else step[2]


def _nearest(path: str, held: Mapping[str, Any]) -> str:
    """Return the innermost of the objects around a field."""
    around = path
    while around:
        around = around.rpartition(".")[0]
        if around in held:
            return around
    return around


def _depth(path: str, root: str, held: Mapping[str, Any]) -> int:
    depth = 0
    while path != root:
        path, depth = _nearest(path, held), depth + 1
    return depth
