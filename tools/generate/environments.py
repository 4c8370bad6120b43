"""Write the reference page of environments."""

from collections.abc import Iterable
from typing import Any

import yaml

from function.backends import BACKENDS, NETWORK, SETTINGS, parts
from function.compose import DEFAULT_ENVIRONMENT
from function.environment import KIND, KIND_API_VERSION, ROOT_ONLY
from function.labels import ENVIRONMENT_LABEL, OVERLAY_LABEL, TENANT_LABEL
from function.merge import ENTRY_KEYS
from function.schema import extra
from function.settings import AT_ONCE, NEW_ORDERS, NEXT_CHANGE, NEXT_VERSION, Settings
from tools.generate import markdown, openapi, outline, reference, wording
from tools.generate.openapi import Field
from tools.generate.outline import Block

PAGE = "docs/reference/environment.md"
ROOT = "data"
_COLUMNS = ("Field", "Type", "If absent", "An edit", "Meaning")
_STORY = """\
An environment is what one provider or region offers. It is the `data` of one or more
EnvironmentConfigs that are merged; the fields below are those of the result. Unknown fields are
refused. Examples, one directory for each provider:
[examples/environments](../../examples/environments). Their first line names the JSON schema of the
file, for editors and checks: [root](../../apis/schemas/environment-root.schema.json),
[layer](../../apis/schemas/environment-layer.schema.json),
[overlay](../../apis/schemas/environment-overlay.schema.json).
"""
# The smallest that answers an order, as a start.
_ANSWERING = next(iter(NETWORK))
_FIRST: dict[str, Any] = {
    "apiVersion": KIND_API_VERSION,
    "kind": KIND,
    "metadata": {"name": "region-one", "labels": {ENVIRONMENT_LABEL: DEFAULT_ENVIRONMENT}},
    "data": {
        "displayName": "Example Cloud, region one",
        "kinds": {"Network": _ANSWERING},
        "backends": {_ANSWERING: parts("example")[_ANSWERING].EXAMPLE.least},
    },
}
_LAYERS = f"""\
The smallest environment is one EnvironmentConfig:

```yaml
{yaml.safe_dump(_FIRST, sort_keys=False)}```

The value of its label is the name that orders give as `environment`; one that is named
`{DEFAULT_ENVIRONMENT}` answers those that give none. An environment may have more layers:
"""
_SORTS = (
    (
        "root",
        f"`{ENVIRONMENT_LABEL}: <environment>`",
        "the one layer with `kinds`; it alone may set "
        + ", ".join(markdown.code(name) for name in ROOT_ONLY),
    ),
    (
        "other base layers",
        f"`{ENVIRONMENT_LABEL}: <environment>`",
        "each is named in `layers` of the root; one that is named and not there, or there and not "
        "named, makes the environment invalid",
    ),
    (
        "overlay",
        f"`{OVERLAY_LABEL}: <environment>`, `{TENANT_LABEL}: <namespace>`",
        "for one tenant, who has one at most; only where `overlays` of the root is `Optional` or "
        "`Required`",
    ),
)
_MERGED = """
They are merged key by key. Lists of objects are merged entry by entry, any other list counts as one
value. Entries are the same if their `name` is, but for these:

"""
_FITS = """
Two base layers that set one value differently make the environment invalid. An overlay replaces
values and adds entries; it takes none out: what one tenant may not use, a rule in its `policy`
forbids. Layers that do not fit refuse every order that they are for as `EnvironmentInvalid`, and
live orders continue unchanged. `central-api render` says what does not fit before you apply it.
"""
# What an edit reaches, in the words of the tables.
_SHORT = {
    AT_ONCE: "*at once*",
    NEXT_CHANGE: "*next change*",
    NEXT_VERSION: "*next version*",
    NEW_ORDERS: "*new orders*",
}
_REACHES = """\
Each field says which orders notice that you change it, and when. Everything else stays as it was
decided when the order was answered. A Cluster API cluster whose control plane has never responded
follows every edit at once, so that you can repair what keeps it from coming up; only its network
stays, once it exists.
"""
_TREE = "Each object links to its table. **Bold** fields are required in the merged result.\n"


def files() -> dict[str, str]:
    """Return the page by its path."""
    return {PAGE: page()}


def page() -> str:
    """Return the reference of what a provider configures."""
    config = list(openapi.walk(Settings, ROOT))
    blocks = outline.blocks(config, ROOT)
    backends = {
        f"{ROOT}.backends.{name}": list(openapi.walk(schema, f"{ROOT}.backends.{name}"))
        for name, schema in sorted(SETTINGS.items())
    }
    backend_blocks = {at: outline.blocks(found, at) for at, found in backends.items()}
    trees = "".join(outline.contents(found) for found in backend_blocks.values())
    everything = [*config, *(field for found in backends.values() for field in found)]
    return markdown.page(
        "Environment",
        _STORY,
        f"## Layers\n\n{_layers()}",
        f"## Fields\n\n{_TREE}\n{outline.contents(blocks)}{trees}",
        f"## What an edit reaches\n\n{_REACHES}\n{_reached(everything)}",
        "## What every environment says\n",
        *(_section(block) for block in blocks),
        *(part for at, found in backend_blocks.items() for part in _backend(at, found)),
    )


def _layers() -> str:
    entries = (
        (markdown.code(at), ", ".join(map(markdown.code, keys))) for at, keys in ENTRY_KEYS.items()
    )
    rules = ("`policy`", "`field`, `kind`, and whether it is a `pin`, a `default`, a `min`, …")
    return "".join(
        (
            f"{_LAYERS}\n",
            markdown.table(("Layer", "Labels", "What it is"), _SORTS),
            _MERGED,
            markdown.table(("Entries of", "are the same by"), (*entries, rules)),
            _FITS,
        )
    )


def _backend(at: str, found: list[Block]) -> list[str]:
    name = at.rpartition(".")[2]
    answered = " or ".join(f"`{kind}`" for kind, table in BACKENDS.items() if name in table)
    story = f"## Backend `{name}`\n\nFor environments that answer {answered} with `{name}`.\n"
    return [story, *(_section(block) for block in found)]


def _reached(found: Iterable[Field]) -> str:
    """Return the outermost fields by what an edit of them reaches."""
    paths: dict[str, list[str]] = {}
    for field in found:
        around = {extra(info, "reaches") for info in field.around}
        if reaches(field) not in around:
            shown = markdown.code(field.path.removeprefix(f"{ROOT}."))
            paths.setdefault(reaches(field), []).append(shown)
    rows = ((word, reached, ", ".join(paths.get(reached, ()))) for reached, word in _SHORT.items())
    return markdown.table(("An edit", "reaches", "Fields of `data`"), rows)


def _short(reached: str) -> str:
    return _SHORT.get(reached, reached)


def _section(block: Block) -> str:
    text = f"\n{block.holder.info.description}\n" if block.holder else ""
    rows = (
        (
            reference.field_cell(block, field),
            wording.type_of(field.node),
            reference.default(field),
            _short(reaches(field)),
            reference.meaning(field),
        )
        for field in block.fields
    )
    table = markdown.table(_COLUMNS, rows)
    return f"{markdown.section(block.path)}{text}\n{table}{reference.rules_below(block, {})}"


def reaches(field: Field) -> str:
    """Return which orders an edit reaches; a field without a word has that of its object."""
    declared = (extra(info, "reaches") for info in (field.info, *reversed(field.around)))
    return str(next(found for found in declared if found))
