"""Say which backend expresses which field of a kind, and why one does not."""

from collections.abc import Iterator

from function.backends import BACKENDS, parts
from function.example import Example, Gap
from function.model import KINDS, OrderSpec
from function.schema import fields
from tools.generate import markdown
from tools.generate.definitions import SHORT_NAMES

_STORY = """\
A provider answers a `{kind}` with {backends}; tenants need not know which. What it cannot
express is listed in `status.unsupported` with the reason, or refused where that would be unsafe.
What a provider's settings leave out is listed in the same way; `central-api render` shows it.
"""
_LISTED = (
    "Fields that are not listed are expressed; a single value that cannot be is listed in the same "
    "way, such as a `class` where there are none.\n"
)
_EXPRESSED = "expressed"


def of_kind(kind: str) -> str:
    """Return the fields that some backend does not express, with the reason of each."""
    table = gaps(kind)
    names = [f"`{name}`" for name in BACKENDS[kind]]
    story = _STORY.format(kind=kind, backends=" or ".join(names))
    paths = sorted({path for found in table.values() for path in found})
    if not paths:
        return f"{story}Every field of a `{kind}` is expressed.\n"
    rows = (
        (markdown.code(path), *(found.get(path, _EXPRESSED) for found in table.values()))
        for path in paths
    )
    examples = _examples(kind).values()
    special = "".join(f"{one.gaps_story}\n" for one in examples if one.gaps_story)
    return f"{story}{special}{_LISTED}\n{markdown.table(('Field', *table), rows)}"


def gaps(kind: str) -> dict[str, dict[str, str]]:
    """Return the fields that cannot be expressed, with the reason, by backend and its settings."""
    result, examples = {}, _examples(kind)
    for name, backend in BACKENDS[kind].items():
        result[markdown.code(name)] = dict(backend.gaps)
        result |= {
            f"{markdown.code(name)}, {settings}": {
                **backend.gaps,
                **{gap.field: _reason(gap) for gap in more},
            }
            for settings, more in examples[name].gaps.items()
        }
    return result


def matrix() -> str:
    """Return the table of kinds and backends for the status page; profiles add to their backend."""
    rows = (
        (markdown.code(kind), name, ", ".join(map(markdown.code, sorted(found))) or "nothing")
        for kind in KINDS
        for name, found in _added(kind)
    )
    return markdown.table(("kind", "backend", "not expressed"), rows)


def _added(kind: str) -> Iterator[tuple[str, list[str]]]:
    for name, found in gaps(kind).items():
        backend = name.partition(",")[0]
        known = BACKENDS[kind][backend.strip("`")].gaps if backend != name else {}
        yield name.replace(",", " also, with"), [path for path in found if path not in known]


def kinds() -> str:
    """Return the table of kinds for the README: what each is, and what it is made of."""
    rows = (
        (
            f"[`{kind}`](docs/reference/{kind.lower()}.md)",
            f"`{SHORT_NAMES[kind]}`",
            ", ".join(map(markdown.code, _own_fields(kind))),
        )
        for kind in KINDS
    )
    return markdown.table(("kind", "short name", "what you say of it"), rows)


def _own_fields(kind: str) -> list[str]:
    """Return the fields of a kind beside those that every kind has."""
    return [name for name in fields(KINDS[kind]) if name not in fields(OrderSpec)]


def _reason(gap: Gap) -> str:
    return gap.reason if gap.always is None else f"{markdown.value(gap.always)} only: {gap.reason}"


def _examples(kind: str) -> dict[str, Example]:
    return {name: part.EXAMPLE for name, part in parts("example").items() if name in BACKENDS[kind]}
