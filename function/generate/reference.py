"""Write the reference pages of orders and environments, and the environment's JSON schema."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pydantic
from pydantic.json_schema import models_json_schema

from function.backends import BACKENDS, SETTINGS
from function.generate import openapi, rules
from function.generate.documents import HEADER
from function.generate.openapi import Field
from function.model import API_VERSION, KINDS
from function.model.status import STATUSES
from function.schema import Schema, extra, item_type
from function.settings import Settings

_ORDER_COLUMNS = ("Field", "Type", "Default", "Change", "Description")
_STATUS_COLUMNS = ("Field", "Type", "Description")
_SETTING_COLUMNS = ("Field", "Type", "Default", "An edit reaches", "Description")
_CHANGES = """\
**Change** says what happens to what lives when you change the field: *in place*, it goes on
running; *rolling*, machines are replaced one after the other; *reboot*, machines restart;
*replace*, the old one goes and a new one comes; *refused*, the change is not accepted.
"""
_SETTINGS_STORY = """\
An environment is what one provider or region offers. It is the `data` of one or more
EnvironmentConfigs that are merged; the fields below are those of the result, and each may stand
in any of the layers. Unknown fields are refused. The same as JSON schema, for editors and
checks: [environment.schema.json](environment.schema.json).

**An edit reaches** says which orders notice that you change a field, and when. Everything else
stays as it was decided when the order was answered.
"""
SUPPORT_BEGIN, SUPPORT_END = "<!-- support, by make generate -->", "<!-- end of support -->"


def support() -> str:
    """Return the table of kinds and backends, with the fields that each cannot express."""
    rows = [
        f"| `{kind}` | `{name}` | {', '.join(f'`{gap}`' for gap in sorted(backend.gaps))} |\n"
        for kind, table in BACKENDS.items()
        for name, backend in table.items()
    ]
    return "| kind | backend | not expressed |\n|---|---|---|\n" + "".join(rows)


def files() -> dict[str, str]:
    """Return the pages by path."""
    pages = {f"docs/reference/{kind.lower()}.md": order_page(kind) for kind in KINDS}
    return {
        **pages,
        "docs/reference/environment.md": environment_page(),
        "docs/reference/environment.schema.json": _json(environment_schema()),
    }


def order_page(kind: str) -> str:
    """Return the reference of a kind."""
    spec = openapi.walk(KINDS[kind], "spec", change=rules.IN_PLACE)
    status = openapi.walk(STATUSES[kind], "status")
    return _page(
        kind,
        f"{KINDS[kind].__doc__}\n\n`apiVersion: {API_VERSION}`, `kind: {kind}`\n",
        f"## spec\n\n{_CHANGES}",
        _table(_ORDER_COLUMNS, (_order_row(field) for field in spec)),
        "## status\n\nBeside these, `status.conditions` holds the conditions.\n",
        _table(_STATUS_COLUMNS, (_status_row(field) for field in status)),
    )


def environment_page() -> str:
    """Return the reference of what a provider configures."""
    parts = [
        _table(_SETTING_COLUMNS, (_setting_row(f) for f in openapi.walk(Settings, ""))),
    ]
    for name, schema in sorted(SETTINGS.items()):
        answered = ", ".join(kind for kind, table in BACKENDS.items() if name in table)
        at = f"backends.{name}"
        parts += [
            f"## {at}\n\nFor environments that answer {answered} with `{name}`.\n",
            _table(_SETTING_COLUMNS, (_setting_row(f) for f in openapi.walk(schema, at))),
        ]
    return _page("Environment", _SETTINGS_STORY, "## data\n", *parts)


def environment_schema() -> dict[str, Any]:
    """Return the JSON schema of the merged data of an environment."""
    models: list[type[Schema]] = [Settings, *(SETTINGS[name] for name in sorted(SETTINGS))]
    references, found = models_json_schema([(model, "validation") for model in models])
    named = {model: references[model, "validation"] for model in models}
    data = _described({"$defs": found["$defs"]})["$defs"]
    root = data.pop(named[Settings]["$ref"].rpartition("/")[2])
    root["properties"]["backends"] |= {
        "additionalProperties": False,
        "properties": {name: named[SETTINGS[name]] for name in sorted(SETTINGS)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": HEADER,
        "title": "Environment of the SCS Central API",
        **root,
        "$defs": data,
    }


def _described(node: Any) -> Any:
    """Return a JSON schema without titles, what we declare beside it told in the description."""
    if isinstance(node, list):
        return [_described(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _inner(key, value) for key, value in node.items() if key not in _NOISE}
    if isinstance(node.get("reaches"), str):
        kept["description"] = f"{node['description']} An edit reaches: {node['reaches']}."
    if node.get("default", ...) is None:
        del kept["default"]
    return kept


_NOISE = frozenset({"title", "change", "private", "example", "reaches"})


def _inner(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: _described(one) for name, one in value.items()}
    return value if key in ("default", "enum", "required") else _described(value)


def _order_row(field: Field) -> tuple[str, ...]:
    change = rules.IN_PLACE
    for info in (*field.around, field.info):
        change = rules.change_of(info, change)
    example = extra(field.info, "example")
    shown = f" Example: {_code(example)}." if example is not None else ""
    return (
        f"`{field.path}`",
        _type(field.node),
        _default(field),
        change,
        f"{field.info.description}{shown}",
    )


def _status_row(field: Field) -> tuple[str, ...]:
    return f"`{field.path}`", _type(field.node), str(field.info.description)


def _setting_row(field: Field) -> tuple[str, ...]:
    declared = (extra(info, "reaches") for info in (field.info, *reversed(field.around)))
    reaches = next(found for found in declared if found)
    return (
        f"`{field.path}`",
        _type(field.node),
        _default(field),
        reaches,
        str(field.info.description),
    )


def _default(field: Field) -> str:
    if field.info.is_required():
        return "required"
    value = field.info.get_default(call_default_factory=True)
    plain = pydantic.RootModel[Any](value).model_dump(mode="json", exclude_unset=True)
    if plain is None or (item_type(field.info) and plain == {}):
        return ""
    return _code(plain)


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _type(node: Mapping[str, Any]) -> str:
    """Return type and limits in words."""
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    match node.get("type"):
        case "array":
            return f"list{_range(node, 'Items', ' entries')}{_of(node['items'])}"
        case "object" if "additionalProperties" in node:
            return f"mapping{_of(node['additionalProperties'])}"
        case "string":
            pattern = f", `{node['pattern']}`" if "pattern" in node else ""
            return f"text{_range(node, 'Length', ' characters')}{pattern}"
        case "integer" | "number" as name:
            step = f", a multiple of {node['multipleOf']}" if "multipleOf" in node else ""
            return f"{'whole number' if name == 'integer' else 'number'}{_bounds(node)}{step}"
        case None:
            return "any"
        case name:
            return {"boolean": "`true`, `false`"}.get(str(name), str(name))


def _of(items: Mapping[str, Any]) -> str:
    return "" if "properties" in items else f" of: {_type(items)}"


def _range(node: Mapping[str, Any], what: str, unit: str) -> str:
    low, high = node.get(f"min{what}"), node.get(f"max{what}")
    if low is None and high is None:
        return ""
    if low is None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if high is None else f", {low} to {high}{unit}"


def _bounds(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above = "more than" if node.get("exclusiveMinimum") else "at least"
    parts = [f"{above} {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return "".join(f", {part}" for part in parts)


def _page(title: str, *parts: str) -> str:
    return "\n".join((f"<!-- {HEADER} -->\n", f"# {title}\n", *parts))


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(columns, rows)) + "\n"


def _lines(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _line(columns)
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        # Also inside code a bar would end the cell.
        yield _line(tuple(cell.replace("|", r"\|") for cell in row))


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
