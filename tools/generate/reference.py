"""Write the reference pages of the kinds that tenants order."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from function.model import API_VERSION, KINDS
from function.model.status import STATUSES
from function.schema import NOTHING, extra
from tools.generate import markdown, openapi, outline, rules, support, wording
from tools.generate.definitions import SHORT_NAMES
from tools.generate.openapi import Field
from tools.generate.outline import Block

_SPEC_COLUMNS = ("Field", "Type", "If absent", "A change", "Meaning")
_STATUS_COLUMNS = ("Field", "Type", "Meaning")
# What happens to live resources when a field is changed, from harmless to impossible.
CHANGES = {
    rules.IN_PLACE: "live resources keep running",
    rules.GROWS: "as in place, but a value can only become larger, a list only longer",
    rules.ONCE: f"as in place, but only where it was `{NOTHING}` before",
    "reboot": "machines restart",
    "rolling": "machines are replaced one after the other; what was kept on their disks is lost",
    "replace": "another name means another thing: the old one goes, a new one comes",
    rules.REFUSED: "accepted until something is built that holds the value, see "
    "`status.immutableFields`; then create a new order under another name",
}
_LOSSES = {
    "fewer": "with a smaller number the last ones go, with their data",
    "removed": "an entry that is taken out goes, with its data",
}
_PROTECTED = "While `spec.deletionProtection` is not `false`, the provider's admission policies"
_TREE = "Each object links to its table. **Bold** fields are required.\n"


def files() -> dict[str, str]:
    """Return the pages by path."""
    return {f"docs/reference/{kind.lower()}.md": page(kind) for kind in KINDS}


def page(kind: str) -> str:
    """Return the reference of a kind."""
    spec = list(openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE))
    ordered, schema = outline.blocks(spec, "spec"), openapi.spec_schema(KINDS[kind])
    reported = outline.blocks(openapi.walk(STATUSES[kind], "status"), "status")
    return markdown.page(
        kind,
        _opening(kind),
        f"## Fields\n\n{_TREE}\n{outline.contents(ordered)}{outline.contents(reported)}",
        f"## What a change does\n\n{_changes(spec)}",
        f"## What destroys data\n\n{_losses(spec)}",
        f"## Support\n\n{support.of_kind(kind)}",
        "## What you order\n",
        *(_ordered(block, schema) for block in ordered),
        "## What the status reports\n",
        "Beside these, `status.conditions` holds the conditions: see the\n"
        "[README](../../README.md#for-tenants).\n",
        *(_reported(block) for block in reported),
    )


def _opening(kind: str) -> str:
    story = str(KINDS[kind].__doc__).partition("\n")[0]
    short = SHORT_NAMES[kind]
    return (
        f"{story} Examples: [`examples/{kind.lower()}`](../../examples/{kind.lower()}).\n\n"
        f"```yaml\napiVersion: {API_VERSION}\nkind: {kind}\n```\n\n"
        f"`kubectl get {short}` lists yours, `kubectl explain {short}.spec` says what is below.\n"
    )


def _changes(spec: Iterable[Field]) -> str:
    """Return the table of changes; what holds for an object holds for all its fields."""
    found: dict[str, list[str]] = {change: [] for change in CHANGES}
    for field in spec:
        change, around = change_of(field), _change_around(field)
        if around == rules.IN_PLACE and not outline.lonely(field):
            found[change].append(markdown.code(field.path.removeprefix("spec.")))
    found[rules.IN_PLACE] = ["all others"]
    rows = (
        (f"*{change}*", CHANGES[change], ", ".join(paths))
        for change, paths in found.items()
        if paths
    )
    return markdown.table(("Change", "What happens", "Fields of `spec`"), rows)


def change_of(field: Field) -> str:
    """Return what happens on a change of a field; empty where the model does not say."""
    return rules.change_of(field.info, _change_around(field))


def _change_around(field: Field) -> str:
    change = rules.IN_PLACE
    for info in field.around:
        change = rules.change_of(info, change)
    return change


def _losses(spec: Iterable[Field]) -> str:
    found = [
        f"{markdown.code(field.path)}: {_LOSSES[extra(field.info, 'loses')]}. {_PROTECTED} "
        "and the function refuse it."
        for field in spec
        if extra(field.info, "loses")
    ]
    deletion = (
        "Deleting the order removes what was built, unless `status.deletionPolicy` says `Orphan`. "
        f"{_PROTECTED} refuse it."
    )
    return markdown.bullets([*found, *_by_changes(spec), deletion])


def _by_changes(spec: Iterable[Field]) -> Iterator[str]:
    changes = {change_of(field) for field in spec}
    if "rolling" in changes:
        yield "A *rolling* change replaces machines, and what was kept on their disks is lost."
    for field in spec:
        if change_of(field) == "replace":
            reported = " goes, and what was kept on its disks with it"
            guarded = extra(field.around[-1], "loses")
            yield (
                f"{markdown.code(field.path.removesuffix('.name'))}: an entry"
                f"{'' if guarded else f' that is taken out{reported};'} under another name "
                "counts as taken out."
            )


def _ordered(block: Block, schema: Mapping[str, Any]) -> str:
    rows = (
        (
            field_cell(block, field),
            wording.type_of(field.node),
            default(field),
            change_of(field),
            meaning(field),
        )
        for field in block.fields
    )
    return f"{_heading(block)}\n{markdown.table(_SPEC_COLUMNS, rows)}{rules_below(block, schema)}"


def _reported(block: Block) -> str:
    rows = (
        (field_cell(block, field), wording.type_of(field.node), meaning(field))
        for field in block.fields
    )
    return f"{_heading(block)}\n{markdown.table(_STATUS_COLUMNS, rows)}"


def _heading(block: Block) -> str:
    text = f"\n{block.holder.info.description}\n" if block.holder else ""
    return f"{markdown.section(block.path)}{text}"


def field_cell(block: Block, field: Field) -> str:
    """Return the name of a field, linked to its section if it has one."""
    if outline.is_object(field):
        return markdown.link(block.name(field), outline.inside(field))
    return markdown.code(block.name(field))


def default(field: Field) -> str:
    """Return what counts where a field is absent; with its object, if that has no other field."""
    if field.info.is_required() and not outline.must_be(field):
        return wording.OPTIONAL
    return wording.default_of(field)


def meaning(field: Field) -> str:
    """Return the description of a field, after that of an object that has only this field."""
    around = [str(field.around[-1].description)] if _stands_alone(field) else []
    return " ".join((*around, wording.meaning_of(field)))


def _stands_alone(field: Field) -> bool:
    return bool(field.around) and outline.is_single(field.around[-1])


def rules_below(block: Block, around: Mapping[str, Any]) -> str:
    """Return what is refused, in the words of the refusal.

    Args:
        block: The object.
        around: Schema of the outermost object, which no field holds.
    """
    node = block.holder.node if block.holder else around
    found = [
        f"{markdown.code(block.name(field))}: {text}"
        for field in block.fields
        for text in wording.rules_of(field)
    ]
    reported = markdown.bullets([*wording.rules_within(node), *found])
    return f"\nRules, in the words of a refusal:\n\n{reported}" if reported else ""
