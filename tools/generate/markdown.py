"""Write Markdown as GitHub shows it: pages, tables, and links to headings."""

import json
import re
from collections.abc import Iterable
from typing import Any

from tools.generate.documents import HEADER


def page(title: str, *parts: str) -> str:
    """Return a generated page; parts end with a line break and are set apart."""
    return "\n".join((f"<!-- {HEADER} -->\n", f"# {title}\n", *parts))


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table, its columns as wide as their content asks for."""
    # Also inside code a bar would end the cell.
    escaped = [tuple(cell.replace("|", r"\|") for cell in row) for row in rows]
    rule = f"|{'---|' * len(columns)}"
    return "\n".join((_line(columns), rule, *(_line(row) for row in escaped))) + "\n"


def bullets(sentences: Iterable[str]) -> str:
    """Return a list."""
    return "".join(f"- {sentence}\n" for sentence in sentences)


def code(text: str) -> str:
    """Return text as code."""
    return f"`{text}`"


def value(plain: Any) -> str:
    """Return a value as one types it in YAML, as code."""
    return code(json.dumps(plain, ensure_ascii=False))


def section(path: str) -> str:
    """Return the heading of the section on an object."""
    return f"### {code(path)}\n"


def link(text: str, path: str) -> str:
    """Return a link to the section on an object of this page."""
    return f"[{code(text)}](#{anchor(path)})"


def anchor(heading: str) -> str:
    """Return what GitHub makes of a heading: lower case, no punctuation."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
